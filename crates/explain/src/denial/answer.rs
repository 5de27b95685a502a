//! A denial as the HTTP answer of an API, for clients that show their users the error message of an
//! answer and nothing else.
//!
//! [`Denial::explained_body`] adds the denial's line to the message of Google's refusal;
//! [`Denial::to_response`] is the answer to a call that was not sent. Both keep to the forms that
//! clients parse: JSON (<https://cloud.google.com/apis/design/errors#http_mapping>), or the XML of
//! Cloud Storage (<https://cloud.google.com/storage/docs/xml-api/reference-status>).

use std::borrow::Cow;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};

use gcp_scopes_catalog::scope::Scope;

use super::Denial;

/// How many scopes a challenge lists, so that the header stays below 2 KiB: a scope's URI has 40 to
/// 80 bytes.
const IN_A_CHALLENGE: usize = 24;

/// The form in which an API writes its refusals.
#[derive(Clone, Copy)]
enum ErrorForm {
    Json,
    /// The XML API of Cloud Storage.
    Xml,
}

impl ErrorForm {
    /// The form of the API that was called. Only calls of the XML API are known by the method of
    /// another API, and only those that Google does not document show it. Most APIs answer in JSON.
    fn for_call(denial: &Denial) -> Self {
        match denial.method().map(|method| method.basis()) {
            Some("inferred") => Self::Xml,
            _ => Self::Json,
        }
    }
}

impl Denial {
    /// The body of a refusal with the denial's line added to its message, and everything else
    /// unchanged.
    ///
    /// `plain` is the beginning of the body, decompressed; `is_whole` says that there is no more of
    /// it. A body that is cut off or cannot be parsed is replaced by one in the form that `headers`
    /// announce. Text that is neither JSON nor XML follows the line.
    ///
    /// ```
    /// # let method = gcp_scopes_catalog::ApiMethod::by_id("storage.objects.insert")?;
    /// # let denial = gcp_scopes_explain::Denial::for_method(method);
    /// let google = br#"{"error":{"code":403,"message":"Insufficient Permission"}}"#;
    /// let explained = denial.explained_body(&http::HeaderMap::new(), google, true);
    /// let message = "Insufficient Permission. storage.objects.insert was not sent: ";
    /// assert!(explained.starts_with(&format!(r#"{{"error":{{"code":403,"message":"{message}"#)));
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn explained_body(&self, headers: &HeaderMap, plain: &[u8], is_whole: bool) -> String {
        let text = std::str::from_utf8(plain).ok().filter(|_| is_whole);
        let announced = ContentType::announced_in(headers);
        let body = match announced {
            Some(ContentType::Json) => text.and_then(|text| explain_json(self, text)),
            Some(ContentType::Xml) => text.and_then(|text| explain_xml(self, text)),
            Some(ContentType::Other) => return format!("{self}\n\n{}", String::from_utf8_lossy(plain)),
            None => text.and_then(|text| explain_json(self, text).or_else(|| explain_xml(self, text))),
        };
        let form = match announced {
            Some(ContentType::Xml) => ErrorForm::Xml,
            Some(_) => ErrorForm::Json,
            None => ErrorForm::for_call(self),
        };
        body.unwrap_or_else(|| error_body(self, form))
    }

    /// The answer to a call that was not sent: 403 with an error in JSON, or in XML where the
    /// method shows that Cloud Storage's XML API was called. Its extensions hold the denial, and
    /// its `ErrorInfo` has the domain `gcp-scopes`, which shows that the answer is not Google's.
    ///
    /// ```
    /// # let method = gcp_scopes_catalog::ApiMethod::by_id("storage.objects.insert")?;
    /// # let denial = gcp_scopes_explain::Denial::for_method(method);
    /// use gcp_scopes_explain::Denial;
    ///
    /// let answer = denial.to_response();
    /// assert_eq!(answer.status(), 403);
    /// assert!(answer.body().contains("storage.objects.insert was not sent: "));
    /// assert!(answer.extensions().get::<Denial>().is_some());
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn to_response(&self) -> Response<String> {
        self.response_in(ErrorForm::for_call(self))
    }

    /// [`to_response`](Self::to_response) in the form of Cloud Storage's XML API, for clients that
    /// call that API alone: its documented calls have the methods of the JSON API, so that the
    /// denial does not show which of the two was called.
    ///
    /// ```
    /// # let method = gcp_scopes_catalog::ApiMethod::by_id("storage.objects.insert")?;
    /// # let denial = gcp_scopes_explain::Denial::for_method(method);
    /// let answer = denial.to_xml_response();
    /// assert_eq!(answer.headers()["content-type"], "application/xml; charset=UTF-8");
    /// assert!(answer.body().contains("<Error><Code>AccessDenied</Code>"));
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn to_xml_response(&self) -> Response<String> {
        self.response_in(ErrorForm::Xml)
    }

    fn response_in(&self, form: ErrorForm) -> Response<String> {
        let body = error_body(self, form);
        let content_type = match form {
            ErrorForm::Json => "application/json; charset=UTF-8",
            ErrorForm::Xml => "application/xml; charset=UTF-8",
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

/// The type of a body.
#[derive(Clone, Copy)]
enum ContentType {
    Json,
    Xml,
    Other,
}

impl ContentType {
    fn announced_in(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        Some(match kind.rsplit(['/', '+']).next() {
            Some("json") => Self::Json,
            Some("xml") => Self::Xml,
            _ => Self::Other,
        })
    }
}

/// JSON with the line added to its message, and to the first of its `errors`, which some clients
/// show.
fn explain_json(denial: &Denial, text: &str) -> Option<String> {
    let mut root: Value = serde_json::from_str(text).ok()?;
    let error = error_object(&mut root)?;
    explain_message(denial, error.get_mut("message")?)?;
    let first = error.get_mut("errors").and_then(|errors| errors.get_mut(0));
    if let Some(message) = first.and_then(|first| first.get_mut("message")) {
        explain_message(denial, message);
    }
    Some(root.to_string())
}

/// The inner object of `{"error": {…}}`, of that in an array, as streaming methods send it, or
/// `root` if it is the inner object itself.
fn error_object(root: &mut Value) -> Option<&mut Map<String, Value>> {
    let outer = if root.is_array() { root.get_mut(0)? } else { root };
    match outer.get("error").is_some() {
        true => outer.get_mut("error")?.as_object_mut(),
        false => outer.as_object_mut(),
    }
}

fn explain_message(denial: &Denial, message: &mut Value) -> Option<()> {
    *message = Value::String(with_line(message.as_str()?, denial));
    Some(())
}

/// The server's message comes first: programs look for its beginning.
fn with_line(message: &str, denial: &Denial) -> String {
    let message = message.trim_end();
    format!("{message}{}{denial}", separator_after(message.as_bytes().last()))
}

/// What separates a server's message, which ends in this byte, from a denial's line.
///
/// ```
/// use gcp_scopes_explain::denial::separator_after;
///
/// assert_eq!(separator_after(b"Insufficient Permission".last()), ". ");
/// assert_eq!(separator_after(b"Forbidden.".last()), " ");
/// assert_eq!(separator_after(b"".last()), "");
/// ```
#[must_use]
pub fn separator_after(last: Option<&u8>) -> &'static str {
    match last {
        None => "",
        Some(b'.' | b'!' | b'?' | b':') => " ",
        Some(_) => ". ",
    }
}

/// XML with the line at the end of `<Message>`, or of `<Details>` where there is no message.
fn explain_xml(denial: &Denial, text: &str) -> Option<String> {
    let start = text.find("<Error")?;
    let end = |name: &str| text.get(start..)?.find(name).map(|place| start + place);
    let (before, rest) = text.split_at_checked(end("</Message>").or_else(|| end("</Details>"))?)?;
    let before = before.trim_end();
    let last = before.as_bytes().last();
    // After the opening tag of an empty element there is no message to separate the line from.
    let separator = if last == Some(&b'>') { "" } else { separator_after(last) };
    Some(format!("{before}{separator}{}{rest}", escaped(&denial.to_string())))
}

/// A whole error. Its message begins with the server's, if there is one.
fn error_body(denial: &Denial, form: ErrorForm) -> String {
    let by_server = denial.refusal().and_then(|refusal| refusal.server_message()).unwrap_or_default();
    let message = with_line(by_server, denial);
    match form {
        ErrorForm::Json => json_error(denial, &message).to_string(),
        ErrorForm::Xml => format!(
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

/// The challenge of a missing scope: <https://www.rfc-editor.org/rfc/rfc6750#section-3>.
fn challenge(denial: &Denial) -> String {
    let scopes: Vec<String> =
        denial.accepted().iter().take(IN_A_CHALLENGE).map(|scope| Scope::to_string(&scope)).collect();
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
    use super::*;
    use gcp_scopes_catalog::call::Call;
    use gcp_scopes_catalog::{ApiMethod, Endpoints, lookup};

    fn denial() -> Denial {
        Denial::for_method(ApiMethod::by_id("storage.objects.get").unwrap())
    }

    /// A denial of a call of the XML API that Google documents only by its JSON equivalent.
    fn undocumented() -> Denial {
        let uri = "https://storage.googleapis.com/photos?cors".parse().unwrap();
        let found = lookup(&Call::new(&http::Method::GET, &uri), &Endpoints::new());
        Denial::for_method(found.method().unwrap())
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
    fn a_body_that_cannot_be_parsed_or_is_cut_off_is_replaced_in_its_form() {
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
            let replaced = &*denial().explained_body(&with(content_type), body.as_bytes(), whole);
            match content_type.ends_with("xml") {
                true => {
                    assert!(replaced.contains(&format!("<Message>{line}</Message>")), "{body}: {replaced}")
                }
                false => {
                    let replaced: Value = serde_json::from_str(replaced).unwrap();
                    assert_eq!(replaced["error"]["message"], line, "{content_type} {body}");
                    assert_eq!(replaced["error"]["code"], 403);
                }
            }
        }
        let not_text = denial().explained_body(&with("application/json"), &[0xff, 0xfe], true);
        assert!(serde_json::from_str::<Value>(&not_text).is_ok());
    }

    #[test]
    fn the_answer_to_a_call_that_was_not_sent_is_a_403_with_the_denial_and_its_scopes() {
        let answers = [
            (denial().to_response(), "application/json"),
            (denial().to_xml_response(), "application/xml"),
            (undocumented().to_response(), "application/xml"),
        ];
        for (answer, content_type) in answers {
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
