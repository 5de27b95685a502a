//! The request line of a call, kept until the response arrives.

use std::fmt;

use http::HeaderMap;

use crate::call::Call;
use crate::catalog::{self, Endpoints, KnownHost, Lookup};

/// The maximum length of path and query together, in bytes. If they are longer, the request line is
/// not kept, and the method is looked up immediately. The limit is small because every
/// [`Flight`](super::Flight) contains the buffer.
const MAX_LENGTH: usize = 123;

/// The request line of a call whose token is allowed to call every method of the host, so that the
/// method was not looked up. If Google refuses the call, the method is looked up from this line for
/// the explanation. For a call to a host that is not known to be Google's, the buffer holds the
/// server instead.
///
/// Contains no header, and so no token. `Debug` prints only the host.
#[derive(Clone, Copy)]
pub(crate) struct RequestLine {
    host: Option<KnownHost>,
    /// The index of the HTTP method in [`VERBS`].
    verb: u8,
    /// The length of the path. 0 if no line is kept, because a path is never empty.
    path: u8,
    /// The length of the query.
    query: u8,
    /// The path, followed by the query.
    text: [u8; MAX_LENGTH],
}

impl RequestLine {
    /// The value if no line is kept.
    pub(crate) const EMPTY: Self =
        Self { host: None, verb: 0, path: 0, query: 0, text: [0; MAX_LENGTH] };

    /// Keeps the request line of a call to this host. Returns `false`, and keeps nothing, if the
    /// line is too long or its HTTP method is not in [`VERBS`].
    #[inline]
    pub(crate) fn keep(&mut self, call: &Call<'_>, host: KnownHost) -> bool {
        let (path, query) = (call.path().as_bytes(), call.query().as_bytes());
        let verb = VERBS.iter().position(|verb| *verb == call.verb());
        let Some((room, rest)) = self.text.split_at_mut_checked(path.len()) else { return false };
        let (Some(verb), Some(after)) = (verb, rest.get_mut(..query.len())) else { return false };
        room.copy_from_slice(path);
        if !query.is_empty() {
            after.copy_from_slice(query);
        }
        // The casts lose nothing, because the lengths are at most `MAX_LENGTH` and there are 6
        // verbs.
        (self.host, self.verb) = (Some(host), verb as u8);
        (self.path, self.query) = (path.len() as u8, query.len() as u8);
        self.path != 0
    }

    /// Keeps the server of a call to a host that is not known to be Google's, unless it is too
    /// long.
    pub(crate) fn keep_server(&mut self, server: &str) {
        if let Some(room) = self.text.get_mut(..server.len()) {
            room.copy_from_slice(server.as_bytes());
            // The cast loses nothing, because the length is at most `MAX_LENGTH`.
            (self.host, self.path, self.query) = (None, 0, server.len() as u8);
        }
    }

    /// Returns the server that [`keep_server`](Self::keep_server) kept.
    pub(crate) fn server(&self) -> Option<&str> {
        let is_kept = self.path == 0 && self.query != 0;
        let server = self.text.get(..usize::from(self.query)).filter(|_| is_kept)?;
        std::str::from_utf8(server).ok()
    }

    /// Looks up the method of the kept request line. Returns `None` if no line is kept.
    pub(crate) fn lookup(&self, endpoints: &Endpoints) -> Option<Lookup> {
        let (path, rest) =
            self.text.split_at_checked(usize::from(self.path)).filter(|_| self.path != 0)?;
        let query = std::str::from_utf8(rest.get(..usize::from(self.query))?).ok()?;
        let verb = VERBS.get(usize::from(self.verb))?;
        let path = std::str::from_utf8(path).ok()?;
        let (host, headers) = (self.host?.name(), HeaderMap::new());
        let call = Call::from_url_parts(verb, Some("https"), Some(host), path, Some(query));
        Some(catalog::lookup(&call.with_headers(&headers), endpoints))
    }
}

/// The HTTP methods whose request lines can be kept.
const VERBS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];

impl fmt::Debug for RequestLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestLine")
            .field("host", &self.host.map(KnownHost::name))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(feature = "catalog-full")]
mod tests {
    use http::Method;

    use super::*;

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
            (Method::HEAD, "storage.googleapis.com/bucket/object"),
            (Method::GET, "storage.googleapis.com/bucket/object?X-Goog-Signature=0"),
            (Method::GET, "pubsub.googleapis.com/v1/projects/p/topics/t:getIamPolicy"),
            (Method::POST, "pubsub.googleapis.com/batch/x"),
            (Method::DELETE, "pubsub.googleapis.com/v1/no/such/method"),
            (Method::PATCH, "pubsub.googleapis.com/"),
        ];
        for (verb, url) in rows {
            let uri = format!("https://{url}").parse().unwrap();
            let call =
                Call::new(&verb, &uri).with_headers(NO_HEADERS.get_or_init(http::HeaderMap::new));
            let Some(host) = KnownHost::find(&call, &endpoints) else {
                // `KnownHost::find` returns no host for a batch request, so no line is kept.
                assert!(url.contains("/batch/"), "{url}");
                continue;
            };
            let mut line = RequestLine::EMPTY;
            assert!(line.keep(&call, host), "{url}");
            assert_eq!(line.lookup(&endpoints), Some(catalog::lookup(&call, &endpoints)), "{url}");
            let shown = format!("{line:?}");
            assert!(shown.contains(".googleapis.com") && !shown.contains("object"), "{shown}");
        }
    }

    static NO_HEADERS: std::sync::OnceLock<http::HeaderMap> = std::sync::OnceLock::new();

    #[test]
    fn a_server_is_kept_without_a_line() {
        let mut line = RequestLine::EMPTY;
        assert_eq!(line.server(), None);
        line.keep_server("127.0.0.1:4443");
        assert_eq!(line.server(), Some("127.0.0.1:4443"));
        assert_eq!(line.lookup(&Endpoints::new()), None);
        line.keep_server(&"x".repeat(MAX_LENGTH + 1));
        assert_eq!(line.server(), Some("127.0.0.1:4443"));
    }

    #[test]
    fn long_lines_and_unknown_verbs_are_not_kept() {
        let headers = http::HeaderMap::new();
        let kept = |verb: &Method, path: &str| {
            let uri = format!("https://storage.googleapis.com{path}").parse().unwrap();
            let call = Call::new(verb, &uri).with_headers(&headers);
            let mut line = RequestLine::EMPTY;
            let is_kept = line.keep(&call, KnownHost::find(&call, &Endpoints::new()).unwrap());
            assert_eq!(line.lookup(&Endpoints::new()).is_some(), is_kept);
            is_kept
        };
        let longest = format!("/{}", "x".repeat(MAX_LENGTH - 1));
        assert!(kept(&Method::GET, &longest));
        assert!(!kept(&Method::GET, &format!("{longest}x")));
        assert!(!kept(&Method::GET, &format!("{longest}?x")));
        assert!(!kept(&Method::OPTIONS, "/"));
    }
}
