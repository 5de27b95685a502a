//! Data: the resources of Terraform's provider for Google whose machines have a list of scopes.

use serde_json::Value;

use super::resource::PlannedResource;
use super::value::PlannedValue;
use crate::finding::ChangeEffect;

/// A list of scopes in a resource.
pub(super) struct ScopesRow {
    pub(super) resource: &'static str,
    /// The names of the blocks and the attribute of the list.
    pub(super) path: &'static [&'static str],
    /// The name of the attribute of the account, in the block of the list.
    pub(super) account: &'static str,
    pub(super) effect: ChangeEffect,
    /// What the machine has if the block of the list is absent.
    pub(super) without_block: IfEmpty,
    /// What the machine has if the block has no list, or an empty one.
    pub(super) if_empty: IfEmpty,
    /// Scopes that Google adds to every list.
    pub(super) added: &'static [&'static str],
    /// A condition of the change, or another fact about it, as a note for people.
    pub(super) condition: Option<&'static str>,
}

/// What a machine has if its list is empty, or if the block of the list is absent.
#[derive(Clone, Copy)]
pub(super) enum IfEmpty {
    NoAccount,
    NoScopes,
    Scopes(&'static [&'static str]),
    Unknown(&'static str),
}

/// The rows. Paths and effects are those of the provider at commit e03b762 of August 2026:
/// <https://github.com/hashicorp/terraform-provider-google/tree/e03b762>.
static ROWS: [ScopesRow; 12] = [
    ScopesRow {
        resource: "google_compute_instance",
        path: &["service_account", "scopes"],
        account: "email",
        effect: ChangeEffect::Stops,
        without_block: IfEmpty::NoAccount,
        if_empty: IfEmpty::NoScopes,
        added: &[],
        condition: None,
    },
    ScopesRow { resource: "google_compute_instance_template", ..TEMPLATE },
    ScopesRow { resource: "google_compute_region_instance_template", ..TEMPLATE },
    ScopesRow {
        resource: "google_container_node_pool",
        effect: ChangeEffect::Replaces,
        condition: Some(
            "a pool that changes is destroyed before it is created, unless it has \
             `create_before_destroy`; emptyDir, hostPath and local SSD data go with it",
        ),
        ..NODES
    },
    ScopesRow {
        resource: "google_container_cluster",
        effect: ChangeEffect::ReplacesCluster,
        condition: Some(
            "`node_config` configures the default pool: a change replaces the cluster, and \
             `deletion_protection` must be false; a change of a separate \
             `google_container_node_pool` does not replace the cluster",
        ),
        ..NODES
    },
    ScopesRow {
        resource: "google_container_cluster",
        path: &AUTO_PROVISIONING,
        account: "service_account",
        effect: ChangeEffect::InPlace,
        without_block: IfEmpty::Unknown(AUTO_PROVISIONED),
        if_empty: IfEmpty::Unknown(AUTO_PROVISIONED),
        added: &[],
        condition: Some("unverified: the list counts for new pools only"),
    },
    ScopesRow {
        resource: "google_dataproc_cluster",
        path: &["cluster_config", "gce_cluster_config", "service_account_scopes"],
        account: "service_account",
        effect: ChangeEffect::Replaces,
        without_block: IfEmpty::Scopes(&DATAPROC_EMPTY),
        if_empty: IfEmpty::Scopes(&DATAPROC_EMPTY),
        added: &DATAPROC_BASE,
        condition: Some("Dataproc adds scopes of its own to the list, which are counted here"),
    },
    ScopesRow {
        resource: "google_workstations_workstation_config",
        path: &["host", "gce_instance", "service_account_scopes"],
        account: "service_account",
        effect: ChangeEffect::InPlace,
        without_block: IfEmpty::Unknown(WORKSTATIONS),
        if_empty: IfEmpty::Unknown(WORKSTATIONS),
        added: &[],
        condition: None,
    },
    ScopesRow {
        resource: "google_tpu_v2_vm",
        path: &["service_account", "scope"],
        account: "email",
        effect: ChangeEffect::Replaces,
        without_block: IfEmpty::Scopes(&["cloud-platform"]),
        if_empty: IfEmpty::Scopes(&["cloud-platform"]),
        added: &[],
        condition: Some("unverified: the change replaces the VM"),
    },
    ScopesRow {
        resource: "google_workbench_instance",
        path: &["gce_setup", "service_accounts", "scopes"],
        account: "email",
        effect: ChangeEffect::Replaces,
        without_block: IfEmpty::Unknown(WORKBENCH),
        if_empty: IfEmpty::Unknown(WORKBENCH),
        added: &[],
        condition: Some("the list is output only: no argument of the resource sets it"),
    },
    ScopesRow {
        resource: "google_composer_environment",
        path: &["config", "node_config", "oauth_scopes"],
        account: "service_account",
        effect: ChangeEffect::Replaces,
        without_block: IfEmpty::Scopes(&["cloud-platform"]),
        if_empty: IfEmpty::Scopes(&["cloud-platform"]),
        added: &[],
        condition: Some("only Composer 1 has the list, and Composer 1 ended on 15 September 2026"),
    },
    ScopesRow {
        resource: "google_notebooks_instance",
        path: &["service_account_scopes"],
        account: "service_account",
        effect: ChangeEffect::Replaces,
        without_block: IfEmpty::Unknown(NOTEBOOKS),
        if_empty: IfEmpty::Unknown(NOTEBOOKS),
        added: &[],
        condition: Some(NOTEBOOKS),
    },
];

/// The common part of the rows for instance templates.
const TEMPLATE: ScopesRow = ScopesRow {
    resource: "",
    path: &["service_account", "scopes"],
    account: "email",
    effect: ChangeEffect::Replaces,
    without_block: IfEmpty::NoAccount,
    if_empty: IfEmpty::NoScopes,
    added: &[],
    condition: Some(
        "the VMs of a group change only as the group's `update_policy` says; give the template \
         `name_prefix` and `create_before_destroy`",
    ),
};

/// The common part of the rows for the nodes of GKE.
const NODES: ScopesRow = ScopesRow {
    resource: "",
    path: &["node_config", "oauth_scopes"],
    account: "service_account",
    effect: ChangeEffect::Replaces,
    without_block: IfEmpty::Unknown(GKE),
    if_empty: IfEmpty::Unknown(GKE),
    added: &[],
    condition: None,
};

const AUTO_PROVISIONING: [&str; 3] =
    ["cluster_autoscaling", "auto_provisioning_defaults", "oauth_scopes"];

/// Source: <https://docs.cloud.google.com/kubernetes-engine/docs/reference/rest/v1/NodeConfig>.
const GKE: &str =
    "GKE chooses the scopes of an empty list: none, unless Cloud Logging or Monitoring is on";
const AUTO_PROVISIONED: &str = "GKE chooses the scopes of an empty list";
/// Source:
/// <https://docs.cloud.google.com/workstations/docs/reference/rest/v1/projects.locations.workstationClusters.workstationConfigs>.
const WORKSTATIONS: &str =
    "Cloud Workstations adds scopes to an empty list, by the features that are in use";
/// Source: <https://docs.cloud.google.com/vertex-ai/docs/workbench/reference/rest>.
const WORKBENCH: &str = "the list is output only; Workbench documents that it sets cloud-platform";
const NOTEBOOKS: &str = "version 8.0 of the provider removed this resource, as user-managed \
                         notebooks were shut down";

/// The scopes that Dataproc adds to every list. Source:
/// <https://docs.cloud.google.com/dataproc/docs/reference/rest/v1/ClusterConfig#GceClusterConfig>.
const DATAPROC_BASE: [&str; 3] =
    ["devstorage.read_write", "logging.write", "cloud.useraccounts.readonly"];
/// The scopes that Dataproc adds to an empty list besides [`DATAPROC_BASE`]. Source: the same page.
const DATAPROC_EMPTY: [&str; 4] =
    ["bigquery", "bigtable.admin.table", "bigtable.data", "devstorage.full_control"];

/// Types whose tokens always hold `cloud-platform`, and any scope that the program requests.
/// Source:
/// <https://docs.cloud.google.com/run/docs/securing/service-identity>.
pub(super) const ALWAYS_CLOUD_PLATFORM: [&str; 7] = [
    "google_app_engine_standard_app_version",
    "google_cloud_run_service",
    "google_cloud_run_v2_job",
    "google_cloud_run_v2_service",
    "google_cloud_run_v2_worker_pool",
    "google_cloudfunctions2_function",
    "google_cloudfunctions_function",
];

/// Returns the rows that a resource has.
pub(super) fn rows_of(resource: &PlannedResource) -> impl Iterator<Item = &'static ScopesRow> + '_ {
    ROWS.iter().filter(|row| row.resource == resource.kind && row.exists_in(resource))
}

impl ScopesRow {
    /// Checks whether a resource has the list. Most types have one list; a cluster has one for its
    /// default pool, one for auto-provisioned pools, or none.
    fn exists_in(&self, resource: &PlannedResource) -> bool {
        match (self.resource, self.path) {
            ("google_container_cluster", ["node_config", ..]) => has_default_pool(resource),
            ("google_container_cluster", _) => has_auto_provisioning(resource),
            ("google_dataproc_cluster", _) => {
                has_blocks(resource, &["cluster_config"])
                    || !has_blocks(resource, &["virtual_cluster_config"])
            }
            ("google_composer_environment", _) => !is_later_than_composer_1(resource),
            _ => true,
        }
    }
}

/// Checks whether a block is there, or may be there after the plan is applied.
fn has_blocks(resource: &PlannedResource, path: &[&str]) -> bool {
    match resource.value(path) {
        PlannedValue::Known(Value::Array(blocks), _) => !blocks.is_empty(),
        PlannedValue::Known(..) | PlannedValue::Unknown => true,
        PlannedValue::Absent | PlannedValue::Missing => false,
    }
}

/// Checks whether a cluster has a default pool. A cluster whose pool is removed has the list only
/// if the configuration contains it.
fn has_default_pool(cluster: &PlannedResource) -> bool {
    let has_config = has_blocks(cluster, &["node_config"]);
    match cluster.value(&["remove_default_node_pool"]).is(true) {
        true => has_config && cluster.value(&["node_config"]) != PlannedValue::Unknown,
        false => has_config || !has_blocks(cluster, &["cluster_autoscaling"]),
    }
}

fn has_auto_provisioning(cluster: &PlannedResource) -> bool {
    match cluster.value(&["cluster_autoscaling", "enabled"]) {
        PlannedValue::Known(Value::Bool(is_on), _) => *is_on,
        PlannedValue::Unknown => true,
        _ => has_blocks(cluster, &AUTO_PROVISIONING[..2]),
    }
}

fn is_later_than_composer_1(environment: &PlannedResource) -> bool {
    let image = environment.value(&["config", "software_config", "image_version"]).text();
    image.is_some_and(|image| image.starts_with("composer-") && !image.starts_with("composer-1"))
}
