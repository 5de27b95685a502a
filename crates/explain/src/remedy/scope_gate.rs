//! The advice for a refusal for lack of scope.

use gcp_scopes_catalog::scope::ScopeSet;

use super::advice::{self, With};
use super::case::Case;
use super::step::{Remedy, Step};
use crate::environment::{Credential, Environment, Platform};
use crate::refusal::ScopeProblem;

/// What opens the scope gate for this credential at this place.
pub(crate) fn remedy(case: &Case<'_>) -> Remedy {
    match case.problem {
        _ if case.is_contradicted() => look_before(case),
        ScopeProblem::Restricting => advice::remedy("drop_a_scope", case),
        ScopeProblem::ScopeOrShare => with_share(case),
        ScopeProblem::Missing => get_a_scope(case),
    }
}

/// The token that is known holds enough, so another one may have been sent: the first step is to
/// look.
fn look_before(case: &Case<'_>) -> Remedy {
    let mut remedy = advice::remedy("look", case);
    remedy.steps.extend(get_a_scope(case).steps);
    remedy
}

/// The server gives one answer for a missing scope and for a file that is not shared: the advice is
/// to get the scope and share the file.
fn with_share(case: &Case<'_>) -> Remedy {
    let Remedy { summary, steps } = get_a_scope(case);
    let summary = advice::summary("with_share", &With(case, &[("summary", &summary)]));
    Remedy { summary, steps }
}

/// The credential decides first: one that does not come from the place is not changed by its
/// settings.
fn get_a_scope(case: &Case<'_>) -> Remedy {
    let section = match case.environment.credential() {
        Credential::MetadataServer => section_for_platform(case),
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

/// The section for a program that uses the service account of its machine or service.
fn section_for_platform(case: &Case<'_>) -> Option<&'static str> {
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

/// For a credential of an unknown kind.
fn general(case: &Case<'_>) -> Remedy {
    let Remedy { summary, steps } = advice::remedy("general", case);
    let mut all =
        match section_for_platform(case).filter(|_| case.environment.platform() != Platform::ComputeEngine) {
            Some(section) => {
                let own = advice::summary(section, case);
                advice::steps("of_a_product", &With(case, &[("summary", &own)]))
            }
            None => advice::steps("on_a_vm", case),
        };
    all.extend(steps);
    Remedy { summary, steps: all }
}

/// What opens the scope gate for several calls with one token: a sentence, and the steps.
///
/// `accepted` has a set for each call, of which one scope is enough; `held` are the scopes of the
/// token, if they are known. If `has_iam_answered`, no step sends the reader to IAM.
///
/// ```
/// use gcp_scopes_catalog::scope::{Scope, ScopeSet};
/// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
/// use gcp_scopes_explain::remedy;
///
/// let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer)
///     .with_instance("web-1")?;
/// let accepted = [ScopeSet::from_iter([Scope::cloud_platform()])];
/// let (summary, steps) = remedy::for_calls(&accepted, None, &vm, false);
/// assert!(summary.starts_with("Stop web-1"), "{summary}");
/// let mut commands = steps.iter().filter_map(|step| step.command_line());
/// assert!(commands.any(|command| command.contains("instances stop web-1")));
/// # Ok::<(), gcp_scopes_explain::Error>(())
/// ```
#[must_use]
pub fn for_calls(
    accepted: &[ScopeSet],
    held: Option<&ScopeSet>,
    environment: &Environment,
    has_iam_answered: bool,
) -> (String, Vec<Step>) {
    let case = Case::new(ScopeProblem::Missing, accepted, held, environment);
    let Remedy { summary, mut steps } = remedy(&case);
    if has_iam_answered {
        let needless = ["iam", "own_roles"].map(|section| advice::steps(section, &case)).concat();
        steps.retain(|step| !needless.contains(step));
    }
    (summary, steps)
}
