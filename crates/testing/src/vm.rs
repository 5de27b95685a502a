//! Machines, with Compute Engine's rules for changing them.

use std::collections::{BTreeMap, HashMap};

use super::FakeGoogle;
use super::platform::Platform;
use super::state::{Project, scope_uri};
use crate::error::{Error, VmProblem};

/// A machine, or a serverless instance, that a program runs on: what its metadata server says.
///
/// Without further calls it is a Compute Engine VM in `us-central1-a` with the default service
/// account of its project and the default access scopes. Another [`Platform`] has other defaults.
///
/// ```
/// use gcp_scopes_testing::{Platform, Vm};
///
/// let vm = Vm::new("web-1").zone("europe-west3-b").scopes(["devstorage.read_only", "pubsub"]);
/// let run = Vm::new("my-service").platform(Platform::CloudRunService);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Vm {
    pub(super) name: String,
    zone: String,
    pub(super) project: Option<String>,
    account: Option<String>,
    has_account: bool,
    scopes: Option<Vec<String>>,
    platform: Platform,
    attributes: BTreeMap<String, String>,
}

impl Vm {
    /// A machine with this name. On serverless platforms it is the name of the service.
    ///
    /// ```
    #[doc = a_machine!()]
    /// assert_eq!(told(Vm::new("web-1"), "instance/name").await?, "web-1");
    #[doc = done!()]
    /// ```
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            zone: "us-central1-a".into(),
            project: None,
            account: None,
            has_account: true,
            scopes: None,
            platform: Platform::ComputeEngine,
            attributes: BTreeMap::new(),
        }
    }

    /// The zone it runs in. The region is the zone without its last letter.
    ///
    /// ```
    #[doc = a_machine!()]
    /// let vm = Vm::new("web-1").zone("europe-west3-b");
    /// assert!(told(vm, "instance/zone").await?.ends_with("/zones/europe-west3-b"));
    #[doc = done!()]
    /// ```
    pub fn zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = zone.into();
        self
    }

    /// The project it belongs to, if that is not the first one.
    ///
    /// ```
    #[doc = a_machine!()]
    /// let vm = Vm::new("web-1").project("shop-prod");
    /// assert_eq!(told(vm, "project/project-id").await?, "shop-prod");
    #[doc = done!()]
    /// ```
    pub fn project(mut self, id: impl Into<String>) -> Self {
        self.project = Some(id.into());
        self
    }

    /// The service account attached to it.
    ///
    /// ```
    #[doc = a_machine!()]
    /// let vm = Vm::new("web-1").account("photos@my-project.iam.gserviceaccount.com");
    /// let email = told(vm, "instance/service-accounts/default/email").await?;
    /// assert_eq!(email, "photos@my-project.iam.gserviceaccount.com");
    #[doc = done!()]
    /// ```
    pub fn account(mut self, email: impl Into<String>) -> Self {
        self.account = Some(email.into());
        self
    }

    /// Attaches no service account, so that the metadata server hands out no token (404).
    ///
    /// ```
    #[doc = a_machine!()]
    /// let vm = Vm::new("web-1").no_account();
    /// assert!(told(vm, "instance/service-accounts/default/token").await.is_err());
    #[doc = done!()]
    /// ```
    pub fn no_account(mut self) -> Self {
        self.has_account = false;
        self
    }

    /// The access scopes: full URIs, or what follows `https://www.googleapis.com/auth/`.
    ///
    /// Serverless platforms and GKE Workload Identity have no such setting and ignore it.
    ///
    /// ```
    #[doc = a_machine!()]
    /// let vm = Vm::new("web-1").scopes(["pubsub"]);
    /// let scopes = told(vm, "instance/service-accounts/default/scopes").await?;
    /// assert_eq!(scopes, "https://www.googleapis.com/auth/pubsub");
    #[doc = done!()]
    /// ```
    pub fn scopes<S: AsRef<str>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = Some(scopes.into_iter().map(|scope| scope_uri(scope.as_ref())).collect());
        self
    }

    /// What it runs on.
    ///
    /// ```
    #[doc = a_machine!()]
    /// let vm = Vm::new("node-1").platform(Platform::GkeNode);
    /// assert!(told(vm, "instance/attributes/cluster-name").await.is_ok());
    #[doc = done!()]
    /// ```
    pub fn platform(mut self, platform: Platform) -> Self {
        self.platform = platform;
        self
    }

    /// A custom metadata attribute, which wins over one that the platform sets.
    ///
    /// ```
    #[doc = a_machine!()]
    /// let vm = Vm::new("web-1").attribute("team", "photos");
    /// assert_eq!(told(vm, "instance/attributes/team").await?, "photos");
    #[doc = done!()]
    /// ```
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }
}

/// A [`Vm`] in its project.
pub(super) struct Machine {
    pub(super) name: String,
    pub(super) zone: String,
    pub(super) project: Project,
    pub(super) account: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) platform: Platform,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) running: bool,
    /// The metadata server's token cache: scopes asked for, and the token it gave.
    pub(super) cache: HashMap<String, String>,
}

/// Compute Engine's own words for a change that needs a stopped instance.
/// Reported in public transcripts of `gcloud compute instances set-service-account`; the API
/// reference does not have it.
pub(super) const MUST_BE_STOPPED: &str =
    "The instance must be stopped before the service account can be changed.";

impl Machine {
    pub(super) fn new(vm: Vm, project: Project) -> Self {
        let account = vm.account.unwrap_or_else(|| vm.platform.default_account(&project));
        let mut attributes = vm.platform.attributes(&vm.name, &vm.zone, &project);
        attributes.extend(vm.attributes);
        Self {
            account: vm.has_account.then_some(account),
            scopes: vm.scopes.unwrap_or_else(|| vm.platform.default_scopes()),
            attributes,
            name: vm.name,
            zone: vm.zone,
            platform: vm.platform,
            project,
            running: true,
            cache: HashMap::new(),
        }
    }

    /// `us-central1` of `us-central1-a`.
    pub(super) fn region(&self) -> &str {
        self.zone.rsplit_once('-').map_or(self.zone.as_str(), |(region, _)| region)
    }

    /// The number Compute Engine would give it.
    pub(super) fn id(&self) -> u64 {
        self.name.bytes().fold(4_000_000_000_000_000_000, |id, byte| id + u64::from(byte) * 1_000_003)
    }

    /// Stopping ends every process, the metadata server's token cache included.
    pub(super) fn stop(&mut self) {
        self.running = false;
        self.cache.clear();
    }

    /// A new boot, so nothing is left in the cache that was put there meanwhile.
    pub(super) fn start(&mut self) {
        self.running = true;
        self.cache.clear();
    }

    pub(super) fn set_account(
        &mut self,
        account: Option<String>,
        scopes: Vec<String>,
    ) -> Result<(), &'static str> {
        if self.running {
            return Err(MUST_BE_STOPPED);
        }
        self.account = account;
        self.scopes = scopes;
        Ok(())
    }
}

/// Stops, changes and starts one VM of a [`FakeGoogle`], as an administrator would.
///
/// Every method fails if there is no such VM. [`set_scopes`](Self::set_scopes) also fails while
/// the VM runs, as at Google. Tokens that were handed out before keep their scopes until they
/// expire.
///
/// ```
#[doc = a_fake!()]
/// let vm = google.vm("web-1");
/// let before = google.token();
/// vm.stop()?; // Compute Engine changes the scopes of stopped VMs only
/// vm.set_scopes(["devstorage.read_write"])?;
/// vm.start()?;
/// assert_ne!(google.token(), before); // and the old token keeps the scopes it was minted with
#[doc = done!()]
/// ```
#[derive(Debug)]
pub struct VmControl<'a> {
    pub(super) google: &'a FakeGoogle,
    pub(super) name: String,
}

impl VmControl<'_> {
    /// Stops the VM. Its metadata server closes every connection until it is started again.
    ///
    /// ```
    #[doc = a_fake!()]
    /// let vm = google.vm("web-1");
    /// assert!(vm.set_scopes(["pubsub"]).is_err());
    /// vm.stop()?;
    /// assert!(vm.set_scopes(["pubsub"]).is_ok());
    #[doc = done!()]
    /// ```
    ///
    /// # Errors
    /// There is no such VM, or it is no VM but a serverless instance.
    pub fn stop(&self) -> Result<(), Error> {
        self.change(|machine| {
            machine.stop();
            Ok(())
        })
    }

    /// Starts the VM.
    ///
    /// ```
    #[doc = a_fake!()]
    /// let vm = google.vm("web-1");
    /// let old = google.token();
    /// vm.stop()?;
    /// vm.start()?;
    /// assert_ne!(google.token(), old); // what was cached is gone
    #[doc = done!()]
    /// ```
    ///
    /// # Errors
    /// There is no such VM, or it is no VM but a serverless instance.
    pub fn start(&self) -> Result<(), Error> {
        self.change(|machine| {
            machine.start();
            Ok(())
        })
    }

    /// Replaces the access scopes: full URIs, or what follows `https://www.googleapis.com/auth/`.
    ///
    /// ```
    #[doc = a_fake!()]
    /// let vm = google.vm("web-1");
    /// assert!(vm.set_scopes(["pubsub"]).unwrap_err().to_string().contains("must be stopped"));
    #[doc = done!()]
    /// ```
    ///
    /// # Errors
    /// The VM runs, there is no such VM, or it is no VM but a serverless instance.
    pub fn set_scopes<S: AsRef<str>>(&self, scopes: impl IntoIterator<Item = S>) -> Result<(), Error> {
        let scopes = scopes.into_iter().map(|scope| scope_uri(scope.as_ref())).collect();
        self.change(|machine| machine.set_account(machine.account.clone(), scopes))
    }

    /// `127.0.0.1:PORT` of this VM's metadata server, for `GCE_METADATA_HOST`.
    ///
    /// ```
    #[doc = a_fake!()]
    /// assert_eq!(google.vm("web-1").metadata_host()?, google.metadata_host()); // the first VM's
    /// assert!(google.vm("web-2").metadata_host().is_err());
    #[doc = done!()]
    /// ```
    ///
    /// # Errors
    /// There is no such VM.
    pub fn metadata_host(&self) -> Result<String, Error> {
        self.google.metadata_host_of(&self.name).ok_or_else(|| self.unknown())
    }

    fn change(&self, change: impl FnOnce(&mut Machine) -> Result<(), &'static str>) -> Result<(), Error> {
        let mut state = self.google.shared.lock();
        let machine = state.machines.iter_mut().find(|machine| machine.name == self.name);
        let machine = machine.ok_or_else(|| self.unknown())?;
        if !machine.platform.is_vm() {
            return Err(VmProblem::Serverless(self.name.clone(), machine.platform).into());
        }
        change(machine).map_err(|why| VmProblem::Refused(self.name.clone(), why).into())
    }

    fn unknown(&self) -> Error {
        VmProblem::Unknown(self.name.clone()).into()
    }
}
