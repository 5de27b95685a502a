//! What the fake Google was asked, for tests to look at.

use std::fmt;

use http::{HeaderMap, Method, StatusCode, Version};

use super::Service;

/// A request that came, and how it was answered.
///
/// `Debug` shows the service, the verb, the path and the status. It never shows a header's value,
/// a query or a body, because those may hold a token.
///
/// ```
#[doc = a_fake!()]
/// get(&format!("{}/storage/v1/b/photos?fields=name", google.storage_url()), &google.token()).await?;
/// let requests = google.requests();
/// let last = requests.last().ok_or("a request")?;
/// assert_eq!((last.service(), last.path(), last.query()), (Service::Storage, "/storage/v1/b/photos", "fields=name"));
/// assert!(last.has_authorization() && last.status().is_some());
#[doc = done!()]
/// ```
#[derive(Clone)]
pub struct RecordedRequest {
    pub(super) service: Service,
    pub(super) verb: Method,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) version: Version,
    pub(super) headers: HeaderMap,
    pub(super) status: Option<StatusCode>,
}

impl RecordedRequest {
    /// The service that was asked.
    ///
    /// ```
    #[doc = a_fake!()]
    #[doc = a_request!()]
    /// assert_eq!(request.service(), Service::Storage);
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn service(&self) -> Service {
        self.service
    }

    /// The HTTP method.
    ///
    /// ```
    #[doc = a_fake!()]
    #[doc = a_request!()]
    /// assert_eq!(request.verb(), http::Method::GET);
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn verb(&self) -> &Method {
        &self.verb
    }

    /// The path as it was sent, without the query.
    ///
    /// ```
    #[doc = a_fake!()]
    #[doc = a_request!()]
    /// assert_eq!(request.path(), "/storage/v1/b/photos");
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query as it was sent, without the question mark; empty if there was none.
    ///
    /// ```
    #[doc = a_fake!()]
    #[doc = a_request!()]
    /// assert_eq!(request.query(), "fields=name");
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The version of HTTP that was spoken.
    ///
    /// ```
    #[doc = a_fake!()]
    #[doc = a_request!()]
    /// assert_eq!(request.version(), http::Version::HTTP_11);
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// All headers of the request. They may hold a token.
    ///
    /// ```
    #[doc = a_fake!()]
    #[doc = a_request!()]
    /// assert!(request.headers()["authorization"].as_bytes().starts_with(b"Bearer "));
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// A header of the request, if it came and is text.
    ///
    /// ```
    #[doc = a_fake!()]
    #[doc = a_request!()]
    /// assert!(request.header("host").is_some_and(|host| host.starts_with("127.0.0.1:")));
    /// assert_eq!(request.header("x-goog-user-project"), None);
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether an `Authorization` header came.
    ///
    /// ```
    #[doc = a_fake!()]
    #[doc = a_request!()]
    /// assert!(request.has_authorization());
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn has_authorization(&self) -> bool {
        self.headers.contains_key(http::header::AUTHORIZATION)
    }

    /// The status that was sent; none while the answer is being made, or if none was sent at all.
    ///
    /// ```
    #[doc = a_fake!()]
    #[doc = a_request!()]
    /// assert_eq!(request.status().map(|status| status.as_u16()), Some(403)); // the account has no role
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.status
    }
}

impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedRequest")
            .field("service", &self.service)
            .field("verb", &self.verb)
            .field("path", &self.path)
            .field("has_authorization", &self.has_authorization())
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// Requests in the order they came, and how many still have their answer under way.
#[derive(Default)]
pub(super) struct Log {
    pub(super) requests: Vec<RecordedRequest>,
    pub(super) in_flight: usize,
}

impl Log {
    /// Notes a request and gives its number.
    pub(super) fn arrived(&mut self, request: RecordedRequest) -> usize {
        self.requests.push(request);
        self.in_flight += 1;
        self.requests.len() - 1
    }

    pub(super) fn answered(&mut self, number: usize, status: StatusCode) {
        if let Some(request) = self.requests.get_mut(number) {
            request.status = Some(status);
        }
    }
}
