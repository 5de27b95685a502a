//! Which gate refused, and what is said about it.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use http::{Method, Uri};

use super::header_map;
use super::{first, parts};
use crate::call::Call;
use crate::granted::{GrantSource, GrantedScopes};
use crate::guard::Guard;
use crate::refusal::{self, Answer, Certainty, Evidence, Gate, Refusal};
use crate::scope::ScopeSet;

/// Any challenge: alone it makes nothing likely.
pub(super) fn challenge(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        HeaderValue::from_bytes(line).into_iter().for_each(|line| _ = headers.append(WWW_AUTHENTICATE, line));
    }
    let refusal = look(&Answer::new(b"").with_status(403).with_headers(&headers)).expect("a 403");
    assert!(refusal.certainty() == Certainty::Possible);
    assert!(refusal.gate() == Gate::Other || refusal.evidence() == Evidence::Header);
}

/// Any body behind any status, with headers.
pub(super) fn error_body(data: &[u8]) {
    let (status, data) = first(data);
    let [headers, body] = parts(data);
    let headers = header_map(headers);
    let number = [403, 400, 401, 404, 412, 429, 500, 503][usize::from(status % 8)];
    let answer = Answer::new(body).with_status(number).with_headers(&headers);
    let refusal = look(&answer);
    // A report takes a hundred times as long as all the rest. Which inputs are reported nobody can aim at,
    // or the fuzzer would make little else.
    let is_reported = body.iter().fold(0_u8, |sum, byte| sum.rotate_left(3) ^ byte) % 64 == 0;
    if is_reported && refusal.is_some_and(|refusal| refusal.gate() == Gate::Scope) {
        explain(&answer);
    }
}

/// Any text at all, as a person pastes it.
pub(super) fn error_text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    look(&Answer::new(text.as_bytes()));
}

/// A gRPC status in headers, the details as bytes.
pub(super) fn grpc_status(data: &[u8]) {
    let (code, data) = first(data);
    let [message, info, details] = parts(data);
    let mut headers = HeaderMap::new();
    headers.insert("grpc-status", u16::from(code % 20).into());
    for (name, bytes) in [("grpc-status-details-bin", details), ("google.rpc.errorinfo-bin", info)] {
        let value = HeaderValue::try_from(STANDARD_NO_PAD.encode(bytes)).expect("base64 is plain");
        headers.insert(name, value);
    }
    HeaderValue::from_bytes(message).into_iter().for_each(|text| drop(headers.insert("grpc-message", text)));
    let refusal = look(&Answer::new(b"").with_status(200).with_headers(&headers));
    assert!(code % 20 != 0 || refusal.is_none(), "a success is no refusal");
}

/// Classifies, and checks everything that can be shown of it.
fn look(answer: &Answer<'_>) -> Option<Refusal> {
    let refusal = refusal::classify(answer)?;
    assert_eq!(refusal.gate() == Gate::Scope, refusal.scope_refusal().is_some());
    assert!(refusal.alternatives().len() <= 64);
    let words = [refusal.service(), refusal.rpc_method(), refusal.permission(), refusal.project()];
    let more = [refusal.constraint(), refusal.vpc_sc_id(), refusal.request_id()];
    for word in words.into_iter().chain(more).flatten() {
        assert!(word.len() <= 256 && word.bytes().all(is_harmless), "{word:?}");
    }
    for scope in refusal.alternatives().iter() {
        assert!(scope.as_str().bytes().all(is_harmless), "{scope}");
    }
    assert!(refusal.server_message().is_none_or(|text| text.len() <= 1024 && is_one_line(text)));
    Some(refusal)
}

/// Fit to stand between quotes in a shell.
fn is_harmless(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\"'`\\<>".contains(&byte)
}

fn is_one_line(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

fn explain(answer: &Answer<'_>) {
    static GUARD: OnceLock<Guard> = OnceLock::new();
    let guard = GUARD.get_or_init(|| Guard::builder().no_tokeninfo().build());
    let uri = Uri::from_static("https://pubsub.googleapis.com/v1/projects/p/topics/t:publish");
    let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/logging.write");
    let granted = GrantedScopes::known(held, GrantSource::Metadata);
    let Some(denial) = guard.explain(&Call::new(&Method::POST, &uri), &granted, answer) else { return };
    assert!(is_one_line(&denial.to_string()), "{denial}");
    assert!(denial.report().lines().all(is_one_line) && denial.report().len() < 32 * 1024);
    let json = serde_json::to_string(&denial).expect("a denial is plain data");
    assert!(is_one_line(&json) && is_one_line(&format!("{denial:?}")));
}
