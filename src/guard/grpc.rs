//! What the head or the trailers of an answer to a gRPC call tell.
//!
//! A gRPC status stands in trailers behind the messages, or, if there are none, in the headers. The HTTP
//! status is 200 whatever happened, except where something that speaks no gRPC has answered.
//! Source: <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, StatusCode};

use super::checked::is_google;
use super::{Checked, Guard, Surface};

/// What is to be done with an answer, as far as its head tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Head {
    /// Pass it on: it is not ours to explain.
    Pass,
    /// Pass it on, but look at its trailers.
    Watch,
    /// It may be a refusal for lack of scope.
    Explain,
}

impl Guard {
    /// Takes note of the head of an answer, and tells what to do with it.
    pub(crate) fn head(&self, checked: &Checked, status: StatusCode, headers: &HeaderMap) -> Head {
        match checked.is_grpc() {
            false if self.looks_at(checked, status) => Head::Explain,
            false => Head::Pass,
            true if !is_google(checked.found()) => Head::Pass,
            true if is_denied(headers) => Head::Explain,
            true if headers.contains_key(GRPC_STATUS) => Head::Pass,
            true if status == StatusCode::FORBIDDEN && !is_grpc(headers) => Head::Explain,
            true => Head::Watch,
        }
    }

    /// How a refusal reaches the caller.
    pub(crate) fn surface(&self) -> Surface {
        self.0.surface
    }
}

/// Whether headers or trailers refuse the call for lack of some right: gRPC's status 7.
pub(crate) fn is_denied(headers: &HeaderMap) -> bool {
    headers.get(GRPC_STATUS).is_some_and(|status| status.as_bytes() == b"7")
}

/// Whether an answer is gRPC at all.
fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.as_bytes().get(..GRPC.len()));
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case(GRPC))
}

const GRPC: &[u8] = b"application/grpc";
pub(crate) const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

#[cfg(test)]
#[cfg(feature = "catalog-full")]
mod tests {
    use http::{Method, Uri};

    use super::*;
    use crate::call::Call;
    use crate::guard::{Before, Guard};

    fn headers(rows: &[(&'static str, &'static str)]) -> HeaderMap {
        rows.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    fn checked(guard: &Guard, url: &'static str, content_type: &'static str) -> Checked {
        let headers = headers(&[("content-type", content_type)]);
        match guard.before(&Call::of(&Method::POST, &Uri::from_static(url), &headers), &headers) {
            Before::Go(checked) => checked,
            Before::Ask(_) | Before::Stop(_) => panic!("a gRPC call is never held back"),
        }
    }

    #[test]
    fn the_head_of_an_answer_tells_what_to_do_with_it() {
        let guard = Guard::builder().build();
        let (publish, own) = ("/google.pubsub.v1.Publisher/Publish", "/acme.Orders/Send");
        let unlisted = "/google.pubsub.v99.Publisher/Publish";
        let elsewhere = "http://acme.example/google.pubsub.v1.Publisher/Publish";
        let google = "https://pubsub.googleapis.com/google.pubsub.v1.Publisher/Publish";
        let rows: [(&str, u16, &[(&str, &str)], Head); 15] = [
            (publish, 200, &[("content-type", "application/grpc")], Head::Watch),
            (google, 200, &[("content-type", "application/grpc+proto")], Head::Watch),
            (unlisted, 200, &[("content-type", "application/grpc")], Head::Watch),
            (publish, 200, &[("content-type", "application/grpc"), ("grpc-status", "7")], Head::Explain),
            (publish, 403, &[("content-type", "application/grpc"), ("grpc-status", "7")], Head::Explain),
            (publish, 403, &[("content-type", "application/grpc"), ("grpc-status", "5")], Head::Pass),
            (publish, 200, &[("content-type", "application/grpc"), ("grpc-status", "0")], Head::Pass),
            (publish, 200, &[("grpc-status", "77")], Head::Pass),
            (publish, 403, &[("content-type", "text/html")], Head::Explain),
            (publish, 403, &[], Head::Explain),
            (publish, 403, &[("content-type", "application/grpc")], Head::Watch),
            (publish, 503, &[("content-type", "text/html")], Head::Watch),
            (own, 403, &[("content-type", "text/html")], Head::Pass),
            (own, 200, &[("grpc-status", "7")], Head::Pass),
            (elsewhere, 200, &[("grpc-status", "7")], Head::Pass),
        ];
        for (url, status, answer, expected) in rows {
            let checked = checked(&guard, Box::leak(url.to_owned().into_boxed_str()), "application/grpc");
            let status = StatusCode::from_u16(status).unwrap();
            let answer: HeaderMap = answer
                .iter()
                .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
                .collect();
            assert_eq!(guard.head(&checked, status, &answer), expected, "{url} {status} {answer:?}");
        }
    }

    #[test]
    fn what_is_no_grpc_call_is_looked_at_as_before() {
        let guard = Guard::builder().build();
        let rest =
            checked(&guard, "https://pubsub.googleapis.com/v1/projects/p/topics/t:publish", "text/plain");
        let denied = headers(&[("grpc-status", "7")]);
        assert_eq!(guard.head(&rest, StatusCode::OK, &denied), Head::Pass);
        assert_eq!(guard.head(&rest, StatusCode::FORBIDDEN, &HeaderMap::new()), Head::Explain);
    }
}
