//! Compares a list of scopes with the needs of a service.

use gcp_scopes_catalog::scope::{Scope, ScopeSet};
use gcp_scopes_catalog::{Lookup, least_scopes, recommended_scopes};

use crate::needs_file::{NeededMethod, NeedsFile};

/// The note for a machine without an account.
pub(crate) const NO_ACCOUNT: &str = "without a service account the machine gets no token at all";

/// The note for a node of GKE whose scopes limit no pod.
pub(crate) const GKE_METADATA: &str = "pods have identities of their own (GKE_METADATA): the \
                                       scopes of the node limit no pod, except for those with \
                                       hostNetwork (unverified)";

/// The scopes of a machine.
#[derive(Debug, Clone, Default)]
pub(crate) struct HeldScopes {
    pub(crate) scopes: ScopeSet,
    /// Scopes that Google may add.
    pub(crate) maybe: ScopeSet,
    /// Why the machine may have scopes that are not known.
    pub(crate) doubt: Option<String>,
    /// Texts in the list that are no scopes.
    pub(crate) invalid: Vec<String>,
}

/// Whether the scopes of a machine fit the needs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NeedsVerdict {
    Fits,
    /// The methods that will be refused.
    Lacks(Vec<NeededMethod>),
    /// Why this is not known.
    Unknown(String),
}

impl HeldScopes {
    pub(crate) fn unknown(why: impl Into<String>) -> Self {
        Self { doubt: Some(why.into()), ..Self::default() }
    }

    /// Adds a text of a list: a URI, or a short name of gcloud. Other texts are no scopes: the
    /// provider sends them as they are, and Compute Engine answers 400
    /// (<https://github.com/hashicorp/terraform-provider-google/issues/1943>).
    pub(crate) fn add(&mut self, text: &str) {
        match scope(text) {
            Some(scope) => self.scopes.insert(scope),
            None => self.invalid.push(text.to_owned()),
        }
    }

    /// Compares the scopes with all needed methods. If one method lacks a scope and another cannot
    /// be judged, the verdict is [`NeedsVerdict::Lacks`].
    pub(crate) fn compare(&self, needs: &NeedsFile) -> NeedsVerdict {
        let (mut lacking, mut doubt) = (Vec::new(), None);
        for need in needs.needs() {
            match self.accepts(need) {
                Ok(true) => {}
                Ok(false) => lacking.push(need.clone()),
                Err(why) => doubt = doubt.or(Some(why)),
            }
        }
        match doubt {
            _ if !lacking.is_empty() => NeedsVerdict::Lacks(lacking),
            Some(why) => NeedsVerdict::Unknown(why),
            None => NeedsVerdict::Fits,
        }
    }

    /// Checks whether the scopes are sufficient for a method, or returns why that is not known.
    fn accepts(&self, need: &NeededMethod) -> Result<bool, String> {
        let lookup = Lookup::from(need.method());
        let by_file: ScopeSet = need.accepted_by_file().collect();
        let is_accepted = |held: &ScopeSet| match lookup.accepts(held) {
            Ok(true) => Ok(true),
            _ if by_file.intersects(held) => Ok(true),
            answer => answer.map_err(|why| format!("{}: {}", need.name(), why.describe())),
        };
        match (is_accepted(&self.scopes)?, &self.doubt) {
            (true, _) => Ok(true),
            (false, Some(why)) => Err(why.clone()),
            (false, None) if is_accepted(&self.scopes.union(&self.maybe))? => {
                let added: Vec<String> = self.maybe.iter().map(|scope| scope.to_string()).collect();
                Err(format!("Google may add {} to the list", added.join(" and ")))
            }
            (false, None) => Ok(false),
        }
    }

    /// Returns the whole list to write: the present scopes, and scopes that the lacking methods
    /// accept.
    ///
    /// A machine with an account of its own gets `cloud-platform`, as Google recommends, if a
    /// method accepts it. A machine with the default account, which often has the role Editor, gets
    /// the narrowest scopes: with `cloud-platform`, the machine would violate the CIS benchmark for
    /// Google Cloud (4.2).
    pub(crate) fn opened(&self, lacking: &[NeededMethod], is_own_account: bool) -> Vec<Scope> {
        let accepted: Vec<ScopeSet> =
            lacking.iter().flat_map(|need| need.method().scope_sets()).collect();
        let opening: ScopeSet = match is_own_account {
            true => recommended_scopes(&accepted, None),
            false => least_scopes(&accepted).into_iter().collect(),
        };
        let mut list: Vec<Scope> = self.scopes.iter().collect();
        list.extend(opening.iter().filter(|scope| !self.scopes.contains(scope)));
        list
    }
}

/// Checks whether an account is one that somebody created, and not the default account of Compute
/// Engine: <https://docs.cloud.google.com/compute/docs/access/service-accounts>.
pub(crate) fn is_own_account(email: &str) -> bool {
    email.contains('@') && !email.ends_with("-compute@developer.gserviceaccount.com")
}

/// Returns the scope that a text in a list of Terraform stands for.
fn scope(text: &str) -> Option<Scope> {
    if text.contains("://") {
        return Some(Scope::from_uri(text));
    }
    if let Some((_, name)) = PROVIDER_ALONE.iter().find(|(alias, _)| *alias == text) {
        return Some(Scope::from_uri(&format!("https://www.googleapis.com/auth/{name}")));
    }
    // OpenID's names are scopes without a prefix.
    if ["openid", "email", "profile"].contains(&text) {
        return Some(Scope::from_uri(text));
    }
    text.parse::<Scope>().ok().filter(|scope| scope.gcloud_alias() == Some(text))
}

/// Short names that Terraform's provider knows, but gcloud no longer does. Source:
/// <https://github.com/hashicorp/terraform-provider-google/blob/main/google/tpgresource/service_scope.go>
const PROVIDER_ALONE: [(&str, &str); 3] = [
    ("taskqueue", "taskqueue"),
    ("useraccounts-ro", "cloud.useraccounts.readonly"),
    ("useraccounts-rw", "cloud.useraccounts"),
];
