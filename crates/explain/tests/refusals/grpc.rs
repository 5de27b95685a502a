//! Tests of refusals in gRPC headers and trailers.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use gcp_scopes_explain::refusal::{Certainty, ErrorResponse, Gate, Refusal, classify};

use super::{classify_response, headers, verdict};

/// Encodes a length-delimited protobuf field.
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

/// Encodes an entry of `google.rpc.Status.details`.
fn detail(kind: &str, content: &[u8]) -> Vec<u8> {
    let url = format!("type.googleapis.com/google.rpc.{kind}");
    field(3, &[field(1, url.as_bytes()), field(2, content)].concat())
}

/// Encodes a `google.rpc.ErrorInfo`.
fn error_info(reason: &str, metadata: &[(&str, &str)]) -> Vec<u8> {
    let entry = |(key, value): &(&str, &str)| {
        field(3, &[field(1, key.as_bytes()), field(2, value.as_bytes())].concat())
    };
    [
        field(1, reason.as_bytes()),
        field(2, b"googleapis.com"),
        metadata.iter().flat_map(entry).collect(),
    ]
    .concat()
}

/// Encodes a `google.rpc.Status` with code 7.
fn status(message: &str, details: &[Vec<u8>]) -> Vec<u8> {
    [vec![0x08, 7], field(2, message.as_bytes()), details.concat()].concat()
}

/// Classifies a gRPC response with these trailers, which must be a refusal.
fn refusal_with_trailers(lines: &[(&str, &str)]) -> Refusal {
    let map = headers(lines);
    classify(&ErrorResponse::new(b"").with_status(200).with_headers(&map)).expect("no refusal")
}

#[test]
fn grpc_details_are_decoded_with_and_without_padding() {
    let info = error_info(
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        &[("service", "pubsub.googleapis.com"), ("method", "google.pubsub.v1.Publisher.Publish")],
    );
    let request = field(1, b"request-1");
    let status = status(
        "No.",
        &[detail("Help", &[]), detail("ErrorInfo", &info), detail("RequestInfo", &request)],
    );
    for encoded in [STANDARD.encode(&status), STANDARD_NO_PAD.encode(&status)] {
        let refusal =
            refusal_with_trailers(&[("grpc-status", "7"), ("grpc-status-details-bin", &encoded)]);
        assert_eq!((refusal.gate(), refusal.certainty()), (Gate::Scope, Certainty::Certain));
        assert_eq!(refusal.service(), Some("pubsub.googleapis.com"));
        assert_eq!(refusal.rpc_method(), Some("google.pubsub.v1.Publisher.Publish"));
        assert_eq!(refusal.request_id(), Some("request-1"));
    }
    let refusal = refusal_with_trailers(&[
        ("grpc-status", "7"),
        ("google.rpc.errorinfo-bin", &STANDARD.encode(&info)),
    ]);
    assert_eq!(refusal.gate(), Gate::Scope);
}

#[test]
fn grpc_details_of_any_length_are_decoded() {
    let info = error_info("IAM_PERMISSION_DENIED", &[("permission", "run.services.get")]);
    // Unknown fields of other wire types, which a newer server may send: varint, 64 bits, 32 bits.
    let newer = [vec![0x48, 0xff, 0x7f], vec![0x51; 9], vec![0x5d; 5]].concat();
    for length in [1, 127, 128, 20_000] {
        let padding = field(1, "k".repeat(length).as_bytes());
        let status = status(
            "No.",
            &[
                newer.clone(),
                detail("Help", &padding),
                detail("ErrorInfo", &[newer.clone(), info.clone()].concat()),
            ],
        );
        let refusal = refusal_with_trailers(&[
            ("grpc-status", "7"),
            ("grpc-status-details-bin", &STANDARD.encode(status)),
        ]);
        assert_eq!(refusal.permission(), Some("run.services.get"), "{length}");
    }
    // A value with more than 64 KiB of base64 is not read.
    let long = STANDARD
        .encode(status("No.", &[detail("Help", &vec![0; 48 * 1024]), detail("ErrorInfo", &info)]));
    assert_eq!(
        refusal_with_trailers(&[("grpc-status", "7"), ("grpc-status-details-bin", &long)])
            .permission(),
        None
    );
}

#[test]
fn grpc_messages_are_decoded() {
    for (sent, shown) in
        [("100%25 %e2%9c%93 of 5%", "100% \u{2713} of 5%"), ("%zz%4", "%zz%4"), ("+", "+")]
    {
        let refusal = refusal_with_trailers(&[("grpc-status", "7"), ("grpc-message", sent)]);
        assert_eq!(refusal.server_message(), Some(shown));
    }
    let status_alone = STANDARD.encode(status("You may not fly here.", &[]));
    let refusal =
        refusal_with_trailers(&[("grpc-status", "7"), ("grpc-status-details-bin", &status_alone)]);
    assert_eq!(refusal.server_message(), Some("You may not fly here."));
    let localized =
        detail("LocalizedMessage", &[field(1, b"en"), field(2, b"You may not fly here.")].concat());
    let status = STANDARD.encode(status("", &[localized]));
    let refusal =
        refusal_with_trailers(&[("grpc-status", "7"), ("grpc-status-details-bin", &status)]);
    assert_eq!(refusal.server_message(), Some("You may not fly here."));
}

#[test]
fn grpc_violations_are_decoded() {
    let violation =
        field(1, &[field(1, b"VPC_SERVICE_CONTROLS"), field(3, b"aB3dE5fG7hI9jK1lM3nO5")].concat());
    let perimeter = STANDARD.encode(status("No.", &[detail("PreconditionFailure", &violation)]));
    assert_eq!(
        refusal_with_trailers(&[("grpc-status", "7"), ("grpc-status-details-bin", &perimeter)])
            .gate(),
        Gate::VpcSc
    );
    let quota = STANDARD.encode(status("No.", &[detail("QuotaFailure", &field(1, b""))]));
    assert_eq!(
        refusal_with_trailers(&[("grpc-status", "7"), ("grpc-status-details-bin", &quota)]).gate(),
        Gate::RateLimit
    );
}

#[test]
fn the_gate_follows_from_the_grpc_status() {
    for (code, expected) in [
        ("7", "other"),
        ("16", "credentials"),
        ("8", "rate_limit"),
        ("0", "none"),
        ("5", "none"),
        ("14", "none"),
    ] {
        assert_eq!(
            verdict(classify_response(200, &[("grpc-status", code)], "").as_ref()).0,
            expected,
            "{code}"
        );
    }
    let message = ("grpc-message", "Request had insufficient authentication scopes.");
    assert!(classify_response(200, &[("grpc-status", "0"), message], "").is_none());
    // Codes 9 and 3 (failed precondition, invalid argument) are refusals only if the message is
    // that of a refusal. Codes 5 and 10 (not found, aborted) are never refusals.
    for (code, expected) in [("9", "iam"), ("3", "iam"), ("5", "none"), ("10", "none")] {
        let lines = [("grpc-status", code), ("grpc-message", "Access denied.")];
        assert_eq!(verdict(classify_response(200, &lines, "").as_ref()).0, expected, "{code}");
    }
}

#[test]
fn grpc_challenges_give_alternatives() {
    let refusal = refusal_with_trailers(&[
        ("grpc-status", "7"),
        ("grpc-message", "Request had insufficient authentication scopes."),
        (
            "www-authenticate",
            r#"Bearer error="insufficient_scope", scope="https://www.googleapis.com/auth/pubsub""#,
        ),
    ]);
    assert_eq!(refusal.alternatives().len(), 1);
}

/// The subject of a violation may be the name of a resource, and its description contains names.
#[test]
fn names_in_a_violation_do_not_choose_the_gate() {
    let gate = |number, text: &str| {
        let violation = [field(1, b"STATE"), field(number, text.as_bytes())].concat();
        let detail = detail("PreconditionFailure", &field(1, &violation));
        let status = STANDARD.encode(status("The caller does not have permission", &[detail]));
        refusal_with_trailers(&[("grpc-status", "7"), ("grpc-status-details-bin", &status)]).gate()
    };
    for name in ["b/constraints/x", "vpc_service_controls", "quotafailure", "x/billing-enabled"] {
        assert_eq!([gate(2, name), gate(3, name)], [Gate::Iam; 2], "{name}");
    }
    assert_eq!(gate(2, "orgpolicy:projects/kite-7"), Gate::OrgPolicy);
}
