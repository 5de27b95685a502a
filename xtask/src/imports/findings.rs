//! What is wrong with the imports of one crate, in words that show which use to cut.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::graph::Graph;
use super::pairs::{Pair, pair};
use super::uses::{self, Use};
use crate::source::{Source, Tree};

/// How many pairs of files in one folder may know each other.
const MOST_PAIRS: usize = 2;

/// What was found in one crate.
#[derive(Debug)]
pub(crate) struct Findings {
    pub(crate) files: usize,
    circles: Vec<String>,
    /// Two files that use each other, and how.
    pub(crate) pairs: BTreeMap<Pair, String>,
    /// The same by the module that holds both.
    folders: BTreeMap<String, BTreeSet<Pair>>,
}

impl Findings {
    /// Reads a crate from its root file on, and names files from a folder on.
    pub(crate) fn of(source: &dyn Source, folder: &Path, root: &Path) -> Result<Self> {
        let tree = Tree::read(source, root)?;
        let shown = |file: &PathBuf| file.strip_prefix(folder).unwrap_or(file).display().to_string();
        let files: Vec<String> = tree.files.iter().map(shown).collect();
        let (rooms, room_of) = rooms(&tree);
        let (mut by_file, mut by_room) = (Graph::default(), Graph::default());
        for ((from, to), lines) in uses::of(&tree) {
            for Use { line, name } in lines {
                let (from_file, to_file) = (tree.modules[from].file, tree.modules[to].file);
                let named = format!("{name} in {}", files[from_file]);
                by_room.add((room_of[from], room_of[to]), named, line);
                by_file.add((from_file, to_file), name, line);
            }
        }
        let (pairs, folders) = (BTreeMap::new(), BTreeMap::new());
        let mut found = Self { files: files.len(), circles: Vec::new(), pairs, folders };
        let head = |count: usize, what: &str| format!("{}: {count} {what} in a circle:", files[0]);
        for group in by_room.circles() {
            let head = head(group.len(), "top-level modules");
            found.circles.push(circle(&head, &by_room, &group, &rooms));
        }
        for group in by_file.circles() {
            match *group.iter().copied().collect::<Vec<_>>() {
                [one, other] => found.add_pair(&tree, &by_file, &files, (one, other)),
                _ => found.circles.push(circle(&head(group.len(), "files"), &by_file, &group, &files)),
            }
        }
        Ok(found)
    }

    fn add_pair(&mut self, tree: &Tree, graph: &Graph, files: &[String], (one, other): (usize, usize)) {
        let pair = pair(&files[one], &files[other]);
        let text = [(one, other), (other, one)].map(|edge| format!("\n  {}", edge_text(graph, edge, files)));
        self.folders.entry(folder(tree, one, other)).or_default().insert(pair.clone());
        self.pairs.insert(pair, text.concat());
    }

    /// One text for each thing that is wrong.
    pub(crate) fn wrong(&self, allowed: &BTreeSet<Pair>) -> Vec<String> {
        let mut texts = self.circles.clone();
        for (pair, how) in self.pairs.iter().filter(|(pair, _)| !allowed.contains(pair)) {
            texts.push(format!(
                "{} and {} know each other, and DESIGN.md does not say why:{how}\n",
                pair.0, pair.1
            ));
        }
        for (folder, pairs) in self.folders.iter().filter(|(_, pairs)| pairs.len() > MOST_PAIRS) {
            let pairs: Vec<String> =
                pairs.iter().map(|(one, other)| format!("\n  {one} and {other}")).collect();
            texts.push(format!(
                "{} pairs of files in {folder} know each other, {MOST_PAIRS} may:{}\n",
                pairs.len(),
                pairs.concat()
            ));
        }
        texts
    }
}

/// The names of the top-level modules, the first of which is the root, and which of them each
/// module belongs to.
fn rooms(tree: &Tree) -> (Vec<String>, Vec<usize>) {
    let mut names = vec!["the root".to_owned()];
    let room_of = tree.modules.iter().map(|module| {
        let Some(name) = module.path.first() else { return 0 };
        names.iter().skip(1).position(|known| known == name).map_or_else(
            || {
                names.push(name.clone());
                names.len() - 1
            },
            |place| place + 1,
        )
    });
    let room_of = room_of.collect();
    (names, room_of)
}

/// The innermost module that holds both files.
fn folder(tree: &Tree, one: usize, other: usize) -> String {
    let path = |file| tree.modules.iter().find(|module| module.file == file).map_or(&[][..], |it| &it.path);
    let both = path(one).iter().zip(path(other)).take_while(|(one, other)| one == other);
    std::iter::once("crate").chain(both.map(|(name, _)| name.as_str())).collect::<Vec<_>>().join("::")
}

fn circle(head: &str, graph: &Graph, group: &BTreeSet<usize>, names: &[String]) -> String {
    let list: Vec<&str> = group.iter().map(|node| names[*node].as_str()).collect();
    let mut text = format!("{head} {}\n  without these uses there is none:\n", list.join(", "));
    for (from, to) in graph.cuts(group) {
        text += &format!("  {}\n", edge_text(graph, (from, to), names));
        for hop in graph.way(group, to, from).windows(2) {
            text += &format!("      back by {}\n", edge_text(graph, (hop[0], hop[1]), names));
        }
    }
    text
}

/// How many names of an edge are shown, and how many lines of each.
const SHOWN: usize = 4;

fn edge_text(graph: &Graph, edge: (usize, usize), names: &[String]) -> String {
    let mut shown: Vec<String> =
        graph.because(edge).take(SHOWN).map(|(name, lines)| use_text(name, lines)).collect();
    let more = graph.because(edge).count().saturating_sub(SHOWN);
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    format!("{} -> {}: {}", names[edge.0], names[edge.1], shown.join("; "))
}

fn use_text(name: &str, lines: &BTreeSet<usize>) -> String {
    let lines: Vec<String> = lines.iter().take(SHOWN).map(usize::to_string).collect();
    format!("{name} at {}", lines.join(", "))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::fmt::Write as _;

    use super::*;
    use crate::imports::pairs;

    /// Files by their path.
    struct Files(HashMap<PathBuf, String>);

    impl Source for Files {
        fn text(&self, path: &Path) -> Option<String> {
            self.0.get(path).cloned()
        }
    }

    /// What is wrong with a crate of these files under `src/`; its `lib.rs` declares those of its
    /// own folder.
    fn wrong(files: &[(&str, &str)], allowed: &BTreeSet<Pair>) -> Vec<String> {
        let mut texts: HashMap<PathBuf, String> =
            files.iter().map(|(path, text)| (Path::new("src").join(path), (*text).to_owned())).collect();
        let lib = texts.entry("src/lib.rs".into()).or_default();
        for (path, _) in files.iter().filter(|(path, _)| !path.contains('/') && *path != "lib.rs") {
            writeln!(lib, "mod {};", path.trim_end_matches(".rs")).unwrap();
        }
        let found = Findings::of(&Files(texts), Path::new(""), Path::new("src/lib.rs")).unwrap();
        found.wrong(allowed)
    }

    /// The first lines of what is wrong.
    fn heads(files: &[(&str, &str)]) -> Vec<String> {
        let head = |text: &String| text.lines().next().unwrap_or_default().trim_end_matches(':').to_owned();
        wrong(files, &BTreeSet::new()).iter().map(head).collect()
    }

    const ROOMS: &str = "src/lib.rs: 2 top-level modules in a circle: a, b";
    const PAIR: &str = "src/a.rs and src/b.rs know each other, and DESIGN.md does not say why";

    #[test]
    fn one_direction_is_right() {
        let files = [("a.rs", "pub(crate) struct A;"), ("b.rs", "use crate::a::A;\npub(crate) struct B(A);")];
        assert_eq!(heads(&files), Vec::<String>::new());
    }

    #[test]
    fn a_path_in_code_counts_as_an_import_does() {
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
            let files =
                [("a.rs", row), ("b.rs", "use crate::a::A; pub(crate) struct B(A); fn f() {} trait T {}")];
            assert_eq!(heads(&files), [ROOMS, PAIR], "{row}");
        }
    }

    #[test]
    fn what_is_no_use_counts_for_nothing() {
        let rows = [
            "pub(crate) struct A; #[cfg(test)] mod tests { use crate::b::B; }",
            "pub(crate) struct A; #[cfg(all(test, feature = \"x\"))] use crate::b::B;",
            "pub(crate) struct A; #[cfg(any(test, fuzzing))] use crate::b::B;",
            "pub(crate) struct A; pub(crate) use crate::b::B;",
            "pub(crate) struct A; use ::b::B;",
            "pub(crate) struct A; use other::b::B;",
            "pub(crate) struct A; fn f() { let b = 1; b.f(); let text = \"crate::b::B\"; } // crate::b::B",
            "pub(crate) struct A; impl A { #[cfg(test)] fn f() { crate::b::f() } }",
        ];
        for row in rows {
            let files = [("a.rs", row), ("b.rs", "use crate::a::A; pub(crate) struct B(A); fn f() {}")];
            assert_eq!(heads(&files), Vec::<String>::new(), "{row}");
        }
    }

    #[test]
    fn a_re_export_leads_to_where_the_item_is_defined() {
        let files = [
            ("lib.rs", "pub use a::A; pub(crate) use c::*;\n"),
            ("a.rs", "use crate::B; pub struct A(B);"),
            ("b.rs", "use crate::A; pub struct B(A);"),
            ("c.rs", "pub(crate) use crate::b::B;"),
        ];
        assert_eq!(heads(&files), [ROOMS, PAIR]);
    }

    #[test]
    fn a_parent_counts_as_a_file_of_its_own() {
        let child = ("a/b.rs", "use super::A; pub(crate) struct B(A);");
        // Declaring a child and handing on what it has is no use.
        let hands_on = [("a.rs", "mod b; pub(crate) use b::B; pub(crate) struct A;"), child];
        assert_eq!(heads(&hands_on), Vec::<String>::new());
        let pair = "src/a.rs and src/a/b.rs know each other, and DESIGN.md does not say why";
        let uses = [("a.rs", "mod b; pub(crate) use b::B; pub(crate) struct A; fn f() { B::new() }"), child];
        assert_eq!(heads(&uses), [pair]);
        let imports = [("a.rs", "mod b; use b::B; pub(crate) struct A;"), child];
        assert_eq!(heads(&imports), [pair]);
    }

    #[test]
    fn a_method_written_in_another_file_than_its_type_is_a_use_of_that_file() {
        let child = ("a/b.rs", "use super::A; impl A { pub(super) fn g(&self) {} pub(super) fn h() {} }");
        let pair = "src/a.rs and src/a/b.rs know each other, and DESIGN.md does not say why";
        for call in ["self.g()", "Self::h()", "A::h()"] {
            let text = format!("mod b; pub(crate) struct A; impl A {{ fn f(&self) {{ {call} }} }}");
            assert_eq!(heads(&[("a.rs", &text), child]), [pair], "{call}");
        }
    }

    #[test]
    fn three_files_in_a_circle_are_wrong_whatever_the_page_allows() {
        let files = [
            ("r.rs", "mod a; mod b; mod c;"),
            ("r/a.rs", "use super::b::B; pub(super) struct A(B);"),
            ("r/b.rs", "use super::c::C; pub(super) struct B(C);"),
            ("r/c.rs", "use super::a::A;\npub(super) struct C(A);"),
        ];
        let [text] = &wrong(&files, &BTreeSet::from([pairs::pair("src/r/a.rs", "src/r/b.rs")]))[..] else {
            panic!("not one finding")
        };
        let expected = "src/lib.rs: 3 files in a circle: src/r/a.rs, src/r/b.rs, src/r/c.rs\n  \
                        without these uses there is none:\n  \
                        src/r/c.rs -> src/r/a.rs: A at 1, 2\n      \
                        back by src/r/a.rs -> src/r/b.rs: B at 1\n      \
                        back by src/r/b.rs -> src/r/c.rs: C at 1\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn pairs_are_right_where_the_page_says_why_and_two_in_a_folder_at_most() {
        let names = ["a", "b", "c", "d", "e", "f"];
        let file = |place: usize| {
            let text = format!("use super::{}::X; pub(crate) struct X;", names[place ^ 1]);
            (format!("r/{}.rs", names[place]), text)
        };
        let files: Vec<(String, String)> = (0..6).map(file).collect();
        let mut files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        files.push(("r.rs", "mod a; mod b; mod c; mod d; mod e; mod f;"));
        let pair =
            |one: &str, other: &str| pairs::pair(&format!("src/r/{one}.rs"), &format!("src/r/{other}.rs"));
        let allowed = BTreeSet::from([pair("a", "b"), pair("c", "d"), pair("e", "f")]);
        let all = wrong(&files, &allowed);
        assert_eq!(all.len(), 1);
        assert!(all[0].starts_with("3 pairs of files in crate::r know each other, 2 may:"), "{}", all[0]);
        let two = [&files[..4], &files[6..]].concat();
        let two: Vec<_> =
            two.iter().map(|(path, text)| (*path, text.trim_end_matches(" mod e; mod f;"))).collect();
        assert_eq!(wrong(&two, &allowed), Vec::<String>::new());
        assert_eq!(wrong(&two, &BTreeSet::from([pair("a", "b")])).len(), 1);
    }
}
