//! Resolves a path to the item or module that the path names, through imports, globs and
//! re-exports.

use crate::source::{NameMeaning, Tree};

/// The maximum number of imports that are followed for one path. Imports that refer to one another
/// in a cycle end at this limit; paths of real code need far fewer imports.
const MAX_DEPTH: usize = 32;

/// The thing that a path names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ResolvedPath {
    /// The index of a module in [`Tree::modules`].
    Module(usize),
    Item(Item),
}

/// An item that a path names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// The module that defines the item.
    pub(crate) module: usize,
    pub(crate) name: String,
    /// The segments of the path behind the item, such as a variant or a function of a type.
    pub(crate) rest: Vec<String>,
}

/// Returns what a path in a module names: several targets if the name exists in several namespaces,
/// none if the path leads to another crate or to a local variable.
pub(crate) fn resolve(tree: &Tree, module: usize, path: &[String]) -> Vec<ResolvedPath> {
    resolve_path(tree, module, path, MAX_DEPTH)
}

/// Returns the items that a path in a module names.
pub(crate) fn resolve_items(tree: &Tree, module: usize, path: &[String]) -> Vec<Item> {
    let targets = resolve(tree, module, path).into_iter();
    targets
        .filter_map(|target| if let ResolvedPath::Item(item) = target { Some(item) } else { None })
        .collect()
}

/// Returns the macro that a path in a module names. A `macro_rules!` macro is also visible in the
/// child modules of the module that defines the macro, so the parent modules are searched, too.
pub(crate) fn resolve_macro(tree: &Tree, module: usize, path: &[String]) -> Vec<Item> {
    let ancestors = std::iter::successors(Some(module), |module| tree.modules[*module].parent);
    let mut items = ancestors.map(|module| resolve_items(tree, module, path));
    items.find(|items| !items.is_empty()).unwrap_or_default()
}

fn resolve_path(tree: &Tree, module: usize, path: &[String], depth: usize) -> Vec<ResolvedPath> {
    let Some((first, rest)) = path.split_first().filter(|_| depth > 0) else { return Vec::new() };
    let resolve_rest = |module| {
        if rest.is_empty() {
            vec![ResolvedPath::Module(module)]
        } else {
            resolve_path(tree, module, rest, depth)
        }
    };
    match first.as_str() {
        "crate" | "$crate" => resolve_rest(0),
        "self" => resolve_rest(module),
        "super" => tree.modules[module].parent.map(resolve_rest).unwrap_or_default(),
        _ => resolve_name(tree, module, first, rest, depth - 1),
    }
}

/// Resolves a name of a module: among its items, modules and imports, or else through its globs.
fn resolve_name(
    tree: &Tree,
    module: usize,
    first: &str,
    rest: &[String],
    depth: usize,
) -> Vec<ResolvedPath> {
    let names = tree.modules[module].names.get(first).map(Vec::as_slice).unwrap_or_default();
    let mut targets: Vec<ResolvedPath> = Vec::new();
    for name in names {
        match name {
            NameMeaning::Item => {
                let (name, rest) = (first.to_owned(), rest.to_vec());
                targets.push(ResolvedPath::Item(Item { module, name, rest }));
            }
            NameMeaning::Module(child) if rest.is_empty() => {
                targets.push(ResolvedPath::Module(*child))
            }
            NameMeaning::Module(child) => targets.extend(resolve_path(tree, *child, rest, depth)),
            NameMeaning::Import(path) => {
                targets.extend(resolve_path(
                    tree,
                    module,
                    &[path.as_slice(), rest].concat(),
                    depth,
                ));
            }
        }
    }
    if !targets.is_empty() {
        return targets;
    }
    let below = |glob: &Vec<String>| [glob.as_slice(), &[first.to_owned()], rest].concat();
    let globs = tree.modules[module].globs.iter();
    let mut targets = globs.map(|glob| resolve_path(tree, module, &below(glob), depth));
    targets.find(|targets| !targets.is_empty()).unwrap_or_default()
}
