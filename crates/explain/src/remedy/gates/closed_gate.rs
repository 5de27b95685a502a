//! A gate that refused, and what to do about each.

use gcp_scopes_catalog::call::Call;

use super::super::advice::Context;
use super::apis::TITLES;
use super::bucket;
use crate::environment::{Credential, Environment, names};
use crate::refusal::Refusal;

/// The projects of gcloud's own OAuth clients, which nobody can enable anything in.
const GCLOUD_PROJECTS: [&str; 2] = ["764086051850", "32555940559"];

/// Stands for an account that is not known. gcloud takes nothing but an e-mail there.
pub(super) const ACCOUNT: &str = "NAME@PROJECT.iam.gserviceaccount.com";

/// A gate that refused, and where.
pub(super) struct ClosedGate<'a> {
    pub(super) refusal: &'a Refusal,
    pub(super) environment: &'a Environment,
    pub(super) call: Option<&'a Call<'a>>,
}

/// How messages lead up to the service account that a call was about.
const TARGET_MARKS: [&str; 2] = ["on service account", "serviceAccounts/"];

/// What is said where the account may not charge calls to the project.
const MAY_NOT_USE: [&str; 4] =
    ["serviceusage", "permission to use project", "user_project_denied", "caller does not have"];

/// What is said where the caller has to name a project that pays.
const REQUESTER_PAYS: [&str; 3] = ["requester pays", "user project", "userproject"];

/// What is said where a key is not for this caller or API.
const KEY_RESTRICTED: [&str; 6] = ["referer", "referrer", "ip address", "android", "ios", "blocked"];

/// What is said where it was an administrator of Google Workspace.
const WORKSPACE: [&str; 4] = ["domain", "admin", "workspace", "org_internal"];

impl Context for ClosedGate<'_> {
    fn word(&self, name: &str) -> Option<String> {
        let words = self.refusal.server_message().unwrap_or_default();
        let word = match name {
            "account" => return self.account(),
            "member" => return Some(self.member()),
            "api" => self.refusal.service().or_else(|| api_named(words)),
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
            "key_restricted" => self.says_any(&KEY_RESTRICTED),
            "may_not_exist" => self.says("may not exist"),
            "of_account" => {
                let of_account = [Credential::MetadataServer, Credential::ServiceAccountKey];
                of_account.contains(&self.environment.credential())
            }
            "suspended" => self.says("suspended"),
            "workspace" => self.says_any(&WORKSPACE),
            _ => self.word(name).is_some(),
        }
    }
}

impl ClosedGate<'_> {
    /// The section on the project that a call is charged to.
    pub(super) fn quota_project(&self) -> &'static str {
        match self {
            _ if self.says_any(&MAY_NOT_USE) => "use_project",
            _ if self.says_any(&REQUESTER_PAYS) => "requester_pays",
            _ => "quota_project",
        }
    }

    fn constraint(&self) -> Option<&str> {
        let named = self.refusal.constraint().and_then(|name| name.strip_prefix("constraints/"));
        let prevented = || self.says("public access prevention").then_some("storage.publicAccessPrevention");
        named.or_else(prevented)
    }

    /// Whether the server's words hold one of these, in lower case.
    pub(super) fn says_any(&self, words: &[&str]) -> bool {
        words.iter().any(|words| self.says(words))
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

    pub(super) fn project_flag(&self) -> String {
        self.project().map_or_else(String::new, |project| format!(" --project={project}"))
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
