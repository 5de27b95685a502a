//! Where a machine's configuration holds the access scopes: a VM, a group of VMs, a GKE node pool.

use super::{Case, Remedy, Step, recommended, scopes_flag};

/// Source of the order stop, set, start, and of `--scopes` replacing the list.
const CHANGE_SCOPES: &str = "https://docs.cloud.google.com/compute/docs/instances/change-service-account#changeserviceaccountandscopes";
/// Source: a group's template cannot be changed, only replaced.
const TEMPLATES: &str =
    "https://docs.cloud.google.com/compute/docs/instance-templates#how_to_update_instance_templates";
/// Source: a node pool's scopes cannot be changed.
const NODE_POOLS: &str = "https://docs.cloud.google.com/kubernetes-engine/docs/how-to/access-scopes";

/// A stand-alone VM: stop it, set its scopes, start it.
pub(super) fn compute_engine(case: &Case<'_>) -> Remedy {
    let vm = instance(case);
    let set = |scopes: &str| format!("gcloud compute instances set-service-account {vm} --scopes={scopes}");
    let union = case.union().map_or_else(|| "SCOPES_IT_HAS,SCOPE_NEEDED".to_owned(), |all| scopes_flag(&all));
    let broad = recommended(case.accepted);
    let name = case.environment.instance().unwrap_or("the VM");
    let summary = format!(
        "Stop {name}, add {} to its access scopes (or set cloud-platform, as Google recommends), and start it.",
        case.needed_in_short()
    );
    let steps = vec![
        Step::new(
            "Stop the VM. Run this and what follows from your workstation or Cloud Shell: stopping ends \
             everything that runs on the VM, and data on local SSDs may be lost.",
        )
        .command(format!("gcloud compute instances stop {vm}")),
        Step::new(
            "Set its access scopes. --scopes replaces the whole list, so this one holds the scopes the VM has \
             and the one it lacks.",
        )
        .command(set(&union))
        .link(CHANGE_SCOPES),
        Step::new(format!(
            "Better, instead of step 2: give it {} and let IAM roles alone decide what the account may do, as \
             Google recommends.",
            broad.iter().map(|scope| scope.short().to_owned()).collect::<Vec<_>>().join(" and ")
        ))
        .command(set(&scopes_flag(&broad))),
        Step::new("Start the VM. Tokens minted from now on carry the new scopes.")
            .command(format!("gcloud compute instances start {vm}")),
    ];
    Remedy::new(summary, steps)
}

/// A VM of a managed instance group: a change to one VM is undone when the group recreates it.
pub(super) fn instance_group(case: &Case<'_>) -> Remedy {
    let group = case.environment.resource().unwrap_or("INSTANCE_GROUP");
    let summary = "Roll out a new instance template with the scope to the VM's managed instance group.";
    let steps = vec![
        Step::new(
            "This VM belongs to a managed instance group, which undoes changes to one VM. Create a new instance \
             template with every flag of the present one and these scopes. (--source-instance would silently \
             drop --scopes.)",
        )
        .command(format!(
            "gcloud compute instance-templates create NEW_TEMPLATE --service-account={} --scopes={}",
            account(case),
            scopes_flag(&recommended(case.accepted)),
        ))
        .link(TEMPLATES),
        Step::new("Roll it out. Every VM of the group is replaced.").command(format!(
            "gcloud compute instance-groups managed rolling-action start-update {group} \
             --version=template=NEW_TEMPLATE {}",
            place_flag(case)
        )),
    ];
    Remedy::new(summary, steps)
}

/// A GKE node: the scopes of a node pool cannot be changed.
pub(super) fn gke_node(case: &Case<'_>) -> Remedy {
    let at = format!(
        "--cluster={} --location={}",
        case.environment.resource().unwrap_or("CLUSTER"),
        case.environment.region().unwrap_or("LOCATION")
    );
    let summary =
        "Use Workload Identity Federation for GKE, or move the workload to a new node pool with the scope.";
    let steps = vec![
        Step::new(
            "Preferred: use Workload Identity Federation for GKE, so that the pod has an identity of its own and \
             node scopes do not apply. Nodes are recreated.",
        )
        .command(format!(
            "gcloud container node-pools update NODE_POOL {at} --workload-metadata=GKE_METADATA"
        ))
        .link("https://docs.cloud.google.com/kubernetes-engine/docs/how-to/workload-identity"),
        Step::new(
            "Or create a new node pool with the scopes, move the workloads to it, and delete the old one. The \
             scopes of an existing pool cannot be changed.",
        )
        .command(format!(
            "gcloud container node-pools create NEW_NODE_POOL {at} --service-account={} --scopes={}",
            account(case),
            scopes_flag(&recommended(case.accepted)),
        ))
        .link(NODE_POOLS),
    ];
    Remedy::new(summary, steps)
}

/// Name and place of the VM as gcloud takes them.
fn instance(case: &Case<'_>) -> String {
    let place = case.environment;
    format!(
        "{} --zone={} --project={}",
        place.instance().unwrap_or("INSTANCE"),
        place.zone().unwrap_or("ZONE"),
        place.project().unwrap_or("PROJECT"),
    )
}

fn account<'a>(case: &'a Case<'_>) -> &'a str {
    case.environment.account().unwrap_or("SERVICE_ACCOUNT")
}

/// A group is zonal or regional; gcloud has a flag for each.
fn place_flag(case: &Case<'_>) -> String {
    match case.environment.region() {
        Some(zone) if crate::environment::names::zone(zone).is_some() => format!("--zone={zone}"),
        Some(region) => format!("--region={region}"),
        None => "--zone=ZONE".to_owned(),
    }
}
