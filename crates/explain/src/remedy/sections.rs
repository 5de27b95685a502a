//! The words of the advice, in files that are read once.
//!
//! A file has sections. `[name]` begins one, an empty line ends a block of lines, a line that is
//! indented goes on with the one before, and `#` begins a comment. A section may begin with a
//! `summary`. Each further block is one step:
//!
//! - `if`: the step stands only where this is so. `if: not cloud` turns it around.
//! - `text`, `run`, `code`, `console`, `link`: what a step may have; `use`: the steps of another section.
//!
//! In a line, `{name}` stands for a word or for the text of another section, and
//! `{if name}…{else}…{end}` for a choice. A line with a word that is not known is left out; so is a
//! step whose `text` is. `{name|NAME}` stands for a placeholder to fill in where the word is not known.

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

/// Lines between two empty ones: their keys and values.
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
    fn a_block_reads_keys_and_what_goes_on_below() {
        let mut block = Block::default();
        for line in ["if: a", "if: not b", "text: one", "  two: three", "run: x"] {
            block.read(line);
        }
        assert_eq!(block.all("if").collect::<Vec<_>>(), ["a", "not b"]);
        assert_eq!((block.line("text"), block.line("run")), (Some("one two: three"), Some("x")));
        assert_eq!(block.line("link"), None);
    }

    #[test]
    fn no_line_is_lost_and_no_section_stands_twice() {
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
