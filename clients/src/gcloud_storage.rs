//! gcloud-storage: the guard goes into `ClientConfig::http`.

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

use crate::kind::{BoxError, Client, Kind, Reply, Shows, failed};
use crate::reqwest_middleware::cannot;
use crate::scene::reqwest;

struct GcloudStorage {
    name: &'static str,
    delivery: DenialDelivery,
    shows: Shows,
}

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    let kinds = [
        GcloudStorage { name: "gcloud-storage", delivery: DenialDelivery::Error, shows: Shows::Denial },
        GcloudStorage {
            name: "gcloud-storage, Message",
            delivery: DenialDelivery::Message,
            shows: Shows::Text,
        },
    ];
    kinds.map(|kind| Box::new(kind) as Box<dyn Kind>).into()
}

/// The client as its users build it, with an HTTP client of their own.
pub(crate) fn http(
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

    fn cannot(&self, scenario: Scenario) -> Option<&'static str> {
        cannot(self.delivery, scenario)
    }

    async fn make(&self, scene: &Scene, guard: Option<Guard>) -> Result<Box<dyn Client>, BoxError> {
        let config = ClientConfig {
            http: Some(http(scene, guard)?),
            storage_endpoint: scene.url(),
            token_source_provider: Some(Box::new(Token(scene.token()))),
            ..ClientConfig::default()
        };
        Ok(Box::new(Storage(gcloud_storage::client::Client::new(config))))
    }
}

/// A token that somebody else got.
#[derive(Clone)]
pub(crate) struct Token(pub(crate) String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

impl TokenSourceProvider for Token {
    fn token_source(&self) -> Arc<dyn TokenSource> {
        Arc::new(self.clone())
    }
}

#[async_trait]
impl TokenSource for Token {
    async fn token(&self) -> Result<String, BoxError> {
        Ok(format!("Bearer {}", self.0))
    }
}

#[derive(Clone)]
struct Storage(gcloud_storage::client::Client);

fn get(object: &str) -> GetObjectRequest {
    GetObjectRequest { bucket: Scene::BUCKET.into(), object: object.into(), ..Default::default() }
}

fn insert() -> (UploadObjectRequest, UploadType) {
    let request = UploadObjectRequest { bucket: Scene::BUCKET.into(), ..Default::default() };
    (request, UploadType::Simple(Media::new(Scene::NEW)))
}

#[async_trait]
impl Client for Storage {
    async fn call(&self) -> Reply {
        let object = self.0.get_object(&get(Scene::OBJECT)).await.map_err(|error| failure(&error))?;
        Ok(Received::default().with_metadata(format!("{object:?}")))
    }

    async fn upload(&self, bytes: Bytes) -> Reply {
        let chunks: Vec<_> =
            bytes.chunks(64 * 1024).map(Bytes::copy_from_slice).map(Ok::<_, BoxError>).collect();
        let (request, kind) = insert();
        let sent = self.0.upload_streamed_object(&request, futures::stream::iter(chunks), &kind).await;
        sent.map(|_| Received::default()).map_err(|error| failure(&error))
    }

    async fn download(&self) -> Reply {
        let stream = self.0.download_streamed_object(&get(Scene::LARGE), &Range::default()).await;
        let chunks: Result<Vec<Bytes>, Error> = stream.map_err(|error| failure(&error))?.try_collect().await;
        Ok(Received::new(chunks.map_err(|error| failure(&error))?.concat()))
    }

    async fn resumable(&self, bytes: Bytes) -> Reply {
        let (request, kind) = insert();
        let session =
            self.0.prepare_resumable_upload(&request, &kind).await.map_err(|error| failure(&error))?;
        let (mut at, total) = (0, bytes.len() as u64);
        for chunk in bytes.chunks(1024 * 1024) {
            let size = ChunkSize::new(at, at + chunk.len() as u64 - 1, Some(total));
            let sent = session.upload_multiple_chunk(chunk.to_vec(), &size).await;
            sent.map_err(|error| failure(&error))?;
            at += chunk.len() as u64;
        }
        Ok(Received::default())
    }

    fn another(&self) -> Box<dyn Client> {
        Box::new(self.clone())
    }
}

fn failure(error: &Error) -> Failure {
    match error {
        Error::Response(response) => failed(format_args!("Response {}", response.code), error),
        Error::HttpClient(_) => failed("HttpClient", error),
        Error::HttpMiddleware(_) => failed("HttpMiddleware", error),
        other => failed(format_args!("{other:?}"), other),
    }
}
