//! The sections of the text files of `advice/`, which are parsed once.
//!
//! `[name]` begins a section, an empty line ends a block of lines, an indented line continues the
//! one before, and `#` begins a comment. A section may begin with a `summary`. Each block after it
//! is a step:
//!
//! - `if`: the condition of the step; `if: not cloud` negates it;
//! - `text`, `run`, `code`, `console`, `link`: the parts of the step;
//! - `use`: the steps of another section instead.
//!
//! In a line, `{name}` is replaced by a word or by the text of another section, and `{name|NAME}`
//! by the placeholder `NAME` where the word is not known. `{if name}…{else}…{end}` is a choice. A
//! line with an unknown word is left out; without its `text`, so is the step.

use std::collections::BTreeMap;
use std::sync::LazyLock;

const FILES: [&str; 6] = [
    include_str!("advice/anywhere.txt"),
    include_str!("advice/gates.txt"),
    include_str!("advice/machines.txt"),
    include_str!("advice/people.txt"),
    include_str!("advice/products.txt"),
    include_str!("advice/programs.txt"),
];

/// The keys and values of the lines between two empty ones.
#[derive(Debug, Default)]
pub(super) struct Block(Vec<(&'static str, String)>);

impl Block {
    /// The values of this key.
    pub(super) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |line| line.0 == key).map(|line| line.1.as_str())
    }

    /// The value of this key.
    pub(super) fn line<'a>(&'a self, key: &'a str) -> Option<&'a str> {
        self.all(key).next()
    }

    /// All keys and values, for tests.
    #[cfg(test)]
    pub(super) fn lines(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(key, value)| (*key, value.as_str()))
    }

    fn read(&mut self, line: &'static str) {
        match (line.strip_prefix("  "), self.0.last_mut()) {
            (Some(more), Some((_, value))) => *value = format!("{value} {more}"),
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
            block.read(line);
        }
    }
    sections
});

/// The blocks of the section of this name. Without such a section, there is none.
pub(super) fn section(name: &str) -> &'static [Block] {
    SECTIONS.get(name).map_or(&[], Vec::as_slice)
}

/// All sections, for tests.
#[cfg(test)]
pub(super) fn sections() -> impl Iterator<Item = (&'static str, &'static [Block])> {
    SECTIONS.iter().map(|(name, blocks)| (*name, blocks.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_has_keys_and_values_of_several_lines() {
        let mut block = Block::default();
        for line in ["if: a", "if: not b", "text: one", "  two: three", "run: x"] {
            block.read(line);
        }
        assert_eq!(block.all("if").collect::<Vec<_>>(), ["a", "not b"]);
        assert_eq!((block.line("text"), block.line("run")), (Some("one two: three"), Some("x")));
        assert_eq!(block.line("link"), None);
    }

    #[test]
    fn every_line_is_parsed_and_every_section_is_unique() {
        let lines = || FILES.iter().flat_map(|file| file.lines());
        let headings = lines().filter(|line| line.starts_with('['));
        assert_eq!(headings.count(), SECTIONS.len());
        let keys = ["summary", "if", "text", "run", "code", "console", "link", "use"];
        for line in lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '['])) {
            let key = line.split_once(": ").map(|(key, _)| key);
            let is_known = line.starts_with("  ") || key.is_some_and(|key| keys.contains(&key));
            assert!(is_known && line == line.trim_end(), "{line:?}");
        }
        for (name, block) in sections().flat_map(|(name, all)| all.iter().map(move |block| (name, block))) {
            let twice = keys.iter().find(|key| **key != "if" && block.all(key).count() > 1);
            assert_eq!(twice, None, "[{name}]");
        }
    }
}
