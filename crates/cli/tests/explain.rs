//! Tests of `gcp-scopes explain`, run as a program.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[path = "support/command.rs"]
mod command;

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// Google's message about a token that lacks a scope.
const SCOPES: &str = "Request had insufficient authentication scopes.";

fn run(args: &[&str], input: &[u8]) -> (i32, String, String) {
    command::run(&[&["explain"], args].concat(), input)
}

/// Runs `--jsonl` on these responses and returns the explanations.
fn explain_lines(lines: &[Value]) -> Vec<Value> {
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let (code, out, err) = run(&["--jsonl"], input.as_bytes());
    assert_eq!((code, err.as_str()), (0, ""));
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Returns a line of `--jsonl` for an HTTP response.
fn http(status: u16, body: &Value) -> Value {
    json!({"transport": "http", "status": status, "headers": {}, "body": body.to_string()})
}

/// Returns a line of `--jsonl` for a text.
fn text(body: &str) -> Value {
    json!({"transport": "text", "status": null, "headers": {}, "body": body})
}

/// Returns the body of an error with a `google.rpc.ErrorInfo`.
fn info(reason: &str, message: &str, service: &str, method: &str) -> Value {
    json!({"error": {"code": 403, "message": message, "status": "PERMISSION_DENIED", "details": [{
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": service, "method": method, "consumer": "projects/445566778899"}}]}})
}

/// Returns the body of an error of the older form, with a one-word reason.
fn error(code: u16, message: &str, reason: &str) -> Value {
    let errors = json!([{"reason": reason, "message": message}]);
    json!({"error": {"code": code, "message": message, "errors": errors}})
}

/// Returns pairs of a gate and a refusal by that gate: at least one refusal for every gate, and for
/// every kind of step.
fn refusals() -> Vec<(&'static str, Value)> {
    let denied = "Permission 'secretmanager.versions.access' denied on resource \
                  'projects/my-project/secrets/s'";
    vec![
        (
            "scope",
            http(
                403,
                &info(
                    "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                    SCOPES,
                    "drive.googleapis.com",
                    "google.apps.drive.v3.DriveFiles.List",
                ),
            ),
        ),
        ("scope", text("BigQuery: Permission denied while getting Drive credentials.")),
        (
            "scope",
            http(403, &error(403, "Metadata scope does not support 'q' parameter", "forbidden")),
        ),
        ("iam", text(&format!("{denied} (or it may not exist)."))),
        (
            "iam",
            http(
                403,
                &error(403, "Required 'frobnicate.widgets.list' permission for 'x'", "forbidden"),
            ),
        ),
        (
            "iam",
            text("rpc error: code = PermissionDenied desc = The caller does not have permission"),
        ),
        ("iam", text("7 PERMISSION_DENIED: Missing or insufficient permissions.")),
        (
            "iam",
            text(
                "Error: Forbidden. Your client does not have permission to get URL /x from this \
                 server.",
            ),
        ),
        (
            "iam",
            text(
                "a@my-project.iam.gserviceaccount.com does not have storage.objects.get access to \
                 projects/_/buckets/my-bucket/objects/o.",
            ),
        ),
        (
            "iam",
            text(
                "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may \
                 not exist).",
            ),
        ),
        (
            "iam",
            text(
                "Permission 'pubsub.topics.publish' denied on resource \
                 projects/my-project/topics/t",
            ),
        ),
        (
            "iam",
            text(
                "Permission 'cloudkms.cryptoKeyVersions.useToDecrypt' denied on resource \
                 projects/my-project",
            ),
        ),
        (
            "iam",
            text(
                "Permission 'pubsub.subscriptions.consume' denied on resource projects/my-project",
            ),
        ),
        (
            "service_disabled",
            http(
                403,
                &info("SERVICE_DISABLED", "It is disabled.", "translate.googleapis.com", "x.Y.Z"),
            ),
        ),
        (
            "service_disabled",
            text(
                "Error 403: Drive API has not been used in project 445566778899 before or it is \
                 disabled.",
            ),
        ),
        (
            "billing",
            text("This API method requires billing to be enabled on project my-project-1."),
        ),
        (
            "vpc_sc",
            text(
                "Request is prohibited by organization's policy. \
                 vpcServiceControlsUniqueIdentifier: aB3xK9w2VdGf1l8aQ7",
            ),
        ),
        ("vpc_sc", text("PERMISSION_DENIED: blocked by VPC Service Controls")),
        (
            "org_policy",
            http(
                412,
                &error(
                    412,
                    "Constraint constraints/compute.vmExternalIpAccess violated for project \
                     projects/my-project.",
                    "conditionNotMet",
                ),
            ),
        ),
        (
            "org_policy",
            http(
                403,
                &error(
                    403,
                    "The domain policy has disabled third-party Drive apps",
                    "domainPolicy",
                ),
            ),
        ),
        (
            "org_policy",
            text("One or more users named in the policy do not belong to a permitted customer."),
        ),
        ("rate_limit", http(429, &error(429, "Rate Limit Exceeded", "rateLimitExceeded"))),
        (
            "quota_project",
            text(
                "403 The translate.googleapis.com API requires a quota project, which is not set \
                 by default.",
            ),
        ),
        (
            "quota_project",
            http(
                403,
                &info(
                    "USER_PROJECT_DENIED",
                    "Caller does not have required permission to use project x.",
                    "s.googleapis.com",
                    "x.Y.Z",
                ),
            ),
        ),
        ("quota_project", text("Bucket is a requester pays bucket but no user project provided.")),
        ("credentials", http(401, &error(401, "Invalid Credentials", "authError"))),
        (
            "credentials",
            http(
                400,
                &json!({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}),
            ),
        ),
        (
            "credentials",
            http(
                400,
                &json!({
                    "error": "invalid_scope",
                    "error_description": "Empty or missing scope not allowed.",
                }),
            ),
        ),
        (
            "credentials",
            http(
                401,
                &json!({
                    "error": "unauthorized_client",
                    "error_description": "Client is unauthorized to retrieve access tokens using \
                                          this method.",
                }),
            ),
        ),
        (
            "credentials",
            text("Anonymous caller does not have storage.objects.get access to the object."),
        ),
        (
            "api_key",
            http(400, &error(400, "API key not valid. Please pass a valid API key.", "badRequest")),
        ),
        ("api_key", text("Error 403: Requests from referer https://example.com/ are blocked.")),
        (
            "resource_acl",
            http(
                403,
                &error(
                    403,
                    "User does not have sufficient permissions for this profile.",
                    "insufficientPermissions",
                ),
            ),
        ),
        (
            "other",
            json!({
                "transport": "http",
                "status": 403,
                "headers": {},
                "body": "<html>Forbidden</html>",
            }),
        ),
    ]
}

#[test]
fn every_gate_has_a_name_and_steps() {
    let refusals = refusals();
    let lines: Vec<Value> = refusals.iter().map(|(_, line)| line.clone()).collect();
    for ((gate, line), explanation) in refusals.iter().zip(explain_lines(&lines)) {
        assert_eq!(explanation["gate"], *gate, "{line}");
        assert_eq!(explanation["schema"], "gcp-scopes/explain/1");
        assert_eq!(explanation["options"][0]["steps"].as_array().map(Vec::len), {
            explanation["steps"].as_array().map(Vec::len)
        });
        let steps = explanation["steps"].as_array().unwrap();
        assert!(!steps.is_empty(), "{line}");
        for step in steps {
            assert!(
                // A text is a sentence, or ends with code that is introduced by a colon.
                step["text"].as_str().is_some_and(|text| (text.ends_with('.')
                    || text.contains(": "))
                    && !text.contains("  ")),
                "{step}"
            );
        }
        // The recommended option for every scope refusal mentions scopes. Of the options for other
        // refusals, only those for refused credentials may mention scopes.
        let texts = steps.iter().map(|step| &step["text"]);
        let mut texts = texts.chain([&explanation["options"][0]["title"]]);
        let mentions_scope = texts.any(|text| text.as_str().unwrap().contains("scope"));
        assert!(mentions_scope == (*gate == "scope") || *gate == "credentials", "{explanation}");
    }
}

#[test]
fn commands_contain_the_resources_of_the_response() {
    let rows = [
        (
            "Permission 'secretmanager.versions.access' denied on resource \
             'projects/my-project/secrets/s'",
            "gcloud secrets add-iam-policy-binding s \
             --member=serviceAccount:NAME@PROJECT.iam.gserviceaccount.com \
             --role=roles/secretmanager.secretAccessor --project=my-project",
        ),
        (
            "r@my-project.iam.gserviceaccount.com does not have storage.objects.get access to \
             projects/_/buckets/my-bucket/objects/o.",
            "gcloud storage buckets add-iam-policy-binding gs://my-bucket \
             --member=serviceAccount:r@my-project.iam.gserviceaccount.com \
             --role=roles/storage.objectViewer",
        ),
        (
            "x@y does not have storage.objects.get access to \
             projects/_/buckets/$(reboot)/objects/o.",
            "gcloud storage buckets add-iam-policy-binding gs://BUCKET \
             --member=serviceAccount:NAME@PROJECT.iam.gserviceaccount.com \
             --role=roles/storage.objectViewer",
        ),
        (
            "Error 403: Gmail API has not been used in project 445566778899 before or it is \
             disabled.",
            "gcloud services enable gmail.googleapis.com --project=445566778899",
        ),
        (
            "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: \
             aB3xK9w2VdGf1l8aQ7",
            "gcloud logging read \
             'protoPayload.metadata.vpcServiceControlsUniqueId=\"aB3xK9w2VdGf1l8aQ7\"'",
        ),
        (
            "Constraint constraints/compute.vmExternalIpAccess violated for project \
             projects/my-project.",
            "gcloud org-policies describe compute.vmExternalIpAccess --effective \
             --project=my-project",
        ),
    ];
    let lines: Vec<Value> = rows.iter().map(|(body, _)| text(body)).collect();
    for ((_, command), explanation) in rows.iter().zip(explain_lines(&lines)) {
        assert_eq!(explanation["steps"][0]["command"], *command);
    }
}

#[test]
fn commands_contain_the_bucket_of_the_call_but_no_object() {
    // The bucket `message` is named in the message, `url` in the URL of the log, and `photos` in
    // the argument `--call`.
    let no_bucket =
        "a@b does not have storage.objects.get access to the Google Cloud Storage object.";
    let with_bucket =
        "a@b does not have storage.objects.get access to projects/_/buckets/message/objects/o.";
    let with_url = format!(
        "403 GET https://storage.googleapis.com/storage/v1/b/url/o/secret-cat: {no_bucket}"
    );
    let rows = [
        (
            no_bucket,
            "GET https://storage.googleapis.com/storage/v1/b/photos/o/secret-cat?alt=media",
            "gs://photos ",
        ),
        (no_bucket, "GET https://photos.storage.googleapis.com/secret-cat", "gs://photos "),
        (with_bucket, "GET https://storage.googleapis.com/photos/secret-cat", "gs://message "),
        (no_bucket, "GET https://example.com/photos/secret-cat", "gs://BUCKET "),
        (&with_url, "", "gs://url "),
    ];
    for (input, call, expected) in rows {
        let args: &[&str] = if call.is_empty() { &[] } else { &["--call", call] };
        let (code, out, _) = run(&[&["--format=json"], args].concat(), input.as_bytes());
        let explanation: Value = serde_json::from_str(&out).unwrap();
        let command = explanation["steps"][0]["command"].as_str().unwrap();
        assert!(
            code == 0 && command.contains(expected) && !command.contains("secret-cat"),
            "{call}: {command}"
        );
    }
}

#[test]
fn the_method_is_reported_only_when_certain() {
    let refusal = |service: &str, method: &str| {
        http(403, &info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", SCOPES, service, method))
    };
    let rows = [
        (
            refusal("cloudkms.googleapis.com", "google.cloud.kms.v1.KeyManagementService.Encrypt"),
            Some("cloudkms.projects.locations.keyRings.cryptoKeys.encrypt"),
        ),
        (
            refusal("calendar-json.googleapis.com", "calendar.v3.Events.Insert"),
            Some("calendar.events.insert"),
        ),
        (
            refusal("compute.googleapis.com", "compute.v1.InstancesService.List"),
            Some("compute.instances.list"),
        ),
        (
            refusal("gmail.googleapis.com", "caribou.api.proto.MailboxService.CreateDraft"),
            Some("gmail.users.drafts.create"),
        ),
        // The catalog has no method with this name.
        (refusal("gmail.googleapis.com", "caribou.api.proto.MailboxService.Frobnicate"), None),
        (
            text(&format!(
                "403 GET https://storage.googleapis.com/storage/v1/b/x/o?prefix=y: {SCOPES}"
            )),
            Some("storage.objects.list"),
        ),
        (
            text(&format!(
                "403 Forbidden\nPOST https://www.googleapis.com/upload/drive/v3/files\
                 ?uploadType=x\n{SCOPES}"
            )),
            Some("drive.files.create"),
        ),
        (
            text(&format!(
                "<HttpError 403 when requesting https://gmail.googleapis.com/gmail/v1/users/me/\
                 profile?alt=json returned \"{SCOPES}\">"
            )),
            Some("gmail.users.getProfile"),
        ),
        (
            text(&format!(
                "<HttpError 403 when requesting https://analyticsdata.googleapis.com/v9/x?alt=json \
                 returned \"{SCOPES}\">"
            )),
            None,
        ),
        (
            text(&format!(
                "> GET /storage/v1/b/x HTTP/2\n> Host: storage.googleapis.com\n< HTTP/2 403\n\
                 < server: x\n<\n{SCOPES}"
            )),
            Some("storage.buckets.get"),
        ),
        (text(SCOPES), None),
    ];
    let lines: Vec<Value> = rows.iter().map(|(line, _)| line.clone()).collect();
    for ((line, id), explanation) in rows.iter().zip(explain_lines(&lines)) {
        assert_eq!(explanation["gate"], "scope", "{line}");
        assert_eq!(explanation["method"].as_str(), *id, "{line}");
        assert_eq!(explanation["requirement"] == "any_of", id.is_some(), "{explanation}");
    }
}

/// Google lists `devstorage.read_only`, a default scope of VMs, for `bigquery.jobs.insert`, but a
/// token with that scope alone is refused.
#[test]
fn a_bigquery_job_needs_more_than_the_default_scopes() {
    let call = "POST https://bigquery.googleapis.com/bigquery/v2/projects/my-project/jobs";
    let args = ["--plain", "--verbose", "--on", "gce", "--held", "default", "--call", call];
    let (code, out, _) =
        run(&args, error(403, SCOPES, "insufficientPermissions").to_string().as_bytes());
    assert_eq!(code, 0);
    assert!(
        out.contains("\nneeds: any one of these is enough: bigquery, cloud-platform\n"),
        "{out}"
    );
    assert!(out.contains("--scopes=\"bigquery,storage-ro,logging-write,"), "{out}");
    assert!(!out.contains("Check which token"), "{out}");
}

#[test]
fn scopes_are_read_from_the_header_in_any_case() {
    let scopes = json!([
        "https://www.googleapis.com/auth/cloud-platform",
        "https://www.googleapis.com/auth/compute"
    ]);
    let value = "Bearer realm=\"https://accounts.google.com/\", error=insufficient_scope, \
        scope=\"https://www.googleapis.com/auth/compute \
        https://www.googleapis.com/auth/cloud-platform\"";
    let body = error(403, SCOPES, "x").to_string();
    let line = |headers: Value| -> Value {
        json!({"transport": "http", "status": 403, "headers": headers, "body": body})
    };
    let lines = [
        line(json!({"www-authenticate": value})),
        line(json!({"WWW-Authenticate": value})),
        line(json!({"Www-Authenticate": ["Basic realm=x", value]})),
        line(json!({"www-authenticate": value, "bad name": "x", "count": 7, "nothing": null})),
    ];
    for explanation in explain_lines(&lines) {
        assert_eq!((&explanation["gate"], &explanation["accepted"]), (&json!("scope"), &scopes));
    }
}

#[test]
fn refusals_are_recognized_with_any_transport_and_status() {
    let rendered = format!("rpc error: code = PermissionDenied desc = {SCOPES}");
    let line = |transport: &str, status: Value, headers: Value, body: &str| -> Value {
        json!({"transport": transport, "status": status, "headers": headers, "body": body})
    };
    let trailers = json!({
        "Grpc-Status": "7",
        "Grpc-Message": "Request%20had%20insufficient authentication scopes.",
    });
    let rows = [
        (line("grpc", json!(200), json!({}), &rendered), "scope"),
        (line("grpc", json!(200), trailers.clone(), ""), "scope"),
        (line("grpc", Value::Null, trailers, ""), "scope"),
        (line("grpc", json!(7), json!({}), SCOPES), "scope"),
        (line("grpc", json!(403), json!({}), &rendered), "scope"),
        (
            line("http", Value::Null, json!({}), &error(403, SCOPES, "forbidden").to_string()),
            "scope",
        ),
        (line("http", json!("403"), Value::Null, &rendered), "scope"),
        (line("text", json!(200), json!({}), &rendered), "scope"),
        (
            line(
                "text",
                Value::Null,
                json!({}),
                &format!("HTTP/1.1 403 Forbidden\nserver: x\n\n{SCOPES}"),
            ),
            "scope",
        ),
        // The other rows are not refusals.
        (line("grpc", json!(200), json!({"grpc-status": "0"}), ""), "other"),
        (line("http", json!(200), json!({}), SCOPES), "other"),
        (line("http", json!(404), json!({}), "Not Found"), "other"),
        (line("text", Value::Null, json!({}), ""), "other"),
    ];
    let lines: Vec<Value> = rows.iter().map(|(line, _)| line.clone()).collect();
    for ((line, gate), explanation) in rows.iter().zip(explain_lines(&lines)) {
        assert_eq!(explanation["gate"], *gate, "{line}");
        let certainty = if *gate == "other" { "possible" } else { "certain" };
        assert_eq!(explanation["certainty"], certainty, "{line}");
    }
}

#[test]
fn unreadable_lines_get_errors_with_their_numbers() {
    let input = format!(
        "nonsense\n\n{}\n[]\n{{\"transport\":\"htp\"}}\n{{\"transport\":\"http\",\"status\":\"x\"\
         }}\n{{\"transport\":\"http\",\"headers\":[]}}\n{{}}",
        text(SCOPES)
    );
    let (code, out, err) = run(&["--jsonl"], input.as_bytes());
    assert_eq!(code, 1, "{err}");
    // Line 2 is blank, line 3 is a refusal, and the six other lines are invalid.
    assert!(err.contains("6 lines") && err.contains("line 1;"), "{err}");
    let explanations: Vec<Value> =
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(explanations.len(), 7);
    for (explanation, line) in explanations.iter().zip([1, 3, 4, 5, 6, 7, 8]) {
        let error = explanation.get("error").and_then(Value::as_str);
        assert_eq!(error.is_none(), line == 3, "{explanation}");
        let start = format!("line {line}: ");
        assert!(
            error.is_none_or(|error| error.starts_with(&start) && error.contains("expected")),
            "{explanation}"
        );
    }
}

#[test]
fn the_steps_of_a_report_fit_the_environment() {
    let vm = [
        "--on",
        "gce",
        "--project",
        "my-project",
        "--zone",
        "us-central1-a",
        "--instance",
        "web-1",
        "--held",
        "storage-ro",
    ];
    let rows: [(&[&str], &[&str]); 6] = [
        (
            &vm,
            &[
                "No IAM role fixes this",
                "gcloud compute instances stop web-1 --zone=us-central1-a --project=my-project",
            ],
        ),
        (&["--on", "mig", "--name", "web", "--zone", "us-central1-a"], &["start-update web"]),
        (
            &["--on", "gke-node", "--cluster", "prod", "--region", "us-central1"],
            &["--cluster=prod --location=us-central1"],
        ),
        (&["--on", "cloud-run"], &["Take the list of scopes out of the code"]),
        (&["--on", "user-adc"], &["gcloud auth application-default login"]),
        (&["--on", "service-account-key"], &["a service account key file"]),
    ];
    for (args, parts) in rows {
        let call = ["--call", "POST https://storage.googleapis.com/upload/storage/v1/b/B/o?name=x"];
        let args = [args, &call, &["--verbose"]].concat();
        let (code, out, err) = run(&args, SCOPES.as_bytes());
        assert_eq!((code, err.as_str()), (0, ""), "{args:?}");
        // A test must not depend on where lines are wrapped.
        let out = out.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in
            parts.iter().chain(&["storage.objects.insert", "devstorage.read_write", "What to do"])
        {
            assert!(out.contains(part), "{part} in {out}");
        }
    }
}

#[test]
fn the_first_step_checks_the_token_if_an_accepted_scope_is_held() {
    let call = [
        "--call",
        "POST https://storage.googleapis.com/upload/storage/v1/b/B/o?name=x",
        "--format=json",
    ];
    for environment in [&["--on", "gce", "--instance", "web-1"][..], &["--on", "cloud-run"], &[]] {
        for (held, is_checked) in [("storage-rw,logging-write", true), ("storage-ro", false)] {
            let (code, out, _) =
                run(&[environment, &call, &["--held", held]].concat(), SCOPES.as_bytes());
            let explanation: Value = serde_json::from_str(&out).unwrap();
            let steps = explanation["steps"].as_array().unwrap();
            assert!(code == 0 && !steps.is_empty(), "{explanation}");
            let title = explanation["options"][0]["title"].as_str().unwrap();
            assert_eq!(
                title.starts_with("Check which token the program sent"),
                is_checked,
                "{environment:?} {held}: {explanation}"
            );
            let text = steps[0]["text"].as_str().unwrap();
            assert_eq!(text.contains("gcp-scopes whoami --token-stdin"), is_checked, "{text}");
            let notes = explanation["notes"].as_array().unwrap();
            assert_eq!(!notes.is_empty(), is_checked, "{environment:?} {held}: {explanation}");
        }
    }
}

#[test]
fn lists_of_scopes_have_placeholders_for_unknown_scopes() {
    let call = ["--verbose", "--on", "gce", "--call", "pubsub.projects.topics.publish"];
    let (_, out, _) = run(&call, SCOPES.as_bytes());
    // The command itself reads the scopes of the VM.
    let line = out.lines().find(|line| line.contains("--scopes=\"$S,pubsub\"")).unwrap();
    assert!(line.trim().starts_with("S=$(gcloud compute instances describe "), "{line}");
    for platform in ["gke-node"] {
        for (held, start) in [(&["--held", "storage-ro"][..], "storage-ro"), (&[], "SCOPES_IT_HAS")]
        {
            let call = ["--plain", "--verbose", "--on", platform];
            let call = [&call[..], &["--call", "pubsub.projects.topics.publish"]].concat();
            let (code, out, _) = run(&[&call, held].concat(), SCOPES.as_bytes());
            assert_eq!(code, 0, "{out}");
            let lists: Vec<&str> = out
                .split_whitespace()
                .filter_map(|word| word.split_once("scopes="))
                .map(|(_, list)| list.trim_matches('"'))
                .collect();
            let list = lists.iter().find(|list| list.ends_with(",pubsub")).unwrap();
            // A list with the placeholder SCOPES_IT_HAS comes after the command that prints these
            // scopes.
            let printed =
                out.find(" describe ").is_some_and(|index| index < out.find(*list).unwrap());
            assert!(printed || start == "storage-ro", "{platform}: {out}");
            assert!(start != "SCOPES_IT_HAS" || list.starts_with(start), "{platform}: {list}");
            assert!(
                start == "storage-ro" || out.contains("in the place of SCOPES_IT_HAS"),
                "{platform}: {out}"
            );
        }
    }
}

#[test]
fn nothing_is_changed_for_a_scope_that_is_not_known() {
    let services = [
        ("", "unknown"),
        ("siteverification.googleapis.com", "every_method"),
        ("gmail.googleapis.com", "one_of"),
        ("brandnew.googleapis.com", "unknown"),
    ];
    for (service, requirement) in services {
        let with_service =
            info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", SCOPES, service, "x.y.Z.Do").to_string();
        let bare_url = format!("{SCOPES} https://{service}/v0/no/such/method");
        for place in
            ["gce", "gke-node", "mig", "cloud-run", "user-adc", "service-account-key", "dataproc"]
        {
            for input in [&with_service, &bare_url] {
                let (code, out, _) = run(&["--on", place, "--format", "json"], input.as_bytes());
                let explanation: Value = serde_json::from_str(&out).unwrap();
                assert_eq!(code, 0, "{explanation}");
                let is_shared_host = service.starts_with("siteverification") && input == &bare_url;
                assert!(
                    explanation["requirement"] == requirement || is_shared_host,
                    "{explanation}"
                );
                for step in explanation["steps"].as_array().unwrap() {
                    let command = step["command"].as_str().unwrap_or_default();
                    let is_change =
                        ["stop", "create", "login"].iter().any(|word| command.contains(word));
                    assert!(!is_change || requirement == "every_method", "{place}: {command}");
                    let is_own = command.contains("auth/siteverification");
                    assert!(!command.contains("cloud-platform") || is_own, "{place}: {command}");
                }
                assert!(
                    !explanation["accepted"].to_string().contains("cloud-platform"),
                    "{explanation}"
                );
            }
        }
    }
}

#[test]
fn the_role_of_a_pod_is_granted_before_its_account_changes() {
    let call = ["--on", "gke-node", "--call", "pubsub.projects.topics.publish"];
    let (_, out, _) = run(&call, SCOPES.as_bytes());
    let position = |text| out.find(text).unwrap();
    assert!(
        position("add-iam-policy-binding") < position("--workload-metadata=GKE_METADATA"),
        "{out}"
    );
}

#[test]
fn roles_of_pods_are_listed_with_their_members() {
    let pod = ["--plain", "--on", "gke-workload-identity", "--project", "my-project"];
    let pod = [&pod[..], &["--call", "pubsub.projects.topics.publish"]].concat();
    let (_, out, _) = run(&pod, SCOPES.as_bytes());
    assert!(
        out.contains("'bindings.members:my-project.svc.id.goog' --format='value(bindings.members,"),
        "{out}"
    );
    assert!(
        out.contains(
            "acts as a service account, put that one in the place of my-project.svc.id.goog"
        ),
        "{out}"
    );
    let (_, out, _) = run(
        &[&pod[..], &["--account", "a@my-project.iam.gserviceaccount.com"]].concat(),
        SCOPES.as_bytes(),
    );
    assert!(
        out.contains(
            "'bindings.members:a@my-project.iam.gserviceaccount.com' \
             --format='value(bindings.role)'"
        ),
        "{out}"
    );
}

#[test]
fn a_report_about_iam_rules_out_scopes() {
    let (code, out, _) =
        run(&[], b"Required 'compute.instances.list' permission for 'projects/my-project'");
    assert_eq!(code, 0);
    for part in [
        "Probably IAM refused this call.",
        "compute.instances.list",
        "not the reason",
        "What to do: Grant the role roles/compute.viewer.\n  1. ",
    ] {
        assert!(out.contains(part), "{part} in {out}");
    }
}

#[test]
fn the_report_is_as_certain_as_the_certainty_field() {
    let info =
        info("IAM_PERMISSION_DENIED", "Permission denied.", "pubsub.googleapis.com", "x.Y.Z")
            .to_string();
    let header =
        "HTTP/2 403\nwww-authenticate: Bearer error=\"insufficient_scope\", scope=\"x\"\n\n";
    let rows = [
        (info.as_str(), "certain", "IAM refused this call.", "OAuth scopes are not the reason: "),
        (
            "7 PERMISSION_DENIED: Missing or insufficient permissions.",
            "likely",
            "Probably IAM refused this call.",
            "OAuth scopes are probably not the reason: ",
        ),
        (
            "Error 403: permission denied",
            "possible",
            "Perhaps IAM refused this call.",
            "What to do:",
        ),
        (
            header,
            "possible",
            "Perhaps the token lacks an OAuth scope for this call.",
            "What to do:",
        ),
    ];
    for (input, certainty, start, scopes) in rows {
        let (_, out, _) = run(&["--format=json"], input.as_bytes());
        let explanation: Value = serde_json::from_str(&out).unwrap();
        let report = explanation["report"].as_str().unwrap();
        assert_eq!(explanation["certainty"], certainty, "{report}");
        assert!(report.starts_with(start) && report.contains(scopes), "{report}");
        assert_eq!(report.contains("not the reason"), certainty != "possible", "{report}");
    }
}

#[test]
fn a_header_alone_is_likely_only_if_the_held_scopes_are_not_accepted() {
    let input = "HTTP/2 403\nserver: ESF\nwww-authenticate: Bearer \
        realm=\"https://accounts.google.com/\", error=\"insufficient_scope\", \
        scope=\"https://www.googleapis.com/auth/drive\"\n\n";
    let call = ["--format", "json", "--call", "GET https://www.googleapis.com/drive/v3/files"];
    for (held, certainty) in [("", "possible"), ("pubsub", "likely"), ("drive", "possible")] {
        let held: &[&str] = if held.is_empty() { &[] } else { &["--held", held] };
        let (code, out, _) = run(&[&call, held].concat(), input.as_bytes());
        let explanation: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(
            (code, &explanation["gate"], &explanation["certainty"]),
            (0, &json!("scope"), &json!(certainty))
        );
        assert!(!explanation["steps"].as_array().unwrap().is_empty());
    }
}

#[test]
fn unusable_arguments_are_refused_with_the_expected_form() {
    let rows: [(&[&str], &str); 12] = [
        (&["--on", "mars"], "possible values: gce"),
        (&["--on", "gke"], "'gke-node', 'gke-workload-identity'"),
        (&["--on", "cloud"], "'cloud-run', 'cloud-run-job'"),
        (&["--zone", "us-central1-a", "--instance", "web-1"], "--on <PLACE>"),
        (&["--held", "storage-ro", "/no/such/file"], "cannot read `/no/such/file`"),
        (&["--on", "gce", "--zone", "us;reboot"], "a zone such as us-central1-a"),
        (&["--on", "gce", "--project", "$(reboot)"], "6 to 30 characters of a-z"),
        (&["--on", "gce", "--account", "me@example.com"], "iam.gserviceaccount.com"),
        (&["--on", "gce", "--instance", "Web 1"], "1 to 63 characters of a-z"),
        (&["--held", "storge-ro"], "unknown scope"),
        (&["--call", "https://x"], "POST https://"),
        (&["/no/such/file"], "cannot read `/no/such/file`"),
    ];
    for (args, part) in rows {
        let (code, out, err) = run(args, SCOPES.as_bytes());
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}");
        assert!(err.contains(part), "{part} in {err}");
    }
}

#[test]
fn empty_input_exits_with_2_and_no_refusal_with_1() {
    let (code, _, err) = run(&[], b" \n");
    assert!(code == 2 && err.contains("Error 403: Request had insufficient"), "{code} {err}");
    let (code, out, _) = run(&[], b"200 OK");
    assert!(code == 1 && out.contains("Pass the complete response"), "{code} {out}");
}

#[test]
fn input_in_utf_16_is_read() {
    let input: Vec<u8> =
        format!("\u{feff}{SCOPES}\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (code, out, _) = run(&[], &input);
    assert!(code == 0 && out.contains("No IAM role fixes this"), "{out}");
}

#[test]
fn tokens_are_never_printed() {
    let token = format!("ya29.c.{}", "s3cr3t".repeat(20));
    let body = format!(
        "curl -H 'Authorization: Bearer {token}' https://storage.googleapis.com/x => {SCOPES}"
    );
    let (_, out, err) = run(&["--format", "json"], body.as_bytes());
    let lines =
        [text(&body), json!({"transport": token}), json!({"transport": "http", "status": token})];
    let (_, explanations, stream_err) =
        run(&["--jsonl"], lines.map(|line| format!("{line}\n")).concat().as_bytes());
    assert_eq!(explanations.lines().count(), 3, "{explanations}");
    assert!(![out, err, explanations, stream_err].iter().any(|text| text.contains("s3cr3ts3cr3t")));
}

/// Runs four checks at a time, because gcloud takes about a second for each. Prints that the test
/// is skipped if gcloud is not installed.
#[test]
fn gcloud_accepts_every_printed_command() {
    if Command::new("gcloud").arg("--version").output().is_err() {
        assert!(std::env::var("REQUIRE_GCLOUD").is_err(), "no gcloud on the PATH");
        writeln!(std::io::stderr(), "SKIPPED: gcloud not found").unwrap();
        return;
    }
    let lines: Vec<Value> =
        refusals().into_iter().filter(|(gate, _)| *gate != "scope").map(|(_, line)| line).collect();
    let mut commands: Vec<String> = explain_lines(&lines)
        .iter()
        .flat_map(|explanation| explanation["steps"].as_array().unwrap().clone())
        .filter_map(|step| step["command"].as_str().map(str::to_owned))
        .collect();
    commands.sort();
    commands.dedup();
    // The refusals for other reasons than scopes have more than 15 different commands.
    assert!(commands.len() > 15, "{commands:?}");
    std::thread::scope(|scope| {
        for chunk in commands.chunks(commands.len().div_ceil(4)) {
            scope.spawn(move || chunk.iter().for_each(|command| lint(command)));
        }
    });
}

/// Checks that gcloud accepts the words and flags of a command.
fn lint(command: &str) {
    let argument = format!("--command-string={command}");
    let output =
        Command::new("gcloud").args(["meta", "lint-gcloud-commands", &argument]).output().unwrap();
    let verdicts: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{command}: {output:?}"));
    assert_eq!(verdicts[0]["success"], true, "{command}: {verdicts}");
}

#[test]
fn json_logs_are_read_record_by_record_with_any_field_names() {
    let scope = format!("Error 403: {SCOPES}");
    let iam = "googleapi: Error 403: a@b.iam.gserviceaccount.com does not have \
               storage.objects.create access to the Google Cloud Storage object., forbidden";
    let boot = json!({"severity": "INFO", "textPayload": "starting worker 3"});
    let record = |key: &str, text: &str| json!({ "level": "error", key: text });
    let text = error(403, SCOPES, "insufficientPermissions").to_string();
    let nested = json!({"jsonPayload": {"call": {"err": text}}});
    let lines =
        |records: &[&Value]| records.iter().map(|record| format!("{record}\n")).collect::<String>();
    // Each row contains a log, the gate of the explained refusal, a part of the report, and a part
    // of the note about another refusal.
    for (log, gate, expected, other) in [
        (lines(&[&record("textPayload", &scope)]), "scope", SCOPES, None),
        (lines(&[&boot, &record("log", &scope)]), "scope", SCOPES, None),
        (lines(&[&boot, &nested, &boot]), "scope", SCOPES, None),
        (json!([boot, record("message", &scope)]).to_string(), "scope", SCOPES, None),
        (lines(&[&boot, &record("msg", iam)]), "iam", "storage.objects.create", None),
        (lines(&[&record("msg", &scope), &record("msg", iam)]), "scope", SCOPES, Some("record 2")),
        (
            lines(&[&record("msg", iam), &record("msg", &scope)]),
            "scope",
            SCOPES,
            Some("record 1 was refused by another gate (iam)"),
        ),
        (json!([error(403, SCOPES, "insufficientPermissions")]).to_string(), "scope", SCOPES, None),
    ] {
        let (code, out, err) = run(&["--format", "json"], log.as_bytes());
        let explanation: Value = serde_json::from_str(&out).unwrap();
        let report = explanation["report"].as_str().unwrap();
        assert_eq!((code, explanation["gate"].as_str()), (0, Some(gate)), "{log}");
        assert!(report.contains(expected) && !report.contains("worker"), "{log}{report}");
        assert_eq!(err.contains("another gate"), other.is_some(), "{err}");
        assert!(other.is_none_or(|other| err.contains(other)), "{err}");
    }
    let (code, out, _) = run(&[], lines(&[&boot, &boot]).as_bytes());
    assert!(code == 1 && out.contains("The input contains no refusal"), "{out}");
}

#[test]
fn notes_ask_for_a_missing_or_unusable_call() {
    let note = |args: &[&str]| run(args, SCOPES.as_bytes()).2;
    let (about_call, about_environment) =
        ("give the call, as in --call", "for example with --on gce");
    assert!(note(&[]).contains(about_call) && note(&[]).contains(about_environment));
    let with_environment = note(&["--on", "elsewhere"]);
    assert!(with_environment.contains(about_call) && !with_environment.contains(about_environment));
    assert!(note(&["--call", "PUT https://example.com/x"]).contains("no method for --call"));
    assert_eq!(
        note(&["--call", "GET https://storage.googleapis.com/storage/v1/b", "--on", "vm"]),
        ""
    );
}

#[test]
fn a_call_can_be_given_as_the_id_of_its_method() {
    let url =
        "POST https://bigquery.googleapis.com/bigquery/v2/projects/p/datasets/d/tables/t/insertAll";
    let [by_id, by_url] = ["bigquery.tabledata.insertAll", url].map(|call| {
        let (code, out, err) =
            run(&["--call", call, "--on", "vm", "--format", "json"], SCOPES.as_bytes());
        let mut explanation: Value = serde_json::from_str(&out).unwrap();
        // The reports differ, because only the report about a call with a URL has a row for the
        // method. So the reports are not compared.
        assert!(
            (code, err.as_str()) == (0, "") && explanation["report"].take().is_string(),
            "{out}{err}"
        );
        explanation
    });
    assert_eq!(by_id, by_url);
    assert_eq!(by_id["method"], "bigquery.tabledata.insertAll");

    let (code, _, err) = run(&["--call", "bigquery.tabledata.insertAl"], SCOPES.as_bytes());
    assert!(code == 2 && err.contains("`bigquery.tabledata.insertAll`"), "{err}");
    let (code, _, err) = run(&["--call", "insert"], SCOPES.as_bytes());
    assert!(code == 2 && err.contains("unusable --call: `insert` names no call"), "{err}");
}

#[test]
fn held_scopes_can_be_given_as_gcloud_prints_them() {
    let held = ["devstorage.read_only", "logging.write"]
        .map(|name| format!("https://www.googleapis.com/auth/{name}"));
    for separator in [",", ";"] {
        let args = [
            "--verbose",
            "--on",
            "vm",
            "--call",
            "storage.objects.insert",
            "--held",
            &held.join(separator),
        ];
        let (code, out, _) = run(&args, SCOPES.as_bytes());
        assert!(
            code == 0 && out.contains(" --scopes=\"storage-ro,storage-rw,logging-write\" && "),
            "{out}"
        );
    }
}

/// The beginnings of lines in logs of plain text.
const STARTS: [&str; 9] = [
    "2026-01-31T10:00:00.123Z ERROR ",
    "[2026-01-31 10:00:00] ",
    "2026/01/31 10:00:00 ",
    "\u{1b}[2m2026-01-31T10:00:00Z\u{1b}[0m ",
    "E0131 10:00:00.123456 ",
    "Jan 31 10:00:00 web-1 photos[7]: ",
    "10:00:00 ",
    "ERROR:root: ",
    "WARN  photos - ",
];

#[test]
fn plain_logs_are_read_record_by_record() {
    let scope = format!("Error 403: {SCOPES}");
    let iam = "googleapi: Error 403: a@b.iam.gserviceaccount.com does not have \
               storage.objects.create access to the Google Cloud Storage object., forbidden";
    let refused = |verb_and_url: &str| format!("403 {verb_and_url}: {SCOPES}");
    let (get, list) = (
        refused("GET https://storage.googleapis.com/storage/v1/b/x"),
        refused("GET https://storage.googleapis.com/storage/v1/b/x/o"),
    );
    // Each row contains the records of a log, the gate of the explained refusal, and a part of the
    // note about another refusal.
    let rows: [(&[&str], &str, &str); 6] = [
        (&["starting", &scope, "worker 3\n  at line 7", &scope], "scope", ""),
        (
            &["starting", &scope, "worker 3", iam],
            "scope",
            "this is about line 2; line 4 was refused by another gate (iam)",
        ),
        (
            &[&format!("{iam}\n  at worker 3"), &scope],
            "scope",
            "about line 3; line 1 was refused by another gate (iam)",
        ),
        (&[&get, &list], "scope", "about line 1; line 2 is another refusal by the same gate"),
        // The second refusal names no method, so it is not reported as a different one.
        (&["starting", &get, &scope], "scope", ""),
        // The first record contains the call, the second the refusal.
        (&["GET https://storage.googleapis.com/storage/v1/b/x", &scope], "scope", ""),
    ];
    for start in STARTS {
        for (records, gate, note) in rows {
            let log: String = records.iter().map(|record| format!("{start}{record}\n")).collect();
            let (code, out, err) = run(&["--format", "json"], log.as_bytes());
            let explanation: Value = serde_json::from_str(&out).unwrap();
            assert_eq!((code, explanation["gate"].as_str()), (0, Some(gate)), "{log}");
            assert!(
                err.contains(note) && err.contains("is about") != note.is_empty(),
                "{log}{err}"
            );
            let has_call = log.contains("GET ");
            assert_eq!(explanation["method"].is_string(), has_call, "{log}{explanation}");
        }
    }
}

#[test]
fn a_note_names_a_second_gate_in_a_text_that_is_no_log() {
    let iam = "Required 'compute.instances.list' permission for 'projects/my-project'";
    let call = "GET https://www.googleapis.com/drive/v3/files";
    let explain = |input: &str| run(&["--call", call, "--on", "elsewhere"], input.as_bytes());
    let (_, out, err) = explain(&format!("{SCOPES}\n{iam}\n"));
    assert!(
        out.starts_with("drive.files.list was refused: its token lacks an OAuth scope"),
        "{out}"
    );
    assert!(
        err.contains(
            "only one refusal was read (gate scope); line 2 reads like another one (gate iam)"
        ),
        "{err}"
    );
    // Inputs without a note: a refusal by one gate, a refusal that is written twice, and an HTTP
    // response, all of whose lines are about one refusal.
    for single in [
        format!("{SCOPES}\nsee https://example.com\n"),
        format!("upload failed\n{iam}\nCaused by: {iam}\n"),
        format!("HTTP/1.1 403 Forbidden\nserver: x\n\n{iam}"),
    ] {
        let (_, _, err) = explain(&single);
        assert_eq!(err, "", "{single}");
    }
}

/// Returns a made-up answer of the Policy Troubleshooter with these states.
fn troubleshooter_answer(
    allow: &str,
    deny: &str,
    boundary: &str,
    condition: Option<&str>,
) -> Value {
    let overall = if deny == "NOT_DENIED" && allow == "GRANTED" && boundary != "NOT_ALLOWED" {
        "CAN_ACCESS"
    } else {
        "CANNOT_ACCESS"
    };
    json!({
        "overallAccessState": overall,
        "accessTuple": {
            "principal": "fly@blue-kite-7.iam.gserviceaccount.com",
            "fullResourceName": "//storage.googleapis.com/projects/_/buckets/kites",
            "permission": "storage.objects.get",
        },
        "allowPolicyExplanation": {
            "allowAccessState": format!("ALLOW_ACCESS_STATE_{allow}"),
            "explainedPolicies": [{"bindingExplanations": [{
                "allowAccessState": format!("ALLOW_ACCESS_STATE_{allow}"),
                "role": "roles/storage.objectViewer",
                "rolePermission": if condition.is_some() { "ROLE_PERMISSION_INCLUDED" } else {
                    "ROLE_PERMISSION_NOT_INCLUDED"
                },
                "combinedMembership": {"membership": "MEMBERSHIP_MATCHED"},
                "condition": {"expression": condition.unwrap_or_default()},
            }]}],
        },
        "denyPolicyExplanation": {
            "denyAccessState": format!("DENY_ACCESS_STATE_{deny}"),
            "explainedResources": [{"explainedPolicies": [{
                "denyAccessState": format!("DENY_ACCESS_STATE_{deny}"),
                "policy": {"name": "policies/cloudresourcemanager.googleapis.com%2Fprojects%2F123\
                                    /denypolicies/no-kites"},
            }]}],
        },
        "pabPolicyExplanation": {
            "principalAccessBoundaryAccessState": format!("PAB_ACCESS_STATE_{boundary}"),
            "explainedBindingsAndPolicies": [{
                "bindingAndPolicyAccessState": format!("PAB_ACCESS_STATE_{boundary}"),
                "explainedPolicy": {"policy": {"name": "organizations/1/locations/global/\
                                    principalAccessBoundaryPolicies/kites-only"}},
            }],
        },
    })
}

#[test]
fn answers_of_the_policy_troubleshooter_name_what_refuses() {
    let weekdays = "request.time.getDayOfWeek() < 6";
    // The states of the allow, the deny and the boundary policies, the condition of a role, the
    // cause, and a part of the first command.
    let rows = [
        (
            "NOT_GRANTED",
            "NOT_DENIED",
            "ALLOWED",
            None,
            "no_role",
            "--role=roles/storage.objectViewer",
        ),
        ("GRANTED", "DENIED", "ALLOWED", None, "deny_policy", "gcloud iam policies get no-kites"),
        (
            "NOT_GRANTED",
            "DENIED",
            "ALLOWED",
            None,
            "deny_policy",
            "gcloud iam policies get no-kites",
        ),
        (
            "NOT_GRANTED",
            "NOT_DENIED",
            "NOT_ALLOWED",
            None,
            "access_boundary",
            "principalAccessBoundaryPolicies/kites-only",
        ),
        ("NOT_GRANTED", "NOT_DENIED", "ALLOWED", Some(weekdays), "condition", ""),
        ("UNKNOWN_CONDITIONAL", "NOT_DENIED", "ALLOWED", Some(weekdays), "condition", ""),
        ("GRANTED", "NOT_DENIED", "NOT_ENFORCED", None, "granted", ""),
    ];
    let explain = |answer: &Value, format: &[&str]| {
        let args = [&["--troubleshooter", "-"], format].concat();
        let (code, out, err) = run(&args, answer.to_string().as_bytes());
        assert_eq!((code, err.as_str()), (0, ""), "{answer}");
        out
    };
    for (allow, deny, boundary, condition, cause, command) in rows {
        let answer = troubleshooter_answer(allow, deny, boundary, condition);
        let out = explain(&answer, &["--format", "json"]);
        let json: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((json["gate"].as_str(), json["cause"].as_str()), (Some("iam"), Some(cause)));
        assert_eq!(json["permission"], "storage.objects.get");
        assert_eq!(json["principal"], "fly@blue-kite-7.iam.gserviceaccount.com");
        let first = json["steps"][0]["command"].as_str().unwrap_or_default();
        assert!(first.contains(command), "{json:#}");
        // No role helps against a deny policy or a boundary.
        let binds = json["options"].to_string().contains("add-iam-policy-binding");
        assert_eq!(binds, cause == "no_role", "{json:#}");
        assert_eq!(json["options"].to_string().contains(weekdays), condition.is_some(), "{json:#}");
        let page = explain(&answer, &[]);
        assert!(page.contains("IAM deny policies"), "{page}");
        assert_eq!(page.contains("CLOSED"), cause != "granted" && allow != "UNKNOWN_CONDITIONAL");
    }
    let unknown = troubleshooter_answer("UNKNOWN_INFO", "UNKNOWN_INFO", "UNKNOWN_INFO", None);
    assert!(explain(&unknown, &[]).contains("Let somebody ask who may read more policies"));
    let (code, _, err) = run(&["--troubleshooter", "-"], b"{}");
    assert!(code == 2 && err.contains("troubleshoot-policy"), "{err}");
}

#[test]
fn the_facts_of_a_refusal_are_fields() {
    let id = "CiQwZXhhbXBsZS1pZC1vZi1hLXJlZnVzYWwSAA==";
    let url = "https://console.cloud.google.com/iam-admin/troubleshooter/summary;errorId=\
               CiQwZXhhbXBsZS1pZC1vZi1hLXJlZnVzYWwSAA%3D%3D";
    let iam = format!(
        "Error 403: ana@kite.example does not have storage.buckets.list access to project \
         blue-kite-7. Remediate access with this Troubleshooter URL or share it with your \
         administrator - {url} ."
    );
    let perimeter = "Request is prohibited by organization's policy. \
                     vpcServiceControlsUniqueIdentifier: aB3dE5fG7hI9jK1lM3nO5";
    let quota = json!({"error": {"code": 429, "message": "Quota exceeded.", "details": [{
        "reason": "RATE_LIMIT_EXCEEDED", "metadata": {"quota_metric": "kite.googleapis.com/flights",
        "quota_limit": "FlightsPerMinute", "consumer": "projects/123456789012"}}]}});
    let file = "Error 403: The user has not granted the app 1 read access to the file \
                1AbCdEfGhIjKlMnOpQrStUvWxYz01234567.";
    let explained = explain_lines(&[text(&iam), text(perimeter), http(429, &quota), text(file)]);
    let [iam, perimeter, quota, file] = explained.as_slice() else { panic!("{explained:?}") };
    assert_eq!((&iam["error_info_id"], &iam["troubleshooter_url"]), (&json!(id), &json!(url)));
    assert_eq!(
        (&iam["principal"], &iam["project"]),
        (&json!("ana@kite.example"), &json!("blue-kite-7"))
    );
    assert_eq!((&iam["evidence"], &iam["gate"]), (&json!("message"), &json!("iam")));
    assert_eq!(iam["steps"][0]["console"], json!(url), "the page comes first");
    let commands = iam["options"].to_string();
    assert!(commands.contains("--member=user:ana@kite.example"), "{commands}");
    assert!(commands.contains("--permission=storage.buckets.list"), "{commands}");
    assert_eq!(perimeter["identifiers"]["vpc_sc_id"], "aB3dE5fG7hI9jK1lM3nO5");
    assert_eq!(quota["identifiers"]["quota_limit"], "FlightsPerMinute");
    assert_eq!(quota["identifiers"]["consumer"], "projects/123456789012");
    assert_eq!(file["identifiers"]["file"], "1AbCdEfGhIjKlMnOpQrStUvWxYz01234567");
}

#[test]
fn a_denial_of_the_library_fits_the_schema() {
    let method = gcp_scopes::catalog::ApiMethod::by_id("storage.objects.insert").unwrap();
    let denial = gcp_scopes::Denial::for_method(method);
    command::assert_fits_schema(&serde_json::to_string(&denial).unwrap());
}

/// Runs a shell on a script, and returns whether it ends without an error.
fn shell(args: &[&str], script: &str) -> command::Finished {
    command::finish(
        Command::new("bash").args(args).stdout(Stdio::piped()).stderr(Stdio::piped()),
        script.as_bytes(),
    )
}

#[test]
fn a_script_of_the_recommended_option_stops_at_placeholders_and_asks() {
    let refused = format!(
        "Error 403: {SCOPES} POST https://pubsub.googleapis.com/v1/projects/p/topics/t:publish"
    );
    let known = [
        "--on",
        "gce",
        "--project",
        "my-project",
        "--zone",
        "us-central1-a",
        "--instance",
        "web-1",
        "--account",
        "fly@my-project.iam.gserviceaccount.com",
    ];
    let script = |args: &[&str]| {
        let (code, out, _) = run(&[&["--script"], args].concat(), refused.as_bytes());
        assert_eq!(code, 0, "{out}");
        assert_eq!(shell(&["-n"], &out).code, 0, "{out}");
        assert!(out.starts_with("#!/usr/bin/env bash\n") && out.contains("\nset -euo pipefail\n"));
        out
    };
    let whole = script(&known);
    assert!(!whole.contains("replace these words first"), "{whole}");
    assert!(whole.contains("instances stop web-1") && whole.contains("Go on? [y/N]"), "{whole}");
    // Without gcloud, a script that went on would fail with 127.
    let unconfirmed =
        Command::new("bash").args(["-c", &whole]).stdin(Stdio::null()).output().unwrap();
    assert_eq!(unconfirmed.status.code(), Some(1), "{whole}");
    let open = script(&["--on", "gce"]);
    let stopped = Command::new("bash").args(["-c", &open]).stdin(Stdio::null()).output().unwrap();
    assert_eq!(stopped.status.code(), Some(2), "{open}");
}

/// A command that gives a role to an account within a name would give the role to another person.
#[test]
fn no_command_contains_an_account_within_a_name() {
    for account in ["eve@example.com", "eve@eves-project.iam.gserviceaccount.com"] {
        let name = format!("user {account} does not have access");
        let refusals = [
            format!("Permission 'pubsub.topics.publish' denied on resource 'topics/{name}'."),
            format!(
                "Access Denied: Dataset my-project:{name}: Permission bigquery.datasets.get \
                     denied on dataset my-project:{name}."
            ),
        ];
        let lines = refusals.map(|message| http(403, &error(403, &message, "forbidden")));
        for answer in explain_lines(&lines) {
            assert_eq!(answer["gate"], "iam");
            let steps = answer["steps"].as_array().unwrap().iter();
            let commands: Vec<_> = steps.filter_map(|step| step["command"].as_str()).collect();
            assert!(commands.concat().contains("add-iam-policy-binding"), "{commands:?}");
            assert!(!commands.concat().contains(account), "{commands:?}");
        }
    }
}
