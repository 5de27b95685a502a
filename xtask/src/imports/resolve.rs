//! What a path names, through imports, globs and re-exports to where the item is defined.

use super::modules::{Name, Tree};

/// How many imports one name may lead through.
const DEEPEST: usize = 32;

/// What a path leads to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Module(usize),
    Item(Item),
}

/// An item, and what of it the path goes on to name, such as a variant or a function of a type.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// The module in which it is defined.
    pub(crate) module: usize,
    pub(crate) name: String,
    pub(crate) rest: Vec<String>,
}

impl Tree {
    /// What a path in a module names; nothing if it leads out of the crate, or is a local name.
    pub(crate) fn resolve(&self, module: usize, path: &[String]) -> Vec<Found> {
        self.walk(module, path, DEEPEST)
    }

    /// The items among them: a module by itself holds nothing that could be used.
    pub(crate) fn items(&self, module: usize, path: &[String]) -> Vec<Item> {
        let found = self.resolve(module, path).into_iter();
        found.filter_map(|found| if let Found::Item(item) = found { Some(item) } else { None }).collect()
    }

    /// A macro by its bare name: imported, or above in the text.
    pub(crate) fn macros(&self, module: usize, path: &[String]) -> Vec<Item> {
        let above = std::iter::successors(Some(module), |at| self.modules[*at].parent);
        let mut found = above.map(|at| self.items(at, path));
        found.find(|found| !found.is_empty()).unwrap_or_default()
    }

    fn walk(&self, module: usize, path: &[String], depth: usize) -> Vec<Found> {
        let Some((first, rest)) = path.split_first().filter(|_| depth > 0) else { return Vec::new() };
        let onwards = |module| {
            if rest.is_empty() { vec![Found::Module(module)] } else { self.walk(module, rest, depth) }
        };
        match first.as_str() {
            "crate" | "$crate" => onwards(0),
            "self" => onwards(module),
            "super" => self.modules[module].parent.map(onwards).unwrap_or_default(),
            _ => self.look_up(module, first, rest, depth - 1),
        }
    }

    fn look_up(&self, module: usize, first: &str, rest: &[String], depth: usize) -> Vec<Found> {
        let names = self.modules[module].names.get(first).map(Vec::as_slice).unwrap_or_default();
        let mut found: Vec<Found> = Vec::new();
        for name in names {
            match name {
                Name::Item => {
                    let (name, rest) = (first.to_owned(), rest.to_vec());
                    found.push(Found::Item(Item { module, name, rest }));
                }
                Name::Module(child) if rest.is_empty() => found.push(Found::Module(*child)),
                Name::Module(child) => found.extend(self.walk(*child, rest, depth)),
                Name::Import(path) => {
                    found.extend(self.walk(module, &[path.as_slice(), rest].concat(), depth))
                }
            }
        }
        if !found.is_empty() {
            return found;
        }
        let wanted = |glob: &Vec<String>| [glob.as_slice(), &[first.to_owned()], rest].concat();
        let mut globs = self.modules[module].globs.iter().map(|glob| self.walk(module, &wanted(glob), depth));
        globs.find(|found| !found.is_empty()).unwrap_or_default()
    }
}
