//! The gRPC clients of gcloud-sdk, with the guard between the channel and the layer that sets the
//! token.

use async_trait::async_trait;
use gcloud_sdk::google::pubsub::v1::publisher_client::PublisherClient;
use gcloud_sdk::google::pubsub::v1::{PublishRequest, PubsubMessage};
use gcloud_sdk::{GoogleAuthHeaders, GoogleAuthMiddlewareLayer};
use gcp_scopes::Guard;
use gcp_scopes_testing::FakeGoogle;
use gcp_scopes_testing::scenarios::{Received, Scenario, Scene, TestedApi};
use google_cloud_auth::credentials::{
    CacheableResource, Credentials, CredentialsProvider, EntityTag,
};
use google_cloud_auth::errors::CredentialsError;
use http::{Extensions, HeaderMap, HeaderValue};
use tower::Layer;

use crate::kind::{BoxError, Client, Kind, Reply};
use crate::tonic::{
    PUBSUB, Stack, channel, grpc_skip_reason, printed_metadata, serve_pubsub, to_failure,
};

pub(crate) struct GcloudSdk;

#[async_trait]
impl Kind for GcloudSdk {
    fn name(&self) -> &'static str {
        "gcloud-sdk"
    }

    fn api(&self) -> TestedApi {
        PUBSUB
    }

    fn skip_reason(&self, scenario: Scenario) -> Option<&'static str> {
        grpc_skip_reason(scenario)
    }

    fn prepare(&self, google: &FakeGoogle) {
        serve_pubsub(google);
    }

    async fn new_client(
        &self,
        scene: &Scene,
        guard: Option<Guard>,
    ) -> Result<Box<dyn Client>, BoxError> {
        let token = HeaderValue::try_from(format!("Bearer {}", scene.token()))?;
        let headers = GoogleAuthHeaders::from(Credentials::from(FixedHeader(token)));
        let auth = GoogleAuthMiddlewareLayer::new(headers, None)?;
        Ok(Box::new(Publisher(PublisherClient::new(auth.layer(channel(scene, guard)?)))))
    }
}

#[derive(Clone)]
struct Publisher(PublisherClient<<GoogleAuthMiddlewareLayer as Layer<Stack>>::Service>);

#[async_trait]
impl Client for Publisher {
    async fn call(&self) -> Reply {
        let message = PubsubMessage { data: b"order 7".to_vec(), ..PubsubMessage::default() };
        let topic = format!("projects/{}/topics/orders", Scene::PROJECT);
        let request = PublishRequest { topic, messages: vec![message] };
        let response = self.0.clone().publish(request).await.map_err(to_failure)?;
        let metadata = printed_metadata(response.metadata());
        Ok(Received::new(response.into_inner().message_ids.concat()).with_metadata(metadata))
    }

    fn clone_box(&self) -> Box<dyn Client> {
        Box::new(self.clone())
    }
}

/// Credentials that send the same `Authorization` header with every request.
#[derive(Debug)]
struct FixedHeader(HeaderValue);

impl CredentialsProvider for FixedHeader {
    async fn headers(
        &self,
        _: Extensions,
    ) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
        let data = HeaderMap::from_iter([(http::header::AUTHORIZATION, self.0.clone())]);
        Ok(CacheableResource::New { entity_tag: EntityTag::new(), data })
    }

    async fn universe_domain(&self) -> Option<String> {
        None
    }
}
