//! What a [`FakeGoogle`] is made of.

use std::collections::HashMap;
use std::io;

use tokio::sync::oneshot;

use super::forward::Upstream;
use super::gcloud;
use super::policy::{self, Binding, Policy};
use super::server::{self, Door, Shared};
use super::state::{Clock, Project, State};
use super::storage::{Bucket, Store};
use super::vm::{Machine, Vm};
use super::{FakeGoogle, Service};

/// Describes a [`FakeGoogle`] before it starts.
///
/// Without a project there is `my-project`, number 123456789012; without a VM there is `web-1`.
///
/// ```
#[doc = awaits!()]
/// use gcp_scopes_testing::{FakeGoogle, Vm};
///
/// let robot = "robot@shop-prod.iam.gserviceaccount.com";
/// let google = FakeGoogle::builder()
///     .project("shop-prod", 123456789012)
///     .vm(Vm::new("web-1").account(robot).scopes(["cloud-platform"]))
///     .bucket("photos")
///     .iam("photos", robot, "roles/storage.objectViewer")
///     .start()
///     .await?;
/// assert!(FakeGoogle::builder().iam("photos", robot, "roles/typo").start().await.is_err());
#[doc = done!()]
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct FakeGoogleBuilder {
    projects: Vec<(String, u64)>,
    vms: Vec<Vm>,
    buckets: Vec<String>,
    bindings: Vec<(String, String, String)>,
    forwards: Vec<(Service, String)>,
}

impl FakeGoogleBuilder {
    pub(super) fn new() -> Self {
        Self {
            projects: Vec::new(),
            vms: Vec::new(),
            buckets: Vec::new(),
            bindings: Vec::new(),
            forwards: Vec::new(),
        }
    }

    /// A project with its number. What names no project belongs to the first one.
    pub fn project(mut self, id: impl Into<String>, number: u64) -> Self {
        self.projects.push((id.into(), number));
        self
    }

    /// A machine. The first one is where the program under test runs.
    pub fn vm(mut self, vm: Vm) -> Self {
        self.vms.push(vm);
        self
    }

    /// An empty bucket in the first project.
    pub fn bucket(mut self, name: impl Into<String>) -> Self {
        self.buckets.push(name.into());
        self
    }

    /// Gives an account a role on a bucket or a project.
    ///
    /// The fake knows the basic roles and a dozen of Cloud Storage and Compute Engine. In the
    /// place of a role, one single permission such as `storage.objects.create` will do.
    pub fn iam(
        mut self,
        resource: impl Into<String>,
        account: impl Into<String>,
        role: impl Into<String>,
    ) -> Self {
        self.bindings.push((resource.into(), account.into(), role.into()));
        self
    }

    /// Puts the gates of a service before another server on this machine, such as an emulator that
    /// lets everybody in: its URL, without a path.
    ///
    /// [`Service::Storage`] asks for a live token and for the scopes in the fake's own tables, any other
    /// service for those that a test named with [`Script::serve`](super::Script::serve), and no more:
    /// IAM and what exists are the other server's business. What was [scripted](FakeGoogle::on) comes
    /// first. Everything else is passed on as it is, in both directions and while it comes: over
    /// HTTP/2 if it is gRPC, over HTTP/1 if it is not.
    pub fn forward(mut self, service: Service, url: impl Into<String>) -> Self {
        self.forwards.push((service, url.into()));
        self
    }

    /// Starts the servers.
    ///
    /// # Errors
    /// A binding names a role, a bucket or a project that is not there, two VMs have one name, a URL
    /// to forward to is none of this machine, or the system has no socket or thread to give.
    pub async fn start(mut self) -> io::Result<FakeGoogle> {
        let bad = |why| io::Error::new(io::ErrorKind::InvalidInput, why);
        let forwards = std::mem::take(&mut self.forwards).into_iter();
        let forwards = forwards.map(|(service, url)| Ok((service, Upstream::new(&url)?)));
        let forwards = forwards.collect::<Result<HashMap<_, _>, _>>().map_err(bad)?;
        let state = self.into_state().map_err(bad)?;
        let metadata = (0..state.machines.len()).map(|place| (Service::Metadata, place));
        let others = [Service::Storage, Service::OAuth, Service::Compute, Service::Front];
        let doors = metadata.chain(others.map(|service| (service, 0)));
        let doors: Vec<Door> =
            doors.map(|(service, place)| Door::open(service, place)).collect::<io::Result<_>>()?;
        let addresses = doors.iter().map(|door| ((door.service, door.machine), door.address)).collect();
        let shared = Shared::new(state, forwards);
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = oneshot::channel();
        let thread = std::thread::Builder::new().name("fake-google".into()).spawn({
            let shared = shared.clone();
            move || server::run(&shared, doors, ready, stopped)
        })?;
        is_ready.await.ok();
        Ok(FakeGoogle { shared, addresses, stop: Some(stop), thread: Some(thread) })
    }

    fn into_state(mut self) -> Result<State, String> {
        if self.projects.is_empty() {
            self.projects.push(("my-project".into(), 123_456_789_012));
        }
        if self.vms.is_empty() {
            self.vms.push(Vm::new("web-1"));
        }
        let clock = Clock::default();
        let projects: Vec<Project> =
            self.projects.into_iter().map(|(id, number)| Project { id, number }).collect();
        let buckets = self.buckets.into_iter().map(|name| {
            let project = projects.first().map_or("", |project| project.id.as_str());
            (name, Bucket::new(project, clock.now()))
        });
        let store = Store::new(buckets.collect());
        let mut bindings = bindings(self.bindings, &projects, &store)?;
        bindings
            .extend(projects.iter().map(|project| Binding::new(&project.id, gcloud::OWNER, "roles/owner")));
        let policy = Policy { bindings };
        let machines = machines(self.vms, &projects)?;
        Ok(State::new(clock, projects, machines, policy, store))
    }
}

fn bindings(
    given: Vec<(String, String, String)>,
    projects: &[Project],
    store: &Store,
) -> Result<Vec<Binding>, String> {
    let checked = given.into_iter().map(|(resource, account, role)| {
        if !policy::is_known_role(&role) {
            let known = policy::role_names();
            return Err(format!("the fake Google does not know the role `{role}`; it knows {known}"));
        }
        if !store.buckets.contains_key(&resource) && !projects.iter().any(|project| project.id == resource) {
            return Err(format!("`{resource}` is neither a bucket nor a project of this fake Google"));
        }
        Ok(Binding { resource, account, role })
    });
    checked.collect()
}

fn machines(vms: Vec<Vm>, projects: &[Project]) -> Result<Vec<Machine>, String> {
    let mut machines: Vec<Machine> = Vec::new();
    for vm in vms {
        if machines.iter().any(|machine| machine.name == vm.name) {
            return Err(format!("two VMs are called `{}`", vm.name));
        }
        let found = match &vm.project {
            Some(id) => projects.iter().find(|project| project.id == *id),
            None => projects.first(),
        };
        let project = found.ok_or_else(|| format!("VM `{}` is in a project that is not there", vm.name))?;
        machines.push(Machine::new(vm, project.clone()));
    }
    Ok(machines)
}
