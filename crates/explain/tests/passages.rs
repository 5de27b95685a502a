//! Tests of texts with several refusals: the refusal that decides, and refusals by other systems
//! than Google's APIs.

use gcp_scopes_explain::refusal::{Certainty, Gate, Refusal, classify_text, decisive};

const SCOPES: &str = "Error 403: Request had insufficient authentication scopes.";
const IAM: &str =
    "Error 403: a@blue-kite-7.iam.gserviceaccount.com does not have storage.objects.get access";

fn read(text: &str) -> Refusal {
    classify_text(text).unwrap_or_else(|| panic!("no refusal: {text}"))
}

#[test]
fn the_most_certain_refusal_decides_and_is_quoted() {
    let bare = "upload failed: Permission 'kite.trees.shake' denied on resource '//x'";
    for text in [
        format!("{bare}\n{SCOPES}"),
        format!("{SCOPES}\n{bare}"),
        format!("{SCOPES}\nsee roles/owner"),
    ] {
        let refusal = read(&text);
        assert_eq!(
            (refusal.gate(), refusal.certainty()),
            (Gate::Scope, Certainty::Certain),
            "{text}"
        );
        assert_eq!(refusal.server_message(), Some(SCOPES), "{text}");
    }
    // A sentence that is wrapped is quoted as a whole.
    let wrapped =
        read("kite: starting\nError 403: Request had insufficient\n  authentication scopes.");
    let quoted = "Error 403: Request had insufficient   authentication scopes.";
    assert_eq!(wrapped.server_message(), Some(quoted));
}

#[test]
fn a_refusal_that_was_retried_does_not_decide() {
    let (expired, slow) =
        ("Error 401: Invalid Credentials, authError", "Error 429: Too Many Requests");
    for (lines, gate) in [
        (vec![expired, SCOPES], Gate::Scope),
        (vec![slow, slow, IAM], Gate::Iam),
        (vec![slow, expired, IAM], Gate::Iam),
        // Nothing but retries, or a retry after the refusal.
        (vec![slow, slow], Gate::RateLimit),
        (vec![SCOPES, slow], Gate::Scope),
        // A token endpoint refuses the same scopes each time, so this refusal was not retried.
        (vec![r#"{"error":"invalid_scope"}"#, "Error 403: permission denied"], Gate::Credentials),
    ] {
        assert_eq!(read(&lines.join("\n")).gate(), gate, "{lines:?}");
        let refusals: Vec<Refusal> = lines.iter().map(|line| read(line)).collect();
        let index = decisive(&refusals).expect("no refusal");
        assert_eq!(refusals[index].gate(), gate, "{lines:?}");
    }
    assert_eq!(decisive(&[]), None);
}

#[test]
fn refusals_by_databases_and_operating_systems_do_not_count() {
    for text in [
        "ERROR:  permission denied for table kites",
        "open /var/lib/kite/state: permission denied",
        "PermissionError: [Errno 13] Permission denied: '/srv/kite.csv'",
        "ERROR 1045 (28000): Access denied for user 'kite'@'localhost' (using password: YES)",
        "ann@192.0.2.7: Permission denied (publickey).",
    ] {
        assert!(classify_text(text).is_none(), "{text}");
        assert_eq!(read(&format!("{text}\n{SCOPES}")).gate(), Gate::Scope, "{text}");
        assert_eq!(read(&format!("{text}; {IAM}")).gate(), Gate::Iam, "{text}");
    }
}

#[test]
fn the_server_of_a_refusal_that_is_not_googles_is_named() {
    let gitlab =
        r#"{"error":"insufficient_scope","error_description":"No.","scope":"api read_api"}"#;
    let realm = "HTTP/1.1 403 Forbidden\nWWW-Authenticate: Bearer realm=\"kite\", \
                 error=\"insufficient_scope\"\n\n";
    for (text, server) in [
        (gitlab, "GitLab"),
        (
            r#"{"error":"insufficient_scope","scope":"trees:write"}"#,
            "an OAuth server that is not Google's",
        ),
        (realm, "an OAuth server that is not Google's"),
        (
            "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: s3:PutObject",
            "AWS",
        ),
        (
            concat!(
                r#"<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access "#,
                "Denied</Message><HostId>a</HostId></Error>",
            ),
            "Amazon S3 or a server with its API",
        ),
        (
            concat!(
                r#"{"error":{"code":"AuthorizationFailed","#,
                r#""message":"The client does not have authorization."}}"#,
            ),
            "Microsoft Azure",
        ),
        (
            "Your token has not been granted the required scopes to execute this query. The \
             'kite' field requires one of the following scopes: ['read:kite']",
            "GitHub",
        ),
        ("POST https://kites.example.com/v1/trees: 403 Forbidden", "a server that is not Google's"),
    ] {
        let refusal = read(text);
        assert_eq!((refusal.gate(), refusal.other_server()), (Gate::Other, Some(server)), "{text}");
        assert!(refusal.alternatives().is_empty(), "{text}");
        // A refusal by Google in the same log is the one to explain.
        let mixed = read(&format!("kite: {text}\n{IAM}"));
        assert_eq!((mixed.gate(), mixed.other_server()), (Gate::Iam, None), "{text}");
    }
    for google in [
        SCOPES,
        "WWW-Authenticate: Bearer realm=\"https://accounts.google.com/\", \
         error=\"insufficient_scope\", scope=\"x\"\ndate: x\n\n",
        "https://kites.example.com/help: googleapi: Error 403: Forbidden",
        "GET http://10.0.0.7/x: Error 403: permission denied",
        r#"{"error":"insufficient_scope","scope":"https://www.googleapis.com/auth/drive openid"}"#,
    ] {
        assert_eq!(read(google).other_server(), None, "{google}");
    }
}

#[test]
fn a_dry_run_is_not_a_refusal() {
    let dry = "(Dry Run Mode) Request is prohibited by organization's policy.";
    let record = concat!(
        r#"{"protoPayload":{"status":{"code":7,"#,
        r#""message":"Request is prohibited by organization's policy."},"#,
        r#""metadata":{"dryRun":true}}}"#,
    );
    for text in [dry, record] {
        let refusal = read(text);
        assert!(refusal.is_dry_run() && refusal.certainty() == Certainty::Possible, "{text}");
    }
    assert!(!read("Request is prohibited by organization's policy.").is_dry_run());
}

#[test]
fn audit_records_name_the_call_and_allowed_calls_are_no_refusals() {
    let record = |status: &str, granted: bool| {
        format!(
            r#"{{"protoPayload":{{"@type":"type.googleapis.com/google.cloud.audit.AuditLog",{status}
            "serviceName":"pubsub.googleapis.com","methodName":"google.pubsub.v1.Publisher.Publish",
            "authorizationInfo":[{{"permission":"pubsub.topics.publish","granted":{granted}}}]}},
            "labels":{{"compute.googleapis.com/resource_name":"web 1"}}}}"#
        )
    };
    let denied = read(&record(
        r#""status":{"code":7,"message":"User not authorized to perform this action."},"#,
        false,
    ));
    assert_eq!((denied.gate(), denied.service()), (Gate::Iam, Some("pubsub.googleapis.com")));
    assert_eq!(denied.rpc_method(), Some("google.pubsub.v1.Publisher.Publish"));
    assert_eq!(denied.permission(), Some("pubsub.topics.publish"));
    assert!(classify_text(&record("", true)).is_none());
    // A permission that was not granted is a refusal, even in a record without a status.
    assert_eq!(read(&record("", false)).gate(), Gate::Iam);
}

/// The sentences are those of the named program or service.
#[test]
fn sentences_of_clients_and_services_have_their_gate() {
    let scope = |problem| (Gate::Scope, Some(problem));
    for (text, expected) in [
        // Cloud SQL proxy, version 1.
        (
            "the account is not configured to access the Cloud SQL API from this VM",
            scope("missing"),
        ),
        // yup-oauth2.
        (
            "MissingToken(StringError { error: \"Invalid Scope: 'none'\" })",
            (Gate::Credentials, None),
        ),
        // Go's impersonate package.
        ("impersonate: scopes must be provided", (Gate::Credentials, None)),
        // Home Assistant.
        ("Required scopes are not available, reauth required", scope("missing")),
        // Apps Script.
        ("Specified permissions are not sufficient to call DriveApp.getFiles.", scope("script")),
        // Directory API.
        ("Error 403: Not Authorized to access this resource/api, forbidden", (Gate::Iam, None)),
        // Compute Engine.
        ("Required 'Alpha Access' permission for 'Compute API'", (Gate::Other, None)),
        // Cloud Storage.
        (
            "Anonymous caller does not have storage.objects.get access to the object.",
            (Gate::Credentials, None),
        ),
        // Container runtimes.
        ("failed to pull image \"gcr.io/kite/a:1\": 403 Forbidden", scope("registry")),
        ("Head \"https://us-docker.pkg.dev/v2/kite/a/manifests/1\": denied: no", scope("registry")),
        // Node's auth library guesses at scopes.
        (
            "A Forbidden error was returned. This may be because the Compute Engine instance does \
             not have the correct permission scopes specified. Permission denied on resource \
             project blue-kite-7.",
            (Gate::Iam, None),
        ),
        ("Google.Apis.Requests.RequestError\nInsufficient Permission [403]", scope("missing")),
        // PHP's errors in HTML, and the representations of Python's objects.
        (
            "<br />\n<b>Fatal error</b>: Uncaught Google_Exception: (403) Insufficient Permission",
            scope("missing"),
        ),
        (
            "<_MultiThreadedRendezvous of RPC: Request had insufficient authentication scopes.>",
            scope("missing"),
        ),
        // IAM.
        ("No access. Remediate access with this Troubleshooter URL - https://x", (Gate::Iam, None)),
    ] {
        let refusal = read(text);
        assert_eq!((refusal.gate(), refusal.scope_problem()), expected, "{text}");
    }
    let gke = "Error 400: Private_registry_access_config requires scope 'cloud-platform' in order \
               to pull.";
    let scopes: Vec<_> =
        read(gke).alternatives().iter().map(|scope| scope.short().to_owned()).collect();
    assert_eq!((read(gke).gate(), scopes), (Gate::Scope, vec!["cloud-platform".to_owned()]));
}

/// A missing scope is only one of the causes of such refusals.
#[test]
fn a_refusal_by_a_registry_is_only_possibly_about_scopes() {
    for text in [
        "failed to pull image \"gcr.io/kite/a:1\": 403 Forbidden",
        "unauthorized: You don't have the needed permissions to perform this operation, and you \
         may have invalid credentials.",
    ] {
        assert_eq!(
            (read(text).gate(), read(text).certainty()),
            (Gate::Scope, Certainty::Possible),
            "{text}"
        );
    }
    let named = "gcr.io/kite/a: Permission \"artifactregistry.repositories.downloadArtifacts\" \
                 denied on resource";
    assert_eq!(read(named).gate(), Gate::Iam);
}
