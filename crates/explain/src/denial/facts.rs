//! The facts that a denial holds, and its steps, which follow from them.

use std::sync::{Arc, OnceLock};

use gcp_scopes_catalog::ApiMethod;
use gcp_scopes_catalog::scope::ScopeSet;

use crate::environment::Environment;
use crate::granted::GrantedScopes;
use crate::refusal::{Refusal, ScopeProblem};
use crate::remedy::{self, Case, Remedy};

/// Whether the call of a [`Denial`](crate::Denial) was sent, and if not, why not.
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
    /// Not sent: the token's scopes are known, and the method accepts none of them.
    Predicted,
    /// Not sent: Google refused this method with this token before.
    Confirmed,
    /// Sent, and refused by Google for lack of scope.
    Refused,
}

impl DenialKind {
    /// The kind in one word, for logs and JSON.
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
    /// Made when it is first asked for, since not every denial is read.
    pub(super) remedy: OnceLock<Remedy>,
}

impl Facts {
    pub(super) fn remedy(&self) -> &Remedy {
        self.remedy.get_or_init(|| remedy::remedy(&self.case()))
    }

    /// Whether the refused token is said to hold an accepted scope.
    pub(super) fn is_contradicted(&self) -> bool {
        self.case().is_contradicted()
    }

    /// What is wrong with the token's scopes. Without an answer of Google's, one is missing.
    pub(super) fn problem(&self) -> ScopeProblem {
        self.refusal.as_ref().and_then(Refusal::problem).unwrap_or(ScopeProblem::Missing)
    }

    fn case(&self) -> Case<'_> {
        let accepted = std::slice::from_ref(&self.accepted);
        Case::new(self.problem(), accepted, self.granted.scopes(), &self.environment)
    }
}
