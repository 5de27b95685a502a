//! What it costs to build the library, as a table: for the core and with each adapter.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::workspace;

const FOLDER: &str = "target/build-cost";

/// Prints the table for these features, or for all.
pub(crate) fn print(wanted: &[&str]) -> Result<()> {
    let members = workspace::published()?;
    let own =
        members.iter().find(|member| member.folder == workspace::root()).context("no crate at the root")?;
    let all = own.features.iter().map(String::as_str);
    let all = all.filter(|name| !["catalog-cloud", "catalog-storage"].contains(name));
    let names: Vec<&str> = std::iter::once("").chain(all).collect();
    let names = names.into_iter().filter(|name| wanted.is_empty() || wanted.contains(name));
    println!("Clean debug builds, {}.\n", machine()?);
    println!("| with | crates | CPU seconds | seconds |\n|---|--:|--:|--:|");
    for name in names {
        let (cpu, wall) = build(name)?;
        let shown = if name.is_empty() { "the core".to_owned() } else { format!("`{name}`") };
        println!("| {shown} | {} | {cpu:.0} | {wall:.0} |", crates(name)?);
    }
    Ok(())
}

/// Builds into an empty folder: seconds of work, and seconds.
fn build(feature: &str) -> Result<(f64, f64)> {
    if Path::new(FOLDER).exists() {
        fs::remove_dir_all(FOLDER)?;
    }
    let (worked, started) = (children_worked()?, Instant::now());
    let arguments = ["build", "--quiet", "--package", "gcp-scopes", "--lib", "--target-dir", FOLDER];
    let mut command = Command::new("cargo");
    if !command.args(arguments).args(with(feature)).status().context("cargo build")?.success() {
        bail!("cargo build failed");
    }
    let took = (children_worked()? - worked, started.elapsed().as_secs_f64());
    fs::remove_dir_all(FOLDER)?;
    Ok(took)
}

fn with(feature: &str) -> [&str; 3] {
    ["--no-default-features", "--features", feature]
}

/// How many crates are built, the library and what its build scripts and macros need included.
fn crates(feature: &str) -> Result<usize> {
    let mut command = Command::new("cargo");
    command.args(["tree", "--package", "gcp-scopes", "-e", "normal,build", "--prefix", "none"]);
    let done = command.args(["--format", "{p}"]).args(with(feature)).output().context("cargo tree")?;
    let text = String::from_utf8(done.stdout)?;
    let name = |line: &str| line.trim_end_matches(" (*)").to_owned();
    Ok(text.lines().map(name).collect::<BTreeSet<_>>().len())
}

/// Seconds that ended child processes, and theirs, have worked. See proc_pid_stat(5).
fn children_worked() -> Result<f64> {
    let stat =
        fs::read_to_string("/proc/self/stat").context("CPU time is read from /proc, which only Linux has")?;
    let (_, fields) = stat.rsplit_once(')').context("/proc/self/stat has no name")?;
    // Children's user and system time, counted from after the name, in hundredths of a second.
    let ticks = fields.split_whitespace().skip(13).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>()? / 100.0)
}

fn machine() -> Result<String> {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        info.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(": "));
    let model = model.map_or("a processor unknown", |(_, model)| model);
    let rustc = Command::new("rustc").arg("--version").output().context("rustc")?;
    let cores = std::thread::available_parallelism()?;
    Ok(format!("{model}, {cores} cores, {}", String::from_utf8(rustc.stdout)?.trim()))
}
