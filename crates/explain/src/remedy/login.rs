//! People: the scopes were fixed when they consented, so they have to log in again.

use gcp_scopes_catalog::least_of;

use super::case::{Case, Remedy, is_cloud, plain};
use super::pages::{ADC_LOGIN, LOGIN, WORKFORCE};
use super::step::Step;
use super::{code, next};
use crate::environment::Platform;
use gcp_scopes_catalog::scope::{Scope, ScopeSet};

/// What `gcloud auth application-default login` asks for by default, all of which `--scopes`
/// replaces. Source: `gcloud auth application-default login --help`.
const DEFAULTS: &str = "openid https://www.googleapis.com/auth/userinfo.email \
     https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/sqlservice.login";

/// A program may read another file than the one that was written.
const IF_AGAIN: &str = "If it is refused again, gcp-scopes whoami tells what its token holds.";

/// A person's application default credentials.
pub(super) fn user_adc(case: &Case<'_>) -> Remedy {
    let mut steps = again(case, &code::elsewhere_than_here(case, "person's login from a file"));
    steps.push(Step::new(format!(
        "Start the program again, so that it reads the new credentials. {IF_AGAIN}"
    )));
    steps.extend(next::after_login(case));
    Remedy::new(summary(case), steps)
}

/// gcloud's own login has a fixed list of scopes, so the program has to use another one.
pub(super) fn gcloud_user(case: &Case<'_>) -> Remedy {
    let why = match case.environment.platform() {
        // The scopes of its tokens are not documented.
        Platform::CloudShell => {
            "Cloud Shell's tokens are yours, with scopes that nothing sets: make credentials of your own there. "
        }
        _ => {
            "The program uses gcloud's own login, whose scopes are fixed: give it application default credentials. "
        }
    };
    let mut steps = again(case, why);
    steps.push(Step::new(format!(
        "Let the program use application default credentials, and start it again. {IF_AGAIN}"
    )));
    steps.extend(next::after_login(case));
    Remedy::new(summary(case), steps)
}

/// A person of another identity provider cannot choose scopes at all.
/// Source: `gcloud auth application-default login` refuses `--scopes` for third-party logins.
pub(super) fn external_user(case: &Case<'_>) -> Remedy {
    let account = "SERVICE_ACCOUNT";
    let project = case.project();
    let steps = vec![
        Step::new(
            "A workforce login cannot choose scopes: gcloud refuses --scopes for it. Act as a service account \
             instead, after somebody let you.",
        )
        .command(format!(
            "gcloud iam service-accounts add-iam-policy-binding {account} --project={project} \
             --member=principal://iam.googleapis.com/locations/global/workforcePools/POOL/subject/SUBJECT \
             --role=roles/iam.serviceAccountTokenCreator"
        ))
        .link(WORKFORCE),
        Step::new("Make application default credentials that act as it. They overwrite the present ones.")
            .command(format!("gcloud auth application-default login --impersonate-service-account={account}"))
            .link(ADC_LOGIN),
        code::ask("Ask for the scope in code, and start the program again.", case),
        Step::new("Then the roles of that service account decide, not yours."),
    ];
    let summary =
        format!("Act as a service account to get {}: a workforce login cannot.", case.needed_in_short());
    Remedy::new(summary, steps)
}

fn summary(case: &Case<'_>) -> String {
    match case.is_cloud() {
        true => "Log in again, with cloud-platform.".to_owned(),
        false => format!("Log in again and ask for {}.", case.needed_in_short()),
    }
}

fn again(case: &Case<'_>, why: &str) -> Vec<Step> {
    if case.is_cloud() { vec![within_cloud(case, why)] } else { beyond_cloud(case, why) }
}

fn within_cloud(case: &Case<'_>, why: &str) -> Step {
    let granted = match case.held {
        Some(_) => " and what was granted so far",
        None => "; add what else was granted so far",
    };
    Step::new(format!(
        "{why}Log in again with cloud-platform, on the machine where the program runs. --scopes replaces the defaults, so this list \
         repeats them{granted}. It overwrites the present application default credentials."
    ))
    .command(command(case))
    .link(ADC_LOGIN)
}

fn beyond_cloud(case: &Case<'_>, why: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut why = why;
    let drive = Scope::from_uri("https://www.googleapis.com/auth/drive");
    if case.accepted.iter().all(|accepted| accepted.contains(&drive) || is_cloud(accepted)) {
        let text = format!(
            "{why}For Drive there is a short cut: log in again like this, on the machine where the program runs. It \
             asks for the scope drive, which is wide, and overwrites the present application default credentials."
        );
        let step =
            Step::new(text).command("gcloud auth login --enable-gdrive-access --update-adc").link(LOGIN);
        (steps, why) = (vec![step], "Or, for a narrower scope: ");
    }
    let page = |project| format!("https://console.cloud.google.com/apis/credentials?project={project}");
    steps.push(
        Step::new(format!(
            "{why}cloud-platform does not cover this API, and Google blocks gcloud's own OAuth client for scopes outside \
             Google Cloud. Create a client ID of type Desktop app and download its JSON file; no command does that."
        ))
        .console(case.environment.project().map(page))
        .link("https://developers.google.com/workspace/guides/create-credentials#desktop-app"),
    );
    steps.push(
        Step::new(
            "Log in with it. --scopes replaces the defaults, so this list repeats them. It overwrites the present \
             application default credentials. Without a browser add --no-browser.",
        )
        .command(format!("{} --client-id-file=CLIENT_ID_FILE", command(case)))
        .link(ADC_LOGIN),
    );
    steps
}

/// Everything that was granted, gcloud's defaults, and what is lacking.
pub(super) fn command(case: &Case<'_>) -> String {
    let mut all = ScopeSet::from_scope_text(DEFAULTS);
    all.extend(case.held.into_iter().flat_map(ScopeSet::iter));
    let is_lacking = |accepted: &&ScopeSet| !all.intersects(accepted);
    let lacking: Vec<ScopeSet> = case.accepted.iter().filter(is_lacking).cloned().collect();
    all.extend(least_of(&lacking));
    let list: Vec<String> = all.iter().map(|scope| plain(&scope).to_owned()).collect();
    format!("gcloud auth application-default login --scopes={}", list.join(","))
}
