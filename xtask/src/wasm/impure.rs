//! Finds calls to the operating system: files, sockets, threads, processes, environment variables,
//! clocks.

use anyhow::{Result, bail};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::source::{self, Disk, Tree};
use crate::workspace::{self, Member};

/// Modules of the standard library whose functions call the operating system.
const MODULES: [&str; 5] = ["env", "fs", "os", "process", "thread"];
/// Types and functions of other modules of the standard library that call the operating system.
const NAMES: [&str; 6] = ["TcpListener", "TcpStream", "UdpSocket", "stdin", "stdout", "stderr"];
/// Types whose function `now` reads a clock. Their other functions only compute, except `elapsed`.
const CLOCKS: [&str; 2] = ["Instant", "SystemTime"];
/// Macros that write to the standard streams.
const MACROS: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];

/// Returns an error if a crate, tests excepted, calls the operating system. The error lists the
/// calls.
pub(crate) fn check(member: &Member) -> Result<()> {
    let (mut calls, workspace) = (Vec::new(), workspace::root());
    for root in &member.roots {
        let tree = Tree::read(&Disk, root)?;
        for module in &tree.modules {
            let file = tree.files[module.file].strip_prefix(&workspace)?.display();
            let calls_of_module = system_calls(&module.items);
            calls.extend(
                calls_of_module.into_iter().map(|(line, name)| format!("{file}:{line} {name}")),
            );
        }
    }
    if !calls.is_empty() {
        bail!(
            "{} must not call the operating system, but has these calls:\n  {}",
            member.name,
            calls.join("\n  ")
        );
    }
    Ok(())
}

/// Returns the calls to the operating system in these items: the line, and the name that is called.
fn system_calls(items: &[syn::Item]) -> Vec<(usize, String)> {
    let mut finder = CallFinder::default();
    items.iter().for_each(|item| finder.visit_item(item));
    finder.calls
}

#[derive(Default)]
struct CallFinder {
    calls: Vec<(usize, String)>,
}

impl CallFinder {
    /// Records a path if it names something that calls the operating system.
    fn check_path(&mut self, path: &[String], line: usize) {
        let is_std = path.first().is_some_and(|first| first == "std");
        let is_module = path.get(1).is_some_and(|module| MODULES.contains(&module.as_str()));
        let is_name = path.iter().any(|name| NAMES.contains(&name.as_str()));
        let is_clock =
            matches!(path, [.., clock, now] if CLOCKS.contains(&clock.as_str()) && now == "now");
        if is_std && (is_module || is_name) || is_clock {
            self.calls.push((line, path.join("::")));
        }
    }
}

impl<'ast> Visit<'ast> for CallFinder {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !source::is_test_only(source::attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, import: &'ast syn::ItemUse) {
        for (_, path) in source::imports(import) {
            self.check_path(&path, import.span().start().line);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> =
            path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.check_path(&names, path.span().start().line);
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if call.method == "elapsed" {
            self.calls.push((call.method.span().start().line, "elapsed()".to_owned()));
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        if let Some(name) = MACROS.iter().find(|name| called.path.is_ident(name)) {
            self.calls.push((called.path.span().start().line, format!("{name}!")));
        }
        visit::visit_macro(self, called);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_calls_are_found_and_computations_are_not() {
        let names = |code: &str| {
            let calls = system_calls(&syn::parse_file(code).unwrap().items);
            calls.into_iter().map(|(_, name)| name).collect::<Vec<_>>()
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
            assert_eq!(names(code), [name], "{code}");
        }
        let computation = "use std::time::{Duration, SystemTime}; fn f(now: SystemTime) {} use \
                           std::net::IpAddr; use std::io::Read; use ours::fs; #[cfg(test)] mod \
                           tests { use std::fs; }";
        assert_eq!(names(computation), Vec::<String>::new());
    }
}
