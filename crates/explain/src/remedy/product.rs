//! Products that run on VMs of their own and set the scopes of those VMs.

use super::case::{Case, Remedy};
use super::pages::{COMPOSER, DATAPROC};
use super::step::Step;
use super::{code, machine, next};
use gcp_scopes_catalog::scope::{Scope, ScopeSet};

/// Only labels, sizes and policies of a cluster can be changed, so it has to be made anew.
/// Source: `gcloud dataproc clusters update --help`.
pub(super) fn dataproc(case: &Case<'_>) -> Remedy {
    let place = case.environment;
    let at = format!("--region={} --project={}", place.location().unwrap_or("REGION"), case.project());
    let cluster = place.resource().unwrap_or("CLUSTER");
    let (scopes, better) = (case.scopes_to_set(), case.or_better());
    let summary = format!("Create the Dataproc cluster anew with {}.", case.needed_in_short());
    let steps = vec![
        Step::new("The scopes of a cluster are fixed when it is made. See how this one was made.")
            .command(format!("gcloud dataproc clusters describe {cluster} {at}")),
        Step::new(format!(
            "Create a new cluster with these scopes and every other flag of the present one. Dataproc adds the few \
             that it needs itself.{}{better}{}",
            case.to_fill_in(),
            case.beyond_cloud()
        ))
        .command(format!(
            "gcloud dataproc clusters create NEW_CLUSTER {at} --service-account={} --scopes={scopes}",
            case.account()
        ))
        .link(DATAPROC),
        Step::new("Move the jobs, then delete the old cluster. Its HDFS and local disks are lost.")
            .command(format!("gcloud dataproc clusters delete {cluster} {at}")),
        next::after(case),
    ];
    Remedy::new(summary, steps)
}

/// Which scopes workers get is not documented.
pub(super) fn dataflow(case: &Case<'_>) -> Remedy {
    let why = "Dataflow has no setting for the scopes of its workers, and no command changes them.";
    Remedy::new(impersonate(case), code::act_as_itself(why, case))
}

/// Whether Cloud Build's metadata server heeds the scopes it is asked for is not documented.
pub(super) fn cloud_build(case: &Case<'_>) -> Remedy {
    let why = "Cloud Build has no setting for the scopes of a build's token, and no command changes them.";
    Remedy::new(impersonate(case), code::act_as_itself(why, case))
}

/// Instances of today have `cloud-platform` and nothing else. That older notebooks, which have a
/// list of their own, take to the steps for a VM is unverified.
/// Source: `serviceAccounts[].scopes` is output only in
/// <https://docs.cloud.google.com/vertex-ai/docs/workbench/reference/rest/v2/projects.locations.instances>.
pub(super) fn workbench(case: &Case<'_>) -> Remedy {
    let mints = ["cloud-platform", "iam"]
        .map(|name| Scope::from_uri(&format!("https://www.googleapis.com/auth/{name}")));
    if case.held().is_some_and(|held| !held.intersects(&ScopeSet::from_iter(mints))) {
        return machine::compute_engine(case);
    }
    let why = "The scopes of a Workbench instance are fixed, and no command changes them.";
    Remedy::new(impersonate(case), code::act_as_itself(why, case))
}

/// Composer 1 runs on nodes with scopes; since Composer 2 it runs with Workload Identity.
pub(super) fn composer(case: &Case<'_>) -> Remedy {
    let scopes = case.scopes_to_set();
    let location = case.environment.location().unwrap_or("LOCATION");
    let mut steps = vec![code::ask(
        "Composer 2 and 3: there is nothing to set on the environment and no command for it. Ask for the scope in \
         code.",
        case,
    )];
    // `nodeConfig.oauthScopes` is there for Composer 1 alone:
    // https://docs.cloud.google.com/composer/docs/reference/rest/v1/projects.locations.environments.
    steps.extend(machine::see_scopes(
        case,
        "Composer 1: see which scopes the environment has.",
        &format!(
            "gcloud composer environments describe {} --location={location} --project={}",
            case.environment.resource().unwrap_or("ENVIRONMENT"),
            case.project()
        ),
        "config.nodeConfig.oauthScopes",
    ));
    steps.extend([
        Step::new(format!(
            "Composer 1: the scopes are fixed when an environment is made. Create a new one with them (or one of \
             Composer 3, which needs none), move the DAGs, and delete the old one with all that it stores.{}",
            case.to_fill_in()
        ))
        .command(format!(
            "gcloud composer environments create NEW_ENVIRONMENT --location={location} --project={} \
             --oauth-scopes={scopes}",
            case.project()
        ))
        .link(COMPOSER),
        next::after(case),
    ]);
    let summary =
        format!("Ask for {} in code (Composer 1: create the environment anew).", case.needed_in_short());
    Remedy::new(summary, steps)
}

fn impersonate(case: &Case<'_>) -> String {
    format!("Impersonate the service account in code and ask for {}.", case.needed_in_short())
}
