//! Tests of the adapter for Google's own clients, with `Storage` over HTTP, `StorageControl` over
//! gRPC, and the generated client of Secret Manager.
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in what they call")]

use std::error::Error as _;
use std::sync::{Arc, Once};
use std::time::Duration;

use gcp_scopes::denial::DenialKind;
use gcp_scopes::granted::GrantSource;
use gcp_scopes::{Denial, Guard, GuardBuilder, Preflight};
use gcp_scopes_google_cloud::GuardGoogleCloudExt as _;
use gcp_scopes_testing::{FakeGoogle, FakePlatform, Fault, RefusalForm, Service, Vm};
use google_cloud_auth::credentials::service_account::{AccessSpecifier, Builder as KeyBuilder};
use google_cloud_auth::credentials::{
    CacheableResource, Credentials, CredentialsProvider, EntityTag,
};
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

/// Installs a crypto provider for rustls, without which the clients cannot be built.
fn install_crypto_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

/// Starts a fake Google with a VM whose token may only read from Cloud Storage.
async fn google() -> FakeGoogle {
    install_crypto_provider();
    let vm = Vm::new("web-1")
        .account(ACCOUNT)
        .platform(FakePlatform::ComputeEngine)
        .scopes(["devstorage.read_only"]);
    let builder = FakeGoogle::builder().vm(vm).bucket("photos");
    builder.iam("photos", ACCOUNT, "roles/storage.objectAdmin").start().await.unwrap()
}

/// Returns a builder of a guard that runs on the VM and queries the tokeninfo endpoint of the fake.
fn builder(google: &FakeGoogle) -> GuardBuilder {
    let builder = Guard::builder().env(google.env());
    builder.tokeninfo_endpoint(format!("{}/tokeninfo", google.oauth_url())).unwrap()
}

/// Credentials that send the same token with every request.
#[derive(Debug, Clone)]
struct BearerCredentials(String);

impl CredentialsProvider for BearerCredentials {
    async fn headers(
        &self,
        _: Extensions,
    ) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
        let value = format!("Bearer {}", self.0).parse().unwrap();
        let data = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        Ok(CacheableResource::New { entity_tag: EntityTag::new(), data })
    }

    async fn universe_domain(&self) -> Option<String> {
        None
    }
}

/// Builds the client with the guard in its credentials and its retry policy.
async fn storage(
    google: &FakeGoogle,
    guard: &Guard,
    credentials: impl Into<Credentials>,
) -> Storage {
    let credentials = guard.credentials(credentials);
    let retries = Aip194Strict.with_attempt_limit(3).with_time_limit(Duration::from_secs(60));
    let builder = Storage::builder().with_endpoint(google.storage_url());
    let builder =
        builder.with_retry_policy(guard.retry_policy(retries).with_tokens_of(&credentials));
    builder.with_credentials(credentials).build().await.unwrap()
}

/// Builds the client without a guard.
async fn unguarded_storage(google: &FakeGoogle, token: &str) -> Storage {
    let builder =
        Storage::builder().with_endpoint(google.storage_url()).with_retry_policy(NeverRetry);
    builder.with_credentials(BearerCredentials(token.to_owned())).build().await.unwrap()
}

async fn upload(client: &Storage) -> Result<(), Error> {
    client.write_object(BUCKET, "cat.jpg", "meow").send_unbuffered().await.map(drop)
}

async fn read(client: &Storage, name: &str) -> Result<Vec<u8>, Error> {
    let mut response = client.read_object(BUCKET, name).send().await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = response.next().await.transpose()? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Returns how many requests the service has received.
fn request_count(google: &FakeGoogle, service: Service) -> usize {
    google.requests().iter().filter(|request| request.service() == service).count()
}

fn denial_of(error: &Error) -> &Denial {
    Denial::find(error).unwrap_or_else(|| panic!("no denial in {error:?}"))
}

#[tokio::test]
async fn a_refused_upload_is_explained_and_its_error_stays_the_same() {
    let google = google().await;
    let guard = builder(&google).detect().await;
    let client = storage(&google, &guard, BearerCredentials(google.token())).await;
    let expected = upload(&unguarded_storage(&google, &google.token()).await).await.unwrap_err();
    for _ in 0..2 {
        let error = upload(&client).await.unwrap_err();
        assert_eq!(denial_of(&error).kind(), DenialKind::Refused);
        assert_eq!(error.status(), expected.status());
        assert_eq!(error.http_status_code(), Some(403));
        let challenge =
            |error: &Error| error.http_headers().unwrap().get("www-authenticate").cloned();
        assert_eq!(challenge(&error), challenge(&expected));
        assert!(error.to_string() == expected.to_string());
    }
    // By the second refusal the metadata server has responded with the scopes of the token.
    let error = upload(&client).await.unwrap_err();
    assert_eq!(denial_of(&error).granted().source(), Some(GrantSource::Metadata));
    assert!(guard.explain_error(&expected).is_some());
}

#[tokio::test]
async fn an_allowed_call_succeeds_with_every_preflight() {
    let google = google().await;
    let writer = google.mint(ACCOUNT, ["devstorage.read_write"]);
    upload(&unguarded_storage(&google, &writer).await).await.unwrap();
    for preflight in [Preflight::Off, Preflight::Warn, Preflight::Confirm, Preflight::Deny] {
        let guard = builder(&google).preflight(preflight).detect().await;
        let client = storage(&google, &guard, BearerCredentials(google.token())).await;
        assert_eq!(read(&client, "cat.jpg").await.unwrap(), b"meow");
        let get = guard.calling("storage.objects.get").unwrap();
        assert_eq!(get.run(read(&client, "cat.jpg")).await.unwrap(), b"meow", "{preflight:?}");
        let missing = get.run(read(&client, "dog.jpg")).await.unwrap_err();
        assert!(missing.http_status_code() == Some(404) && missing.source().is_none());
    }
}

#[tokio::test]
async fn calling_does_not_send_a_call_whose_token_lacks_the_scope() {
    let google = google().await;
    let guard = builder(&google).preflight(Preflight::Deny).detect().await;
    let client = storage(&google, &guard, BearerCredentials(google.token())).await;
    let insert = guard.calling("storage.objects.insert").unwrap();
    let error = insert.run(upload(&client)).await.unwrap_err();
    assert_eq!(denial_of(&error).kind(), DenialKind::Predicted);
    assert_eq!(denial_of(&error).method().unwrap().id(), "storage.objects.insert");
    assert!(guard.explain_error(&error).is_some());
    assert_eq!(request_count(&google, Service::Storage), 0);
}

#[tokio::test]
async fn confirm_sends_only_the_first_refused_call() {
    let google = google().await;
    let guard = builder(&google).detect().await;
    let client = storage(&google, &guard, BearerCredentials(google.token())).await;
    let insert = guard.calling("storage.objects.insert").unwrap();
    let mut kinds = Vec::new();
    for _ in 0..3 {
        let error = insert.run(upload(&client)).await.unwrap_err();
        kinds.push(denial_of(&error).kind());
        assert_eq!(denial_of(&error).granted().source(), Some(GrantSource::Metadata));
    }
    assert_eq!(kinds, [DenialKind::Refused, DenialKind::Confirmed, DenialKind::Confirmed]);
    assert_eq!(request_count(&google, Service::Storage), 1);
}

/// Builds the gRPC client of Cloud Storage for the fake, with the guard.
async fn control(google: &FakeGoogle, guard: &Guard) -> StorageControl {
    let credentials = guard.credentials(BearerCredentials(google.token()));
    let retries = guard.retry_policy(NeverRetry).with_tokens_of(&credentials);
    let builder = StorageControl::builder().with_endpoint(google.url_of(Service::OtherApi));
    builder.with_retry_policy(retries).with_credentials(credentials).build().await.unwrap()
}

/// Builds the client of Secret Manager for the fake, with the guard.
async fn secrets(google: &FakeGoogle, guard: &Guard) -> SecretManagerService {
    let credentials = guard.credentials(BearerCredentials(google.token()));
    let retries = guard.retry_policy(NeverRetry).with_tokens_of(&credentials);
    let builder = SecretManagerService::builder().with_endpoint(google.url_of(Service::OtherApi));
    builder.with_retry_policy(retries).with_credentials(credentials).build().await.unwrap()
}

#[tokio::test]
async fn a_refused_rpc_keeps_its_code_and_details() {
    let google = google().await;
    let guard = builder(&google).preflight(Preflight::Deny).detect().await;
    let client = control(&google, &guard).await;
    for form in [
        RefusalForm::GrpcScope,
        RefusalForm::GrpcScopeInTrailers,
        RefusalForm::GrpcScopeMessageOnly,
    ] {
        google.other_api().respond_with(form);
        let error = client.get_bucket().set_name(BUCKET).send().await.unwrap_err();
        assert_eq!(denial_of(&error).kind(), DenialKind::Refused, "{form:?}");
        let status = error.status().unwrap();
        assert_eq!(status.code, Code::PermissionDenied, "{form:?}");
        assert_eq!(
            status.details.is_empty(),
            form == RefusalForm::GrpcScopeMessageOnly,
            "{form:?}"
        );
        assert!(error.http_headers().is_some(), "{form:?}");
    }
    // A gRPC call is always sent, also inside `Calling::run` with `Preflight::Deny`.
    google.other_api().respond_with(RefusalForm::GrpcScope);
    let get = guard.calling("google.storage.v2.Storage.GetBucket").unwrap();
    let error = get.run(client.get_bucket().set_name(BUCKET).send()).await.unwrap_err();
    assert_eq!(denial_of(&error).kind(), DenialKind::Refused);
}

#[tokio::test]
async fn a_generated_client_explains_only_refusals_for_lack_of_scope() {
    let google = google().await;
    let guard = builder(&google).preflight(Preflight::Warn).detect().await;
    let client = secrets(&google, &guard).await;
    let access = guard.calling("secretmanager.projects.secrets.versions.access").unwrap();
    for form in RefusalForm::all().iter().filter(|form| !form.is_grpc()) {
        let call = || client.access_secret_version().set_name(SECRET).send();
        google.other_api().respond_with(*form);
        let error = call().await.unwrap_err();
        google.other_api().respond_with(*form);
        let in_calling = access.run(call()).await.unwrap_err();
        for error in [error, in_calling] {
            let is_explained =
                Denial::find(&error).is_some() || guard.explain_error(&error).is_some();
            // The forms named `Scope…` are refusals for lack of scope, or resemble one. The guard
            // may explain all of them, because it knows that the token lacks the scope.
            let may_be_explained = format!("{form:?}").starts_with("Scope");
            // If the error is inside an array, the client keeps only the headers of the response.
            let must_be_explained = form.is_scope_refusal() && *form != RefusalForm::ScopeInArray;
            assert!(is_explained || !must_be_explained, "{form:?}: {error:?}");
            assert!(Denial::find(&error).is_none() || may_be_explained, "{form:?}: {error:?}");
        }
    }
}

#[tokio::test]
async fn server_errors_are_retried_and_denials_are_not() {
    let google = google().await;
    let guard = builder(&google).preflight(Preflight::Deny).detect().await;
    let writer = google.mint(ACCOUNT, ["devstorage.read_write"]);
    upload(&unguarded_storage(&google, &writer).await).await.unwrap();
    let client = storage(&google, &guard, BearerCredentials(google.token())).await;
    google.set_fault(Service::Storage, Fault::Flaky { failures: 1, group: 2 });
    assert_eq!(read(&client, "cat.jpg").await.unwrap(), b"meow");
    let before = request_count(&google, Service::Storage);
    let insert = guard.calling("storage.objects.insert").unwrap();
    insert.run(upload(&client)).await.unwrap_err();
    assert_eq!(request_count(&google, Service::Storage), before);
}

/// Returns credentials of a service account key, which request tokens with this scope.
fn key_credentials(google: &FakeGoogle, scope: &str) -> Credentials {
    let dashes = "-----";
    let body = include_str!("../../tests/data/throwaway_key.b64");
    let key = serde_json::json!({
        "type": "service_account", "project_id": "my-project", "client_email": ACCOUNT,
        "private_key": format!(
            "{dashes}BEGIN PRIVATE KEY{dashes}\n{body}{dashes}END PRIVATE KEY{dashes}\n"
        ),
        "private_key_id": "1", "token_uri": format!("{}/token", google.oauth_url()),
    });
    KeyBuilder::new(key)
        .with_access_specifier(AccessSpecifier::from_scopes([scope]))
        .build()
        .unwrap()
}

#[tokio::test]
async fn the_scopes_of_a_service_account_key_are_read_from_its_jwt() {
    let google = google().await;
    let guard = builder(&google).preflight(Preflight::Deny).without_tokeninfo().detect().await;
    let client = storage(&google, &guard, key_credentials(&google, READ_ONLY)).await;
    let insert = guard.calling("storage.objects.insert").unwrap();
    let error = insert.run(upload(&client)).await.unwrap_err();
    assert_eq!(denial_of(&error).granted().source(), Some(GrantSource::Jwt));
    assert_eq!(request_count(&google, Service::Storage), 0);
}

#[tokio::test]
async fn with_granted_declares_the_scopes_of_every_token() {
    let google = google().await;
    let guard = builder(&google).preflight(Preflight::Deny).detect().await;
    let token = google.mint(ACCOUNT, ["devstorage.read_only"]);
    let credentials = guard
        .credentials(BearerCredentials(token))
        .with_granted([READ_ONLY.parse().unwrap()].into_iter().collect());
    let builder = Storage::builder().with_endpoint(google.storage_url());
    let client = builder.with_credentials(credentials).build().await.unwrap();
    let insert = guard.calling("storage.objects.insert").unwrap();
    let error = insert.run(upload(&client)).await.unwrap_err();
    assert_eq!(denial_of(&error).granted().source(), Some(GrantSource::Declared));
}

#[tokio::test]
async fn scopes_are_unknown_if_the_token_changed_during_the_call() {
    /// Credentials that hand out these tokens, the last one first.
    #[derive(Debug)]
    struct Rotating(std::sync::Mutex<Vec<String>>);
    impl CredentialsProvider for Rotating {
        async fn headers(
            &self,
            e: Extensions,
        ) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
            let next = self.0.lock().unwrap().pop().unwrap();
            BearerCredentials(next).headers(e).await
        }

        async fn universe_domain(&self) -> Option<String> {
            None
        }
    }
    let google = google().await;
    let guard = builder(&google).without_tokeninfo().detect().await;
    let (own, other) = (google.token(), google.mint(ACCOUNT, ["pubsub"]));
    let credentials =
        guard.credentials(Rotating(vec![own.clone(), other, own.clone(), own].into()));
    let (policy, state) =
        (guard.retry_policy(NeverRetry).with_tokens_of(&credentials), RetryState::new(true));
    let refusal =
        || async { upload(&unguarded_storage(&google, &google.token()).await).await.unwrap_err() };
    let source = |result: RetryResult| {
        let (RetryResult::Exhausted(error) | RetryResult::Permanent(error)) = result else {
            panic!("NeverRetry continued")
        };
        denial_of(&error).granted().source()
    };
    // Each row: how many tokens are handed out, and the source of the scopes that the denial then
    // contains. The first two tokens are the same. The guard knows which token the call sent only
    // if no other token was handed out since the call began.
    for (handed_out, expected) in [(2, Some(GrantSource::Metadata)), (1, None), (1, None)] {
        for _ in 0..handed_out {
            credentials.headers(Extensions::new()).await.unwrap();
        }
        policy.on_error(&state, refusal().await);
        // After the first error, the guard queries the metadata server in the background.
        google
            .wait_for(|requests| requests.iter().any(|request| request.path().ends_with("/scopes")))
            .await;
        let mut actual = source(policy.on_error(&state, refusal().await));
        while expected.is_some() && actual.is_none() {
            tokio::task::yield_now().await;
            actual = source(policy.on_error(&state, refusal().await));
        }
        assert_eq!(actual, expected);
    }
}

#[test]
fn the_error_for_an_unknown_method_suggests_similar_names() {
    let error = Guard::builder().build().calling("storage.object.get").unwrap_err().to_string();
    assert!(error.contains("`storage.objects.get`"), "{error}");
}

#[tokio::test]
async fn guard_credentials_are_a_token_source_for_the_middleware() {
    let google = google().await;
    let writer = google.mint(ACCOUNT, ["devstorage.read_write"]);
    let guard = builder(&google).endpoint(google.storage_url(), "storage.googleapis.com").unwrap();
    let guard = guard.detect().await;
    let middleware = guard.middleware().with_token(guard.credentials(BearerCredentials(writer)));
    let client =
        reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(middleware).build();
    let url =
        format!("{}/upload/storage/v1/b/photos/o?uploadType=media&name=x", google.storage_url());
    assert_eq!(client.post(url).body("meow").send().await.unwrap().status(), StatusCode::OK);
}

#[test]
fn debug_output_contains_no_token() {
    let guard = Guard::builder().build();
    let credentials = guard.credentials(BearerCredentials("ya29.MARKER".to_owned()));
    let policy = guard.retry_policy(NeverRetry).with_tokens_of(&credentials);
    let calling = guard.calling("storage.objects.get").unwrap();
    let printed = format!("{credentials:?} {policy:?} {calling:?} {:?}", Arc::new(guard));
    assert!(!printed.contains("MARKER"), "{printed}");
}
