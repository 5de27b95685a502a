//! The words and conditions of advice that depend on the gate that refused.

use gcp_scopes_catalog::call::Call;

use super::super::advice::Context;
use super::apis::TITLES;
use super::bucket;
use crate::environment::{Credential, Environment, names};
use crate::refusal::Refusal;

/// The projects of gcloud's OAuth clients. Only Google can enable an API in them.
const GCLOUD_PROJECTS: [&str; 2] = ["764086051850", "32555940559"];

/// The placeholder for an account. gcloud accepts only the form of an e-mail.
pub(super) const ACCOUNT: &str = "NAME@PROJECT.iam.gserviceaccount.com";

/// A gate that refused, and the environment and call that it refused.
pub(super) struct ClosedGate<'a> {
    pub(super) refusal: &'a Refusal,
    pub(super) environment: &'a Environment,
    pub(super) call: Option<&'a Call<'a>>,
}

/// What is before the service account that a call was about.
const TARGET_MARKS: [&str; 2] = ["on service account", "serviceAccounts/"];

/// Messages where the account must not charge calls to the project.
const MAY_NOT_USE: [&str; 4] =
    ["serviceusage", "permission to use project", "user_project_denied", "caller does not have"];

/// Messages where the caller must name a project that pays.
const REQUESTER_PAYS: [&str; 3] = ["requester pays", "user project", "userproject"];

/// Messages where an API key is restricted to other callers or APIs.
const KEY_RESTRICTED: [&str; 6] = ["referer", "referrer", "ip address", "android", "ios", "blocked"];

/// Messages where the policy is of Google Workspace.
const WORKSPACE: [&str; 4] = ["domain", "admin", "workspace", "org_internal"];

impl Context for ClosedGate<'_> {
    fn word(&self, name: &str) -> Option<String> {
        let words = self.refusal.server_message().unwrap_or_default();
        let word = match name {
            "account" => return self.account(),
            "member" => return Some(self.member()),
            "api" => self.refusal.service().or_else(|| api_by_title(words)),
            "constraint" => self.constraint(),
            "own_project" => self.environment.project(),
            "perimeter" => self.refusal.vpc_sc_id(),
            "permission" => self.refusal.permission(),
            "project" => self.project(),
            _ => None,
        };
        word.map(str::to_owned)
    }

    fn holds(&self, name: &str) -> bool {
        match name {
            "key_restricted" => self.message_has_any(&KEY_RESTRICTED),
            "may_not_exist" => self.message_has("may not exist"),
            "of_account" => {
                let of_account = [Credential::MetadataServer, Credential::ServiceAccountKey];
                of_account.contains(&self.environment.credential())
            }
            "suspended" => self.message_has("suspended"),
            "workspace" => self.message_has_any(&WORKSPACE),
            _ => self.word(name).is_some(),
        }
    }
}

impl ClosedGate<'_> {
    /// The section of advice about the project that a call is charged to.
    pub(super) fn quota_project(&self) -> &'static str {
        match self {
            _ if self.message_has_any(&MAY_NOT_USE) => "use_project",
            _ if self.message_has_any(&REQUESTER_PAYS) => "requester_pays",
            _ => "quota_project",
        }
    }

    fn constraint(&self) -> Option<&str> {
        let named = self.refusal.constraint().and_then(|name| name.strip_prefix("constraints/"));
        let prevented =
            || self.message_has("public access prevention").then_some("storage.publicAccessPrevention");
        named.or_else(prevented)
    }

    /// Whether the server's message has one of these texts, which are in lower case.
    pub(super) fn message_has_any(&self, words: &[&str]) -> bool {
        words.iter().any(|words| self.message_has(words))
    }

    /// Whether the server's message has this text, which is in lower case.
    pub(super) fn message_has(&self, words: &str) -> bool {
        self.refusal.server_message().is_some_and(|message| message.to_lowercase().contains(words))
    }

    /// The project that the refusal names, or that of the environment.
    pub(super) fn project(&self) -> Option<&str> {
        let named = self.refusal.project().filter(|project| !GCLOUD_PROJECTS.contains(project));
        let named =
            named.and_then(|project| names::project_id(project).or_else(|| names::project_number(project)));
        named.or_else(|| self.environment.project())
    }

    /// The bucket for gcloud.
    pub(super) fn bucket(&self) -> String {
        let named = bucket::in_message(self.refusal).map(str::to_owned);
        let named = named.or_else(|| bucket::in_url(self.call?));
        format!("gs://{}", named.as_deref().unwrap_or("BUCKET"))
    }

    pub(super) fn project_flag(&self) -> String {
        self.project().map_or_else(String::new, |project| format!(" --project={project}"))
    }

    /// The service account that was refused: the one that the message names, or that of the
    /// environment.
    pub(super) fn account(&self) -> Option<String> {
        let words = self.refusal.server_message().unwrap_or_default();
        // Behind such a mark is the account that the call was about, not the one that made it.
        let words = TARGET_MARKS.iter().fold(words, |words, mark| words.split(mark).next().unwrap_or(words));
        let is_break = |c: char| !c.is_ascii_alphanumeric() && !"@.-".contains(c);
        let mut words = words.split(is_break).map(|word| word.trim_matches(['.', '-']));
        let named = words.find_map(names::account).map(str::to_owned);
        named.or_else(|| self.environment.account().map(str::to_owned))
    }

    /// The account as a member for IAM's commands.
    pub(super) fn member(&self) -> String {
        match self.account() {
            Some(account) => format!("serviceAccount:{account}"),
            None if self.environment.credential() == Credential::UserAdc => "user:EMAIL".to_owned(),
            None => format!("serviceAccount:{ACCOUNT}"),
        }
    }
}

/// The host of the API whose title the message has, as in `Drive API has not been used`.
fn api_by_title(words: &str) -> Option<&'static str> {
    let is_boundary = |before: &str| !before.ends_with(|c: char| c.is_ascii_alphanumeric());
    let has =
        |title: &str| words.match_indices(title).any(|(at, _)| words.get(..at).is_some_and(is_boundary));
    TITLES.iter().find(|(title, _)| has(title)).map(|(_, host)| *host)
}
