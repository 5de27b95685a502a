//! What an answer says, gathered from all its forms into one shape that can be judged.

use http::HeaderMap;

use super::challenge::Challenge;
use super::details::Details;
use super::tables::{ACCESS_PHRASES, AMBIGUOUS_REASON, BARE_MESSAGE, ERROR_INFO, NOISE, PHRASES, REASONS};
use super::{grpc, json, syntax, text};

/// How many messages, reasons and violations are kept of one answer, and how long each may be.
const COUNT_LIMIT: usize = 64;
const REASON_LIMIT: usize = 256;

/// How many lines of a text are searched for the one to show.
const LINE_LIMIT: usize = 200;

const REQUEST_IDS: [&str; 3] = ["x-guploader-uploadid", "x-goog-request-id", "x-request-id"];

/// The reasons that mean the scopes.
const SCOPE_REASONS: [&str; 3] = ["ACCESS_TOKEN_SCOPE_INSUFFICIENT", "insufficientScopes", AMBIGUOUS_REASON];

/// What stands before a list of scopes in the words of services and clients, without its first letter.
const SCOPE_LISTS: [&str; 4] =
    ["cceptable scopes", "ne of the following scopes", "equired permissions", "equired scopes"];

/// What an answer says.
#[derive(Default)]
pub(super) struct Facts {
    /// The HTTP status, or the one that a gRPC status corresponds to.
    pub(super) status: Option<u16>,
    /// Messages as they were sent, the main one first.
    pub(super) messages: Vec<String>,
    /// Reasons of every kind and age, and XML codes.
    pub(super) reasons: Vec<String>,
    /// Types and subjects of violations, in lower case.
    pub(super) violations: Vec<String>,
    /// The `error` of a token endpoint.
    pub(super) token_error: Option<String>,
    /// Whether the answer has the shape of a token endpoint's, with an `error_description`.
    pub(super) is_token_endpoint: bool,
    pub(super) challenge: Challenge,
    /// Everything that is prose, as the phrases are written.
    pub(super) prose: String,
    pub(super) details: Details,
    /// A body that is no JSON.
    text: String,
    /// How many of the reasons stood in fields of a JSON body, and not in its prose.
    in_fields: Option<usize>,
}

impl Facts {
    pub(super) fn gather(status: Option<u16>, headers: &HeaderMap, body: &str) -> Self {
        let mut facts = Self { status, ..Self::default() };
        grpc::read(headers, &mut facts);
        let challenges = headers.get_all(http::header::WWW_AUTHENTICATE);
        challenges.iter().filter_map(|line| line.to_str().ok()).for_each(|line| facts.challenge.read(line));
        let id = REQUEST_IDS.iter().find_map(|name| headers.get(*name)?.to_str().ok());
        id.into_iter().for_each(|id| facts.details.add("requestId", id));
        facts.read_body(body);
        facts.finish();
        facts
    }

    /// Whether the status says that the call was not refused.
    pub(super) fn is_success(&self) -> bool {
        self.status.is_some_and(|status| status < 400)
    }

    /// Whether the status, where it is known, is one of refusals.
    pub(super) fn is_plainly_refused(&self) -> bool {
        self.status.is_none_or(|status| matches!(status, 400 | 401 | 403 | 412 | 429))
    }

    /// Whether the prose holds these words, or the project is this.
    pub(super) fn says(&self, words: &str) -> bool {
        self.prose.contains(words) || self.details.project.as_deref() == Some(words)
    }

    /// Whether a message is nothing but the older services' words for a missing scope.
    pub(super) fn has_bare_message(&self) -> bool {
        let is_bare = |text: &String| text::has_message(text, BARE_MESSAGE, AMBIGUOUS_REASON);
        self.messages.iter().chain([&self.text]).any(is_bare)
    }

    pub(super) fn add_message(&mut self, message: &str) {
        if self.messages.len() < COUNT_LIMIT && !message.trim().is_empty() {
            self.messages.push(text::unescaped(message));
        }
    }

    pub(super) fn add_reason(&mut self, reason: &str) {
        let is_word = reason.len() <= REASON_LIMIT
            && reason.starts_with(|c: char| c.is_ascii_alphabetic())
            && reason.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if self.reasons.len() < COUNT_LIMIT && is_word {
            self.reasons.push(reason.to_owned());
        }
    }

    pub(super) fn add_violation(&mut self, text: &str) {
        if self.violations.len() < COUNT_LIMIT {
            self.violations.push(text.chars().take(REASON_LIMIT).collect::<String>().to_lowercase());
        }
    }

    /// Adds a status found in the body: an HTTP one, or gRPC's, which are below 100.
    pub(super) fn add_code(&mut self, code: Option<u64>) {
        let status = match code.and_then(|code| u16::try_from(code).ok()) {
            Some(code @ 1..100) => Some(grpc::http_status(code)),
            Some(code @ 100..600) => Some(code),
            _ => None,
        };
        self.status = self.status.or(status);
    }

    fn read_body(&mut self, body: &str) {
        let body = body.trim_start_matches('\u{feff}').trim_start_matches(")]}'").trim();
        match serde_json::from_str::<serde_json::Value>(body) {
            Ok(value) if value.is_object() || value.is_array() => self.read_json(&value),
            _ if body.starts_with('<') && !body.starts_with("<HttpError") => self.read_markup(body),
            _ => {
                self.text = text::unescaped(body);
                self.scan(&self.text.clone());
            }
        }
    }

    /// JSON, and what stands in its messages: one may hold another answer whole.
    fn read_json(&mut self, value: &serde_json::Value) {
        json::read(value, self);
        self.in_fields = Some(self.reasons.len());
        self.scan(&self.messages.join("\n"));
    }

    /// XML and HTML, cut off or not.
    fn read_markup(&mut self, body: &str) {
        for code in text::elements(body, "Code") {
            self.add_reason(&uncapitalized(&code));
        }
        // Cloud Storage says the telling sentence in the details.
        for name in ["Details", "Message", "internalReason"] {
            text::elements(body, name).for_each(|message| self.add_message(&message));
        }
        self.text = text::without_tags(body);
    }

    /// What a text tells by its marks, whatever its form.
    fn scan(&mut self, text: &str) {
        let first_words = |key| text::values(text, key).filter_map(|value| value.split(' ').next());
        first_words("reason").for_each(|reason| self.add_reason(reason));
        text::values(text, "message").for_each(|message| self.add_message(message));
        for key in ["service", "method", "permission", "consumer", "uid"] {
            first_words(key).for_each(|word| self.details.add(key, word));
        }
        // A message in a field names resources, which people call as they like.
        let may_be_named = self.in_fields.is_some() && !text.contains('{');
        for word in words(text, may_be_named).filter(|word| is_telling(word)) {
            self.add_reason(word);
            self.add_reason(&uncapitalized(word));
        }
        if let Some(challenge) = logged_challenge(text) {
            self.challenge.read(challenge);
        }
    }

    fn finish(&mut self) {
        let token_error = self.token_error.as_deref().unwrap_or_default();
        let prose = format!("{}\n{}\n{token_error}", self.text, self.messages.join("\n"));
        for mark in SCOPE_LISTS {
            if let Some((_, list)) = prose.split_once(mark) {
                self.challenge.add_uris(list);
            }
        }
        self.details.find(&prose);
        self.leave_out_names();
        self.prose = text::plain(&prose);
        for noise in NOISE {
            self.prose = self.prose.replace(noise, "");
        }
        self.details.server_message = self.telling_line().map(syntax::harmless);
    }

    /// A message that names an IAM permission is about IAM, so that a word of scopes in it is a name.
    fn leave_out_names(&mut self) {
        let Some(in_fields) = self.in_fields.filter(|_| self.details.is_called_permission) else { return };
        let prose = self.reasons.split_off(in_fields.min(self.reasons.len()));
        let is_of_scope =
            |reason: &String| SCOPE_REASONS.iter().any(|name| name.eq_ignore_ascii_case(reason));
        self.reasons.extend(prose.into_iter().filter(|reason| !is_of_scope(reason)));
    }

    /// The main message; in a text, the line that says most.
    fn telling_line(&self) -> Option<&str> {
        let is_phrase = |line: &str| {
            let line = text::plain(line);
            PHRASES.iter().chain(ACCESS_PHRASES).any(|(phrase, _)| text::has(&line, phrase))
        };
        let mut lines = self.text.lines().filter(|line| !line.trim().is_empty()).take(LINE_LIMIT);
        let first = self.messages.first().map(String::as_str).or_else(|| lines.clone().next());
        if self.messages.is_empty() { lines.find(|line| is_phrase(line)).or(first) } else { first }
    }
}

/// The words of a text; where it may name resources, without those that are joined to a name or quoted.
fn words(text: &str, may_be_named: bool) -> impl Iterator<Item = &str> {
    let is_break = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let mut before = ' ';
    text.split_inclusive(is_break).filter_map(move |piece| {
        let is_named = may_be_named && "/.:-'\"`".contains(before);
        before = piece.chars().next_back().unwrap_or(' ');
        Some(piece.trim_end_matches(is_break)).filter(|_| !is_named)
    })
}

/// Whether a word tells the gate even in the middle of a text: plain words such as `forbidden` do not,
/// nor does the name that Go, Python and .NET have for gRPC's status 7.
pub(super) fn is_telling(word: &str) -> bool {
    let is_joined = word.contains('_') || word.bytes().skip(1).any(|b| b.is_ascii_uppercase());
    let is_reason = || {
        let name = uncapitalized(word);
        REASONS.iter().any(|(reason, _)| *reason == name)
    };
    is_joined
        && word != "PermissionDenied"
        && (ERROR_INFO.iter().any(|(reason, _)| *reason == word) || is_reason() || word == AMBIGUOUS_REASON)
}

/// The codes of XML errors are the older reasons with a capital.
fn uncapitalized(word: &str) -> String {
    let (first, rest) = word.split_at_checked(1).unwrap_or_default();
    first.to_ascii_lowercase() + rest
}

/// The challenge in a log line that shows headers.
fn logged_challenge(text: &str) -> Option<&str> {
    let (before, _) = text.split_once("insufficient_scope")?;
    let start = before.rfind("earer ").or_else(|| before.rfind("error"))?;
    text.get(start..)?.lines().next()
}
