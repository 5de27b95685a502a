//! The facts of a response, in one form for JSON, XML, gRPC and text.

use super::challenge::Challenge;
use super::details::Details;
use super::phrases::{BARE_MESSAGE, WHOLE_MESSAGES};
use super::reasons::{AMBIGUOUS_REASON, ERROR_INFO, GENERAL_REASONS, ORDINARY_REASONS, REASONS};
use super::status::http_status;
use super::{syntax, text};

/// How many messages, reasons and violations of a response are kept. Google sends a few.
const COUNT_LIMIT: usize = 64;
/// The longest reason that is kept, in bytes. It is far above the 63 bytes that `ErrorInfo` allows:
/// <https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto>.
const REASON_LIMIT: usize = 256;

/// The facts of a response that the [rules](super::rules) read.
#[derive(Default)]
pub(super) struct ResponseFacts {
    /// The HTTP status, or the HTTP status that corresponds to the gRPC status.
    pub(super) status: Option<u16>,
    /// The messages. The first message is the main one.
    pub(super) messages: Vec<String>,
    /// The reasons of `ErrorInfo`, older one-word reasons, and the codes of XML errors.
    pub(super) reasons: Vec<String>,
    /// The types and subjects of violations, in lower case.
    pub(super) violations: Vec<String>,
    /// The value of the field `error` of a token endpoint.
    pub(super) token_error: Option<String>,
    /// Whether the response has the field `error_description`, which only token endpoints send.
    pub(super) is_token_endpoint: bool,
    pub(super) challenge: Challenge,
    /// All messages and texts, in the form in which the phrases are written
    /// ([`text::normalized`]).
    pub(super) prose: String,
    pub(super) details: Details,
    /// The text of a body that is not JSON, or the texts in a log record.
    pub(super) text: String,
    /// Whether the input is the response of a server, and not a text that may contain a response.
    /// Servers put reasons into fields and begin messages with the cause; the rest of a message may
    /// be a name that a user chose.
    pub(super) is_response: bool,
    /// Whether the body is an HTML page. Google's front ends send HTML pages when they refuse a
    /// call before its scopes are checked.
    pub(super) is_page: bool,
    /// The server that refused, if a field shows that it is not one of Google's.
    pub(super) other_server: Option<&'static str>,
    /// Whether a field shows that a service perimeter is in dry-run mode.
    pub(super) is_dry_run: bool,
    /// Whether fields were read from JSON within a message. A user may have chosen a name that
    /// looks like such JSON.
    pub(super) is_indirect: bool,
}

impl ResponseFacts {
    /// Returns whether the status is that of a success or a redirect.
    pub(super) fn is_success(&self) -> bool {
        self.status.is_some_and(|status| status < 400)
    }

    /// Returns whether the status is unknown, or a status with which Google refuses calls.
    pub(super) fn may_be_refused(&self) -> bool {
        // Token endpoints refuse with 400 (RFC 6749, section 5.2), policies of organisations also
        // with 412 and the reason `conditionNotMet`.
        self.status.is_none_or(|status| matches!(status, 400 | 401 | 403 | 412 | 429))
    }

    /// Returns whether the prose or a message contains these words, or the words are the id or the
    /// number of the project.
    pub(super) fn mentions(&self, words: &str) -> bool {
        let holds = |message: &String| text::normalized(message).contains(words);
        self.prose.contains(words)
            || self.details.project.as_deref() == Some(words)
            || self.messages.iter().any(holds)
    }

    /// Returns whether a message is exactly `Insufficient Permission`, which older services send
    /// when a scope is missing.
    pub(super) fn has_bare_message(&self) -> bool {
        let is_whole = |text: &String| text.trim().trim_end_matches('.') == BARE_MESSAGE;
        let is_bare = |text: &String| match self.is_response {
            true => is_whole(text),
            false => text::contains_whole_message(text, BARE_MESSAGE, AMBIGUOUS_REASON),
        };
        self.messages.iter().chain([&self.text]).any(is_bare)
    }

    /// Returns whether the main message is nothing but a sentence with which Google's servers
    /// refuse for lack of scope, so that the message contains no name. The older sentence
    /// `Insufficient Permission` counts only together with the older reason, because other refusals
    /// have the sentence, too.
    pub(super) fn is_scope_sentence(&self) -> bool {
        let message = text::normalized(self.messages.first().unwrap_or(&self.text).trim());
        let message = message.trim_end_matches('.');
        let has_old_reason = || self.reasons.iter().any(|reason| reason == AMBIGUOUS_REASON);
        let is_whole = |pattern: &&str| text::has_words(message, pattern);
        WHOLE_MESSAGES.iter().any(is_whole)
            || (message.eq_ignore_ascii_case(BARE_MESSAGE) && has_old_reason())
    }

    /// Returns whether a sentence about scopes counts in the response of a server: a message begins
    /// with the sentence, and no field contains the reason of another gate.
    pub(super) fn begins_with_phrase(&self, phrase: &str) -> bool {
        !self.is_page && !self.has_other_reason() && self.is_led_by(phrase)
    }

    /// Returns whether a message, or the text, begins with a sentence.
    pub(super) fn is_led_by(&self, phrase: &str) -> bool {
        let mut messages = self.messages.iter().chain([&self.text]);
        messages.any(|message| text::begins_with(message, phrase))
    }

    /// Returns whether the response has a reason that is not in [`GENERAL_REASONS`]. Such a reason
    /// belongs to one gate.
    pub(super) fn has_other_reason(&self) -> bool {
        self.reasons.iter().any(|reason| !is_general(reason))
    }

    /// Returns whether the response has a reason of [`ORDINARY_REASONS`].
    pub(super) fn has_ordinary_reason(&self) -> bool {
        self.reasons.iter().any(|reason| ORDINARY_REASONS.contains(&reason.as_str()))
    }

    /// Adds a message, unless it is empty or the limit is reached.
    pub(super) fn add_message(&mut self, message: &str) {
        if self.messages.len() < COUNT_LIMIT && !message.trim().is_empty() {
            // A message that was copied from another JSON text has escapes of its own.
            self.messages.push(text::unescaped(message));
        }
    }

    /// Adds a reason, if it is one word and the limit is not reached.
    pub(super) fn add_reason(&mut self, reason: &str) {
        let is_word = reason.len() <= REASON_LIMIT
            && reason.starts_with(|c: char| c.is_ascii_alphabetic())
            && reason.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if self.reasons.len() < COUNT_LIMIT && is_word {
            self.reasons.push(reason.to_owned());
        }
    }

    /// Adds a value of `ErrorInfo.metadata` or of a field with the same name. Only IAM gives ids to
    /// refusals, so such an id proves that IAM refused. Source:
    /// <https://docs.cloud.google.com/iam/docs/permission-error-messages>
    pub(super) fn add_metadata(&mut self, key: &str, value: &str) {
        if key == "error_info_id" && syntax::is_error_info_id(value) {
            self.add_reason("IAM_PERMISSION_DENIED");
        }
        self.details.add(key, value);
    }

    /// Adds the type or the subject of a violation, unless the limit is reached. The subject may be
    /// the name of a resource, so only that of a policy of an organisation counts.
    pub(super) fn add_violation(&mut self, text: &str, is_subject: bool) {
        let counts = !is_subject || text.starts_with("orgpolicy:");
        if self.violations.len() < COUNT_LIMIT && counts {
            self.violations
                .push(text.chars().take(REASON_LIMIT).collect::<String>().to_lowercase());
        }
    }

    /// Adds a status from the body, unless a status is known. A number below 100 is a gRPC status.
    pub(super) fn add_code(&mut self, code: Option<u64>) {
        let status = match code.and_then(|code| u16::try_from(code).ok()) {
            // gRPC has the codes 0 to 16 (<https://grpc.io/docs/guides/status-codes/>), HTTP those
            // from 100, so the number alone decides.
            Some(code @ 1..100) => Some(http_status(code)),
            Some(code @ 100..600) => Some(code),
            _ => None,
        };
        self.status = self.status.or(status);
    }
}

/// Returns whether a reason is in [`GENERAL_REASONS`].
pub(super) fn is_general(reason: &str) -> bool {
    GENERAL_REASONS.iter().any(|general| general.eq_ignore_ascii_case(reason))
}

/// Returns whether a word in the middle of a text can only be a reason. Plain words such as
/// `forbidden` have other meanings, too, and so has `PermissionDenied`, which Go, Python and .NET
/// print for gRPC's status 7.
pub(super) fn is_known_reason(word: &str) -> bool {
    let has_several_words =
        word.contains('_') || word.bytes().skip(1).any(|b| b.is_ascii_uppercase());
    let is_reason = || {
        let name = uncapitalized(word);
        REASONS.iter().any(|(reason, _)| *reason == name)
    };
    has_several_words
        && word != "PermissionDenied"
        && (ERROR_INFO.iter().any(|(reason, _)| *reason == word)
            || is_reason()
            || word == AMBIGUOUS_REASON)
}

/// Returns the word with its first letter in lower case. The codes of XML errors are the older
/// reasons with a capital first letter.
pub(super) fn uncapitalized(word: &str) -> String {
    let (first, rest) = word.split_at_checked(1).unwrap_or_default();
    first.to_ascii_lowercase() + rest
}
