//! Which scopes a refused call needs, as far as that is known.

use gcp_scopes_catalog::scope::{Scope, ScopeSet};
use gcp_scopes_catalog::{ApiMethod, Catalog, Lookup, for_every_call, least_scope};

use crate::granted::{GrantSource, GrantedScopes};
use crate::refusal::{Refusal, ScopeProblem};

/// The scopes that a call needs, as far as they are known.
///
/// ```
/// use gcp_scopes_catalog::ApiMethod;
/// use gcp_scopes_explain::denial::RequiredScopes;
///
/// let publish = ApiMethod::by_id("pubsub.projects.topics.publish")?;
/// let required = RequiredScopes::from(publish);
/// assert_eq!(required, RequiredScopes::AnyOf(publish.accepted()));
/// # Ok::<(), gcp_scopes_catalog::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequiredScopes {
    /// Any one of these scopes is enough for the call.
    AnyOf(ScopeSet),
    /// The call needs all of these scopes at once.
    AllOf(ScopeSet),
    /// The method is not known. Any one of these scopes is enough for every method of the service.
    EveryMethod(ScopeSet),
    /// The call needs one of these scopes, but which one is not known: the method is not known,
    /// Google lists no scopes for the method, or the scope depends on the request.
    OneOf(ScopeSet),
    /// Neither the catalog nor the response names a scope.
    Unknown,
}

const EMPTY: &ScopeSet = &ScopeSet::new();

impl RequiredScopes {
    /// Returns the name of the variant, for JSON.
    ///
    /// ```
    /// assert_eq!(gcp_scopes_explain::denial::RequiredScopes::Unknown.as_str(), "unknown");
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::AnyOf(_) => "any_of",
            Self::AllOf(_) => "all_of",
            Self::EveryMethod(_) => "every_method",
            Self::OneOf(_) => "one_of",
            Self::Unknown => "unknown",
        }
    }

    /// Returns the scopes of which the call needs one. The set is empty if the call needs several
    /// scopes at once, and if no scope is known.
    ///
    /// ```
    /// use gcp_scopes_catalog::scope::ScopeSet;
    /// use gcp_scopes_explain::denial::RequiredScopes;
    ///
    /// let both = ScopeSet::from_scope_text("openid email");
    /// assert_eq!(RequiredScopes::AnyOf(both.clone()).accepted(), &both);
    /// assert!(RequiredScopes::AllOf(both).accepted().is_empty());
    /// ```
    #[must_use]
    pub fn accepted(&self) -> &ScopeSet {
        match self {
            Self::AnyOf(scopes) | Self::EveryMethod(scopes) | Self::OneOf(scopes) => scopes,
            Self::AllOf(_) | Self::Unknown => EMPTY,
        }
    }

    /// Returns the scopes that the call needs at once. The set is empty if one scope is enough, and
    /// if no scope is known.
    ///
    /// ```
    /// use gcp_scopes_catalog::scope::ScopeSet;
    /// use gcp_scopes_explain::denial::RequiredScopes;
    ///
    /// let both = ScopeSet::from_scope_text("openid email");
    /// assert_eq!(RequiredScopes::AllOf(both.clone()).all_of(), &both);
    /// ```
    #[must_use]
    pub fn all_of(&self) -> &ScopeSet {
        match self {
            Self::AllOf(scopes) => scopes,
            _ => EMPTY,
        }
    }

    /// Returns the narrowest scope that is enough for the call. Returns `None` if no single scope
    /// is known to be enough.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::denial::RequiredScopes;
    ///
    /// let get = RequiredScopes::from(ApiMethod::by_id("storage.objects.get")?);
    /// assert_eq!(get.least(), Some("devstorage.read_only".parse()?));
    /// assert_eq!(RequiredScopes::Unknown.least(), None);
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn least(&self) -> Option<Scope> {
        match self {
            Self::AnyOf(scopes) | Self::EveryMethod(scopes) => least_scope(scopes),
            _ => None,
        }
    }

    /// Returns a set for each scope that the call needs: the call needs one scope of each set. An
    /// empty set stands for a scope that is not known.
    pub(crate) fn sets(&self) -> Vec<ScopeSet> {
        match self {
            Self::AnyOf(scopes) | Self::EveryMethod(scopes) => vec![scopes.clone()],
            Self::AllOf(scopes) => {
                scopes.iter().map(|scope| ScopeSet::from_iter([scope])).collect()
            }
            Self::OneOf(_) | Self::Unknown => vec![ScopeSet::new()],
        }
    }

    /// Returns the scopes that a refused call needed. `method` is the method of the call, which the
    /// response may name.
    ///
    /// ```
    /// use gcp_scopes_catalog::Lookup;
    /// use gcp_scopes_catalog::call::AbstainReason;
    /// use gcp_scopes_explain::denial::RequiredScopes;
    /// use gcp_scopes_explain::granted::GrantedScopes;
    /// use gcp_scopes_explain::refusal::classify_text;
    ///
    /// let refusal = classify_text("Error 403: Request had insufficient authentication scopes.");
    /// let refusal = refusal.ok_or("no refusal")?;
    /// let call = Lookup::without_method(AbstainReason::Method);
    /// let granted = GrantedScopes::unknown("the log does not contain the scopes");
    /// let required = RequiredScopes::of_refused_call(&call, None, &granted, &refusal);
    /// assert_eq!(required, RequiredScopes::Unknown);
    ///
    /// let refusal = refusal.with_service("sheets.googleapis.com");
    /// let required = RequiredScopes::of_refused_call(&call, None, &granted, &refusal);
    /// assert_eq!(required.as_str(), "every_method");
    /// # Ok::<(), &str>(())
    /// ```
    #[must_use]
    pub fn of_refused_call(
        call: &Lookup,
        method: Option<ApiMethod>,
        granted: &GrantedScopes,
        refusal: &Refusal,
    ) -> Self {
        if refusal.problem() == Some(ScopeProblem::ScopeOrShare) {
            return Self::AnyOf(DRIVE.iter().map(|uri| Scope::from_uri(uri)).collect());
        }
        let stated = call.needed_scopes().map(|needed| Self::from(needed.scopes().clone()));
        let listed = stated.or_else(|| method.map(Self::from)).unwrap_or(Self::Unknown);
        let by_server = refusal.alternatives();
        match listed {
            Self::AnyOf(listed) => Self::from(accepted_scopes(&listed, granted, refusal)),
            Self::Unknown | Self::OneOf(_) if !by_server.is_empty() => {
                Self::AnyOf(by_server.clone())
            }
            Self::Unknown => match Self::of_service(service(call, refusal), method.is_some()) {
                // A path of www.googleapis.com names its API, even if its method is not known.
                Self::Unknown if method.is_none() => Self::one_of(call.accepted_by_service()),
                of_service => of_service,
            },
            listed => listed,
        }
    }

    /// Returns the scopes that a call needs, as far as its service shows them. If the method is
    /// known, it is one for which Google lists no scopes. Then a scope that is enough for every
    /// other method of the service may not be enough for this one.
    fn of_service(service: Option<&str>, is_method_known: bool) -> Self {
        let Some(service) = service else { return Self::Unknown };
        let catalog = Catalog::built_in();
        let enough = if is_method_known {
            ScopeSet::new()
        } else {
            catalog.scopes_for_every_method(service)
        };
        if !enough.is_empty() {
            return Self::EveryMethod(enough);
        }
        Self::one_of(catalog.scopes_of_service(service))
    }

    /// Returns [`OneOf`](Self::OneOf), or [`Unknown`](Self::Unknown) for an empty set.
    fn one_of(scopes: ScopeSet) -> Self {
        if scopes.is_empty() { Self::Unknown } else { Self::OneOf(scopes) }
    }
}

/// Returns the scopes of which one is enough for the method, or the scopes that the method needs at
/// once. If the accepted scopes depend on the request, or Google lists them for the whole service,
/// returns [`OneOf`](RequiredScopes::OneOf).
impl From<ApiMethod> for RequiredScopes {
    fn from(method: ApiMethod) -> Self {
        match method.accepted() {
            scopes if method.needs_every_scope() => Self::AllOf(scopes),
            scopes if is_unclear(method, &scopes) => Self::OneOf(scopes),
            scopes => Self::from(scopes),
        }
    }
}

/// Returns whether it is not known which of the listed scopes is enough for the method. This is so
/// if the needed scope depends on the request, or if the list is that of the whole service and does
/// not contain `cloud-platform`, which is enough for every method.
fn is_unclear(method: ApiMethod, listed: &ScopeSet) -> bool {
    let is_for_service = method.basis() == "protos" && !listed.contains(&Scope::cloud_platform());
    listed.len() > 1 && (is_for_service || method.needs_scope_by_request())
}

/// Returns [`AnyOf`](RequiredScopes::AnyOf), or [`Unknown`](RequiredScopes::Unknown) for an empty
/// set.
impl From<ScopeSet> for RequiredScopes {
    fn from(scopes: ScopeSet) -> Self {
        if scopes.is_empty() { Self::Unknown } else { Self::AnyOf(scopes) }
    }
}

/// Returns the host of the API that refused a call. Many APIs share the host `www.googleapis.com`,
/// so for that host the response decides.
fn service<'a>(call: &Lookup, refusal: &'a Refusal) -> Option<&'a str> {
    call.host().filter(|host| *host != "www.googleapis.com").or_else(|| refusal.service())
}

/// Returns the scopes of which the call needed one: the scopes that are listed for the method, and
/// the scopes in the response, with two exceptions:
///
/// 1. If the only listed scopes that the token holds are enough for some calls of the method and
///    not for others, these scopes are left out.
/// 2. If the token holds a listed scope that is enough for every call, the list is wrong about this
///    call, and only the scopes in the response are returned.
fn accepted_scopes(listed: &ScopeSet, granted: &GrantedScopes, refusal: &Refusal) -> ScopeSet {
    let by_server = refusal.alternatives();
    let for_every_call = for_every_call(listed);
    let holds_for_some = granted
        .scopes()
        .is_some_and(|held| held.intersects(listed) && !held.intersects(&for_every_call));
    let listed = if holds_for_some { &for_every_call } else { listed };
    let is_contradicted =
        granted.scopes().is_some_and(|held| held.intersects(listed) && !held.intersects(by_server));
    let is_unverified = granted.source().is_some_and(GrantSource::is_unverified);
    // If the granted scopes are not verified, they may be wrong instead of the list. Then the list
    // is dropped only if the response lists scopes.
    match is_contradicted && !(by_server.is_empty() && is_unverified) {
        true => by_server.clone(),
        false => listed.union(by_server),
    }
}

/// The scopes for a BigQuery query that reads a file in Drive. The query needs one of these scopes
/// in addition to a scope for BigQuery. Source:
/// <https://docs.cloud.google.com/bigquery/docs/external-data-drive>
const DRIVE: [&str; 2] =
    ["https://www.googleapis.com/auth/drive.readonly", "https://www.googleapis.com/auth/drive"];
