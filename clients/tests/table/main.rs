//! Runs every scenario with every client, as `cargo run --manifest-path clients/Cargo.toml` does,
//! and checks that no line that any crate logs meanwhile, at any level, contains a part of a token.
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in what they call")]

mod leaks;
#[path = "../../../tests/support/writings.rs"]
mod writings;

use std::io::Write as _;
use std::panic;
use std::sync::Mutex;

use clients::Table;
use leaks::{Leaks, LogBuffer};
use tokio::sync::OnceCell;

/// Returns the results of every scenario with every client, and the leaks in the log. The scenarios
/// run once for all tests.
async fn results() -> &'static (Table, Leaks) {
    static RESULTS: OnceCell<(Table, Leaks)> = OnceCell::const_new();
    RESULTS.get_or_init(run_all).await
}

async fn run_all() -> (Table, Leaks) {
    let log = LogBuffer::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
    subscriber.with_writer(move || writer.clone()).init();
    // The message of a panic may contain a token, too.
    let panics = Mutex::new(log.clone());
    panic::set_hook(Box::new(move |panic| _ = writeln!(panics.lock().unwrap(), "{panic}")));
    let table = clients::run("", "").await;
    drop(panic::take_hook());
    (table, Leaks::from_log(&log.text()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_scenario_passes_with_every_client() {
    let (table, _) = results().await;
    println!("{table}");
    assert!(table.is_green(), "{table}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_client_logs_a_part_of_a_token() {
    let (_, leaks) = results().await;
    println!("{leaks}");
    for crate_name in ["gcp_scopes", "clients", "hyper_util", "h2", "reqwest", "tonic"] {
        assert!(
            leaks.lines_of(crate_name) > 0,
            "{crate_name} logged nothing, so its logs were not checked"
        );
    }
    assert!(leaks.leaking_lines().is_empty(), "{leaks}");
}
