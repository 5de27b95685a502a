//! Which advice fits a refusal for lack of scope.

use gcp_scopes_catalog::scope::ScopeSet;

use super::advice::{self, With};
use super::case::Case;
use super::step::Remedy;
use crate::environment::{Credential, Environment, Platform};
use crate::refusal::ScopeRefusal;

/// What opens the scope gate for this credential in this place.
pub(crate) fn remedy(case: &Case<'_>) -> Remedy {
    match case.kind {
        _ if case.is_contradicted() => look_first(case),
        ScopeRefusal::Restricting => advice::remedy("drop_a_scope", case),
        ScopeRefusal::ScopeOrShare => with_share(case),
        ScopeRefusal::Missing => get_a_scope(case),
    }
}

/// Nothing is changed for a token that may not be the one that was sent.
fn look_first(case: &Case<'_>) -> Remedy {
    let mut remedy = advice::remedy("look", case);
    remedy.steps.extend(get_a_scope(case).steps);
    remedy
}

/// The server says the same for a missing scope and for a file that is not shared: do both.
fn with_share(case: &Case<'_>) -> Remedy {
    let Remedy { summary, steps } = get_a_scope(case);
    let summary = advice::summary("with_share", &With(case, &[("summary", &summary)]));
    Remedy { summary, steps }
}

/// A credential that does not come from the place makes the place's settings irrelevant.
fn get_a_scope(case: &Case<'_>) -> Remedy {
    let section = match case.environment.credential() {
        Credential::MetadataServer => of_platform(case),
        Credential::UserAdc => Some("user_adc"),
        Credential::GcloudUser => Some("gcloud_user"),
        Credential::ExternalUser => Some("external_user"),
        Credential::ServiceAccountKey => Some("key"),
        Credential::ExternalAccount => Some("federation"),
        Credential::Impersonated => Some("impersonation"),
        Credential::DomainWideDelegation => Some("delegation"),
        Credential::Declared | Credential::Unknown => None,
    };
    section.map_or_else(|| general(case), |section| advice::remedy(section, case))
}

/// The section for a program that uses the account attached to its machine or service.
fn of_platform(case: &Case<'_>) -> Option<&'static str> {
    Some(match case.environment.platform() {
        Platform::ComputeEngine => "compute_engine",
        Platform::ManagedInstanceGroup => "instance_group",
        Platform::GkeNode => "gke_node",
        Platform::GkeWorkloadIdentity
        | Platform::CloudRunService
        | Platform::CloudRunJob
        | Platform::CloudRunWorkerPool
        | Platform::CloudFunctions
        | Platform::AppEngineStandard
        | Platform::AppEngineFlexible => "metadata_server",
        Platform::Dataproc => "dataproc",
        Platform::Dataflow => "dataflow",
        Platform::Composer => "composer",
        Platform::Workbench if case.cannot_mint() => "compute_engine",
        Platform::Workbench => "workbench",
        Platform::CloudBuild => "cloud_build",
        Platform::CloudShell => "gcloud_user",
        Platform::Unknown => return None,
    })
}

/// Where it is not known whose the credential is.
fn general(case: &Case<'_>) -> Remedy {
    let Remedy { summary, steps } = advice::remedy("general", case);
    let mut all = match of_platform(case).filter(|_| case.environment.platform() != Platform::ComputeEngine) {
        Some(section) => {
            let own = advice::summary(section, case);
            advice::steps("of_a_product", &With(case, &[("summary", &own)]))
        }
        None => advice::steps("on_a_vm", case),
    };
    all.extend(steps);
    Remedy { summary, steps: all }
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
/// let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer).with_instance("web-1")?;
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
    let case = Case::new(ScopeRefusal::Missing, accepted, held, environment);
    let mut remedy = remedy(&case);
    if has_iam_answered {
        let needless = ["iam", "own_roles"].map(|section| advice::steps(section, &case)).concat();
        remedy.steps.retain(|step| !needless.contains(step));
    }
    remedy
}
