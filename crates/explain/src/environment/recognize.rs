//! Recognizes the product of Google Cloud on which a program runs.

use gcp_scopes_catalog::scope::ScopeSet;

use super::metadata::{self, scope_list};
use super::names;
use super::platform::Platform;
use super::signals::{VARIABLE_PLATFORMS, VM_PLATFORMS};
use super::snapshot::Snapshot;

/// The scopes of a pod's token with Workload Identity, whatever the scopes of the node are.
/// Source: <https://github.com/googleapis/google-auth-library-java/issues/458>.
const WORKLOAD_IDENTITY_SCOPES: &str =
    "https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/userinfo.email";

impl Platform {
    /// Recognizes the platform from a snapshot.
    pub(super) fn from_snapshot(snapshot: &Snapshot) -> Self {
        // Kubernetes comes first, because Knative sets `K_SERVICE` in the pods of any cluster:
        // <https://github.com/knative/specs/blob/main/specs/serving/runtime-contract.md#process>.
        if snapshot.env("KUBERNETES_SERVICE_HOST").is_some() {
            return platform_of_pod(snapshot);
        }
        Self::from_variables(snapshot).unwrap_or_else(|| platform_of_vm(snapshot))
    }

    /// Returns the platform, if environment variables alone identify it.
    pub(super) fn from_variables(snapshot: &Snapshot) -> Option<Self> {
        let is_set = |(name, platform): &&(&str, Self)| match (*name, *platform) {
            ("GAE_ENV", _) => snapshot.env("GAE_ENV") == Some("standard"),
            // gcloud treats port 0 as if the variable were not set (its module
            // `googlecloudsdk/core/credentials/devshell.py`).
            ("DEVSHELL_CLIENT_PORT", _) => {
                snapshot.env("DEVSHELL_CLIENT_PORT").is_some_and(|port| port != "0")
            }
            ("VERTEX_PRODUCT", Self::Workbench) => {
                snapshot.env("VERTEX_PRODUCT") == Some("WORKBENCH_INSTANCE")
            }
            ("VERTEX_PRODUCT", _) => snapshot.env("VERTEX_PRODUCT") == Some("COLAB_ENTERPRISE"),
            // People set this variable for other programs, too, so a second variable of custom
            // jobs has to be set.
            ("CLOUD_ML_PROJECT_ID", _) => {
                let is_set = |name: &str| snapshot.env(name).is_some();
                is_set("CLOUD_ML_PROJECT_ID") && (is_set("AIP_MODEL_DIR") || is_set("CLUSTER_SPEC"))
            }
            (name, _) => snapshot.env(name).is_some(),
        };
        VARIABLE_PLATFORMS.iter().find(is_set).map(|(_, platform)| *platform)
    }

    /// Returns the name of the instance group, cluster, service, job or function. The caller must
    /// check the syntax of the name.
    pub(super) fn resource(self, snapshot: &Snapshot) -> Option<&str> {
        match self {
            Self::ManagedInstanceGroup => instance_group(snapshot).map(|(_, name)| name),
            Self::GkeNode | Self::GkeWorkloadIdentity => {
                snapshot.metadata("instance/attributes/cluster-name")
            }
            Self::Dataproc => snapshot.metadata("instance/attributes/dataproc-cluster-name"),
            Self::CloudRunService => snapshot.env("K_SERVICE"),
            Self::CloudRunJob => snapshot.env("CLOUD_RUN_JOB"),
            Self::CloudRunWorkerPool => snapshot.env("CLOUD_RUN_WORKER_POOL"),
            // Older runtimes set `FUNCTION_NAME` only:
            // <https://cloud.google.com/functions/docs/configuring/env-var>.
            Self::CloudFunctions => {
                snapshot.env("K_SERVICE").or_else(|| snapshot.env("FUNCTION_NAME"))
            }
            Self::AppEngineStandard | Self::AppEngineFlexible => snapshot.env("GAE_SERVICE"),
            Self::Composer => snapshot.env("COMPOSER_ENVIRONMENT"),
            _ => None,
        }
    }

    /// Returns the name of the node pool from the labels of a GKE node. The caller must check the
    /// syntax of the name. Google does not document the attribute `kube-labels`, but scripts on
    /// nodes read this attribute.
    pub(super) fn node_pool(self, snapshot: &Snapshot) -> Option<&str> {
        let labels = snapshot
            .metadata("instance/attributes/kube-labels")
            .filter(|_| self == Self::GkeNode)?;
        labels.split(',').find_map(|label| label.strip_prefix("cloud.google.com/gke-nodepool="))
    }

    /// Returns the location of the resource, if that location may differ from the location of the
    /// VM. The caller must check the syntax of the location.
    pub(super) fn location(self, snapshot: &Snapshot) -> Option<&str> {
        match self {
            Self::ManagedInstanceGroup => instance_group(snapshot).map(|(location, _)| location),
            Self::GkeNode | Self::GkeWorkloadIdentity => {
                snapshot.metadata("instance/attributes/cluster-location")
            }
            Self::Dataproc => snapshot.metadata("instance/attributes/dataproc-region"),
            Self::Composer => snapshot.env("COMPOSER_LOCATION"),
            _ => None,
        }
    }
}

/// Recognizes the platform of a Kubernetes pod. Only the metadata server of GKE has the attribute
/// `cluster-name`. Whether Composer sets `COMPOSER_ENVIRONMENT` in pods is unverified.
fn platform_of_pod(snapshot: &Snapshot) -> Platform {
    match snapshot.metadata("instance/attributes/cluster-name") {
        Some(_) if snapshot.env("COMPOSER_ENVIRONMENT").is_some() => Platform::Composer,
        Some(_) if uses_node_account(snapshot) => Platform::GkeNode,
        Some(_) => Platform::GkeWorkloadIdentity,
        None => Platform::Unknown,
    }
}

/// Returns whether a pod uses the tokens of its node. In doubt, returns false, because then the
/// scopes from the metadata server are not used. The check assumes that only the metadata server of
/// a node has the attribute `kube-env`, which is unverified.
fn uses_node_account(snapshot: &Snapshot) -> bool {
    let account = snapshot.metadata(metadata::EMAIL).unwrap_or_default();
    let scopes = snapshot.metadata(metadata::SCOPES).and_then(scope_list);
    let workload_identity = ScopeSet::from_scope_text(WORKLOAD_IDENTITY_SCOPES);
    let names = snapshot.metadata("instance/attributes/").unwrap_or_default();
    !account.ends_with(".svc.id.goog")
        && (scopes.is_some_and(|scopes| scopes != workload_identity)
            || names.lines().any(|name| name == "kube-env"))
}

/// Recognizes the platform of a VM. A VM has a name and a valid zone; the metadata server of Cloud
/// Run returns a zone that does not exist.
fn platform_of_vm(snapshot: &Snapshot) -> Platform {
    let zone = snapshot.metadata("instance/zone").and_then(|path| path.rsplit('/').next());
    if zone.and_then(names::zone).is_none() || snapshot.metadata("instance/name").is_none() {
        return Platform::Unknown;
    }
    // If an attribute could not be read, it may be the attribute that identifies another platform.
    if snapshot.metadata_problem().is_some() {
        return Platform::Unknown;
    }
    let row = VM_PLATFORMS
        .iter()
        .find(|(signals, _)| signals.iter().all(|signal| has_signal(snapshot, signal)));
    row.map_or(Platform::ComputeEngine, |(_, platform)| *platform)
}

/// Returns whether a VM has an attribute or an environment variable of this name. Three attributes
/// count only if their value has the form that the product writes, because users can set them, too.
/// The ids of Dataflow's jobs begin with the date:
/// <https://docs.cloud.google.com/dataflow/docs/guides/monitoring-overview>.
fn has_signal(snapshot: &Snapshot, name: &str) -> bool {
    let value = snapshot.metadata(&format!("instance/attributes/{name}"));
    let is_year = |id: &str| id.get(..4).is_some_and(|year| year.parse::<u16>().is_ok());
    match name {
        "created-by" => instance_group(snapshot).is_some(),
        "job_id" => value.is_some_and(|id| is_year(id) && id.get(4..5) == Some("-")),
        "proxy-url" => value.is_some_and(|host| host.ends_with(WORKBENCH_DOMAIN)),
        _ => {
            let names = snapshot.metadata("instance/attributes/").unwrap_or_default();
            value.is_some() || snapshot.env(name).is_some() || names.lines().any(|own| own == name)
        }
    }
}

/// The domain of the hosts at which browsers reach Workbench instances.
const WORKBENCH_DOMAIN: &str = ".notebooks.googleusercontent.com";

/// Returns the location and the name in
/// `projects/P/(zones|regions)/LOCATION/instanceGroupManagers/NAME`. Users can set the attribute to
/// any value. So it counts only if the location is that of the VM, because a group creates VMs only
/// in its own zone or region, and if Compute Engine accepts the name.
fn instance_group(snapshot: &Snapshot) -> Option<(&str, &str)> {
    let path = snapshot.metadata("instance/attributes/created-by")?;
    let zone = snapshot.metadata("instance/zone")?.rsplit('/').next()?;
    let region = zone.rsplit_once('-')?.0;
    let parts: Vec<&str> = path.split('/').collect();
    let ["projects", _, kind, location, "instanceGroupManagers", name] = parts[..] else {
        return None;
    };
    let is_here = matches!((kind, location), ("zones", of) if of == zone)
        || matches!((kind, location), ("regions", of) if of == region);
    names::instance(name).filter(|_| is_here).map(|name| (location, name))
}
