//! The words and conditions of advice that depend on the environment and on the facts of a refusal
//! for lack of scope.

use super::advice::Context;
use super::case::{Case, KnownCall, scopes_flag, uris};
use super::member;
use crate::environment::{AccountKind, Credential, Environment, OWNERS, Platform, names};
use crate::refusal::ScopeProblem;
use gcp_scopes_catalog::scope::{Scope, ScopeSet};

impl Context for Environment {
    fn word(&self, name: &str) -> Option<String> {
        let word = match name {
            "platform" if self.platform() == Platform::Unknown => None,
            "platform" => return Some(self.platform().to_string()),
            "project" => self.project(),
            "project_number" => self.project_number(),
            "account" => self.account(),
            "unique_id" => self.unique_id(),
            "instance" => self.instance(),
            "zone" => self.zone(),
            "location" => self.location(),
            "region" => self.region(),
            "resource" => self.resource(),
            "node_pool" => self.node_pool(),
            "tool_name" => tool_name(self.managed_by()?),
            "file_problem" => self.credential_file_problem(),
            "workforce_pool" => self.workforce().map(|(pool, _)| pool),
            "workforce_provider" => self.workforce().map(|(_, provider)| provider),
            _ => None,
        };
        word.map(str::to_owned)
    }

    fn holds(&self, name: &str) -> bool {
        let is_attached = self.credential() == Credential::MetadataServer;
        let is_pod = self.platform() == Platform::GkeWorkloadIdentity;
        match name {
            "auto_provisioned" => self.node_pool().is_some_and(is_auto_provisioned),
            // By default, a machine has a default account, so somebody chose this account.
            "chosen_account" => self.account_kind() == Some(AccountKind::UserManaged),
            "cloud_shell" => self.platform() == Platform::CloudShell,
            "external_user" => self.credential() == Credential::ExternalUser,
            "gcloud_login" => {
                self.credential() == Credential::GcloudUser
                    && self.platform() != Platform::CloudShell
            }
            "given" => is_given(self.credential()),
            "default_account" => self.account_kind().is_some_and(AccountKind::is_default),
            "owner_unknown" => self.managed_by().is_none(),
            "disks_unknown" => self.has_local_ssd().is_none(),
            "fixed_scopes" => has_settable_scopes(self.platform()),
            "key" => self.credential() == Credential::ServiceAccountKey,
            "known_argument" => has_known_argument(self),
            "local_ssd" => self.has_local_ssd() == Some(true),
            "maybe_auto_provisioned" => self.node_pool().is_none_or(is_auto_provisioned),
            // The name of a tool that may manage the machine is a condition, too.
            owner if OWNERS.contains(&owner) => self.managed_by() == Some(owner),
            "of_vm" => is_attached && self.instance().is_some(),
            "pod" => is_pod,
            // A pod without a service account uses an identity in the workload identity pool of its
            // cluster.
            "pods" => is_pod && is_attached && self.account().is_none(),
            "python" => is_python_usual(self.platform()),
            "serverless" => self.platform().is_serverless(),
            "user_adc" => self.credential() == Credential::UserAdc,
            "vm" => is_attached && self.platform() == Platform::ComputeEngine,
            "zonal" => self.location().is_some_and(|place| names::zone(place).is_some()),
            // The name of a platform is a condition, too.
            _ => self.platform().as_str() == name || self.word(name).is_some(),
        }
    }
}

impl Context for Case<'_> {
    fn word(&self, name: &str) -> Option<String> {
        match name {
            "asked_scopes" if self.needs_unknown_scope() => Some(self.needed_short_names()),
            "asked_scopes" => Some(short_names(&self.scopes_to_request())),
            "candidates" => self.candidate_names(),
            "restricting" => {
                Some(short_names(&self.restricting())).filter(|names| !names.is_empty())
            }
            "member" => Some(member::of_environment(self.environment)),
            "needed" => Some(self.needed_short_names()),
            "recommended" => self.recommended_short_names(),
            "recommended_scopes" => Some(argument(scopes_flag(self.recommended_scopes())))
                .filter(|list| !list.is_empty()),
            "scopes" => Some(uris(&self.scopes_to_request()).join(",")),
            "quoted_scopes" => Some(quoted(&uris(&self.scopes_to_request()))),
            "quoted_needed" => Some(quoted(&uris(&self.scopes_for_calls()))),
            "quoted_to_set" => Some(quoted(&uris(&self.held_if_known_and_needed()))),
            "uris_recommended" => Some(argument(uris(self.recommended_scopes()).join(","))),
            "uris_to_set" => self.held_and_needed().map(|all| argument(uris(&all).join(","))),
            "quoted_recommended" => Some(quoted(&uris(self.recommended_scopes()))),
            "needed_flag" => {
                Some(scopes_flag(&self.needed_scopes())).filter(|list| !list.is_empty())
            }
            "needed_uris" => Some(uris(&self.needed_scopes()).join(",")),
            "scopes_to_set" => self.held_and_needed().map(|all| argument(scopes_flag(&all))),
            // Google recommends no scopes for delegation.
            "scopes_to_delegate" => Some(uris(&self.held_if_known_and_needed()).join(",")),
            "login_scopes" => Some(argument(uris(&self.scopes_to_log_in()).join(","))),
            _ => self.environment.word(name),
        }
    }

    fn holds(&self, name: &str) -> bool {
        match name {
            "cannot_issue" => self.cannot_issue_tokens(),
            "cloud" => self.is_cloud_platform_enough(),
            "own_account_is_new" => self.needs_new_account(),
            "partly_cloud" => self.is_cloud_platform_enough_for_some(),
            "cloud_held" => self.held.is_some_and(|held| held.contains(&Scope::cloud_platform())),
            "asks_more" => self.scopes_to_request() != self.needed_scopes(),
            "default_login" => self.is_default_login_enough(),
            "drive" => self.accepts_drive_scopes(),
            "drive_login" => {
                !self.is_cloud_platform_enough() && self.is_drive_with_cloud_platform_enough()
            }
            "held" => self.held().is_some(),
            "token_held" => self.held.is_some(),
            "api_known" => self.known() != KnownCall::Nothing,
            "cloud_by_default" => self.may_hold_cloud_platform_by_default(),
            "narrower" => {
                self.recommended_short_names().is_some_and(|list| list != self.needed_short_names())
            }
            "method_known" => self.known() == KnownCall::Method,
            "odd_scope" => self.has_odd_scope(),
            "one_call" => self.is_one_call(),
            "registry" => self.problem == ScopeProblem::Registry,
            "several" => self.needs_several_scopes(),
            "unknown_scope" => self.needs_unknown_scope(),
            "share" => self.problem == ScopeProblem::ScopeOrShare,
            "without_account" => self.holds_no_scope(),
            _ => self.environment.holds(name) || self.word(name).is_some(),
        }
    }

    fn scopes(&self, word: &str) -> Option<(ScopeSet, Option<ScopeSet>)> {
        let after = match word {
            "needed" => self.held_if_known_and_needed(),
            "recommended_scopes" => self.recommended_scopes().clone(),
            "scopes" => self.scopes_to_request(),
            "login_scopes" => self.scopes_to_log_in(),
            _ => return None,
        };
        Some((after, self.held_before()))
    }
}

/// Returns whether the advice names the argument of a tool that sets the scopes on this platform.
fn has_known_argument(environment: &Environment) -> bool {
    use Platform::{Dataproc, ManagedInstanceGroup, TpuVm, Workstations};
    match environment.managed_by() {
        Some("pulumi") => {
            matches!(environment.platform(), ManagedInstanceGroup | Dataproc | TpuVm | Workstations)
        }
        Some("config-connector") => {
            matches!(environment.platform(), ManagedInstanceGroup | Dataproc | Workstations)
        }
        _ => false,
    }
}

/// Returns whether the program gets its token in a way of its own. Then `gcp-scopes whoami`, which
/// inspects application default credentials, would describe another token.
fn is_given(credential: Credential) -> bool {
    use Credential::{Declared, DomainWideDelegation, OauthClient};
    matches!(credential, Declared | DomainWideDelegation | OauthClient)
}

/// Returns whether node auto-provisioning made the pool. Source:
/// <https://docs.cloud.google.com/kubernetes-engine/docs/concepts/node-auto-provisioning>.
fn is_auto_provisioned(node_pool: &str) -> bool {
    node_pool.starts_with("nap-")
}

/// Returns whether the access scopes of the machine can be set. The change stops or replaces the
/// machine or a part of it.
pub(super) fn has_settable_scopes(platform: Platform) -> bool {
    use Platform::{
        CloudBatch, ComputeEngine, Dataproc, GkeNode, ManagedInstanceGroup, SlurmNode, TpuVm,
        Workstations,
    };
    matches!(platform, ComputeEngine | ManagedInstanceGroup | GkeNode | SlurmNode)
        || matches!(platform, CloudBatch | Dataproc | TpuVm | Workstations)
}

/// Returns whether programs on this platform are written in Python rather than in Rust. App Engine
/// standard and Cloud Run functions have no runtime for Rust; the others are made for notebooks and
/// data pipelines.
fn is_python_usual(platform: Platform) -> bool {
    use Platform::{
        AppEngineStandard, CloudFunctions, ColabEnterprise, Composer, Dataflow, Dataproc,
        DataprocServerless, VertexCustomJob, Workbench,
    };
    matches!(platform, AppEngineStandard | CloudFunctions | ColabEnterprise | Composer)
        || matches!(
            platform,
            Dataflow | Dataproc | DataprocServerless | VertexCustomJob | Workbench
        )
}

/// Returns the name of a tool, as its makers write it, if the next run of the tool undoes changes
/// that were made by other means. Returns `None` for the other tools: `gcloud` and `console` stand
/// for a person, Packer keeps no machines, and the modules of Ansible change no scopes of a machine
/// that exists.
fn tool_name(owner: &str) -> Option<&'static str> {
    Some(match owner {
        "terraform" => "Terraform",
        "pulumi" => "Pulumi",
        "config-connector" => "Config Connector",
        _ => return None,
    })
}

/// Joins the short names of scopes.
fn short_names(scopes: &ScopeSet) -> String {
    let names: Vec<String> = scopes.iter().map(|scope| scope.short().to_owned()).collect();
    names.join(" and ")
}

/// Puts an argument of a command in double quotes if it is a list. PowerShell takes a comma outside
/// of quotes for its own, where gcloud is a script:
/// <https://github.com/pnp/cli-microsoft365/issues/1347>.
fn argument(list: String) -> String {
    if list.contains(',') { format!("\"{list}\"") } else { list }
}

/// Joins texts, each in double quotes.
fn quoted(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::gates::tests::for_each_refusal;
    use super::super::sections;
    use super::*;
    use crate::environment::Snapshot;
    use crate::required_scopes::RequiredScopes;
    use gcp_scopes_catalog::scope::ScopeSet;
    use std::collections::BTreeSet;

    /// The words that no context supplies: the code that uses one section supplies them with
    /// [`WithWords`].
    const SECTION_WORDS: [&str; 15] = [
        "asked",
        "better",
        "binding",
        "how",
        "method",
        "new",
        "others",
        "own",
        "permissions",
        "policy_of",
        "product",
        "role",
        "set_policy",
        "summary",
        "why",
    ];

    /// Returns environments for [`results_in_contexts`]. Each condition of advice holds in at least
    /// one of them, and does not hold in at least one other.
    fn environments() -> Vec<Environment> {
        let key = concat!(
            r#"{"type":"service_account","client_email":"a@p-12345.iam.gserviceaccount.com","#,
            r#""client_id":"123456789012345678901"}"#,
        );
        let with_key =
            Snapshot::new().with_env("GOOGLE_APPLICATION_CREDENTIALS", "/k").with_file("/k", key);
        let node = Snapshot::new()
            .with_metadata("instance/name", "node-1")
            .with_metadata("instance/zone", "projects/123/zones/us-central1-a")
            .with_metadata("instance/attributes/cluster-name", "c")
            .with_metadata("instance/attributes/cluster-location", "us-central1")
            .with_metadata("project/numeric-project-id", "123");
        let workforce = concat!(
            r#"{"type":"external_account_authorized_user","audience":"//iam.googleapis.com/"#,
            r#"locations/global/workforcePools/staff/providers/okta"}"#,
        );
        let default = "123-compute@developer.gserviceaccount.com";
        let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer);
        let vm = vm.with_instance("web-1").unwrap().with_zone("us-central1-a").unwrap();
        let owned = |tool| {
            Environment::new(Platform::ComputeEngine, Credential::MetadataServer)
                .with_managed_by(tool)
                .unwrap()
        };
        vec![
            vm.with_project("my-project").unwrap().with_account(default).unwrap(),
            Environment::new(Platform::GkeNode, Credential::Unknown)
                .with_node_pool("pool-1")
                .unwrap(),
            Environment::new(Platform::Dataproc, Credential::UserAdc)
                .with_resource("c")
                .unwrap()
                .with_location("us-central1-a")
                .unwrap(),
            Environment::new(Platform::GkeWorkloadIdentity, Credential::MetadataServer),
            Environment::new(Platform::CloudShell, Credential::GcloudUser)
                .with_location("us-central1")
                .unwrap(),
            Environment::from_snapshot(&with_key),
            Environment::from_snapshot(
                &Snapshot::new()
                    .with_metadata("instance/name", "fast-1")
                    .with_metadata("instance/zone", "projects/123/zones/us-central1-a")
                    .with_metadata("instance/disks/?recursive=true", r#"[{"type":"LOCAL-SSD"}]"#),
            ),
            Environment::from_snapshot(&node),
            owned("terraform"),
            owned("pulumi"),
            owned("config-connector"),
            owned("ansible"),
            owned("packer"),
            Environment::new(Platform::ManagedInstanceGroup, Credential::MetadataServer)
                .with_managed_by("pulumi")
                .unwrap(),
            Environment::new(Platform::GkeNode, Credential::MetadataServer)
                .with_node_pool("nap-1")
                .unwrap(),
            Environment::new(Platform::Dataproc, Credential::MetadataServer),
            Environment::new(Platform::ColabEnterprise, Credential::Declared),
            Environment::new(Platform::AppEngineFlexible, Credential::MetadataServer),
            Environment::from_snapshot(
                &Snapshot::new()
                    .with_env("GOOGLE_APPLICATION_CREDENTIALS", "/k")
                    .with_file("/k", ""),
            ),
            Environment::from_snapshot(
                &Snapshot::new()
                    .with_env("GOOGLE_APPLICATION_CREDENTIALS", "/k")
                    .with_file("/k", workforce),
            ),
            Environment::new(Platform::Unknown, Credential::GcloudUser),
            Environment::new(Platform::VertexCustomJob, Credential::MetadataServer),
            Environment::new(Platform::TpuVm, Credential::MetadataServer),
            Environment::new(Platform::Workstations, Credential::MetadataServer),
        ]
    }

    /// Adds to each name whether it holds in this context.
    fn record(names: &mut [(&'static str, BTreeSet<bool>)], context: &dyn Context) {
        for (name, results) in names {
            results.insert(context.holds(name));
        }
    }

    /// Returns for each condition and word the results of [`Context::holds`] in many contexts.
    fn results_in_contexts(names: &BTreeSet<&'static str>) -> Vec<(&'static str, BTreeSet<bool>)> {
        let set =
            |names: &[&str]| ScopeSet::from_iter(names.iter().map(|name| name.parse().unwrap()));
        let accepted = [
            vec![set(&["cloud-platform", "pubsub"])],
            vec![set(&["drive", "drive.readonly"])],
            vec![set(&["gmail.send"]), set(&["cloud-platform"])],
        ];
        let required = [
            RequiredScopes::Unknown,
            RequiredScopes::AllOf(set(&["pubsub", "gmail.send"])),
            RequiredScopes::AnyOf(set(&["drive", "drive.readonly"])),
            RequiredScopes::OneOf(set(&["gmail.send", "gmail.readonly"])),
        ];
        let odd =
            "https://www.googleapis.com/auth/gmail.metadata https://www.googleapis.com/auth/x;y";
        let odd = Some(ScopeSet::from_scope_text(odd));
        let held =
            [None, Some(set(&[])), Some(set(&["pubsub"])), Some(set(&["cloud-platform"])), odd];
        let environments = environments();
        let mut results: Vec<_> = names.iter().map(|name| (*name, BTreeSet::new())).collect();
        for environment in &environments {
            for (accepted, held) in
                accepted.iter().flat_map(|all| held.iter().map(move |held| (all, held)))
            {
                record(&mut results, &Case::for_calls(accepted, held.as_ref(), environment));
            }
            for (required, held) in
                required.iter().flat_map(|all| held.iter().map(move |held| (all, held)))
            {
                let kinds =
                    [ScopeProblem::Missing, ScopeProblem::ScopeOrShare, ScopeProblem::Registry];
                for kind in kinds {
                    let case = Case::for_call(kind, required, held.as_ref(), environment);
                    record(&mut results, &case);
                    record(&mut results, &case.with_known(KnownCall::Method));
                }
            }
            for_each_refusal(environment, |gate| record(&mut results, gate));
        }
        results
    }

    /// Returns the key and the text of each line of the advice.
    fn lines() -> impl Iterator<Item = (&'static str, &'static str)> {
        sections::sections().flat_map(|(_, blocks)| blocks).flat_map(sections::Block::lines)
    }

    /// Returns what is in braces in a line: words, and conditions such as `if not role`. A brace
    /// before a space or at the end of a line belongs to code.
    fn marks(line: &str) -> Vec<&str> {
        let rests = line.split('{').skip(1);
        let rests = rests.filter(|rest| !rest.is_empty() && !rest.starts_with([' ', '\n']));
        rests.map(|rest| rest.split_once('}').unwrap().0).collect()
    }

    /// Returns the name in a word or condition: `role` in `if not role`, and in `role|the role`.
    fn name_of(mark: &str) -> &str {
        let name = mark.strip_prefix("if ").unwrap_or(mark);
        name.strip_prefix("not ").unwrap_or(name).split('|').next().unwrap()
    }

    #[test]
    fn every_condition_in_advice_ends_and_every_used_section_exists() {
        for (key, line) in lines() {
            let marks = marks(line);
            let begins = marks.iter().filter(|mark| mark.starts_with("if ")).count();
            let ends = marks.iter().filter(|mark| **mark == "end").count();
            assert_eq!(begins, ends, "{line}");
            let is_use = ["use", "options"].contains(&key);
            assert!(!is_use || !sections::section(line).is_empty(), "{line}");
        }
    }

    #[test]
    fn every_word_and_condition_in_advice_is_known() {
        let mut names = BTreeSet::new();
        for (key, line) in lines() {
            let conditions = marks(line).into_iter().chain((key == "if").then_some(line));
            names.extend(conditions.filter(|mark| !["else", "end"].contains(mark)).map(name_of));
        }
        names.retain(|name| !SECTION_WORDS.contains(name) && sections::section(name).is_empty());
        // These words are known in every context, so their conditions always hold.
        let always = ["login_scopes", "member", "needed", "recommended_scopes", "scopes"];
        for (name, results) in results_in_contexts(&names) {
            let is_always = always.contains(&name)
                || ["scopes_to_", "quoted_"].iter().any(|start| name.starts_with(start));
            assert!(
                results.contains(&true) && (is_always || results.len() == 2),
                "{name}: {results:?}"
            );
        }
    }
}
