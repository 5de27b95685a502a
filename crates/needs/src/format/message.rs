//! The sentence for a finding.

use crate::finding::{FindingStatus, MachineFinding};

/// Returns a sentence for a finding; `None` if the scopes fit.
pub(super) fn message(finding: &MachineFinding) -> Option<String> {
    let address = &finding.address;
    let sentence = match finding.status {
        FindingStatus::Ok => return None,
        FindingStatus::Lacking => {
            let set: Vec<&str> = finding.set.iter().map(|scope| scope.as_str()).collect();
            format!(
                "The scopes of {address} do not permit {}. The whole list to write: {}.",
                finding.lacking.join(", "),
                set.join(", ")
            )
        }
        FindingStatus::NoAccount => {
            format!("{address} has no service account, so a program on it gets no token.")
        }
        FindingStatus::Unknown => format!("Whether the scopes of {address} fit is not known."),
    };
    Some(match &finding.note {
        Some(note) => format!("{sentence} Note: {note}."),
        None => sentence,
    })
}
