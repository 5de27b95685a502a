//! What is concluded from an answer.

use super::gate::{Certainty, Gate, ScopeRefusal};

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) gate: Gate,
    pub(super) certainty: Certainty,
    pub(super) scope: Option<ScopeRefusal>,
    pub(super) names_scopes: bool,
}

impl Verdict {
    pub(super) const fn new(gate: Gate, certainty: Certainty) -> Self {
        Self { gate, certainty, scope: None, names_scopes: false }
    }

    pub(super) const fn of_scope(kind: ScopeRefusal, certainty: Certainty) -> Self {
        Self { gate: Gate::Scope, certainty, scope: Some(kind), names_scopes: false }
    }

    pub(super) const fn of_token_scopes() -> Self {
        Self { names_scopes: true, ..Self::new(Gate::Credentials, Certainty::Certain) }
    }

    /// Whether it is about scopes: those of the token, or those that were asked for when it was made.
    pub(super) const fn is_about_scopes(&self) -> bool {
        matches!(self.gate, Gate::Scope) || self.names_scopes
    }

    pub(super) const fn missing(certainty: Certainty) -> Self {
        Self::of_scope(ScopeRefusal::Missing, certainty)
    }
}

pub(super) const fn certain(gate: Gate) -> Verdict {
    Verdict::new(gate, Certainty::Certain)
}

pub(super) const fn likely(gate: Gate) -> Verdict {
    Verdict::new(gate, Certainty::Likely)
}

pub(super) const fn possible(gate: Gate) -> Verdict {
    Verdict::new(gate, Certainty::Possible)
}

pub(super) const fn scope(kind: ScopeRefusal, certainty: Certainty) -> Verdict {
    Verdict::of_scope(kind, certainty)
}

pub(super) const MISSING: Verdict = scope(ScopeRefusal::Missing, Certainty::Certain);
pub(super) const LIKELY_MISSING: Verdict = scope(ScopeRefusal::Missing, Certainty::Likely);
pub(super) const TOKEN_SCOPES: Verdict = Verdict::of_token_scopes();
