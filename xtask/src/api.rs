//! The public API of each published library as a text that is checked in: `docs/api/<crate>.txt`.
//!
//! rustdoc's JSON is read by the crate `public-api`, which knows one version of that format. Where
//! neither the installed compiler nor a nightly one writes it, nothing is compared.

mod count;
mod listing;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use public_api::PublicApi;

use crate::workspace::{self, Member};
use count::Counts;

const FOLDER: &str = "docs/api";
/// The crates whose types one user meets.
const TOGETHER: [&str; 3] = ["gcp-scopes", "gcp-scopes-catalog", "gcp-scopes-explain"];

/// Compares the committed texts with the code, or writes them, and counts the types.
pub(crate) fn run(writes: bool) -> Result<()> {
    let folder = workspace::root().join(FOLDER);
    let (mut stale, mut together) = (left_over(&folder, writes)?, Counts::default());
    for (member, library) in workspace::libraries()? {
        let Some(api) = read(&member, &library)? else {
            println!(
                "LEFT OUT: the public API, because no installed rustdoc writes the format that is read here"
            );
            println!("          `rustup toolchain install nightly-2026-05-20` installs one");
            return Ok(());
        };
        let text = listing::text(&api, &library);
        let counts = Counts::of(&text, &library);
        println!("{}", counts.line(&member.name));
        if TOGETHER.contains(&member.name.as_str()) {
            together.join(&counts);
        }
        let path = folder.join(format!("{}.txt", member.name));
        if writes {
            fs::create_dir_all(&folder)?;
            fs::write(path, text)?;
        } else if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
            println!("{}", difference(&fs::read_to_string(&path).unwrap_or_default(), &text));
            stale.push(member.name);
        }
    }
    println!("api: {} have {} public types together", TOGETHER.join(", "), together.types());
    if !stale.is_empty() {
        bail!("{FOLDER} does not list the public API of {}: run `cargo xtask api --write`", stale.join(", "));
    }
    Ok(())
}

/// Texts of crates that are gone; they are removed if others are written.
fn left_over(folder: &Path, removes: bool) -> Result<Vec<String>> {
    let names: Vec<String> = workspace::libraries()?.into_iter().map(|(member, _)| member.name).collect();
    let mut found = Vec::new();
    for file in fs::read_dir(folder).into_iter().flatten() {
        let path = file?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if names.contains(&name) {
            continue;
        }
        match removes {
            true => fs::remove_file(path)?,
            false => found.push(name),
        }
    }
    Ok(found)
}

/// The public API with all features, from the first rustdoc that writes the known format.
fn read(member: &Member, library: &str) -> Result<Option<PublicApi>> {
    for toolchain in [None, Some("+nightly")] {
        let Some(json) = json(member, library, toolchain)? else { continue };
        // Blanket and auto trait implementations follow from the types.
        let builder = public_api::Builder::from_rustdoc_json(json);
        if let Ok(api) = builder.omit_blanket_impls(true).omit_auto_trait_impls(true).build() {
            return Ok(Some(api));
        }
    }
    Ok(None)
}

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
    command.args(["--", "-Z", "unstable-options", "--output-format", "json", "--cap-lints", "allow"]);
    command.env("RUSTDOC", root.join("xtask/rustdoc-json")).env_remove("RUSTDOCFLAGS").current_dir(root);
    if toolchain.is_some() {
        // The running cargo names its own compiler to its children.
        command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").env_remove("RUSTC");
    }
    let done = command.status().context("cargo rustdoc")?.success();
    Ok(done.then_some(workspace::target()?.join("doc").join(format!("{library}.json"))))
}

/// The lines that one of two texts has and the other has not.
fn difference(old: &str, new: &str) -> String {
    let missing = |from: &str, of: &str, mark: char| {
        let lines: Vec<&str> = of.lines().collect();
        let gone = from.lines().filter(|line| !line.is_empty() && !lines.contains(line));
        gone.map(|line| format!("{mark} {line}\n")).collect::<String>()
    };
    missing(old, new, '-') + &missing(new, old, '+')
}
