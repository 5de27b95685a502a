//! Gathers the facts of an answer from its status, headers and body.

use http::HeaderMap;

use super::answer_facts::{AnswerFacts, is_known_reason, uncapitalized};
use super::phrases::{ACCESS_PHRASES, NOISE, PHRASES};
use super::words::{REQUEST_IDS, SCOPE_LISTS, SCOPE_REASONS};
use super::{grpc, json, syntax, text};

/// How many lines of a text are searched for the message to show.
const LINE_LIMIT: usize = 200;

pub(super) fn gather(status: Option<u16>, headers: &HeaderMap, body: &str) -> AnswerFacts {
    let mut facts = AnswerFacts { status, ..AnswerFacts::default() };
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
        match serde_json::from_str::<serde_json::Value>(body) {
            Ok(value) if value.is_object() || value.is_array() => self.read_json(&value),
            _ if body.starts_with('<') && !body.starts_with("<HttpError") => self.read_markup(body),
            _ => {
                self.text = text::unescaped(body);
                self.scan(&self.text.clone());
            }
        }
    }

    /// JSON, and the text of its messages: one may hold another answer.
    fn read_json(&mut self, value: &serde_json::Value) {
        json::read(value, self);
        self.field_reasons = Some(self.reasons.len());
        self.scan(&self.messages.join("\n"));
    }

    /// XML and HTML, cut off or not.
    fn read_markup(&mut self, body: &str) {
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
        // The message in a field of JSON may have the name of a resource, which anybody can choose.
        let may_have_names = self.field_reasons.is_some() && !text.contains('{');
        for word in words(text, may_have_names).filter(|word| is_known_reason(word)) {
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
        self.details.server_message = self.main_message().map(syntax::safe_to_show);
    }

    /// A message that names an IAM permission is about IAM: a reason about scopes in its prose is a
    /// name.
    fn leave_out_names(&mut self) {
        let Some(count) = self.field_reasons.filter(|_| self.details.is_called_permission) else { return };
        let prose = self.reasons.split_off(count.min(self.reasons.len()));
        let is_of_scope =
            |reason: &String| SCOPE_REASONS.iter().any(|name| name.eq_ignore_ascii_case(reason));
        self.reasons.extend(prose.into_iter().filter(|reason| !is_of_scope(reason)));
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

/// The words of a text. If it may have names of resources, words that are part of a name or in
/// quotes are left out.
fn words(text: &str, may_have_names: bool) -> impl Iterator<Item = &str> {
    let is_break = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let mut before = ' ';
    text.split_inclusive(is_break).filter_map(move |piece| {
        let is_named = may_have_names && "/.:-'\"`".contains(before);
        before = piece.chars().next_back().unwrap_or(' ');
        Some(piece.trim_end_matches(is_break)).filter(|_| !is_named)
    })
}

/// The challenge in a log line that shows headers.
fn logged_challenge(text: &str) -> Option<&str> {
    let (before, _) = text.split_once("insufficient_scope")?;
    let start = before.rfind("earer ").or_else(|| before.rfind("error"))?;
    text.get(start..)?.lines().next()
}
