//! Shows a program that gets its tokens from its own token broker. The broker knows the scopes that
//! it granted, and implements `GrantedScopesSource`. So the guard knows each token's scopes before
//! the first call, and a call that lacks a scope is not sent.
//!
//! `cargo run --example custom_source` needs no network: the fake Google listens on 127.0.0.1.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes, GrantedScopesSource};
use gcp_scopes::{Denial, Guard, Preflight, ScopeSet};
use gcp_scopes_testing::{FakeGoogle, Service};
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tower::{BoxError, Service as _, ServiceBuilder, ServiceExt};

const ACCOUNT: &str = "photos@my-project.iam.gserviceaccount.com";

/// A token broker that records the scopes of each token. A real broker would be a service in the
/// network, and `granted` would send a request to it.
#[derive(Clone, Default)]
struct Broker {
    granted: Arc<Mutex<HashMap<String, ScopeSet>>>,
}

impl Broker {
    /// Issues a token with one scope.
    fn token(&self, google: &FakeGoogle, scope: &str) -> String {
        let token = google.mint(ACCOUNT, [scope]);
        self.granted
            .lock()
            .expect("no holder panics")
            .insert(token.clone(), ScopeSet::from_scope_text(scope));
        token
    }
}

impl GrantedScopesSource for Broker {
    fn name(&self) -> &str {
        "the token broker"
    }

    async fn granted(&self, token: AccessToken<'_>) -> Option<GrantedScopes> {
        // `None` for a token that the broker did not issue: the guard then queries its next source.
        let scopes = self.granted.lock().expect("no holder panics").get(token.secret()).cloned();
        scopes.map(|scopes| GrantedScopes::known(scopes, GrantSource::Custom))
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let google = FakeGoogle::builder()
        .bucket("photos")
        .iam("photos", ACCOUNT, "roles/storage.objectAdmin")
        .start()
        .await?;
    let broker = Broker::default();
    let guard = Guard::builder()
        .endpoint(google.storage_url(), "storage.googleapis.com")?
        .source(broker.clone())
        .preflight(Preflight::Deny)
        .build();
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let mut service = ServiceBuilder::new().layer(guard.layer()).service(client);

    for scope in ["devstorage.read_only", "devstorage.read_write"] {
        let token = broker.token(&google, &format!("https://www.googleapis.com/auth/{scope}"));
        println!("with {scope}:");
        match service
            .ready()
            .await?
            .call(upload(&google, &token)?)
            .await
            .as_ref()
            .map(Response::status)
        {
            Ok(StatusCode::OK) => println!("  stored"),
            Ok(status) => {
                return Err(
                    format!("the upload was neither stored nor denied: HTTP {status}").into()
                );
            }
            Err(error) => {
                println!("  {}", Denial::find(&**error).ok_or("the error should hold a denial")?)
            }
        }
        println!("  {} requests have reached Cloud Storage\n", storage_requests(&google));
    }
    Ok(())
}

/// Returns the request that uploads an object with `token`.
fn upload(google: &FakeGoogle, token: &str) -> http::Result<Request<Full<Bytes>>> {
    let url = format!(
        "{}/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg",
        google.storage_url()
    );
    Request::post(url)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Full::from("meow"))
}

/// Returns how many requests have reached the fake Cloud Storage.
fn storage_requests(google: &FakeGoogle) -> usize {
    google.requests().iter().filter(|request| request.service() == Service::Storage).count()
}
