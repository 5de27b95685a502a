//! Decides from status and headers whether a response may be a refusal.
//!
//! gRPC sends its status in the trailers after the messages, or in the headers if there are no
//! messages. The HTTP status is always 200, unless a proxy or another server without gRPC
//! responded. Source: <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, StatusCode};

use super::call_in_progress::Flight;
use super::learn;

impl Flight {
    /// Reports that status and headers of the response arrived. Returns whether the response may be
    /// a refusal for lack of scopes; if so, read the beginning of the body and end the flight.
    /// Return every other response unchanged to the caller, except that of a gRPC call for which
    /// [`Flight::wants_trailers`] returns `true`.
    ///
    /// Call this function for every response. If a call succeeds although its token seemed to lack
    /// the scope, the guard learns that the token's scopes are sufficient.
    ///
    /// ```
    /// use http::{HeaderMap, StatusCode};
    ///
    /// let flight = gcp_scopes::Guard::builder().build().begin_unseen(None);
    /// assert!(!flight.answered(StatusCode::OK, &HeaderMap::new()));
    /// assert!(flight.answered(StatusCode::FORBIDDEN, &HeaderMap::new()));
    /// ```
    #[inline]
    #[must_use = "a refusal is to be explained"]
    pub fn answered(&self, status: StatusCode, headers: &HeaderMap) -> bool {
        if self.is_grpc {
            if headers.contains_key(GRPC_STATUS) {
                self.ended(headers);
            }
            return self.is_google_host() && is_refused_by_headers(status, headers);
        }
        // Only a success proves that the scopes were sufficient: Google may send a 404 for an
        // unknown path, and a 400 before the token is checked.
        if self.is_doubted && (status.is_success() || status == StatusCode::NOT_MODIFIED) {
            learn::scopes_suffice(self);
        }
        if self.is_trial && status != StatusCode::FORBIDDEN {
            learn::from_trial(self);
        }
        match status {
            StatusCode::FORBIDDEN if self.is_google_host() => return true,
            StatusCode::FORBIDDEN => self.note_other_host(headers),
            StatusCode::UNAUTHORIZED => self.note_unseen_token(),
            _ => {}
        }
        false
    }

    /// Learns from the headers or trailers with the gRPC status of a call, unless they refuse the
    /// call for lack of permission.
    pub(crate) fn ended(&self, headers: &HeaderMap) {
        if self.is_doubted && has_status(headers, b"0") {
            learn::scopes_suffice(self);
        }
        if !is_denied(headers) {
            learn::from_trial(self);
        }
        if has_status(headers, UNAUTHENTICATED) {
            self.note_unseen_token();
        }
    }

    /// Returns whether the trailers of a response with this status and these headers may be a
    /// refusal. True only for gRPC calls, whose messages the adapter passes on as they arrive.
    ///
    /// ```
    /// use http::{HeaderMap, StatusCode};
    ///
    /// let flight = gcp_scopes::Guard::builder().build().begin_unseen(None);
    /// assert!(!flight.wants_trailers(StatusCode::OK, &HeaderMap::new()));
    /// ```
    #[inline]
    #[must_use]
    pub fn wants_trailers(&self, status: StatusCode, headers: &HeaderMap) -> bool {
        self.is_grpc && self.is_google_host() && expects_trailers(status, headers)
    }
}

/// Returns whether status and headers of a response to a gRPC call refuse the call, by a gRPC
/// status or as plain HTTP.
fn is_refused_by_headers(status: StatusCode, headers: &HeaderMap) -> bool {
    match headers.contains_key(GRPC_STATUS) {
        true => is_denied(headers),
        false => status == StatusCode::FORBIDDEN && !is_grpc(headers),
    }
}

/// Returns whether the gRPC status is sent later, in the trailers.
fn expects_trailers(status: StatusCode, headers: &HeaderMap) -> bool {
    !headers.contains_key(GRPC_STATUS) && !is_refused_by_headers(status, headers)
}

/// Returns whether headers or trailers contain gRPC status 7, `PERMISSION_DENIED`.
pub(crate) fn is_denied(headers: &HeaderMap) -> bool {
    has_status(headers, b"7")
}

/// Returns whether headers or trailers contain this gRPC status.
fn has_status(headers: &HeaderMap, code: &[u8]) -> bool {
    headers.get(GRPC_STATUS).is_some_and(|status| status.as_bytes() == code)
}

/// Returns whether a response uses gRPC.
fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.as_bytes().get(..GRPC.len()));
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case(GRPC))
}

/// The gRPC status of a call without valid credentials.
const UNAUTHENTICATED: &[u8] = b"16";
/// The beginning of the content type of a gRPC response.
const GRPC: &[u8] = b"application/grpc";
pub(crate) const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

#[cfg(test)]
#[cfg(feature = "catalog-full")]
mod tests {
    use http::{Method, Uri};

    use super::*;
    use crate::call::Call;
    use crate::guard::Guard;

    fn headers(rows: &[(&'static str, &'static str)]) -> HeaderMap {
        rows.iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    /// Begins a call without a token, whose request has this content type.
    fn flight(guard: &Guard, url: &'static str, content_type: &'static str) -> Flight {
        let headers = headers(&[("content-type", content_type)]);
        let flight =
            guard.begin(&Call::new(&Method::POST, &Uri::from_static(url)).with_headers(&headers));
        flight.expect("a call without a token should be sent")
    }

    /// Which parts of a response the guard reads: (body, trailers).
    type PartsRead = (bool, bool);
    const NOTHING: PartsRead = (false, false);
    const BODY: PartsRead = (true, false);
    const TRAILERS: PartsRead = (false, true);

    /// Returns which parts of a response the guard reads.
    fn parts_read(flight: &Flight, status: StatusCode, headers: &HeaderMap) -> PartsRead {
        (flight.answered(status, headers), flight.wants_trailers(status, headers))
    }

    #[test]
    fn status_and_headers_decide_which_part_is_read() {
        let guard = Guard::builder().build();
        let (publish, own_service) = ("/google.pubsub.v1.Publisher/Publish", "/acme.Orders/Send");
        let unlisted = "/google.pubsub.v99.Publisher/Publish";
        let other_host = "http://acme.example/google.pubsub.v1.Publisher/Publish";
        let google = "https://pubsub.googleapis.com/google.pubsub.v1.Publisher/Publish";
        type Row = (&'static str, u16, &'static [(&'static str, &'static str)], PartsRead);
        // tonic sets only the path of a request; the service then shows whether the call is
        // Google's.
        let rows: [Row; 15] = [
            (publish, 200, &[("content-type", "application/grpc")], TRAILERS),
            (google, 200, &[("content-type", "application/grpc+proto")], TRAILERS),
            (unlisted, 200, &[("content-type", "application/grpc")], TRAILERS),
            (publish, 200, &[("content-type", "application/grpc"), ("grpc-status", "7")], BODY),
            (publish, 403, &[("content-type", "application/grpc"), ("grpc-status", "7")], BODY),
            (publish, 403, &[("content-type", "application/grpc"), ("grpc-status", "5")], NOTHING),
            (publish, 200, &[("content-type", "application/grpc"), ("grpc-status", "0")], NOTHING),
            (publish, 200, &[("grpc-status", "77")], NOTHING),
            (publish, 403, &[("content-type", "text/html")], BODY),
            (publish, 403, &[], BODY),
            (publish, 403, &[("content-type", "application/grpc")], TRAILERS),
            // Not a refusal, but a gRPC status may still follow in the trailers.
            (publish, 503, &[("content-type", "text/html")], TRAILERS),
            (own_service, 403, &[("content-type", "text/html")], NOTHING),
            (own_service, 200, &[("grpc-status", "7")], NOTHING),
            (other_host, 200, &[("grpc-status", "7")], NOTHING),
        ];
        for (url, status, received, expected) in rows {
            let flight =
                flight(&guard, Box::leak(url.to_owned().into_boxed_str()), "application/grpc");
            let status = StatusCode::from_u16(status).unwrap();
            let received: HeaderMap = received
                .iter()
                .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
                .collect();
            assert_eq!(
                parts_read(&flight, status, &received),
                expected,
                "{url} {status} {received:?}"
            );
        }
    }

    #[test]
    fn calls_without_grpc_ignore_grpc_headers() {
        let guard = Guard::builder().build();
        let rest = flight(
            &guard,
            "https://pubsub.googleapis.com/v1/projects/p/topics/t:publish",
            "text/plain",
        );
        let denied = headers(&[("grpc-status", "7")]);
        assert_eq!(parts_read(&rest, StatusCode::OK, &denied), NOTHING);
        assert_eq!(parts_read(&rest, StatusCode::FORBIDDEN, &HeaderMap::new()), BODY);
    }
}
