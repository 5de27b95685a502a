//! Builds the adapters of `docs/support-another-client.md` as its readers would: from the page's
//! text, outside the workspace, with the packages that crates.io would get.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::{package, workspace};

const PAGE: &str = "docs/support-another-client.md";
/// Their tests, each in the place where it stands beside its adapter.
const TESTS: &str = "adapters";
const ADAPTERS: [&str; 2] = ["ureq", "hyper-util"];
/// What the page prints beside the adapters: what their tests share.
const SHARED: &str = "scene.rs";
/// Code lines of an adapter: an hour's work from the page alone.
const MOST_LINES: usize = 80;
/// As narrow as the page.
const FORMAT: &str = "max_width = 100\nuse_small_heuristics = \"Max\"\n";
/// The packages that an adapter and its tests are built with.
const PACKAGES: [&str; 4] = ["gcp-scopes", "gcp-scopes-catalog", "gcp-scopes-explain", "gcp-scopes-testing"];

/// Plays every scenario with every adapter.
pub(crate) fn check() -> Result<()> {
    let page = fs::read_to_string(workspace::root().join(PAGE))?;
    let files = files(&page).context(PAGE)?;
    for name in ADAPTERS {
        let lines = code_lines(&files[&library(name)]);
        ensure!(lines <= MOST_LINES, "{name}: {lines} code lines; at most {MOST_LINES} are allowed");
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

/// The files that the page has: all that are wanted, and no other.
fn files(page: &str) -> Result<BTreeMap<String, String>> {
    let files = blocks(page)?;
    let of_adapters = ADAPTERS.iter().flat_map(|name| [manifest(name), library(name)]);
    let wanted: Vec<String> = of_adapters.chain([SHARED.to_owned()]).collect();
    if let Some(name) = wanted.iter().find(|name| !files.contains_key(*name)) {
        bail!("there is no block `file={name}`");
    }
    match files.keys().find(|name| !wanted.contains(name)) {
        Some(name) => bail!("`file={name}` is no file of an adapter"),
        None => Ok(files),
    }
}

/// The blocks of a page whose fence names a file, as in `rust,ignore file=ureq/src/lib.rs`.
fn blocks(page: &str) -> Result<BTreeMap<String, String>> {
    let mut blocks = BTreeMap::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let fence = line.strip_prefix("```").and_then(|fence| fence.split_once(" file="));
        let Some((_, name)) = fence else { continue };
        let text = until_fence(&mut lines).with_context(|| format!("the block of {name} has no end"))?;
        let former = blocks.insert(name.to_owned(), text);
        ensure!(former.is_none(), "two blocks are named {name}");
    }
    Ok(blocks)
}

fn until_fence<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Option<String> {
    let mut text = String::new();
    loop {
        match lines.next()? {
            "```" => return Some(text),
            line => text.extend([line, "\n"]),
        }
    }
}

/// Lines that are neither blank nor a comment.
fn code_lines(text: &str) -> usize {
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    text.lines().filter(is_code).count()
}

/// A workspace of the adapters, which takes the packages in place of what is published.
fn write(files: &BTreeMap<String, String>, unpacked: &Path) -> Result<PathBuf> {
    let (root, folder) = (workspace::root(), workspace::target()?.join("adapters"));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    files.iter().try_for_each(|(name, text)| put(&folder.join(name), text))?;
    for name in ADAPTERS {
        let test = format!("{name}/tests/scenarios.rs");
        put(&folder.join(&test), &fs::read_to_string(root.join(TESTS).join(&test))?)?;
    }
    fs::write(folder.join("Cargo.toml"), workspace_manifest(unpacked)?)?;
    fs::write(folder.join("rustfmt.toml"), FORMAT)?;
    // The versions that the workspace has compiled. What it does not use is the newest.
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    Ok(folder)
}

fn put(file: &Path, text: &str) -> Result<()> {
    fs::create_dir_all(file.parent().context("a file in no folder")?)?;
    fs::write(file, text).with_context(|| file.display().to_string())
}

fn workspace_manifest(unpacked: &Path) -> Result<String> {
    let published = workspace::published()?;
    let mut patches = String::new();
    for name in PACKAGES {
        let member = published.iter().find(|member| member.name == name);
        let place = unpacked.join(package::folder_of(member.with_context(|| name.to_owned())?));
        patches += &format!("{name} = {{ path = {place:?} }}\n");
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
        let block =
            |name: &&str| format!("# Words\n```rust,ignore file={name}\n{name}\n\n```\n```sh\nls\n```\n");
        names.iter().map(block).collect()
    }

    const ALL: [&str; 5] =
        ["ureq/Cargo.toml", "ureq/src/lib.rs", "hyper-util/Cargo.toml", "hyper-util/src/lib.rs", "scene.rs"];

    #[test]
    fn the_files_of_a_page_are_its_named_blocks() {
        let files = files(&page(&ALL)).unwrap();
        assert_eq!(files.len(), ALL.len());
        assert_eq!(files["ureq/src/lib.rs"], "ureq/src/lib.rs\n\n");
    }

    #[test]
    fn a_block_that_is_missing_unknown_double_or_open_is_an_error() {
        let error = |page: &str| files(page).unwrap_err().to_string();
        assert_eq!(error(&page(&ALL[..4])), "there is no block `file=scene.rs`");
        let unknown = page(&[&ALL[..], &["../main.rs"]].concat());
        assert_eq!(error(&unknown), "`file=../main.rs` is no file of an adapter");
        let double = page(&[&ALL[..], &["scene.rs"]].concat());
        assert_eq!(error(&double), "two blocks are named scene.rs");
        let open = page(&ALL) + "```rust file=more.rs\nfn main() {}\n";
        assert_eq!(error(&open), "the block of more.rs has no end");
    }

    #[test]
    fn blank_lines_and_comments_are_no_code() {
        assert_eq!(
            code_lines("//! Docs.\n\n/// More.\nfn main() {\n    // Why.\n    run(); // and so\n}\n"),
            3
        );
    }

    #[test]
    fn the_page_has_every_file_and_no_adapter_is_long() {
        let files = files(&fs::read_to_string(workspace::root().join(PAGE)).unwrap()).unwrap();
        assert!(ADAPTERS.iter().all(|name| code_lines(&files[&library(name)]) <= MOST_LINES));
    }
}
