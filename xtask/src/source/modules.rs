//! The modules of one crate, as the compiler sees them without tests: what each file defines,
//! imports and hands on.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use syn::{Attribute, Item};

use super::cfg;

/// Where the text of a file comes from.
pub(crate) trait Source {
    /// The text, or nothing if there is no such file.
    fn text(&self, path: &Path) -> Option<String>;
}

/// The disk.
pub(crate) struct Disk;

impl Source for Disk {
    fn text(&self, path: &Path) -> Option<String> {
        std::fs::read_to_string(path).ok()
    }
}

/// A crate: its modules, the first of which is the root.
pub(crate) struct Tree {
    pub(crate) modules: Vec<Module>,
    pub(crate) files: Vec<PathBuf>,
}

/// One module, in a file of its own or inline.
pub(crate) struct Module {
    /// Its names from the root on, which has none.
    pub(crate) path: Vec<String>,
    pub(crate) parent: Option<usize>,
    /// Its place in [`Tree::files`].
    pub(crate) file: usize,
    /// What a name in this module stands for: several things if they live in different namespaces.
    pub(crate) names: HashMap<String, Vec<Name>>,
    /// The paths of `use path::*`.
    pub(crate) globs: Vec<Vec<String>>,
    /// Everything but modules.
    pub(crate) items: Vec<Item>,
}

/// What a name stands for.
pub(crate) enum Name {
    Module(usize),
    /// An item that is defined here.
    Item,
    /// An imported path, relative to the module.
    Import(Vec<String>),
}

impl Tree {
    /// Reads a crate from its root file on.
    pub(crate) fn read(source: &dyn Source, root: &Path) -> Result<Self> {
        let mut tree = Self { modules: Vec::new(), files: Vec::new() };
        let folder = folder_of(root).to_owned();
        tree.read_file(source, Place { path: Vec::new(), parent: None, folder }, root)?;
        tree.hoist_exported_macros();
        Ok(tree)
    }

    fn read_file(&mut self, source: &dyn Source, place: Place, path: &Path) -> Result<usize> {
        let text = source.text(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let parsed = syn::parse_file(&text).with_context(|| path.display().to_string())?;
        self.files.push(path.to_owned());
        self.add(source, place, self.files.len() - 1, parsed.items)
    }

    /// Adds a module and all below it.
    fn add(&mut self, source: &dyn Source, place: Place, file: usize, items: Vec<Item>) -> Result<usize> {
        let number = self.modules.len();
        let Place { path, parent, folder } = place;
        self.modules.push(Module::new(path.clone(), parent, file));
        for item in items.into_iter().filter(|item| !cfg::is_left_out(cfg::attributes(item))) {
            let Item::Mod(child) = item else {
                self.modules[number].add(item);
                continue;
            };
            let name = child.ident.to_string();
            let below = Place {
                path: [path.as_slice(), std::slice::from_ref(&name)].concat(),
                parent: Some(number),
                folder: folder.join(&name),
            };
            let added = match child.content {
                Some((_, items)) => self.add(source, below, file, items)?,
                None => {
                    let named = path_attribute(&child.attrs).map(|it| self.beside(file, &it));
                    let is_named = named.is_some();
                    let place = named.map_or_else(|| below.default_file(source), Ok)?;
                    self.read_file(source, below.around(&place, is_named), &place)?
                }
            };
            self.modules[number].define(name, Name::Module(added));
        }
        Ok(number)
    }

    /// A file that `#[path]` names.
    fn beside(&self, file: usize, path: &str) -> PathBuf {
        normal(&folder_of(&self.files[file]).join(path))
    }

    /// `#[macro_export]` puts a macro into the root.
    fn hoist_exported_macros(&mut self) {
        let all = self.modules.iter().skip(1);
        let exported = all.flat_map(|module| module.items.iter().filter_map(|item| module.exported(item)));
        for (name, path) in exported.collect::<Vec<_>>() {
            self.modules[0].define(name, Name::Import(path));
        }
    }
}

/// Where a module stands before it is read.
struct Place {
    path: Vec<String>,
    parent: Option<usize>,
    /// The folder of its children.
    folder: PathBuf,
}

impl Place {
    /// `folder.rs`, or `folder/mod.rs` beside which the children stand.
    fn default_file(&self, source: &dyn Source) -> Result<PathBuf> {
        let candidates = [self.folder.with_extension("rs"), self.folder.join("mod.rs")];
        let found = candidates.iter().find(|path| source.text(path).is_some());
        found.cloned().with_context(|| format!("{} does not exist", candidates[0].display()))
    }

    /// The same place with its children beside the file that was found, if it is a `mod.rs` or
    /// named by `#[path]`, or else below it.
    fn around(self, file: &Path, is_named: bool) -> Self {
        let beside = folder_of(file).to_owned();
        let is_mod_file = is_named || file.file_name().is_some_and(|name| name == "mod.rs");
        let folder = if is_mod_file { beside } else { file.with_extension("") };
        Self { folder, ..self }
    }
}

impl Module {
    fn new(path: Vec<String>, parent: Option<usize>, file: usize) -> Self {
        Self { path, parent, file, names: HashMap::new(), globs: Vec::new(), items: Vec::new() }
    }

    /// The name of an exported macro, and its path.
    fn exported(&self, item: &Item) -> Option<(String, Vec<String>)> {
        let Item::Macro(syn::ItemMacro { attrs, ident: Some(name), .. }) = item else { return None };
        let is_exported = attrs.iter().any(|attribute| attribute.path().is_ident("macro_export"));
        let name = is_exported.then(|| name.to_string())?;
        let path = ["crate".to_owned()].into_iter().chain(self.path.iter().cloned());
        Some((name.clone(), path.chain([name]).collect()))
    }

    fn define(&mut self, name: String, meaning: Name) {
        self.names.entry(name).or_default().push(meaning);
    }

    fn add(&mut self, item: Item) {
        if let Item::Use(import) = &item {
            for (name, path) in imports(import) {
                match name.as_str() {
                    "*" => self.globs.push(path),
                    _ => self.define(name, Name::Import(path)),
                }
            }
        } else if let Some(name) = name_of(&item) {
            self.define(name, Name::Item);
        }
        self.items.push(item);
    }
}

/// The names that a `use` brings, with their paths; `*` for a glob. One from another crate brings
/// none.
pub(crate) fn imports(import: &syn::ItemUse) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    if import.leading_colon.is_none() {
        walk_use(&import.tree, &mut Vec::new(), &mut found);
    }
    found
}

fn walk_use(tree: &syn::UseTree, path: &mut Vec<String>, found: &mut Vec<(String, Vec<String>)>) {
    match tree {
        syn::UseTree::Path(step) => {
            path.push(step.ident.to_string());
            walk_use(&step.tree, path, found);
            path.pop();
        }
        syn::UseTree::Name(last) => found.push(named(path, &last.ident, None)),
        syn::UseTree::Rename(last) => found.push(named(path, &last.ident, Some(last.rename.to_string()))),
        syn::UseTree::Glob(_) => found.push(("*".to_owned(), path.clone())),
        syn::UseTree::Group(group) => group.items.iter().for_each(|tree| walk_use(tree, path, found)),
    }
}

fn named(path: &[String], last: &syn::Ident, renamed: Option<String>) -> (String, Vec<String>) {
    let mut path = path.to_vec();
    // `use a::{self}` is `use a`.
    if last != "self" || path.is_empty() {
        path.push(last.to_string());
    }
    let name = renamed.or_else(|| path.last().cloned()).unwrap_or_default();
    (name, path)
}

fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(it) => &it.ident,
        Item::Enum(it) => &it.ident,
        Item::Fn(it) => &it.sig.ident,
        Item::Macro(it) => it.ident.as_ref()?,
        Item::Static(it) => &it.ident,
        Item::Struct(it) => &it.ident,
        Item::Trait(it) => &it.ident,
        Item::TraitAlias(it) => &it.ident,
        Item::Type(it) => &it.ident,
        Item::Union(it) => &it.ident,
        _ => return None,
    };
    Some(name.to_string())
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    })
}

fn folder_of(file: &Path) -> &Path {
    file.parent().unwrap_or_else(|| Path::new(""))
}

/// The path without `..`.
fn normal(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut normal, part| {
        match part {
            std::path::Component::ParentDir if normal.file_name().is_some() => _ = normal.pop(),
            std::path::Component::CurDir => {}
            part => normal.push(part),
        }
        normal
    })
}
