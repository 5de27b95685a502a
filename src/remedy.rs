//! What a person can do about a refusal for lack of scope, here.
//!
//! Pure: facts and environment in, ordered [`Step`]s out. Keyed on the credential first and on the
//! place second, because a user's ADC file on a VM makes the VM's scopes irrelevant. A value enters
//! a command only if it has the syntax Google documents for it; otherwise a placeholder in capitals
//! stays, so that pasting a command never runs what somebody put into a VM's name.
//!
//! ```
//! use gcp_scopes::environment::{Credential, Environment, Platform};
//! use gcp_scopes::{refusal, remedy};
//!
//! let refusal = refusal::classify_text("Request had insufficient authentication scopes.").expect("a refusal");
//! let vm = Environment::told(Platform::ComputeEngine, Credential::MetadataServer)
//!     .with_instance("web-1")?
//!     .with_zone("us-central1-a")?
//!     .with_project("shop-prod")?;
//! let steps = remedy::for_refusal(&refusal, &vm);
//! // Nothing is known of the VM's scopes, so that they are looked up before the VM is stopped.
//! let commands: Vec<&str> = steps.iter().filter_map(|step| step.command_line()).collect();
//! assert!(commands[0].starts_with("gcloud compute instances describe web-1 --zone=us-central1-a"));
//! assert_eq!(commands[1], "gcloud compute instances stop web-1 --zone=us-central1-a --project=shop-prod");
//! # Ok::<(), gcp_scopes::Error>(())
//! ```

pub(crate) mod asked;
mod code;
mod elsewhere;
mod gates;
mod grant;
mod login;
mod machine;
mod next;
mod product;

use gcp_scopes_catalog::{least, least_of, recommended};

use crate::environment::{Credential, Environment, Platform};
use crate::refusal::ScopeRefusal;
use crate::scope::{Scope, ScopeSet};

pub use gates::{for_refusal, for_refused_call};
pub(crate) use grant::grant;
pub(crate) use next::left_to_iam;

/// One thing to do: a sentence, where there is one a command to paste or a line of code, and where
/// to read more.
///
/// ```
/// use gcp_scopes::environment::{Environment, Snapshot};
/// use gcp_scopes::{refusal, remedy};
///
/// let text = "Error 403: Cloud Pub/Sub API has not been used in project shop-prod before or it is disabled.";
/// let refusal = refusal::classify_text(text).expect("a refusal");
/// for step in remedy::for_refusal(&refusal, &Environment::of(&Snapshot::new())) {
///     println!("{}", step.text());
///     if let Some(command) = step.command_line() {
///         println!("  {command}"); // gcloud services enable pubsub.googleapis.com --project=shop-prod
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    text: String,
    command: Option<String>,
    code: Option<String>,
    console: Option<String>,
    link: Option<&'static str>,
}

impl Step {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), command: None, code: None, console: None, link: None }
    }

    pub(crate) fn command(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }

    pub(crate) fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// The page of the console, if all that its address needs is known.
    pub(crate) fn console(mut self, address: Option<String>) -> Self {
        self.console = address;
        self
    }

    pub(crate) fn link(mut self, link: &'static str) -> Self {
        self.link = Some(link);
        self
    }

    /// What to do and what it does to running programs, in a few sentences.
    ///
    /// ```
    #[doc = a_denial!()]
    #[doc = on_a_vm!()]
    /// assert!(denial.steps()[0].text().starts_with("Stop the VM."));
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A shell command on one line. Words in capitals are placeholders to fill in.
    ///
    /// ```
    #[doc = a_denial!()]
    #[doc = on_a_vm!()]
    /// let stop = "gcloud compute instances stop web-1 --zone=us-central1-a --project=shop-prod";
    /// assert_eq!(denial.steps()[0].command_line(), Some(stop));
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn command_line(&self) -> Option<&str> {
        self.command.as_deref()
    }

    /// Where no command does it: what a program has to say instead, on one line.
    ///
    /// ```
    #[doc = a_denial!()]
    /// // On Cloud Run a token holds what the program asks for, so that no command helps.
    /// let lines: Vec<&str> = denial.steps().iter().filter_map(|step| step.code_line()).collect();
    /// assert!(lines[0].contains("cloud-platform"), "{lines:?}");
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn code_line(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Where the same can be done in the Google Cloud console.
    ///
    /// ```
    #[doc = a_denial!()]
    #[doc = on_a_vm!()]
    /// let page = denial.steps().iter().find_map(|step| step.console_url());
    /// assert!(page.is_some_and(|page| page.starts_with("https://console.cloud.google.com/compute/instancesEdit/")));
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn console_url(&self) -> Option<&str> {
        self.console.as_deref()
    }

    /// The page of Google's documentation that describes the step.
    ///
    /// ```
    #[doc = a_denial!()]
    /// assert!(denial.steps().iter().any(|step| step.doc_url().is_some()));
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn doc_url(&self) -> Option<&'static str> {
        self.link
    }
}

/// What the steps are made from.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) kind: ScopeRefusal,
    /// What calls need: of each set any one would do.
    pub(crate) accepted: &'a [ScopeSet],
    /// What the token is known to hold.
    pub(crate) held: Option<&'a ScopeSet>,
    pub(crate) environment: &'a Environment,
}

impl Case<'_> {
    /// What is held. Where the token may be the machine's, that is the machine's list, which a flag
    /// would replace.
    fn held(&self) -> Option<&ScopeSet> {
        let of_machine = [Credential::MetadataServer, Credential::Declared, Credential::Unknown];
        let may_be_its = of_machine.contains(&self.environment.credential());
        self.environment.scopes().filter(|_| may_be_its).or(self.held)
    }

    /// What is held and the least that is needed: a flag that replaces the list must carry both.
    fn union(&self) -> Option<ScopeSet> {
        let mut all = self.held()?.clone();
        all.extend(self.needed());
        Some(all)
    }

    /// Whether what is known of the token would do, so that the refused one may be another.
    pub(crate) fn is_contradicted(&self) -> bool {
        let opens = |held: &ScopeSet| self.accepted.iter().all(|accepted| held.intersects(accepted));
        self.kind == ScopeRefusal::Missing && self.held.is_some_and(opens)
    }

    /// Whether nobody told which scope is lacking.
    fn names_none(&self) -> bool {
        self.accepted.iter().all(ScopeSet::is_empty)
    }

    /// The least that opens every closed gate.
    fn needed(&self) -> Vec<Scope> {
        least_of(self.accepted)
    }

    /// What Google recommends, with whatever is needed or held beside it.
    fn recommended(&self) -> ScopeSet {
        recommended(self.accepted, self.held())
    }

    /// The union as gcloud's `--scopes` takes it, with words in capitals for what is not known of it.
    fn scopes_to_set(&self) -> String {
        let needed = self.needed();
        let mut list: Vec<String> = match self.union() {
            Some(all) => all.iter().map(|scope| flag_value(&scope)).collect(),
            None => {
                std::iter::once("SCOPES_IT_HAS".to_owned()).chain(needed.iter().map(flag_value)).collect()
            }
        };
        if needed.is_empty() {
            list.push("SCOPE".to_owned());
        }
        list.join(",")
    }

    /// What to put in the place of those words, as a sentence behind a step that has the list.
    fn to_fill_in(&self) -> &'static str {
        match (self.held(), self.names_none()) {
            (None, true) => {
                " Put the present scopes in the place of SCOPES_IT_HAS, and the one it lacks in the place of SCOPE."
            }
            (None, false) => " Put the present scopes in the place of SCOPES_IT_HAS.",
            (Some(_), true) => " Put the one it lacks in the place of SCOPE.",
            // The report of another call lists what that one lacks, and not what this one does.
            (Some(_), false) if self.accepted.len() == 1 => {
                " If other calls are refused, too, add their scopes to the list."
            }
            (Some(_), false) => "",
        }
    }

    /// The recommended list for people, if the union does without `cloud-platform`.
    fn recommended_in_short(&self) -> Option<String> {
        if self.union().is_some_and(|all| all.contains(&Scope::cloud_platform())) {
            return None;
        }
        let names: Vec<String> = self.recommended().iter().map(|scope| scope.short().to_owned()).collect();
        Some(names.join(" and "))
    }

    /// The same as a sentence behind a step whose list is the union.
    fn or_better(&self) -> String {
        let sentence = |list| {
            format!(" Google recommends {list} in the place of that list, and IAM roles for the rest.")
        };
        self.recommended_in_short().map(sentence).unwrap_or_default()
    }

    /// The recommended list as programs take it.
    fn scopes_to_ask(&self) -> Vec<String> {
        self.recommended().iter().map(|scope| plain(&scope).to_owned()).collect()
    }

    /// What to enter for domain-wide delegation, where there is no recommended list.
    fn scopes_to_delegate(&self) -> String {
        let all = self.union().unwrap_or_else(|| self.needed().into_iter().collect());
        let list: Vec<String> = all.iter().map(|scope| plain(&scope).to_owned()).collect();
        if list.is_empty() { "SCOPE".to_owned() } else { list.join(",") }
    }

    /// The scopes to ask for, in the form that people read.
    fn needed_in_short(&self) -> String {
        let needed = self.needed();
        let names: Vec<&str> = needed.iter().map(Scope::short).collect();
        match names.split_last() {
            None => "the scope it lacks".to_owned(),
            Some((last, [])) => (*last).to_owned(),
            Some((last, first)) => format!("{} and {last}", first.join(", ")),
        }
    }

    /// Whether `cloud-platform` would do. Where nothing is known of the method, it most likely does.
    fn is_cloud(&self) -> bool {
        self.accepted.iter().all(is_cloud)
    }

    /// Whether it would do for some of the calls.
    fn is_partly_cloud(&self) -> bool {
        self.accepted.iter().any(is_cloud)
    }

    /// What to ask for in code, where the list is the recommended one.
    fn advice(&self) -> String {
        let needed = self.needed_in_short();
        match self.recommended_in_short() {
            _ if !self.is_cloud() => {
                format!(" It is enough to ask for {needed}:{}", self.beyond_cloud())
            }
            Some(list) if list != needed => {
                format!(
                    " It is enough to ask for {needed}; Google recommends {list}, and IAM roles for the rest."
                )
            }
            _ => String::new(),
        }
    }

    /// A warning where the usual advice does not work.
    fn beyond_cloud(&self) -> &'static str {
        match self.is_partly_cloud() {
            _ if self.is_cloud() => "",
            true => " cloud-platform does not cover all of these APIs.",
            false => " cloud-platform does not cover this API.",
        }
    }

    fn project(&self) -> &str {
        self.environment.project().unwrap_or("PROJECT")
    }

    fn account(&self) -> &str {
        self.environment.account().unwrap_or("SERVICE_ACCOUNT")
    }
}

fn is_cloud(accepted: &ScopeSet) -> bool {
    accepted.is_empty() || accepted.contains(&Scope::cloud_platform())
}

/// What to do, in one sentence and in steps. There is at least one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remedy {
    pub(crate) summary: String,
    pub(crate) steps: Vec<Step>,
}

impl Remedy {
    fn new(summary: impl Into<String>, steps: Vec<Step>) -> Self {
        Self { summary: summary.into(), steps }
    }
}

/// What opens the scope gate for this credential in this place.
pub(crate) fn remedy(case: &Case<'_>) -> Remedy {
    match case.kind {
        _ if case.is_contradicted() => elsewhere::look_first(get_a_scope(case)),
        ScopeRefusal::Restricting => elsewhere::drop_a_scope(),
        ScopeRefusal::ScopeOrShare => with_share(get_a_scope(case)),
        ScopeRefusal::Missing => get_a_scope(case),
    }
}

/// The server says the same for a missing scope and for a file that is not shared: do both.
fn with_share(remedy: Remedy) -> Remedy {
    Remedy { summary: format!("{} Share the file with the account, too.", remedy.summary), ..remedy }
}

/// A credential that does not come from the place makes the place's settings irrelevant.
fn get_a_scope(case: &Case<'_>) -> Remedy {
    match case.environment.credential() {
        Credential::MetadataServer => on_platform(case),
        Credential::UserAdc => login::user_adc(case),
        Credential::GcloudUser => login::gcloud_user(case),
        Credential::ExternalUser => login::external_user(case),
        Credential::ServiceAccountKey => code::key(case),
        Credential::ExternalAccount => code::federation(case),
        Credential::Impersonated => code::impersonation(case),
        Credential::DomainWideDelegation => code::delegation(case),
        Credential::Declared | Credential::Unknown => elsewhere::general(case),
    }
}

fn on_platform(case: &Case<'_>) -> Remedy {
    match case.environment.platform() {
        Platform::ComputeEngine => machine::compute_engine(case),
        Platform::ManagedInstanceGroup => machine::instance_group(case),
        Platform::GkeNode => machine::gke_node(case),
        Platform::GkeWorkloadIdentity
        | Platform::CloudRunService
        | Platform::CloudRunJob
        | Platform::CloudRunWorkerPool
        | Platform::CloudFunctions
        | Platform::AppEngineStandard
        | Platform::AppEngineFlexible => code::metadata_server(case),
        Platform::Dataproc => product::dataproc(case),
        Platform::Dataflow => product::dataflow(case),
        Platform::Composer => product::composer(case),
        Platform::Workbench => product::workbench(case),
        Platform::CloudBuild => product::cloud_build(case),
        Platform::CloudShell => login::gcloud_user(case),
        Platform::Unknown => elsewhere::general(case),
    }
}

/// A list for gcloud's `--scopes`: its aliases where it has them, else the full URI.
pub(crate) fn scopes_flag(scopes: &ScopeSet) -> String {
    scopes.iter().map(|scope| flag_value(&scope)).collect::<Vec<_>>().join(",")
}

fn flag_value(scope: &Scope) -> String {
    scope.gcloud_alias().filter(|alias| *alias != "sql").unwrap_or_else(|| plain(scope)).to_owned()
}

/// A scope's URI, if it can stand in a shell command and in a string as it is: a server may name
/// any scope.
fn plain(scope: &Scope) -> &str {
    let uri = scope.as_str();
    let is_plain = uri.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/._-".contains(&byte));
    if is_plain && !uri.starts_with('-') { uri } else { "SCOPE" }
}
