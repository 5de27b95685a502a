//! Advice as the book words it, where its words and conditions are looked up in facts.

use super::sections::{self, Block};
use super::step::{Remedy, Step};

/// What is known where advice is asked for.
pub(super) trait Context {
    /// What to put in the place of the name, if it is known.
    fn word(&self, name: &str) -> Option<String>;

    /// Whether that is so; of a word, whether it is known.
    fn holds(&self, name: &str) -> bool {
        self.word(name).is_some()
    }
}

/// Nothing is known.
impl Context for () {
    fn word(&self, _: &str) -> Option<String> {
        None
    }
}

/// Context with a few words beside them.
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
pub(super) fn remedy(section: &str, facts: &dyn Context) -> Remedy {
    Remedy { summary: summary(section, facts), steps: steps(section, facts) }
}

pub(super) fn summary(section: &str, facts: &dyn Context) -> String {
    sentence("summary", section, facts).unwrap_or_default()
}

pub(super) fn steps(section: &str, facts: &dyn Context) -> Vec<Step> {
    let blocks = sections::section(section).iter();
    let is_so = |block: &&Block| block.all("if").all(|condition| holds(condition, facts));
    blocks.filter(is_so).flat_map(|block| steps_of(block, facts)).collect()
}

fn steps_of(block: &'static Block, facts: &dyn Context) -> Vec<Step> {
    match block.line("use") {
        Some(section) => steps(section, facts),
        None => step(block, facts).into_iter().collect(),
    }
}

fn step(block: &'static Block, facts: &dyn Context) -> Option<Step> {
    let line = |key| block.line(key).and_then(|line| fill(line, facts));
    Some(Step {
        text: line("text")?,
        command: line("run"),
        code: line("code"),
        console: line("console"),
        link: block.line("link"),
    })
}

fn sentence(key: &str, section: &str, facts: &dyn Context) -> Option<String> {
    let line = sections::section(section).iter().find_map(|block| block.line(key));
    line.and_then(|line| fill(line, facts))
}

fn holds(condition: &str, facts: &dyn Context) -> bool {
    match condition.strip_prefix("not ") {
        Some(condition) => !facts.holds(condition),
        None => facts.holds(condition),
    }
}

/// The line with its marks filled in, if each word of it is known.
fn fill(line: &str, facts: &dyn Context) -> Option<String> {
    let mut parts = line.split('{');
    let mut text = parts.next()?.to_owned();
    let mut choices = Vec::new();
    for part in parts {
        let (mark, after) = part.split_once('}')?;
        match mark.strip_prefix("if ") {
            Some(condition) => choices.push(holds(condition, facts)),
            None if mark == "end" => drop(choices.pop()),
            None if mark == "else" => turn(&mut choices),
            None if choices.iter().all(|is_so| *is_so) => text.push_str(&word(mark, facts)?),
            None => {}
        }
        if choices.iter().all(|is_so| *is_so) {
            text.push_str(after);
        }
    }
    Some(text)
}

/// Goes from what holds to what does not.
fn turn(choices: &mut [bool]) {
    if let Some(is_so) = choices.last_mut() {
        *is_so = !*is_so;
    }
}

fn word(mark: &str, facts: &dyn Context) -> Option<String> {
    let (name, placeholder) = match mark.split_once('|') {
        Some((name, placeholder)) => (name, Some(placeholder)),
        None => (mark, None),
    };
    let known = facts.word(name).or_else(|| sentence("text", name, facts));
    known.or_else(|| placeholder.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_filled_in_or_left_out() {
        let words = [("name", "web-1"), ("odd", "{if name}{name}")];
        let facts = With(&(), &words);
        let rows = [
            ("plain", Some("plain")),
            ("stop {name}", Some("stop web-1")),
            ("{zone|ZONE} {name|NAME}", Some("ZONE web-1")),
            ("in {zone}", None),
            ("{if name}the {name}{else}a{end} VM", Some("the web-1 VM")),
            ("{if zone}in {zone}{else}somewhere{end}", Some("somewhere")),
            ("{if not zone}{if name}a{else}b{end}{else}{if name}c{else}d{end}{end}", Some("a")),
            ("{if zone}{if name}a{else}b{end}{else}{if zone}c{else}d{end}{end}", Some("d")),
            // What is put in is not read again.
            ("{odd}", Some("{if name}{name}")),
        ];
        for (line, filled) in rows {
            assert_eq!(fill(line, &facts).as_deref(), filled, "{line}");
        }
    }
}
