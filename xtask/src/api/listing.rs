//! Lists a public API for readers: one line for each item, and one for the traits that a type
//! implements.

use std::collections::BTreeSet;

use public_api::PublicApi;

/// Returns the listing of a crate. `own` is the name of the crate in code.
pub(crate) fn text(api: &PublicApi, own: &str) -> String {
    from_lines(api.items().map(ToString::to_string), own)
}

/// Returns the listing for the lines of `public-api`.
///
/// The members of trait implementations are left out, because they follow from the trait. The
/// members of an item with two paths are listed under the first path.
fn from_lines(items: impl Iterator<Item = String>, own: &str) -> String {
    let mut listing = Listing::default();
    // Types that a macro of another crate generates in `__private` are not part of the API.
    let items = items.filter(|line| !line.contains("::__private::"));
    items.map(|line| shortened(&line, own)).for_each(|line| listing.add(line));
    listing.end_implementations();
    listing.lines.join("\n") + "\n"
}

#[derive(Default)]
struct Listing {
    lines: Vec<String>,
    /// The lines that were added. A line is added only once.
    listed: BTreeSet<String>,
    /// The traits that `implementor` implements, collected until the implementations of another
    /// type begin.
    traits: BTreeSet<String>,
    /// The type whose implementations are being read; empty if there is none.
    implementor: String,
    /// Whether the next line may be a member of a trait implementation.
    in_trait: bool,
}

impl Listing {
    fn add(&mut self, line: String) {
        if let Some((trait_name, implementor)) = implementation(&line) {
            self.in_trait = true;
            if self.implementor != implementor {
                self.end_implementations();
                self.implementor = implementor.to_owned();
            }
            // `derive(PartialEq)` implements this trait, too.
            if trait_name != "StructuralPartialEq" {
                self.traits.insert(trait_name.to_owned());
            }
            return;
        }
        self.in_trait &= is_member(&line, &self.implementor);
        if !self.in_trait {
            self.end_implementations();
            self.push(line);
        }
    }

    /// Writes the line with the collected traits.
    fn end_implementations(&mut self) {
        let traits: Vec<String> = std::mem::take(&mut self.traits).into_iter().collect();
        if !traits.is_empty() {
            let line = format!("impl {} for {}", traits.join(" + "), self.implementor);
            self.push(line);
        }
        self.implementor.clear();
    }

    /// Adds a line unless it is listed already. A line that defines a type or a module follows a
    /// blank line.
    fn push(&mut self, line: String) {
        // A line `impl Type` is left out: the lines of its functions contain the name of the type.
        if line.starts_with("impl") && !line.contains(" for ") || !self.listed.insert(line.clone())
        {
            return;
        }
        let begins_section = ["mod ", "struct ", "enum ", "trait ", "union "].iter().any(|kind| {
            line.trim_start_matches("#[non_exhaustive] ")
                .trim_start_matches("pub ")
                .starts_with(kind)
        });
        if begins_section && !self.lines.is_empty() {
            self.lines.push(String::new());
        }
        self.lines.push(line);
    }
}

/// Returns whether the line defines a member of an implementation for the type `implementor`. A
/// function or a constant of a module, which may follow the implementations, is no member.
fn is_member(line: &str, implementor: &str) -> bool {
    let kinds = ["pub fn ", "pub async fn ", "pub unsafe fn ", "pub const ", "pub type "];
    let Some(rest) = kinds.iter().find_map(|kind| line.strip_prefix(kind)) else { return false };
    let path = rest.split(['(', ' ']).next().unwrap_or_default();
    let name = implementor.split('<').next().unwrap_or_default().rsplit("::").next();
    name.is_some_and(|name| {
        [format!("{name}::"), format!("{name}<")].iter().any(|start| path.contains(start))
    })
}

/// Returns the trait and the type of a line `impl Trait for Type`; `None` for other lines.
fn implementation(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("impl")?;
    // Skip the generic parameters, whose bounds may contain further angle brackets.
    let mut depth = 0_i32;
    let behind_generics = rest.char_indices().find_map(|(index, character)| {
        depth += i32::from(character == '<') - i32::from(character == '>');
        (depth == 0).then_some(&rest[index..])
    })?;
    behind_generics.trim_start_matches('>').trim().split_once(" for ")
}

/// Shortens the paths of a line: a type of the standard library or of this crate to its name, a
/// type of another crate to the crate and the name. The path of the item that the line defines is
/// kept.
fn shortened(line: &str, own: &str) -> String {
    // The first path is the defined item, except in the lines of functions, whose first path begins
    // with their type, and of implementations.
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

/// Shortens one path. `is_first` means that the path may be that of the item that the line defines.
fn short_path(path: &str, own: &str, is_first: bool) -> String {
    let segments: Vec<&str> = path.split("::").collect();
    let is_type = |segment: &&str| segment.starts_with(char::is_uppercase);
    let Some(type_index) = segments.iter().position(is_type).filter(|index| *index > 0) else {
        return path.to_owned();
    };
    let short = segments[type_index..].join("::");
    match segments[0] {
        // Many crates have a `Result` and an `Error`, so these keep their module.
        "core" | "alloc" | "std" if ["core::fmt::Result", "core::error::Error"].contains(&path) => {
            format!("{}::{short}", segments[1])
        }
        "core" | "alloc" | "std" => short,
        // The path of the item that the line defines is kept.
        _ if is_first && type_index == segments.len() - 1 => path.to_owned(),
        first if first == own => short,
        first => format!("{first}::{short}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_followed_by_its_functions_and_traits() {
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
             pub fn own::a::Set<'a>::fmt(&self, &mut core::fmt::Formatter<'_>) \
             -> core::fmt::Result\n\
             impl<T: core::convert::Into<u8>> core::convert::From<T> for own::a::Set<'_>\n\
             pub fn own::a::Set<'_>::from(T) -> Self\n\
             pub struct own::Set<'a>\n\
             impl<'a> own::a::Set<'a>\n\
             pub fn own::a::Set<'a>::all(&self) -> core::option::Option<alloc::string::String>\n\
             pub fn own::run(&own::a::Kind, http::method::Method) -> core::fmt::Result\n\
             pub struct own::Unit\n\
             impl core::convert::TryFrom<u8> for own::Unit\n\
             pub type own::Unit::Error = own::a::Kind\n\
             pub fn own::Unit::try_from(u8) -> core::result::Result<Self, own::a::Kind>\n\
             pub const own::UNITS: [own::Unit; 1]\n\
             pub fn own::stop() -> own::Unit";
        let expected = "pub mod own\n\n\
             #[non_exhaustive] pub enum own::a::Kind\n\
             pub Kind::One\n\
             impl Clone for Kind\n\n\
             pub struct own::a::Set<'a>\n\
             pub fn Set<'a>::all(&self) -> Option<String>\n\
             impl Display for Set<'a>\n\
             impl From<T> for Set<'_>\n\n\
             pub struct own::Set<'a>\n\
             pub fn own::run(&Kind, http::Method) -> fmt::Result\n\n\
             pub struct own::Unit\n\
             impl TryFrom<u8> for Unit\n\
             pub const own::UNITS: [Unit; 1]\n\
             pub fn own::stop() -> Unit\n";
        assert_eq!(from_lines(lines.lines().map(str::to_owned), "own"), expected);
    }
}
