//! The tries of all hosts, and their bytes.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Result, ensure};

use super::template::{Segment, Template};
use gcp_scopes_catalog::raw::{HAS_DOUBLE_STAR, HAS_STAR, MAX_LITERAL, hash};

/// One host's trie of segments.
#[derive(Debug, Default)]
pub(crate) struct Trie {
    literals: BTreeMap<String, Self>,
    star: Option<Box<Self>>,
    double_star: Option<Box<Self>>,
    /// Rows by method key.
    rows: BTreeMap<u16, u32>,
}

impl Trie {
    /// Adds a request form.
    pub(crate) fn insert(&mut self, template: &Template, key: u16, row: u32) {
        let mut node = self;
        for segment in &template.segments {
            node = match segment {
                Segment::Literal(text) => node.literals.entry(text.clone()).or_default(),
                Segment::Star => node.star.get_or_insert_default(),
                Segment::DoubleStar => node.double_star.get_or_insert_default(),
            };
        }
        node.rows.insert(key, row);
    }

    /// The literal segments below which at least a third of the methods are, previews aside, from slash to slash, and where
    /// they lead; no text where there are none.
    pub(crate) fn common_prefix(&self) -> (String, &Self) {
        let (mut text, mut exit) = (String::new(), self);
        let weight = |literal: &str, child: &Self| if is_preview(literal) { 0 } else { child.weight() };
        while let Some((literal, child)) =
            exit.literals.iter().max_by_key(|(literal, child)| weight(literal, child))
        {
            if child.weight() * 3 < self.weight() || child.weight() == child.rows.len() {
                break;
            }
            let slash = if text.is_empty() { "/" } else { "" };
            text = format!("{text}{slash}{literal}/");
            exit = child;
        }
        (text, exit)
    }

    /// How many methods are here and below, those of previews aside.
    fn weight(&self) -> usize {
        let wild = [&self.star, &self.double_star].into_iter().flatten().map(|child| child.weight());
        let stable = self.literals.iter().filter(|(literal, _)| !is_preview(literal));
        self.rows.len() + wild.chain(stable.map(|(_, child)| child.weight())).sum::<usize>()
    }
}

/// The bytes of all tries; equal subtrees are written once.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    bytes: Vec<u8>,
    places: HashMap<Vec<u8>, u32>,
}

impl Nodes {
    /// The section, padded for the reader, which reads eight bytes where a node begins.
    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.extend([0; 8]);
        self.bytes
    }

    /// Writes a trie and gives the place of its root. `text` stores a literal.
    pub(crate) fn write(&mut self, trie: &Trie, text: &mut impl FnMut(&str) -> Result<u32>) -> Result<u32> {
        let mut edges = Vec::new();
        for (literal, child) in &trie.literals {
            ensure!(literal.len() < MAX_LITERAL, "the literal {literal} is too long");
            edges.push((hash(literal.as_bytes()), text(literal)?, self.write(child, text)?));
        }
        edges.sort_unstable();
        let mut bytes = Vec::new();
        bytes.extend(u16::try_from(edges.len())?.to_le_bytes());
        bytes.push(u8::try_from(trie.rows.len())?);
        bytes.push(flags(trie));
        for child in [&trie.star, &trie.double_star].into_iter().flatten() {
            u24(&mut bytes, self.write(child, text)?)?;
        }
        for (hash, text, child) in &edges {
            bytes.extend(hash.to_le_bytes());
            u24(&mut bytes, *child)?;
            bytes.extend(text.to_le_bytes());
        }
        for (key, row) in &trie.rows {
            bytes.extend(key.to_le_bytes());
            u24(&mut bytes, *row)?;
        }
        self.place(bytes)
    }

    fn place(&mut self, node: Vec<u8>) -> Result<u32> {
        if let Some(&place) = self.places.get(&node) {
            return Ok(place);
        }
        let place = u32::try_from(self.bytes.len())?;
        self.bytes.extend(&node);
        self.places.insert(node, place);
        Ok(place)
    }
}

/// Whether a literal names a version that few programs use.
fn is_preview(literal: &str) -> bool {
    ["alpha", "beta"].iter().any(|word| literal.contains(word))
}

fn flags(trie: &Trie) -> u8 {
    let star = if trie.star.is_some() { HAS_STAR } else { 0 };
    let double_star = if trie.double_star.is_some() { HAS_DOUBLE_STAR } else { 0 };
    let bytes = 3 * u8::from(trie.star.is_some()) + 3 * u8::from(trie.double_star.is_some());
    star | double_star | bytes
}

fn u24(bytes: &mut Vec<u8>, number: u32) -> Result<()> {
    ensure!(number < 1 << 24, "{number} needs more than three bytes");
    bytes.extend(&number.to_le_bytes()[..3]);
    Ok(())
}
