//! What to do, step by step.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

/// What to do, in one sentence and in steps. There is at least one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    pub(crate) summary: String,
    pub(crate) steps: Vec<Step>,
}

impl Remedy {
    /// What to do, in one sentence.
    #[must_use]
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// The steps, in the order in which to take them.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

/// One thing to do: a sentence, where there is one a command to paste or a line of code, and where
/// to read more.
///
/// ```
/// use gcp_scopes_explain::environment::{Environment, Snapshot};
/// use gcp_scopes_explain::{refusal, remedy};
///
/// let text = "Error 403: Cloud Pub/Sub API has not been used in project shop-prod before or it is disabled.";
/// let refusal = refusal::classify_text(text).expect("a refusal");
/// for step in remedy::for_refusal(&refusal, &Environment::from_snapshot(&Snapshot::new())) {
///     println!("{}", step.text());
///     if let Some(command) = step.command_line() {
///         println!("  {command}"); // gcloud services enable pubsub.googleapis.com --project=shop-prod
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub(crate) text: String,
    pub(crate) command: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) console: Option<String>,
    pub(crate) link: Option<&'static str>,
}

impl Step {
    /// The same step with this page to read more on.
    pub(super) fn with_link(self, link: &'static str) -> Self {
        Self { link: Some(link), ..self }
    }

    /// What to do and what it does to running programs, in a few sentences.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::{Endpoints, call::Call, lookup, scope::ScopeSet};
    /// # use gcp_scopes_explain::environment::{Environment, Snapshot};
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// # use gcp_scopes_explain::refusal::{Answer, Certainty, Gate};
    /// # use gcp_scopes_explain::{denial::DenialKind, explain};
    /// # let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg".parse()?;
    /// # let call = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
    /// # let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
    /// # let held = GrantedScopes::known(held, GrantSource::Metadata);
    /// # let body = br##"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"##;
    /// # let here = Environment::from_snapshot(&Snapshot::new().with_env("CLOUD_RUN_JOB", "nightly")).into();
    /// # let denial = explain(&call, &held, &here, &Answer::new(body).with_status(403)).ok_or("a denial")?;
    /// # use gcp_scopes_explain::environment::{Credential, Platform};
    /// # let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer).with_project("shop-prod")?;
    /// # let denial = denial.with_environment(vm.with_zone("us-central1-a")?.with_instance("web-1")?);
    /// assert!(denial.steps()[0].text().starts_with("Stop the VM."));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A shell command on one line. Words in capitals are placeholders to fill in.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::{Endpoints, call::Call, lookup, scope::ScopeSet};
    /// # use gcp_scopes_explain::environment::{Environment, Snapshot};
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// # use gcp_scopes_explain::refusal::{Answer, Certainty, Gate};
    /// # use gcp_scopes_explain::{denial::DenialKind, explain};
    /// # let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg".parse()?;
    /// # let call = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
    /// # let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
    /// # let held = GrantedScopes::known(held, GrantSource::Metadata);
    /// # let body = br##"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"##;
    /// # let here = Environment::from_snapshot(&Snapshot::new().with_env("CLOUD_RUN_JOB", "nightly")).into();
    /// # let denial = explain(&call, &held, &here, &Answer::new(body).with_status(403)).ok_or("a denial")?;
    /// # use gcp_scopes_explain::environment::{Credential, Platform};
    /// # let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer).with_project("shop-prod")?;
    /// # let denial = denial.with_environment(vm.with_zone("us-central1-a")?.with_instance("web-1")?);
    /// let stop = "gcloud compute instances stop web-1 --zone=us-central1-a --project=shop-prod";
    /// assert_eq!(denial.steps()[0].command_line(), Some(stop));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn command_line(&self) -> Option<&str> {
        self.command.as_deref()
    }

    /// Where no command does it: what a program has to say instead, on one line.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::{Endpoints, call::Call, lookup, scope::ScopeSet};
    /// # use gcp_scopes_explain::environment::{Environment, Snapshot};
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// # use gcp_scopes_explain::refusal::{Answer, Certainty, Gate};
    /// # use gcp_scopes_explain::{denial::DenialKind, explain};
    /// # let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg".parse()?;
    /// # let call = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
    /// # let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
    /// # let held = GrantedScopes::known(held, GrantSource::Metadata);
    /// # let body = br##"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"##;
    /// # let here = Environment::from_snapshot(&Snapshot::new().with_env("CLOUD_RUN_JOB", "nightly")).into();
    /// # let denial = explain(&call, &held, &here, &Answer::new(body).with_status(403)).ok_or("a denial")?;
    /// // On Cloud Run a token holds what the program asks for, so that no command helps.
    /// let lines: Vec<&str> = denial.steps().iter().filter_map(|step| step.code_line()).collect();
    /// assert!(lines[0].contains("cloud-platform"), "{lines:?}");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn code_line(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Where the same can be done in the Google Cloud console.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::{Endpoints, call::Call, lookup, scope::ScopeSet};
    /// # use gcp_scopes_explain::environment::{Environment, Snapshot};
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// # use gcp_scopes_explain::refusal::{Answer, Certainty, Gate};
    /// # use gcp_scopes_explain::{denial::DenialKind, explain};
    /// # let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg".parse()?;
    /// # let call = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
    /// # let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
    /// # let held = GrantedScopes::known(held, GrantSource::Metadata);
    /// # let body = br##"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"##;
    /// # let here = Environment::from_snapshot(&Snapshot::new().with_env("CLOUD_RUN_JOB", "nightly")).into();
    /// # let denial = explain(&call, &held, &here, &Answer::new(body).with_status(403)).ok_or("a denial")?;
    /// # use gcp_scopes_explain::environment::{Credential, Platform};
    /// # let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer).with_project("shop-prod")?;
    /// # let denial = denial.with_environment(vm.with_zone("us-central1-a")?.with_instance("web-1")?);
    /// let page = denial.steps().iter().find_map(|step| step.console_url());
    /// assert!(page.is_some_and(|page| page.starts_with("https://console.cloud.google.com/compute/instancesEdit/")));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn console_url(&self) -> Option<&str> {
        self.console.as_deref()
    }

    /// The page of Google's documentation that describes the step.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::{Endpoints, call::Call, lookup, scope::ScopeSet};
    /// # use gcp_scopes_explain::environment::{Environment, Snapshot};
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// # use gcp_scopes_explain::refusal::{Answer, Certainty, Gate};
    /// # use gcp_scopes_explain::{denial::DenialKind, explain};
    /// # let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg".parse()?;
    /// # let call = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
    /// # let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
    /// # let held = GrantedScopes::known(held, GrantSource::Metadata);
    /// # let body = br##"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"##;
    /// # let here = Environment::from_snapshot(&Snapshot::new().with_env("CLOUD_RUN_JOB", "nightly")).into();
    /// # let denial = explain(&call, &held, &here, &Answer::new(body).with_status(403)).ok_or("a denial")?;
    /// assert!(denial.steps().iter().any(|step| step.doc_url().is_some()));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn doc_url(&self) -> Option<&'static str> {
        self.link
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut value = serializer.serialize_struct("Step", 5)?;
        value.serialize_field("text", self.text())?;
        value.serialize_field("command", &self.command_line())?;
        value.serialize_field("code", &self.code_line())?;
        value.serialize_field("console_url", &self.console_url())?;
        value.serialize_field("doc_url", &self.doc_url())?;
        value.end()
    }
}
