//! How many public types a listing has.

use std::collections::BTreeSet;

/// Types by name: one that has two paths is one type.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    types: BTreeSet<String>,
    errors: BTreeSet<String>,
    adapters: BTreeSet<String>,
    root: BTreeSet<String>,
}

impl Counts {
    /// Counts the types of a listing, and the names at the root of the library.
    pub(crate) fn of(text: &str, library: &str) -> Self {
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

    /// Counts the types of another library along; what one hands on of the other counts once.
    pub(crate) fn join(&mut self, other: &Self) {
        self.types.extend(other.types.iter().cloned());
    }

    /// How many types there are, besides errors and adapters.
    pub(crate) fn types(&self) -> usize {
        self.types.len()
    }

    /// The counts in one line.
    pub(crate) fn line(&self, name: &str) -> String {
        format!(
            "api: {name} has {} public types, besides {} errors and {} of adapters; {} names of types at its root",
            self.types.len(),
            self.errors.len(),
            self.adapters.difference(&self.types).count(),
            self.root.len()
        )
    }
}

/// The path of a line that begins a type, or hands one on.
fn path_of_type(line: &str) -> Option<&str> {
    let line = line.trim_start_matches("#[non_exhaustive] ").strip_prefix("pub ")?;
    let (kind, rest) = line.split_once(' ')?;
    let path = rest.split(['<', '(', '=', ' ', ';']).next()?.trim_end_matches(':');
    let name = path.rsplit("::").next()?;
    let is_type = match kind {
        "struct" | "enum" | "union" | "trait" | "type" => true,
        // What another crate's item is, the listing does not say; its name does.
        "use" => {
            name.starts_with(char::is_uppercase) && !name.chars().all(|it| it.is_uppercase() || it == '_')
        }
        _ => false,
    };
    // Types that belong to a trait are none of their own.
    let is_own = path.rsplit("::").nth(1).is_none_or(|outer| !outer.starts_with(char::is_uppercase));
    (is_type && is_own).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_counts_once_and_errors_and_adapters_apart() {
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
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let expected = Counts {
            types: set(&["Find", "Scope", "Set"]),
            errors: set(&["Error"]),
            adapters: set(&["Layer"]),
            root: set(&["Error", "Scope", "Set"]),
        };
        assert_eq!(Counts::of(text, "own"), expected);
    }
}
