//! A name that a user chose does not change the gate of a refusal.
//!
//! The message of a refusal contains the name of the object, table, file or pod that the call is
//! about. A user may choose a name that contains the words of a refusal for lack of scope. These
//! tests put such names into refusals by other gates. Each refusal must have the gate that it has
//! with a harmless name, and no scopes may be read from the name.

use gcp_scopes_explain::refusal::{ErrorResponse, Gate, Refusal, classify};
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

/// A refusal for another reason than scopes. In its message, `NAME` is replaced by a name.
struct RefusalExample {
    status: u16,
    /// The one-word reason of older JSON errors, or the code of XML errors.
    reason: &'static str,
    /// The reason of `google.rpc.ErrorInfo`, where the service sends one.
    info: Option<&'static str>,
    message: &'static str,
}

const fn example(
    status: u16,
    reason: &'static str,
    info: Option<&'static str>,
    message: &'static str,
) -> RefusalExample {
    RefusalExample { status, reason, info, message }
}

/// Refusals for other reasons than scopes, and other errors with names in their messages.
const OTHER_REFUSALS: &[RefusalExample] = &[
    example(
        403,
        "objectUnderActiveHold",
        None,
        "Object 'photos/NAME' is under active Temporary hold and cannot be deleted, overwritten or archived until hold is removed.",
    ),
    example(
        403,
        "retentionPolicyNotMet",
        None,
        "Object 'photos/NAME' is subject to bucket's retention policy or object retention and cannot be deleted or overwritten until 2031-01-01T00:00:00Z",
    ),
    example(
        403,
        "forbidden",
        None,
        "reader@my-project.iam.gserviceaccount.com does not have storage.objects.get access to the Google Cloud Storage object 'photos/NAME'. Permission 'storage.objects.get' denied on resource (or it may not exist).",
    ),
    example(
        403,
        "accessDenied",
        None,
        "Access Denied: Table my-project:sales.NAME: User does not have permission to query table my-project:sales.NAME, or perhaps it does not exist.",
    ),
    example(
        403,
        "accessDenied",
        None,
        "Access Denied: Table my-project:sales.NAME: Permission bigquery.tables.getData denied on table my-project:sales.NAME (or it may not exist).",
    ),
    example(
        403,
        "insufficientFilePermissions",
        None,
        "The user does not have sufficient permissions for file NAME.",
    ),
    example(
        403,
        "appNotAuthorizedToFile",
        None,
        "The user has not granted the app 123456789012 write access to the file NAME.",
    ),
    example(
        403,
        "forbidden",
        Some("IAM_PERMISSION_DENIED"),
        "Permission 'pubsub.topics.publish' denied on resource '//pubsub.googleapis.com/projects/my-project/topics/NAME' (or it may not exist).",
    ),
    example(403, "forbidden", None, "User not authorized to perform this action on NAME."),
    example(
        403,
        "Forbidden",
        None,
        "pods \"NAME\" is forbidden: User \"ann@example.com\" cannot get resource \"pods\" in API group \"\" in the namespace \"default\"",
    ),
    example(
        403,
        "rateLimitExceeded",
        None,
        "The rate limit exceeded for table NAME: too many table update operations.",
    ),
    example(
        403,
        "quotaExceeded",
        None,
        "Quota exceeded: the project exceeded its quota for uploads of NAME.",
    ),
    example(403, "accountDisabled", None, "The account for the specified project has been disabled. NAME"),
    example(404, "notFound", None, "Not found: object photos/NAME"),
    example(409, "conflict", None, "The bucket NAME exists already."),
    example(400, "invalid", None, "Invalid value for field 'name': NAME"),
    example(412, "conditionNotMet", None, "The precondition of NAME did not hold."),
];

/// Names that look like a refusal for lack of scope.
const NAMES: &[&str] = &[
    // Messages of refusals for lack of scope.
    "Request had insufficient authentication scopes.",
    "Request had insufficient authentication scopes. Acceptable scopes: https://mail.google.com/",
    "REQUEST HAD INSUFFICIENT AUTHENTICATION SCOPES",
    "Provided scope(s) are not authorized",
    "a' Provided scope(s) are not authorized 'b",
    "a\" Request had insufficient authentication scopes. \"b",
    "a` Request had insufficient authentication scopes. `b",
    "a. Request had insufficient authentication scopes. b",
    "a: Insufficient Permission: Request had insufficient authentication scopes.",
    "a\nRequest had insufficient authentication scopes.\nb",
    "\nProvided scope(s) are not authorized",
    "Insufficient Permission",
    "a\nInsufficient Permission\n",
    "Metadata scope does not support 'q' parameter",
    "Permission denied while getting Drive credentials.",
    "requires one of the following scopes: https://mail.google.com/",
    "invalid_scope",
    "Empty or missing scope not allowed.",
    "insufficient scope",
    "scopes during VM creation are not enough",
    // Reasons of refusals for lack of scope.
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
    "a ACCESS_TOKEN_SCOPE_INSUFFICIENT b",
    "reason: ACCESS_TOKEN_SCOPE_INSUFFICIENT",
    "insufficientPermissions",
    " insufficientPermissions ",
    "insufficientScopes",
    " insufficientScopes ",
    // Parts of JSON, of protobuf text, of a header and of a response.
    r#"", "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "domain": "googleapis.com"#,
    r#"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"#,
    r#"{"error":{"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}}"#,
    r#"[reason: "ACCESS_TOKEN_SCOPE_INSUFFICIENT" domain: "googleapis.com"]"#,
    r#"WWW-Authenticate: Bearer error="insufficient_scope", scope="https://mail.google.com/""#,
    r#"Bearer error=insufficient_scope scope="https://mail.google.com/ https://www.googleapis.com/auth/drive""#,
    "HTTP/1.1 403 Forbidden\nwww-authenticate: Bearer error=\"insufficient_scope\"\n\nProvided scope(s) are not authorized",
    "\nHTTP/1.1 403 Forbidden\nwww-authenticate: Bearer error=\"insufficient_scope\"\n\nProvided scope(s) are not authorized\n",
    "<Error><Code>AccessDenied</Code><Details>Provided scope(s) are not authorized</Details></Error>",
    "</Message><Details>Provided scope(s) are not authorized</Details><Message>",
    // Lists of scopes.
    "https://www.googleapis.com/auth/drive",
    "Acceptable scopes: https://www.googleapis.com/auth/drive https://mail.google.com/",
    "required scopes: https://www.googleapis.com/auth/drive",
];

/// Returns the refusal as a JSON error.
fn json_of(row: &RefusalExample, message: &str) -> Value {
    let mut error = json!({
        "code": row.status,
        "message": message,
        "errors": [{"message": message, "domain": "global", "reason": row.reason}],
    });
    if let Some(info) = row.info {
        error["status"] = json!("PERMISSION_DENIED");
        error["details"] = json!([{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": info,
            "domain": "googleapis.com",
        }]);
    }
    json!({ "error": error })
}

/// Returns the refusal as an XML error, with its message in the given element.
fn xml_of(row: &RefusalExample, message: &str, element: &str) -> String {
    let escaped = message.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let code = row.reason.get(..1).unwrap_or_default().to_ascii_uppercase()
        + row.reason.get(1..).unwrap_or_default();
    format!(
        "<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>No.</Message><{element}>{escaped}</{element}></Error>"
    )
}

/// Encodes a message for the header `grpc-message`.
fn percent_encoded(message: &str) -> String {
    let byte = |byte: u8| match byte {
        b' '..=b'~' if byte != b'%' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    message.bytes().map(byte).collect()
}

/// Classifies a refusal in each form in which a server sends it.
fn classified_forms(row: &RefusalExample, message: &str) -> Vec<(&'static str, Option<Refusal>)> {
    let http = |body: &str| classify(&ErrorResponse::new(body.as_bytes()).with_status(row.status));
    let response = json_of(row, message);
    let without_reasons =
        json!({"error": {"code": row.status, "message": message, "status": "PERMISSION_DENIED"}});
    let mut headers = HeaderMap::new();
    headers.insert("grpc-status", HeaderValue::from_static("7"));
    headers.insert("grpc-message", HeaderValue::from_str(&percent_encoded(message)).expect("not printable"));
    let mut forms = vec![
        ("JSON", http(&response.to_string())),
        ("JSON in an array", http(&json!([response]).to_string())),
        ("JSON, the inner object", http(&response["error"].to_string())),
        ("XML, in the message", http(&xml_of(row, message, "Message"))),
        ("XML, in the details", http(&xml_of(row, message, "Details"))),
        (
            "HTML",
            http(&format!("<html><body><h1>403</h1><p>{}</p></body></html>", message.replace('<', "&lt;"))),
        ),
    ];
    if row.status == 403 {
        forms.push(("JSON without reasons", http(&without_reasons.to_string())));
        forms.push(("gRPC", classify(&ErrorResponse::new(b"").with_status(200).with_headers(&headers))));
        forms.push(("plain text", http(message)));
    }
    forms
}

#[test]
fn a_name_does_not_change_the_gate() {
    let mut wrong = Vec::new();
    for row in OTHER_REFUSALS {
        let harmless = classified_forms(row, &row.message.replace("NAME", "cat.jpg"));
        for name in NAMES {
            let named = classified_forms(row, &row.message.replace("NAME", name));
            for ((form, expected), (_, actual)) in harmless.iter().zip(named) {
                let gate = |refusal: &Option<Refusal>| refusal.as_ref().map(Refusal::gate);
                let scopes = actual.as_ref().map_or(0, |refusal| refusal.alternatives().len());
                if gate(expected) != gate(&actual) || scopes > 0 {
                    wrong.push(format!(
                        "{form}, {}: found {:?}, expected {:?}, {scopes} scopes: {name:?}",
                        row.message,
                        gate(&actual),
                        gate(expected)
                    ));
                }
            }
        }
    }
    // A refusal has at most nine forms.
    assert!(
        wrong.is_empty(),
        "{} of {} classifications are wrong:\n{}",
        wrong.len(),
        OTHER_REFUSALS.len() * NAMES.len() * 9,
        wrong.join("\n")
    );
}

/// Kubernetes and `ErrorInfo` put the name of the resource into a field of its own.
#[test]
fn a_name_in_a_field_does_not_choose_the_gate() {
    let refusals = |name: &str| {
        let pod = json!({
            "kind": "Status", "code": 403, "reason": "Forbidden", "message": "access denied",
            "details": {"name": name, "kind": "pods"},
        });
        let topic = json!({"error": {
            "code": 403, "message": "User not authorized to perform this action.",
            "details": [{"reason": "IAM_PERMISSION_DENIED", "metadata": {"resource": name}}],
        }});
        [pod, topic].map(|body| classify(&ErrorResponse::new(body.to_string().as_bytes()).with_status(403)))
    };
    let results = |name| refusals(name).map(|it| it.map(|it| (it.gate(), it.alternatives().len())));
    for name in NAMES {
        assert_eq!(results(name), results("cat.jpg"), "{name}");
    }
}

#[test]
fn the_examples_are_not_scope_refusals() {
    for row in OTHER_REFUSALS {
        for (form, refusal) in classified_forms(row, &row.message.replace("NAME", "cat.jpg")) {
            assert_ne!(refusal.map(|refusal| refusal.gate()), Some(Gate::Scope), "{form}: {}", row.message);
        }
    }
}
