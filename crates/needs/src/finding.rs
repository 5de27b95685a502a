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
    ///
    /// ```
    /// assert_eq!(gcp_scopes_needs::FindingStatus::Lacking.as_str(), "lacking");
    /// ```
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

/// What is interrupted when the list of scopes of a running machine changes.
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
    ///
    /// ```
    /// assert_eq!(gcp_scopes_needs::ChangeEffect::InPlace.as_str(), "in_place");
    /// ```
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

/// Whether one list of scopes fits the needs: the list of a machine, or one of the lists of a
/// resource that describes several machines, such as the node pools of a cluster.
///
/// ```
/// use gcp_scopes_needs::NeedsFile;
///
/// let needs = NeedsFile::parse(r#"{"needs": [{"method": "storage.objects.insert"}]}"#)?;
/// let vm = r#"{"kind": "compute#instance", "name": "web-1", "serviceAccounts": []}"#;
/// let mut findings = Vec::new();
/// needs.check_inventory(vm.as_bytes(), &mut |finding| findings.push(finding))?;
/// assert_eq!(findings[0].status.as_str(), "no_account");
/// # Ok::<(), gcp_scopes_needs::NeedsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MachineFinding {
    /// The address of the resource in Terraform, or the name of the resource.
    pub address: String,
    /// The type of the resource.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether the scopes fit.
    pub status: FindingStatus,
    /// The methods that will be refused, sorted by id. Empty unless the status is
    /// [`FindingStatus::Lacking`].
    pub lacking: Vec<String>,
    /// The scopes that the machine has, as far as they are known.
    pub granted: Vec<Scope>,
    /// The whole list of scopes to write if the status is [`FindingStatus::Lacking`]: the present
    /// scopes, and those that the lacking methods need.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<Scope>,
    /// What the change of the list interrupts. `None` unless the status is
    /// [`FindingStatus::Lacking`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<ChangeEffect>,
    /// Why a status is unknown, or a condition of the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The lines to write, for people: a block of Terraform, or commands. Empty if there is nothing
    /// to change.
    #[serde(skip)]
    pub fix: String,
}

impl MachineFinding {
    /// Creates a finding without scopes.
    pub(crate) fn new(
        address: &str,
        kind: &str,
        status: FindingStatus,
        note: Option<&str>,
    ) -> Self {
        Self {
            address: address.to_owned(),
            kind: kind.to_owned(),
            status,
            lacking: Vec::new(),
            granted: Vec::new(),
            set: Vec::new(),
            effect: None,
            note: note.map(str::to_owned),
            fix: String::new(),
        }
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
    ///
    /// ```
    /// assert!(gcp_scopes_needs::Summary::default().always_cloud_platform().is_empty());
    /// ```
    #[must_use]
    pub fn always_cloud_platform(&self) -> &BTreeMap<String, usize> {
        &self.always_cloud_platform
    }
}
