//! The request line of a call, kept until the response arrives.

use std::fmt;

use http::HeaderMap;

use crate::call::Call;
use crate::catalog::{self, CallPlace, Endpoints, Lookup};

/// The maximum length of path and query together, in bytes. If they are longer, the request line is
/// not kept, and the method is looked up immediately. The limit is small because every
/// [`Flight`](super::Flight) contains the buffer.
const MAX_LENGTH: usize = 123;

/// The request line of a call that was sent without a lookup. If Google refuses the call, the
/// method is looked up from this line for the explanation. For a call to a host that is not
/// Google's, the buffer holds the server instead: the host and the port.
///
/// Contains no header, and so no token. `Debug` prints only the host.
#[derive(Clone, Copy)]
pub(crate) struct RequestLine {
    /// The host and the verb; `None` if the buffer holds the server.
    place: Option<CallPlace>,
    /// The length of the path, or of the server.
    path: u8,
    /// The length of the query.
    query: u8,
    /// The path, followed by the query.
    text: [u8; MAX_LENGTH],
}

impl RequestLine {
    /// Keeps the request line of a call in `slot`. Returns `false` if the line is too long.
    #[inline]
    pub(crate) fn keep(slot: &mut Option<Self>, call: &Call<'_>, place: CallPlace) -> bool {
        Self::fill(slot, Some(place), call.path(), call.query())
    }

    /// Keeps the server of a call to a host that is not Google's in `slot`, unless the text is too
    /// long. `server` may begin with a user and a password, which [`Self::server`] leaves out.
    #[inline]
    pub(crate) fn keep_server(slot: &mut Option<Self>, server: &str) {
        Self::fill(slot, None, server, "");
    }

    /// Stores the texts in `slot`. Returns `false`, and stores nothing, if they are too long.
    #[inline]
    fn fill(slot: &mut Option<Self>, place: Option<CallPlace>, path: &str, query: &str) -> bool {
        if path.len() + query.len() > MAX_LENGTH {
            return false;
        }
        // The casts lose nothing, because the lengths are at most `MAX_LENGTH`.
        let (path_len, query_len) = (path.len() as u8, query.len() as u8);
        let line =
            slot.insert(Self { place, path: path_len, query: query_len, text: [0; MAX_LENGTH] });
        if let Some((room, rest)) = line.text.split_at_mut_checked(path.len()) {
            room.copy_from_slice(path.as_bytes());
            if let Some(room) = rest.get_mut(..query.len()).filter(|_| !query.is_empty()) {
                room.copy_from_slice(query.as_bytes());
            }
        }
        true
    }

    /// Returns the server that [`keep_server`](Self::keep_server) kept, without user and password.
    /// Returns `None` if a request line is kept instead.
    pub(crate) fn server(&self) -> Option<&str> {
        let (server, _) = self.texts().filter(|_| self.place.is_none())?;
        Call::from_url_parts("", None, Some(server), "", None).server()
    }

    /// Looks up the method of the kept request line. Returns `None` if no line is kept.
    pub(crate) fn lookup(&self, endpoints: &Endpoints) -> Option<Lookup> {
        let (place, (path, query)) = (self.place?, self.texts()?);
        let (host, headers) = (place.host(), HeaderMap::new());
        let call = Call::from_url_parts(place.verb(), Some("https"), Some(host), path, Some(query));
        Some(catalog::lookup(&call.with_headers(&headers), endpoints))
    }

    /// Returns the path, or the server, and the query.
    fn texts(&self) -> Option<(&str, &str)> {
        let (path, rest) = self.text.split_at_checked(usize::from(self.path))?;
        let query = rest.get(..usize::from(self.query))?;
        Some((std::str::from_utf8(path).ok()?, std::str::from_utf8(query).ok()?))
    }
}

impl fmt::Debug for RequestLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestLine")
            .field("host", &self.place.map(CallPlace::host))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(feature = "catalog-full")]
mod tests {
    use http::Method;

    use super::*;
    use crate::catalog::OpenedSets;

    /// Keeps the line of a call with a token that is sufficient for every call.
    fn kept(verb: &Method, url: &str) -> Option<(Lookup, RequestLine)> {
        let (endpoints, headers) = (Endpoints::new(), HeaderMap::new());
        let uri = format!("https://{url}").parse().unwrap();
        let call = Call::new(verb, &uri).with_headers(&headers);
        let place = CallPlace::new(&call, &endpoints)?;
        assert!(OpenedSets::new(endpoints.catalog(), None).allow(place, &call));
        let mut line = None;
        let is_kept = RequestLine::keep(&mut line, &call, place);
        assert_eq!(line.is_some(), is_kept);
        Some((catalog::lookup(&call, &endpoints), line?))
    }

    #[test]
    fn a_kept_request_line_leads_to_the_same_lookup() {
        let endpoints = Endpoints::new();
        let rows = [
            (Method::GET, "storage.googleapis.com/storage/v1/b/b/o/a%2Fb?alt=media"),
            (
                Method::POST,
                "storage.googleapis.com/upload/storage/v1/b/b/o?uploadType=media&upload_id=x",
            ),
            (Method::PUT, "storage.googleapis.com/bucket/object?acl"),
            (Method::GET, "storage.googleapis.com/bucket/object?X-Goog-Signature=0"),
            (Method::GET, "pubsub.googleapis.com/v1/projects/p/topics/t:getIamPolicy"),
            (Method::DELETE, "pubsub.googleapis.com/v1/no/such/method"),
            (Method::PATCH, "pubsub.googleapis.com/"),
        ];
        for (verb, url) in rows {
            let (found, line) = kept(&verb, url).unwrap();
            assert_eq!(line.lookup(&endpoints), Some(found), "{url}");
            let shown = format!("{line:?}");
            assert!(shown.contains(".googleapis.com") && !shown.contains("object"), "{shown}");
        }
    }

    #[test]
    fn a_server_is_kept_without_a_line() {
        let server = |text: &str| {
            let mut line = None;
            RequestLine::keep_server(&mut line, text);
            line
        };
        let line = server("me:PASSWORD@127.0.0.1:4443").unwrap();
        assert_eq!(line.server(), Some("127.0.0.1:4443"));
        assert_eq!(line.lookup(&Endpoints::new()), None);
        assert!(server(&"x".repeat(MAX_LENGTH + 1)).is_none());
    }

    #[test]
    fn long_lines_and_unknown_verbs_are_not_kept() {
        let is_kept = |verb: &Method, path: &str| {
            kept(verb, &format!("storage.googleapis.com{path}")).is_some()
        };
        let longest = format!("/{}", "x".repeat(MAX_LENGTH - 1));
        assert!(is_kept(&Method::GET, &longest));
        assert!(!is_kept(&Method::GET, &format!("{longest}x")));
        assert!(!is_kept(&Method::GET, &format!("{longest}?x")));
        assert!(!is_kept(&Method::OPTIONS, "/"));
    }
}
