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

use crate::call::{Call, Why};
use crate::catalog::{self, Endpoints, Found};
use crate::denial::Denial;
use crate::environment::Environment;
use crate::granted::GrantedScopes;
use crate::granted::cache::{Stage, TokenKey};
use crate::granted::flight::{Grants, Peek};
use crate::refusal::{self, Answer, Certainty, Gate, Refusal};
use crate::scope::ScopeSet;
use crate::telemetry;

pub use builder::GuardBuilder;
pub use verdict::{Verdict, verdict};

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
    surface: Surface,
    endpoints: Endpoints,
    grants: Grants<()>,
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

/// How a refusal for lack of scope reaches the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Surface {
    /// As an error of the client's own kind, in which [`Denial::of`] finds the denial.
    #[default]
    Error,
    /// As Google's answer, byte for byte, with the [`Denial`] among the response's extensions. A
    /// call that [`Preflight::Deny`] does not send has no answer, and is an error all the same.
    Extension,
}

/// What is known before a call is sent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Decision {
    /// The token holds a scope that the method accepts, or is not limited by scopes.
    Allow,
    /// Nothing can be said, and why.
    Abstain(Why),
    /// Google would refuse the call for lack of scope.
    Lacking(Denial),
}

/// What an adapter carries from a request to its answer: no token, no URL, no allocation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Checked {
    found: Result<Found, Why>,
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
        match (judge(&found, granted), found) {
            (Verdict::Allow, _) => Decision::Allow,
            (Verdict::Lacking, Ok(found)) => Decision::Lacking(self.predict(&found, granted.clone())),
            (Verdict::Abstain(why), _) | (Verdict::Lacking, Err(why)) => Decision::Abstain(why),
        }
    }

    /// Says what to do about a refused answer, if it was refused for lack of scope.
    ///
    /// `None`: it was not, or that is not sure enough. Pure: no I/O, no event. Whether the answer
    /// came from the host that `call` names is for the caller to know.
    #[must_use]
    pub fn explain(&self, call: &Call<'_>, granted: &GrantedScopes, answer: &Answer<'_>) -> Option<Denial> {
        let found = catalog::lookup(call, &self.0.endpoints);
        let refusal = corroborated(refusal::classify(answer)?, &found, granted);
        is_for_scope(&refusal).then(|| self.refuse(&found, granted.clone(), refusal))
    }

    fn predict(&self, found: &Found, granted: GrantedScopes) -> Denial {
        Denial::predicted(found.method(), granted, self.0.environment.clone())
    }

    fn refuse(&self, found: &Result<Found, Why>, granted: GrantedScopes, refusal: Refusal) -> Denial {
        Denial::refused(method(found), granted, self.0.environment.clone(), refusal)
    }
}

/// What adapters call.
#[cfg_attr(not(any(feature = "tower", feature = "reqwest-middleware")), expect(dead_code))]
impl Guard {
    /// Before a request is sent. Never waits, and on the usual path does not allocate.
    pub(crate) fn before(&self, call: &Call<'_>, headers: &HeaderMap) -> Before {
        let found = catalog::lookup(call, &self.0.endpoints);
        let unseen = Checked { found, token: None };
        let token = headers.get(header::AUTHORIZATION).filter(|_| is_google(&found));
        let Some(token) = token else { return Before::Go(unseen) };
        match self.0.grants.peek(token, |key, entry| (key, judge(&found, &entry.granted))) {
            Peek::NotBearer => Before::Go(unseen),
            Peek::Unseen(key) => {
                let checked = Checked { found, token: Some(key) };
                if self.0.preflight != Preflight::Off {
                    self.0.grants.inspect(token, Stage::Ahead);
                }
                let waits = self.0.preflight == Preflight::Deny && could_lack(&found);
                if waits { Before::Ask(checked) } else { Before::Go(checked) }
            }
            Peek::Seen((key, Verdict::Lacking)) => self.lacking(Checked { found, token: Some(key) }),
            Peek::Seen((key, _)) => Before::Go(Checked { found, token: Some(key) }),
        }
    }

    fn lacking(&self, checked: Checked) -> Before {
        let (Ok(found), Some(key)) = (&checked.found, checked.token) else { return Before::Go(checked) };
        let granted = self.0.grants.read(key, |entry| entry.granted.clone());
        let Some(granted) = granted else { return Before::Go(checked) };
        match self.0.preflight {
            Preflight::Off => Before::Go(checked),
            Preflight::Warn => {
                telemetry::predicted(found.method(), &granted);
                Before::Go(checked)
            }
            Preflight::Deny => {
                let denial = self.predict(found, granted);
                telemetry::denied(&denial);
                Before::Stop(denial)
            }
        }
    }

    /// Waits, bounded, for the scopes of a token that nothing is known of yet, and judges again.
    pub(crate) async fn ask(&self, checked: Checked) -> Result<Checked, Denial> {
        let Some(key) = checked.token else { return Ok(checked) };
        let granted = self.0.grants.wait(key, Stage::Ahead, WAIT).await;
        if judge(&checked.found, &granted) != Verdict::Lacking {
            return Ok(checked);
        }
        match self.lacking(checked) {
            Before::Stop(denial) => Err(denial),
            Before::Go(checked) | Before::Ask(checked) => Ok(checked),
        }
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
        let refusal =
            refusal::classify(&Answer::new(body).with_status(status.as_u16()).with_headers(headers))?;
        if refusal.gate() != Gate::Scope {
            telemetry::other_gate(method(&checked.found), &refusal);
            return None;
        }
        let granted = match checked.token {
            Some(key) => self.0.grants.wait(key, Stage::Refused, WAIT).await,
            None => GrantedScopes::unknown("the call carried no bearer token that could be seen"),
        };
        let refusal = corroborated(refusal, &checked.found, &granted);
        if !is_for_scope(&refusal) {
            telemetry::other_gate(method(&checked.found), &refusal);
            return None;
        }
        let denial = self.refuse(&checked.found, granted, refusal);
        telemetry::denied(&denial);
        Some(denial)
    }

    /// Whether a denial goes into the response's extensions and not into an error.
    pub(crate) fn keeps_response(&self) -> bool {
        self.0.surface == Surface::Extension
    }
}

/// The verdict on what was found, or was not, for a token of which something or nothing is known.
fn judge(found: &Result<Found, Why>, granted: &GrantedScopes) -> Verdict {
    match (found, granted.scopes()) {
        (Err(why), _) => Verdict::Abstain(*why),
        (Ok(_), None) if granted.is_not_limited() => Verdict::Allow,
        (Ok(_), None) => Verdict::Abstain(Why::Granted),
        (Ok(found), Some(scopes)) => verdict(found, scopes),
    }
}

/// Whether any answer about the token could stop the call, so that it is worth waiting for.
fn could_lack(found: &Result<Found, Why>) -> bool {
    found.as_ref().is_ok_and(|found| verdict(found, &ScopeSet::new()) == Verdict::Lacking)
}

/// A header alone only makes a scope refusal possible; our own prediction makes it likely.
fn corroborated(refusal: Refusal, found: &Result<Found, Why>, granted: &GrantedScopes) -> Refusal {
    if judge(found, granted) == Verdict::Lacking { refusal.corroborated() } else { refusal }
}

fn is_for_scope(refusal: &Refusal) -> bool {
    refusal.gate() == Gate::Scope && refusal.certainty() >= Certainty::Likely
}

fn is_google(found: &Result<Found, Why>) -> bool {
    found.as_ref().map_or_else(|why| why.is_google(), |_| true)
}

fn method(found: &Result<Found, Why>) -> Option<catalog::ApiMethod> {
    found.as_ref().ok().map(Found::method)
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
    /// The same request after redirects: the answer is judged by where it came from.
    pub(crate) fn redirected(&self, checked: Checked, call: &Call<'_>) -> Checked {
        Checked { found: catalog::lookup(call, &self.0.endpoints), ..checked }
    }

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
