//! Where no command changes the scopes: the program names them when it makes its credentials.

use super::case::{Case, Remedy};
use super::next;
use super::pages::{DELEGATION, IMPERSONATE, METADATA_TOKENS, PODS, SCOPES};
use super::step::Step;
use crate::environment::Platform;

/// Cloud Run, Functions, App Engine, GKE Workload Identity: the metadata server mints what is asked.
/// That it does so on App Engine flexible is said by google-auth's documentation and not verified.
pub(super) fn metadata_server(case: &Case<'_>) -> Remedy {
    let clue = match case.is_cloud() {
        true => {
            "Without a list the token holds cloud-platform, which would do: look where the program asks for less."
        }
        false => "Without a list the token holds cloud-platform, which does not cover this API.",
    };
    let address =
        "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token";
    let steps = vec![
        ask(
            &format!(
                "Ask for the scope in code. There is nothing to set on {} and no command for it. {clue} In \
                 Rust, the crate gcp_auth leaves the scopes out of its request; with google-cloud-auth:",
                case.environment.platform()
            ),
            case,
        )
        .link(tokens_page(case)),
        Step::new(
            "Or, in any language, by this request with the header Metadata-Flavor: Google. Commas separate the \
             scopes. What /scopes lists there may be asked for; it is not what a token holds.",
        )
        .code(format!("GET {address}?scopes={}", case.scopes_to_ask().join(","))),
        Step::new("Deploy the changed program. Until then, what runs now is refused as before."),
        next::after(case),
    ];
    Remedy::new(in_code(case), steps)
}

fn tokens_page(case: &Case<'_>) -> &'static str {
    match case.environment.platform() {
        Platform::GkeWorkloadIdentity => PODS,
        _ => METADATA_TOKENS,
    }
}

/// A key file: the JWT that it signs names the scopes.
pub(super) fn key(case: &Case<'_>) -> Remedy {
    with_a_file(case, "key file", "no command changes it")
}

/// Workload identity federation: the exchange names the scopes.
pub(super) fn federation(case: &Case<'_>) -> Remedy {
    with_a_file(case, "credential file", "no command changes it, and the file has no field for it")
}

fn with_a_file(case: &Case<'_>, file: &str, not_so: &str) -> Remedy {
    let intro = elsewhere_than_here(case, file);
    let advice = case.advice();
    let text = format!(
        "{intro}Ask for the scope in code, where the program makes its credentials; {not_so}.{advice}"
    );
    Remedy::new(in_code(case), vec![ask(&text, case).link(SCOPES), restart(), next::after(case)])
}

/// Impersonation: `generateAccessToken` names the scopes.
pub(super) fn impersonation(case: &Case<'_>) -> Remedy {
    let text = format!(
        "Ask for the scope in code, where the program makes its impersonated credentials; no command changes it.{}",
        case.advice()
    );
    let steps = vec![
        ask(&text, case).link(IMPERSONATE),
        Step::new(
            "If it is iamcredentials.googleapis.com that refuses, the credential behind the impersonation lacks the \
             scope: it must hold cloud-platform or iam itself. On a VM without them, set the VM's scopes first.",
        ),
        restart(),
        next::after(case),
    ];
    Remedy::new(in_code(case), steps)
}

/// Domain-wide delegation: the domain's administrator lists the scopes, and the program asks for them.
pub(super) fn delegation(case: &Case<'_>) -> Remedy {
    let number = case.environment.unique_id();
    let mut steps = Vec::new();
    if number.is_none() {
        let project = case.project();
        let command = format!(
            "gcloud iam service-accounts describe {} --format='value(uniqueId)' --project={project}",
            case.account()
        );
        steps.push(Step::new("Look up the unique id of the service account.").command(command));
    }
    let number = number.unwrap_or("UNIQUE_ID");
    steps.push(
        Step::new(format!(
            "Have an administrator of the Workspace domain add the scope to client ID {number} in the admin console. \
             There is no command for it. What is entered there replaces the list: repeat the scopes it has. Until \
             then the token endpoint answers 401 unauthorized_client."
        ))
        .code(case.scopes_to_delegate())
        .console(Some("https://admin.google.com/ac/owl/domainwidedelegation".to_owned()))
        .link(DELEGATION),
    );
    steps.push(Step::new(
        "Ask for the same scope in code, in the `scope` claim of the JWT whose `sub` is the person. From then on, \
         what that person may see decides.",
    ));
    let summary = format!(
        "Have {} added to the account's domain-wide delegation, and ask for it in code.",
        case.needed_in_short()
    );
    Remedy::new(summary, steps)
}

/// A product whose tokens have fixed scopes: let its account act as itself, with other scopes.
pub(super) fn act_as_itself(why: &str, case: &Case<'_>) -> Vec<Step> {
    let account = case.account();
    let text = format!(
        "{why} Let its account mint tokens for itself; every program that runs as the account may do so then. It \
         takes a token with cloud-platform or iam: without one, this does not help."
    );
    vec![
        Step::new(text)
            .command(format!(
                "gcloud iam service-accounts add-iam-policy-binding {account} \
                 --member=serviceAccount:{account} --role=roles/iam.serviceAccountTokenCreator --project={}",
                case.project()
            ))
            .link(IMPERSONATE),
        Step::new("Then, in code, impersonate that account and ask for the scope.").code(format!(
            "google_cloud_auth::credentials::impersonated::Builder::from_source_credentials(google_cloud_auth::\
             credentials::Builder::default().build()?).with_target_principal(\"{account}\").with_scopes({}).build()?",
            list(case)
        )),
        next::after(case),
    ]
}

/// A step whose code asks for the recommended scopes.
pub(super) fn ask(text: &str, case: &Case<'_>) -> Step {
    let code =
        format!("google_cloud_auth::credentials::Builder::default().with_scopes({}).build()?", list(case));
    Step::new(text).code(code)
}

fn list(case: &Case<'_>) -> String {
    let quoted: Vec<String> = case.scopes_to_ask().iter().map(|scope| format!("\"{scope}\"")).collect();
    format!("[{}]", quoted.join(", "))
}

fn restart() -> Step {
    Step::new("Build and start the changed program.")
}

fn in_code(case: &Case<'_>) -> String {
    format!("Ask for {} in code, where the credentials are made.", case.needed_in_short())
}

/// A file wins over the machine, which surprises whoever looks at the machine.
pub(super) fn elsewhere_than_here(case: &Case<'_>, file: &str) -> String {
    match case.environment.platform() {
        Platform::Unknown => String::new(),
        _ => format!("The program uses a {file}, so the scopes of the machine do not matter. "),
    }
}
