//! Where a machine's configuration holds the access scopes: a VM, a group of VMs, a GKE node pool.

use super::case::{Case, Remedy, scopes_flag};
use super::pages::{CHANGE_SCOPES, CONSOLE, NODE_POOLS, ROLLOUT, TEMPLATES, WORKLOAD_IDENTITY};
use super::step::Step;
use super::{code, next};

/// A stand-alone VM: stop it, set its scopes, start it.
pub(super) fn compute_engine(case: &Case<'_>) -> Remedy {
    let vm = instance(case);
    let name = case.environment.instance().unwrap_or("the VM");
    let better = case.recommended_in_short().map(|list| format!(" (or set {list}, as Google recommends)"));
    let summary = format!(
        "Stop {name}, add {} to its access scopes{}, and start it.",
        case.needed_in_short(),
        better.unwrap_or_default()
    );
    let mut steps: Vec<Step> = look("See which scopes the VM has", case, &vm).into_iter().collect();
    // What a stop does to disks and addresses is in Compute Engine's documentation of `stop`.
    steps.push(
        Step::new(
            "Stop the VM. Run this and what follows from your workstation or Cloud Shell, not from the VM: \
             stopping ends everything that runs on it, data on local SSDs may be lost, and an ephemeral \
             external address may change.",
        )
        .command(format!("gcloud compute instances stop {vm}")),
    );
    steps.push(set(case, &vm));
    steps.extend(set_recommended(case, &vm));
    steps.push(
        Step::new("Start the VM. Tokens minted from now on carry the new scopes.")
            .command(format!("gcloud compute instances start {vm}")),
    );
    steps.push(next::after(case));
    Remedy::new(summary, steps)
}

/// Where the list is not known, it is looked up before anything is changed: the flag that sets it replaces it.
pub(super) fn look(see: &str, case: &Case<'_>, vm: &str) -> Option<Step> {
    let find = if case.names_none() { ", and find out which one the call needs" } else { "" };
    let text = format!(
        "{see}{find}, before anything is changed: the command that sets them replaces the whole list."
    );
    see_scopes(case, text, &format!("gcloud compute instances describe {vm}"), "serviceAccounts[0].scopes")
}

/// The command that lists the scopes which are set now, if nobody knows them.
pub(super) fn see_scopes(
    case: &Case<'_>,
    text: impl Into<String>,
    describe: &str,
    field: &str,
) -> Option<Step> {
    let command = format!("{describe} --format='value({field}.list())'");
    case.held().is_none().then(|| Step::new(text).command(command))
}

fn set(case: &Case<'_>, vm: &str) -> Step {
    let list = match (case.held(), case.needed().len()) {
        (None, 0) => {
            "so put the scopes it has in the place of SCOPES_IT_HAS, and the one it lacks in that of SCOPE"
        }
        (None, _) => "so put the scopes it has in the place of SCOPES_IT_HAS",
        (Some(_), 0) => "so this one holds the scopes it has: put the one it lacks in the place of SCOPE",
        (Some(_), 1) => {
            "so this one holds the scopes it has and the one it lacks. If other calls are refused, too, add their \
             scopes to it"
        }
        (Some(_), _) => "so this one holds the scopes it has and those it lacks",
    };
    let beyond = case.beyond_cloud();
    let set = match case.recommended_in_short() {
        Some(_) => "Set its access scopes, by this step or by the next",
        None => "Set its access scopes",
    };
    Step::new(format!("{set}. --scopes replaces the whole list, {list}.{beyond}"))
        .command(set_command(vm, &case.scopes_to_set()))
        .console(edit_page(case))
        .link(CHANGE_SCOPES)
}

/// What Google recommends in the place of that step. It has no number yet: another may come before all.
fn set_recommended(case: &Case<'_>, vm: &str) -> Option<Step> {
    let better = case.recommended_in_short()?;
    let text = format!(
        "Better than the step before, and instead of it: give it {better} and let IAM roles alone decide what the \
         account may do, as Google recommends."
    );
    Some(Step::new(text).command(set_command(vm, &scopes_flag(&case.recommended()))))
}

fn set_command(vm: &str, scopes: &str) -> String {
    format!("gcloud compute instances set-service-account {vm} --scopes={scopes}")
}

/// A VM of a managed instance group: a change to one VM is undone when the group recreates it.
pub(super) fn instance_group(case: &Case<'_>) -> Remedy {
    let project = case.project();
    let (scopes, better) = (case.scopes_to_set(), case.or_better());
    let group = format!(
        "{} {} --project={project}",
        case.environment.resource().unwrap_or("INSTANCE_GROUP"),
        place_flag(case)
    );
    let templates = |project| format!("{CONSOLE}/compute/instanceTemplates/list?project={project}");
    let mut steps = vec![
        Step::new(
            "This VM belongs to a managed instance group, which undoes changes to one VM. See which instance \
             template the group uses.",
        )
        .command(format!(
            "gcloud compute instance-groups managed describe {group} --format='value(versions[].instanceTemplate)'"
        )),
    ];
    steps.extend(see_scopes(
        case,
        "See which scopes that template sets. Put its address in the place of INSTANCE_TEMPLATE.",
        &format!("gcloud compute instance-templates describe INSTANCE_TEMPLATE --project={project}"),
        "properties.serviceAccounts[0].scopes",
    ));
    steps.extend([
        Step::new(format!(
            "Templates cannot be changed: create a new one with these scopes, and repeat every other flag of the \
             present one (machine type, image, disks, network, metadata). --source-instance is no short cut: it \
             silently drops --scopes.{}{better}{}",
            case.to_fill_in(),
            case.beyond_cloud()
        ))
        .command(format!(
            "gcloud compute instance-templates create NEW_TEMPLATE --service-account={} --scopes={scopes} \
             --project={project}",
            case.account()
        ))
        .console(case.environment.project().map(templates))
        .link(TEMPLATES),
        Step::new("Roll it out. Every VM of the group is replaced by a new one; what is on its disks is lost, \
             unless the group is stateful.")
            .command(format!(
                "gcloud compute instance-groups managed rolling-action start-update {group} \
                 --version=template=NEW_TEMPLATE"
            ))
            .link(ROLLOUT),
        next::after(case),
    ]);
    let summary = format!(
        "Roll out a new instance template with {} to the VM's managed instance group.",
        case.needed_in_short()
    );
    Remedy::new(summary, steps)
}

/// A GKE node: the scopes of a node pool cannot be changed.
pub(super) fn gke_node(case: &Case<'_>) -> Remedy {
    let summary =
        "Use Workload Identity Federation for GKE, or move the workload to a new node pool with the scope.";
    let mut steps = workload_identity(case);
    steps.extend(new_node_pool(case));
    Remedy::new(summary, steps)
}

fn workload_identity(case: &Case<'_>) -> Vec<Step> {
    let place = case.environment;
    let (project, number) = (case.project(), place.project_number().unwrap_or("PROJECT_NUMBER"));
    let (cluster, location) = cluster(case);
    let pool = place.node_pool().unwrap_or("NODE_POOL");
    let page = |project| {
        format!("{CONSOLE}/kubernetes/clusters/details/{location}/{cluster}/details?project={project}")
    };
    let mut steps = vec![
        Step::new(
            "Preferred: give the pod an identity of its own, to which node scopes do not apply. First give the \
             cluster a workload pool, if it has none (Autopilot clusters have one). Running pods are not touched.",
        )
        .command(format!(
            "gcloud container clusters update {cluster} --location={location} --project={project} \
             --workload-pool={project}.svc.id.goog"
        ))
        .console(place.project().filter(|_| place.resource().is_some() && place.location().is_some()).map(page))
        .link(WORKLOAD_IDENTITY),
        Step::new(
            "Give the pod's Kubernetes service account the IAM role that the call needs, before its nodes change. \
             Fill in the words in capitals; KSA is that account's name.",
        )
        .command(format!(
            "gcloud projects add-iam-policy-binding {project} --role=ROLE --member=principal://iam.googleapis.com/\
             projects/{number}/locations/global/workloadIdentityPools/{project}.svc.id.goog/subject/ns/NAMESPACE/\
             sa/KSA"
        )),
        Step::new(
            "Then switch the node pool to GKE's metadata server. Its nodes are recreated: every pod on them \
             restarts, and loses the node's account for its own identity: give each its roles first.",
        )
        .command(format!(
            "gcloud container node-pools update {pool} --cluster={cluster} --location={location} \
             --project={project} --workload-metadata=GKE_METADATA"
        )),
    ];
    if !case.is_cloud() {
        steps.push(code::ask(
            "Then ask for the scope in code: the pod's token holds cloud-platform by itself, which \
             does not cover this API.",
            case,
        ));
    }
    steps
}

fn new_node_pool(case: &Case<'_>) -> Vec<Step> {
    let (cluster, location) = cluster(case);
    let at = format!("--cluster={cluster} --location={location} --project={}", case.project());
    let pool = case.environment.node_pool().unwrap_or("OLD_NODE_POOL");
    let (scopes, better) = (case.scopes_to_set(), case.or_better());
    let look = see_scopes(
        case,
        "Or, instead of all that, move the pods to a new node pool. See which scopes the present one has.",
        &format!("gcloud container node-pools describe {pool} {at}"),
        "config.oauthScopes",
    );
    let create = match look {
        Some(_) => "Create",
        None => "Or, instead of all that, create",
    };
    let change = [
        Step::new(format!(
            "{create} a node pool with these scopes: those of an existing pool cannot be changed. Repeat its other \
             flags.{}{better}",
            case.to_fill_in()
        ))
        .command(format!(
            "gcloud container node-pools create NEW_NODE_POOL {at} --service-account={} --scopes={scopes}",
            case.account()
        ))
        .link(NODE_POOLS),
        Step::new(
            "Then move the pods (kubectl drain each old node: it restarts them elsewhere) and delete the old pool. \
             IAM roles of the node's account decide from there on.",
        )
        .command(format!("gcloud container node-pools delete {pool} {at}")),
    ];
    look.into_iter().chain(change).collect()
}

fn cluster<'a>(case: &'a Case<'_>) -> (&'a str, &'a str) {
    let place = case.environment;
    (place.resource().unwrap_or("CLUSTER"), place.location().unwrap_or("LOCATION"))
}

/// Name and place of the VM as gcloud takes them.
pub(super) fn instance(case: &Case<'_>) -> String {
    let place = case.environment;
    format!(
        "{} --zone={} --project={}",
        place.instance().unwrap_or("INSTANCE"),
        place.zone().unwrap_or("ZONE"),
        case.project(),
    )
}

/// The form of the address is seen in public scripts, not documented.
fn edit_page(case: &Case<'_>) -> Option<String> {
    let place = case.environment;
    let (name, zone, project) = (place.instance()?, place.zone()?, place.project()?);
    Some(format!("{CONSOLE}/compute/instancesEdit/zones/{zone}/instances/{name}?project={project}"))
}

/// A group is zonal or regional; gcloud has a flag for each.
fn place_flag(case: &Case<'_>) -> String {
    match case.environment.location() {
        Some(zone) if crate::environment::names::zone(zone).is_some() => format!("--zone={zone}"),
        Some(region) => format!("--region={region}"),
        None => "--zone=ZONE".to_owned(),
    }
}
