//! The servers that a fake Google consists of.

/// One of the servers of a [`FakeGoogle`](crate::FakeGoogle). Each has a port of its own.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use gcp_scopes_testing::{FakeGoogle, Service};
///
/// let google = FakeGoogle::builder().start().await?;
/// use Service::{Compute, Front, Metadata, OAuth, Storage};
/// for service in [Metadata, Storage, OAuth, Compute, Front] {
///     assert!(google.url_of(service).starts_with("http://127.0.0.1:"));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Service {
    /// The metadata servers of all VMs.
    Metadata,
    /// Cloud Storage: JSON API, and objects over the XML API.
    Storage,
    /// `/token` and `/tokeninfo`.
    OAuth,
    /// The part of Compute Engine that changes a VM's scopes.
    Compute,
    /// Any other API: answers what the test scripted with
    /// [`FakeGoogle::front`](crate::FakeGoogle::front), and `testIamPermissions` by itself.
    Front,
}
