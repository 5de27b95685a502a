//! What a [`FakeGoogle`] is made of.

use std::io;

use tokio::sync::oneshot;

use crate::error::BadDescription;
use crate::fake::FakeGoogle;
use crate::forward::Upstream;
use crate::policy::{self, Binding, Policy};
use crate::server;
use crate::server::endpoint::Endpoint;
use crate::service::Service;
use crate::shared::Shared;
use crate::state::State;
use crate::store::Bucket;
use crate::vm::{Machine, Project, Vm};

/// Who runs the real gcloud: an owner of every project.
pub(crate) const OWNER: &str = "owner@example.com";

impl FakeGoogle {
    /// A description to be completed and started.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> FakeGoogleBuilder {
        FakeGoogleBuilder::default()
    }
}

/// Describes a [`FakeGoogle`] before it starts.
///
/// Without a project there is `my-project`, number 123456789012; without a VM there is `web-1`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
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
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct FakeGoogleBuilder {
    projects: Vec<Project>,
    vms: Vec<Vm>,
    buckets: Vec<String>,
    bindings: Vec<Binding>,
    forwards: Vec<(Service, String)>,
}

impl FakeGoogleBuilder {
    /// A project with its number. What names no project belongs to the first one.
    pub fn project(mut self, id: impl Into<String>, number: u64) -> Self {
        self.projects.push(Project { id: id.into(), number });
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
        self.bindings.push(Binding::new(resource, account, role));
        self
    }

    /// Puts the gates of a service before another server on this machine, such as an emulator that
    /// lets everybody in: its URL, without a path.
    ///
    /// [`Service::Storage`] checks for a live token and for the scopes in the fake's own tables, any
    /// other service for those that a test named with [`Script::serve`](crate::Script::serve), and
    /// no more: IAM and what exists are up to the other server. What was [scripted](FakeGoogle::on)
    /// comes first. Everything else is passed on as it is, in both directions and while it comes:
    /// over HTTP/2 if it is gRPC, over HTTP/1 if it is not.
    pub fn forward(mut self, service: Service, url: impl Into<String>) -> Self {
        self.forwards.push((service, url.into()));
        self
    }

    /// Starts the servers.
    ///
    /// # Errors
    /// A binding names a role, a bucket or a project that is not there, two VMs have one name, a
    /// URL to forward to is none of this machine, or the system has no socket or thread to give.
    pub async fn start(mut self) -> io::Result<FakeGoogle> {
        let forwards = std::mem::take(&mut self.forwards);
        let state = self.into_state()?;
        let endpoints = endpoints(state.machines.len(), &forwards)?;
        let address = |endpoint: &Endpoint| ((endpoint.service, endpoint.machine), endpoint.address);
        let addresses = endpoints.iter().map(address).collect();
        let shared = Shared::new(state);
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = oneshot::channel();
        let thread = std::thread::Builder::new().name("fake-google".into()).spawn({
            let shared = shared.clone();
            move || server::run(&shared, endpoints, ready, stopped)
        })?;
        is_ready.await.ok();
        Ok(FakeGoogle { shared, addresses, stop: Some(stop), thread: Some(thread) })
    }

    fn into_state(mut self) -> io::Result<State> {
        if self.projects.is_empty() {
            self.projects.push(Project { id: "my-project".into(), number: 123_456_789_012 });
        }
        if self.vms.is_empty() {
            self.vms.push(Vm::new("web-1"));
        }
        let mut state = State { projects: self.projects, ..State::default() };
        let bucket = |name| (name, Bucket::new(state.first_project(), state.clock.now()));
        state.store.buckets = self.buckets.into_iter().map(bucket).collect();
        state.policy = policy(self.bindings, &state)?;
        state.machines = machines(self.vms, &state.projects)?;
        Ok(state)
    }
}

/// A listener for each VM's metadata server, and for each other service.
fn endpoints(machines: usize, forwards: &[(Service, String)]) -> io::Result<Vec<Endpoint>> {
    let metadata = (0..machines).map(|place| (Service::Metadata, place));
    let others = [Service::Storage, Service::OAuth, Service::Compute, Service::Front];
    let all = metadata.chain(others.map(|service| (service, 0)));
    all.map(|(service, machine)| Endpoint::open(service, machine, upstream(service, forwards)?)).collect()
}

/// Where a service forwards to. Of several URLs the last one counts.
fn upstream(service: Service, forwards: &[(Service, String)]) -> io::Result<Option<Upstream>> {
    let found = forwards.iter().rev().find(|(from, _)| *from == service);
    Ok(found.map(|(_, url)| Upstream::new(url)).transpose()?)
}

/// The bindings that were described, and the owner's.
fn policy(mut bindings: Vec<Binding>, state: &State) -> Result<Policy, BadDescription> {
    for Binding { resource, role, .. } in &bindings {
        if !policy::is_known_role(role) {
            return Err(BadDescription::Role(role.clone()));
        }
        if !state.has_resource(resource) {
            return Err(BadDescription::Resource(resource.clone()));
        }
    }
    bindings.extend(state.projects.iter().map(|project| Binding::new(&project.id, OWNER, "roles/owner")));
    Ok(Policy { bindings })
}

fn machines(vms: Vec<Vm>, projects: &[Project]) -> Result<Vec<Machine>, BadDescription> {
    let mut machines: Vec<Machine> = Vec::new();
    for vm in vms {
        if machines.iter().any(|machine| machine.name == vm.name) {
            return Err(BadDescription::SameName(vm.name));
        }
        let found = match &vm.project {
            Some(id) => projects.iter().find(|project| project.id == *id),
            None => projects.first(),
        };
        let project = found.ok_or_else(|| BadDescription::NoProject(vm.name.clone()))?;
        machines.push(Machine::new(vm, project.clone()));
    }
    Ok(machines)
}
