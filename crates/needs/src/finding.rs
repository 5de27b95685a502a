//! [`MachineFinding`]: whether the scopes of one machine fit the needs of a service.

use std::collections::BTreeMap;

use gcp_scopes_catalog::scope::Scope;
use serde::Serialize;

/// Whether the scopes of a machine fit the needs of a service.
///
/// ```
/// use gcp_scopes_needs::FindingStatus;
///
/// assert_eq!(FindingStatus::NoAccount.as_str(), "no_account");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingStatus {
    /// The scopes are sufficient for every method.
    Ok,
    /// At least one method will be refused.
    Lacking,
    /// The scopes are not known before the change is applied, or the catalog cannot judge a method.
    Unknown,
    /// The machine has no service account, so a program on it gets no token.
    NoAccount,
}

impl FindingStatus {
    /// Returns the word for the status in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Lacking => "lacking",
            Self::Unknown => "unknown",
            Self::NoAccount => "no_account",
        }
    }
}

/// What a change of the list of scopes costs once the machine runs.
///
/// ```
/// use gcp_scopes_needs::ChangeEffect;
///
/// assert_eq!(ChangeEffect::ReplacesCluster.as_str(), "replaces_cluster");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChangeEffect {
    /// Nothing stops.
    InPlace,
    /// The machine is stopped and started.
    Stops,
    /// The resource is deleted and created.
    Replaces,
    /// The GKE cluster is deleted and created.
    ReplacesCluster,
}

impl ChangeEffect {
    /// Returns the word for the effect in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InPlace => "in_place",
            Self::Stops => "stops",
            Self::Replaces => "replaces",
            Self::ReplacesCluster => "replaces_cluster",
        }
    }
}

/// Whether the scopes of one machine, or of one kind of machine of a resource, fit the needs.
///
/// ```
/// use gcp_scopes_needs::NeedsFile;
///
/// let needs = NeedsFile::parse(r#"{"needs": [{"method": "storage.objects.insert"}]}"#)?;
/// let vm = r#"{"kind": "compute#instance", "name": "web-1", "serviceAccounts": []}"#;
/// let mut findings = Vec::new();
/// needs.check_inventory(vm.as_bytes(), &mut |finding| findings.push(finding))?;
/// assert_eq!(findings[0].status().as_str(), "no_account");
/// # Ok::<(), gcp_scopes_needs::NeedsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MachineFinding {
    pub(crate) address: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) status: FindingStatus,
    pub(crate) lacking: Vec<String>,
    pub(crate) granted: Vec<Scope>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) set: Vec<Scope>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) effect: Option<ChangeEffect>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
    /// The lines to write, for people.
    #[serde(skip)]
    pub(crate) fix: String,
}

impl MachineFinding {
    /// Creates a finding without scopes.
    pub(crate) fn new(
        address: impl Into<String>,
        kind: impl Into<String>,
        status: FindingStatus,
        note: Option<&str>,
    ) -> Self {
        Self {
            address: address.into(),
            kind: kind.into(),
            status,
            lacking: Vec::new(),
            granted: Vec::new(),
            set: Vec::new(),
            effect: None,
            note: note.map(str::to_owned),
            fix: String::new(),
        }
    }

    /// Returns the address of the resource in Terraform, or the name of the resource.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Returns the type of the resource.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns whether the scopes fit.
    #[must_use]
    pub fn status(&self) -> FindingStatus {
        self.status
    }

    /// Returns the methods that will be refused, sorted by id.
    #[must_use]
    pub fn lacking(&self) -> &[String] {
        &self.lacking
    }

    /// Returns the scopes that the machine has, as far as they are known.
    #[must_use]
    pub fn granted(&self) -> &[Scope] {
        &self.granted
    }

    /// Returns the whole list of scopes to write if the status is [`FindingStatus::Lacking`]: those
    /// that are there, and those that open the rest.
    #[must_use]
    pub fn set(&self) -> &[Scope] {
        &self.set
    }

    /// Returns what the change costs if the status is [`FindingStatus::Lacking`].
    #[must_use]
    pub fn effect(&self) -> Option<ChangeEffect> {
        self.effect
    }

    /// Returns what a reader should know besides: why a status is unknown, or a condition of the
    /// change.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Returns the lines to write: a block of Terraform, or commands. Empty if there is nothing to
    /// change.
    #[must_use]
    pub fn fix(&self) -> &str {
        &self.fix
    }
}

/// What an input contained besides the findings.
///
/// ```
/// use gcp_scopes_needs::{NeedsFile, Summary};
///
/// let needs = NeedsFile::parse(r#"{"needs": [{"method": "storage.objects.insert"}]}"#)?;
/// let plan = r#"{"resource_changes": [{"address": "a", "type": "google_cloud_run_v2_service",
///     "change": {"actions": ["create"], "after": {}}}]}"#;
/// let summary: Summary = needs.check_plan(plan.as_bytes(), &mut |_| ())?;
/// assert_eq!(summary.always_cloud_platform()["google_cloud_run_v2_service"], 1);
/// # Ok::<(), gcp_scopes_needs::NeedsError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    pub(crate) always_cloud_platform: BTreeMap<String, usize>,
}

impl Summary {
    /// Returns how many resources have a type whose tokens always hold `cloud-platform`, by type.
    /// Such resources have no findings.
    #[must_use]
    pub fn always_cloud_platform(&self) -> &BTreeMap<String, usize> {
        &self.always_cloud_platform
    }
}
