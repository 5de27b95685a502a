//! Makes steps of a section of advice, whose words and conditions come from a [`Context`].

use super::sections::{self, Block};
use super::step::{Remedy, Step};

/// The values of the words and conditions in advice.
pub(super) trait Context {
    /// The text for the word of this name, if it is known.
    fn word(&self, name: &str) -> Option<String>;

    /// Whether the condition of this name holds. The name of a word holds if the word is known.
    fn holds(&self, name: &str) -> bool {
        self.word(name).is_some()
    }
}

/// No word is known and no condition holds.
impl Context for () {
    fn word(&self, _: &str) -> Option<String> {
        None
    }
}

/// A context with a few more words.
pub(super) struct With<'a>(pub(super) &'a dyn Context, pub(super) &'a [(&'a str, &'a str)]);

impl Context for With<'_> {
    fn word(&self, name: &str) -> Option<String> {
        let own = self.1.iter().find(|(own, _)| *own == name);
        own.map(|(_, word)| (*word).to_owned()).or_else(|| self.0.word(name))
    }

    fn holds(&self, name: &str) -> bool {
        self.1.iter().any(|(own, _)| *own == name) || self.0.holds(name)
    }
}

/// The section of this name: its summary and its steps.
pub(super) fn remedy(section: &str, context: &dyn Context) -> Remedy {
    Remedy { summary: summary(section, context), steps: steps(section, context) }
}

pub(super) fn summary(section: &str, context: &dyn Context) -> String {
    sentence("summary", section, context).unwrap_or_default()
}

pub(super) fn steps(section: &str, context: &dyn Context) -> Vec<Step> {
    let blocks = sections::section(section).iter();
    let applies = |block: &&Block| block.all("if").all(|condition| holds(condition, context));
    blocks.filter(applies).flat_map(|block| steps_of(block, context)).collect()
}

fn steps_of(block: &'static Block, context: &dyn Context) -> Vec<Step> {
    match block.line("use") {
        Some(section) => steps(section, context),
        None => step(block, context).into_iter().collect(),
    }
}

fn step(block: &'static Block, context: &dyn Context) -> Option<Step> {
    let line = |key| block.line(key).and_then(|line| fill(line, context));
    Some(Step {
        text: line("text")?,
        command: line("run"),
        code: line("code"),
        console: line("console"),
        link: block.line("link"),
    })
}

fn sentence(key: &str, section: &str, context: &dyn Context) -> Option<String> {
    let line = sections::section(section).iter().find_map(|block| block.line(key));
    line.and_then(|line| fill(line, context))
}

fn holds(condition: &str, context: &dyn Context) -> bool {
    match condition.strip_prefix("not ") {
        Some(condition) => !context.holds(condition),
        None => context.holds(condition),
    }
}

/// The line with words for its marks; `None` if a word of it is not known.
fn fill(line: &str, context: &dyn Context) -> Option<String> {
    let mut parts = line.split('{');
    let mut text = parts.next()?.to_owned();
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

/// What follows `{else}` stands where the condition does not hold.
fn negate_last(choices: &mut [bool]) {
    if let Some(holds) = choices.last_mut() {
        *holds = !*holds;
    }
}

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
    fn a_line_is_filled_in_or_left_out() {
        let words = [("name", "web-1"), ("odd", "{if name}{name}")];
        let context = With(&(), &words);
        let rows = [
            ("plain", Some("plain")),
            ("stop {name}", Some("stop web-1")),
            ("{zone|ZONE} {name|NAME}", Some("ZONE web-1")),
            ("in {zone}", None),
            ("{if name}the {name}{else}a{end} VM", Some("the web-1 VM")),
            ("{if zone}in {zone}{else}somewhere{end}", Some("somewhere")),
            ("{if not zone}{if name}a{else}b{end}{else}{if name}c{else}d{end}{end}", Some("a")),
            ("{if zone}{if name}a{else}b{end}{else}{if zone}c{else}d{end}{end}", Some("d")),
            // A word is not searched for marks.
            ("{odd}", Some("{if name}{name}")),
        ];
        for (line, filled) in rows {
            assert_eq!(fill(line, &context).as_deref(), filled, "{line}");
        }
    }
}
