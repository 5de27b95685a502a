//! object_store's client for Google Cloud Storage, which uses the XML API. This file is compiled
//! once for each version of object_store: its parent module imports the version under the name
//! `object_store`, and defines `NAME`, the name of the column.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt;
use gcp_scopes::Guard;
use gcp_scopes_object_store::GuardObjectStoreExt as _;
use gcp_scopes_testing::Service;
use gcp_scopes_testing::scenarios::{ApiFormat, Failure, Received, Scene, TestedApi};
use http::Version;

use super::NAME;
use super::object_store::client::ReqwestConnector;
use super::object_store::gcp::{GcpCredential, GoogleCloudStorage, GoogleCloudStorageBuilder};
use super::object_store::{
    BackoffConfig, ClientOptions, Error, ObjectStore, ObjectStoreExt, RetryConfig,
    StaticCredentialProvider, WriteMultipart,
};

use crate::kind::{BoxError, Client, Kind, Reply, failure_of_error, with_denial};

/// The client of object_store: one column in the table of clients and scenarios.
struct ObjectStoreColumn;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(ObjectStoreColumn)]
}

#[async_trait]
impl Kind for ObjectStoreColumn {
    fn name(&self) -> &'static str {
        NAME
    }

    fn api(&self) -> TestedApi {
        TestedApi::new(Service::Storage, "storage.googleapis.com", ApiFormat::Xml, "cloud-platform")
    }

    async fn new_client(
        &self,
        scene: &Scene,
        guard: Option<Guard>,
    ) -> Result<Box<dyn Client>, BoxError> {
        let options = ClientOptions::new().with_allow_http(true);
        let options = match scene.version() {
            Version::HTTP_2 => options.with_http2_only(),
            _ => options.with_http1_only(),
        };
        let delay = Duration::from_millis(1);
        let backoff = BackoffConfig { init_backoff: delay, max_backoff: delay, base: 2.0 };
        let credential = StaticCredentialProvider::new(GcpCredential { bearer: scene.token() });
        let store = GoogleCloudStorageBuilder::new()
            .with_bucket_name(Scene::BUCKET)
            .with_base_url(&scene.url())
            .with_client_options(options)
            .with_retry(RetryConfig { backoff, ..RetryConfig::default() })
            .with_credentials(Arc::new(credential));
        let connector = guard.as_ref().map(|it| it.object_store(ReqwestConnector::default()));
        let store = match connector {
            Some(connector) => store.with_http_connector(connector),
            None => store,
        };
        Ok(Box::new(ObjectStoreClient { store: store.build()?, guard }))
    }
}

#[derive(Clone)]
struct ObjectStoreClient {
    store: GoogleCloudStorage,
    /// The guard, which finds the denial of an error.
    guard: Option<Guard>,
}

impl ObjectStoreClient {
    async fn read(&self, name: &str) -> Result<Received, Error> {
        let object = self.store.get(&name.into()).await?;
        let metadata = format!("{:?} {:?}", object.meta, object.attributes);
        let chunks: Vec<Bytes> = object.into_stream().try_collect().await?;
        Ok(Received::new(chunks.concat()).with_metadata(metadata))
    }

    async fn write_parts(&self, bytes: &Bytes) -> Result<(), Error> {
        let upload = self.store.put_multipart(&Scene::NEW.into()).await?;
        let mut writer = WriteMultipart::new_with_chunk_size(upload, 1024 * 1024);
        writer.write(bytes);
        writer.finish().await.map(drop)
    }

    fn to_failure(&self, error: &Error) -> Failure {
        let kind = match error {
            Error::PermissionDenied { .. } => "PermissionDenied",
            Error::Generic { .. } => "Generic",
            _ => "other",
        };
        let denial = self.guard.as_ref().and_then(|guard| guard.denial_of(error));
        let failure = with_denial(failure_of_error(kind, error), denial.as_ref());
        let text = without_duration(&failure.text);
        failure.with_text(text)
    }
}

/// Removes the duration that object_store prints in every error: `PUT URL in 1.5ms - MESSAGE`.
fn without_duration(text: &str) -> String {
    let is_duration =
        |word: &str| word.starts_with(|c: char| c.is_ascii_digit()) && word.ends_with('s');
    let words =
        text.split(' ').map(|word| if is_duration(word.trim_end_matches(',')) { "" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[async_trait]
impl Client for ObjectStoreClient {
    async fn call(&self) -> Reply {
        self.read(Scene::OBJECT).await.map_err(|error| self.to_failure(&error))
    }

    async fn upload(&self, bytes: Bytes) -> Reply {
        let chunks = bytes.chunks(64 * 1024).map(Bytes::copy_from_slice).collect();
        let result = self.store.put_opts(&Scene::NEW.into(), chunks, Default::default()).await;
        result.map(|_| Received::default()).map_err(|error| self.to_failure(&error))
    }

    async fn download(&self) -> Reply {
        self.read(Scene::LARGE).await.map_err(|error| self.to_failure(&error))
    }

    async fn resumable(&self, bytes: Bytes) -> Reply {
        self.write_parts(&bytes)
            .await
            .map(|()| Received::default())
            .map_err(|error| self.to_failure(&error))
    }

    fn clone_box(&self) -> Box<dyn Client> {
        Box::new(self.clone())
    }
}
