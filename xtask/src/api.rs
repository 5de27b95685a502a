//! `cargo xtask api`: compares the public API of each published library with the committed list in
//! `docs/api/<crate>.txt`.
//!
//! The list is made from rustdoc's JSON by the crate `public-api`, which reads one version of that
//! format. If neither the installed compiler nor the nightly one writes that version, nothing is
//! compared.
//!
//! Four of five public items of each library must have an example.

mod count;
mod examples;
mod listing;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use public_api::PublicApi;

use crate::workspace::{self, Member};
use count::TypeCounts;
use examples::ExampleCount;

const FOLDER: &str = "docs/api";
/// Crates that are used together. Their public types are also counted in one sum.
const COUNTED_TOGETHER: [&str; 3] = ["gcp-scopes", "gcp-scopes-catalog", "gcp-scopes-explain"];

/// Compares the committed lists with the code, or writes the lists if `write` is true. Prints how
/// many types each crate has.
pub(crate) fn run(write: bool) -> Result<()> {
    let folder = workspace::root().join(FOLDER);
    let (mut stale, mut together) = (obsolete(&folder, write)?, TypeCounts::default());
    let mut violations = Vec::new();
    let libraries = workspace::libraries()?;
    let Some(documented) = write_json(&libraries)? else {
        println!(
            "LEFT OUT: the public API, because no installed rustdoc writes the JSON that is read \
             here"
        );
        println!("          `rustup toolchain install nightly-2026-05-20` installs one that does");
        return Ok(());
    };
    for (member, library) in libraries {
        let (api, json) = read(&library, &documented).context("rustdoc's JSON has changed")?;
        let text = listing::text(&api, &library);
        let counts = TypeCounts::from_listing(&text, &library);
        println!("{}", counts.line(&member.name));
        let examples = ExampleCount::read(&json)?;
        println!("{}", examples.line(&member.name));
        violations.extend(examples.violation(&member.name));
        if COUNTED_TOGETHER.contains(&member.name.as_str()) {
            together.join(&counts);
        }
        let path = folder.join(format!("{}.txt", member.name));
        if write {
            fs::create_dir_all(&folder)?;
            fs::write(path, text)?;
        } else if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
            println!("{}", difference(&fs::read_to_string(&path).unwrap_or_default(), &text));
            stale.push(member.name);
        }
    }
    let names = COUNTED_TOGETHER.join(", ");
    println!("api: {names} have {} public types together", together.types());
    if !violations.is_empty() {
        bail!("too few items have an example: {}", violations.join("; "));
    }
    if !stale.is_empty() {
        bail!(
            "{FOLDER} does not list the public API of {}: run `cargo xtask api --write`",
            stale.join(", ")
        );
    }
    Ok(())
}

/// Returns the names of the committed lists of crates that do not exist. If `remove` is true,
/// removes these lists and returns no names.
fn obsolete(folder: &Path, remove: bool) -> Result<Vec<String>> {
    let names: Vec<String> =
        workspace::libraries()?.into_iter().map(|(member, _)| member.name).collect();
    let mut obsolete = Vec::new();
    for file in fs::read_dir(folder).into_iter().flatten() {
        let path = file?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if names.contains(&name) {
            continue;
        }
        match remove {
            true => fs::remove_file(path)?,
            false => obsolete.push(name),
        }
    }
    Ok(obsolete)
}

/// Returns the public API of a library, and its JSON file; `None` if the installed rustdocs write
/// no JSON that can be read here.
fn read(library: &str, folder: &Path) -> Option<(PublicApi, PathBuf)> {
    let json = folder.join(format!("{library}.json"));
    // Blanket implementations and auto traits are left out: they follow from the types.
    let builder = public_api::Builder::from_rustdoc_json(&json);
    let api = builder.omit_blanket_impls(true).omit_auto_trait_impls(true).build().ok()?;
    Some((api, json))
}

/// Runs the first rustdoc whose JSON can be read, with all features of all libraries. Returns the
/// folder with a JSON file for each library.
///
/// One run for all libraries, because cargo would compile the dependencies again for each library:
/// a library alone enables other features of the dependencies.
fn write_json(libraries: &[(Member, String)]) -> Result<Option<PathBuf>> {
    let folder = workspace::target()?.join("doc");
    for toolchain in [None, Some("+nightly")] {
        let is_readable = || libraries.iter().all(|(_, library)| read(library, &folder).is_some());
        if rustdoc(toolchain)? && is_readable() {
            return Ok(Some(folder));
        }
    }
    Ok(None)
}

/// Returns whether rustdoc succeeded.
fn rustdoc(toolchain: Option<&str>) -> Result<bool> {
    let root = workspace::root();
    let mut command = Command::new("cargo");
    command.args(toolchain).args(["doc", "--quiet", "--workspace", "--lib", "--no-deps"]);
    command
        .arg("--all-features")
        .env("RUSTDOC", root.join("xtask/rustdoc-json"))
        .env("RUSTDOCFLAGS", "-Z unstable-options --output-format json --cap-lints allow")
        .current_dir(root);
    if toolchain.is_some() {
        // The cargo that runs this program has set these variables to its own toolchain.
        command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").env_remove("RUSTC");
    }
    Ok(command.status().context("cannot run `cargo doc`")?.success())
}

/// Returns the lines that only `old` contains, marked `-`, and those that only `new` contains,
/// marked `+`.
fn difference(old: &str, new: &str) -> String {
    let only_in = |text: &str, other: &str, mark: char| {
        let other_lines: Vec<&str> = other.lines().collect();
        let lines = text.lines().filter(|line| !line.is_empty() && !other_lines.contains(line));
        lines.map(|line| format!("{mark} {line}\n")).collect::<String>()
    };
    only_in(old, new, '-') + &only_in(new, old, '+')
}
