//! Instructions a call, counted by valgrind, against the counts that are checked in.
//!
//! A count is the same on a busy machine as on an idle one, so CI can hold a change against it. It is
//! another one with another compiler, and a little other with another C library; then the counts are shown
//! and nothing fails.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// How a count is made, and what it is held against.
struct Profile {
    name: &'static str,
    baseline: &'static str,
    /// How far a count may be from the one checked in, in percent, either way.
    tolerance: u64,
}

/// The benchmarks' own profile, and cargo's default one, which most users build with and which leaves more to chance.
const PROFILES: [Profile; 2] = [
    Profile { name: "bench", baseline: "benches/instructions.txt", tolerance: 2 },
    Profile { name: "release", baseline: "benches/instructions-release.txt", tolerance: 5 },
];
/// What rows of our own code are named after. A peer's counts are shown and gate nothing: with the addresses that
/// a run happens to get, they differ by more than that.
const OURS: [&str; 2] = ["guard", "whole catalog"];
/// Runs of a row in the shorter and in the longer go; what both do besides falls out.
const RUNS: (u64, u64) = (50, 250);

/// Counts with the first profile, or with all.
pub(crate) fn check(with_release: bool) -> Result<()> {
    let Some(made_with) = made_with()? else { return Ok(()) };
    let mut off = Vec::new();
    for profile in &PROFILES[..if with_release { 2 } else { 1 }] {
        let baseline = fs::read_to_string(profile.baseline).context(profile.baseline)?;
        println!("{made_with}, profile {}; instructions a call, then those checked in", profile.name);
        let count = compare(&count(profile)?, &baseline, profile.tolerance);
        if baseline.lines().next() != Some(&made_with) {
            println!(
                "NOT COMPARED: {} was made with another compiler or for another machine",
                profile.baseline
            );
        } else if count > 0 {
            off.push(format!(
                "{count} counts are more than {} % off {}",
                profile.tolerance, profile.baseline
            ));
        }
    }
    if !off.is_empty() {
        bail!("{}; if that is meant, run `cargo xtask instructions --write`", off.join(", "));
    }
    Ok(())
}

/// Writes down the counts with all profiles.
pub(crate) fn write() -> Result<()> {
    let Some(made_with) = made_with()? else { return Ok(()) };
    for profile in &PROFILES {
        let lines: String = count(profile)?.iter().fold(String::new(), |mut text, (name, count)| {
            let _ = writeln!(text, "{count:>8} {name}");
            text
        });
        fs::write(profile.baseline, format!("{made_with}\n{lines}")).context(profile.baseline)?;
    }
    Ok(())
}

/// The first line of a baseline; nothing where no instruction can be counted.
fn made_with() -> Result<Option<String>> {
    if output("valgrind", &["--version"]).is_err() {
        println!("SKIPPED: instructions were not counted, because there is no `valgrind` on the PATH");
        return Ok(None);
    }
    let rustc = output("rustc", &["--version"])?;
    Ok(Some(format!("# {} {}", rustc.trim(), std::env::consts::ARCH)))
}

/// Prints one line a row, and returns how many are off.
fn compare(counts: &BTreeMap<String, u64>, baseline: &str, tolerance: u64) -> usize {
    let old: BTreeMap<&str, u64> = baseline.lines().filter_map(read_line).collect();
    let mut off = 0;
    for (name, count) in counts {
        let Some(old) = old.get(name.as_str()) else {
            println!("{count:>8}      new  {name}");
            continue;
        };
        let is_far = count.abs_diff(*old) * 100 > old * tolerance;
        let is_off = is_far && OURS.iter().any(|ours| name.contains(ours));
        let mark = if is_off { "OFF" } else { "" };
        off += usize::from(is_off);
        println!("{count:>8} {old:>8}  {name} {mark}");
    }
    off + old.keys().filter(|name| !counts.contains_key(**name)).count()
}

fn read_line(line: &str) -> Option<(&str, u64)> {
    let (count, name) = line.trim().split_once(' ')?;
    Some((name, count.parse().ok()?))
}

fn count(profile: &Profile) -> Result<BTreeMap<String, u64>> {
    let program = build(profile)?;
    let list = output(&program, &["--list"])?;
    let mut counts = BTreeMap::new();
    for line in list.lines() {
        let (name, calls) = read_line(line).with_context(|| format!("not a row: {line}"))?;
        let (short, long) = (collected(&program, name, RUNS.0)?, collected(&program, name, RUNS.1)?);
        let more = long.checked_sub(short).context("a longer run took fewer instructions")?;
        counts.insert(name.to_owned(), more / (RUNS.1 - RUNS.0) / calls);
    }
    Ok(counts)
}

/// Builds the benchmarks and gives the program.
fn build(profile: &Profile) -> Result<String> {
    let benches = ["bench", "--package", "benches", "--bench", "speed", "--profile", profile.name];
    let messages = output("cargo", &[&benches[..], &["--no-run", "--message-format=json"]].concat())?;
    let programs = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let named = programs.filter(|message| message["target"]["name"] == "speed");
    let mut programs = named.filter_map(|message| message["executable"].as_str().map(str::to_owned));
    programs.next_back().context("cargo bench built no program")
}

fn collected(program: &str, row: &str, runs: u64) -> Result<u64> {
    let runs = runs.to_string();
    let arguments = ["--tool=callgrind", "--callgrind-out-file=/dev/null", program, "--run", row, &runs];
    let done = Command::new("valgrind").args(arguments).output().context("valgrind")?;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    let line =
        said.lines().find_map(|line| line.split_once("Collected : ")).filter(|_| done.status.success());
    let (_, count) = line.with_context(|| format!("valgrind did not count {row}:\n{said}"))?;
    Ok(count.trim().parse()?)
}

fn output(program: &str, arguments: &[&str]) -> Result<String> {
    let done = Command::new(program).args(arguments).output().with_context(|| program.to_owned())?;
    if !done.status.success() {
        bail!("{program} failed:\n{}", String::from_utf8_lossy(&done.stderr));
    }
    Ok(String::from_utf8(done.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_off_if_it_is_far_from_the_old_one_either_way_or_gone() {
        let baseline = "# made with\n     100 guard, a\n    1000 guard\n     100 whole catalog\n     100 peer\n     100 \
                        gone\n";
        let counts = [("guard, a", 98), ("guard", 1021), ("whole catalog", 97), ("peer", 50), ("new", 1)];
        let counts = counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
        assert_eq!(compare(&counts, baseline, 2), 3);
        assert_eq!(compare(&counts, baseline, 3), 1);
    }
}
