//! Asks the metadata server that Google's runtimes offer, and believes it only where it may.
//!
//! On a VM its list of scopes is what every token it mints is granted. On Cloud Run, Cloud
//! Functions, App Engine and GKE with Workload Identity it is what a caller *could ask for*, so
//! there it proves nothing (<https://docs.cloud.google.com/run/docs/securing/service-identity>,
//! <https://github.com/googleapis/google-auth-library-java/issues/458>).

use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use serde::Deserialize;

use super::cache::{TokenHasher, TokenKey};
use super::clock::Clock;
use super::fetch::{self, Fetch};
use super::{AccessToken, GrantSource, GrantedScopes, GrantedScopesSource};
use crate::environment::Platform;
use crate::error::Error;
use crate::scope::{Scope, ScopeSet};

/// Link-local, and the same in every network: no name to look up.
/// Source: <https://docs.cloud.google.com/compute/docs/metadata/querying-metadata>.
pub(crate) const DEFAULT_HOST: &str = "169.254.169.254";
pub(crate) const EMAIL: &str = "instance/service-accounts/default/email";
pub(crate) const SCOPES: &str = "instance/service-accounts/default/scopes";
const TOKEN: &str = "instance/service-accounts/default/token";
const FLAVOR: &str = "metadata-flavor";
/// How soon the server is asked for its token again on account of a token it had not minted then.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// A metadata server, by its host.
#[derive(Clone)]
pub(crate) struct MetadataServer {
    fetch: Arc<dyn Fetch>,
    host: Authority,
}

impl MetadataServer {
    /// The server at `host`, with or without a port.
    pub(crate) fn new(fetch: Arc<dyn Fetch>, host: &str) -> Result<Self, Error> {
        let authority = Authority::from_str(host).ok().filter(|authority| !authority.as_str().contains('@'));
        let host = authority.ok_or_else(|| {
            Error::invalid(format!(
                "`{host:.100}` is not a host; write GCE_METADATA_HOST as host or host:port"
            ))
        })?;
        Ok(Self { fetch, host })
    }

    /// The text at `path`, which is relative to `computeMetadata/v1/`. Without a deadline of its
    /// own: the caller sets one.
    pub(crate) async fn get(&self, path: &str) -> Result<String, Error> {
        let request = Request::get(format!("http://{}/computeMetadata/v1/{path}", self.host))
            .header(FLAVOR, HeaderValue::from_static("Google"))
            .body(Bytes::new())
            .map_err(|_| Error::invalid("not a path of the metadata server"))?;
        match self.fetch.fetch(request).await {
            Ok(response) => read(path, &response),
            Err(error) => {
                Err(Error::unreachable("the metadata server could not be reached").with_source(error))
            }
        }
    }
}

fn read(path: &str, response: &Response<Bytes>) -> Result<String, Error> {
    if response.status() != StatusCode::OK {
        return Err(Error::unreachable(refusal(path, response.status())));
    }
    if !is_from_google(path, response.headers()) {
        return Err(Error::unreachable("something else than Google's metadata server answered"));
    }
    let text = fetch::text(response).map(str::trim);
    let text = text.filter(|text| !text.is_empty() && !text.starts_with('<'));
    text.map(str::to_owned).ok_or_else(|| Error::unreachable("the metadata server's answer cannot be read"))
}

/// GKE's metadata server has left the header out of `/token`
/// (<https://github.com/googleapis/gcp-metadata/issues/215>); anything else must carry it.
fn is_from_google(path: &str, headers: &HeaderMap) -> bool {
    match headers.get(FLAVOR) {
        Some(flavor) => flavor == "Google",
        None => path == TOKEN,
    }
}

/// Meanings: <https://docs.cloud.google.com/compute/docs/troubleshooting/troubleshoot-metadata-server>.
fn refusal(path: &str, status: StatusCode) -> String {
    let meaning = match status.as_u16() {
        404 if path.starts_with("instance/service-accounts/default/") => "no service account attached",
        404 => "it has no such value",
        403 => "it is concealed or switched off here, or a proxy stands in between",
        429 => "it is asked too often",
        300..=399 => "a redirect, which is not followed",
        500..=599 => "a fault of its own",
        _ => "not an answer it documents",
    };
    format!("metadata server answered {}: {meaning}", status.as_u16())
}

/// The scopes in the text of [`SCOPES`], one on each line; `None` if any line is something else.
pub(crate) fn scope_lines(text: &str) -> Option<ScopeSet> {
    let scopes: Option<ScopeSet> = text.lines().map(str::trim).map(scope_line).collect();
    scopes.filter(|scopes| !scopes.is_empty())
}

fn scope_line(line: &str) -> Option<Scope> {
    let scope = Scope::from_uri(line);
    let plausible = line.starts_with("https://") && line.bytes().all(|byte| byte.is_ascii_graphic());
    (scope.is_known() || plausible).then_some(scope)
}

/// Knows the scopes of the tokens that this machine's metadata server mints.
///
/// Whether it minted a token is found out by comparing keyed hashes with its own current token,
/// which never leaves the machine. The server hands out the same one until five minutes before it
/// expires (<https://docs.cloud.google.com/compute/docs/access/authenticate-workloads>), so a
/// service's token is nearly always that one.
pub(crate) struct MetadataScopes {
    server: MetadataServer,
    platform: Platform,
    clock: Arc<dyn Clock>,
    hasher: TokenHasher,
    last: tokio::sync::Mutex<Option<Minted>>,
}

/// The outcome of the last look at the server's token.
struct Minted {
    looked_at: Instant,
    token: Result<(TokenKey, GrantedScopes), String>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    expires_in: Option<serde_json::Value>,
}

impl MetadataScopes {
    pub(crate) fn new(server: MetadataServer, platform: Platform, clock: Arc<dyn Clock>) -> Self {
        Self { server, platform, clock, hasher: TokenHasher::new(), last: tokio::sync::Mutex::default() }
    }

    async fn find(&self, token: AccessToken<'_>) -> GrantedScopes {
        if !self.platform.grants_its_scopes() {
            let place = self.platform.as_str();
            return GrantedScopes::unknown(format!(
                "the metadata server's list does not tell what a token holds on {place}"
            ));
        }
        let key = self.hasher.key(token);
        let mut last = self.last.lock().await;
        let is_same = |minted: &Minted| matches!(&minted.token, Ok((known, _)) if *known == key);
        let may_ask = |minted: &Minted| self.clock.now() >= minted.looked_at + ASK_AGAIN;
        if last.as_ref().is_none_or(|minted| !is_same(minted) && may_ask(minted)) {
            *last = Some(Minted { looked_at: self.clock.now(), token: self.look().await });
        }
        match last.as_ref().map(|minted| &minted.token) {
            Some(Ok((known, granted))) if *known == key => granted.clone(),
            Some(Err(why)) => GrantedScopes::unknown(why.clone()),
            _ => GrantedScopes::unknown("another token than the metadata server's"),
        }
    }

    async fn look(&self) -> Result<(TokenKey, GrantedScopes), String> {
        let answer = self.server.get(TOKEN).await.map_err(|error| error.to_string())?;
        let answer: TokenAnswer =
            serde_json::from_str(&answer).map_err(|_| "the metadata server's token cannot be read")?;
        let token =
            AccessToken::new(&answer.access_token).ok_or("the metadata server's token cannot be read")?;
        let list = self.server.get(SCOPES).await.map_err(|error| error.to_string())?;
        let scopes = scope_lines(&list).ok_or("the metadata server's list of scopes cannot be read")?;
        let granted = GrantedScopes::known(scopes, GrantSource::Metadata);
        let lasts = answer.expires_in.and_then(|seconds| seconds.as_u64()).map(Duration::from_secs);
        let granted = match lasts.and_then(|lasts| self.clock.wall().checked_add(lasts)) {
            Some(at) => granted.with_expiry(at),
            None => granted,
        };
        Ok((self.hasher.key(token), granted))
    }
}

impl GrantedScopesSource for MetadataScopes {
    fn name(&self) -> &str {
        "the metadata server"
    }

    fn granted<'a>(
        &'a self,
        token: AccessToken<'a>,
    ) -> std::pin::Pin<Box<dyn Future<Output = Option<GrantedScopes>> + Send + 'a>> {
        Box::pin(async move { Some(self.find(token).await) })
    }
}
