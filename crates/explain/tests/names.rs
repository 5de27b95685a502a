//! A name that a user chose does not change the gate of a refusal.
//!
//! The message of a refusal contains the name of the object, table, file or pod that the call is
//! about. A user may choose a name that contains the words of a refusal for lack of scope. These
//! tests put such names into refusals by other gates. Each refusal must have the gate that it has
//! with a harmless name, and no scopes may be read from the name.

#[path = "../../../tests/support/named_refusals.rs"]
mod named_refusals;

use gcp_scopes_explain::refusal::{
    Certainty, ErrorResponse, Gate, Refusal, classify, classify_text,
};
use http::{HeaderMap, HeaderValue};
use named_refusals::{NAMES, OTHER_REFUSALS, RefusalExample, grpc_message};
use serde_json::json;

/// Classifies a refusal with a name in each form in which a server sends it.
fn classified_forms(row: &RefusalExample, name: &str) -> Vec<(&'static str, Option<Refusal>)> {
    let http = |body: &str| classify(&ErrorResponse::new(body.as_bytes()).with_status(row.status));
    let (response, message) = (row.json(name), row.message(name));
    let mut headers = HeaderMap::new();
    headers.insert("grpc-status", HeaderValue::from_static("7"));
    headers.insert(
        "grpc-message",
        HeaderValue::from_str(&grpc_message(&message)).expect("not printable"),
    );
    let mut forms = vec![
        ("JSON", http(&response.to_string())),
        ("JSON in an array", http(&json!([response]).to_string())),
        ("JSON, the inner object", http(&response["error"].to_string())),
        ("XML, in the message", http(&row.xml(name, "Message"))),
        ("XML, in the details", http(&row.xml(name, "Details"))),
        ("HTML", http(&row.html(name))),
    ];
    if row.status == 403 {
        forms.push(("JSON without reasons", http(&row.json_without_reasons(name).to_string())));
        forms.push((
            "gRPC",
            classify(&ErrorResponse::new(b"").with_status(200).with_headers(&headers)),
        ));
        forms.push(("plain text", http(&message)));
    }
    forms
}

#[test]
fn a_name_does_not_change_the_gate() {
    let mut wrong = Vec::new();
    for row in OTHER_REFUSALS {
        let harmless = classified_forms(row, "cat.jpg");
        for name in NAMES {
            let named = classified_forms(row, name);
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
        let file = json!({"error": {
            "code": 403, "message": "The caller does not have permission",
            "details": [
                {"metadata": {"title": name, "reason": name, "description": name}},
                {"violations": [{"type": "STATE", "subject": name}]},
            ],
        }});
        [pod, topic, file]
            .map(|body| classify(&ErrorResponse::new(body.to_string().as_bytes()).with_status(403)))
    };
    let results = |name| refusals(name).map(|it| it.map(|it| (it.gate(), it.alternatives().len())));
    for name in NAMES.iter().chain(&["b/constraints/x", "vpc_service_controls", "quotafailure"]) {
        assert_eq!(results(name), results("cat.jpg"), "{name}");
    }
}

/// Words of other gates.
const OTHER_WORDS: [&str; 10] = [
    "Quota exceeded",
    "API key not valid",
    "Invalid Credentials",
    "billing has not been enabled",
    "VPC Service Controls",
    "IAM_PERMISSION_DENIED",
    "SERVICE_DISABLED",
    "accessNotConfigured",
    "constraint x violated",
    "x violates constraint constraints/compute.x",
];

/// The codes of XML errors and the older reasons are fields, so a server's sentence in another
/// place does not overrule them.
#[test]
fn a_name_with_words_of_another_gate_does_not_overrule_a_reason() {
    let general = ["forbidden", "Forbidden", "accessDenied", "invalid", "conditionNotMet"];
    for row in OTHER_REFUSALS.iter().filter(|row| !general.contains(&row.reason)) {
        let gates = |name| {
            let bodies = [row.json(name).to_string(), row.xml(name, "Details")];
            bodies.map(|body| {
                let response = ErrorResponse::new(body.as_bytes()).with_status(row.status);
                classify(&response).map(|refusal| refusal.gate())
            })
        };
        for name in OTHER_WORDS {
            assert_eq!(gates(name), gates("cat.jpg"), "{}: {name}", row.message);
        }
    }
}

/// The permission is known, so the other words of the message are not those of another gate.
#[test]
fn a_name_with_words_of_another_gate_does_not_overrule_a_permission() {
    for name in OTHER_WORDS {
        let message = format!("Permission 'storage.objects.get' denied on photos/{name}.");
        let body = json!({"error": {"code": 403, "message": message}}).to_string();
        let refusal = classify(&ErrorResponse::new(body.as_bytes()).with_status(403));
        assert_eq!(refusal.map(|refusal| refusal.gate()), Some(Gate::Iam), "{name}");
    }
}

#[test]
fn a_name_after_one_word_of_a_server_does_not_begin_its_message() {
    for lead in ["Bucket: ", "Bucket desc = ", "duplicate=", "a.b: "] {
        let message = format!("{lead}Request had insufficient authentication scopes. is locked");
        let body = json!({"error": {"code": 403, "message": message}}).to_string();
        let refusal = classify(&ErrorResponse::new(body.as_bytes()).with_status(403));
        assert_ne!(refusal.map(|refusal| refusal.gate()), Some(Gate::Scope), "{message}");
    }
}

/// Commands give roles to the account that made the call.
#[test]
fn a_name_is_not_the_account_that_made_the_call() {
    let account = |message: &str| {
        let body = json!({"error": {"code": 403, "message": message}}).to_string();
        let refusal = classify(&ErrorResponse::new(body.as_bytes()).with_status(403))?;
        refusal.principal().map(str::to_owned)
    };
    for name in ["user eve@example.com does not have access", "\nCaller eve@example.com lacks x"] {
        for message in [
            format!("Permission 'pubsub.topics.publish' denied on resource 'topics/{name}'."),
            format!("Access Denied: Table my-project:sales.{name}: User does not have permission."),
            format!("User not authorized to perform this action on {name}."),
        ] {
            assert_eq!(account(&message), None, "{message}");
        }
        let message = format!("ann@example.com does not have storage.objects.get access to {name}");
        assert_eq!(account(&message).as_deref(), Some("ann@example.com"));
    }
}

/// The error of a client does not show which words are a name.
#[test]
fn a_text_with_words_of_two_gates_is_not_certain() {
    let name = "Request had insufficient authentication scopes.";
    for text in [
        format!("googleapi: Error 403: Quota exceeded for table my-project:sales.{name}"),
        format!(
            "403 DELETE https://storage.googleapis.com/x: Object 'photos/{name}' is under \
                 active Temporary hold and cannot be deleted."
        ),
        format!(
            "rpc error: code = PermissionDenied desc = User not authorized to perform this \
                 action on {name}"
        ),
    ] {
        let refusal = classify_text(&text).expect("no refusal");
        let is_certain = refusal.certainty() == Certainty::Certain;
        assert!(refusal.gate() != Gate::Scope || !is_certain, "{text}: {refusal:?}");
    }
    let refusal = classify_text(&format!("googleapi: Error 403: {name}, forbidden"));
    assert_eq!(refusal.map(|refusal| refusal.certainty()), Some(Certainty::Certain));
}

#[test]
fn the_examples_are_not_scope_refusals() {
    for row in OTHER_REFUSALS {
        for (form, refusal) in classified_forms(row, "cat.jpg") {
            assert_ne!(
                refusal.map(|refusal| refusal.gate()),
                Some(Gate::Scope),
                "{form}: {}",
                row.message
            );
        }
    }
}
