//! Tests of behavior that only object_store or only opendal has, and tests with an emulator of
//! Cloud Storage that is not part of this project. What all clients have in common is tested by the
//! scenarios (`tests/table`).
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in what they call")]

mod emulator;
mod object_store_0_13;
mod object_store_0_14;
mod opendal;

use gcp_scopes::{Guard, GuardBuilder, Preflight};
use gcp_scopes_testing::{FakeGoogle, Service};

const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";
/// The name of the bucket. The name contains a dash because clients may percent-encode a dash.
const BUCKET: &str = "my-photos";

/// Starts a fake Google with the bucket, whose objects the account of the VM may read and write.
async fn google() -> FakeGoogle {
    let google = FakeGoogle::builder().bucket(BUCKET).iam(BUCKET, ACCOUNT, "roles/storage.admin");
    google.start().await.unwrap()
}

/// Returns a token of the VM's account with the scope `devstorage.full_control`. The default access
/// scopes of the VM only permit reading.
fn full_control_token(google: &FakeGoogle) -> String {
    google.mint(ACCOUNT, ["devstorage.full_control"])
}

/// Returns a builder of a guard that knows the fake Cloud Storage and does not query tokeninfo.
fn guard(google: &FakeGoogle) -> GuardBuilder {
    install_crypto_provider();
    Guard::builder()
        .env(google.env())
        .endpoint(google.storage_url(), "storage.googleapis.com")
        .unwrap()
        .preflight(Preflight::Warn)
        .without_tokeninfo()
}

/// Installs a crypto provider for rustls, without which `reqwest::Client` cannot be built in this
/// workspace. An error means that a provider is already installed, which is sufficient.
fn install_crypto_provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Returns how many requests Cloud Storage has received.
fn storage_calls(google: &FakeGoogle) -> usize {
    google.requests().iter().filter(|request| request.service() == Service::Storage).count()
}

/// Returns `mib` MiB of pseudo-random bytes, so that a lost or misplaced chunk changes the content.
/// The factor is 2^32 divided by the golden ratio (Knuth's multiplicative hash).
fn film(mib: u32) -> Vec<u8> {
    (0..mib * 1024 * 1024).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}
