//! Machines, with Compute Engine's rules for changing them.

use std::collections::{BTreeMap, HashMap};

use crate::platform::Platform;
use crate::profiles::{REQUESTABLE, SERVERLESS_DEFAULT};
use crate::scope;

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
    pub(crate) name: String,
    zone: String,
    pub(crate) project: Option<String>,
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
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::{FakeGoogle, Vm};
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let vm = Vm::new("web-1");
    /// let google = FakeGoogle::builder().vm(vm).start().await?;
    /// let root = format!("http://{}/computeMetadata/v1", google.metadata_host());
    /// let url = format!("{root}/instance/name");
    /// let mut answer = agent.get(&url).header("metadata-flavor", "Google").call()?;
    /// assert_eq!(answer.body_mut().read_to_string()?, "web-1");
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
            platform: Platform::ComputeEngine,
            attributes: BTreeMap::new(),
        }
    }

    /// The zone it runs in. The region is the zone without its last letter.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::{FakeGoogle, Vm};
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let vm = Vm::new("web-1").zone("europe-west3-b");
    /// let google = FakeGoogle::builder().vm(vm).start().await?;
    /// let root = format!("http://{}/computeMetadata/v1", google.metadata_host());
    /// let url = format!("{root}/instance/zone");
    /// let mut answer = agent.get(&url).header("metadata-flavor", "Google").call()?;
    /// assert!(answer.body_mut().read_to_string()?.ends_with("/zones/europe-west3-b"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = zone.into();
        self
    }

    /// The project it belongs to, if that is not the first one.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::{FakeGoogle, Vm};
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let vm = Vm::new("web-1").project("shop-prod");
    /// let projects = FakeGoogle::builder().project("my-project", 1).project("shop-prod", 2);
    /// let google = projects.vm(vm).start().await?;
    /// let root = format!("http://{}/computeMetadata/v1", google.metadata_host());
    /// let url = format!("{root}/project/project-id");
    /// let mut answer = agent.get(&url).header("metadata-flavor", "Google").call()?;
    /// assert_eq!(answer.body_mut().read_to_string()?, "shop-prod");
    /// # Ok(())
    /// # }
    /// ```
    pub fn project(mut self, id: impl Into<String>) -> Self {
        self.project = Some(id.into());
        self
    }

    /// The service account attached to it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::{FakeGoogle, Vm};
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let vm = Vm::new("web-1").account("photos@my-project.iam.gserviceaccount.com");
    /// let google = FakeGoogle::builder().vm(vm).start().await?;
    /// let root = format!("http://{}/computeMetadata/v1", google.metadata_host());
    /// let url = format!("{root}/instance/service-accounts/default/email");
    /// let mut answer = agent.get(&url).header("metadata-flavor", "Google").call()?;
    /// let email = answer.body_mut().read_to_string()?;
    /// assert_eq!(email, "photos@my-project.iam.gserviceaccount.com");
    /// # Ok(())
    /// # }
    /// ```
    pub fn account(mut self, email: impl Into<String>) -> Self {
        self.account = Some(email.into());
        self
    }

    /// Attaches no service account, so that the metadata server hands out no token (404).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::{FakeGoogle, Vm};
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let vm = Vm::new("web-1").no_account();
    /// let google = FakeGoogle::builder().vm(vm).start().await?;
    /// let root = format!("http://{}/computeMetadata/v1", google.metadata_host());
    /// let url = format!("{root}/instance/service-accounts/default/token");
    /// let answer = agent.get(&url).header("metadata-flavor", "Google").call()?;
    /// assert_eq!(answer.status(), 404);
    /// # Ok(())
    /// # }
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
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::{FakeGoogle, Vm};
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let vm = Vm::new("web-1").scopes(["pubsub"]);
    /// let google = FakeGoogle::builder().vm(vm).start().await?;
    /// let root = format!("http://{}/computeMetadata/v1", google.metadata_host());
    /// let url = format!("{root}/instance/service-accounts/default/scopes");
    /// let mut answer = agent.get(&url).header("metadata-flavor", "Google").call()?;
    /// assert_eq!(answer.body_mut().read_to_string()?, "https://www.googleapis.com/auth/pubsub\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn scopes<S: AsRef<str>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = Some(scope::uris(scopes));
        self
    }

    /// What it runs on.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::{FakeGoogle, Platform, Vm};
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let vm = Vm::new("node-1").platform(Platform::GkeNode);
    /// let google = FakeGoogle::builder().vm(vm).start().await?;
    /// let root = format!("http://{}/computeMetadata/v1", google.metadata_host());
    /// let url = format!("{root}/instance/attributes/cluster-name");
    /// let answer = agent.get(&url).header("metadata-flavor", "Google").call()?;
    /// assert_eq!(answer.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    pub fn platform(mut self, platform: Platform) -> Self {
        self.platform = platform;
        self
    }

    /// A custom metadata attribute, which wins over one that the platform sets.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_testing::{FakeGoogle, Vm};
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let vm = Vm::new("web-1").attribute("team", "photos");
    /// let google = FakeGoogle::builder().vm(vm).start().await?;
    /// let root = format!("http://{}/computeMetadata/v1", google.metadata_host());
    /// let url = format!("{root}/instance/attributes/team");
    /// let mut answer = agent.get(&url).header("metadata-flavor", "Google").call()?;
    /// assert_eq!(answer.body_mut().read_to_string()?, "photos");
    /// # Ok(())
    /// # }
    /// ```
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }
}

/// A project, by its two names.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    pub(crate) id: String,
    pub(crate) number: u64,
}

/// A [`Vm`] in its project.
pub(crate) struct Machine {
    pub(crate) name: String,
    pub(crate) zone: String,
    pub(crate) project: Project,
    pub(crate) account: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) platform: Platform,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) running: bool,
    /// The metadata server's token cache: scopes asked for, and the token it gave.
    pub(crate) cache: HashMap<String, String>,
}

/// Compute Engine's own words for a change that needs a stopped instance.
/// Reported in public transcripts of `gcloud compute instances set-service-account`; the API
/// reference does not have it.
pub(crate) const MUST_BE_STOPPED: &str =
    "The instance must be stopped before the service account can be changed.";

impl Machine {
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
            cache: HashMap::new(),
        };
        let account = vm.account.unwrap_or_else(|| machine.fill(machine.platform.default_account()));
        machine.account = vm.has_account.then_some(account);
        machine.attributes = machine.filled(machine.platform.attributes()).collect();
        machine.attributes.extend(vm.attributes);
        machine
    }

    /// The pairs of a [profile](crate::profiles) for this machine.
    pub(crate) fn filled(&self, pairs: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), self.fill(value)))
    }

    /// A value of a profile for this machine.
    pub(crate) fn fill(&self, template: &str) -> String {
        [
            ("{name}", self.name.as_str()),
            ("{zone}", &self.zone),
            ("{region}", self.region()),
            ("{project}", &self.project.id),
            ("{number}", &self.project.number.to_string()),
        ]
        .into_iter()
        .fold(template.to_owned(), |text, (place, value)| text.replace(place, value))
    }

    /// What `/scopes` lists.
    pub(crate) fn listed_scopes(&self) -> Vec<String> {
        match self.platform {
            vm if vm.is_vm() => self.scopes.clone(),
            Platform::GkeWorkloadIdentity => scope::uris(SERVERLESS_DEFAULT),
            _ => scope::uris(REQUESTABLE),
        }
    }

    /// What a token gets: a VM ignores what is asked for, everything else honours it.
    /// Source: the docstring of `google.auth.compute_engine.credentials`,
    /// <https://googleapis.dev/python/google-auth/latest/reference/google.auth.compute_engine.credentials.html>.
    pub(crate) fn token_scopes(&self, requested: Vec<String>) -> Vec<String> {
        match requested {
            _ if self.platform.is_vm() => self.scopes.clone(),
            none if none.is_empty() => scope::uris(SERVERLESS_DEFAULT),
            requested => requested,
        }
    }

    /// `us-central1` of `us-central1-a`.
    pub(crate) fn region(&self) -> &str {
        self.zone.rsplit_once('-').map_or(self.zone.as_str(), |(region, _)| region)
    }

    /// The number Compute Engine would give it.
    pub(crate) fn id(&self) -> u64 {
        self.name.bytes().fold(4_000_000_000_000_000_000, |id, byte| id + u64::from(byte) * 1_000_003)
    }

    /// Starts or stops it. Stopping ends every process, the metadata server's token cache included;
    /// after a new boot nothing is left in the cache that was put there meanwhile.
    pub(crate) fn switch(&mut self, on: bool) {
        self.running = on;
        self.cache.clear();
    }

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
