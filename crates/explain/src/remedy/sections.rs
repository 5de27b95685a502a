//! Parses the text files of `advice/` into sections, once for each process.
//!
//! `[name]` begins a section. An empty line ends a block of lines. An indented line continues the
//! preceding line. `#` begins a comment. The first block of a section may have a `summary`. The
//! other blocks are steps, with these lines:
//!
//! - `if`: the condition of the step; `if: not cloud` negates it;
//! - `text`, `run`, `code`, `language`, `console`, `link`: the parts of the step, where `language`
//!   is that of the code, `rust` by default;
//! - `use`: the name of a section, whose steps replace the block.
//!
//! Blocks that begin an option have these lines instead, and the steps of the option follow:
//!
//! - `option`: the title; `if`: the condition of the option;
//! - `why`: why it is recommended, or when to choose it;
//! - `grants`: the word for the scopes that a token holds afterwards, to count the methods that
//!   accept them;
//! - `destroys`: what it stops, replaces or destroys;
//! - `runs_as`: who carries it out, from where, and with which permissions;
//! - `options`: the name of a section, whose options replace the block.
//!
//! The options of a section are alternatives, and the first one whose conditions hold is
//! recommended.
//!
//! An indented line that begins with `|` is a new line of the value, so that code can have several
//! lines. In a line, `{name}` is replaced by a word or by the text of another section.
//! `{name|NAME}` is replaced by the placeholder `NAME` if the word is unknown. `{if
//! name}…{else}…{end}` is a choice. A brace before a space or at the end of a line stands for
//! itself. A line with an unknown word is left out. If that line is the `text` of a step, the step
//! is left out.

use std::collections::BTreeMap;
use std::sync::LazyLock;

const FILES: [&str; 9] = [
    include_str!("advice/anywhere.txt"),
    include_str!("advice/credentials.txt"),
    include_str!("advice/gates.txt"),
    include_str!("advice/machines.txt"),
    include_str!("advice/owners.txt"),
    include_str!("advice/people.txt"),
    include_str!("advice/products.txt"),
    include_str!("advice/programs.txt"),
    include_str!("advice/registries.txt"),
];

/// The lines between two empty lines, as keys and values.
#[derive(Debug, Default)]
pub(super) struct Block(Vec<(&'static str, String)>);

impl Block {
    /// Returns the values of all lines with this key.
    pub(super) fn values<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |line| line.0 == key).map(|line| line.1.as_str())
    }

    /// Returns the value of the first line with this key.
    pub(super) fn value<'a>(&'a self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|line| line.0 == key).map(|line| line.1.as_str())
    }

    /// Returns all keys and values, for tests.
    #[cfg(test)]
    pub(super) fn lines(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(key, value)| (*key, value.as_str()))
    }

    /// Returns whether an option begins with this block.
    pub(super) fn begins_options(&self) -> bool {
        self.value("option").or_else(|| self.value("options")).is_some()
    }

    /// Adds a line, or appends an indented line to the preceding line.
    fn read_line(&mut self, line: &'static str) {
        match (line.strip_prefix("  "), self.0.last_mut()) {
            (Some(more), Some((_, value))) => match more.strip_prefix('|') {
                Some(line) => {
                    *value = format!("{value}\n{}", line.strip_prefix(' ').unwrap_or(line))
                }
                None => *value = format!("{value} {more}"),
            },
            _ => self.0.extend(line.split_once(": ").map(|(key, value)| (key, value.to_owned()))),
        }
    }
}

static SECTIONS: LazyLock<BTreeMap<&'static str, Vec<Block>>> = LazyLock::new(|| {
    let mut sections = BTreeMap::new();
    let mut blocks = &mut Vec::new();
    for line in FILES.iter().flat_map(|file| file.lines()).filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            blocks = sections.entry(name).or_insert_with(Vec::new);
            blocks.push(Block::default());
        } else if line.is_empty() {
            blocks.push(Block::default());
        } else if let Some(block) = blocks.last_mut() {
            block.read_line(line);
        }
    }
    sections
});

/// Returns the blocks of the section with this name; an empty list if there is no such section.
pub(super) fn section(name: &str) -> &'static [Block] {
    SECTIONS.get(name).map_or(&[], Vec::as_slice)
}

/// Returns all sections with their names, for tests.
#[cfg(test)]
pub(super) fn sections() -> impl Iterator<Item = (&'static str, &'static [Block])> {
    SECTIONS.iter().map(|(name, blocks)| (*name, blocks.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_indented_line_continues_a_value() {
        let mut block = Block::default();
        for line in ["if: a", "if: not b", "text: one", "  two: three", "run: x"] {
            block.read_line(line);
        }
        assert_eq!(block.values("if").collect::<Vec<_>>(), ["a", "not b"]);
        assert_eq!((block.value("text"), block.value("run")), (Some("one two: three"), Some("x")));
        assert_eq!(block.value("link"), None);
    }

    #[test]
    fn every_line_is_valid_and_every_section_is_unique() {
        let lines = || FILES.iter().flat_map(|file| file.lines());
        let headings = lines().filter(|line| line.starts_with('['));
        assert_eq!(headings.count(), SECTIONS.len());
        let keys = [
            "summary", "option", "options", "why", "grants", "destroys", "runs_as", "if", "text",
            "run", "code", "language", "console", "link", "use",
        ];
        for line in lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '['])) {
            let key = line.split_once(": ").map(|(key, _)| key);
            let is_known = line.starts_with("  ") || key.is_some_and(|key| keys.contains(&key));
            assert!(is_known && line == line.trim_end(), "{line:?}");
        }
        for (name, block) in
            sections().flat_map(|(name, all)| all.iter().map(move |block| (name, block)))
        {
            let repeated = keys.iter().find(|key| **key != "if" && block.values(key).count() > 1);
            assert_eq!(repeated, None, "[{name}]");
        }
    }

    #[test]
    fn every_command_and_every_code_has_the_link_of_a_page() {
        // The links of these sections depend on the role.
        let others = ["grant", "open_iam"];
        for (name, blocks) in sections().filter(|(name, _)| !others.contains(name)) {
            for block in blocks {
                let is_pasted = block.value("run").or_else(|| block.value("code")).is_some();
                let has_link = block.value("link").is_some_and(|link| link.starts_with("https://"));
                assert!(!is_pasted || has_link, "[{name}] {block:?}");
            }
        }
    }
}
