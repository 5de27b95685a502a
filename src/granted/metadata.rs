//! Queries the metadata server of Google's runtimes, and decides when the server's list of scopes
//! can be trusted.
//!
//! On a VM every token of the metadata server is granted exactly the listed scopes. On Cloud Run,
//! Cloud Functions, App Engine and GKE with Workload Identity the list contains the scopes that a
//! caller *may request*. So the list does not prove what a token was granted. Sources:
//! <https://docs.cloud.google.com/run/docs/securing/service-identity>,
//! <https://github.com/googleapis/google-auth-library-java/issues/458>

use std::future::Future;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use serde::Deserialize;

use super::clock::Clock;
use super::fetch::{self, Fetch};
use super::source::GrantedScopesSource;
use super::token_table::{TokenHasher, TokenKey};
use super::{AccessToken, GrantSource, GrantedScopes};
use crate::environment::Platform;
use crate::environment::metadata::{SCOPES, scope_list};
use crate::error::Error;

/// The path of the token of the attached service account.
const TOKEN: &str = "instance/service-accounts/default/token";
/// The header that requests to the metadata server must have, and that the server adds to
/// responses.
const FLAVOR: &str = "metadata-flavor";
/// The shortest time between two requests for the server's current token. The token is requested
/// again if a call has another token, because the server may have issued a newer token.
const MIN_INTERVAL: Duration = Duration::from_secs(1);

/// A client of the metadata server at `host`.
#[derive(Clone)]
pub(crate) struct MetadataServer {
    fetch: Arc<dyn Fetch>,
    host: Authority,
}

impl MetadataServer {
    /// Creates a client of the server at `host`, which may include a port.
    pub(crate) fn new(fetch: Arc<dyn Fetch>, host: &str) -> Result<Self, Error> {
        let invalid_host = || {
            let host = format!("{host:.100}");
            let host = host.escape_debug();
            Error::invalid(format!(
                "`{host}` is not a host; write GCE_METADATA_HOST as host or host:port"
            ))
        };
        match Authority::from_str(host) {
            Ok(authority) if authority.as_str().contains('@') => Err(invalid_host()),
            Ok(host) => Ok(Self { fetch, host }),
            Err(error) => Err(invalid_host().with_source(error)),
        }
    }

    /// Returns the text at `path`, which is relative to `computeMetadata/v1/`. The caller must set
    /// a time limit.
    pub(crate) async fn get(&self, path: &str) -> Result<String, Error> {
        self.request(path).await.and_then(|response| read(path, &response))
    }

    /// Returns the text at `path`, or `None` if the server has no value at `path` or conceals the
    /// value.
    pub(crate) async fn value(&self, path: &str) -> Result<Option<String>, Error> {
        let response = self.request(path).await?;
        match response.status() {
            StatusCode::NOT_FOUND | StatusCode::FORBIDDEN => Ok(None),
            // The path is a directory without entries.
            StatusCode::OK if response.body().is_empty() => Ok(Some(String::new())),
            _ => read(path, &response).map(Some),
        }
    }

    /// Requests the value at `path`. A response of any status is `Ok`.
    async fn request(&self, path: &str) -> Result<Response<Bytes>, Error> {
        let request = Request::get(format!("http://{}/computeMetadata/v1/{path}", self.host))
            .header(FLAVOR, HeaderValue::from_static("Google"))
            .body(Bytes::new())
            .map_err(|_| Error::invalid("the host of the metadata server is not valid in a URL"))?;
        let response = self.fetch.fetch(request).await;
        response.map_err(|_| Error::unreachable("the metadata server could not be reached"))
    }
}

/// Returns the text of a response, or an error if the response is not a value of Google's metadata
/// server.
fn read(path: &str, response: &Response<Bytes>) -> Result<String, Error> {
    if response.status() != StatusCode::OK {
        return Err(Error::unreachable(describe_status(path, response.status())));
    }
    if !is_from_google(path, response.headers()) {
        return Err(Error::unreachable(
            "the response did not come from Google's metadata server: it lacks the header \
             `Metadata-Flavor: Google`",
        ));
    }
    // A text that begins with `<` is the HTML page of a proxy.
    let text = fetch::body_text(response).map(str::trim);
    let text = text.filter(|text| !text.is_empty() && !text.starts_with('<'));
    text.map(str::to_owned)
        .ok_or_else(|| Error::unreachable("the response of the metadata server cannot be read"))
}

/// Returns whether a response has the header that Google's metadata server sends. GKE's metadata
/// server has omitted the header for `/token`
/// (<https://github.com/googleapis/gcp-metadata/issues/215>); all other responses must have it.
fn is_from_google(path: &str, headers: &HeaderMap) -> bool {
    match headers.get(FLAVOR) {
        Some(flavor) => flavor == "Google",
        None => path == TOKEN,
    }
}

/// Describes an error status. Meanings:
/// <https://docs.cloud.google.com/compute/docs/troubleshooting/troubleshoot-metadata-server>.
fn describe_status(path: &str, status: StatusCode) -> String {
    if status == StatusCode::NOT_FOUND && path.starts_with("instance/service-accounts/default/") {
        return NO_ACCOUNT.to_owned();
    }
    let meaning = match status.as_u16() {
        404 => "the server has no such value",
        403 => "the server is blocked here, or a proxy answered",
        429 => "too many requests",
        300..=399 => "a redirect, which is not followed",
        500..=599 => "an error of the server",
        _ => "a status that Google does not document",
    };
    format!("metadata server answered {}: {meaning}", status.as_u16())
}

/// A source of the scopes of the tokens that this machine's metadata server issues.
///
/// The source compares a keyed hash of the token with a keyed hash of the server's current token.
/// No token leaves the machine. The server returns the same token until five minutes before the
/// token expires. So a service's token is nearly always the server's current token. Source:
/// <https://docs.cloud.google.com/compute/docs/access/authenticate-workloads>
pub(crate) struct MetadataScopes<F> {
    find_server: F,
    clock: Arc<dyn Clock>,
    hasher: TokenHasher,
    last: tokio::sync::Mutex<Option<CurrentToken>>,
}

/// Finds the machine's metadata server, which may start later than the program.
pub(crate) trait FindServer: Send + Sync {
    /// Returns the server and the platform, or why they are not known.
    fn find(&self) -> impl Future<Output = Result<(MetadataServer, Platform), String>> + Send;
}

#[cfg(any(test, fuzzing))]
impl FindServer for (MetadataServer, Platform) {
    async fn find(&self) -> Result<(MetadataServer, Platform), String> {
        Ok(self.clone())
    }
}

/// The result of the last request for the server's token.
struct CurrentToken {
    /// The time before which the server is not queried again.
    not_before: Instant,
    /// The key and the scopes of the token, or why the request failed.
    token: Result<(TokenKey, GrantedScopes), String>,
}

impl MetadataServer {
    /// Returns the token that the server currently issues if no scopes are requested.
    pub(crate) async fn token(&self) -> Result<String, Error> {
        let body = self.get(TOKEN).await?;
        let response = serde_json::from_str::<TokenResponse>(&body);
        // The parser's error message could contain the token.
        response.map(|response| response.access_token).map_err(|_| Error::unreachable(UNREADABLE))
    }
}

/// Why there is no token if the VM has no service account, or one without scopes. A VM's metadata
/// server responds with status 404 in both cases.
pub(crate) const NO_ACCOUNT: &str = "metadata server answered 404: no service account attached";

/// Why there is no token if the metadata server's response contains no valid one.
pub(crate) const UNREADABLE: &str = "the metadata server's token cannot be read";

#[derive(Deserialize)]
struct TokenResponse {
    access_token: String,
    /// Seconds. A value of any type is accepted, because an invalid expiry is ignored.
    expires_in: Option<serde_json::Value>,
}

impl<F: FindServer> MetadataScopes<F> {
    pub(crate) fn new(find_server: F, clock: Arc<dyn Clock>) -> Self {
        Self { find_server, clock, hasher: TokenHasher::new(), last: tokio::sync::Mutex::default() }
    }

    /// Returns the scopes of `token` if it is the server's current token, and unknown scopes if it
    /// is another token.
    ///
    /// # Errors
    /// Why the scopes of the server's current token are not known.
    async fn scopes_of(&self, token: AccessToken<'_>) -> Result<GrantedScopes, String> {
        let (server, platform) = self.find_server.find().await?;
        if !platform.has_fixed_scopes() {
            return Err(format!(
                "on {platform} a token may hold other scopes than the metadata server lists"
            ));
        }
        let key = self.hasher.key(token);
        // The lock is held during the request, so that concurrent callers share one response.
        let mut last = self.last.lock().await;
        let is_same =
            |current: &CurrentToken| matches!(&current.token, Ok((known, _)) if *known == key);
        let may_request = |current: &CurrentToken| self.clock.now() >= current.not_before;
        if last.as_ref().is_none_or(|current| !is_same(current) && may_request(current)) {
            let not_before = self.clock.now() + MIN_INTERVAL;
            // If this future is dropped at the time limit, this error stays in `last`, so that the
            // next caller fails immediately.
            let token = Err("the metadata server did not answer in time".to_owned());
            *last = Some(CurrentToken { not_before, token });
            let (token, pause) = self.request_current(&server).await;
            *last =
                Some(CurrentToken { not_before: not_before.max(self.clock.now() + pause), token });
        }
        match last.as_ref().map(|current| &current.token) {
            Some(Ok((known, granted))) if *known == key => Ok(granted.clone()),
            Some(Err(why)) => Err(why.clone()),
            _ => {
                let why = "the token is not the metadata server's current token";
                Ok(GrantedScopes::unknown(why).with_other_identity())
            }
        }
    }

    /// Requests the server's current token and the scopes of the token, in parallel. Also returns
    /// the pause that the server requests with `Retry-After`, or zero.
    async fn request_current(
        &self,
        server: &MetadataServer,
    ) -> (Result<(TokenKey, GrantedScopes), String>, Duration) {
        let ((token, token_pause), (scopes, scopes_pause)) =
            tokio::join!(get(server, TOKEN), get(server, SCOPES));
        let current = token.and_then(|token| self.current_token(&token, &scopes?));
        (current, token_pause.max(scopes_pause))
    }

    /// Reads the server's responses about its current token and about the scopes of the token.
    fn current_token(&self, body: &str, list: &str) -> Result<(TokenKey, GrantedScopes), String> {
        let response: TokenResponse = serde_json::from_str(body).map_err(|_| UNREADABLE)?;
        let token = AccessToken::new(&response.access_token).ok_or(UNREADABLE)?;
        let scopes =
            scope_list(list).ok_or("the metadata server's list of scopes cannot be read")?;
        let granted = GrantedScopes::known(scopes, GrantSource::Metadata);
        let lifetime =
            response.expires_in.and_then(|seconds| seconds.as_u64()).map(Duration::from_secs);
        let granted = match lifetime.and_then(|lifetime| self.clock.wall().checked_add(lifetime)) {
            Some(at) => granted.with_expiry(at),
            None => granted,
        };
        Ok((self.hasher.key(token), granted))
    }
}

/// Returns the text at `path`, and the pause that the server requests with `Retry-After`, or zero.
async fn get(server: &MetadataServer, path: &str) -> (Result<String, String>, Duration) {
    let response = server.request(path).await;
    let pause = response.as_ref().ok().and_then(fetch::requested_pause);
    let text = response.and_then(|response| read(path, &response));
    (text.map_err(|error| error.to_string()), pause.unwrap_or_default())
}

impl<F: FindServer> GrantedScopesSource for MetadataScopes<F> {
    fn name(&self) -> &str {
        "the metadata server"
    }

    async fn granted(&self, token: AccessToken<'_>) -> Option<GrantedScopes> {
        Some(self.scopes_of(token).await.unwrap_or_else(GrantedScopes::unknown))
    }
}

#[cfg(test)]
mod tests {
    use super::super::clock::SystemClock;
    use super::super::clock::tests::ManualClock;
    use super::super::fetch::tests::{FakeFetch, answer};
    use super::super::source::DynSource;
    use super::super::sync::Spawner;
    use super::super::token_cache::{Limits, Peek, TokenCache};
    use super::super::token_table::Stage;
    use super::*;
    use crate::background::Background;
    use crate::detect;
    use crate::environment::metadata::{DEFAULT_HOST, EMAIL};
    use crate::environment::{Environment, Snapshot};
    use crate::scope::ScopeSet;

    /// Reads `path` from a server that sends this response.
    async fn get(path: &str, response: Response<Bytes>) -> Result<String, Error> {
        let fetch = Arc::new(FakeFetch::new(move |_: &Request<Bytes>| Some(response.clone())));
        MetadataServer::new(fetch, DEFAULT_HOST).unwrap().get(path).await
    }

    fn without_flavor(mut response: Response<Bytes>) -> Response<Bytes> {
        response.headers_mut().remove(FLAVOR);
        response
    }

    fn with_flavor(mut response: Response<Bytes>, flavor: &'static str) -> Response<Bytes> {
        response.headers_mut().insert(FLAVOR, HeaderValue::from_static(flavor));
        response
    }

    const HTML: &str = "<!DOCTYPE html>\n<html><title>Error 404 (Not Found)!!1</title></html>";

    #[tokio::test]
    async fn requests_have_the_flavor_header_and_the_given_host() {
        let fetch = Arc::new(FakeFetch::new(|request: &Request<Bytes>| {
            assert_eq!(request.uri(), "http://127.0.0.1:8080/computeMetadata/v1/instance/name");
            assert_eq!(request.headers()["metadata-flavor"], "Google");
            Some(answer(200, "web-1\n"))
        }));
        let server = MetadataServer::new(fetch, "127.0.0.1:8080").unwrap();
        assert_eq!(server.get("instance/name").await.unwrap(), "web-1");
    }

    #[test]
    fn an_invalid_host_is_named_in_the_error() {
        for host in ["", "http://x/", "a b", "user@host", "host/path", "host:port:1"] {
            let fetch = Arc::new(FakeFetch::new(|_: &Request<Bytes>| None));
            let error = MetadataServer::new(fetch, host).err().expect(host).to_string();
            assert!(error.contains(&format!("`{host}`")), "{error}");
        }
    }

    #[tokio::test]
    async fn each_kind_of_failure_has_its_own_message() {
        let rows = [
            (SCOPES, answer(404, HTML), "404: no service account attached"),
            ("instance/attributes/x", answer(404, HTML), "404: the server has no such value"),
            (SCOPES, answer(403, HTML), "403: the server is blocked"),
            (SCOPES, answer(429, "slow down"), "429: too many requests"),
            (SCOPES, answer(302, ""), "302: a redirect"),
            (SCOPES, answer(500, HTML), "500: an error of the server"),
            (SCOPES, answer(503, ""), "503: an error of the server"),
            (SCOPES, answer(418, ""), "418: a status that Google"),
            (SCOPES, answer(200, HTML), "cannot be read"),
            (SCOPES, answer(200, ""), "cannot be read"),
            (SCOPES, answer(200, &"x".repeat(64 * 1024 + 1)), "cannot be read"),
            (SCOPES, without_flavor(answer(200, "https://x.example/")), "did not come from Google"),
            (
                SCOPES,
                with_flavor(answer(200, "https://x.example/"), "Gargle"),
                "did not come from Google",
            ),
            (TOKEN, with_flavor(answer(200, "{}"), "Gargle"), "did not come from Google"),
        ];
        for (path, response, expected) in rows {
            let error = get(path, response).await.unwrap_err().to_string();
            assert!(error.contains(expected), "{expected}: {error}");
        }
        let mut binary = answer(200, "");
        *binary.body_mut() = Bytes::from_static(b"\xff\xfe");
        assert!(get(SCOPES, binary).await.is_err());
    }

    #[tokio::test]
    async fn a_token_response_may_lack_the_flavor_header() {
        assert_eq!(get(TOKEN, without_flavor(answer(200, "{}"))).await.unwrap(), "{}");
    }

    /// Creates a metadata server that issues `ya29.mine`, and that responds with `special` at
    /// `path`. With `None` the server never responds at `path`.
    fn vm(path: &'static str, special: Option<Response<Bytes>>) -> Arc<dyn Fetch> {
        Arc::new(FakeFetch::new(move |request: &Request<Bytes>| {
            let requested = request.uri().path().trim_start_matches("/computeMetadata/v1/");
            match requested {
                _ if requested == path => special.clone(),
                TOKEN => Some(answer(
                    200,
                    r#"{"access_token":"ya29.mine","expires_in":600,"token_type":"Bearer"}"#,
                )),
                SCOPES => Some(answer(200, "https://www.googleapis.com/auth/pubsub\n")),
                _ => Some(answer(404, HTML)),
            }
        }))
    }

    /// Returns the scopes of `token` according to this metadata server.
    async fn scopes_of(fetch: Arc<dyn Fetch>, platform: Platform, token: &str) -> GrantedScopes {
        let server = MetadataServer::new(fetch, DEFAULT_HOST).unwrap();
        MetadataScopes::new((server, platform), Arc::new(ManualClock::new()))
            .granted(AccessToken::new(token).unwrap())
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn the_servers_own_token_has_the_listed_scopes() {
        let granted = scopes_of(vm("", None), Platform::ComputeEngine, "ya29.mine").await;
        let expected = ScopeSet::from_scope_text("https://www.googleapis.com/auth/pubsub");
        assert_eq!(
            (granted.scopes(), granted.source()),
            (Some(&expected), Some(GrantSource::Metadata))
        );
        assert_eq!(
            granted.expires_at(),
            Some(ManualClock::new().wall() + Duration::from_secs(600))
        );
    }

    #[tokio::test]
    async fn the_scopes_of_another_token_are_unknown() {
        let granted = scopes_of(vm("", None), Platform::ComputeEngine, "ya29.user").await;
        assert!(granted.why_unknown().unwrap().contains("is not the metadata server's"));
    }

    #[tokio::test]
    async fn the_server_is_queried_only_on_platforms_with_fixed_scopes() {
        use Platform::*;
        let serverless = [
            GkeWorkloadIdentity,
            CloudRunService,
            CloudRunJob,
            CloudRunWorkerPool,
            CloudFunctions,
            Unknown,
        ];
        let other_platforms =
            [AppEngineStandard, AppEngineFlexible, Composer, CloudShell, CloudBuild];
        for platform in serverless.into_iter().chain(other_platforms) {
            let fetch = Arc::new(FakeFetch::new(|_: &Request<Bytes>| None));
            let granted = scopes_of(Arc::clone(&fetch) as _, platform, "ya29.mine").await;
            assert!(granted.why_unknown().unwrap().contains(&platform.to_string()));
            assert_eq!(fetch.sent(), 0);
        }
        for platform in
            [ComputeEngine, ManagedInstanceGroup, GkeNode, Dataproc, Dataflow, Workbench]
        {
            assert!(
                !scopes_of(vm("", None), platform, "ya29.mine").await.is_unknown(),
                "{platform:?}"
            );
        }
    }

    #[tokio::test]
    async fn an_unreadable_response_leads_to_unknown_scopes() {
        // Bodies of the response with the token, and then bodies of the response with the scopes.
        let tokens = [
            "",
            "null",
            "[]",
            "{}",
            "{\"access_token\":\"ya29.mine\"",
            r#"{"access_token":7}"#,
            r#"{"access_token":""}"#,
            r#"{"access_token":"a","access_token":"ya29.mine"}"#,
            "ya29.mine",
            HTML,
        ];
        for body in tokens {
            let granted =
                scopes_of(vm(TOKEN, Some(answer(200, body))), Platform::ComputeEngine, "ya29.mine")
                    .await;
            assert!(granted.is_unknown(), "{body}: {granted:?}");
        }
        for body in ["", "[]", "{}", HTML, "no such thing", "\u{0}", "https://a b"] {
            let granted = scopes_of(
                vm(SCOPES, Some(answer(200, body))),
                Platform::ComputeEngine,
                "ya29.mine",
            )
            .await;
            assert!(granted.is_unknown(), "{body}: {granted:?}");
        }
        for status in [302, 403, 404, 429, 500] {
            for path in [TOKEN, SCOPES] {
                let granted =
                    scopes_of(vm(path, Some(answer(status, HTML))), Platform::GkeNode, "ya29.mine")
                        .await;
                assert!(
                    granted.why_unknown().unwrap().contains(&status.to_string()),
                    "{granted:?}"
                );
            }
        }
    }

    #[tokio::test]
    async fn an_invalid_expiry_is_ignored() {
        for expires_in in ["-1", "\"soon\"", "1e300", "18446744073709551615", "null"] {
            let body = format!(r#"{{"access_token":"ya29.mine","expires_in":{expires_in}}}"#);
            let granted = scopes_of(
                vm(TOKEN, Some(answer(200, &body))),
                Platform::ComputeEngine,
                "ya29.mine",
            )
            .await;
            assert!(
                granted.scopes().is_some() && granted.expires_at().is_none(),
                "{expires_in}: {granted:?}"
            );
        }
    }

    #[tokio::test]
    async fn unknown_tokens_cause_at_most_one_query_per_second() {
        // A query consists of two requests: one for the token, one for its scopes.
        let fetch = Arc::new(FakeFetch::new(|request: &Request<Bytes>| {
            let is_token = request.uri().path().ends_with("/token");
            Some(answer(200, if is_token { r#"{"access_token":"ya29.mine"}"# } else { "openid" }))
        }));
        let clock = Arc::new(ManualClock::new());
        let server = MetadataServer::new(Arc::clone(&fetch) as _, DEFAULT_HOST).unwrap();
        let source =
            MetadataScopes::new((server, Platform::ComputeEngine), Arc::clone(&clock) as _);
        for number in 0..100 {
            let token = format!("ya29.user{number}");
            assert!(source.granted(AccessToken::new(&token).unwrap()).await.unwrap().is_unknown());
        }
        assert_eq!(fetch.sent(), 2);
        clock.advance(MIN_INTERVAL);
        source.granted(AccessToken::new("ya29.user").unwrap()).await.unwrap();
        assert_eq!(fetch.sent(), 4);
        // The source still has the scopes of the server's own token from the last query.
        assert!(
            !source.granted(AccessToken::new("ya29.mine").unwrap()).await.unwrap().is_unknown()
        );
        assert_eq!(fetch.sent(), 4);
    }

    #[tokio::test]
    async fn retry_after_of_a_busy_server_is_respected() {
        let fetch = Arc::new(FakeFetch::new(|_: &Request<Bytes>| {
            let mut busy = answer(503, "");
            busy.headers_mut().insert("retry-after", "60".parse().unwrap());
            Some(busy)
        }));
        let clock = Arc::new(ManualClock::new());
        let server = MetadataServer::new(Arc::clone(&fetch) as _, DEFAULT_HOST).unwrap();
        let source =
            MetadataScopes::new((server, Platform::ComputeEngine), Arc::clone(&clock) as _);
        let mut requests = Vec::new();
        // Seconds that pass before each query. The server requests a pause of 60 seconds.
        for seconds in [0, 1, 58, 1, 1] {
            clock.advance(Duration::from_secs(seconds));
            let granted = source.granted(AccessToken::new("ya29.mine").unwrap()).await.unwrap();
            assert!(granted.why_unknown().unwrap().contains("503"));
            requests.push(fetch.sent());
        }
        assert_eq!(requests, [2, 2, 2, 4, 4]);
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_token_of_a_detected_vm_has_the_scopes_of_the_vm() {
        let fetch: Arc<dyn Fetch> = Arc::new(FakeFetch::new(|request: &Request<Bytes>| {
            let text = match request.uri().path().trim_start_matches("/computeMetadata/v1/") {
                "project/project-id" => "my-project",
                "instance/zone" => "projects/123/zones/us-central1-a",
                "instance/name" => "web-1",
                SCOPES => "https://www.googleapis.com/auth/pubsub\n",
                TOKEN => r#"{"access_token":"ya29.mine","expires_in":600}"#,
                _ => return Some(answer(404, HTML)),
            };
            Some(answer(200, text))
        }));
        let background = Background::in_test();
        let server = detect::metadata_server(&Snapshot::new(), fetch).unwrap().unwrap();
        let spawner = background.spawner();
        let snapshot =
            detect::with_metadata(spawner, Snapshot::new(), server.clone(), detect::AT_START).await;
        let environment = Environment::from_snapshot(&snapshot);
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new());
        let source: Arc<dyn DynSource> =
            Arc::new(MetadataScopes::new((server, environment.platform()), Arc::clone(&clock)));
        let spawner = Spawner::for_background(&background);
        let grants = TokenCache::new(
            vec![(Stage::BeforeRefusal, source)],
            clock,
            Limits::default(),
            spawner,
        );
        // The metadata server did not issue `ya29.user`, so the scopes of this token stay unknown.
        for (header, expected) in
            [("Bearer ya29.mine", environment.scopes()), ("Bearer ya29.user", None)]
        {
            let header = HeaderValue::from_static(header);
            let key = grants.inspect(&header, Stage::BeforeRefusal).unwrap();
            grants.wait(key, None, Stage::BeforeRefusal, Duration::from_secs(1)).await;
            let Peek::Seen(granted) = grants.peek(&header, |_, entry| entry.granted.clone()) else {
                panic!()
            };
            assert_eq!(granted.scopes(), expected, "{granted:?}");
        }
        assert!(environment.scopes().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_hanging_server_delays_only_one_query() {
        let fetch = Arc::new(FakeFetch::new(|_: &Request<Bytes>| None));
        let server = MetadataServer::new(Arc::clone(&fetch) as _, DEFAULT_HOST).unwrap();
        let source =
            MetadataScopes::new((server, Platform::ComputeEngine), Arc::new(ManualClock::new()));
        let token = AccessToken::new("ya29.mine").unwrap();
        assert!(tokio::time::timeout(Duration::from_secs(2), source.granted(token)).await.is_err());
        let next = source.granted(AccessToken::new("ya29.next").unwrap()).await.unwrap();
        assert_eq!(next.why_unknown(), Some("the metadata server did not answer in time"));
        assert_eq!(fetch.sent(), 2, "one query, which consists of two requests");
    }

    #[tokio::test]
    async fn the_clients_error_is_not_part_of_the_message() {
        use super::super::fetch::BoxedResponse;

        // The client's error may contain the URL of the request.
        struct UnreachableFetch;
        impl Fetch for UnreachableFetch {
            fn fetch(&self, _: Request<Bytes>) -> BoxedResponse<'_> {
                Box::pin(async { Err("connection refused to http://secret/".into()) })
            }
        }
        let server = MetadataServer::new(Arc::new(UnreachableFetch), DEFAULT_HOST).unwrap();
        let source = MetadataScopes::new((server, Platform::ComputeEngine), Arc::new(SystemClock));
        let granted = source.granted(AccessToken::new("ya29.mine").unwrap()).await.unwrap();
        assert_eq!(granted.why_unknown(), Some("the metadata server could not be reached"));
    }

    proptest::proptest! {
        #[test]
        fn reading_arbitrary_responses_does_not_panic(
            status in 100_u16..1000,
            body in proptest::collection::vec(0_u8.., 0..300),
        ) {
            let mut response = answer(status, "");
            *response.body_mut() = Bytes::from(body);
            for path in [TOKEN, SCOPES, EMAIL] {
                let _ = read(path, &response).ok().as_deref().map(scope_list);
            }
        }
    }
}
