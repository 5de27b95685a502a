//! A web service on a VM, built with axum and gcloud-storage. Its readiness probe checks the scopes
//! of the token and the IAM permissions of the account, and its logs are JSON for Cloud Logging.
//!
//! The token lacks a scope at first: the service is not ready, and the probe's response lists the
//! steps that help. After these steps the service is ready.
//!
//! `cargo run --manifest-path clients/Cargo.toml --example axum_service`
//! sends its requests to a fake Google on 127.0.0.1.

use anyhow::Result;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use gcloud_storage::client::{Client, ClientConfig};
use gcloud_storage::http::objects::upload::{Media, UploadObjectRequest, UploadType};
use gcp_scopes::{Denial, Guard};
use gcp_scopes_testing::{FakeGoogle, Vm};
use reqwest_middleware::ClientBuilder;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

#[derive(Clone)]
struct AppState {
    guard: Guard,
    storage: Client,
}

/// Responds with 200 if the token holds a scope for uploads and the account has the permission, and
/// with 503 if not. The body is the report of the self-check.
async fn ready(State(service): State<AppState>) -> (StatusCode, String) {
    let check = service.guard.self_check().needs("storage.objects.insert");
    let report = check.iam("gs://photos", ["storage.objects.create"]).run().await;
    let status = if report.is_open() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, report.to_string())
}

async fn upload(State(service): State<AppState>, body: String) -> StatusCode {
    let request = UploadObjectRequest { bucket: "photos".into(), ..Default::default() };
    let media = UploadType::Simple(Media::new("cat.jpg"));
    match service.storage.upload_object(&request, body, &media).await {
        Ok(_) => StatusCode::CREATED,
        Err(error) => {
            // Log lines inside of the span have the method, the scopes and the remedy as fields.
            let span =
                Denial::find(&error).map_or_else(tracing::Span::none, gcp_scopes::telemetry::span);
            span.in_scope(|| tracing::error!("the photo was not stored"));
            StatusCode::BAD_GATEWAY
        }
    }
}

/// Starts the service on a free port and returns its URL.
async fn start(google: &FakeGoogle) -> Result<String> {
    // In a program: Guard::detect().await
    let builder = Guard::builder().env(google.env());
    let guard = builder.endpoint(google.storage_url(), "storage.googleapis.com")?.detect().await;
    let http = ClientBuilder::new(reqwest::Client::new()).with(guard.middleware()).build();
    // In a program: ClientConfig { http: Some(http), ..ClientConfig::default() }.with_auth().await?
    let config = ClientConfig {
        http: Some(http),
        storage_endpoint: google.storage_url(),
        token_source_provider: Some(Box::new(clients::fixed_token(google.token()))),
        ..ClientConfig::default()
    };
    let service = AppState { guard, storage: Client::new(config) };
    let app = axum::Router::new()
        .route("/ready", get(ready))
        .route("/photos", post(upload))
        .with_state(service);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(url)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    // In this workspace rustls is built without a default crypto provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let logs = tracing_stackdriver::layer().with_source_location(false);
    tracing_subscriber::registry().with(logs).with(LevelFilter::INFO).init();
    let google = FakeGoogle::builder()
        .vm(Vm::new("web-1").scopes(["devstorage.read_only", "logging.write"]))
        .bucket("photos")
        .iam(
            "photos",
            "123456789012-compute@developer.gserviceaccount.com",
            "roles/storage.objectAdmin",
        )
        .start()
        .await?;

    for fixed in [false, true] {
        if fixed {
            println!("\n== The fix: stop, set scopes, start\n");
            let vm = google.vm("web-1");
            vm.stop()?;
            vm.set_scopes(["cloud-platform"])?;
            vm.start()?;
        }
        let (url, client) = (start(&google).await?, reqwest::Client::new());
        let response = client.get(format!("{url}/ready")).send().await?;
        println!("GET /ready: {}\n\n{}", response.status(), response.text().await?);
        println!("POST /photos, twice, with a log line for each distinct event of the guard:\n");
        for _ in 0..2 {
            println!(
                "{}",
                client.post(format!("{url}/photos")).body("meow").send().await?.status()
            );
        }
    }
    Ok(())
}
