//! VMs and serverless instances, and Compute Engine's rules for changing a VM.

use std::collections::{BTreeMap, HashMap};

use crate::platform::FakePlatform;
use crate::profiles::{REQUESTABLE, SERVERLESS_DEFAULT};
use crate::scope;

/// The configuration of a VM, or of a serverless instance, that a program runs on.
///
/// The default is a Compute Engine VM in the zone `us-central1-a`, with the default service account
/// of the project and the [default access scopes](crate::default_scopes). Other [`FakePlatform`]s
/// have other defaults.
///
/// ```
/// use gcp_scopes_testing::{FakePlatform, Vm};
///
/// let vm = Vm::new("web-1").zone("europe-west3-b").scopes(["devstorage.read_only", "pubsub"]);
/// let run = Vm::new("my-service").platform(FakePlatform::CloudRunService);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Vm {
    pub(crate) name: String,
    zone: String,
    pub(crate) project: Option<String>,
    account: Option<String>,
    has_account: bool,
    scopes: Option<Vec<String>>,
    platform: FakePlatform,
    attributes: BTreeMap<String, String>,
}

impl Vm {
    /// Creates the configuration of a VM with this name. On serverless platforms, the name is that
    /// of the service, job or function.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::{FakeGoogle, Vm};
    ///
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let vm = Vm::new("web-1");
    /// let google = FakeGoogle::builder().vm(vm).start().await?;
    /// let root = format!("http://{}/computeMetadata/v1", google.metadata_host());
    /// let url = format!("{root}/instance/name");
    /// let mut response = agent.get(&url).header("metadata-flavor", "Google").call()?;
    /// assert_eq!(response.body_mut().read_to_string()?, "web-1");
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            zone: "us-central1-a".into(),
            project: None,
            account: None,
            has_account: true,
            scopes: None,
            platform: FakePlatform::ComputeEngine,
            attributes: BTreeMap::new(),
        }
    }

    /// Replaces the name, for a copy of this configuration.
    ///
    /// ```
    /// use gcp_scopes_testing::{FakeGoogle, Vm};
    ///
    /// let web = Vm::new("web-1").scopes(["pubsub"]);
    /// let builder = FakeGoogle::builder().vm(web.clone().named("web-2")).vm(web);
    /// ```
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// Sets the zone. The region is the zone without its last part: `europe-west3` for
    /// `europe-west3-b`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::{FakeGoogle, Vm};
    ///
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let vm = Vm::new("web-1").zone("europe-west3-b");
    /// let google = FakeGoogle::builder().vm(vm).start().await?;
    /// let root = format!("http://{}/computeMetadata/v1", google.metadata_host());
    /// let url = format!("{root}/instance/zone");
    /// let mut response = agent.get(&url).header("metadata-flavor", "Google").call()?;
    /// assert!(response.body_mut().read_to_string()?.ends_with("/zones/europe-west3-b"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = zone.into();
        self
    }

    /// Sets the id of the project that the VM belongs to. The default is the first project of the
    /// fake.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::{FakeGoogle, Vm};
    ///
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let vm = Vm::new("web-1").project("shop-prod");
    /// let projects = FakeGoogle::builder().project("my-project", 1).project("shop-prod", 2);
    /// let google = projects.vm(vm).start().await?;
    /// let root = format!("http://{}/computeMetadata/v1", google.metadata_host());
    /// let url = format!("{root}/project/project-id");
    /// let mut response = agent.get(&url).header("metadata-flavor", "Google").call()?;
    /// assert_eq!(response.body_mut().read_to_string()?, "shop-prod");
    /// # Ok(())
    /// # }
    /// ```
    pub fn project(mut self, id: impl Into<String>) -> Self {
        self.project = Some(id.into());
        self
    }

    /// Sets the email of the attached service account.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::{FakeGoogle, Vm};
    ///
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let vm = Vm::new("web-1").account("photos@my-project.iam.gserviceaccount.com");
    /// let google = FakeGoogle::builder().vm(vm).start().await?;
    /// let root = format!("http://{}/computeMetadata/v1", google.metadata_host());
    /// let url = format!("{root}/instance/service-accounts/default/email");
    /// let mut response = agent.get(&url).header("metadata-flavor", "Google").call()?;
    /// let email = response.body_mut().read_to_string()?;
    /// assert_eq!(email, "photos@my-project.iam.gserviceaccount.com");
    /// # Ok(())
    /// # }
    /// ```
    pub fn account(mut self, email: impl Into<String>) -> Self {
        self.account = Some(email.into());
        self
    }

    /// Attaches no service account. The metadata server then responds to a request for a token with
    /// status 404.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::{FakeGoogle, Vm};
    ///
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let vm = Vm::new("web-1").no_account();
    /// let google = FakeGoogle::builder().vm(vm).start().await?;
    /// let root = format!("http://{}/computeMetadata/v1", google.metadata_host());
    /// let url = format!("{root}/instance/service-accounts/default/token");
    /// let response = agent.get(&url).header("metadata-flavor", "Google").call()?;
    /// assert_eq!(response.status(), 404);
    /// # Ok(())
    /// # }
    /// ```
    pub fn no_account(mut self) -> Self {
        self.has_account = false;
        self
    }

    /// Sets the access scopes. A scope is a full URI, or the part after
    /// `https://www.googleapis.com/auth/`.
    ///
    /// Serverless platforms and GKE Workload Identity have no access scopes and ignore this
    /// setting.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::{FakeGoogle, Vm};
    ///
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let vm = Vm::new("web-1").scopes(["pubsub"]);
    /// let google = FakeGoogle::builder().vm(vm).start().await?;
    /// let root = format!("http://{}/computeMetadata/v1", google.metadata_host());
    /// let url = format!("{root}/instance/service-accounts/default/scopes");
    /// let mut response = agent.get(&url).header("metadata-flavor", "Google").call()?;
    /// assert_eq!(
    ///     response.body_mut().read_to_string()?,
    ///     "https://www.googleapis.com/auth/pubsub\n"
    /// );
    /// # Ok(())
    /// # }
    /// ```
    pub fn scopes<S: AsRef<str>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = Some(scope::uris(scopes));
        self
    }

    /// Sets the platform. The default is [`FakePlatform::ComputeEngine`].
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::{FakeGoogle, FakePlatform, Vm};
    ///
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let vm = Vm::new("node-1").platform(FakePlatform::GkeNode);
    /// let google = FakeGoogle::builder().vm(vm).start().await?;
    /// let root = format!("http://{}/computeMetadata/v1", google.metadata_host());
    /// let url = format!("{root}/instance/attributes/cluster-name");
    /// let response = agent.get(&url).header("metadata-flavor", "Google").call()?;
    /// assert_eq!(response.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    pub fn platform(mut self, platform: FakePlatform) -> Self {
        self.platform = platform;
        self
    }

    /// Sets a custom metadata attribute. Replaces an attribute of the same name that the platform
    /// sets.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::{FakeGoogle, Vm};
    ///
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let vm = Vm::new("web-1").attribute("team", "photos");
    /// let google = FakeGoogle::builder().vm(vm).start().await?;
    /// let root = format!("http://{}/computeMetadata/v1", google.metadata_host());
    /// let url = format!("{root}/instance/attributes/team");
    /// let mut response = agent.get(&url).header("metadata-flavor", "Google").call()?;
    /// assert_eq!(response.body_mut().read_to_string()?, "photos");
    /// # Ok(())
    /// # }
    /// ```
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }
}

/// The id and the number of a project.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    pub(crate) id: String,
    pub(crate) number: u64,
}

/// A running or stopped VM, or a serverless instance. Created from a [`Vm`].
pub(crate) struct Machine {
    pub(crate) name: String,
    pub(crate) zone: String,
    pub(crate) project: Project,
    pub(crate) account: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) platform: FakePlatform,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) running: bool,
    /// The metadata server's cache of tokens, by the requested scopes.
    pub(crate) token_cache: HashMap<String, String>,
}

/// Compute Engine's error message for a change of a running VM.
/// Source: public transcripts of `gcloud compute instances set-service-account`. The API reference
/// does not document the message.
pub(crate) const MUST_BE_STOPPED: &str =
    "The instance must be stopped before the service account can be changed.";

impl Machine {
    /// Creates a running machine, and fills in the defaults of the platform.
    pub(crate) fn new(vm: Vm, project: Project) -> Self {
        let mut machine = Self {
            account: None,
            scopes: vm.scopes.unwrap_or_else(|| scope::uris(vm.platform.default_scopes())),
            attributes: BTreeMap::new(),
            name: vm.name,
            zone: vm.zone,
            platform: vm.platform,
            project,
            running: true,
            token_cache: HashMap::new(),
        };
        let account =
            vm.account.unwrap_or_else(|| machine.fill(machine.platform.default_account()));
        machine.account = vm.has_account.then_some(account);
        machine.attributes = machine.filled(machine.platform.attributes()).collect();
        // The attributes of the test come last, so that they replace those of the platform.
        machine.attributes.extend(vm.attributes);
        machine
    }

    /// Returns pairs of a name and a value, with the placeholders in the values
    /// [replaced](Self::fill).
    pub(crate) fn filled(&self, pairs: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), self.fill(value)))
    }

    /// Replaces the placeholders `{name}`, `{zone}`, `{region}`, `{project}` and `{number}` with
    /// the values of this machine.
    pub(crate) fn fill(&self, template: &str) -> String {
        let values = [
            ("{name}", self.name.as_str()),
            ("{zone}", &self.zone),
            ("{region}", self.region()),
            ("{project}", &self.project.id),
            ("{number}", &self.project.number.to_string()),
        ];
        values
            .into_iter()
            .fold(template.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    /// Returns the scopes that the metadata server lists for the service account.
    pub(crate) fn listed_scopes(&self) -> Vec<String> {
        match self.platform {
            vm if vm.is_vm() => self.scopes.clone(),
            FakePlatform::GkeWorkloadIdentity => scope::uris(SERVERLESS_DEFAULT),
            _ => scope::uris(REQUESTABLE),
        }
    }

    /// Returns the scopes of a new token. A VM ignores the requested scopes; other platforms use
    /// them. Source: the docstring of `google.auth.compute_engine.credentials`,
    /// <https://googleapis.dev/python/google-auth/latest/reference/google.auth.compute_engine.credentials.html>.
    pub(crate) fn token_scopes(&self, requested: Vec<String>) -> Vec<String> {
        match requested {
            _ if self.platform.is_vm() => self.scopes.clone(),
            empty if empty.is_empty() => scope::uris(SERVERLESS_DEFAULT),
            requested => requested,
        }
    }

    /// Returns the region, such as `us-central1` for the zone `us-central1-a`.
    pub(crate) fn region(&self) -> &str {
        self.zone.rsplit_once('-').map_or(self.zone.as_str(), |(region, _)| region)
    }

    /// Returns the instance id: a number of 19 digits, as Compute Engine's ids are, that depends on
    /// the name only.
    pub(crate) fn id(&self) -> u64 {
        // The factor is arbitrary. It gives names that differ in one letter different ids.
        self.name
            .bytes()
            .fold(4_000_000_000_000_000_000, |id, byte| id + u64::from(byte) * 1_000_003)
    }

    /// Starts or stops the machine. Clears the token cache in both cases, because a token can also
    /// be cached while the machine is stopped: [`FakeGoogle::token`](crate::FakeGoogle::token)
    /// still returns tokens then.
    pub(crate) fn set_running(&mut self, running: bool) {
        self.running = running;
        self.token_cache.clear();
    }

    /// Replaces the service account and the scopes of a stopped VM. Returns Compute Engine's error
    /// message if the VM is running.
    pub(crate) fn set_account(
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
