//! Tests of pasted responses, log lines and the output of clients in many formats. `kite` in the
//! texts is an invented service.

use gcp_scopes_explain::refusal::{Gate, Refusal, classify_text};

/// Classifies a text, which must contain a refusal.
fn read(text: &str) -> Refusal {
    classify_text(text).unwrap_or_else(|| panic!("no refusal: {text}"))
}

const CHALLENGE: &str =
    r#"Bearer error="insufficient_scope", scope="https://www.googleapis.com/auth/drive""#;

#[test]
fn headers_are_read_from_pasted_responses() {
    for text in [
        format!(
            "HTTP/1.1 403 Forbidden\nServer: ESF\nX-GUploader-UploadID: kite/1\nWWW-Authenticate: \
             {CHALLENGE}\n\n{{}}"
        ),
        format!(
            "HTTP/2 403\r\nX-GUploader-UploadID: kite/1\r\nwww-authenticate: {CHALLENGE}\r\n\r\n"
        ),
        format!(
            "date: today\nserver: ESF\nX-GUploader-UploadID: kite/1\nwww-authenticate: \
             {CHALLENGE}\n\n{{}}"
        ),
        format!("x-guploader-uploadid: kite/1\nwww-authenticate: {CHALLENGE}"),
        format!(
            "> GET / HTTP/1.1\n>\n< HTTP/1.1 403 Forbidden\n< x-guploader-uploadid: kite/1\n< \
             www-authenticate: {CHALLENGE}\n<\n{{}}"
        ),
    ] {
        let refusal = read(&text);
        assert_eq!((refusal.gate(), refusal.alternatives().len()), (Gate::Scope, 1), "{text}");
        assert_eq!(refusal.request_id(), Some("kite/1"), "{text}");
    }
}

#[test]
fn a_hundred_headers_of_a_pasted_response_are_read() {
    // With the header that contains the id, there are 100 headers, then 101.
    for (others, id) in [(99, Some("kite/1")), (100, None)] {
        let others: String = (0..others).map(|n| format!("x-kite-{n}: 1\n")).collect();
        let text = format!("HTTP/1.1 403 Forbidden\n{others}x-request-id: kite/1\n\n");
        assert_eq!(read(&text).request_id(), id);
    }
}

#[test]
fn lines_that_resemble_headers_are_read_as_text() {
    let python = format!("'content-type': 'text/html',\n'www-authenticate': '{CHALLENGE}',\n403");
    for (text, gate) in [
        (python.as_str(), Gate::Scope),
        ("kite-eu:12 Error 403\nkite-eu:13 The caller does not have permission", Gate::Iam),
        ("Error: Forbidden\nreason: accessNotConfigured\n\nNo.", Gate::ServiceDisabled),
        ("Kite-Error: Forbidden\nreason: accessNotConfigured\n\nNo.", Gate::ServiceDisabled),
    ] {
        assert_eq!(read(text).gate(), gate, "{text}");
    }
    for text in ["HTTP/one 403 No", "HTTP/1.1.1 403 No", "HTTP/1.1 4O3 No", "HTTP/1.1 999 No"] {
        assert!(classify_text(text).is_none(), "{text}");
    }
}

#[test]
fn fields_are_read_in_the_formats_of_clients() {
    for form in [
        r#""method": "kite.Fly.Land", "next": 1"#,
        r#"{\"method\":\"kite.Fly.Land\"}"#,
        "method: kite.Fly.Land",
        "method=kite.Fly.Land}",
        "'method' => 'kite.Fly.Land', 'next' => 1",
        "map[method:kite.Fly.Land service:kite]",
        r#"key: "method" value: "kite.Fly.Land""#,
        "key: \"method\"\n    value: \"kite.Fly.Land\"\n",
    ] {
        assert_eq!(
            read(&format!("Error 403: Forbidden {form}")).rpc_method(),
            Some("kite.Fly.Land"),
            "{form}"
        );
    }
    for form in [
        "method kite.Fly.Land",
        "http_method: kite.Fly.Land",
        "http-method: kite.Fly.Land",
        "submethod: kite.Fly.Land",
        "method: ",
    ] {
        assert_eq!(read(&format!("Error 403: Forbidden {form}")).rpc_method(), None, "{form}");
    }
}

#[test]
fn a_quoted_message_ends_with_its_quote_or_its_line() {
    for (text, message) in [
        (r#"403 {"message": "It's not yours.", "code"#, "It's not yours."),
        ("403 {'message': 'It is \"not\" yours.', 'code'", "It is \"not\" yours."),
        ("403 {\"message\": \"It is not\nyours", "It is not"),
        ("403 {message: It is not yours, code: 403}", "It is not yours"),
    ] {
        let text = format!("Error 403: Forbidden: {text}");
        assert_eq!(read(&text).server_message(), Some(message), "{text}");
    }
}

#[test]
fn two_parts_of_a_phrase_may_be_120_bytes_apart() {
    let gate =
        |gap: usize| read(&format!("Error 403: requires{}permission", " .".repeat(gap / 2))).gate();
    assert_eq!((gate(120), gate(122)), (Gate::Iam, Gate::Other));
    // A phrase of three parts. The second text lacks the third part.
    let three = "Error 403: User cannot list resource \"pods\" in API group";
    assert_eq!(
        (read(three).gate(), read(&three.replace("API", "this")).gate()),
        (Gate::Iam, Gate::Other)
    );
}

#[test]
fn escaped_line_breaks_separate_lines() {
    let refusal = read(r"Error 403: Insufficient Permission\nSee \tthe log\r\n");
    assert_eq!(
        (refusal.gate(), refusal.server_message()),
        (Gate::Scope, Some("Error 403: Insufficient Permission"))
    );
    let path = read(r#"Error 403: \"C:\\new\" \/ no"#);
    assert_eq!(path.server_message(), Some(r#"Error 403: "C:\new" / no"#));
}

#[test]
fn insufficient_permission_counts_only_as_a_whole_message() {
    for (text, is_scope) in [
        ("Error 403: Insufficient Permission", true),
        ("Error 403: Insufficient Permission, insufficientPermissions", true),
        ("<HttpError 403 \"Insufficient Permission\">", true),
        ("(403) Insufficient Permission) at line 3", true),
        ("Error 403: Insufficient Permission.\nMore details: none", true),
        ("Error 403: Insufficient Permission for this kite", false),
        ("Error 403: It has Insufficient Permission", false),
        ("Error 403: Insufficient Permissions", false),
    ] {
        assert_eq!(read(text).gate() == Gate::Scope, is_scope, "{text}");
    }
}
