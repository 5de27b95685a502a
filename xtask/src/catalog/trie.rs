//! Builds the trie of each host, which maps paths to rows, and encodes the tries.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Result, ensure};

use super::template::{PathTemplate, TemplateSegment};
use gcp_scopes_catalog::raw::{HAS_DOUBLE_STAR, HAS_STAR, MAX_LITERAL, hash};

/// A node of a trie, with the nodes below. Each edge is a segment of a path template.
#[derive(Debug, Default)]
pub(crate) struct Trie {
    literals: BTreeMap<String, Self>,
    star: Option<Box<Self>>,
    double_star: Option<Box<Self>>,
    /// The numbers of the rows whose template ends at this node, by method key (HTTP verb and
    /// custom verb).
    rows: BTreeMap<u16, u32>,
}

impl Trie {
    /// Adds a route of a row.
    pub(crate) fn insert(&mut self, template: &PathTemplate, key: u16, row: u32) {
        let mut node = self;
        for segment in &template.segments {
            node = match segment {
                TemplateSegment::Literal(text) => node.literals.entry(text.clone()).or_default(),
                TemplateSegment::Star => node.star.get_or_insert_default(),
                TemplateSegment::DoubleStar => node.double_star.get_or_insert_default(),
            };
        }
        node.rows.insert(key, row);
    }

    /// Returns the longest path of literals, such as `/storage/v1/b/`, below which at least a third
    /// of the methods are, and the node of that path. The path is empty if no literal has so many
    /// methods below. Preview versions are not counted.
    ///
    /// The catalog first compares a request's path with the returned path. If the two agree, the
    /// search begins at the returned node.
    pub(crate) fn common_prefix(&self) -> (String, &Self) {
        let (mut text, mut node) = (String::new(), self);
        let weight =
            |literal: &str, child: &Self| if is_preview(literal) { 0 } else { child.weight() };
        while let Some((literal, child)) =
            node.literals.iter().max_by_key(|(literal, child)| weight(literal, child))
        {
            if child.weight() * 3 < self.weight() || child.weight() == child.rows.len() {
                break;
            }
            let slash = if text.is_empty() { "/" } else { "" };
            text = format!("{text}{slash}{literal}/");
            node = child;
        }
        (text, node)
    }

    /// Returns how many methods are at this node and below, except those of preview versions.
    fn weight(&self) -> usize {
        let wild =
            [&self.star, &self.double_star].into_iter().flatten().map(|child| child.weight());
        let stable = self.literals.iter().filter(|(literal, _)| !is_preview(literal));
        self.rows.len() + wild.chain(stable.map(|(_, child)| child.weight())).sum::<usize>()
    }
}

/// The encoded nodes of all tries. Equal nodes, and so equal subtrees, are stored once.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    bytes: Vec<u8>,
    /// The offset of each encoded node.
    offsets: HashMap<Vec<u8>, u32>,
}

impl Nodes {
    /// Returns the section, with eight bytes of padding: the reader loads eight bytes at the start
    /// of a node.
    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.extend([0; 8]);
        self.bytes
    }

    /// Encodes a trie and returns the offset of its root. `text` stores a literal and returns a
    /// reference.
    pub(crate) fn write(
        &mut self,
        trie: &Trie,
        text: &mut impl FnMut(&str) -> Result<u32>,
    ) -> Result<u32> {
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
        self.store(bytes)
    }

    /// Stores an encoded node, unless an equal one is stored, and returns its offset.
    fn store(&mut self, node: Vec<u8>) -> Result<u32> {
        if let Some(&offset) = self.offsets.get(&node) {
            return Ok(offset);
        }
        let offset = u32::try_from(self.bytes.len())?;
        self.bytes.extend(&node);
        self.offsets.insert(node, offset);
        Ok(offset)
    }
}

/// Checks whether a literal is the name of a preview version, which few programs use.
fn is_preview(literal: &str) -> bool {
    ["alpha", "beta"].iter().any(|word| literal.contains(word))
}

/// Returns the flags of a node: which wildcards it has, and in the lower bits how many bytes the
/// offsets of their nodes take.
fn flags(trie: &Trie) -> u8 {
    let star = if trie.star.is_some() { HAS_STAR } else { 0 };
    let double_star = if trie.double_star.is_some() { HAS_DOUBLE_STAR } else { 0 };
    let bytes = 3 * u8::from(trie.star.is_some()) + 3 * u8::from(trie.double_star.is_some());
    star | double_star | bytes
}

/// Appends a number as three little-endian bytes.
fn u24(bytes: &mut Vec<u8>, number: u32) -> Result<()> {
    ensure!(number < 1 << 24, "{number} does not fit into three bytes");
    bytes.extend(&number.to_le_bytes()[..3]);
    Ok(())
}
