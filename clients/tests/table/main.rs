//! The same as `cargo run --manifest-path clients/Cargo.toml`, as a test; and nothing that is logged meanwhile, by any crate at any
//! level, holds a token.
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in what they call")]

mod leaks;
#[path = "../../../tests/support/writings.rs"]
mod writings;

use std::io::Write as _;
use std::panic;
use std::sync::Mutex;

use clients::Table;
use leaks::{Leaks, Log};
use tokio::sync::OnceCell;

/// Every case over every client, played once for all tests.
async fn played() -> &'static (Table, Leaks) {
    static PLAYED: OnceCell<(Table, Leaks)> = OnceCell::const_new();
    PLAYED.get_or_init(play).await
}

async fn play() -> (Table, Leaks) {
    let log = Log::default();
    let sink = log.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
    subscriber.with_writer(move || sink.clone()).init();
    let panics = Mutex::new(log.clone());
    panic::set_hook(Box::new(move |panic| _ = writeln!(panics.lock().unwrap(), "{panic}")));
    let table = clients::run("", "").await;
    drop(panic::take_hook());
    (table, Leaks::of(&log.text()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_holds_over_every_client() {
    let (table, _) = played().await;
    println!("{table}");
    assert!(table.is_green(), "{table}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_all_logging_on_no_client_shows_a_piece_of_a_token() {
    let (_, leaks) = played().await;
    println!("{leaks}");
    for crate_name in ["gcp_scopes", "clients", "hyper_util", "h2", "reqwest", "tonic"] {
        assert!(leaks.lines_of(crate_name) > 0, "nothing was logged by {crate_name}");
    }
    assert!(leaks.found().is_empty(), "{leaks}");
}
