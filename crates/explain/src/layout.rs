//! The layout of a report: its width, its colours, and whether it contains a picture of the gates.
//! A gate is a check of Google that a call has to pass, such as the check of the token's scopes.
//!
//! By default a report has 80 columns and no colours, for logs and for terminals. Use another
//! [`Layout`] for a wider terminal, for colours, or for a screen reader.
//!
//! ```
//! use gcp_scopes_catalog::ApiMethod;
//! use gcp_scopes_explain::Denial;
//! use gcp_scopes_explain::layout::Layout;
//!
//! let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
//! let page = denial.report_in(&Layout::new().width(100).verbose());
//! assert!(page.contains("[ gate 1: OAuth scopes of the token ]"));
//! let sentences = denial.report_in(&Layout::new().plain().verbose());
//! assert!(sentences.contains("Gate 1, OAuth scopes of the token: closed."));
//! # Ok::<(), gcp_scopes_catalog::Error>(())
//! ```

use crate::remedy::{RemedyOption, Step};

/// The layout of a text for a person.
///
/// The methods that take a text return complete lines, each with a line end. Prose is wrapped;
/// commands, code and addresses stay on one line, so that they can be copied.
///
/// ```
/// use gcp_scopes_explain::layout::Layout;
///
/// let layout = Layout::new();
/// let page = layout.paragraph("The scope gate is open.") + &layout.fact("holds", "pubsub");
/// assert_eq!(page, "The scope gate is open.\n  holds       pubsub\n");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Layout {
    width: usize,
    is_plain: bool,
    has_colours: bool,
    is_verbose: bool,
}

/// The least width, in columns, at which a report contains the picture of the gates. The longest
/// line of the picture has 69 columns.
const PICTURE_WIDTH: usize = 72;
/// The greatest width, in columns. WCAG allows 80 characters a line at most, because longer lines
/// are hard to read (<https://www.w3.org/TR/WCAG22/#visual-presentation>). The indent of a fact
/// adds up to 16 columns.
const MAX_WIDTH: usize = 100;
/// The least width, in columns. In narrower layouts, the indented lines of a fact would have no
/// room for words.
const MIN_WIDTH: usize = 30;

impl Layout {
    /// Creates a layout of 80 columns, with a picture, without colours.
    ///
    /// ```
    /// use gcp_scopes_explain::layout::Layout;
    ///
    /// assert_eq!(Layout::new(), Layout::new().width(80));
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self { width: 80, is_plain: false, has_colours: false, is_verbose: false }
    }

    /// Sets the width, in columns, at which prose is wrapped. A width below 30 counts as 30, a
    /// width above 100 as 100.
    ///
    /// ```
    /// use gcp_scopes_explain::layout::Layout;
    ///
    /// let page = Layout::new().width(40).paragraph(&"word ".repeat(30));
    /// assert!(page.lines().count() > 1 && page.lines().all(|line| line.len() <= 40));
    /// ```
    #[must_use]
    pub fn width(self, columns: usize) -> Self {
        Self { width: columns.clamp(MIN_WIDTH, MAX_WIDTH), ..self }
    }

    /// Makes the layout suitable for a screen reader: each fact and each part of a step is one line
    /// that begins with its name. There is no picture, and lines are neither wrapped nor aligned.
    ///
    /// ```
    /// use gcp_scopes_explain::layout::Layout;
    ///
    /// assert_eq!(Layout::new().plain().fact("runs on", "Cloud Run"), "runs on: Cloud Run\n");
    /// ```
    #[must_use]
    pub const fn plain(self) -> Self {
        Self { is_plain: true, ..self }
    }

    /// Returns whether this layout is [`plain`](Self::plain).
    ///
    /// ```
    /// use gcp_scopes_explain::layout::Layout;
    ///
    /// assert!(Layout::new().plain().is_plain() && !Layout::new().is_plain());
    /// ```
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// Shows everything: the picture of the gates, all options of the remedy with their steps, and
    /// the pages of the console and the documentation. Each option has the reason to choose it, the
    /// number of calls that it permits, and the person who can carry it out.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    /// use gcp_scopes_explain::layout::Layout;
    ///
    /// let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
    /// let page = denial.report_in(&Layout::new().verbose());
    /// assert!(page.len() > denial.report().len());
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub const fn verbose(self) -> Self {
        Self { is_verbose: true, ..self }
    }

    /// Returns whether this layout is [`verbose`](Self::verbose).
    pub(crate) const fn is_verbose(&self) -> bool {
        self.is_verbose
    }

    /// Adds ANSI colours. No information is lost without them, because only words such as "closed"
    /// are coloured.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    /// use gcp_scopes_explain::layout::Layout;
    ///
    /// let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
    /// let page = denial.report_in(&Layout::new().verbose().colours());
    /// assert!(page.contains("\u{1b}[1;31mCLOSED"));
    /// assert!(!denial.report().contains('\u{1b}'));
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub const fn colours(self) -> Self {
        Self { has_colours: true, ..self }
    }

    /// Returns the text in bold red if the layout has colours. Reports print words such as "closed"
    /// and "wrong" in red.
    ///
    /// ```
    /// use gcp_scopes_explain::layout::Layout;
    ///
    /// assert_eq!(Layout::new().red("closed"), "closed");
    /// assert_eq!(Layout::new().colours().red("closed"), "\u{1b}[1;31mclosed\u{1b}[0m");
    /// ```
    #[must_use]
    pub fn red(&self, text: &str) -> String {
        self.bold(31, text)
    }

    /// Returns the text in bold yellow if the layout has colours. Reports print words such as
    /// "unknown" in yellow.
    ///
    /// ```
    /// use gcp_scopes_explain::layout::Layout;
    ///
    /// assert_eq!(Layout::new().colours().yellow("unknown"), "\u{1b}[1;33munknown\u{1b}[0m");
    /// ```
    #[must_use]
    pub fn yellow(&self, text: &str) -> String {
        self.bold(33, text)
    }

    /// Returns the text in bold green if the layout has colours. The report of a self-check prints
    /// the state of an open gate in green.
    ///
    /// ```
    /// use gcp_scopes_explain::layout::Layout;
    ///
    /// assert_eq!(Layout::new().colours().green("open"), "\u{1b}[1;32mopen\u{1b}[0m");
    /// ```
    #[must_use]
    pub fn green(&self, text: &str) -> String {
        self.bold(32, text)
    }

    /// Returns the text in bold and in a colour of ECMA-48, section 8.3.117:
    /// <https://ecma-international.org/publications-and-standards/standards/ecma-48/>.
    fn bold(&self, colour: u8, text: &str) -> String {
        if self.has_colours {
            format!("\u{1b}[1;{colour}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// Returns the text as a paragraph.
    ///
    /// ```
    /// use gcp_scopes_explain::layout::Layout;
    ///
    /// assert_eq!(Layout::new().paragraph("No IAM role fixes this."), "No IAM role fixes this.\n");
    /// ```
    #[must_use]
    pub fn paragraph(&self, text: &str) -> String {
        self.wrapped("", text)
    }

    /// Returns the text as a paragraph that is indented by this many columns. A plain layout does
    /// not indent.
    ///
    /// ```
    /// use gcp_scopes_explain::layout::Layout;
    ///
    /// assert_eq!(Layout::new().indented(4, "needs pubsub"), "    needs pubsub\n");
    /// ```
    #[must_use]
    pub fn indented(&self, columns: usize, text: &str) -> String {
        self.wrapped(&" ".repeat(columns), text)
    }

    /// Returns a fact: a name and a text, as `  name        text`, or as `name: text` in a plain
    /// layout. A fact with an empty name continues the preceding fact.
    ///
    /// ```
    /// use gcp_scopes_explain::layout::Layout;
    ///
    /// assert_eq!(Layout::new().fact("runs on", "Cloud Run"), "  runs on     Cloud Run\n");
    /// ```
    #[must_use]
    pub fn fact(&self, name: &str, text: &str) -> String {
        match self.is_plain {
            true if name.is_empty() => format!("{text}\n"),
            true => format!("{name}: {text}\n"),
            // 12 columns are enough for the longest name, `server said`, and a space.
            false => self.wrapped(&format!("  {name:<12}"), text),
        }
    }

    /// Returns a fact with several values, each on its own line, or separated by commas in a plain
    /// layout. `intro` precedes the values, which are then indented. The texts in `after` follow.
    pub(crate) fn list(
        &self,
        name: &str,
        intro: Option<&str>,
        values: &[String],
        after: &[String],
    ) -> String {
        if self.is_plain {
            let intro = intro.map(|intro| format!("{intro} ")).unwrap_or_default();
            let after: String = after.iter().map(|text| format!(" {text}")).collect();
            return self.fact(name, &format!("{intro}{}{after}", values.join(", ")));
        }
        let indent = if intro.is_some() { "  " } else { "" };
        let values = values.iter().map(|value| (indent, value.as_str()));
        let after = after.iter().map(|text| ("", text.as_str()));
        let lines = intro.map(|intro| ("", intro)).into_iter().chain(values).chain(after);
        let names = std::iter::once(name).chain(std::iter::repeat(""));
        names
            .zip(lines)
            .map(|(name, (indent, text))| self.wrapped(&format!("  {name:<12}{indent}"), text))
            .collect()
    }

    /// Returns the options of a remedy, below a heading such as `What to do:`. The first option is
    /// the recommended one and has its steps; each other option is a line. A
    /// [`verbose`](Self::verbose) layout has the steps and the details of all options.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Environment, Snapshot};
    /// use gcp_scopes_explain::layout::Layout;
    /// use gcp_scopes_explain::{refusal, remedy};
    ///
    /// let refusal = refusal::classify_text("Error 403: Rate Limit Exceeded").expect("no refusal");
    /// let options = remedy::for_refusal(&refusal, &Environment::from_snapshot(&Snapshot::new()));
    /// let text = Layout::new().options("What to do:", &options);
    /// assert!(text.starts_with("What to do: "));
    /// ```
    #[must_use]
    pub fn options(&self, heading: &str, options: &[RemedyOption]) -> String {
        let Some((first, others)) = options.split_first() else { return String::new() };
        let recommended = self.option(&format!("{heading} {}", sentence(first.title())), first);
        if self.is_verbose {
            let full = |option: &RemedyOption| {
                "\n".to_owned() + &self.option(&format!("Or: {}", sentence(option.title())), option)
            };
            return recommended + &others.iter().map(full).collect::<String>();
        }
        let title = |option: &RemedyOption| self.wrapped("  - ", &sentence(option.title()));
        let titles: String = others.iter().map(title).collect();
        let others =
            (!titles.is_empty()).then(|| self.paragraph("Or (a verbose report has the steps):"));
        recommended + &others.unwrap_or_default() + &titles
    }

    /// Returns one option below its heading.
    fn option(&self, heading: &str, option: &RemedyOption) -> String {
        let (mut text, indent) = (self.paragraph(heading), 2);
        if self.is_verbose {
            let permits = option.opens().map(|count| format!("It permits {count}."));
            for line in [option.why(), permits.as_deref(), option.runs_as()].into_iter().flatten() {
                text += &self.indented(indent, line);
            }
        }
        text += &option.destroys().map(|cost| self.indented(indent, cost)).unwrap_or_default();
        text + &self.steps(option.steps())
    }

    /// Returns numbered steps, each with its command and code. A [`verbose`](Self::verbose) layout
    /// adds the pages of the console and of the documentation.
    ///
    /// ```
    /// use gcp_scopes_explain::environment::{Environment, Snapshot};
    /// use gcp_scopes_explain::layout::Layout;
    /// use gcp_scopes_explain::{refusal, remedy};
    ///
    /// let refusal = refusal::classify_text("Error 403: Rate Limit Exceeded").expect("no refusal");
    /// let options = remedy::for_refusal(&refusal, &Environment::from_snapshot(&Snapshot::new()));
    /// let steps = options[0].steps();
    /// assert!(Layout::new().steps(steps).starts_with("  1. "));
    /// assert!(Layout::new().plain().steps(steps).starts_with("Step 1 of 1: "));
    /// ```
    #[must_use]
    pub fn steps(&self, steps: &[Step]) -> String {
        let numbered = steps.iter().enumerate();
        numbered
            .map(|(index, step)| match self.is_plain {
                true => plain_step(&format!("Step {} of {}: ", index + 1, steps.len()), step),
                false => self.step(index + 1, step),
            })
            .collect()
    }

    /// Returns a step as lines: its text, then its command, code and addresses.
    fn step(&self, number: usize, step: &Step) -> String {
        let mut lines = self.wrapped(&format!("  {number}. "), step.text());
        let pasted = [step.command_line(), step.code_line()].into_iter().flatten();
        for line in pasted.flat_map(str::lines) {
            lines += &format!("       {line}\n");
        }
        // A step without a command is carried out on that page.
        let is_only_place = step.command_line().is_none() && step.code_line().is_none();
        if let Some(page) = step.console_url().filter(|_| self.is_verbose || is_only_place) {
            lines += &format!("     console: {page}\n");
        }
        if let Some(link) = step.doc_url().filter(|_| self.is_verbose) {
            lines += &format!("     {link}\n");
        }
        lines
    }

    /// Returns whether a report has a picture: the layout is wide enough and not plain.
    pub(crate) fn has_picture(&self) -> bool {
        !self.is_plain && self.width >= PICTURE_WIDTH
    }

    /// Wraps the text after `mark`. Further lines are indented to the column in which the text
    /// begins.
    fn wrapped(&self, mark: &str, text: &str) -> String {
        if self.is_plain {
            return format!("{}\n", format!("{}{text}", mark.trim_start()).trim_end());
        }
        let indent = mark.chars().count();
        let (mut lines, mut line, mut width) = (String::new(), mark.to_owned(), indent);
        for word in text.split(' ') {
            let length = word.chars().count();
            let has_words = width > indent;
            // The last column stays free: some terminals start a new line after a character in it.
            if has_words && width + 1 + length >= self.width {
                lines += &format!("{line}\n");
                (line, width) = (" ".repeat(indent), indent);
            } else if has_words {
                line.push(' ');
                width += 1;
            }
            line.push_str(word);
            width += length;
        }
        format!("{lines}{}\n", line.trim_end())
    }
}

impl Default for Layout {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns a title as a sentence.
fn sentence(title: &str) -> String {
    let end = if title.ends_with('.') { "" } else { "." };
    format!("{title}{end}")
}

/// Returns a step in a plain layout: each part is a line that begins with the name of the part.
fn plain_step(number: &str, step: &Step) -> String {
    let parts = [
        (number, Some(step.text())),
        ("Command: ", step.command_line()),
        ("Code: ", step.code_line()),
        ("Console: ", step.console_url()),
        ("Documentation: ", step.doc_url()),
    ];
    parts.iter().filter_map(|(name, text)| Some(format!("{name}{}\n", (*text)?))).collect()
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
            language: None,
            console: None,
            link: Some("https://docs.cloud.google.com/compute/docs"),
            placeholders: Vec::new(),
        }
    }

    #[test]
    fn prose_is_wrapped_and_commands_are_not() {
        // The width that is set, and the width that is used.
        for (columns, width) in [(0, 30), (40, 40), (80, 80), (100, 100), (4000, 100)] {
            let text = Layout::new().width(columns).verbose().steps(&[step(), step()]);
            let (unwrapped, prose): (Vec<&str>, Vec<&str>) =
                text.lines().partition(|line| line.contains("gcloud") || line.contains("https://"));
            assert!(prose.iter().all(|line| line.chars().count() < width), "{columns}: {text}");
            // Each of the two steps has a command and a link.
            assert!(
                unwrapped.len() == 4 && unwrapped[0].ends_with(step().command_line().unwrap()),
                "{text}"
            );
        }
    }

    #[test]
    fn a_word_wider_than_the_page_is_not_broken() {
        let word = "x".repeat(200);
        let text = Layout::new().fact("name", &format!("a {word} b"));
        assert!(text.lines().any(|line| line.trim() == word), "{text}");
    }

    #[test]
    fn a_character_of_several_bytes_counts_as_one_column() {
        // `ü` has two bytes: if bytes were counted, a line would have about 53 characters.
        let text = Layout::new().paragraph(&"ü ".repeat(200));
        assert!(text.lines().take(2).all(|line| line.chars().count() > 76), "{text}");
    }

    #[test]
    fn every_line_of_a_plain_layout_begins_with_a_label() {
        let text = Layout::new().plain().steps(&[step(), step()]);
        let labels: Vec<&str> = text.lines().filter_map(|line| line.split(": ").next()).collect();
        let expected = "Step 1 of 2, Command, Documentation, Step 2 of 2, Command, Documentation";
        assert_eq!(labels.join(", "), expected, "{text}");
    }
}
