//! Publishes to Pub/Sub over gRPC, on a VM whose token lacks the scope. Prints the error without
//! the guard, and the error with the guard.
//!
//! `cargo run --manifest-path clients/Cargo.toml --example tonic_pubsub`. The server is a fake
//! Google on 127.0.0.1.

use gcp_scopes::{Denial, Guard};
use gcp_scopes_testing::{FakeGoogle, RefusalForm, Service, Vm};
use gcp_scopes_tonic::GuardTonicExt as _;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::publisher_client::PublisherClient;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::{PublishRequest, PubsubMessage};
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::Endpoint;
use tonic::{Request, Status};
use tower::ServiceBuilder;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // In this workspace rustls is built without a default crypto provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let vm = Vm::new("web-1").scopes(["devstorage.read_only", "logging.write"]);
    let google = FakeGoogle::builder().vm(vm).start().await?;
    google.other_api().times(2).respond_with(RefusalForm::GrpcScope);

    // In a program: Guard::detect().await
    let guard = Guard::builder().env(google.env()).detect().await;

    // In a program: https://pubsub.googleapis.com
    let channel = Endpoint::from_shared(google.url_of(Service::OtherApi))?.connect().await?;
    let token: AsciiMetadataValue = format!("Bearer {}", google.token()).parse()?;
    let with_token = move |mut request: Request<()>| {
        request.metadata_mut().insert("authorization", token.clone());
        Ok::<_, Status>(request)
    };

    println!("--- without the guard\n");
    let mut unguarded = PublisherClient::with_interceptor(channel.clone(), with_token.clone());
    if let Err(status) = unguarded.publish(publish_request()).await {
        println!("{:?}: {}\n", status.code(), status.message());
    }

    println!("--- with the guard around the channel, inside the token\n");
    let guarded = ServiceBuilder::new().layer(guard.tonic_layer()).service(channel);
    let mut client = PublisherClient::with_interceptor(guarded, with_token);
    if let Err(status) = client.publish(publish_request()).await {
        println!("{:?}: {}\n", status.code(), status.message());
        if let Some(denial) = Denial::find(&status) {
            println!("--- and for a person\n\n{}", denial.report());
        }
    }
    Ok(())
}

fn publish_request() -> PublishRequest {
    let message = PubsubMessage { data: b"order 7".to_vec(), ..PubsubMessage::default() };
    PublishRequest { topic: "projects/my-project/topics/orders".into(), messages: vec![message] }
}
