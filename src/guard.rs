//! Where a call is judged: before it is sent by [`Guard::decide`], after a refusal by
//! [`Guard::explain`]. Both are pure; the adapters hand them what they need.
//!
//! # Before
//! A call is *lacking* only if all of this holds: it carries a bearer token; its host is Google's
//! or one the user mapped; it is exactly one method, for which Google lists scopes; nothing in the
//! hand table makes it special; the token's scopes are known from a source that is authoritative
//! for that token; the catalog has heard of every one of them; and the method accepts none of them.
//! In every other case the guard abstains: a client cannot know better than the server.
//!
//! A caller who does know says so with [`NeededScopes`]: then these scopes count for this call, in the
//! place of what Google lists and of the hand table. The host must still be Google's.
//!
//! # After
//! Only a 403 of a Google host is looked at, or gRPC's status 7. If the scope gate refused, the caller
//! gets a [`Denial`]; every other answer is passed on byte for byte.
//!
//! ```
#![doc = with_catalog!()]
//! use gcp_scopes::call::Call;
//! use gcp_scopes::granted::{GrantSource, GrantedScopes};
//! use gcp_scopes::guard::{Decision, Guard};
//! use gcp_scopes::ScopeSet;
//!
//! let guard = Guard::builder().build();
//! let uri = "https://pubsub.googleapis.com/v1/projects/p/topics/t:publish".parse()?;
//! let call = Call::new(&http::Method::POST, &uri);
//! let held = |text| GrantedScopes::known(ScopeSet::from_scope_text(text), GrantSource::Declared);
//!
//! assert!(matches!(guard.decide(&call, &held("https://www.googleapis.com/auth/pubsub")), Decision::Allow));
//! assert!(matches!(guard.decide(&call, &held("openid")), Decision::Lacking(_)));
//! // A scope that is newer than the catalog may open anything.
//! assert!(matches!(guard.decide(&call, &held("https://example.com/auth/new")), Decision::Abstain(_)));
#![doc = done!()]
//! ```

mod builder;
mod checked;
mod grpc;
mod lessons;
mod line;
mod repeats;
mod surface;
mod verdict;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::background::{Background, Spawner};
use crate::call::{Call, NeededScopes, Why};
use crate::catalog::{self, Endpoints, Found};
use crate::denial::{Denial, DenialKind};
use crate::environment::Environment;
use crate::granted::fetch::DynFetch;
use crate::granted::inspection::TokenMemory;
use crate::granted::metadata::MetadataServer;
use crate::granted::{AccessToken, GrantedScopes};
use crate::recorder::{Book, Recorder};
use crate::refusal::{self, Answer, Certainty, Gate, Refusal};
use crate::scope::ScopeSet;
use crate::self_check::SelfCheck;
use lessons::{Lessons, Subject};
use repeats::Repeats;

pub use builder::GuardBuilder;
pub(crate) use checked::{Before, Checked, scope_for};
pub(crate) use grpc::{GRPC_STATUS, Head, is_denied};
pub(crate) use line::Line;
pub(crate) use surface::fit;
pub use verdict::{Verdict, verdict};

/// How long, if the user does not say, [`Preflight::Deny`] waits for scopes that are not yet known,
/// and how long an explanation waits for those it would like to show.
const WAIT: Duration = Duration::from_millis(500);

/// Judges calls of Google API clients by the OAuth scopes of their tokens.
///
/// Cheap to clone; one guard serves all clients of a process.
///
/// ```
/// use gcp_scopes::{Guard, Preflight};
///
/// let guard = Guard::builder().preflight(Preflight::Warn).build();
/// let for_another_client = guard.clone(); // shares all that is known of tokens and methods
/// ```
#[derive(Clone)]
pub struct Guard(Arc<Inner>);

struct Inner {
    preflight: Preflight,
    surface: Surface,
    endpoints: Endpoints,
    grants: TokenMemory,
    deny_wait: Duration,
    environment: Arc<Environment>,
    lessons: Lessons,
    /// Who sends the questions of the self-check.
    fetch: Option<Arc<dyn DynFetch>>,
    /// Where there is one.
    metadata: Option<MetadataServer>,
    /// Why the metadata server told nothing of where the program runs.
    problem: Option<String>,
    recorder: OnceLock<Arc<Book>>,
    repeats: Repeats,
    background: Background,
}

/// What happens before a call whose token is known to lack the scope.
///
/// ```
/// use gcp_scopes::{Guard, Preflight};
///
/// // A nightly job that should not begin what it cannot end.
/// let guard = Guard::builder().preflight(Preflight::Deny).build();
/// ```
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
    /// The call is not sent: it fails with a [`Denial`]. The first calls with a token may wait up to
    /// 500 ms for its scopes; if they are still unknown then, this call and later ones are sent.
    Deny,
}

/// How a refusal for lack of scope reaches the caller.
///
/// ```
/// use gcp_scopes::guard::{Guard, Surface};
///
/// // gcloud-storage shows its users the message of Google's answer and nothing else.
/// let guard = Guard::builder().surface(Surface::Message).build();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Surface {
    /// As an error of the client's own kind, in which [`Denial::of`] finds the denial.
    #[default]
    Error,
    /// As Google's answer, byte for byte, with the [`Denial`] among the response's extensions. A
    /// call that [`Preflight`] does not send has no answer, and is an error all the same.
    Extension,
    /// As Google's answer, with the denial's line added to its error message: for clients that show
    /// their users a message and keep nothing else. Status, headers, reason and details stay. A call
    /// that [`Preflight`] does not send gets a 403 of the same form. The [`Denial`] is among the
    /// response's extensions in both cases.
    ///
    /// A body that was too large to be looked at as a whole is replaced by a short one.
    Message,
}

/// What is known before a call is sent.
///
/// ```
/// use gcp_scopes::guard::Decision;
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
    Abstain(Why),
    /// Google would refuse the call for lack of scope.
    Lacking(Denial),
}

impl Guard {
    /// A guard that has learnt from the environment variables, the credential files and the
    /// metadata server where it runs and what its credential may hold.
    ///
    /// Never fails, and takes at most a few seconds: what it cannot learn is unknown.
    /// Without the feature `metadata` it asks no server, unless it is given a
    /// [`Fetch`](crate::granted::Fetch). Any executor can drive it.
    ///
    /// ```no_run
    #[doc = awaits!()]
    /// let guard = gcp_scopes::Guard::from_env().await; // once, at start
    /// println!("on {} with {}", guard.environment().platform(), guard.environment().credential().as_str());
    #[doc = done!()]
    /// ```
    pub async fn from_env() -> Self {
        Self::builder().from_env().await
    }

    /// A guard made by hand. With no further call it knows the catalog and reads self-signed JWTs.
    ///
    /// ```
    /// # use gcp_scopes::{Guard, guard::Surface};
    /// let guard = Guard::builder().surface(Surface::Message).build();
    /// ```
    pub fn builder() -> GuardBuilder {
        GuardBuilder::default()
    }

    /// Where the program runs and which credential it uses.
    ///
    /// ```
    /// # use gcp_scopes::{Guard, environment::Platform};
    /// let guard = Guard::builder().env([("K_SERVICE", "shop")]).build();
    /// assert_eq!(guard.environment().platform(), Platform::CloudRunService);
    /// assert_eq!(guard.environment().resource(), Some("shop"));
    /// ```
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

    /// Checks at start-up whether the gates are open that a service needs: see
    /// [`self_check`](crate::self_check).
    ///
    /// ```
    #[doc = awaits!()]
    /// # let guard = gcp_scopes::Guard::builder().build();
    /// let report = guard.self_check().needs("pubsub.projects.topics.publish").run().await;
    /// report.into_result()?; // stops the start-up if a gate is closed
    #[doc = done!()]
    /// ```
    pub fn self_check(&self) -> SelfCheck {
        SelfCheck::new(self.clone())
    }

    /// Begins to remember which methods are called through this guard: see
    /// [`recorder`](crate::recorder). Every call of this gives the same recorder.
    ///
    /// ```
    /// let guard = gcp_scopes::Guard::builder().build();
    /// let recorder = guard.recorder();
    /// // … calls through `guard.layer()` or `guard.middleware()` …
    /// assert!(recorder.methods().is_empty() && guard.recorder().methods().is_empty());
    /// ```
    #[must_use]
    pub fn recorder(&self) -> Recorder {
        Recorder::new(Arc::clone(self.0.recorder.get_or_init(Arc::default)))
    }

    /// Judges a call by the scopes its token holds. Pure: no I/O, no event.
    ///
    /// ```
    #[doc = with_catalog!()]
    /// use gcp_scopes::call::Call;
    /// use gcp_scopes::granted::{GrantSource, GrantedScopes};
    /// use gcp_scopes::guard::Decision;
    /// use gcp_scopes::{Guard, ScopeSet};
    ///
    /// let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?name=cat.jpg".parse()?;
    /// let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
    /// let held = GrantedScopes::known(held, GrantSource::Metadata);
    /// match Guard::builder().build().decide(&Call::new(&http::Method::POST, &uri), &held) {
    ///     Decision::Lacking(denial) => eprintln!("{}", denial.report()),
    ///     other => unreachable!("{other:?}"),
    /// }
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn decide(&self, call: &Call<'_>, granted: &GrantedScopes) -> Decision {
        let asked = self.looked_up(call);
        match self.judge(&asked, granted) {
            Verdict::Allow => Decision::Allow,
            Verdict::Lacking => {
                Decision::Lacking(self.predict(DenialKind::Predicted, &asked, granted.clone()))
            }
            Verdict::Abstain(why) => Decision::Abstain(why),
        }
    }

    /// Says what to do about a refused answer, if it was refused for lack of scope.
    ///
    /// `None`: it was not, or that is not sure enough. Pure: no I/O, no event. Whether the answer
    /// came from the host that `call` names is for the caller to know.
    ///
    /// ```
    #[doc = with_catalog!()]
    /// use gcp_scopes::call::Call;
    /// use gcp_scopes::granted::GrantedScopes;
    /// use gcp_scopes::refusal::Answer;
    /// use gcp_scopes::Guard;
    ///
    /// let uri = "https://storage.googleapis.com/storage/v1/b/photos".parse()?;
    /// let call = Call::new(&http::Method::GET, &uri);
    /// let unknown = GrantedScopes::unknown("nobody was asked");
    /// let explain = |body: &[u8]| Guard::builder().build().explain(&call, &unknown, &Answer::new(body).with_status(403));
    ///
    /// let denial = explain(br#"{"error":{"message":"Request had insufficient authentication scopes."}}"#);
    /// assert_eq!(denial.and_then(|denial| denial.method()).map(|method| method.id()), Some("storage.buckets.get"));
    /// // IAM's refusals are not the guard's to explain: they reach the caller as they are.
    /// assert!(explain(br#"{"error":{"message":"The caller does not have permission"}}"#).is_none());
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn explain(&self, call: &Call<'_>, granted: &GrantedScopes, answer: &Answer<'_>) -> Option<Denial> {
        let asked = self.looked_up(call);
        let refusal = self.corroborated(refusal::classify(answer)?, &asked, granted);
        is_for_scope(&refusal).then(|| self.refuse(&asked, granted.clone(), refusal))
    }

    /// The same for an answer of which the call is not known, but as far as the answer itself names it.
    pub(crate) fn explain_alone(&self, answer: &Answer<'_>) -> Option<Denial> {
        let refusal = refusal::classify(answer).filter(is_for_scope)?;
        let granted = GrantedScopes::unknown("an error does not say which token the call carried");
        Some(self.refuse(&Asked::of(Err(Why::Method)), granted, refusal))
    }

    /// What a call is, and what it needs as far as its caller says so.
    fn looked_up(&self, call: &Call<'_>) -> Asked {
        let found = catalog::lookup(call, &self.0.endpoints);
        let Some(needed) = call.needed() else { return Asked { found, needed: None } };
        let found = match found {
            Err(Why::Host | Why::Catalog) if self.0.endpoints.is_googles(call) => Err(Why::Method),
            found => found,
        };
        let counts = is_google(&found) && found != Err(Why::Signed);
        Asked { found, needed: counts.then(|| needed.clone()) }
    }

    /// The scopes of which a method accepts any one, as far as is known by now.
    pub(crate) fn accepted(&self, method: catalog::ApiMethod) -> ScopeSet {
        self.0.lessons.accepted(method, method.accepted())
    }

    pub(crate) fn grants(&self) -> &TokenMemory {
        &self.0.grants
    }

    pub(crate) fn endpoints(&self) -> &Endpoints {
        &self.0.endpoints
    }

    /// Where the guard's own questions are asked.
    pub(crate) fn spawner(&self) -> &Spawner {
        self.0.background.spawner()
    }

    pub(crate) fn fetch(&self) -> Option<Arc<dyn DynFetch>> {
        self.0.fetch.clone()
    }

    /// The metadata server that hands out the program's tokens, if one does.
    pub(crate) fn metadata(&self) -> Option<&MetadataServer> {
        self.0.metadata.as_ref()
    }

    /// Why the metadata server told nothing, where it was asked.
    pub(crate) fn metadata_problem(&self) -> Option<&str> {
        self.0.problem.as_deref()
    }

    pub(crate) fn shared_environment(&self) -> Arc<Environment> {
        Arc::clone(&self.0.environment)
    }

    fn predict(&self, kind: DenialKind, asked: &Asked, granted: GrantedScopes) -> Denial {
        let accepted = asked.subject().map(|subject| self.0.lessons.accepted(subject, asked.listed()));
        let accepted = accepted.unwrap_or_default();
        Denial::predicted(kind, asked.method(), accepted, granted, self.0.environment.clone())
    }

    fn refuse(&self, asked: &Asked, granted: GrantedScopes, refusal: Refusal) -> Denial {
        let needed = asked.needed.as_ref().map(NeededScopes::scopes);
        Denial::refused(asked.method(), needed, granted, self.0.environment.clone(), refusal)
    }

    /// Whether the verdict is that the token lacks every scope. That it holds one is quick to see, and then
    /// no verdict is that.
    #[inline]
    fn lacks(&self, asked: &Asked, granted: &GrantedScopes) -> bool {
        let is_accepted = |found: &Found| {
            granted.scopes().is_some_and(|held| found.accepts(held)) && asked.needed.is_none()
        };
        !asked.found.as_ref().is_ok_and(is_accepted) && self.judge(asked, granted) == Verdict::Lacking
    }

    /// The verdict on what was asked, for a token of which something or nothing is known.
    fn judge(&self, asked: &Asked, granted: &GrantedScopes) -> Verdict {
        match (&asked.found, granted.scopes()) {
            (Err(why), _) if asked.needed.is_none() => Verdict::Abstain(*why),
            (_, None) if granted.is_not_limited() => Verdict::Allow,
            (_, None) => Verdict::Abstain(Why::Granted),
            (_, Some(held)) => match asked.verdict(held) {
                Verdict::Lacking => {
                    asked.subject().map_or(Verdict::Lacking, |subject| self.0.lessons.correct(subject, held))
                }
                verdict => verdict,
            },
        }
    }

    /// The same for a method that nobody has called yet.
    pub(crate) fn judge_method(&self, found: &Result<Found, Why>, granted: &GrantedScopes) -> Verdict {
        self.judge(&Asked::of(*found), granted)
    }

    /// A header alone only makes a scope refusal possible; our own prediction makes it likely.
    fn corroborated(&self, refusal: Refusal, asked: &Asked, granted: &GrantedScopes) -> Refusal {
        if self.lacks(asked, granted) { refusal.corroborated() } else { refusal }
    }
}

/// What is asked of Google: a method, or why none can be named, and what the caller says it needs.
#[derive(Debug, Clone)]
struct Asked {
    found: Result<Found, Why>,
    needed: Option<NeededScopes>,
}

impl Asked {
    const fn of(found: Result<Found, Why>) -> Self {
        Self { found, needed: None }
    }

    fn method(&self) -> Option<catalog::ApiMethod> {
        self.found.as_ref().ok().map(Found::method)
    }

    /// What a lesson about it is filed under.
    fn subject(&self) -> Option<Subject> {
        match &self.needed {
            Some(needed) => Some(Subject::Needed(needed.clone(), self.method())),
            None => self.method().map(Subject::Method),
        }
    }

    /// The scopes of which any one is enough, before anything was learnt.
    fn listed(&self) -> ScopeSet {
        match &self.needed {
            Some(needed) => needed.scopes().clone(),
            None => self.method().map(|method| method.accepted()).unwrap_or_default(),
        }
    }

    fn verdict(&self, held: &ScopeSet) -> Verdict {
        match (&self.needed, &self.found) {
            (Some(needed), _) if needed.scopes().is_empty() => Verdict::Abstain(Why::Empty),
            (Some(needed), _) if needed.scopes().intersects(held) => Verdict::Allow,
            (Some(_), _) => Verdict::Lacking,
            (None, Ok(found)) => verdict(found, held),
            (None, Err(why)) => Verdict::Abstain(*why),
        }
    }
}

fn is_google(found: &Result<Found, Why>) -> bool {
    found.as_ref().map_or_else(|why| why.is_google(), |_| true)
}

fn is_for_scope(refusal: &Refusal) -> bool {
    refusal.gate() == Gate::Scope && refusal.certainty() >= Certainty::Likely
}

#[cfg(feature = "tower")]
impl Guard {
    /// A tower layer: see [`adapter::tower`](crate::adapter::tower).
    ///
    /// ```
    /// # use http::{Request, Response};
    /// let guard = gcp_scopes::Guard::builder().build();
    /// let client = tower::service_fn(|_: Request<String>| async { Ok::<_, std::io::Error>(Response::new(String::new())) });
    /// let guarded = tower::ServiceBuilder::new().layer(guard.layer()).service(client);
    /// ```
    #[must_use]
    pub fn layer(&self) -> crate::adapter::tower::GuardLayer {
        crate::adapter::tower::GuardLayer::new(self)
    }
}

#[cfg(feature = "reqwest-middleware")]
impl Guard {
    /// A middleware: see [`adapter::reqwest_middleware`](crate::adapter::reqwest_middleware).
    ///
    /// ```no_run
    /// let guard = gcp_scopes::Guard::builder().build();
    /// let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(guard.middleware()).build();
    /// ```
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

#[cfg(test)]
#[cfg(feature = "catalog-full")]
mod tests;
