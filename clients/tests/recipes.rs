//! The recipes of `docs/recipes.md`, compiled and run.
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in what they call")]

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use gcp_bigquery_client::error::{BQError, NestedResponseError, ResponseError};
use gcp_scopes::call::Call;
use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes};
use gcp_scopes::refusal::Answer;
use gcp_scopes::testing::{FakeGoogle, Vm};
use gcp_scopes::{Denial, Guard, Scope};
use http::{Method, Uri};
use tower::ServiceExt;
use yup_oauth2::storage::{TokenInfo, TokenStorage, TokenStorageError};

// recipe: tower over reqwest::Client
fn guarded(
    guard: &Guard,
    client: reqwest::Client,
) -> impl tower::Service<http::Request<reqwest::Body>, Error: Into<tower::BoxError>> {
    let send = move |request: http::Request<reqwest::Body>| {
        let client = client.clone();
        async move { client.execute(request.try_into()?).await.map(http::Response::from) }
    };
    tower::ServiceBuilder::new().layer(guard.layer()).service(tower::service_fn(send))
}
// end

// recipe: a client that keeps words only
/// What to do about an error of which only the words are left.
fn explain(guard: &Guard, url: &'static str, words: &str) -> Option<Denial> {
    let (verb, uri) = (Method::POST, Uri::from_static(url));
    let granted = GrantedScopes::unknown("the client does not say which token it sent");
    guard.explain(&Call::new(&verb, &uri), &granted, &Answer::new(words.as_bytes()))
}
// end

// recipe: gcp-bigquery-client
fn explain_query(guard: &Guard, error: &BQError) -> Option<Denial> {
    let BQError::ResponseError { error } = error else { return None };
    explain(guard, "https://bigquery.googleapis.com/bigquery/v2/projects/p/queries", &error.error.message)
}
// end

// recipe: yup-oauth2
/// For a service account key, which is granted what it asks for; not for a user's login.
struct Storage {
    guard: Guard,
    tokens: Mutex<HashMap<String, TokenInfo>>,
}

#[async_trait]
impl TokenStorage for Storage {
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
async fn a_service_over_reqwests_client_is_guarded() {
    let google = FakeGoogle::builder().vm(Vm::new("web-1")).bucket("photos").start().await.unwrap();
    let guard = Guard::builder().env(google.env());
    let guard = guard.endpoint(google.storage_url(), "storage.googleapis.com").unwrap().build();
    let url = format!("{}/upload/storage/v1/b/photos/o?uploadType=media&name=x", google.storage_url());
    let token = format!("Bearer {}", google.token());
    let request = http::Request::post(url).header("authorization", token).body("meow".into()).unwrap();
    let error = guarded(&guard, reqwest_client()).oneshot(request).await.err().unwrap().into();
    assert_eq!(Denial::of(&*error).unwrap().method().unwrap().id(), "storage.objects.insert");
}

#[test]
fn a_query_that_lacks_a_scope_is_explained_and_another_failure_is_not() {
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
    let scope = error(403, "Request had insufficient authentication scopes.");
    let denial = explain_query(&guard, &scope).unwrap();
    assert_eq!(denial.method().unwrap().id(), "bigquery.jobs.query");
    let iam = error(403, "Access Denied: Project p: User does not have bigquery.jobs.create permission");
    assert!(explain_query(&guard, &iam).is_none());
    assert!(explain_query(&guard, &BQError::NoToken).is_none());
}

#[test]
fn firestores_words_are_enough() {
    let guard = Guard::builder().build();
    let words = "Data not found or permission error: code: PermissionDenied, message: \
                 Request had insufficient authentication scopes.";
    let url = "https://firestore.googleapis.com/google.firestore.v1.Firestore/Commit";
    let denial = explain(&guard, url, words).unwrap();
    assert_eq!(denial.method().unwrap().id(), "google.firestore.v1.Firestore.Commit");
}

#[tokio::test]
async fn a_token_that_yup_oauth2_stores_is_known() {
    let guard = Guard::builder().preflight(gcp_scopes::Preflight::Deny).build();
    let storage = Storage { guard: guard.clone(), tokens: Mutex::default() };
    let read_only = "https://www.googleapis.com/auth/devstorage.read_only";
    let token = TokenInfo {
        access_token: Some("ya29.stored".to_owned()),
        refresh_token: None,
        expires_at: None,
        id_token: None,
    };
    storage.set(&[read_only], token).await.unwrap();
    assert!(storage.get(&[read_only]).await.is_some());
    let client = reqwest_middleware::ClientBuilder::new(reqwest_client()).with(guard.middleware()).build();
    let url = "https://storage.googleapis.com/upload/storage/v1/b/b/o?uploadType=media&name=x";
    let error = client.post(url).bearer_auth("ya29.stored").send().await.unwrap_err();
    assert_eq!(Denial::of(&error).unwrap().granted().source(), Some(GrantSource::Declared));
}

fn reqwest_client() -> reqwest::Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::new()
}

#[test]
fn the_page_shows_what_is_compiled_here() {
    let (page, code) = (include_str!("../../docs/recipes.md"), include_str!("recipes.rs"));
    let recipes = code.split("// recipe: ").skip(1).filter_map(|rest| rest.split_once("// end"));
    let recipes: Vec<_> = recipes.filter_map(|(recipe, _)| recipe.split_once('\n')).take(4).collect();
    assert_eq!(recipes.len(), 4);
    for (name, recipe) in recipes {
        assert!(page.contains(recipe), "docs/recipes.md has another text for {name}");
        assert!(recipe.lines().count() <= 25, "{name} is long");
    }
}
