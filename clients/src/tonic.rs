//! tonic with the generated clients of `googleapis-tonic-*`: the guard around the channel, inside the
//! interceptor that sets the token.

use async_trait::async_trait;
use bytes::{BufMut, BytesMut};
use gcp_scopes::Guard;
use gcp_scopes_testing::scenarios::{ApiFormat, Failure, Received, Scenario, Scene, TestedApi};
use gcp_scopes_testing::{FakeGoogle, Service};
use gcp_scopes_tonic::GuardTonicExt as _;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::publisher_client::PublisherClient;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::subscriber_client::SubscriberClient;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::{
    PublishRequest, PubsubMessage, StreamingPullRequest,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use tonic::body::Body;
use tonic::metadata::{AsciiMetadataValue, MetadataMap};
use tonic::service::Interceptor;
use tonic::transport::Endpoint;
use tonic::{Request, Status};
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceExt};

use crate::kind::{BoxError, Client, Kind, Reply, failed};

/// Which of the client's calls are made.
#[derive(Clone, Copy)]
enum Tonic {
    Unary,
    Bidi,
}

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(Tonic::Unary), Box::new(Tonic::Bidi)]
}

pub(crate) const PUBSUB: TestedApi =
    TestedApi::new(Service::OtherApi, "pubsub.googleapis.com", ApiFormat::Grpc, "pubsub");

/// What no gRPC client can show.
pub(crate) fn cannot(scenario: Scenario) -> Option<&'static str> {
    match scenario {
        Scenario::Denied | Scenario::Confirmed => Some("a gRPC call is explained, and never held back"),
        Scenario::Upload | Scenario::Download | Scenario::Resumable => Some("Pub/Sub stores no objects"),
        Scenario::Http1 => Some("gRPC is HTTP/2"),
        _ => None,
    }
}

#[async_trait]
impl Kind for Tonic {
    fn name(&self) -> &'static str {
        match self {
            Self::Unary => "tonic, unary",
            Self::Bidi => "tonic, bidi stream",
        }
    }

    fn api(&self) -> TestedApi {
        PUBSUB
    }

    fn cannot(&self, scenario: Scenario) -> Option<&'static str> {
        cannot(scenario)
    }

    fn prepare(&self, google: &FakeGoogle) {
        prepare(google);
    }

    async fn make(&self, scene: &Scene, guard: Option<Guard>) -> Result<Box<dyn Client>, BoxError> {
        let token = Token(format!("Bearer {}", scene.token()).parse()?);
        Ok(Box::new(Pubsub { kind: *self, channel: channel(scene, guard)?, token }))
    }
}

/// Publishing and pulling, for tokens that hold a scope of Pub/Sub's.
pub(crate) fn prepare(google: &FakeGoogle) {
    let accepted = ["cloud-platform", "pubsub"];
    let ok = HeaderMap::from_iter([(HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"))]);
    // `PublishResponse { message_ids: ["1"] }`, and a `StreamingPullResponse` with one message.
    let answers =
        [("Publisher/Publish", &b"\x0a\x011"[..]), ("Subscriber/StreamingPull", b"\x0a\x03\x0a\x01a")];
    for (path, message) in answers {
        let mut framed = BytesMut::new();
        framed.put_u8(0);
        framed.put_u32(u32::try_from(message.len()).expect("the messages above are short"));
        framed.put_slice(message);
        let mut answer = Response::new(framed.freeze());
        answer.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
        let script = google.other_api().path(format!("/google.pubsub.v1.{path}"));
        script.with_trailers(ok.clone()).serve(accepted, answer);
    }
}

/// A channel with a guard around it, or without one, under one name. Its errors are what tonic makes of
/// them in any scenario.
pub(crate) type Stack = BoxCloneSyncService<http::Request<Body>, Response<Body>, Status>;

pub(crate) fn channel(scene: &Scene, guard: Option<Guard>) -> Result<Stack, BoxError> {
    let channel = Endpoint::from_shared(scene.url())?.connect_lazy();
    Ok(match guard {
        None => BoxCloneSyncService::new(channel.map_err(|error| Status::from_error(error.into()))),
        Some(guard) => {
            let guarded = guard.tonic_layer().layer(channel).map_err(Status::from_error);
            BoxCloneSyncService::new(guarded.map_response(|answer| answer.map(Body::new)))
        }
    })
}

#[derive(Clone)]
struct Pubsub {
    kind: Tonic,
    channel: Stack,
    token: Token,
}

/// What sets the token.
#[derive(Clone)]
struct Token(AsciiMetadataValue);

impl Interceptor for Token {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

impl Pubsub {
    async fn publish(&self) -> Result<Received, Status> {
        let mut client = PublisherClient::with_interceptor(self.channel.clone(), self.token.clone());
        let answer = client.publish(order()).await?;
        let seen = shown(answer.metadata());
        Ok(Received::new(answer.into_inner().message_ids.concat()).with_metadata(seen))
    }

    async fn pull(&self) -> Result<Received, Status> {
        let mut client = SubscriberClient::with_interceptor(self.channel.clone(), self.token.clone());
        let subscription = format!("projects/{}/subscriptions/orders", Scene::PROJECT);
        let first = StreamingPullRequest { subscription, ..StreamingPullRequest::default() };
        let answer = client.streaming_pull(futures::stream::iter([first])).await?;
        let seen = shown(answer.metadata());
        let (mut stream, mut acks) = (answer.into_inner(), String::new());
        while let Some(batch) = stream.message().await? {
            acks.extend(batch.received_messages.into_iter().map(|message| message.ack_id));
        }
        Ok(Received::new(acks).with_metadata(seen))
    }
}

fn order() -> PublishRequest {
    let message = PubsubMessage { data: b"order 7".to_vec(), ..PubsubMessage::default() };
    PublishRequest { topic: format!("projects/{}/topics/orders", Scene::PROJECT), messages: vec![message] }
}

#[async_trait]
impl Client for Pubsub {
    async fn call(&self) -> Reply {
        let reply = match self.kind {
            Tonic::Unary => self.publish().await,
            Tonic::Bidi => self.pull().await,
        };
        reply.map_err(failure)
    }

    fn another(&self) -> Box<dyn Client> {
        Box::new(self.clone())
    }
}

/// All that a status says, but when.
pub(crate) fn failure(mut status: Status) -> Failure {
    status.metadata_mut().remove("date");
    let mut failure = failed(format_args!("{:?}", status.code()), &status);
    failure.text += &format!("\n{:?}\n{:?}", status.details(), status.metadata());
    failure
}

/// All that headers say, but when.
pub(crate) fn shown(metadata: &MetadataMap) -> String {
    let mut metadata = metadata.clone();
    metadata.remove("date");
    format!("{metadata:?}")
}
