//! Completes the details of a refusal once its verdict is known: the server's message, and the
//! service that refused.

use gcp_scopes_catalog::scope::ScopeSet;

use super::details::Details;
use super::gate::Gate;
use super::phrases::{ACCESS_PHRASES, FILE_MESSAGE, PHRASES, SERVICE_WORDS, SERVICES};
use super::reasons::{ERROR_INFO, REASONS, TOKEN_ERRORS};
use super::response_facts::ResponseFacts;
use super::verdict::{FoundVerdict, Verdict};
use super::{details, syntax, text};

/// The words after which GKE names the scope that the nodes lack, by its short name.
const SHORT_SCOPE_MARK: &str = "requires scope '";

impl ResponseFacts {
    /// Returns the scopes that the server listed, of which the token needs one.
    pub(super) fn listed_scopes(&self, finding: &FoundVerdict) -> ScopeSet {
        let mut scopes = self.challenge.scopes.clone();
        if finding.words.contains("requires scope") {
            let texts = self.messages.iter().chain([&self.text]);
            let names =
                texts.filter_map(|text| text.split_once(SHORT_SCOPE_MARK)?.1.split('\'').next());
            scopes.extend(names.filter_map(|name| name.parse().ok()));
        }
        scopes
    }

    /// Returns the details of the refusal. The quoted message is the one that determined the
    /// verdict. The service is the one that a field names, else the only service that sends the
    /// phrase of the verdict, else the service whose host is in the text.
    pub(super) fn into_details(mut self, finding: &FoundVerdict) -> Details {
        let quote = self.quote(finding).map(str::to_owned);
        if self.details.service.is_none() {
            let searched = match (self.is_response, &quote) {
                // The other lines of a log may name other APIs.
                (false, Some(quote)) => quote.clone(),
                _ => format!("{}\n{}", self.text, self.messages.join("\n")),
            };
            let by_phrase = service_of_words(finding, quote.as_deref().unwrap_or_default());
            let host = by_phrase.map(str::to_owned).or_else(|| details::service_in(&searched));
            self.details.service = host;
        }
        if finding.verdict.gate == Gate::ResourceAcl || finding.words == FILE_MESSAGE {
            let file = details::file_in_urls(&self.text).map(str::to_owned);
            file.into_iter().for_each(|id| self.details.add_other("file", &id));
        }
        self.details.server_message = quote.as_deref().map(syntax::sanitized);
        let reason = self.known_reason().map(|reason| ("reason", reason.to_owned()));
        self.details.others.extend(reason);
        self.details
    }

    /// Returns the first reason or error code that is in a table, such as `SERVICE_DISABLED` or
    /// `invalid_grant`.
    fn known_reason(&self) -> Option<&'static str> {
        let of_servers = || ERROR_INFO.iter().chain(REASONS).chain(TOKEN_ERRORS);
        let named = self.reasons.iter().chain(&self.token_error);
        let mut known = named.filter_map(|own| of_servers().find(|(reason, _)| reason == own));
        known.next().map(|(reason, _)| *reason)
    }

    /// Returns the message to show: the message or line that determined the verdict, else the first
    /// message, else the first line with a known phrase, preferably one of the same gate.
    pub(super) fn quote(&self, finding: &FoundVerdict) -> Option<&str> {
        let decides = |text: &str| text::contains_phrase(&text::normalized(text), finding.words);
        let is_by_words = !finding.words.is_empty();
        let message = self.messages.iter().find(|message| is_by_words && decides(message));
        message
            .map(String::as_str)
            .or_else(|| text::line_with(&self.text, finding.words).filter(|_| is_by_words))
            .or_else(|| self.messages.first().map(String::as_str))
            .or_else(|| self.line_of_gate(&finding.verdict))
    }

    /// Returns the first line with a phrase of the same gate, else the first line with a known
    /// phrase, else the first line.
    fn line_of_gate(&self, verdict: &Verdict) -> Option<&str> {
        let lines = || text::first_lines(&self.text);
        let find = |is_searched: &dyn Fn(&Verdict) -> bool| {
            let phrases =
                || PHRASES.iter().chain(ACCESS_PHRASES).filter(|(_, row)| is_searched(row));
            lines().find(|line| {
                let line = text::normalized(line);
                phrases().any(|(phrase, _)| text::contains_phrase(&line, phrase))
            })
        };
        find(&|row| row.gate == verdict.gate).or_else(|| find(&|_| true)).or_else(|| lines().next())
    }
}

/// Returns the only service with the phrase that determined the verdict, or with other words of the
/// message.
fn service_of_words(finding: &FoundVerdict, message: &str) -> Option<&'static str> {
    let by_phrase = SERVICES.iter().find(|(phrase, _)| *phrase == finding.words);
    let by_words = || {
        let message = text::normalized(message);
        SERVICE_WORDS.iter().find(|(words, _)| text::contains_phrase(&message, words))
    };
    by_phrase.or_else(by_words).map(|(_, host)| *host)
}
