//! gcloud-storage, with the guard in the HTTP client that `ClientConfig::http` takes.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt;
use gcloud_storage::client::ClientConfig;
use gcloud_storage::http::Error;
use gcloud_storage::http::objects::download::Range;
use gcloud_storage::http::objects::get::GetObjectRequest;
use gcloud_storage::http::objects::upload::{Media, UploadObjectRequest, UploadType};
use gcloud_storage::http::resumable_upload_client::ChunkSize;
use gcp_scopes::{DenialDelivery, Guard};
use gcp_scopes_testing::scenarios::{Failure, Received, Scenario, Scene};
use reqwest_middleware::ClientBuilder;
use token_source::{TokenSource, TokenSourceProvider};

use crate::kind::{BoxError, Client, Kind, Reply, Shows, failure_of_error};
use crate::reqwest_middleware::delivery_skip_reason;
use crate::scene::reqwest;

struct GcloudStorage {
    name: &'static str,
    delivery: DenialDelivery,
    shows: Shows,
}

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    let kinds = [
        GcloudStorage {
            name: "gcloud-storage",
            delivery: DenialDelivery::Error,
            shows: Shows::Denial,
        },
        GcloudStorage {
            name: "gcloud-storage, Message",
            delivery: DenialDelivery::Message,
            shows: Shows::Text,
        },
    ];
    kinds.map(|kind| Box::new(kind) as Box<dyn Kind>).into()
}

/// Builds the HTTP client that users pass to gcloud-storage and gcloud-bigquery.
pub(crate) fn http_client(
    scene: &Scene,
    guard: Option<Guard>,
) -> Result<reqwest_middleware::ClientWithMiddleware, BoxError> {
    let client = ClientBuilder::new(reqwest(scene).build()?);
    Ok(match guard {
        Some(guard) => client.with(guard.middleware()).build(),
        None => client.build(),
    })
}

#[async_trait]
impl Kind for GcloudStorage {
    fn name(&self) -> &'static str {
        self.name
    }

    fn delivery(&self) -> DenialDelivery {
        self.delivery
    }

    fn shows(&self) -> Shows {
        self.shows
    }

    fn skip_reason(&self, scenario: Scenario) -> Option<&'static str> {
        delivery_skip_reason(self.delivery, scenario)
    }

    async fn new_client(
        &self,
        scene: &Scene,
        guard: Option<Guard>,
    ) -> Result<Box<dyn Client>, BoxError> {
        let config = ClientConfig {
            http: Some(http_client(scene, guard)?),
            storage_endpoint: scene.url(),
            token_source_provider: Some(Box::new(FixedTokenSource(scene.token()))),
            ..ClientConfig::default()
        };
        Ok(Box::new(GcloudStorageClient(gcloud_storage::client::Client::new(config))))
    }
}

/// A source of tokens that gives the same token for every request.
#[derive(Clone)]
pub(crate) struct FixedTokenSource(pub(crate) String);

impl std::fmt::Debug for FixedTokenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FixedTokenSource")
    }
}

impl TokenSourceProvider for FixedTokenSource {
    fn token_source(&self) -> Arc<dyn TokenSource> {
        Arc::new(self.clone())
    }
}

#[async_trait]
impl TokenSource for FixedTokenSource {
    async fn token(&self) -> Result<String, BoxError> {
        Ok(format!("Bearer {}", self.0))
    }
}

#[derive(Clone)]
struct GcloudStorageClient(gcloud_storage::client::Client);

fn get_request(object: &str) -> GetObjectRequest {
    GetObjectRequest { bucket: Scene::BUCKET.into(), object: object.into(), ..Default::default() }
}

fn upload_request() -> (UploadObjectRequest, UploadType) {
    let request = UploadObjectRequest { bucket: Scene::BUCKET.into(), ..Default::default() };
    (request, UploadType::Simple(Media::new(Scene::NEW)))
}

#[async_trait]
impl Client for GcloudStorageClient {
    async fn call(&self) -> Reply {
        let object = self
            .0
            .get_object(&get_request(Scene::OBJECT))
            .await
            .map_err(|error| to_failure(&error))?;
        Ok(Received::default().with_metadata(format!("{object:?}")))
    }

    async fn upload(&self, bytes: Bytes) -> Reply {
        let chunks: Vec<_> =
            bytes.chunks(64 * 1024).map(Bytes::copy_from_slice).map(Ok::<_, BoxError>).collect();
        let (request, upload_type) = upload_request();
        let result = self
            .0
            .upload_streamed_object(&request, futures::stream::iter(chunks), &upload_type)
            .await;
        result.map(|_| Received::default()).map_err(|error| to_failure(&error))
    }

    async fn download(&self) -> Reply {
        let stream =
            self.0.download_streamed_object(&get_request(Scene::LARGE), &Range::default()).await;
        let chunks: Result<Vec<Bytes>, Error> =
            stream.map_err(|error| to_failure(&error))?.try_collect().await;
        Ok(Received::new(chunks.map_err(|error| to_failure(&error))?.concat()))
    }

    async fn resumable(&self, bytes: Bytes) -> Reply {
        let (request, upload_type) = upload_request();
        let session = self
            .0
            .prepare_resumable_upload(&request, &upload_type)
            .await
            .map_err(|error| to_failure(&error))?;
        let (mut start, total) = (0, bytes.len() as u64);
        for chunk in bytes.chunks(1024 * 1024) {
            let size = ChunkSize::new(start, start + chunk.len() as u64 - 1, Some(total));
            let result = session.upload_multiple_chunk(chunk.to_vec(), &size).await;
            result.map_err(|error| to_failure(&error))?;
            start += chunk.len() as u64;
        }
        Ok(Received::default())
    }

    fn clone_box(&self) -> Box<dyn Client> {
        Box::new(self.clone())
    }
}

fn to_failure(error: &Error) -> Failure {
    match error {
        Error::Response(response) => {
            failure_of_error(format_args!("Response {}", response.code), error)
        }
        Error::HttpClient(_) => failure_of_error("HttpClient", error),
        Error::HttpMiddleware(_) => failure_of_error("HttpMiddleware", error),
        other => failure_of_error(format_args!("{other:?}"), other),
    }
}
