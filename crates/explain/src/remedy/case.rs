//! A refusal for lack of scope: the accepted scopes, the scopes of the token, and the environment.

use std::cell::OnceCell;

use gcp_scopes_catalog::scope::{Scope, ScopeSet};
use gcp_scopes_catalog::{least_scopes, recommended_scopes};

use crate::environment::{Credential, Environment};
use crate::refusal::ScopeProblem;

/// The scopes that `gcloud auth application-default login` requests by default. The flag `--scopes`
/// replaces these scopes. Source: `gcloud auth application-default login --help`.
const LOGIN_DEFAULTS: &str = "openid https://www.googleapis.com/auth/userinfo.email \
     https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/sqlservice.login";

/// The facts of a refusal for lack of scope that determine its steps.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) problem: ScopeProblem,
    /// A set of scopes for each call. Each call needs one scope of its set.
    pub(crate) accepted: &'a [ScopeSet],
    /// The scopes that the token holds, if they are known.
    pub(crate) held: Option<&'a ScopeSet>,
    pub(crate) environment: &'a Environment,
    /// The value of [`needed`](Self::needed), once it is computed.
    needed: OnceCell<Vec<Scope>>,
    /// The value of [`recommended_scopes`](Self::recommended_scopes), once it is computed.
    recommended: OnceCell<ScopeSet>,
}

impl<'a> Case<'a> {
    pub(crate) fn new(
        problem: ScopeProblem,
        accepted: &'a [ScopeSet],
        held: Option<&'a ScopeSet>,
        environment: &'a Environment,
    ) -> Self {
        let (needed, recommended) = (OnceCell::new(), OnceCell::new());
        Self { problem, accepted, held, environment, needed, recommended }
    }
}

impl Case<'_> {
    /// Returns the scopes that must not get lost when scopes are added. These are the scopes of the
    /// machine if the token may be the machine's, because a flag that sets scopes replaces all
    /// scopes of the machine. Otherwise these are the scopes of the token, if they are known.
    pub(super) fn held(&self) -> Option<&ScopeSet> {
        let of_machine = [Credential::MetadataServer, Credential::Declared, Credential::Unknown];
        let may_be_of_machine = of_machine.contains(&self.environment.credential());
        self.environment.scopes().filter(|_| may_be_of_machine).or(self.held)
    }

    /// Returns the [held](Self::held) and the [needed](Self::needed) scopes together; `None` if the
    /// held scopes are unknown.
    pub(super) fn held_and_needed(&self) -> Option<ScopeSet> {
        let mut all = self.held()?.clone();
        all.extend(self.needed().iter().cloned());
        Some(all)
    }

    /// Returns whether the known scopes of the token are enough for every call. Then the call may
    /// have been sent with another token.
    pub(crate) fn is_contradicted(&self) -> bool {
        let suffices = |held: &ScopeSet| self.accepted.iter().all(|accepted| held.intersects(accepted));
        self.problem == ScopeProblem::Missing && self.held.is_some_and(suffices)
    }

    /// Returns whether the accepted scopes are unknown for every call.
    pub(super) fn has_no_accepted_scopes(&self) -> bool {
        self.accepted.iter().all(ScopeSet::is_empty)
    }

    /// Returns the fewest scopes that are enough for every call.
    pub(super) fn needed(&self) -> &[Scope] {
        self.needed.get_or_init(|| least_scopes(self.accepted))
    }

    /// Returns the scopes that Google recommends: `cloud-platform`, and the needed and held scopes
    /// of APIs that `cloud-platform` does not cover, such as Drive.
    pub(super) fn recommended_scopes(&self) -> &ScopeSet {
        self.recommended.get_or_init(|| recommended_scopes(self.accepted, self.held()))
    }

    /// Returns the held and the needed scopes as a value of gcloud's flag `--scopes`, with
    /// placeholders for unknown scopes.
    pub(super) fn scopes_to_set(&self) -> String {
        let needed = self.needed();
        let mut list: Vec<String> = match self.held_and_needed() {
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

    /// Returns the short names of the recommended scopes; `None` if `cloud-platform` is among the
    /// held or needed scopes, so that there is no other recommendation.
    pub(super) fn recommended_short_names(&self) -> Option<String> {
        if self.held_and_needed().is_some_and(|all| all.contains(&Scope::cloud_platform())) {
            return None;
        }
        let names: Vec<String> =
            self.recommended_scopes().iter().map(|scope| scope.short().to_owned()).collect();
        Some(names.join(" and "))
    }

    /// Returns the URIs of the recommended scopes.
    pub(super) fn scopes_to_request(&self) -> Vec<String> {
        uris(self.recommended_scopes())
    }

    /// Returns the scopes to enter for domain-wide delegation: the held and the needed scopes,
    /// because Google recommends no scopes for delegation.
    pub(super) fn scopes_to_delegate(&self) -> String {
        let all = self.held_and_needed().unwrap_or_else(|| self.needed().iter().cloned().collect());
        if all.is_empty() { "SCOPE".to_owned() } else { uris(&all).join(",") }
    }

    /// Returns the scopes for a person's login: the defaults of gcloud, the scopes of the token,
    /// and the fewest scopes that the calls need in addition.
    pub(super) fn scopes_to_log_in(&self) -> String {
        let mut all = ScopeSet::from_scope_text(LOGIN_DEFAULTS);
        all.extend(self.held.into_iter().flat_map(ScopeSet::iter));
        let is_lacking = |accepted: &&ScopeSet| !all.intersects(accepted);
        let lacking: Vec<ScopeSet> = self.accepted.iter().filter(is_lacking).cloned().collect();
        all.extend(least_scopes(&lacking));
        uris(&all).join(",")
    }

    /// Returns the short names of the needed scopes as a phrase.
    pub(super) fn needed_short_names(&self) -> String {
        let needed = self.needed();
        let names: Vec<&str> = needed.iter().map(Scope::short).collect();
        match names.split_last() {
            None => "the scope it lacks".to_owned(),
            Some((last, [])) => (*last).to_owned(),
            Some((last, first)) => format!("{} and {last}", first.join(", ")),
        }
    }

    /// Returns whether `cloud-platform` is enough for every call. An unknown method counts as one
    /// that accepts `cloud-platform`, because most methods accept it.
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
        let is_drive = |scope: Scope| names.iter().any(|name| scope.short().split('.').next() == Some(*name));
        self.accepted.iter().any(|accepted| accepted.iter().any(is_drive))
    }

    /// Returns whether the scopes `drive` and `cloud-platform` together are enough for every call.
    pub(super) fn is_drive_with_cloud_platform_enough(&self) -> bool {
        let drive = Scope::from_uri("https://www.googleapis.com/auth/drive");
        self.accepted.iter().all(|accepted| accepted.contains(&drive) || accepts_cloud_platform(accepted))
    }

    /// Returns whether the held scopes are known and do not allow a program to request another
    /// token for its own account from the IAM Credentials API.
    pub(super) fn cannot_issue_tokens(&self) -> bool {
        let sufficient = ["cloud-platform", "iam"]
            .map(|name| Scope::from_uri(&format!("https://www.googleapis.com/auth/{name}")));
        self.held().is_some_and(|held| !held.intersects(&ScopeSet::from_iter(sufficient)))
    }
}

/// Returns whether `cloud-platform` is an accepted scope, or the accepted scopes are unknown.
fn accepts_cloud_platform(accepted: &ScopeSet) -> bool {
    accepted.is_empty() || accepted.contains(&Scope::cloud_platform())
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
    scope.gcloud_alias().filter(|alias| *alias != "sql").unwrap_or_else(|| safe_uri(scope)).to_owned()
}

/// Returns the URIs of scopes, with a placeholder for an unsafe URI.
fn uris(scopes: &ScopeSet) -> Vec<String> {
    scopes.iter().map(|scope| safe_uri(&scope).to_owned()).collect()
}

/// Returns the URI of a scope, or a placeholder if the URI contains a character that is special to
/// a shell. The server may list any URI as a scope.
fn safe_uri(scope: &Scope) -> &str {
    let uri = scope.as_str();
    let is_plain = uri.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/._-".contains(&byte));
    if is_plain && !uri.starts_with('-') { uri } else { "SCOPE" }
}
