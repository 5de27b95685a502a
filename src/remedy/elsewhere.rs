//! Where scopes are asked for by a person or by code, not set on a machine.

use super::{Case, Remedy, Step};
use crate::scope::ScopeSet;

/// What `gcloud auth application-default login` asks for by default, all of which `--scopes`
/// replaces. Source: `gcloud auth application-default login --help`.
const LOGIN_DEFAULTS: [&str; 4] = [
    "openid",
    "https://www.googleapis.com/auth/userinfo.email",
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/sqlservice.login",
];
const LOGIN: &str = "https://docs.cloud.google.com/sdk/gcloud/reference/auth/application-default/login";
const METADATA_TOKENS: &str =
    "https://docs.cloud.google.com/run/docs/securing/service-identity#access_tokens";
const SCOPES: &str = "https://developers.google.com/identity/protocols/oauth2/scopes";

/// A person's login: the scopes were fixed when they consented.
pub(super) fn user_login(case: &Case<'_>) -> Remedy {
    let mut step = Step::new(
        "Log in again and ask for the scope. --scopes replaces the defaults, so this list holds them too. It \
         overwrites the present application default credentials.",
    )
    .command(login(case))
    .link(LOGIN);
    if !case.accepted.iter().any(|scope| scope.short().starts_with("cloud-platform")) {
        step = Step::new(
            "Log in again with an OAuth client of your own and ask for the scope: gcloud's own client is refused \
             scopes outside Google Cloud. It overwrites the present application default credentials.",
        )
        .command(format!("{} --client-id-file=CLIENT_ID_FILE", login(case)))
        .link(LOGIN);
    }
    let steps = vec![step, Step::new("Start the program again, so that it reads the new credentials.")];
    Remedy::new(format!("Log in again and ask for {}.", case.needed_in_short()), steps)
}

fn login(case: &Case<'_>) -> String {
    let mut scopes: Vec<String> = LOGIN_DEFAULTS.iter().map(ToString::to_string).collect();
    if !scopes.contains(&case.needed()) {
        scopes.push(case.needed());
    }
    format!("gcloud auth application-default login --scopes={}", scopes.join(","))
}

/// A key file, workload identity federation, impersonation: the program names its scopes.
pub(super) fn ask_in_code(case: &Case<'_>) -> Remedy {
    let steps = vec![
        Step::new(format!(
            "Ask for the scope where the program makes its credentials: {}. No command changes it; a library \
             that lets you choose no scopes must be replaced or given a token of your own.",
            case.needed()
        ))
        .link(SCOPES),
    ];
    Remedy::new(format!("Ask for {} in code, where the credentials are made.", case.needed_in_short()), steps)
}

/// Cloud Run, Functions, App Engine, GKE Workload Identity: the metadata server mints what is asked.
pub(super) fn ask_metadata_server(case: &Case<'_>) -> Remedy {
    let mut all = ScopeSet::from_iter([crate::Scope::cloud_platform()]);
    all.extend(super::least(case.accepted));
    let list = all.iter().map(|scope| scope.to_string()).collect::<Vec<_>>().join(",");
    let steps = vec![
        Step::new(
            "Ask for the scope in code: here the metadata server mints a token with the scopes it is asked for \
             (comma separated), and there is no setting on the service.",
        )
        .command(format!(
            "curl -H Metadata-Flavor:Google \
             'http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token?scopes={list}'"
        ))
        .link(METADATA_TOKENS),
    ];
    Remedy::new(format!("Ask the metadata server for {} in code.", case.needed_in_short()), steps)
}

/// The credential or the place is not known: each case in one line.
pub(super) fn general(case: &Case<'_>) -> Remedy {
    let needed = case.needed();
    let steps = vec![
        Step::new(
            "If the token comes from a VM: stop it, set its scopes (the list is replaced: name every scope it \
             has and the one it lacks, or cloud-platform), and start it. Run this from elsewhere.",
        )
        .command(
            "gcloud compute instances stop INSTANCE --zone=ZONE && gcloud compute instances \
             set-service-account INSTANCE --zone=ZONE --scopes=cloud-platform && gcloud compute instances start \
             INSTANCE --zone=ZONE",
        )
        .link("https://docs.cloud.google.com/compute/docs/instances/change-service-account"),
        Step::new("If it comes from a person's login on this machine: log in again with the scope.")
            .command(login(case))
            .link(LOGIN),
        Step::new(format!(
            "If it comes from a key file, workload identity federation, impersonation, or a serverless platform: \
             ask for {needed} in code."
        ))
        .link(SCOPES),
    ];
    Remedy::new(format!("Get a token that holds {}: the report says how.", case.needed_in_short()), steps)
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
