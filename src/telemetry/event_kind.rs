//! Data: the kinds of events about calls, with their words.

/// The events about calls that are counted, so that one event may stand for several calls. The docs
/// of [`telemetry`](super) describe each event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum EventKind {
    Denied,
    Predicted,
    WrongScopeRequested,
    Disproved,
    OtherGate,
}

impl EventKind {
    pub(crate) const ALL: [Self; 5] = [
        Self::Denied,
        Self::Predicted,
        Self::WrongScopeRequested,
        Self::Disproved,
        Self::OtherGate,
    ];

    /// Returns the verdict about such calls, and what happened to them, for the summary of calls
    /// that no other event reports.
    pub(super) fn summary(self) -> (Option<&'static str>, &'static str) {
        match self {
            Self::Denied => (Some("missing"), "were refused for lack of an OAuth scope"),
            Self::Predicted => {
                (Some("missing"), "were sent although the token lacks the OAuth scope")
            }
            Self::WrongScopeRequested => (None, "requested an OAuth scope that does not fit"),
            Self::Disproved => (
                Some("ok"),
                "were refused with a sentence about scopes, although the token holds an accepted \
                 scope",
            ),
            Self::OtherGate => (Some("ok"), "were refused by another gate than the scope gate"),
        }
    }
}
