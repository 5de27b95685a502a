//! Notices set-ups in which the guard cannot work, and logs what to change, once for each guard.

use http::{HeaderMap, StatusCode};

use super::call_in_progress::Flight;
use super::request_line::RequestLine;
use crate::call::{AbstainReason, Call};
use crate::granted::GrantedScopes;
use crate::refusal::{self, ErrorResponse, Gate, Refusal};
use crate::telemetry::SetupNote;

impl Flight {
    /// Keeps what a later note about the set-up needs. For a host that is not Google's, this is the
    /// server. For a call to Google, it is whether the call has no credentials.
    pub(super) fn note_call(&mut self, call: &Call<'_>) {
        match self.lookup.abstain_reason() {
            // Another host may be a proxy or a private endpoint in front of a Google API.
            Some(AbstainReason::Host) => {
                RequestLine::keep_server(&mut self.line, call.server().unwrap_or_default());
            }
            Some(AbstainReason::Signed) => {}
            _ => {
                let has_token = call.only_token().is_some();
                self.has_no_credentials =
                    !has_token && self.is_google_host() && !call.has_credentials();
            }
        }
    }

    /// Notes a 403 of a host that is not mapped, if the response looks like Google's to a call that
    /// lacks a scope. Only the headers are read, because the bodies of other hosts are not touched.
    #[cold]
    pub(super) fn note_other_host(&self, headers: &HeaderMap) {
        let notes = &self.guard.state().notes;
        let is_host_unknown = self.lookup.abstain_reason() == Some(AbstainReason::Host);
        // The headers are read only as long as the note may be logged.
        if is_host_unknown
            && !notes.is_noted(SetupNote::UnmappedHost)
            && is_scope_challenge(headers)
        {
            notes.note(SetupNote::UnmappedHost, self.line.as_ref().and_then(RequestLine::server));
        }
    }

    /// Notes a refusal of a call whose credentials the guard did not see.
    #[cold]
    pub(super) fn note_unseen_token(&self) {
        if self.has_no_credentials {
            let host = self.lookup.method().map(|method| method.host());
            self.guard.state().notes.note(SetupNote::UnseenToken, host);
        }
    }

    /// Returns whether a refusal is about another method than the caller stated. Notes such a
    /// refusal.
    pub(crate) fn is_contradicted_by(&self, refusal: &Refusal) -> bool {
        let stated = self.lookup.method().filter(|method| refusal.contradicts(*method));
        if let Some(method) = stated {
            self.guard.state().notes.note(SetupNote::WrongMethod, Some(method.host()));
        }
        stated.is_some()
    }

    /// Notes that the scopes of the call's token are needed, and that no source can report them.
    /// `granted` is what the guard knows of the scopes; `None` means that they are unknown.
    pub(super) fn note_lack_of_sources(&self, granted: Option<&GrantedScopes>) {
        let state = self.guard.state();
        if self.token.is_some()
            && granted.is_none_or(GrantedScopes::is_unknown)
            && !state.tokens.has_sources()
        {
            state.notes.note(SetupNote::NoSource, None);
        }
    }
}

/// Returns whether the header `WWW-Authenticate` is that of Google's scope gate, which lists scopes
/// of Google.
fn is_scope_challenge(headers: &HeaderMap) -> bool {
    let answer =
        ErrorResponse::new(b"").with_status(StatusCode::FORBIDDEN.as_u16()).with_headers(headers);
    refusal::classify(&answer).is_some_and(|refusal| {
        let mut scopes = refusal.alternatives().iter();
        refusal.gate() == Gate::Scope && scopes.any(|scope| scope.is_known())
    })
}
