//! Where a call is judged: before it is sent by [`Guard::decide`], after a refusal by
//! [`Guard::explain`]. Both are pure; the rest of this file hands them what they need.
//!
//! # Before
//! A call is *lacking* only if all of this holds: it carries a bearer token; its host is Google's
//! or one the user mapped; it is exactly one method, for which Google lists scopes; nothing in the
//! hand table makes it special; the token's scopes are known from a source that is authoritative
//! for that token; the catalog has heard of every one of them; and the method accepts none of them.
//! In every other case the guard abstains: a client cannot know better than the server.
//!
//! # After
//! Only a 403 of a Google host is looked at. If the scope gate refused, the caller gets a
//! [`Denial`]; every other answer is passed on byte for byte.

mod builder;
mod verdict;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode, header};

use crate::call::Call;
use crate::catalog::{self, Found, Unmapped};
use crate::denial::Denial;
use crate::environment::Environment;
use crate::granted::{GrantedScopes, Grants, TokenKey};
use crate::refusal::{self, Answer, Certainty, Gate};
use crate::telemetry;

pub use builder::GuardBuilder;
pub use verdict::Why;
pub(crate) use verdict::{Verdict, verdict};

/// How long [`Preflight::Deny`] waits for scopes that are not yet known, and an explanation for
/// those it would like to show.
const WAIT: Duration = Duration::from_millis(500);

/// Judges calls of Google API clients by the OAuth scopes of their tokens.
///
/// Cheap to clone; one guard serves all clients of a process.
#[derive(Clone)]
pub struct Guard(Arc<Inner>);

struct Inner {
    preflight: Preflight,
    endpoints: crate::call::Endpoints,
    grants: Grants,
    environment: Arc<Environment>,
}

/// What happens before a call whose token is known to lack the scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Preflight {
    /// Nothing. Refusals are still explained.
    Off,
    /// A warning event; the call is sent.
    #[default]
    Warn,
    /// The call is not sent: it fails with a [`Denial`]. The first call with a token may wait up to
    /// 500 ms for the token's scopes; if they are still unknown then, it is sent.
    Deny,
}

/// What is known before a call is sent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Decision {
    /// The token holds a scope that the method accepts.
    Allow,
    /// Nothing can be said, and why.
    Abstain(Why),
    /// Google would refuse the call for lack of scope.
    Lacking(Denial),
}

/// What an adapter carries from a request to its answer: no token, no URL, no allocation.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    found: Result<Found, Unmapped>,
    token: Option<TokenKey>,
}

/// What an adapter is to do with a request.
pub(crate) enum Before {
    /// Send it.
    Go(Checked),
    /// Wait for [`Guard::ask`], then send it.
    Ask(Checked),
    /// Do not send it.
    Stop(Denial),
}

impl Guard {
    /// A guard that has learnt from the environment variables, the credential files and the
    /// metadata server where it runs and what its credential may hold.
    ///
    /// Never fails, and takes at most a few seconds: what it cannot learn is unknown.
    /// Without the feature `reqwest` it asks no server.
    pub async fn from_env() -> Self {
        Self::builder().from_env().await
    }

    /// A guard made by hand. With no further call it knows the catalog and reads self-signed JWTs.
    #[must_use]
    pub fn builder() -> GuardBuilder {
        GuardBuilder::default()
    }

    /// Where the program runs and which credential it uses.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.0.environment
    }

    /// Judges a call by the scopes its token holds. Pure: no I/O, no event.
    #[must_use]
    pub fn decide(&self, call: &Call<'_>, granted: &GrantedScopes) -> Decision {
        let found = catalog::lookup(call, &self.0.endpoints);
        match (verdict(&found, granted), found) {
            (Verdict::Allow, _) => Decision::Allow,
            (Verdict::Abstain(why), _) => Decision::Abstain(why),
            (Verdict::Lacking, Ok(found)) => Decision::Lacking(self.predict(&found, granted.clone())),
            (Verdict::Lacking, Err(_)) => Decision::Abstain(Why::Method),
        }
    }

    /// Says what to do about a refused answer, if it was refused for lack of scope.
    ///
    /// `None`: it was not, or that is not sure enough. Pure: no I/O, no event. Whether the answer
    /// came from the host that `call` names is for the caller to know.
    #[must_use]
    pub fn explain(&self, call: &Call<'_>, granted: &GrantedScopes, answer: &Answer<'_>) -> Option<Denial> {
        let found = catalog::lookup(call, &self.0.endpoints);
        self.explain_found(&found, granted, answer).ok()
    }

    fn predict(&self, found: &Found, granted: GrantedScopes) -> Denial {
        Denial::predicted(found.method(), granted, self.0.environment.clone())
    }

    /// The denial, or the refusal by another gate, or nothing that could be read.
    fn explain_found(
        &self,
        found: &Result<Found, Unmapped>,
        granted: &GrantedScopes,
        answer: &Answer<'_>,
    ) -> Result<Denial, Option<refusal::Refusal>> {
        let mut refusal = refusal::classify(answer).ok_or(None)?;
        if verdict(found, granted) == Verdict::Lacking {
            refusal = refusal.corroborated();
        }
        if refusal.gate() != Gate::Scope || refusal.certainty() < Certainty::Likely {
            return Err(Some(refusal));
        }
        let method = found.as_ref().ok().map(Found::method);
        Ok(Denial::refused(method, granted.clone(), self.0.environment.clone(), refusal))
    }
}

/// What adapters call.
#[cfg_attr(not(any(feature = "tower", feature = "reqwest-middleware")), expect(dead_code))]
impl Guard {
    /// Before a request is sent. Never waits, and on the usual path does not allocate.
    pub(crate) fn before(&self, call: &Call<'_>, headers: &HeaderMap) -> Before {
        let found = catalog::lookup(call, &self.0.endpoints);
        let token = headers.get(header::AUTHORIZATION).filter(|_| is_google(&found));
        let Some(token) = token else { return Before::Go(Checked { found, token: None }) };
        let (key, verdict) = self.0.grants.peek(token, |granted| verdict(&found, granted));
        let checked = Checked { found, token: Some(key) };
        match (self.0.preflight, verdict) {
            (Preflight::Off, _) | (_, Some(Verdict::Allow | Verdict::Abstain(_))) => Before::Go(checked),
            (_, Some(Verdict::Lacking)) => self.lacking(checked),
            (Preflight::Deny, None) => Before::Ask(checked),
            (Preflight::Warn, None) => {
                self.0.grants.inspect(token);
                Before::Go(checked)
            }
        }
    }

    fn lacking(&self, checked: Checked) -> Before {
        let (Ok(found), Some(key)) = (&checked.found, checked.token) else { return Before::Go(checked) };
        let granted = self.0.grants.known(key);
        if self.0.preflight == Preflight::Deny {
            let denial = self.predict(found, granted);
            telemetry::denied(&denial);
            return Before::Stop(denial);
        }
        telemetry::predicted(found.method(), &granted);
        Before::Go(checked)
    }

    /// Waits, bounded, for the scopes of a token that nothing is known of yet, and judges again.
    pub(crate) async fn ask(&self, checked: Checked, headers: &HeaderMap) -> Result<Checked, Denial> {
        if let Some(token) = headers.get(header::AUTHORIZATION) {
            let granted = self.0.grants.wait(token, WAIT).await;
            if verdict(&checked.found, &granted) == Verdict::Lacking {
                return match self.lacking(checked) {
                    Before::Stop(denial) => Err(denial),
                    Before::Go(checked) | Before::Ask(checked) => Ok(checked),
                };
            }
        }
        Ok(checked)
    }

    /// Whether an answer may be a refusal of Google's, so that its body is worth a look.
    pub(crate) fn looks_at(&self, checked: &Checked, status: StatusCode) -> bool {
        status == StatusCode::FORBIDDEN && is_google(&checked.found)
    }

    /// After a refused answer: a denial if the scope gate refused. Logs what it found.
    pub(crate) async fn after(
        &self,
        checked: &Checked,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Option<Denial> {
        let granted = self.0.grants.settled(checked.token, WAIT).await;
        let answer = Answer::http(status, headers, body);
        match self.explain_found(&checked.found, &granted, &answer) {
            Ok(denial) => {
                telemetry::denied(&denial);
                Some(denial)
            }
            Err(refusal) => {
                if let Some(refusal) = refusal {
                    telemetry::other_gate(checked.found.as_ref().ok().map(Found::method), &refusal);
                }
                None
            }
        }
    }
}

fn is_google(found: &Result<Found, Unmapped>) -> bool {
    found.as_ref().map_or_else(|unmapped| unmapped.is_google(), |_| true)
}

#[cfg(feature = "tower")]
impl Guard {
    /// A tower layer: see [`adapter::tower`](crate::adapter::tower).
    #[must_use]
    pub fn layer(&self) -> crate::adapter::tower::GuardLayer {
        crate::adapter::tower::GuardLayer::new(self.clone())
    }
}

#[cfg(feature = "reqwest-middleware")]
impl Guard {
    /// A middleware: see [`adapter::reqwest_middleware`](crate::adapter::reqwest_middleware).
    #[must_use]
    pub fn middleware(&self) -> crate::adapter::reqwest_middleware::GuardMiddleware {
        crate::adapter::reqwest_middleware::GuardMiddleware::new(self.clone())
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("preflight", &self.0.preflight)
            .field("environment", &self.0.environment)
            .finish_non_exhaustive()
    }
}
