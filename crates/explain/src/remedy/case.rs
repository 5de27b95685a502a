//! A refusal for lack of scope: the accepted scopes, the scopes of the token, and the environment.

use std::cell::OnceCell;

use gcp_scopes_catalog::scope::{Scope, ScopeSet};
use gcp_scopes_catalog::{equally_narrow, least_scopes, narrowest_first, recommended_scopes};

use crate::environment::{AccountKind, Credential, Environment, Platform};
use crate::refusal::ScopeProblem;
use crate::required_scopes::RequiredScopes;

/// The scopes that `gcloud auth application-default login` requests by default. The flag `--scopes`
/// replaces these scopes. Source: `gcloud auth application-default login --help`.
const LOGIN_DEFAULTS: &str = "openid https://www.googleapis.com/auth/userinfo.email \
    https://www.googleapis.com/auth/cloud-platform \
    https://www.googleapis.com/auth/sqlservice.login";

/// The scope whose limits count even if the token holds a wider scope, too. Source:
/// <https://developers.google.com/workspace/gmail/api/auth/scopes>.
const RESTRICTING: &str = "gmail.metadata";

/// A scope that Dataproc adds to every list by itself, so that recommended lists leave it out.
/// Source: <https://docs.cloud.google.com/dataproc/docs/reference/rest/v1/ClusterConfig>.
const ADDED_BY_DATAPROC: &str = "cloud.useraccounts.readonly";

/// The maximum number of scopes that a step names, so that its text is a few lines long.
const MAX_CANDIDATES: usize = 6;

/// The facts of a refusal for lack of scope that determine its steps.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) problem: ScopeProblem,
    /// The token needs one scope of each set. An empty set stands for a scope that is not known.
    pub(crate) accepted: Vec<ScopeSet>,
    /// The scopes of which the call needs one, if it is not known which one.
    candidates: Option<&'a ScopeSet>,
    /// Whether the steps are for one call, which may need several scopes at once.
    is_one_call: bool,
    known: KnownCall,
    /// The scopes that the token holds, if they are known.
    pub(crate) held: Option<&'a ScopeSet>,
    pub(crate) environment: &'a Environment,
    /// The value of [`candidate_names`](Self::candidate_names), once it is computed.
    candidate_names: OnceCell<Option<String>>,
    /// The value of [`needed`](Self::needed), once it is computed.
    needed: OnceCell<Vec<Scope>>,
    /// The value of [`recommended_scopes`](Self::recommended_scopes), once it is computed.
    recommended: OnceCell<ScopeSet>,
}

/// What is known of the call that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KnownCall {
    Nothing,
    /// The API, but not the method.
    Api,
    /// The method, and with it the API.
    Method,
}

impl KnownCall {
    pub(crate) fn new(is_method_known: bool, is_api_known: bool) -> Self {
        match (is_method_known, is_api_known) {
            (true, _) => Self::Method,
            (false, true) => Self::Api,
            (false, false) => Self::Nothing,
        }
    }
}

impl<'a> Case<'a> {
    /// Creates the case of one or more calls for which one token lacks scopes, with the accepted
    /// scopes of each call.
    pub(super) fn for_calls(
        accepted: &[ScopeSet],
        held: Option<&'a ScopeSet>,
        environment: &'a Environment,
    ) -> Self {
        let is_one_call = accepted.len() == 1;
        let case =
            Self::for_call(ScopeProblem::Missing, &RequiredScopes::Unknown, held, environment);
        Self { accepted: accepted.to_vec(), is_one_call, known: KnownCall::Method, ..case }
    }

    /// Creates the case of one call that was refused or is not sent.
    pub(crate) fn for_call(
        problem: ScopeProblem,
        required: &'a RequiredScopes,
        held: Option<&'a ScopeSet>,
        environment: &'a Environment,
    ) -> Self {
        Self {
            problem,
            accepted: required.sets(),
            candidates: match required {
                RequiredScopes::OneOf(scopes) => Some(scopes),
                _ => None,
            },
            is_one_call: true,
            known: KnownCall::Nothing,
            held,
            environment,
            candidate_names: OnceCell::new(),
            needed: OnceCell::new(),
            recommended: OnceCell::new(),
        }
    }

    /// Sets what is known of the call.
    pub(crate) fn with_known(self, known: KnownCall) -> Self {
        Self { known, ..self }
    }
}

impl Case<'_> {
    /// Returns the scopes that must not get lost when scopes are added. Unlike the field `held`,
    /// these are the scopes of the machine if the token may be the machine's, because a flag that
    /// sets scopes replaces all scopes of the machine. Otherwise these are the scopes of the token,
    /// if they are known.
    pub(super) fn held(&self) -> Option<&ScopeSet> {
        let of_machine = [Credential::MetadataServer, Credential::Declared, Credential::Unknown];
        let may_be_of_machine = of_machine.contains(&self.environment.credential());
        self.environment.scopes().filter(|_| may_be_of_machine).or(self.held)
    }

    /// Returns the [held](Self::held) scopes that can be set again. A server may list any text as a
    /// scope, and Google refuses a list with a scope that it does not know.
    fn held_to_keep(&self) -> Option<ScopeSet> {
        self.held().map(|held| held.iter().filter(has_plain_uri).collect())
    }

    /// Returns whether one of the held scopes cannot be set again, so that the lists of scopes in
    /// commands do not contain it.
    pub(super) fn has_odd_scope(&self) -> bool {
        self.held().is_some_and(|held| !held.iter().all(|scope| has_plain_uri(&scope)))
    }

    /// Returns the held scopes that restrict what other scopes allow.
    pub(super) fn restricting(&self) -> ScopeSet {
        let is_restricting = |scope: &Scope| scope.short() == RESTRICTING;
        self.held().into_iter().flat_map(ScopeSet::iter).filter(is_restricting).collect()
    }

    /// Returns the [held](Self::held) and the [needed](Self::needed) scopes together; `None` if the
    /// held scopes are unknown.
    pub(super) fn held_and_needed(&self) -> Option<ScopeSet> {
        let mut all = self.held_to_keep()?;
        all.extend(self.needed().iter().cloned());
        Some(all)
    }

    /// Returns whether the VM has no service account, or one without scopes, so that its metadata
    /// server issues no token.
    pub(super) fn is_vm_without_account(&self) -> bool {
        let of_vm = self.environment.credential() == Credential::MetadataServer
            && self.environment.platform() == Platform::ComputeEngine;
        of_vm && self.holds_no_scope()
    }

    /// Returns whether it is known that the token or the machine holds no scope.
    pub(super) fn holds_no_scope(&self) -> bool {
        self.held().is_some_and(ScopeSet::is_empty)
    }

    /// Returns whether the machine gets another account together with the scopes: the machine has
    /// no account, or the project's default account, which must not hold `cloud-platform` because
    /// it may have the role Editor.
    pub(super) fn needs_new_account(&self) -> bool {
        let has_none = self.holds_no_scope() && self.environment.account().is_none();
        let gets_cloud_platform = self.recommended_short_names().is_some()
            || matches!(self.problem, ScopeProblem::NodePool | ScopeProblem::Registry);
        has_none || (self.has_default_account() && gets_cloud_platform)
    }

    fn has_default_account(&self) -> bool {
        self.environment.account_kind().is_some_and(AccountKind::is_default)
    }

    /// Returns whether the scopes that are set on the machine are enough for every call, so that
    /// no change of the machine helps.
    pub(super) fn is_machine_enough(&self) -> bool {
        let is_of_machine = self.environment.credential() == Credential::MetadataServer;
        let suffices = |scopes: &ScopeSet| self.accepted.iter().all(|all| scopes.intersects(all));
        is_of_machine && self.environment.scopes().is_some_and(suffices)
    }

    /// Returns whether all accepted scopes are for a person's mail or contacts, which a service
    /// account does not have.
    pub(super) fn is_about_a_person(&self) -> bool {
        let is_personal = |scope: Scope| {
            let name = scope.short();
            name.starts_with("gmail.") || name.contains("mail.google.com") || {
                name.split('.').next() == Some("contacts")
            }
        };
        let are_personal = |all: &ScopeSet| !all.is_empty() && all.iter().all(is_personal);
        !self.accepted.is_empty() && self.accepted.iter().all(are_personal)
    }

    /// Returns the scopes that the token holds before an option is carried out, if they are known.
    /// Unless `cloud-platform` is enough for the calls, a token that holds it by default is assumed
    /// to hold it.
    pub(super) fn held_before(&self) -> Option<ScopeSet> {
        let is_default = self.keeps_cloud_platform() && !self.is_cloud_platform_enough();
        let default = || is_default.then(|| ScopeSet::from_iter([Scope::cloud_platform()]));
        self.held().cloned().or_else(default)
    }

    /// Returns whether the known scopes of the token are enough for every call. Then the call may
    /// have been sent with another token.
    pub(crate) fn is_contradicted(&self) -> bool {
        let suffices =
            |held: &ScopeSet| self.accepted.iter().all(|accepted| held.intersects(accepted));
        self.problem == ScopeProblem::Missing && self.held.is_some_and(suffices)
    }

    /// Returns whether for none of the calls a scope is known that is enough.
    pub(super) fn needs_unknown_scope(&self) -> bool {
        self.accepted.iter().all(ScopeSet::is_empty)
    }

    /// Returns whether the steps are for one call that needs one scope.
    pub(super) fn is_one_call(&self) -> bool {
        self.is_one_call && self.accepted.len() == 1
    }

    /// Returns whether one call needs several scopes at once.
    pub(super) fn needs_several_scopes(&self) -> bool {
        self.is_one_call && self.accepted.len() > 1
    }

    /// Returns what is known of the call.
    pub(super) fn known(&self) -> KnownCall {
        self.known
    }

    /// Returns whether the token may come from a metadata server whose tokens hold `cloud-platform`
    /// unless the program requests other scopes.
    pub(super) fn may_hold_cloud_platform_by_default(&self) -> bool {
        self.environment.credential() == Credential::MetadataServer
            && self.environment.platform().has_cloud_platform_by_default()
    }

    /// Returns the short names of the scopes of which the call needs one, if it is not known which
    /// one.
    pub(super) fn candidate_names(&self) -> Option<String> {
        self.candidate_names.get_or_init(|| candidate_names(self.candidates)).clone()
    }

    /// Returns the fewest scopes that together are enough for every call.
    pub(super) fn needed(&self) -> &[Scope] {
        self.needed.get_or_init(|| least_scopes(&self.accepted))
    }

    /// Returns the scopes that Google recommends: `cloud-platform` if a call accepts it, and the
    /// needed and held scopes of APIs that `cloud-platform` does not cover, such as Drive.
    pub(super) fn recommended_scopes(&self) -> &ScopeSet {
        self.recommended.get_or_init(|| {
            let is_kept = |scope: &Scope| scope.short() != ADDED_BY_DATAPROC;
            let held: Option<ScopeSet> =
                self.held_to_keep().map(|held| held.iter().filter(is_kept).collect());
            recommended_scopes(&self.accepted, held.as_ref())
        })
    }

    /// Returns the [needed](Self::needed) scopes as a set.
    pub(super) fn needed_scopes(&self) -> ScopeSet {
        self.needed().iter().cloned().collect()
    }

    /// Returns the short names of the recommended scopes. Returns `None` if no call accepts
    /// `cloud-platform`, or if `cloud-platform` is among the held or needed scopes, so that there
    /// is no other recommendation. If `cloud-platform` is needed on a machine with the project's
    /// default account, the recommendation is to replace the account.
    pub(super) fn recommended_short_names(&self) -> Option<String> {
        let platform = Scope::cloud_platform();
        let is_held = self.held().is_some_and(|held| held.contains(&platform));
        let is_needed = self.held().is_some() && self.needed().contains(&platform);
        let is_only_choice = is_held || (is_needed && !self.has_default_account());
        if is_only_choice || !self.recommended_scopes().contains(&platform) {
            return None;
        }
        let names: Vec<String> =
            self.recommended_scopes().iter().map(|scope| scope.short().to_owned()).collect();
        Some(names.join(" and "))
    }

    /// Returns whether the token would lose `cloud-platform` if the program requested a list of
    /// scopes without it.
    fn keeps_cloud_platform(&self) -> bool {
        let platform = self.environment.platform();
        let of_platform = [Credential::MetadataServer, Credential::Declared, Credential::Unknown];
        // On a GKE node, the advice gives the pod an identity of its own, which has this default.
        // On Composer, Airflow's hooks request `cloud-platform` themselves.
        of_platform.contains(&self.environment.credential())
            && (platform.has_cloud_platform_by_default()
                || matches!(platform, Platform::GkeNode | Platform::Composer))
    }

    /// Returns the scopes that a program requests: the recommended scopes, and `cloud-platform` if
    /// the token holds it by default, because a list of scopes replaces the default.
    pub(super) fn scopes_to_request(&self) -> ScopeSet {
        if !self.keeps_cloud_platform() {
            return self.with_scope_of_bigquery(self.recommended_scopes().clone());
        }
        let mut held = self.held_to_keep().unwrap_or_default();
        held.insert(Scope::cloud_platform());
        recommended_scopes(&self.accepted, Some(&held))
    }

    /// Returns the scopes of a token for the refused calls alone.
    pub(super) fn scopes_for_calls(&self) -> ScopeSet {
        self.with_scope_of_bigquery(self.needed_scopes())
    }

    /// Adds a scope for BigQuery if none is among the scopes and the call is a query that reads a
    /// file in Drive.
    fn with_scope_of_bigquery(&self, mut scopes: ScopeSet) -> ScopeSet {
        let sufficient = ["bigquery", "cloud-platform"]
            .map(|name| Scope::from_uri(&format!("https://www.googleapis.com/auth/{name}")));
        let [bigquery, _] = &sufficient;
        if self.problem == ScopeProblem::ScopeOrShare
            && !sufficient.iter().any(|scope| scopes.contains(scope))
        {
            scopes.insert(bigquery.clone());
        }
        scopes
    }

    /// Returns the held and the needed scopes, or the needed scopes if the held ones are unknown.
    pub(super) fn held_if_known_and_needed(&self) -> ScopeSet {
        self.held_and_needed().unwrap_or_else(|| self.needed_scopes())
    }

    /// Returns the scopes for a person's login: the defaults of gcloud, the scopes of the token,
    /// and the fewest scopes that the calls need in addition.
    pub(super) fn scopes_to_log_in(&self) -> ScopeSet {
        // gcloud refuses a list without `cloud-platform`, so the defaults stay in the list even if
        // no call needs them.
        let mut all = ScopeSet::from_scope_text(LOGIN_DEFAULTS);
        all.extend(self.held.into_iter().flat_map(ScopeSet::iter));
        let is_lacking = |accepted: &&ScopeSet| !all.intersects(accepted);
        let lacking: Vec<ScopeSet> = self.accepted.iter().filter(is_lacking).cloned().collect();
        all.extend(least_scopes(&lacking));
        if self.problem == ScopeProblem::Restricting {
            all = all.iter().filter(|scope| scope.short() != RESTRICTING).collect();
            // Without the scope that restricts, the call needs another one of Gmail.
            if !all.iter().any(|scope| scope.short().starts_with("gmail.")) {
                all.insert(Scope::from_uri("https://www.googleapis.com/auth/gmail.readonly"));
            }
        }
        all
    }

    /// Returns whether gcloud's own list of scopes for a login is enough: `cloud-platform` includes
    /// all other scopes of the [list](Self::scopes_to_log_in).
    pub(super) fn is_default_login_enough(&self) -> bool {
        let cloud = [ScopeSet::from_iter([Scope::cloud_platform()])];
        let defaults = ScopeSet::from_scope_text(LOGIN_DEFAULTS);
        let rest = recommended_scopes(&cloud, Some(&self.scopes_to_log_in()));
        rest.iter().all(|scope| defaults.contains(&scope))
    }

    /// Returns the short names of the needed scopes as a phrase. If the catalog does not show which
    /// scope is the narrowest, the phrase has each of them.
    pub(super) fn needed_short_names(&self) -> String {
        match (self.accepted.as_slice(), self.needed()) {
            (_, []) => "the scope it lacks".to_owned(),
            ([accepted], [_]) => any_of(&equally_narrow(accepted)),
            (_, needed) => phrase(needed, "and"),
        }
    }

    /// Returns whether `cloud-platform` is known to be enough for every call.
    pub(super) fn is_cloud_platform_enough(&self) -> bool {
        self.accepted.iter().all(accepts_cloud_platform)
    }

    /// Returns whether `cloud-platform` is enough for at least one of the calls.
    pub(super) fn is_cloud_platform_enough_for_some(&self) -> bool {
        self.accepted.iter().any(accepts_cloud_platform)
    }

    /// Returns whether a scope of Drive, Docs, Sheets or Slides is enough for at least one of the
    /// calls.
    pub(super) fn accepts_drive_scopes(&self) -> bool {
        let names = ["drive", "spreadsheets", "documents", "presentations"];
        let is_drive =
            |scope: Scope| names.iter().any(|name| scope.short().split('.').next() == Some(*name));
        self.accepted.iter().any(|accepted| accepted.iter().any(is_drive))
    }

    /// Returns whether the scopes `drive` and `cloud-platform` together are enough for every call.
    pub(super) fn is_drive_with_cloud_platform_enough(&self) -> bool {
        let drive = Scope::from_uri("https://www.googleapis.com/auth/drive");
        self.accepted
            .iter()
            .all(|accepted| accepted.contains(&drive) || accepts_cloud_platform(accepted))
    }

    /// Returns whether the held scopes are known and do not allow a program to request another
    /// token for its own account from the IAM Credentials API.
    pub(super) fn cannot_issue_tokens(&self) -> bool {
        // `generateAccessToken` accepts either scope; the catalog's overrides name the source.
        let sufficient = ["cloud-platform", "iam"]
            .map(|name| Scope::from_uri(&format!("https://www.googleapis.com/auth/{name}")));
        self.held().is_some_and(|held| !held.intersects(&ScopeSet::from_iter(sufficient)))
    }
}

/// Returns scopes of which any one is enough, as a phrase.
fn any_of(scopes: &[Scope]) -> String {
    match scopes {
        [first, _, _, _, ..] => {
            format!("{} (or one of {} others)", first.short(), scopes.len() - 1)
        }
        few => phrase(few, "or"),
    }
}

/// Joins the short names of scopes.
fn phrase(scopes: &[Scope], before_last: &str) -> String {
    let names: Vec<&str> = scopes.iter().map(Scope::short).collect();
    match names.split_last() {
        Some((last, first)) if !first.is_empty() => {
            format!("{} {before_last} {last}", first.join(", "))
        }
        _ => names.concat(),
    }
}

/// Returns the short names of some scopes, and the number of the others.
fn candidate_names(scopes: Option<&ScopeSet>) -> Option<String> {
    let scopes = narrowest_first(scopes?);
    let names: Vec<&str> = scopes.iter().take(MAX_CANDIDATES).map(Scope::short).collect();
    let list = names.join(", ");
    match scopes.len() - names.len() {
        0 => Some(list),
        more => Some(format!("{list} and {more} more")),
    }
}

fn accepts_cloud_platform(accepted: &ScopeSet) -> bool {
    accepted.contains(&Scope::cloud_platform())
}

/// Returns scopes as a value of gcloud's flag `--scopes`: gcloud's aliases, and the URIs of scopes
/// that have no alias.
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

/// Returns gcloud's alias of a scope, except for `sql`, else the URI of the scope.
fn flag_value(scope: &Scope) -> String {
    // `gcloud compute instances create --help` calls the alias `sql` deprecated.
    scope
        .gcloud_alias()
        .filter(|alias| *alias != "sql")
        .unwrap_or_else(|| safe_uri(scope))
        .to_owned()
}

/// Returns the URIs of scopes, with a placeholder for an unsafe URI.
pub(super) fn uris(scopes: &ScopeSet) -> Vec<String> {
    scopes.iter().map(|scope| safe_uri(&scope).to_owned()).collect()
}

/// Returns the URI of a scope, or a placeholder if the URI contains a character that is special to
/// a shell. The server may list any URI as a scope.
fn safe_uri(scope: &Scope) -> &str {
    if has_plain_uri(scope) { scope.as_str() } else { "SCOPE" }
}

/// Returns whether the URI of a scope has only the characters of the URIs that Google documents.
fn has_plain_uri(scope: &Scope) -> bool {
    let uri = scope.as_str();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b":/._-".contains(&byte);
    uri.bytes().all(is_plain) && !uri.starts_with('-')
}
