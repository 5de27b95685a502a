//! A step of an option.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

/// One step of a remedy: a few sentences, and optionally a command to paste, a line of code, a page
/// of the console and a link to documentation.
///
/// ```
/// use gcp_scopes_explain::environment::{Environment, Snapshot};
/// use gcp_scopes_explain::{refusal, remedy};
///
/// let text = "Error 403: Cloud Pub/Sub API has not been used in project shop-prod before.";
/// let refusal = refusal::classify_text(text).expect("no refusal");
/// let options = remedy::for_refusal(&refusal, &Environment::from_snapshot(&Snapshot::new()));
/// for step in options[0].steps() {
///     println!("{}", step.text());
///     if let Some(command) = step.command_line() {
///         println!("  {command}"); // gcloud services enable pubsub.googleapis.com --project=…
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub(crate) text: String,
    pub(crate) command: Option<String>,
    pub(crate) code: Option<String>,
    /// The language of the code, if there is code.
    pub(crate) language: Option<&'static str>,
    pub(crate) console: Option<String>,
    pub(crate) link: Option<&'static str>,
    /// The words in capitals in the command and the code that stand for unknown values.
    pub(crate) placeholders: Vec<&'static str>,
}

impl Step {
    /// Sets the link to a page of Google's documentation.
    pub(super) fn with_link(self, link: &'static str) -> Self {
        Self { link: Some(link), ..self }
    }

    /// Returns what to do, and how that affects running programs, in a few sentences.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    ///
    /// let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
    /// for step in denial.steps() {
    ///     println!("{}", step.text());
    /// }
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns a shell command on one line, if the step has one. Words in capitals are
    /// placeholders.
    ///
    /// ```
    /// use gcp_scopes_explain::{environment::*, refusal, remedy};
    ///
    /// let text = "Error 403: Cloud Pub/Sub API has not been used in project shop-prod before.";
    /// let refusal = refusal::classify_text(text).expect("no refusal");
    /// let options = remedy::for_refusal(&refusal, &Environment::from_snapshot(&Snapshot::new()));
    /// let enable = "gcloud services enable pubsub.googleapis.com --project=shop-prod";
    /// assert_eq!(options[0].steps()[0].command_line(), Some(enable));
    /// ```
    #[must_use]
    pub fn command_line(&self) -> Option<&str> {
        self.command.as_deref()
    }

    /// Returns a line of code to write in the program, if the step changes the program.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
    ///
    /// let denial = Denial::for_method(ApiMethod::by_id("drive.files.list")?);
    /// // On Cloud Run, a token holds the scopes that the program requests.
    /// let run = Environment::new(Platform::CloudRunService, Credential::MetadataServer);
    /// let denial = denial.with_environment(run);
    /// let code: Vec<&str> = denial.steps().iter().filter_map(|step| step.code_line()).collect();
    /// assert!(code[0].contains("auth/drive.readonly"), "{code:?}");
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn code_line(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Returns the language of the code: `rust`, `python`, `hcl`, `http` or another name in lower
    /// case, as in the first line of a code block of Markdown. Returns `None` if there is no code.
    #[must_use]
    pub fn code_language(&self) -> Option<&'static str> {
        self.language
    }

    /// Returns the words in capitals in the command and the code that a person has to replace.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
    ///
    /// let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer)
    ///     .with_instance("web-1")?;
    /// let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
    /// let denial = denial.with_environment(vm);
    /// let step = denial.steps().iter().find(|step| step.command_line().is_some());
    /// assert!(step.is_some_and(|step| step.placeholders().contains(&"ZONE")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn placeholders(&self) -> &[&'static str] {
        &self.placeholders
    }

    /// Returns the page of the Google Cloud console on which the step can be done instead, if there
    /// is one.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
    ///
    /// let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
    /// let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer);
    /// let vm = vm.with_project("shop-prod")?.with_zone("us-central1-a")?.with_instance("web-1")?;
    /// let denial = denial.with_environment(vm);
    /// let page = denial.steps().iter().find_map(|step| step.console_url());
    /// assert!(page.is_some_and(|page| page.starts_with("https://console.cloud.google.com/")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn console_url(&self) -> Option<&str> {
        self.console.as_deref()
    }

    /// Returns the page of Google's documentation about the step, if there is one.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    ///
    /// let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
    /// let steps = denial.options().iter().flat_map(|option| option.steps());
    /// let link = steps.filter_map(|step| step.doc_url()).next();
    /// assert!(link.is_some_and(|link| link.starts_with("https://docs.cloud.google.com/")));
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn doc_url(&self) -> Option<&'static str> {
        self.link
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut value = serializer.serialize_struct("Step", 7)?;
        value.serialize_field("text", self.text())?;
        value.serialize_field("command", &self.command_line())?;
        value.serialize_field("code", &self.code_line())?;
        value.serialize_field("language", &self.code_language())?;
        value.serialize_field("console", &self.console_url())?;
        value.serialize_field("link", &self.doc_url())?;
        value.serialize_field("placeholders", self.placeholders())?;
        value.end()
    }
}
