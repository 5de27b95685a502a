//! Resources with lists of scopes, and the findings about them.

use gcp_scopes_needs::{MachineFinding, NeedsFile};
use serde_json::{Value, json};

pub(crate) const URI: &str = "https://www.googleapis.com/auth/";

/// A list in a resource: the type of the resource, the path of the list, the effect of a change.
pub(crate) type ListRow = (&'static str, &'static [&'static str], &'static str);

/// The lists of scopes that resources have. They are written from the provider's documentation, and
/// not taken from the code.
pub(crate) const LISTS: [ListRow; 11] = [
    ("google_compute_instance", &["service_account", "scopes"], "stops"),
    ("google_compute_instance_template", &["service_account", "scopes"], "replaces"),
    ("google_compute_region_instance_template", &["service_account", "scopes"], "replaces"),
    ("google_container_node_pool", &["node_config", "oauth_scopes"], "replaces"),
    ("google_container_cluster", &["node_config", "oauth_scopes"], "replaces_cluster"),
    (
        "google_container_cluster",
        &["cluster_autoscaling", "auto_provisioning_defaults", "oauth_scopes"],
        "in_place",
    ),
    (
        "google_dataproc_cluster",
        &["cluster_config", "gce_cluster_config", "service_account_scopes"],
        "replaces",
    ),
    (
        "google_workstations_workstation_config",
        &["host", "gce_instance", "service_account_scopes"],
        "in_place",
    ),
    ("google_tpu_v2_vm", &["service_account", "scope"], "replaces"),
    ("google_workbench_instance", &["gce_setup", "service_accounts", "scopes"], "replaces"),
    ("google_composer_environment", &["config", "node_config", "oauth_scopes"], "replaces"),
];

/// Returns nested blocks around a value.
pub(crate) fn nested(path: &[&str], value: &Value) -> Value {
    let (last, blocks) = path.split_last().unwrap();
    blocks.iter().rev().fold(json!({ *last: value }), |inner, name| json!({ *name: [inner] }))
}

/// Returns the change of a plan for a resource.
pub(crate) fn change(kind: &str, actions: &Value, after: &Value, unknown: &Value) -> Value {
    json!({
        "address": format!("module.app[\"x\"].{kind}.it"),
        "mode": "managed",
        "type": kind,
        "change": { "actions": actions, "after": after, "after_unknown": unknown },
    })
}

pub(crate) fn plan(changes: &[Value]) -> String {
    json!({ "format_version": "1.2", "resource_changes": changes }).to_string()
}

pub(crate) fn needs(ids: &[&str]) -> NeedsFile {
    let needs: Vec<Value> = ids.iter().map(|id| json!({ "method": id })).collect();
    NeedsFile::parse(&json!({ "needs": needs }).to_string()).unwrap()
}

/// Returns the findings about a plan or a state.
pub(crate) fn findings(needs: &NeedsFile, plan: &str) -> Vec<MachineFinding> {
    let mut findings = Vec::new();
    needs.check_plan(plan.as_bytes(), &mut |finding| findings.push(finding)).unwrap();
    findings
}

/// Returns the one finding about a resource.
pub(crate) fn finding(needs: &NeedsFile, change: Value) -> MachineFinding {
    let mut findings = findings(needs, &plan(&[change]));
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings.remove(0)
}

/// Returns the URIs of short names.
pub(crate) fn uris(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("{URI}{name}")).collect()
}
