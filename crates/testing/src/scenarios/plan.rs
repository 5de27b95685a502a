//! Data: what is done in the scenarios that consist of plain calls, and what is expected.

use super::outcome::DenialStage;
use super::scenario::Scenario;
use super::scene::Held;
use super::subject::GuardMode::{self, Confirm, Deny, Warn};
use crate::fault::Fault;
use crate::wire::Wire;

/// One scene, played anew for each mode of the guard.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    pub(super) held: Held,
    /// What every call is answered, if not by the API itself.
    pub(super) gate: Option<Gate>,
    pub(super) fault: Option<Fault>,
    pub(super) modes: &'static [GuardMode],
    /// One call after the other, of the same client.
    pub(super) calls: &'static [Expected],
}

/// What a call is expected to come to.
#[derive(Clone, Copy)]
pub(super) enum Expected {
    /// Requests and answer are those of the client without the guard, and the call succeeds.
    SameSuccess,
    /// Requests and error are those of the client without the guard.
    SameFailure,
    /// As many requests as without the guard, and the refusal is explained.
    Explained,
    /// Nothing is sent, and the reason is given.
    NotSent(DenialStage),
    /// The token is in no text.
    NoLeak,
}

/// A gate that is not the fake's own.
#[derive(Clone, Copy)]
pub(super) enum Gate {
    /// One other than the scopes.
    Other(Wire),
    /// A lack of scope that is explained at greater length than a guard reads.
    LongScope,
}

const ALLOWED: Plan = Plan {
    held: Held::Enough,
    gate: None,
    fault: None,
    modes: &[Warn, Confirm, Deny],
    calls: &[Expected::SameSuccess],
};
const REFUSED: Plan = Plan { held: Held::Another, modes: &[Warn], calls: &[Expected::Explained], ..ALLOWED };
const DENIED: Plan = Plan {
    modes: &[Deny],
    calls: &[Expected::NotSent(DenialStage::Predicted), Expected::NotSent(DenialStage::Predicted)],
    ..REFUSED
};
const CONFIRMED: Plan = Plan {
    modes: &[Confirm],
    calls: &[Expected::Explained, Expected::NotSent(DenialStage::Confirmed)],
    ..REFUSED
};
const NO_LEAK: Plan =
    Plan { modes: &[Confirm, Deny], calls: &[Expected::NoLeak, Expected::NoLeak], ..REFUSED };
const CHUNKED: Plan = Plan { fault: Some(Fault::ChunkSize(100)), ..REFUSED };
const LONG: Plan = Plan { held: Held::Enough, gate: Some(Gate::LongScope), ..REFUSED };

const fn other_gate(wire: Wire) -> Plan {
    Plan { gate: Some(Gate::Other(wire)), calls: &[Expected::SameFailure], ..ALLOWED }
}

const fn faulty(fault: Fault) -> Plan {
    Plan { fault: Some(fault), modes: &[Confirm], ..other_gate(Wire::IamDenied) }
}

impl Scenario {
    /// The plans of a scenario that consists of plain calls.
    pub(super) fn plans(self) -> &'static [Plan] {
        match self {
            Self::Allowed => const { &[ALLOWED] },
            Self::Refused => const { &[REFUSED] },
            Self::Denied => const { &[DENIED] },
            Self::Confirmed => const { &[CONFIRMED] },
            Self::Iam => const { &[other_gate(Wire::IamDenied)] },
            Self::ApiDisabled => const { &[other_gate(Wire::ServiceDisabled)] },
            Self::Billing => const { &[other_gate(Wire::Billing)] },
            Self::VpcSc => const { &[other_gate(Wire::VpcSc)] },
            Self::QuotaProject => const { &[other_gate(Wire::QuotaProject)] },
            Self::RateLimit => const { &[other_gate(Wire::RateLimit)] },
            Self::LargeBody => const { &[faulty(Fault::BigRefusal(1 << 20)), LONG] },
            Self::GzipBody => const { &[faulty(Fault::Gzip)] },
            Self::ChunkedBody => const { &[CHUNKED] },
            Self::BrokenBody => const { &[faulty(Fault::CutOff(40))] },
            Self::Http1 | Self::Http2 => const { &[ALLOWED, REFUSED] },
            Self::NoLeak => const { &[NO_LEAK] },
            _ => &[],
        }
    }
}
