//! A service of your own and the tests that hold it to what it does when Google refuses: against the
//! fake Google, without network and credentials.
//!
//! `cargo run --example own_tests` shows what its user sees, and
//! `cargo test --example own_tests` runs the tests below.

use gcp_scopes::{Denial, Guard};
use gcp_scopes_testing::{FakeGoogle, Vm};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};

/// The service: it keeps photos in Cloud Storage.
struct Photos {
    http: ClientWithMiddleware,
    storage: String,
    token: String,
}

impl Photos {
    /// What the service says when a photo is not stored: whom to call, and about what.
    async fn store(&self, name: &str) -> Result<(), String> {
        let url = format!("{}/upload/storage/v1/b/photos/o?uploadType=media&name={name}", self.storage);
        match self.http.post(url).bearer_auth(&self.token).body("meow").send().await {
            Ok(response) if response.status().is_success() => Ok(()),
            Ok(response) => Err(format!("not stored: HTTP {}", response.status())),
            Err(error) => match Denial::find(&error) {
                Some(denial) => Err(format!("not stored, call the operator of this VM: {denial}")),
                None => Err(format!("not stored: {error}")),
            },
        }
    }
}

/// The service as it would start on the fake's VM.
async fn start(google: &FakeGoogle) -> Result<Photos, gcp_scopes::Error> {
    // In the service: Guard::detect().await, and no endpoint.
    let guard =
        Guard::builder().env(google.env()).endpoint(google.storage_url(), "storage.googleapis.com")?;
    let guard = guard.detect().await;
    let http = ClientBuilder::new(reqwest::Client::new()).with(guard.middleware()).build();
    Ok(Photos { http, storage: google.storage_url(), token: google.token() })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let vm = Vm::new("web-1").scopes(["devstorage.read_only"]);
    let google = FakeGoogle::builder().vm(vm).bucket("photos").start().await?;
    let refused = start(&google).await?.store("cat.jpg").await.err().ok_or("the photo was stored")?;
    println!("{refused}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "photos@my-project.iam.gserviceaccount.com";

    async fn vm_with(scope: &str, role: &str) -> FakeGoogle {
        // `cargo test --workspace` builds reqwest without a crypto provider of its own.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let vm = Vm::new("web-1").account(ACCOUNT).scopes([scope]);
        let google = FakeGoogle::builder().vm(vm).bucket("photos").iam("photos", ACCOUNT, role);
        google.start().await.unwrap()
    }

    #[tokio::test]
    async fn a_vm_that_may_not_write_names_the_scope_and_the_operator() {
        let google = vm_with("devstorage.read_only", "roles/storage.objectAdmin").await;
        let refused = start(&google).await.unwrap().store("cat.jpg").await.unwrap_err();
        assert!(
            refused.contains("call the operator") && refused.contains("devstorage.read_write"),
            "{refused}"
        );
    }

    #[tokio::test]
    async fn an_account_without_the_role_is_no_matter_of_the_vm() {
        let google = vm_with("cloud-platform", "roles/storage.objectViewer").await;
        let refused = start(&google).await.unwrap().store("cat.jpg").await;
        assert_eq!(refused, Err("not stored: HTTP 403 Forbidden".into()));
    }

    #[tokio::test]
    async fn after_the_fix_the_photo_is_stored() {
        let google = vm_with("devstorage.read_only", "roles/storage.objectAdmin").await;
        let vm = google.vm("web-1");
        vm.stop().unwrap();
        vm.set_scopes(["devstorage.read_write"]).unwrap();
        vm.start().unwrap();
        assert_eq!(start(&google).await.unwrap().store("cat.jpg").await, Ok(()));
    }
}
