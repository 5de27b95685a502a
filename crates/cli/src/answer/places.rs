//! Data: the names for environments and credentials that people use in the arguments of a command.

use gcp_scopes_explain::environment::{Credential, Platform};

/// The names for environments, each with its platform and its usual credential.
pub const PLACES: [(&str, Platform, Credential); 32] = {
    use Credential::{
        DomainWideDelegation, ExternalAccount, ExternalUser, GcloudUser, Impersonated,
        MetadataServer, OauthClient, ServiceAccountKey, UserAdc,
    };
    use Platform::Unknown;
    [
        ("gce", Platform::ComputeEngine, MetadataServer),
        ("mig", Platform::ManagedInstanceGroup, MetadataServer),
        ("gke-node", Platform::GkeNode, MetadataServer),
        ("gke-workload-identity", Platform::GkeWorkloadIdentity, MetadataServer),
        ("cloud-run", Platform::CloudRunService, MetadataServer),
        ("cloud-run-job", Platform::CloudRunJob, MetadataServer),
        ("cloud-run-worker-pool", Platform::CloudRunWorkerPool, MetadataServer),
        ("functions", Platform::CloudFunctions, MetadataServer),
        ("app-engine", Platform::AppEngineStandard, MetadataServer),
        ("app-engine-flex", Platform::AppEngineFlexible, MetadataServer),
        ("dataproc", Platform::Dataproc, MetadataServer),
        ("dataflow", Platform::Dataflow, MetadataServer),
        ("composer", Platform::Composer, MetadataServer),
        ("workbench", Platform::Workbench, MetadataServer),
        ("cloud-shell", Platform::CloudShell, GcloudUser),
        ("cloud-build", Platform::CloudBuild, MetadataServer),
        ("batch", Platform::CloudBatch, MetadataServer),
        ("tpu-vm", Platform::TpuVm, MetadataServer),
        ("workstations", Platform::Workstations, MetadataServer),
        ("vertex-job", Platform::VertexCustomJob, MetadataServer),
        ("colab-enterprise", Platform::ColabEnterprise, MetadataServer),
        ("slurm", Platform::SlurmNode, MetadataServer),
        ("dataproc-serverless", Platform::DataprocServerless, MetadataServer),
        ("user-adc", Unknown, UserAdc),
        ("service-account-key", Unknown, ServiceAccountKey),
        ("impersonated", Unknown, Impersonated),
        ("external-account", Unknown, ExternalAccount),
        ("external-user", Unknown, ExternalUser),
        ("delegation", Unknown, DomainWideDelegation),
        ("gcloud-user", Unknown, GcloudUser),
        ("oauth-client", Unknown, OauthClient),
        ("elsewhere", Unknown, Credential::Unknown),
    ]
};

/// The names for credentials.
pub const CREDENTIALS: [(&str, Credential); 10] = [
    ("metadata-server", Credential::MetadataServer),
    ("user-adc", Credential::UserAdc),
    ("service-account-key", Credential::ServiceAccountKey),
    ("impersonated", Credential::Impersonated),
    ("external-account", Credential::ExternalAccount),
    ("external-user", Credential::ExternalUser),
    ("delegation", Credential::DomainWideDelegation),
    ("gcloud-user", Credential::GcloudUser),
    ("oauth-client", Credential::OauthClient),
    ("declared", Credential::Declared),
];
