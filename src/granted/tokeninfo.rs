//! Queries Google's tokeninfo endpoint for the scopes of an opaque token.
//!
//! The token is sent over TLS in the body of a POST, as gcloud's help recommends (`gcloud auth
//! application-default print-access-token --help`). The token is never in a URL, for the reasons in
//! RFC 6750 §5.3. Google throttles the endpoint. Therefore, unless the user configures otherwise,
//! the guard queries the endpoint only after a refusal, and at most at the rate of
//! [`PROCESS_LIMIT`].

use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::uri::Scheme;
use http::{Request, Response, StatusCode, Uri};
use serde::Deserialize;
use serde_json::Value;

use super::clock::Clock;
use super::fetch::{self, Fetch};
use super::source::GrantedScopesSource;
use super::{AccessToken, GrantSource, GrantedScopes};
use crate::error::Error;
use crate::scope::ScopeSet;

/// The URL of Google's tokeninfo endpoint. Source: `_GOOGLE_OAUTH2_TOKEN_INFO_ENDPOINT` in
/// <https://github.com/googleapis/google-auth-library-python>, `google/oauth2/credentials.py`.
pub(crate) const ENDPOINT: &str = "https://oauth2.googleapis.com/tokeninfo";

/// The rate limit that all guards of a process share for Google's endpoint: a burst of 5 requests,
/// then one request every 2 seconds. Google documents no limit; this rate is below one request per
/// second.
static PROCESS_LIMIT: RateLimit = default_rate_limit();

/// Returns the limit described at [`PROCESS_LIMIT`].
const fn default_rate_limit() -> RateLimit {
    RateLimit::new(5, Duration::from_secs(2))
}

/// A rate limit with bursts.
pub(crate) struct RateLimit {
    /// How many requests may be sent without a pause after a long time without requests.
    burst: u32,
    /// The time after which one more request may be sent.
    pause: Duration,
    /// When the whole burst is available again. `None` before the first request.
    full_at: Mutex<Option<Instant>>,
}

impl RateLimit {
    /// Creates a limit that permits `burst` requests without a pause, and then one request per
    /// `pause`.
    pub(crate) const fn new(burst: u32, pause: Duration) -> Self {
        Self { burst, pause, full_at: Mutex::new(None) }
    }

    /// Takes a permit for one request. Returns `false` if no permit is available at `now`.
    fn try_acquire(&self, now: Instant) -> bool {
        let mut full_at = self.full_at();
        // The generic cell rate algorithm: one time stands for the whole state of the limit.
        // <https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm>
        let next = full_at.map_or(now, |at| at.max(now)) + self.pause;
        let is_allowed = next <= now + self.pause * self.burst;
        if is_allowed {
            *full_at = Some(next);
        }
        is_allowed
    }

    /// Gives out no permit for the time of `pause`, and then one.
    fn block_for(&self, now: Instant, pause: Duration) {
        let until = now + pause + self.pause * self.burst.saturating_sub(1);
        let mut full_at = self.full_at();
        *full_at = full_at.max(Some(until));
    }

    fn full_at(&self) -> MutexGuard<'_, Option<Instant>> {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A source of the scopes of every opaque token, at the cost of a request to Google.
pub(crate) struct Tokeninfo {
    fetch: Arc<dyn Fetch>,
    endpoint: Uri,
    clock: Arc<dyn Clock>,
    /// The rate limit of a user's own endpoint. `None` for Google's endpoint, which uses
    /// [`PROCESS_LIMIT`].
    rate_limit: Option<RateLimit>,
}

/// The response of tokeninfo. Values of any type are accepted here, because an invalid expiry is
/// ignored.
#[derive(Deserialize)]
struct Reply {
    scope: Option<Value>,
    /// Seconds.
    expires_in: Option<Value>,
}

impl Tokeninfo {
    /// Creates a source that queries `endpoint`, or Google's endpoint if `endpoint` is `None`.
    pub(crate) fn new(fetch: Arc<dyn Fetch>, endpoint: Option<Uri>, clock: Arc<dyn Clock>) -> Self {
        let rate_limit = endpoint.is_some().then(default_rate_limit);
        Self {
            fetch,
            endpoint: endpoint.unwrap_or_else(|| Uri::from_static(ENDPOINT)),
            clock,
            rate_limit,
        }
    }

    /// Sends one request, if the rate limit permits a request. Returns the scopes, or why they are
    /// unknown.
    async fn query(&self, token: AccessToken<'_>) -> Result<GrantedScopes, String> {
        // Checked before the rate limit: a request that cannot be sent must not use up a permit.
        if let Some(why) = self.fetch.unsupported_reason(&self.endpoint) {
            return Err(format!("tokeninfo was not queried: {why}"));
        }
        let rate_limit = self.rate_limit.as_ref().unwrap_or(&PROCESS_LIMIT);
        if !rate_limit.try_acquire(self.clock.now()) {
            return Err("tokeninfo was not queried: it received too many requests".to_owned());
        }
        // The token is in the body, because proxies and servers log URLs.
        let request = Request::post(self.endpoint.clone())
            .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(form_body(token)));
        let request = request.map_err(|_| "tokeninfo cannot be queried")?;
        let response = self.fetch.fetch(request).await;
        let response = response.map_err(|_| "tokeninfo could not be reached")?;
        if let Some(pause) = fetch::requested_pause(&response) {
            rate_limit.block_for(self.clock.now(), pause);
        }
        self.read(&response)
    }

    /// Returns the scopes that a response contains, or why they are unknown.
    fn read(&self, response: &Response<Bytes>) -> Result<GrantedScopes, String> {
        match response.status() {
            StatusCode::OK => {}
            StatusCode::BAD_REQUEST => return Err("tokeninfo does not know this token".to_owned()),
            status => return Err(format!("tokeninfo answered {}", status.as_u16())),
        }
        let answer =
            fetch::body_text(response).and_then(|text| serde_json::from_str::<Reply>(text).ok());
        let Some(Reply { scope: Some(Value::String(scope)), expires_in }) = answer else {
            return Err("the response of tokeninfo cannot be read".to_owned());
        };
        let granted =
            GrantedScopes::known(ScopeSet::from_scope_text(&scope), GrantSource::Tokeninfo);
        Ok(
            match expires_in.and_then(|seconds| self.clock.wall().checked_add(duration(&seconds)?))
            {
                Some(at) => granted.with_expiry(at),
                None => granted,
            },
        )
    }
}

impl GrantedScopesSource for Tokeninfo {
    fn name(&self) -> &str {
        "tokeninfo"
    }

    async fn granted(&self, token: AccessToken<'_>) -> Option<GrantedScopes> {
        Some(self.query(token).await.unwrap_or_else(GrantedScopes::unknown))
    }
}

/// Parses a URL to which tokens may be sent. The error message contains the URL without its
/// password.
pub(crate) fn endpoint(url: &str) -> Result<Uri, Error> {
    let uri = Uri::from_str(url).ok().filter(is_safe_for_a_token);
    uri.ok_or_else(|| {
        // The part before the `@` usually contains a password.
        let url = url.rsplit_once('@').map_or(url, |(_, address)| address);
        let url = format!("{url:.100}");
        let url = url.escape_debug();
        Error::invalid(format!(
            "tokens must not be sent to `{url}`; use an https URL, or a URL of this machine"
        ))
    })
}

/// Returns whether the URL uses TLS, or stays on this machine.
fn is_safe_for_a_token(uri: &Uri) -> bool {
    let is_local = matches!(uri.host(), Some("127.0.0.1" | "[::1]" | "localhost"));
    uri.scheme() == Some(&Scheme::HTTPS) || (uri.scheme() == Some(&Scheme::HTTP) && is_local)
}

/// Parses a number of seconds, which this endpoint sends as text, and older versions as a number.
fn duration(seconds: &Value) -> Option<Duration> {
    let seconds = seconds.as_u64().or_else(|| seconds.as_str()?.parse().ok())?;
    Some(Duration::from_secs(seconds))
}

/// Returns the body of the request: the token as a form field.
fn form_body(token: AccessToken<'_>) -> String {
    format!("access_token={}", fetch::percent_encoded(token.secret()))
}

#[cfg(test)]
mod tests {
    use super::super::clock::tests::ManualClock;
    use super::super::fetch::tests::{FakeFetch, answer};
    use super::*;

    const INVALID_TOKEN: &str = r#"{"error_description":"Invalid Value"}"#;

    /// Creates a source with a rate limit of its own, a burst of 2 requests and then one request
    /// every 2 seconds.
    fn tokeninfo(fetch: Arc<dyn Fetch>) -> (Tokeninfo, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new());
        let mut tokeninfo = Tokeninfo::new(fetch, None, Arc::clone(&clock) as _);
        tokeninfo.rate_limit = Some(RateLimit::new(2, Duration::from_secs(2)));
        (tokeninfo, clock)
    }

    /// Returns the scopes for a response with this status and body.
    async fn scopes_for(status: u16, body: &str) -> GrantedScopes {
        let response = answer(status, body);
        let fetch = Arc::new(FakeFetch::new(move |_: &Request<Bytes>| Some(response.clone())));
        tokeninfo(fetch).0.granted(AccessToken::new("ya29.x").unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn the_token_is_sent_only_in_the_body_of_a_post() {
        let fetch = Arc::new(FakeFetch::new(|request: &Request<Bytes>| {
            assert_eq!(request.method(), http::Method::POST);
            assert_eq!(request.uri(), ENDPOINT);
            assert_eq!(request.body(), "access_token=ya29.a%2Bb%2F%3D%26c");
            let head = format!("{:?} {:?}", request.uri(), request.headers());
            assert!(!head.contains("ya29"), "{head}");
            Some(answer(200, r#"{"scope":"openid"}"#))
        }));
        let (tokeninfo, _) = tokeninfo(fetch);
        assert!(
            !tokeninfo
                .granted(AccessToken::new("ya29.a+b/=&c").unwrap())
                .await
                .unwrap()
                .is_unknown()
        );
    }

    #[tokio::test]
    async fn scopes_and_expiry_come_from_the_response() {
        for expires_in in ["\"600\"", "600"] {
            let body = format!(
                r#"{{"azp":"1","scope":"openid email","expires_in":{expires_in},"email":"a@b"}}"#
            );
            let granted = scopes_for(200, &body).await;
            assert_eq!(granted.scopes(), Some(&ScopeSet::from_scope_text("email openid")));
            assert_eq!(granted.source(), Some(GrantSource::Tokeninfo));
            assert_eq!(
                granted.expires_at(),
                Some(ManualClock::new().wall() + Duration::from_secs(600))
            );
        }
    }

    #[tokio::test]
    async fn any_other_response_leads_to_unknown_scopes() {
        let rows = [
            (400, INVALID_TOKEN),
            (400, ""),
            (403, "<html>"),
            (404, INVALID_TOKEN),
            (429, "{}"),
            (500, ""),
            (302, ""),
            (200, ""),
            (200, "<html>"),
            (200, "{}"),
            (200, "null"),
            (200, r#"{"scope":""}"#),
            (200, r#"{"scope":7}"#),
            (200, r#"{"scope":["openid"]}"#),
            (200, r#"{"scope":"openid""#),
            (200, r#"{"scope":"openid","scope":"email"}"#),
        ];
        for (status, body) in rows {
            assert!(scopes_for(status, body).await.is_unknown(), "{status} {body}");
        }
        assert!(
            scopes_for(200, &format!(r#"{{"scope":"{}"}}"#, "x ".repeat(40_000)))
                .await
                .is_unknown()
        );
    }

    #[tokio::test]
    async fn an_invalid_expiry_is_ignored() {
        for expires_in in ["-1", "\"-1\"", "\"soon\"", "1e300", "18446744073709551615", "null"] {
            let granted =
                scopes_for(200, &format!(r#"{{"scope":"openid","expires_in":{expires_in}}}"#))
                    .await;
            assert!(granted.scopes().is_some() && granted.expires_at().is_none(), "{expires_in}");
        }
    }

    #[tokio::test]
    async fn the_rate_limit_bounds_the_requests() {
        let fetch = Arc::new(FakeFetch::new(|_: &Request<Bytes>| Some(answer(400, INVALID_TOKEN))));
        let (tokeninfo, clock) = tokeninfo(Arc::clone(&fetch) as _);
        let token = AccessToken::new("ya29.x").unwrap();
        let mut requests = Vec::new();
        // Seconds that pass before each query. The limit is a burst of 2 requests, then one request
        // every 2 seconds.
        for seconds in [0, 0, 0, 1, 1, 2, 100, 0, 0] {
            clock.advance(Duration::from_secs(seconds));
            tokeninfo.granted(token).await.unwrap();
            requests.push(fetch.sent());
        }
        assert_eq!(requests, [1, 2, 2, 2, 3, 4, 5, 6, 6]);
    }

    #[tokio::test]
    async fn retry_after_is_respected() {
        let fetch = Arc::new(FakeFetch::new(|_: &Request<Bytes>| {
            let mut busy = answer(429, "");
            busy.headers_mut().insert("retry-after", "60".parse().unwrap());
            Some(busy)
        }));
        let (tokeninfo, clock) = tokeninfo(Arc::clone(&fetch) as _);
        let mut requests = Vec::new();
        // Seconds that pass before each query. The server requests a pause of 60 seconds.
        for seconds in [0, 0, 59, 1, 0, 59, 1] {
            clock.advance(Duration::from_secs(seconds));
            assert!(
                tokeninfo.granted(AccessToken::new("ya29.x").unwrap()).await.unwrap().is_unknown()
            );
            requests.push(fetch.sent());
        }
        assert_eq!(requests, [1, 1, 1, 2, 2, 2, 3]);
    }

    #[test]
    fn a_token_is_not_sent_over_a_network_without_tls() {
        for (url, is_safe) in [
            (ENDPOINT, true),
            ("http://127.0.0.1:8080/tokeninfo", true),
            ("http://[::1]:8080/tokeninfo", true),
            ("http://localhost:8080/tokeninfo", true),
            ("http://oauth2.googleapis.com/tokeninfo", false),
            ("http://127.0.0.1.example.com/", false),
            ("http://127.0.0.1@example.com/", false),
            ("http://me:PASSWORD@example.com/", false),
            ("ftp://127.0.0.1/", false),
            ("oauth2.googleapis.com", false),
            ("/tokeninfo", false),
            ("", false),
        ] {
            match endpoint(url) {
                Ok(uri) => assert!(is_safe, "{uri}"),
                Err(error) => {
                    let (message, host) = (error.to_string(), url.rsplit('@').next().unwrap());
                    assert!(
                        !is_safe && message.contains(host) && !message.contains("PASSWORD"),
                        "{url}: {message}"
                    );
                }
            }
        }
    }
}
