//! What takes too long for every change: `cargo xtask deep`, or one part of it.
//!
//! A tool that is not installed is named, and its part is left out.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// What is mutated: where a call is judged and an answer read.
const JUDGES: [&str; 5] =
    ["src/guard.rs", "src/guard/*.rs", "src/scope.rs", "src/refusal.rs", "src/refusal/*.rs"];
/// What is told of them by tests that are quick enough to run for each mutant.
const TESTS: [&str; 8] =
    ["--lib", "--test", "refusal", "--test", "confirm", "--test", "guarded_clients", "--quiet"];

/// Everything, each part as long as it takes.
pub(crate) fn all() -> Result<()> {
    deny()?;
    shuttle("100000")?;
    soak("60")?;
    fuzz("600")?;
    mutants()
}

/// Fuzzes each target for so many seconds, without a sanitizer, for the crate forbids unsafe code.
pub(crate) fn fuzz(seconds: &str) -> Result<()> {
    if !is_there("fuzz") {
        return left_out("fuzz");
    }
    let bound = format!("-max_total_time={seconds}");
    for target in targets()? {
        // New inputs go into a folder of their own: the corpus in the repository stays small.
        let found = format!("fuzz/target/found/{target}");
        fs::create_dir_all(&found)?;
        let arguments = ["+nightly", "fuzz", "run", "--sanitizer", "none", &target, &found];
        let corpus = format!("fuzz/corpus/{target}");
        let bounds = ["--", &bound, "-timeout=10", "-rss_limit_mb=1024", "-max_len=4096"];
        run(Command::new("cargo").args(arguments).arg(&corpus).args(bounds).arg("-print_final_stats=1"))?;
    }
    Ok(())
}

fn targets() -> Result<Vec<String>> {
    let files = fs::read_dir("fuzz/fuzz_targets").context("fuzz/fuzz_targets")?;
    let name = |file: std::io::Result<fs::DirEntry>| {
        let name = file?.file_name().into_string().ok().context("a name that is no text")?;
        Ok(name.trim_end_matches(".rs").to_owned())
    };
    let mut names: Vec<String> = files.map(name).collect::<Result<_>>()?;
    names.sort();
    Ok(names)
}

/// Tries so many schedules of each model in each of three ways.
pub(crate) fn shuttle(schedules: &str) -> Result<()> {
    let features = ["--no-default-features", "--features", "catalog-storage"];
    let mut command = Command::new("cargo");
    command
        .args(["test", "--package", "gcp-scopes", "--target-dir", "target/shuttle", "--lib"])
        .args(features);
    run(command
        .args(["models", "--", "--nocapture"])
        .env("RUSTFLAGS", "--cfg shuttle")
        .env("SCHEDULES", schedules))
}

/// Licences, sources and bans; advisories where their database can be reached.
pub(crate) fn deny() -> Result<()> {
    if !is_there("deny") {
        return left_out("deny");
    }
    run(Command::new("cargo").args(["deny", "check", "licenses", "bans", "sources"]))?;
    let fetch = Command::new("cargo").args(["deny", "fetch", "db"]).output()?;
    if fetch.status.success() {
        return run(Command::new("cargo").args(["deny", "check", "advisories"]));
    }
    println!("LEFT OUT: the database of advisories cannot be reached");
    Ok(())
}

/// A thousand callers for so many seconds.
pub(crate) fn soak(seconds: &str) -> Result<()> {
    let example = ["run", "--release", "--example", "soak", "--features", "tower,testing", "--", seconds];
    run(Command::new("cargo").args(example))
}

/// Changes the judges one by one; a change that no test sees is printed.
pub(crate) fn mutants() -> Result<()> {
    if !is_there("mutants") {
        return left_out("mutants");
    }
    let mut command = Command::new("cargo");
    command.args(["mutants", "--package", "gcp-scopes", "--all-features", "--output", "target"]);
    JUDGES.iter().for_each(|file| _ = command.args(["--file", file]));
    run(command.arg("--").args(TESTS))
}

fn is_there(tool: &str) -> bool {
    Command::new("cargo").args([tool, "--version"]).output().is_ok_and(|output| output.status.success())
}

fn left_out(tool: &str) -> Result<()> {
    println!("LEFT OUT: cargo-{tool} is not installed; `cargo install --locked cargo-{tool}`");
    Ok(())
}

fn run(command: &mut Command) -> Result<()> {
    println!("==> {command:?}");
    if !command.status()?.success() {
        bail!("failed: {command:?}");
    }
    Ok(())
}
