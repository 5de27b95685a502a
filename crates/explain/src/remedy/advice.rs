//! Creates the steps of a section of advice. The words and conditions in the section are evaluated
//! by a [`Context`]. The syntax of sections is described in [`sections`].

use super::sections::{self, Block};
use super::step::{Remedy, Step};

/// The values of the words and conditions in advice.
pub(super) trait Context {
    /// Returns the text that replaces the word with this name, if the text is known.
    fn word(&self, name: &str) -> Option<String>;

    /// Returns whether the condition with this name holds. The name of a word is a condition, too:
    /// it holds if the text for the word is known.
    fn holds(&self, name: &str) -> bool {
        self.word(name).is_some()
    }
}

/// A context in which no word is known and no condition holds.
impl Context for () {
    fn word(&self, _: &str) -> Option<String> {
        None
    }
}

/// A context with additional words, which take precedence.
pub(super) struct WithWords<'a>(pub(super) &'a dyn Context, pub(super) &'a [(&'a str, &'a str)]);

impl Context for WithWords<'_> {
    fn word(&self, name: &str) -> Option<String> {
        let own = self.1.iter().find(|(own, _)| *own == name);
        own.map(|(_, word)| (*word).to_owned()).or_else(|| self.0.word(name))
    }

    fn holds(&self, name: &str) -> bool {
        self.1.iter().any(|(own, _)| *own == name) || self.0.holds(name)
    }
}

/// Returns the summary and the steps of the section with this name.
pub(super) fn remedy(section: &str, context: &dyn Context) -> Remedy {
    Remedy { summary: summary(section, context), steps: steps(section, context) }
}

/// Returns the summary of a section; an empty text if the section has none.
pub(super) fn summary(section: &str, context: &dyn Context) -> String {
    sentence("summary", section, context).unwrap_or_default()
}

/// Returns the steps of a section, without the steps whose conditions do not hold.
pub(super) fn steps(section: &str, context: &dyn Context) -> Vec<Step> {
    let blocks = sections::section(section).iter();
    let applies = |block: &&Block| block.values("if").all(|condition| holds(condition, context));
    blocks.filter(applies).flat_map(|block| steps_of(block, context)).collect()
}

/// Returns the step of a block, or the steps of the section that the block refers to.
fn steps_of(block: &'static Block, context: &dyn Context) -> Vec<Step> {
    match block.value("use") {
        Some(section) => steps(section, context),
        None => step(block, context).into_iter().collect(),
    }
}

/// Creates the step of a block. Returns `None` if the text of the block contains an unknown word.
fn step(block: &'static Block, context: &dyn Context) -> Option<Step> {
    let line = |key| block.value(key).and_then(|line| fill(line, context));
    Some(Step {
        text: line("text")?,
        command: line("run"),
        code: line("code"),
        console: line("console"),
        link: block.value("link"),
    })
}

/// Returns the first line with this key in a section, with its words filled in.
fn sentence(key: &str, section: &str, context: &dyn Context) -> Option<String> {
    let line = sections::section(section).iter().find_map(|block| block.value(key));
    line.and_then(|line| fill(line, context))
}

/// Evaluates a condition, which `not ` negates.
fn holds(condition: &str, context: &dyn Context) -> bool {
    match condition.strip_prefix("not ") {
        Some(condition) => !context.holds(condition),
        None => context.holds(condition),
    }
}

/// Replaces the words and evaluates the conditions of a line. Returns `None` if a word is unknown.
fn fill(line: &str, context: &dyn Context) -> Option<String> {
    let mut parts = line.split('{');
    let mut text = parts.next()?.to_owned();
    // Whether the condition of each open `{if …}` holds.
    let mut choices = Vec::new();
    for part in parts {
        let (mark, after) = part.split_once('}')?;
        match mark.strip_prefix("if ") {
            Some(condition) => choices.push(holds(condition, context)),
            None if mark == "end" => drop(choices.pop()),
            None if mark == "else" => negate_last(&mut choices),
            None if choices.iter().all(|holds| *holds) => text.push_str(&word(mark, context)?),
            None => {}
        }
        if choices.iter().all(|holds| *holds) {
            text.push_str(after);
        }
    }
    Some(text)
}

/// Negates the innermost condition: the text after `{else}` is used if the condition does not hold.
fn negate_last(choices: &mut [bool]) {
    if let Some(holds) = choices.last_mut() {
        *holds = !*holds;
    }
}

/// Returns the text for a word: from the context, else from the section with that name, else the
/// placeholder.
fn word(mark: &str, context: &dyn Context) -> Option<String> {
    let (name, placeholder) = match mark.split_once('|') {
        Some((name, placeholder)) => (name, Some(placeholder)),
        None => (mark, None),
    };
    let known = context.word(name).or_else(|| sentence("text", name, context));
    known.or_else(|| placeholder.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_conditions_of_a_line_are_replaced() {
        let words = [("name", "web-1"), ("odd", "{if name}{name}")];
        let context = WithWords(&(), &words);
        // The word `name` is known; the word `zone` is not.
        let rows = [
            ("plain", Some("plain")),
            ("stop {name}", Some("stop web-1")),
            ("{zone|ZONE} {name|NAME}", Some("ZONE web-1")),
            ("in {zone}", None),
            ("{if name}the {name}{else}a{end} VM", Some("the web-1 VM")),
            ("{if zone}in {zone}{else}somewhere{end}", Some("somewhere")),
            ("{if not zone}{if name}a{else}b{end}{else}{if name}c{else}d{end}{end}", Some("a")),
            ("{if zone}{if name}a{else}b{end}{else}{if zone}c{else}d{end}{end}", Some("d")),
            // Marks in the text of a word are not replaced.
            ("{odd}", Some("{if name}{name}")),
        ];
        for (line, filled) in rows {
            assert_eq!(fill(line, &context).as_deref(), filled, "{line}");
        }
    }
}
