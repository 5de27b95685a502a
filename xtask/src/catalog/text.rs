//! The text section of a blob.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

/// The text section.
#[derive(Default)]
pub(crate) struct Text {
    pub(crate) bytes: String,
    /// Where the text begins that was added last.
    last: usize,
    places: BTreeMap<String, u32>,
}

impl Text {
    /// Stores a text, once.
    pub(crate) fn whole(&mut self, text: &str) -> Result<u32> {
        if let Some(&place) = self.places.get(text) {
            return Ok(place);
        }
        let place = reference(self.bytes.len(), text)?;
        self.last = self.bytes.len();
        self.bytes.push_str(text);
        self.places.insert(text.to_owned(), place);
        Ok(place)
    }

    /// Stores a text unless what was stored last begins with it.
    pub(crate) fn part_of_last(&mut self, text: &str) -> Result<u32> {
        let last = self.bytes.get(self.last..).filter(|last| last.starts_with(text));
        match last {
            Some(_) => reference(self.last, text),
            None => self.whole(text),
        }
    }

    /// Stores a text unless it is part of what is there.
    pub(crate) fn part(&mut self, text: &str) -> Result<u32> {
        if let Some(&place) = self.places.get(text) {
            return Ok(place);
        }
        match self.bytes.find(text) {
            Some(at) => {
                let place = reference(at, text)?;
                self.places.insert(text.to_owned(), place);
                Ok(place)
            }
            None => self.whole(text),
        }
    }
}

fn reference(at: usize, text: &str) -> Result<u32> {
    ensure!(at < 1 << 24, "too much text");
    Ok(u32::try_from(at)? | u32::from(u8::try_from(text.len()).with_context(|| text.to_owned())?) << 24)
}
