//! The finding for one list of scopes in a resource.

use gcp_scopes_catalog::scope::Scope;
use serde_json::Value;

use super::block;
use super::cluster::{Clusters, PodIdentity};
use super::resource::PlannedResource;
use super::rows::{IfEmpty, ScopesRow};
use super::value::PlannedValue;
use crate::finding::{ChangeEffect, FindingStatus, MachineFinding};
use crate::needs_file::{NeededMethod, NeedsFile};
use crate::verdict::{HeldScopes, NO_ACCOUNT, NeedsVerdict, is_own_account};

/// A list of scopes in a resource.
pub(super) struct PlannedMachine<'a> {
    pub(super) resource: &'a PlannedResource,
    pub(super) row: &'static ScopesRow,
    pub(super) clusters: &'a Clusters<'a>,
}

/// The first Dataproc image whose clusters may get `cloud-platform` without asking for it.
const FIRST_WITH_CLOUD_PLATFORM: (u32, u32) = (2, 1);

impl PlannedMachine<'_> {
    /// Compares the list with the needs.
    pub(super) fn finding(&self, needs: &NeedsFile) -> MachineFinding {
        let pods = self.clusters.pods_of(self.resource, self.row.path);
        let Some(held) = self.held(&pods) else {
            let fix = block::service_account();
            return MachineFinding { fix, ..self.with(FindingStatus::NoAccount, Some(NO_ACCOUNT)) };
        };
        let granted: Vec<Scope> = held.scopes.iter().collect();
        let found = |status, note: Option<&str>| MachineFinding {
            granted: granted.clone(),
            ..self.with(status, note)
        };
        let invalid = self.invalid(&held);
        match (pods, held.compare(needs)) {
            (PodIdentity::NotNode(why), _) => found(FindingStatus::Ok, Some(why)),
            (_, NeedsVerdict::Fits) => found(FindingStatus::Ok, invalid.as_deref()),
            (_, NeedsVerdict::Unknown(why)) => found(FindingStatus::Unknown, Some(&why)),
            (_, NeedsVerdict::Lacks(lacking)) => {
                let note = invalid.or_else(|| self.condition());
                let finding = found(FindingStatus::Lacking, note.as_deref());
                self.with_change(finding, &held, &lacking)
            }
        }
    }

    /// Adds the methods that will be refused, and the list of scopes that permits them.
    fn with_change(
        &self,
        finding: MachineFinding,
        held: &HeldScopes,
        lacking: &[NeededMethod],
    ) -> MachineFinding {
        let set = held.opened(lacking, self.has_own_account());
        let lacking = lacking.iter().map(|need| need.name().to_owned()).collect();
        let (fix, effect) = (block::scopes(self.row.path, &set), Some(self.row.effect));
        MachineFinding { lacking, fix, set, effect, ..finding }
    }

    fn with(&self, status: FindingStatus, note: Option<&str>) -> MachineFinding {
        MachineFinding::new(&self.resource.address, &self.resource.kind, status, note)
    }

    /// Returns the scopes of the machine; `None` if it has no account.
    fn held(&self, pods: &PodIdentity) -> Option<HeldScopes> {
        let mut held = match self.value(self.row.path) {
            PlannedValue::Known(list, unknown) => match list_of(list, unknown) {
                Some(held) => held,
                None => self.if_empty(self.row.if_empty)?,
            },
            PlannedValue::Absent if self.has_block() => self.if_empty(self.row.if_empty)?,
            PlannedValue::Absent => self.if_empty(self.row.without_block)?,
            PlannedValue::Unknown | PlannedValue::Missing => HeldScopes::unknown(UNTIL_APPLY),
        };
        if held.doubt.is_none() || !self.row.added.is_empty() {
            held.scopes.extend(self.row.added.iter().map(|name| scope(name)));
        }
        if let PodIdentity::Unknown(why) = pods {
            held.doubt = held.doubt.or_else(|| Some((*why).to_owned()));
        }
        self.add_possible(&mut held);
        Some(held)
    }

    /// Returns the scopes of a machine without a list; `None` if the machine has no account.
    fn if_empty(&self, rule: IfEmpty) -> Option<HeldScopes> {
        match rule {
            IfEmpty::NoAccount => None,
            IfEmpty::NoScopes => Some(HeldScopes::default()),
            IfEmpty::Unknown(why) => Some(HeldScopes::unknown(why)),
            IfEmpty::Scopes(names) => {
                let scopes = names.iter().map(|name| scope(name)).collect();
                Some(HeldScopes { scopes, ..HeldScopes::default() })
            }
        }
    }

    /// Adds the scopes that Google may add to a list.
    fn add_possible(&self, held: &mut HeldScopes) {
        match self.resource.kind.as_str() {
            // GKE adds the scope to nodes, whatever the list says. Source:
            // `containerClusterAddedScopesSuppress` in
            // <https://github.com/hashicorp/terraform-provider-google/blob/main/google/services/container/resource_container_cluster.go>.
            "google_container_cluster" | "google_container_node_pool" => {
                held.maybe.insert(scope("monitoring.write"));
            }
            "google_dataproc_cluster" => {
                let image = ["cluster_config", "software_config", "image_version"];
                let version = self.value(&image).text().and_then(version);
                if version.is_some_and(|version| version >= FIRST_WITH_CLOUD_PLATFORM) {
                    held.maybe.insert(Scope::cloud_platform());
                }
            }
            _ => {}
        }
    }

    /// Returns the note for texts in the list that are no scopes.
    fn invalid(&self, held: &HeldScopes) -> Option<String> {
        let names: Vec<String> =
            held.invalid.iter().map(|name| format!("`{:.40}`", name.escape_debug())).collect();
        let is_alias = held.invalid.iter().any(|name| name == "default" || name == "gke-default");
        let why = match is_alias {
            true => {
                "an alias that only gcloud knows: the provider sends it as it is, and Google \
                 refuses it"
            }
            false => "neither the URI of a scope nor a short name that the provider knows",
        };
        (!names.is_empty()).then(|| format!("{} is {why}", names.join(" and ")))
    }

    /// Returns the condition under which the change succeeds, if there is one.
    fn condition(&self) -> Option<String> {
        if self.row.effect != ChangeEffect::Stops {
            return self.row.condition.map(str::to_owned);
        }
        let is_allowed = self.value(&["allow_stopping_for_update"]).is(true);
        (!is_allowed).then(|| {
            "without `allow_stopping_for_update = true` the apply fails: the change stops a \
             running VM"
                .to_owned()
        })
    }

    /// Checks whether the account is one that somebody created, and not the default account. An
    /// account that is not known yet is one that the plan creates.
    fn has_own_account(&self) -> bool {
        let [blocks @ .., _] = self.row.path else { return false };
        match self.value(&[blocks, &[self.row.account]].concat()) {
            PlannedValue::Unknown => true,
            account => account.text().is_some_and(is_own_account),
        }
    }

    /// Checks whether the block of the list is there.
    fn has_block(&self) -> bool {
        let [blocks @ .., _] = self.row.path else { return false };
        let block = self.value(blocks);
        matches!(block, PlannedValue::Known(Value::Array(list), _) if !list.is_empty())
            || matches!(block, PlannedValue::Known(Value::Object(_), _))
    }

    fn value(&self, path: &[&str]) -> PlannedValue<'_> {
        self.resource.value(path)
    }
}

const UNTIL_APPLY: &str = "the scopes are not known until the plan is applied";

/// Returns the scopes of a list; `None` if it is known to be empty.
fn list_of(list: &Value, unknown: &Value) -> Option<HeldScopes> {
    let mut held = HeldScopes::default();
    let is_unknown = |index: usize| match unknown {
        Value::Array(marks) => marks.get(index) == Some(&Value::Bool(true)),
        mark => *mark == Value::Bool(true),
    };
    let elements = list.as_array().map(Vec::as_slice).unwrap_or_default();
    for (index, element) in elements.iter().enumerate() {
        match element.as_str() {
            Some(text) if !is_unknown(index) => held.add(text),
            _ => {
                held.doubt =
                    Some("a scope of the list is not known until the plan is applied".to_owned())
            }
        }
    }
    // Terraform may mark an element as unknown that it leaves out of the list.
    let marks = unknown.as_array().map_or(0, Vec::len);
    if (elements.len()..marks).any(is_unknown) || !list.is_array() {
        held.doubt = Some(UNTIL_APPLY.to_owned());
    }
    (!elements.is_empty() || held.doubt.is_some()).then_some(held)
}

fn scope(name: &str) -> Scope {
    Scope::from_uri(&format!("https://www.googleapis.com/auth/{name}"))
}

/// Returns the major and the minor version of an image of Dataproc, such as `2.2-debian12`.
fn version(image: &str) -> Option<(u32, u32)> {
    let (major, rest) = image.split_once('.')?;
    let minor = rest.split(|char: char| !char.is_ascii_digit()).next()?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
