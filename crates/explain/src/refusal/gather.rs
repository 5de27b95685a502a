//! Collects the facts of a response from its status, headers and body.

use http::HeaderMap;
use serde_json::Value;

use super::other_servers::S3;
use super::phrases::NOISE;
use super::response_facts::{ResponseFacts, is_known_reason, uncapitalized};
use super::words::{REQUEST_ID_HEADERS, SCOPE_LIST_HEADINGS};
use super::{audit, grpc, json, text, truncated_json};

/// Collects the facts of a response, or of a text if `is_text` is true.
pub(super) fn gather(
    status: Option<u16>,
    headers: &HeaderMap,
    body: &str,
    is_text: bool,
) -> ResponseFacts {
    let mut facts = ResponseFacts { status, is_response: !is_text, ..ResponseFacts::default() };
    grpc::read(headers, &mut facts);
    let challenges = headers.get_all(http::header::WWW_AUTHENTICATE);
    challenges
        .iter()
        .filter_map(|line| line.to_str().ok())
        .for_each(|line| facts.challenge.read(line));
    let id = REQUEST_ID_HEADERS.iter().find_map(|name| headers.get(*name)?.to_str().ok());
    id.into_iter().for_each(|id| facts.details.add("requestId", id));
    facts.read_body(body);
    facts.derive_prose_and_details();
    facts
}

impl ResponseFacts {
    /// Reads a body of any format.
    fn read_body(&mut self, body: &str) {
        // Some servers put `)]}'` before JSON, so that another site's page cannot run it as a
        // script: <https://gerrit-review.googlesource.com/Documentation/rest-api.html#output>.
        let body = body.trim_start_matches('\u{feff}').trim_start_matches(")]}'").trim();
        match self.json(body) {
            // A program may log a body as one JSON string. `json` returns such a string only if an
            // object or an array is inside, so this call recurs once at most.
            Some(Value::String(inner)) => self.read_body(&inner),
            Some(value) => self.read_json(&value),
            None if self.is_markup(body) => self.read_markup(body),
            None => {
                self.text = text::unescaped(body);
                if !self.is_response {
                    self.read_text(&self.text.clone());
                }
            }
        }
    }

    /// Returns whether a body is XML or HTML. If words follow the XML error of a response, the body
    /// is a text that begins with a name that a user chose.
    fn is_markup(&self, body: &str) -> bool {
        let has_words_after =
            || body.rsplit_once("</Error>").is_some_and(|(_, rest)| !rest.trim().is_empty());
        match self.is_response {
            // Google's client for Python prints an error as `<HttpError 403 when requesting …>`.
            true => body.starts_with('<') && !body.starts_with("<HttpError") && !has_words_after(),
            false => text::is_document(body),
        }
    }

    /// Parses the body as JSON. For a truncated response, returns the complete part.
    fn json(&self, body: &str) -> Option<Value> {
        let is_object_or_array = |text: &str| text.trim_start().starts_with(['{', '[']);
        match serde_json::from_str(body) {
            Ok(Value::String(inner)) => is_object_or_array(&inner).then_some(Value::String(inner)),
            Ok(value @ (Value::Object(_) | Value::Array(_))) => Some(value),
            _ if self.is_response && is_object_or_array(body) => truncated_json::read(body),
            _ => None,
        }
    }

    /// Reads a JSON value: a server's error, or a log record, whose messages are read like other
    /// text.
    fn read_json(&mut self, value: &Value) {
        self.is_response |= json::is_error_response(value);
        self.other_server = json::other_oauth_server(value);
        json::read(value, self);
        if !self.is_response {
            audit::read(value, self);
            self.text = json::record_texts(value).join("\n");
            self.read_text(&format!("{}\n{}", self.messages.join("\n"), self.text));
        }
    }

    /// Reads XML or HTML, whole or truncated.
    fn read_markup(&mut self, body: &str) {
        self.is_response = true;
        self.is_page = !body.starts_with("<?xml") && !body.starts_with("<Error");
        let has = |name| text::element_contents(body, name).next().is_some();
        // Amazon S3 and servers with its API add ids to the error, Cloud Storage does not.
        if !self.is_page && (has("HostId") || has("RequestId")) {
            self.other_server = Some(S3);
        } else if !self.is_page && has("Code") && has("Message") {
            self.details.add("service", STORAGE);
        }
        for code in text::element_contents(body, "Code") {
            self.add_reason(&uncapitalized(&code));
        }
        // In the errors of Cloud Storage, the sentence that names the gate is in `Details`.
        for name in ["Details", "Message", "internalReason"] {
            text::element_contents(body, name).for_each(|message| self.add_message(&message));
        }
        self.text = text::without_tags(body);
    }

    /// Reads fields, reasons and a challenge from a text in any format.
    fn read_text(&mut self, text: &str) {
        let first_words =
            |key| text::field_values(text, key).filter_map(|value| value.split(' ').next());
        // In a text, `Forbidden` is the name of the HTTP status 403; in a field, the reason of
        // Kubernetes.
        let reasons = first_words("reason").filter(|reason| *reason != "Forbidden");
        reasons.for_each(|reason| self.add_reason(reason));
        text::field_values(text, "message").for_each(|message| self.add_message(message));
        for key in TEXT_FIELDS {
            first_words(key).for_each(|word| self.details.add(key, word));
        }
        for word in words(text).filter(|word| is_known_reason(word)) {
            self.add_reason(word);
            self.add_reason(&uncapitalized(word));
        }
        if let Some(challenge) = logged_challenge(text) {
            self.challenge.read(challenge);
        }
    }

    /// Derives the prose and the details from the texts that were read.
    fn derive_prose_and_details(&mut self) {
        // Beside the messages of an XML error are elements with names, such as that of the object.
        if self.is_response && !self.is_page && !self.messages.is_empty() {
            self.text.clear();
        }
        let token_error = self.token_error.clone().unwrap_or_default();
        let prose = format!("{}\n{}\n{token_error}", self.text, self.messages.join("\n"));
        if !self.is_response {
            let lists = SCOPE_LIST_HEADINGS.iter().filter_map(|mark| prose.split_once(mark));
            lists.for_each(|(_, list)| self.challenge.add_scopes_in(list));
            self.details.read_principal(&prose, false);
        }
        for message in self.messages.iter().chain([&self.text]).filter(|_| self.is_response) {
            self.details.read_principal(message, true);
        }
        self.details.read_prose(&prose);
        self.prose = text::normalized(&if self.is_response {
            self.server_words(&token_error)
        } else {
            prose
        });
        for noise in NOISE {
            self.prose = self.prose.replace(noise, "");
        }
    }

    /// Returns the messages of a response without quoted names, which users choose.
    fn server_words(&self, token_error: &str) -> String {
        let texts =
            self.messages.iter().chain([&self.text]).map(|text| text::without_quoted_names(text));
        texts.chain([token_error.to_owned()]).collect::<Vec<_>>().join("\n")
    }
}

/// The fields of `ErrorInfo.metadata` and of audit records that are read from a text.
const TEXT_FIELDS: [&str; 13] = [
    "service",
    "method",
    "permission",
    "resource",
    "resourceName",
    "quota_metric",
    "quota_limit",
    "quota_location",
    "consumer",
    "uid",
    "error_info_id",
    "troubleshooter_url",
    "principalEmail",
];

/// The host of Cloud Storage, the only service of Google with errors in XML of this form.
/// Source: <https://docs.cloud.google.com/storage/docs/xml-api/reference-status>
const STORAGE: &str = "storage.googleapis.com";

/// Splits a text into words of letters, digits and `_`.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
}

/// Returns the challenge of a `WWW-Authenticate` header from the first log line that contains one.
fn logged_challenge(text: &str) -> Option<&str> {
    let (before, _) = text.split_once("insufficient_scope")?;
    // The first letter of `Bearer` is left out, because it may be a small letter.
    let start = before.rfind("earer ").or_else(|| before.rfind("error"))?;
    text.get(start..)?.lines().next()
}
