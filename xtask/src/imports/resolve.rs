//! What a path names, through imports, globs and re-exports to where the item is defined.

use crate::source::{Name, Tree};

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

/// What a path in a module names; nothing if it leads out of the crate, or is a local name.
pub(crate) fn resolve(tree: &Tree, module: usize, path: &[String]) -> Vec<Found> {
    walk(tree, module, path, DEEPEST)
}

/// The items among them: a module by itself holds nothing that could be used.
pub(crate) fn items(tree: &Tree, module: usize, path: &[String]) -> Vec<Item> {
    let found = resolve(tree, module, path).into_iter();
    found.filter_map(|found| if let Found::Item(item) = found { Some(item) } else { None }).collect()
}

/// A macro by its bare name: imported, or above in the text.
pub(crate) fn macros(tree: &Tree, module: usize, path: &[String]) -> Vec<Item> {
    let above = std::iter::successors(Some(module), |at| tree.modules[*at].parent);
    let mut found = above.map(|at| items(tree, at, path));
    found.find(|found| !found.is_empty()).unwrap_or_default()
}

fn walk(tree: &Tree, module: usize, path: &[String], depth: usize) -> Vec<Found> {
    let Some((first, rest)) = path.split_first().filter(|_| depth > 0) else { return Vec::new() };
    let onwards = |module| {
        if rest.is_empty() { vec![Found::Module(module)] } else { walk(tree, module, rest, depth) }
    };
    match first.as_str() {
        "crate" | "$crate" => onwards(0),
        "self" => onwards(module),
        "super" => tree.modules[module].parent.map(onwards).unwrap_or_default(),
        _ => look_up(tree, module, first, rest, depth - 1),
    }
}

fn look_up(tree: &Tree, module: usize, first: &str, rest: &[String], depth: usize) -> Vec<Found> {
    let names = tree.modules[module].names.get(first).map(Vec::as_slice).unwrap_or_default();
    let mut found: Vec<Found> = Vec::new();
    for name in names {
        match name {
            Name::Item => {
                let (name, rest) = (first.to_owned(), rest.to_vec());
                found.push(Found::Item(Item { module, name, rest }));
            }
            Name::Module(child) if rest.is_empty() => found.push(Found::Module(*child)),
            Name::Module(child) => found.extend(walk(tree, *child, rest, depth)),
            Name::Import(path) => found.extend(walk(tree, module, &[path.as_slice(), rest].concat(), depth)),
        }
    }
    if !found.is_empty() {
        return found;
    }
    let wanted = |glob: &Vec<String>| [glob.as_slice(), &[first.to_owned()], rest].concat();
    let mut globs = tree.modules[module].globs.iter().map(|glob| walk(tree, module, &wanted(glob), depth));
    globs.find(|found| !found.is_empty()).unwrap_or_default()
}
