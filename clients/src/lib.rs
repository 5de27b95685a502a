//! The guard inside real, published clients: every case over every client.
//!
//! `cargo run --manifest-path clients/Cargo.toml` runs them all and prints the table; `cargo run --manifest-path clients/Cargo.toml -- opendal upload`
//! runs the columns and the rows whose names hold these words.
//!
//! To add a client: `docs/support-another-client.md`.

mod gcloud_bigquery;
mod gcloud_sdk;
mod gcloud_storage;
mod google_apis;
mod google_cloud;
mod kind;
mod object_store;
mod opendal;
mod reqwest_middleware;
mod scene;
mod subject;
mod table;
mod tonic;
mod tower;

use kind::Kind;

pub use table::{Table, names, run};

/// Every client, one column each.
fn all() -> Vec<Box<dyn Kind>> {
    let mut all: Vec<Box<dyn Kind>> = Vec::new();
    all.extend(object_store::kinds());
    all.extend(opendal::kinds());
    all.extend(reqwest_middleware::kinds());
    all.extend(tonic::kinds());
    all.push(Box::new(gcloud_sdk::GcloudSdk));
    all.extend(tower::kinds());
    all.extend(gcloud_storage::kinds());
    all.extend(gcloud_bigquery::kinds());
    all.extend(google_cloud::kinds());
    all.extend(google_apis::kinds());
    all
}

/// A token that is there already, in the form in which the gcloud-* clients take one.
#[must_use]
pub fn token(token: String) -> impl token_source::TokenSourceProvider + 'static {
    gcloud_storage::Token(token)
}
