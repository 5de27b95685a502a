//! `cargo xtask instructions`: compares the instructions that a call takes, counted by valgrind,
//! with the committed counts.
//!
//! Unlike a time, a count does not depend on how busy the machine is, so CI can compare it. A count
//! does depend on the compiler, and a little on the C library. If the compiler is not that of the
//! committed counts, the counts are printed and the check passes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// A profile of cargo, with the counts of a program that is built with that profile.
struct Profile {
    name: &'static str,
    /// The file with the committed counts.
    baseline: &'static str,
    /// The maximum difference between a count and the committed count, in percent.
    tolerance: u64,
}

/// The profile of the benchmarks, and cargo's default release profile, with which most users build.
/// The counts of the default profile vary more, because it splits a crate into several codegen
/// units.
const PROFILES: [Profile; 2] = [
    Profile { name: "bench", baseline: "benches/instructions.txt", tolerance: 2 },
    Profile { name: "release", baseline: "benches/instructions-release.txt", tolerance: 5 },
];
/// Parts of the names of this project's own rows. The counts of the other rows, which are those of
/// other libraries, are only printed: they depend on the addresses in memory and vary by more than
/// the tolerance.
const OURS: [&str; 2] = ["guard", "whole catalog"];
/// The numbers of runs of a row in a short and in a long execution of the program. The difference
/// of the two counts does not contain the instructions for starting the program.
const RUNS: (u64, u64) = (50, 250);

/// Compares the counts of the first profile, or of all profiles if `with_release` is true.
pub(crate) fn check(with_release: bool) -> Result<()> {
    let Some(header) = header()? else { return Ok(()) };
    let mut failures = Vec::new();
    for profile in &PROFILES[..if with_release { 2 } else { 1 }] {
        let baseline = fs::read_to_string(profile.baseline).context(profile.baseline)?;
        println!(
            "{header}, profile {}; instructions a call, then the committed count",
            profile.name
        );
        let deviating = print_comparison(&count(profile)?, &baseline, profile.tolerance);
        if baseline.lines().next() != Some(&header) {
            println!(
                "NOT COMPARED: {} has the counts of another compiler or another architecture",
                profile.baseline
            );
        } else if deviating > 0 {
            failures.push(format!(
                "{deviating} counts differ from {} by more than {} %",
                profile.baseline, profile.tolerance
            ));
        }
    }
    if !failures.is_empty() {
        bail!(
            "{}; if this is intended, run `cargo xtask instructions --write`",
            failures.join(", ")
        );
    }
    Ok(())
}

/// Writes the counts of all profiles to their files.
pub(crate) fn write() -> Result<()> {
    let Some(header) = header()? else { return Ok(()) };
    for profile in &PROFILES {
        let lines: String =
            count(profile)?.iter().fold(String::new(), |mut text, (name, count)| {
                let _ = writeln!(text, "{count:>8} {name}");
                text
            });
        fs::write(profile.baseline, format!("{header}\n{lines}")).context(profile.baseline)?;
    }
    Ok(())
}

/// Returns the first line of a file with counts, which names the compiler and the architecture;
/// `None` if valgrind is not installed.
fn header() -> Result<Option<String>> {
    if output("valgrind", &["--version"]).is_err() {
        println!("SKIPPED: instructions were not counted, because `valgrind` is not on the PATH");
        return Ok(None);
    }
    let rustc = output("rustc", &["--version"])?;
    Ok(Some(format!("# {} {}", rustc.trim(), std::env::consts::ARCH)))
}

/// Prints a line for each row. Returns how many rows are missing or deviate by more than the
/// tolerance.
fn print_comparison(counts: &BTreeMap<String, u64>, baseline: &str, tolerance: u64) -> usize {
    let old: BTreeMap<&str, u64> = baseline.lines().filter_map(parse_line).collect();
    let mut deviating = 0;
    for (name, count) in counts {
        let Some(old) = old.get(name.as_str()) else {
            println!("{count:>8}      new  {name}");
            continue;
        };
        let is_far = count.abs_diff(*old) * 100 > old * tolerance;
        let deviates = is_far && OURS.iter().any(|ours| name.contains(ours));
        let mark = if deviates { "DEVIATES" } else { "" };
        deviating += usize::from(deviates);
        println!("{count:>8} {old:>8}  {name} {mark}");
    }
    deviating + old.keys().filter(|name| !counts.contains_key(**name)).count()
}

/// Parses a line `COUNT NAME`.
fn parse_line(line: &str) -> Option<(&str, u64)> {
    let (count, name) = line.trim().split_once(' ')?;
    Some((name, count.parse().ok()?))
}

/// Returns the instructions that one call takes, for each row of the benchmarks.
fn count(profile: &Profile) -> Result<BTreeMap<String, u64>> {
    let program = build(profile)?;
    let list = output(&program, &["--list"])?;
    let mut counts = BTreeMap::new();
    for line in list.lines() {
        let (name, calls_per_run) = parse_line(line)
            .with_context(|| format!("expected a row `CALLS NAME`, found: {line}"))?;
        let short = instructions(&program, name, RUNS.0)?;
        let long = instructions(&program, name, RUNS.1)?;
        let difference =
            long.checked_sub(short).context("the longer execution took fewer instructions")?;
        counts.insert(name.to_owned(), difference / (RUNS.1 - RUNS.0) / calls_per_run);
    }
    Ok(counts)
}

/// Builds the benchmark `speed` and returns the path of its executable.
fn build(profile: &Profile) -> Result<String> {
    let benches = ["bench", "--package", "benches", "--bench", "speed", "--profile", profile.name];
    let messages =
        output("cargo", &[&benches[..], &["--no-run", "--message-format=json"]].concat())?;
    let programs = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let speed = programs.filter(|message| message["target"]["name"] == "speed");
    let mut programs =
        speed.filter_map(|message| message["executable"].as_str().map(str::to_owned));
    programs.next_back().context("`cargo bench` built no program `speed`")
}

/// Returns the instructions of an execution of the program that runs a row `runs` times.
fn instructions(program: &str, row: &str, runs: u64) -> Result<u64> {
    let runs = runs.to_string();
    let arguments =
        ["--tool=callgrind", "--callgrind-out-file=/dev/null", program, "--run", row, &runs];
    let output =
        Command::new("valgrind").args(arguments).output().context("cannot run `valgrind`")?;
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    let count = log.lines().find_map(|line| line.split_once("Collected : "));
    let count = count.filter(|_| output.status.success());
    let (_, count) = count.with_context(|| format!("valgrind did not count {row}:\n{log}"))?;
    Ok(count.trim().parse()?)
}

/// Returns the standard output of a program.
fn output(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.with_context(|| format!("cannot run `{program}`"))?;
    if !output.status.success() {
        bail!("`{program}` failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_rows_deviate_if_they_are_far_from_the_baseline_or_missing() {
        let baseline = "# made with\n     100 guard, a\n    1000 guard\n\
            \x20    100 whole catalog\n     100 peer\n     100 gone\n";
        let counts =
            [("guard, a", 98), ("guard", 1021), ("whole catalog", 97), ("peer", 50), ("new", 1)];
        let counts = counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
        // With 2 %, `guard` and `whole catalog` deviate. `gone` is missing, with any tolerance.
        assert_eq!(print_comparison(&counts, baseline, 2), 3);
        assert_eq!(print_comparison(&counts, baseline, 3), 1);
    }
}
