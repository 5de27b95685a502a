//! Tests of `gcp-scopes explain` with texts that contain several calls or refusals, or whose
//! arguments contradict the text. All names of resources are invented.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[path = "support/command.rs"]
mod command;

use serde_json::{Value, json};

/// Google's message about a token that lacks a scope.
const SCOPES: &str = "Error 403: Request had insufficient authentication scopes.";
const DRIVE_URL: &str = "https://www.googleapis.com/drive/v3/files";

/// Explains an input with `--format json`, which must succeed.
fn explain(args: &[&str], input: &str) -> Value {
    let (code, out, err) =
        command::run(&[&["explain", "--format=json"], args].concat(), input.as_bytes());
    assert_eq!(code, 0, "{err}");
    serde_json::from_str(&out).unwrap()
}

/// Explains a text with `--jsonl`.
fn explain_line(text: &str) -> Value {
    let line =
        json!({"transport": "text", "status": null, "headers": {}, "body": text}).to_string();
    let (code, out, err) = command::run(&["explain", "--jsonl"], line.as_bytes());
    assert_eq!((code, err.as_str()), (0, ""));
    serde_json::from_str(&out).unwrap()
}

fn commands(explanation: &Value) -> Vec<&str> {
    let steps = explanation["steps"].as_array().unwrap();
    steps.iter().filter_map(|step| step["command"].as_str()).collect()
}

#[test]
fn a_log_in_a_line_of_jsonl_is_read_like_a_file() {
    let storage = "GET https://storage.googleapis.com/storage/v1/b/kites";
    let logs = [
        format!(
            "10:00:00 DEBUG GET https://pubsub.googleapis.com/v1/projects/p/topics 200\n10:00:01 \
             DEBUG {storage}\n10:00:02 ERROR db: permission denied for table kites\n10:00:03 \
             ERROR {SCOPES}\n"
        ),
        [
            json!({"msg": storage, "labels": {"compute.googleapis.com/resource_name": "web 1"}}),
            json!({"msg": "Error 401: Invalid Credentials, retrying"}),
            json!({"msg": SCOPES}),
        ]
        .map(|record| record.to_string())
        .join("\n"),
    ];
    for log in logs {
        for explanation in [explain_line(&log), explain(&[], &log)] {
            assert_eq!(explanation["gate"], "scope", "{log}");
            assert_eq!(explanation["certainty"], "certain", "{log}");
            assert_eq!(explanation["method"], "storage.buckets.get", "{log}{explanation}");
        }
    }
}

/// The logs of `logs.txt`, which explains their form.
#[test]
fn logs_of_programs_have_the_right_gate_call_and_quote() {
    let logs = include_str!("logs.txt").split("\n=== ").skip(1);
    for (head, log) in logs.filter_map(|part| part.split_once('\n')) {
        let fields: Vec<&str> = head.split('|').map(str::trim).collect();
        let [name, gate, call, quote] = fields[..] else { panic!("{head}") };
        let args = ["explain", "--format=json", "--verbose"];
        let (code, out, err) = command::run(&args, log.as_bytes());
        assert_eq!(code, i32::from(gate == "none"), "{name}: {out}{err}");
        let explanation: Value = serde_json::from_str(&out).unwrap();
        if gate == "none" {
            continue;
        }
        assert_eq!(explanation["gate"], gate, "{name}: {out}");
        let found = explanation["method"].as_str().or_else(|| explanation["service"].as_str());
        let expected = (call != "none").then_some(call).filter(|call| *call != "?");
        assert_eq!(found, expected, "{name}: {out}");
        let report = explanation["report"].as_str().unwrap();
        let words: Vec<&str> = report.split_whitespace().collect();
        assert!(words.join(" ").contains(quote), "{name}: {report}");
    }
}

#[test]
fn a_text_that_grpc_clients_print_is_read_as_a_text() {
    let printed = format!("Failed to export spans: \"{SCOPES}\". error_class=Kite");
    let line =
        json!({"transport": "grpc", "status": null, "headers": {}, "body": printed}).to_string();
    let (_, out, _) = command::run(&["explain", "--jsonl"], line.as_bytes());
    assert!(out.contains(r#""gate":"scope","certainty":"certain""#), "{out}");
}

#[test]
fn candidates_are_named_with_what_is_enough_for_all_of_them() {
    let explanation =
        explain(&[], &format!("<HttpError 403 when requesting {DRIVE_URL} returned \"{SCOPES}\">"));
    assert_eq!(explanation["candidates"], json!(["drive.files.list", "drive.files.create"]));
    assert_eq!(explanation["method"], Value::Null);
    let accepted = explanation["accepted"].as_array().unwrap();
    assert!(
        accepted.iter().all(|scope| !scope.as_str().unwrap().ends_with("readonly")),
        "{accepted:?}"
    );
    let report = explanation["report"].as_str().unwrap();
    assert!(
        report.starts_with("The text does not show which method was called: drive.files.list,"),
        "{report}"
    );

    let known = explain(&[], &format!("GET {DRIVE_URL}: {SCOPES}"));
    assert_eq!((&known["candidates"], &known["notes"]), (&json!([]), &json!([])));
}

#[test]
fn a_contradiction_between_arguments_and_text_comes_first() {
    let call = ["--call", "storage.objects.get"];
    let explanation = explain(&call, &format!("GET {DRIVE_URL}: {SCOPES}"));
    assert_eq!(explanation["method"], "drive.files.list");
    let report = explanation["report"].as_str().unwrap();
    assert!(report.starts_with(
        "--call names another call than this answer, which is about drive.files.list"
    ));
    let agreeing = explain(&["--call", "drive.files.list"], &format!("GET {DRIVE_URL}: {SCOPES}"));
    assert_eq!(agreeing["notes"], json!([]));

    let held = ["--held", "drive", "--on", "gce"];
    let explanation = explain(&held, &format!("GET {DRIVE_URL}: {SCOPES}"));
    let report = explanation["report"].as_str().unwrap();
    assert!(report.starts_with("A scope of --held would be enough for this call"), "{report}");
    assert_eq!(commands(&explanation)[0], "gcp-scopes whoami");
}

#[test]
fn refusals_by_others_lead_to_no_command_of_google() {
    for (text, gate, start) in [
        (
            "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: s3:PutObject",
            "other",
            "The call was refused by AWS, not by Google.",
        ),
        (
            r#"{"error":"insufficient_scope","scope":"api read_api"}"#,
            "other",
            "The call was refused by GitLab, not by Google.",
        ),
        (
            concat!(
                r#"User "system:serviceaccount:kite:app" cannot list resource "pods" in API "#,
                r#"group "" in the namespace "kite""#,
            ),
            "iam",
            "Probably the access control of Kubernetes (RBAC) refused this call.",
        ),
        (
            "(Dry Run Mode) Request is prohibited by organization's policy.",
            "vpc_sc",
            "Nothing was refused: ",
        ),
        (
            "Specified permissions are not sufficient to call DriveApp.getFiles.",
            "scope",
            "The call was refused",
        ),
    ] {
        let explanation = explain(&[], text);
        assert_eq!(explanation["gate"], gate, "{text}");
        assert!(explanation["report"].as_str().unwrap().starts_with(start), "{explanation}");
        let commands = commands(&explanation);
        assert!(
            commands.iter().all(|command| !command.starts_with("gcloud")),
            "{text}: {commands:?}"
        );
    }
    let rbac = explain(
        &[],
        r#"User "ann" cannot get resource "pods" in API group "" in the namespace "kite""#,
    );
    let text = rbac["steps"][0]["text"].as_str().unwrap();
    assert!(text.contains("Role ") && text.contains("RoleBinding"), "{text}");
}

#[test]
fn a_record_of_cloud_logging_shows_where_the_call_was_made() {
    let record = |resource: Value| {
        let text = "Error 403: Provided scope(s) are not authorized";
        let labels = json!({"compute.googleapis.com/resource_name": "web-1"});
        json!({"textPayload": text, "resource": resource, "labels": labels}).to_string()
    };
    let vm = record(json!({
        "type": "gce_instance",
        "labels": {"project_id": "blue-kite-7", "zone": "us-east1-b"},
    }));
    let stop = "gcloud compute instances stop web-1 --zone=us-east1-b --project=blue-kite-7";
    let stops =
        |explanation: &Value| commands(explanation).iter().any(|command| command.contains(stop));
    assert!(stops(&explain(&[], &vm)), "{vm}");
    // An argument takes precedence, and a name that a shell would interpret is not used.
    let elsewhere = explain(&["--on", "user-adc"], &vm);
    assert!(!stops(&elsewhere), "{elsewhere}");
    let unsafe_vm = explain(&[], &vm.replace("web-1", "$(reboot)"));
    assert!(commands(&unsafe_vm).iter().all(|command| !command.contains("reboot")), "{unsafe_vm}");
    // An audit record names the resource of the call instead.
    let audit = vm.replacen("textPayload", "protoPayload", 1);
    assert!(!stops(&explain(&[], &audit)), "{audit}");
    let service = record(json!({"type": "cloud_run_revision", "labels": {"service_name": "kite"}}));
    let report = explain(&["--verbose"], &service)["report"].as_str().unwrap().to_owned();
    assert!(
        report.contains("a Cloud Run service") && report.contains("list of scopes out"),
        "{report}"
    );
}

#[test]
fn a_record_of_a_container_shows_its_cluster_but_not_its_account() {
    let record = json!({"textPayload": SCOPES, "resource": {"type": "k8s_container", "labels": {
        "project_id": "blue-kite-7", "location": "us-east1", "cluster_name": "prod"}}});
    let explanation = explain(&[], &record.to_string());
    assert_eq!(explanation["project"], "blue-kite-7");
    assert_eq!(
        (&explanation["location"], &explanation["name"]),
        (&json!("us-east1"), &json!("prod"))
    );
    assert_eq!(explanation["runs_on"], "unknown");
}

/// The other fields of an audit record show whether its message is one of a refusal.
#[test]
fn the_message_of_an_audit_record_does_not_decide_alone() {
    let message = "Request is prohibited by organization's policy. \
                   vpcServiceControlsUniqueIdentifier: aB3dE5fG7hI9jK1lM3nO5";
    let record = |dry_run: bool| {
        json!({"protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "status": {"code": 7, "message": message},
            "serviceName": "storage.googleapis.com",
            "metadata": {"dryRun": dry_run}}})
        .to_string()
    };
    let report = |dry_run| explain(&[], &record(dry_run))["report"].as_str().unwrap().to_owned();
    assert!(report(true).starts_with("Nothing was refused"), "{}", report(true));
    assert!(!report(false).contains("Nothing was refused"), "{}", report(false));
}

/// The warnings and the error of one command of gcloud belong together.
#[test]
fn the_output_of_a_command_of_gcloud_is_one_text() {
    let output = format!(
        "WARNING: Some requests did not succeed.\n - {SCOPES}\n\nListed 0 items.\nERROR: \
         (gcloud.compute.networks.list) Some requests did not succeed:\n - {SCOPES}\n"
    );
    let explanation = explain(&[], &output);
    assert_eq!(explanation["service"], "compute.googleapis.com", "{explanation}");
    assert_eq!(explanation["candidates"], json!(["compute.networks.list"]));
}

#[test]
fn a_method_without_an_id_is_named_by_its_rpc() {
    let text = format!("/google.bigtable.v2.Bigtable/MutateRows: {SCOPES}");
    assert_eq!(explain(&[], &text)["method"], "google.bigtable.v2.Bigtable.MutateRows");
}

/// kubelet and Docker pull images with the account of the machine, so an identity of a pod does not
/// help, and nothing is changed before the scopes are known.
#[test]
fn a_refusal_by_a_registry_leads_to_the_scopes_of_the_machine_first() {
    let text = "failed to pull image \"gcr.io/kite/a:1\": 403 Forbidden";
    let node_pool = ["--on", "gke-node", "--cluster", "prod", "--region", "us-east1"];
    for (args, first) in [
        (&node_pool[..], "gcloud container node-pools describe NODE_POOL --cluster=prod "),
        (&["--on", "gke-workload-identity"], "gcloud container node-pools describe NODE_POOL "),
        (&["--on", "gce", "--instance", "web-1"], "gcloud compute instances describe web-1 "),
        (&["--on", "gcloud-user"], "gcloud auth configure-docker REGISTRY_HOST"),
        (&[], "gcloud auth configure-docker REGISTRY_HOST"),
    ] {
        let explanation = explain(args, text);
        let commands = commands(&explanation);
        assert!(commands[0].starts_with(first), "{args:?}: {commands:?}");
        let harmless = ["describe", "configure-docker"];
        assert!(
            commands.iter().all(|command| harmless.iter().any(|word| command.contains(word))),
            "{commands:?}"
        );
        assert!(
            !explanation["report"].as_str().unwrap().contains("not the reason"),
            "{explanation}"
        );
    }
    let gke = "Error 400: Private_registry_access_config requires scope 'cloud-platform' in order \
               to pull.";
    let explanation = explain(&node_pool, gke);
    assert_eq!(explanation["accepted"], json!(["https://www.googleapis.com/auth/cloud-platform"]));
    assert!(commands(&explanation)[0].starts_with("gcloud container node-pools describe "));
}

#[test]
fn labels_of_a_record_are_not_read() {
    let labels = json!({"note": "Error 403: Rate Limit Exceeded"});
    let record = json!({"textPayload": SCOPES, "labels": labels, "resource": {"labels": labels}});
    assert_eq!(explain(&[], &record.to_string())["gate"], "scope");
}

#[test]
fn a_response_outranks_what_was_retried_in_the_same_record() {
    let record = json!({"attempts": ["Error 401: Invalid Credentials", SCOPES]});
    assert_eq!(explain(&[], &record.to_string())["gate"], "scope");
}

#[test]
fn the_last_of_very_many_refusals_is_read() {
    let long = "x".repeat(4 << 10);
    let mut log = String::new();
    for number in 0..300 {
        let message = format!("Error 429: Rate Limit Exceeded, request {number} {long}");
        let id = if number % 2 == 0 { "drive.files.list" } else { "gmail.users.getProfile" };
        log += &json!({"message": message, "call": id}).to_string();
        log.push('\n');
        log += &json!({"message": "Error 401: Invalid Credentials"}).to_string();
        log.push('\n');
    }
    log += &json!({"message": SCOPES}).to_string();
    assert_eq!(explain(&[], &log)["gate"], "scope");
}

#[test]
fn in_a_long_text_the_call_is_before_the_refusal() {
    let filler = "nothing of note happens here\n".repeat(4000);
    let text = format!(
        "{filler}GET https://storage.googleapis.com/storage/v1/b/kites\n{SCOPES}\n\
         {filler}GET {DRIVE_URL}\n"
    );
    assert_eq!(explain(&[], &text)["method"], "storage.buckets.get");
}

/// Returns a log of more than a megabyte, of which the command has a part in memory at a time. Of
/// 4,000 records, one before the last hundred is `record`.
fn long_log(filler: &str, record: &str, separator: &str) -> String {
    let mut records = vec![filler; 4000];
    records[3900] = record;
    records.join(separator)
}

#[test]
fn a_log_of_any_form_and_size_is_read() {
    let long = "nothing of note happens here ".repeat(10);
    let record = |message: &str| json!({"severity": "INFO", "jsonPayload": {"message": message}});
    let pretty = |message: &str| serde_json::to_string_pretty(&record(message)).unwrap();
    let refused = format!("GET https://storage.googleapis.com/storage/v1/b/kites: {SCOPES}");
    let yaml = |message: &str| {
        format!("insertId: a\njsonPayload:\n  message: |-\n    {message}\nlogName: b")
    };
    let line = |message: &str| format!("10:00:00 INFO {message}");
    let (json, first) = (record(&long).to_string(), format!("10:00:00 ERROR {refused}"));
    let logs = [
        (long_log(&json, &record(&refused).to_string(), "\n"), "record 3901"),
        (format!("[{}]", long_log(&json, &record(&refused).to_string(), ",")), "record 3901"),
        (format!("[\n{}\n]", long_log(&pretty(&long), &pretty(&refused), ",\n")), "record 3901"),
        (format!("---\n{}", long_log(&yaml(&long), &yaml(&refused), "\n---\n")), "record 3901"),
        (long_log(&line(&long), &first, "\n"), "line 3901"),
        // Text between JSON, and an answer of the Logging API, which is one object.
        (format!("{json}\nstarting\n{}", long_log(&json, &first, "\n")), "line 3903"),
        (format!("{{\"entries\":[{}]}}", long_log(&json, &record(&refused).to_string(), ",")), ""),
        (long_log(&format!("{long}\n"), &refused, "\n"), ""),
    ];
    for (log, name) in logs {
        let start: String = log.chars().take(60).collect();
        assert!(log.len() > 1 << 20, "{start}");
        let all = explain(&["--all"], &log);
        let refusal = &all["refusals"][0];
        assert_eq!(refusal["certainty"], "certain", "{start}");
        assert_eq!(refusal["method"], "storage.buckets.get", "{start}");
        assert_eq!(refusal["count"], 1, "{start}");
        assert!(refusal["first"].as_str().unwrap().ends_with(name), "{start}: {refusal}");
    }
}

#[test]
fn the_call_is_in_the_record_before_the_refusal_in_a_long_log() {
    let record = |message: &str| json!({"message": message}).to_string();
    let filler = record(&"nothing of note happens here ".repeat(10));
    let [get, refused] =
        ["GET https://storage.googleapis.com/storage/v1/b/kites", SCOPES].map(record);
    let log = long_log(&filler, &format!("{get}\n{filler}\n{refused}"), "\n");
    assert_eq!(explain(&[], &log)["method"], "storage.buckets.get");
}

#[test]
fn each_refusal_is_explained_once_with_its_count_and_one_change_for_all() {
    let record = |message: String| {
        json!({"textPayload": message, "resource": {
        "type": "gce_instance", "labels": {"project_id": "blue-kite-7", "zone": "us-east1-b"}},
        "labels": {"compute.googleapis.com/resource_name": "web-1"}})
        .to_string()
    };
    let storage =
        |n: u32| record(format!("GET https://storage.googleapis.com/storage/v1/b/{n}: {SCOPES}"));
    let pubsub = || {
        let url = "https://pubsub.googleapis.com/v1/projects/blue-kite-7/topics";
        record(format!("GET {url}: {SCOPES}"))
    };
    let iam =
        record("Error 403: Permission 'kite.trees.shake' denied on resource '//x'".to_owned());
    let few = [storage(1), iam.clone(), storage(2), pubsub(), storage(3)].join("\n");
    let many: String = (0..9000).map(|n| storage(n) + "\n").collect();
    let many = format!("{many}{iam}\n{}", pubsub());
    for (log, count) in [(few, 3), (many, 9000)] {
        let all = explain(&["--all"], &log);
        let refusals = all["refusals"].as_array().unwrap();
        let counts: Vec<_> = refusals.iter().map(|refusal| &refusal["count"]).collect();
        assert_eq!(counts, [count, 1, 1]);
        assert_eq!(refusals[0]["method"], "storage.buckets.get");
        let gates: Vec<_> = refusals.iter().map(|refusal| &refusal["gate"]).collect();
        assert_eq!(gates.iter().filter(|gate| **gate == "scope").count(), 2, "{gates:?}");
        assert_eq!(all["together"]["accepted"].as_array().unwrap().len(), 2);
        // The place is that of the records.
        let option = all["together"]["options"][0].to_string();
        assert!(option.contains("instances stop web-1"), "{option}");
    }
    // Only Cloud Storage has the second sentence.
    let two = format!("{SCOPES}\nError 403: Provided scope(s) are not authorized\n{SCOPES}");
    assert_eq!(explain(&["--all"], &two)["refusals"].as_array().unwrap().len(), 2);
    let (code, out, _) =
        command::run(&["explain", "--all"], format!("{SCOPES}\n{SCOPES}").as_bytes());
    assert_eq!(code, 0);
    assert!(out.starts_with("Refusal 1 of 1, in line 1 and 1 other record:"), "{out}");
    let (code, out, _) = command::run(&["explain", "--all"], b"all is well");
    assert_eq!(
        (code, out.contains("The input contains no refusal of a call by Google")),
        (1, true)
    );
}

/// The forms are those of the collector's file exporter, and of an exporter to a console.
#[test]
fn spans_and_log_records_of_opentelemetry_are_read() {
    let attribute = |key: &str, text: &str| json!({"key": key, "value": {"stringValue": text}});
    let resource = json!({"attributes": [
        attribute("cloud.platform", "gcp_compute_engine"),
        attribute("cloud.account.id", "blue-kite-7"),
        attribute("cloud.availability_zone", "us-east1-b"),
        attribute("host.name", "web-1"),
    ]});
    let span = |message: &str, attributes: Value| {
        json!({"resourceSpans": [{
            "resource": resource,
            "scopeSpans": [{"spans": [
                {"name": "ok", "status": {}},
                {
                    "name": "call",
                    "attributes": attributes,
                    "status": {"code": 2, "message": message},
                },
            ]}],
        }]})
    };
    let rpc = json!([
        attribute("rpc.service", "google.pubsub.v1.Publisher"),
        attribute("rpc.method", "Publish"),
    ]);
    let url = "https://storage.googleapis.com/storage/v1/b/kites";
    let http = json!([attribute("url.full", url), attribute("http.request.method", "GET")]);
    let body = json!({"stringValue": format!("GET {url}: {SCOPES}")});
    let log = json!({"resourceLogs": [{
        "resource": resource, "scopeLogs": [{"logRecords": [{"body": body}]}],
    }]});
    for (record, method) in [
        (span(SCOPES, rpc), "pubsub.projects.topics.publish"),
        (span(SCOPES, http), "storage.buckets.get"),
        (log, "storage.buckets.get"),
    ] {
        let explanation = explain(&[], &record.to_string());
        assert_eq!(explanation["gate"], "scope", "{record}");
        assert_eq!(explanation["method"], method, "{record}");
        let commands = commands(&explanation);
        assert!(commands.iter().any(|command| command.contains("stop web-1")), "{commands:?}");
    }
    let console = json!({
        "name": "/google.pubsub.v1.Publisher/Publish",
        "status": {"status_code": "ERROR", "description": format!("PermissionDenied: {SCOPES}")},
        "resource": {"attributes": {"cloud.platform": "gcp_cloud_run", "faas.name": "kite"}},
    });
    let explanation = explain(&[], &serde_json::to_string_pretty(&console).unwrap());
    assert_eq!(explanation["method"], "pubsub.projects.topics.publish");
}

#[test]
fn a_refusal_by_cloud_storage_can_be_mended_with_cloud_platform() {
    let explanation =
        explain(&["--on=gce"], "AccessDeniedException: 403 Provided scope(s) are not authorized");
    let scope = |name: &str| format!("https://www.googleapis.com/auth/{name}");
    let expected = json!([scope("cloud-platform"), scope("devstorage.full_control")]);
    assert_eq!(explanation["accepted"], expected, "{explanation}");
    let text = explanation.to_string();
    assert!(!text.contains("does not cover this API"), "{text}");
}

#[test]
fn commands_name_the_account_and_the_bucket_of_an_audit_record() {
    let record = json!({"protoPayload": {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "status": {"code": 7, "message": "Permission denied on resource (or it may not exist)."},
        "authenticationInfo": {"principalEmail": "runner@blue-kite-7.iam.gserviceaccount.com"},
        "serviceName": "storage.googleapis.com",
        "methodName": "storage.objects.create",
        "resourceName": "projects/_/buckets/kite-photos/objects/x",
        "authorizationInfo": [{"permission": "storage.objects.create"}]}});
    let explanation = explain(&["--on=gce"], &record.to_string());
    let expected = "gcloud storage buckets add-iam-policy-binding gs://kite-photos \
                    --member=serviceAccount:runner@blue-kite-7.iam.gserviceaccount.com \
                    --role=roles/storage.objectCreator";
    assert_eq!(commands(&explanation), [expected]);
}

#[test]
fn a_permission_in_small_letters_has_a_role() {
    let text = "Permission 'iam.serviceaccounts.actAs' denied on service account \
                kites@blue-kite-7.iam.gserviceaccount.com (or it may not exist).";
    let explanation = explain(&[], text);
    assert!(commands(&explanation)[0].contains("--role=roles/iam.serviceAccountUser"));
}

#[test]
fn a_pod_that_gets_no_token_may_not_act_as_its_account() {
    let text = "compute: Received 403 `Unable to generate access token; IAM returned 403 \
                Forbidden: The caller does not have permission`";
    let explanation = explain(&["--on=gke-workload-identity"], text);
    assert!(commands(&explanation)[0].contains("--role=roles/iam.workloadIdentityUser"));
}

/// What Google's libraries print if the metadata server answers 404 for the token. Sources:
/// <https://github.com/googleapis/google-auth-library-python/issues/715> and
/// <https://github.com/googleapis/google-auth-library-python/issues/287> for Python,
/// <https://github.com/googleapis/google-cloud-java/issues/2453> for Java; `metadata.go` of
/// google-cloud-go and `computeclient.ts` of google-auth-library-nodejs.
const NO_TOKEN: [&str; 6] = [
    "google.auth.exceptions.RefreshError: ('Failed to retrieve \
     http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/\
     ?recursive=true from the Google Compute Engine metadata service. Status: 404 \
     Response:\\nb\'<!DOCTYPE html>\'', ...)",
    "RefreshError: ('Failed to retrieve \
     http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token \
     from the Google Compute Enginemetadata service. Status: 404 Response:\\nb\'\"No service \
     account scopes specified.\"\'', ...)",
    "com.google.cloud.storage.StorageException: Error code 404 trying to get security access token \
     from Compute Engine metadata for the default service account. This may be because the virtual \
     machine instance does not have permission scopes specified.",
    "Error: Could not refresh access token: A Not Found error was returned while attempting to \
     retrieve an accesstoken for the Compute Engine built-in service account. This may be because \
     the Compute Engine instance does not have any permission scopes specified: Could not refresh \
     access token: Unsuccessful response status code. Request failed with status code 404",
    "Get \"https://storage.googleapis.com/storage/v1/b/kites\": metadata: GCE metadata \
     \"instance/service-accounts/default/token\
     ?scopes=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform\" \
     not defined",
    "credentials: cannot fetch token: metadata: GCE metadata \
     \"instance/service-accounts/default/token\" not defined",
];

#[test]
fn a_vm_without_an_account_is_recognized_in_the_words_of_each_library() {
    let vm = ["--on=gce", "--instance=web-1", "--zone=us-central1-a", "--project=my-project"];
    for text in NO_TOKEN {
        let explanation = explain(&vm, text);
        assert_eq!(explanation["gate"], "credentials", "{text}: {explanation}");
        let commands = commands(&explanation).join("\n");
        let set = "set-service-account web-1 --zone=us-central1-a --project=my-project \
                   --service-account=";
        assert!(
            commands.contains(set) && commands.contains("--scopes=cloud-platform"),
            "{commands}"
        );
        // A tool that owns the VM makes the change, and a group changes all its VMs.
        let owned = explain(&[&vm[..], &["--managed-by=terraform"]].concat(), text);
        assert!(!self::commands(&owned).join("\n").contains("set-service-account"), "{owned}");
        assert!(owned.to_string().contains("google_service_account"), "{owned}");
        let group = explain(&["--on=mig", "--project=my-project"], text).to_string();
        assert!(group.contains("instance-templates create"), "{group}");
        assert!(!group.contains("set-service-account"), "{group}");
    }
}
