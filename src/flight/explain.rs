//! The functions that end a flight: they decide whether a call was refused for lack of scopes, and
//! explain the refusal.

use http::{HeaderMap, StatusCode};

use super::call_in_progress::Flight;
use super::learn;
use crate::denial::Denial;
use crate::granted::GrantedScopes;
use crate::guard::WAIT;
use crate::inflate;
use crate::refusal::{self, ErrorResponse, Gate, Refusal};

impl Flight {
    /// Returns the denial if the call was refused for lack of scopes, or `None` otherwise. Waits up
    /// to 500 ms for the scopes of the token, which the denial shows. Only the first denial of each
    /// token waits; other denials show the scopes as far as they are known. Learns from the
    /// response, and logs the result.
    ///
    /// `body` is the beginning of the response body as it was received; a compressed body is
    /// decompressed here. A JSON or XML body that the client has decompressed is accepted as well.
    /// In that case `headers` may still contain `Content-Encoding`, but not with the coding
    /// `deflate`. For a gRPC call, `headers` are the headers or the trailers, and `body` is empty.
    ///
    /// ```
    /// # async fn end(guard: gcp_scopes::Guard) {
    /// let flight = guard.begin_unseen(None);
    /// # let response = http::Response::builder().status(403).body(Vec::new()).expect("a status");
    /// let (head, body) = response.into_parts();
    /// if let Some(denial) = flight.explain(head.status, &head.headers, &body).await {
    ///     eprintln!("{}", denial.report());
    /// }
    /// # }
    /// ```
    pub async fn explain(
        mut self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Option<Denial> {
        let refusal = self.possible_scope_refusal(status, headers, body)?;
        let granted = match self.token {
            Some(key) => self.guard.state().tokens.wait_once(key, self.header.as_ref(), WAIT).await,
            None => GrantedScopes::unknown(NO_TOKEN),
        };
        self.settle_refusal(status, refusal, &granted)
    }

    /// Returns the denial like [`explain`](Self::explain), but with unknown scopes if the scopes of
    /// the token are not known yet. Never waits, and needs no runtime.
    ///
    /// ```
    /// let guard = gcp_scopes::Guard::builder().build();
    /// let flight = guard.begin_unseen(None);
    /// # let response = http::Response::builder().status(403).body(Vec::new())?;
    /// let (head, body) = response.into_parts();
    /// if let Some(denial) = flight.explain_now(head.status, &head.headers, &body) {
    ///     eprintln!("{}", denial.report());
    /// }
    /// # Ok::<(), http::Error>(())
    /// ```
    #[must_use]
    pub fn explain_now(
        mut self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Option<Denial> {
        let refusal = self.possible_scope_refusal(status, headers, body)?;
        let tokens = &self.guard.state().tokens;
        let granted = match self.token {
            Some(key) => tokens.known_so_far(key, self.header.as_ref()),
            None => GrantedScopes::unknown(NO_TOKEN),
        };
        self.settle_refusal(status, refusal, &granted)
    }

    /// Classifies a response. Returns the refusal if it may be for lack of scopes; otherwise learns
    /// from the refusal.
    fn possible_scope_refusal(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Option<Refusal> {
        self.look_up_line();
        if !self.is_google_host() {
            return None;
        }
        let body = inflate::decompressed(headers, body)?;
        let answer = ErrorResponse::new(&body).with_status(status.as_u16()).with_headers(headers);
        let refusal = refusal::classify(&answer)?;
        if refusal.gate() != Gate::Scope {
            learn::from_other_refusal(self, &refusal);
            return None;
        }
        Some(refusal)
    }

    /// Returns the denial if the refusal is for lack of scopes with sufficient certainty. Learns
    /// from the refusal, and logs the result.
    fn settle_refusal(
        &self,
        status: StatusCode,
        refusal: Refusal,
        granted: &GrantedScopes,
    ) -> Option<Denial> {
        match self.guard.explain_refusal(&self.lookup, granted, refusal) {
            Ok(denial) => {
                self.note_unseen_token();
                self.note_lack_of_sources(Some(granted));
                // The order matters: `from_scope_refusal` needs the verdict, which
                // `from_named_scopes` withdraws if the token holds a named scope.
                learn::from_scope_refusal(self, &denial);
                learn::from_named_scopes(self, &denial);
                learn::log_denial(self, &denial, Some(status));
                Some(self.with_verb(denial))
            }
            // Not `from_other_refusal`, because the refusal names no other reason than scopes.
            Err(refusal) if refusal.is_likely_for_scope() => {
                learn::log_disproved(self, &refusal, granted);
                None
            }
            Err(refusal) => {
                learn::from_other_refusal(self, &refusal);
                None
            }
        }
    }
}

/// Why the scopes of a call without a token are unknown.
const NO_TOKEN: &str = "the call carried no bearer token that could be seen";

#[cfg(test)]
#[cfg(feature = "catalog-full")]
mod tests {
    use http::header::AUTHORIZATION;
    use http::{HeaderValue, Method, Uri};

    use super::*;
    use crate::call::Call;
    use crate::granted::{AccessToken, GrantSource};
    use crate::guard::Guard;
    use crate::scope::ScopeSet;

    fn publish() -> Uri {
        Uri::from_static("https://pubsub.googleapis.com/v1/projects/p/topics/t:publish")
    }

    fn held(scopes: &str) -> GrantedScopes {
        GrantedScopes::known(ScopeSet::from_scope_text(scopes), GrantSource::Declared)
    }

    #[test]
    fn a_refusal_looks_up_the_method_of_an_allowed_call() {
        let (guard, uri) = (Guard::builder().build(), publish());
        let scopes = held("https://www.googleapis.com/auth/cloud-platform");
        guard.declare(AccessToken::new("mine").unwrap(), scopes);
        let headers =
            HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static("Bearer mine"))]);
        let flight = guard.begin(&Call::new(&Method::POST, &uri).with_headers(&headers));
        let flight = flight.expect("the token may call every method");
        assert!(flight.lookup.method().is_none());
        let body = b"Request had insufficient authentication scopes.";
        let denial = flight.explain_now(StatusCode::FORBIDDEN, &HeaderMap::new(), body).unwrap();
        assert_eq!(denial.method().unwrap().id(), "pubsub.projects.topics.publish");
    }
}
