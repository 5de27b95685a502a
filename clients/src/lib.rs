//! Runs every scenario of [`gcp_scopes_testing::scenarios`] with the guard inside published
//! clients.
//!
//! `cargo run --manifest-path clients/Cargo.toml` runs all scenarios with all clients, and prints a
//! table with a row for each scenario and a column for each client. With the arguments
//! `-- opendal upload`, the command runs only the columns whose names contain `opendal`, and the
//! rows whose names contain `upload`.
//!
//! `docs/support-another-client.md` describes how to add a client.

mod gcloud_bigquery;
mod gcloud_sdk;
mod gcloud_storage;
mod google_apis;
mod google_cloud;
mod kind;
mod object_store_0_13;
mod object_store_0_14;
mod opendal;
mod reqwest_middleware;
mod scene;
mod subject;
mod table;
mod tonic;
mod tower;

use kind::Kind;

pub use table::{Table, names, run};

/// Returns every kind of client: the columns of the table, in their order.
fn all_kinds() -> Vec<Box<dyn Kind>> {
    let mut kinds: Vec<Box<dyn Kind>> = Vec::new();
    kinds.extend(object_store_0_14::kinds());
    kinds.extend(object_store_0_13::kinds());
    kinds.extend(opendal::kinds());
    kinds.extend(reqwest_middleware::kinds());
    kinds.extend(tonic::kinds());
    kinds.push(Box::new(gcloud_sdk::GcloudSdk));
    kinds.extend(tower::kinds());
    kinds.extend(gcloud_storage::kinds());
    kinds.extend(gcloud_bigquery::kinds());
    kinds.extend(google_cloud::kinds());
    kinds.extend(google_apis::kinds());
    kinds
}

/// Returns a source of tokens for the gcloud-* clients that gives them `token` for every request.
#[must_use]
pub fn fixed_token(token: String) -> impl token_source::TokenSourceProvider + 'static {
    gcloud_storage::FixedTokenSource(token)
}
