//! Recognizes the product on which a program runs.

use gcp_scopes_catalog::scope::ScopeSet;

use super::metadata::{self, scope_list};
use super::names;
use super::platform::Platform;
use super::signals::{BY_ATTRIBUTE, BY_VARIABLE};
use super::snapshot::Snapshot;

/// The scopes of a pod's token with Workload Identity. Those of the node do not matter.
/// Source: <https://github.com/googleapis/google-auth-library-java/issues/458>.
const WORKLOAD_IDENTITY_SCOPES: &str =
    "https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/userinfo.email";

impl Platform {
    pub(super) fn from_snapshot(snapshot: &Snapshot) -> Self {
        if snapshot.env("KUBERNETES_SERVICE_HOST").is_some() {
            return in_a_pod(snapshot);
        }
        Self::by_variable(snapshot).unwrap_or_else(|| on_a_vm(snapshot))
    }

    /// The platform, if environment variables alone prove it.
    pub(super) fn by_variable(snapshot: &Snapshot) -> Option<Self> {
        let is_set = |(name, platform): &&(&str, Self)| match (*name, *platform) {
            ("GAE_ENV", _) => snapshot.env("GAE_ENV") == Some("standard"),
            ("DEVSHELL_CLIENT_PORT", _) => {
                snapshot.env("DEVSHELL_CLIENT_PORT").is_some_and(|port| port != "0")
            }
            (name, _) => snapshot.env(name).is_some(),
        };
        BY_VARIABLE.iter().find(is_set).map(|(_, platform)| *platform)
    }

    /// The name of the group, cluster, service, job or function. Its syntax is not checked.
    pub(super) fn resource(self, snapshot: &Snapshot) -> Option<&str> {
        match self {
            Self::ManagedInstanceGroup => group(snapshot).map(|(_, name)| name),
            Self::GkeNode | Self::GkeWorkloadIdentity => {
                snapshot.metadata("instance/attributes/cluster-name")
            }
            Self::Dataproc => snapshot.metadata("instance/attributes/dataproc-cluster-name"),
            Self::CloudRunService => snapshot.env("K_SERVICE"),
            Self::CloudRunJob => snapshot.env("CLOUD_RUN_JOB"),
            Self::CloudRunWorkerPool => snapshot.env("CLOUD_RUN_WORKER_POOL"),
            Self::CloudFunctions => snapshot.env("K_SERVICE").or_else(|| snapshot.env("FUNCTION_NAME")),
            Self::AppEngineStandard | Self::AppEngineFlexible => snapshot.env("GAE_SERVICE"),
            Self::Composer => snapshot.env("COMPOSER_ENVIRONMENT"),
            _ => None,
        }
    }

    /// The node pool among the labels of a GKE node. Its syntax is not checked. The attribute is
    /// not documented; scripts on nodes read it.
    pub(super) fn node_pool(self, snapshot: &Snapshot) -> Option<&str> {
        let labels =
            snapshot.metadata("instance/attributes/kube-labels").filter(|_| self == Self::GkeNode)?;
        labels.split(',').find_map(|label| label.strip_prefix("cloud.google.com/gke-nodepool="))
    }

    /// Where the resource is, if it is not where the VM is. Its syntax is not checked.
    pub(super) fn location(self, snapshot: &Snapshot) -> Option<&str> {
        match self {
            Self::ManagedInstanceGroup => group(snapshot).map(|(location, _)| location),
            Self::GkeNode | Self::GkeWorkloadIdentity => {
                snapshot.metadata("instance/attributes/cluster-location")
            }
            Self::Dataproc => snapshot.metadata("instance/attributes/dataproc-region"),
            Self::Composer => snapshot.env("COMPOSER_LOCATION"),
            _ => None,
        }
    }
}

/// In a pod of any cluster; only GKE's metadata server has the name of the cluster. Composer's
/// variable is unverified.
fn in_a_pod(snapshot: &Snapshot) -> Platform {
    match snapshot.metadata("instance/attributes/cluster-name") {
        Some(_) if snapshot.env("COMPOSER_ENVIRONMENT").is_some() => Platform::Composer,
        Some(_) if uses_node_account(snapshot) => Platform::GkeNode,
        Some(_) => Platform::GkeWorkloadIdentity,
        None => Platform::Unknown,
    }
}

/// Whether a pod's tokens are those of its node. In doubt they are not: then the metadata server's
/// list of scopes is not used. That only a node has `kube-env` is unverified.
fn uses_node_account(snapshot: &Snapshot) -> bool {
    let account = snapshot.metadata(metadata::EMAIL).unwrap_or_default();
    let scopes = snapshot.metadata(metadata::SCOPES).and_then(scope_list);
    let usual = ScopeSet::from_scope_text(WORKLOAD_IDENTITY_SCOPES);
    let names = snapshot.metadata("instance/attributes/").unwrap_or_default();
    !account.ends_with(".svc.id.goog")
        && (scopes.is_some_and(|scopes| scopes != usual) || names.lines().any(|name| name == "kube-env"))
}

/// A VM has a name and is in a zone that exists; the zone of Cloud Run's metadata server does not.
fn on_a_vm(snapshot: &Snapshot) -> Platform {
    let zone = snapshot.metadata("instance/zone").and_then(|path| path.rsplit('/').next());
    if zone.and_then(names::zone).is_none() || snapshot.metadata("instance/name").is_none() {
        return Platform::Unknown;
    }
    // An attribute that was not read may be the one that tells another platform from a plain VM.
    if snapshot.metadata_problem().is_some() {
        return Platform::Unknown;
    }
    let proves = |(path, platform): &&(&str, Platform)| match platform {
        Platform::ManagedInstanceGroup => group(snapshot).is_some(),
        _ => snapshot.metadata(path).is_some(),
    };
    BY_ATTRIBUTE.iter().find(proves).map_or(Platform::ComputeEngine, |(_, platform)| *platform)
}

/// Location and name in `projects/P/(zones|regions)/LOCATION/instanceGroupManagers/NAME`.
fn group(snapshot: &Snapshot) -> Option<(&str, &str)> {
    let path = snapshot.metadata("instance/attributes/created-by")?;
    let parts: Vec<&str> = path.split('/').collect();
    match parts[..] {
        ["projects", _, "zones" | "regions", location, "instanceGroupManagers", name] => {
            Some((location, name))
        }
        _ => None,
    }
}
