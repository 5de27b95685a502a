//! `cargo xtask adapters`: builds and tests the adapters that `docs/support-another-client.md`
//! prints.
//!
//! A reader of the page copies its code into a separate project. The checks do the same: the files
//! come from the text of the page, the project is outside the workspace, and its dependencies are
//! the packages that would be published.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::{package, workspace};

const PAGE: &str = "docs/support-another-client.md";
/// The folder with the tests of each adapter, as `<adapter>/tests/scenarios.rs`.
const TESTS: &str = "adapters";
const ADAPTERS: [&str; 2] = ["ureq", "hyper-util"];
/// The file that the tests of all adapters use. The page prints that file, too.
const SHARED: &str = "scene.rs";
/// The maximum number of code lines of an adapter. A reader should be able to write an adapter in
/// an hour.
const MAX_LINES: usize = 80;
/// The configuration of rustfmt. Lines of more than 100 columns do not fit the page.
const FORMAT: &str = "max_width = 100\nuse_small_heuristics = \"Max\"\n";
/// The packages of this workspace that an adapter and its tests depend on.
const PACKAGES: [&str; 5] = [
    "gcp-scopes",
    "gcp-scopes-catalog",
    "gcp-scopes-explain",
    "gcp-scopes-needs",
    "gcp-scopes-testing",
];

/// Checks the size and the format of each adapter, and runs the scenarios with each adapter.
pub(crate) fn check() -> Result<()> {
    let page = fs::read_to_string(workspace::root().join(PAGE))?;
    let files = files(&page).context(PAGE)?;
    for name in ADAPTERS {
        let lines = code_lines(&files[&library(name)]);
        ensure!(lines <= MAX_LINES, "{name}: {lines} code lines; at most {MAX_LINES} are allowed");
        println!("adapters: {name} takes {lines} code lines");
    }
    let unpacked = package::unpack()?;
    let folder = write(&files, &unpacked)?;
    package::run(cargo(&folder)?.args(["fmt", "--all", "--check"]))?;
    package::run(cargo(&folder)?.args(["test", "--workspace", "--tests", "--quiet"]))
}

fn cargo(folder: &Path) -> Result<Command> {
    let mut command = Command::new("cargo");
    command.env("CARGO_TARGET_DIR", workspace::target()?).current_dir(folder);
    Ok(command)
}

fn library(name: &str) -> String {
    format!("{name}/src/lib.rs")
}

fn manifest(name: &str) -> String {
    format!("{name}/Cargo.toml")
}

/// Returns the files in a page by their names, or an error if a file is missing or unexpected.
fn files(page: &str) -> Result<BTreeMap<String, String>> {
    let files = blocks(page)?;
    let adapters = ADAPTERS.iter().flat_map(|name| [manifest(name), library(name)]);
    let expected: Vec<String> = adapters.chain([SHARED.to_owned()]).collect();
    if let Some(name) = expected.iter().find(|name| !files.contains_key(*name)) {
        bail!("the page has no code block with `file={name}`");
    }
    match files.keys().find(|name| !expected.contains(name)) {
        Some(name) => {
            bail!("`file={name}` is not a file of an adapter; expected one of {expected:?}")
        }
        None => Ok(files),
    }
}

/// Returns the code blocks whose fence names a file, as in `rust,ignore file=ureq/src/lib.rs`.
fn blocks(page: &str) -> Result<BTreeMap<String, String>> {
    let mut blocks = BTreeMap::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let fence = line.strip_prefix("```").and_then(|fence| fence.split_once(" file="));
        let Some((_, name)) = fence else { continue };
        let text =
            read_block(&mut lines).with_context(|| format!("the block of {name} has no end"))?;
        let previous = blocks.insert(name.to_owned(), text);
        ensure!(previous.is_none(), "two blocks are named {name}");
    }
    Ok(blocks)
}

/// Reads the lines up to the closing fence; `None` if there is no closing fence.
fn read_block<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Option<String> {
    let mut text = String::new();
    loop {
        match lines.next()? {
            "```" => return Some(text),
            line => text.extend([line, "\n"]),
        }
    }
}

/// Counts the lines that are neither blank nor a comment.
fn code_lines(text: &str) -> usize {
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    text.lines().filter(is_code).count()
}

/// Writes a workspace with the adapters and their tests, and returns its folder. The packages in
/// `unpacked` replace those on crates.io.
fn write(files: &BTreeMap<String, String>, unpacked: &Path) -> Result<PathBuf> {
    let (root, folder) = (workspace::root(), workspace::target()?.join("adapters"));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    files.iter().try_for_each(|(name, text)| write_file(&folder.join(name), text))?;
    for name in ADAPTERS {
        let test = format!("{name}/tests/scenarios.rs");
        write_file(&folder.join(&test), &fs::read_to_string(root.join(TESTS).join(&test))?)?;
    }
    fs::write(folder.join("Cargo.toml"), workspace_manifest(unpacked)?)?;
    fs::write(folder.join("rustfmt.toml"), FORMAT)?;
    // For dependencies that the workspace has, too, the copied lock file selects the versions of
    // the workspace, which are compiled already. For other dependencies cargo selects the newest
    // version.
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    Ok(folder)
}

/// Writes a file, and creates its folder first.
fn write_file(file: &Path, text: &str) -> Result<()> {
    fs::create_dir_all(file.parent().context("this file has no parent folder")?)?;
    fs::write(file, text).with_context(|| file.display().to_string())
}

/// Returns the text of the workspace's `Cargo.toml`.
fn workspace_manifest(unpacked: &Path) -> Result<String> {
    let published = workspace::published()?;
    let mut patches = String::new();
    for name in PACKAGES {
        let member = published.iter().find(|member| member.name == name);
        let member =
            member.with_context(|| format!("{name} is not a published crate of the workspace"))?;
        let path = unpacked.join(package::folder_name(member));
        patches += &format!("{name} = {{ path = {path:?} }}\n");
    }
    Ok(format!(
        "[workspace]\nresolver = \"3\"\nmembers = {ADAPTERS:?}\n\n[patch.crates-io]\n{patches}\n{}",
        package::PROFILE
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(names: &[&str]) -> String {
        let block = |name: &&str| {
            format!("# Words\n```rust,ignore file={name}\n{name}\n\n```\n```sh\nls\n```\n")
        };
        names.iter().map(block).collect()
    }

    const FILES: [&str; 5] = [
        "ureq/Cargo.toml",
        "ureq/src/lib.rs",
        "hyper-util/Cargo.toml",
        "hyper-util/src/lib.rs",
        "scene.rs",
    ];

    #[test]
    fn files_are_the_blocks_with_a_name() {
        let files = files(&page(&FILES)).unwrap();
        assert_eq!(files.len(), FILES.len());
        assert_eq!(files["ureq/src/lib.rs"], "ureq/src/lib.rs\n\n");
    }

    #[test]
    fn missing_unknown_duplicate_and_open_blocks_are_errors() {
        let error = |page: &str| files(page).unwrap_err().to_string();
        assert_eq!(error(&page(&FILES[..4])), "the page has no code block with `file=scene.rs`");
        let unknown = page(&[&FILES[..], &["../main.rs"]].concat());
        assert!(error(&unknown).starts_with("`file=../main.rs` is not a file of an adapter"));
        let duplicate = page(&[&FILES[..], &["scene.rs"]].concat());
        assert_eq!(error(&duplicate), "two blocks are named scene.rs");
        let open = page(&FILES) + "```rust file=more.rs\nfn main() {}\n";
        assert_eq!(error(&open), "the block of more.rs has no end");
    }

    #[test]
    fn blank_lines_and_comments_are_not_code_lines() {
        assert_eq!(
            code_lines(
                "//! Docs.\n\n/// More.\nfn main() {\n    // Why.\n    run(); // and so\n}\n"
            ),
            3
        );
    }

    #[test]
    fn the_page_has_every_file_and_adapters_are_short() {
        let files = files(&fs::read_to_string(workspace::root().join(PAGE)).unwrap()).unwrap();
        assert!(ADAPTERS.iter().all(|name| code_lines(&files[&library(name)]) <= MAX_LINES));
    }
}
