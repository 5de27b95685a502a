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

const BASELINE: &str = "benches/instructions.txt";
/// How far a count may be from the one checked in, in percent, either way.
const TOLERANCE: u64 = 2;
/// What rows of our own code are named after. A peer's counts are shown and gate nothing: with the addresses that
/// a run happens to get, they differ by more than that.
const OURS: [&str; 2] = ["guard", "whole catalog"];
/// Runs of a row in the shorter and in the longer go; what both do besides falls out.
const RUNS: (u64, u64) = (50, 250);

/// Prints the counts beside those checked in; fails if one is off, or writes them down.
pub(crate) fn run(writes: bool) -> Result<()> {
    let Ok(valgrind) = output("valgrind", &["--version"]) else {
        println!("SKIPPED: instructions were not counted, because there is no `valgrind` on the PATH");
        return Ok(());
    };
    let rustc = output("rustc", &["--version"])?;
    let made_with = format!("# {} {}", rustc.trim(), std::env::consts::ARCH);
    let counts = count()?;
    if writes {
        let lines: String = counts.iter().fold(String::new(), |mut text, (name, count)| {
            let _ = writeln!(text, "{count:>8} {name}");
            text
        });
        return fs::write(BASELINE, format!("{made_with}\n{lines}")).context(BASELINE);
    }
    let baseline = fs::read_to_string(BASELINE).context(BASELINE)?;
    println!("{made_with}, {}; instructions a call, then those checked in", valgrind.trim());
    let off = compare(&counts, &baseline);
    match baseline.lines().next() == Some(&made_with) {
        true if off > 0 => bail!(
            "{off} counts are more than {TOLERANCE} % off {BASELINE}; if that is meant, run `cargo xtask instructions --write`"
        ),
        false => println!("NOT COMPARED: {BASELINE} was made with another compiler or for another machine"),
        true => {}
    }
    Ok(())
}

/// Prints one line a row, and tells how many are off.
fn compare(counts: &BTreeMap<String, u64>, baseline: &str) -> usize {
    let old: BTreeMap<&str, u64> = baseline.lines().filter_map(read_line).collect();
    let mut off = 0;
    for (name, count) in counts {
        let Some(old) = old.get(name.as_str()) else {
            println!("{count:>8}      new  {name}");
            continue;
        };
        let is_far = count.abs_diff(*old) * 100 > old * TOLERANCE;
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

fn count() -> Result<BTreeMap<String, u64>> {
    let program = build()?;
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
fn build() -> Result<String> {
    let arguments =
        ["bench", "--package", "benches", "--bench", "speed", "--no-run", "--message-format=json"];
    let messages = output("cargo", &arguments)?;
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
        assert_eq!(compare(&counts, baseline), 3);
    }
}
