//! The record of received requests, which tests can inspect.

use std::fmt;

use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, Version};

use crate::service::Service;

/// A request that the fake received, with the status of the response.
///
/// The `Debug` output contains the service, the HTTP method, the path, the status, and whether the
/// request has an `Authorization` header. It never contains header values, the query or the body,
/// because they may contain a token.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use gcp_scopes_testing::{FakeGoogle, Service};
///
/// let google = FakeGoogle::builder().bucket("photos").start().await?;
/// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
/// # let agent = agent.build().new_agent();
/// let url = format!("{}/storage/v1/b/photos?fields=name", google.storage_url());
/// agent.get(&url).header("authorization", format!("Bearer {}", google.token())).call()?;
/// let requests = google.requests();
/// let last = requests.last().ok_or("a request")?;
/// assert_eq!(last.service(), Service::Storage);
/// assert_eq!((last.path(), last.query()), ("/storage/v1/b/photos", "fields=name"));
/// assert!(last.has_authorization() && last.status().is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RecordedRequest {
    pub(crate) service: Service,
    pub(crate) head: Parts,
    /// The status of the response; `None` until the response is sent.
    pub(crate) status: Option<StatusCode>,
}

impl RecordedRequest {
    /// Returns the service that received the request.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::{FakeGoogle, Service};
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let url = format!("{}/storage/v1/b/photos?fields=name", google.storage_url());
    /// let bearer = format!("Bearer {}", google.token());
    /// agent.get(&url).header("authorization", &bearer).call()?;
    /// let requests = google.requests();
    /// let request = requests.last().ok_or("a request")?;
    /// assert_eq!(request.service(), Service::Storage);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn service(&self) -> Service {
        self.service
    }

    /// Returns the HTTP method.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let url = format!("{}/storage/v1/b/photos?fields=name", google.storage_url());
    /// let bearer = format!("Bearer {}", google.token());
    /// agent.get(&url).header("authorization", &bearer).call()?;
    /// let requests = google.requests();
    /// let request = requests.last().ok_or("a request")?;
    /// assert_eq!(request.verb(), http::Method::GET);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn verb(&self) -> &Method {
        &self.head.method
    }

    /// Returns the path as it was sent, without the query.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let url = format!("{}/storage/v1/b/photos?fields=name", google.storage_url());
    /// let bearer = format!("Bearer {}", google.token());
    /// agent.get(&url).header("authorization", &bearer).call()?;
    /// let requests = google.requests();
    /// let request = requests.last().ok_or("a request")?;
    /// assert_eq!(request.path(), "/storage/v1/b/photos");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn path(&self) -> &str {
        self.head.uri.path()
    }

    /// Returns the query as it was sent, without the question mark. Empty if the request has no
    /// query.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let url = format!("{}/storage/v1/b/photos?fields=name", google.storage_url());
    /// let bearer = format!("Bearer {}", google.token());
    /// agent.get(&url).header("authorization", &bearer).call()?;
    /// let requests = google.requests();
    /// let request = requests.last().ok_or("a request")?;
    /// assert_eq!(request.query(), "fields=name");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn query(&self) -> &str {
        self.head.uri.query().unwrap_or_default()
    }

    /// Returns the HTTP version of the request.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let url = format!("{}/storage/v1/b/photos?fields=name", google.storage_url());
    /// let bearer = format!("Bearer {}", google.token());
    /// agent.get(&url).header("authorization", &bearer).call()?;
    /// let requests = google.requests();
    /// let request = requests.last().ok_or("a request")?;
    /// assert_eq!(request.version(), http::Version::HTTP_11);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn version(&self) -> Version {
        self.head.version
    }

    /// Returns all headers of the request. They may contain a token.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let url = format!("{}/storage/v1/b/photos?fields=name", google.storage_url());
    /// let bearer = format!("Bearer {}", google.token());
    /// agent.get(&url).header("authorization", &bearer).call()?;
    /// let requests = google.requests();
    /// let request = requests.last().ok_or("a request")?;
    /// assert!(request.headers()["authorization"].as_bytes().starts_with(b"Bearer "));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// Returns the value of a header, or `None` if the header is missing or is not visible ASCII.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let url = format!("{}/storage/v1/b/photos?fields=name", google.storage_url());
    /// let bearer = format!("Bearer {}", google.token());
    /// agent.get(&url).header("authorization", &bearer).call()?;
    /// let requests = google.requests();
    /// let request = requests.last().ok_or("a request")?;
    /// assert!(request.header("host").is_some_and(|host| host.starts_with("127.0.0.1:")));
    /// assert_eq!(request.header("x-goog-user-project"), None);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// Checks whether the request has an `Authorization` header.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let url = format!("{}/storage/v1/b/photos?fields=name", google.storage_url());
    /// let bearer = format!("Bearer {}", google.token());
    /// agent.get(&url).header("authorization", &bearer).call()?;
    /// let requests = google.requests();
    /// let request = requests.last().ok_or("a request")?;
    /// assert!(request.has_authorization());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn has_authorization(&self) -> bool {
        self.headers().contains_key(http::header::AUTHORIZATION)
    }

    /// Returns the status of the response. `None` if no response has been sent yet, or if the
    /// request never got a response.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_testing::FakeGoogle;
    ///
    /// let google = FakeGoogle::builder().bucket("photos").start().await?;
    /// # let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    /// # let agent = agent.build().new_agent();
    /// let url = format!("{}/storage/v1/b/photos?fields=name", google.storage_url());
    /// let bearer = format!("Bearer {}", google.token());
    /// agent.get(&url).header("authorization", &bearer).call()?;
    /// let requests = google.requests();
    /// let request = requests.last().ok_or("a request")?;
    /// // The account has no role on the bucket.
    /// assert_eq!(request.status().map(|status| status.as_u16()), Some(403));
    /// # Ok(())
    /// # }
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
            .field("verb", self.verb())
            .field("path", &self.path())
            .field("has_authorization", &self.has_authorization())
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// The received requests in order of arrival, and how many of them are still being served.
#[derive(Default)]
pub(crate) struct RequestLog {
    pub(crate) requests: Vec<RecordedRequest>,
    pub(crate) active_requests: usize,
}

impl RequestLog {
    /// Records a request and returns its index in `requests`.
    pub(crate) fn begin(&mut self, request: RecordedRequest) -> usize {
        self.requests.push(request);
        self.active_requests += 1;
        self.requests.len() - 1
    }

    /// Records the status of the response to the request with this index.
    pub(crate) fn record_status(&mut self, index: usize, status: StatusCode) {
        if let Some(request) = self.requests.get_mut(index) {
            request.status = Some(status);
        }
    }
}
