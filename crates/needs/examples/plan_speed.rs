//! Measures how long it takes to compare a Terraform plan with a needs file:
//!
//! ```text
//! cargo run --release -p gcp-scopes-needs --example plan_speed
//! ```
//!
//! The plan has 5,000 resources in modules: VMs, templates and node pools that lack a scope or fit,
//! services of Cloud Run, and buckets.

use std::io::Write as _;
use std::time::Instant;

use gcp_scopes_needs::NeedsFile;
use gcp_scopes_needs::format::{FindingFormat, FindingsWriter};
use serde_json::{Value, json};

const RESOURCES: usize = 5_000;

const NEEDS: &str = r#"{"needs": [
    {"method": "storage.objects.insert"}, {"method": "pubsub.projects.topics.publish"},
    {"method": "bigquery.jobs.query"}, {"method": "secretmanager.projects.secrets.versions.access"}
]}"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let changes: Vec<Value> = (0..RESOURCES).map(change).collect();
    let plan = json!({ "format_version": "1.2", "resource_changes": changes }).to_string();
    let mut times = Vec::new();
    for _ in 0..7 {
        let begun = Instant::now();
        let (mut out, mut findings) = (Vec::new(), Vec::new());
        let needs = NeedsFile::parse(NEEDS)?;
        let summary = needs.check_plan(plan.as_bytes(), &mut |finding| findings.push(finding))?;
        let mut writer = FindingsWriter::new(&mut out, FindingFormat::Json, "plan.json");
        findings.iter().try_for_each(|finding| writer.write(finding))?;
        writer.finish(&summary)?;
        times.push((begun.elapsed(), findings.len(), out.len()));
    }
    times.sort_unstable();
    let (least, findings, _) = times[0];
    writeln!(
        std::io::stdout(),
        "{RESOURCES} resources, {} KB: {findings} findings in {} to {} ms",
        plan.len() / 1000,
        least.as_millis(),
        times[times.len() - 1].0.as_millis()
    )?;
    Ok(())
}

/// Returns the change of one resource.
fn change(index: usize) -> Value {
    let uri = |name: &str| format!("https://www.googleapis.com/auth/{name}");
    let account = |scopes: Value| {
        let email = "app@my-project.iam.gserviceaccount.com";
        json!({ "name": format!("m-{index}"), "service_account": [
            { "email": email, "scopes": scopes }
        ] })
    };
    let (kind, after) = match index % 5 {
        0 => ("google_compute_instance", account(json!([uri("pubsub"), uri("logging.write")]))),
        1 => ("google_compute_instance_template", account(json!(["storage-ro", "monitoring"]))),
        2 => (
            "google_container_node_pool",
            json!({ "node_config": [{ "oauth_scopes": [uri("cloud-platform")] }] }),
        ),
        3 => ("google_cloud_run_v2_service", json!({ "name": format!("s-{index}") })),
        _ => ("google_storage_bucket", json!({ "name": format!("b-{index}") })),
    };
    json!({
        "address": format!("module.app[{index}].{kind}.it"),
        "mode": "managed",
        "type": kind,
        "change": { "actions": ["create"], "after": after, "after_unknown": {} },
    })
}
