//! Finds types of the same name in the whole repository, tests included.

use std::collections::BTreeMap;

use anyhow::Result;
use proc_macro2::{TokenStream, TokenTree};

/// The keywords that a type's name follows.
const KEYWORDS: [&str; 4] = ["struct", "enum", "union", "trait"];
/// The name that every crate may give its error, as std, hyper and reqwest do.
const SHARED: &str = "Error";

/// The places of the types with each name, as `file:line`.
#[derive(Default)]
pub(super) struct TypeNames(BTreeMap<String, Vec<String>>);

impl TypeNames {
    /// Adds the types of a file. Reading tokens instead of items also finds the types that a macro
    /// such as `pin_project!` wraps, and those inside functions.
    pub(super) fn add_file(&mut self, file: &str, text: &str) -> Result<()> {
        let tokens: TokenStream =
            text.parse().map_err(|error| anyhow::anyhow!("{file}: {error}"))?;
        self.add(file, tokens);
        Ok(())
    }

    fn add(&mut self, file: &str, tokens: TokenStream) {
        let mut follows_keyword = false;
        for token in tokens {
            match &token {
                TokenTree::Ident(name) if follows_keyword && name != SHARED => {
                    let place = format!("{file}:{}", name.span().start().line);
                    self.0.entry(name.to_string()).or_default().push(place);
                }
                TokenTree::Group(group) => self.add(file, group.stream()),
                _ => {}
            }
            follows_keyword = match &token {
                TokenTree::Ident(word) => KEYWORDS.iter().any(|keyword| word == keyword),
                _ => false,
            };
        }
    }

    /// Returns a text for each name that several types have.
    pub(super) fn violations(&self) -> Vec<String> {
        let duplicates = self.0.iter().filter(|(_, places)| places.len() > 1);
        let text = |(name, places): (&String, &Vec<String>)| {
            format!("{} types have the name {name}: {}", places.len(), places.join(", "))
        };
        duplicates.map(text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violations(files: &[(&str, &str)]) -> Vec<String> {
        let mut names = TypeNames::default();
        files.iter().for_each(|(file, text)| names.add_file(file, text).unwrap());
        names.violations()
    }

    #[test]
    fn a_name_of_two_types_is_a_violation_wherever_they_are() {
        let rows = [
            "enum Row {}",
            "pub(crate) trait Row: Send {}",
            "union Row { a: u8 }",
            "fn f() { struct Row<'a>(&'a str); }",
            "pin_project! { #[project = Projection] pub struct Row<F> { #[pin] f: F } }",
            "#[cfg(test)] mod tests { struct Row; }",
        ];
        for row in rows {
            let found = violations(&[("src/a.rs", "\npub struct Row;"), ("tests/b.rs", row)]);
            assert_eq!(found, ["2 types have the name Row: src/a.rs:2, tests/b.rs:1"], "{row}");
        }
    }

    #[test]
    fn uses_of_a_type_and_the_name_error_are_allowed() {
        let rows = [
            "impl Row {}",
            "type Other = Row;",
            "/// struct Row;\nfn f() {}",
            "fn f() { print!(\"struct Row\"); }",
            "macro_rules! m { ($name:ident) => { struct $name; } }",
            "pub enum Error {}",
        ];
        for row in rows {
            let found = violations(&[("a.rs", "struct Row; struct Error;"), ("b.rs", row)]);
            assert_eq!(found, Vec::<String>::new(), "{row}");
        }
    }
}
