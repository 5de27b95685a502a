//! What is said of a call: before it is sent by [`decide`], after a refusal by [`explain`].

use std::sync::Arc;

use gcp_scopes_catalog::call::{AbstainReason, Call, NeededScopes};
use gcp_scopes_catalog::scope::ScopeSet;
use gcp_scopes_catalog::{ApiMethod, Endpoints, Found, Verdict, lookup, verdict};

use crate::denial::{Denial, DenialKind};
use crate::environment::Environment;
use crate::granted::GrantedScopes;
use crate::refusal::{self, Answer, Refusal};

/// What is asked of Google: a method, or why none can be named, and what the caller says it needs.
///
/// ```
/// use gcp_scopes_catalog::Endpoints;
/// use gcp_scopes_catalog::call::Call;
/// use gcp_scopes_explain::LookedUpCall;
///
/// let uri = "https://pubsub.googleapis.com/v1/projects/p/topics/t:publish".parse()?;
/// let call = LookedUpCall::of(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
/// assert_eq!(call.method().map(|method| method.id()), Some("pubsub.projects.topics.publish"));
/// # Ok::<(), http::uri::InvalidUri>(())
/// ```
#[derive(Debug, Clone)]
pub struct LookedUpCall {
    found: Result<Found, AbstainReason>,
    needed: Option<NeededScopes>,
}

impl LookedUpCall {
    /// Looks a call up.
    #[must_use]
    #[inline]
    pub fn of(call: &Call<'_>, endpoints: &Endpoints) -> Self {
        let found = lookup(call, endpoints);
        let Some(needed) = call.needed() else { return Self::from_found(found) };
        let found = match found {
            Err(AbstainReason::Host | AbstainReason::Catalog) if endpoints.is_googles(call) => {
                Err(AbstainReason::Method)
            }
            found => found,
        };
        let counts = is_google(&found) && found != Err(AbstainReason::Signed);
        Self { found, needed: counts.then(|| needed.clone()) }
    }

    /// A call that was looked up before, and whose caller says nothing of what it needs.
    #[must_use]
    #[inline]
    pub const fn from_found(found: Result<Found, AbstainReason>) -> Self {
        Self { found, needed: None }
    }

    /// What the catalog says of it.
    ///
    /// # Errors
    /// The reason for which no method can be named.
    #[inline]
    pub const fn found(&self) -> Result<&Found, AbstainReason> {
        match &self.found {
            Ok(found) => Ok(found),
            Err(why) => Err(*why),
        }
    }

    /// The method, where one can be named.
    #[must_use]
    pub fn method(&self) -> Option<ApiMethod> {
        self.found.as_ref().ok().map(Found::method)
    }

    /// The scopes that its caller says it needs, where it says so and that counts.
    #[must_use]
    pub fn needed(&self) -> Option<&NeededScopes> {
        self.needed.as_ref()
    }

    /// Whether it goes to an API of Google's, so that its refusal is worth a look.
    #[must_use]
    #[inline]
    pub fn is_google(&self) -> bool {
        is_google(&self.found)
    }

    /// The scopes of which any one is enough: those that its caller names, else those that Google lists.
    #[must_use]
    pub fn accepted(&self) -> ScopeSet {
        match &self.needed {
            Some(needed) => needed.scopes().clone(),
            None => self.method().map(|method| method.accepted()).unwrap_or_default(),
        }
    }

    /// The verdict for a token of which something or nothing is known.
    ///
    /// ```
    /// # use gcp_scopes_catalog::{ApiMethod, Found, Verdict, scope::ScopeSet};
    /// # use gcp_scopes_explain::{LookedUpCall, granted::{GrantSource, GrantedScopes}};
    /// let call = LookedUpCall::from_found(Ok(Found::named(ApiMethod::by_id("storage.objects.insert")?)));
    /// let held = GrantedScopes::known(ScopeSet::from_scope_text("openid"), GrantSource::Tokeninfo);
    /// assert_eq!(call.verdict(&held), Verdict::Lacking);
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn verdict(&self, granted: &GrantedScopes) -> Verdict {
        match (&self.found, granted.scopes()) {
            (Err(why), _) if self.needed.is_none() => Verdict::Abstain(*why),
            (_, None) if granted.is_unrestricted() => Verdict::Allow,
            (_, None) => Verdict::Abstain(AbstainReason::Granted),
            (_, Some(held)) => self.verdict_on(held),
        }
    }

    fn verdict_on(&self, held: &ScopeSet) -> Verdict {
        match (&self.needed, &self.found) {
            (Some(needed), _) if needed.scopes().is_empty() => Verdict::Abstain(AbstainReason::Empty),
            (Some(needed), _) if needed.scopes().intersects(held) => Verdict::Allow,
            (Some(_), _) => Verdict::Lacking,
            (None, Ok(found)) => verdict(found, held),
            (None, Err(why)) => Verdict::Abstain(*why),
        }
    }

    /// Whether there is a set of scopes with which a token lacks the scope for it.
    #[must_use]
    pub fn could_lack(&self) -> bool {
        self.verdict_on(&ScopeSet::new()) == Verdict::Lacking
    }

    /// Whether a token is known to hold an accepted scope, which is quick to see. Then its verdict is not
    /// that it lacks one.
    #[inline]
    #[must_use]
    pub fn is_accepted(&self, granted: &GrantedScopes) -> bool {
        let accepts = |found: &Found| granted.scopes().is_some_and(|held| found.accepts(held));
        self.needed.is_none() && self.found.as_ref().is_ok_and(accepts)
    }
}

#[inline]
fn is_google(found: &Result<Found, AbstainReason>) -> bool {
    found.as_ref().map_or_else(|why| why.is_google(), |_| true)
}

/// What is known before a call is sent.
///
/// ```
/// use gcp_scopes_explain::Decision;
///
/// fn describe(decision: &Decision) -> String {
///     match decision {
///         Decision::Allow => "the scope gate is open; IAM is another question".into(),
///         Decision::Abstain(why) => format!("no opinion: {why}"),
///         Decision::Lacking(denial) => denial.to_string(),
///         _ => "something newer than this program".into(),
///     }
/// }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Decision {
    /// The token holds a scope that the method accepts, or is not limited by scopes.
    Allow,
    /// Nothing can be said, and why.
    Abstain(AbstainReason),
    /// Google would refuse the call for lack of scope.
    Lacking(Denial),
}

/// Judges a call by the scopes its token holds.
///
/// ```
/// use gcp_scopes_catalog::Endpoints;
/// use gcp_scopes_catalog::call::Call;
/// use gcp_scopes_catalog::scope::ScopeSet;
/// use gcp_scopes_explain::environment::{Environment, Snapshot};
/// use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
/// use gcp_scopes_explain::{Decision, LookedUpCall, decide};
///
/// let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?name=cat.jpg".parse()?;
/// let call = LookedUpCall::of(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
/// let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
/// let held = GrantedScopes::known(held, GrantSource::Metadata);
/// let here = Environment::from_snapshot(&Snapshot::new()).into();
/// match decide(&call, &held, &here) {
///     Decision::Lacking(denial) => eprintln!("{}", denial.report()),
///     other => unreachable!("{other:?}"),
/// }
/// # Ok::<(), http::uri::InvalidUri>(())
/// ```
#[must_use]
pub fn decide(call: &LookedUpCall, granted: &GrantedScopes, environment: &Arc<Environment>) -> Decision {
    match call.verdict(granted) {
        Verdict::Allow => Decision::Allow,
        Verdict::Abstain(why) => Decision::Abstain(why),
        Verdict::Lacking => {
            let (granted, here) = (granted.clone(), Arc::clone(environment));
            let kind = DenialKind::Predicted;
            Decision::Lacking(Denial::new(kind, call.method(), call.accepted(), granted, here))
        }
    }
}

/// Says what to do about a refused answer, if it was refused for lack of scope.
///
/// `None`: it was not, or that is not sure enough. Whether the answer came from the host that the call
/// names is for the caller to know.
///
/// ```
/// use gcp_scopes_catalog::Endpoints;
/// use gcp_scopes_catalog::call::Call;
/// use gcp_scopes_explain::environment::{Environment, Snapshot};
/// use gcp_scopes_explain::granted::GrantedScopes;
/// use gcp_scopes_explain::refusal::Answer;
/// use gcp_scopes_explain::{LookedUpCall, explain};
///
/// let uri = "https://storage.googleapis.com/storage/v1/b/photos".parse()?;
/// let call = LookedUpCall::of(&Call::new(&http::Method::GET, &uri), &Endpoints::new());
/// let (unknown, here) = (GrantedScopes::unknown("nobody was asked"), Environment::from_snapshot(&Snapshot::new()).into());
/// let explain = |body: &[u8]| explain(&call, &unknown, &here, &Answer::new(body).with_status(403));
///
/// let denial = explain(br#"{"error":{"message":"Request had insufficient authentication scopes."}}"#);
/// assert_eq!(denial.and_then(|denial| denial.method()).map(|method| method.id()), Some("storage.buckets.get"));
/// // IAM's refusals are not explained here: they reach the caller as they are.
/// assert!(explain(br#"{"error":{"message":"The caller does not have permission"}}"#).is_none());
/// # Ok::<(), http::uri::InvalidUri>(())
/// ```
#[must_use]
pub fn explain(
    call: &LookedUpCall,
    granted: &GrantedScopes,
    environment: &Arc<Environment>,
    answer: &Answer<'_>,
) -> Option<Denial> {
    let refusal = refusal::classify(answer)?;
    let refusal = match call.verdict(granted) {
        Verdict::Lacking => refusal.corroborated(),
        Verdict::Allow | Verdict::Abstain(_) => refusal,
    };
    refusal.is_for_scope().then(|| refused(call, granted.clone(), Arc::clone(environment), refusal))
}

fn refused(
    call: &LookedUpCall,
    granted: GrantedScopes,
    environment: Arc<Environment>,
    refusal: Refusal,
) -> Denial {
    Denial::from_refusal(
        call.method(),
        call.needed().map(NeededScopes::scopes),
        granted,
        environment,
        refusal,
    )
}
