//! Data: the Google Cloud platforms that a program can run on, as the variants of [`FakePlatform`].

/// A Google Cloud platform that a program runs on.
///
/// The metadata and the environment variables of each platform follow Google's own detector,
/// <https://github.com/GoogleCloudPlatform/opentelemetry-operations-go/tree/main/detectors/gcp>,
/// and <https://cloud.google.com/run/docs/container-contract>.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use gcp_scopes_testing::{FakeGoogle, FakePlatform, Vm};
///
/// let shop = Vm::new("shop").platform(FakePlatform::CloudRunService);
/// let google = FakeGoogle::builder().vm(shop).start().await?;
/// assert!(google.env().contains(&("K_SERVICE".to_owned(), "shop".to_owned())));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FakePlatform {
    /// A single VM, which no other product manages.
    ComputeEngine,
    /// A VM that a managed instance group created.
    ManagedInstanceGroup,
    /// A GKE pod that uses its node's metadata server.
    GkeNode,
    /// A GKE pod that uses the metadata server of Workload Identity Federation for GKE.
    GkeWorkloadIdentity,
    /// A Cloud Run service.
    CloudRunService,
    /// A Cloud Run job.
    CloudRunJob,
    /// A function of Cloud Run functions, formerly Cloud Functions.
    CloudFunctions,
    /// A service in the App Engine standard environment.
    AppEngineStandard,
    /// A Cloud Run worker pool.
    CloudRunWorkerPool,
    /// A node of a Dataproc cluster.
    Dataproc,
    /// A worker VM of Dataflow.
    Dataflow,
    /// A Vertex AI Workbench instance.
    Workbench,
    /// A service in the App Engine flexible environment.
    AppEngineFlexible,
    /// A VM of a Cloud Batch job.
    CloudBatch,
    /// A build of Cloud Build.
    CloudBuild,
    /// Cloud Shell.
    CloudShell,
    /// A runtime of Colab Enterprise.
    ColabEnterprise,
    /// A worker of Cloud Composer.
    Composer,
    /// Serverless for Apache Spark, formerly Dataproc Serverless. A program cannot recognize it.
    DataprocServerless,
    /// A node of a Slurm cluster that Cluster Toolkit created.
    SlurmNode,
    /// A Cloud TPU VM.
    TpuVm,
    /// A custom job of Vertex AI.
    VertexCustomJob,
    /// A workstation of Cloud Workstations.
    Workstations,
}

impl FakePlatform {
    /// Checks whether the platform's machines are VMs, which have access scopes as a setting.
    pub(crate) fn is_vm(self) -> bool {
        matches!(
            self,
            Self::ComputeEngine
                | Self::ManagedInstanceGroup
                | Self::GkeNode
                | Self::Dataproc
                | Self::Dataflow
                | Self::Workbench
                | Self::CloudBatch
                | Self::SlurmNode
                | Self::TpuVm
                | Self::Workstations
        )
    }
}
