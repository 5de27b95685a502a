use std::fmt;

use http::Method;

use crate::call::{Call, Why};
use crate::catalog::{self, Endpoints, Found, KnownHost};

/// How long a path and a query are kept together. With longer ones the path is matched at once.
const MOST: usize = 123;

/// A request line whose method did not matter for the verdict, kept in case the answer is a refusal,
/// which is explained by the method.
///
/// Holds no header, and so no token. It is never printed.
#[derive(Clone, Copy)]
pub(super) struct Kept {
    host: u16,
    verb: u8,
    path: u8,
    query: u8,
    text: [u8; MOST],
}

impl Kept {
    /// The request line of a call to this host, unless it is too long or its verb is nobody's.
    #[inline]
    pub(super) fn of(call: &Call<'_>, host: KnownHost) -> Option<Self> {
        let (path, query) = (call.path().as_bytes(), call.query().as_bytes());
        let verb = u8::try_from(verbs().position(|verb| verb.as_str() == call.verb())?).ok()?;
        let mut text = [0; MOST];
        text.get_mut(..path.len())?.copy_from_slice(path);
        text.get_mut(path.len()..path.len() + query.len())?.copy_from_slice(query);
        let (path, query) = (u8::try_from(path.len()).ok()?, u8::try_from(query.len()).ok()?);
        Some(Self { host: host.number(), verb, path, query, text })
    }

    /// The method that the call is.
    pub(super) fn found(&self, endpoints: &Endpoints) -> Result<Found, Why> {
        let (path, rest) = self.text.split_at_checked(usize::from(self.path)).unwrap_or_default();
        let query = rest.get(..usize::from(self.query)).unwrap_or_default();
        let text = |bytes| std::str::from_utf8(bytes).map_err(|_| Why::Method);
        let verb = verbs().nth(usize::from(self.verb)).map_or("", Method::as_str);
        let host = KnownHost::name_of(self.host);
        catalog::lookup(&Call::plain(verb, host, text(path)?, text(query)?), endpoints)
    }
}

fn verbs() -> impl Iterator<Item = &'static Method> {
    [&Method::GET, &Method::POST, &Method::PUT, &Method::PATCH, &Method::DELETE, &Method::HEAD].into_iter()
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("host", &KnownHost::name_of(self.host)).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(feature = "catalog-full")]
mod tests {
    use super::*;

    #[test]
    fn a_kept_request_line_is_the_call_it_was() {
        let endpoints = Endpoints::new();
        let rows = [
            (Method::GET, "storage.googleapis.com/storage/v1/b/b/o/a%2Fb?alt=media"),
            (Method::POST, "storage.googleapis.com/upload/storage/v1/b/b/o?uploadType=media&upload_id=x"),
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
            let call = Call::of(&verb, &uri, EMPTY.get_or_init(http::HeaderMap::new));
            let Some(host) = KnownHost::of(&call, &endpoints) else {
                assert!(url.contains("/batch/"), "{url}");
                continue;
            };
            let kept = Kept::of(&call, host).unwrap_or_else(|| panic!("{url}"));
            assert_eq!(kept.found(&endpoints), catalog::lookup(&call, &endpoints), "{url}");
            assert!(!format!("{kept:?}").contains("object"), "{kept:?}");
        }
    }

    static EMPTY: std::sync::OnceLock<http::HeaderMap> = std::sync::OnceLock::new();

    #[test]
    fn what_is_too_long_or_nobodys_is_not_kept() {
        let headers = http::HeaderMap::new();
        let kept = |verb: &Method, path: &str| {
            let uri = format!("https://storage.googleapis.com{path}").parse().unwrap();
            let call = Call::of(verb, &uri, &headers);
            Kept::of(&call, KnownHost::of(&call, &Endpoints::new()).unwrap()).is_some()
        };
        let long = format!("/{}", "x".repeat(MOST - 1));
        assert!(kept(&Method::GET, &long));
        assert!(!kept(&Method::GET, &format!("{long}x")));
        assert!(!kept(&Method::GET, &format!("{long}?x")));
        assert!(!kept(&Method::OPTIONS, "/"));
    }
}
