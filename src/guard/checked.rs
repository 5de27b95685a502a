//! The way of one call through the guard, as an adapter walks it: [`Guard::before`] it is sent,
//! [`Guard::looks_at`] its answer, and [`Guard::after`] a refusal.

use std::time::Instant;

use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::kept::Kept;
use super::{Guard, Preflight, Verdict, WAIT, is_for_scope, method, verdict};
use crate::call::{Call, Headers, Why};
use crate::catalog::{self, Endpoints, Found, KnownHost};
use crate::denial::{Denial, DenialKind};
use crate::granted::cache::{Entry, Stage, TokenKey};
use crate::granted::flight::Peek;
use crate::granted::{GrantSource, GrantedScopes};
use crate::refusal::{self, Answer, Certainty, Gate, Refusal, ScopeRefusal};
use crate::remedy::least;
use crate::scope::{Scope, ScopeSet};
use crate::telemetry;

/// What an adapter carries from a request to its answer: no token, no allocation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Checked {
    /// The method, unless the request line was kept to find it in later.
    found: Result<Found, Why>,
    kept: Option<Kept>,
    token: Option<TokenKey>,
    /// Whether it was sent although its token lacks the scope, or might.
    doubted: bool,
    is_grpc: bool,
}

#[cfg_attr(not(feature = "tower"), allow(dead_code))]
impl Checked {
    /// Whether the answer is to be read as gRPC's.
    pub(crate) fn is_grpc(&self) -> bool {
        self.is_grpc
    }

    pub(super) fn found(&self) -> &Result<Found, Why> {
        &self.found
    }
}

impl Checked {
    /// A call of which no token is known.
    fn of(found: Result<Found, Why>) -> Self {
        Self { found, kept: None, token: None, doubted: false, is_grpc: false }
    }

    /// The same with the method, which is worked out now if the request line was kept.
    fn settled(&self, endpoints: &Endpoints) -> Self {
        let found = self.kept.map_or(self.found, |kept| kept.found(endpoints));
        Self { found, kept: None, ..*self }
    }

    /// Whether an answer with this status is of any use to the guard.
    #[cfg(feature = "reqwest-middleware")]
    pub(crate) fn is_told_by(&self, status: StatusCode) -> bool {
        self.doubted || status == StatusCode::FORBIDDEN
    }
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
    /// Before a request is sent. Never waits, and on the usual path does not allocate.
    pub(crate) fn before(&self, call: &Call<'_>, headers: &HeaderMap) -> Before {
        let token = match call.headers() {
            Some(told) => told.only_authorization(),
            None => Headers::read(headers).only_authorization(),
        };
        match (token, KnownHost::of(call, &self.0.endpoints)) {
            (Some(token), Some(host)) if host.may_be_open() => self.before_host(call, token, host),
            (token, Some(host)) => self.before_method(Checked::of(host.lookup(call)), token),
            (token, None) => {
                let found = catalog::lookup(call, &self.0.endpoints);
                self.before_method(Checked { is_grpc: call.is_grpc(), ..Checked::of(found) }, token)
            }
        }
    }

    /// Where the token may open the whole host: the path is matched only if it does not.
    fn before_host(&self, call: &Call<'_>, token: &HeaderValue, host: KnownHost) -> Before {
        let mut checked = Checked::of(Err(Why::Method));
        let judge = |key, entry: &Entry| {
            checked.token = Some(key);
            checked.kept = if host.is_open_to(&entry.granted) { Kept::of(call, host) } else { None };
            if checked.kept.is_some() {
                return Verdict::Allow;
            }
            checked.found = host.lookup(call);
            self.judge(&checked.found, &entry.granted)
        };
        match self.0.grants.peek(token, judge) {
            Peek::Seen(Verdict::Lacking) => self.lacking(checked),
            Peek::Seen(_) => Before::Go(checked),
            _ => self.before_method(Checked::of(host.lookup(call)), Some(token)),
        }
    }

    fn before_method(&self, unseen: Checked, token: Option<&HeaderValue>) -> Before {
        let found = unseen.found;
        let Some(token) = token.filter(|_| is_google(&found)) else { return Before::Go(unseen) };
        match self.0.grants.peek(token, |key, entry| (key, self.judge(&found, &entry.granted))) {
            Peek::NotBearer => Before::Go(unseen),
            Peek::Unseen(key) => {
                let checked = Checked { token: Some(key), doubted: true, ..unseen };
                match self.0.preflight {
                    Preflight::Off => self.0.grants.remember(token),
                    _ => drop(self.0.grants.inspect(token, Stage::Ahead)),
                }
                let waits = self.0.preflight == Preflight::Deny && could_lack(&found);
                if waits { Before::Ask(checked) } else { Before::Go(checked) }
            }
            Peek::Seen((key, Verdict::Lacking)) => self.lacking(Checked { token: Some(key), ..unseen }),
            Peek::Seen((key, _)) => Before::Go(Checked { token: Some(key), ..unseen }),
        }
    }

    /// [`before`](Self::before), and [`ask`](Self::ask) where it says so.
    ///
    /// # Errors
    /// The request is not to be sent.
    pub(crate) async fn admit(&self, call: &Call<'_>, headers: &HeaderMap) -> Result<Checked, Denial> {
        match self.before(call, headers) {
            Before::Go(checked) => Ok(checked),
            Before::Ask(checked) => self.ask(checked).await,
            Before::Stop(denial) => Err(denial),
        }
    }

    /// The scope to ask for in a token for this call, if the call may be given one: it goes to an
    /// API of Google's over TLS, or to where the user said that one is, and proves nothing yet.
    pub(crate) fn scope_to_ask_for(&self, call: &Call<'_>, headers: &HeaderMap) -> Option<Scope> {
        if headers.contains_key(header::AUTHORIZATION) {
            return None;
        }
        let found = catalog::lookup(call, &self.0.endpoints);
        let is_theirs = || !is_google(&catalog::lookup(call, &Endpoints::new()));
        if !is_google(&found) || found == Err(Why::Signed) || !(call.is_over_tls() || is_theirs()) {
            return None;
        }
        let accepted = method(&found).map(|method| method.accepted()).unwrap_or_default();
        least(&accepted).or_else(|| Some(Scope::cloud_platform()))
    }

    fn lacking(&self, checked: Checked) -> Before {
        let (Ok(found), Some(key)) = (&checked.found, checked.token) else { return Before::Go(checked) };
        let known = self.0.grants.read(key, |entry| (entry.granted.clone(), entry.stale_at));
        let Some((granted, stale_at)) = known else { return Before::Go(checked) };
        let denial = match self.0.preflight {
            Preflight::Deny => Some(self.denied_at_once(found, key, &granted, stale_at)),
            Preflight::Confirm => self.0.lessons.denial(key, found.method(), stale_at),
            Preflight::Warn => None,
            Preflight::Off => return Before::Go(checked),
        };
        let Some(denial) = denial else {
            let times =
                self.0.repeats.count(("predicted", Some(found.method()), Some(key)), self.0.grants.now());
            if let Some(times) = times {
                telemetry::predicted(found.method(), &granted, times);
            }
            return Before::Go(Checked { doubted: true, ..checked });
        };
        self.tell(&checked, &denial, None);
        Before::Stop(denial)
    }

    fn denied_at_once(
        &self,
        found: &Found,
        key: TokenKey,
        granted: &GrantedScopes,
        stale_at: Instant,
    ) -> Denial {
        let lessons = &self.0.lessons;
        lessons.denial(key, found.method(), stale_at).unwrap_or_else(|| {
            let denial = self.predict(DenialKind::Predicted, found, granted.clone());
            lessons.deny(key, found.method(), stale_at, denial.clone());
            denial
        })
    }

    /// Waits, bounded, for the scopes of a token that nothing is known of yet, and judges again.
    pub(crate) async fn ask(&self, checked: Checked) -> Result<Checked, Denial> {
        let Some(key) = checked.token else { return Ok(checked) };
        let granted = self.0.grants.wait(key, Stage::Ahead, self.0.deny_wait).await;
        if self.judge(&checked.found, &granted) != Verdict::Lacking {
            return Ok(checked);
        }
        match self.lacking(checked) {
            Before::Stop(denial) => Err(denial),
            Before::Go(checked) | Before::Ask(checked) => Ok(checked),
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
        status == StatusCode::FORBIDDEN && is_google(&checked.found)
    }

    /// What is known of a call that was redirected: no more than whether its last host is Google's.
    /// The verb may have changed on the way, and the token may have been left out.
    #[cfg(any(feature = "reqwest-middleware", feature = "opendal"))]
    pub(crate) fn redirected(&self, last: &Call<'_>) -> Checked {
        let found = catalog::lookup(last, &self.0.endpoints).and(Err(Why::Method));
        Checked::of(found)
    }

    /// After a refused answer: a denial if the scope gate refused. Logs what it found.
    pub(crate) async fn after(
        &self,
        checked: &Checked,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Option<Denial> {
        let answer = Answer::new(body).with_status(status.as_u16()).with_headers(headers);
        let refusal = refusal::classify(&answer).filter(|_| !is_encoded(headers))?;
        let checked = &checked.settled(&self.0.endpoints);
        if refusal.gate() != Gate::Scope {
            return self.other_gate(checked, &refusal);
        }
        let granted = self.granted_to(checked).await;
        self.take_named(checked, &refusal);
        let refusal = self.corroborated(refusal, &checked.found, &granted);
        if !is_for_scope(&refusal) {
            return self.other_gate(checked, &refusal);
        }
        self.take_refused(checked, &granted, &refusal);
        let denial = self.refuse(&checked.found, granted, refusal);
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
            Some(key) => self.0.grants.wait(key, Stage::Refused, WAIT).await,
            None => GrantedScopes::unknown("the call carried no bearer token that could be seen"),
        }
    }

    fn other_gate(&self, checked: &Checked, refusal: &Refusal) -> Option<Denial> {
        let method = method(&checked.found);
        let happening = (refusal.gate().as_str(), method, checked.token);
        if let Some(times) = self.0.repeats.count(happening, self.0.grants.now()) {
            telemetry::other_gate(method, refusal, times);
        }
        if checked.doubted && is_behind_scopes(refusal) {
            self.contradicted(checked);
        }
        None
    }

    /// The scope gate is open, although it should not be, as far as is known by now.
    fn contradicted(&self, checked: &Checked) {
        let (Ok(found), Some(key)) = (&checked.found, checked.token) else { return };
        let lacks = |entry: &Entry| {
            let lacks = self.judge(&checked.found, &entry.granted) == Verdict::Lacking;
            lacks.then(|| entry.granted.source().is_some_and(GrantSource::is_hearsay))
        };
        match self.0.grants.read(key, lacks).flatten() {
            // Whoever spoke for the token was wrong about it; the catalog need not be.
            Some(true) => self.0.grants.forget(key),
            Some(false) if self.0.lessons.opened(found.method()) => telemetry::contradicted(found.method()),
            _ => {}
        }
    }

    /// Learns the scopes that Google names in a refusal.
    fn take_named(&self, checked: &Checked, refusal: &Refusal) {
        let named = refusal.alternatives();
        let is_sure = is_missing(refusal) && refusal.certainty() == Certainty::Certain && !named.is_empty();
        if let Some(method) = method(&checked.found).filter(|_| is_sure) {
            self.0.lessons.named(method, named);
        }
    }

    /// Learns that Google agrees with us, or that somebody told us wrong.
    fn take_refused(&self, checked: &Checked, granted: &GrantedScopes, refusal: &Refusal) {
        let (Ok(found), Some(key)) = (&checked.found, checked.token) else { return };
        let is_used = matches!(self.0.preflight, Preflight::Confirm | Preflight::Deny);
        if !is_used || !is_missing(refusal) {
            return;
        }
        match self.judge(&checked.found, granted) {
            Verdict::Lacking => {
                let Some(stale_at) = self.0.grants.read(key, |entry| entry.stale_at) else { return };
                let denial = self.predict(DenialKind::Confirmed, found, granted.clone());
                self.0.lessons.deny(key, found.method(), stale_at, denial);
            }
            Verdict::Allow if granted.source().is_some_and(GrantSource::is_hearsay) => {
                self.0.grants.forget(key);
            }
            _ => {}
        }
    }

    /// Whether a denial goes into the response's extensions and not into an error.
    pub(crate) fn keeps_response(&self) -> bool {
        self.0.surface == super::Surface::Extension
    }
}

/// Whether any answer about the token could stop the call, so that it is worth waiting for.
fn could_lack(found: &Result<Found, Why>) -> bool {
    found.as_ref().is_ok_and(|found| verdict(found, &ScopeSet::new()) == Verdict::Lacking)
}

pub(super) fn is_google(found: &Result<Found, Why>) -> bool {
    found.as_ref().map_or_else(|why| why.is_google(), |_| true)
}

/// A compressed body says nothing that can be read, and the headers alone do not decide.
fn is_encoded(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity")
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
    use super::*;

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
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, "Bearer mine".parse().unwrap());
            assert_eq!(guard.scope_to_ask_for(&call, &headers), None, "{url}");
        }
    }
}
