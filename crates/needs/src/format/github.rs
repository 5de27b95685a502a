//! Workflow commands of GitHub Actions:
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>.

use super::message::message;
use crate::finding::{FindingStatus, MachineFinding};

/// Returns the command for a finding, without a line end; `None` if the scopes fit.
pub(super) fn command(finding: &MachineFinding, input: &str) -> Option<String> {
    let message = escaped(&message(finding)?);
    let level = match finding.status {
        FindingStatus::Unknown => "warning",
        _ => "error",
    };
    let title = property(&format!("OAuth scopes of {}", finding.address));
    Some(format!("::{level} file={},title={title}::{message}", property(input)))
}

/// Escapes a message, as the toolkit of GitHub Actions does:
/// <https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts>.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property, in which a colon and a comma have a meaning, too.
fn property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}
