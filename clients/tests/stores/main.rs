//! object_store and opendal, where they do what no other client does; and Cloud Storage as somebody else
//! emulates it. What every client does is in the table of `src/`.
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in what they call")]

mod emulator;
mod object_store;
mod opendal;

use gcp_scopes::{Guard, GuardBuilder, Preflight};
use gcp_scopes_testing::{FakeGoogle, Service};

const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";
/// Clients that encode the dash must still be understood.
const BUCKET: &str = "my-photos";

async fn google() -> FakeGoogle {
    let google = FakeGoogle::builder().bucket(BUCKET).iam(BUCKET, ACCOUNT, "roles/storage.admin");
    google.start().await.unwrap()
}

/// A token of the machine's account, with other scopes than the machine's.
fn rich(google: &FakeGoogle) -> String {
    google.mint(ACCOUNT, ["devstorage.full_control"])
}

fn guard(google: &FakeGoogle) -> GuardBuilder {
    provide_crypto();
    Guard::builder()
        .env(google.env())
        .endpoint(google.storage_url(), "storage.googleapis.com")
        .unwrap()
        .preflight(Preflight::Warn)
        .without_tokeninfo()
}

/// reqwest is built without a crypto provider here. Somebody else's choice is as good as this one.
fn provide_crypto() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

fn calls(google: &FakeGoogle) -> usize {
    google.requests().iter().filter(|request| request.service() == Service::Storage).count()
}

/// So many MiB, in which every byte has its place.
fn film(size: u32) -> Vec<u8> {
    (0..size * 1024 * 1024).map(|place| (place.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}
