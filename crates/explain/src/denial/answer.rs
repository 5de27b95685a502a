//! A denial as an HTTP answer, for clients whose users read the error message of an answer and
//! nothing else.
//!
//! [`Denial::explained_body`] puts the denial's line into the message of Google's own refusal;
//! [`Denial::to_response`] is the refusal of a call that was not sent. Both are forms of Google's that clients parse: JSON
//! (<https://cloud.google.com/apis/design/errors#http_mapping>), or the XML of Cloud Storage
//! (<https://cloud.google.com/storage/docs/xml-api/reference-status>).

use std::borrow::Cow;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};

use gcp_scopes_catalog::scope::Scope;

use super::Denial;

/// How an API writes its refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerForm {
    /// JSON APIs.
    Json,
    /// The XML API of Cloud Storage.
    Xml,
}

impl AnswerForm {
    /// The form of the API that was called. Only calls of the XML API are known by the method of another
    /// API; what is not known at all is JSON, as most are.
    #[must_use]
    pub fn of(denial: &Denial) -> Self {
        match denial.method().map(|method| method.basis()) {
            Some("inferred") => Self::Xml,
            _ => Self::Json,
        }
    }
}

impl Denial {
    /// The body of a refusal with the denial's line in its message, and all else as it was sent.
    ///
    /// `plain` is the beginning of the body without compression, and `is_whole` tells whether it is all of it.
    /// A body that was not seen whole, or does not parse, is made anew in the form that `headers` announce;
    /// text that is neither JSON nor XML gets the line in front.
    #[must_use]
    pub fn explained_body(&self, headers: &HeaderMap, plain: &[u8], is_whole: bool) -> String {
        let text = std::str::from_utf8(plain).ok().filter(|_| is_whole);
        let body = match announced(headers) {
            Some(Announced::Json) => text.and_then(|text| in_json(self, text)),
            Some(Announced::Xml) => text.and_then(|text| in_xml(self, text)),
            Some(Announced::Text) => return format!("{self}\n\n{}", String::from_utf8_lossy(plain)),
            None => text.and_then(|text| in_json(self, text).or_else(|| in_xml(self, text))),
        };
        let form = match announced(headers) {
            Some(Announced::Xml) => AnswerForm::Xml,
            Some(_) => AnswerForm::Json,
            None => AnswerForm::of(self),
        };
        body.unwrap_or_else(|| made(self, form))
    }

    /// The answer to a call that was not sent: 403, as Google writes it, with the denial in its
    /// extensions. Its `ErrorInfo` names this project as the domain, so that nobody takes it for Google's.
    #[must_use]
    pub fn to_response(&self, form: AnswerForm) -> Response<String> {
        let body = made(self, form);
        let content_type = match form {
            AnswerForm::Json => "application/json; charset=UTF-8",
            AnswerForm::Xml => "application/xml; charset=UTF-8",
        };
        let mut answer = Response::new(String::new());
        *answer.status_mut() = StatusCode::FORBIDDEN;
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        if let Ok(challenge) = HeaderValue::try_from(challenge(self)) {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        answer.extensions_mut().insert(self.clone());
        answer.map(|_| body)
    }
}

/// What `Content-Type` says that a body is.
enum Announced {
    Json,
    Xml,
    Text,
}

fn announced(headers: &HeaderMap) -> Option<Announced> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    Some(match kind.rsplit(['/', '+']).next() {
        Some("json") => Announced::Json,
        Some("xml") => Announced::Xml,
        _ => Announced::Text,
    })
}

fn in_json(denial: &Denial, text: &str) -> Option<String> {
    let mut root: Value = serde_json::from_str(text).ok()?;
    let error = error_object(&mut root)?;
    extend(denial, error.get_mut("message")?)?;
    let first = error.get_mut("errors").and_then(|errors| errors.get_mut(0));
    if let Some(message) = first.and_then(|first| first.get_mut("message")) {
        extend(denial, message);
    }
    Some(root.to_string())
}

/// `{"error": {…}}`, the same in an array, as streaming methods send it, or the inner object alone.
fn error_object(root: &mut Value) -> Option<&mut Map<String, Value>> {
    let outer = if root.is_array() { root.get_mut(0)? } else { root };
    match outer.get("error").is_some() {
        true => outer.get_mut("error")?.as_object_mut(),
        false => outer.as_object_mut(),
    }
}

fn extend(denial: &Denial, message: &mut Value) -> Option<()> {
    *message = Value::String(joined(message.as_str()?, denial));
    Some(())
}

/// The server's words come first, so that who looks for them at the beginning still finds them.
fn joined(words: &str, denial: &Denial) -> String {
    let words = words.trim_end();
    format!("{words}{}{denial}", gap_after(words.as_bytes().last()))
}

/// What stands between the server's words, which end in this byte, and the line of a denial.
#[must_use]
pub fn gap_after(last: Option<&u8>) -> &'static str {
    match last {
        None => "",
        Some(b'.' | b'!' | b'?' | b':') => " ",
        Some(_) => ". ",
    }
}

/// The line goes to the end of `<Message>`, or of `<Details>` where there is no message.
fn in_xml(denial: &Denial, text: &str) -> Option<String> {
    let start = text.find("<Error")?;
    let end = |name: &str| text.get(start..)?.find(name).map(|place| start + place);
    let (before, rest) = text.split_at_checked(end("</Message>").or_else(|| end("</Details>"))?)?;
    let before = before.trim_end();
    let last = before.as_bytes().last();
    // An empty element has no words to go on from.
    let gap = if last == Some(&b'>') { "" } else { gap_after(last) };
    Some(format!("{before}{gap}{}{rest}", escaped(&denial.to_string())))
}

/// A body from what is known. Its message begins with the server's words, where some were read.
fn made(denial: &Denial, form: AnswerForm) -> String {
    let words = denial.refusal().and_then(|refusal| refusal.server_message()).unwrap_or_default();
    let message = joined(words, denial);
    match form {
        AnswerForm::Json => json_error(denial, &message).to_string(),
        AnswerForm::Xml => format!(
            "<?xml version='1.0' encoding='UTF-8'?><Error><Code>AccessDenied</Code><Message>{}</Message></Error>",
            escaped(&message)
        ),
    }
}

fn json_error(denial: &Denial, message: &str) -> Value {
    let mut metadata = Map::new();
    if let Some(method) = denial.method() {
        metadata.insert("service".to_owned(), method.host().into());
        metadata.insert("method".to_owned(), method.id().into());
    }
    json!({"error": {
        "code": 403,
        "message": message,
        "status": "PERMISSION_DENIED",
        "errors": [{"message": message, "domain": "global", "reason": "insufficientPermissions"}],
        "details": [{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            "domain": "gcp-scopes",
            "metadata": metadata,
        }],
    }})
}

/// <https://www.rfc-editor.org/rfc/rfc6750#section-3>. Of a long list the first scopes, so that the header
/// stays below a KiB or two.
fn challenge(denial: &Denial) -> String {
    let scopes: Vec<String> =
        denial.accepted().iter().take(24).map(|scope| Scope::to_string(&scope)).collect();
    format!(r#"Bearer error="insufficient_scope", scope="{}""#, scopes.join(" "))
}

fn escaped(text: &str) -> Cow<'_, str> {
    match text.contains(['&', '<', '>']) {
        true => text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").into(),
        false => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::denial::DenialKind;
    use crate::environment::{Environment, Snapshot};
    use crate::granted::GrantedScopes;
    use gcp_scopes_catalog::ApiMethod;

    fn denial() -> Denial {
        let method = ApiMethod::by_id("storage.objects.get").unwrap();
        let here = Arc::new(Environment::from_snapshot(&Snapshot::default()));
        let granted = GrantedScopes::unknown("");
        Denial::predicted(DenialKind::Predicted, method, method.accepted(), granted, here)
    }

    fn with(content_type: &'static str) -> HeaderMap {
        let value = HeaderValue::from_static(content_type);
        if content_type.is_empty() { HeaderMap::new() } else { HeaderMap::from_iter([(CONTENT_TYPE, value)]) }
    }

    fn rewritten(content_type: &'static str, body: &str) -> String {
        denial().explained_body(&with(content_type), body.as_bytes(), true)
    }

    #[test]
    fn json_keeps_everything_but_its_messages() {
        let line = denial().to_string();
        let inner = json!({
            "code": 403, "message": "No.", "status": "PERMISSION_DENIED", "extra": [1, {"message": "mine"}],
            "errors": [{"message": "Not.", "reason": "forbidden"}, {"message": "second"}],
            "details": [{"@type": "x", "message": "stays", "number": 9007199254740993_u64}],
        });
        let mut expected = inner.clone();
        expected["message"] = format!("No. {line}").into();
        expected["errors"][0]["message"] = format!("Not. {line}").into();
        let rows = [
            (json!({"error": inner}), json!({"error": expected})),
            (json!([{"error": inner}, 2]), json!([{"error": expected}, 2])),
            (inner, expected),
            (json!({"error": {"message": "No"}}), json!({"error": {"message": format!("No. {line}")}})),
            (json!({"error": {"message": "No!"}}), json!({"error": {"message": format!("No! {line}")}})),
            (json!({"error": {"message": ""}}), json!({"error": {"message": line}})),
        ];
        for (sent, expected) in rows {
            for content_type in ["application/json; charset=UTF-8", "Application/Problem+JSON", ""] {
                let body = rewritten(content_type, &sent.to_string());
                assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), expected, "{content_type}");
            }
        }
    }

    #[test]
    fn xml_keeps_everything_but_its_message() {
        let line = denial().to_string();
        assert!(!line.contains(['<', '&']), "the line needs no escape here: {line}");
        let rows = [
            ("<Error><Code>A</Code><Message>No.", " ", "</Message><Details>d</Details></Error>"),
            ("<?xml?><Error><Details>d", ". ", "</Details></Error>"),
            ("<Error><Message>", "", "</Message></Error>"),
        ];
        for (before, gap, after) in rows {
            let body = rewritten("application/xml", &format!("{before}{after}"));
            assert_eq!(body, format!("{before}{gap}{line}{after}"));
        }
    }

    #[test]
    fn text_gets_the_line_in_front() {
        assert_eq!(rewritten("text/plain", "Forbidden"), format!("{}\n\nForbidden", denial()));
    }

    #[test]
    fn a_body_that_does_not_parse_or_was_not_seen_whole_is_made_anew_in_its_form() {
        let line = denial().to_string();
        let good_json = r#"{"error":{"message":"No."}}"#;
        let good_xml = "<Error><Message>No.</Message></Error>";
        let rows = [
            ("application/json", "", true),
            ("application/json", r#"{"error":{"message":"N"#, true),
            ("application/json", r#"{"error":"access_denied"}"#, true),
            ("application/json", r#"{"error":{"message":7}}"#, true),
            ("application/json", "[]", true),
            ("application/json", "\u{feff}7", true),
            ("application/json", good_json, false),
            ("", "", true),
            ("application/xml", "", true),
            ("application/xml", "<Error><Message>", true),
            ("application/xml", "</Message><Error/>", true),
            ("text/xml", good_xml, false),
        ];
        for (content_type, body, whole) in rows {
            let made = &*denial().explained_body(&with(content_type), body.as_bytes(), whole);
            match content_type.ends_with("xml") {
                true => assert!(made.contains(&format!("<Message>{line}</Message>")), "{body}: {made}"),
                false => {
                    let made: Value = serde_json::from_str(made).unwrap();
                    assert_eq!(made["error"]["message"], line, "{content_type} {body}");
                    assert_eq!(made["error"]["code"], 403);
                }
            }
        }
        let not_text = denial().explained_body(&with("application/json"), &[0xff, 0xfe], true);
        assert!(serde_json::from_str::<Value>(&not_text).is_ok());
    }

    #[test]
    fn a_made_up_answer_is_a_403_that_carries_the_denial_and_its_scopes() {
        for (form, content_type) in
            [(AnswerForm::Json, "application/json"), (AnswerForm::Xml, "application/xml")]
        {
            let answer = denial().to_response(form);
            assert_eq!(answer.status(), StatusCode::FORBIDDEN);
            let header = |name| answer.headers()[name].to_str().unwrap();
            assert!(header(CONTENT_TYPE).starts_with(content_type));
            assert_eq!(header(CONTENT_LENGTH), answer.body().len().to_string());
            assert!(
                header(WWW_AUTHENTICATE).contains("https://www.googleapis.com/auth/devstorage.read_only")
            );
            assert!(answer.extensions().get::<Denial>().is_some());
            let text = answer.body();
            assert!(text.contains("No IAM role fixes this"), "{text}");
        }
    }
}
