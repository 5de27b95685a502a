//! What is said of a call: before it is sent by [`decide`], after a refusal by [`explain`].

use std::sync::Arc;

use gcp_scopes_catalog::Lookup;
use gcp_scopes_catalog::call::{AbstainReason, NeededScopes};

use crate::denial::{Denial, DenialKind};
use crate::environment::Environment;
use crate::granted::GrantedScopes;
use crate::refusal::{self, Answer, Refusal};

impl GrantedScopes {
    /// Whether a call is accepted with a token of which this is known, as
    /// [`Lookup::accepts`] says it of scopes.
    ///
    /// ```
    /// # use gcp_scopes_catalog::{ApiMethod, Lookup, scope::ScopeSet};
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// let call = Lookup::from(ApiMethod::by_id("storage.objects.insert")?);
    /// let held = GrantedScopes::known(ScopeSet::from_scope_text("openid"), GrantSource::Tokeninfo);
    /// assert_eq!(held.suffice_for(&call), Ok(false));
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    ///
    /// # Errors
    /// The reason for having no opinion, which may be that it is not known what the token holds.
    pub fn suffice_for(&self, call: &Lookup) -> Result<bool, AbstainReason> {
        match (call.method(), call.abstain_reason(), self.scopes()) {
            (None, Some(reason), _) if call.needed().is_none() => Err(reason),
            (.., Some(held)) => call.accepts(held),
            (.., None) if self.is_unrestricted() => Ok(true),
            (.., None) => Err(AbstainReason::Granted),
        }
    }
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
/// use gcp_scopes_catalog::call::Call;
/// use gcp_scopes_catalog::scope::ScopeSet;
/// use gcp_scopes_explain::environment::{Environment, Snapshot};
/// use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
/// use gcp_scopes_catalog::{Endpoints, lookup};
/// use gcp_scopes_explain::{Decision, decide};
///
/// let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?name=cat.jpg".parse()?;
/// let call = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
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
pub fn decide(call: &Lookup, granted: &GrantedScopes, environment: &Arc<Environment>) -> Decision {
    match granted.suffice_for(call) {
        Ok(true) => Decision::Allow,
        Err(reason) => Decision::Abstain(reason),
        Ok(false) => {
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
/// use gcp_scopes_catalog::call::Call;
/// use gcp_scopes_explain::environment::{Environment, Snapshot};
/// use gcp_scopes_explain::granted::GrantedScopes;
/// use gcp_scopes_explain::refusal::Answer;
/// use gcp_scopes_catalog::{Endpoints, lookup};
/// use gcp_scopes_explain::explain;
///
/// let uri = "https://storage.googleapis.com/storage/v1/b/photos".parse()?;
/// let call = lookup(&Call::new(&http::Method::GET, &uri), &Endpoints::new());
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
    call: &Lookup,
    granted: &GrantedScopes,
    environment: &Arc<Environment>,
    answer: &Answer<'_>,
) -> Option<Denial> {
    let refusal = refusal::classify(answer)?;
    let is_predicted = granted.suffice_for(call) == Ok(false);
    let refusal = if is_predicted { refusal.corroborated() } else { refusal };
    refusal.is_for_scope().then(|| refused(call, granted.clone(), Arc::clone(environment), refusal))
}

fn refused(call: &Lookup, granted: GrantedScopes, environment: Arc<Environment>, refusal: Refusal) -> Denial {
    Denial::from_refusal(
        call.method(),
        call.needed().map(NeededScopes::scopes),
        granted,
        environment,
        refusal,
    )
}
