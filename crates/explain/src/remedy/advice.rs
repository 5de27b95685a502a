//! Creates the options and the steps of a section of advice. A section contains words, which stand
//! for texts such as the name of the VM, and conditions. A [`Context`] evaluates both. The syntax
//! of sections is described in [`sections`].

use gcp_scopes_catalog::scope::ScopeSet;

use super::option::{Remedy, RemedyOption};
use super::sections::{self, Block};
use super::step::Step;

/// The values of the words and conditions in advice.
pub(super) trait Context {
    /// Returns the text that replaces the word with this name, if the text is known.
    fn word(&self, name: &str) -> Option<String>;

    /// Returns whether the condition with this name holds. The name of a word is a condition, too:
    /// it holds if the text for the word is known.
    fn holds(&self, name: &str) -> bool {
        self.word(name).is_some()
    }

    /// Returns the scopes that the word stands for, and the scopes of the refused token, if they
    /// are known. A token holds the first set after the option with the word is carried out.
    /// Returns `None` for a word that does not stand for scopes.
    fn scopes(&self, _word: &str) -> Option<(ScopeSet, Option<ScopeSet>)> {
        None
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

    fn scopes(&self, word: &str) -> Option<(ScopeSet, Option<ScopeSet>)> {
        self.0.scopes(word)
    }
}

/// Returns the summary and the options of the section with this name.
pub(super) fn remedy(section: &str, context: &dyn Context) -> Remedy {
    Remedy::new(summary(section, context), options(section, context))
}

/// Returns the summary of a section; an empty text if the section has none.
pub(super) fn summary(section: &str, context: &dyn Context) -> String {
    sentence("summary", section, context).unwrap_or_default()
}

/// Returns the options of a section whose conditions hold. The steps of a section without options
/// are one option, whose title is the summary.
pub(super) fn options(section: &str, context: &dyn Context) -> Vec<RemedyOption> {
    let blocks = sections::section(section);
    let first = blocks.iter().position(Block::begins_options).unwrap_or(blocks.len());
    let (single, groups) = blocks.split_at(first);
    let steps = steps_of_all(single, context);
    let single = || RemedyOption::new(summary(section, context), steps.clone());
    let mut options: Vec<RemedyOption> = (!steps.is_empty()).then(single).into_iter().collect();
    for group in groups.chunk_by(|_, next| !next.begins_options()) {
        options.extend(options_of(group, context));
    }
    options
}

/// Returns the option that a group of blocks describes, or the options of the section that the
/// group refers to.
fn options_of(group: &'static [Block], context: &dyn Context) -> Vec<RemedyOption> {
    let Some((head, steps)) = group.split_first() else { return Vec::new() };
    if !applies(head, context) {
        return Vec::new();
    }
    match head.value("options") {
        Some(section) => options(section, context),
        None => option(head, steps_of_all(steps, context), context).into_iter().collect(),
    }
}

/// Creates an option. Returns `None` if its title contains an unknown word.
fn option(head: &'static Block, steps: Vec<Step>, context: &dyn Context) -> Option<RemedyOption> {
    let line = |key| head.value(key).and_then(|line| fill(line, context)).map(|line| line.text);
    Some(RemedyOption {
        why: line("why"),
        scopes: line("grants").and_then(|word| context.scopes(&word)),
        destroys: line("destroys"),
        runs_as: line("runs_as"),
        ..RemedyOption::new(line("option")?, steps)
    })
}

/// Returns the steps of a section, without the steps whose conditions do not hold.
pub(super) fn steps(section: &str, context: &dyn Context) -> Vec<Step> {
    steps_of_all(sections::section(section), context)
}

fn steps_of_all(blocks: &'static [Block], context: &dyn Context) -> Vec<Step> {
    let blocks = blocks.iter().filter(|block| applies(block, context));
    blocks.flat_map(|block| steps_of(block, context)).collect()
}

/// Returns whether all conditions of a block hold.
fn applies(block: &Block, context: &dyn Context) -> bool {
    block.values("if").all(|condition| holds(condition, context))
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
    let mut placeholders = Vec::new();
    let mut line = |key| {
        let filled = fill(block.value(key)?, context)?;
        placeholders.extend(filled.placeholders);
        Some(filled.text)
    };
    let (command, code) = (line("run"), line("code"));
    let (text, console) = (line("text")?, line("console"));
    placeholders.sort_unstable();
    placeholders.dedup();
    let is_pasted =
        |name: &&str| [&command, &code].into_iter().flatten().any(|line| line.contains(*name));
    placeholders.retain(is_pasted);
    let language = block.value("language").unwrap_or("rust");
    Some(Step {
        text,
        language: code.is_some().then_some(language),
        command,
        code,
        console,
        link: block.value("link"),
        placeholders,
    })
}

/// Returns the first line with this key in a section, with its words filled in.
fn sentence(key: &'static str, section: &str, context: &dyn Context) -> Option<String> {
    filled_sentence(key, section, context).map(|filled| filled.text)
}

fn filled_sentence(key: &'static str, section: &str, context: &dyn Context) -> Option<Filled> {
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

/// A line with its words filled in, and the placeholders that stand for unknown words.
#[derive(Debug, Default, PartialEq, Eq)]
struct Filled {
    text: String,
    placeholders: Vec<&'static str>,
}

/// Replaces the words and evaluates the conditions of a line. Returns `None` if a word outside the
/// branches that do not apply is unknown.
fn fill(line: &'static str, context: &dyn Context) -> Option<Filled> {
    let mut parts = line.split('{');
    let mut filled = Filled { text: parts.next()?.to_owned(), placeholders: Vec::new() };
    // Whether the condition of each open `{if …}` holds.
    let mut choices = Vec::new();
    for part in parts {
        if part.is_empty() || part.starts_with([' ', '\n']) {
            if choices.iter().all(|holds| *holds) {
                filled.text.push('{');
                filled.text.push_str(part);
            }
            continue;
        }
        let (mark, after) = part.split_once('}')?;
        match mark.strip_prefix("if ") {
            Some(condition) => choices.push(holds(condition, context)),
            None if mark == "end" => drop(choices.pop()),
            None if mark == "else" => negate_last(&mut choices),
            None if choices.iter().all(|holds| *holds) => filled.push(word(mark, context)?),
            None => {}
        }
        if choices.iter().all(|holds| *holds) {
            filled.text.push_str(after);
        }
    }
    Some(filled)
}

impl Filled {
    fn push(&mut self, word: Self) {
        self.text.push_str(&word.text);
        self.placeholders.extend(word.placeholders);
    }
}

/// Negates the innermost condition: the text after `{else}` is used if the condition does not hold.
fn negate_last(choices: &mut [bool]) {
    if let Some(holds) = choices.last_mut() {
        *holds = !*holds;
    }
}

/// Returns the text for a word: from the context, else from the section with that name, else the
/// placeholder.
fn word(mark: &'static str, context: &dyn Context) -> Option<Filled> {
    let (name, placeholder) = match mark.split_once('|') {
        Some((name, placeholder)) => (name, Some(placeholder)),
        None => (mark, None),
    };
    let known = context.word(name).map(|text| Filled { text, placeholders: Vec::new() });
    let placeholder =
        || placeholder.map(|name| Filled { text: name.to_owned(), placeholders: vec![name] });
    known.or_else(|| filled_sentence("text", name, context)).or_else(placeholder)
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
            ("a {name} { b {\n}", Some("a web-1 { b {\n}")),
        ];
        for (line, text) in rows {
            assert_eq!(fill(line, &context).map(|line| line.text).as_deref(), text, "{line}");
        }
        let placeholders = fill("{zone|ZONE} {name|NAME} {new|NEW}", &context);
        assert_eq!(placeholders.map(|line| line.placeholders), Some(vec!["ZONE", "NEW"]));
    }
}
