//! Which gate refused: every wire form, every gate, and what looks like one but is another.

#[path = "refusals/answers.rs"]
mod answers;
#[path = "refusals/forms.rs"]
mod forms;
#[path = "refusals/texts.rs"]
mod texts;

use answers::{ANSWERS, Row};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use gcp_scopes::refusal::{
    Answer, Certainty, Evidence, Gate, Refusal, ScopeRefusal, classify, classify_text,
};
use gcp_scopes::{Scope, ScopeSet};
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
fn every_answer_is_told_by_its_gate() {
    let found = |row: &Row| answered(row.status, row.headers, row.body);
    let wrong = |row: &&Row| verdict(found(row).as_ref()) != (row.gate, row.certainty);
    let wrong: Vec<_> = ANSWERS.iter().filter(wrong).map(|row| (row.name, found(row))).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_text_is_told_by_its_gate() {
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
fn an_answer_is_told_by_its_gate_without_its_status_too() {
    for row in ANSWERS.iter().filter(|row| row.certainty != "possible" && row.body.len() > 2) {
        let refusal = classify(&Answer::new(row.body.as_bytes()).with_headers(&headers(row.headers)));
        // Neither the status nor words say so.
        if !["rate limit as 429 in HTML", "401 anonymous"].contains(&row.name) {
            assert_eq!(verdict(refusal.as_ref()).0, row.gate, "{}", row.name);
        }
    }
}

#[test]
fn what_says_nothing_of_access_is_no_refusal() {
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
fn scope_refusals_tell_their_kind_and_others_have_none() {
    let kind = |text| classify_text(text).expect(text).scope_refusal().map(ScopeRefusal::as_str);
    assert_eq!(kind("Request had insufficient authentication scopes."), Some("missing"));
    assert_eq!(kind("Metadata scope doesn't allow format FULL"), Some("restricting"));
    assert_eq!(kind("Permission denied while getting Drive credentials."), Some("scope_or_share"));
    assert_eq!(kind("The caller does not have permission"), None);
}

#[test]
fn each_part_of_an_answer_is_named_as_what_gave_the_verdict() {
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
        assert_eq!(refused(status, &lines, &body).evidence().as_str(), evidence, "{status} {body}");
    }
}

#[test]
fn token_failures_tell_whether_scopes_were_the_reason() {
    let names_scopes = |text| classify_text(text).expect("a refusal").names_scopes();
    assert!(names_scopes(r#"{"error":"invalid_scope","error_description":"Bad."}"#));
    assert!(names_scopes(
        "unauthorized_client: Client is unauthorized to retrieve access tokens using this method"
    ));
    assert!(!names_scopes(
        r#"{"error":"unauthorized_client","error_description":"The given credential is rejected by the attribute condition."}"#
    ));
    assert!(!names_scopes(
        r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#
    ));
}

#[test]
fn alternatives_are_read_from_challenges_of_every_age() {
    let auth = |short: &str| format!("https://www.googleapis.com/auth/{short}");
    let two = format!("{} {}", auth("drive"), auth("drive.file"));
    for (lines, expected) in [
        (vec![format!(r#"Bearer realm="https://accounts.google.com/", error="insufficient_scope", scope="{two}""#)], two.clone()),
        (vec![format!(r#"Bearer realm="https://accounts.google.com/", error=insufficient_scope, scope="{two}""#)], two.clone()),
        (vec![format!("bearer scope={two}, error=insufficient_scope")], two.clone()),
        (vec![format!(r#"Bearer error=insufficient_scope scope="{two}""#)], two.clone()),
        (vec![format!(r#"Basic realm="a, b", Bearer error="insufficient_scope", scope="{two}""#)], two.clone()),
        (vec!["Basic realm=x".to_owned(), format!(r#"Bearer error="insufficient_scope", scope="{two}""#)], two.clone()),
        // Cut off: the last name may be a part of one.
        (vec![format!(r#"Bearer error="insufficient_scope", scope="{two} https://www.goog"#)], two.clone()),
        (vec![format!(r#"Bearer error="insufficient_scope", scope="{} https://mail.go...""#, auth("drive"))], auth("drive")),
        (vec![r#"Bearer error="insufficient_scope", scope="https://mail.go..."#.to_owned()], String::new()),
        // Names that are not under googleapis.com.
        (vec![r#"Bearer error="insufficient_scope", scope="https://www.google.com/m8/feeds http://gdata.youtube.com""#.to_owned()],
            "https://www.google.com/m8/feeds http://gdata.youtube.com".to_owned()),
        // Not a complaint of the scope.
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
fn of_the_urls_in_a_text_only_scopes_are_alternatives() {
    let text = "Acceptable scopes: https://mail.google.com/ https://www.googleapis.com/auth/newer.than.this \
        https://www.googleapis.com/auth/page?id=1 https://cloud.google.com/bigquery/docs openid";
    let expected = "https://mail.google.com/ https://www.googleapis.com/auth/newer.than.this";
    let refusal = classify_text(&format!("Insufficient OAuth2 scope. {text}")).expect("a refusal");
    assert_eq!(*refusal.alternatives(), ScopeSet::from_scope_text(expected));
}

#[test]
fn of_each_kind_of_word_64_are_read() {
    let scope = r#"{"message":"Request had insufficient authentication scopes."},
        {"reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT"},{"type":"VPC_SERVICE_CONTROLS"}"#;
    let telling: Vec<_> = scope.split_inclusive("},").map(|part| part.trim_end_matches(',').trim()).collect();
    for (dull, telling) in
        [r#"{"message":"No."}"#, r#"{"reason":"kite"}"#, r#"{"type":"kite"}"#].iter().zip(telling)
    {
        let gate = |count| {
            let parts = [vec![*dull; count], vec![telling]].concat().join(",");
            refused(403, &[], &format!("[{parts}]")).gate()
        };
        assert_ne!(gate(63), Gate::Other, "{telling}");
        assert_eq!(gate(64), Gate::Other, "{telling}");
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
fn a_body_tells_its_status_in_http_and_in_grpc() {
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
fn the_facts_that_help_needs_are_read() {
    let row = |name| ANSWERS.iter().find(|row| row.name == name).expect(name);
    let refusal = |name| refused(row(name).status, row(name).headers, row(name).body);
    let modern = refusal("F1 modern");
    assert_eq!(modern.service(), Some("pubsub.googleapis.com"));
    assert_eq!(modern.rpc_method(), Some("google.pubsub.v1.Publisher.Publish"));
    assert_eq!(modern.server_message(), Some("Request had insufficient authentication scopes."));
    assert!(modern.alternatives().contains(&Scope::cloud_platform()));
    assert_eq!(modern.evidence(), Evidence::ErrorInfo);
    assert_eq!(refusal("IAM with info").permission(), Some("run.services.get"));
    assert_eq!(refusal("IAM in XML").permission(), Some("storage.objects.get"));
    assert_eq!(refusal("disabled API").project(), Some("123456789012"));
    assert_eq!(refusal("disabled API").service(), Some("kite.googleapis.com"));
    assert_eq!(refusal("perimeter").vpc_sc_id(), Some("aB3dE5fG7hI9jK1lM3nO5"));
    assert_eq!(refusal("perimeter by its reason").vpc_sc_id(), Some("aB3dE5fG7hI9jK1lM3nO5"));
    assert_eq!(refusal("constraint").constraint(), Some("constraints/compute.requireShieldedVm"));
    let silent = refused(
        403,
        &[],
        r#"{"error":{"code":403,"message":"No.","details":[{"requestId":"kite/1"},{"reason":"IAM_PERMISSION_DENIED","metadata":{
            "permission":"run.services.get","consumer":"projects/123456789012","uid":"aB3dE5fG7hI9jK1lM3nO5"}}]}}"#,
    );
    assert_eq!((silent.permission(), silent.project()), (Some("run.services.get"), Some("123456789012")));
    assert_eq!((silent.request_id(), silent.vpc_sc_id()), (Some("kite/1"), Some("aB3dE5fG7hI9jK1lM3nO5")));
    let id = [("x-guploader-uploadid", "AHxI1nM-9_x")];
    assert_eq!(refused(403, &id, SCOPE_BODY).request_id(), Some("AHxI1nM-9_x"));
}

#[test]
fn permissions_are_found_in_the_words_of_many_services() {
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
        ("Access denied for ana@mail.example.co.uk and mail.example.info", None),
        ("Permission denied for runner@kite.iam.gserviceaccount.com", None),
    ] {
        let refusal = classify_text(text).expect(text);
        assert_eq!(refusal.permission(), permission, "{text}");
    }
}

#[test]
fn only_a_name_near_words_of_permission_is_one() {
    let permission = |text: String| classify_text(&text).expect("a refusal").permission().map(str::to_owned);
    let shake = Some("kite.trees.shake".to_owned());
    for (dots, expected) in [(45, &shake), (60, &None)] {
        let gap = ".".repeat(dots);
        let (before, after) =
            (format!("role {gap} kite.trees.shake"), format!("kite.trees.shake {gap} role"));
        for text in [before, after] {
            let text = format!("Error 403: Forbidden {}", text.replace("role", "Permission"));
            assert_eq!(permission(text.clone()), *expected, "{text}");
        }
    }
}

#[test]
fn projects_are_found_in_the_words_of_many_services() {
    for (text, project) in [
        ("Permission denied in Project blue-kite-7.", Some("blue-kite-7")),
        ("Permission denied on projects/blue-kite-7/topics/t", Some("blue-kite-7")),
        ("Permission denied for user-name of example-1", None),
        ("Permission denied: ask the project owners", None),
    ] {
        assert_eq!(classify_text(text).expect(text).project(), project, "{text}");
    }
}

#[test]
fn the_api_and_the_constraint_are_found_in_words() {
    let text = "Constraint constraints/compute.vmCanIpForward violated, see constraints/compute.requireShieldedVm: \
        token of https://www.googleapis.com/auth/compute for compute.googleapis.com/v1 and kite.googleapis.com";
    let refusal = classify_text(text).expect("a refusal");
    assert_eq!(refusal.service(), Some("compute.googleapis.com"));
    assert_eq!(refusal.constraint(), Some("constraints/compute.vmCanIpForward"));
    let long = "k".repeat(117);
    for (name, is_shown) in [
        ("constraints/custom.fly_kites2", true),
        ("constraints/fly-kites", false),
        ("constraints/fly/kites", false),
        (&format!("constraints/{long}"), false),
    ] {
        let refusal = classify_text(&format!("Constraint {name} violated")).expect("a refusal");
        assert_eq!(refusal.gate(), Gate::OrgPolicy);
        assert_eq!(refusal.constraint(), Some(name).filter(|_| is_shown), "{name}");
    }
}

/// What is shown of a value that stands under this name in the metadata of an `ErrorInfo`.
fn shown(name: &str, value: &str) -> Option<String> {
    let info = serde_json::json!({"reason": "IAM_PERMISSION_DENIED", "metadata": {name: value}});
    let body = serde_json::json!({"error": {"code": 403, "message": "No.", "details": [info]}}).to_string();
    let refusal = refused(403, &[], &body);
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
fn values_are_shown_as_they_came() {
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
        ("consumer", "123456"),
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
fn values_that_do_not_look_like_what_they_claim_are_left_out() {
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
                "projects/12345",
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
    assert_eq!(refused(403, &[("x-guploader-uploadid", "a b\"c")], "").request_id(), None);
}

#[test]
fn the_servers_words_are_bounded_and_harmless() {
    let long = "a".repeat(5000);
    for (message, expected) in [
        ("plain", "plain".to_owned()),
        ("red \u{1b}[31m", "red \\u{1b}[31m".to_owned()),
        ("turned \u{202e}txt", "turned \\u{202e}txt".to_owned()),
        ("two\nlines", "two lines".to_owned()),
        (long.as_str(), "a".repeat(1024)),
        ("token ya29.a0AfH6SMBx-yz_0123456789 here", "token [redacted] here".to_owned()),
        ("?access_token%3Dya29.a0AfH6SMBx-yz_0123456789%26x", "?access_token%3D[redacted] 26x".to_owned()),
        ("client GOCSPX-a0AfH6SMBx-yz_0123456789, here", "client [redacted]  here".to_owned()),
        ("keyJson and eyJx stay", "keyJson and eyJx stay".to_owned()),
    ] {
        let body = serde_json::json!({"error": {"code": 403, "message": message}}).to_string();
        assert_eq!(refused(403, &[], &body).server_message(), Some(expected.as_str()));
    }
}

#[test]
fn of_a_text_the_line_that_tells_most_is_shown() {
    let shown = |text| classify_text(text).expect("a refusal").server_message().map(str::to_owned);
    let trace = "\nTraceback (most recent call last):\n  File a.py\n\nForbidden: 403 The caller does not have permission\nbye";
    assert_eq!(shown(trace).as_deref(), Some("Forbidden: 403 The caller does not have permission"));
    assert_eq!(shown("\n \nError 403: no\nand no more").as_deref(), Some("Error 403: no"));
}

#[test]
fn of_xml_and_html_the_words_are_shown_without_their_markup() {
    let xml = "<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Access denied.</Message>\
        <Details>kite@blue-kite-7.iam.gserviceaccount.com has no &quot;get&quot;.</Details></Error>";
    let expected = r#"kite@blue-kite-7.iam.gserviceaccount.com has no "get"."#;
    assert_eq!(refused(403, &[], xml).server_message(), Some(expected));
    let html = "<!DOCTYPE html><html><head><STYLE>p{}</STYLE><script>var forbidden</script></head>\
        <!-- a > b --><p>Forbidden &amp; logged.</p></html>";
    let words: Vec<_> = refused(403, &[], html)
        .server_message()
        .expect("words")
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    assert_eq!(words.join(" "), "Forbidden & logged.");
}

#[test]
fn a_plain_sentence_in_the_place_of_an_error_is_shown() {
    let refusal = refused(403, &[], r#"{"error":"You may not fly here."}"#);
    assert_eq!(refusal.server_message(), Some("You may not fly here."));
}

#[test]
fn debug_shows_no_word_of_the_server() {
    let body = r#"{"error":{"code":403,"message":"sesame 'kite.objects.get' denied","details":[{"reason":"IAM_PERMISSION_DENIED","metadata":{"service":"sesame.googleapis.com","consumer":"projects/sesame-1"}}]}}"#;
    let lines = [("x-guploader-uploadid", "sesame")];
    let text =
        format!("{:?} {:?}", refused(403, &lines, body), Answer::new(body.as_bytes()).with_status(403));
    assert!(!text.contains("sesame") && !text.contains("kite"), "{text}");
    assert!(text.contains("Iam") && text.contains("Certain") && text.contains("403"), "{text}");
}

/// A length-delimited protobuf field.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut length = content.len();
    while length >= 0x80 {
        out.push((length & 0x7f | 0x80) as u8);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend(content);
    out
}

fn packed(kind: &str, content: &[u8]) -> Vec<u8> {
    let url = format!("type.googleapis.com/google.rpc.{kind}");
    field(3, &[field(1, url.as_bytes()), field(2, content)].concat())
}

fn error_info(reason: &str, metadata: &[(&str, &str)]) -> Vec<u8> {
    let entry = |(key, value): &(&str, &str)| {
        field(3, &[field(1, key.as_bytes()), field(2, value.as_bytes())].concat())
    };
    [field(1, reason.as_bytes()), field(2, b"googleapis.com"), metadata.iter().flat_map(entry).collect()]
        .concat()
}

/// `google.rpc.Status` with code 7.
fn status(message: &str, details: &[Vec<u8>]) -> Vec<u8> {
    [vec![0x08, 7], field(2, message.as_bytes()), details.concat()].concat()
}

fn trailers(lines: &[(&str, &str)]) -> Refusal {
    let map = headers(lines);
    classify(&Answer::new(b"").with_status(200).with_headers(&map)).expect("a refusal")
}

#[test]
fn grpc_details_are_decoded_with_and_without_padding() {
    let info = error_info(
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        &[("service", "pubsub.googleapis.com"), ("method", "google.pubsub.v1.Publisher.Publish")],
    );
    let request = field(1, b"request-1");
    let status =
        status("No.", &[packed("Help", &[]), packed("ErrorInfo", &info), packed("RequestInfo", &request)]);
    for encoded in [STANDARD.encode(&status), STANDARD_NO_PAD.encode(&status)] {
        let refusal = trailers(&[("grpc-status", "7"), ("grpc-status-details-bin", &encoded)]);
        assert_eq!((refusal.gate(), refusal.certainty()), (Gate::Scope, Certainty::Certain));
        assert_eq!(refusal.service(), Some("pubsub.googleapis.com"));
        assert_eq!(refusal.rpc_method(), Some("google.pubsub.v1.Publisher.Publish"));
        assert_eq!(refusal.request_id(), Some("request-1"));
    }
    let refusal = trailers(&[("grpc-status", "7"), ("google.rpc.errorinfo-bin", &STANDARD.encode(&info))]);
    assert_eq!(refusal.gate(), Gate::Scope);
}

#[test]
fn grpc_details_of_every_length_and_form_are_decoded() {
    let info = error_info("IAM_PERMISSION_DENIED", &[("permission", "run.services.get")]);
    // Fields of the other wire types, as a newer server may send: varint, 64 bits, 32 bits.
    let newer = [vec![0x48, 0xff, 0x7f], vec![0x51; 9], vec![0x5d; 5]].concat();
    for length in [1, 127, 128, 20_000] {
        let padding = field(1, "k".repeat(length).as_bytes());
        let status = status(
            "No.",
            &[
                newer.clone(),
                packed("Help", &padding),
                packed("ErrorInfo", &[newer.clone(), info.clone()].concat()),
            ],
        );
        let refusal =
            trailers(&[("grpc-status", "7"), ("grpc-status-details-bin", &STANDARD.encode(status))]);
        assert_eq!(refusal.permission(), Some("run.services.get"), "{length}");
    }
    let long =
        STANDARD.encode(status("No.", &[packed("Help", &vec![0; 48 * 1024]), packed("ErrorInfo", &info)]));
    assert_eq!(trailers(&[("grpc-status", "7"), ("grpc-status-details-bin", &long)]).permission(), None);
}

#[test]
fn grpc_messages_are_shown_as_they_were_meant() {
    for (sent, shown) in [("100%25 %e2%9c%93 of 5%", "100% \u{2713} of 5%"), ("%zz%4", "%zz%4"), ("+", "+")] {
        let refusal = trailers(&[("grpc-status", "7"), ("grpc-message", sent)]);
        assert_eq!(refusal.server_message(), Some(shown));
    }
    let status_alone = STANDARD.encode(status("You may not fly here.", &[]));
    let refusal = trailers(&[("grpc-status", "7"), ("grpc-status-details-bin", &status_alone)]);
    assert_eq!(refusal.server_message(), Some("You may not fly here."));
    let localized =
        packed("LocalizedMessage", &[field(1, b"en"), field(2, b"You may not fly here.")].concat());
    let status = STANDARD.encode(status("", &[localized]));
    let refusal = trailers(&[("grpc-status", "7"), ("grpc-status-details-bin", &status)]);
    assert_eq!(refusal.server_message(), Some("You may not fly here."));
}

#[test]
fn grpc_violations_are_decoded() {
    let violation =
        field(1, &[field(1, b"VPC_SERVICE_CONTROLS"), field(3, b"aB3dE5fG7hI9jK1lM3nO5")].concat());
    let perimeter = STANDARD.encode(status("No.", &[packed("PreconditionFailure", &violation)]));
    assert_eq!(
        trailers(&[("grpc-status", "7"), ("grpc-status-details-bin", &perimeter)]).gate(),
        Gate::VpcSc
    );
    let quota = STANDARD.encode(status("No.", &[packed("QuotaFailure", &field(1, b""))]));
    assert_eq!(
        trailers(&[("grpc-status", "7"), ("grpc-status-details-bin", &quota)]).gate(),
        Gate::RateLimit
    );
}

#[test]
fn grpc_statuses_without_words_are_told_apart() {
    for (code, expected) in [
        ("7", "other"),
        ("16", "credentials"),
        ("8", "rate_limit"),
        ("0", "none"),
        ("5", "none"),
        ("14", "none"),
    ] {
        assert_eq!(verdict(answered(200, &[("grpc-status", code)], "").as_ref()).0, expected, "{code}");
    }
    let message = ("grpc-message", "Request had insufficient authentication scopes.");
    assert!(answered(200, &[("grpc-status", "0"), message], "").is_none());
    // A failed precondition may be a gate's, if it says so; what is not found or aborted is none's.
    for (code, expected) in [("9", "iam"), ("3", "iam"), ("5", "none"), ("10", "none")] {
        let lines = [("grpc-status", code), ("grpc-message", "Access denied.")];
        assert_eq!(verdict(answered(200, &lines, "").as_ref()).0, expected, "{code}");
    }
}

#[test]
fn grpc_challenges_give_alternatives() {
    let refusal = trailers(&[
        ("grpc-status", "7"),
        ("grpc-message", "Request had insufficient authentication scopes."),
        (
            "www-authenticate",
            r#"Bearer error="insufficient_scope", scope="https://www.googleapis.com/auth/pubsub""#,
        ),
    ]);
    assert_eq!(refusal.alternatives().len(), 1);
}

#[test]
fn a_body_of_16_kib_that_was_cut_is_still_told() {
    let links = r#"{"description":"more","url":"https://example.com/help"},"#.repeat(2000);
    let body = format!(
        r#"{{"error":{{"code":403,"message":"Insufficient Permission","errors":[{{"message":"Insufficient Permission","reason":"insufficientPermissions"}}],"details":[{{"links":[{links}"#
    );
    let cut = &body[..16 * 1024];
    assert_eq!(verdict(Some(&refused(403, &[], cut))), ("scope", "likely"));
}

#[test]
fn of_a_body_64_kib_are_read() {
    let words = "Request had insufficient authentication scopes.";
    let behind = |bytes| classify_text(&format!("{}{words}", ".".repeat(bytes)));
    assert!(is_scope(behind(64 * 1024 - words.len()).as_ref()));
    assert!(behind(64 * 1024).is_none());
}

#[test]
fn a_pasted_response_is_judged_as_if_it_had_come_over_the_wire() {
    let bare = "HTTP/1.1 403 Forbidden\nX-GUploader-UploadID: AHxI1nM-9_x\n\nForbidden";
    let bare = classify_text(bare).expect("a refusal");
    assert_eq!((bare.certainty(), bare.request_id()), (Certainty::Possible, Some("AHxI1nM-9_x")));
    // The words alone are certain; with this status they may be about a call of the server's own.
    let relayed = format!("HTTP/1.1 502 Bad Gateway\nX-GUploader-UploadID: AHxI1nM-9_x\n\n{SCOPE_BODY}");
    let relayed = classify_text(&relayed).expect("a refusal");
    assert_eq!((relayed.certainty(), relayed.request_id()), (Certainty::Likely, Some("AHxI1nM-9_x")));
}

/// Every JSON row of a scope refusal that the words alone decide.
fn scope_bodies() -> impl Iterator<Item = (&'static str, serde_json::Value)> {
    let rows =
        ANSWERS.iter().filter(|row| row.gate == "scope" && row.certainty == "certain" && row.status == 403);
    let plain = rows.filter(|row| row.name != "F7 with a header that agrees");
    plain.filter_map(|row| Some((row.name, serde_json::from_str(row.body).ok()?)))
}

#[test]
fn a_scope_refusal_survives_what_proxies_and_clients_do_to_json() {
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
        let forms = [
            format!("[{text}]"),
            format!("[{text},{text}]"),
            serde_json::json!(text).to_string(),
            value.get("error").map_or_else(|| text.clone(), ToString::to_string),
            serde_json::to_string_pretty(&value).expect("JSON"),
            noisy.to_string(),
            escaped,
            format!("\u{feff}  {text}\r\n"),
            format!(")]}}'\n{text}"),
            serde_json::json!({"level": "error", "msg": "failed", "response": value}).to_string(),
            serde_json::json!({"severity": "ERROR", "message": format!("failed: {text}")}).to_string(),
            format!("2031-02-03 ERROR failed: {text}"),
            format!("HTTP/1.1 403 Forbidden\r\nServer: ESF\r\n\r\n{text}"),
        ];
        for form in forms {
            assert!(is_scope(classify_text(&form).as_ref()), "{name}: {form}");
            assert!(is_scope(answered(403, &[], &form).as_ref()), "{name}: {form}");
        }
    }
}

#[test]
fn a_scope_refusal_survives_any_order_of_its_fields() {
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
    fn nothing_in_a_body_panics(body in proptest::collection::vec(any::<u8>(), 0..600), status in 0u16..700) {
        let _ = classify(&Answer::new(&body).with_status(status));
        let _ = classify(&Answer::new(&body));
    }

    #[test]
    fn nothing_in_a_text_panics(text in "\\PC{0,200}", tail in "[<>{}\\[\\]\"'\\\\:=,. a-zA-Z0-9/%&;#*\n-]{0,300}") {
        let refusal = classify_text(&format!("{text}{tail}"));
        if let Some(message) = refusal.as_ref().and_then(Refusal::server_message) {
            prop_assert!(message.len() <= 1024 && !message.chars().any(char::is_control));
        }
    }

    #[test]
    fn nothing_in_a_header_panics(value in proptest::collection::vec(any::<u8>(), 0..300), name in 0usize..6) {
        let names = ["www-authenticate", "grpc-status", "grpc-message", "grpc-status-details-bin", "google.rpc.errorinfo-bin", "x-guploader-uploadid"];
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            let mut map = HeaderMap::new();
            map.insert(names[name], value);
            let _ = classify(&Answer::new(b"").with_status(403).with_headers(&map));
        }
    }

    #[test]
    fn nothing_in_grpc_details_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let encoded = STANDARD.encode(&bytes);
        let map = headers(&[("grpc-status", "7"), ("grpc-status-details-bin", &encoded), ("google.rpc.errorinfo-bin", &encoded)]);
        prop_assert!(classify(&Answer::new(b"").with_headers(&map)).is_some());
    }

    #[test]
    fn a_scope_refusal_survives_a_cut_anywhere_after_its_words(cut in 0usize..2000, row in 0usize..30) {
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
fn a_resource_that_is_named_after_a_reason_makes_no_refusal_one_of_scope() {
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
    // A client that relays an answer has its reason in the prose.
    for message in [
        "googleapi: Error 403: no, ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        r#"relayed: {"details": [{"reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}"#,
        r#"relayed: {"error": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}"#,
    ] {
        let body = serde_json::json!({"error": {"code": 403, "message": message}}).to_string();
        assert_eq!(refused(403, &[], &body).gate(), Gate::Scope, "{message}");
    }
    assert!(is_scope(classify_text("Exception: 'ACCESS_TOKEN_SCOPE_INSUFFICIENT'").as_ref()));
}
