//! The verdict on a response: which gate refused, and from which part of the response this is
//! known.

use super::gate::{Certainty, Gate};

/// What is wrong with the scopes of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScopeProblem {
    /// The token holds none of the accepted scopes.
    Missing,
    /// A script of Apps Script lacks a scope, which its manifest must list.
    Script,
    /// The nodes of a GKE cluster lack a scope.
    NodePool,
    /// A container registry refused. Scopes of the machine that pulls an image may be missing.
    Registry,
    /// The token holds a scope that forbids some calls, such as `gmail.metadata`.
    Restricting,
    /// The token lacks a scope for Drive, or the file is not shared: the server's response does not
    /// distinguish these causes.
    ScopeOrShare,
}

impl ScopeProblem {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Script => "script",
            Self::NodePool => "node_pool",
            Self::Registry => "registry",
            Self::Restricting => "restricting",
            Self::ScopeOrShare => "scope_or_share",
        }
    }
}

/// The part of a response that the verdict is based on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Evidence {
    /// The reason of a `google.rpc.ErrorInfo`.
    ErrorInfo,
    /// A violation in a `google.rpc.PreconditionFailure` or `QuotaFailure`.
    Violation,
    /// The `error` of a token endpoint (RFC 6749, section 5.2).
    TokenEndpoint,
    /// A sentence in a message.
    Message,
    /// An older one-word reason (`errors[].reason`), or the `Code` of an XML error.
    Reason,
    /// The header `WWW-Authenticate`.
    Header,
    /// The status alone.
    Status,
    /// An answer of the Policy Troubleshooter.
    Troubleshooter,
}

impl Evidence {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::ErrorInfo => "error_info",
            Self::Violation => "violation",
            Self::TokenEndpoint => "token_endpoint",
            Self::Message => "message",
            Self::Reason => "reason",
            Self::Header => "header",
            Self::Status => "status",
            Self::Troubleshooter => "troubleshooter",
        }
    }
}

/// The gate that refused, and how certain that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) gate: Gate,
    pub(super) certainty: Certainty,
    /// What is wrong with the scopes; `None` if the gate is not [`Gate::Scope`].
    pub(super) problem: Option<ScopeProblem>,
    /// Whether a token endpoint refused to issue a token with the requested scopes.
    pub(super) is_for_requested_scopes: bool,
    /// The name of the server that refused, if the server is not one of Google's.
    pub(super) other_server: Option<&'static str>,
    /// Whether the message reports a dry run, in which the call was not refused.
    pub(super) is_dry_run: bool,
}

/// A verdict, and the part of the response that it is based on.
#[derive(Debug, Clone, Copy)]
pub(super) struct FoundVerdict {
    pub(super) verdict: Verdict,
    pub(super) evidence: Evidence,
    /// The words of the response that determined the verdict, in the form in which the phrases are
    /// written; empty if other parts determined it.
    pub(super) words: &'static str,
}

impl FoundVerdict {
    /// Creates a finding that no phrase determined.
    pub(super) const fn new(verdict: Verdict, evidence: Evidence) -> Self {
        Self { verdict, evidence, words: "" }
    }

    /// Creates a finding that this phrase in a message determined.
    pub(super) const fn from_phrase(verdict: Verdict, words: &'static str) -> Self {
        Self { verdict, evidence: Evidence::Message, words }
    }
}

impl Verdict {
    pub(super) const fn new(gate: Gate, certainty: Certainty) -> Self {
        Self {
            gate,
            certainty,
            problem: None,
            is_for_requested_scopes: false,
            other_server: None,
            is_dry_run: false,
        }
    }

    pub(super) const fn for_scope(problem: ScopeProblem, certainty: Certainty) -> Self {
        Self { problem: Some(problem), ..Self::new(Gate::Scope, certainty) }
    }

    /// Returns whether the refusal is about scopes: those of the token, or those that were
    /// requested from a token endpoint.
    pub(super) const fn is_about_scopes(&self) -> bool {
        matches!(self.gate, Gate::Scope) || self.is_for_requested_scopes
    }

    /// Returns the verdict that the token holds none of the accepted scopes.
    pub(super) const fn missing(certainty: Certainty) -> Self {
        Self::for_scope(ScopeProblem::Missing, certainty)
    }
}

/// Returns the verdict that this gate certainly refused.
pub(super) const fn certain(gate: Gate) -> Verdict {
    Verdict::new(gate, Certainty::Certain)
}

/// Returns the verdict that this gate probably refused.
pub(super) const fn likely(gate: Gate) -> Verdict {
    Verdict::new(gate, Certainty::Likely)
}

/// Returns the verdict that this gate may have refused.
pub(super) const fn possible(gate: Gate) -> Verdict {
    Verdict::new(gate, Certainty::Possible)
}

/// Returns the verdict that this server, which is not one of Google's, refused the call.
pub(super) const fn refused_by(server: &'static str) -> Verdict {
    Verdict { other_server: Some(server), ..Verdict::new(Gate::Other, Certainty::Likely) }
}

/// Returns the verdict that the call was refused for this problem of its scopes.
pub(super) const fn scope(problem: ScopeProblem, certainty: Certainty) -> Verdict {
    Verdict::for_scope(problem, certainty)
}

/// A scope is certainly missing.
pub(super) const MISSING: Verdict = Verdict::missing(Certainty::Certain);
/// A scope is probably missing.
pub(super) const LIKELY_MISSING: Verdict = Verdict::missing(Certainty::Likely);
/// A script of Apps Script probably lacks a scope.
pub(super) const SCRIPT: Verdict = Verdict::for_scope(ScopeProblem::Script, Certainty::Likely);
/// A container registry refused, perhaps for lack of scope.
pub(super) const REGISTRY: Verdict =
    Verdict::for_scope(ScopeProblem::Registry, Certainty::Possible);
/// A token endpoint refused the requested scopes.
pub(super) const REQUESTED_SCOPES: Verdict =
    Verdict { is_for_requested_scopes: true, ..certain(Gate::Credentials) };
/// A service perimeter in dry-run mode reports a call that it let through.
pub(super) const DRY_RUN: Verdict = Verdict { is_dry_run: true, ..possible(Gate::VpcSc) };
