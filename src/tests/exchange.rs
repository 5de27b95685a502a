//! A call and its response, both read from the input of a fuzz target.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version};

use super::step_body::{PollStep, StepBody};
use super::{header_map, parts};
use crate::Guard;
use crate::error::BoxError;
use crate::granted::{AccessToken, GrantSource, GrantedScopes};
use crate::guard::{DenialDelivery, Preflight};
use crate::scope::ScopeSet;

/// An extension of the response that the layer does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExchangeMarker(u8);

/// A call, its response, and the settings of the guard.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) preflight: Preflight,
    pub(super) delivery: DenialDelivery,
    /// Whether the layer creates errors of a gRPC client.
    pub(super) has_grpc_errors: bool,
    /// Whether the request is a call of gRPC: a POST with the content type of gRPC.
    pub(super) is_grpc: bool,
    /// Whether the request has the content type of gRPC, which a GET may have, too.
    has_grpc_type: bool,
    pub(super) status: StatusCode,
    target: &'static ExchangeTarget,
    token: TokenKind,
    version: Version,
    headers: HeaderMap,
    /// The body before compression.
    plain: Vec<u8>,
    /// Whether the body is the first of [`BODIES`], with a harmless name.
    has_scope_body: bool,
    /// The frames of the body. `None` if the client returns an error instead of a response.
    steps: Option<Vec<PollStep>>,
    /// Whether the body knows its length, as with `Content-Length`.
    has_length: bool,
}

/// What the guard knows of the token in the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TokenKind {
    Absent,
    Unknown,
    /// Declared with a scope that no method of [`TARGETS`] accepts.
    Lacking,
    Sufficient,
}

/// The URL of a call.
#[derive(Debug)]
struct ExchangeTarget {
    verb: Method,
    url: &'static str,
    is_google: bool,
}

const fn target(verb: Method, url: &'static str, is_google: bool) -> ExchangeTarget {
    ExchangeTarget { verb, url, is_google }
}

/// The URLs of the calls. The last value is `true` for an API of Google.
static TARGETS: [ExchangeTarget; 9] = [
    target(Method::GET, "https://storage.googleapis.com/storage/v1/b/photos/o/cat.jpg", true),
    target(Method::POST, "https://pubsub.googleapis.com/v1/projects/p/topics/t:publish", true),
    target(Method::GET, "http://127.0.0.1:4443/storage/v1/b/photos", true),
    target(Method::GET, "https://www.googleapis.com/drive/v3/files", true),
    target(Method::GET, "https://storage.googleapis.com/photos/cat.jpg", true),
    target(Method::GET, "https://api.acme.example/v1/things", false),
    target(Method::POST, "https://pubsub.googleapis.com/google.pubsub.v1.Publisher/Publish", true),
    // tonic sets only the path of a request; the service shows whether the call is Google's.
    target(Method::POST, "/google.pubsub.v1.Publisher/Publish", true),
    target(Method::POST, "https://grpc.acme.example/google.pubsub.v1.Publisher/Publish", false),
];

/// Bodies in which `INPUT` is replaced by a part of the fuzz input. The first body is a refusal for
/// lack of scopes.
const BODIES: [&str; 7] = [
    concat!(
        r#"{"error":{"code":403,"message":"Request had insufficient authentication scopes.","#,
        r#""errors":[{"message":"Insufficient Permission","domain":"global","#,
        r#""reason":"insufficientPermissions"}],"status":"PERMISSION_DENIED","#,
        r#""details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","#,
        r#""reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT","domain":"googleapis.com","#,
        r#""metadata":{"method":"INPUT"}}]}}"#,
    ),
    "INPUT",
    r#"{"error":{"code":403,"message":"INPUT","errors":[{"reason":"forbidden"}]}}"#,
    concat!(
        r#"{"error":{"code":403,"message":"Permission 'storage.objects.get' denied on resource "#,
        r#"'INPUT' (or it may not exist)."}}"#,
    ),
    "<?xml version='1.0' encoding='UTF-8'?><Error><Code>AccessDenied</Code><Message>Access \
     denied.</Message><Details>Provided scope(s) are not authorized INPUT</Details></Error>",
    "<html><head><title>403</title></head><body><h1>Forbidden</h1>INPUT</body></html>",
    "",
];

/// The HTTP statuses of the responses. Most of them are 403, because the guard reads the bodies of
/// refusals only.
const STATUSES: [u16; 16] =
    [403, 200, 403, 401, 403, 404, 403, 429, 403, 500, 403, 204, 304, 206, 403, 503];

impl Exchange {
    /// Reads an exchange: nine bytes with choices, then headers, trailers and a text for the body.
    pub(super) fn new(data: &[u8]) -> Self {
        let (choices, rest) = data.split_at(data.len().min(9));
        let choice = |index: usize| choices.get(index).copied().unwrap_or_default();
        let [headers, trailers, input] = parts(rest);
        let body = BODIES[usize::from(choice(3)) % BODIES.len()];
        let plain = replace(body.as_bytes(), b"INPUT", input);
        let has_scope_body = body == BODIES[0] && input.iter().all(u8::is_ascii_alphanumeric);
        let mut headers = header_map(headers);
        let encoded = encode(choice(4), &mut headers, &plain);
        let target = &TARGETS[usize::from(choice(1) % 16) % TARGETS.len()];
        Self {
            preflight: [Preflight::Off, Preflight::Warn, Preflight::Confirm, Preflight::Deny]
                [usize::from(choice(0) % 4)],
            delivery: [DenialDelivery::Extension, DenialDelivery::Error, DenialDelivery::Message]
                [usize::from(choice(0) / 4 % 3)],
            has_grpc_errors: choice(0) >= 128,
            is_grpc: choice(1) >= 128 && target.verb == Method::POST,
            has_grpc_type: choice(1) >= 128,
            target,
            token: [
                TokenKind::Absent,
                TokenKind::Unknown,
                TokenKind::Lacking,
                TokenKind::Sufficient,
            ][usize::from(choice(1) / 16 % 4)],
            status: StatusCode::from_u16(STATUSES[usize::from(choice(2) % 16)]).expect("a status"),
            version: [
                Version::HTTP_11,
                Version::HTTP_2,
                Version::HTTP_10,
                Version::HTTP_3,
                Version::HTTP_09,
            ][usize::from(choice(2) / 16) % 5],
            headers,
            plain,
            has_scope_body,
            steps: steps(&encoded, header_map(trailers), [choice(5), choice(6), choice(7)]),
            has_length: choice(8) % 2 == 0,
        }
    }

    /// Returns a new guard, which has seen no other call.
    pub(super) fn guard(&self) -> Guard {
        let builder = Guard::builder().preflight(self.preflight).denial_delivery(self.delivery);
        let builder = builder.endpoint("http://127.0.0.1:4443", "storage.googleapis.com");
        // The usual table of tokens would take longer to allocate than everything else.
        let guard = builder.expect("a host").remembered_tokens(2).build();
        let scopes = match self.token {
            TokenKind::Absent | TokenKind::Unknown => return guard,
            TokenKind::Lacking => "https://www.googleapis.com/auth/logging.write",
            TokenKind::Sufficient => {
                "https://www.googleapis.com/auth/cloud-platform \
                 https://www.googleapis.com/auth/drive"
            }
        };
        let granted =
            GrantedScopes::known(ScopeSet::from_scope_text(scopes), GrantSource::Declared);
        guard.declare(AccessToken::new(TOKEN).expect("a token"), granted);
        guard
    }

    pub(super) fn request(&self) -> Request<()> {
        let mut request = Request::new(());
        *request.method_mut() = self.target.verb.clone();
        *request.uri_mut() = Uri::from_static(self.target.url);
        if self.token != TokenKind::Absent {
            let value = format!("Bearer {TOKEN}").parse().expect("a header value");
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        if self.has_grpc_type {
            request
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        }
        request
    }

    /// Returns the response, or the error of the client.
    pub(super) fn answer(&self) -> Result<Response<StepBody>, BoxError> {
        let steps = self.steps.clone().ok_or("connection reset")?;
        let mut response = Response::new(StepBody::new(steps, self.has_length));
        *response.status_mut() = self.status;
        *response.version_mut() = self.version;
        *response.headers_mut() = self.headers.clone();
        response.extensions_mut().insert(ExchangeMarker(7));
        Ok(response)
    }

    /// Returns whether the call is one of Google's. Without a host, the path shows this only for a
    /// call of gRPC.
    pub(super) fn is_google(&self) -> bool {
        self.target.is_google && (self.is_grpc || !self.target.url.starts_with('/'))
    }

    /// Returns whether the token certainly lacks the scopes for the call.
    pub(super) fn is_lacking(&self) -> bool {
        self.is_google() && self.token == TokenKind::Lacking
    }

    /// Returns whether the response may be a refusal for lack of scopes. False if its status, its
    /// host or the absence of certain words shows that it is not.
    pub(super) fn may_be_scope_refusal(&self) -> bool {
        let is_refused = self.status == StatusCode::FORBIDDEN || self.is_grpc;
        let headers = self.headers.iter().chain(self.trailers().into_iter().flatten());
        let mut texts = headers.map(|(_, value)| value.as_bytes()).chain([&*self.plain]);
        self.is_google() && is_refused && texts.any(may_mention_scopes)
    }

    /// Returns whether the response certainly is a refusal for lack of scopes, which the guard can
    /// read completely.
    pub(super) fn is_plain_scope_refusal(&self) -> bool {
        let is_unknown = [TokenKind::Absent, TokenKind::Unknown].contains(&self.token);
        let steps = self.steps.as_deref().unwrap_or_default();
        let data = steps.iter().filter_map(PollStep::data).map(|data| data.len()).sum::<usize>();
        // The guard reads at most 64 frames.
        let is_readable =
            steps.len() < 64 && data == self.plain.len() && !steps.iter().any(PollStep::is_fault);
        let is_http = self.is_google() && !self.is_grpc && self.status == StatusCode::FORBIDDEN;
        self.has_scope_body && self.headers.is_empty() && is_unknown && is_readable && is_http
    }

    fn trailers(&self) -> Option<&HeaderMap> {
        self.steps.iter().flatten().find_map(|step| match step {
            PollStep::Trailers(trailers) => Some(trailers),
            _ => None,
        })
    }
}

const TOKEN: &str = "ya29.fuzzed";

/// Replaces the first occurrence of `from`, if there is one.
fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let Some(start) = text.windows(from.len()).position(|part| part == from) else {
        return text.to_vec();
    };
    [&text[..start], to, &text[start + from.len()..]].concat()
}

/// Compresses the body, or adds a header that does not describe the body, or changes nothing.
fn encode(choice: u8, headers: &mut HeaderMap, plain: &[u8]) -> Vec<u8> {
    let (coding, body) = match choice % 8 {
        0 => ("gzip", gzip(plain)),
        1 => ("deflate", zlib(plain)),
        2 => ("gzip", plain.to_vec()),
        3 => ("br", plain.to_vec()),
        4 => ("gzip, gzip", gzip(&gzip(plain))),
        _ => return plain.to_vec(),
    };
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
    body
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder
        .write_all(plain)
        .and_then(|()| encoder.finish())
        .expect("writing to memory does not fail")
}

fn zlib(plain: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder
        .write_all(plain)
        .and_then(|()| encoder.finish())
        .expect("writing to memory does not fail")
}

/// Divides a body into frames. The choices are the size of the frames, what follows the frames, and
/// where the body is interrupted.
fn steps(body: &[u8], trailers: HeaderMap, [size, end, at]: [u8; 3]) -> Option<Vec<PollStep>> {
    // Up to 16 KiB a frame, so that bodies of the templates are in one frame or in many.
    let size = usize::from(size).pow(2) / 4 + 1;
    let body = Bytes::copy_from_slice(body);
    let frames = (0..body.len()).step_by(size);
    let mut steps: Vec<_> = frames
        .map(|start| PollStep::Data(body.slice(start..body.len().min(start + size))))
        .collect();
    match end % 8 {
        0 => steps.push(PollStep::Trailers(trailers)),
        1 => steps.truncate(usize::from(at)),
        2 => steps.insert(usize::from(at) % (steps.len() + 1), PollStep::Error),
        3 => steps.insert(usize::from(at) % (steps.len() + 1), PollStep::Data(Bytes::new())),
        4 => steps.extend([PollStep::Trailers(trailers.clone()), PollStep::Trailers(trailers)]),
        // A pause starts a thread, which takes a hundred times as long as everything else, so only
        // one position in 16 leads to a pause.
        5 if at % 16 == 0 => {
            steps.insert(usize::from(at / 16) % (steps.len() + 1), PollStep::Wait);
        }
        6 if at % 16 == 0 => return None,
        _ => {}
    }
    Some(steps)
}

/// Returns whether a text may contain the words of a refusal for lack of scopes, as they are or
/// escaped. Ignores quotes within words, as the explanation does.
fn may_mention_scopes(text: &[u8]) -> bool {
    let text = text.to_ascii_lowercase();
    let is_quote = |byte: &u8| b"'\"`".contains(byte);
    let text: Vec<u8> = text.into_iter().filter(|byte| !is_quote(byte)).collect();
    let words: [&[u8]; 7] =
        [b"scope", b"insufficient", b"drive credentials", b"globbing", b"\\u", b"&", b"%"];
    // A long text in base64 may be the encoded details of a gRPC status.
    let is_detail = text.len() > 40
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte));
    is_detail || words.iter().any(|word| text.windows(word.len()).any(|part| part == *word))
}
