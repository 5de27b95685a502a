//! The connector for object_store. This file is compiled once for each version of object_store: its
//! parent module imports the version under the name `object_store`.

use std::sync::Arc;
use std::time::Duration;

use super::object_store::client::{
    ClientOptions, HttpClient, HttpConnector, HttpError, HttpRequest, HttpRequestBody,
    HttpResponse, HttpService, ReqwestConnector,
};
use super::object_store::gcp::{GcpCredential, GoogleCloudStorage, GoogleCloudStorageBuilder};
use super::object_store::{
    BackoffConfig, Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutPayload,
    RetryConfig, StaticCredentialProvider,
};
use crate::{
    BUCKET, film, full_control_token, google, guard, install_crypto_provider, storage_calls,
};
use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use gcp_scopes::denial::DenialKind;
use gcp_scopes::{Guard, Preflight};
use gcp_scopes_object_store::GuardObjectStoreExt as _;
use gcp_scopes_testing::{Fault, RefusalForm, Service};

/// The timeout of a request. The timeout is long, so that no test fails on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Returns a builder of a store whose retries are quick and that sends this token.
fn builder(url: &str, token: String) -> GoogleCloudStorageBuilder {
    install_crypto_provider();
    let delay = Duration::from_millis(1);
    let backoff = BackoffConfig { init_backoff: delay, max_backoff: delay, base: 2.0 };
    GoogleCloudStorageBuilder::new()
        .with_bucket_name(BUCKET)
        .with_base_url(url)
        .with_client_options(ClientOptions::new().with_allow_http(true).with_timeout(TIMEOUT))
        .with_retry(RetryConfig { backoff, ..RetryConfig::default() })
        .with_credentials(Arc::new(StaticCredentialProvider::new(GcpCredential { bearer: token })))
}

/// Builds a store with the guard.
fn store(url: &str, token: String, guard: &Guard) -> GoogleCloudStorage {
    let connector = guard.object_store(ReqwestConnector::default());
    builder(url, token).with_http_connector(connector).build().unwrap()
}

#[tokio::test]
async fn denied_calls_fail_with_permission_denied_and_are_not_retried() {
    for preflight in [Preflight::Off, Preflight::Warn, Preflight::Confirm, Preflight::Deny] {
        let google = google().await;
        let guard = guard(&google).preflight(preflight).detect().await;
        let store = store(&google.storage_url(), google.token(), &guard);
        let (cat, dog) = (&"cat.jpg".into(), &"dog.jpg".into());
        let sent_per_call = usize::from(preflight != Preflight::Deny);
        let errors = [
            (store.put(cat, "meow".into()).await.map(drop), "storage.objects.insert"),
            (store.delete(cat).await, "storage.objects.delete"),
            (store.copy(cat, dog).await, "storage.objects.copy"),
            (store.put_multipart(cat).await.map(drop), "storage.objects.insert"),
        ];
        assert!(
            storage_calls(&google) <= sent_per_call * errors.len(),
            "{preflight:?}: a call was retried"
        );
        for (result, method) in errors {
            let error = result.expect_err(method);
            assert!(
                matches!(error, Error::PermissionDenied { .. }),
                "{preflight:?}, {method}: {error:?}"
            );
            let denial = guard
                .denial_of(&error)
                .unwrap_or_else(|| panic!("{preflight:?}, {method}: {error}"));
            assert_eq!(denial.method().map(|method| method.id()), Some(method), "{preflight:?}");
            assert!(error.to_string().contains("No IAM role fixes this"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_denied_list_fails_with_generic_and_its_denial_is_found() {
    let google = google().await;
    let without_scope = google.mint(crate::ACCOUNT, ["logging.write"]);
    let guard = guard(&google).build();
    let store = store(&google.storage_url(), without_scope, &guard);
    let error = store.list(None).next().await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Generic { .. }), "{error:?}");
    assert_eq!(guard.denial_of(&error).unwrap().kind(), DenialKind::Refused);
    assert_eq!(storage_calls(&google), 1);
}

#[tokio::test]
async fn a_refused_head_is_explained_only_if_the_scopes_are_known() {
    let google = google().await;
    // A response to HEAD has no body. The header WWW-Authenticate alone is not enough for a denial:
    // the scopes of the token must be known, too. The first guard reads the scopes from the
    // metadata server; the second guard does not know the scopes.
    let vm = google.vm("web-1");
    vm.stop().unwrap();
    vm.set_scopes(["logging.write"]).unwrap();
    vm.start().unwrap();
    for (guard, is_explained) in
        [(guard(&google).detect().await, true), (guard(&google).build(), false)]
    {
        let store = store(&google.storage_url(), google.token(), &guard);
        let error = store.head(&"cat.jpg".into()).await.unwrap_err();
        assert!(matches!(error, Error::PermissionDenied { .. }), "{error:?}");
        assert_eq!(guard.denial_of(&error).is_some(), is_explained, "{error}");
    }
}

#[tokio::test]
async fn allowed_operations_of_all_kinds_succeed() {
    let google = google().await;
    for preflight in [Preflight::Confirm, Preflight::Deny] {
        let guard = guard(&google).preflight(preflight).detect().await;
        let store = store(&google.storage_url(), full_control_token(&google), &guard);
        let (cat, dog, cow) =
            (&"pets/cat.jpg".into(), &"pets/dog.jpg".into(), &"pets/cow.jpg".into());
        let film = film(1);
        let chunks: PutPayload =
            film.chunks(64 * 1024).map(bytes::Bytes::copy_from_slice).collect();
        store.put(cat, chunks).await.unwrap();
        let downloaded: Vec<u8> = store
            .get(cat)
            .await
            .unwrap()
            .into_stream()
            .map_ok(Vec::from)
            .try_concat()
            .await
            .unwrap();
        assert!(downloaded == film, "{} of {} bytes, or other bytes", downloaded.len(), film.len());
        let range = GetOptions::new().with_range(Some(GetRange::Bounded(1000..2000)));
        assert_eq!(
            store.get_opts(cat, range).await.unwrap().bytes().await.unwrap(),
            film[1000..2000]
        );
        assert_eq!(store.head(cat).await.unwrap().size, film.len() as u64);

        let mut parts = store.put_multipart(dog).await.unwrap();
        for part in film.chunks(300 * 1024) {
            parts.put_part(part.to_vec().into()).await.unwrap();
        }
        parts.complete().await.unwrap();
        assert!(store.get(dog).await.unwrap().bytes().await.unwrap() == film);
        store.put_multipart(cow).await.unwrap().abort().await.unwrap();

        store.copy(dog, cow).await.unwrap();
        // object_store 0.13.2 takes `CopyMode::Overwrite` for `Create`, so no object may be there.
        store.delete(cat).await.unwrap();
        store.rename(cow, cat).await.unwrap();
        let names: Vec<_> =
            store.list(None).map_ok(|object| object.location).try_collect().await.unwrap();
        assert_eq!(names, [cat.clone(), dog.clone()]);
        for name in names {
            store.delete(&name).await.unwrap();
        }
        assert!(matches!(store.get(cat).await, Err(Error::NotFound { .. })));
    }
}

#[tokio::test]
async fn server_errors_are_retried_as_without_the_guard() {
    let google = google().await;
    let store = store(&google.storage_url(), full_control_token(&google), &guard(&google).build());
    google.set_fault(Service::Storage, Fault::Flaky { failures: 2, group: 3 });
    store.put(&"cat.jpg".into(), "meow".into()).await.unwrap();
    assert_eq!(storage_calls(&google), 3);
}

#[tokio::test]
async fn a_refusal_for_another_reason_than_scopes_is_unchanged() {
    let google = google().await;
    let guard = guard(&google).build();
    let guarded = store(&google.storage_url(), full_control_token(&google), &guard);
    let unguarded = builder(&google.storage_url(), full_control_token(&google)).build().unwrap();
    let without_duration = |error: Error| {
        let text = error.to_string();
        let (before, after) = text.split_once(" in ").unwrap();
        format!("{before} {}", after.split_once(" - ").unwrap().1)
    };
    for form in
        [RefusalForm::IamDenied, RefusalForm::VpcSc, RefusalForm::Billing, RefusalForm::Html]
    {
        google.script(Service::Storage).times(2).respond_with(form);
        let expected = unguarded.get(&"cat.jpg".into()).await.unwrap_err();
        let error = guarded.get(&"cat.jpg".into()).await.unwrap_err();
        assert!(guard.denial_of(&error).is_none(), "{form:?}");
        assert_eq!(without_duration(error), without_duration(expected), "{form:?}");
    }
}

/// A connector, and the client that it creates, which refuses every request for lack of scope, as
/// Google does.
#[derive(Debug)]
struct AlwaysRefuses;

const REFUSAL: &str =
    r#"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"#;

#[async_trait]
impl HttpService for AlwaysRefuses {
    async fn call(&self, _: HttpRequest) -> Result<HttpResponse, HttpError> {
        let json = http::Response::builder().status(403).header("content-type", "application/json");
        Ok(json.body(REFUSAL.to_owned().into()).unwrap())
    }
}

impl HttpConnector for AlwaysRefuses {
    fn connect(&self, _: &ClientOptions) -> super::object_store::Result<HttpClient> {
        Ok(HttpClient::new(Self))
    }
}

#[tokio::test]
async fn token_requests_are_not_checked_but_signing_requests_are() {
    let client = Guard::builder()
        .build()
        .object_store(AlwaysRefuses)
        .connect(&ClientOptions::new())
        .unwrap();
    let rows = [
        (
            "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token",
            false,
        ),
        (
            "http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/email",
            false,
        ),
        ("https://accounts.google.com/o/oauth2/token", false),
        ("https://oauth2.googleapis.com/token", false),
        ("https://oauth2.googleapis.com/tokeninfo?access_token=x", false),
        (
            "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a%40b:signBlob",
            true,
        ),
        ("https://storage.googleapis.com/photos/cat.jpg", true),
    ];
    for (url, is_explained) in rows {
        let request = http::Request::post(url).header("authorization", "Bearer x");
        let response =
            client.execute(request.body(HttpRequestBody::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 403, "{url}");
        let text = response.into_body().bytes().await.unwrap();
        assert_eq!(text != REFUSAL, is_explained, "{url}: {text:?}");
    }
}
