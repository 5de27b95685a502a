//! `cargo xtask deep`: the checks that take too long to run for every change.
//!
//! A check whose tool is not installed is left out, with a message that names the tool.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{catalog, msrv};

/// The number of inputs that [`executions`] tries before it saves its progress. A run that is
/// stopped loses at most the results of this number of inputs.
const RUN: u64 = 500_000;

/// Runs all checks.
pub(crate) fn all() -> Result<()> {
    clients()?;
    deny()?;
    msrv::compile()?;
    shuttle("100000")?;
    soak("60")?;
    fuzz("600")?;
    executions("10000000")?;
    mutants(None)
}

/// Checks that what was extracted from Google's clients and committed is what the pinned packages
/// contain.
pub(crate) fn clients() -> Result<()> {
    catalog::check_clients()
}

/// Fuzzes each target for `seconds`, one target on each processor.
///
/// The fuzzer traces comparisons: it learns with which values the code compares the input, and so
/// finds inputs that take new branches.
pub(crate) fn fuzz(seconds: &str) -> Result<()> {
    if !is_installed("fuzz") {
        return leave_out("fuzz");
    }
    run(Command::new("cargo").args(["+nightly", "fuzz", "build", "--sanitizer", "none"]))?;
    let limit = format!("-max_total_time={seconds}");
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    for targets in targets()?.chunks(processors) {
        std::thread::scope(|scope| {
            let threads: Vec<_> =
                targets.iter().map(|target| scope.spawn(|| fuzz_target(target, &[], &limit))).collect();
            threads
                .into_iter()
                .try_for_each(|thread| thread.join().unwrap_or_else(|_| bail!("a fuzzer's thread panicked")))
        })?;
    }
    Ok(())
}

/// Executes each target on `count` inputs in all, and continues where an earlier run was stopped.
///
/// Comparisons are not traced here, because tracing takes more time than everything else in an
/// execution. These runs start with the inputs that [`fuzz`] has found.
pub(crate) fn executions(count: &str) -> Result<()> {
    if !is_installed("fuzz") {
        return leave_out("fuzz");
    }
    let count: u64 = count.parse()?;
    fs::create_dir_all("fuzz/target/executed")?;
    for target in targets()? {
        let file = format!("fuzz/target/executed/{target}");
        let mut executed = fs::read_to_string(&file).map_or(Ok(0), |text| text.trim().parse())?;
        while executed < count {
            let build = ["--no-trace-compares", "--target-dir", "fuzz/target/fast"];
            fuzz_target(&target, &build, &format!("-runs={RUN}"))?;
            executed += RUN;
            fs::write(&file, executed.to_string())?;
        }
        println!("{target}: {executed} executions");
    }
    Ok(())
}

/// Runs the fuzzer on a target until `limit`, with assertions and overflow checks.
///
/// No sanitizer is used: AddressSanitizer finds wrong use of memory, which the compiler rules out
/// where unsafe code is forbidden, and halves the speed.
fn fuzz_target(target: &str, build: &[&str], limit: &str) -> Result<()> {
    // New inputs are written to a separate folder, so that the corpus in the repository stays
    // small.
    let (new, corpus) = (format!("fuzz/target/found/{target}"), format!("fuzz/corpus/{target}"));
    fs::create_dir_all(&new)?;
    let mut command = Command::new("cargo");
    command.args(["+nightly", "fuzz", "run", "--sanitizer", "none"]).args(build);
    command.args([target, &new, &corpus, "--", limit, "-print_final_stats=1"]);
    // Inputs of more than 1024 bytes take longer and reach no other branches: the code that limits
    // long inputs has tests.
    run(command.args(["-max_len=1024", "-timeout=60", "-rss_limit_mb=1024"]))
}

/// Returns the names of the fuzz targets.
fn targets() -> Result<Vec<String>> {
    let files = fs::read_dir("fuzz/fuzz_targets").context("fuzz/fuzz_targets")?;
    let name = |file: std::io::Result<fs::DirEntry>| {
        let name = file?.file_name().into_string().ok().context("the name of a fuzz target is not UTF-8")?;
        Ok(name.trim_end_matches(".rs").to_owned())
    };
    let mut names: Vec<String> = files.map(name).collect::<Result<_>>()?;
    names.sort();
    Ok(names)
}

/// Runs each concurrency model on `schedules` schedules of its threads, with each of three
/// strategies.
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

/// Checks the licences, the sources and the banned crates that `deny.toml` defines, and the
/// security advisories if the database of advisories can be downloaded.
pub(crate) fn deny() -> Result<()> {
    if !is_installed("deny") {
        return leave_out("deny");
    }
    run(Command::new("cargo").args(["deny", "check", "licenses", "bans", "sources"]))?;
    let fetch = Command::new("cargo").args(["deny", "fetch", "db"]).output()?;
    if fetch.status.success() {
        return run(Command::new("cargo").args(["deny", "check", "advisories"]));
    }
    println!(
        "NOT CHECKED: advisories, because their database cannot be downloaded here; with a network, run `cargo deny check advisories`"
    );
    Ok(())
}

/// Runs the example `soak`, in which a thousand tasks make calls for `seconds`.
pub(crate) fn soak(seconds: &str) -> Result<()> {
    let arguments = ["run", "--release", "--example", "soak", "--", seconds];
    run(Command::new("cargo").args(arguments))
}

/// Runs cargo-mutants, which makes one small change to the code at a time, and fails if all tests
/// pass with a change.
///
/// `.cargo/mutants-*.toml` defines for each crate the code that is changed, the tests that are run,
/// and the changes that no test can notice. A `shard` is a part of the changes, such as `0/8`.
pub(crate) fn mutants(shard: Option<&str>) -> Result<()> {
    if !is_installed("mutants") {
        return leave_out("mutants");
    }
    run_mutants("gcp-scopes-catalog", shard, &["--config", ".cargo/mutants-catalog.toml"])?;
    require_none_missed("gcp-scopes-catalog")?;
    run_mutants("gcp-scopes-explain", shard, &["--config", ".cargo/mutants-explain.toml"])?;
    require_none_missed("gcp-scopes-explain")?;
    // The configuration runs a few tests, which are compiled in a fraction of the time and notice
    // most changes. The changes that they miss are then tried with all tests.
    run_mutants("gcp-scopes", shard, &["--config", ".cargo/mutants-guard.toml"])?;
    run_mutants("gcp-scopes", shard, &["--iterate"])?;
    require_none_missed("gcp-scopes")
}

/// Returns an error with the changes of the last run that no test noticed.
fn require_none_missed(package: &str) -> Result<()> {
    let missed = fs::read_to_string("target/mutants.out/missed.txt")?;
    if !missed.is_empty() {
        bail!("the tests of {package} pass with each of these changes:\n{missed}");
    }
    Ok(())
}

fn run_mutants(package: &str, shard: Option<&str>, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("cargo");
    command.args(["mutants", "--package", package, "--jobs", "1", "--output", "target"]).args(arguments);
    shard.into_iter().for_each(|shard| _ = command.args(["--shard", shard]));
    // cargo-mutants compiles a copy of the source. One target folder for all copies compiles the
    // dependencies once.
    command.env("CARGO_TARGET_DIR", std::path::absolute("target/mutants")?);
    command.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_INCREMENTAL", "1").env("PROPTEST_CASES", "16");
    println!("==> {command:?}");
    // 2: a change was missed, which `require_none_missed` reports; 3: a change led to an endless
    // loop, which counts as noticed. Source: <https://mutants.rs/exit-codes.html>.
    if !command.status()?.code().is_some_and(|code| [0, 2, 3].contains(&code)) {
        bail!("failed: {command:?}");
    }
    Ok(())
}

/// Checks whether a subcommand of cargo is installed.
fn is_installed(tool: &str) -> bool {
    Command::new("cargo").args([tool, "--version"]).output().is_ok_and(|output| output.status.success())
}

/// Prints that a check is left out because its tool is not installed.
fn leave_out(tool: &str) -> Result<()> {
    println!(
        "LEFT OUT: cargo-{tool} is not installed; install it with `cargo install --locked cargo-{tool}`"
    );
    Ok(())
}

fn run(command: &mut Command) -> Result<()> {
    println!("==> {command:?}");
    if !command.status()?.success() {
        bail!("failed: {command:?}");
    }
    Ok(())
}
