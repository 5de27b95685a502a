//! Which advice fits a refusal for lack of scope.

use gcp_scopes_catalog::scope::ScopeSet;

use super::case::{Case, Remedy};
use super::platform::on_platform;
use super::{code, elsewhere, login, next};
use crate::environment::{Credential, Environment};
use crate::refusal::ScopeRefusal;

/// What opens the scope gate for this credential in this place.
pub(crate) fn remedy(case: &Case<'_>) -> Remedy {
    match case.kind {
        _ if case.is_contradicted() => elsewhere::look_first(get_a_scope(case)),
        ScopeRefusal::Restricting => elsewhere::drop_a_scope(),
        ScopeRefusal::ScopeOrShare => with_share(get_a_scope(case)),
        ScopeRefusal::Missing => get_a_scope(case),
    }
}

/// The server says the same for a missing scope and for a file that is not shared: do both.
fn with_share(remedy: Remedy) -> Remedy {
    Remedy { summary: format!("{} Share the file with the account, too.", remedy.summary), ..remedy }
}

/// A credential that does not come from the place makes the place's settings irrelevant.
fn get_a_scope(case: &Case<'_>) -> Remedy {
    match case.environment.credential() {
        Credential::MetadataServer => on_platform(case).unwrap_or_else(|| elsewhere::general(case)),
        Credential::UserAdc => login::user_adc(case),
        Credential::GcloudUser => login::gcloud_user(case),
        Credential::ExternalUser => login::external_user(case),
        Credential::ServiceAccountKey => code::key(case),
        Credential::ExternalAccount => code::federation(case),
        Credential::Impersonated => code::impersonation(case),
        Credential::DomainWideDelegation => code::delegation(case),
        Credential::Declared | Credential::Unknown => elsewhere::general(case),
    }
}

/// What opens the scope gate for several calls with one token: for each, the scopes of which any one is
/// enough; and what the token holds, as far as that is known. Where IAM has answered already, no step says
/// to look there.
///
/// ```
/// use gcp_scopes_catalog::scope::{Scope, ScopeSet};
/// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
/// use gcp_scopes_explain::remedy;
///
/// let vm = Environment::told(Platform::ComputeEngine, Credential::MetadataServer).with_instance("web-1")?;
/// let accepted = [ScopeSet::from_iter([Scope::cloud_platform()])];
/// let remedy = remedy::for_calls(&accepted, None, &vm, false);
/// assert!(remedy.steps().iter().any(|step| step.command_line().is_some_and(|line| line.contains("stop web-1"))));
/// # Ok::<(), gcp_scopes_explain::Error>(())
/// ```
#[must_use]
pub fn for_calls(
    accepted: &[ScopeSet],
    held: Option<&ScopeSet>,
    environment: &Environment,
    has_iam_answered: bool,
) -> Remedy {
    let case = Case { kind: ScopeRefusal::Missing, accepted, held, environment };
    let mut remedy = remedy(&case);
    if has_iam_answered {
        let needless = next::left_to_iam(&case);
        remedy.steps.retain(|step| !needless.contains(step));
    }
    remedy
}
