//! The products of Google Cloud on which a program may run.

use std::fmt;

/// The product of Google Cloud on which a program runs.
///
/// ```
/// use gcp_scopes_explain::environment::{Environment, Platform, Snapshot};
///
/// let here = Environment::from_snapshot(&Snapshot::new().with_env("K_SERVICE", "shop"));
/// assert_eq!(here.platform(), Platform::CloudRunService);
/// assert_eq!(here.platform().to_string(), "a Cloud Run service");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Platform {
    /// A VM that does not belong to one of the other products.
    ComputeEngine,
    /// A VM of a managed instance group.
    ManagedInstanceGroup,
    /// A node of a GKE cluster, or a pod that uses the node's service account.
    GkeNode,
    /// A pod with Workload Identity Federation for GKE. Such a pod does not use the service account
    /// of its node.
    GkeWorkloadIdentity,
    /// A Cloud Run service.
    CloudRunService,
    /// A Cloud Run job.
    CloudRunJob,
    /// A Cloud Run worker pool.
    CloudRunWorkerPool,
    /// A function of Cloud Run functions, formerly Cloud Functions.
    CloudFunctions,
    /// App Engine's standard environment.
    AppEngineStandard,
    /// App Engine's flexible environment.
    AppEngineFlexible,
    /// A VM of a Dataproc cluster.
    Dataproc,
    /// A Dataflow worker.
    Dataflow,
    /// Cloud Composer.
    Composer,
    /// A Vertex AI Workbench instance.
    Workbench,
    /// Cloud Shell.
    CloudShell,
    /// Cloud Build.
    CloudBuild,
    /// A VM of a Cloud Batch job.
    CloudBatch,
    /// A Cloud TPU VM.
    TpuVm,
    /// A workstation of Cloud Workstations.
    Workstations,
    /// A custom job of Vertex AI.
    VertexCustomJob,
    /// A runtime of Colab Enterprise.
    ColabEnterprise,
    /// A VM of a Slurm cluster that Cluster Toolkit manages.
    SlurmNode,
    /// Serverless for Apache Spark, formerly Dataproc Serverless. It is never recognized, because
    /// no documented signal distinguishes it.
    DataprocServerless,
    /// Outside Google Cloud, or not recognized.
    Unknown,
}

impl Platform {
    /// Returns the name for JSON. `Display` writes the name for reports.
    ///
    /// ```
    /// assert_eq!(
    ///     gcp_scopes_explain::environment::Platform::CloudRunJob.as_str(),
    ///     "cloud_run_job"
    /// );
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.names().0
    }

    /// Returns the name for JSON and the name for reports.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::ComputeEngine => ("compute_engine", "Compute Engine"),
            Self::ManagedInstanceGroup => ("managed_instance_group", "a managed instance group"),
            Self::GkeNode => ("gke_node", "a GKE node"),
            Self::GkeWorkloadIdentity => ("gke_workload_identity", "GKE with Workload Identity"),
            Self::CloudRunService => ("cloud_run_service", "a Cloud Run service"),
            Self::CloudRunJob => ("cloud_run_job", "a Cloud Run job"),
            Self::CloudRunWorkerPool => ("cloud_run_worker_pool", "a Cloud Run worker pool"),
            Self::CloudFunctions => ("cloud_functions", "Cloud Run functions"),
            Self::AppEngineStandard => ("app_engine_standard", "App Engine standard"),
            Self::AppEngineFlexible => ("app_engine_flexible", "App Engine flexible"),
            Self::Dataproc => ("dataproc", "a Dataproc cluster"),
            Self::Dataflow => ("dataflow", "a Dataflow worker"),
            Self::Composer => ("composer", "Cloud Composer"),
            Self::Workbench => ("workbench", "Vertex AI Workbench"),
            Self::CloudShell => ("cloud_shell", "Cloud Shell"),
            Self::CloudBuild => ("cloud_build", "Cloud Build"),
            Self::CloudBatch => ("cloud_batch", "a Cloud Batch job"),
            Self::TpuVm => ("tpu_vm", "a Cloud TPU VM"),
            Self::Workstations => ("workstations", "Cloud Workstations"),
            Self::VertexCustomJob => ("vertex_custom_job", "a Vertex AI custom job"),
            Self::ColabEnterprise => ("colab_enterprise", "Colab Enterprise"),
            Self::SlurmNode => ("slurm_node", "a Slurm cluster of Cluster Toolkit"),
            Self::DataprocServerless => ("dataproc_serverless", "Dataproc Serverless"),
            Self::Unknown => ("unknown", "an unknown platform"),
        }
    }

    /// Returns the value of OpenTelemetry's attribute `cloud.platform`
    /// (<https://opentelemetry.io/docs/specs/semconv/registry/attributes/cloud/>). For products
    /// that OpenTelemetry does not list, returns a value that begins with `gcp_`, too.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::Platform;
    ///
    /// assert_eq!(Platform::CloudRunJob.otel_name(), "gcp_cloud_run");
    /// ```
    #[must_use]
    pub fn otel_name(self) -> &'static str {
        match self {
            Self::ComputeEngine | Self::ManagedInstanceGroup | Self::SlurmNode => {
                "gcp_compute_engine"
            }
            Self::GkeNode | Self::GkeWorkloadIdentity => "gcp_kubernetes_engine",
            Self::CloudRunService | Self::CloudRunJob | Self::CloudRunWorkerPool => "gcp_cloud_run",
            Self::CloudFunctions => "gcp_cloud_functions",
            Self::AppEngineStandard | Self::AppEngineFlexible => "gcp_app_engine",
            Self::Dataproc | Self::DataprocServerless => "gcp_dataproc",
            Self::Dataflow => "gcp_dataflow",
            Self::Composer => "gcp_composer",
            Self::Workbench => "gcp_workbench",
            Self::CloudShell => "gcp_cloud_shell",
            Self::CloudBuild => "gcp_cloud_build",
            Self::CloudBatch => "gcp_batch",
            Self::TpuVm => "gcp_tpu_vm",
            Self::Workstations => "gcp_workstations",
            Self::VertexCustomJob => "gcp_vertex_custom_job",
            Self::ColabEnterprise => "gcp_colab_enterprise",
            Self::Unknown => "unknown",
        }
    }

    /// Returns whether each token from the metadata server holds exactly the scopes that are set on
    /// the machine.
    ///
    /// Returns true for VMs. On most other products, a program can request scopes from the metadata
    /// server. Composer, Cloud Shell, Cloud Build, custom jobs of Vertex AI, Colab Enterprise,
    /// Dataproc Serverless and App Engine's flexible environment were not verified; for them the
    /// function returns false.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::Platform;
    ///
    /// assert!(Platform::ComputeEngine.has_fixed_scopes());
    /// assert!(!Platform::CloudRunService.has_fixed_scopes());
    /// ```
    #[must_use]
    pub fn has_fixed_scopes(self) -> bool {
        use Platform::{
            CloudBatch, ComputeEngine, Dataflow, Dataproc, GkeNode, ManagedInstanceGroup,
            SlurmNode, TpuVm, Workbench, Workstations,
        };
        let products = matches!(self, Dataproc | Dataflow | Workbench | Workstations | CloudBatch);
        products
            || matches!(self, ComputeEngine | ManagedInstanceGroup | GkeNode | SlurmNode | TpuVm)
    }

    /// Returns whether a token from the metadata server holds `cloud-platform` if the program asks
    /// for no scopes. Sources:
    /// <https://docs.cloud.google.com/run/docs/securing/service-identity#access_tokens>, and
    /// <https://github.com/googleapis/google-auth-library-java/issues/458> for pods. App Engine's
    /// flexible environment was not verified.
    pub(crate) fn has_cloud_platform_by_default(self) -> bool {
        use Platform::{
            AppEngineFlexible, AppEngineStandard, CloudFunctions, CloudRunJob, CloudRunService,
            CloudRunWorkerPool, GkeWorkloadIdentity,
        };
        let apps = matches!(self, AppEngineStandard | AppEngineFlexible | CloudFunctions);
        let runs = matches!(self, CloudRunService | CloudRunJob | CloudRunWorkerPool);
        apps || runs || self == GkeWorkloadIdentity
    }

    /// Returns whether the program runs on a machine that users cannot change. The name and the
    /// zone from the metadata server are then not those of a user's VM.
    pub(crate) fn is_serverless(self) -> bool {
        use Platform::{
            AppEngineFlexible, AppEngineStandard, CloudBuild, CloudFunctions, CloudRunJob,
            CloudRunService, CloudRunWorkerPool, CloudShell, DataprocServerless,
        };
        let apps = matches!(self, AppEngineStandard | AppEngineFlexible | CloudFunctions);
        let runs = matches!(self, CloudRunService | CloudRunJob | CloudRunWorkerPool);
        apps || runs
            || matches!(self, CloudShell | CloudBuild | DataprocServerless)
            || self.is_in_project_of_google()
    }

    /// Returns whether the machine may belong to a project of Google, so that the project from the
    /// metadata server may not be the user's. Google does not document to which project it belongs.
    pub(super) fn is_in_project_of_google(self) -> bool {
        matches!(self, Self::VertexCustomJob | Self::ColabEnterprise)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.names().1)
    }
}
