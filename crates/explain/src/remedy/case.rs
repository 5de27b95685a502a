//! What advice is made from: which scopes would do, which are held, and where.

use gcp_scopes_catalog::scope::{Scope, ScopeSet};
use gcp_scopes_catalog::{least_of, recommended};

use super::step::Step;
use crate::environment::{Credential, Environment};
use crate::refusal::ScopeRefusal;

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
    pub(super) fn held(&self) -> Option<&ScopeSet> {
        let of_machine = [Credential::MetadataServer, Credential::Declared, Credential::Unknown];
        let may_be_its = of_machine.contains(&self.environment.credential());
        self.environment.scopes().filter(|_| may_be_its).or(self.held)
    }

    /// What is held and the least that is needed: a flag that replaces the list must carry both.
    pub(super) fn union(&self) -> Option<ScopeSet> {
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
    pub(super) fn names_none(&self) -> bool {
        self.accepted.iter().all(ScopeSet::is_empty)
    }

    /// The least that opens every closed gate.
    pub(super) fn needed(&self) -> Vec<Scope> {
        least_of(self.accepted)
    }

    /// What Google recommends, with whatever is needed or held beside it.
    pub(super) fn recommended(&self) -> ScopeSet {
        recommended(self.accepted, self.held())
    }

    /// The union as gcloud's `--scopes` takes it, with words in capitals for what is not known of it.
    pub(super) fn scopes_to_set(&self) -> String {
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
    pub(super) fn to_fill_in(&self) -> &'static str {
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
    pub(super) fn recommended_in_short(&self) -> Option<String> {
        if self.union().is_some_and(|all| all.contains(&Scope::cloud_platform())) {
            return None;
        }
        let names: Vec<String> = self.recommended().iter().map(|scope| scope.short().to_owned()).collect();
        Some(names.join(" and "))
    }

    /// The same as a sentence behind a step whose list is the union.
    pub(super) fn or_better(&self) -> String {
        let sentence = |list| {
            format!(" Google recommends {list} in the place of that list, and IAM roles for the rest.")
        };
        self.recommended_in_short().map(sentence).unwrap_or_default()
    }

    /// The recommended list as programs take it.
    pub(super) fn scopes_to_ask(&self) -> Vec<String> {
        self.recommended().iter().map(|scope| plain(&scope).to_owned()).collect()
    }

    /// What to enter for domain-wide delegation, where there is no recommended list.
    pub(super) fn scopes_to_delegate(&self) -> String {
        let all = self.union().unwrap_or_else(|| self.needed().into_iter().collect());
        let list: Vec<String> = all.iter().map(|scope| plain(&scope).to_owned()).collect();
        if list.is_empty() { "SCOPE".to_owned() } else { list.join(",") }
    }

    /// The scopes to ask for, in the form that people read.
    pub(super) fn needed_in_short(&self) -> String {
        let needed = self.needed();
        let names: Vec<&str> = needed.iter().map(Scope::short).collect();
        match names.split_last() {
            None => "the scope it lacks".to_owned(),
            Some((last, [])) => (*last).to_owned(),
            Some((last, first)) => format!("{} and {last}", first.join(", ")),
        }
    }

    /// Whether `cloud-platform` would do. Where nothing is known of the method, it most likely does.
    pub(super) fn is_cloud(&self) -> bool {
        self.accepted.iter().all(is_cloud)
    }

    /// Whether it would do for some of the calls.
    pub(super) fn is_partly_cloud(&self) -> bool {
        self.accepted.iter().any(is_cloud)
    }

    /// What to ask for in code, where the list is the recommended one.
    pub(super) fn advice(&self) -> String {
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
    pub(super) fn beyond_cloud(&self) -> &'static str {
        match self.is_partly_cloud() {
            _ if self.is_cloud() => "",
            true => " cloud-platform does not cover all of these APIs.",
            false => " cloud-platform does not cover this API.",
        }
    }

    pub(super) fn project(&self) -> &str {
        self.environment.project().unwrap_or("PROJECT")
    }

    pub(super) fn account(&self) -> &str {
        self.environment.account().unwrap_or("SERVICE_ACCOUNT")
    }
}

pub(super) fn is_cloud(accepted: &ScopeSet) -> bool {
    accepted.is_empty() || accepted.contains(&Scope::cloud_platform())
}

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

    pub(super) fn new(summary: impl Into<String>, steps: Vec<Step>) -> Self {
        Self { summary: summary.into(), steps }
    }
}

/// A list for gcloud's `--scopes`: its aliases where it has them, else the full URI.
///
/// ```
/// use gcp_scopes_catalog::scope::ScopeSet;
/// use gcp_scopes_explain::remedy::scopes_flag;
///
/// let scopes = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
/// assert_eq!(scopes_flag(&scopes), "storage-ro");
/// ```
#[must_use]
pub fn scopes_flag(scopes: &ScopeSet) -> String {
    scopes.iter().map(|scope| flag_value(&scope)).collect::<Vec<_>>().join(",")
}

fn flag_value(scope: &Scope) -> String {
    scope.gcloud_alias().filter(|alias| *alias != "sql").unwrap_or_else(|| plain(scope)).to_owned()
}

/// A scope's URI, if it can stand in a shell command and in a string as it is: a server may name
/// any scope.
pub(super) fn plain(scope: &Scope) -> &str {
    let uri = scope.as_str();
    let is_plain = uri.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/._-".contains(&byte));
    if is_plain && !uri.starts_with('-') { uri } else { "SCOPE" }
}
