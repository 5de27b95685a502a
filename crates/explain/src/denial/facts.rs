//! The facts that a denial contains, and the remedy that follows from them.

use std::sync::{Arc, OnceLock};

use gcp_scopes_catalog::ApiMethod;

use crate::environment::Environment;
use crate::granted::GrantedScopes;
use crate::refusal::{Refusal, ScopeProblem};
use crate::remedy::{self, Case, KnownCall, Remedy};
use crate::required_scopes::RequiredScopes;

/// Whether the call of a [`Denial`](crate::Denial) was sent, and the reason if it was not sent.
///
/// ```
/// use gcp_scopes_explain::denial::DenialKind;
///
/// /// Returns whether Google received the call.
/// fn was_sent(denial: &gcp_scopes_explain::Denial) -> bool {
///     denial.kind() == DenialKind::Refused
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DenialKind {
    /// Not sent: the token's scopes are known, and the method accepts none of them.
    Predicted,
    /// Not sent: Google refused an earlier call of this method with this token.
    Confirmed,
    /// Sent, and refused by Google for lack of scope.
    Refused,
}

impl DenialKind {
    /// Returns the kind as one word, for logs and JSON.
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

/// The facts of a denial.
#[derive(Clone)]
pub(super) struct Facts {
    pub(super) kind: DenialKind,
    /// The host of the request, if it is a host of the catalog.
    pub(super) host: Option<&'static str>,
    pub(super) method: Option<ApiMethod>,
    pub(super) required: RequiredScopes,
    pub(super) granted: GrantedScopes,
    pub(super) environment: Arc<Environment>,
    pub(super) refusal: Option<Refusal>,
    /// Computed at the first access, because many denials are dropped unread.
    pub(super) remedy: OnceLock<Remedy>,
}

impl Facts {
    /// Returns the remedy, which is computed at the first call.
    pub(super) fn remedy(&self) -> &Remedy {
        self.remedy.get_or_init(|| remedy::for_case(&self.case()))
    }

    /// Returns whether the known scopes of the token contradict the refusal: one of them is an
    /// accepted scope.
    pub(super) fn is_contradicted(&self) -> bool {
        self.case().is_contradicted()
    }

    /// Returns what is wrong with the token's scopes. For a call that was not sent, a scope is
    /// missing.
    pub(super) fn problem(&self) -> ScopeProblem {
        self.refusal.as_ref().and_then(Refusal::problem).unwrap_or(ScopeProblem::Missing)
    }

    /// Returns the host of the API, if it is known.
    pub(super) fn host(&self) -> Option<&str> {
        let named = self.refusal.as_ref().and_then(Refusal::service);
        self.method.map(|method| method.host()).or(named).or(self.host)
    }

    /// Returns the facts from which the remedy follows.
    fn case(&self) -> Case<'_> {
        let held = self.granted.scopes();
        let case = Case::for_call(self.problem(), &self.required, held, &self.environment);
        case.with_known(KnownCall::new(self.method.is_some(), self.host().is_some()))
    }
}
