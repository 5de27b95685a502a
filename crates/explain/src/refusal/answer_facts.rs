//! The facts of an answer, in the same form for JSON, XML, gRPC and text.

use super::challenge::Challenge;
use super::details::Details;
use super::phrases::BARE_MESSAGE;
use super::reasons::{AMBIGUOUS_REASON, ERROR_INFO, GENERAL_REASONS, REASONS};
use super::status::http_status;
use super::text;

/// How many messages, reasons and violations of an answer are kept. Google sends a handful.
const COUNT_LIMIT: usize = 64;
/// The longest reason in bytes. `ErrorInfo` allows 63:
/// <https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto>.
const REASON_LIMIT: usize = 256;

/// What the rules look at.
#[derive(Default)]
pub(super) struct AnswerFacts {
    /// The HTTP status, or the one that corresponds to a gRPC status.
    pub(super) status: Option<u16>,
    /// Messages, the main one first.
    pub(super) messages: Vec<String>,
    /// Reasons of `ErrorInfo`, older one-word reasons, and the codes of XML errors.
    pub(super) reasons: Vec<String>,
    /// Types and subjects of violations, in lower case.
    pub(super) violations: Vec<String>,
    /// The `error` of a token endpoint.
    pub(super) token_error: Option<String>,
    /// Whether the answer has an `error_description`, as those of token endpoints do.
    pub(super) is_token_endpoint: bool,
    pub(super) challenge: Challenge,
    /// All prose, in the form in which the phrases are written.
    pub(super) prose: String,
    pub(super) details: Details,
    /// A body that is not JSON.
    pub(super) text: String,
    /// Whether this is a server's answer, and not a text that holds one. Servers put reasons into fields and
    /// begin messages with what was wrong; what follows may be a name that a user chose.
    pub(super) is_answer: bool,
    /// Whether the body is a page for people. Google's front ends answer with pages before any scope is checked.
    pub(super) is_page: bool,
}

impl AnswerFacts {
    /// Whether the status is that of a success or a redirect.
    pub(super) fn is_success(&self) -> bool {
        self.status.is_some_and(|status| status < 400)
    }

    /// Whether the status is one with which Google refuses calls, or is unknown.
    pub(super) fn may_be_refused(&self) -> bool {
        self.status.is_none_or(|status| matches!(status, 400 | 401 | 403 | 412 | 429))
    }

    /// Whether the prose or a message holds these words, or they are the project's id or number.
    pub(super) fn mentions(&self, words: &str) -> bool {
        let holds = |message: &String| text::plain(message).contains(words);
        self.prose.contains(words)
            || self.details.project.as_deref() == Some(words)
            || self.messages.iter().any(holds)
    }

    /// Whether a message is `Insufficient Permission` and nothing else, as older services write a
    /// missing scope.
    pub(super) fn has_bare_message(&self) -> bool {
        let is_whole = |text: &String| text.trim().trim_end_matches('.') == BARE_MESSAGE;
        let is_bare = |text: &String| match self.is_answer {
            true => is_whole(text),
            false => text::has_message(text, BARE_MESSAGE, AMBIGUOUS_REASON),
        };
        self.messages.iter().chain([&self.text]).any(is_bare)
    }

    /// Whether a sentence about scopes may decide. In an answer it must lead a message, and no field may give
    /// the reason of another gate.
    pub(super) fn leads_with(&self, phrase: &str) -> bool {
        !self.is_page
            && !self.has_other_reason()
            && self.messages.iter().chain([&self.text]).any(|message| text::leads(message, phrase))
    }

    /// Whether a field gives a reason that only one gate has.
    pub(super) fn has_other_reason(&self) -> bool {
        let is_general =
            |reason: &String| GENERAL_REASONS.iter().any(|general| general.eq_ignore_ascii_case(reason));
        self.reasons.iter().any(|reason| !is_general(reason))
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
            Some(code @ 1..100) => Some(http_status(code)),
            Some(code @ 100..600) => Some(code),
            _ => None,
        };
        self.status = self.status.or(status);
    }
}

/// Whether a word in the middle of a text can only be a reason. Plain words such as `forbidden`
/// cannot, nor can `PermissionDenied`, which Go, Python and .NET print for gRPC's status 7.
pub(super) fn is_known_reason(word: &str) -> bool {
    let is_joined = word.contains('_') || word.bytes().skip(1).any(|b| b.is_ascii_uppercase());
    let is_reason = || {
        let name = uncapitalized(word);
        REASONS.iter().any(|(reason, _)| *reason == name)
    };
    is_joined
        && word != "PermissionDenied"
        && (ERROR_INFO.iter().any(|(reason, _)| *reason == word) || is_reason() || word == AMBIGUOUS_REASON)
}

/// The word with a small first letter: the codes of XML errors are the older reasons with a
/// capital.
pub(super) fn uncapitalized(word: &str) -> String {
    let (first, rest) = word.split_at_checked(1).unwrap_or_default();
    first.to_ascii_lowercase() + rest
}
