//! The remedy for a refusal for lack of scope.

use gcp_scopes_catalog::scope::{Scope, ScopeSet};

use super::advice::{self, WithWords};
use super::case::Case;
use super::context::has_settable_scopes;
use super::option::{Remedy, RemedyOption};
use crate::environment::{Credential, Environment, Platform};
use crate::refusal::ScopeProblem;

/// Returns the remedy for a refusal for lack of scope.
pub(crate) fn for_case(case: &Case<'_>) -> Remedy {
    match case.problem {
        _ if case.is_vm_without_account() => get_account(case),
        _ if case.is_contradicted() => check_token_first(case),
        ScopeProblem::Restricting => advice::remedy("drop_a_scope", case),
        ScopeProblem::Script => advice::remedy("script", case),
        ScopeProblem::NodePool => advice::remedy("new_node_pool", case),
        ScopeProblem::Registry => advice::remedy(section_for_registry(case), case),
        ScopeProblem::ScopeOrShare => get_scope_or_share(case),
        ScopeProblem::Missing if case.needs_unknown_scope() => find_out_scope(case),
        ScopeProblem::Missing => get_scope(case),
    }
}

/// Returns the remedy for a VM that has no service account, or one without scopes. No call succeeds
/// there, so the account gets `cloud-platform` if no scope is known to be needed.
fn get_account(case: &Case<'_>) -> Remedy {
    let any = [ScopeSet::from_iter([Scope::cloud_platform()])];
    match case.needs_unknown_scope() {
        true => advice::remedy("no_account", &Case::for_calls(&any, case.held(), case.environment)),
        false => advice::remedy("no_account", case),
    }
}

/// Returns the options for a program whose metadata server has no token, because the machine has
/// no service account. Returns `None` for a platform whose account and scopes cannot be set.
pub(super) fn for_missing_account(environment: &Environment) -> Option<Vec<RemedyOption>> {
    let any = [ScopeSet::from_iter([Scope::cloud_platform()])];
    let none = ScopeSet::new();
    let case = Case::for_calls(&any, Some(&none), environment);
    match environment.platform() {
        Platform::ComputeEngine | Platform::Unknown => {
            Some(advice::remedy("no_account", &case).options)
        }
        // A job of Batch always has an account.
        Platform::CloudBatch => None,
        platform if has_settable_scopes(platform) => Some(get_scope(&case).options),
        _ => None,
    }
}

/// Returns the remedy for a refusal that contradicts the known scopes of the token. The call may
/// have been sent with another token, so the recommended option is to check the token.
fn check_token_first(case: &Case<'_>) -> Remedy {
    let mut others = if case.is_machine_enough() { Vec::new() } else { get_scope(case).options };
    // The section `look` already inspects the token, so options that do nothing else are left out.
    others.retain(|option| option.scopes.is_some() || option.destroys.is_some());
    let words = [("others", "")];
    let words = if others.is_empty() { &[][..] } else { &words };
    let Remedy { summary, mut options } = advice::remedy("look", &WithWords(case, words));
    options.extend(others);
    Remedy::new(summary, options)
}

/// Returns the remedy for a missing scope or a file that is not shared. The server's response does
/// not distinguish the causes, so the remedy is to get the scope and to share the file.
fn get_scope_or_share(case: &Case<'_>) -> Remedy {
    let Remedy { summary, options } = get_scope(case);
    let summary = advice::summary("with_share", &WithWords(case, &[("summary", &summary)]));
    Remedy { summary, options }
}

/// Returns the remedy for a missing scope that is not known. No step changes a machine or a login
/// before the scope is known.
fn find_out_scope(case: &Case<'_>) -> Remedy {
    let how = get_scope(case).summary;
    advice::remedy("find_out_scope", &WithWords(case, &[("how", &how)]))
}

/// Returns the remedy for a missing scope. The credential is checked before the platform, because
/// the settings of the platform affect only tokens of its metadata server.
fn get_scope(case: &Case<'_>) -> Remedy {
    if is_for_a_person(case) {
        return advice::remedy("for_a_person", case);
    }
    let section = match case.environment.credential() {
        Credential::MetadataServer => section_for_platform(case),
        Credential::UserAdc => Some("user_adc"),
        Credential::GcloudUser => Some("gcloud_user"),
        Credential::ExternalUser => Some("external_user"),
        Credential::ServiceAccountKey => Some("key"),
        Credential::ExternalAccount => Some("federation"),
        Credential::Impersonated => Some("impersonation"),
        Credential::DomainWideDelegation => Some("delegation"),
        Credential::OauthClient => Some("oauth_client"),
        Credential::Declared | Credential::Unknown => None,
    };
    let Remedy { summary, mut options } = match section {
        Some(section) => advice::remedy(section, case),
        None => for_unknown_credential(case),
    };
    if can_act_as_another(case) {
        options.extend(advice::options("own_credential", case));
    }
    Remedy::new(summary, options)
}

/// Returns whether a service account calls an API for a person's mail or contacts.
fn is_for_a_person(case: &Case<'_>) -> bool {
    let is_of_service_account = match case.environment.credential() {
        Credential::MetadataServer => {
            let platform = case.environment.platform();
            // On these platforms, the metadata server may issue tokens of a person.
            !matches!(platform, Platform::CloudShell | Platform::ColabEnterprise)
        }
        Credential::ServiceAccountKey
        | Credential::ExternalAccount
        | Credential::ExternalUser
        | Credential::Impersonated => true,
        _ => false,
    };
    is_of_service_account && case.is_about_a_person()
}

/// Returns whether the program can get a token with the scope from the IAM Credentials API, with
/// the token that it has, instead of a change to the machine.
fn can_act_as_another(case: &Case<'_>) -> bool {
    case.environment.credential() == Credential::MetadataServer
        && has_settable_scopes(case.environment.platform())
        && case.problem != ScopeProblem::Registry
        && !case.is_cloud_platform_enough()
        && case.held().is_some()
        && !case.cannot_issue_tokens()
}

/// Returns the section of advice for a refusal by a container registry.
fn section_for_registry(case: &Case<'_>) -> &'static str {
    let is_attached = case.environment.credential() == Credential::MetadataServer;
    match case.environment.platform() {
        Platform::GkeNode | Platform::GkeWorkloadIdentity => "registry_on_gke",
        Platform::ComputeEngine | Platform::ManagedInstanceGroup if is_attached => "registry_on_vm",
        _ => "registry",
    }
}

/// Returns the section of advice for a program that uses the service account of its machine or
/// service.
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
        // The steps of the section `workbench` request another token for the same account, for
        // which the scopes of this token are not enough.
        Platform::Workbench if case.cannot_issue_tokens() => "workbench_vm",
        Platform::Workbench => "workbench",
        Platform::CloudBuild => "cloud_build",
        Platform::CloudShell => "gcloud_user",
        Platform::CloudBatch => "cloud_batch",
        Platform::TpuVm => "tpu_vm",
        Platform::Workstations => "workstations",
        Platform::VertexCustomJob => "vertex_custom_job",
        Platform::ColabEnterprise => "colab_enterprise",
        Platform::SlurmNode => "slurm_node",
        Platform::DataprocServerless => "dataproc_serverless",
        Platform::Unknown => return None,
    })
}

/// Returns the remedy for a missing scope if the kind of the credential is unknown.
fn for_unknown_credential(case: &Case<'_>) -> Remedy {
    let is_vm = case.environment.platform() == Platform::ComputeEngine;
    let product = section_for_platform(case).filter(|_| !is_vm);
    let own = product.map(|section| advice::summary(section, case)).unwrap_or_default();
    let mut words = vec![("own", own.as_str())];
    words.extend(product.map(|_| ("product", "")));
    advice::remedy("general", &WithWords(case, &words))
}

/// Returns the remedy for several calls that one token lacks scopes for: a sentence, and options,
/// of which the first one is recommended.
///
/// `accepted` has a set of scopes for each call; each call needs one scope of its set. `held` are
/// the scopes of the token, if they are known. `has_iam_answered` is true if IAM already decided on
/// the calls; then the steps about IAM are left out.
///
/// ```
/// use gcp_scopes_catalog::scope::{Scope, ScopeSet};
/// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
/// use gcp_scopes_explain::remedy;
///
/// let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer)
///     .with_instance("web-1")?;
/// let accepted = [ScopeSet::from_iter([Scope::cloud_platform()])];
/// let (summary, options) = remedy::for_calls(&accepted, None, &vm, false);
/// assert!(summary.starts_with("Stop web-1"), "{summary}");
/// let mut commands = options[0].steps().iter().filter_map(|step| step.command_line());
/// assert!(commands.any(|command| command.contains("instances stop web-1")));
/// # Ok::<(), gcp_scopes_explain::Error>(())
/// ```
#[must_use]
pub fn for_calls(
    accepted: &[ScopeSet],
    held: Option<&ScopeSet>,
    environment: &Environment,
    has_iam_answered: bool,
) -> (String, Vec<RemedyOption>) {
    let case = Case::for_calls(accepted, held, environment);
    let Remedy { summary, mut options } = for_case(&case);
    if has_iam_answered {
        let needless = ["iam", "own_roles"].map(|section| advice::steps(section, &case)).concat();
        options.iter_mut().for_each(|option| option.steps.retain(|step| !needless.contains(step)));
    }
    (summary, options)
}

#[cfg(test)]
mod tests {
    use hcl_edit::expr::Expression;
    use hcl_edit::structure::Body;

    use super::*;

    fn set(names: &[&str]) -> ScopeSet {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    /// Returns the lists of scopes in a body and its blocks.
    fn lists(body: &Body) -> Vec<Vec<String>> {
        let names = ["scopes", "scope", "oauth_scopes", "service_account_scopes"];
        let own = body.attributes().filter(|attribute| names.contains(&attribute.key.as_str()));
        let own = own.map(|attribute| {
            let list = attribute.value.as_array().expect("no list");
            list.iter().filter_map(Expression::as_str).map(str::to_owned).collect()
        });
        own.chain(body.blocks().flat_map(|block| lists(&block.body))).collect()
    }

    /// Returns the lists of scopes in all Terraform blocks of the remedy.
    fn terraform_lists(remedy: &Remedy) -> Vec<Vec<String>> {
        let steps = remedy.options.iter().flat_map(RemedyOption::steps);
        let blocks = steps.filter(|step| step.code_language() == Some("hcl"));
        let bodies = blocks
            .filter_map(|step| step.code_line())
            .map(|code| code.parse::<Body>().unwrap_or_else(|error| panic!("{error}\n{code}")));
        bodies.flat_map(|body| lists(&body)).collect()
    }

    #[test]
    fn terraform_blocks_hold_the_present_scopes_and_the_missing_one() {
        let held = set(&["devstorage.read_only", "logging.write"]);
        let union = set(&["devstorage.read_only", "logging.write", "drive.readonly"]);
        let cloud = set(&["cloud-platform"]);
        let resources = [
            (Platform::ComputeEngine, 1),
            (Platform::ManagedInstanceGroup, 2),
            (Platform::GkeNode, 2),
            (Platform::Dataproc, 1),
            (Platform::Workstations, 1),
            (Platform::TpuVm, 1),
        ];
        for (platform, count) in resources {
            let here = Environment::new(platform, Credential::MetadataServer);
            let here = here.with_managed_by("terraform").unwrap();
            let lists_for = |accepted: &[&str], held| {
                let accepted = [set(accepted)];
                let case = Case::for_calls(&accepted, held, &here);
                let lists = terraform_lists(&for_case(&case));
                assert_eq!(lists.len(), count, "{platform:?}: {lists:?}");
                lists
            };
            let uris = |scopes: &ScopeSet| -> Vec<String> {
                scopes.iter().map(|scope| scope.as_str().to_owned()).collect()
            };
            for list in lists_for(&["drive.readonly"], Some(&held)) {
                assert_eq!(list, uris(&union), "{platform:?}");
            }
            for list in lists_for(&["pubsub", "cloud-platform"], Some(&held)) {
                assert_eq!(list, uris(&cloud), "{platform:?}");
            }
            for list in lists_for(&["drive.readonly"], None) {
                let missing = uris(&set(&["drive.readonly"]));
                assert_eq!(list, [&["SCOPES_IT_HAS".to_owned()], &missing[..]].concat());
            }
        }
    }

    #[test]
    fn no_command_undoes_what_a_tool_manages() {
        let platforms = [
            Platform::ComputeEngine,
            Platform::ManagedInstanceGroup,
            Platform::GkeNode,
            Platform::Dataproc,
            Platform::Workstations,
            Platform::TpuVm,
        ];
        for (platform, owner) in platforms
            .into_iter()
            .flat_map(|platform| crate::environment::OWNERS.map(|owner| (platform, owner)))
        {
            let here = Environment::new(platform, Credential::MetadataServer);
            // Terraform does not know a pool that node auto-provisioning made.
            let here = here.with_node_pool("pool-1").unwrap().with_managed_by(owner).unwrap();
            let accepted = [set(&["pubsub", "cloud-platform"])];
            let remedy = for_case(&Case::for_calls(&accepted, None, &here));
            let steps = remedy.options.iter().flat_map(RemedyOption::steps);
            let mut commands = steps.filter_map(|step| step.command_line());
            let changes = |command: &str| {
                let verbs = [" create ", " update ", " set-", " delete ", " import "];
                command.starts_with("gcloud") && verbs.iter().any(|verb| command.contains(verb))
            };
            let has_change = commands.any(changes);
            let keeps_machines = ["terraform", "pulumi", "config-connector"].contains(&owner);
            assert_eq!(has_change, !keeps_machines, "{platform:?} {owner}");
        }
    }
}
