//! Writes a denial as the HTTP response of an API, for clients that show their users only the error
//! message in a response.
//!
//! [`Denial::explained_body`] appends the denial, as one line, to the message in the body of
//! Google's refusal. [`Denial::to_response`] creates the response to a call that was not sent. Both
//! use the formats that clients parse: JSON
//! (<https://cloud.google.com/apis/design/errors#http_mapping>), or the XML of Cloud Storage
//! (<https://cloud.google.com/storage/docs/xml-api/reference-status>).

use std::borrow::Cow;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};

use gcp_scopes_catalog::scope::Scope;

use super::Denial;

/// How many scopes the header `WWW-Authenticate` lists, so that the header stays below 2 KiB: a
/// scope's URI has 40 to 80 bytes.
const MAX_CHALLENGE_SCOPES: usize = 24;

/// The format in which an API writes its errors.
#[derive(Clone, Copy)]
enum ErrorFormat {
    Json,
    /// The XML API of Cloud Storage.
    Xml,
}

impl ErrorFormat {
    /// Returns the format of the API that was called: JSON, unless the call certainly went to Cloud
    /// Storage's XML API. The catalog gives a call of the XML API the equivalent method of the JSON
    /// API, so most calls of the two APIs look the same. Only a call of the XML API whose scopes
    /// Google does not document has a method with the basis `inferred`.
    fn for_call(denial: &Denial) -> Self {
        match denial.method().map(|method| method.basis()) {
            Some("inferred") => Self::Xml,
            _ => Self::Json,
        }
    }
}

impl Denial {
    /// Returns the body of a refusal with the denial, as one line, appended to the message in the
    /// body. The rest of the body does not change.
    ///
    /// `plain` is the decompressed body, or its beginning if `is_whole` is false. A body that is
    /// not whole, or cannot be parsed, is replaced by an error in the format of the header
    /// `Content-Type`. If that type is neither JSON nor XML, the denial is put before the body.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    ///
    /// let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
    /// let google = br#"{"error":{"code":403,"message":"Insufficient Permission"}}"#;
    /// let explained = denial.explained_body(&http::HeaderMap::new(), google, true);
    /// let message = "Insufficient Permission. storage.objects.insert was not sent: ";
    /// assert!(explained.starts_with(&format!(r#"{{"error":{{"code":403,"message":"{message}"#)));
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn explained_body(&self, headers: &HeaderMap, plain: &[u8], is_whole: bool) -> String {
        let text = std::str::from_utf8(plain).ok().filter(|_| is_whole);
        let content_type = ContentType::from_headers(headers);
        let body = match content_type {
            Some(ContentType::Json) => text.and_then(|text| explain_json(self, text)),
            Some(ContentType::Xml) => text.and_then(|text| explain_xml(self, text)),
            Some(ContentType::Other) => {
                return format!("{self}\n\n{}", String::from_utf8_lossy(plain));
            }
            None => {
                text.and_then(|text| explain_json(self, text).or_else(|| explain_xml(self, text)))
            }
        };
        let format = match content_type {
            Some(ContentType::Xml) => ErrorFormat::Xml,
            Some(_) => ErrorFormat::Json,
            None => ErrorFormat::for_call(self),
        };
        body.unwrap_or_else(|| error_body(self, format))
    }

    /// Creates the response to a call that was not sent: status 403 with an error in JSON, or in
    /// XML if the call certainly goes to Cloud Storage's XML API.
    ///
    /// The extensions of the response contain the denial. The `ErrorInfo` in a JSON error has the
    /// domain `gcp-scopes`, so that programs can distinguish the response from one of Google.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    ///
    /// let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
    /// let response = denial.to_response();
    /// assert_eq!(response.status(), 403);
    /// assert!(response.body().contains("storage.objects.insert was not sent: "));
    /// assert!(response.extensions().get::<Denial>().is_some());
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn to_response(&self) -> Response<String> {
        self.response_in(ErrorFormat::for_call(self))
    }

    /// Creates the response to a call that was not sent, in the format of Cloud Storage's XML API,
    /// for clients that call only this API. [`to_response`](Self::to_response) uses this format
    /// only for calls of the XML API whose scopes Google does not document: the other calls have
    /// the method id of the equivalent call of the JSON API, so the denial cannot distinguish the
    /// two.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    ///
    /// let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
    /// let response = denial.to_xml_response();
    /// assert_eq!(response.headers()["content-type"], "application/xml; charset=UTF-8");
    /// assert!(response.body().contains("<Error><Code>AccessDenied</Code>"));
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn to_xml_response(&self) -> Response<String> {
        self.response_in(ErrorFormat::Xml)
    }

    /// Creates the response to a call that was not sent, in this format.
    fn response_in(&self, format: ErrorFormat) -> Response<String> {
        let body = error_body(self, format);
        let content_type = match format {
            ErrorFormat::Json => "application/json; charset=UTF-8",
            ErrorFormat::Xml => "application/xml; charset=UTF-8",
        };
        let mut response = Response::new(String::new());
        *response.status_mut() = StatusCode::FORBIDDEN;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        if let Ok(challenge) = HeaderValue::try_from(challenge(self)) {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response.extensions_mut().insert(self.clone());
        response.map(|_| body)
    }
}

/// The media type of a body.
#[derive(Clone, Copy)]
enum ContentType {
    Json,
    Xml,
    Other,
}

impl ContentType {
    /// Returns the type in the header `Content-Type`; `None` if there is no such header.
    fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        Some(match kind.rsplit(['/', '+']).next() {
            Some("json") => Self::Json,
            Some("xml") => Self::Xml,
            _ => Self::Other,
        })
    }
}

/// Appends the denial to the message of a JSON error, and to the message of the first item in
/// `errors`, which some clients show. Returns `None` for a body that is not such an error.
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

/// Returns the inner object of `{"error": {…}}` or of `[{"error": {…}}]`, which streaming methods
/// send. Returns `root` if it has no field `error`.
fn error_object(root: &mut Value) -> Option<&mut Map<String, Value>> {
    let outer = if root.is_array() { root.get_mut(0)? } else { root };
    match outer.get("error").is_some() {
        true => outer.get_mut("error")?.as_object_mut(),
        false => outer.as_object_mut(),
    }
}

/// Appends the denial to a message. Returns `None` if the message is not a string.
fn explain_message(denial: &Denial, message: &mut Value) -> Option<()> {
    *message = Value::String(with_denial(message.as_str()?, denial));
    Some(())
}

/// Appends the denial to a server's message. The server's message comes first, because programs
/// search for its beginning.
fn with_denial(message: &str, denial: &Denial) -> String {
    let message = message.trim_end();
    format!("{message}{}{denial}", separator_after(message.as_bytes().last()))
}

/// Returns the text to put between a server's message and a denial. `last` is the last byte of the
/// message, `None` if the message is empty.
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

/// Appends the denial to the content of `<Message>` in an XML error, or of `<Details>` if there is
/// no `<Message>`. Returns `None` for a body that is not such an error.
fn explain_xml(denial: &Denial, text: &str) -> Option<String> {
    let start = text.find("<Error")?;
    let end = |name: &str| text.get(start..)?.find(name).map(|place| start + place);
    let (before, rest) = text.split_at_checked(end("</Message>").or_else(|| end("</Details>"))?)?;
    let before = before.trim_end();
    let last = before.as_bytes().last();
    // The element is empty if its opening tag ends here: then no separator is needed.
    let separator = if last == Some(&b'>') { "" } else { separator_after(last) };
    Some(format!("{before}{separator}{}{rest}", escaped(&denial.to_string())))
}

/// Returns the body of an error with the denial. Its message begins with the server's message, if
/// there is one.
fn error_body(denial: &Denial, format: ErrorFormat) -> String {
    let by_server =
        denial.refusal().and_then(|refusal| refusal.server_message()).unwrap_or_default();
    let message = with_denial(by_server, denial);
    match format {
        ErrorFormat::Json => json_error(denial, &message).to_string(),
        ErrorFormat::Xml => format!(
            "<?xml version='1.0' \
             encoding='UTF-8'?><Error><Code>AccessDenied</Code><Message>{}</Message></Error>",
            escaped(&message)
        ),
    }
}

/// Returns a JSON error in the form of Google's errors, with this message.
fn json_error(denial: &Denial, message: &str) -> Value {
    let mut metadata = Map::new();
    if let Some(method) = denial.method() {
        metadata.insert("service".to_owned(), method.host().into());
        metadata.insert("method".to_owned(), method.id().into());
    }
    // Go's `googleapi.Error` shows the reasons in `errors`, and gax-go's `apierror` the reason in
    // `details`. So both fields contain the reason that Google sends for a missing scope.
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

/// Returns the value of `WWW-Authenticate` for a missing scope:
/// <https://www.rfc-editor.org/rfc/rfc6750#section-3>.
fn challenge(denial: &Denial) -> String {
    let scopes: Vec<String> = denial
        .accepted()
        .iter()
        .take(MAX_CHALLENGE_SCOPES)
        .map(|scope| Scope::to_string(&scope))
        .collect();
    format!(r#"Bearer error="insufficient_scope", scope="{}""#, scopes.join(" "))
}

/// Escapes a text for the content of an XML element.
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

    /// Creates the denial of an undocumented call of Cloud Storage's XML API.
    fn denial_of_undocumented_call() -> Denial {
        let uri = "https://storage.googleapis.com/photos?cors".parse().unwrap();
        let call = lookup(&Call::new(&http::Method::GET, &uri), &Endpoints::new());
        Denial::for_method(call.method().unwrap())
    }

    /// Returns headers with this content type; no headers if the text is empty.
    fn headers_with(content_type: &'static str) -> HeaderMap {
        let value = HeaderValue::from_static(content_type);
        if content_type.is_empty() {
            HeaderMap::new()
        } else {
            HeaderMap::from_iter([(CONTENT_TYPE, value)])
        }
    }

    /// Returns the body with the denial appended.
    fn explained(content_type: &'static str, body: &str) -> String {
        denial().explained_body(&headers_with(content_type), body.as_bytes(), true)
    }

    #[test]
    fn only_the_messages_of_json_change() {
        let line = denial().to_string();
        // A conversion to `f64` would change the number 2^53 + 1. Only the messages `No.` and
        // `Not.` are those of the error; the other three do not change.
        let inner = json!({
            "code": 403, "message": "No.", "status": "PERMISSION_DENIED",
            "extra": [1, {"message": "mine"}],
            "errors": [{"message": "Not.", "reason": "forbidden"}, {"message": "second"}],
            "details": [{"@type": "x", "message": "stays", "number": 9007199254740993_u64}],
        });
        let mut expected = inner.clone();
        expected["message"] = format!("No. {line}").into();
        expected["errors"][0]["message"] = format!("Not. {line}").into();
        // The body without the denial, and the body with the denial.
        let rows = [
            (json!({"error": inner}), json!({"error": expected})),
            (json!([{"error": inner}, 2]), json!([{"error": expected}, 2])),
            (inner, expected),
            (
                json!({"error": {"message": "No"}}),
                json!({"error": {"message": format!("No. {line}")}}),
            ),
            (
                json!({"error": {"message": "No!"}}),
                json!({"error": {"message": format!("No! {line}")}}),
            ),
            (json!({"error": {"message": ""}}), json!({"error": {"message": line}})),
        ];
        for (sent, expected) in rows {
            for content_type in ["application/json; charset=UTF-8", "Application/Problem+JSON", ""]
            {
                let body = explained(content_type, &sent.to_string());
                assert_eq!(
                    serde_json::from_str::<Value>(&body).unwrap(),
                    expected,
                    "{content_type}"
                );
            }
        }
    }

    #[test]
    fn only_the_message_of_xml_changes() {
        let line = denial().to_string();
        assert!(!line.contains(['<', '&']), "the line should need no escape: {line}");
        // The text before the denial, the separator that is added, and the text after the denial.
        let rows = [
            ("<Error><Code>A</Code><Message>No.", " ", "</Message><Details>d</Details></Error>"),
            ("<?xml?><Error><Details>d", ". ", "</Details></Error>"),
            ("<Error><Message>", "", "</Message></Error>"),
        ];
        for (before, separator, after) in rows {
            let body = explained("application/xml", &format!("{before}{after}"));
            assert_eq!(body, format!("{before}{separator}{line}{after}"));
        }
    }

    #[test]
    fn the_denial_precedes_plain_text() {
        assert_eq!(explained("text/plain", "Forbidden"), format!("{}\n\nForbidden", denial()));
    }

    #[test]
    fn a_truncated_or_invalid_body_is_replaced_in_its_format() {
        let line = denial().to_string();
        let good_json = r#"{"error":{"message":"No."}}"#;
        let good_xml = "<Error><Message>No.</Message></Error>";
        // The content type, the body, and whether the body is whole.
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
            let replaced =
                &*denial().explained_body(&headers_with(content_type), body.as_bytes(), whole);
            match content_type.ends_with("xml") {
                true => {
                    assert!(
                        replaced.contains(&format!("<Message>{line}</Message>")),
                        "{body}: {replaced}"
                    )
                }
                false => {
                    let replaced: Value = serde_json::from_str(replaced).unwrap();
                    assert_eq!(replaced["error"]["message"], line, "{content_type} {body}");
                    assert_eq!(replaced["error"]["code"], 403);
                }
            }
        }
        let not_text =
            denial().explained_body(&headers_with("application/json"), &[0xff, 0xfe], true);
        assert!(serde_json::from_str::<Value>(&not_text).is_ok());
    }

    #[test]
    fn the_response_to_an_unsent_call_is_a_403_with_the_denial() {
        let responses = [
            (denial().to_response(), "application/json"),
            (denial().to_xml_response(), "application/xml"),
            (denial_of_undocumented_call().to_response(), "application/xml"),
        ];
        for (response, content_type) in responses {
            assert_eq!(response.status(), StatusCode::FORBIDDEN);
            let header = |name| response.headers()[name].to_str().unwrap();
            assert!(header(CONTENT_TYPE).starts_with(content_type));
            assert_eq!(header(CONTENT_LENGTH), response.body().len().to_string());
            assert!(
                header(WWW_AUTHENTICATE)
                    .contains("https://www.googleapis.com/auth/devstorage.read_only")
            );
            assert!(response.extensions().get::<Denial>().is_some());
            let text = response.body();
            assert!(text.contains("No IAM role fixes this"), "{text}");
        }
    }
}
