//! Fuzz targets for the scopes of tokens, as servers return them and as JWTs contain them.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Request, Response, Uri};

use super::header_map;
use super::{first, parts};
use crate::environment::Platform;
use crate::granted::clock::SystemClock;
use crate::granted::fetch::{BoxedResponse, Fetch};
use crate::granted::metadata::{MetadataScopes, MetadataServer};
use crate::granted::tokeninfo::Tokeninfo;
use crate::granted::{AccessToken, GrantedScopes, GrantedScopesSource};

/// A server whose responses come from the fuzz input.
struct FuzzServer {
    token: Response<Bytes>,
    scopes: Response<Bytes>,
}

impl Fetch for FuzzServer {
    fn fetch(&self, request: Request<Bytes>) -> BoxedResponse<'_> {
        let is_list = request.uri().path().ends_with("/scopes");
        let answer = if is_list { &self.scopes } else { &self.token };
        Box::pin(std::future::ready(Ok(answer.clone())))
    }
}

/// Checks that whatever the metadata server and tokeninfo respond, the scopes are either unknown,
/// or a set with at least one scope. With an empty set, the guard would expect that Google refuses
/// every call.
pub(super) fn granted(data: &[u8]) {
    let (choice, data) = first(data);
    let [headers, token, scopes] = parts(data);
    let answer = |body: &[u8]| {
        let mut answer = Response::new(Bytes::copy_from_slice(body));
        *answer.headers_mut() = header_map(headers);
        answer.headers_mut().insert("metadata-flavor", "Google".parse().expect("a word"));
        answer
    };
    let server = Arc::new(FuzzServer { token: answer(token), scopes: answer(scopes) });
    let clock = Arc::new(SystemClock);
    let token_to_find = AccessToken::new("t").expect("a token");
    let granted = if choice < 128 {
        let server = MetadataServer::new(server, "127.0.0.1:1").expect("a host");
        let vm = (server, Platform::ComputeEngine);
        poll_once(MetadataScopes::new(vm, clock).granted(token_to_find))
    } else {
        let endpoint = Uri::from_static("http://127.0.0.1:1/tokeninfo");
        poll_once(Tokeninfo::new(server, Some(endpoint), clock).granted(token_to_find))
    };
    check(&granted.flatten().expect("the source always returns scopes"));
}

/// Returns the result of a future that is ready at its first poll.
fn poll_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// Checks that scopes are consistent: never known and empty, and with a reason if unknown.
fn check(granted: &GrantedScopes) {
    assert!(granted.scopes().is_none_or(|scopes| !scopes.is_empty()), "known to hold nothing");
    assert_eq!(granted.is_unknown(), granted.source().is_none());
    assert!(granted.why_unknown().is_none_or(|why| !why.is_empty() && !why.contains('\n')));
}

/// Checks arbitrary tokens, and arbitrary claims in a well-formed JWT.
pub(super) fn jwt(data: &[u8]) {
    let (choice, data) = first(data);
    let token = match choice % 2 {
        0 => String::from_utf8_lossy(data).into_owned(),
        _ => format!("eyJhbGciOiJSUzI1NiJ9.{}.c2ln", URL_SAFE_NO_PAD.encode(data)),
    };
    let read = GrantedScopes::from_jwt(&token, SystemTime::UNIX_EPOCH);
    if let Some(granted) = read {
        check(&granted);
    }
}
