//! The formats for programs.

use gcp_scopes_needs::format::{FindingFormat, FindingsWriter};
use serde_json::{Value, json};

use crate::support::{change, needs, plan, uris};

/// Writes the findings about three VMs: one that lacks a scope, one without account, one that fits.
fn written(format: FindingFormat, address: &str) -> String {
    let vm = |name: &str, account: Value| {
        let after = json!({ "service_account": account });
        let mut vm = change("google_compute_instance", &json!(["create"]), &after, &json!({}));
        vm["address"] = json!(name);
        vm
    };
    let scopes = |names: &[&str]| json!([{ "email": "", "scopes": uris(names) }]);
    let run = json!({ "address": "r", "mode": "managed", "type": "google_cloud_run_v2_service",
        "change": { "actions": ["create"], "after": {}, "after_unknown": {} } });
    let plan = plan(&[
        vm(address, scopes(&["monitoring"])),
        vm("none", json!([])),
        vm("fits", scopes(&["pubsub"])),
        run,
    ]);
    let (mut out, mut findings) = (Vec::new(), Vec::new());
    let needs = needs(&["pubsub.projects.topics.publish"]);
    let summary = needs.check_plan(plan.as_bytes(), &mut |f| findings.push(f)).unwrap();
    let mut writer = FindingsWriter::new(&mut out, format, "out/plan 1.json");
    findings.iter().for_each(|finding| writer.write(finding).unwrap());
    writer.finish(&summary).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn json_has_the_documented_keys() {
    let value: Value = serde_json::from_str(&written(FindingFormat::Json, "vm")).unwrap();
    assert_eq!(value["schema"], "gcp-scopes/plan/1");
    assert_eq!(value["always_cloud_platform"], 1);
    let lacking = &value["findings"][0];
    let keys: Vec<&String> = lacking.as_object().unwrap().keys().collect();
    // `serde_json` sorts the keys.
    let expected = ["address", "effect", "granted", "lacking", "note", "set", "status", "type"];
    assert_eq!(keys, expected);
    assert_eq!(lacking["lacking"], json!(["pubsub.projects.topics.publish"]));
    assert_eq!(lacking["set"], json!(uris(&["monitoring", "pubsub"])));
    let fits = &value["findings"][2];
    assert_eq!((&fits["status"], &fits["lacking"]), (&json!("ok"), &json!([])));
    assert!(fits.get("set").is_none() && fits.get("effect").is_none());
}

#[test]
fn sarif_has_one_result_a_finding_that_does_not_fit() {
    let value: Value = serde_json::from_str(&written(FindingFormat::Sarif, "vm")).unwrap();
    assert_eq!(value["version"], "2.1.0");
    let run = &value["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    for result in results {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "out/plan%201.json");
        assert!(result["message"]["text"].as_str().unwrap().len() > 20);
    }
}

#[test]
fn workflow_commands_are_escaped() {
    let address = "module.a[\"x,y:z%\r\n::error::\"].google_compute_instance.vm";
    let text = written(FindingFormat::Github, address);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    let title = "title=OAuth scopes of module.a[\"x%2Cy%3Az%25%0D%0A%3A%3Aerror%3A%3A\"]";
    assert!(lines[0].starts_with("::error file=out/plan 1.json,title="), "{text}");
    assert!(lines[0].contains(title), "{text}");
    assert!(lines.iter().all(|line| line.starts_with("::error ")));
}
