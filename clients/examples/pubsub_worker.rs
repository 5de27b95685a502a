//! A Pub/Sub worker on a VM, built with Google's own clients. The worker stores each order in Cloud
//! Storage, and acknowledges the message after that. A failure that may be temporary is retried. If
//! the token lacks a scope, the worker gives the message back and stops, because no retry would
//! help.
//!
//! `cargo run --manifest-path clients/Cargo.toml --example pubsub_worker`
//! sends its requests to a fake Google on 127.0.0.1.

use std::time::Duration;

use anyhow::{Context, Result};
use gcp_scopes::{Denial, Guard};
use gcp_scopes_google_cloud::GuardGoogleCloudExt as _;
use gcp_scopes_testing::{FakeGoogle, Fault, Service, Vm, gcloud_default_scopes};
use google_cloud_auth::credentials::mds;
use google_cloud_gax::retry_policy::RetryPolicyExt as _;
use google_cloud_pubsub::client::Subscriber;
use google_cloud_storage::client::Storage;
use google_cloud_storage::retry_policy::RetryableErrors;
use http::{HeaderMap, Response};

const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";
/// A frame of gRPC with a `StreamingPullResponse` that contains one message, `order 7`.
const ORDER: &[u8] = b"\0\0\0\0\x13\x0a\x11\x0a\x01a\x12\x0c\x0a\x07order 7\x1a\x011";

struct Worker {
    guard: Guard,
    subscriber: Subscriber,
    storage: Storage,
}

impl Worker {
    async fn new(google: &FakeGoogle) -> Result<Self> {
        // In a program: Guard::detect().await
        let guard = Guard::builder().env(google.env()).detect().await;
        // In a program: google_cloud_auth::credentials::Builder::default().build()?
        let metadata = format!("http://{}", google.metadata_host());
        let credentials = mds::Builder::default().with_endpoint(metadata).build()?;
        let credentials = guard.credentials(credentials);
        let retries = RetryableErrors.with_time_limit(Duration::from_secs(300));
        let retries = guard.retry_policy(retries).with_tokens_of(&credentials);
        let storage = Storage::builder().with_endpoint(google.storage_url());
        let storage = storage.with_retry_policy(retries).with_credentials(credentials.clone());
        let subscriber = Subscriber::builder().with_endpoint(google.url_of(Service::OtherApi));
        let subscriber = subscriber.with_credentials(credentials).build().await?;
        Ok(Self { guard, storage: storage.build().await?, subscriber })
    }

    /// Handles this many messages.
    async fn work(&self, count: usize) -> Result<()> {
        let subscription = "projects/my-project/subscriptions/orders";
        let mut stream = self.subscriber.subscribe(subscription).build();
        for _ in 0..count {
            let (message, handler) = match stream.next().await.context("the stream ended")? {
                Ok(received) => received,
                // A stream has no retry policy, so that the guard explains its error here.
                Err(error) => {
                    report(self.guard.explain_error(&error).as_ref(), &error);
                    break;
                }
            };
            // With a precondition, the upload may be retried: it stores the order at most once.
            let name = format!("order-{}", message.message_id);
            let upload = self.storage.write_object("projects/_/buckets/photos", name, message.data);
            match upload.set_if_generation_match(0).send_unbuffered().await {
                Ok(_) => handler.ack(),
                Err(error) => {
                    handler.nack(); // Pub/Sub delivers the message again
                    report(Denial::find(&error), &error);
                    break;
                }
            }
        }
        // Waits until the acknowledgements are sent.
        stream.shutdown_token().shutdown().await;
        Ok(())
    }
}

fn report(denial: Option<&Denial>, error: &dyn std::error::Error) {
    match denial {
        Some(denial) => println!("{}\n", denial.report()),
        None => println!("{error}\n"),
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    // In this workspace rustls is built without a default crypto provider.
    drop(rustls::crypto::ring::default_provider().install_default());
    let google = FakeGoogle::builder()
        .vm(Vm::new("web-1").scopes(gcloud_default_scopes()))
        .bucket("photos")
        .iam("photos", ACCOUNT, "roles/storage.objectAdmin")
        .start()
        .await?;
    let ok = || HeaderMap::from_iter([("grpc-status".parse().unwrap(), "0".parse().unwrap())]);
    let grpc = |body| Response::builder().header("content-type", "application/grpc").body(body);
    let script = google.other_api().path("/google.pubsub.v1.Subscriber/").with_trailers(ok());
    script.serve(["pubsub", "cloud-platform"], grpc(&b"\0\0\0\0\0"[..])?);
    let script = google.other_api().path("/google.pubsub.v1.Subscriber/StreamingPull");
    script.with_trailers(ok()).serve(["pubsub", "cloud-platform"], grpc(ORDER)?);
    // Every second request to Cloud Storage fails with status 503.
    google.set_fault(Service::Storage, Fault::Flaky { failures: 1, group: 2 });

    Worker::new(&google).await?.work(1).await?;
    println!("== The fix: stop, set scopes, start\n");
    let vm = google.vm("web-1");
    vm.stop()?;
    vm.set_scopes(["cloud-platform"])?;
    vm.start()?;
    Worker::new(&google).await?.work(1).await?;
    let order = google.object("photos", "order-1").context("no order")?;
    let requests = google.requests();
    let acknowledged = requests.iter().filter(|it| it.path().ends_with("/Acknowledge")).count();
    println!("stored: {}, acknowledged: {acknowledged}", String::from_utf8_lossy(&order));
    Ok(())
}
