//! What a denial is made of.

use std::sync::Arc;

use gcp_scopes_catalog::ApiMethod;
use gcp_scopes_catalog::scope::ScopeSet;

use crate::environment::Environment;
use crate::granted::GrantedScopes;
use crate::refusal::Refusal;
use crate::remedy::Remedy;

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
    /// Whether a scope that would do is among those that the refused token is said to hold.
    pub(super) is_contradicted: bool,
    pub(super) remedy: Remedy,
}
