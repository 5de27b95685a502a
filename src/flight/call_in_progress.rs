//! The state that is kept of a call between its request and its response.

use std::fmt;

use http::{HeaderValue, StatusCode};

use super::request_line::RequestLine;
use crate::call::AbstainReason;
use crate::catalog::Lookup;
use crate::denial::Denial;
use crate::granted::token_table::TokenKey;
use crate::guard::Guard;

/// A call in progress, with what the guard knows of the call: see [`flight`](crate::flight).
///
/// A flight keeps the guard alive and allocates nothing. It keeps the token only while the guard
/// may still query a source for the token's scopes. `Debug` prints neither token nor URL.
pub struct Flight {
    pub(super) guard: Guard,
    pub(super) lookup: Lookup,
    /// The key of the token in the token cache. `None` if the guard saw no bearer token.
    pub(super) token: Option<TokenKey>,
    /// The `Authorization` header, kept only while a source may be queried for the token's scopes.
    pub(super) header: Option<HeaderValue>,
    /// Whether the call was sent although its token lacks, or may lack, the scope.
    pub(super) is_doubted: bool,
    /// Whether the call was sent to find out whether Google still refuses such calls, after a
    /// refusal had stopped them for a while.
    pub(super) is_trial: bool,
    pub(super) is_grpc: bool,
    pub(super) is_head: bool,
    /// Whether the call goes to a Google API, and its request has neither a token nor another
    /// credential.
    pub(super) has_no_credentials: bool,
    /// Whether the guard is still finding out the scopes of the token.
    pub(super) has_pending_scopes: bool,
    /// The request line or the server, kept instead of the method of a call that was sent without a
    /// lookup.
    pub(super) line: Option<RequestLine>,
}

impl Flight {
    /// Creates the flight of a call that has not begun yet: see [`Flight::begin_in_place`].
    #[inline]
    #[must_use]
    pub fn new(guard: &Guard) -> Self {
        Self::from_lookup(guard.hold(), Lookup::without_method(AbstainReason::Host))
    }

    /// Creates the flight of a call with this lookup result, which may have no method.
    #[inline(always)]
    pub(super) fn from_lookup(guard: Guard, lookup: Lookup) -> Self {
        Self {
            guard,
            lookup,
            token: None,
            header: None,
            is_doubted: false,
            is_trial: false,
            is_grpc: false,
            is_head: false,
            has_no_credentials: false,
            has_pending_scopes: false,
            line: None,
        }
    }

    /// Returns this flight, and leaves one that has not begun.
    #[cold]
    #[cfg(feature = "tower")]
    pub(crate) fn take(&mut self) -> Self {
        let idle = Self::new(&self.guard);
        std::mem::replace(self, idle)
    }

    /// Looks up the method of the request line, if the line was kept instead of the method.
    pub(super) fn look_up_line(&mut self) {
        let endpoints = &self.guard.state().endpoints;
        if let Some(lookup) = self.line.as_ref().and_then(|line| line.lookup(endpoints)) {
            self.lookup = lookup;
        }
    }

    /// Returns the flight of a call to a Google API whose method is not known.
    pub(crate) fn with_unknown_method(self) -> Self {
        Self { lookup: Lookup::without_method(AbstainReason::Method), ..self }
    }

    /// Keeps the token, because a source may still be queried for its scopes.
    #[cold]
    pub(super) fn keep_header(&mut self, header: &HeaderValue) {
        let header = self.header.insert(header.clone());
        header.set_sensitive(true);
    }

    /// Returns the guard that checked the call.
    ///
    /// ```
    /// let guard = gcp_scopes::Guard::builder().build();
    /// let flight = guard.begin_unseen(None);
    /// assert_eq!(flight.guard().environment(), guard.environment());
    /// ```
    #[must_use]
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Returns whether the call uses gRPC, which puts refusals into headers or trailers.
    #[must_use]
    pub fn is_grpc(&self) -> bool {
        self.is_grpc
    }

    /// Returns whether a response with this status matters to the guard. An adapter may return any
    /// other response to the caller unchanged, which saves the cost of the remaining steps.
    ///
    /// ```
    /// let flight = gcp_scopes::Guard::builder().build().begin_unseen(None);
    /// assert!(flight.may_explain(http::StatusCode::FORBIDDEN));
    /// assert!(!flight.may_explain(http::StatusCode::NOT_FOUND));
    /// ```
    #[must_use]
    pub fn may_explain(&self, status: StatusCode) -> bool {
        let is_refused = matches!(status, StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED);
        self.is_doubted || self.is_grpc || is_refused
    }

    /// Marks `denial` if the call is a `HEAD` request, whose response has no body.
    pub(super) fn with_verb(&self, denial: Denial) -> Denial {
        if self.is_head { denial.for_head_request() } else { denial }
    }

    /// Returns whether the call goes to a Google API.
    #[inline]
    pub(super) fn is_google_host(&self) -> bool {
        self.lookup.is_google()
    }
}

impl fmt::Debug for Flight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = self.lookup.method().map(|method| method.id());
        f.debug_struct("Flight").field("method", &method).finish_non_exhaustive()
    }
}
