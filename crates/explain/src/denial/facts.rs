//! What a denial is made of.

use std::sync::{Arc, OnceLock};

use gcp_scopes_catalog::ApiMethod;
use gcp_scopes_catalog::scope::ScopeSet;

use crate::environment::Environment;
use crate::granted::GrantedScopes;
use crate::refusal::{Refusal, ScopeRefusal};
use crate::remedy::{self, Case, Remedy};

/// How a [`Denial`](crate::Denial) came about.
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
    /// Worded when it is first asked for.
    pub(super) remedy: OnceLock<Remedy>,
}

impl Facts {
    /// What to do.
    pub(super) fn remedy(&self) -> &Remedy {
        self.remedy.get_or_init(|| remedy::remedy(&self.case()))
    }

    /// Whether a scope that would do is among those that the refused token is said to hold.
    pub(super) fn is_contradicted(&self) -> bool {
        self.case().is_contradicted()
    }

    /// How the lack of scope was said.
    pub(super) fn scope_refusal(&self) -> ScopeRefusal {
        self.refusal.as_ref().and_then(Refusal::scope_refusal).unwrap_or(ScopeRefusal::Missing)
    }

    fn case(&self) -> Case<'_> {
        let accepted = std::slice::from_ref(&self.accepted);
        Case::new(self.scope_refusal(), accepted, self.granted.scopes(), &self.environment)
    }
}
