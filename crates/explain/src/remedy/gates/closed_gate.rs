//! The words and conditions of advice that depend on the refusal.

use gcp_scopes_catalog::call::Call;

use super::super::advice::Context;
use super::super::member;
use super::apis::TITLES;
use super::bucket;
use super::full_resource::{self, is_plain};
use crate::environment::{Credential, Environment, names};
use crate::refusal::Refusal;

/// The numbers of the projects of gcloud's OAuth clients. A user cannot enable an API in these
/// projects.
const GCLOUD_PROJECTS: [&str; 2] = ["764086051850", "32555940559"];

/// A refusal by a gate, with the environment of the program, and with the refused call if the call
/// is known.
pub(super) struct ClosedGate<'a> {
    pub(super) refusal: &'a Refusal,
    pub(super) environment: &'a Environment,
    pub(super) call: Option<&'a Call<'a>>,
}

/// The words with which the names of service agents end.
const AGENT: &str = " Service Agent";

/// Parts of messages about an account that lacks the permission to charge calls to the project.
const MAY_NOT_USE_PROJECT: [&str; 4] =
    ["serviceusage", "permission to use project", "user_project_denied", "caller does not have"];

/// Parts of messages about a call without a project that pays for the call.
const REQUESTER_PAYS: [&str; 3] = ["requester pays", "user project", "userproject"];

/// Parts of messages about an API key that is restricted to other callers or APIs.
const KEY_RESTRICTED: [&str; 6] =
    ["referer", "referrer", "ip address", "android", "ios", "blocked"];

/// Parts of messages about a policy of Google Workspace.
const WORKSPACE_POLICY: [&str; 4] = ["domain", "admin", "workspace", "org_internal"];

impl Context for ClosedGate<'_> {
    fn word(&self, name: &str) -> Option<String> {
        let words = self.refusal.server_message().unwrap_or_default();
        let word = match name {
            "account" => return self.account(),
            "member" => return Some(self.member()),
            "api" => self.refusal.service().or_else(|| api_by_title(words)),
            "constraint" => self.constraint(),
            "agent" => self.service_agent(),
            "other_server" => self.refusal.other_server(),
            "own_project" => self.environment.project(),
            "perimeter" => self.refusal.vpc_sc_id(),
            "perimeter_name" => self
                .refusal
                .identifiers()
                .find_map(|(name, value)| (name == "perimeter").then_some(value)),
            "permission" => self.refusal.permission(),
            "principal" => return self.principal(),
            "troubleshooter" => self.refusal.troubleshooter_url(),
            "iam_policy" => self.refusal.iam_policy(),
            "deny_id" => self.deny_policy().map(|(_, id)| id),
            "attachment_point" => self.deny_policy().map(|(point, _)| point),
            "boundary" => self.refusal.iam_policy().filter(|name| is_plain(name)),
            "full_resource" => {
                return full_resource::of(self.refusal, self.known_bucket(), self.project());
            }
            "project" => self.project(),
            _ => return self.environment.word(name),
        };
        word.map(str::to_owned)
    }

    fn holds(&self, name: &str) -> bool {
        match name {
            "key_restricted" => self.message_has_any(&KEY_RESTRICTED),
            "of_gcloud" => {
                self.environment.credential() == Credential::GcloudUser
                    || self.message_has("(gcloud.")
            }
            "no_such_file" => self.message_has("not found:"),
            "may_not_exist" => self.message_has("may not exist"),
            "service_account" => {
                let service_accounts = [Credential::MetadataServer, Credential::ServiceAccountKey];
                service_accounts.contains(&self.environment.credential())
            }
            "suspended" => self.message_has("suspended"),
            "workspace" => self.message_has_any(&WORKSPACE_POLICY),
            _ => self.word(name).is_some() || self.environment.holds(name),
        }
    }
}

impl ClosedGate<'_> {
    /// Returns the section of advice for a refusal about the project that a call is charged to.
    pub(super) fn quota_project_section(&self) -> &'static str {
        match self {
            _ if self.message_has("denied on resource project") => "project_name",
            _ if self.message_has_any(&MAY_NOT_USE_PROJECT) => "use_project",
            _ if self.message_has_any(&REQUESTER_PAYS) => "requester_pays",
            _ => "quota_project",
        }
    }

    /// Returns the name of the violated constraint, without `constraints/`.
    fn constraint(&self) -> Option<&str> {
        let named = self.refusal.constraint().and_then(|name| Some(name.split_once('/')?.1));
        let prevented = || {
            self.message_has("public access prevention").then_some("storage.publicAccessPrevention")
        };
        named.or_else(prevented)
    }

    /// Returns the name of the service agent that acted, from `while using the Eventarc Service
    /// Agent`.
    fn service_agent(&self) -> Option<&str> {
        let (_, rest) = self.refusal.server_message()?.split_once("using the ")?;
        let end = rest.find(AGENT)? + AGENT.len();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == ' ';
        rest.get(..end).filter(|name| name.len() <= 64 && name.chars().all(is_plain))
    }

    /// Returns whether the server's message contains one of these texts, which are in lower case.
    pub(super) fn message_has_any(&self, words: &[&str]) -> bool {
        words.iter().any(|words| self.message_has(words))
    }

    /// Returns whether the server's message or the reason of the refusal contains this text, which
    /// is in lower case.
    pub(super) fn message_has(&self, words: &str) -> bool {
        let reason = self.refusal.identifiers().find(|(name, _)| *name == "reason");
        let texts = self.refusal.server_message().into_iter().chain(reason.map(|(_, text)| text));
        texts.into_iter().any(|text| text.to_lowercase().contains(words))
    }

    /// Returns the project that the refusal names, else the project of the environment.
    pub(super) fn project(&self) -> Option<&str> {
        let named = self.refusal.project().filter(|project| !GCLOUD_PROJECTS.contains(project));
        let named = named.and_then(|project| {
            names::project_id(project).or_else(|| names::project_number(project))
        });
        named.or_else(|| self.environment.project())
    }

    /// Returns the URL of the bucket for gcloud, such as `gs://photos`, with a placeholder if the
    /// bucket is unknown.
    pub(super) fn bucket(&self) -> String {
        format!("gs://{}", self.known_bucket().as_deref().unwrap_or("BUCKET"))
    }

    /// Returns the bucket that the refusal or the URL of the call names.
    pub(super) fn known_bucket(&self) -> Option<String> {
        let named = bucket::in_refusal(self.refusal).map(str::to_owned);
        named.or_else(|| bucket::in_url(self.call?))
    }

    /// Returns the flag ` --project=…` with a leading space; an empty text if the project is
    /// unknown.
    pub(super) fn project_flag(&self) -> String {
        self.project().map_or_else(String::new, |project| format!(" --project={project}"))
    }

    /// Returns the service account whose call was refused: the account that the message names, else
    /// the account of the environment.
    pub(super) fn account(&self) -> Option<String> {
        let named = self.refusal.principal().and_then(names::account);
        named.or_else(|| self.environment.account()).map(str::to_owned)
    }

    /// Returns the attachment point and the id of the deny policy that refuses, from its name
    /// `policies/ATTACHMENT_POINT/denypolicies/ID`.
    fn deny_policy(&self) -> Option<(&str, &str)> {
        let name = self.refusal.iam_policy().filter(|name| is_plain(name))?;
        name.strip_prefix("policies/")?.split_once("/denypolicies/")
    }

    /// Returns the e-mail address of the account or the person whose call was refused.
    fn principal(&self) -> Option<String> {
        let named = self.refusal.principal().filter(|name| !name.contains("//"));
        named.map(str::to_owned).or_else(|| self.account())
    }

    /// Returns the account in the syntax of the flag `--member` of IAM's commands: the one that the
    /// server names, else that of the environment.
    pub(super) fn member(&self) -> String {
        match self.refusal.principal().filter(|name| names::account(name).is_none()) {
            Some(named) if named.contains("//") => named.to_owned(),
            Some(person) => format!("user:{person}"),
            None => match self.account() {
                Some(account) => format!("serviceAccount:{account}"),
                None => member::of_environment(self.environment),
            },
        }
    }
}

/// Returns the host of the API whose title the message contains, as in `Drive API has not been
/// used`.
fn api_by_title(words: &str) -> Option<&'static str> {
    let is_boundary = |before: &str| !before.ends_with(|c: char| c.is_ascii_alphanumeric());
    let has = |title: &str| {
        words.match_indices(title).any(|(at, _)| words.get(..at).is_some_and(is_boundary))
    };
    TITLES.iter().find(|(title, _)| has(title)).map(|(_, host)| *host)
}
