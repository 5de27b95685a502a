//! Data: what a program can run on.

/// What a program runs on.
///
/// The profiles follow Google's own detector,
/// <https://github.com/GoogleCloudPlatform/opentelemetry-operations-go/tree/main/detectors/gcp>,
/// and <https://cloud.google.com/run/docs/container-contract>.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use gcp_scopes_testing::{FakeGoogle, Platform, Vm};
///
/// let shop = Vm::new("shop").platform(Platform::CloudRunService);
/// let google = FakeGoogle::builder().vm(shop).start().await?;
/// assert!(google.env().contains(&("K_SERVICE".to_owned(), "shop".to_owned())));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Platform {
    /// A VM of its own.
    ComputeEngine,
    /// A VM that a managed instance group made.
    ManagedInstanceGroup,
    /// A pod that sees the node's metadata server.
    GkeNode,
    /// A pod behind the metadata server of GKE Workload Identity.
    GkeWorkloadIdentity,
    /// A Cloud Run service.
    CloudRunService,
    /// A Cloud Run job.
    CloudRunJob,
    /// A function of Cloud Run functions.
    CloudFunctions,
    /// App Engine standard environment.
    AppEngineStandard,
    /// A worker pool of Cloud Run.
    CloudRunWorkerPool,
    /// A node of a Dataproc cluster.
    Dataproc,
    /// A worker VM of Dataflow.
    Dataflow,
    /// A Vertex AI Workbench instance.
    Workbench,
}

impl Platform {
    /// Whether access scopes are a setting of the machine.
    pub(crate) fn is_vm(self) -> bool {
        match self {
            Self::ComputeEngine | Self::ManagedInstanceGroup | Self::GkeNode => true,
            Self::Dataproc | Self::Dataflow | Self::Workbench => true,
            Self::GkeWorkloadIdentity | Self::AppEngineStandard | Self::CloudFunctions => false,
            Self::CloudRunService | Self::CloudRunJob | Self::CloudRunWorkerPool => false,
        }
    }
}
