//! The API that a client under test calls.

use crate::service::Service;

/// Where a client's calls go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestedApi {
    /// The service of the fake that stands for it.
    pub service: Service,
    /// The host that it has at Google.
    pub host: &'static str,
    /// The form of its refusals.
    pub format: ApiFormat,
    /// A scope that every operation accepts: its URI, or what follows
    /// `https://www.googleapis.com/auth/`.
    pub scope: &'static str,
}

impl TestedApi {
    /// Cloud Storage's JSON API.
    pub const STORAGE: Self =
        Self::new(Service::Storage, "storage.googleapis.com", ApiFormat::Json, "cloud-platform");

    /// An API, by the service of the fake that stands for it, its host, the form of its refusals, and
    /// a scope that every operation accepts.
    ///
    /// ```
    /// use gcp_scopes_testing::Service;
    /// use gcp_scopes_testing::scenarios::{ApiFormat, TestedApi};
    ///
    /// let api = TestedApi::new(Service::Front, "pubsub.googleapis.com", ApiFormat::Grpc, "pubsub");
    /// assert_eq!(api.host, "pubsub.googleapis.com");
    /// ```
    #[must_use]
    pub const fn new(service: Service, host: &'static str, format: ApiFormat, scope: &'static str) -> Self {
        Self { service, host, format, scope }
    }
}

/// The form of an API's refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApiFormat {
    /// JSON, as most APIs.
    Json,
    /// XML, as Cloud Storage's XML API.
    Xml,
    /// gRPC, which takes HTTP/2.
    Grpc,
}
