//! Refusals are classified by gate: in every form of an answer, for every gate, and where one
//! gate's answer looks like another's.

#[path = "refusals/answers.rs"]
mod answers;
#[path = "refusals/details.rs"]
mod details;
#[path = "refusals/forms.rs"]
mod forms;
#[path = "refusals/grpc.rs"]
mod grpc;
#[path = "refusals/texts.rs"]
mod texts;

use answers::{ANSWERS, Row};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gcp_scopes_catalog::scope::ScopeSet;
use gcp_scopes_explain::refusal::{Answer, Certainty, Gate, Refusal, classify, classify_text};
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

const SCOPE_BODY: &str = r#"{"error":{"status":"PERMISSION_DENIED","message":"Request had insufficient authentication scopes.","code":403}}"#;

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let line = |(name, value): &(&str, &str)| {
        let value = HeaderValue::from_str(value).expect("a header value");
        (name.parse::<HeaderName>().expect("a header name"), value)
    };
    lines.iter().map(line).collect()
}

fn answered(status: u16, lines: &[(&str, &str)], body: &str) -> Option<Refusal> {
    classify(&Answer::new(body.as_bytes()).with_status(status).with_headers(&headers(lines)))
}

fn refused(status: u16, lines: &[(&str, &str)], body: &str) -> Refusal {
    answered(status, lines, body).expect("a refusal")
}

fn verdict(refusal: Option<&Refusal>) -> (&'static str, &'static str) {
    refusal.map_or(("none", "none"), |r| (r.gate().as_str(), r.certainty().as_str()))
}

fn is_scope(refusal: Option<&Refusal>) -> bool {
    refusal.is_some_and(|r| r.gate() == Gate::Scope && r.certainty() >= Certainty::Likely)
}

#[test]
fn every_answer_has_its_gate() {
    let found = |row: &Row| answered(row.status, row.headers, row.body);
    let wrong = |row: &&Row| verdict(found(row).as_ref()) != (row.gate, row.certainty);
    let wrong: Vec<_> = ANSWERS.iter().filter(wrong).map(|row| (row.name, found(row))).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_text_has_its_gate() {
    let mut wrong = Vec::new();
    for (gate, text) in texts::TEXTS {
        let refusal = classify_text(text);
        if verdict(refusal.as_ref()).0 != *gate {
            wrong.push(format!("{gate}, found {refusal:?}: {text}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn an_answer_without_its_status_has_the_same_gate() {
    for row in ANSWERS.iter().filter(|row| row.certainty != "possible" && row.body.len() > 2) {
        let refusal = classify(&Answer::new(row.body.as_bytes()).with_headers(&headers(row.headers)));
        // Only the status names the gate of these.
        if !["rate limit as 429 in HTML", "401 anonymous"].contains(&row.name) {
            assert_eq!(verdict(refusal.as_ref()).0, row.gate, "{}", row.name);
        }
    }
}

#[test]
fn an_answer_that_is_not_about_access_is_no_refusal() {
    for text in texts::NO_REFUSALS {
        assert!(classify_text(text).is_none(), "{text}: {:?}", classify_text(text));
    }
    for (status, body) in answers::NO_REFUSALS {
        assert!(
            answered(*status, &[], body).is_none(),
            "{status} {body}: {:?}",
            answered(*status, &[], body)
        );
    }
}

#[test]
fn only_scope_refusals_have_a_scope_problem() {
    let problem = |text| classify_text(text).expect(text).scope_problem();
    assert_eq!(problem("Request had insufficient authentication scopes."), Some("missing"));
    assert_eq!(problem("Metadata scope doesn't allow format FULL"), Some("restricting"));
    assert_eq!(problem("Permission denied while getting Drive credentials."), Some("scope_or_share"));
    assert_eq!(problem("The caller does not have permission"), None);
}

#[test]
fn the_evidence_is_the_part_that_names_the_gate() {
    let challenge = ("www-authenticate", r#"Bearer error="insufficient_scope""#);
    let reason =
        |reason| format!(r#"{{"error":{{"code":403,"message":"No.","details":[{{"reason":"{reason}"}}]}}}}"#);
    let violation = r#"{"error":{"code":403,"message":"No.","details":[{"violations":[{"type":"VPC_SERVICE_CONTROLS"}]}]}}"#;
    for (status, lines, body, evidence) in [
        (403, vec![], reason("IAM_PERMISSION_DENIED"), "error_info"),
        (403, vec![], violation.to_owned(), "violation"),
        (400, vec![], r#"{"error":"invalid_grant"}"#.to_owned(), "token_endpoint"),
        (403, vec![], SCOPE_BODY.to_owned(), "message"),
        (403, vec![], reason("accessNotConfigured"), "reason"),
        (403, vec![challenge], String::new(), "header"),
        (403, vec![], String::new(), "status"),
    ] {
        assert_eq!(refused(status, &lines, &body).evidence(), evidence, "{status} {body}");
    }
}

#[test]
fn a_token_endpoint_refuses_requested_scopes_or_another_thing() {
    let is_for_scopes = |text| classify_text(text).expect("a refusal").is_for_requested_scopes();
    assert!(is_for_scopes(r#"{"error":"invalid_scope","error_description":"Bad."}"#));
    assert!(is_for_scopes(
        "unauthorized_client: Client is unauthorized to retrieve access tokens using this method"
    ));
    assert!(!is_for_scopes(
        r#"{"error":"unauthorized_client","error_description":"The given credential is rejected by the attribute condition."}"#
    ));
    assert!(!is_for_scopes(
        r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#
    ));
}

#[test]
fn alternatives_are_read_from_challenges_of_every_form() {
    let auth = |short: &str| format!("https://www.googleapis.com/auth/{short}");
    let two = format!("{} {}", auth("drive"), auth("drive.file"));
    for (lines, expected) in [
        (vec![format!(r#"Bearer realm="https://accounts.google.com/", error="insufficient_scope", scope="{two}""#)], two.clone()),
        (vec![format!(r#"Bearer realm="https://accounts.google.com/", error=insufficient_scope, scope="{two}""#)], two.clone()),
        (vec![format!("bearer scope={two}, error=insufficient_scope")], two.clone()),
        (vec![format!(r#"Bearer error=insufficient_scope scope="{two}""#)], two.clone()),
        (vec![format!(r#"Basic realm="a, b", Bearer error="insufficient_scope", scope="{two}""#)], two.clone()),
        (vec!["Basic realm=x".to_owned(), format!(r#"Bearer error="insufficient_scope", scope="{two}""#)], two.clone()),
        // Cut off: the last scope may not be whole.
        (vec![format!(r#"Bearer error="insufficient_scope", scope="{two} https://www.goog"#)], two.clone()),
        (vec![format!(r#"Bearer error="insufficient_scope", scope="{} https://mail.go...""#, auth("drive"))], auth("drive")),
        (vec![r#"Bearer error="insufficient_scope", scope="https://mail.go..."#.to_owned()], String::new()),
        // Scopes that are not under googleapis.com.
        (vec![r#"Bearer error="insufficient_scope", scope="https://www.google.com/m8/feeds http://gdata.youtube.com""#.to_owned()],
            "https://www.google.com/m8/feeds http://gdata.youtube.com".to_owned()),
        // Challenges for another reason.
        (vec![format!(r#"Bearer error="invalid_token", scope="{two}""#)], String::new()),
        (vec![format!(r#"Bearer scope="{two}""#)], String::new()),
    ] {
        let lines: Vec<_> = lines.iter().map(|line| ("www-authenticate", line.as_str())).collect();
        let refusal = refused(403, &lines, SCOPE_BODY);
        assert_eq!(*refusal.alternatives(), ScopeSet::from_scope_text(&expected), "{lines:?}");
    }
}

#[test]
fn alternatives_are_read_from_texts_of_clients() {
    let set = ScopeSet::from_scope_text(
        "https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/bigquery",
    );
    for text in [
        "Insufficient OAuth2 scope to perform this operation.\nAcceptable scopes: https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/bigquery\nhttps://www.googleapis.com/auth/drive",
        r#"403 {'www-authenticate': 'Bearer realm="https://accounts.google.com/", error="insufficient_scope", scope="https://www.googleapis.com/auth/bigquery https://www.googleapis.com/auth/cloud-platform"', 'server': 'ESF'} Insufficient Permission"#,
        r#"metadata: {"www-authenticate": "Bearer realm=\"https://accounts.google.com/\", error=\"insufficient_scope\", scope=\"https://www.googleapis.com/auth/bigquery https://www.googleapis.com/auth/cloud-platform\""}"#,
        "You do not have permission. Required permissions: (https://www.googleapis.com/auth/bigquery || https://www.googleapis.com/auth/cloud-platform)",
    ] {
        let refusal = classify_text(text).expect(text);
        assert_eq!(*refusal.alternatives(), set, "{text}");
    }
}

#[test]
fn only_scopes_among_the_urls_of_a_text_are_alternatives() {
    let text = "Acceptable scopes: https://mail.google.com/ https://www.googleapis.com/auth/newer.than.this \
        https://www.googleapis.com/auth/page?id=1 https://cloud.google.com/bigquery/docs openid";
    let expected = "https://mail.google.com/ https://www.googleapis.com/auth/newer.than.this";
    let refusal = classify_text(&format!("Insufficient OAuth2 scope. {text}")).expect("a refusal");
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
            refused(403, &[], &format!("[{parts}]")).gate()
        };
        assert_ne!(gate(63), Gate::Other, "{decisive}");
        assert_eq!(gate(64), Gate::Other, "{decisive}");
    }
}

#[test]
fn a_reason_is_one_word_of_letters_and_digits() {
    let gate = |reason: &str| {
        let body =
            serde_json::json!({"error": {"code": 403, "message": "No.", "errors": [{"reason": reason}]}});
        refused(403, &[], &body.to_string()).gate()
    };
    assert_eq!(gate("KITE2_INSUFFICIENT_SCOPE"), Gate::Scope);
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
    let gate = |data| {
        let details = format!(r#"{{"message":"No.","details":[{{"number":1,"data":"{data}"}}]}}"#);
        refused(403, &[], &details).gate()
    };
    assert_eq!(gate("ACCESS_TOKEN_SCOPE_INSUFFICIENT"), Gate::Scope);
    assert_eq!(gate("KITE_INSUFFICIENT_SCOPE"), Gate::Other);
}

#[test]
fn the_status_in_a_body_is_one_of_http_or_grpc() {
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
fn a_list_of_alternatives_is_bounded() {
    let scopes: String = (0..5000).map(|n| format!("https://example.com/{n} ")).collect();
    let line = format!(r#"Bearer error="insufficient_scope", scope="{scopes}""#);
    assert_eq!(refused(403, &[("www-authenticate", &line)], SCOPE_BODY).alternatives().len(), 64);
}

#[test]
fn a_body_that_is_cut_off_at_16_kib_has_its_gate() {
    let links = r#"{"description":"more","url":"https://example.com/help"},"#.repeat(2000);
    let body = format!(
        r#"{{"error":{{"code":403,"message":"Insufficient Permission","errors":[{{"message":"Insufficient Permission","reason":"insufficientPermissions"}}],"details":[{{"links":[{links}"#
    );
    let cut = &body[..16 * 1024];
    assert_eq!(verdict(Some(&refused(403, &[], cut))), ("scope", "likely"));
}

#[test]
fn the_first_64_kib_of_a_body_are_read() {
    let words = "Request had insufficient authentication scopes.";
    let behind = |bytes| classify_text(&format!("{}{words}", ".".repeat(bytes)));
    assert!(is_scope(behind(64 * 1024 - words.len()).as_ref()));
    assert!(behind(64 * 1024).is_none());
}

#[test]
fn a_pasted_response_has_the_verdict_of_a_received_one() {
    let bare = "HTTP/1.1 403 Forbidden\nX-GUploader-UploadID: AHxI1nM-9_x\n\nForbidden";
    let bare = classify_text(bare).expect("a refusal");
    assert_eq!((bare.certainty(), bare.request_id()), (Certainty::Possible, Some("AHxI1nM-9_x")));
    // The message alone is certain; with this status it may be about a call that the server made.
    let relayed = format!("HTTP/1.1 502 Bad Gateway\nX-GUploader-UploadID: AHxI1nM-9_x\n\n{SCOPE_BODY}");
    let relayed = classify_text(&relayed).expect("a refusal");
    assert_eq!((relayed.certainty(), relayed.request_id()), (Certainty::Likely, Some("AHxI1nM-9_x")));
}

/// Every scope refusal in JSON whose message alone decides.
fn scope_bodies() -> impl Iterator<Item = (&'static str, serde_json::Value)> {
    let rows =
        ANSWERS.iter().filter(|row| row.gate == "scope" && row.certainty == "certain" && row.status == 403);
    let plain = rows.filter(|row| row.name != "F7 with a header that agrees");
    plain.filter_map(|row| Some((row.name, serde_json::from_str(row.body).ok()?)))
}

#[test]
fn a_scope_refusal_is_found_in_json_that_proxies_and_clients_changed() {
    for (name, value) in scope_bodies() {
        let text = value.to_string();
        let mut noisy = value.clone();
        if let Some(error) = noisy.get_mut("error") {
            error["zebra"] = serde_json::json!({"n": [1, null, true, {"deep": "x"}]});
        }
        let escaped: String = text
            .chars()
            .map(|c| if c == '\'' || c == 'u' { format!("\\u{:04x}", c as u32) } else { c.to_string() })
            .collect();
        let answers = [
            format!("[{text}]"),
            format!("[{text},{text}]"),
            serde_json::json!(text).to_string(),
            value.get("error").map_or_else(|| text.clone(), ToString::to_string),
            serde_json::to_string_pretty(&value).expect("JSON"),
            noisy.to_string(),
            escaped,
            format!("\u{feff}  {text}\r\n"),
            format!(")]}}'\n{text}"),
        ];
        let logged = [
            serde_json::json!({"level": "error", "msg": "failed", "response": value}).to_string(),
            serde_json::json!({"severity": "ERROR", "message": format!("failed: {text}")}).to_string(),
            format!("2031-02-03 ERROR failed: {text}"),
            format!("HTTP/1.1 403 Forbidden\r\nServer: ESF\r\n\r\n{text}"),
        ];
        for form in answers.iter().chain(&logged) {
            assert!(is_scope(classify_text(form).as_ref()), "{name}: {form}");
        }
        for form in &answers {
            assert!(is_scope(answered(403, &[], form).as_ref()), "{name}: {form}");
        }
    }
}

#[test]
fn a_scope_refusal_is_found_with_its_fields_in_any_order() {
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
        assert!(is_scope(answered(403, &[], &body).as_ref()), "{body}");
    }
}

proptest! {
    #[test]
    fn no_body_panics(body in proptest::collection::vec(any::<u8>(), 0..600), status in 0u16..700) {
        let _ = classify(&Answer::new(&body).with_status(status));
        let _ = classify(&Answer::new(&body));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,200}", tail in "[<>{}\\[\\]\"'\\\\:=,. a-zA-Z0-9/%&;#*\n-]{0,300}") {
        let refusal = classify_text(&format!("{text}{tail}"));
        if let Some(message) = refusal.as_ref().and_then(Refusal::server_message) {
            prop_assert!(message.len() <= 1024 && !message.chars().any(char::is_control));
        }
    }

    #[test]
    fn no_header_panics(value in proptest::collection::vec(any::<u8>(), 0..300), name in 0usize..6) {
        let names = ["www-authenticate", "grpc-status", "grpc-message", "grpc-status-details-bin", "google.rpc.errorinfo-bin", "x-guploader-uploadid"];
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            let mut map = HeaderMap::new();
            map.insert(names[name], value);
            let _ = classify(&Answer::new(b"").with_status(403).with_headers(&map));
        }
    }

    #[test]
    fn no_grpc_details_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let encoded = STANDARD.encode(&bytes);
        let map = headers(&[("grpc-status", "7"), ("grpc-status-details-bin", &encoded), ("google.rpc.errorinfo-bin", &encoded)]);
        prop_assert!(classify(&Answer::new(b"").with_headers(&map)).is_some());
    }

    #[test]
    fn a_scope_refusal_is_found_if_the_body_is_cut_off_after_its_phrase(cut in 0usize..2000, row in 0usize..30) {
        let bodies: Vec<_> = scope_bodies().map(|(_, value)| serde_json::to_string_pretty(&value).expect("JSON")).collect();
        let body = &bodies[row % bodies.len()];
        let words = ["insufficient authentication scopes", "SCOPE_INSUFFICIENT", "not authorized", "Metadata scope does not", "Metadata scope doesn't", "requested spaces"];
        let end = words.iter().filter_map(|word| Some(body.find(word)? + word.len() + 1)).min().expect("deciding words");
        let cut = (end + cut).min(body.len());
        prop_assert!(is_scope(answered(403, &[], &body[..cut]).as_ref()), "{}", &body[..cut]);
    }

    #[test]
    fn a_challenge_in_any_form_gives_its_scopes(
        count in 1usize..20, is_quoted in any::<bool>(), is_first in any::<bool>(), space in "[ ]{0,2}",
    ) {
        let scopes: Vec<_> = (0..count).map(|n| format!("https://www.googleapis.com/auth/kite.{n}")).collect();
        let error = if is_quoted { r#"error="insufficient_scope""# } else { "error=insufficient_scope" };
        let scope = format!(r#"scope="{}""#, scopes.join(" "));
        let (a, b) = if is_first { (error, scope.as_str()) } else { (scope.as_str(), error) };
        let line = format!(r#"Bearer realm="https://accounts.google.com/",{space}{a},{space}{b}"#);
        let refusal = refused(403, &[("www-authenticate", &line)], SCOPE_BODY);
        prop_assert_eq!(refusal.alternatives().len(), count);
    }
}

#[test]
fn the_name_of_a_resource_is_not_a_reason() {
    for name in ["ACCESS_TOKEN_SCOPE_INSUFFICIENT", "insufficientScopes", "insufficientPermissions"] {
        for message in [
            format!("Access Denied: Table p:d.{name}: User does not have permission to query it."),
            format!("User not authorized to access topic projects/p/topics/{name}."),
            format!("Permission 'pubsub.topics.get' denied on resource {name} (or it may not exist)."),
            format!("The caller does not have permission to read the metric '{name}'."),
        ] {
            let body = serde_json::json!({"error": {"code": 403, "message": message, "status": "PERMISSION_DENIED"}});
            let refusal = refused(403, &[], &body.to_string());
            assert_eq!(refusal.gate(), Gate::Iam, "{message}");
        }
    }
    // A text that relays an answer has its reason in the prose.
    for text in [
        "googleapi: Error 403: no, ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        r#"relayed: {"details": [{"reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}"#,
        r#"relayed: {"error": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}"#,
    ] {
        assert!(is_scope(classify_text(text).as_ref()), "{text}");
    }
    assert!(is_scope(classify_text("Exception: 'ACCESS_TOKEN_SCOPE_INSUFFICIENT'").as_ref()));
}
