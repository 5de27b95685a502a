//! Finds cycles and pairs among the files and modules of one crate, and describes the cycles and
//! pairs that break a rule of [`imports`](super).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::graph::Graph;
use super::pairs::{Pair, pair};
use super::uses::{self, Use};
use crate::source::{Source, Tree};

/// The maximum number of pairs of files in one module that use each other.
const MAX_PAIRS: usize = 2;

/// The cycles and pairs in one crate.
#[derive(Debug)]
pub(crate) struct Findings {
    /// How many files the crate has.
    pub(crate) files: usize,
    /// A description of each cycle of top-level modules, and of each cycle of three or more files.
    cycles: Vec<String>,
    /// The pairs of files that use each other, with a description of their uses.
    pub(crate) pairs: BTreeMap<Pair, String>,
    /// The keys of `pairs` by the innermost module that contains both files.
    pairs_by_module: BTreeMap<String, BTreeSet<Pair>>,
}

impl Findings {
    /// Reads a crate, starting at its root file. The findings contain paths relative to `folder`.
    pub(crate) fn from_crate(source: &dyn Source, folder: &Path, root: &Path) -> Result<Self> {
        let tree = Tree::read(source, root)?;
        let relative =
            |file: &PathBuf| file.strip_prefix(folder).unwrap_or(file).display().to_string();
        let files: Vec<String> = tree.files.iter().map(relative).collect();
        let (top_modules, top_module_of) = top_modules(&tree);
        let (mut by_file, mut by_top_module) = (Graph::default(), Graph::default());
        for ((from, to), lines) in uses::in_crate(&tree) {
            for Use { line, name } in lines {
                let (from_file, to_file) = (tree.modules[from].file, tree.modules[to].file);
                let name_in_file = format!("{name} in {}", files[from_file]);
                by_top_module.add((top_module_of[from], top_module_of[to]), name_in_file, line);
                by_file.add((from_file, to_file), name, line);
            }
        }
        let (pairs, pairs_by_module) = (BTreeMap::new(), BTreeMap::new());
        let mut findings = Self { files: files.len(), cycles: Vec::new(), pairs, pairs_by_module };
        let head = |count: usize, what: &str| format!("{}: {count} {what} in a cycle:", files[0]);
        for group in by_top_module.cycles() {
            let head = head(group.len(), "top-level modules");
            findings.cycles.push(cycle_text(&head, &by_top_module, &group, &top_modules));
        }
        for group in by_file.cycles() {
            match *group.iter().copied().collect::<Vec<_>>() {
                [one, other] => findings.add_pair(&tree, &by_file, &files, (one, other)),
                _ => {
                    let head = head(group.len(), "files");
                    findings.cycles.push(cycle_text(&head, &by_file, &group, &files));
                }
            }
        }
        Ok(findings)
    }

    fn add_pair(
        &mut self,
        tree: &Tree,
        graph: &Graph,
        files: &[String],
        (one, other): (usize, usize),
    ) {
        let pair = pair(&files[one], &files[other]);
        let text = [(one, other), (other, one)]
            .map(|edge| format!("\n  {}", edge_text(graph, edge, files)));
        let module = common_module(tree, one, other);
        self.pairs_by_module.entry(module).or_default().insert(pair.clone());
        self.pairs.insert(pair, text.concat());
    }

    /// Returns a text for each finding that breaks a rule. `allowed` contains the pairs that
    /// DESIGN.md lists.
    pub(crate) fn violations(&self, allowed: &BTreeSet<Pair>) -> Vec<String> {
        let mut texts = self.cycles.clone();
        for (pair, uses) in self.pairs.iter().filter(|(pair, _)| !allowed.contains(pair)) {
            texts.push(format!(
                "{} and {} use each other, and DESIGN.md gives no reason:{uses}\n",
                pair.0, pair.1
            ));
        }
        for (module, pairs) in
            self.pairs_by_module.iter().filter(|(_, pairs)| pairs.len() > MAX_PAIRS)
        {
            let pairs: Vec<String> =
                pairs.iter().map(|(one, other)| format!("\n  {one} and {other}")).collect();
            texts.push(format!(
                "{} pairs of files in {module} use each other; at most {MAX_PAIRS} are \
                 allowed:{}\n",
                pairs.len(),
                pairs.concat()
            ));
        }
        texts
    }
}

/// Returns the names of the top-level modules, and for each module of the crate the index of the
/// name of its top-level module. The first name stands for the root.
fn top_modules(tree: &Tree) -> (Vec<String>, Vec<usize>) {
    let mut names = vec!["the root".to_owned()];
    let indices = tree.modules.iter().map(|module| {
        let Some(name) = module.path.first() else { return 0 };
        names.iter().skip(1).position(|known| known == name).map_or_else(
            || {
                names.push(name.clone());
                names.len() - 1
            },
            |position| position + 1,
        )
    });
    let indices = indices.collect();
    (names, indices)
}

/// Returns the path of the innermost module that contains both files.
fn common_module(tree: &Tree, one: usize, other: usize) -> String {
    let path = |file| {
        tree.modules
            .iter()
            .find(|module| module.file == file)
            .map_or(&[][..], |module| &module.path)
    };
    let common = path(one).iter().zip(path(other)).take_while(|(one, other)| one == other);
    std::iter::once("crate")
        .chain(common.map(|(name, _)| name.as_str()))
        .collect::<Vec<_>>()
        .join("::")
}

/// Describes a cycle: its nodes, the uses whose removal breaks it, and for each of these uses the
/// path that leads back.
fn cycle_text(head: &str, graph: &Graph, group: &BTreeSet<usize>, names: &[String]) -> String {
    let nodes: Vec<&str> = group.iter().map(|node| names[*node].as_str()).collect();
    let mut text =
        format!("{head} {}\n  removing these uses breaks the cycle:\n", nodes.join(", "));
    for (from, to) in graph.edges_to_remove(group) {
        text += &format!("  {}\n", edge_text(graph, (from, to), names));
        for hop in graph.shortest_path(group, to, from).windows(2) {
            text += &format!(
                "      leads back through {}\n",
                edge_text(graph, (hop[0], hop[1]), names)
            );
        }
    }
    text
}

/// The maximum number of names of an edge that are printed, and the maximum number of lines of each
/// name.
const MAX_SHOWN: usize = 4;

fn edge_text(graph: &Graph, edge: (usize, usize), names: &[String]) -> String {
    let mut shown: Vec<String> =
        graph.uses(edge).take(MAX_SHOWN).map(|(name, lines)| use_text(name, lines)).collect();
    let more = graph.uses(edge).count().saturating_sub(MAX_SHOWN);
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    format!("{} -> {}: {}", names[edge.0], names[edge.1], shown.join("; "))
}

fn use_text(name: &str, lines: &BTreeSet<usize>) -> String {
    let shown: Vec<String> = lines.iter().take(MAX_SHOWN).map(usize::to_string).collect();
    format!("{name} on {} {}", if lines.len() == 1 { "line" } else { "lines" }, shown.join(", "))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::fmt::Write as _;

    use super::*;
    use crate::imports::pairs;

    /// A source that holds the texts of files by their paths.
    struct FilesInMemory(HashMap<PathBuf, String>);

    impl Source for FilesInMemory {
        fn text(&self, path: &Path) -> Option<String> {
            self.0.get(path).cloned()
        }
    }

    /// Returns the violations in a crate with these files under `src/`. A `mod` line is added to
    /// `lib.rs` for each file beside `lib.rs`.
    fn violations(files: &[(&str, &str)], allowed: &BTreeSet<Pair>) -> Vec<String> {
        let mut texts: HashMap<PathBuf, String> = files
            .iter()
            .map(|(path, text)| (Path::new("src").join(path), (*text).to_owned()))
            .collect();
        let lib = texts.entry("src/lib.rs".into()).or_default();
        for (path, _) in files.iter().filter(|(path, _)| !path.contains('/') && *path != "lib.rs") {
            writeln!(lib, "mod {};", path.trim_end_matches(".rs")).unwrap();
        }
        let findings =
            Findings::from_crate(&FilesInMemory(texts), Path::new(""), Path::new("src/lib.rs"))
                .unwrap();
        findings.violations(allowed)
    }

    /// Returns the first line of each violation.
    fn heads(files: &[(&str, &str)]) -> Vec<String> {
        let head = |text: &String| {
            text.lines().next().unwrap_or_default().trim_end_matches(':').to_owned()
        };
        violations(files, &BTreeSet::new()).iter().map(head).collect()
    }

    const MODULES: &str = "src/lib.rs: 2 top-level modules in a cycle: a, b";
    const PAIR: &str = "src/a.rs and src/b.rs use each other, and DESIGN.md gives no reason";

    #[test]
    fn uses_in_one_direction_are_allowed() {
        let files = [
            ("a.rs", "pub(crate) struct A;"),
            ("b.rs", "use crate::a::A;\npub(crate) struct B(A);"),
        ];
        assert_eq!(heads(&files), Vec::<String>::new());
    }

    #[test]
    fn a_path_in_code_counts_like_an_import() {
        let rows = [
            "use crate::b::B; pub(crate) struct A;",
            "use super::b::{self, B as Other}; pub(crate) struct A;",
            "use super::b; pub(crate) struct A(b::B);",
            "use super::*; pub(crate) struct A(b::B);",
            "pub(crate) struct A(crate::b::B);",
            "pub(crate) struct A; fn f() { crate::b::B::new() }",
            "pub(crate) struct A; fn f() { use crate::b; b::f() }",
            "pub(crate) struct A; fn f() { print!(\"{}\", super::b::f()) }",
            "pub(crate) struct A; fn f() { select! { _ = x => super::b::f() } }",
            "pub(crate) struct A; macro_rules! m { () => { $crate::b::f() } }",
            "pub(crate) struct A; impl crate::b::T for A {}",
            "pub(crate) struct A; fn f(b: &dyn crate::b::T) {}",
            "pub(crate) struct A { #[serde(with = \"crate::b\")] a: u8 }",
            "pub(crate) struct A { #[serde(serialize_with = \"crate::b::f\")] a: u8 }",
            "mod inner { use crate::b::B; } pub(crate) struct A;",
            "pub(crate) struct A; #[cfg(any(test, feature = \"x\"))] use crate::b::B;",
            "pub(crate) struct A; #[cfg(not(test))] use crate::b::B;",
        ];
        for row in rows {
            let files = [
                ("a.rs", row),
                ("b.rs", "use crate::a::A; pub(crate) struct B(A); fn f() {} trait T {}"),
            ];
            assert_eq!(heads(&files), [MODULES, PAIR], "{row}");
        }
    }

    #[test]
    fn tests_re_exports_and_other_crates_are_not_counted() {
        let rows = [
            "pub(crate) struct A; #[cfg(test)] mod tests { use crate::b::B; }",
            "pub(crate) struct A; #[cfg(all(test, feature = \"x\"))] use crate::b::B;",
            "pub(crate) struct A; #[cfg(any(test, fuzzing))] use crate::b::B;",
            "pub(crate) struct A; pub(crate) use crate::b::B;",
            "pub(crate) struct A; use ::b::B;",
            "pub(crate) struct A; use other::b::B;",
            "pub(crate) struct A; fn f() { let b = 1; b.f(); let text = \"crate::b::B\"; } // \
             crate::b::B",
            "pub(crate) struct A; impl A { #[cfg(test)] fn f() { crate::b::f() } }",
        ];
        for row in rows {
            let files =
                [("a.rs", row), ("b.rs", "use crate::a::A; pub(crate) struct B(A); fn f() {}")];
            assert_eq!(heads(&files), Vec::<String>::new(), "{row}");
        }
    }

    #[test]
    fn a_use_through_a_re_export_counts_for_the_defining_file() {
        let files = [
            ("lib.rs", "pub use a::A; pub(crate) use c::*;\n"),
            ("a.rs", "use crate::B; pub struct A(B);"),
            ("b.rs", "use crate::A; pub struct B(A);"),
            ("c.rs", "pub(crate) use crate::b::B;"),
        ];
        assert_eq!(heads(&files), [MODULES, PAIR]);
    }

    #[test]
    fn a_parent_module_counts_as_a_separate_file() {
        let child = ("a/b.rs", "use super::A; pub(crate) struct B(A);");
        // Declaring a child and re-exporting its items is not a use.
        let re_exports = [("a.rs", "mod b; pub(crate) use b::B; pub(crate) struct A;"), child];
        assert_eq!(heads(&re_exports), Vec::<String>::new());
        let pair = "src/a.rs and src/a/b.rs use each other, and DESIGN.md gives no reason";
        let uses = [
            ("a.rs", "mod b; pub(crate) use b::B; pub(crate) struct A; fn f() { B::new() }"),
            child,
        ];
        assert_eq!(heads(&uses), [pair]);
        let imports = [("a.rs", "mod b; use b::B; pub(crate) struct A;"), child];
        assert_eq!(heads(&imports), [pair]);
    }

    #[test]
    fn a_call_counts_for_the_file_with_the_method() {
        let child =
            ("a/b.rs", "use super::A; impl A { pub(super) fn g(&self) {} pub(super) fn h() {} }");
        let pair = "src/a.rs and src/a/b.rs use each other, and DESIGN.md gives no reason";
        for call in ["self.g()", "Self::h()", "A::h()"] {
            let text = format!("mod b; pub(crate) struct A; impl A {{ fn f(&self) {{ {call} }} }}");
            assert_eq!(heads(&[("a.rs", &text), child]), [pair], "{call}");
        }
    }

    #[test]
    fn a_cycle_of_three_files_is_never_allowed() {
        let files = [
            ("r.rs", "mod a; mod b; mod c;"),
            ("r/a.rs", "use super::b::B; pub(super) struct A(B);"),
            ("r/b.rs", "use super::c::C; pub(super) struct B(C);"),
            ("r/c.rs", "use super::a::A;\npub(super) struct C(A);"),
        ];
        let allowed = BTreeSet::from([pairs::pair("src/r/a.rs", "src/r/b.rs")]);
        let [text] = &violations(&files, &allowed)[..] else { panic!("expected one violation") };
        let expected = "src/lib.rs: 3 files in a cycle: src/r/a.rs, src/r/b.rs, src/r/c.rs\n  \
                        removing these uses breaks the cycle:\n  src/r/c.rs -> src/r/a.rs: A on \
                        lines 1, 2\n      leads back through src/r/a.rs -> src/r/b.rs: B on line \
                        1\n      leads back through src/r/b.rs -> src/r/c.rs: C on line 1\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn two_listed_pairs_in_a_module_are_allowed() {
        let names = ["a", "b", "c", "d", "e", "f"];
        // Neighbours use each other: a and b, c and d, e and f.
        let file = |index: usize| {
            let text = format!("use super::{}::X; pub(crate) struct X;", names[index ^ 1]);
            (format!("r/{}.rs", names[index]), text)
        };
        let files: Vec<(String, String)> = (0..6).map(file).collect();
        let mut files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        files.push(("r.rs", "mod a; mod b; mod c; mod d; mod e; mod f;"));
        let pair = |one: &str, other: &str| {
            pairs::pair(&format!("src/r/{one}.rs"), &format!("src/r/{other}.rs"))
        };
        let allowed = BTreeSet::from([pair("a", "b"), pair("c", "d"), pair("e", "f")]);
        let texts = violations(&files, &allowed);
        assert_eq!(texts.len(), 1);
        let head = "3 pairs of files in crate::r use each other; at most 2 are allowed:";
        assert!(texts[0].starts_with(head), "{}", texts[0]);
        // The files `a` to `d`, and `r.rs` without the modules `e` and `f`.
        let two_pairs = [&files[..4], &files[6..]].concat();
        let two_pairs: Vec<_> = two_pairs
            .iter()
            .map(|(path, text)| (*path, text.trim_end_matches(" mod e; mod f;")))
            .collect();
        assert_eq!(violations(&two_pairs, &allowed), Vec::<String>::new());
        assert_eq!(violations(&two_pairs, &BTreeSet::from([pair("a", "b")])).len(), 1);
    }
}
