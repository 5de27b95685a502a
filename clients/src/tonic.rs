//! tonic with the generated clients of `googleapis-tonic-*`. The guard is around the channel, and
//! inside of the interceptor that sets the token.

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

use crate::kind::{BoxError, Client, Kind, Reply, failure_of_error};

/// A column of the table: the kind of gRPC method that is called.
#[derive(Clone, Copy)]
enum Tonic {
    /// `Publish`, with one request and one response.
    Unary,
    /// `StreamingPull`, with a stream of requests and a stream of responses.
    Bidi,
}

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(Tonic::Unary), Box::new(Tonic::Bidi)]
}

pub(crate) const PUBSUB: TestedApi =
    TestedApi::new(Service::OtherApi, "pubsub.googleapis.com", ApiFormat::Grpc, "pubsub");

/// Returns why no gRPC client of Pub/Sub can run the scenario; `None` if clients can run the
/// scenario.
pub(crate) fn grpc_skip_reason(scenario: Scenario) -> Option<&'static str> {
    match scenario {
        Scenario::Denied | Scenario::Confirmed => {
            Some("a gRPC call is always sent; the guard explains only its refusal")
        }
        Scenario::Upload | Scenario::Download | Scenario::Resumable => {
            Some("Pub/Sub stores no objects")
        }
        Scenario::Http1 => Some("gRPC needs HTTP/2"),
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
        let set_token = SetToken(format!("Bearer {}", scene.token()).parse()?);
        Ok(Box::new(Pubsub { kind: *self, channel: channel(scene, guard)?, set_token }))
    }
}

/// Scripts Pub/Sub in the fake Google: `Publish` and `StreamingPull` succeed for tokens with one of
/// the scopes of Pub/Sub.
pub(crate) fn serve_pubsub(google: &FakeGoogle) {
    let accepted = ["cloud-platform", "pubsub"];
    let ok = HeaderMap::from_iter([(
        HeaderName::from_static("grpc-status"),
        HeaderValue::from_static("0"),
    )]);
    // The protobuf encodings of `PublishResponse { message_ids: ["1"] }`, and of a
    // `StreamingPullResponse` with one message whose `ack_id` is `a`.
    let responses = [
        ("Publisher/Publish", &b"\x0a\x011"[..]),
        ("Subscriber/StreamingPull", b"\x0a\x03\x0a\x01a"),
    ];
    for (path, message) in responses {
        // The frame of a gRPC message: 0 for no compression, the length, and the message.
        let mut framed = BytesMut::new();
        framed.put_u8(0);
        framed.put_u32(u32::try_from(message.len()).expect("the message is too long"));
        framed.put_slice(message);
        let mut response = Response::new(framed.freeze());
        response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
        let script = google.other_api().path(format!("/google.pubsub.v1.{path}"));
        script.with_trailers(ok.clone()).serve(accepted, response);
    }
}

/// A channel with the guard around it, or without a guard. Errors are converted to [`Status`], as
/// the generated clients of tonic do.
pub(crate) type Stack = BoxCloneSyncService<http::Request<Body>, Response<Body>, Status>;

/// Returns a channel to the API of the scene.
pub(crate) fn channel(scene: &Scene, guard: Option<Guard>) -> Result<Stack, BoxError> {
    let channel = Endpoint::from_shared(scene.url())?.connect_lazy();
    Ok(match guard {
        None => BoxCloneSyncService::new(channel.map_err(|error| Status::from_error(error.into()))),
        Some(guard) => {
            let guarded = guard.tonic_layer().layer(channel).map_err(Status::from_error);
            BoxCloneSyncService::new(guarded.map_response(|response| response.map(Body::new)))
        }
    })
}

#[derive(Clone)]
struct Pubsub {
    kind: Tonic,
    channel: Stack,
    set_token: SetToken,
}

/// Sets the same token in every request.
#[derive(Clone)]
struct SetToken(AsciiMetadataValue);

impl Interceptor for SetToken {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

impl Pubsub {
    /// Publishes a message. Returns the ids that Pub/Sub gives to the message.
    async fn publish(&self) -> Result<Received, Status> {
        let mut client =
            PublisherClient::with_interceptor(self.channel.clone(), self.set_token.clone());
        let response = client.publish(publish_request()).await?;
        let metadata = printed_metadata(response.metadata());
        Ok(Received::new(response.into_inner().message_ids.concat()).with_metadata(metadata))
    }

    /// Reads a stream of messages to its end. Returns the acknowledgement ids of the messages.
    async fn pull(&self) -> Result<Received, Status> {
        let mut client =
            SubscriberClient::with_interceptor(self.channel.clone(), self.set_token.clone());
        let subscription = format!("projects/{}/subscriptions/orders", Scene::PROJECT);
        let first = StreamingPullRequest { subscription, ..StreamingPullRequest::default() };
        let response = client.streaming_pull(futures::stream::iter([first])).await?;
        let metadata = printed_metadata(response.metadata());
        let (mut stream, mut ack_ids) = (response.into_inner(), String::new());
        while let Some(batch) = stream.message().await? {
            ack_ids.extend(batch.received_messages.into_iter().map(|message| message.ack_id));
        }
        Ok(Received::new(ack_ids).with_metadata(metadata))
    }
}

fn publish_request() -> PublishRequest {
    let message = PubsubMessage { data: b"order 7".to_vec(), ..PubsubMessage::default() };
    PublishRequest {
        topic: format!("projects/{}/topics/orders", Scene::PROJECT),
        messages: vec![message],
    }
}

#[async_trait]
impl Client for Pubsub {
    async fn call(&self) -> Reply {
        let reply = match self.kind {
            Tonic::Unary => self.publish().await,
            Tonic::Bidi => self.pull().await,
        };
        reply.map_err(to_failure)
    }

    fn clone_box(&self) -> Box<dyn Client> {
        Box::new(self.clone())
    }
}

/// Converts a status to a failure. The text of the failure also contains the details and the
/// metadata, except the header `date`, which differs between calls.
pub(crate) fn to_failure(mut status: Status) -> Failure {
    status.metadata_mut().remove("date");
    let mut failure = failure_of_error(format_args!("{:?}", status.code()), &status);
    failure.text += &format!("\n{:?}\n{:?}", status.details(), status.metadata());
    failure
}

/// Prints the metadata of a response without the header `date`, which differs between calls.
pub(crate) fn printed_metadata(metadata: &MetadataMap) -> String {
    let mut metadata = metadata.clone();
    metadata.remove("date");
    format!("{metadata:?}")
}
