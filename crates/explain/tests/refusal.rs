//! Tests of the classification of refusals by gate: for every gate, in every format of a response,
//! and for responses that resemble those of another gate. `kite` in the responses is an invented
//! service.

#[path = "refusals/details.rs"]
mod details;
#[path = "refusals/forms.rs"]
mod forms;
#[path = "refusals/grpc.rs"]
mod grpc;
#[path = "refusals/responses.rs"]
mod responses;
#[path = "refusals/texts.rs"]
mod texts;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gcp_scopes_catalog::scope::ScopeSet;
use gcp_scopes_explain::refusal::{
    Certainty, ErrorResponse, Gate, Refusal, classify, classify_text,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use responses::{ExpectedRefusal, RESPONSES};

const SCOPE_BODY: &str = concat!(
    r#"{"error":{"status":"PERMISSION_DENIED","#,
    r#""message":"Request had insufficient authentication scopes.","code":403}}"#,
);

/// Creates headers from names and values.
fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let line = |(name, value): &(&str, &str)| {
        let value = HeaderValue::from_str(value).expect("invalid header value");
        (name.parse::<HeaderName>().expect("invalid header name"), value)
    };
    lines.iter().map(line).collect()
}

/// Classifies the response of a server.
fn classify_response(status: u16, lines: &[(&str, &str)], body: &str) -> Option<Refusal> {
    classify(&ErrorResponse::new(body.as_bytes()).with_status(status).with_headers(&headers(lines)))
}

/// Classifies the response of a server, which must be a refusal.
fn refusal_of(status: u16, lines: &[(&str, &str)], body: &str) -> Refusal {
    classify_response(status, lines, body).expect("no refusal")
}

/// Returns the gate and the certainty of a refusal; "none" for a response that is not a refusal.
fn verdict(refusal: Option<&Refusal>) -> (&'static str, &'static str) {
    refusal.map_or(("none", "none"), |r| (r.gate().as_str(), r.certainty().as_str()))
}

/// Returns whether a scope refusal is likely or certain.
fn is_scope(refusal: Option<&Refusal>) -> bool {
    refusal.is_some_and(|r| r.gate() == Gate::Scope && r.certainty() >= Certainty::Likely)
}

#[test]
fn each_response_has_the_expected_gate() {
    let refusal = |row: &ExpectedRefusal| classify_response(row.status, row.headers, row.body);
    let wrong =
        |row: &&ExpectedRefusal| verdict(refusal(row).as_ref()) != (row.gate, row.certainty);
    let wrong: Vec<_> =
        RESPONSES.iter().filter(wrong).map(|row| (row.name, refusal(row))).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_text_has_the_expected_gate() {
    let mut wrong = Vec::new();
    for (gate, text) in texts::TEXTS {
        let refusal = classify_text(text);
        if verdict(refusal.as_ref()).0 != *gate {
            wrong.push(format!("expected {gate}, found {refusal:?}: {text}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn responses_without_status_have_the_expected_gate() {
    // A body of at most two bytes is empty or `{}`, and does not determine a gate.
    for row in RESPONSES.iter().filter(|row| row.certainty != "possible" && row.body.len() > 2) {
        let refusal =
            classify(&ErrorResponse::new(row.body.as_bytes()).with_headers(&headers(row.headers)));
        // The gate of these two responses is known only from the status.
        if !["rate limit as 429 in HTML", "401 anonymous"].contains(&row.name) {
            assert_eq!(verdict(refusal.as_ref()).0, row.gate, "{}", row.name);
        }
    }
}

#[test]
fn responses_that_are_not_about_access_are_no_refusals() {
    for text in texts::NO_REFUSALS {
        assert!(classify_text(text).is_none(), "{text}: {:?}", classify_text(text));
    }
    for (status, body) in responses::NO_REFUSALS {
        assert!(
            classify_response(*status, &[], body).is_none(),
            "{status} {body}: {:?}",
            classify_response(*status, &[], body)
        );
    }
}

#[test]
fn only_scope_refusals_have_a_scope_problem() {
    let problem = |text| classify_text(text).expect(text).scope_problem();
    assert_eq!(problem("Request had insufficient authentication scopes."), Some("missing"));
    assert_eq!(problem("Metadata scope doesn't allow format FULL"), Some("restricting"));
    assert_eq!(
        problem("Permission denied while getting Drive credentials."),
        Some("scope_or_share")
    );
    assert_eq!(problem("The caller does not have permission"), None);
}

#[test]
fn evidence_names_the_part_of_the_response() {
    let challenge = ("www-authenticate", r#"Bearer error="insufficient_scope""#);
    let reason = |reason| {
        format!(r#"{{"error":{{"code":403,"message":"No.","details":[{{"reason":"{reason}"}}]}}}}"#)
    };
    let violation = concat!(
        r#"{"error":{"code":403,"message":"No.","#,
        r#""details":[{"violations":[{"type":"VPC_SERVICE_CONTROLS"}]}]}}"#,
    );
    for (status, lines, body, evidence) in [
        (403, vec![], reason("IAM_PERMISSION_DENIED"), "error_info"),
        (403, vec![], violation.to_owned(), "violation"),
        (400, vec![], r#"{"error":"invalid_grant"}"#.to_owned(), "token_endpoint"),
        (403, vec![], SCOPE_BODY.to_owned(), "message"),
        (403, vec![], reason("accessNotConfigured"), "reason"),
        (403, vec![challenge], String::new(), "header"),
        (403, vec![], String::new(), "status"),
    ] {
        assert_eq!(refusal_of(status, &lines, &body).evidence(), evidence, "{status} {body}");
    }
}

#[test]
fn token_errors_about_requested_scopes_are_distinguished() {
    let is_for_scopes = |text| classify_text(text).expect("no refusal").is_for_requested_scopes();
    assert!(is_for_scopes(r#"{"error":"invalid_scope","error_description":"Bad."}"#));
    assert!(is_for_scopes(
        "unauthorized_client: Client is unauthorized to retrieve access tokens using this method"
    ));
    assert!(!is_for_scopes(concat!(
        r#"{"error":"unauthorized_client","#,
        r#""error_description":"The given credential is rejected by the attribute "#,
        r#"condition."}"#,
    )));
    assert!(!is_for_scopes(
        r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#
    ));
}

#[test]
fn alternatives_are_read_from_challenges() {
    let auth = |short: &str| format!("https://www.googleapis.com/auth/{short}");
    let two = format!("{} {}", auth("drive"), auth("drive.file"));
    let realm = r#"realm="https://accounts.google.com/""#;
    for (lines, expected) in [
        (
            vec![format!(r#"Bearer {realm}, error="insufficient_scope", scope="{two}""#)],
            two.clone(),
        ),
        (vec![format!(r#"Bearer {realm}, error=insufficient_scope, scope="{two}""#)], two.clone()),
        (vec![format!("bearer scope={two}, error=insufficient_scope")], two.clone()),
        (vec![format!(r#"Bearer error=insufficient_scope scope="{two}""#)], two.clone()),
        (
            vec![format!(
                r#"Basic realm="a, b", Bearer error="insufficient_scope", scope="{two}""#
            )],
            two.clone(),
        ),
        (
            vec![
                "Basic realm=x".to_owned(),
                format!(r#"Bearer error="insufficient_scope", scope="{two}""#),
            ],
            two.clone(),
        ),
        // Truncated headers: the last scope may be incomplete.
        (
            vec![format!(r#"Bearer error="insufficient_scope", scope="{two} https://www.goog"#)],
            two.clone(),
        ),
        (
            vec![format!(
                r#"Bearer error="insufficient_scope", scope="{} https://mail.go...""#,
                auth("drive")
            )],
            auth("drive"),
        ),
        (
            vec![r#"Bearer error="insufficient_scope", scope="https://mail.go..."#.to_owned()],
            String::new(),
        ),
        // Scopes outside googleapis.com.
        (
            vec![
                concat!(
                    r#"Bearer error="insufficient_scope", scope="https://www.google.com/m8/feeds "#,
                    r#"http://gdata.youtube.com""#,
                )
                .to_owned(),
            ],
            "https://www.google.com/m8/feeds http://gdata.youtube.com".to_owned(),
        ),
        // Challenges without `error=insufficient_scope`.
        (vec![format!(r#"Bearer error="invalid_token", scope="{two}""#)], String::new()),
        (vec![format!(r#"Bearer scope="{two}""#)], String::new()),
    ] {
        let lines: Vec<_> = lines.iter().map(|line| ("www-authenticate", line.as_str())).collect();
        let refusal = refusal_of(403, &lines, SCOPE_BODY);
        assert_eq!(*refusal.alternatives(), ScopeSet::from_scope_text(&expected), "{lines:?}");
    }
}

#[test]
fn alternative_scopes_are_read_from_error_texts_that_clients_print() {
    let set = ScopeSet::from_scope_text(
        "https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/bigquery",
    );
    for text in [
        // The list ends with its line, so `drive` on the next line is not an alternative.
        "Insufficient OAuth2 scope to perform this operation.\n\
         Acceptable scopes: https://www.googleapis.com/auth/cloud-platform \
         https://www.googleapis.com/auth/bigquery\nhttps://www.googleapis.com/auth/drive",
        concat!(
            r#"403 {'www-authenticate': 'Bearer realm="https://accounts.google.com/", "#,
            r#"error="insufficient_scope", scope="https://www.googleapis.com/auth/bigquery "#,
            r#"https://www.googleapis.com/auth/cloud-platform"', 'server': 'ESF'} Insufficient "#,
            "Permission",
        ),
        concat!(
            r#"metadata: {"www-authenticate": "Bearer realm=\"https://accounts.google.com/\", "#,
            r#"error=\"insufficient_scope\", scope=\"https://www.googleapis.com/auth/bigquery "#,
            r#"https://www.googleapis.com/auth/cloud-platform\""}"#,
        ),
        "You do not have permission. Required permissions: \
         (https://www.googleapis.com/auth/bigquery || \
         https://www.googleapis.com/auth/cloud-platform)",
    ] {
        let refusal = classify_text(text).expect(text);
        assert_eq!(*refusal.alternatives(), set, "{text}");
    }
}

#[test]
fn only_scope_urls_in_a_text_are_alternatives() {
    let text = "Acceptable scopes: https://mail.google.com/ \
        https://www.googleapis.com/auth/newer.than.this https://www.googleapis.com/auth/page?id=1 \
        https://cloud.google.com/bigquery/docs openid";
    let expected = "https://mail.google.com/ https://www.googleapis.com/auth/newer.than.this";
    let refusal = classify_text(&format!("Insufficient OAuth2 scope. {text}")).expect("no refusal");
    assert_eq!(*refusal.alternatives(), ScopeSet::from_scope_text(expected));
}

#[test]
fn at_most_64_messages_reasons_and_violations_are_read() {
    let scope = r#"{"message":"Request had insufficient authentication scopes."},
        {"reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT"},{"type":"VPC_SERVICE_CONTROLS"}"#;
    let decisive: Vec<_> =
        scope.split_inclusive("},").map(|part| part.trim_end_matches(',').trim()).collect();
    for (other, decisive) in
        [r#"{"message":"No."}"#, r#"{"reason":"kite"}"#, r#"{"type":"kite"}"#].iter().zip(decisive)
    {
        let gate = |count| {
            let parts = [vec![*other; count], vec![decisive]].concat().join(",");
            refusal_of(403, &[], &format!("[{parts}]")).gate()
        };
        // The decisive part is the 64th part, then the 65th part.
        assert_ne!(gate(63), Gate::Other, "{decisive}");
        assert_eq!(gate(64), Gate::Other, "{decisive}");
    }
}

#[test]
fn a_reason_is_one_word_of_letters_and_digits() {
    let gate = |reason: &str| {
        let body = serde_json::json!({
            "error": {"code": 403, "message": "No.", "errors": [{"reason": reason}]},
        });
        refusal_of(403, &[], &body.to_string()).gate()
    };
    // A reason of an unknown service counts if it contains `INSUFFICIENT_SCOPE`.
    assert_eq!(gate("KITE2_INSUFFICIENT_SCOPE"), Gate::Scope);
    // Two words, a digit at the beginning, and more than 256 bytes.
    for reason in [
        "KITE INSUFFICIENT_SCOPE".to_owned(),
        "2_INSUFFICIENT_SCOPE".to_owned(),
        format!("{}_INSUFFICIENT_SCOPE", "K".repeat(256)),
    ] {
        assert_eq!(gate(&reason), Gate::Other, "{reason}");
    }
}

#[test]
fn only_known_reasons_count_in_the_field_data() {
    // PHP's client prints the details of a gRPC status with the fields `number` and `data`.
    let gate = |data| {
        let details = format!(r#"{{"message":"No.","details":[{{"number":1,"data":"{data}"}}]}}"#);
        refusal_of(403, &[], &details).gate()
    };
    assert_eq!(gate("ACCESS_TOKEN_SCOPE_INSUFFICIENT"), Gate::Scope);
    // In other fields, this reason of an unknown service would count.
    assert_eq!(gate("KITE_INSUFFICIENT_SCOPE"), Gate::Other);
}

#[test]
fn the_status_in_a_body_is_an_http_or_grpc_status() {
    // `other` is a refusal whose status determines no gate; `none` is not a refusal.
    for (status, gate) in [
        (r#""code":403"#, "other"),
        (r#""code":401"#, "credentials"),
        (r#""code":429"#, "rate_limit"),
        (r#""code":7"#, "other"),
        (r#""grpc_status":16"#, "credentials"),
        (r#""code":8"#, "rate_limit"),
        (r#""status":"PERMISSION_DENIED""#, "other"),
        (r#""status":"UNAUTHENTICATED""#, "credentials"),
        (r#""status":"RESOURCE_EXHAUSTED""#, "rate_limit"),
        (r#""code":5"#, "none"),
        (r#""code":200"#, "none"),
        (r#""line":403"#, "none"),
        (r#""code":7000"#, "none"),
    ] {
        let body = format!(r#"{{"error":{{"message":"No.",{status}}}}}"#);
        assert_eq!(verdict(classify_text(&body).as_ref()).0, gate, "{status}");
    }
}

#[test]
fn at_most_64_alternatives_are_read() {
    let scopes: String = (0..5000).map(|n| format!("https://example.com/{n} ")).collect();
    let line = format!(r#"Bearer error="insufficient_scope", scope="{scopes}""#);
    assert_eq!(
        refusal_of(403, &[("www-authenticate", &line)], SCOPE_BODY).alternatives().len(),
        64
    );
}

/// gcp-scopes reads at most 16 KiB of the body of a refused call.
#[test]
fn a_body_truncated_at_16_kib_is_classified() {
    let links = r#"{"description":"more","url":"https://example.com/help"},"#.repeat(2000);
    let body = format!(
        r#"{{"error":{{"code":403,"message":"Insufficient Permission",
        "errors":[{{"message":"Insufficient Permission","reason":"insufficientPermissions"}}],
        "details":[{{"links":[{links}"#
    );
    let truncated = &body[..16 * 1024];
    assert_eq!(verdict(Some(&refusal_of(403, &[], truncated))), ("scope", "likely"));
}

#[test]
fn the_first_64_kib_of_a_body_are_read() {
    let words = "Request had insufficient authentication scopes.";
    let after = |bytes| classify_text(&format!("{}{words}", ".".repeat(bytes)));
    assert!(is_scope(after(64 * 1024 - words.len()).as_ref()));
    assert!(after(64 * 1024).is_none());
}

#[test]
fn the_status_of_a_pasted_response_is_read() {
    let bare = "HTTP/1.1 403 Forbidden\nX-GUploader-UploadID: AHxI1nM-9_x\n\nForbidden";
    let bare = classify_text(bare).expect("no refusal");
    assert_eq!((bare.certainty(), bare.request_id()), (Certainty::Possible, Some("AHxI1nM-9_x")));
    // With status 403 this message is certain. With status 502 the message may be about a call that
    // the server sent.
    let relayed =
        format!("HTTP/1.1 502 Bad Gateway\nX-GUploader-UploadID: AHxI1nM-9_x\n\n{SCOPE_BODY}");
    let relayed = classify_text(&relayed).expect("no refusal");
    assert_eq!(
        (relayed.certainty(), relayed.request_id()),
        (Certainty::Likely, Some("AHxI1nM-9_x"))
    );
}

/// Returns the name and the body of each scope refusal in JSON that is certain without its headers.
fn scope_bodies() -> impl Iterator<Item = (&'static str, serde_json::Value)> {
    let rows = RESPONSES
        .iter()
        .filter(|row| row.gate == "scope" && row.certainty == "certain" && row.status == 403);
    // Without its header, this refusal is only likely.
    let without_headers = rows.filter(|row| row.name != "F7 with a header that agrees");
    without_headers.filter_map(|row| Some((row.name, serde_json::from_str(row.body).ok()?)))
}

#[test]
fn scope_refusals_are_recognized_in_modified_json() {
    for (name, value) in scope_bodies() {
        let text = value.to_string();
        let mut noisy = value.clone();
        if let Some(error) = noisy.get_mut("error") {
            error["zebra"] = serde_json::json!({"n": [1, null, true, {"deep": "x"}]});
        }
        // Writes each apostrophe and each `u` as a JSON escape.
        let escaped: String =
            text.chars()
                .map(|c| {
                    if c == '\'' || c == 'u' {
                        format!("\\u{:04x}", c as u32)
                    } else {
                        c.to_string()
                    }
                })
                .collect();
        let responses = [
            format!("[{text}]"),
            format!("[{text},{text}]"),
            serde_json::json!(text).to_string(),
            value.get("error").map_or_else(|| text.clone(), ToString::to_string),
            serde_json::to_string_pretty(&value).expect("not serializable"),
            noisy.to_string(),
            escaped,
            format!("\u{feff}  {text}\r\n"),
            format!(")]}}'\n{text}"),
        ];
        let logged = [
            serde_json::json!({"level": "error", "msg": "failed", "response": value}).to_string(),
            serde_json::json!({"severity": "ERROR", "message": format!("failed: {text}")})
                .to_string(),
            format!("2031-02-03 ERROR failed: {text}"),
            format!("HTTP/1.1 403 Forbidden\r\nServer: ESF\r\n\r\n{text}"),
        ];
        for form in responses.iter().chain(&logged) {
            assert!(is_scope(classify_text(form).as_ref()), "{name}: {form}");
        }
        for form in &responses {
            assert!(is_scope(classify_response(403, &[], form).as_ref()), "{name}: {form}");
        }
    }
}

#[test]
fn scope_refusals_are_recognized_with_fields_in_any_order() {
    let fields = [
        r#""code":403"#,
        r#""message":"Insufficient Permission""#,
        r#""errors":[{"reason":"insufficientPermissions","message":"Insufficient Permission"}]"#,
        r#""zebra":{"reason":"forbidden"}"#,
    ];
    for turn in 0..fields.len() {
        let mut fields = fields;
        fields.rotate_left(turn);
        let body = format!(r#"{{"error":{{{}}}}}"#, fields.join(","));
        assert!(is_scope(classify_response(403, &[], &body).as_ref()), "{body}");
    }
}

proptest! {
    #[test]
    fn no_body_panics(body in proptest::collection::vec(any::<u8>(), 0..600), status in 0u16..700) {
        let _ = classify(&ErrorResponse::new(&body).with_status(status));
        let _ = classify(&ErrorResponse::new(&body));
    }

    #[test]
    fn no_text_panics(
        text in "\\PC{0,200}",
        tail in "[<>{}\\[\\]\"'\\\\:=,. a-zA-Z0-9/%&;#*\n-]{0,300}",
    ) {
        let refusal = classify_text(&format!("{text}{tail}"));
        if let Some(message) = refusal.as_ref().and_then(Refusal::server_message) {
            prop_assert!(message.len() <= 1024 && !message.chars().any(char::is_control));
        }
    }

    #[test]
    fn no_header_panics(
        value in proptest::collection::vec(any::<u8>(), 0..300),
        name in 0usize..6,
    ) {
        let names = [
            "www-authenticate",
            "grpc-status",
            "grpc-message",
            "grpc-status-details-bin",
            "google.rpc.errorinfo-bin",
            "x-guploader-uploadid",
        ];
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            let mut map = HeaderMap::new();
            map.insert(names[name], value);
            let _ = classify(&ErrorResponse::new(b"").with_status(403).with_headers(&map));
        }
    }

    #[test]
    fn no_grpc_details_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let encoded = STANDARD.encode(&bytes);
        let map = headers(&[
            ("grpc-status", "7"),
            ("grpc-status-details-bin", &encoded),
            ("google.rpc.errorinfo-bin", &encoded),
        ]);
        prop_assert!(classify(&ErrorResponse::new(b"").with_headers(&map)).is_some());
    }

    #[test]
    fn scope_refusals_are_recognized_in_truncated_bodies(extra in 0usize..2000, row in 0usize..30) {
        let print = |value| serde_json::to_string_pretty(&value).expect("not serializable");
        let bodies: Vec<_> = scope_bodies().map(|(_, value)| print(value)).collect();
        let body = &bodies[row % bodies.len()];
        // The body ends at least one byte after the words that decide.
        let words = [
            "insufficient authentication scopes",
            "SCOPE_INSUFFICIENT",
            "not authorized",
            "Metadata scope does not",
            "Metadata scope doesn't",
            "requested spaces",
        ];
        let ends = words.iter().filter_map(|word| Some(body.find(word)? + word.len() + 1));
        let length = (ends.min().expect("no deciding words") + extra).min(body.len());
        let body = &body[..length];
        prop_assert!(is_scope(classify_response(403, &[], body).as_ref()), "{body}");
    }

    #[test]
    fn scopes_are_read_from_any_order_of_parameters(
        count in 1usize..20,
        is_quoted in any::<bool>(),
        is_first in any::<bool>(),
        space in "[ ]{0,2}",
    ) {
        let scope = |n| format!("https://www.googleapis.com/auth/kite.{n}");
        let scopes: Vec<_> = (0..count).map(scope).collect();
        let error =
            if is_quoted { r#"error="insufficient_scope""# } else { "error=insufficient_scope" };
        let scope = format!(r#"scope="{}""#, scopes.join(" "));
        let (a, b) = if is_first { (error, scope.as_str()) } else { (scope.as_str(), error) };
        let line = format!(r#"Bearer realm="https://accounts.google.com/",{space}{a},{space}{b}"#);
        let refusal = refusal_of(403, &[("www-authenticate", &line)], SCOPE_BODY);
        prop_assert_eq!(refusal.alternatives().len(), count);
    }
}

#[test]
fn names_of_resources_are_not_reasons() {
    for name in ["ACCESS_TOKEN_SCOPE_INSUFFICIENT", "insufficientScopes", "insufficientPermissions"]
    {
        for message in [
            format!("Access Denied: Table p:d.{name}: User does not have permission to query it."),
            format!("User not authorized to access topic projects/p/topics/{name}."),
            format!(
                "Permission 'pubsub.topics.get' denied on resource {name} (or it may not exist)."
            ),
            format!("The caller does not have permission to read the metric '{name}'."),
        ] {
            let body = serde_json::json!({
                "error": {"code": 403, "message": message, "status": "PERMISSION_DENIED"},
            });
            let refusal = refusal_of(403, &[], &body.to_string());
            assert_eq!(refusal.gate(), Gate::Iam, "{message}");
        }
    }
    // In the text of a client, a reason counts at any place.
    for text in [
        "googleapi: Error 403: no, ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        r#"relayed: {"details": [{"reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}"#,
        r#"relayed: {"error": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}"#,
    ] {
        assert!(is_scope(classify_text(text).as_ref()), "{text}");
    }
    assert!(is_scope(classify_text("Exception: 'ACCESS_TOKEN_SCOPE_INSUFFICIENT'").as_ref()));
}

#[test]
fn json_within_a_description_does_not_decide() {
    let reason = r#"{\"error\":{\"details\":[{\"reason\":\"ACCESS_TOKEN_SCOPE_INSUFFICIENT\"}]}}"#;
    let body = format!(
        r#"{{"error":{{"code":403,"message":"The caller does not have permission",
            "details":[{{"description":"{reason}"}}]}}}}"#
    );
    let refusal = classify(&ErrorResponse::new(body.as_bytes()).with_status(403)).unwrap();
    assert_eq!(refusal.gate(), Gate::Iam);
}

/// The marks are `token=` and `Bearer `. Each of them alone marks what follows as a secret.
#[test]
fn a_token_after_two_marks_is_not_shown() {
    let token = "abcdefghijklmnopqrstuvwxyz0123456789";
    let text = format!(
        "Error 403: Request had insufficient authentication scopes. access_token=Bearer {token}"
    );
    let refusal = classify_text(&text).unwrap();
    assert!(!refusal.server_message().unwrap().contains(token), "{refusal:?}");
}
