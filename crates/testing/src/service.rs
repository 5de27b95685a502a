//! The servers of a fake Google Cloud.

/// One of the servers of a [`FakeGoogle`](crate::FakeGoogle). Each server has its own
/// port.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use gcp_scopes_testing::{FakeGoogle, Service};
///
/// let google = FakeGoogle::builder().start().await?;
/// use Service::{Compute, Metadata, OAuth, OtherApi, Storage};
/// for service in [Metadata, Storage, OAuth, Compute, OtherApi] {
///     assert!(google.url_of(service).starts_with("http://127.0.0.1:"));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Service {
    /// The metadata servers. Every VM has its own metadata server.
    Metadata,
    /// Cloud Storage: the JSON API, and objects over the XML API.
    Storage,
    /// The token endpoint `/token` and `/tokeninfo`.
    OAuth,
    /// The part of Compute Engine that changes a VM's scopes.
    Compute,
    /// Every other API. It sends the responses that a test scripts with
    /// [`FakeGoogle::other_api`](crate::FakeGoogle::other_api), and implements only
    /// `testIamPermissions`.
    OtherApi,
}
