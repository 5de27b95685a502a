//! Writes the block of a configuration that a person has to change.

use gcp_scopes_catalog::scope::Scope;

/// Returns the blocks around a list of scopes, and the list.
pub(super) fn scopes(path: &[&str], set: &[Scope]) -> String {
    let (mut lines, depth) = (Vec::new(), path.len().saturating_sub(1));
    for (index, name) in path.iter().enumerate() {
        let opening = if index == depth { "= [" } else { "{" };
        lines.push(format!("{}{name} {opening}", indent(index)));
    }
    lines.extend(set.iter().map(|scope| format!("{}\"{scope}\",", indent(depth + 1))));
    lines.push(format!("{}]", indent(depth)));
    lines.extend((0..depth).rev().map(|index| format!("{}}}", indent(index))));
    lines.join("\n")
}

/// Returns the block that gives a VM an account.
pub(super) fn service_account() -> String {
    let lines = [
        "service_account {",
        "  email  = google_service_account.SERVICE.email",
        "  scopes = [\"https://www.googleapis.com/auth/cloud-platform\"]",
        "}",
    ];
    lines.join("\n")
}

fn indent(depth: usize) -> String {
    "  ".repeat(depth)
}
