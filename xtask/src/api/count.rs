//! Counts the public types in the listing of a crate's API.

use std::collections::BTreeSet;

/// The names of public types. A type with two paths is counted once.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct TypeCounts {
    /// The types that are neither errors nor adapters.
    types: BTreeSet<String>,
    errors: BTreeSet<String>,
    /// The types in the module `adapter`.
    adapters: BTreeSet<String>,
    /// The types of any kind that are re-exported at the root of the crate.
    root: BTreeSet<String>,
}

impl TypeCounts {
    /// Counts the types of a listing. `library` is the name of the crate in code.
    pub(crate) fn from_listing(text: &str, library: &str) -> Self {
        let mut counts = Self::default();
        for path in text.lines().filter_map(path_of_type) {
            let segments: Vec<&str> = path.split("::").collect();
            let [module @ .., name] = segments.as_slice() else { continue };
            let set = match module {
                _ if name.ends_with("Error") || name.ends_with("ErrorKind") => &mut counts.errors,
                [_, "adapter", ..] => &mut counts.adapters,
                _ => &mut counts.types,
            };
            set.insert((*name).to_owned());
            if module == [library] {
                counts.root.insert((*name).to_owned());
            }
        }
        counts
    }

    /// Adds the types of another crate. A type that one of the two crates re-exports from the other
    /// is counted once.
    pub(crate) fn join(&mut self, other: &Self) {
        self.types.extend(other.types.iter().cloned());
    }

    /// Returns how many types there are, without errors and adapters.
    pub(crate) fn types(&self) -> usize {
        self.types.len()
    }

    /// Returns a line with the counts.
    pub(crate) fn line(&self, name: &str) -> String {
        format!(
            "api: {name} has {} public types, {} errors and {} types of adapters; {} types at its \
             root",
            self.types.len(),
            self.errors.len(),
            self.adapters.difference(&self.types).count(),
            self.root.len()
        )
    }
}

/// Returns the path of the type or trait that a line defines or re-exports; `None` for other lines.
fn path_of_type(line: &str) -> Option<&str> {
    let line = line.trim_start_matches("#[non_exhaustive] ").strip_prefix("pub ")?;
    let (kind, rest) = line.split_once(' ')?;
    let path = rest.split(['<', '(', '=', ' ', ';']).next()?.trim_end_matches(':');
    let name = path.rsplit("::").next()?;
    let is_type = match kind {
        "struct" | "enum" | "union" | "trait" | "type" => true,
        // The listing does not contain the kind of a re-exported item. By convention, a type has a
        // capital first letter and a constant has capitals only.
        "use" => {
            name.starts_with(char::is_uppercase)
                && !name.chars().all(|c| c.is_uppercase() || c == '_')
        }
        _ => false,
    };
    let is_associated =
        path.rsplit("::").nth(1).is_some_and(|outer| outer.starts_with(char::is_uppercase));
    (is_type && !is_associated).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_errors_and_adapters_are_counted_separately() {
        let text = "pub mod own\n\
            pub struct own::Error(_)\n\
            pub struct own::Set<'a>\n\
            pub use own::Scope\n\
            pub use own::lookup\n\
            #[non_exhaustive] pub enum own::a::Set\n\
            pub trait own::a::Find: Send + Sync\n\
            pub type own::a::Find::Answer\n\
            pub struct own::adapter::tower::Layer\n\
            pub fn own::a::Set::new() -> Self\n";
        let set =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let expected = TypeCounts {
            types: set(&["Find", "Scope", "Set"]),
            errors: set(&["Error"]),
            adapters: set(&["Layer"]),
            root: set(&["Error", "Scope", "Set"]),
        };
        assert_eq!(TypeCounts::from_listing(text, "own"), expected);
    }
}
