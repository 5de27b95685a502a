//! Tests of the values and the message that a refusal keeps from a response. `kite` in the
//! responses is an invented service.

use gcp_scopes_catalog::scope::Scope;
use gcp_scopes_explain::environment::{Credential, Environment, Platform};
use gcp_scopes_explain::refusal::{ErrorResponse, Gate, Refusal, classify_text};
use gcp_scopes_explain::remedy;

use super::responses::RESPONSES;
use super::{SCOPE_BODY, classify_response, refusal_of};

#[test]
fn values_for_steps_are_read() {
    let row = |name| RESPONSES.iter().find(|row| row.name == name).expect(name);
    let refusal = |name| refusal_of(row(name).status, row(name).headers, row(name).body);
    let modern = refusal("F1 modern");
    assert_eq!(modern.service(), Some("pubsub.googleapis.com"));
    assert_eq!(modern.rpc_method(), Some("google.pubsub.v1.Publisher.Publish"));
    assert_eq!(modern.server_message(), Some("Request had insufficient authentication scopes."));
    assert!(modern.alternatives().contains(&Scope::cloud_platform()));
    assert_eq!(modern.evidence(), "error_info");
    assert_eq!(refusal("IAM with info").permission(), Some("run.services.get"));
    assert_eq!(refusal("IAM in XML").permission(), Some("storage.objects.get"));
    assert_eq!(refusal("disabled API").project(), Some("123456789012"));
    assert_eq!(refusal("disabled API").service(), Some("kite.googleapis.com"));
    assert_eq!(refusal("perimeter").vpc_sc_id(), Some("aB3dE5fG7hI9jK1lM3nO5"));
    assert_eq!(refusal("perimeter by its reason").vpc_sc_id(), Some("aB3dE5fG7hI9jK1lM3nO5"));
    assert_eq!(refusal("constraint").constraint(), Some("constraints/compute.requireShieldedVm"));
    // The fields contain the values; the message contains none of them.
    let from_fields = refusal_of(
        403,
        &[],
        r#"{"error":{"code":403,"message":"No.","details":[{"requestId":"kite/1"},
            {"reason":"IAM_PERMISSION_DENIED","metadata":{"permission":"run.services.get",
            "consumer":"projects/123456789012","uid":"aB3dE5fG7hI9jK1lM3nO5"}}]}}"#,
    );
    assert_eq!(
        (from_fields.permission(), from_fields.project()),
        (Some("run.services.get"), Some("123456789012"))
    );
    assert_eq!(
        (from_fields.request_id(), from_fields.vpc_sc_id()),
        (Some("kite/1"), Some("aB3dE5fG7hI9jK1lM3nO5"))
    );
    let id = [("x-guploader-uploadid", "AHxI1nM-9_x")];
    assert_eq!(refusal_of(403, &id, SCOPE_BODY).request_id(), Some("AHxI1nM-9_x"));
}

#[test]
fn permissions_are_found_in_messages_of_many_services() {
    for (text, permission) in [
        (
            "Permission 'a' denied. Required 'compute.zones.list' permission for 'projects/p'",
            Some("compute.zones.list"),
        ),
        (
            "User does not have bigquery.jobs.create permission in project blue-kite-7.",
            Some("bigquery.jobs.create"),
        ),
        (
            "Caller is missing IAM permission spanner.sessions.create on resource x.",
            Some("spanner.sessions.create"),
        ),
        (
            "Permission iam.googleapis.com/denypolicies.create denied on resource",
            Some("iam.denypolicies.create"),
        ),
        ("requires one of [\"container.pods.list\"] permission(s).", Some("container.pods.list")),
        ("The caller does not have permission to storage.googleapis.com", None),
        ("com.google.gson: permission denied at io.grpc.status", None),
        ("Permission denied: visit www.example.com", None),
        ("(gcloud.run.deploy) PERMISSION_DENIED: The caller does not have permission", None),
        ("API call to bigquery.jobs.query failed with error: Access Denied", None),
        (
            "airflow.task.operators: no access: Permission 'run.services.get' denied on resource",
            Some("run.services.get"),
        ),
        ("Access denied for ana@mail.example.co.uk and mail.example.info", None),
        ("Permission denied for runner@kite.iam.gserviceaccount.com", None),
    ] {
        let refusal = classify_text(text).expect(text);
        assert_eq!(refusal.permission(), permission, "{text}");
    }
}

#[test]
fn permissions_are_within_60_bytes_of_a_permission_word() {
    let permission =
        |text: String| classify_text(&text).expect("no refusal").permission().map(str::to_owned);
    let found = Some("kite.trees.shake".to_owned());
    // With 45 dots, the whole word is within 60 bytes of the name; with 60 dots it is not.
    for (dots, expected) in [(45, &found), (60, &None)] {
        let gap = ".".repeat(dots);
        let before = format!("Permission {gap} kite.trees.shake");
        let after = format!("kite.trees.shake {gap} Permission");
        for text in [before, after] {
            let text = format!("Error 403: Forbidden {text}");
            assert_eq!(permission(text.clone()), *expected, "{text}");
        }
    }
}

#[test]
fn projects_are_found_in_messages_of_many_services() {
    for (text, project) in [
        ("Permission denied in Project blue-kite-7.", Some("blue-kite-7")),
        ("Permission denied on projects/blue-kite-7/topics/t", Some("blue-kite-7")),
        (
            "(gcloud.run.deploy) User [ann@example.com] does not have permission to access \
             namespaces instance [blue-kite-7] (or it may not exist)",
            Some("blue-kite-7"),
        ),
        (
            "(gcloud.projects.set-iam-policy) [ann@example.com] does not have permission to access \
             projects instance [example.com:blue-kite-7:setIamPolicy]",
            Some("example.com:blue-kite-7"),
        ),
        // A short number counts only where nothing but a project is named.
        ("Kite API has not been used in project 7701 before or it is disabled.", Some("7701")),
        ("Permission denied on projects/7701/topics/t", Some("7701")),
        ("Permission denied in project 2 of 3", None),
        ("Permission denied for user-name of example-1", None),
        ("Permission denied: ask the project owners", None),
    ] {
        assert_eq!(classify_text(text).expect(text).project(), project, "{text}");
    }
}

#[test]
fn the_location_is_that_of_a_resource_of_the_project() {
    for (path, location) in [
        ("projects/blue-kite-7/locations/us-east1/services/s", Some("us-east1")),
        ("projects/blue-kite-7/zones/us-east1-b/instances/w", Some("us-east1-b")),
        ("projects/blue-kite-7/locations/global/keyRings/r", None),
        ("projects/blue-kite-7/locations", None),
        ("projects/blue-kite-7/locations/$(reboot)/services/s", None),
        ("projects/blue-kite-7/topics/t of projects/red-kite-7/zones/us-east1-b", None),
    ] {
        let text = format!("Permission 'kite.trees.get' denied on resource '{path}'");
        assert_eq!(classify_text(&text).expect("no refusal").location(), location, "{path}");
    }
}

/// An audit record without a message has the project in the name of its resource alone.
#[test]
fn the_project_and_the_location_are_in_the_field_of_the_resource() {
    let record = |labels: &str| {
        format!(
            r#"{{"protoPayload":{{"@type":"type.googleapis.com/google.cloud.audit.AuditLog",
            "status":{{"code":7,"message":"PERMISSION_DENIED"}},
            "serviceName":"compute.googleapis.com","methodName":"v1.compute.instances.delete",
            "resourceName":"projects/7701/zones/us-east1-b/instances/w1",
            "authorizationInfo":[{{"permission":"compute.instances.delete"}}]}}{labels}}}"#
        )
    };
    let of = |labels| classify_text(&record(labels)).expect("no refusal");
    assert_eq!((of("").project(), of("").location()), (Some("7701"), Some("us-east1-b")));
    let labels = r#","resource":{"labels":{"project_id":"blue-kite-7"}}"#;
    assert_eq!(of(labels).project(), Some("blue-kite-7"));
}

#[test]
fn a_constraint_in_quotes_is_recognized_although_quoted_names_do_not_count() {
    let body = r#"{"error":{"code":412,"errors":[{"reason":"conditionNotMet"}],
        "message":"'us-west1' violates constraint 'constraints/gcp.resourceLocations'"}}"#;
    let refusal = refusal_of(412, &[], body);
    assert_eq!(refusal.gate(), Gate::OrgPolicy);
    assert_eq!(refusal.constraint(), Some("constraints/gcp.resourceLocations"));
    let named = body.replace("constraints/gcp.resourceLocations", "kites");
    let is_policy = |refusal: &Refusal| refusal.gate() == Gate::OrgPolicy;
    assert!(!classify_response(412, &[], &named).as_ref().is_some_and(is_policy));
}

#[test]
fn fields_of_error_info_are_read_in_the_forms_of_clients() {
    let resource = "projects/blue-kite-7/locations/us-east1/services/s";
    for text in [
        format!(
            "ERROR: (gcloud.run.services.describe) PERMISSION_DENIED: Not allowed.\n- '@type': \
             type.googleapis.com/google.rpc.ErrorInfo\n  metadata:\n    permission: \
             run.services.get\n    resource: {resource}\n  reason: IAM_PERMISSION_DENIED\n"
        ),
        format!(
            "rpc error: code = PermissionDenied desc = no\nerror details: name = ErrorInfo reason \
             = IAM_PERMISSION_DENIED metadata = map[permission:run.services.get \
             resource:{resource}]"
        ),
    ] {
        let refusal = classify_text(&text).expect("no refusal");
        assert_eq!(refusal.resource(), Some(resource), "{text}");
        assert_eq!(refusal.permission(), Some("run.services.get"), "{text}");
    }
    let quota = "429 Quota exceeded [reason: \"RATE_LIMIT_EXCEEDED\"\nmetadata {\n  key: \
                 \"quota_metric\"\n  value: \"kite.googleapis.com/flights\"\n}\nmetadata {\n  key: \
                 \"quota_location\"\n  value: \"us-east1\"\n}\n]";
    let refusal = classify_text(quota).expect("no refusal");
    let known: Vec<_> = refusal.identifiers().collect();
    assert!(known.contains(&("quota_metric", "kite.googleapis.com/flights")), "{known:?}");
    assert!(known.contains(&("quota_location", "us-east1")), "{known:?}");
    let service = "(gcloud.services.enable) Permission denied to enable service \
                   [kite.googleapis.com]\n  metadata:\n    service: serviceusage.googleapis.com";
    let refusal = classify_text(service).expect("no refusal");
    assert_eq!(refusal.service(), Some("serviceusage.googleapis.com"));
}

#[test]
fn the_service_is_found_in_messages_of_one_service_alone() {
    for (text, service) in [
        (
            "ann@example.com does not have storage.buckets.list access to the Google Cloud \
             project.",
            "storage",
        ),
        (
            "Access Denied: Project blue-kite-7: User does not have bigquery.jobs.create \
             permission in project blue-kite-7.",
            "bigquery",
        ),
        (
            "403 https://us-east1-aiplatform.googleapis.com/v1/x: The caller does not have \
             permission",
            "aiplatform",
        ),
        (
            "403 https://calendar-json.googleapis.com/x: The caller does not have permission",
            "calendar-json",
        ),
    ] {
        let host = format!("{service}.googleapis.com");
        assert_eq!(classify_text(text).expect("no refusal").service(), Some(&*host), "{text}");
    }
    // A permission alone does not show which API was called.
    let use_of_project = "Caller does not have serviceusage.services.use access to the project.";
    assert_eq!(classify_text(use_of_project).expect("no refusal").service(), None);
}

#[test]
fn the_file_is_found_in_the_url_if_there_is_only_one() {
    let message = "The user does not have sufficient permissions for this file.";
    let url = |id: &str| format!("GET https://www.googleapis.com/drive/v3/files/{id}?alt=json");
    let (one, other) = ("1KiteShopTestFileId0123456789", "2KiteShopTestFileId0123456789");
    for (text, file) in [
        (format!("{}\n{message}", url(one)), Some(one)),
        (format!("{}\n{}: {message}", url(one), url(one)), Some(one)),
        (format!("{}\n{}: {message}", url(one), url(other)), None),
        (format!("{}: {message}", url("root")), None),
    ] {
        let refusal = classify_text(&text).expect("no refusal");
        let found = refusal.identifiers().find(|(name, _)| *name == "file");
        assert_eq!(found.map(|(_, id)| id), file, "{text}");
    }
}

#[test]
fn a_refusal_by_an_api_for_files_in_drive_is_not_one_by_iam() {
    let body = r#"{"error":{"code":403,"message":"The caller does not have permission"}}"#;
    let refusal = refusal_of(403, &[], body);
    assert_eq!(refusal.gate(), Gate::Iam);
    let gate = |service| refusal.clone().with_service(service).gate();
    assert_eq!(gate("sheets.googleapis.com"), Gate::ResourceAcl);
    assert_eq!(gate("pubsub.googleapis.com"), Gate::Iam);
}

#[test]
fn the_error_page_of_another_web_server_is_not_googles() {
    let page = "<html><head><title>403 Forbidden</title></head><body><h1>403 Forbidden</h1>\
                <hr><center>nginx/1.25</center></body></html>";
    assert!(refusal_of(403, &[], page).other_server().is_some());
    let page_of_google = "<html><title>Error 403 (Forbidden)!!1</title><p>Google</p></html>";
    assert!(refusal_of(403, &[], page_of_google).other_server().is_none());
}

#[test]
fn the_api_and_the_constraint_are_found_in_messages() {
    let text = "Constraint constraints/compute.vmCanIpForward violated, see \
        constraints/compute.requireShieldedVm: token of https://www.googleapis.com/auth/compute \
        for compute.googleapis.com/v1 and kite.googleapis.com";
    let refusal = classify_text(text).expect("no refusal");
    assert_eq!(refusal.service(), Some("compute.googleapis.com"));
    assert_eq!(refusal.constraint(), Some("constraints/compute.vmCanIpForward"));
    // With `constraints/`, the name has 129 bytes, which is one more than the limit.
    let long = "k".repeat(117);
    for (name, is_shown) in [
        ("constraints/custom.fly_kites2", true),
        ("constraints/fly-kites", false),
        ("constraints/fly/kites", false),
        (&format!("constraints/{long}"), false),
    ] {
        let refusal = classify_text(&format!("Constraint {name} violated")).expect("no refusal");
        assert_eq!(refusal.gate(), Gate::OrgPolicy);
        assert_eq!(refusal.constraint(), Some(name).filter(|_| is_shown), "{name}");
    }
}

/// Returns the value that a refusal keeps of the field with this name in `ErrorInfo.metadata`.
fn shown(name: &str, value: &str) -> Option<String> {
    let info = serde_json::json!({"reason": "IAM_PERMISSION_DENIED", "metadata": {name: value}});
    let body = serde_json::json!({"error": {"code": 403, "message": "No.", "details": [info]}})
        .to_string();
    let refusal = refusal_of(403, &[], &body);
    let value = match name {
        "service" => refusal.service(),
        "method" => refusal.rpc_method(),
        "permission" => refusal.permission(),
        "consumer" => refusal.project(),
        "uid" => refusal.vpc_sc_id(),
        _ => refusal.request_id(),
    };
    value.map(str::to_owned)
}

#[test]
fn values_with_the_documented_syntax_are_kept_unchanged() {
    let most = "k".repeat(256);
    for (name, value) in [
        ("service", "pubsub.googleapis.com"),
        ("service", "europe-west1-kite2.example.com"),
        ("method", "google.pubsub.v1.Publisher.Publish"),
        ("method", "kite.v1-beta.Air_Field/Land2"),
        ("permission", "run.services.get"),
        ("permission", "compute.ips2.useInternally"),
        ("consumer", "blue-kite-7"),
        ("consumer", "bluekite"),
        ("consumer", "1"),
        ("consumer", "12345678901234567890"),
        ("consumer", "example.com:blue-kite"),
        ("uid", "aB3-dE5_gH7i"),
        ("requestId", "kite/1:2=3"),
        ("requestId", most.as_str()),
    ] {
        let sent = if name == "consumer" { format!("projects/{value}") } else { value.to_owned() };
        assert_eq!(shown(name, &sent).as_deref(), Some(value), "{name}");
    }
    let by_host = shown("permission", "iam.googleapis.com/denypolicies.create");
    assert_eq!(by_host.as_deref(), Some("iam.denypolicies.create"));
}

#[test]
fn values_without_the_documented_syntax_are_left_out() {
    let long = "k".repeat(257);
    let (long_host, long_method) = (format!("{long}.googleapis.com"), format!("kite.{long}"));
    let long_project = format!("projects/{}.com:blue-kite", "k".repeat(96));
    let long_verb = format!("run.services.{}", "k".repeat(65));
    for (name, values) in [
        (
            "service",
            &[
                "$(reboot).googleapis.com",
                "kite",
                "Kite.example.com",
                "kite..com",
                "kite_1.example.com",
                &long_host,
            ][..],
        ),
        ("method", &["a b.c", "Publish", "google..Publish", "google.Publish!", &long_method]),
        (
            "permission",
            &[
                "a.b.c; rm -rf /",
                "run.services",
                "run.services.get.all",
                "a.services.get",
                "run.se.get",
                "run.services.ge",
                "Run.services.get",
                "run.ser-vices.get",
                "com.services.get",
                "run.services.json",
                &long_verb,
            ],
        ),
        (
            "consumer",
            &[
                "blue-kite-7",
                "projects/a'b-1",
                "projects/kite1",
                "projects/123456789012345678901",
                "projects/Blue-kite-7",
                "projects/blue-kite-",
                "projects/blue.kite",
                "projects/blue_kite",
                "projects/a-name-that-is-one-letter-too-long",
                "projects/:blue-kite",
                "projects/example.com:a:blue-kite",
                "projects/exam_ple.com:blue-kite",
                &long_project,
            ],
        ),
        ("uid", &["`id` 1234567890", "aB3dE5gH7iJ", "aB3dE5gH7iJ9+", &long]),
        ("requestId", &["a b", "a\"b", "a\\b", "kité", "", &long]),
    ] {
        for value in values {
            assert_eq!(shown(name, value), None, "{name} {value}");
        }
    }
    assert_eq!(refusal_of(403, &[("x-guploader-uploadid", "a b\"c")], "").request_id(), None);
}

#[test]
fn the_servers_message_is_shortened_and_escaped() {
    let long = "a".repeat(5000);
    for (message, expected) in [
        ("plain", "plain".to_owned()),
        ("red \u{1b}[31m", "red \\u{1b}[31m".to_owned()),
        ("turned \u{202e}txt", "turned \\u{202e}txt".to_owned()),
        ("two\nlines", "two lines".to_owned()),
        (long.as_str(), "a".repeat(1024)),
        ("token ya29.a0AfH6SMBx-yz_0123456789 here", "token [redacted] here".to_owned()),
        (
            "?access_token%3Dya29.a0AfH6SMBx-yz_0123456789%26x",
            "?access_token%3D[redacted]%26x".to_owned(),
        ),
        ("client GOCSPX-a0AfH6SMBx-yz_0123456789, here", "client [redacted]  here".to_owned()),
        (
            "Authorization: Bearer opaque+0123/456789abcdef here",
            "Authorization: Bearer [redacted] here".to_owned(),
        ),
        (
            "{\"refresh_token\": \"1//0gABC-dEf_0123456789\"}",
            "{\"refresh_token\": \"1//0[redacted]\"}".to_owned(),
        ),
        ("?refresh_token=0123456789abcdef0&a=b", "?refresh_token=[redacted]&a=b".to_owned()),
        (
            "/x?X-Goog-Signature=0123456789abcdef&a=b",
            "/x?X-Goog-Signature=[redacted]&a=b".to_owned(),
        ),
        (
            "Bearer realm=\"https://accounts.google.com/\"",
            "Bearer realm=\"https://accounts.google.com/\"".to_owned(),
        ),
        ("keyJson and eyJx stay", "keyJson and eyJx stay".to_owned()),
    ] {
        let body = serde_json::json!({"error": {"code": 403, "message": message}}).to_string();
        assert_eq!(refusal_of(403, &[], &body).server_message(), Some(expected.as_str()));
    }
}

#[test]
fn the_first_line_with_a_phrase_is_the_message() {
    let shown = |text| classify_text(text).expect("no refusal").server_message().map(str::to_owned);
    let trace = "\nTraceback (most recent call last):\n  File a.py\n\nForbidden: 403 The caller \
                 does not have permission\nbye";
    assert_eq!(shown(trace).as_deref(), Some("Forbidden: 403 The caller does not have permission"));
    // Without a known phrase, the first line with text is the message.
    assert_eq!(shown("\n \nError 403: no\nand no more").as_deref(), Some("Error 403: no"));
}

#[test]
fn the_message_of_xml_and_html_has_no_markup() {
    let xml = "<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Access \
               denied.</Message><Details>kite@blue-kite-7.iam.gserviceaccount.com has no \
               &quot;get&quot;.</Details></Error>";
    let expected = r#"kite@blue-kite-7.iam.gserviceaccount.com has no "get"."#;
    assert_eq!(refusal_of(403, &[], xml).server_message(), Some(expected));
    let html = "<!DOCTYPE html><html><head><STYLE>p{}</STYLE><script>var \
                forbidden</script></head><!-- a > b --><p>Forbidden &amp; logged.</p></html>";
    let words: Vec<_> = refusal_of(403, &[], html)
        .server_message()
        .expect("no message")
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    assert_eq!(words.join(" "), "Forbidden & logged.");
}

#[test]
fn a_sentence_in_the_field_error_is_the_message() {
    let refusal = refusal_of(403, &[], r#"{"error":"You may not fly here."}"#);
    assert_eq!(refusal.server_message(), Some("You may not fly here."));
}

#[test]
fn debug_does_not_show_the_servers_message() {
    let body = concat!(
        r#"{"error":{"code":403,"message":"sesame 'kite.objects.get' denied","#,
        r#""details":[{"reason":"IAM_PERMISSION_DENIED","#,
        r#""metadata":{"service":"sesame.googleapis.com","consumer":"projects/sesame-1"}}]}}"#,
    );
    let lines = [("x-guploader-uploadid", "sesame")];
    let text = format!(
        "{:?} {:?}",
        refusal_of(403, &lines, body),
        ErrorResponse::new(body.as_bytes()).with_status(403)
    );
    assert!(!text.contains("sesame") && !text.contains("kite"), "{text}");
    assert!(text.contains("Iam") && text.contains("Certain") && text.contains("403"), "{text}");
}

/// The id of a refusal by IAM, in base64, and the page about the refusal.
const ID: &str = "CiQwZXhhbXBsZS1pZC1vZi1hLXJlZnVzYWwSAA==";
const PAGE: &str = "https://console.cloud.google.com/iam-admin/troubleshooter/summary;\
                    errorId=CiQwZXhhbXBsZS1pZC1vZi1hLXJlZnVzYWwSAA%3D%3D";

/// The message of a refusal by IAM that ends with the address of the page about it.
fn message() -> String {
    format!(
        "Permission 'run.services.get' denied on resource \
         '//run.googleapis.com/projects/blue-kite-7/services/fly' (or it may not exist). Remediate \
         access with this Troubleshooter URL or share it with your administrator - {PAGE} ."
    )
}

#[test]
fn the_id_and_the_page_of_a_refusal_by_iam_are_read_in_every_form() {
    let metadata = serde_json::json!({
        "permission": "run.services.get", "error_info_id": ID, "troubleshooter_url": PAGE,
    });
    let json = serde_json::json!({"error": {"code": 403, "message": message(), "details": [
        {"reason": "IAM_PERMISSION_DENIED", "domain": "iam.googleapis.com", "metadata": metadata},
    ]}})
    .to_string();
    let old_json = serde_json::json!({"error": {"code": 403, "message": message(), "errors": [
        {"message": message(), "domain": "global", "reason": "forbidden"},
    ]}})
    .to_string();
    let gcloud = format!(
        "ERROR: (gcloud.run.services.describe) PERMISSION_DENIED: {} This command is authenticated \
         as ana@kite.example which is the active account specified by the [core/account] \
         property.\n- '@type': type.googleapis.com/google.rpc.ErrorInfo\n  domain: \
         iam.googleapis.com\n  metadata:\n    error_info_id: {ID}\n    permission: \
         run.services.get\n    troubleshooter_url: {PAGE}\n  reason: IAM_PERMISSION_DENIED\n",
        message()
    );
    let go = format!(
        "rpc error: code = PermissionDenied desc = {}\nerror details: name = ErrorInfo reason = \
         IAM_PERMISSION_DENIED domain = iam.googleapis.com metadata = map[error_info_id:{ID} \
         permission:run.services.get troubleshooter_url:{PAGE}]",
        message()
    );
    let python = format!(
        "google.api_core.exceptions.PermissionDenied: 403 {} [reason: \
         \"IAM_PERMISSION_DENIED\"\ndomain: \"iam.googleapis.com\"\nmetadata {{\n  key: \
         \"troubleshooter_url\"\n  value: \"{PAGE}\"\n}}\nmetadata {{\n  key: \
         \"error_info_id\"\n  value: \"{ID}\"\n}}\n]",
        message()
    );
    let java = format!("com.google.api.gax.rpc.PermissionDeniedException: {}", message());
    let node = format!(
        "Error: 7 PERMISSION_DENIED: {}\n  reason: 'IAM_PERMISSION_DENIED',\n  \
         errorInfoMetadata: {{\n    troubleshooter_url: '{PAGE}',\n    error_info_id: '{ID}',\n    \
         permission: 'run.services.get'\n  }}",
        message()
    );
    let refusals = [
        refusal_of(403, &[], &json),
        refusal_of(403, &[], &old_json),
        classify_text(&json).expect("no refusal"),
        classify_text(&gcloud).expect("no refusal"),
        classify_text(&go).expect("no refusal"),
        classify_text(&python).expect("no refusal"),
        classify_text(&java).expect("no refusal"),
        classify_text(&node).expect("no refusal"),
        classify_text(&message()).expect("no refusal"),
    ];
    for (index, refusal) in refusals.iter().enumerate() {
        assert_eq!(
            (refusal.gate(), refusal.certainty().as_str()),
            (Gate::Iam, "certain"),
            "{index}"
        );
        assert_eq!(refusal.error_info_id(), Some(ID), "{index}");
        assert_eq!(refusal.troubleshooter_url(), Some(PAGE), "{index}");
        assert_eq!(refusal.permission(), Some("run.services.get"), "{index}");
        let resource = "//run.googleapis.com/projects/blue-kite-7/services/fly";
        assert_eq!(refusal.resource(), Some(resource), "{index}");
        assert_eq!(refusal.project(), Some("blue-kite-7"), "{index}");
    }
    assert_eq!(refusals[3].principal(), Some("ana@kite.example"));
}

#[test]
fn no_other_address_is_taken_for_a_page_of_the_troubleshooter() {
    for url in [
        "https://console.cloud.google.com.kite.example/iam-admin/troubleshooter/summary;errorId=CiQ",
        "http://console.cloud.google.com/iam-admin/troubleshooter/summary",
        "https://console.cloud.google.com/iam-admin/troubleshooter/",
        "https://console.cloud.google.com/iam-admin/roles",
        "javascript:https",
    ] {
        let text = format!("Permission 'run.services.get' denied. Remediate access: {url}");
        assert_eq!(classify_text(&text).expect("no refusal").troubleshooter_url(), None, "{url}");
    }
    let odd = format!("Permission 'run.services.get' denied. {PAGE}$(reboot)\u{1b}[31m");
    assert_eq!(classify_text(&odd).expect("no refusal").troubleshooter_url(), Some(PAGE));
}

#[test]
fn the_account_that_made_the_call_is_read() {
    for (text, principal) in [
        ("ana@kite.example does not have storage.buckets.list access", Some("ana@kite.example")),
        (
            "fly@blue-kite-7.iam.gserviceaccount.com does not have storage.objects.get access",
            Some("fly@blue-kite-7.iam.gserviceaccount.com"),
        ),
        ("The principal 'user:ana@kite.example' lacks the permission", Some("ana@kite.example")),
        ("Error 403: Permission denied on service account fly@blue-kite-7.example", None),
        ("Error 403: Permission denied: ask admin@kite.example", None),
    ] {
        assert_eq!(classify_text(text).expect(text).principal(), principal, "{text}");
    }
}

/// A refusal in a text, the gate, the identifiers with their names, and a part of the first step of
/// the recommended option.
type GateRow = (&'static str, Gate, &'static [(&'static str, &'static str)], &'static str);

const GATES: [GateRow; 29] = [
    (
        "PermissionDenied: Caller is missing IAM permission spanner.sessions.create on resource \
         projects/blue-kite-7/instances/i/databases/sky.",
        Gate::Iam,
        &[],
        "projects add-iam-policy-binding blue-kite-7 ",
    ),
    (
        "Permission bigquery.tables.getData denied on table blue-kite-7:sky.kites (or it may not \
         exist)., accessDenied",
        Gate::Iam,
        &[("reason", "accessDenied")],
        "projects add-iam-policy-binding blue-kite-7 ",
    ),
    (
        "Error in query operation: VPC Service Controls: Request is prohibited by organization's \
         policy. vpcServiceControlsUniqueIdentifier: aB3dE5fG7hI9jK1lM3nO5.",
        Gate::VpcSc,
        &[("vpc_sc_id", "aB3dE5fG7hI9jK1lM3nO5")],
        "vpcServiceControlsUniqueId=\"aB3dE5fG7hI9jK1lM3nO5\"",
    ),
    (
        r#"{"protoPayload": {"@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "status": {"code": 7, "message": "Request is prohibited by organization's policy."},
        "serviceName": "storage.googleapis.com", "metadata": {
        "vpcServiceControlsUniqueId": "aB3dE5fG7hI9jK1lM3nO5", "securityPolicyInfo":
        {"servicePerimeterName": "accessPolicies/7/servicePerimeters/kite"}}},
        "resource": {"type": "audited_resource", "labels": {"project_id": "blue-kite-7"}}}"#,
        Gate::VpcSc,
        &[
            ("vpc_sc_id", "aB3dE5fG7hI9jK1lM3nO5"),
            ("perimeter", "accessPolicies/7/servicePerimeters/kite"),
        ],
        "(accessPolicies/7/servicePerimeters/kite)",
    ),
    (
        "code=400, message=Operation denied by custom org policies: \
         [\"customConstraints/custom.kiteTail\": \"A kite needs a tail.\"].",
        Gate::OrgPolicy,
        &[("constraint", "customConstraints/custom.kiteTail")],
        "org-policies describe custom.kiteTail ",
    ),
    (
        "Error 400: Billing account 01A2B3-C4D5E6-F70809 is not open., badRequest",
        Gate::Billing,
        &[("billing_account", "01A2B3-C4D5E6-F70809")],
        "gcloud billing projects link ",
    ),
    (
        r#"{"error": {"code": 403, "message": "The user may not edit file 1AbCdEfGhIjKlMnOpQrStU.",
        "errors": [{"reason": "insufficientFilePermissions", "message":
        "The user does not have sufficient permissions for file 1AbCdEfGhIjKlMnOpQrStU."}]}}"#,
        Gate::ResourceAcl,
        &[("file", "1AbCdEfGhIjKlMnOpQrStU"), ("reason", "insufficientFilePermissions")],
        "share the file",
    ),
    (
        r#"{"error": "invalid_grant", "error_description": "Bad Request",
        "error_subtype": "invalid_rapt"}"#,
        Gate::Credentials,
        &[("reason", "invalid_rapt")],
        "sign in again from time to time",
    ),
    (
        r#"{"error": "invalid_grant",
        "error_description": "The audience in ID Token [x] does not match."}"#,
        Gate::Credentials,
        &[("reason", "invalid_grant")],
        "workload-identity-pools providers describe",
    ),
    (
        r#"{"error": "unauthorized_client",
        "error_description": "The given credential is rejected by the attribute condition."}"#,
        Gate::Credentials,
        &[],
        "attribute condition",
    ),
    (
        r#"{"error": "invalid_client", "error_description": "Unauthorized"}"#,
        Gate::Credentials,
        &[("reason", "invalid_client")],
        "Compare the client id",
    ),
    (
        r#"{"error": "invalid_grant", "error_description":
        "The service account 'fly@blue-kite-7.iam.gserviceaccount.com' is disabled."}"#,
        Gate::Credentials,
        &[("reason", "invalid_grant")],
        "describe fly@blue-kite-7.iam.gserviceaccount.com",
    ),
    (
        r#"{"error": {"code": 401, "status": "UNAUTHENTICATED", "message": "Invalid credentials.",
        "details": [{"reason": "ACCOUNT_STATE_INVALID", "domain": "googleapis.com", "metadata":
        {"email": "fly@blue-kite-7.iam.gserviceaccount.com"}}]}}"#,
        Gate::Credentials,
        &[("reason", "ACCOUNT_STATE_INVALID")],
        "describe fly@blue-kite-7.iam.gserviceaccount.com",
    ),
    (
        r#"{"error": {"code": 401, "status": "UNAUTHENTICATED", "message": "Invalid credentials.",
        "details": [{"reason": "ACCESS_TOKEN_TYPE_UNSUPPORTED", "domain": "googleapis.com"}]}}"#,
        Gate::Credentials,
        &[("reason", "ACCESS_TOKEN_TYPE_UNSUPPORTED")],
        "not an ID token",
    ),
    (
        "There was a problem refreshing auth tokens for account \
         fly@blue-kite-7.iam.gserviceaccount.com: ('invalid_grant: Invalid JWT Signature.')",
        Gate::Credentials,
        &[],
        "keys list --iam-account=fly@blue-kite-7.iam.gserviceaccount.com",
    ),
    (
        "Error: The file at /kite/key.json does not exist, or it is not a file.",
        Gate::Credentials,
        &[],
        "GOOGLE_APPLICATION_CREDENTIALS",
    ),
    (
        "google.auth.exceptions.DefaultCredentialsError: File /kite/key.json was not found.",
        Gate::Credentials,
        &[],
        "GOOGLE_APPLICATION_CREDENTIALS",
    ),
    (
        "google: error getting credentials using GOOGLE_APPLICATION_CREDENTIALS environment \
         variable: open /kite/key.json: no such file or directory",
        Gate::Credentials,
        &[],
        "does not exist, or the program may not read it",
    ),
    (
        "Error 403: Required 'compute.networks.get' permission for \
         'projects/blue-kite-7/global/networks/sky', forbidden",
        Gate::Iam,
        &[],
        "projects add-iam-policy-binding blue-kite-7 ",
    ),
    (
        "PERMISSION_DENIED: Permission 'iam.serviceaccounts.actAs' denied on service account \
         fly@blue-kite-7.iam.gserviceaccount.com (or it may not exist).",
        Gate::Iam,
        &[],
        "service-accounts add-iam-policy-binding fly@blue-kite-7.iam.gserviceaccount.com ",
    ),
    (
        "Permission 'cloudkms.cryptoKeyVersions.useToDecrypt' denied on resource \
         'projects/blue-kite-7/locations/global/keyRings/r1/cryptoKeys/k1' (or it may not exist).",
        Gate::Iam,
        &[],
        "kms keys add-iam-policy-binding k1 --keyring=r1 --location=global ",
    ),
    (
        "Permission 'secretmanager.versions.access' denied for resource \
         'projects/blue-kite-7/secrets/tail/versions/latest' (or it may not exist).",
        Gate::Iam,
        &[],
        "gcloud secrets add-iam-policy-binding tail ",
    ),
    (
        "Access Denied: Dataset blue-kite-7:sky: Permission bigquery.datasets.get denied on \
         dataset blue-kite-7:sky (or it may not exist).",
        Gate::Iam,
        &[],
        "projects add-iam-policy-binding blue-kite-7 ",
    ),
    (
        "ERROR: (gcloud.storage.ls) [ann@example.com] does not have permission to access b \
         instance [kite-photos] (or it may not exist): ann@example.com does not have \
         storage.objects.list access to the Google Cloud Storage bucket.",
        Gate::Iam,
        &[],
        "gcloud storage buckets add-iam-policy-binding gs://kite-photos ",
    ),
    (
        "Error 400: Permission denied while using the Kite Service Agent. Verify that it has Kite \
         Service Agent role.",
        Gate::Iam,
        &[],
        "the Kite Service Agent lacks a role",
    ),
    (
        "ERROR: (gcloud.kites.list) There was a problem refreshing your current auth tokens: \
         Reauthentication required.",
        Gate::Credentials,
        &[],
        " gcloud auth login",
    ),
    (
        "Permission denied on resource project blue-kite-7. reason: CONSUMER_INVALID",
        Gate::QuotaProject,
        &[("reason", "CONSUMER_INVALID")],
        "gcloud projects describe blue-kite-7",
    ),
    (
        "File not found: 1KiteShopTestFileId0123456789.",
        Gate::ResourceAcl,
        &[("file", "1KiteShopTestFileId0123456789")],
        "a file that does not exist",
    ),
    // gcloud would read an id that begins with a hyphen as a flag, so a placeholder replaces it.
    (
        "Permission 'secretmanager.versions.access' denied for resource \
         'projects/blue-kite-7/secrets/-quiet/versions/1' (or it may not exist).",
        Gate::Iam,
        &[],
        "gcloud secrets add-iam-policy-binding SECRET ",
    ),
];

#[test]
fn every_gate_has_its_identifiers_the_next_step_and_who_may_take_it() {
    let anywhere = Environment::new(Platform::Unknown, Credential::Unknown);
    for (text, gate, identifiers, step) in GATES {
        let refusal = classify_text(text).expect(text);
        assert_eq!(refusal.gate(), gate, "{text}");
        let known: Vec<_> = refusal.identifiers().collect();
        assert!(known == identifiers, "{text}: {known:?}");
        let options = remedy::for_refusal(&refusal, &anywhere);
        let first = &options[0].steps()[0];
        let words = format!("{} {}", first.text(), first.command_line().unwrap_or_default());
        assert!(words.contains(step), "{text}: {words}");
        // More than one word: the text names a person and the permissions.
        assert!(options[0].runs_as().is_some_and(|who| who.len() > 15), "{text}");
        assert!(!options[0].title().ends_with('.'), "{text}");
    }
}
