//! Google's own clients: `Storage` over JSON, `StorageControl` over gRPC, and the generated client
//! of Secret Manager over JSON.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use gcp_scopes::Guard;
use gcp_scopes::calling::Calling;
use gcp_scopes_google_cloud::GuardGoogleCloudExt as _;
use gcp_scopes_testing::scenarios::{ApiFormat, Failure, Received, Scenario, Scene, TestedApi};
use gcp_scopes_testing::{FakeGoogle, Service};
use google_cloud_auth::credentials::{
    CacheableResource, Credentials, CredentialsProvider, EntityTag,
};
use google_cloud_auth::errors::CredentialsError;
use google_cloud_gax::error::Error;
use google_cloud_gax::exponential_backoff::{ExponentialBackoff, ExponentialBackoffBuilder};
use google_cloud_gax::retry_policy::{Aip194Strict, RetryPolicyArg, RetryPolicyExt as _};
use google_cloud_secretmanager_v1::client::SecretManagerService;
use google_cloud_storage::client::{Storage, StorageControl};
use http::header::AUTHORIZATION;
use http::{Extensions, HeaderMap, HeaderName, Response};

use crate::kind::{BoxError, Client, Kind, Reply, failure_of_error, run_call};

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    [GoogleCloudColumn::Storage, GoogleCloudColumn::Control, GoogleCloudColumn::Secrets]
        .map(|kind| Box::new(kind) as Box<dyn Kind>)
        .into()
}

/// A column of the table: one of the clients.
#[derive(Clone, Copy, PartialEq, Eq)]
enum GoogleCloudColumn {
    Storage,
    Control,
    Secrets,
}

const CREDENTIALS_ERROR: &str =
    "a call that is not sent fails with an error of its credentials; a refused call keeps its code";
const GRPC_IS_SENT: &str = "a gRPC call is always sent; the guard explains only its refusal";
const NO_DATA: &str = "the client has no method that reads or writes the data of an object";

#[async_trait]
impl Kind for GoogleCloudColumn {
    fn name(&self) -> &'static str {
        match self {
            Self::Storage => "google-cloud-storage",
            Self::Control => "google-cloud-storage, StorageControl",
            Self::Secrets => "google-cloud-secretmanager-v1",
        }
    }

    fn api(&self) -> TestedApi {
        let other_api =
            |host, format| TestedApi::new(Service::OtherApi, host, format, "cloud-platform");
        match self {
            Self::Storage => TestedApi::STORAGE,
            Self::Control => other_api("storage.googleapis.com", ApiFormat::Grpc),
            Self::Secrets => other_api("secretmanager.googleapis.com", ApiFormat::Json),
        }
    }

    fn skip_reason(&self, scenario: Scenario) -> Option<&'static str> {
        match (self, scenario) {
            (Self::Control, Scenario::Denied | Scenario::Confirmed) => Some(GRPC_IS_SENT),
            (Self::Control, Scenario::Http1) => Some("gRPC needs HTTP/2"),
            (Self::Storage | Self::Secrets, Scenario::Http2) => {
                Some("the client uses HTTP/2 only over TLS")
            }
            (Self::Storage | Self::Secrets, Scenario::KeepsErrorKind) => Some(CREDENTIALS_ERROR),
            (
                Self::Control | Self::Secrets,
                Scenario::Upload | Scenario::Download | Scenario::Resumable,
            ) => Some(NO_DATA),
            _ => None,
        }
    }

    fn prepare(&self, google: &FakeGoogle) {
        match self {
            Self::Storage => {}
            Self::Control => google
                .other_api()
                .path("/google.storage.v2.Storage/GetBucket")
                .with_trailers(HeaderMap::from_iter([(GRPC_STATUS, 0.into())]))
                .serve(["cloud-platform"], empty_message()),
            Self::Secrets => {
                let name = "google.cloud.secretmanager.v1.SecretManagerService.GetSecret";
                let script = google.other_api().path("/v1/projects/");
                script
                    .method("secretmanager.googleapis.com", name)
                    .serve(["cloud-platform"], secret());
            }
        }
    }

    async fn new_client(
        &self,
        scene: &Scene,
        guard: Option<Guard>,
    ) -> Result<Box<dyn Client>, BoxError> {
        let calling = |method: &str| guard.as_ref().map(|guard| guard.calling(method)).transpose();
        let (credentials, retries) = credentials_and_retries(scene, guard.as_ref());
        let (url, backoff) = (scene.url(), backoff());
        Ok(match self {
            Self::Storage => {
                let builder = Storage::builder().with_endpoint(url).with_credentials(credentials);
                let builder = builder.with_retry_policy(retries).with_backoff_policy(backoff);
                let builder = builder.with_resumable_upload_buffer_size(1_usize << 20);
                Box::new(OfficialObjects {
                    client: builder.build().await?,
                    get: calling("storage.objects.get")?,
                    insert: calling("storage.objects.insert")?,
                })
            }
            Self::Control => {
                let builder =
                    StorageControl::builder().with_endpoint(url).with_credentials(credentials);
                let builder = builder.with_retry_policy(retries).with_backoff_policy(backoff);
                Box::new(Control(
                    builder.build().await?,
                    calling("google.storage.v2.Storage.GetBucket")?,
                ))
            }
            Self::Secrets => {
                let builder = SecretManagerService::builder()
                    .with_endpoint(url)
                    .with_credentials(credentials);
                let builder = builder.with_retry_policy(retries).with_backoff_policy(backoff);
                Box::new(Secrets(
                    builder.build().await?,
                    calling("secretmanager.projects.secrets.get")?,
                ))
            }
        })
    }
}

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// Returns a gRPC response with one message that has no fields: 0 for no compression, and a length
/// of 0 in four bytes.
fn empty_message() -> Response<Bytes> {
    let response = Response::builder().header("content-type", "application/grpc");
    response.body(Bytes::from_static(&[0; 5])).expect("invalid header")
}

/// Returns the response of Secret Manager that describes a secret.
fn secret() -> Response<&'static str> {
    let body = r#"{"name":"projects/my-project/secrets/s"}"#;
    Response::builder()
        .header("content-type", "application/json")
        .body(body)
        .expect("invalid header")
}

/// Returns the credentials and the retry policy of a client. With a guard, the guard's wrappers
/// around these credentials and this policy are returned.
fn credentials_and_retries(scene: &Scene, guard: Option<&Guard>) -> (Credentials, RetryPolicyArg) {
    let (token, retries) = (FixedCredentials(scene.token()), Aip194Strict.with_attempt_limit(3));
    match guard {
        None => (token.into(), retries.into()),
        Some(guard) => {
            let credentials = guard.credentials(token);
            let retries = guard.retry_policy(retries).with_tokens_of(&credentials);
            (credentials.into(), retries.into())
        }
    }
}

/// Returns a policy that waits one millisecond between attempts, so that the scenarios are quick.
fn backoff() -> ExponentialBackoff {
    let delay = Duration::from_millis(1);
    ExponentialBackoffBuilder::new().with_initial_delay(delay).with_maximum_delay(delay).clamp()
}

/// Credentials that send the same token with every request.
#[derive(Clone)]
struct FixedCredentials(String);

impl fmt::Debug for FixedCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FixedCredentials")
    }
}

impl CredentialsProvider for FixedCredentials {
    async fn headers(
        &self,
        _: Extensions,
    ) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
        let value = format!("Bearer {}", self.0).parse().expect("the token is not a header value");
        let data = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        Ok(CacheableResource::New { entity_tag: EntityTag::new(), data })
    }

    async fn universe_domain(&self) -> Option<String> {
        None
    }
}

fn to_failure(error: &Error) -> Failure {
    let code = error.status().map(|status| status.code.name()).unwrap_or("no status");
    failure_of_error(format!("{code} {:?}", error.http_status_code()), error)
}

#[derive(Clone)]
struct OfficialObjects {
    client: Storage,
    get: Option<Calling>,
    insert: Option<Calling>,
}

impl OfficialObjects {
    const BUCKET: &str = "projects/_/buckets/photos";

    /// Reads an object to its end.
    async fn read(&self, name: &str) -> Reply {
        let read = async {
            let mut response = self.client.read_object(Self::BUCKET, name).send().await?;
            let mut bytes = Vec::new();
            while let Some(chunk) = response.next().await.transpose()? {
                bytes.extend_from_slice(&chunk);
            }
            Ok(bytes)
        };
        run_call(self.get.as_ref(), read)
            .await
            .map_err(|error| to_failure(&error))
            .map(Received::new)
    }
}

#[async_trait]
impl Client for OfficialObjects {
    async fn call(&self) -> Reply {
        self.read(Scene::OBJECT).await
    }

    async fn upload(&self, bytes: Bytes) -> Reply {
        let write = self.client.write_object(Self::BUCKET, Scene::NEW, bytes).send_unbuffered();
        run_call(self.insert.as_ref(), write)
            .await
            .map_err(|error| to_failure(&error))
            .map(|object| Received::new(object.name))
    }

    async fn download(&self) -> Reply {
        self.read(Scene::LARGE).await
    }

    async fn resumable(&self, bytes: Bytes) -> Reply {
        let write = self.client.write_object(Self::BUCKET, Scene::NEW, bytes);
        let write = write.with_resumable_upload_threshold(0_usize).send_buffered();
        run_call(self.insert.as_ref(), write)
            .await
            .map_err(|error| to_failure(&error))
            .map(|object| Received::new(object.name))
    }

    fn clone_box(&self) -> Box<dyn Client> {
        Box::new(self.clone())
    }
}

#[derive(Clone)]
struct Control(StorageControl, Option<Calling>);

#[async_trait]
impl Client for Control {
    async fn call(&self) -> Reply {
        let call = self.0.get_bucket().set_name(OfficialObjects::BUCKET).send();
        run_call(self.1.as_ref(), call)
            .await
            .map_err(|error| to_failure(&error))
            .map(|bucket| Received::new(format!("{bucket:?}")))
    }

    fn clone_box(&self) -> Box<dyn Client> {
        Box::new(self.clone())
    }
}

#[derive(Clone)]
struct Secrets(SecretManagerService, Option<Calling>);

#[async_trait]
impl Client for Secrets {
    async fn call(&self) -> Reply {
        let call = self.0.get_secret().set_name("projects/my-project/secrets/s").send();
        run_call(self.1.as_ref(), call)
            .await
            .map_err(|error| to_failure(&error))
            .map(|secret| Received::new(secret.name))
    }

    fn clone_box(&self) -> Box<dyn Client> {
        Box::new(self.clone())
    }
}
