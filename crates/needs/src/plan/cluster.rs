//! Whether pods of GKE use the account of their node, or identities of their own.

use std::collections::HashMap;

use super::resource::PlannedResource;
use super::value::{PlannedValue, has_unknown};
use crate::verdict::GKE_METADATA;

/// For each cluster of a plan, by name, whether Workload Identity Federation is known to be off.
pub(super) struct Clusters<'a>(HashMap<&'a str, bool>);

/// Whose identity the pods of a node have.
#[derive(Debug, PartialEq)]
pub(super) enum PodIdentity {
    /// The identity of their node, whose scopes count.
    Node,
    /// Another identity, for this reason: the scopes of the node do not count.
    NotNode(&'static str),
    /// Not known, for this reason.
    Unknown(&'static str),
}

const AUTOPILOT: &str = "pods of an Autopilot cluster have identities of their own";
const REMOVED: &str =
    "Terraform removes the default node pool; each google_container_node_pool has its finding";
const UNKNOWN_MODE: &str = "whether pods have identities of their own (`workload_metadata_config`) \
                            is not known until the plan is applied";

impl<'a> Clusters<'a> {
    pub(super) fn of(resources: &'a [PlannedResource]) -> Self {
        let clusters = resources.iter().filter(|r| r.kind == "google_container_cluster");
        Self(clusters.filter_map(|c| Some((text(c, &["name"])?, is_without_pool(c)))).collect())
    }

    /// Returns whose identity the pods of a node pool or a cluster have. Other resources have no
    /// pods: programs use the account of the machine.
    pub(super) fn pods_of(&self, resource: &PlannedResource, path: &[&str]) -> PodIdentity {
        let is_cluster = resource.kind == "google_container_cluster";
        if !is_cluster && resource.kind != "google_container_node_pool" {
            return PodIdentity::Node;
        }
        let is_on = |name: &str| resource.value(&[name]).is(true);
        match path {
            _ if is_on("enable_autopilot") => PodIdentity::NotNode(AUTOPILOT),
            ["node_config", ..] if is_on("remove_default_node_pool") => {
                PodIdentity::NotNode(REMOVED)
            }
            ["node_config", ..] => self.by_mode(resource, is_cluster),
            _ => PodIdentity::Node,
        }
    }

    /// Returns whose identity the pods have according to the block `workload_metadata_config`.
    fn by_mode(&self, resource: &PlannedResource, is_cluster: bool) -> PodIdentity {
        let metadata = ["node_config", "workload_metadata_config"];
        let mode =
            ["mode", "node_metadata"].map(|key| resource.value(&[metadata[0], metadata[1], key]));
        let is_own = |mode: PlannedValue<'_>| {
            matches!(mode.text(), Some("GKE_METADATA" | "GKE_METADATA_SERVER"))
        };
        let without_pool = || match is_cluster {
            true => is_without_pool(resource),
            false => text(resource, &["cluster"]).is_some_and(|name| self.is_without_pool(name)),
        };
        match mode {
            [mode, _] | [_, mode] if is_own(mode) => PodIdentity::NotNode(GKE_METADATA),
            [PlannedValue::Unknown, _] if !without_pool() => PodIdentity::Unknown(UNKNOWN_MODE),
            _ => PodIdentity::Node,
        }
    }

    /// Checks whether a cluster of the plan has no Workload Identity Federation. The name may be
    /// the cluster's id, which ends with the name.
    fn is_without_pool(&self, name: &str) -> bool {
        let name = name.rsplit('/').next().unwrap_or(name);
        self.0.get(name).copied().unwrap_or(false)
    }
}

/// Checks whether a cluster is known to be without Workload Identity Federation, and so without a
/// workload identity pool.
fn is_without_pool(cluster: &PlannedResource) -> bool {
    let config = cluster.value(&["workload_identity_config"]);
    let is_empty = |value: &serde_json::Value| value.as_array().is_some_and(Vec::is_empty);
    match config {
        PlannedValue::Known(value, unknown) => is_empty(value) && !has_unknown(unknown),
        PlannedValue::Absent => true,
        PlannedValue::Unknown | PlannedValue::Missing => false,
    }
}

fn text<'a>(resource: &'a PlannedResource, path: &[&str]) -> Option<&'a str> {
    resource.value(path).text()
}
