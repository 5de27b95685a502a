//! Which module uses an item of which other one, and on which line it says so.
//!
//! A private `use` counts, and so does every path in the code, in macros and in serde's attributes,
//! to where the item is defined. A `mod` line and a re-export count for nothing: the file that imports
//! through them is counted instead. `self.method()` counts to where the method is written, if that
//! is another file than its type's; other calls of methods are not seen, because only the compiler
//! knows the types of values.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Visibility};

use super::resolve::{self, Found, Item};
use crate::source::{self, Tree, imports};

/// By the module that uses and the one that is used: the lines that say so.
pub(crate) type Uses = BTreeMap<(usize, usize), BTreeSet<Use>>;

/// One use of an item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Use {
    pub(crate) line: usize,
    /// The item that is used.
    pub(crate) name: String,
}

/// All uses within a crate.
pub(crate) fn of(tree: &Tree) -> Uses {
    let members = Members::of(tree);
    let mut uses = Uses::new();
    for (module, read) in tree.modules.iter().enumerate() {
        let mut finder =
            Finder { tree, members: &members, module, scopes: Vec::new(), own: None, uses: &mut uses };
        read.items.iter().for_each(|item| finder.visit_item(item));
    }
    uses
}

/// Where the functions and constants of a type are written, by the type's module and name.
struct Members(HashMap<(usize, String), HashMap<String, BTreeSet<usize>>>);

impl Members {
    fn of(tree: &Tree) -> Self {
        let mut members = Self(HashMap::new());
        for (module, read) in tree.modules.iter().enumerate() {
            for item in &read.items {
                if let syn::Item::Impl(block) = item {
                    members.add(tree, module, block);
                }
            }
        }
        members
    }

    fn add(&mut self, tree: &Tree, module: usize, block: &syn::ItemImpl) {
        let of_trait = block.trait_.is_some();
        let Some(own) = own_type(tree, module, block).filter(|_| !of_trait) else { return };
        let of_type = self.0.entry((own.module, own.name)).or_default();
        for member in &block.items {
            let name = match member {
                syn::ImplItem::Fn(it) => &it.sig.ident,
                syn::ImplItem::Const(it) => &it.ident,
                _ => continue,
            };
            of_type.entry(name.to_string()).or_default().insert(module);
        }
    }

    fn places(&self, item: &Item, member: &str) -> impl Iterator<Item = usize> {
        let of_type = self.0.get(&(item.module, item.name.clone()));
        of_type.and_then(|members| members.get(member)).into_iter().flatten().copied()
    }
}

fn own_type(tree: &Tree, module: usize, block: &syn::ItemImpl) -> Option<Item> {
    let syn::Type::Path(path) = &*block.self_ty else { return None };
    resolve::items(tree, module, &segments(&path.path)).into_iter().next()
}

struct Finder<'t> {
    tree: &'t Tree,
    members: &'t Members,
    module: usize,
    /// What `use` within functions brings, the innermost last.
    scopes: Vec<HashMap<String, Vec<String>>>,
    /// What `Self` is.
    own: Option<Item>,
    uses: &'t mut Uses,
}

impl Finder<'_> {
    fn path(&mut self, path: &[String], span: Span) {
        let Some((first, rest)) = path.split_first() else { return };
        if first == "Self" {
            let own = self.own.as_ref().map(|own| Item {
                module: own.module,
                name: own.name.clone(),
                rest: rest.to_vec(),
            });
            return own.into_iter().for_each(|own| self.item(&own, span));
        }
        let local = self.scopes.iter().rev().find_map(|scope| scope.get(first));
        let path = local.map_or_else(|| path.to_vec(), |path| [path.as_slice(), rest].concat());
        resolve::items(self.tree, self.module, &path).iter().for_each(|item| self.item(item, span));
    }

    fn item(&mut self, item: &Item, span: Span) {
        self.note(item.module, &item.name, span);
        if let Some(member) = item.rest.first() {
            let name = format!("{}::{member}", item.name);
            let members = self.members;
            members.places(item, member).for_each(|module| self.note(module, &name, span));
        }
    }

    fn note(&mut self, module: usize, name: &str, span: Span) {
        if module != self.module {
            let found = Use { line: span.start().line, name: name.to_owned() };
            self.uses.entry((self.module, module)).or_default().insert(found);
        }
    }

    /// Tokens of which nothing is known: every path in them.
    fn tokens(&mut self, tokens: TokenStream) {
        let (mut path, mut start) = (Vec::new(), Span::call_site());
        let mut tokens = tokens.into_iter().peekable();
        let mut joins = false;
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Ident(name) if joins => path.push(name.to_string()),
                TokenTree::Ident(name) => {
                    self.path(&std::mem::take(&mut path), start);
                    (path, start) = (vec![name.to_string()], name.span());
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' && is_colon(tokens.peek()) && !joins => {
                    tokens.next();
                    joins = true;
                    continue;
                }
                other => {
                    self.path(&std::mem::take(&mut path), start);
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
            joins = false;
        }
        self.path(&path, start);
    }
}

fn is_colon(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Punct(mark)) if mark.as_char() == ':')
}

fn segments(path: &syn::Path) -> Vec<String> {
    // A leading `::` names another crate.
    let own = path.segments.iter().filter(|_| path.leading_colon.is_none());
    own.map(|segment| segment.ident.to_string()).collect()
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !source::is_left_out(source::attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, import: &'ast syn::ItemUse) {
        let is_re_export = !matches!(import.vis, Visibility::Inherited);
        for (name, path) in imports(import) {
            if !is_re_export && name != "*" {
                self.path(&path, import.span());
            }
            if let Some(scope) = self.scopes.last_mut() {
                scope.insert(name, path);
            }
        }
    }

    fn visit_item_impl(&mut self, block: &'ast syn::ItemImpl) {
        let outer = std::mem::replace(&mut self.own, own_type(self.tree, self.module, block));
        visit::visit_item_impl(self, block);
        self.own = outer;
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !source::is_left_out(&function.attrs) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if !source::is_left_out(&field.attrs) {
            visit::visit_field(self, field);
        }
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if !source::is_left_out(&arm.attrs) {
            visit::visit_arm(self, arm);
        }
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if !source::is_left_out(&local.attrs) {
            visit::visit_local(self, local);
        }
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        self.scopes.push(HashMap::new());
        // A `use` counts for the whole block, wherever in it it stands.
        let is_use = |statement: &&syn::Stmt| matches!(statement, syn::Stmt::Item(syn::Item::Use(_)));
        block.stmts.iter().filter(is_use).for_each(|import| self.visit_stmt(import));
        block.stmts.iter().filter(|it| !is_use(it)).for_each(|statement| self.visit_stmt(statement));
        self.scopes.pop();
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.path(&segments(path), path.span());
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if matches!(&*call.receiver, syn::Expr::Path(path) if path.path.is_ident("self")) {
            self.path(&["Self".to_owned(), call.method.to_string()], call.method.span());
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        let defined = resolve::macros(self.tree, self.module, &segments(&called.path));
        defined.iter().for_each(|item| self.item(item, called.path.span()));
        match called.parse_body_with(Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated) {
            // `name = value` of a format or an event is an assignment to the parser.
            Ok(values) => values.iter().for_each(|value| self.visit_expr(value)),
            Err(_) => self.tokens(called.tokens.clone()),
        }
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        let syn::Meta::List(list) = &attribute.meta else { return };
        for token in list.tokens.clone().into_iter().filter(|_| list.path.is_ident("serde")) {
            let path = syn::parse2::<syn::LitStr>(token.into()).and_then(|text| text.parse::<syn::Path>());
            let Ok(path) = path.map(|path| segments(&path)) else { continue };
            self.path(&path, attribute.span());
            // `#[serde(with = "module")]` calls functions of the module.
            for found in resolve::resolve(self.tree, self.module, &path) {
                if let Found::Module(module) = found {
                    self.note(module, &path.join("::"), attribute.span());
                }
            }
        }
    }
}
