//! [`decide`] predicts whether a call will be refused for lack of scope; [`explain`] explains a
//! response that refused a call for lack of scope.

use std::sync::Arc;

use gcp_scopes_catalog::Lookup;
use gcp_scopes_catalog::call::AbstainReason;

use crate::denial::{Denial, DenialKind};
use crate::environment::Environment;
use crate::granted::GrantedScopes;
use crate::refusal::{self, ErrorResponse, Gate, Refusal, ScopeProblem};

impl GrantedScopes {
    /// Returns whether the method of the call accepts a token with these granted scopes.
    ///
    /// A known method accepts every token that scopes do not limit. For a token whose scopes are
    /// known, the result is that of [`Lookup::accepts`].
    ///
    /// ```
    /// use gcp_scopes_catalog::{ApiMethod, Lookup, scope::ScopeSet};
    /// use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    ///
    /// let call = Lookup::from(ApiMethod::by_id("storage.objects.insert")?);
    /// let held =
    ///     GrantedScopes::known(ScopeSet::from_scope_text("openid"), GrantSource::Tokeninfo);
    /// assert_eq!(held.suffice_for(&call), Ok(false));
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns the reason why no prediction is possible, for example because the token's scopes are
    /// not known.
    pub fn suffice_for(&self, call: &Lookup) -> Result<bool, AbstainReason> {
        match (call.method(), call.abstain_reason(), self.scopes()) {
            (None, Some(reason), _) if call.needed_scopes().is_none() => Err(reason),
            (.., Some(held)) => call.accepts(held),
            (.., None) if self.is_unrestricted() => Ok(true),
            (.., None) => Err(AbstainReason::Granted),
        }
    }

    /// Returns whether these granted scopes disprove that a call was refused because of the scopes
    /// of its token.
    ///
    /// They do if the token is known to hold a scope that Google lists for the method, or if scopes
    /// do not limit the token. A [structured](Refusal::is_structured) refusal is never disproved.
    /// The text of any other refusal may contain a name that reads like a sentence of Google.
    ///
    /// ```
    /// # use gcp_scopes_catalog::{ApiMethod, Lookup, scope::ScopeSet};
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// # use gcp_scopes_explain::refusal::{ErrorResponse, classify};
    /// let call = Lookup::from(ApiMethod::by_id("storage.objects.insert")?);
    /// let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/cloud-platform");
    /// let held = GrantedScopes::known(held, GrantSource::Tokeninfo);
    /// let disproves = |body: &[u8]| {
    ///     let refusal = classify(&ErrorResponse::new(body).with_status(403)).expect("no refusal");
    ///     held.disprove(&refusal, &call)
    /// };
    /// let name = br#"{"error":{"message":"Request had insufficient authentication scopes.txt"}}"#;
    /// let sentence =
    ///     br#"{"error":{"message":"Request had insufficient authentication scopes."}}"#;
    /// assert!(disproves(name) && !disproves(sentence));
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn disprove(&self, refusal: &Refusal, call: &Lookup) -> bool {
        // Even if no verdict on the call is possible, a token with a listed scope was probably not
        // refused for lack of scope.
        let holds_listed = self.scopes().is_some_and(|held| call.lists_any_of(held));
        // A query over a file in Drive needs a scope in addition to one that is listed for queries.
        let is_about_listed =
            refusal.gate() == Gate::Scope && refusal.problem() != Some(ScopeProblem::ScopeOrShare);
        let is_enough = holds_listed || self.suffice_for(call) == Ok(true);
        is_about_listed && !refusal.is_structured() && is_enough
    }
}

/// Predicts whether Google will refuse a call for lack of scope, from the scopes that the token
/// holds. Returns the denial if the token lacks a scope, and `None` if its scopes are sufficient.
/// IAM may still refuse a call whose scopes are sufficient.
///
/// ```
/// use gcp_scopes_catalog::call::Call;
/// use gcp_scopes_catalog::scope::ScopeSet;
/// use gcp_scopes_explain::environment::{Environment, Snapshot};
/// use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
/// use gcp_scopes_catalog::{Endpoints, lookup};
/// use gcp_scopes_explain::decide;
///
/// let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?name=cat.jpg".parse()?;
/// let call = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
/// let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
/// let held = GrantedScopes::known(held, GrantSource::Metadata);
/// let here = Environment::from_snapshot(&Snapshot::new()).into();
/// match decide(&call, &held, &here) {
///     Ok(Some(denial)) => eprintln!("{}", denial.report()),
///     Ok(None) => println!("the scopes are sufficient"),
///     Err(reason) => println!("no prediction: {reason}"),
/// }
/// # Ok::<(), http::uri::InvalidUri>(())
/// ```
///
/// # Errors
/// Returns the reason why no prediction is possible, for example because the token's scopes are not
/// known.
pub fn decide(
    call: &Lookup,
    granted: &GrantedScopes,
    environment: &Arc<Environment>,
) -> Result<Option<Denial>, AbstainReason> {
    let denial = || {
        let (granted, here) = (granted.clone(), Arc::clone(environment));
        Denial::new(DenialKind::Predicted, call.method(), call.accepted(), granted, here)
    };
    granted.suffice_for(call).map(|suffices| (!suffices).then(denial))
}

/// Explains a response that refused a call for lack of scope. The returned denial contains the
/// steps to take.
///
/// Returns `None` if the response is not a refusal for lack of scope, if a missing scope is only a
/// possible cause and the granted scopes do not make this cause likely, or if the granted scopes
/// [disprove](GrantedScopes::disprove) this cause. The caller must make sure that the response came
/// from the host that the call was sent to.
///
/// ```
/// use gcp_scopes_catalog::call::Call;
/// use gcp_scopes_explain::environment::{Environment, Snapshot};
/// use gcp_scopes_explain::granted::GrantedScopes;
/// use gcp_scopes_explain::refusal::ErrorResponse;
/// use gcp_scopes_catalog::{Endpoints, lookup};
/// use gcp_scopes_explain::explain;
///
/// let uri = "https://storage.googleapis.com/storage/v1/b/photos".parse()?;
/// let call = lookup(&Call::new(&http::Method::GET, &uri), &Endpoints::new());
/// let (unknown, here) = (
///     GrantedScopes::unknown("no source was queried"),
///     Environment::from_snapshot(&Snapshot::new()).into(),
/// );
/// let explain =
///     |body: &[u8]| explain(&call, &unknown, &here, &ErrorResponse::new(body).with_status(403));
///
/// let denial =
///     explain(br#"{"error":{"message":"Request had insufficient authentication scopes."}}"#);
/// assert_eq!(
///     denial.and_then(|denial| denial.method()).map(|method| method.id()),
///     Some("storage.buckets.get")
/// );
/// // `explain` returns `None` for a refusal by IAM.
/// assert!(explain(br#"{"error":{"message":"The caller does not have permission"}}"#).is_none());
/// # Ok::<(), http::uri::InvalidUri>(())
/// ```
#[must_use]
pub fn explain(
    call: &Lookup,
    granted: &GrantedScopes,
    environment: &Arc<Environment>,
    answer: &ErrorResponse<'_>,
) -> Option<Denial> {
    let refusal = refusal::classify(answer)?;
    let is_expected = granted.suffice_for(call) == Ok(false);
    let refusal = if is_expected { refusal.corroborated() } else { refusal };
    let is_for_scope = refusal.is_likely_for_scope() && !granted.disprove(&refusal, call);
    is_for_scope
        .then(|| Denial::from_refusal(call, granted.clone(), Arc::clone(environment), refusal))
}

#[cfg(test)]
mod tests {
    use gcp_scopes_catalog::ApiMethod;
    use gcp_scopes_catalog::scope::ScopeSet;
    use serde_json::json;

    use super::*;
    use crate::environment::Snapshot;
    use crate::granted::GrantSource;

    #[test]
    fn only_a_structured_refusal_counts_against_known_scopes() {
        let here = Arc::new(Environment::from_snapshot(&Snapshot::new()));
        let call = Lookup::from(ApiMethod::by_id("gmail.users.messages.list").unwrap());
        let known = |scope: &str| {
            GrantedScopes::known(ScopeSet::from_scope_text(scope), GrantSource::Tokeninfo)
        };
        let (enough, lacking, unknown) =
            (known("https://mail.google.com/"), known("openid"), GrantedScopes::unknown(""));
        let is_explained = |message: &str, granted: &GrantedScopes| {
            let body = json!({"error": {"code": 403, "message": message}}).to_string();
            explain(&call, granted, &here, &ErrorResponse::new(body.as_bytes()).with_status(403))
                .is_some()
        };
        let sentences = [
            "Request had insufficient authentication scopes.",
            "Provided scope(s) are not authorized",
            "Insufficient Permission: Request had insufficient authentication scopes.",
            "Metadata scope does not support 'q' parameter",
            "Metadata scope doesn't allow format FULL",
        ];
        for sentence in sentences {
            assert!(is_explained(sentence, &enough), "{sentence}");
            // The sentence is the beginning of a name.
            let named = format!("{sentence} of 2026.txt is locked.");
            let explained =
                [&enough, &lacking, &unknown].map(|granted| is_explained(&named, granted));
            assert_eq!(explained, [false, true, true], "{named}");
        }
        // The token may hold the scope for queries and lack the scope for Drive.
        let drive =
            "Access Denied: BigQuery BigQuery: Permission denied while getting Drive credentials.";
        assert!(is_explained(drive, &enough));
    }
}
