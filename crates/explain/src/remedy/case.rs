//! A case of missing scopes: which ones are needed, which are held, and where the program runs.

use std::cell::OnceCell;

use gcp_scopes_catalog::scope::{Scope, ScopeSet};
use gcp_scopes_catalog::{least_of, recommended};

use crate::environment::{Credential, Environment};
use crate::refusal::ScopeProblem;

/// The scopes that `gcloud auth application-default login` asks for by default. `--scopes` replaces
/// them. Source: `gcloud auth application-default login --help`.
const DEFAULTS: &str = "openid https://www.googleapis.com/auth/userinfo.email \
     https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/sqlservice.login";

/// What the steps depend on.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) problem: ScopeProblem,
    /// A set for each call, of which one scope is enough.
    pub(crate) accepted: &'a [ScopeSet],
    /// The scopes of the token, if they are known.
    pub(crate) held: Option<&'a ScopeSet>,
    pub(crate) environment: &'a Environment,
    needed: OnceCell<Vec<Scope>>,
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
    /// The scopes that are held. Where the token may be the machine's, they are those of the
    /// machine: a flag would replace them.
    pub(super) fn held(&self) -> Option<&ScopeSet> {
        let of_machine = [Credential::MetadataServer, Credential::Declared, Credential::Unknown];
        let may_be_its = of_machine.contains(&self.environment.credential());
        self.environment.scopes().filter(|_| may_be_its).or(self.held)
    }

    /// The scopes that are held and the fewest that are needed: a flag that replaces the list needs
    /// both.
    pub(super) fn union(&self) -> Option<ScopeSet> {
        let mut all = self.held()?.clone();
        all.extend(self.needed().iter().cloned());
        Some(all)
    }

    /// Whether the scopes of the token are enough, so that another token may have been refused.
    pub(crate) fn is_contradicted(&self) -> bool {
        let opens = |held: &ScopeSet| self.accepted.iter().all(|accepted| held.intersects(accepted));
        self.problem == ScopeProblem::Missing && self.held.is_some_and(opens)
    }

    /// Whether it is not known which scopes would be enough.
    pub(super) fn names_none(&self) -> bool {
        self.accepted.iter().all(ScopeSet::is_empty)
    }

    /// The fewest scopes that are enough for every call.
    pub(super) fn needed(&self) -> &[Scope] {
        self.needed.get_or_init(|| least_of(self.accepted))
    }

    /// The scopes that Google recommends, and those that are needed or held beside them.
    pub(super) fn recommended(&self) -> &ScopeSet {
        self.recommended.get_or_init(|| recommended(self.accepted, self.held()))
    }

    /// The [union](Self::union) for gcloud's `--scopes`, with placeholders for what is not known.
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

    /// The recommended scopes by their short names; `None` if `cloud-platform` is needed or held
    /// anyway.
    pub(super) fn recommended_in_short(&self) -> Option<String> {
        if self.union().is_some_and(|all| all.contains(&Scope::cloud_platform())) {
            return None;
        }
        let names: Vec<String> = self.recommended().iter().map(|scope| scope.short().to_owned()).collect();
        Some(names.join(" and "))
    }

    /// The URIs of the recommended scopes.
    pub(super) fn scopes_to_request(&self) -> Vec<String> {
        plain_list(self.recommended())
    }

    /// The scopes to enter for domain-wide delegation, for which Google recommends none.
    pub(super) fn scopes_to_delegate(&self) -> String {
        let all = self.union().unwrap_or_else(|| self.needed().iter().cloned().collect());
        if all.is_empty() { "SCOPE".to_owned() } else { plain_list(&all).join(",") }
    }

    /// The scopes for a person's login: gcloud's defaults, those that are held, and those that are
    /// needed.
    pub(super) fn scopes_to_log_in(&self) -> String {
        let mut all = ScopeSet::from_scope_text(DEFAULTS);
        all.extend(self.held.into_iter().flat_map(ScopeSet::iter));
        let is_lacking = |accepted: &&ScopeSet| !all.intersects(accepted);
        let lacking: Vec<ScopeSet> = self.accepted.iter().filter(is_lacking).cloned().collect();
        all.extend(least_of(&lacking));
        plain_list(&all).join(",")
    }

    /// The scopes that are needed, by their short names.
    pub(super) fn needed_in_short(&self) -> String {
        let needed = self.needed();
        let names: Vec<&str> = needed.iter().map(Scope::short).collect();
        match names.split_last() {
            None => "the scope it lacks".to_owned(),
            Some((last, [])) => (*last).to_owned(),
            Some((last, first)) => format!("{} and {last}", first.join(", ")),
        }
    }

    /// Whether `cloud-platform` is enough for every call. It is taken to be enough for an unknown
    /// method, as it is for most.
    pub(super) fn is_cloud(&self) -> bool {
        self.accepted.iter().all(is_cloud)
    }

    /// Whether `cloud-platform` is enough for some of the calls.
    pub(super) fn is_partly_cloud(&self) -> bool {
        self.accepted.iter().any(is_cloud)
    }

    /// Whether a scope of Drive, Docs, Sheets or Slides is enough for some of the calls.
    pub(super) fn is_drive(&self) -> bool {
        let names = ["drive", "spreadsheets", "documents", "presentations"];
        let is_drive = |scope: Scope| names.iter().any(|name| scope.short().split('.').next() == Some(*name));
        self.accepted.iter().any(|accepted| accepted.iter().any(is_drive))
    }

    /// Whether the widest scope of Drive and `cloud-platform` together are enough for every call.
    pub(super) fn opens_with_drive(&self) -> bool {
        let drive = Scope::from_uri("https://www.googleapis.com/auth/drive");
        self.accepted.iter().all(|accepted| accepted.contains(&drive) || is_cloud(accepted))
    }

    /// Whether the machine's scopes are known, and none of them allows it to make a token for its
    /// account.
    pub(super) fn cannot_mint(&self) -> bool {
        let mints = ["cloud-platform", "iam"]
            .map(|name| Scope::from_uri(&format!("https://www.googleapis.com/auth/{name}")));
        self.held().is_some_and(|held| !held.intersects(&ScopeSet::from_iter(mints)))
    }
}

fn is_cloud(accepted: &ScopeSet) -> bool {
    accepted.is_empty() || accepted.contains(&Scope::cloud_platform())
}

/// The scopes for gcloud's flag `--scopes`: its aliases, or URIs of scopes without one.
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

fn plain_list(scopes: &ScopeSet) -> Vec<String> {
    scopes.iter().map(|scope| plain(&scope).to_owned()).collect()
}

/// The URI of a scope, or a placeholder if it has a character that is special to a shell: a server
/// may list any URI.
fn plain(scope: &Scope) -> &str {
    let uri = scope.as_str();
    let is_plain = uri.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/._-".contains(&byte));
    if is_plain && !uri.starts_with('-') { uri } else { "SCOPE" }
}
