//! Tests of the search for the call that was refused. All names of resources are invented.

use gcp_scopes_catalog::scope::ScopeSet;
use gcp_scopes_explain::refusal::classify_text;
use gcp_scopes_reader::NamedCall;

const SCOPES: &str = "Request had insufficient authentication scopes.";

/// Finds the refused call in a text. `before` is what the log contains before the text.
fn find(text: &str, before: &str) -> NamedCall {
    let refusal = classify_text(text).unwrap_or_else(|| panic!("no refusal: {text}"));
    NamedCall::find_refused(&refusal, text, before)
}

fn id(call: &NamedCall) -> Option<&'static str> {
    call.method().map(|method| method.id())
}

/// Returns the short names of scopes.
fn names(scopes: &ScopeSet) -> Vec<String> {
    scopes.iter().map(|scope| scope.short().to_owned()).collect()
}

#[test]
fn the_call_is_in_the_line_of_the_refusal_or_nearest_before_it() {
    let (buckets, objects) = (
        "GET https://storage.googleapis.com/storage/v1/b/kites",
        "GET https://storage.googleapis.com/storage/v1/b/kites/o",
    );
    let topics = "GET https://pubsub.googleapis.com/v1/projects/blue-kite-7/topics";
    let curl = |path: &str, status: &str| {
        format!("> GET {path} HTTP/2\n> Host: storage.googleapis.com\n>\n< HTTP/2 {status}\n<\n")
    };
    let rows = [
        (
            format!("{topics}\n{buckets}\n403 {objects}: {SCOPES}\n{topics}"),
            Some("storage.objects.list"),
        ),
        (
            format!("{topics}\n{buckets}\nError 403: {SCOPES}\n{objects}"),
            Some("storage.buckets.get"),
        ),
        // Without a request before the refusal, the nearest one after it counts.
        (format!("Error 403: {SCOPES}\n{buckets}\n{topics}"), Some("storage.buckets.get")),
        (
            format!("{buckets}\n\n{objects} 200 OK\nError 403: {SCOPES}"),
            Some("storage.buckets.get"),
        ),
        (
            format!("{buckets}\n{objects}\nstatus: 200\nError 403: {SCOPES}"),
            Some("storage.buckets.get"),
        ),
        (
            format!("{buckets}\n{objects}\ntook 200 ms\nError 403: {SCOPES}"),
            Some("storage.objects.list"),
        ),
        (
            format!("Get \"https://storage.googleapis.com/storage/v1/b\": {SCOPES}"),
            Some("storage.buckets.list"),
        ),
        (
            format!(
                "{}{}{SCOPES}",
                curl("/storage/v1/b", "200"),
                curl("/storage/v1/b/kites", "403")
            ),
            Some("storage.buckets.get"),
        ),
        // The URL of a resource is not that of a request.
        (
            format!(
                "machine: https://compute.googleapis.com/compute/v1/projects/p/zones/z/instances/\
                 web\n{SCOPES}"
            ),
            None,
        ),
        (format!("token for https://www.googleapis.com/auth/drive\n{SCOPES}"), None),
    ];
    for (text, expected) in rows {
        assert_eq!(id(&find(&text, "")), expected, "{text}");
    }
    let before = format!("{topics}\n{objects}\n");
    assert_eq!(id(&find(SCOPES, &before)), Some("storage.objects.list"));
    assert_eq!(id(&find(&format!("{buckets}: {SCOPES}"), &before)), Some("storage.buckets.get"));
}

#[test]
fn a_truncated_url_shows_only_the_api() {
    for url in [
        "https://storage.googleapis.com/...",
        "https://storage.googleapis.com/storage/v1/b/***",
        "https://storage.googleapis.com/storage/v1/b/<bucket>/o",
        "https://storage.googleapis.com/storage/v1/b/kites/\u{2026}",
    ] {
        let call = find(&format!("Get \"{url}\": {SCOPES}"), "");
        assert_eq!((call.service(), id(&call)), (Some("storage.googleapis.com"), None), "{url}");
    }
    let page =
        find(&format!("<p>GET https://storage.googleapis.com/storage/v1/b</p> {SCOPES}"), "");
    assert_eq!(id(&page), Some("storage.buckets.list"));
}

/// Cloud Storage alone uses this sentence, so a request to another API was not refused with it.
#[test]
fn a_sentence_of_one_service_rules_out_other_apis() {
    let refused = "googleapi: Error 403: Provided scope(s) are not authorized, forbidden";
    let other = "GET https://bigquery.googleapis.com/bigquery/v2/projects/blue-kite-7/datasets";
    let own = "PUT https://storage.googleapis.com/storage/v1/b/kites";
    for (text, expected) in [
        (format!("{other}\n{refused}"), None),
        (format!("{own}\n{other}\n{refused}"), Some("storage.buckets.update")),
        (format!("{other} {refused}"), None),
    ] {
        let call = find(&text, "");
        assert_eq!(
            (call.service(), id(&call)),
            (Some("storage.googleapis.com"), expected),
            "{text}"
        );
    }
    let xml = "<?xml version='1.0' \
               encoding='UTF-8'?><Error><Code>AccessDenied</Code><Message>Access \
               denied.</Message><Details>No.</Details></Error>";
    assert_eq!(find(xml, other).service(), Some("storage.googleapis.com"));
}

#[test]
fn labels_and_the_origin_of_a_record_are_not_the_service() {
    for text in [
        format!(
            "labels:\n  compute.googleapis.com/resource_name: web-1\ntextPayload: \"Error 403: \
             {SCOPES}\""
        ),
        format!(
            "metadata:\n  serviceName: compute.googleapis.com\ntextPayload: \"Error 403: \
             {SCOPES}\""
        ),
        format!("level=error compute.googleapis.com/instance_id=7 msg=\"{SCOPES}\""),
        format!("metric custom.googleapis.com/kites/count: {SCOPES}"),
        format!(
            r#"{{"textPayload":"Error 403: {SCOPES}","labels":{{{}:"web 1"}}}}"#,
            r#""compute.googleapis.com/resource_name""#
        ),
    ] {
        assert_eq!(find(&text, "").service(), None, "{text}");
    }
}

#[test]
fn a_url_without_a_verb_leaves_candidates() {
    let url = "https://sheets.googleapis.com/v4/spreadsheets/abc/values/A1?alt=json";
    let call = find(&format!("<HttpError 403 when requesting {url} returned \"{SCOPES}\">"), "");
    let mut ids: Vec<_> = call.candidates().iter().map(|method| method.id()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["sheets.spreadsheets.values.get", "sheets.spreadsheets.values.update"]);
    // `spreadsheets.readonly` is enough for `get` only, so it is left out.
    assert_eq!(names(&call.lookup().accepted()), ["drive", "drive.file", "spreadsheets"]);
    // Node's client prints the verb in a field.
    let call =
        find(&format!("{SCOPES}\n  config: {{\n    url: '{url}',\n    method: 'PUT',\n"), "");
    assert_eq!(id(&call), Some("sheets.spreadsheets.values.update"));
    // Two requests in the line of the refusal.
    let bucket = "https://storage.googleapis.com/storage/v1/b/kites";
    let call = find(&format!("GET {bucket}: {SCOPES} PUT {bucket}"), "");
    assert_eq!((call.candidates().len(), id(&call)), (2, None));
}

#[test]
fn the_address_of_an_api_leaves_the_method_to_another_request() {
    let rpc = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    let telemetry = "endpoint: https://telemetry.googleapis.com:443";
    let topics = "GET https://pubsub.googleapis.com/v1/projects/p/topics";
    let method = |text: &str| id(&find(text, ""));
    let export = Some("opentelemetry.proto.collector.trace.v1.TraceService.Export");
    assert_eq!(method(&format!("{telemetry}\nrpc error: {SCOPES}\nrpc: {rpc}")), export);
    assert_eq!(method(&format!("{telemetry} {rpc}: {SCOPES}")), export);
    // Servers of others have this RPC, too.
    assert_eq!(method(&format!("{rpc}: {SCOPES}")), None);
    let dialed = format!("{topics}\nhttps://logging.googleapis.com:443: {SCOPES}");
    let call = find(&dialed, "");
    assert_eq!((id(&call), call.service()), (None, Some("logging.googleapis.com")));
}

#[test]
fn the_verb_may_follow_the_url() {
    let call = |verb| {
        find(
            &format!(
                "{SCOPES} at https://sheets.googleapis.com/v4/spreadsheets/k/values/A1 {verb}"
            ),
            "",
        )
    };
    assert_eq!(id(&call("(GET)")), Some("sheets.spreadsheets.values.get"));
    assert_eq!(id(&call("[PUT]")), Some("sheets.spreadsheets.values.update"));
    assert_eq!(id(&call("(a cell)")), None);
}

#[test]
fn commands_and_libraries_show_the_api() {
    let after = |frame: &str| format!("Error: 7 PERMISSION_DENIED: {SCOPES}\n    at {frame}");
    let before =
        |frame: &str| format!("  File \"{frame}\", line 7\nPermissionDenied: 403 {SCOPES}");
    let rows = [
        (format!("ERROR: (gcloud.kms.keys.list) PERMISSION_DENIED: {SCOPES}"), "cloudkms"),
        (format!("ERROR: (gcloud.beta.run.jobs.execute) PERMISSION_DENIED: {SCOPES}"), "run"),
        (before("/usr/lib/python3/site-packages/google/cloud/logging_v2/client.py"), "logging"),
        (before("/app/google/cloud/secretmanager_v1/client.py"), "secretmanager"),
        (after("/app/node_modules/@google-cloud/firestore/build/src/index.js:1:2"), "firestore"),
        (
            after("com.google.cloud.firestore.v1.FirestoreClient.commit(FirestoreClient.java:7)"),
            "firestore",
        ),
        (after("com.google.api.services.drive.Drive$Files$List"), "drive"),
        (after("google.golang.org/api/sheets/v4.(*SpreadsheetsGetCall).Do(...)"), "sheets"),
        (after("cloud.google.com/go/pubsub@v1.36.1/topic.go:7"), "pubsub"),
        (after("google-cloud-tasks-2.7.0/lib/client.rb:7"), "cloudtasks"),
        (after("Google.Cloud.SecretManager.V1.SecretManagerServiceClientImpl"), "secretmanager"),
        (after("Google\\Cloud\\Translate\\V2\\TranslateClient"), "translate"),
        (after("google_cloud_bigquery::client"), "bigquery"),
        (after("google.ads.googleads.v18.services.GoogleAdsService/SearchStream"), "googleads"),
        (after("/app/google/analytics/data_v1beta/services/client.py"), "analyticsdata"),
        (format!("BigQuery error in query operation: Error 403: {SCOPES}"), "bigquery"),
        // The nearest library counts, and not one that every client uses.
        (
            after(
                "com.google.api.gax.rpc.ApiExceptionFactory.createException(A.java:1)\n    at \
                 com.google.cloud.spanner.X\n    at com.google.cloud.pubsub.Y",
            ),
            "spanner",
        ),
    ];
    for (text, api) in rows {
        let call = find(&text, "");
        assert_eq!(call.service(), Some(format!("{api}.googleapis.com").as_str()), "{text}");
        assert_eq!(id(&call), None, "{text}");
    }
    assert_eq!(find(&after("/usr/lib/google-cloud-sdk/lib/main.py"), "").service(), None);

    let call = find(
        &format!("ERROR: (gcloud.compute.disks.list) Some requests did not succeed:\n - {SCOPES}"),
        "",
    );
    assert!(call.candidates().iter().any(|method| method.id() == "compute.disks.list"));
    assert_eq!(names(&call.lookup().accepted()), ["cloud-platform", "compute", "compute.readonly"]);
    let records =
        find(&format!("ERROR: (gcloud.dns.record-sets.list) HTTPError 403: {SCOPES}"), "");
    assert_eq!(records.candidates().len(), 1);
    assert_eq!(records.candidates()[0].id(), "dns.resourceRecordSets.list");
}

/// A library in the record of the refusal is nearer to it than a request in another record.
#[test]
fn a_library_in_the_record_rules_out_requests_in_other_records() {
    let record = format!("at com.google.cloud.spanner.Session\n{SCOPES}");
    let call = find(&record, "GET https://storage.googleapis.com/storage/v1/b/kites");
    assert_eq!((call.service(), id(&call)), (Some("spanner.googleapis.com"), None));
}

#[test]
fn a_named_call_of_another_api_or_method_is_a_contradiction() {
    let info = |method: &str| {
        format!(
            "{SCOPES}\nreason: ACCESS_TOKEN_SCOPE_INSUFFICIENT\nservice: \
             pubsub.googleapis.com\nmethod: {method}"
        )
    };
    let text = info("google.pubsub.v1.Publisher.Publish");
    let url = format!("GET https://www.googleapis.com/drive/v3/files: {SCOPES}");
    let rows = [
        (text.as_str(), "storage.objects.get", true),
        (&text, "pubsub.projects.topics.list", true),
        (&text, "pubsub.projects.topics.publish", false),
        (&text, "google.pubsub.v1.Publisher/Publish", false),
        (&url, "gmail.users.getProfile", true),
        // The server did not name the method, so another method of the same API is possible.
        (&url, "drive.files.create", false),
        (SCOPES, "storage.objects.get", false),
    ];
    for (text, name, expected) in rows {
        let named: NamedCall = name.parse().expect(name);
        assert_eq!(find(text, "").contradicts(&named), expected, "{name}: {text}");
    }
}

#[test]
fn audit_records_name_methods_by_rpc_or_by_id() {
    for (service, name, expected) in [
        ("compute", "v1.compute.instances.get", Some("compute.instances.get")),
        ("compute", "beta.compute.disks.insert", Some("compute.disks.insert")),
        (
            "pubsub",
            "google.pubsub.v1.Publisher.Publish",
            Some("google.pubsub.v1.Publisher.Publish"),
        ),
        // The name is that of a permission, or belongs to another service.
        ("storage", "storage.objects.create", None),
        ("storage", "v1.compute.instances.get", None),
    ] {
        let record = serde_json::json!({"protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": format!("{service}.googleapis.com"), "methodName": name,
            "status": {"code": 7, "message": "Permission denied on the resource."},
        }});
        assert_eq!(id(&find(&record.to_string(), "")), expected, "{name}");
    }
}

#[test]
fn long_texts_with_many_clues_are_read_in_linear_time() {
    // A search of the rest of the line at each prefix, or of the catalog at each line, would take
    // hours.
    let prefixes = "google-cloud-".repeat(100_000);
    assert_eq!(id(&find(&format!("{SCOPES} {prefixes}"), "")), None);
    let named = "Permission 'pubsub.topics.list' denied on resource 'projects/kites'";
    let commands = "(gcloud.compute.disks.list) failed\n".repeat(1000);
    for _ in 0..10 {
        assert_eq!(id(&find(named, &commands)), None);
    }
}
