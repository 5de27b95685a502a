//! Tokens come from a broker of one's own, which knows what it granted. A `GrantedScopesSource` tells
//! the guard, so a call that cannot succeed is not even sent.
//!
//! `cargo run --example custom_source`. Nothing leaves this machine.

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

/// Hands out tokens and keeps a record of what each may do. A real one asks a service over the network.
#[derive(Clone, Default)]
struct Broker {
    granted: Arc<Mutex<HashMap<String, ScopeSet>>>,
}

impl Broker {
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
        // `None` for a token of somebody else's: then the next source is asked.
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
        match service.ready().await?.call(upload(&google, &token)?).await.as_ref().map(Response::status) {
            Ok(StatusCode::OK) => println!("  stored"),
            Ok(status) => return Err(format!("neither stored nor denied: {status}").into()),
            Err(error) => println!("  {}", Denial::find(&**error).ok_or("the error should hold a denial")?),
        }
        println!("  {} requests have reached Cloud Storage\n", requests(&google));
    }
    Ok(())
}

fn upload(google: &FakeGoogle, token: &str) -> http::Result<Request<Full<Bytes>>> {
    let url = format!("{}/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg", google.storage_url());
    Request::post(url).header(header::AUTHORIZATION, format!("Bearer {token}")).body(Full::from("meow"))
}

fn requests(google: &FakeGoogle) -> usize {
    google.requests().iter().filter(|request| request.service() == Service::Storage).count()
}
