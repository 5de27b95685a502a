//! Builds the text section of a blob, to which all other sections refer.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

/// The text section. Its functions return references: the offset of a text in the lower 24 bits,
/// its length in the upper 8.
#[derive(Default)]
pub(crate) struct Text {
    pub(crate) bytes: String,
    /// The offset of the text that was added last.
    last: usize,
    /// The references that were returned before.
    references: BTreeMap<String, u32>,
}

impl Text {
    /// Returns a reference to a text. Adds the text, unless the same text was added before.
    pub(crate) fn whole(&mut self, text: &str) -> Result<u32> {
        if let Some(&reference) = self.references.get(text) {
            return Ok(reference);
        }
        let reference = reference(self.bytes.len(), text)?;
        self.last = self.bytes.len();
        self.bytes.push_str(text);
        self.references.insert(text.to_owned(), reference);
        Ok(reference)
    }

    /// Returns a reference to a text. Adds the text, unless the text that was added last begins
    /// with `text`.
    pub(crate) fn part_of_last(&mut self, text: &str) -> Result<u32> {
        let last = self.bytes.get(self.last..).filter(|last| last.starts_with(text));
        match last {
            Some(_) => reference(self.last, text),
            None => self.whole(text),
        }
    }

    /// Returns a reference to a text. Adds the text, unless the section contains it anywhere.
    pub(crate) fn part(&mut self, text: &str) -> Result<u32> {
        if let Some(&reference) = self.references.get(text) {
            return Ok(reference);
        }
        match self.bytes.find(text) {
            Some(offset) => {
                let reference = reference(offset, text)?;
                self.references.insert(text.to_owned(), reference);
                Ok(reference)
            }
            None => self.whole(text),
        }
    }
}

fn reference(offset: usize, text: &str) -> Result<u32> {
    ensure!(offset < 1 << 24, "the text section has more than 2^24 bytes");
    Ok(u32::try_from(offset)?
        | u32::from(u8::try_from(text.len()).with_context(|| text.to_owned())?) << 24)
}
