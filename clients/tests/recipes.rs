//! Compiles and tests the recipes of `docs/recipes.md`, and checks that the page contains their
//! text.
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in what they call")]

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use gcp_bigquery_client::error::{BQError, NestedResponseError, ResponseError};
use gcp_scopes::call::Call;
use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes};
use gcp_scopes::refusal::ErrorResponse;
use gcp_scopes::response::GuardBody;
use gcp_scopes::{Denial, Guard, Scope};
use gcp_scopes_google_cloud::GuardGoogleCloudExt as _;
use gcp_scopes_testing::{FakeGoogle, RefusalForm, Service, Vm};
use google_cloud_auth::credentials::anonymous;
use google_cloud_pubsub::client::Publisher;
use google_cloud_pubsub::error::PublishError;
use google_cloud_pubsub::model::Message;
use http::{HeaderMap, Method, Response, Uri};
use http_body_util::{BodyExt, Full};
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Layer, ServiceExt};
use yup_oauth2::storage::{TokenInfo, TokenStorage, TokenStorageError};

// recipe: tower over reqwest::Client
type Guarded<Q, A> = BoxCloneSyncService<http::Request<Q>, http::Response<GuardBody<A>>, BoxError>;

fn guarded(guard: &Guard, client: reqwest::Client) -> Guarded<reqwest::Body, reqwest::Body> {
    let send = move |request: http::Request<reqwest::Body>| {
        let client = client.clone();
        async move { client.execute(request.try_into()?).await.map(http::Response::from) }
    };
    BoxCloneSyncService::new(guard.layer().layer(tower::service_fn(send)))
}
// end

// recipe: a client that blocks, such as ureq
fn guarded_ureq(guard: &Guard) -> Guarded<Vec<u8>, Full<Bytes>> {
    // The guard must see a refusal as a response, not as an error, and must see each redirect.
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
    let agent: ureq::Agent = config.max_redirects_will_error(false).build().into();
    let send = move |request: http::Request<Vec<u8>>| {
        let agent = agent.clone();
        let send = move || -> Result<http::Response<Full<Bytes>>, ureq::Error> {
            let (parts, mut body) = agent.run(request)?.into_parts();
            Ok(http::Response::from_parts(
                parts,
                body.with_config().limit(u64::MAX).read_to_vec()?.into(),
            ))
        };
        async move { Ok::<_, BoxError>(send()?) }
    };
    BoxCloneSyncService::new(guard.layer().layer(tower::service_fn(send)))
}
// end

// recipe: google-cloud-pubsub
fn explain_publish(guard: &Guard, error: &PublishError) -> Option<Denial> {
    let PublishError::Rpc(error) = error else { return None };
    guard.explain_error(&**error)
}
// end

// recipe: a client that keeps only the message
/// Explains a refusal of which only the message is known.
fn explain(guard: &Guard, url: &'static str, message: &str) -> Option<Denial> {
    let (verb, uri) = (Method::POST, Uri::from_static(url));
    let granted = GrantedScopes::unknown("the client does not say which token it sent");
    guard.explain(&Call::new(&verb, &uri), &granted, &ErrorResponse::from_text(message))
}
// end

// recipe: gcp-bigquery-client
fn explain_query(guard: &Guard, error: &BQError) -> Option<Denial> {
    let BQError::ResponseError { error } = error else { return None };
    explain(
        guard,
        "https://bigquery.googleapis.com/bigquery/v2/projects/p/queries",
        &error.error.message,
    )
}
// end

// recipe: yup-oauth2
/// Declares the scopes of each token to the guard. Only for a service account key, whose tokens
/// hold the requested scopes; not for a user's login.
struct DeclaringStorage {
    guard: Guard,
    tokens: Mutex<HashMap<String, TokenInfo>>,
}

#[async_trait]
impl TokenStorage for DeclaringStorage {
    async fn set(&self, scopes: &[&str], token: TokenInfo) -> Result<(), TokenStorageError> {
        if let Some(access) = token.access_token.as_deref().and_then(AccessToken::new) {
            let scopes = scopes.iter().map(|scope| Scope::from_uri(scope)).collect();
            self.guard.declare(access, GrantedScopes::known(scopes, GrantSource::Declared));
        }
        self.tokens.lock().unwrap().insert(scopes.join(" "), token);
        Ok(())
    }

    async fn get(&self, scopes: &[&str]) -> Option<TokenInfo> {
        self.tokens.lock().unwrap().get(&scopes.join(" ")).cloned()
    }
}
// end

#[tokio::test]
async fn a_tower_service_around_reqwest_is_guarded() {
    let google = FakeGoogle::builder().vm(Vm::new("web-1")).bucket("photos").start().await.unwrap();
    let guard = Guard::builder().env(google.env());
    let guard = guard.endpoint(google.storage_url(), "storage.googleapis.com").unwrap().build();
    let url =
        format!("{}/upload/storage/v1/b/photos/o?uploadType=media&name=x", google.storage_url());
    let token = format!("Bearer {}", google.token());
    let request =
        http::Request::post(url).header("authorization", token).body("meow".into()).unwrap();
    let error = guarded(&guard, reqwest_client()).oneshot(request).await.unwrap_err();
    assert_eq!(Denial::find(&*error).unwrap().method().unwrap().id(), "storage.objects.insert");
}

/// A blocking program needs a runtime only to wait for the guard's future.
#[test]
fn a_blocking_client_is_guarded() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let google = FakeGoogle::builder().vm(Vm::new("web-1")).bucket("photos").start();
    let google = runtime.block_on(google).unwrap();
    let guard = Guard::builder().env(google.env());
    let guard = guard.endpoint(google.storage_url(), "storage.googleapis.com").unwrap().build();
    let call = |verb, path: &str| {
        let request = http::Request::builder().method(verb).uri(google.storage_url() + path);
        let request = request.header("authorization", format!("Bearer {}", google.token()));
        let request = request.body(b"meow".to_vec()).unwrap();
        runtime.block_on(guarded_ureq(&guard).oneshot(request))
    };
    let error = call("POST", "/upload/storage/v1/b/photos/o?uploadType=media&name=x").unwrap_err();
    assert_eq!(Denial::find(&*error).unwrap().method().unwrap().id(), "storage.objects.insert");
    // A refusal by IAM is passed on unchanged.
    let refused = call("GET", "/storage/v1/b/photos/o").unwrap();
    assert_eq!(refused.status(), 403);
    let body = runtime.block_on(refused.into_body().collect()).unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("storage.objects.list"), "{body:?}");
}

/// Returns the trailers and the response of a gRPC call that ends with this status.
fn grpc_response(
    status: &'static str,
    body: &'static [u8],
) -> (HeaderMap, Response<&'static [u8]>) {
    let response =
        Response::builder().header("content-type", "application/grpc").body(body).unwrap();
    (HeaderMap::from_iter([("grpc-status".parse().unwrap(), status.parse().unwrap())]), response)
}

#[tokio::test]
async fn a_publisher_retries_a_server_error_and_its_refusal_is_explained() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let google = FakeGoogle::builder().start().await.unwrap();
    let guard = Guard::builder().env(google.env()).build();
    let publisher = Publisher::builder("projects/my-project/topics/orders")
        .with_endpoint(google.url_of(Service::OtherApi));
    let credentials = guard.credentials(anonymous::Builder::new().build());
    let publisher = publisher.with_credentials(credentials).build().await.unwrap();
    let publish = || publisher.publish(Message::new().set_data("order 7"));

    let (unavailable, no_message) = grpc_response("14", b"");
    google.other_api().with_trailers(unavailable).respond(no_message);
    // A frame with the encoding of `PublishResponse { message_ids: ["1"] }`.
    let (ok, published) = grpc_response("0", b"\0\0\0\0\x03\x0a\x011");
    google.other_api().with_trailers(ok).respond(published);
    assert_eq!(publish().await.unwrap(), "1");
    assert_eq!(google.requests().len(), 2);

    google.other_api().respond_with(RefusalForm::GrpcScope);
    let report = explain_publish(&guard, &publish().await.unwrap_err()).unwrap().report();
    assert!(report.contains("google.pubsub.v1.Publisher.Publish"), "{report}");
}

#[test]
fn only_a_query_refused_for_lack_of_scope_is_explained() {
    let guard = Guard::builder().build();
    let error = |code, message: &str| BQError::ResponseError {
        error: ResponseError {
            error: NestedResponseError {
                code,
                errors: Vec::new(),
                message: message.to_owned(),
                status: "PERMISSION_DENIED".to_owned(),
            },
        },
    };
    let scope_refusal = error(403, "Request had insufficient authentication scopes.");
    let denial = explain_query(&guard, &scope_refusal).unwrap();
    assert_eq!(denial.method().unwrap().id(), "bigquery.jobs.query");
    let iam_refusal =
        error(403, "Access Denied: Project p: User does not have bigquery.jobs.create permission");
    assert!(explain_query(&guard, &iam_refusal).is_none());
    assert!(explain_query(&guard, &BQError::NoToken).is_none());
}

#[test]
fn the_message_of_a_firestore_error_is_enough() {
    let guard = Guard::builder().build();
    let message = "Data not found or permission error: code: PermissionDenied, message: Request \
                   had insufficient authentication scopes.";
    let url = "https://firestore.googleapis.com/google.firestore.v1.Firestore/Commit";
    let denial = explain(&guard, url, message).unwrap();
    assert_eq!(denial.method().unwrap().id(), "google.firestore.v1.Firestore.Commit");
}

#[tokio::test]
async fn the_scopes_of_a_token_that_yup_oauth2_stores_are_known() {
    let guard = Guard::builder().preflight(gcp_scopes::Preflight::Deny).build();
    let storage = DeclaringStorage { guard: guard.clone(), tokens: Mutex::default() };
    let read_only = "https://www.googleapis.com/auth/devstorage.read_only";
    let token = TokenInfo {
        access_token: Some("ya29.stored".to_owned()),
        refresh_token: None,
        expires_at: None,
        id_token: None,
    };
    storage.set(&[read_only], token).await.unwrap();
    assert!(storage.get(&[read_only]).await.is_some());
    let client =
        reqwest_middleware::ClientBuilder::new(reqwest_client()).with(guard.middleware()).build();
    let url = "https://storage.googleapis.com/upload/storage/v1/b/b/o?uploadType=media&name=x";
    let error = client.post(url).bearer_auth("ya29.stored").send().await.unwrap_err();
    assert_eq!(Denial::find(&error).unwrap().granted().source(), Some(GrantSource::Declared));
}

fn reqwest_client() -> reqwest::Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::new()
}

#[test]
fn the_page_contains_the_recipes() {
    let (page, code) = (include_str!("../../docs/recipes.md"), include_str!("recipes.rs"));
    let recipes = code.split("// recipe: ").skip(1).filter_map(|rest| rest.split_once("// end"));
    let recipes: Vec<_> =
        recipes.filter_map(|(recipe, _)| recipe.split_once('\n')).take(6).collect();
    assert_eq!(recipes.len(), 6);
    for (name, recipe) in recipes {
        assert!(
            page.contains(recipe),
            "docs/recipes.md differs from the recipe in this file: {name}"
        );
        assert!(recipe.lines().count() <= 25, "the recipe has more than 25 lines: {name}");
    }
}
