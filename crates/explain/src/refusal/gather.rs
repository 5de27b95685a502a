//! Gathers the facts of an answer from its status, headers and body.

use http::HeaderMap;
use serde_json::Value;

use super::answer_facts::{AnswerFacts, is_known_reason, uncapitalized};
use super::phrases::{ACCESS_PHRASES, NOISE, PHRASES};
use super::words::{REQUEST_IDS, SCOPE_LISTS};
use super::{cut_json, grpc, json, syntax, text};

/// How many lines of a text are searched for the message to show.
const LINE_LIMIT: usize = 200;

pub(super) fn gather(status: Option<u16>, headers: &HeaderMap, body: &str, is_text: bool) -> AnswerFacts {
    let mut facts = AnswerFacts { status, is_answer: !is_text, ..AnswerFacts::default() };
    grpc::read(headers, &mut facts);
    let challenges = headers.get_all(http::header::WWW_AUTHENTICATE);
    challenges.iter().filter_map(|line| line.to_str().ok()).for_each(|line| facts.challenge.read(line));
    let id = REQUEST_IDS.iter().find_map(|name| headers.get(*name)?.to_str().ok());
    id.into_iter().for_each(|id| facts.details.add("requestId", id));
    facts.read_body(body);
    facts.finish();
    facts
}

impl AnswerFacts {
    fn read_body(&mut self, body: &str) {
        let body = body.trim_start_matches('\u{feff}').trim_start_matches(")]}'").trim();
        match self.json(body) {
            Some(Value::String(inner)) => self.read_body(&inner),
            Some(value) => self.read_json(&value),
            None if body.starts_with('<') && !body.starts_with("<HttpError") => self.read_markup(body),
            None => {
                self.text = text::unescaped(body);
                if !self.is_answer {
                    self.scan(&self.text.clone());
                }
            }
        }
    }

    /// The body as JSON, if it is some. Of an answer that was cut, what there is.
    fn json(&self, body: &str) -> Option<Value> {
        let holds_fields = |text: &str| text.trim_start().starts_with(['{', '[']);
        match serde_json::from_str(body) {
            Ok(Value::String(inner)) => holds_fields(&inner).then_some(Value::String(inner)),
            Ok(value @ (Value::Object(_) | Value::Array(_))) => Some(value),
            _ if self.is_answer && holds_fields(body) => cut_json::read(body),
            _ => None,
        }
    }

    /// An answer, or a record of a log, whose messages are text like any other.
    fn read_json(&mut self, value: &Value) {
        self.is_answer |= json::is_answer(value);
        json::read(value, self);
        if !self.is_answer {
            self.scan(&self.messages.join("\n"));
        }
    }

    /// XML and HTML, cut off or not.
    fn read_markup(&mut self, body: &str) {
        self.is_answer = true;
        self.is_page = !body.starts_with("<?xml") && !body.starts_with("<Error");
        for code in text::elements(body, "Code") {
            self.add_reason(&uncapitalized(&code));
        }
        // Cloud Storage has the sentence that names the gate in the details.
        for name in ["Details", "Message", "internalReason"] {
            text::elements(body, name).for_each(|message| self.add_message(&message));
        }
        self.text = text::without_tags(body);
    }

    /// Finds fields, reasons and a challenge in a text of any form.
    fn scan(&mut self, text: &str) {
        let first_words = |key| text::values(text, key).filter_map(|value| value.split(' ').next());
        first_words("reason").for_each(|reason| self.add_reason(reason));
        text::values(text, "message").for_each(|message| self.add_message(message));
        for key in ["service", "method", "permission", "consumer", "uid"] {
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

    fn finish(&mut self) {
        let token_error = self.token_error.clone().unwrap_or_default();
        let prose = format!("{}\n{}\n{token_error}", self.text, self.messages.join("\n"));
        if !self.is_answer {
            let lists = SCOPE_LISTS.iter().filter_map(|mark| prose.split_once(mark));
            lists.for_each(|(_, list)| self.challenge.add_uris(list));
        }
        self.details.find(&prose);
        self.prose = text::plain(&if self.is_answer { self.without_names(&token_error) } else { prose });
        for noise in NOISE {
            self.prose = self.prose.replace(noise, "");
        }
        self.details.server_message = self.main_message().map(syntax::safe_to_show);
    }

    /// The words of an answer that nobody but the server chose.
    fn without_names(&self, token_error: &str) -> String {
        let texts = self.messages.iter().chain([&self.text]).map(|text| text::without_names(text));
        texts.chain([token_error.to_owned()]).collect::<Vec<_>>().join("\n")
    }

    /// The first message; of a text, the first line with a known phrase, or else the first line.
    fn main_message(&self) -> Option<&str> {
        let is_phrase = |line: &str| {
            let line = text::plain(line);
            PHRASES.iter().chain(ACCESS_PHRASES).any(|(phrase, _)| text::has(&line, phrase))
        };
        let mut lines = self.text.lines().filter(|line| !line.trim().is_empty()).take(LINE_LIMIT);
        let first = self.messages.first().map(String::as_str).or_else(|| lines.clone().next());
        if self.messages.is_empty() { lines.find(|line| is_phrase(line)).or(first) } else { first }
    }
}

/// The words of a text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
}

/// The challenge in a log line that shows headers.
fn logged_challenge(text: &str) -> Option<&str> {
    let (before, _) = text.split_once("insufficient_scope")?;
    let start = before.rfind("earer ").or_else(|| before.rfind("error"))?;
    text.get(start..)?.lines().next()
}
