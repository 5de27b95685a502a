//! Google's own clients: Storage over JSON, StorageControl over gRPC, and a generated one over JSON.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use gcp_scopes::Guard;
use gcp_scopes::calling::Calling;
use gcp_scopes_google_cloud::GuardGoogleCloudExt as _;
use gcp_scopes_testing::scenarios::{ApiFormat, Failure, Received, Scenario, Scene, TestedApi};
use gcp_scopes_testing::{FakeGoogle, Service};
use google_cloud_auth::credentials::{CacheableResource, Credentials, CredentialsProvider, EntityTag};
use google_cloud_auth::errors::CredentialsError;
use google_cloud_gax::error::Error;
use google_cloud_gax::exponential_backoff::{ExponentialBackoff, ExponentialBackoffBuilder};
use google_cloud_gax::retry_policy::{Aip194Strict, RetryPolicyArg, RetryPolicyExt as _};
use google_cloud_secretmanager_v1::client::SecretManagerService;
use google_cloud_storage::client::{Storage, StorageControl};
use http::header::AUTHORIZATION;
use http::{Extensions, HeaderMap, Response};

use crate::kind::{BoxError, Client, Kind, Reply, called, failed};

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    [Column::Storage, Column::Control, Column::Secrets].map(|kind| Box::new(kind) as Box<dyn Kind>).into()
}

/// One of the clients.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Storage,
    Control,
    Secrets,
}

const BY_CHOICE: &str =
    "a call that is not sent is an error of its credentials; a refused one keeps its code";
const NOT_BEFORE: &str = "it speaks gRPC, of which nothing is predicted";
const NO_DATA: &str = "it has no call that moves an object's data";

#[async_trait]
impl Kind for Column {
    fn name(&self) -> &'static str {
        match self {
            Self::Storage => "google-cloud-storage",
            Self::Control => "google-cloud-storage, StorageControl",
            Self::Secrets => "google-cloud-secretmanager-v1",
        }
    }

    fn api(&self) -> TestedApi {
        let front = |host, format| TestedApi::new(Service::OtherApi, host, format, "cloud-platform");
        match self {
            Self::Storage => TestedApi::STORAGE,
            Self::Control => front("storage.googleapis.com", ApiFormat::Grpc),
            Self::Secrets => front("secretmanager.googleapis.com", ApiFormat::Json),
        }
    }

    fn cannot(&self, scenario: Scenario) -> Option<&'static str> {
        match (self, scenario) {
            (Self::Control, Scenario::Denied | Scenario::Confirmed) => Some(NOT_BEFORE),
            (Self::Control, Scenario::Http1) => Some("gRPC takes HTTP/2"),
            (Self::Storage | Self::Secrets, Scenario::Http2) => Some("it speaks HTTP/2 over TLS only"),
            (Self::Storage | Self::Secrets, Scenario::KeepsErrorKind) => Some(BY_CHOICE),
            (Self::Control | Self::Secrets, Scenario::Upload | Scenario::Download | Scenario::Resumable) => {
                Some(NO_DATA)
            }
            _ => None,
        }
    }

    fn prepare(&self, google: &FakeGoogle) {
        let message = || Response::builder().header("content-type", "application/grpc");
        match self {
            Self::Storage => {}
            // An empty message, and that it went well.
            Self::Control => google
                .other_api()
                .path("/google.storage.v2.Storage/GetBucket")
                .with_trailers(HeaderMap::from_iter([("grpc-status".parse().expect("a name"), 0.into())]))
                .serve(["cloud-platform"], message().body(Bytes::from_static(&[0; 5])).expect("a response")),
            Self::Secrets => google.other_api().path("/v1/projects/").serve(["cloud-platform"], secret()),
        }
    }

    async fn make(&self, scene: &Scene, guard: Option<Guard>) -> Result<Box<dyn Client>, BoxError> {
        let calling = |method: &str| guard.as_ref().map(|guard| guard.calling(method)).transpose();
        let (credentials, retries) = hooks(scene, guard.as_ref());
        let (url, waits) = (scene.url(), waits());
        Ok(match self {
            Self::Storage => {
                let builder = Storage::builder().with_endpoint(url).with_credentials(credentials);
                let builder = builder.with_retry_policy(retries).with_backoff_policy(waits);
                let builder = builder.with_resumable_upload_buffer_size(1_usize << 20);
                Box::new(Objects {
                    client: builder.build().await?,
                    get: calling("storage.objects.get")?,
                    insert: calling("storage.objects.insert")?,
                })
            }
            Self::Control => {
                let builder = StorageControl::builder().with_endpoint(url).with_credentials(credentials);
                let builder = builder.with_retry_policy(retries).with_backoff_policy(waits);
                Box::new(Control(builder.build().await?, calling("google.storage.v2.Storage.GetBucket")?))
            }
            Self::Secrets => {
                let builder =
                    SecretManagerService::builder().with_endpoint(url).with_credentials(credentials);
                let builder = builder.with_retry_policy(retries).with_backoff_policy(waits);
                Box::new(Secrets(builder.build().await?, calling("secretmanager.projects.secrets.get")?))
            }
        })
    }
}

fn secret() -> Response<&'static str> {
    let body = r#"{"name":"projects/my-project/secrets/s"}"#;
    Response::builder().header("content-type", "application/json").body(body).expect("a response")
}

/// The credentials and the retry policy of a client, with a guard or as they are.
fn hooks(scene: &Scene, guard: Option<&Guard>) -> (Credentials, RetryPolicyArg) {
    let (fixed, retries) = (Fixed(scene.token()), Aip194Strict.with_attempt_limit(3));
    match guard {
        None => (fixed.into(), retries.into()),
        Some(guard) => {
            let credentials = guard.credentials(fixed);
            let retries = guard.retry_policy(retries).with_tokens_of(&credentials);
            (credentials.into(), retries.into())
        }
    }
}

fn waits() -> ExponentialBackoff {
    let shortest = Duration::from_millis(1);
    ExponentialBackoffBuilder::new().with_initial_delay(shortest).with_maximum_delay(shortest).clamp()
}

/// Credentials of one token.
#[derive(Clone)]
struct Fixed(String);

impl fmt::Debug for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fixed")
    }
}

impl CredentialsProvider for Fixed {
    async fn headers(&self, _: Extensions) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
        let value = format!("Bearer {}", self.0).parse().expect("a token is a header value");
        let data = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        Ok(CacheableResource::New { entity_tag: EntityTag::new(), data })
    }

    async fn universe_domain(&self) -> Option<String> {
        None
    }
}

fn failure(error: &Error) -> Failure {
    let code = error.status().map(|status| status.code.name()).unwrap_or("no status");
    failed(format!("{code} {:?}", error.http_status_code()), error)
}

#[derive(Clone)]
struct Objects {
    client: Storage,
    get: Option<Calling>,
    insert: Option<Calling>,
}

impl Objects {
    const BUCKET: &str = "projects/_/buckets/photos";

    async fn read(&self, name: &str) -> Reply {
        let read = async {
            let mut answer = self.client.read_object(Self::BUCKET, name).send().await?;
            let mut bytes = Vec::new();
            while let Some(chunk) = answer.next().await.transpose()? {
                bytes.extend_from_slice(&chunk);
            }
            Ok(bytes)
        };
        called(self.get.as_ref(), read).await.map_err(|error| failure(&error)).map(Received::new)
    }
}

#[async_trait]
impl Client for Objects {
    async fn call(&self) -> Reply {
        self.read(Scene::OBJECT).await
    }

    async fn upload(&self, bytes: Bytes) -> Reply {
        let write = self.client.write_object(Self::BUCKET, Scene::NEW, bytes).send_unbuffered();
        called(self.insert.as_ref(), write)
            .await
            .map_err(|error| failure(&error))
            .map(|object| Received::new(object.name))
    }

    async fn download(&self) -> Reply {
        self.read(Scene::LARGE).await
    }

    async fn resumable(&self, bytes: Bytes) -> Reply {
        let write = self.client.write_object(Self::BUCKET, Scene::NEW, bytes);
        let write = write.with_resumable_upload_threshold(0_usize).send_buffered();
        called(self.insert.as_ref(), write)
            .await
            .map_err(|error| failure(&error))
            .map(|object| Received::new(object.name))
    }

    fn another(&self) -> Box<dyn Client> {
        Box::new(self.clone())
    }
}

#[derive(Clone)]
struct Control(StorageControl, Option<Calling>);

#[async_trait]
impl Client for Control {
    async fn call(&self) -> Reply {
        let call = self.0.get_bucket().set_name(Objects::BUCKET).send();
        called(self.1.as_ref(), call)
            .await
            .map_err(|error| failure(&error))
            .map(|bucket| Received::new(format!("{bucket:?}")))
    }

    fn another(&self) -> Box<dyn Client> {
        Box::new(self.clone())
    }
}

#[derive(Clone)]
struct Secrets(SecretManagerService, Option<Calling>);

#[async_trait]
impl Client for Secrets {
    async fn call(&self) -> Reply {
        let call = self.0.get_secret().set_name("projects/my-project/secrets/s").send();
        called(self.1.as_ref(), call)
            .await
            .map_err(|error| failure(&error))
            .map(|secret| Received::new(secret.name))
    }

    fn another(&self) -> Box<dyn Client> {
        Box::new(self.clone())
    }
}
