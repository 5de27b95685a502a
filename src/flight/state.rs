//! What is kept of a call from its request to its answer.

use std::fmt;

use http::{HeaderValue, StatusCode};

use super::request_line::RequestLine;
use crate::call::AbstainReason;
use crate::catalog::Lookup;
use crate::granted::cache::TokenKey;
use crate::guard::Guard;

/// A call that is under way, as its guard knows it: see [`flight`](crate::flight).
///
/// Keeps the guard alive, allocates nothing, and holds the token only while a source is left that may
/// be asked what the token holds. `Debug` prints neither token nor URL.
pub struct Flight {
    pub(super) guard: Guard,
    pub(super) call: Lookup,
    pub(super) token: Option<TokenKey>,
    pub(super) header: Option<HeaderValue>,
    /// Whether it was sent although its token lacks the scope, or might.
    pub(super) is_doubted: bool,
    pub(super) is_grpc: bool,
    /// Whether the verdict is still open, because the token is being looked at.
    pub(super) has_pending_scopes: bool,
    /// Kept in the place of the method where the token opens the whole host, so that no method was looked
    /// for.
    pub(super) line: RequestLine,
}

impl Flight {
    /// The flight of a call that has not begun.
    #[inline]
    #[must_use]
    pub fn new(guard: &Guard) -> Self {
        Self::of(guard.hold(), Lookup::without_method(AbstainReason::Host))
    }

    /// The flight of a call to this method, or to none that is known.
    #[inline(always)]
    pub(super) fn of(guard: Guard, call: Lookup) -> Self {
        Self {
            guard,
            call,
            token: None,
            header: None,
            is_doubted: false,
            is_grpc: false,
            has_pending_scopes: false,
            line: RequestLine::EMPTY,
        }
    }

    /// Keeps the token, because a source is left that may be asked what it holds.
    #[cold]
    pub(super) fn keep_header(&mut self, header: &HeaderValue) {
        let header = self.header.insert(header.clone());
        header.set_sensitive(true);
    }

    /// The guard that judged the call.
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

    /// Whether the call is one of gRPC, whose refusals stand in headers or trailers.
    #[must_use]
    pub fn is_grpc(&self) -> bool {
        self.is_grpc
    }

    /// Whether an answer with this status is of use to the guard. An adapter for which the rest of the
    /// path costs something may hand every other answer to its caller without another look.
    ///
    /// ```
    /// let flight = gcp_scopes::Guard::builder().build().begin_unseen(None);
    /// assert!(flight.is_concerned_by(http::StatusCode::FORBIDDEN));
    /// assert!(!flight.is_concerned_by(http::StatusCode::NOT_FOUND));
    /// ```
    #[must_use]
    pub fn is_concerned_by(&self, status: StatusCode) -> bool {
        self.is_doubted || self.is_grpc || status == StatusCode::FORBIDDEN
    }

    #[inline]
    pub(super) fn is_googles(&self) -> bool {
        self.call.is_google()
    }
}

impl fmt::Debug for Flight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = self.call.method().map(|method| method.id());
        f.debug_struct("Flight").field("method", &method).finish_non_exhaustive()
    }
}
