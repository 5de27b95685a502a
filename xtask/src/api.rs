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
    for (member, library) in workspace::libraries()? {
        let Some((api, json)) = read(&member, &library)? else {
            println!(
                "LEFT OUT: the public API, because no installed rustdoc writes the JSON that is \
                 read here"
            );
            println!(
                "          `rustup toolchain install nightly-2026-05-20` installs one that does"
            );
            return Ok(());
        };
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

/// Returns the public API with all features, and the JSON file, from the first rustdoc whose JSON
/// can be read; `None` if there is no such rustdoc.
fn read(member: &Member, library: &str) -> Result<Option<(PublicApi, PathBuf)>> {
    for toolchain in [None, Some("+nightly")] {
        let Some(json) = json(member, library, toolchain)? else { continue };
        // Blanket implementations and auto traits are left out: they follow from the types.
        let builder = public_api::Builder::from_rustdoc_json(&json);
        if let Ok(api) = builder.omit_blanket_impls(true).omit_auto_trait_impls(true).build() {
            return Ok(Some((api, json)));
        }
    }
    Ok(None)
}

/// Runs rustdoc and returns the path of the JSON file that rustdoc writes; `None` if rustdoc fails,
/// or cannot write JSON.
fn json(member: &Member, library: &str, toolchain: Option<&str>) -> Result<Option<PathBuf>> {
    let root = workspace::root();
    let mut command = Command::new("cargo");
    command.args(toolchain).args([
        "rustdoc",
        "--quiet",
        "--package",
        &member.name,
        "--lib",
        "--all-features",
    ]);
    command.args([
        "--",
        "-Z",
        "unstable-options",
        "--output-format",
        "json",
        "--cap-lints",
        "allow",
    ]);
    command
        .env("RUSTDOC", root.join("xtask/rustdoc-json"))
        .env_remove("RUSTDOCFLAGS")
        .current_dir(root);
    if toolchain.is_some() {
        // The cargo that runs this program has set these variables to its own toolchain.
        command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").env_remove("RUSTC");
    }
    let succeeded = command.status().context("cannot run `cargo rustdoc`")?.success();
    Ok(succeeded.then_some(workspace::target()?.join("doc").join(format!("{library}.json"))))
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
