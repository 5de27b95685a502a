//! What a denial is made of.

use std::sync::{Arc, OnceLock};

use gcp_scopes_catalog::ApiMethod;
use gcp_scopes_catalog::scope::ScopeSet;

use crate::environment::Environment;
use crate::granted::GrantedScopes;
use crate::refusal::{Refusal, ScopeRefusal};
use crate::remedy::{self, Case, Remedy, Step};

/// How a [`Denial`] came about.
///
/// ```
/// use gcp_scopes_explain::denial::DenialKind;
///
/// /// Whether Google saw the call.
/// fn was_sent(denial: &gcp_scopes_explain::Denial) -> bool {
///     denial.kind() == DenialKind::Refused
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DenialKind {
    /// Nothing was sent: the token's scopes are known, and the method accepts none of them.
    Predicted,
    /// Nothing was sent: Google has refused this method with this token before.
    Confirmed,
    /// Google answered, and refused the call for lack of scope.
    Refused,
}

impl DenialKind {
    /// The kind as one word.
    ///
    /// ```
    /// assert_eq!(gcp_scopes_explain::denial::DenialKind::Predicted.as_str(), "predicted");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Predicted => "predicted",
            Self::Confirmed => "confirmed",
            Self::Refused => "refused",
        }
    }
}

pub(super) struct Facts {
    pub(super) kind: DenialKind,
    pub(super) method: Option<ApiMethod>,
    pub(super) accepted: ScopeSet,
    pub(super) granted: GrantedScopes,
    pub(super) environment: Arc<Environment>,
    pub(super) refusal: Option<Refusal>,
    /// What the program itself has to change, before all else.
    pub(super) first_step: Option<Step>,
    pub(super) remedy: OnceLock<Remedy>,
}

impl Facts {
    /// What to do. Its words are put together when they are first asked for, so not while a call waits
    /// for its answer.
    pub(super) fn remedy(&self) -> &Remedy {
        self.remedy.get_or_init(|| {
            let remedy = remedy::remedy(&self.case());
            match &self.first_step {
                Some(step) => begun_with(step, remedy),
                None => remedy,
            }
        })
    }

    /// Whether a scope that would do is among those that the refused token is said to hold.
    pub(super) fn is_contradicted(&self) -> bool {
        self.case().is_contradicted()
    }

    fn case(&self) -> Case<'_> {
        Case {
            kind: self.refusal.as_ref().and_then(Refusal::scope_refusal).unwrap_or(ScopeRefusal::Missing),
            accepted: std::slice::from_ref(&self.accepted),
            held: self.granted.scopes(),
            environment: &self.environment,
        }
    }
}

fn begun_with(step: &Step, remedy: Remedy) -> Remedy {
    let brief = step.code_line().map(|code| format!("Ask for another scope in the call: {code}. "));
    let summary = brief.unwrap_or_default() + &remedy.summary;
    let steps = std::iter::once(step.clone()).chain(remedy.steps).collect();
    Remedy { summary, steps }
}
