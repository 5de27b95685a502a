//! Data: for each scenario that only makes small calls, the calls of the scenario and the expected
//! outcome of each call.

use super::outcome::DenialStage;
use super::scenario::Scenario;
use super::scene::TokenScope;
use super::subject::GuardMode::{self, Confirm, Deny, Warn};
use crate::fault::Fault;
use crate::refusal_form::RefusalForm;

/// A sequence of calls in one scene. The sequence is repeated for each guard mode, with a new
/// client.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    /// The scope of the token.
    pub(super) token_scope: TokenScope,
    /// The refusal of every call. `None` if the fake sends its own responses.
    pub(super) refusal: Option<ScriptedRefusal>,
    /// The fault of the API, if any.
    pub(super) fault: Option<Fault>,
    pub(super) modes: &'static [GuardMode],
    /// The expectation for each call. One client makes all calls, in this order.
    pub(super) calls: &'static [Expected],
}

/// The expected outcome of a call.
#[derive(Clone, Copy)]
pub(super) enum Expected {
    /// The call succeeds, with the same requests and the same outcome as without the guard.
    SameSuccess,
    /// The call fails, with the same requests and the same failure as without the guard, and
    /// without a denial.
    SameFailure,
    /// The call sends as many requests as without the guard, and fails with a denial.
    Explained,
    /// The call sends nothing, and fails with a denial of this stage.
    NotSent(DenialStage),
    /// The call fails, and no text of the failure contains a part of the token.
    NoLeak,
}

/// A scripted refusal, sent instead of the response that the fake's API would send.
#[derive(Clone, Copy)]
pub(super) enum ScriptedRefusal {
    /// A refusal for another reason than scopes.
    OtherReason(RefusalForm),
    /// A scope refusal with a body that is longer than the guard reads.
    LongBody,
}

const ALLOWED: Plan = Plan {
    token_scope: TokenScope::Accepted,
    refusal: None,
    fault: None,
    modes: &[Warn, Confirm, Deny],
    calls: &[Expected::SameSuccess],
};
const REFUSED: Plan = Plan {
    token_scope: TokenScope::Unrelated,
    modes: &[Warn],
    calls: &[Expected::Explained],
    ..ALLOWED
};
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
const LONG: Plan =
    Plan { token_scope: TokenScope::Accepted, refusal: Some(ScriptedRefusal::LongBody), ..REFUSED };

/// Creates the plan for a refusal that the guard must not change.
const fn refused_for_other_reason(form: RefusalForm) -> Plan {
    Plan {
        refusal: Some(ScriptedRefusal::OtherReason(form)),
        calls: &[Expected::SameFailure],
        ..ALLOWED
    }
}

/// Creates the plan for an IAM refusal to which a fault is applied. The guard must not change the
/// response.
const fn faulty(fault: Fault) -> Plan {
    Plan {
        fault: Some(fault),
        modes: &[Confirm],
        ..refused_for_other_reason(RefusalForm::IamDenied)
    }
}

impl Scenario {
    /// Returns the plans of a scenario. Empty for the scenarios with their own function in the
    /// runner.
    pub(super) fn plans(self) -> &'static [Plan] {
        match self {
            Self::Allowed => const { &[ALLOWED] },
            Self::Refused => const { &[REFUSED] },
            Self::Denied => const { &[DENIED] },
            Self::Confirmed => const { &[CONFIRMED] },
            Self::Iam => const { &[refused_for_other_reason(RefusalForm::IamDenied)] },
            Self::ApiDisabled => {
                const { &[refused_for_other_reason(RefusalForm::ServiceDisabled)] }
            }
            Self::Billing => const { &[refused_for_other_reason(RefusalForm::Billing)] },
            Self::VpcSc => const { &[refused_for_other_reason(RefusalForm::VpcSc)] },
            Self::QuotaProject => const { &[refused_for_other_reason(RefusalForm::QuotaProject)] },
            Self::RateLimit => const { &[refused_for_other_reason(RefusalForm::RateLimit)] },
            Self::LargeBody => const { &[faulty(Fault::BigRefusal(1024 * 1024)), LONG] },
            Self::GzipBody => const { &[faulty(Fault::Gzip)] },
            Self::ChunkedBody => const { &[CHUNKED] },
            Self::BrokenBody => const { &[faulty(Fault::CutOff(40))] },
            Self::Http1 | Self::Http2 => const { &[ALLOWED, REFUSED] },
            Self::NoLeak => const { &[NO_LEAK] },
            _ => &[],
        }
    }
}
