//! A public API as lines that a person reads: one for each item, and one for what a type implements.

use std::collections::BTreeSet;

use public_api::PublicApi;

/// The text of a library, whose name in code is `own`.
pub(crate) fn text(api: &PublicApi, own: &str) -> String {
    of_lines(api.items().map(ToString::to_string), own)
}

/// What implementations bring with them is left out: their trait says it. An item that has two paths
/// is described under the first.
fn of_lines(items: impl Iterator<Item = String>, own: &str) -> String {
    let mut text = Text::default();
    // A macro's own types hold an implementation of an auto trait, which is no choice of ours.
    let items = items.filter(|line| !line.contains("::__private::"));
    items.map(|line| shortened(&line, own)).for_each(|line| text.add(line));
    text.end_implementations();
    text.lines.join("\n") + "\n"
}

#[derive(Default)]
struct Text {
    lines: Vec<String>,
    seen: BTreeSet<String>,
    /// The traits of the type whose implementations come now, and the type.
    traits: BTreeSet<String>,
    of: String,
    /// Whether what comes is part of a trait's implementation.
    in_trait: bool,
}

impl Text {
    fn add(&mut self, line: String) {
        if let Some((of_trait, of)) = implementation(&line) {
            self.in_trait = true;
            if self.of != of {
                self.end_implementations();
                self.of = of.to_owned();
            }
            // The compiler makes it along with `PartialEq`.
            if of_trait != "StructuralPartialEq" {
                self.traits.insert(of_trait.to_owned());
            }
            return;
        }
        let is_member = ["pub fn ", "pub async fn ", "pub unsafe fn ", "pub const ", "pub type "]
            .iter()
            .any(|start| line.starts_with(start));
        self.in_trait &= is_member;
        if !self.in_trait {
            self.end_implementations();
            self.push(line);
        }
    }

    fn end_implementations(&mut self) {
        let traits: Vec<String> = std::mem::take(&mut self.traits).into_iter().collect();
        if !traits.is_empty() {
            let line = format!("impl {} for {}", traits.join(" + "), self.of);
            self.push(line);
        }
        self.of.clear();
    }

    fn push(&mut self, line: String) {
        // `impl Type` only says that its functions follow, which name it themselves.
        if line.starts_with("impl") && !line.contains(" for ") || !self.seen.insert(line.clone()) {
            return;
        }
        let begins = ["mod ", "struct ", "enum ", "trait ", "union "].iter().any(|kind| {
            line.trim_start_matches("#[non_exhaustive] ").trim_start_matches("pub ").starts_with(kind)
        });
        if begins && !self.lines.is_empty() {
            self.lines.push(String::new());
        }
        self.lines.push(line);
    }
}

/// The trait and the type of an implementation.
fn implementation(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("impl")?;
    // Generic parameters of the implementation, whose bounds may hold brackets of their own.
    let mut depth = 0_i32;
    let after = rest.char_indices().find_map(|(place, character)| {
        depth += i32::from(character == '<') - i32::from(character == '>');
        (depth == 0).then_some(&rest[place..])
    })?;
    after.trim_start_matches('>').trim().split_once(" for ")
}

/// Types as code writes them: those of the standard library and of this crate by their name alone,
/// others by crate and name. Only what a line defines keeps its path.
fn shortened(line: &str, own: &str) -> String {
    // A function's path begins with its type, which is defined elsewhere; so does an implementation.
    let mut is_first = !line.starts_with("impl") && !line.contains("fn ");
    let (mut text, mut word) = (String::new(), String::new());
    for character in line.chars().chain(['\n']) {
        if character.is_alphanumeric() || character == '_' || character == ':' {
            word.push(character);
            continue;
        }
        let is_path = word.contains("::");
        text += &short_path(&word, own, is_path && is_first);
        is_first &= !is_path;
        word.clear();
        text.push(character);
    }
    text.truncate(text.trim_end().len());
    text
}

fn short_path(path: &str, own: &str, is_first: bool) -> String {
    let segments: Vec<&str> = path.split("::").collect();
    let is_type = |segment: &&str| segment.starts_with(char::is_uppercase);
    let Some(place) = segments.iter().position(is_type).filter(|place| *place > 0) else {
        return path.to_owned();
    };
    let short = segments[place..].join("::");
    match segments[0] {
        // Others have these names, too.
        "core" | "alloc" | "std" if ["core::fmt::Result", "core::error::Error"].contains(&path) => {
            format!("{}::{short}", segments[1])
        }
        "core" | "alloc" | "std" => short,
        // What the line defines.
        _ if is_first && place == segments.len() - 1 => path.to_owned(),
        first if first == own => short,
        first => format!("{first}::{short}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_followed_by_what_it_can_and_implements() {
        let lines = "pub mod own\n\
             #[non_exhaustive] pub enum own::a::Kind\n\
             pub own::a::Kind::One\n\
             impl core::clone::Clone for own::a::Kind\n\
             pub fn own::a::Kind::clone(&self) -> own::a::Kind\n\
             impl core::marker::StructuralPartialEq for own::a::Kind\n\
             pub struct own::a::Set<'a>\n\
             impl<'a> own::a::Set<'a>\n\
             pub fn own::a::Set<'a>::all(&self) -> core::option::Option<alloc::string::String>\n\
             impl<'a> core::fmt::Display for own::a::Set<'a>\n\
             pub fn own::a::Set<'a>::fmt(&self, &mut core::fmt::Formatter<'_>) -> core::fmt::Result\n\
             impl<T: core::convert::Into<u8>> core::convert::From<T> for own::a::Set<'_>\n\
             pub fn own::a::Set<'_>::from(T) -> Self\n\
             pub struct own::Set<'a>\n\
             impl<'a> own::a::Set<'a>\n\
             pub fn own::a::Set<'a>::all(&self) -> core::option::Option<alloc::string::String>\n\
             pub fn own::run(&own::a::Kind, http::method::Method) -> core::fmt::Result";
        let expected = "pub mod own\n\n\
             #[non_exhaustive] pub enum own::a::Kind\n\
             pub Kind::One\n\
             impl Clone for Kind\n\n\
             pub struct own::a::Set<'a>\n\
             pub fn Set<'a>::all(&self) -> Option<String>\n\
             impl Display for Set<'a>\n\
             impl From<T> for Set<'_>\n\n\
             pub struct own::Set<'a>\n\
             pub fn own::run(&Kind, http::Method) -> fmt::Result\n";
        assert_eq!(of_lines(lines.lines().map(str::to_owned), "own"), expected);
    }
}
