//! The guard inside real, published clients: every [case](case.rs) over every client.
//!
//! `cargo run -p clients` runs them all and prints the table; `cargo run -p clients -- opendal upload`
//! runs the columns and the rows whose names hold these words.
//!
//! # To add a client
//! 1. Write `src/<client>.rs` with a type that implements `Kind` (`kind.rs`): its name, which API it
//!    calls, and how it is built for a `World`, with a guard and without.
//! 2. What it builds implements `Client`: one small call of its own for each operation that a case
//!    needs, and what came of it as an `Answer` or a `Failure`.
//! 3. Add one line to `all` below.
//!
//! What a client has no way to show it says in `Kind::cannot`; the table prints that sentence as a
//! footnote. Every operation is written as a user of that client would write it: no retry, no
//! conversion and no look into the guard that a user would not have.
//!
//! `reqwest_middleware.rs` is the shortest example over JSON. The fake Google enforces the scopes itself:
//! Cloud Storage by its own tables, any other API by what the row says with `Script::serve`.

mod case;
mod cases;
mod gcloud_sdk;
mod kind;
mod object_store;
mod opendal;
mod refusal;
mod reqwest_middleware;
mod table;
mod tonic;
mod world;

use kind::Kind;

pub use table::{Table, run};

/// Every client, one column each.
fn all() -> Vec<Box<dyn Kind>> {
    let mut all: Vec<Box<dyn Kind>> = Vec::new();
    all.extend(object_store::kinds());
    all.extend(opendal::kinds());
    all.extend(reqwest_middleware::kinds());
    all.extend(tonic::kinds());
    all.push(Box::new(gcloud_sdk::GcloudSdk));
    all
}
