//! What the head of an answer says is to be done with it.
//!
//! A gRPC status stands in trailers behind the messages, or, if there are none, in the headers. The HTTP
//! status is 200 whatever happened, except where something that speaks no gRPC has answered.
//! Source: <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, StatusCode};

use super::learn;
use super::state::Flight;

/// What an adapter is to do with an answer, as far as its head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "an adapter handles all three")]
pub enum Answered {
    /// Hand it on: it is none that the guard explains.
    Pass,
    /// It may be a refusal for lack of scope: look at the beginning of its body, and end the flight.
    ReadBody,
    /// Hand the messages of gRPC on as they come; the trailers may be a refusal.
    ReadTrailers,
}

impl Flight {
    /// The head of the answer has arrived.
    ///
    /// A call that was sent although its token seemed to lack the scope, and that succeeds, teaches the
    /// guard that the scope gate is open.
    ///
    /// ```
    /// use gcp_scopes::flight::Answered;
    /// use http::{HeaderMap, StatusCode};
    ///
    /// let flight = gcp_scopes::Guard::builder().build().begin_unseen(None);
    /// assert_eq!(flight.answered(StatusCode::OK, &HeaderMap::new()), Answered::Pass);
    /// assert_eq!(flight.answered(StatusCode::FORBIDDEN, &HeaderMap::new()), Answered::ReadBody);
    /// ```
    #[inline]
    pub fn answered(&self, status: StatusCode, headers: &HeaderMap) -> Answered {
        match self.is_grpc {
            false => self.answered_plainly(status),
            true if !self.is_googles() => Answered::Pass,
            true if is_denied(headers) => Answered::ReadBody,
            true if headers.contains_key(GRPC_STATUS) => Answered::Pass,
            true if status == StatusCode::FORBIDDEN && !is_grpc(headers) => Answered::ReadBody,
            true => Answered::ReadTrailers,
        }
    }

    #[inline]
    fn answered_plainly(&self, status: StatusCode) -> Answered {
        // Only what comes after the gate proves it open: a 404 may be a path that nobody serves, a
        // 400 may be said before anybody looks at the token.
        if self.is_doubted && (status.is_success() || status == StatusCode::NOT_MODIFIED) {
            learn::contradicted(self);
        }
        match status == StatusCode::FORBIDDEN && self.is_googles() {
            true => Answered::ReadBody,
            false => Answered::Pass,
        }
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
    use crate::flight::Begin;
    use crate::guard::Guard;

    fn headers(rows: &[(&'static str, &'static str)]) -> HeaderMap {
        rows.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    fn flight(guard: &Guard, url: &'static str, content_type: &'static str) -> Flight {
        let headers = headers(&[("content-type", content_type)]);
        match guard.begin(&Call::new(&Method::POST, &Uri::from_static(url)).with_headers(&headers)) {
            Begin::Send(flight) => flight,
            Begin::Wait(_) | Begin::Stop(_) => panic!("a gRPC call is never held back"),
        }
    }

    #[test]
    fn the_head_of_an_answer_tells_what_to_do_with_it() {
        let guard = Guard::builder().build();
        let (publish, own) = ("/google.pubsub.v1.Publisher/Publish", "/acme.Orders/Send");
        let unlisted = "/google.pubsub.v99.Publisher/Publish";
        let elsewhere = "http://acme.example/google.pubsub.v1.Publisher/Publish";
        let google = "https://pubsub.googleapis.com/google.pubsub.v1.Publisher/Publish";
        type Row = (&'static str, u16, &'static [(&'static str, &'static str)], Answered);
        let rows: [Row; 15] = [
            (publish, 200, &[("content-type", "application/grpc")], Answered::ReadTrailers),
            (google, 200, &[("content-type", "application/grpc+proto")], Answered::ReadTrailers),
            (unlisted, 200, &[("content-type", "application/grpc")], Answered::ReadTrailers),
            (publish, 200, &[("content-type", "application/grpc"), ("grpc-status", "7")], Answered::ReadBody),
            (publish, 403, &[("content-type", "application/grpc"), ("grpc-status", "7")], Answered::ReadBody),
            (publish, 403, &[("content-type", "application/grpc"), ("grpc-status", "5")], Answered::Pass),
            (publish, 200, &[("content-type", "application/grpc"), ("grpc-status", "0")], Answered::Pass),
            (publish, 200, &[("grpc-status", "77")], Answered::Pass),
            (publish, 403, &[("content-type", "text/html")], Answered::ReadBody),
            (publish, 403, &[], Answered::ReadBody),
            (publish, 403, &[("content-type", "application/grpc")], Answered::ReadTrailers),
            (publish, 503, &[("content-type", "text/html")], Answered::ReadTrailers),
            (own, 403, &[("content-type", "text/html")], Answered::Pass),
            (own, 200, &[("grpc-status", "7")], Answered::Pass),
            (elsewhere, 200, &[("grpc-status", "7")], Answered::Pass),
        ];
        for (url, status, answer, expected) in rows {
            let flight = flight(&guard, Box::leak(url.to_owned().into_boxed_str()), "application/grpc");
            let status = StatusCode::from_u16(status).unwrap();
            let answer: HeaderMap = answer
                .iter()
                .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
                .collect();
            assert_eq!(flight.answered(status, &answer), expected, "{url} {status} {answer:?}");
        }
    }

    #[test]
    fn what_is_no_grpc_call_is_looked_at_as_before() {
        let guard = Guard::builder().build();
        let rest =
            flight(&guard, "https://pubsub.googleapis.com/v1/projects/p/topics/t:publish", "text/plain");
        let denied = headers(&[("grpc-status", "7")]);
        assert_eq!(rest.answered(StatusCode::OK, &denied), Answered::Pass);
        assert_eq!(rest.answered(StatusCode::FORBIDDEN, &HeaderMap::new()), Answered::ReadBody);
    }
}
