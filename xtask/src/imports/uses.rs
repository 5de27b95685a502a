//! Finds the uses of items between the modules of a crate, with the lines of the uses.
//!
//! These are uses of the module that defines the item:
//!
//! - a private `use`;
//! - a path in code, in a macro, or in an attribute of serde;
//! - a call `self.method()`, if the method is defined in another module than the type. Other calls
//!   of methods are not found, because only the compiler knows the types of values.
//!
//! A `mod` line and a re-export are not uses. A module that imports an item through a re-export
//! uses the module that defines the item.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Visibility};

use super::resolve::{self, Item, ResolvedPath};
use crate::source::{self, Tree, imports};

/// The uses of items, grouped by two modules: the module that uses an item, and the module that
/// defines the item.
pub(crate) type Uses = BTreeMap<(usize, usize), BTreeSet<Use>>;

/// One use of an item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Use {
    pub(crate) line: usize,
    /// The name of the used item.
    pub(crate) name: String,
}

/// Returns all uses between the modules of a crate.
pub(crate) fn in_crate(tree: &Tree) -> Uses {
    let members = Members::from_tree(tree);
    let mut uses = Uses::new();
    for (index, module) in tree.modules.iter().enumerate() {
        let mut finder = UseFinder {
            tree,
            members: &members,
            module: index,
            scopes: Vec::new(),
            self_type: None,
            uses: &mut uses,
        };
        module.items.iter().for_each(|item| finder.visit_item(item));
    }
    uses
}

/// The modules that define the functions and constants of a type: by the type's module and name,
/// then by the name of the function or constant.
struct Members(HashMap<(usize, String), HashMap<String, BTreeSet<usize>>>);

impl Members {
    fn from_tree(tree: &Tree) -> Self {
        let mut members = Self(HashMap::new());
        for (index, module) in tree.modules.iter().enumerate() {
            for item in &module.items {
                if let syn::Item::Impl(block) = item {
                    members.add(tree, index, block);
                }
            }
        }
        members
    }

    /// Adds the functions and constants of an `impl` block, unless the block implements a trait.
    fn add(&mut self, tree: &Tree, module: usize, block: &syn::ItemImpl) {
        if block.trait_.is_some() {
            return;
        }
        let Some(self_type) = self_type(tree, module, block) else { return };
        let members = self.0.entry((self_type.module, self_type.name)).or_default();
        for member in &block.items {
            let name = match member {
                syn::ImplItem::Fn(function) => &function.sig.ident,
                syn::ImplItem::Const(constant) => &constant.ident,
                _ => continue,
            };
            members.entry(name.to_string()).or_default().insert(module);
        }
    }

    /// Returns the modules that define a function or constant of a type.
    fn defining_modules(&self, item: &Item, member: &str) -> impl Iterator<Item = usize> {
        let members = self.0.get(&(item.module, item.name.clone()));
        members.and_then(|members| members.get(member)).into_iter().flatten().copied()
    }
}

/// Returns the type that an `impl` block is for; `None` if another crate defines the type.
fn self_type(tree: &Tree, module: usize, block: &syn::ItemImpl) -> Option<Item> {
    let syn::Type::Path(path) = &*block.self_ty else { return None };
    resolve::resolve_items(tree, module, &segments(&path.path)).into_iter().next()
}

/// Visits the code of one module and records the uses of other modules.
struct UseFinder<'t> {
    tree: &'t Tree,
    members: &'t Members,
    /// The visited module.
    module: usize,
    /// The names that `use` brings into each enclosing block, with their paths. The innermost block
    /// is last.
    scopes: Vec<HashMap<String, Vec<String>>>,
    /// The type that `Self` stands for.
    self_type: Option<Item>,
    uses: &'t mut Uses,
}

impl UseFinder<'_> {
    fn record_path(&mut self, path: &[String], span: Span) {
        let Some((first, rest)) = path.split_first() else { return };
        if first == "Self" {
            let self_type = self.self_type.as_ref().map(|self_type| Item {
                module: self_type.module,
                name: self_type.name.clone(),
                rest: rest.to_vec(),
            });
            return self_type.into_iter().for_each(|self_type| self.record_item(&self_type, span));
        }
        let local = self.scopes.iter().rev().find_map(|scope| scope.get(first));
        let path = local.map_or_else(|| path.to_vec(), |path| [path.as_slice(), rest].concat());
        let items = resolve::resolve_items(self.tree, self.module, &path);
        items.iter().for_each(|item| self.record_item(item, span));
    }

    /// Records a use of an item. If the path goes on to a function or constant of the item, records
    /// a use of that function or constant, too.
    fn record_item(&mut self, item: &Item, span: Span) {
        self.record(item.module, &item.name, span);
        if let Some(member) = item.rest.first() {
            let name = format!("{}::{member}", item.name);
            let modules = self.members.defining_modules(item, member);
            modules.for_each(|module| self.record(module, &name, span));
        }
    }

    fn record(&mut self, module: usize, name: &str, span: Span) {
        if module != self.module {
            let new = Use { line: span.start().line, name: name.to_owned() };
            self.uses.entry((self.module, module)).or_default().insert(new);
        }
    }

    /// Records every path among tokens that are not parsed, such as the arguments of a macro.
    fn record_tokens(&mut self, tokens: TokenStream) {
        let (mut path, mut start) = (Vec::new(), Span::call_site());
        let mut tokens = tokens.into_iter().peekable();
        let mut after_colons = false;
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Ident(name) if after_colons => path.push(name.to_string()),
                TokenTree::Ident(name) => {
                    self.record_path(&std::mem::take(&mut path), start);
                    (path, start) = (vec![name.to_string()], name.span());
                }
                TokenTree::Punct(mark)
                    if mark.as_char() == ':' && is_colon(tokens.peek()) && !after_colons =>
                {
                    tokens.next();
                    after_colons = true;
                    continue;
                }
                other => {
                    self.record_path(&std::mem::take(&mut path), start);
                    if let TokenTree::Group(group) = other {
                        self.record_tokens(group.stream());
                    }
                }
            }
            after_colons = false;
        }
        self.record_path(&path, start);
    }
}

fn is_colon(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Punct(mark)) if mark.as_char() == ':')
}

/// Returns the segments of a path. Returns none for a path with a leading `::`, which names an item
/// of another crate.
fn segments(path: &syn::Path) -> Vec<String> {
    if path.leading_colon.is_some() {
        return Vec::new();
    }
    path.segments.iter().map(|segment| segment.ident.to_string()).collect()
}

impl<'ast> Visit<'ast> for UseFinder<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !source::is_test_only(source::attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, import: &'ast syn::ItemUse) {
        let is_re_export = !matches!(import.vis, Visibility::Inherited);
        for (name, path) in imports(import) {
            if !is_re_export && name != "*" {
                self.record_path(&path, import.span());
            }
            if let Some(scope) = self.scopes.last_mut() {
                scope.insert(name, path);
            }
        }
    }

    fn visit_item_impl(&mut self, block: &'ast syn::ItemImpl) {
        let inner = self_type(self.tree, self.module, block);
        let outer = std::mem::replace(&mut self.self_type, inner);
        visit::visit_item_impl(self, block);
        self.self_type = outer;
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !source::is_test_only(&function.attrs) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if !source::is_test_only(&field.attrs) {
            visit::visit_field(self, field);
        }
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if !source::is_test_only(&arm.attrs) {
            visit::visit_arm(self, arm);
        }
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if !source::is_test_only(&local.attrs) {
            visit::visit_local(self, local);
        }
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        self.scopes.push(HashMap::new());
        // A `use` applies to the whole block, even to statements before it: visit every `use`
        // first.
        let is_use =
            |statement: &&syn::Stmt| matches!(statement, syn::Stmt::Item(syn::Item::Use(_)));
        let (imports, others): (Vec<_>, Vec<_>) = block.stmts.iter().partition(is_use);
        imports.into_iter().chain(others).for_each(|statement| self.visit_stmt(statement));
        self.scopes.pop();
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.record_path(&segments(path), path.span());
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if matches!(&*call.receiver, syn::Expr::Path(path) if path.path.is_ident("self")) {
            self.record_path(&["Self".to_owned(), call.method.to_string()], call.method.span());
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        let items = resolve::resolve_macro(self.tree, self.module, &segments(&called.path));
        items.iter().for_each(|item| self.record_item(item, called.path.span()));
        match called.parse_body_with(Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated) {
            // `name = value`, in the arguments of `format!` for example, is parsed as an
            // assignment.
            Ok(values) => values.iter().for_each(|value| self.visit_expr(value)),
            Err(_) => self.record_tokens(called.tokens.clone()),
        }
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        let syn::Meta::List(list) = &attribute.meta else { return };
        if !list.path.is_ident("serde") {
            return;
        }
        for token in list.tokens.clone() {
            let path =
                syn::parse2::<syn::LitStr>(token.into()).and_then(|text| text.parse::<syn::Path>());
            let Ok(path) = path.map(|path| segments(&path)) else { continue };
            self.record_path(&path, attribute.span());
            // `#[serde(with = "module")]` uses functions of the module.
            for target in resolve::resolve(self.tree, self.module, &path) {
                if let ResolvedPath::Module(module) = target {
                    self.record(module, &path.join("::"), attribute.span());
                }
            }
        }
    }
}
