//! The API that a client under test calls.

use crate::service::Service;

/// The API that a client under test calls.
///
/// ```
/// use gcp_scopes_testing::scenarios::{ApiFormat, TestedApi};
///
/// assert_eq!(TestedApi::STORAGE.host, "storage.googleapis.com");
/// assert_eq!(TestedApi::STORAGE.format, ApiFormat::Json);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestedApi {
    /// The service of the fake that stands for the API.
    pub service: Service,
    /// The API's host at Google.
    pub host: &'static str,
    /// The format of the API's refusals.
    pub format: ApiFormat,
    /// A scope that every operation accepts: the full URI, or the part after
    /// `https://www.googleapis.com/auth/`.
    pub scope: &'static str,
}

impl TestedApi {
    /// Cloud Storage's JSON API.
    pub const STORAGE: Self =
        Self::new(Service::Storage, "storage.googleapis.com", ApiFormat::Json, "cloud-platform");

    /// Creates the description of an API from its fields.
    ///
    /// ```
    /// use gcp_scopes_testing::Service;
    /// use gcp_scopes_testing::scenarios::{ApiFormat, TestedApi};
    ///
    /// let api =
    ///     TestedApi::new(Service::OtherApi, "pubsub.googleapis.com", ApiFormat::Grpc, "pubsub");
    /// assert_eq!(api.host, "pubsub.googleapis.com");
    /// ```
    #[must_use]
    pub const fn new(
        service: Service,
        host: &'static str,
        format: ApiFormat,
        scope: &'static str,
    ) -> Self {
        Self { service, host, format, scope }
    }
}

/// The format of an API's refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApiFormat {
    /// JSON, as in most APIs.
    Json,
    /// XML, as in Cloud Storage's XML API.
    Xml,
    /// gRPC, which requires HTTP/2.
    Grpc,
}
