//! object_store's Google Cloud Storage, over the XML API.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt;
use gcp_scopes::Guard;
use gcp_scopes_object_store::GuardConnector;
use gcp_scopes_object_store::GuardObjectStoreExt as _;
use gcp_scopes_testing::Service;
use gcp_scopes_testing::scenarios::{ApiFormat, Failure, Received, Scene, TestedApi};
use http::Version;
use object_store::client::ReqwestConnector;
use object_store::gcp::{GcpCredential, GoogleCloudStorage, GoogleCloudStorageBuilder};
use object_store::{
    BackoffConfig, ClientOptions, Error, ObjectStore, ObjectStoreExt, RetryConfig, StaticCredentialProvider,
    WriteMultipart,
};

use crate::kind::{BoxError, Client, Kind, Reply, failed, with_denial};

struct Store;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(Store)]
}

#[async_trait]
impl Kind for Store {
    fn name(&self) -> &'static str {
        "object_store"
    }

    fn api(&self) -> TestedApi {
        TestedApi::new(Service::Storage, "storage.googleapis.com", ApiFormat::Xml, "cloud-platform")
    }

    async fn make(&self, scene: &Scene, guard: Option<Guard>) -> Result<Box<dyn Client>, BoxError> {
        let options = ClientOptions::new().with_allow_http(true);
        let options = match scene.version() {
            Version::HTTP_2 => options.with_http2_only(),
            _ => options.with_http1_only(),
        };
        let soon = Duration::from_millis(1);
        let backoff = BackoffConfig { init_backoff: soon, max_backoff: soon, base: 2.0 };
        let credential = StaticCredentialProvider::new(GcpCredential { bearer: scene.token() });
        let store = GoogleCloudStorageBuilder::new()
            .with_bucket_name(Scene::BUCKET)
            .with_base_url(&scene.url())
            .with_client_options(options)
            .with_retry(RetryConfig { backoff, ..RetryConfig::default() })
            .with_credentials(Arc::new(credential));
        let guarded = guard.map(|guard| guard.object_store(ReqwestConnector::default()));
        let store = match &guarded {
            Some(guarded) => store.with_http_connector(guarded.clone()),
            None => store,
        };
        Ok(Box::new(Photos { store: store.build()?, guarded }))
    }
}

#[derive(Clone)]
struct Photos {
    store: GoogleCloudStorage,
    guarded: Option<GuardConnector>,
}

impl Photos {
    async fn read(&self, name: &str) -> Result<Received, Error> {
        let got = self.store.get(&name.into()).await?;
        let seen = format!("{:?} {:?}", got.meta, got.attributes);
        let chunks: Vec<Bytes> = got.into_stream().try_collect().await?;
        Ok(Received::new(chunks.concat()).with_metadata(seen))
    }

    async fn write_parts(&self, bytes: &Bytes) -> Result<(), Error> {
        let upload = self.store.put_multipart(&Scene::NEW.into()).await?;
        let mut writer = WriteMultipart::new_with_chunk_size(upload, 1024 * 1024);
        writer.write(bytes);
        writer.finish().await.map(drop)
    }

    fn failure(&self, error: &Error) -> Failure {
        let kind = match error {
            Error::PermissionDenied { .. } => "PermissionDenied",
            Error::Generic { .. } => "Generic",
            _ => "another",
        };
        let denial = self.guarded.as_ref().and_then(|guarded| guarded.denial_of(error));
        let failure = with_denial(failed(kind, error), denial.as_ref());
        let text = timeless(&failure.text);
        failure.with_text(text)
    }
}

/// object_store says of every failure how long it took: `PUT URL in 1.5ms - what happened`.
fn timeless(text: &str) -> String {
    let is_time = |word: &str| word.starts_with(|c: char| c.is_ascii_digit()) && word.ends_with('s');
    let words = text.split(' ').map(|word| if is_time(word.trim_end_matches(',')) { "" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[async_trait]
impl Client for Photos {
    async fn call(&self) -> Reply {
        self.read(Scene::OBJECT).await.map_err(|error| self.failure(&error))
    }

    async fn upload(&self, bytes: Bytes) -> Reply {
        let chunks = bytes.chunks(64 * 1024).map(Bytes::copy_from_slice).collect();
        let put = self.store.put_opts(&Scene::NEW.into(), chunks, Default::default()).await;
        put.map(|_| Received::default()).map_err(|error| self.failure(&error))
    }

    async fn download(&self) -> Reply {
        self.read(Scene::LARGE).await.map_err(|error| self.failure(&error))
    }

    async fn resumable(&self, bytes: Bytes) -> Reply {
        self.write_parts(&bytes).await.map(|()| Received::default()).map_err(|error| self.failure(&error))
    }

    fn another(&self) -> Box<dyn Client> {
        Box::new(self.clone())
    }
}
