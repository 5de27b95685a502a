//! The way of one call through the guard, as an adapter walks it: [`Guard::before`] it is sent,
//! [`Guard::looks_at`] its answer, and [`Guard::after`] a refusal.

use std::time::Instant;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::lessons::Subject;
use super::line::Line;
use super::{Asked, Guard, Preflight, Verdict, WAIT, is_for_scope, is_google};
use crate::adapter::inflate;
use crate::call::{Call, Headers, Why, query};
use crate::catalog::{self, Endpoints, Found, KnownHost};
use crate::denial::{Denial, DenialKind};
use crate::granted::cache::{Entry, Stage, TokenKey};
use crate::granted::inspection::Peek;
use crate::granted::{GrantSource, GrantedScopes};
use crate::refusal::{self, Answer, Certainty, Gate, Refusal, ScopeRefusal};
use crate::remedy::least;
use crate::remedy::{Step, asked};
use crate::scope::{Scope, ScopeSet};
use crate::telemetry;

/// What an adapter carries from a request to its answer: no allocation, and the token only while somebody
/// is left who may be asked what it holds.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    asked: Asked,
    token: Option<TokenKey>,
    header: Option<HeaderValue>,
    /// Whether it was sent although its token lacks the scope, or might.
    doubted: bool,
    is_grpc: bool,
}

impl Checked {
    /// Whether the answer is to be read as gRPC's.
    pub(crate) fn is_grpc(&self) -> bool {
        self.is_grpc
    }

    pub(super) fn is_googles(&self) -> bool {
        is_google(&self.asked.found)
    }

    /// A call of which nothing is known.
    pub(crate) const NONE: Self = Self::untold(Err(Why::Host));

    /// A call of which a client shows no more than the method, or not even that.
    pub(crate) const fn untold(found: Result<Found, Why>) -> Self {
        Self { asked: Asked::of(found), token: None, header: None, doubted: false, is_grpc: false }
    }

    /// Takes note of its token, and keeps it if somebody is to be asked about it later.
    fn set_token(&mut self, key: TokenKey, header: Option<&HeaderValue>) {
        self.token = Some(key);
        self.header = header.cloned();
        if let Some(header) = &mut self.header {
            header.set_sensitive(true);
        }
    }

    /// Whether an answer with this status is of any use to the guard.
    #[cfg(feature = "reqwest-middleware")]
    pub(crate) fn is_told_by(&self, status: StatusCode) -> bool {
        self.doubted || status == StatusCode::FORBIDDEN
    }
}

/// What an adapter is to do with a request.
pub(crate) enum Before<C = Checked> {
    /// Send it.
    Go(C),
    /// Wait for [`Guard::ask`], then send it.
    Ask(C),
    /// Do not send it.
    Stop(Denial),
}

impl Before<()> {
    const GO: Self = Self::Go(());

    fn with(self, checked: Checked) -> Before {
        match self {
            Self::Go(()) => Before::Go(checked),
            Self::Ask(()) => Before::Ask(checked),
            Self::Stop(denial) => Before::Stop(denial),
        }
    }
}

/// The value of `Authorization`, if it is the only token: which of two Google would take is not known.
fn only_token<'a>(call: &Call<'a>, headers: &'a HeaderMap) -> Option<&'a HeaderValue> {
    let only = match call.headers() {
        Some(told) => told.only_authorization(),
        None => Headers::read(headers).only_authorization(),
    };
    only.filter(|_| !query::has_token(call.query()))
}

impl Guard {
    /// Before a request is sent. Never waits, and on the usual path does not allocate.
    pub(crate) fn before(&self, call: &Call<'_>, headers: &HeaderMap) -> Before {
        let mut checked = Checked::NONE;
        self.before_call(call, headers, &mut checked).with(checked)
    }

    fn before_call(&self, call: &Call<'_>, headers: &HeaderMap, checked: &mut Checked) -> Before<()> {
        checked.asked = self.looked_up(call);
        checked.is_grpc = call.is_grpc();
        if let Some(book) = self.0.recorder.get() {
            book.note(&checked.asked.found);
        }
        match only_token(call, headers) {
            Some(token) if checked.is_googles() => self.check(token, checked),
            _ => Before::GO,
        }
    }

    /// The same, but no method is looked for if the token opens the whole host that the call goes to: then
    /// the request line is put into `line`, and [`settled`](Self::settled) finds the method if the answer
    /// is a refusal.
    ///
    /// What is found is written where the caller will need it, [`Checked::NONE`] and [`Line::EMPTY`] before:
    /// a processor that copies what it has just written waits.
    pub(crate) fn before_keeping(
        &self,
        call: &Call<'_>,
        headers: &HeaderMap,
        checked: &mut Checked,
        line: &mut Line,
    ) -> Before<()> {
        let is_plain = call.needed().is_none() && self.0.recorder.get().is_none();
        let host = KnownHost::of(call, &self.0.endpoints).filter(|_| is_plain);
        let (Some(host), Some(token)) = (host, only_token(call, headers)) else {
            return self.before_call(call, headers, checked);
        };
        let read = |key, entry: &Entry| {
            let is_kept = host.is_open_to(&entry.granted) && line.keep(call, host);
            if is_kept {
                checked.asked.found = Err(Why::Method);
            } else {
                checked.asked.found = host.lookup(call);
            }
            let lacks = !is_kept && self.lacks(&checked.asked, &entry.granted);
            let may_learn = self.0.grants.may_learn_of(entry);
            checked.set_token(key, Some(token).filter(|_| may_learn));
            lacks
        };
        match self.0.grants.peek(token, read) {
            Peek::Seen(true) => self.lacking(checked),
            Peek::Seen(false) => Before::GO,
            Peek::Unseen { .. } | Peek::NotBearer => self.before_call(call, headers, checked),
        }
    }

    /// The same call with its method, which is looked for now if the request line was kept.
    pub(crate) fn settled(&self, checked: Checked, line: &Line) -> Checked {
        match line.found(&self.0.endpoints) {
            Some(found) => Checked { asked: Asked::of(found), ..checked },
            None => checked,
        }
    }

    /// The same for a call of Google's of which the token is seen, and the method or nothing else.
    pub(crate) fn before_with(&self, found: Result<Found, Why>, token: &HeaderValue) -> Before {
        if let Some(book) = self.0.recorder.get() {
            book.note(&found);
        }
        let mut checked = Checked::untold(found);
        self.check(token, &mut checked).with(checked)
    }

    fn check(&self, token: &HeaderValue, checked: &mut Checked) -> Before<()> {
        let grants = &self.0.grants;
        let read = |key, entry: &Entry| {
            (key, self.lacks(&checked.asked, &entry.granted), grants.may_learn_of(entry))
        };
        match grants.peek(token, read) {
            Peek::NotBearer => Before::GO,
            Peek::Unseen { key, is_new } => {
                checked.set_token(key, Some(token));
                checked.doubted = true;
                match self.0.preflight {
                    Preflight::Off => grants.remember(token),
                    _ => drop(grants.inspect(token, Stage::Ahead)),
                }
                let waits = is_new && self.0.preflight == Preflight::Deny && could_lack(&checked.asked);
                if waits { Before::Ask(()) } else { Before::GO }
            }
            Peek::Seen((key, true, _)) => {
                checked.set_token(key, None);
                self.lacking(checked)
            }
            Peek::Seen((key, false, may_learn)) => {
                checked.set_token(key, Some(token).filter(|_| may_learn));
                Before::GO
            }
        }
    }

    /// Waits where that is to be done, for adapters that may.
    ///
    /// # Errors
    /// The request is not to be sent.
    pub(crate) async fn admit(&self, before: Before) -> Result<Checked, Denial> {
        match before {
            Before::Go(checked) => Ok(checked),
            Before::Ask(checked) => self.ask(checked).await,
            Before::Stop(denial) => Err(denial),
        }
    }

    /// The scope to ask for in a token for this call, if the call may be given one: it goes to an
    /// API of Google's over TLS, or to where the user said that one is, and proves nothing yet.
    pub(crate) fn scope_to_ask_for(&self, call: &Call<'_>, headers: &HeaderMap) -> Option<Scope> {
        if headers.contains_key(header::AUTHORIZATION) || query::has_token(call.query()) {
            return None;
        }
        // Google refuses a key and a token of different projects in one request:
        // https://github.com/tidyverse/googledrive/issues/184.
        if headers.contains_key(API_KEY) || query::has(call.query(), "key") {
            return None;
        }
        let found = catalog::lookup(call, &self.0.endpoints);
        let is_theirs =
            || self.0.endpoints.is_mapped(call) && !is_google(&catalog::lookup(call, &Endpoints::new()));
        if !is_google(&found) || found == Err(Why::Signed) || !(call.is_over_tls() || is_theirs()) {
            return None;
        }
        Some(scope_for(&found))
    }

    /// What to do about a program that asks for scopes which the method does not accept, or which open
    /// a part of the data only. With a warning event.
    pub(crate) fn amiss(&self, found: &Found, asked: &ScopeSet) -> Option<Step> {
        let method = found.method();
        let why = match super::verdict(found, asked) {
            Verdict::Lacking if !asked.is_empty() => Some("which the method does not accept"),
            _ => asked::partial(asked),
        };
        let step = asked::name_a_scope(method, asked, why?)?;
        if let Some(times) = self.0.repeats.count(("asked", Some(method), None), self.0.grants.now()) {
            telemetry::asked_amiss(method, asked, times);
        }
        Some(step)
    }

    fn lacking(&self, checked: &mut Checked) -> Before<()> {
        let (Some(subject), Some(key)) = (checked.asked.subject(), checked.token) else { return Before::GO };
        let known = self.0.grants.read(key, |entry| (entry.granted.clone(), entry.stale_at));
        let Some((granted, stale_at)) = known else { return Before::GO };
        let denial = match self.0.preflight {
            Preflight::Deny => Some(self.denied_at_once(&checked.asked, subject, key, &granted, stale_at)),
            Preflight::Confirm => self.0.lessons.denial(key, subject, stale_at),
            Preflight::Warn => None,
            Preflight::Off => return Before::GO,
        };
        let Some(denial) = denial else {
            let method = checked.asked.method();
            let times = self.0.repeats.count(("predicted", method, Some(key)), self.0.grants.now());
            if let Some(times) = times {
                telemetry::predicted(method, &checked.asked.listed(), &granted, times);
            }
            checked.doubted = true;
            return Before::GO;
        };
        self.tell(checked, &denial, None);
        Before::Stop(denial)
    }

    fn denied_at_once(
        &self,
        asked: &Asked,
        subject: Subject,
        key: TokenKey,
        granted: &GrantedScopes,
        stale_at: Instant,
    ) -> Denial {
        let lessons = &self.0.lessons;
        lessons.denial(key, subject.clone(), stale_at).unwrap_or_else(|| {
            let denial = self.predict(DenialKind::Predicted, asked, granted.clone());
            lessons.deny(key, subject, stale_at, denial.clone());
            denial
        })
    }

    /// Waits, bounded, for the scopes of a token that nothing is known of yet, and judges again.
    pub(crate) async fn ask(&self, mut checked: Checked) -> Result<Checked, Denial> {
        let Some(key) = checked.token else { return Ok(checked) };
        let granted = self.0.grants.wait(key, checked.header.as_ref(), Stage::Ahead, self.0.deny_wait).await;
        if !self.lacks(&checked.asked, &granted) {
            return Ok(checked);
        }
        match self.lacking(&mut checked) {
            Before::Stop(denial) => Err(denial),
            Before::Go(()) | Before::Ask(()) => Ok(checked),
        }
    }

    /// Takes note of an answer's status, and tells whether it may be a refusal of Google's, so that
    /// its body is worth a look.
    pub(crate) fn looks_at(&self, checked: &Checked, status: StatusCode) -> bool {
        // Only what comes after the gate proves it open: a 404 may be a path that nobody serves, a
        // 400 may be said before anybody looks at the token.
        if checked.doubted && (status.is_success() || status == StatusCode::NOT_MODIFIED) {
            self.contradicted(checked);
        }
        status == StatusCode::FORBIDDEN && is_google(&checked.asked.found)
    }

    /// What is known of a call that was redirected: no more than whether its last host is Google's.
    /// The verb may have changed on the way, and the token may have been left out.
    pub(crate) fn redirected(&self, last: &Call<'_>) -> Checked {
        let found = catalog::lookup(last, &self.0.endpoints).and(Err(Why::Method));
        Checked::untold(found)
    }

    /// After a refused answer: a denial if the scope gate refused. Logs what it found.
    pub(crate) async fn after(
        &self,
        checked: &Checked,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Option<Denial> {
        let refusal = self.scope_refusal(checked, status, headers, body)?;
        let granted = self.granted_to(checked).await;
        self.settle(checked, status, refusal, granted)
    }

    /// The same where nobody can wait.
    pub(crate) fn after_at_once(
        &self,
        checked: &Checked,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Option<Denial> {
        let refusal = self.scope_refusal(checked, status, headers, body)?;
        let granted = self.granted_by_now(checked);
        self.settle(checked, status, refusal, granted)
    }

    fn scope_refusal(
        &self,
        checked: &Checked,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Option<Refusal> {
        let body = inflate::readable(headers, body)?;
        let answer = Answer::new(&body).with_status(status.as_u16()).with_headers(headers);
        let refusal = refusal::classify(&answer)?;
        if refusal.gate() != Gate::Scope {
            self.other_gate(checked, &refusal);
            return None;
        }
        Some(refusal)
    }

    fn settle(
        &self,
        checked: &Checked,
        status: StatusCode,
        refusal: Refusal,
        granted: GrantedScopes,
    ) -> Option<Denial> {
        self.take_named(checked, &refusal);
        let refusal = self.corroborated(refusal, &checked.asked, &granted);
        if !is_for_scope(&refusal) {
            self.other_gate(checked, &refusal);
            return None;
        }
        self.take_refused(checked, &granted, &refusal);
        let denial = self.refuse(&checked.asked, granted, refusal);
        self.tell(checked, &denial, Some(status));
        Some(denial)
    }

    /// Logs a denial, or counts it if its like was logged already.
    pub(super) fn tell(&self, checked: &Checked, denial: &Denial, status: Option<StatusCode>) {
        let happening = (telemetry::evidence(denial), denial.method(), checked.token);
        if let Some(times) = self.0.repeats.count(happening, self.0.grants.now()) {
            telemetry::denied(denial, status, times);
        }
    }

    /// What the refused token holds, as far as anybody can say before the caller's patience ends.
    async fn granted_to(&self, checked: &Checked) -> GrantedScopes {
        match checked.token {
            Some(key) => self.0.grants.wait(key, checked.header.as_ref(), Stage::Refused, WAIT).await,
            None => GrantedScopes::unknown(NO_TOKEN),
        }
    }

    /// What is known of it by now. Whoever is left to ask is asked, for the next refusal.
    fn granted_by_now(&self, checked: &Checked) -> GrantedScopes {
        if let Some(header) = &checked.header {
            let _ = self.0.grants.inspect(header, Stage::Refused);
        }
        let known = checked.token.and_then(|key| self.0.grants.read(key, |entry| entry.granted.clone()));
        known.unwrap_or_else(|| GrantedScopes::unknown(NO_TOKEN))
    }

    fn other_gate(&self, checked: &Checked, refusal: &Refusal) {
        let method = checked.asked.method();
        let happening = (refusal.gate().as_str(), method, checked.token);
        if let Some(times) = self.0.repeats.count(happening, self.0.grants.now()) {
            telemetry::other_gate(method, refusal, times);
        }
        if checked.doubted && is_behind_scopes(refusal) {
            self.contradicted(checked);
        }
    }

    /// The scope gate is open, although it should not be, as far as is known by now.
    fn contradicted(&self, checked: &Checked) {
        let (Some(subject), Some(key)) = (checked.asked.subject(), checked.token) else { return };
        let lacks = |entry: &Entry| {
            let lacks = self.lacks(&checked.asked, &entry.granted);
            lacks.then(|| entry.granted.source().is_some_and(GrantSource::is_hearsay))
        };
        match self.0.grants.read(key, lacks).flatten() {
            // Whoever spoke for the token was wrong about it; the catalog need not be.
            Some(true) => self.0.grants.forget(key),
            Some(false) if self.0.lessons.opened(subject) => {
                telemetry::contradicted(checked.asked.method(), &checked.asked.listed());
            }
            _ => {}
        }
    }

    /// Learns the scopes that Google names in a refusal.
    fn take_named(&self, checked: &Checked, refusal: &Refusal) {
        let named = refusal.alternatives();
        let is_sure = is_missing(refusal) && refusal.certainty() == Certainty::Certain && !named.is_empty();
        if let Some(subject) = checked.asked.subject().filter(|_| is_sure) {
            self.0.lessons.named(subject, named);
        }
    }

    /// Learns that Google agrees with us, or that somebody told us wrong.
    fn take_refused(&self, checked: &Checked, granted: &GrantedScopes, refusal: &Refusal) {
        let (Some(subject), Some(key)) = (checked.asked.subject(), checked.token) else { return };
        let is_used = matches!(self.0.preflight, Preflight::Confirm | Preflight::Deny);
        if !is_used || !is_missing(refusal) {
            return;
        }
        match self.judge(&checked.asked, granted) {
            Verdict::Lacking => {
                let Some(stale_at) = self.0.grants.read(key, |entry| entry.stale_at) else { return };
                let denial = self.predict(DenialKind::Confirmed, &checked.asked, granted.clone());
                self.0.lessons.deny(key, subject, stale_at, denial);
            }
            Verdict::Allow if granted.source().is_some_and(GrantSource::is_hearsay) => {
                self.0.grants.forget(key);
            }
            _ => {}
        }
    }
}

/// <https://docs.cloud.google.com/docs/authentication/api-keys-use#using-with-rest>, where the query's `key` is, too.
const API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");
const NO_TOKEN: &str = "the call carried no bearer token that could be seen";

/// The scope to ask for in a token for this call.
pub(crate) fn scope_for(found: &Result<Found, Why>) -> Scope {
    let accepted = found.as_ref().ok().map(|found| found.method().accepted());
    accepted.as_ref().and_then(least).unwrap_or_else(Scope::cloud_platform)
}

/// Whether any answer about the token could stop the call, so that it is worth waiting for.
fn could_lack(asked: &Asked) -> bool {
    asked.verdict(&ScopeSet::new()) == Verdict::Lacking
}

fn is_missing(refusal: &Refusal) -> bool {
    refusal.scope_refusal() == Some(ScopeRefusal::Missing)
}

/// Whether only a call whose scopes were found good enough is refused so. Which of the other gates
/// Google asks before the scopes is not documented.
fn is_behind_scopes(refusal: &Refusal) -> bool {
    matches!(refusal.gate(), Gate::Iam | Gate::ResourceAcl) && refusal.certainty() >= Certainty::Likely
}

#[cfg(test)]
#[cfg(feature = "catalog-full")]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::call::NeededScopes;
    use crate::granted::clock::tests::ManualClock;
    use crate::granted::{AccessToken, GrantedScopesSource};

    #[test]
    fn a_token_is_for_googles_apis_over_tls_and_for_hosts_the_user_mapped() {
        let guard = Guard::builder().endpoint("http://127.0.0.1:4443", "storage.googleapis.com").unwrap();
        let guard = guard.universe("s3nsapis.fr").unwrap().build();
        let rows = [
            ("https://storage.googleapis.com/storage/v1/b/b/o/x", Some("devstorage.read_only")),
            ("https://storage.googleapis.com:443/storage/v1/b/b/o/x", Some("devstorage.read_only")),
            ("http://127.0.0.1:4443/storage/v1/b/b/o/x", Some("devstorage.read_only")),
            ("https://storage.s3nsapis.fr/storage/v1/b/b/o/x", Some("devstorage.read_only")),
            ("https://pubsub.googleapis.com/v1/no/such/method/at/all", Some("cloud-platform")),
            ("http://storage.googleapis.com/storage/v1/b/b/o/x", None),
            ("http://storage.s3nsapis.fr/storage/v1/b/b/o/x", None),
            ("https://storage.googleapis.com/storage/v1/b/b/o/x?access_token=mine", None),
            ("https://storage.googleapis.com/storage/v1/b/b/o/x?a=b&oauth_token=mine", None),
            ("https://storage.googleapis.com/storage/v1/b/b/o?page_token=2", Some("devstorage.read_only")),
            ("https://storage.googleapis.com/storage/v1/b/b/o/x?alt=media&key=mine", None),
            ("https://storage.googleapis.com/storage/v1/b/b/o?prefix=key", Some("devstorage.read_only")),
            ("https://storage.googleapis.com:8443/storage/v1/b/b/o/x", None),
            ("http://127.0.0.1:4444/storage/v1/b/b/o/x", None),
            ("https://storage.googleapis.com/b/x?X-Goog-Signature=0&X-Goog-Credential=0", None),
            ("https://storage.googleapis.com.evil.example/storage/v1/b/b/o/x", None),
            ("https://storage.googleapis.com@evil.example/storage/v1/b/b/o/x", None),
            ("https://oauth2.googleapis.com/token", None),
            ("https://mine-abc.run.app/", None),
            ("http://metadata.google.internal/computeMetadata/v1/", None),
            ("https://example.com/", None),
            ("/storage/v1/b/b/o/x", None),
        ];
        for (url, expected) in rows {
            let (verb, uri) = (http::Method::GET, url.parse().unwrap());
            let call = Call::new(&verb, &uri);
            let scope = guard.scope_to_ask_for(&call, &HeaderMap::new());
            assert_eq!(scope.as_ref().map(Scope::short), expected, "{url}");
            for (name, value) in [(header::AUTHORIZATION, "Bearer mine"), (API_KEY, "mine")] {
                let headers = HeaderMap::from_iter([(name, value.parse().unwrap())]);
                assert_eq!(guard.scope_to_ask_for(&call, &headers), None, "{url}");
            }
        }
    }

    fn guard_of_a_logger(preflight: Preflight) -> Guard {
        let guard = Guard::builder().preflight(preflight).build();
        grant(&guard, "logging.write", GrantSource::Tokeninfo);
        guard
    }

    /// Lets the token of the logger hold this scope, as that source says.
    fn grant(guard: &Guard, short: &str, source: GrantSource) {
        let held = [short.parse().unwrap()].into_iter().collect();
        guard.declare(AccessToken::new("loggers").unwrap(), GrantedScopes::known(held, source));
    }

    fn of_the_logger() -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static("Bearer loggers"))])
    }

    fn before(guard: &Guard, url: &str, needed: Option<&NeededScopes>) -> Before {
        let (headers, uri) = (of_the_logger(), url.parse().unwrap());
        guard.before(&Call::of(&http::Method::GET, &uri, &headers).needing(needed), &headers)
    }

    /// What an adapter that keeps request lines does: as [`before`], and whether it kept this one.
    fn before_keeping(guard: &Guard, url: &str, needed: Option<&NeededScopes>) -> (Before, bool) {
        let headers = of_the_logger();
        let (mut checked, mut line, uri) = (Checked::NONE, Line::EMPTY, url.parse().unwrap());
        let call = Call::of(&http::Method::GET, &uri, &headers).needing(needed);
        let before = guard.before_keeping(&call, &headers, &mut checked, &mut line);
        (before.with(checked), line.found(&guard.0.endpoints).is_some())
    }

    #[test]
    fn a_method_is_looked_for_where_it_matters_and_the_answer_is_the_same() {
        let guard = guard_of_a_logger(Preflight::Deny);
        let logs = "https://logging.googleapis.com/v2/projects/p/logs";
        let object = "https://storage.googleapis.com/storage/v1/b/b/o/x";
        // `logging.write` opens no host as a whole: it writes, and these calls read.
        for url in [logs, object, "https://example.com/", "https://oauth2.googleapis.com/token"] {
            let (keeping, is_kept) = before_keeping(&guard, url, None);
            let stopped = matches!(before(&guard, url, None), Before::Stop(_));
            assert_eq!((matches!(keeping, Before::Stop(_)), is_kept), (stopped, false), "{url}");
        }
        let grant = |short| grant(&guard, short, GrantSource::Tokeninfo);
        // What opens the method alone lets the call go, and what opens the host does so without the method.
        grant("devstorage.read_only");
        assert!(matches!(before_keeping(&guard, object, None), (Before::Go(_), false)));
        grant("cloud-platform");
        assert!(matches!(before_keeping(&guard, object, None), (Before::Go(_), true)));
        // What the caller says it needs is not opened by what opens the host.
        let needed = NeededScopes::any_of(["drive".parse().unwrap()]);
        assert!(matches!(before_keeping(&guard, object, Some(&needed)), (Before::Stop(_), false)));
        let recorder = guard.recorder();
        assert!(matches!(before_keeping(&guard, object, None), (Before::Go(_), false)));
        assert_eq!(
            recorder.methods().iter().map(|method| method.id()).collect::<Vec<_>>(),
            ["storage.objects.get"]
        );
    }

    /// A source that counts what it is asked.
    #[derive(Default, Clone)]
    struct Counting(Arc<std::sync::atomic::AtomicUsize>);

    impl GrantedScopesSource for Counting {
        fn name(&self) -> &str {
            "the counting source"
        }

        async fn granted(&self, _: AccessToken<'_>) -> Option<GrantedScopes> {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            None
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_asked_about_only_on_its_way_to_google_and_never_ahead_with_off() {
        let object = "https://storage.googleapis.com/storage/v1/b/b/o/x";
        let rows = [
            (Preflight::Warn, "https://example.com/storage/v1/b/b/o/x", 0),
            (Preflight::Warn, object, 1),
            (Preflight::Off, object, 0),
        ];
        for (preflight, url, expected) in rows {
            let counting = Counting::default();
            let guard = Guard::builder().here().source(counting.clone()).preflight(preflight).build();
            assert!(matches!(before(&guard, url, None), Before::Go(_)));
            tokio::time::advance(Duration::from_secs(1)).await;
            tokio::task::yield_now().await;
            let asked = counting.0.load(std::sync::atomic::Ordering::Relaxed);
            assert_eq!(asked, expected, "{preflight:?} {url}");
        }
    }

    #[test]
    fn a_call_with_another_token_in_its_query_is_not_judged_by_its_header() {
        let guard = guard_of_a_logger(Preflight::Deny);
        let url = "https://storage.googleapis.com/storage/v1/b/b/o/x";
        assert!(matches!(before(&guard, url, None), Before::Stop(_)));
        for query in ["access_token=other", "alt=media&oauth_token=other"] {
            let Before::Go(checked) = before(&guard, &format!("{url}?{query}"), None) else {
                panic!("stopped: {query}")
            };
            assert!(checked.token.is_none() && checked.is_googles());
        }
    }

    #[test]
    fn a_refusal_of_one_method_is_none_of_another_that_is_said_to_need_the_same() {
        let guard = guard_of_a_logger(Preflight::Confirm);
        let needed = NeededScopes::any_of(["pubsub".parse().unwrap()]);
        let call = |url| before(&guard, url, Some(&needed));
        let (object, bucket) = (
            "https://storage.googleapis.com/storage/v1/b/b/o/x",
            "https://storage.googleapis.com/storage/v1/b/b",
        );
        let Before::Go(checked) = call(object) else { panic!("nothing was refused yet") };
        let said = b"Request had insufficient authentication scopes.";
        let denial = guard.after_at_once(&checked, StatusCode::FORBIDDEN, &HeaderMap::new(), said);
        assert!(denial.is_some());
        assert!(matches!(call(object), Before::Stop(_)));
        assert!(matches!(call(bucket), Before::Go(_)));
    }

    fn sent(guard: &Guard, url: &str) -> Checked {
        match before(guard, url, None) {
            Before::Go(checked) => checked,
            Before::Ask(_) | Before::Stop(_) => panic!("held back: {url}"),
        }
    }

    fn refused(guard: &Guard, url: &str, headers: &HeaderMap, said: &str) -> Option<Denial> {
        guard.after_at_once(&sent(guard, url), StatusCode::FORBIDDEN, headers, said.as_bytes())
    }

    const OBJECT: &str = "https://storage.googleapis.com/storage/v1/b/b/o/x";
    const SAID: &str = "Request had insufficient authentication scopes.";

    #[test]
    fn who_was_mistaken_about_a_token_is_not_believed_again_and_google_is() {
        for (source, is_believed) in [(GrantSource::Declared, false), (GrantSource::Tokeninfo, true)] {
            let guard = guard_of_a_logger(Preflight::Confirm);
            let is_known = |checked: &Checked| guard.0.grants.read(checked.token.unwrap(), |_| ()).is_some();
            // Google lets a call pass for which the scope is said to be lacking.
            grant(&guard, "logging.write", source);
            let checked = sent(&guard, OBJECT);
            assert!(checked.doubted);
            guard.looks_at(&checked, StatusCode::OK);
            assert_eq!(is_known(&checked), is_believed, "{source:?}");
            // Then it is the catalog that was wrong, of the method.
            grant(&guard, "logging.write", source);
            assert_eq!(sent(&guard, OBJECT).doubted, !is_believed, "{source:?}");
            // Google refuses a call for which the scope is said to be there.
            grant(&guard, "devstorage.read_only", source);
            assert!(refused(&guard, OBJECT, &HeaderMap::new(), SAID).is_some());
            assert_eq!(is_known(&checked), is_believed, "{source:?}");
        }
    }

    #[test]
    fn a_scope_that_is_one_too_many_is_not_remembered_as_one_that_is_lacking() {
        let guard = guard_of_a_logger(Preflight::Confirm);
        let restricting =
            r#"{"error":{"code":403,"message":"Metadata scope does not support 'q' parameter"}}"#;
        let denial = refused(&guard, OBJECT, &HeaderMap::new(), restricting).unwrap();
        assert_eq!(denial.refusal().unwrap().scope_refusal(), Some(ScopeRefusal::Restricting));
        assert!(refused(&guard, OBJECT, &HeaderMap::new(), SAID).is_some());
        assert!(matches!(before(&guard, OBJECT, None), Before::Stop(_)));
    }

    #[test]
    fn scopes_that_google_names_are_learnt_where_it_certainly_refused_for_lack_of_one() {
        let guard = guard_of_a_logger(Preflight::Warn);
        let challenge =
            r#"Bearer error="insufficient_scope", scope="https://www.googleapis.com/auth/pubsub""#;
        let headers = HeaderMap::from_iter([(header::WWW_AUTHENTICATE, challenge.parse().unwrap())]);
        let knows = || {
            let method = sent(&guard, OBJECT).asked.method().unwrap();
            guard.accepted(method).contains(&"pubsub".parse().unwrap())
        };
        let unsure = refused(&guard, OBJECT, &headers, r#"{"error":{"code":403,"message":"Forbidden"}}"#);
        let unsure = unsure.unwrap();
        assert!(!unsure.refusal().unwrap().alternatives().is_empty());
        assert!(unsure.certainty() < Certainty::Certain && !knows());
        assert!(refused(&guard, OBJECT, &headers, SAID).is_some());
        assert!(knows());
    }

    #[tokio::test(start_paused = true)]
    async fn deny_waits_for_nothing_where_no_answer_could_hold_the_call_back() {
        let guard = Guard::builder().here().source(Down).preflight(Preflight::Deny).build();
        let unlisted = "https://storage.googleapis.com/storage/v1/no/such/method";
        assert!(matches!(before(&guard, unlisted, None), Before::Go(_)));
        let guard = Guard::builder().here().source(Down).preflight(Preflight::Deny).build();
        assert!(matches!(before(&guard, OBJECT, None), Before::Ask(_)));
    }

    #[test]
    fn a_program_that_asks_for_the_wrong_scope_is_told_which_to_name() {
        let guard = Guard::builder().build();
        let uri = "https://www.googleapis.com/drive/v3/files".parse().unwrap();
        let found = catalog::lookup(&Call::new(&http::Method::GET, &uri), &Endpoints::new()).unwrap();
        let step =
            |asked: &[&str]| guard.amiss(&found, &asked.iter().map(|short| short.parse().unwrap()).collect());
        let told = |asked: &[&str]| step(asked).map(|step| step.text().to_owned()).unwrap_or_default();
        assert!(told(&["pubsub"]).contains("drive.files.list"));
        assert!(told(&["pubsub"]).contains("which the method does not accept"));
        assert!(told(&["drive.meet.readonly"]).contains("Google Meet"));
        for fine in [&[][..], &["drive.readonly"], &["drive.readonly", "pubsub"]] {
            assert_eq!(told(fine), "", "{fine:?}");
        }
    }

    /// A source that is down.
    struct Down;

    impl GrantedScopesSource for Down {
        fn name(&self) -> &str {
            "the test source"
        }

        async fn granted(&self, _: AccessToken<'_>) -> Option<GrantedScopes> {
            Some(GrantedScopes::unknown("the test source is down"))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn deny_holds_back_the_first_call_of_a_token_and_no_later_one() {
        let clock = Arc::new(ManualClock::new());
        let guard =
            Guard::builder().here().source(Down).preflight(Preflight::Deny).clock(Arc::clone(&clock) as _);
        let guard = guard.build();
        let call = |token: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
            let uri = "https://storage.googleapis.com/storage/v1/b/b/o/x".parse().unwrap();
            guard.before(&Call::new(&http::Method::GET, &uri), &headers)
        };
        let Before::Ask(checked) = call("a") else { panic!("the first call asks") };
        guard.ask(checked).await.unwrap();
        for _ in 0..5 {
            assert!(matches!(call("a"), Before::Go(_)));
            // Its failure is forgotten by now, and it is inspected again.
            clock.advance(Duration::from_secs(1000));
            assert!(matches!(call("a"), Before::Go(_)), "held back again");
            tokio::task::yield_now().await;
        }
        assert!(matches!(call("b"), Before::Ask(_)));
    }
}
