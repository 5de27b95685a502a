//! Runs the fuzz targets in `fuzz/`.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::tools::{is_installed, leave_out, run};

/// The number of inputs that a target tries before its progress is saved. A run that is stopped
/// loses at most the results of this number of inputs.
const RUN: u64 = 100_000;

/// How a target is built, and where its progress is saved.
struct FuzzBuild {
    /// The name of the folder in `fuzz/target` in which the number of executions is saved.
    counts: &'static str,
    arguments: &'static [&'static str],
    sanitizer: &'static str,
}

/// Traces comparisons: the fuzzer learns with which values the code compares the input, and so
/// finds inputs that take new branches.
const TRACED: FuzzBuild = FuzzBuild { counts: "traced", arguments: &[], sanitizer: "none" };

/// Does not trace comparisons, because tracing takes more time than everything else in an
/// execution.
const FAST: FuzzBuild = FuzzBuild {
    counts: EXECUTED,
    arguments: &["--no-trace-compares", "--target-dir", "fuzz/target/fast"],
    sanitizer: "none",
};

/// Finds wrong use of memory in dependencies with unsafe code, and takes twice as long as [`FAST`].
/// In this workspace the compiler rules out wrong use of memory, because unsafe code is forbidden.
const ADDRESS: FuzzBuild = FuzzBuild {
    counts: SANITIZED,
    arguments: &["--no-trace-compares", "--target-dir", "fuzz/target/address"],
    sanitizer: "address",
};

/// The folders in `fuzz/target` with the numbers of executions.
const EXECUTED: &str = "executed";
const SANITIZED: &str = "sanitized";

/// Fuzzes each target for `seconds`, one target on each processor.
pub(crate) fn fuzz(seconds: &str) -> Result<()> {
    if !is_installed("fuzz") {
        return leave_out("fuzz");
    }
    run(Command::new("cargo").args([
        "+nightly",
        "fuzz",
        "build",
        "--sanitizer",
        TRACED.sanitizer,
    ]))?;
    let limit = format!("-max_total_time={seconds}");
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    for targets in targets()?.chunks(processors) {
        std::thread::scope(|scope| {
            let threads: Vec<_> = targets
                .iter()
                .map(|target| scope.spawn(|| fuzz_target(target, &TRACED, &limit)))
                .collect();
            threads.into_iter().try_for_each(|thread| {
                thread.join().unwrap_or_else(|_| bail!("a fuzzer's thread panicked"))
            })
        })?;
    }
    Ok(())
}

/// Executes targets on `count` inputs in all, and continues where an earlier run was stopped.
/// Executes all targets if `names` is empty. These runs start with the inputs that [`fuzz`] has
/// found.
pub(crate) fn executions(count: &str, names: &[&str]) -> Result<()> {
    execute(&FAST, count, names)
}

/// Executes targets like [`executions`], under AddressSanitizer.
pub(crate) fn sanitized(count: &str, names: &[&str]) -> Result<()> {
    execute(&ADDRESS, count, names)
}

fn execute(build: &FuzzBuild, count: &str, names: &[&str]) -> Result<()> {
    if !is_installed("fuzz") {
        return leave_out("fuzz");
    }
    let count: u64 = count.parse()?;
    let is_chosen = |target: &String| names.is_empty() || names.contains(&target.as_str());
    for target in targets()?.into_iter().filter(is_chosen) {
        let mut executed = saved_count(build.counts, &target)?;
        while executed < count {
            let runs = RUN.min(count - executed);
            fuzz_target(&target, build, &format!("-runs={runs}"))?;
            executed += runs;
            fs::create_dir_all(format!("fuzz/target/{}", build.counts))?;
            fs::write(count_file(build.counts, &target), executed.to_string())?;
        }
        println!("{target}: {executed} executions, {}", build.counts);
    }
    Ok(())
}

/// Returns how often a target was executed in this checkout, in all and under AddressSanitizer.
pub(super) fn executed(target: &str) -> Result<[u64; 2]> {
    Ok([saved_count(EXECUTED, target)?, saved_count(SANITIZED, target)?])
}

fn saved_count(counts: &str, target: &str) -> Result<u64> {
    match fs::read_to_string(count_file(counts, target)) {
        Ok(count) => count.trim().parse().with_context(|| count_file(counts, target)),
        Err(_) => Ok(0),
    }
}

fn count_file(counts: &str, target: &str) -> String {
    format!("fuzz/target/{counts}/{target}")
}

/// Runs the fuzzer on a target until `limit`, with assertions and overflow checks.
fn fuzz_target(target: &str, build: &FuzzBuild, limit: &str) -> Result<()> {
    // New inputs are written to a separate folder, so that the corpus in the repository stays
    // small.
    let (new, corpus) = (format!("fuzz/target/found/{target}"), format!("fuzz/corpus/{target}"));
    fs::create_dir_all(&new)?;
    let mut command = Command::new("cargo");
    command.args(["+nightly", "fuzz", "run", "--sanitizer", build.sanitizer]).args(build.arguments);
    command.args([target, &new, &corpus, "--", limit, "-print_final_stats=1"]);
    // Inputs of more than 1024 bytes take longer and reach no other branches: the code that limits
    // long inputs has tests. AddressSanitizer keeps freed memory, so that 1 GiB is not enough.
    command.args(["-max_len=1024", "-timeout=60", "-rss_limit_mb=2048"]);
    // `Catalog::open` leaks each catalog on purpose, because a catalog lives as long as the
    // process. The flag stops the fuzzer's own check, and the variable stops that at the end of the
    // process.
    run(command.arg("-detect_leaks=0").env("ASAN_OPTIONS", "detect_leaks=0"))
}

/// Returns the names of the fuzz targets.
pub(super) fn targets() -> Result<Vec<String>> {
    let files = fs::read_dir("fuzz/fuzz_targets").context("fuzz/fuzz_targets")?;
    let name = |file: std::io::Result<fs::DirEntry>| {
        let name = file?
            .file_name()
            .into_string()
            .ok()
            .context("the name of a fuzz target is not UTF-8")?;
        Ok(name.trim_end_matches(".rs").to_owned())
    };
    let mut names: Vec<String> = files.map(name).collect::<Result<_>>()?;
    names.sort();
    Ok(names)
}
