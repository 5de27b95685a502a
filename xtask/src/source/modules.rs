//! Reads the modules of one crate: the items, the imports and the re-exports of each.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use syn::{Attribute, Item};

use super::cfg;

/// A source of the texts of files. Tests use a source that holds the texts in memory.
pub(crate) trait Source {
    /// Returns the text of a file, or `None` if the file does not exist.
    fn text(&self, path: &Path) -> Option<String>;
}

/// The source that reads files from the disk.
pub(crate) struct Disk;

impl Source for Disk {
    fn text(&self, path: &Path) -> Option<String> {
        std::fs::read_to_string(path).ok()
    }
}

/// The tree of a crate's modules.
pub(crate) struct Tree {
    /// The modules, the root first.
    pub(crate) modules: Vec<Module>,
    pub(crate) files: Vec<PathBuf>,
}

/// One module, in a separate file or inline.
pub(crate) struct Module {
    /// The names of the modules from the root to this module; empty for the root.
    pub(crate) path: Vec<String>,
    /// The index of the parent in [`Tree::modules`]; `None` for the root.
    pub(crate) parent: Option<usize>,
    /// The index of the module's file in [`Tree::files`].
    pub(crate) file: usize,
    /// The names of this module. A name has several meanings if it exists in several namespaces.
    pub(crate) names: HashMap<String, Vec<NameMeaning>>,
    /// The paths of `use path::*`.
    pub(crate) globs: Vec<Vec<String>>,
    /// The items of this module, child modules excepted.
    pub(crate) items: Vec<Item>,
}

/// The meaning of a name.
pub(crate) enum NameMeaning {
    /// The index of a child module in [`Tree::modules`].
    Module(usize),
    /// An item that the module defines.
    Item,
    /// An imported path, relative to the module.
    Import(Vec<String>),
}

impl Tree {
    /// Reads a crate, starting at its root file.
    pub(crate) fn read(source: &dyn Source, root: &Path) -> Result<Self> {
        let mut tree = Self { modules: Vec::new(), files: Vec::new() };
        let folder = folder_of(root).to_owned();
        tree.read_file(source, Place { path: Vec::new(), parent: None, folder }, root)?;
        tree.hoist_exported_macros();
        Ok(tree)
    }

    fn read_file(&mut self, source: &dyn Source, place: Place, path: &Path) -> Result<usize> {
        let text =
            source.text(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let parsed = syn::parse_file(&text).with_context(|| path.display().to_string())?;
        self.files.push(path.to_owned());
        self.add(source, place, self.files.len() - 1, parsed.items)
    }

    /// Adds a module with its child modules. Returns the index of the module.
    fn add(
        &mut self,
        source: &dyn Source,
        place: Place,
        file: usize,
        items: Vec<Item>,
    ) -> Result<usize> {
        let number = self.modules.len();
        let Place { path, parent, folder } = place;
        self.modules.push(Module::new(path.clone(), parent, file));
        for item in items.into_iter().filter(|item| !cfg::is_test_only(cfg::attributes(item))) {
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
                    let named = path_attribute(&child.attrs).map(|path| self.beside(file, &path));
                    let has_path_attribute = named.is_some();
                    let file = named.map_or_else(|| below.default_file(source), Ok)?;
                    self.read_file(source, below.with_file(&file, has_path_attribute), &file)?
                }
            };
            self.modules[number].define(name, NameMeaning::Module(added));
        }
        Ok(number)
    }

    /// Returns the file that a `#[path]` attribute in `file` names.
    fn beside(&self, file: usize, path: &str) -> PathBuf {
        normalized(&folder_of(&self.files[file]).join(path))
    }

    /// Adds the macros with `#[macro_export]` to the names of the root, as the compiler does.
    fn hoist_exported_macros(&mut self) {
        let modules = self.modules.iter().skip(1);
        let exported = modules
            .flat_map(|module| module.items.iter().filter_map(|item| module.exported_macro(item)));
        for (name, path) in exported.collect::<Vec<_>>() {
            self.modules[0].define(name, NameMeaning::Import(path));
        }
    }
}

/// The position of a module in the tree, before the module is read.
struct Place {
    path: Vec<String>,
    parent: Option<usize>,
    /// The folder of the files of the child modules.
    folder: PathBuf,
}

impl Place {
    /// Returns the file of the module if there is no `#[path]`: `folder.rs` or `folder/mod.rs`.
    fn default_file(&self, source: &dyn Source) -> Result<PathBuf> {
        let candidates = [self.folder.with_extension("rs"), self.folder.join("mod.rs")];
        let file = candidates.iter().find(|path| source.text(path).is_some());
        file.cloned().with_context(|| format!("{} does not exist", candidates[0].display()))
    }

    /// Sets the folder of the child modules: the folder of `file`, if `file` is a `mod.rs` or was
    /// named by `#[path]`, or else the folder with the name of `file`.
    fn with_file(self, file: &Path, has_path_attribute: bool) -> Self {
        let is_mod_file =
            has_path_attribute || file.file_name().is_some_and(|name| name == "mod.rs");
        let folder = if is_mod_file { folder_of(file).to_owned() } else { file.with_extension("") };
        Self { folder, ..self }
    }
}

impl Module {
    fn new(path: Vec<String>, parent: Option<usize>, file: usize) -> Self {
        Self { path, parent, file, names: HashMap::new(), globs: Vec::new(), items: Vec::new() }
    }

    /// Returns the name and the path of an item that is a macro with `#[macro_export]`, or else
    /// `None`.
    fn exported_macro(&self, item: &Item) -> Option<(String, Vec<String>)> {
        let Item::Macro(syn::ItemMacro { attrs, ident: Some(name), .. }) = item else {
            return None;
        };
        let is_exported = attrs.iter().any(|attribute| attribute.path().is_ident("macro_export"));
        let name = is_exported.then(|| name.to_string())?;
        let path = ["crate".to_owned()].into_iter().chain(self.path.iter().cloned());
        Some((name.clone(), path.chain([name]).collect()))
    }

    fn define(&mut self, name: String, meaning: NameMeaning) {
        self.names.entry(name).or_default().push(meaning);
    }

    fn add(&mut self, item: Item) {
        if let Item::Use(import) = &item {
            for (name, path) in imports(import) {
                match name.as_str() {
                    "*" => self.globs.push(path),
                    _ => self.define(name, NameMeaning::Import(path)),
                }
            }
        } else if let Some(name) = name_of(&item) {
            self.define(name, NameMeaning::Item);
        }
        self.items.push(item);
    }
}

/// Returns the names that a `use` imports, with their paths. The name of a glob is `*`. A path with
/// a leading `::` belongs to another crate and is left out.
pub(crate) fn imports(import: &syn::ItemUse) -> Vec<(String, Vec<String>)> {
    let mut imports = Vec::new();
    if import.leading_colon.is_none() {
        add_imports(&import.tree, &mut Vec::new(), &mut imports);
    }
    imports
}

/// Adds the imports of a part of a `use`. `path` are the segments before that part.
fn add_imports(
    tree: &syn::UseTree,
    path: &mut Vec<String>,
    imports: &mut Vec<(String, Vec<String>)>,
) {
    match tree {
        syn::UseTree::Path(step) => {
            path.push(step.ident.to_string());
            add_imports(&step.tree, path, imports);
            path.pop();
        }
        syn::UseTree::Name(last) => imports.push(named_import(path, &last.ident, None)),
        syn::UseTree::Rename(last) => {
            imports.push(named_import(path, &last.ident, Some(last.rename.to_string())));
        }
        syn::UseTree::Glob(_) => imports.push(("*".to_owned(), path.clone())),
        syn::UseTree::Group(group) => {
            group.items.iter().for_each(|tree| add_imports(tree, path, imports))
        }
    }
}

fn named_import(
    path: &[String],
    last: &syn::Ident,
    renamed: Option<String>,
) -> (String, Vec<String>) {
    let mut path = path.to_vec();
    // `use a::{self}` imports `a`.
    if last != "self" || path.is_empty() {
        path.push(last.to_string());
    }
    let name = renamed.or_else(|| path.last().cloned()).unwrap_or_default();
    (name, path)
}

/// Returns the name that an item defines; `None` for items without a name, such as `impl` blocks.
fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// Returns the value of `#[path = "…"]`.
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

/// Returns a path without `.` and `..`, resolved by the names alone.
fn normalized(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut normalized, component| {
        match component {
            std::path::Component::ParentDir if normalized.file_name().is_some() => {
                _ = normalized.pop()
            }
            std::path::Component::CurDir => {}
            component => normalized.push(component),
        }
        normalized
    })
}
