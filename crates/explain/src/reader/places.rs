//! Data: the names of places and credentials.

use crate::environment::{Credential, Platform};

/// What a program may run on or whose credential it may use, by the name that a person writes.
pub const PLACES: [(&str, Platform, Credential); 24] = {
    use Credential::{
        DomainWideDelegation, ExternalAccount, ExternalUser, GcloudUser, Impersonated, MetadataServer,
        ServiceAccountKey, UserAdc,
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
        ("user-adc", Unknown, UserAdc),
        ("service-account-key", Unknown, ServiceAccountKey),
        ("impersonated", Unknown, Impersonated),
        ("external-account", Unknown, ExternalAccount),
        ("external-user", Unknown, ExternalUser),
        ("delegation", Unknown, DomainWideDelegation),
        ("gcloud-user", Unknown, GcloudUser),
        ("elsewhere", Unknown, Credential::Unknown),
    ]
};

/// Whose credential it may be, by the name that a person writes.
pub const CREDENTIALS: [(&str, Credential); 9] = [
    ("metadata-server", Credential::MetadataServer),
    ("user-adc", Credential::UserAdc),
    ("service-account-key", Credential::ServiceAccountKey),
    ("impersonated", Credential::Impersonated),
    ("external-account", Credential::ExternalAccount),
    ("external-user", Credential::ExternalUser),
    ("delegation", Credential::DomainWideDelegation),
    ("gcloud-user", Credential::GcloudUser),
    ("declared", Credential::Declared),
];
