//! What takes too long for every change: `cargo xtask deep`, or one part of it.
//!
//! A tool that is not installed is named, and its part is left out.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::msrv;

/// How many executions are one run of a fuzzer, after which it may be stopped and begun again.
const RUN: u64 = 500_000;

/// Everything, each part as long as it takes.
pub(crate) fn all() -> Result<()> {
    deny()?;
    msrv::compile()?;
    shuttle("100000")?;
    soak("60")?;
    fuzz("600")?;
    executions("10000000")?;
    mutants(None)
}

/// Fuzzes each target for so many seconds, one on each processor, and sees what inputs are compared with: what
/// finds new ways.
pub(crate) fn fuzz(seconds: &str) -> Result<()> {
    if !is_there("fuzz") {
        return left_out("fuzz");
    }
    run(Command::new("cargo").args(["+nightly", "fuzz", "build", "--sanitizer", "none"]))?;
    let bound = format!("-max_total_time={seconds}");
    let at_once = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    for targets in targets()?.chunks(at_once) {
        std::thread::scope(|scope| {
            let started: Vec<_> =
                targets.iter().map(|target| scope.spawn(|| fuzz_one(target, &[], &bound))).collect();
            started
                .into_iter()
                .try_for_each(|one| one.join().unwrap_or_else(|_| bail!("a fuzzer's thread ended")))
        })?;
    }
    Ok(())
}

/// Executes each target so many times in all, and goes on where it was stopped. To note every comparison
/// takes longer than the rest, and is left out: these runs start from what [`fuzz`] has found.
pub(crate) fn executions(count: &str) -> Result<()> {
    if !is_there("fuzz") {
        return left_out("fuzz");
    }
    let count: u64 = count.parse()?;
    fs::create_dir_all("fuzz/target/executed")?;
    for target in targets()? {
        let place = format!("fuzz/target/executed/{target}");
        let mut executed = fs::read_to_string(&place).map_or(Ok(0), |text| text.trim().parse())?;
        while executed < count {
            let build = ["--no-trace-compares", "--target-dir", "fuzz/target/fast"];
            fuzz_one(&target, &build, &format!("-runs={RUN}"))?;
            executed += RUN;
            fs::write(&place, executed.to_string())?;
        }
        println!("{target}: {executed} executions");
    }
    Ok(())
}

/// Without a sanitizer: AddressSanitizer looks for wrong use of memory, which the compiler rules out where
/// unsafe code is forbidden, and takes half the speed. Assertions and overflow checks are on.
fn fuzz_one(target: &str, build: &[&str], bound: &str) -> Result<()> {
    // New inputs go into a folder of their own: the corpus in the repository stays small.
    let (found, corpus) = (format!("fuzz/target/found/{target}"), format!("fuzz/corpus/{target}"));
    fs::create_dir_all(&found)?;
    let mut command = Command::new("cargo");
    command.args(["+nightly", "fuzz", "run", "--sanitizer", "none"]).args(build);
    command.args([target, &found, &corpus, "--", bound, "-print_final_stats=1"]);
    // Longer inputs are no other ways, and take their time. The bounds on long ones have tests.
    run(command.args(["-max_len=1024", "-timeout=60", "-rss_limit_mb=1024"]))
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
    println!(
        "NOT CHECKED: advisories. Their database cannot be reached; where it can: cargo deny check advisories"
    );
    Ok(())
}

/// A thousand callers for so many seconds.
pub(crate) fn soak(seconds: &str) -> Result<()> {
    let example = ["run", "--release", "--example", "soak", "--", seconds];
    run(Command::new("cargo").args(example))
}

/// Changes what judges calls and answers, one thing at a time; a change that no test sees is printed. What
/// is changed in a crate, by which of its tests it should be seen, and which changes no test can see:
/// `.cargo/mutants-*.toml`. A shard is one part of many, such as `0/8`.
pub(crate) fn mutants(shard: Option<&str>) -> Result<()> {
    if !is_there("mutants") {
        return left_out("mutants");
    }
    mutate("gcp-scopes-catalog", shard, &["--config", ".cargo/mutants-catalog.toml"])?;
    seen("gcp-scopes-catalog")?;
    mutate("gcp-scopes-explain", shard, &["--config", ".cargo/mutants-explain.toml"])?;
    seen("gcp-scopes-explain")?;
    // Few tests, which are built in a fraction of the time, see most changes: only what they miss is tried
    // with all.
    mutate("gcp-scopes", shard, &["--config", ".cargo/mutants-guard.toml"])?;
    mutate("gcp-scopes", shard, &["--iterate"])?;
    seen("gcp-scopes")
}

/// Fails if a change of the last run was seen by no test.
fn seen(package: &str) -> Result<()> {
    let missed = fs::read_to_string("target/mutants.out/missed.txt")?;
    if !missed.is_empty() {
        bail!("no test of {package} sees these changes:\n{missed}");
    }
    Ok(())
}

fn mutate(package: &str, shard: Option<&str>, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("cargo");
    command.args(["mutants", "--package", package, "--jobs", "1", "--output", "target"]).args(arguments);
    shard.into_iter().for_each(|shard| _ = command.args(["--shard", shard]));
    // The source is copied; what it depends on is built once for all runs.
    command.env("CARGO_TARGET_DIR", std::path::absolute("target/mutants")?);
    command.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_INCREMENTAL", "1").env("PROPTEST_CASES", "16");
    println!("==> {command:?}");
    // That some change was missed, or made an endless loop, which is seen too: <https://mutants.rs/exit-codes.html>.
    if !command.status()?.code().is_some_and(|code| [0, 2, 3].contains(&code)) {
        bail!("failed: {command:?}");
    }
    Ok(())
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
