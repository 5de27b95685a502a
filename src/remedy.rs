//! What a person can do about a refusal for lack of scope, here.
//!
//! Pure: facts and environment in, ordered [`Step`]s out. Keyed on the credential first and on the
//! place second, because a user's ADC file on a VM makes the VM's scopes irrelevant. A value enters
//! a command only if it has the syntax Google documents for it; otherwise a placeholder in capitals
//! stays, so that pasting a command never runs what somebody put into a VM's name.

mod elsewhere;
mod gates;
mod least;
mod machine;

use crate::environment::{Credential, Environment, Platform};
use crate::refusal::ScopeRefusal;
use crate::scope::{Scope, ScopeSet};

pub use gates::for_refusal;
pub(crate) use least::{least, narrowest_first, recommended};

/// One thing to do: a sentence, where there is one a command to paste, and where to read more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    text: String,
    command: Option<String>,
    link: Option<&'static str>,
}

impl Step {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), command: None, link: None }
    }

    pub(crate) fn command(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }

    pub(crate) fn link(mut self, link: &'static str) -> Self {
        self.link = Some(link);
        self
    }

    /// What to do and what it does to running programs, in one or two sentences.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A shell command on one line. Words in capitals are placeholders to fill in.
    #[must_use]
    pub fn command_line(&self) -> Option<&str> {
        self.command.as_deref()
    }

    /// The page of Google's documentation that describes the step.
    #[must_use]
    pub fn doc_url(&self) -> Option<&'static str> {
        self.link
    }
}

/// What the steps are made from.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) kind: ScopeRefusal,
    /// Any one of these would do.
    pub(crate) accepted: &'a ScopeSet,
    /// What the token is known to hold.
    pub(crate) held: Option<&'a ScopeSet>,
    pub(crate) environment: &'a Environment,
}

impl Case<'_> {
    /// What is there and what is needed: a flag that replaces the list must carry both.
    fn union(&self) -> Option<ScopeSet> {
        let held = self.held.or_else(|| self.environment.scopes())?;
        let mut all = held.clone();
        all.extend(least(self.accepted));
        Some(all)
    }

    /// The scope to ask for, in the form that flags and code take.
    fn needed(&self) -> String {
        least(self.accepted).map_or_else(|| "SCOPE".to_owned(), |scope| scope.to_string())
    }

    /// The same in the form that people read.
    fn needed_in_short(&self) -> String {
        least(self.accepted).map_or_else(|| "the scope it lacks".to_owned(), |scope| scope.short().to_owned())
    }
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
        ScopeRefusal::Restricting => elsewhere::drop_a_scope(),
        ScopeRefusal::ScopeOrShare => with_share(get_a_scope(case), case),
        ScopeRefusal::Missing => get_a_scope(case),
    }
}

/// The server says the same for a missing scope and for a file that is not shared: do both.
fn with_share(mut remedy: Remedy, case: &Case<'_>) -> Remedy {
    let account = case.environment.account().unwrap_or("the account that the program uses");
    let share = format!("Share the file with {account} in Google Drive, if it is not shared yet.");
    remedy.summary = format!("{} Share the file with the account, too.", remedy.summary);
    remedy
        .steps
        .push(Step::new(share).link("https://docs.cloud.google.com/bigquery/docs/external-data-drive"));
    remedy
}

fn get_a_scope(case: &Case<'_>) -> Remedy {
    match case.environment.credential() {
        Credential::MetadataServer => on_platform(case),
        Credential::UserAdc => elsewhere::user_login(case),
        Credential::ServiceAccountKey | Credential::ExternalAccount | Credential::Impersonated => {
            elsewhere::ask_in_code(case)
        }
        _ => elsewhere::general(case),
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
        | Platform::AppEngineFlexible => elsewhere::ask_metadata_server(case),
        _ => elsewhere::general(case),
    }
}

/// A list for gcloud's `--scopes`: its aliases where it has them, else the full URI.
fn scopes_flag(scopes: &ScopeSet) -> String {
    scopes.iter().map(|scope| flag_value(&scope)).collect::<Vec<_>>().join(",")
}

fn flag_value(scope: &Scope) -> String {
    let alias = crate::scope::ALIASES.iter().find(|(_, short)| *short == scope.short());
    match alias {
        Some((alias, _)) if *alias != "sql" => (*alias).to_owned(),
        _ if is_plain_uri(scope.as_str()) => scope.as_str().to_owned(),
        _ => "SCOPE".to_owned(),
    }
}

/// Whether a scope can stand in a shell command as it is.
fn is_plain_uri(uri: &str) -> bool {
    uri.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/._-".contains(&byte))
}
