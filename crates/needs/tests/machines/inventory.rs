//! Machines that exist: gcloud's JSON and Cloud Asset exports.

use gcp_scopes_needs::MachineFinding;
use serde_json::{Value, json};

use crate::support::{needs, uris};

const PUBLISH: &str = "pubsub.projects.topics.publish";

fn check(input: &str) -> Result<Vec<MachineFinding>, String> {
    let mut findings = Vec::new();
    let result = needs(&[PUBLISH]).check_inventory(input.as_bytes(), &mut |f| findings.push(f));
    result.map(|_| findings).map_err(|error| error.to_string())
}

fn link(path: &str) -> String {
    format!("https://www.googleapis.com/compute/v1/projects/p/{path}")
}

fn vm(name: &str, accounts: &Value) -> Value {
    json!({
        "kind": "compute#instance",
        "name": name,
        "selfLink": link(&format!("zones/z/instances/{name}")),
        "serviceAccounts": accounts,
    })
}

#[test]
fn instances_are_read_from_a_list_an_object_and_lines() {
    let accounts =
        |list: &[&str]| json!([{ "email": "a@p.iam.gserviceaccount.com", "scopes": uris(list) }]);
    let open = vm("open", &accounts(&["cloud-platform"]));
    let closed = vm("closed", &accounts(&["monitoring"]));
    let mut none = vm("none", &json!([]));
    none.as_object_mut().unwrap().remove("serviceAccounts");
    let lines = [&open, &closed, &none].map(Value::to_string);
    let list = format!("  [{}]\n", lines.join(","));
    for input in [list, lines.join("\n"), lines.concat()] {
        let found = check(&input).unwrap();
        let statuses: Vec<&str> = found.iter().map(|f| f.status.as_str()).collect();
        assert_eq!(statuses, ["ok", "lacking", "no_account"], "{input}");
        let closed = &found[1];
        assert_eq!(closed.address, "projects/p/zones/z/instances/closed");
        assert_eq!(closed.kind, "compute.googleapis.com/Instance");
        assert_eq!(closed.effect.unwrap().as_str(), "stops");
        assert!(closed.fix.contains("stop closed --zone=z"), "{}", closed.fix);
        let set: Vec<String> = closed.set.iter().map(ToString::to_string).collect();
        assert_eq!(set, uris(&["monitoring", "cloud-platform"]));
    }
    assert_eq!(check(&open.to_string()).unwrap().len(), 1);
    assert_eq!(check("[]"), Ok(vec![]));
}

#[test]
fn templates_pools_and_clusters_have_lists_of_their_own() {
    let scopes = uris(&["monitoring"]);
    let template = json!({
        "kind": "compute#instanceTemplate", "name": "t",
        "properties": { "serviceAccounts": [{ "email": "default", "scopes": scopes }] },
    });
    let pool = |mode: &str| {
        json!({
            "name": "pool",
            "selfLink": "https://container.googleapis.com/v1/projects/p/locations/l/clusters/c/nodePools/pool",
            "config": { "oauthScopes": scopes, "workloadMetadataConfig": { "mode": mode } },
        })
    };
    let cluster = json!({
        "name": "c",
        "selfLink": "https://container.googleapis.com/v1/projects/p/locations/l/clusters/c",
        "nodePools": [pool("GKE_METADATA"), pool("GCE_METADATA")],
        "autoscaling": { "autoprovisioningNodePoolDefaults": { "oauthScopes": scopes } },
    });
    let input = [&template, &pool("GCE_METADATA"), &cluster].map(Value::to_string).join("\n");
    let found = check(&input).unwrap();
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|f| (f.kind.rsplit('/').next().unwrap(), f.effect.map_or("ok", |e| e.as_str())))
        .collect();
    assert_eq!(
        found,
        [
            ("InstanceTemplate", "replaces"),
            ("NodePool", "replaces"),
            ("NodePool", "ok"),
            ("NodePool", "replaces"),
            ("Cluster", "in_place"),
        ]
    );
}

#[test]
fn an_asset_export_of_any_size_is_read_asset_by_asset() {
    let asset = |index: usize| {
        let accounts = json!([{ "email": "default", "scopes": uris(&["monitoring"]) }]);
        let name = format!("vm-{index}");
        json!({
            "name": format!("//compute.googleapis.com/projects/p/zones/z/instances/{name}"),
            "asset_type": "compute.googleapis.com/Instance",
            "resource": { "version": "v1", "data": vm(&name, &accounts) },
        })
        .to_string()
    };
    let bucket = json!({
        "name": "//storage.googleapis.com/b",
        "assetType": "storage.googleapis.com/Bucket",
    });
    let lines: Vec<String> = (0..2000).map(asset).chain([bucket.to_string()]).collect();
    let found = check(&lines.join("\n")).unwrap();
    assert_eq!(found.len(), 2000);
    assert!(found.iter().all(|f| f.status.as_str() == "lacking"));
    assert!(found[7].fix.contains("stop vm-7 --zone=z"), "{}", found[7].fix);
}

#[test]
fn a_node_whose_pods_have_identities_is_ok() {
    let mut node = vm("gke-c-pool-1", &json!([{ "email": "default", "scopes": [] }]));
    node["metadata"] = json!({ "items": [
        { "key": "kube-labels", "value": "a=b,iam.gke.io/gke-metadata-server-enabled=true" },
    ]});
    assert_eq!(check(&node.to_string()).unwrap()[0].status.as_str(), "ok");
}

#[test]
fn unusable_inventories_are_errors_with_the_place() {
    let good = vm("web", &json!([])).to_string();
    for (input, hint) in [
        ("NAME ZONE\nweb z", "--format=json"),
        ("- name: web", "--format=json"),
        (r#"{"a": 1}"#, "object 1: expected an instance"),
        (&format!("[{good}, 5]"), "object 2"),
        (&format!("{good}\n{good}\n{{"), "line 3"),
        (r#"{"asset_type": "compute.googleapis.com/Instance", "name": "x"}"#, "--content-type"),
    ] {
        let error = check(input).unwrap_err();
        assert!(error.contains(hint), "{input}: {error}");
    }
}
