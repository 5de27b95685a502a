//! How a report is laid out: how wide, with colours or not, drawn or in plain sentences.
//!
//! Reports are made for a page of 80 columns without colours, which suits a log as well. A program that
//! knows its reader better says so with a [`Layout`].
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use gcp_scopes_catalog::{Endpoints, call::Call, lookup, scope::ScopeSet};
//! # use gcp_scopes_explain::environment::{Environment, Snapshot};
//! # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
//! # use gcp_scopes_explain::refusal::{Answer, Certainty, Gate};
//! # use gcp_scopes_explain::{denial::DenialKind, explain};
//! # let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg".parse()?;
//! # let call = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
//! # let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
//! # let held = GrantedScopes::known(held, GrantSource::Metadata);
//! # let body = br##"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"##;
//! # let here = Environment::from_snapshot(&Snapshot::new().with_env("CLOUD_RUN_JOB", "nightly")).into();
//! # let denial = explain(&call, &held, &here, &Answer::new(body).with_status(403)).ok_or("a denial")?;
//! use gcp_scopes_explain::layout::Layout;
//!
//! let page = denial.report_in(&Layout::new().width(100));
//! let for_a_screen_reader = denial.report_in(&Layout::new().plain());
//! assert!(page.contains("[ gate 1") && for_a_screen_reader.contains("Gate 1, OAuth scopes of the token: closed."));
//! # Ok(()) }
//! ```

use crate::remedy::Step;

/// How a text for a person is laid out.
///
/// Words are wrapped; commands, code and addresses never are, so that they can be copied.
///
/// ```
/// use gcp_scopes_explain::environment::{Environment, Snapshot};
/// use gcp_scopes_explain::layout::Layout;
/// use gcp_scopes_explain::{refusal, remedy};
///
/// let refusal = refusal::classify_text("Error 403: Rate Limit Exceeded").expect("a refusal");
/// let steps = remedy::for_refusal(&refusal, &Environment::from_snapshot(&Snapshot::new()));
/// let narrow = Layout::new().width(60).steps(&steps);
/// assert!(narrow.lines().all(|line| line.len() < 60 || line.contains("https://")));
/// let plain = Layout::new().plain().steps(&steps);
/// assert!(plain.starts_with("Step 1 of 1: "));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Layout {
    width: usize,
    is_plain: bool,
    colours: bool,
}

/// Columns that a picture takes.
const OF_A_PICTURE: usize = 72;
/// Lines of prose beyond this are hard to read.
const WIDEST: usize = 100;
const NARROWEST: usize = 30;

impl Layout {
    /// 80 columns, drawn, without colours.
    ///
    /// ```
    /// # use gcp_scopes_explain::layout::Layout;
    /// assert_eq!(Layout::new(), Layout::new().width(80));
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self { width: 80, is_plain: false, colours: false }
    }

    /// For a terminal of this many columns. Prose takes at least 30 of them and at most 100.
    ///
    /// ```
    /// # use gcp_scopes_explain::layout::Layout;
    /// let page = Layout::new().width(40).paragraph(&"word ".repeat(30));
    /// assert!(page.lines().count() > 1 && page.lines().all(|line| line.len() <= 40));
    /// ```
    #[must_use]
    pub fn width(self, columns: usize) -> Self {
        Self { width: columns.clamp(NARROWEST, WIDEST), ..self }
    }

    /// For a screen reader: one line for each fact and each step, each with a word that says what it is;
    /// no picture, no columns, and nothing that only its place or its colour tells.
    ///
    /// ```
    /// # use gcp_scopes_explain::layout::Layout;
    /// assert_eq!(Layout::new().plain().fact("runs on", "Cloud Run"), "runs on: Cloud Run\n");
    /// ```
    #[must_use]
    pub const fn plain(self) -> Self {
        Self { is_plain: true, ..self }
    }

    /// With ANSI colours, which say nothing that words do not say too.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::{Endpoints, call::Call, lookup, scope::ScopeSet};
    /// # use gcp_scopes_explain::environment::{Environment, Snapshot};
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// # use gcp_scopes_explain::refusal::{Answer, Certainty, Gate};
    /// # use gcp_scopes_explain::{denial::DenialKind, explain};
    /// # let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg".parse()?;
    /// # let call = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
    /// # let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
    /// # let held = GrantedScopes::known(held, GrantSource::Metadata);
    /// # let body = br##"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"##;
    /// # let here = Environment::from_snapshot(&Snapshot::new().with_env("CLOUD_RUN_JOB", "nightly")).into();
    /// # let denial = explain(&call, &held, &here, &Answer::new(body).with_status(403)).ok_or("a denial")?;
    /// # use gcp_scopes_explain::layout::Layout;
    /// assert!(denial.report_in(&Layout::new().colours()).contains("\u{1b}[1;31mCLOSED"));
    /// assert!(!denial.report().contains('\u{1b}'));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub const fn colours(self) -> Self {
        Self { colours: true, ..self }
    }

    /// Numbered steps, each with its command, code and pages. Ends in a line end.
    ///
    /// ```
    /// # use gcp_scopes_explain::layout::Layout;
    /// # use gcp_scopes_explain::{environment::{Environment, Snapshot}, refusal, remedy};
    /// let refusal = refusal::classify_text("Error 403: Rate Limit Exceeded").expect("a refusal");
    /// let steps = remedy::for_refusal(&refusal, &Environment::from_snapshot(&Snapshot::new()));
    /// assert!(Layout::new().steps(&steps).starts_with("  1. "));
    /// ```
    #[must_use]
    pub fn steps(&self, steps: &[Step]) -> String {
        let mut page = Page::new(*self);
        page.steps(steps);
        page.into_text()
    }

    /// One fact by its name: `  name        text`, or `name: text` in plain. Ends in a line end.
    ///
    /// ```
    /// # use gcp_scopes_explain::layout::Layout;
    /// assert_eq!(Layout::new().fact("runs on", "Cloud Run"), "  runs on     Cloud Run\n");
    /// ```
    #[must_use]
    pub fn fact(&self, name: &str, text: &str) -> String {
        let mut page = Page::new(*self);
        page.row(name, text);
        page.into_text()
    }

    /// A paragraph. Ends in a line end.
    ///
    /// ```
    /// # use gcp_scopes_explain::layout::Layout;
    /// assert_eq!(Layout::new().paragraph("No IAM role fixes this."), "No IAM role fixes this.\n");
    /// ```
    #[must_use]
    pub fn paragraph(&self, text: &str) -> String {
        let mut page = Page::new(*self);
        page.wrapped("", text);
        page.into_text()
    }
}

impl Default for Layout {
    fn default() -> Self {
        Self::new()
    }
}

/// A report while it is written, line by line.
///
/// ```
/// use gcp_scopes_explain::layout::{Layout, Page};
///
/// let mut page = Page::new(Layout::new());
/// page.wrapped("", "The scope gate is open.");
/// page.row("holds", "pubsub");
/// assert_eq!(page.into_text(), "The scope gate is open.\n  holds       pubsub\n");
/// ```
#[derive(Debug)]
pub struct Page {
    layout: Layout,
    out: String,
}

/// What a colour stands for; a word stands beside it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Colour {
    /// Green: as it should be.
    Good,
    /// Yellow: not known.
    Unsure,
    /// Red: closed.
    Bad,
}

impl Page {
    /// An empty page.
    #[must_use]
    pub fn new(layout: Layout) -> Self {
        Self { layout, out: String::new() }
    }

    /// What was written.
    #[must_use]
    pub fn into_text(self) -> String {
        self.out
    }

    /// Whether it is one of plain sentences.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.layout.is_plain
    }

    /// Whether a picture is wanted and has room.
    pub fn draws(&self) -> bool {
        !self.layout.is_plain && self.layout.width >= OF_A_PICTURE
    }

    /// The text as it is.
    pub fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// Words behind `mark`, on further lines below their beginning.
    pub fn wrapped(&mut self, mark: &str, text: &str) {
        if self.layout.is_plain {
            return self.line(format!("{}{text}", mark.trim_start()).trim_end());
        }
        let indent = mark.chars().count();
        let (mut line, mut width) = (mark.to_owned(), indent);
        for word in text.split(' ') {
            let length = word.chars().count();
            let is_begun = width > indent;
            // The last column stays free: some terminals go on to the next line behind it.
            if is_begun && width + 1 + length >= self.layout.width {
                self.line(&line);
                (line, width) = (" ".repeat(indent), indent);
            } else if is_begun {
                line.push(' ');
                width += 1;
            }
            line.push_str(word);
            width += length;
        }
        self.line(line.trim_end());
    }

    /// One fact by its name.
    pub fn row(&mut self, name: &str, text: &str) {
        match self.layout.is_plain {
            true if name.is_empty() => self.line(text),
            true => self.line(&format!("{name}: {text}")),
            false => self.wrapped(&format!("  {name:<12}"), text),
        }
    }

    /// Several facts by one name: each on a line of its own, or one after another in plain. Those between
    /// an introduction and an afterword stand further in.
    pub fn rows(&mut self, name: &str, intro: Option<&str>, items: &[String], after: &[String]) {
        if self.layout.is_plain {
            let intro = intro.map(|intro| format!("{intro} ")).unwrap_or_default();
            let after: String = after.iter().map(|text| format!(" {text}")).collect();
            return self.row(name, &format!("{intro}{}{after}", items.join(", ")));
        }
        let further = if intro.is_some() { "  " } else { "" };
        let items = items.iter().map(|item| (further, item.as_str()));
        let after = after.iter().map(|text| ("", text.as_str()));
        let lines = intro.map(|intro| ("", intro)).into_iter().chain(items).chain(after);
        for (number, (further, text)) in lines.enumerate() {
            let name = if number == 0 { name } else { "" };
            self.wrapped(&format!("  {name:<12}{further}"), text);
        }
    }

    /// Numbered steps, their commands unbroken.
    pub fn steps(&mut self, steps: &[Step]) {
        for (number, step) in steps.iter().enumerate() {
            let number = number + 1;
            if self.layout.is_plain {
                self.plain_step(&format!("Step {number} of {}: ", steps.len()), step);
                continue;
            }
            self.wrapped(&format!("  {number}. "), step.text());
            for line in step.command_line().into_iter().chain(step.code_line()) {
                self.line(&format!("       {line}"));
            }
            if let Some(page) = step.console_url() {
                self.line(&format!("     console: {page}"));
            }
            if let Some(link) = step.doc_url() {
                self.line(&format!("     {link}"));
            }
        }
    }

    fn plain_step(&mut self, number: &str, step: &Step) {
        let parts = [
            (number, Some(step.text())),
            ("Command: ", step.command_line()),
            ("Code: ", step.code_line()),
            ("Console: ", step.console_url()),
            ("Documentation: ", step.doc_url()),
        ];
        for (name, text) in parts {
            if let Some(text) = text {
                self.line(&format!("{name}{text}"));
            }
        }
    }

    /// The text in a colour, where the page has colours.
    #[must_use]
    pub fn painted(&self, text: &str, colour: Colour) -> String {
        let code = match colour {
            Colour::Good => 32,
            Colour::Unsure => 33,
            Colour::Bad => 31,
        };
        if self.layout.colours { format!("\u{1b}[1;{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step() -> Step {
        let text = "Stop the machine first, since its settings cannot be changed while it runs.";
        Step {
            text: text.to_owned(),
            command: Some(format!("gcloud {}", "very ".repeat(40))),
            code: None,
            console: None,
            link: Some("https://docs.cloud.google.com/compute/docs"),
        }
    }

    #[test]
    fn prose_keeps_within_the_width_and_a_command_on_its_line() {
        for (columns, width) in [(0, 30), (40, 40), (80, 80), (100, 100), (4000, 100)] {
            let text = Layout::new().width(columns).steps(&[step(), step()]);
            let (long, prose): (Vec<&str>, Vec<&str>) =
                text.lines().partition(|line| line.contains("gcloud") || line.contains("https://"));
            assert!(prose.iter().all(|line| line.chars().count() < width), "{columns}: {text}");
            assert!(long.len() == 4 && long[0].ends_with(step().command_line().unwrap()), "{text}");
        }
    }

    #[test]
    fn a_word_that_is_wider_than_the_page_stays_whole() {
        let word = "x".repeat(200);
        let text = Layout::new().fact("name", &format!("a {word} b"));
        assert!(text.lines().any(|line| line.trim() == word), "{text}");
    }

    #[test]
    fn letters_of_several_bytes_count_once() {
        let text = Layout::new().paragraph(&"ü ".repeat(200));
        assert!(text.lines().take(2).all(|line| line.chars().count() > 76), "{text}");
    }

    #[test]
    fn plain_text_names_what_every_line_is() {
        let text = Layout::new().plain().steps(&[step(), step()]);
        let lines: Vec<&str> = text.lines().collect();
        let starts = ["Step 1 of 2: ", "Command: ", "Documentation: ", "Step 2 of 2: "];
        assert!(lines.len() == 6 && lines.iter().zip(starts).all(|(line, start)| line.starts_with(start)));
    }
}
