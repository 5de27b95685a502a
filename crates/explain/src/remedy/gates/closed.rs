//! A gate that refused, and what to do about each.

use gcp_scopes_catalog::call::Call;

use super::super::step::Step;
use super::apis::TITLES;
use super::bucket;
use super::pages::{
    API_KEYS, BILLING, DRIVE_SHARING, ENABLE, ERRORS, PERIMETER, POLICY, QUOTA, QUOTA_PROJECT,
    REQUESTER_PAYS, WORKSPACE,
};
use crate::environment::{Credential, Environment, names};
use crate::refusal::Refusal;

/// The projects of gcloud's own OAuth clients, which nobody can enable anything in.
const GCLOUD_PROJECTS: [&str; 2] = ["764086051850", "32555940559"];

/// Stands for an account that is not known. gcloud takes nothing but an e-mail there.
pub(super) const ACCOUNT: &str = "NAME@PROJECT.iam.gserviceaccount.com";

/// A gate that refused, and where.
pub(super) struct Closed<'a> {
    pub(super) refusal: &'a Refusal,
    pub(super) environment: &'a Environment,
    pub(super) call: Option<&'a Call<'a>>,
}

/// How messages lead up to the service account that a call was about.
const TARGET_MARKS: [&str; 2] = ["on service account", "serviceAccounts/"];

impl Closed<'_> {
    pub(super) fn enable(&self) -> Vec<Step> {
        let words = self.refusal.server_message().unwrap_or_default();
        let api = self.refusal.service().or_else(|| api_named(words));
        let text = format!(
            "Enable the API{}; it takes a few minutes to work everywhere. If it is enabled there, the call is charged \
             to another project: see the message.",
            self.in_project()
        );
        let command = format!(
            "gcloud services enable {}{}",
            api.unwrap_or("API_NAME.googleapis.com"),
            self.project_flag()
        );
        vec![Step::new(text).command(command).link(ENABLE)]
    }

    pub(super) fn pay(&self) -> Vec<Step> {
        let project = self.project().unwrap_or("PROJECT");
        let text = format!(
            "Link an open billing account to the project: \
             https://console.cloud.google.com/billing/linkedaccount?project={project} or the command. It takes a \
             few minutes."
        );
        let command = format!("gcloud billing projects link {project} --billing-account=BILLING_ACCOUNT_ID");
        vec![Step::new(text).command(command).link(BILLING)]
    }

    pub(super) fn ask_about_perimeter(&self) -> Vec<Step> {
        let Some(id) = self.refusal.vpc_sc_id() else {
            let text = "A VPC Service Controls perimeter refused: give the request and its time to whoever \
                        administers the perimeter, or search the audit logs of the project for the violation.";
            let command = "gcloud logging read 'protoPayload.metadata.violationReason:*'";
            return vec![
                Step::new(text).command(format!("{command}{}", self.project_flag())).link(PERIMETER),
            ];
        };
        let text = format!(
            "A VPC Service Controls perimeter refused: give the unique id {id} to whoever administers the \
             perimeter. The troubleshooter and the audit logs of the project explain it."
        );
        let command = format!(
            "gcloud logging read 'protoPayload.metadata.vpcServiceControlsUniqueId=\"{id}\"'{}",
            self.project_flag()
        );
        vec![Step::new(text).command(command).link(PERIMETER)]
    }

    pub(super) fn read_policy(&self) -> Vec<Step> {
        let named = self.refusal.constraint().and_then(|name| name.strip_prefix("constraints/"));
        let prevented = self.says("public access prevention").then_some("storage.publicAccessPrevention");
        if let Some(constraint) = named.or(prevented) {
            let text = format!(
                "The organisation policy constraint {constraint} forbids this. Read it; whoever administers \
                 organisation policies can make an exception. Otherwise change the request so that it complies."
            );
            let project = self.policy_flag();
            let command = format!("gcloud org-policies describe {constraint} --effective{project}");
            return vec![Step::new(text).command(command).link(POLICY)];
        }
        let domain_words = ["domain", "admin", "workspace", "org_internal"];
        if domain_words.iter().any(|word| self.says(word)) {
            let text = "A Google Workspace administrator has switched this off or restricted it. Ask them to \
                        allow the app or the service for this user: https://admin.google.com/ac/owl (Security > \
                        API controls).";
            return vec![Step::new(text).link(WORKSPACE)];
        }
        let text = "An organisation policy forbids this. Find the constraint among those that hold for the project, \
                    and ask whoever administers them for an exception, or change the request so that it complies.";
        vec![Step::new(text).command(format!("gcloud org-policies list{}", self.policy_flag())).link(POLICY)]
    }

    pub(super) fn slow_down(&self) -> Vec<Step> {
        let project = self.project().map(|project| format!("?project={project}")).unwrap_or_default();
        let text = format!(
            "Wait and retry with growing pauses (exponential backoff), and send fewer calls at once. If that is not \
             enough, look the quota up and ask for more: \
             https://console.cloud.google.com/iam-admin/quotas{project}. A daily quota comes back the next day."
        );
        vec![Step::new(text).link(QUOTA)]
    }

    pub(super) fn choose_project(&self) -> Vec<Step> {
        let requester = ["requester pays", "user project", "userproject"];
        let usage = self.says("serviceusage") || self.says("permission to use project");
        if usage || self.says("user_project_denied") || self.says("caller does not have") {
            return vec![self.use_project()];
        }
        if requester.iter().any(|words| self.says(words)) {
            let text = "Name the project that pays for the call, in the header x-goog-user-project or the query \
                        parameter userProject. The account needs serviceusage.services.use in that project.";
            return vec![Step::new(text).link(REQUESTER_PAYS)];
        }
        let person = match self.environment.credential() {
            Credential::MetadataServer | Credential::ServiceAccountKey => {
                "Charge the call to a project of yours that exists: send the header x-goog-user-project, or, for a \
                 person's login, use the command."
            }
            _ => {
                "Set a quota project: one of yours that exists and has the API enabled. A program that does not read the \
                 login file sends the header x-goog-user-project instead."
            }
        };
        let project = self.environment.project().unwrap_or("PROJECT");
        let command = format!("gcloud auth application-default set-quota-project {project}");
        vec![Step::new(person).command(command).link(QUOTA_PROJECT)]
    }

    /// The account may not charge calls to the project.
    pub(super) fn use_project(&self) -> Step {
        let project = self.project().unwrap_or("PROJECT");
        let member = self.member();
        Step::new(format!(
            "The call is charged to {project}, which the account may not use (serviceusage.services.use): grant it \
             the role, or charge another project."
        ))
        .command(format!(
            "gcloud projects add-iam-policy-binding {project} --member={member} \
             --role=roles/serviceusage.serviceUsageConsumer"
        ))
        .link(QUOTA_PROJECT)
    }

    pub(super) fn mend_key(&self) -> Vec<Step> {
        let text = if ["referer", "referrer", "ip address", "android", "ios", "blocked"]
            .iter()
            .any(|w| self.says(w))
        {
            "The API key is restricted, and this call is outside: add the caller (referrer, IP address, app) or the API \
             to the key's restrictions, or use another key."
        } else {
            "Send an API key that exists, is not expired, belongs to the right project and allows this API: compare it \
             with the list. Never paste the key into a ticket."
        };
        let command = format!("gcloud services api-keys list{}", self.project_flag());
        vec![Step::new(text).command(command).link(API_KEYS)]
    }

    pub(super) fn share(&self) -> Vec<Step> {
        let account = self.account().unwrap_or_else(|| "the account that the program uses".to_owned());
        let text = format!(
            "Give {account} access to the resource itself, in its own product: share the file or calendar with it, or \
             add it as a user of the account, property, site or channel. No IAM role of a project does that."
        );
        vec![Step::new(text).link(DRIVE_SHARING)]
    }

    pub(super) fn look_around(&self) -> Vec<Step> {
        let text = if self.says("suspended") {
            "The project or the account behind the call is suspended: its owner must answer Google's notice, at \
             https://console.cloud.google.com."
        } else {
            "The answer does not name the gate. Look, in this order, whether the API is enabled, whether the account \
             has a role for the call, and what the audit logs of the project say about it."
        };
        let command =
            format!("gcloud logging read 'protoPayload.status.code=7' --freshness=1h{}", self.project_flag());
        vec![Step::new(text).command(command).link(ERRORS)]
    }

    /// Whether the server's words hold these, in lower case.
    pub(super) fn says(&self, words: &str) -> bool {
        self.refusal.server_message().is_some_and(|message| message.to_lowercase().contains(words))
    }

    /// The project of the refusal, else of the place, if it can stand in a command.
    pub(super) fn project(&self) -> Option<&str> {
        let told = self.refusal.project().filter(|project| !GCLOUD_PROJECTS.contains(project));
        let told =
            told.and_then(|project| names::project_id(project).or_else(|| names::project_number(project)));
        told.or_else(|| self.environment.project())
    }

    /// The bucket as gcloud takes it.
    pub(super) fn bucket(&self) -> String {
        let named = bucket::in_words(self.refusal).map(str::to_owned);
        let named = named.or_else(|| bucket::in_url(self.call?));
        format!("gs://{}", named.as_deref().unwrap_or("BUCKET"))
    }

    pub(super) fn in_project(&self) -> String {
        self.project().map_or_else(
            || " in the project that the call is charged to".into(),
            |id| format!(" in project {id}"),
        )
    }

    pub(super) fn project_flag(&self) -> String {
        self.project().map_or_else(String::new, |project| format!(" --project={project}"))
    }

    /// Policies are asked for with a place, always.
    pub(super) fn policy_flag(&self) -> String {
        let project = self.project().map(|project| format!(" --project={project}"));
        project.unwrap_or_else(|| " --organization=ORGANIZATION_ID".to_owned())
    }

    /// The service account that was refused: the one that the message names, else that of the place.
    pub(super) fn account(&self) -> Option<String> {
        let words = self.refusal.server_message().unwrap_or_default();
        // What follows is the account that was to be acted on, not the one that acted.
        let words = TARGET_MARKS.iter().fold(words, |words, mark| words.split(mark).next().unwrap_or(words));
        let is_break = |c: char| !c.is_ascii_alphanumeric() && !"@.-".contains(c);
        let mut words = words.split(is_break).map(|word| word.trim_matches(['.', '-']));
        let named = words.find_map(names::account).map(str::to_owned);
        named.or_else(|| self.environment.account().map(str::to_owned))
    }

    /// The account as IAM's commands take it.
    pub(super) fn member(&self) -> String {
        match self.account() {
            Some(account) => format!("serviceAccount:{account}"),
            None if self.environment.credential() == Credential::UserAdc => "user:EMAIL".to_owned(),
            None => format!("serviceAccount:{ACCOUNT}"),
        }
    }
}

/// The host of the API whose title stands in the words, as in `Drive API has not been used`.
fn api_named(words: &str) -> Option<&'static str> {
    let is_end = |before: &str| !before.ends_with(|c: char| c.is_ascii_alphanumeric());
    let stands = |title: &str| words.match_indices(title).any(|(at, _)| words.get(..at).is_some_and(is_end));
    TITLES.iter().find(|(title, _)| stands(title)).map(|(_, host)| *host)
}
