//! `cargo xtask deep`: the checks that take too long to run for every change.
//!
//! A check whose tool is not installed is left out, with a message that names the tool.

mod fuzzing;
mod reliability;
mod tools;

use std::fs;
use std::process::Command;

use anyhow::{Result, bail};

pub(crate) use fuzzing::{executions, fuzz, sanitized};
pub(crate) use reliability::check as reliability;

use crate::{catalog, examples, msrv, workspace};
use tools::{is_installed, leave_out, run};

/// Runs all checks.
pub(crate) fn all() -> Result<()> {
    features()?;
    clients()?;
    datafusion()?;
    deny()?;
    msrv::compile()?;
    shuttle("100000")?;
    equal()?;
    soak("60")?;
    fuzz("600")?;
    executions("10000000", &[])?;
    sanitized("1000000", &[])?;
    reliability()?;
    mutants(None)
}

/// Checks that every published crate compiles without features, and with each of its features
/// alone, both without dev-dependencies. Tests the smallest catalog.
pub(crate) fn features() -> Result<()> {
    for member in workspace::published()? {
        let features = member.features.iter().map(String::as_str);
        for feature in std::iter::once("").chain(features) {
            let options = ["clippy", "-p", &member.name, "--no-default-features", "--features"];
            run(Command::new("cargo").args(options).args([feature, "--", "-D", "warnings"]))?;
        }
    }
    // A program that calls only Cloud Storage, with the catalog that contains only Cloud Storage.
    run(Command::new("cargo")
        .args(["test", "--package", "gcp-scopes-object-store", "--no-default-features"])
        .args(["--features", "catalog-storage,v0_14"]))
}

/// Checks that the committed extracts from Google's clients equal what the pinned packages contain.
pub(crate) fn clients() -> Result<()> {
    catalog::check_clients()
}

/// The program that queries through DataFusion.
const DATAFUSION: &str = "clients/datafusion/src/main.rs";

/// Compares what the service over DataFusion prints with the committed file. DataFusion takes
/// minutes to compile.
pub(crate) fn datafusion() -> Result<()> {
    examples::check_one(DATAFUSION)
}

/// Writes what the service over DataFusion prints to its file.
pub(crate) fn write_datafusion() -> Result<()> {
    examples::write_one(DATAFUSION)
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

/// Compares the quick check that begins most calls with the full lookup, for more than a million
/// calls.
pub(crate) fn equal() -> Result<()> {
    let arguments = ["test", "--release", "--test", "quick", "--", "--nocapture"];
    // A prime number: the test makes one of 307 of its 447 million calls, in six CPU minutes.
    run(Command::new("cargo").args(arguments).env("QUICK_STEP", "307"))
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
        "NOT CHECKED: advisories, because their database cannot be downloaded here; with a \
         network, run `cargo deny check advisories`"
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
    command
        .args(["mutants", "--package", package, "--jobs", "1", "--output", "target"])
        .args(arguments);
    shard.into_iter().for_each(|shard| _ = command.args(["--shard", shard]));
    // cargo-mutants compiles a copy of the source. One target folder for all copies compiles the
    // dependencies once.
    command.env("CARGO_TARGET_DIR", std::path::absolute("target/mutants")?);
    command
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_INCREMENTAL", "1")
        .env("PROPTEST_CASES", "16");
    println!("==> {command:?}");
    // 2: a change was missed, which `require_none_missed` reports; 3: a change led to an endless
    // loop, which counts as noticed. Source: <https://mutants.rs/exit-codes.html>.
    if !command.status()?.code().is_some_and(|code| [0, 2, 3].contains(&code)) {
        bail!("failed: {command:?}");
    }
    Ok(())
}
