//! Configures and starts a [`FakeGoogle`].

use std::io;

use tokio::sync::oneshot;

use crate::error::InvalidConfig;
use crate::fake::FakeGoogle;
use crate::forward::Upstream;
use crate::policy::{self, Binding, Policy};
use crate::server;
use crate::server::endpoint::Endpoint;
use crate::service::Service;
use crate::shared::SharedState;
use crate::state::FakeState;
use crate::store::Bucket;
use crate::vm::{Machine, Project, Vm};

/// The account that the real gcloud uses. It is an owner of every project.
pub(crate) const OWNER: &str = "owner@example.com";

impl FakeGoogle {
    /// Creates a builder, which configures and starts a fake.
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

/// Configures and starts a [`FakeGoogle`].
///
/// If no project is added, the fake has the project `my-project` with the number 123456789012. If
/// no VM is added, the fake has the VM `web-1`.
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
    /// Adds a project with its number. Buckets belong to the first project that is added, and so do
    /// VMs that name no project.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use gcp_scopes_testing::{FakeGoogle, Vm};
    ///
    /// let google = FakeGoogle::builder()
    ///     .project("my-project", 123456789012)
    ///     .project("shop-prod", 210987654321)
    ///     .vm(Vm::new("web-1").project("shop-prod"))
    ///     .start()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn project(mut self, id: impl Into<String>, number: u64) -> Self {
        self.projects.push(Project { id: id.into(), number });
        self
    }

    /// Adds a VM or a serverless instance. [`FakeGoogle::env`] describes the first VM or instance
    /// that is added, on which the program under test runs.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use gcp_scopes_testing::{FakeGoogle, Vm};
    ///
    /// let vms = FakeGoogle::builder().vm(Vm::new("web-1")).vm(Vm::new("web-2"));
    /// let google = vms.start().await?;
    /// let other = google.vm("web-2").metadata_host().expect("the VM exists");
    /// assert_ne!(google.metadata_host(), other);
    /// # Ok(())
    /// # }
    /// ```
    pub fn vm(mut self, vm: Vm) -> Self {
        self.vms.push(vm);
        self
    }

    /// Adds an empty bucket to the first project.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// google.put_object("photos", "cat.jpg", "meow");
    /// # Ok(())
    /// # }
    /// ```
    pub fn bucket(mut self, name: impl Into<String>) -> Self {
        self.buckets.push(name.into());
        self
    }

    /// Grants an account a role on a bucket or a project.
    ///
    /// The fake knows the basic roles and a dozen roles of Cloud Storage and Compute Engine.
    /// Instead of a role, `role` can be a single permission such as `storage.objects.create`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let account = "123456789012-compute@developer.gserviceaccount.com";
    /// let google = FakeGoogle::builder().bucket("photos");
    /// let google = google.iam("photos", account, "roles/storage.objectViewer").start().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn iam(
        mut self,
        resource: impl Into<String>,
        account: impl Into<String>,
        role: impl Into<String>,
    ) -> Self {
        self.bindings.push(Binding::new(resource, account, role));
        self
    }

    /// Forwards the allowed requests of a service to another server on this machine, such as an
    /// emulator that does not check tokens. `url` is the server's URL, without a path.
    ///
    /// The fake checks only the token and its scopes; the other server decides about IAM and about
    /// resources. For [`Service::Storage`], the fake requires a valid token and a scope that its
    /// own tables list. For every other service, the fake checks only paths for which a test called
    /// [`Script::serve`](crate::Script::serve).
    ///
    /// If a [scripted](FakeGoogle::script) response matches a request, the fake sends the scripted
    /// response and does not forward the request. Forwarded requests and responses are streamed
    /// unchanged, over HTTP/2 for gRPC and over HTTP/1.1 otherwise. A [`Fault`](crate::Fault) that
    /// changes the response, such as [`Fault::Gzip`](crate::Fault::Gzip), does not apply to
    /// forwarded responses.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use gcp_scopes_testing::{FakeGoogle, Service};
    ///
    /// // The emulator of Pub/Sub checks no tokens. The fake in front of it checks the scopes.
    /// let google = FakeGoogle::builder().forward(Service::OtherApi, "http://127.0.0.1:8085");
    /// let google = google.start().await?;
    /// google.other_api().path("/v1/").serve(["pubsub"], http::Response::new("{}"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn forward(mut self, service: Service, url: impl Into<String>) -> Self {
        self.forwards.push((service, url.into()));
        self
    }

    /// Starts the servers.
    ///
    /// # Errors
    /// Returns an error if a binding names an unknown role, bucket or project, if two VMs have the
    /// same name, if a VM names an unknown project, if a URL to forward to is not a plain `http`
    /// URL of this machine, or if the operating system refuses a socket or a thread.
    pub async fn start(mut self) -> io::Result<FakeGoogle> {
        let forwards = std::mem::take(&mut self.forwards);
        let state = self.into_state()?;
        let endpoints = open_endpoints(state.machines.len(), &forwards)?;
        let address =
            |endpoint: &Endpoint| ((endpoint.service, endpoint.machine), endpoint.address);
        let addresses = endpoints.iter().map(address).collect();
        let shared = SharedState::new(state);
        let (stop, stopped) = oneshot::channel();
        let (ready, started) = oneshot::channel();
        let thread = std::thread::Builder::new().name("fake-google".into()).spawn({
            let shared = shared.clone();
            move || server::run(&shared, endpoints, ready, stopped)
        })?;
        // A client may connect as soon as `start` returns. If the thread ended instead, dropping
        // the fake reports why.
        started.await.ok();
        Ok(FakeGoogle { shared, addresses, stop: Some(stop), thread: Some(thread) })
    }

    fn into_state(mut self) -> io::Result<FakeState> {
        if self.projects.is_empty() {
            self.projects.push(Project { id: "my-project".into(), number: 123_456_789_012 });
        }
        if self.vms.is_empty() {
            self.vms.push(Vm::new("web-1"));
        }
        let mut state = FakeState { projects: self.projects, ..FakeState::default() };
        let bucket = |name| (name, Bucket::new(state.first_project(), state.clock.now()));
        state.store.buckets = self.buckets.into_iter().map(bucket).collect();
        state.policy = policy(self.bindings, &state)?;
        state.machines = machines(self.vms, &state.projects)?;
        Ok(state)
    }
}

/// Opens a listener for the metadata server of each VM, and one for each other service.
fn open_endpoints(machines: usize, forwards: &[(Service, String)]) -> io::Result<Vec<Endpoint>> {
    let metadata = (0..machines).map(|machine| (Service::Metadata, machine));
    let others = [Service::Storage, Service::OAuth, Service::Compute, Service::OtherApi];
    let servers = metadata.chain(others.map(|service| (service, 0)));
    servers
        .map(|(service, machine)| Endpoint::open(service, machine, upstream(service, forwards)?))
        .collect()
}

/// Returns the server that a service forwards to, if any. If several URLs were given for the
/// service, the last URL is used.
fn upstream(service: Service, forwards: &[(Service, String)]) -> io::Result<Option<Upstream>> {
    // The last setting counts, as in other builders.
    let forward = forwards.iter().rev().find(|(from, _)| *from == service);
    Ok(forward.map(|(_, url)| Upstream::new(url)).transpose()?)
}

/// Checks the bindings of the builder, and adds bindings that make [`OWNER`] an owner of every
/// project.
fn policy(mut bindings: Vec<Binding>, state: &FakeState) -> Result<Policy, InvalidConfig> {
    for Binding { resource, role, .. } in &bindings {
        if !policy::is_known_role(role) {
            return Err(InvalidConfig::Role(role.clone()));
        }
        if !state.has_resource(resource) {
            return Err(InvalidConfig::Resource(resource.clone()));
        }
    }
    bindings.extend(
        state.projects.iter().map(|project| Binding::new(&project.id, OWNER, "roles/owner")),
    );
    Ok(Policy { bindings })
}

/// Assigns each VM to its project.
fn machines(vms: Vec<Vm>, projects: &[Project]) -> Result<Vec<Machine>, InvalidConfig> {
    let mut machines: Vec<Machine> = Vec::new();
    for vm in vms {
        if machines.iter().any(|machine| machine.name == vm.name) {
            return Err(InvalidConfig::SameName(vm.name));
        }
        let project = match &vm.project {
            Some(id) => projects.iter().find(|project| project.id == *id),
            None => projects.first(),
        };
        let project = project.ok_or_else(|| InvalidConfig::NoProject(vm.name.clone()))?;
        machines.push(Machine::new(vm, project.clone()));
    }
    Ok(machines)
}
