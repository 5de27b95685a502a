//! Finds what a pure crate must not name: files, sockets, threads, processes, the environment, clocks.

use anyhow::{Result, bail};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::source::{self, Disk, Tree};
use crate::workspace::{self, Member};

/// Modules of the standard library that ask the operating system.
const MODULES: [&str; 5] = ["env", "fs", "os", "process", "thread"];
/// Types and functions of its other modules that do.
const NAMES: [&str; 6] = ["TcpListener", "TcpStream", "UdpSocket", "stdin", "stdout", "stderr"];
/// Types that are values until somebody asks for the time.
const CLOCKS: [&str; 2] = ["Instant", "SystemTime"];
/// Macros that print.
const MACROS: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];

/// Refuses a crate that names one of them outside its tests.
pub(crate) fn check(member: &Member) -> Result<()> {
    let (mut found, workspace) = (Vec::new(), workspace::root());
    for root in &member.roots {
        let tree = Tree::read(&Disk, root)?;
        for module in &tree.modules {
            let file = tree.files[module.file].strip_prefix(&workspace)?.display();
            let names = impure_names(&module.items);
            found.extend(names.into_iter().map(|(line, name)| format!("{file}:{line} {name}")));
        }
    }
    if !found.is_empty() {
        bail!(
            "{} asks the operating system, which a pure crate cannot:\n  {}",
            member.name,
            found.join("\n  ")
        );
    }
    Ok(())
}

fn impure_names(items: &[syn::Item]) -> Vec<(usize, String)> {
    let mut finder = Finder::default();
    items.iter().for_each(|item| finder.visit_item(item));
    finder.found
}

#[derive(Default)]
struct Finder {
    found: Vec<(usize, String)>,
}

impl Finder {
    fn look_at(&mut self, path: &[String], line: usize) {
        let is_std = path.first().is_some_and(|first| first == "std");
        let is_module = path.get(1).is_some_and(|module| MODULES.contains(&module.as_str()));
        let is_name = path.iter().any(|name| NAMES.contains(&name.as_str()));
        let is_clock = matches!(path, [.., clock, now] if CLOCKS.contains(&clock.as_str()) && now == "now");
        if is_std && (is_module || is_name) || is_clock {
            self.found.push((line, path.join("::")));
        }
    }
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !source::is_test_only(source::attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, import: &'ast syn::ItemUse) {
        for (_, path) in source::imports(import) {
            self.look_at(&path, import.span().start().line);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.look_at(&names, path.span().start().line);
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if call.method == "elapsed" {
            self.found.push((call.method.span().start().line, "elapsed()".to_owned()));
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        if let Some(name) = MACROS.iter().find(|name| called.path.is_ident(name)) {
            self.found.push((called.path.span().start().line, format!("{name}!")));
        }
        visit::visit_macro(self, called);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asks_the_system_is_found_and_what_computes_is_not() {
        let found = |code: &str| {
            let names = impure_names(&syn::parse_file(code).unwrap().items);
            names.into_iter().map(|(_, name)| name).collect::<Vec<_>>()
        };
        let rows = [
            ("use std::{fs, fmt};", "std::fs"),
            ("use std::time::SystemTime; fn f() { SystemTime::now() }", "SystemTime::now"),
            ("fn f(since: std::time::Instant) { since.elapsed(); }", "elapsed()"),
            ("fn f() { std::env::var(\"A\"); }", "std::env::var"),
            ("fn f() { let now = std::time::SystemTime::now(); }", "std::time::SystemTime::now"),
            ("fn f() { println!(\"a\"); }", "println!"),
        ];
        for (code, name) in rows {
            assert_eq!(found(code), [name], "{code}");
        }
        let pure = "use std::time::{Duration, SystemTime}; fn f(now: SystemTime) {} use std::net::IpAddr; use std::io::Read; use ours::fs; \
                    #[cfg(test)] mod tests { use std::fs; }";
        assert_eq!(found(pure), Vec::<String>::new());
    }
}
