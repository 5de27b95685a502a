//! The parts of a request that determine its API method: host, verb, path, query and headers.
//!
//! A [`Call`] borrows these parts from the request. The function [`lookup`](crate::lookup()) finds
//! the method of a call in the catalog, or returns an [`AbstainReason`]: the reason why the call
//! cannot be judged.
//!
//! ```
//! # #[cfg(feature = "full")] {
//! use gcp_scopes_catalog::call::{Call, AbstainReason};
//! use gcp_scopes_catalog::{Endpoints, lookup};
//!
//! // A signed URL contains no bearer token, so that no scope can be missing.
//! let uri = "https://storage.googleapis.com/photos/cat.jpg?X-Goog-Signature=0a1b".parse()?;
//! let found = lookup(&Call::new(&http::Method::GET, &uri), &Endpoints::new());
//! assert_eq!(found.abstain_reason(), Some(AbstainReason::Signed));
//! # }
//! # Ok::<(), http::uri::InvalidUri>(())
//! ```

mod abstain_reason;
mod abstain_words;
mod bucket;
pub(crate) mod host;
pub(crate) mod hosts;
mod needed;
pub(crate) mod query;
pub(crate) mod storage;
mod storage_table;

use std::fmt;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

pub use abstain_reason::AbstainReason;
pub use needed::NeededScopes;

/// The parts of a request that determine its API method.
///
/// ```
/// use gcp_scopes_catalog::call::Call;
///
/// let uri = "https://storage.googleapis.com/storage/v1/b/my-bucket".parse()?;
/// let call = Call::new(&http::Method::GET, &uri);
/// # Ok::<(), http::uri::InvalidUri>(())
/// ```
#[derive(Clone, Copy)]
pub struct Call<'a> {
    verb: &'a str,
    scheme: Option<&'a str>,
    authority: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
    headers: Option<&'a HeaderMap>,
    needed: Option<&'a NeededScopes>,
}

impl<'a> Call<'a> {
    /// Creates a call from the verb and the URL of a request. The call counts as having a bearer
    /// token.
    ///
    /// ```
    /// use gcp_scopes_catalog::call::Call;
    ///
    /// let uri = "https://storage.googleapis.com/storage/v1/b/photos/o/cat.jpg?alt=media".parse()?;
    /// let call = Call::new(&http::Method::GET, &uri);
    /// // The path may contain the name of an object, so `Debug` does not print the path.
    /// assert_eq!(
    ///     format!("{call:?}"),
    ///     r#"Call { verb: "GET", host: Some("storage.googleapis.com"), .. }"#
    /// );
    /// # Ok::<(), http::uri::InvalidUri>(())
    /// ```
    #[must_use]
    #[inline(always)]
    pub fn new(verb: &'a Method, uri: &'a Uri) -> Self {
        let authority = uri.authority().map(Authority::as_str);
        Self::from_url_parts(verb.as_str(), uri.scheme_str(), authority, uri.path(), uri.query())
    }

    /// Creates a call from the verb and the parts of a URL: scheme, authority (`host[:port]`),
    /// path, and query without `?`. For clients that do not use [`http::Uri`].
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::call::Call;
    /// use gcp_scopes_catalog::{Endpoints, lookup};
    ///
    /// let call = Call::from_url_parts(
    ///     "GET",
    ///     Some("https"),
    ///     Some("storage.googleapis.com"),
    ///     "/storage/v1/b",
    ///     None,
    /// );
    /// let method = lookup(&call, &Endpoints::new()).method();
    /// assert_eq!(method.map(|method| method.id()), Some("storage.buckets.list"));
    /// # }
    /// ```
    #[must_use]
    #[inline(always)]
    pub fn from_url_parts(
        verb: &'a str,
        scheme: Option<&'a str>,
        authority: Option<&'a str>,
        path: &'a str,
        query: Option<&'a str>,
    ) -> Self {
        Self { verb, scheme, authority, path, query, headers: None, needed: None }
    }

    /// Sets the scopes that the call needs. These scopes replace the scopes of the catalog.
    ///
    /// ```
    /// use gcp_scopes_catalog::call::{Call, NeededScopes};
    /// use gcp_scopes_catalog::scope::Scope;
    ///
    /// let needed = NeededScopes::any_of([Scope::cloud_platform()]);
    /// // an API that no catalog has yet
    /// let uri = "https://brandnew.googleapis.com/v1/things".parse()?;
    /// let call = Call::new(&http::Method::GET, &uri).with_needed_scopes(Some(&needed));
    /// assert_eq!(call.needed_scopes(), Some(&needed));
    /// # Ok::<(), http::uri::InvalidUri>(())
    /// ```
    #[must_use]
    #[inline(always)]
    pub fn with_needed_scopes(self, needed: Option<&'a NeededScopes>) -> Self {
        Self { needed, ..self }
    }

    /// Returns the scopes that the call needs, as set by
    /// [`with_needed_scopes`](Self::with_needed_scopes).
    ///
    /// ```
    /// use gcp_scopes_catalog::call::Call;
    ///
    /// let uri = http::Uri::from_static("https://pubsub.googleapis.com/");
    /// assert_eq!(Call::new(&http::Method::GET, &uri).needed_scopes(), None);
    /// ```
    #[must_use]
    pub fn needed_scopes(&self) -> Option<&'a NeededScopes> {
        self.needed
    }

    /// Adds the headers of the request. The headers show whether the request is a gRPC call, a
    /// batch, a copy or a signed request. They contain the token, and the host if the URL has no
    /// host.
    ///
    /// The header `X-HTTP-Method-Override` replaces the verb of a `POST`. Google's servers do the
    /// same, for clients that send a `POST` because the URL of a `GET` would be too long
    /// (<https://github.com/googleapis/google-api-python-client/blob/main/googleapiclient/http.py>).
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::call::Call;
    /// use gcp_scopes_catalog::{Endpoints, lookup};
    ///
    /// // A GET whose URL would be too long.
    /// let url = "https://sheets.googleapis.com/v4/spreadsheets/id/values:batchGet";
    /// let request = http::Request::post(url)
    ///     .header("x-http-method-override", "GET")
    ///     .body(())?;
    /// let call = Call::new(request.method(), request.uri()).with_headers(request.headers());
    /// let method = lookup(&call, &Endpoints::new()).method();
    /// assert_eq!(method.map(|method| method.id()), Some("sheets.spreadsheets.values.batchGet"));
    /// # }
    /// # Ok::<(), http::Error>(())
    /// ```
    #[must_use]
    #[inline(always)]
    pub fn with_headers(self, headers: &'a HeaderMap) -> Self {
        let verb = if self.verb == "POST" { header_text(headers, &METHOD_OVERRIDE) } else { None };
        Self { verb: verb.unwrap_or(self.verb), headers: Some(headers), ..self }
    }

    /// Returns the value of `Authorization`. Returns `None` if the call has no such header, and if
    /// the request has a second token, because Google does not document which of two tokens counts.
    ///
    /// ```
    /// use gcp_scopes_catalog::call::Call;
    /// use http::HeaderMap;
    /// use http::header::{AUTHORIZATION, HeaderValue};
    ///
    /// let headers =
    ///     HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static("Bearer ya29.x"))]);
    /// let in_query = "https://storage.googleapis.com/storage/v1/b?access_token=ya29.y".parse()?;
    /// let call = Call::new(&http::Method::GET, &in_query).with_headers(&headers);
    /// assert!(call.only_token().is_none());
    /// # Ok::<(), http::uri::InvalidUri>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn only_token(&self) -> Option<&'a HeaderValue> {
        let mut values = self.headers?.get_all(AUTHORIZATION).iter();
        let (first, second) = (values.next()?, values.next());
        (second.is_none() && !query::has_token(self.query())).then_some(first)
    }

    /// Returns the value of `Authorization` of a plain call: a call whose method the request line
    /// alone determines. A plain call is not a gRPC call, a batch or a copy, and its query neither
    /// signs the request nor contains a token, a session or another verb. Returns `None` for every
    /// other call, and also for some plain calls, because the check is fast and not exact.
    ///
    /// ```
    /// use gcp_scopes_catalog::call::Call;
    /// use http::HeaderMap;
    /// use http::header::{AUTHORIZATION, HeaderValue};
    ///
    /// let headers =
    ///     HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static("Bearer ya29.x"))]);
    /// let uri = http::Uri::from_static("https://pubsub.googleapis.com/batch");
    /// let call = |verb| Call::new(verb, &uri).with_headers(&headers).plain_token();
    /// assert!(call(&http::Method::GET).is_some() && call(&http::Method::POST).is_none());
    /// ```
    #[doc(hidden)]
    #[must_use]
    #[inline]
    pub fn plain_token(&self) -> Option<&'a HeaderValue> {
        let (is_post, is_put) = (self.verb == "POST", self.verb == "PUT");
        if !query::is_plain(self.query()) || (is_post && is_batch_path(self.path)) {
            return None;
        }
        let mut token = None;
        // One pass over the headers takes less time than several searches.
        for (name, value) in self.headers? {
            if name == AUTHORIZATION {
                if token.replace(value).is_some() {
                    return None;
                }
            } else if (is_post && name == CONTENT_TYPE && is_content_of_calls(value))
                || (is_put && COPY_SOURCES.contains(name))
            {
                return None;
            }
        }
        token
    }

    /// Checks whether the request contains a token or an API key, in its headers or in its query.
    ///
    /// No token must be added to a request with an API key, because Google refuses a key and a
    /// token of different projects: <https://github.com/tidyverse/googledrive/issues/184>.
    ///
    /// ```
    /// use gcp_scopes_catalog::call::Call;
    ///
    /// let uri = "https://translation.googleapis.com/language/translate/v2?key=AIza".parse()?;
    /// assert!(Call::new(&http::Method::POST, &uri).has_credentials());
    /// # Ok::<(), http::uri::InvalidUri>(())
    /// ```
    #[must_use]
    pub fn has_credentials(&self) -> bool {
        let has =
            |name: &HeaderName| self.headers.is_some_and(|headers| headers.contains_key(name));
        has(&AUTHORIZATION)
            || has(&API_KEY)
            || query::has_token(self.query())
            || query::has_key(self.query(), "key")
    }

    /// Returns the HTTP verb.
    ///
    /// ```
    /// use gcp_scopes_catalog::call::Call;
    ///
    /// let uri =
    ///     http::Uri::from_static("https://pubsub.googleapis.com/v1/projects/p/topics?pageSize=2");
    /// let call = Call::new(&http::Method::GET, &uri);
    /// assert_eq!(
    ///     (call.verb(), call.path(), call.query()),
    ///     ("GET", "/v1/projects/p/topics", "pageSize=2")
    /// );
    /// ```
    #[inline]
    #[must_use]
    pub fn verb(&self) -> &'a str {
        self.verb
    }

    /// Returns the path, percent-encoded as in the request.
    ///
    /// ```
    /// use gcp_scopes_catalog::call::Call;
    ///
    /// let uri = http::Uri::from_static("https://storage.googleapis.com/photos/cats%2Fone.jpg");
    /// assert_eq!(Call::new(&http::Method::GET, &uri).path(), "/photos/cats%2Fone.jpg");
    /// ```
    #[inline]
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// Returns the query without `?`, percent-encoded as in the request; an empty text if there is
    /// none.
    #[inline]
    #[must_use]
    pub fn query(&self) -> &'a str {
        self.query.unwrap_or_default()
    }

    /// Returns `[user@]host[:port]` of the URL, otherwise the header `Host`. `None` inside a gRPC
    /// client, where a request has no host yet.
    #[inline]
    pub(crate) fn authority(&self) -> Option<&'a str> {
        self.authority.or_else(|| header_text(self.headers?, &HOST))
    }

    /// Returns `host[:port]` of the URL, otherwise of the header `Host`, without the user.
    ///
    /// ```
    /// # use gcp_scopes_catalog::call::Call;
    /// let uri = http::Uri::from_static("http://me:PASSWORD@127.0.0.1:4443/storage/v1/b");
    /// assert_eq!(Call::new(&http::Method::GET, &uri).server(), Some("127.0.0.1:4443"));
    /// ```
    #[inline]
    #[must_use]
    pub fn server(&self) -> Option<&'a str> {
        self.authority().map(host::without_user)
    }

    /// Returns the default port of the URL's scheme; `None` for a URL without a scheme.
    #[inline]
    pub(crate) fn default_port(&self) -> Option<u16> {
        match self.scheme? {
            "https" => Some(443),
            "http" => Some(80),
            _ => None,
        }
    }

    /// Checks whether the scheme of the URL is `https`.
    ///
    /// ```
    /// use gcp_scopes_catalog::call::Call;
    ///
    /// let uri = http::Uri::from_static("http://127.0.0.1:4443/");
    /// assert!(!Call::new(&http::Method::GET, &uri).is_over_tls());
    /// ```
    #[must_use]
    pub fn is_over_tls(&self) -> bool {
        self.scheme == Some("https")
    }

    /// Checks whether the scheme is `http` or `https`, or missing.
    #[inline]
    pub(crate) fn is_http(&self) -> bool {
        self.scheme.is_none() || self.default_port().is_some()
    }

    /// Checks whether this is a gRPC call: the content type is `application/grpc`. For a call
    /// without headers the path decides, which must have the form `/package.Service/Method`.
    ///
    /// ```
    /// use gcp_scopes_catalog::call::Call;
    ///
    /// let uri = http::Uri::from_static(
    ///     "https://pubsub.googleapis.com/google.pubsub.v1.Publisher/Publish",
    /// );
    /// assert!(Call::new(&http::Method::POST, &uri).is_grpc());
    /// ```
    #[inline]
    #[must_use]
    pub fn is_grpc(&self) -> bool {
        // Every gRPC call is a POST:
        // <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>.
        self.verb == "POST" && self.has_grpc_form()
    }

    /// Checks whether the content type, or the path of a call without headers, is that of gRPC.
    #[inline(never)]
    fn has_grpc_form(self) -> bool {
        match self.headers {
            Some(_) => self.has_content_type(GRPC),
            None => is_grpc_path(self.path()),
        }
    }

    /// Checks whether the body contains several calls
    /// (<https://cloud.google.com/storage/docs/batch>).
    #[inline]
    pub(crate) fn is_batch(&self) -> bool {
        self.verb == "POST" && (is_batch_path(self.path) || self.has_content_type(MIXED))
    }

    /// Checks whether the request is authenticated by other means than a bearer token: by a signed
    /// URL, or by an `Authorization` header of another type
    /// (<https://cloud.google.com/storage/docs/authentication/signatures>).
    #[inline]
    pub(crate) fn is_signed(&self) -> bool {
        let is_not_bearer = |value: &HeaderValue| match value.as_bytes().first_chunk::<7>() {
            Some(start) => start != b"Bearer " && !start.eq_ignore_ascii_case(b"bearer "),
            None => true,
        };
        query::is_signed(self.query())
            || self
                .headers
                .and_then(|headers| headers.get(AUTHORIZATION))
                .is_some_and(is_not_bearer)
    }

    /// Checks whether the request asks the server to copy an existing object: a header contains the
    /// source (<https://cloud.google.com/storage/docs/xml-api/put-object-copy>).
    #[inline]
    pub(crate) fn is_copy(&self) -> bool {
        let is_set = |name| self.headers.is_some_and(|headers| headers.contains_key(name));
        self.verb == "PUT" && COPY_SOURCES.iter().any(is_set)
    }

    /// Checks whether `Content-Type` begins with this text.
    fn has_content_type(&self, start: &str) -> bool {
        let value = self.headers.and_then(|headers| headers.get(CONTENT_TYPE));
        value.is_some_and(|value| begins_with(value, start))
    }
}

/// Prints the verb and the host only: a path may contain the name of an object, a query may contain
/// a credential.
impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.authority().map(|authority| host::split_authority(authority).0);
        f.debug_struct("Call")
            .field("verb", &self.verb)
            .field("host", &host)
            .finish_non_exhaustive()
    }
}

/// Checks whether a path has the form `/package.Service/Method`.
fn is_grpc_path(path: &str) -> bool {
    let is_name =
        |text: &str| text.starts_with(|c: char| c.is_ascii_uppercase()) && !text.contains('/');
    let names = path.strip_prefix('/').and_then(|path| path.split_once('/'));
    names.is_some_and(|(service, method)| {
        is_name(method) && service.rsplit_once('.').is_some_and(|(_, last)| is_name(last))
    })
}

fn is_batch_path(path: &str) -> bool {
    path.strip_prefix("/batch").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Checks whether a value of `Content-Type` is that of gRPC or of several calls in one body.
fn is_content_of_calls(value: &HeaderValue) -> bool {
    begins_with(value, GRPC) || begins_with(value, MIXED)
}

/// Checks whether a value of `Content-Type` begins with this text. A suffix such as `+proto` or a
/// parameter such as `boundary` may follow.
fn begins_with(value: &HeaderValue, start: &str) -> bool {
    let begin = value.as_bytes().get(..start.len());
    begin.is_some_and(|begin| begin.eq_ignore_ascii_case(start.as_bytes()))
}

/// Returns the first value of a header; `None` if the header is missing or the value is not ASCII
/// text.
fn header_text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The header that contains an API key (<https://cloud.google.com/apis/docs/system-parameters>).
const API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");
/// The beginnings of the content types of gRPC and of a batch.
const GRPC: &str = "application/grpc";
const MIXED: &str = "multipart/mixed";
const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");
const COPY_SOURCES: [HeaderName; 2] =
    [HeaderName::from_static("x-goog-copy-source"), HeaderName::from_static("x-amz-copy-source")];

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks a property of the call with this verb, URL and headers.
    fn call_is(
        verb: &Method,
        url: &str,
        headers: &[(&str, &str)],
        check: impl Fn(&Call<'_>) -> bool,
    ) -> bool {
        let uri = url.parse().unwrap();
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
            .collect();
        check(&Call::new(verb, &uri).with_headers(&headers))
    }

    #[test]
    fn authorization_of_another_type_counts_as_a_signature() {
        // Every value except `Bearer TOKEN` counts, because only that form contains a bearer token.
        for (value, expected) in [
            ("Bearer ya29.x", false),
            ("bearer ya29.x", false),
            ("BEARER ya29.x", false),
            ("GOOG4-RSA-SHA256 Credential=x", true),
            ("GOOG4-HMAC-SHA256 Credential=x", true),
            ("GOOG1 GOOGTS7:abc", true),
            ("AWS GOOGTS7:abc", true),
            ("AWS4-HMAC-SHA256 Credential=x", true),
            ("Basic dXNlcjpwYXNz", true),
            ("Bearer", true),
            ("", true),
        ] {
            let headers = [("authorization", value)];
            let is_signed =
                call_is(&Method::GET, "https://x.example/", &headers, |call| call.is_signed());
            assert_eq!(is_signed, expected, "{value}");
        }
        assert!(!call_is(&Method::GET, "https://x.example/", &[], |call| call.is_signed()));
    }

    #[test]
    fn headers_show_grpc_batch_copy_host_and_verb() {
        let url = "https://x.example/a";
        let batch = "https://x.example/batch/storage/v1";
        let (get, post) = (Method::GET, Method::POST);
        assert!(call_is(&post, url, &[("content-type", "application/grpc+proto")], |call| call
            .is_grpc()));
        assert!(
            !call_is(&post, url, &[("content-type", "application/json")], |call| call.is_grpc())
        );
        assert!(call_is(&post, url, &[("content-type", "Multipart/Mixed; boundary=x")], |call| {
            call.is_batch()
        }));
        assert!(call_is(&post, batch, &[], |call| call.is_batch()));
        assert!(!call_is(&get, batch, &[], |call| call.is_batch()));
        assert!(
            !call_is(&post, url, &[("content-type", "multipart/related")], |call| call.is_batch())
        );
        let headers = [("x-goog-copy-source", "b/o")];
        assert!(call_is(&Method::PUT, url, &headers, |call| call.is_copy()));
        assert!(call_is(&get, "/a", &[("host", "h:1")], |call| call.authority() == Some("h:1")));
        assert!(
            call_is(&get, url, &[("host", "other")], |call| call.authority() == Some("x.example"))
        );
        let verb = [("x-http-method-override", "GET")];
        assert!(call_is(&post, url, &verb, |call| call.verb() == "GET"));
        assert!(call_is(&Method::PUT, url, &verb, |call| call.verb() == "PUT"));
    }

    #[test]
    fn a_grpc_path_names_a_service_with_its_package_and_a_method() {
        // The service has a package, and the names of service and method begin with capitals.
        for (path, expected) in [
            ("/google.pubsub.v1.Publisher/Publish", true),
            ("/google.longrunning.Operations/GetOperation", true),
            ("/Publisher/Publish", false),
            ("/google.pubsub.v1.Publisher/", false),
            ("/google.pubsub.v1.Publisher/publish", false),
            ("/google.pubsub.v1.Publisher/Publish/x", false),
            ("/my.bucket/Object", false),
            ("/", false),
            ("", false),
        ] {
            assert_eq!(is_grpc_path(path), expected, "{path}");
        }
    }

    #[test]
    fn debug_hides_object_query_and_user() {
        let uri = "https://user:pw@storage.googleapis.com/b/secret-object?token=x".parse().unwrap();
        let text = format!("{:?}", Call::new(&Method::GET, &uri));
        assert!(text.contains("storage.googleapis.com"), "{text}");
        for secret in ["secret", "token", "user", "pw"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
