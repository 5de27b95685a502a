//! The full name of the resource of a refused call, for commands of the Policy Troubleshooter.
//!
//! Source: <https://docs.cloud.google.com/iam/docs/full-resource-names>

use super::closed_gate::{ClosedGate, is_plain};

/// Returns the full name of the resource, or of the project if the resource is not known.
pub(super) fn of(gate: &ClosedGate<'_>) -> Option<String> {
    let named = gate.refusal.resource().filter(|name| is_plain(name));
    let of_path = || {
        let path = named.filter(|name| !name.starts_with('/'))?;
        Some(format!("//{}/{path}", gate.refusal.service()?))
    };
    let of_bucket = || {
        let bucket = gate.known_bucket()?;
        Some(format!("//storage.googleapis.com/projects/_/buckets/{bucket}"))
    };
    let of_project =
        || Some(format!("//cloudresourcemanager.googleapis.com/projects/{}", gate.project()?));
    let full = named.filter(|name| name.starts_with("//")).map(str::to_owned);
    full.or_else(of_path).or_else(of_bucket).or_else(of_project)
}
