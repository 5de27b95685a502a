//! An example service, and tests for what it does when Google refuses a call. The tests run against
//! the fake Google and need neither network nor credentials.
//!
//! `cargo run --example own_tests` prints the message that the service's user gets;
//! `cargo test --example own_tests` runs the tests.

use gcp_scopes::{Denial, Guard};
use gcp_scopes_testing::{FakeGoogle, Vm};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};

/// The service, which stores photos in Cloud Storage.
struct Photos {
    http: ClientWithMiddleware,
    storage: String,
    token: String,
}

impl Photos {
    /// Uploads a photo. The error is a message for the user. If a scope is missing, the message
    /// asks the user to call the VM's operator, and names the scope.
    async fn store(&self, name: &str) -> Result<(), String> {
        let url =
            format!("{}/upload/storage/v1/b/photos/o?uploadType=media&name={name}", self.storage);
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

/// Starts the service as if it ran on the VM of the fake Google.
async fn start(google: &FakeGoogle) -> Result<Photos, gcp_scopes::Error> {
    Ok(photos(google, &guard(google).await?))
}

async fn guard(google: &FakeGoogle) -> Result<Guard, gcp_scopes::Error> {
    // In production `Guard::detect().await` is enough: the environment and the endpoint are the
    // fake's.
    let guard = Guard::builder()
        .env(google.env())
        .endpoint(google.storage_url(), "storage.googleapis.com")?;
    Ok(guard.detect().await)
}

fn photos(google: &FakeGoogle, guard: &Guard) -> Photos {
    let http = ClientBuilder::new(reqwest::Client::new()).with(guard.middleware()).build();
    Photos { http, storage: google.storage_url(), token: google.token() }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let vm = Vm::new("web-1").scopes(["devstorage.read_only"]);
    let google = FakeGoogle::builder().vm(vm).bucket("photos").start().await?;
    let message =
        start(&google).await?.store("cat.jpg").await.err().ok_or("the photo was stored")?;
    println!("{message}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "photos@my-project.iam.gserviceaccount.com";

    /// Starts a fake Google whose VM has the scope `scope`, and whose account has the IAM role
    /// `role`.
    async fn vm_with(scope: &str, role: &str) -> FakeGoogle {
        // `cargo test --workspace` builds reqwest without a crypto provider. The result is an error
        // if another test has installed the provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let vm = Vm::new("web-1").account(ACCOUNT).scopes([scope]);
        let google = FakeGoogle::builder().vm(vm).bucket("photos").iam("photos", ACCOUNT, role);
        google.start().await.unwrap()
    }

    #[tokio::test]
    async fn without_the_scope_the_message_names_the_scope_and_the_operator() {
        let google = vm_with("devstorage.read_only", "roles/storage.objectAdmin").await;
        let message = start(&google).await.unwrap().store("cat.jpg").await.unwrap_err();
        assert!(
            message.contains("call the operator") && message.contains("devstorage.read_write"),
            "{message}"
        );
    }

    #[tokio::test]
    async fn without_the_iam_role_the_message_does_not_blame_the_vm() {
        let google = vm_with("cloud-platform", "roles/storage.objectViewer").await;
        let result = start(&google).await.unwrap().store("cat.jpg").await;
        assert_eq!(result, Err("not stored: HTTP 403 Forbidden".into()));
    }

    #[tokio::test]
    async fn with_the_scope_added_the_photo_is_stored() {
        let google = vm_with("devstorage.read_only", "roles/storage.objectAdmin").await;
        let vm = google.vm("web-1");
        vm.stop().unwrap();
        vm.set_scopes(["devstorage.read_write"]).unwrap();
        vm.start().unwrap();
        assert_eq!(start(&google).await.unwrap().store("cat.jpg").await, Ok(()));
    }

    /// The file is checked against the Terraform plan before the service is deployed. If this test
    /// fails, its message contains the lines to add to the file.
    #[tokio::test]
    async fn the_needs_file_names_every_method_that_the_service_calls() {
        let google = vm_with("cloud-platform", "roles/storage.objectAdmin").await;
        let guard = guard(&google).await.unwrap();
        let recorder = guard.recorder();
        photos(&google, &guard).store("cat.jpg").await.unwrap();
        recorder.require_needs(include_str!("before_you_deploy/gcp-needs.json")).unwrap();
    }
}
