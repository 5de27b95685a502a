//! Google's own clients: Storage over HTTP, StorageControl over gRPC, and a generated one.
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in what they call")]

use std::error::Error as _;
use std::sync::{Arc, Once};
use std::time::Duration;

use gcp_scopes::denial::DenialKind;
use gcp_scopes::granted::GrantSource;
use gcp_scopes::{Denial, Guard, GuardBuilder, Preflight};
use gcp_scopes_google_cloud::GuardGoogleCloudExt as _;
use gcp_scopes_testing::{FakeGoogle, Fault, Platform, RefusalForm, Service, Vm};
use google_cloud_auth::credentials::service_account::{AccessSpecifier, Builder as KeyBuilder};
use google_cloud_auth::credentials::{CacheableResource, Credentials, CredentialsProvider, EntityTag};
use google_cloud_auth::errors::CredentialsError;
use google_cloud_gax::error::Error;
use google_cloud_gax::error::rpc::Code;
use google_cloud_gax::retry_policy::{Aip194Strict, NeverRetry, RetryPolicy as _, RetryPolicyExt};
use google_cloud_gax::retry_result::RetryResult;
use google_cloud_gax::retry_state::RetryState;
use google_cloud_secretmanager_v1::client::SecretManagerService;
use google_cloud_storage::client::{Storage, StorageControl};
use http::header::AUTHORIZATION;
use http::{Extensions, HeaderMap, StatusCode};

const ACCOUNT: &str = "robot@my-project.iam.gserviceaccount.com";
const READ_ONLY: &str = "https://www.googleapis.com/auth/devstorage.read_only";
const BUCKET: &str = "projects/_/buckets/photos";
const SECRET: &str = "projects/my-project/secrets/s/versions/1";

fn provide_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

/// On a VM that may only read from Cloud Storage.
async fn google() -> FakeGoogle {
    provide_tls();
    let vm =
        Vm::new("web-1").account(ACCOUNT).platform(Platform::ComputeEngine).scopes(["devstorage.read_only"]);
    let builder = FakeGoogle::builder().vm(vm).bucket("photos");
    builder.iam("photos", ACCOUNT, "roles/storage.objectAdmin").start().await.unwrap()
}

fn builder(google: &FakeGoogle) -> GuardBuilder {
    let builder = Guard::builder().env(google.env());
    builder.tokeninfo_endpoint(format!("{}/tokeninfo", google.oauth_url())).unwrap()
}

/// Credentials of one token.
#[derive(Debug, Clone)]
struct Fixed(String);

impl CredentialsProvider for Fixed {
    async fn headers(&self, _: Extensions) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
        let value = format!("Bearer {}", self.0).parse().unwrap();
        let data = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        Ok(CacheableResource::New { entity_tag: EntityTag::new(), data })
    }

    async fn universe_domain(&self) -> Option<String> {
        None
    }
}

async fn storage(google: &FakeGoogle, guard: &Guard, credentials: impl Into<Credentials>) -> Storage {
    let credentials = guard.credentials(credentials);
    let retries = Aip194Strict.with_attempt_limit(3).with_time_limit(Duration::from_secs(60));
    let builder = Storage::builder().with_endpoint(google.storage_url());
    let builder = builder.with_retry_policy(guard.retry_policy(retries).with_tokens_of(&credentials));
    builder.with_credentials(credentials).build().await.unwrap()
}

async fn plain(google: &FakeGoogle, token: &str) -> Storage {
    let builder = Storage::builder().with_endpoint(google.storage_url()).with_retry_policy(NeverRetry);
    builder.with_credentials(Fixed(token.to_owned())).build().await.unwrap()
}

async fn upload(client: &Storage) -> Result<(), Error> {
    client.write_object(BUCKET, "cat.jpg", "meow").send_unbuffered().await.map(drop)
}

async fn read(client: &Storage, name: &str) -> Result<Vec<u8>, Error> {
    let mut answer = client.read_object(BUCKET, name).send().await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.next().await.transpose()? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn sent(google: &FakeGoogle, service: Service) -> usize {
    google.requests().iter().filter(|request| request.service() == service).count()
}

fn denial(error: &Error) -> &Denial {
    Denial::find(error).unwrap_or_else(|| panic!("not explained: {error:?}"))
}

#[tokio::test]
async fn a_refused_upload_is_explained_with_no_change_where_it_is_called() {
    let google = google().await;
    let guard = builder(&google).detect().await;
    let client = storage(&google, &guard, Fixed(google.token())).await;
    let plainly = upload(&plain(&google, &google.token()).await).await.unwrap_err();
    for _ in 0..2 {
        let error = upload(&client).await.unwrap_err();
        assert_eq!(denial(&error).kind(), DenialKind::Refused);
        assert_eq!(error.status(), plainly.status());
        assert_eq!(error.http_status_code(), Some(403));
        let challenge = |error: &Error| error.http_headers().unwrap().get("www-authenticate").cloned();
        assert_eq!(challenge(&error), challenge(&plainly));
        assert!(error.to_string() == plainly.to_string());
    }
    // By the second one it is known whose token it is.
    let error = upload(&client).await.unwrap_err();
    assert_eq!(denial(&error).granted().source(), Some(GrantSource::Metadata));
    assert!(guard.explain_error(&plainly).is_some());
}

#[tokio::test]
async fn an_allowed_call_is_as_without_the_guard() {
    let google = google().await;
    let writer = google.mint(ACCOUNT, ["devstorage.read_write"]);
    upload(&plain(&google, &writer).await).await.unwrap();
    for preflight in [Preflight::Off, Preflight::Warn, Preflight::Confirm, Preflight::Deny] {
        let guard = builder(&google).preflight(preflight).detect().await;
        let client = storage(&google, &guard, Fixed(google.token())).await;
        assert_eq!(read(&client, "cat.jpg").await.unwrap(), b"meow");
        let get = guard.calling("storage.objects.get").unwrap();
        assert_eq!(get.run(read(&client, "cat.jpg")).await.unwrap(), b"meow", "{preflight:?}");
        let missing = get.run(read(&client, "dog.jpg")).await.unwrap_err();
        assert!(missing.http_status_code() == Some(404) && missing.source().is_none());
    }
}

#[tokio::test]
async fn inside_calling_a_doomed_call_is_not_sent() {
    let google = google().await;
    let guard = builder(&google).preflight(Preflight::Deny).detect().await;
    let client = storage(&google, &guard, Fixed(google.token())).await;
    let insert = guard.calling("storage.objects.insert").unwrap();
    let error = insert.run(upload(&client)).await.unwrap_err();
    assert_eq!(denial(&error).kind(), DenialKind::Predicted);
    assert_eq!(denial(&error).method().unwrap().id(), "storage.objects.insert");
    assert!(guard.explain_error(&error).is_some());
    assert_eq!(sent(&google, Service::Storage), 0);
}

#[tokio::test]
async fn confirm_sends_one_and_answers_the_rest() {
    let google = google().await;
    let guard = builder(&google).detect().await;
    let client = storage(&google, &guard, Fixed(google.token())).await;
    let insert = guard.calling("storage.objects.insert").unwrap();
    let mut kinds = Vec::new();
    for _ in 0..3 {
        let error = insert.run(upload(&client)).await.unwrap_err();
        kinds.push(denial(&error).kind());
        assert_eq!(denial(&error).granted().source(), Some(GrantSource::Metadata));
    }
    assert_eq!(kinds, [DenialKind::Refused, DenialKind::Confirmed, DenialKind::Confirmed]);
    assert_eq!(sent(&google, Service::Storage), 1);
}

async fn control(google: &FakeGoogle, guard: &Guard) -> StorageControl {
    let credentials = guard.credentials(Fixed(google.token()));
    let retries = guard.retry_policy(NeverRetry).with_tokens_of(&credentials);
    let builder = StorageControl::builder().with_endpoint(google.url_of(Service::OtherApi));
    builder.with_retry_policy(retries).with_credentials(credentials).build().await.unwrap()
}

async fn secrets(google: &FakeGoogle, guard: &Guard) -> SecretManagerService {
    let credentials = guard.credentials(Fixed(google.token()));
    let retries = guard.retry_policy(NeverRetry).with_tokens_of(&credentials);
    let builder = SecretManagerService::builder().with_endpoint(google.url_of(Service::OtherApi));
    builder.with_retry_policy(retries).with_credentials(credentials).build().await.unwrap()
}

#[tokio::test]
async fn a_refused_rpc_keeps_its_code_and_details() {
    let google = google().await;
    let guard = builder(&google).preflight(Preflight::Deny).detect().await;
    let client = control(&google, &guard).await;
    for wire in [RefusalForm::GrpcScope, RefusalForm::GrpcScopeInTrailers, RefusalForm::GrpcScopeMessageOnly]
    {
        google.other_api().respond_with(wire);
        let error = client.get_bucket().set_name(BUCKET).send().await.unwrap_err();
        assert_eq!(denial(&error).kind(), DenialKind::Refused, "{wire:?}");
        let status = error.status().unwrap();
        assert_eq!(status.code, Code::PermissionDenied, "{wire:?}");
        assert_eq!(status.details.is_empty(), wire == RefusalForm::GrpcScopeMessageOnly, "{wire:?}");
        assert!(error.http_headers().is_some(), "{wire:?}");
    }
    // gRPC is never judged before a call, by whatever name.
    google.other_api().respond_with(RefusalForm::GrpcScope);
    let get = guard.calling("google.storage.v2.Storage.GetBucket").unwrap();
    let error = get.run(client.get_bucket().set_name(BUCKET).send()).await.unwrap_err();
    assert_eq!(denial(&error).kind(), DenialKind::Refused);
}

#[tokio::test]
async fn a_generated_client_is_explained_and_its_look_alikes_are_not() {
    let google = google().await;
    let guard = builder(&google).preflight(Preflight::Warn).detect().await;
    let client = secrets(&google, &guard).await;
    let access = guard.calling("secretmanager.projects.secrets.versions.access").unwrap();
    for wire in RefusalForm::all().iter().filter(|wire| !wire.is_grpc()) {
        let call = || client.access_secret_version().set_name(SECRET).send();
        google.other_api().respond_with(*wire);
        let error = call().await.unwrap_err();
        google.other_api().respond_with(*wire);
        let inside = access.run(call()).await.unwrap_err();
        for error in [error, inside] {
            let is_explained = Denial::find(&error).is_some() || guard.explain_error(&error).is_some();
            // The header alone is believed where the token is known to lack the scope.
            let is_hint = format!("{wire:?}").starts_with("Scope");
            // Of an error inside an array the client keeps the headers only.
            let is_told = wire.is_scope_refusal() && *wire != RefusalForm::ScopeInArray;
            assert!(is_explained || !is_told, "{wire:?}: {error:?}");
            assert!(Denial::find(&error).is_none() || is_hint, "{wire:?}: {error:?}");
        }
    }
}

#[tokio::test]
async fn retries_go_on_around_the_guard_and_a_denial_is_not_retried() {
    let google = google().await;
    let guard = builder(&google).preflight(Preflight::Deny).detect().await;
    let writer = google.mint(ACCOUNT, ["devstorage.read_write"]);
    upload(&plain(&google, &writer).await).await.unwrap();
    let client = storage(&google, &guard, Fixed(google.token())).await;
    google.set_fault(Service::Storage, Fault::Flaky { failures: 1, group: 2 });
    assert_eq!(read(&client, "cat.jpg").await.unwrap(), b"meow");
    let before = sent(&google, Service::Storage);
    let insert = guard.calling("storage.objects.insert").unwrap();
    insert.run(upload(&client)).await.unwrap_err();
    assert_eq!(sent(&google, Service::Storage), before);
}

fn key(google: &FakeGoogle, scope: &str) -> Credentials {
    let dashes = "-----";
    let body = include_str!("../../tests/data/throwaway_key.b64");
    let key = serde_json::json!({
        "type": "service_account", "project_id": "my-project", "client_email": ACCOUNT,
        "private_key": format!("{dashes}BEGIN PRIVATE KEY{dashes}\n{body}{dashes}END PRIVATE KEY{dashes}\n"),
        "private_key_id": "1", "token_uri": format!("{}/token", google.oauth_url()),
    });
    KeyBuilder::new(key).with_access_specifier(AccessSpecifier::from_scopes([scope])).build().unwrap()
}

#[tokio::test]
async fn a_key_of_google_cloud_auth_says_itself_what_it_holds() {
    let google = google().await;
    let guard = builder(&google).preflight(Preflight::Deny).without_tokeninfo().detect().await;
    let client = storage(&google, &guard, key(&google, READ_ONLY)).await;
    let insert = guard.calling("storage.objects.insert").unwrap();
    let error = insert.run(upload(&client)).await.unwrap_err();
    assert_eq!(denial(&error).granted().source(), Some(GrantSource::Jwt));
    assert_eq!(sent(&google, Service::Storage), 0);
}

#[tokio::test]
async fn what_the_program_says_of_its_credentials_is_believed() {
    let google = google().await;
    let guard = builder(&google).preflight(Preflight::Deny).detect().await;
    let token = google.mint(ACCOUNT, ["devstorage.read_only"]);
    let told =
        guard.credentials(Fixed(token)).with_granted([READ_ONLY.parse().unwrap()].into_iter().collect());
    let builder = Storage::builder().with_endpoint(google.storage_url());
    let client = builder.with_credentials(told).build().await.unwrap();
    let insert = guard.calling("storage.objects.insert").unwrap();
    let error = insert.run(upload(&client)).await.unwrap_err();
    assert_eq!(denial(&error).granted().source(), Some(GrantSource::Declared));
}

#[tokio::test]
async fn after_a_rotation_in_the_middle_nothing_is_said_of_the_token() {
    #[derive(Debug)]
    struct Rotating(std::sync::Mutex<Vec<String>>);
    impl CredentialsProvider for Rotating {
        async fn headers(&self, e: Extensions) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
            let next = self.0.lock().unwrap().pop().unwrap();
            Fixed(next).headers(e).await
        }

        async fn universe_domain(&self) -> Option<String> {
            None
        }
    }
    let google = google().await;
    let guard = builder(&google).without_tokeninfo().detect().await;
    let (own, other) = (google.token(), google.mint(ACCOUNT, ["pubsub"]));
    let credentials = guard.credentials(Rotating(vec![own.clone(), other, own.clone(), own].into()));
    let (policy, state) =
        (guard.retry_policy(NeverRetry).with_tokens_of(&credentials), RetryState::new(true));
    let plainly = || async { upload(&plain(&google, &google.token()).await).await.unwrap_err() };
    let source = |result: RetryResult| {
        let (RetryResult::Exhausted(error) | RetryResult::Permanent(error)) = result else {
            panic!("it is not tried again")
        };
        denial(&error).granted().source()
    };
    for (tokens, expected) in [(2, Some(GrantSource::Metadata)), (1, None), (1, None)] {
        for _ in 0..tokens {
            credentials.headers(Extensions::new()).await.unwrap();
        }
        policy.on_error(&state, plainly().await);
        // The metadata server has been asked by now.
        google.wait_for(|requests| requests.iter().any(|one| one.path().ends_with("/scopes"))).await;
        let mut found = source(policy.on_error(&state, plainly().await));
        while expected.is_some() && found.is_none() {
            tokio::task::yield_now().await;
            found = source(policy.on_error(&state, plainly().await));
        }
        assert_eq!(found, expected);
    }
}

#[test]
fn an_unknown_method_is_refused_with_the_nearest_names() {
    let error = Guard::builder().build().calling("storage.object.get").unwrap_err().to_string();
    assert!(error.contains("`storage.objects.get`"), "{error}");
}

#[tokio::test]
async fn its_credentials_give_tokens_to_a_middleware() {
    let google = google().await;
    let writer = google.mint(ACCOUNT, ["devstorage.read_write"]);
    let guard = builder(&google).endpoint(google.storage_url(), "storage.googleapis.com").unwrap();
    let guard = guard.detect().await;
    let middleware = guard.middleware().with_token(guard.credentials(Fixed(writer)));
    let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(middleware).build();
    let url = format!("{}/upload/storage/v1/b/photos/o?uploadType=media&name=x", google.storage_url());
    assert_eq!(client.post(url).body("meow").send().await.unwrap().status(), StatusCode::OK);
}

#[test]
fn nothing_that_can_be_printed_holds_a_token() {
    let guard = Guard::builder().build();
    let credentials = guard.credentials(Fixed("ya29.MARKER".to_owned()));
    let policy = guard.retry_policy(NeverRetry).with_tokens_of(&credentials);
    let calling = guard.calling("storage.objects.get").unwrap();
    let printed = format!("{credentials:?} {policy:?} {calling:?} {:?}", Arc::new(guard));
    assert!(!printed.contains("MARKER"), "{printed}");
}
