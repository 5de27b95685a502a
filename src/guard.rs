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
//! Only a 403 of a Google host is looked at, or gRPC's status 7. If the scope gate refused, the caller
//! gets a [`Denial`]; every other answer is passed on byte for byte.

mod builder;
#[cfg_attr(not(any(feature = "tower", feature = "reqwest-middleware")), allow(dead_code))]
mod checked;
#[cfg(any(feature = "tower", feature = "reqwest-middleware"))]
#[cfg_attr(not(feature = "tower"), allow(dead_code))]
mod grpc;
#[cfg_attr(not(any(feature = "tower", feature = "reqwest-middleware")), allow(dead_code))]
mod kept;
mod lessons;
mod repeats;
mod verdict;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::call::{Call, Why};
use crate::catalog::{self, Endpoints, Found};
use crate::denial::{Denial, DenialKind};
use crate::environment::Environment;
use crate::granted::flight::Grants;
use crate::granted::{AccessToken, GrantedScopes};
use crate::refusal::{self, Answer, Certainty, Gate, Refusal};
use lessons::Lessons;
use repeats::Repeats;

pub use builder::GuardBuilder;
#[cfg(any(feature = "tower", feature = "reqwest-middleware"))]
pub(crate) use checked::Before;
#[cfg(any(
    feature = "tower",
    feature = "reqwest-middleware",
    feature = "object-store",
    feature = "opendal"
))]
pub(crate) use checked::Checked;
#[cfg(feature = "tower")]
pub(crate) use grpc::Head;
#[cfg(any(feature = "tower", feature = "reqwest-middleware"))]
pub(crate) use grpc::{GRPC_STATUS, is_denied};
pub use verdict::{Verdict, verdict};

/// How long, if the user does not say, [`Preflight::Deny`] waits for scopes that are not yet known,
/// and how long an explanation waits for those it would like to show.
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
    grants: Grants,
    deny_wait: Duration,
    environment: Arc<Environment>,
    lessons: Lessons,
    repeats: Repeats,
}

/// What happens before a call whose token is known to lack the scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Preflight {
    /// Nothing. Refusals are still explained.
    Off,
    /// A warning event; the call is sent.
    Warn,
    /// A warning event, and the call is sent. If Google refuses it for lack of scope, repeats of
    /// that method with that token are not sent: they fail with a [`Denial`]. If Google lets it
    /// through, the catalog is wrong about that method, and nothing more is predicted of it.
    #[default]
    Confirm,
    /// The call is not sent: it fails with a [`Denial`]. A call with a token of which nothing is known
    /// yet may wait up to 500 ms for the token's scopes; if they are still unknown then, it is sent.
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
    /// call that [`Preflight`] does not send has no answer, and is an error all the same.
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

    /// Takes the word of whoever made or fetched a token for what it was granted: the `scope` of an
    /// OAuth answer, or the scopes that went into it where those are always honoured. The scopes
    /// that were *asked for* are no such word: the metadata server of a VM, for one, ignores them.
    ///
    /// Cheap enough to be called each time a token is handed out. It is believed until the token
    /// expires, for an hour at most, or until a refusal contradicts it.
    ///
    /// ```
    /// use gcp_scopes::{Guard, ScopeSet};
    /// use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes};
    ///
    /// let guard = Guard::builder().build();
    /// // From the token endpoint: {"access_token": "ya29.x", "scope": "https://…/auth/pubsub", …}
    /// let scopes = ScopeSet::from_scope_text("https://www.googleapis.com/auth/pubsub");
    /// if let Some(token) = AccessToken::new("ya29.x") {
    ///     guard.declare(token, GrantedScopes::known(scopes, GrantSource::Declared));
    /// }
    /// ```
    pub fn declare(&self, token: AccessToken<'_>, granted: GrantedScopes) {
        self.0.grants.declare(token, granted);
    }

    /// Judges a call by the scopes its token holds. Pure: no I/O, no event.
    #[must_use]
    pub fn decide(&self, call: &Call<'_>, granted: &GrantedScopes) -> Decision {
        let found = catalog::lookup(call, &self.0.endpoints);
        match (self.judge(&found, granted), found) {
            (Verdict::Allow, _) => Decision::Allow,
            (Verdict::Lacking, Ok(found)) => {
                Decision::Lacking(self.predict(DenialKind::Predicted, &found, granted.clone()))
            }
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
        let refusal = self.corroborated(refusal::classify(answer)?, &found, granted);
        is_for_scope(&refusal).then(|| self.refuse(&found, granted.clone(), refusal))
    }

    fn predict(&self, kind: DenialKind, found: &Found, granted: GrantedScopes) -> Denial {
        let accepted = self.0.lessons.accepted(found.method());
        Denial::predicted(kind, found.method(), accepted, granted, self.0.environment.clone())
    }

    fn refuse(&self, found: &Result<Found, Why>, granted: GrantedScopes, refusal: Refusal) -> Denial {
        Denial::refused(method(found), granted, self.0.environment.clone(), refusal)
    }

    /// The verdict on what was found, or was not, for a token of which something or nothing is known.
    fn judge(&self, found: &Result<Found, Why>, granted: &GrantedScopes) -> Verdict {
        match (found, granted.scopes()) {
            (Err(why), _) => Verdict::Abstain(*why),
            (Ok(_), None) if granted.is_not_limited() => Verdict::Allow,
            (Ok(_), None) => Verdict::Abstain(Why::Granted),
            (Ok(found), Some(scopes)) => match verdict(found, scopes) {
                Verdict::Lacking => self.0.lessons.correct(found.method(), scopes),
                verdict => verdict,
            },
        }
    }

    /// A header alone only makes a scope refusal possible; our own prediction makes it likely.
    fn corroborated(&self, refusal: Refusal, found: &Result<Found, Why>, granted: &GrantedScopes) -> Refusal {
        if self.judge(found, granted) == Verdict::Lacking { refusal.corroborated() } else { refusal }
    }
}

fn is_for_scope(refusal: &Refusal) -> bool {
    refusal.gate() == Gate::Scope && refusal.certainty() >= Certainty::Likely
}

fn method(found: &Result<Found, Why>) -> Option<catalog::ApiMethod> {
    found.as_ref().ok().map(Found::method)
}

#[cfg(feature = "tower")]
impl Guard {
    /// A tower layer: see [`adapter::tower`](crate::adapter::tower).
    #[must_use]
    pub fn layer(&self) -> crate::adapter::tower::GuardLayer {
        crate::adapter::tower::GuardLayer::new(self)
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
