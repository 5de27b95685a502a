//! Where the credential, the place or the token is not known for sure, and where a scope is one too many.

use super::case::{Case, Remedy};
use super::platform::on_platform;
use super::step::Step;
use super::{code, login, machine};
use crate::environment::Platform;

/// The credential or the place is not known: each case in one step.
pub(super) fn general(case: &Case<'_>) -> Remedy {
    let mut steps = Vec::new();
    let platform = case.environment.platform();
    let is_open = !platform.is_serverless();
    match on_platform(case) {
        Some(remedy) if platform != Platform::ComputeEngine => {
            steps.extend(is_open.then(|| of_a_product(&remedy)));
        }
        _ => steps.extend(on_a_vm(case)),
    }
    steps.push(
        Step::new(format!(
            "If it comes from a person's login on this machine: log in again with the scope.{}",
            if case.is_cloud() {
                ""
            } else {
                " For an API outside Google Cloud that takes an OAuth client of your own."
            }
        ))
        .command(match case.is_cloud() {
            true => login::command(case),
            false => format!("{} --client-id-file=CLIENT_ID_FILE", login::command(case)),
        })
        .link("https://docs.cloud.google.com/sdk/gcloud/reference/auth/application-default/login"),
    );
    steps.push(
        code::ask(
            "If it comes from a key file, workload identity federation, impersonation or a serverless platform: no \
             command changes it. Ask for the scope in code, which in Rust reads:",
            case,
        )
        .link("https://developers.google.com/identity/protocols/oauth2/scopes"),
    );
    if is_open {
        steps.push(Step::new(
            "If it comes from Batch, a TPU VM or Cloud Workstations: the scopes are part of the job, the TPU VM or \
             the workstation configuration, which has to be made anew or updated with them.",
        ));
    }
    Remedy::new(format!("Get a token that holds {}: the report says how.", case.needed_in_short()), steps)
}

fn on_a_vm(case: &Case<'_>) -> Vec<Step> {
    let vm = machine::instance(case);
    let (scopes, better) = (case.scopes_to_set(), case.or_better());
    let look = machine::look("If the token comes from a VM: see which scopes it has", case, &vm);
    let stop = match look {
        Some(_) => "Then stop that VM",
        None => "If the token comes from a VM: stop it",
    };
    let set = Step::new(format!(
        "{stop}, set its scopes (the flag replaces the list: name every scope it has \
         and the one it lacks), and start it. Run this from another machine: everything on the VM ends.{better}"
    ))
    .command(format!(
        "gcloud compute instances stop {vm} && gcloud compute instances set-service-account {vm} --scopes={scopes} \
         && gcloud compute instances start {vm}"
    ))
    .link("https://docs.cloud.google.com/compute/docs/instances/change-service-account");
    look.into_iter().chain([set]).collect()
}

/// What is known of the token holds a scope that would do: nothing is changed before somebody has looked.
pub(super) fn look_first(remedy: Remedy) -> Remedy {
    let step = Step::new(
        "The token is said to hold a scope that would do, and this refusal says otherwise. Before anything is changed, \
         see what it really holds: run this where the program runs, as its user and with its variables. If the scope \
         is there, the program sent another token: pipe that one into gcp-scopes whoami --token-stdin. If it is not \
         there, go on with the next step.",
    )
    .command("gcp-scopes whoami");
    let summary = "Look which token the program sent, with gcp-scopes whoami where it runs: the one that is known \
                   holds a scope that would do.";
    Remedy::new(summary, std::iter::once(step).chain(remedy.steps).collect())
}

/// Whatever made the machine would undo what is done to it as a VM, or lose it.
fn of_a_product(remedy: &Remedy) -> Step {
    Step::new(format!("If the token is the machine's own, do this. {}", remedy.summary))
}

/// A scope that takes rights away is held beside the one that would do.
pub(super) fn drop_a_scope() -> Remedy {
    let steps = vec![
        Step::new(
            "Get a token without the scope that restricts the call, such as gmail.metadata: Google applies its \
             limits even when a wider scope is held beside it. For a person that means to consent again, without it.",
        )
        .link("https://developers.google.com/workspace/gmail/api/auth/scopes"),
    ];
    Remedy::new("Get a token without the scope that restricts this call.", steps)
}
