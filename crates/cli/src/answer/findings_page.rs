//! The findings about machines as a page of text.

use gcp_scopes_explain::layout::Layout;
use gcp_scopes_needs::{ChangeEffect, FindingStatus, MachineFinding, Summary};

/// A page that begins with the answer, and has a paragraph for each machine whose scopes do not
/// fit.
#[derive(Debug)]
pub struct FindingsPage {
    layout: Layout,
    /// How many machines have each status, in the order of [`STATUSES`].
    counts: [usize; 4],
    paragraphs: String,
}

const STATUSES: [FindingStatus; 4] =
    [FindingStatus::Lacking, FindingStatus::NoAccount, FindingStatus::Unknown, FindingStatus::Ok];

impl FindingsPage {
    pub fn new(layout: Layout) -> Self {
        Self { layout, counts: [0; 4], paragraphs: String::new() }
    }

    pub fn add(&mut self, finding: &MachineFinding) {
        let status = finding.status;
        let counts = self.counts.iter_mut().zip(STATUSES);
        counts.filter(|(_, each)| *each == status).for_each(|(count, _)| *count += 1);
        // A machine whose scopes fit has a paragraph only if there is a note about the machine.
        if status != FindingStatus::Ok || finding.note.is_some() {
            self.paragraphs += &self.paragraph(finding);
        }
    }

    /// Returns the page.
    pub fn text(&self, summary: &Summary) -> String {
        let answer = self.layout.paragraph(&self.answer());
        let others = summary.always_cloud_platform();
        if others.is_empty() {
            return format!("{answer}{}", self.paragraphs);
        }
        let others: Vec<String> =
            others.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let others = format!(
            "Not checked, because their tokens always hold cloud-platform: {}.",
            others.join(", ")
        );
        format!("{answer}{}\n{}", self.paragraphs, self.layout.paragraph(&others))
    }

    /// Returns the first sentence of the page: how many machines have each status.
    fn answer(&self) -> String {
        let [lacking, no_account, unknown, ok] = self.counts;
        let all: usize = self.counts.iter().sum();
        let noun = if all == 1 { "machine" } else { "machines" };
        let parts: Vec<String> = [
            (lacking, "will be refused calls"),
            (no_account, "without a service account"),
            (unknown, "not known"),
            (ok, "with the scopes for every call"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
        match all {
            0 => "No machine with a list of scopes was found.".to_owned(),
            _ => format!("{all} {noun} checked: {}.", parts.join(", ")),
        }
    }

    fn paragraph(&self, finding: &MachineFinding) -> String {
        let layout = &self.layout;
        let word = match finding.status {
            FindingStatus::Lacking => layout.red("will be refused"),
            FindingStatus::NoAccount => layout.red("no service account"),
            FindingStatus::Unknown => layout.yellow("not known"),
            _ => layout.green("ok"),
        };
        let mut text = format!("\n{}: {word}\n", finding.address);
        if !finding.lacking.is_empty() {
            text += &layout.fact("refused", &finding.lacking.join(", "));
            let held: Vec<&str> = finding.granted.iter().map(|scope| scope.short()).collect();
            let held = if held.is_empty() { "no scope".to_owned() } else { held.join(", ") };
            text += &layout.fact("has", &held);
        }
        if let Some(effect) = finding.effect {
            text += &layout.fact("the change", effect_of(effect));
        }
        if let Some(note) = &finding.note {
            text += &layout.fact("note", &format!("{note}."));
        }
        if !finding.fix.is_empty() {
            text += &layout.fact("write", "");
            let indent = if layout.is_plain() { "" } else { "    " };
            finding.fix.lines().for_each(|line| text += &format!("{indent}{line}\n"));
        }
        text
    }
}

/// Returns the text about what a change does to a running machine.
fn effect_of(effect: ChangeEffect) -> &'static str {
    match effect {
        ChangeEffect::InPlace => "is made in place.",
        ChangeEffect::Stops => "stops the VM and starts it again, if it runs.",
        ChangeEffect::Replaces => "replaces the resource: it is deleted and created.",
        ChangeEffect::ReplacesCluster => "replaces the whole cluster.",
        _ => "is not known.",
    }
}
