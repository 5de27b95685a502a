//! `cargo xtask build-cost`: measures how long the library takes to compile, without features and
//! with each feature.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::workspace;

const FOLDER: &str = "target/build-cost";

/// Prints a table with a row for each of these features, or for all features if there are none.
pub(crate) fn print(wanted: &[&str]) -> Result<()> {
    let members = workspace::published()?;
    let library = members.iter().find(|member| member.folder == workspace::root());
    let library = library.context("the root of the workspace has no published crate")?;
    let features = library.features.iter().map(String::as_str);
    // The smaller catalogs are not measured, because only their data differs from the full catalog.
    let features = features.filter(|name| !["catalog-cloud", "catalog-storage"].contains(name));
    let names: Vec<&str> = std::iter::once("").chain(features).collect();
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

/// Builds the library into an empty folder. Returns the CPU seconds and the elapsed seconds.
fn build(feature: &str) -> Result<(f64, f64)> {
    if Path::new(FOLDER).exists() {
        fs::remove_dir_all(FOLDER)?;
    }
    let (cpu_before, started) = (children_cpu_seconds()?, Instant::now());
    let arguments =
        ["build", "--quiet", "--package", "gcp-scopes", "--lib", "--target-dir", FOLDER];
    let mut command = Command::new("cargo");
    command.args(arguments).args(feature_flags(feature));
    if !command.status().context("cannot run `cargo build`")?.success() {
        bail!("failed: {command:?}");
    }
    let seconds = (children_cpu_seconds()? - cpu_before, started.elapsed().as_secs_f64());
    fs::remove_dir_all(FOLDER)?;
    Ok(seconds)
}

fn feature_flags(feature: &str) -> [&str; 3] {
    ["--no-default-features", "--features", feature]
}

/// Returns how many crates are built: the library, its dependencies, and the dependencies of build
/// scripts and macros.
fn crates(feature: &str) -> Result<usize> {
    let mut command = Command::new("cargo");
    command.args(["tree", "--package", "gcp-scopes", "-e", "normal,build", "--prefix", "none"]);
    command.args(["--format", "{p}"]).args(feature_flags(feature));
    let output = command.output().context("cannot run `cargo tree`")?;
    let text = String::from_utf8(output.stdout)?;
    let name = |line: &str| line.trim_end_matches(" (*)").to_owned();
    Ok(text.lines().map(name).collect::<BTreeSet<_>>().len())
}

/// Returns the CPU seconds, in user and system mode together, of all descendant processes that have
/// ended. See proc_pid_stat(5).
fn children_cpu_seconds() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")
        .context("CPU time is read from /proc, which only Linux has")?;
    let (_, fields) = stat.rsplit_once(')').context("/proc/self/stat has no name")?;
    // The values are the fields 16 and 17, `cutime` and `cstime`, in clock ticks of 1/100 second.
    // 13 fields are between the name, which is field 2, and field 16.
    let ticks = fields.split_whitespace().skip(13).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>()? / 100.0)
}

/// Describes the machine: the processor, the number of cores, and the version of rustc.
fn machine() -> Result<String> {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(|line| line.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model);
    let rustc = Command::new("rustc").arg("--version").output().context("cannot run `rustc`")?;
    let cores = std::thread::available_parallelism()?;
    Ok(format!("{model}, {cores} cores, {}", String::from_utf8(rustc.stdout)?.trim()))
}
