//! Plans and states of Terraform.

use gcp_scopes_catalog::ApiMethod;
use gcp_scopes_catalog::scope::Scope;
use gcp_scopes_needs::{FindingStatus, NeedsFile};
use serde_json::{Value, json};

use crate::support::{LISTS, change, finding, findings, needs, nested, plan, uris};

const INSERT: &str = "storage.objects.insert";
const PUBLISH: &str = "pubsub.projects.topics.publish";
const DRIVE: &str = "drive.files.list";
/// A method that accepts none of the scopes which Google adds to the lists of these tests.
const SECRET: &str = "secretmanager.projects.secrets.versions.access";

fn strings(scopes: &[Scope]) -> Vec<String> {
    scopes.iter().map(ToString::to_string).collect()
}

/// Checks that the list of a finding, written into the resource, makes the finding `ok`.
fn assert_set_is_enough(needs: &NeedsFile, kind: &str, path: &[&str], set: &[Scope]) {
    let after = nested(path, &json!(strings(set)));
    let again = finding(needs, change(kind, &json!(["update"]), &after, &json!({})));
    assert_eq!(again.status, FindingStatus::Ok, "{kind}: {again:?}");
}

#[test]
fn lists_with_uris_and_short_names_are_compared_in_every_resource() {
    let needs = needs(&[SECRET, PUBLISH, DRIVE]);
    // The list, and the methods that accept none of its scopes.
    let rows: [(Vec<String>, &[&str]); 6] = [
        (uris(&["cloud-platform", "drive"]), &[]),
        (vec!["cloud-platform".to_owned(), uris(&["drive.readonly"]).remove(0)], &[]),
        (uris(&["cloud-platform"]), &[DRIVE]),
        (uris(&["pubsub"]), &[DRIVE, SECRET]),
        (vec!["pubsub".to_owned(), "storage-full".to_owned()], &[DRIVE, SECRET]),
        (uris(&["monitoring"]), &[DRIVE, PUBLISH, SECRET]),
    ];
    for (kind, path, effect) in LISTS {
        for (list, lacking) in &rows {
            let after = nested(path, &json!(list));
            for actions in [
                json!(["create"]),
                json!(["update"]),
                json!(["no-op"]),
                json!(["delete", "create"]),
                json!(["create", "delete"]),
            ] {
                let found = finding(&needs, change(kind, &actions, &after, &json!({})));
                assert_eq!(found.lacking, *lacking, "{kind} {list:?} {actions}: {found:?}");
                let status = if lacking.is_empty() { "ok" } else { "lacking" };
                assert_eq!(found.status.as_str(), status, "{kind} {list:?}: {found:?}");
                let effect = (!lacking.is_empty()).then_some(effect);
                assert_eq!(found.effect.map(|e| e.as_str()), effect, "{kind}");
                assert!(found.granted.iter().all(|scope| scope.is_known()), "{found:?}");
                if !lacking.is_empty() {
                    let set = &found.set;
                    assert!(found.granted.iter().all(|held| set.contains(held)), "{found:?}");
                    assert_set_is_enough(&needs, kind, path, set);
                }
            }
            let deleted = change(kind, &json!(["delete"]), &Value::Null, &json!({}));
            assert!(findings(&needs, &plan(&[deleted])).is_empty());
            let mut data = change(kind, &json!(["read"]), &after, &json!({}));
            data["mode"] = json!("data");
            assert!(findings(&needs, &plan(&[data])).is_empty());
        }
    }
}

#[test]
fn a_plan_with_every_resource_fits_once_its_lists_are_written() {
    let needs = needs(&[SECRET, PUBLISH, DRIVE, INSERT]);
    let addresses = ["", "module.a.", "module.a[0].module.b[\"k.v\"]."];
    let mut changes: Vec<(Value, &[&str])> = Vec::new();
    // Each list is in the plan once for each module, with another action and another list.
    for (index, (kind, path, _)) in LISTS.iter().enumerate() {
        for (at, module) in addresses.into_iter().enumerate() {
            let list = [&["pubsub"][..], &["storage-ro", "trace"], &[]][(index + at) % 3];
            let actions = [json!(["create"]), json!(["update"]), json!(["no-op"])];
            let after = nested(path, &json!(if at == 2 { uris(&["pubsub"]) } else { owned(list) }));
            let mut change = change(kind, &actions[(index + at) % 3], &after, &json!({}));
            change["address"] = json!(format!("{module}{kind}.it[{index}]"));
            changes.push((change, *path));
        }
    }
    let text = |changes: &[(Value, &[&str])]| {
        plan(&changes.iter().map(|(change, _)| change.clone()).collect::<Vec<_>>())
    };
    let before = findings(&needs, &text(&changes));
    assert_eq!(before.len(), changes.len());
    for (found, (change, path)) in before.iter().zip(&mut changes) {
        assert_eq!(found.address, change["address"]);
        if found.status == FindingStatus::Lacking {
            change["change"]["after"] = nested(path, &json!(strings(&found.set)));
        } else {
            // An empty list of these resources means scopes that Google adds, or all scopes.
            assert!(found.granted.is_empty(), "{found:?}");
            change["change"]["after"] = nested(path, &json!(uris(&["cloud-platform", "drive"])));
        }
    }
    let after = findings(&needs, &text(&changes));
    let wrong: Vec<_> = after.iter().filter(|f| f.status != FindingStatus::Ok).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Returns names as owned texts.
fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_resource_that_terraform_no_longer_manages_has_no_finding() {
    let needs = needs(&[SECRET]);
    for (kind, path, _) in LISTS {
        // The block `removed` leaves the machine as it is.
        let mut forgotten = change(kind, &json!(["forget"]), &Value::Null, &json!({}));
        forgotten["change"]["before"] = nested(path, &json!(uris(&["pubsub"])));
        assert!(findings(&needs, &plan(&[forgotten])).is_empty(), "{kind}");
    }
}

#[test]
fn every_alias_of_gcloud_means_its_scope() {
    // The aliases in the help of `gcloud compute instances create --scopes`, each with a method
    // that accepts the scope.
    let rows = [
        ("bigquery", "bigquery.jobs.query"),
        ("cloud-platform", SECRET),
        ("compute-ro", "compute.instances.get"),
        ("compute-rw", "compute.instances.insert"),
        ("datastore", "datastore.projects.commit"),
        ("logging-write", "logging.entries.write"),
        ("monitoring", "monitoring.projects.timeSeries.create"),
        ("monitoring-read", "monitoring.projects.timeSeries.list"),
        ("monitoring-write", "monitoring.projects.timeSeries.create"),
        ("pubsub", PUBLISH),
        ("sql-admin", "sql.instances.get"),
        ("storage-full", "storage.buckets.setIamPolicy"),
        ("storage-ro", "storage.objects.get"),
        ("storage-rw", INSERT),
        ("trace", "cloudtrace.projects.patchTraces"),
    ];
    for (kind, path, _) in LISTS {
        for (alias, method) in rows {
            let after = nested(path, &json!([alias]));
            let change = change(kind, &json!(["create"]), &after, &json!({}));
            let found = finding(&crate::support::needs(&[method]), change);
            assert_eq!(found.status, FindingStatus::Ok, "{kind} {alias}: {found:?}");
        }
    }
}

#[test]
fn what_is_unknown_until_apply_is_unknown() {
    let needs = needs(&[SECRET]);
    for (kind, path, _) in LISTS {
        let (list, blocks) = path.split_last().unwrap();
        let status = |after: &Value, unknown: &Value| {
            let found = finding(&needs, change(kind, &json!(["create"]), after, unknown));
            assert!(found.lacking.is_empty() && found.set.is_empty(), "{found:?}");
            assert!(found.note.is_some() || found.status == FindingStatus::Ok, "{found:?}");
            found.status.as_str()
        };
        let without_list = nested(&[blocks, &["other"]].concat(), &json!("x"));
        // The key is left out, with and without a mark.
        assert_eq!(status(&without_list, &json!({})), "unknown", "{kind}");
        assert_eq!(status(&without_list, &nested(path, &json!(true))), "unknown", "{kind}");
        // A block is unknown as a whole.
        for depth in 1..=blocks.len() {
            let unknown = nested(&blocks[..depth], &json!(true));
            let outer = match depth {
                1 => json!({}),
                _ => nested(&blocks[..depth - 1], &json!({ "other": 1 })),
            };
            let outer = if depth == 1 { outer } else { json!({ blocks[0]: [outer[blocks[0]]] }) };
            assert_eq!(status(&outer, &unknown), "unknown", "{kind} {depth}");
        }
        // An element is unknown: the others may be enough.
        let partly = |known: &str| {
            let after = nested(path, &json!([uris(&[known])[0], null]));
            status(&after, &nested(path, &json!([false, true])))
        };
        assert_eq!(
            (partly("logging.write"), partly("cloud-platform")),
            ("unknown", "ok"),
            "{kind}"
        );
        // The method may accept a scope that the catalog does not know.
        let new = nested(path, &json!(uris(&["brand.new"])));
        assert_eq!(status(&new, &json!({})), "unknown", "{kind} {list}");
    }
}

#[test]
fn an_empty_list_or_no_block_means_what_the_product_makes_of_it() {
    let needs = needs(&[SECRET]);
    let rows: [(&str, Value, &str); 15] = [
        ("google_compute_instance", json!({ "service_account": [] }), "no_account"),
        ("google_compute_instance_template", json!({ "service_account": [] }), "no_account"),
        ("google_compute_region_instance_template", json!({ "service_account": [] }), "no_account"),
        ("google_compute_instance", json!({ "service_account": [{ "scopes": [] }] }), "lacking"),
        (
            "google_container_node_pool",
            json!({ "node_config": [{ "oauth_scopes": [] }] }),
            "unknown",
        ),
        ("google_container_cluster", json!({ "node_config": [{ "oauth_scopes": [] }] }), "unknown"),
        ("google_dataproc_cluster", json!({ "cluster_config": [] }), "lacking"),
        (
            "google_dataproc_cluster",
            json!({ "cluster_config": [{
                "gce_cluster_config": [{ "service_account_scopes": [] }],
            }] }),
            "lacking",
        ),
        (
            "google_workstations_workstation_config",
            json!({ "host": [{ "gce_instance": [{ "service_account_scopes": [] }] }] }),
            "unknown",
        ),
        ("google_tpu_v2_vm", json!({ "service_account": [{ "scope": [] }] }), "ok"),
        ("google_tpu_v2_vm", json!({ "service_account": [] }), "ok"),
        (
            "google_composer_environment",
            json!({ "config": [{ "node_config": [{ "oauth_scopes": [] }] }] }),
            "ok",
        ),
        (
            "google_workbench_instance",
            json!({ "gce_setup": [{ "service_accounts": [{ "scopes": [] }] }] }),
            "unknown",
        ),
        ("google_notebooks_instance", json!({}), "unknown"),
        ("google_compute_instance", json!({ "service_account": [{ "scopes": null }] }), "lacking"),
    ];
    for (kind, after, expected) in rows {
        let found = finding(&needs, change(kind, &json!(["create"]), &after, &json!({})));
        assert_eq!(found.status.as_str(), expected, "{kind}: {found:?}");
        assert_eq!(found.set.is_empty(), expected != "lacking", "{found:?}");
    }
    // Dataproc's own scopes count, and stay in the list to write.
    let dataproc = |list: &Value, id: &str| {
        let path = ["cluster_config", "gce_cluster_config", "service_account_scopes"];
        let after = nested(&path, list);
        let needs = crate::support::needs(&[id]);
        finding(&needs, change("google_dataproc_cluster", &json!(["create"]), &after, &json!({})))
    };
    assert_eq!(dataproc(&json!(uris(&["pubsub"])), INSERT).status, FindingStatus::Ok);
    assert_eq!(dataproc(&json!([]), "bigquery.jobs.query").status, FindingStatus::Ok);
    let bigquery = dataproc(&json!(uris(&["pubsub"])), "bigquery.jobs.query");
    assert_eq!(bigquery.status, FindingStatus::Lacking);
    assert!(strings(&bigquery.set).contains(&uris(&["devstorage.read_write"])[0]));
    // The list to write has the seven scopes of an empty list and at least one more.
    assert!(dataproc(&json!([]), SECRET).set.len() > 7);
}

#[test]
fn a_text_that_is_no_scope_does_not_count() {
    // gcloud's alias `default` includes both scopes; the provider does not know it.
    let needs = needs(&[PUBLISH, "storage.objects.get"]);
    for (kind, path, _) in LISTS {
        for text in ["default", "gke-default", "devstorage.read_only", "storage"] {
            let after = nested(path, &json!([text]));
            let found = finding(&needs, change(kind, &json!(["create"]), &after, &json!({})));
            assert_eq!(found.status, FindingStatus::Lacking, "{kind} {text}: {found:?}");
            assert!(found.note.as_ref().is_some_and(|note| note.contains(text)), "{found:?}");
            assert_set_is_enough(&needs, kind, path, &found.set);
        }
    }
}

#[test]
fn pods_with_identities_of_their_own_are_ok() {
    let needs = needs(&[SECRET]);
    let pool = |config: Value, unknown: Value, cluster: &[Value]| {
        let after = json!({ "cluster": "main", "node_config": [config] });
        let pool = change(
            "google_container_node_pool",
            &json!(["create"]),
            &after,
            &json!({ "node_config": [unknown] }),
        );
        let all = findings(&needs, &plan(&[cluster, &[pool]].concat()));
        all.last().unwrap().status.as_str()
    };
    let scopes = json!(uris(&["devstorage.read_only"]));
    let with_mode = |mode: Value| {
        let config = json!([{ "mode": mode }]);
        json!({ "oauth_scopes": scopes, "workload_metadata_config": config })
    };
    assert_eq!(pool(with_mode(json!("GKE_METADATA")), json!({}), &[]), "ok");
    assert_eq!(pool(with_mode(json!("GCE_METADATA")), json!({}), &[]), "lacking");
    assert_eq!(pool(json!({ "oauth_scopes": scopes }), json!({}), &[]), "lacking");
    let own = json!({ "workload_metadata_config": [{ "mode": "GKE_METADATA" }] });
    assert_eq!(pool(own, json!({ "oauth_scopes": true }), &[]), "ok");
    // The mode is known after the plan is applied, unless the cluster is known to have no pool.
    let unknown = json!({ "workload_metadata_config": true });
    let config = json!({ "oauth_scopes": scopes });
    assert_eq!(pool(config.clone(), unknown.clone(), &[]), "unknown");
    let cluster = |workload: Value, marks: Value| {
        let after = json!({ "name": "main", "workload_identity_config": workload });
        change("google_container_cluster", &json!(["no-op"]), &after, &marks)
    };
    let without = cluster(json!([]), json!({}));
    let with = cluster(json!([{ "workload_pool": "p.svc.id.goog" }]), json!({}));
    assert_eq!(pool(config.clone(), unknown.clone(), &[without]), "lacking");
    assert_eq!(pool(config, unknown, &[with]), "unknown");
}

#[test]
fn a_cluster_has_a_finding_for_each_list_that_it_has() {
    let needs = needs(&[SECRET]);
    let (scopes, full) = (json!(uris(&["pubsub"])), json!(uris(&["cloud-platform"])));
    let kinds = |after: Value, unknown: Value| -> Vec<&'static str> {
        let cluster = change("google_container_cluster", &json!(["create"]), &after, &unknown);
        let found = findings(&needs, &plan(&[cluster]));
        found.iter().map(|f| f.effect.map_or_else(|| f.status.as_str(), |e| e.as_str())).collect()
    };
    let auto = |list: &Value| {
        let defaults = json!([{ "oauth_scopes": list }]);
        json!([{ "enabled": true, "auto_provisioning_defaults": defaults }])
    };
    let node = |list: &Value| json!([{ "oauth_scopes": list }]);
    let both = json!({ "node_config": node(&scopes), "cluster_autoscaling": auto(&scopes) });
    assert_eq!(kinds(both, json!({})), ["replaces_cluster", "in_place"]);
    let both = json!({ "node_config": node(&full), "cluster_autoscaling": auto(&scopes) });
    assert_eq!(kinds(both, json!({})), ["ok", "in_place"]);
    let off =
        json!({ "node_config": node(&scopes), "cluster_autoscaling": [{ "enabled": false }] });
    assert_eq!(kinds(off, json!({})), ["replaces_cluster"]);
    let no_defaults = json!([{ "auto_provisioning_defaults": [] }]);
    let profile = json!({ "node_config": node(&scopes), "cluster_autoscaling": no_defaults });
    assert_eq!(kinds(profile, json!({})), ["replaces_cluster"]);
    assert_eq!(kinds(json!({ "cluster_autoscaling": auto(&full) }), json!({})), ["ok"]);
    let removed = json!({ "remove_default_node_pool": true });
    assert!(kinds(removed, json!({ "node_config": true })).is_empty());
    assert_eq!(kinds(json!({ "name": "c" }), json!({ "node_config": true })), ["unknown"]);
    let autopilot = json!({ "enable_autopilot": true });
    assert_eq!(kinds(autopilot, json!({ "node_config": true })), ["ok"]);
}

#[test]
fn only_composer_1_has_the_list() {
    let needs = needs(&[SECRET]);
    let count = |image: &str| {
        let config = json!([{
            "node_config": [{ "oauth_scopes": uris(&["pubsub"]) }],
            "software_config": [{ "image_version": image }],
        }]);
        let after = json!({ "config": config });
        let change = change("google_composer_environment", &json!(["create"]), &after, &json!({}));
        findings(&needs, &plan(&[change])).len()
    };
    assert_eq!(count("composer-1.20.12-airflow-2.4.3"), 1);
    assert_eq!(count("composer-2.9.7-airflow-2.9.3"), 0);
    assert_eq!(count("composer-3-airflow-2.10.2"), 0);
}

#[test]
fn the_default_account_gets_the_narrowest_scopes() {
    let needs = needs(&[PUBLISH, INSERT, DRIVE]);
    let set = |account: Value, unknown: Value| {
        let mut after = json!({ "service_account": [{ "scopes": [] }] });
        after["service_account"][0]["email"] = account;
        let change = change("google_compute_instance", &json!(["create"]), &after, &unknown);
        strings(&finding(&needs, change).set)
    };
    let mut narrow = uris(&["pubsub", "devstorage.read_write", "drive.readonly"]);
    let mut cloud = uris(&["cloud-platform", "drive.readonly"]);
    narrow.sort();
    cloud.sort();
    let sorted = |mut list: Vec<String>| {
        list.sort();
        list
    };
    for default in [json!("1-compute@developer.gserviceaccount.com"), Value::Null, json!("")] {
        assert_eq!(sorted(set(default, json!({}))), narrow);
    }
    let own = json!("app@p.iam.gserviceaccount.com");
    assert_eq!(sorted(set(own, json!({}))), cloud);
    // The account is created by the same plan.
    let new = json!({ "service_account": [{ "email": true }] });
    assert_eq!(sorted(set(Value::Null, new)), cloud);
}

#[test]
fn a_state_is_read_with_all_its_modules() {
    let vm = |address: &str, mode: &str, list: &[&str]| {
        json!({
            "address": address, "mode": mode, "type": "google_compute_instance",
            "values": { "service_account": [{ "email": "", "scopes": uris(list) }] },
        })
    };
    let full = &["cloud-platform"];
    let state = json!({ "format_version": "1.0", "terraform_version": "1.9.0", "values": {
        "root_module": {
            "resources": [
                vm("google_compute_instance.a", "managed", &["pubsub"]),
                vm("data.google_compute_instance.d", "data", &[]),
            ],
            "child_modules": [{
                "address": "module.m",
                "resources": [vm("module.m.google_compute_instance.b", "managed", &["monitoring"])],
                "child_modules": [{
                    "resources": [
                        vm("module.m.module.n.google_compute_instance.c", "managed", full),
                    ],
                }],
            }],
        },
    }});
    let found = findings(&needs(&[PUBLISH]), &state.to_string());
    let found: Vec<(&str, &str)> =
        found.iter().map(|f| (f.address.as_str(), f.status.as_str())).collect();
    assert_eq!(
        found,
        [
            ("google_compute_instance.a", "ok"),
            ("module.m.google_compute_instance.b", "lacking"),
            ("module.m.module.n.google_compute_instance.c", "ok"),
        ]
    );
}

#[test]
fn the_list_to_write_is_enough_for_every_method_of_the_catalog() {
    let path = ["service_account", "scopes"];
    let mut count = 0;
    // A sample of the methods, because the check of all of them takes long.
    for index in (0..).step_by(53) {
        let Some(method) = gcp_scopes_catalog::Catalog::built_in().method_at(index) else { break };
        let needs = NeedsFile::from_methods([method]);
        for email in ["1-compute@developer.gserviceaccount.com", "a@p.iam.gserviceaccount.com"] {
            let after = json!({ "service_account": [{ "email": email, "scopes": ["trace"] }] });
            let vm = change("google_compute_instance", &json!(["create"]), &after, &json!({}));
            let found = finding(&needs, vm);
            if found.status == FindingStatus::Lacking {
                count += 1;
                assert_set_is_enough(&needs, "google_compute_instance", &path, &found.set);
            }
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn unusable_plans_are_errors_that_say_what_was_expected() {
    let needs = needs(&[INSERT]);
    for (text, hint) in [
        ("", "terraform show -json"),
        ("PK\u{3}\u{4}", "binary"),
        ("[]", "terraform show -json"),
        (r#"{"a": 1}"#, "`resource_changes`"),
        (r#"{"version": 4, "terraform_version": "1.9.0", "resources": []}"#, "raw state"),
        ("{\"resource_changes\": [{\"address\": \"a\",\n \"type\": 1}]}", "line 2"),
        (r#"{"resource_changes": [{"address": "a", "type": "b"}]}"#, "`change`"),
    ] {
        let error = needs.check_plan(text.as_bytes(), &mut |_| ()).unwrap_err();
        assert!(error.to_string().contains(hint), "{text}: {error}");
    }
    assert!(findings(&needs, r#"{"format_version": "1.2"}"#).is_empty());
    assert!(ApiMethod::by_id(INSERT).is_ok());
}
