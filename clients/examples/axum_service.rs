//! A service as it runs on a VM: axum, gcloud-storage, a readiness probe that asks both gates, and logs for
//! Cloud Logging. Started with narrow scopes it refuses readiness and says what to do; started again after
//! the fix, it is ready.
//!
//! `cargo run -p clients --example axum_service`. Nothing leaves this machine.

use std::sync::{Arc, Mutex};

use anyhow::{Result, ensure};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use gcloud_storage::client::{Client, ClientConfig};
use gcloud_storage::http::objects::upload::{Media, UploadObjectRequest, UploadType};
use gcp_scopes::testing::{FakeGoogle, Vm};
use gcp_scopes::{Denial, Guard};
use reqwest_middleware::ClientBuilder;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";

#[derive(Clone)]
struct Service {
    guard: Guard,
    storage: Client,
}

/// Ready if what the service needs is open: the scope of its token, and the role of its account.
async fn ready(State(service): State<Service>) -> (StatusCode, String) {
    let check = service.guard.self_check().needs("storage.objects.insert");
    let report = check.iam("gs://photos", ["storage.objects.create"]).run().await;
    let status = if report.is_open() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, report.to_string())
}

async fn upload(State(service): State<Service>, body: String) -> StatusCode {
    let request = UploadObjectRequest { bucket: "photos".into(), ..Default::default() };
    let media = UploadType::Simple(Media::new("cat.jpg"));
    match service.storage.upload_object(&request, body, &media).await {
        Ok(_) => StatusCode::CREATED,
        Err(error) => {
            let span = Denial::of(&error).map_or_else(tracing::Span::none, Denial::span);
            span.in_scope(|| tracing::error!("the photo was not stored"));
            StatusCode::BAD_GATEWAY
        }
    }
}

/// Starts the service on a port of its own, as it starts on the VM, and gives its URL.
async fn start(google: &FakeGoogle) -> Result<String> {
    // In a program: Guard::from_env().await
    let guard =
        Guard::builder().env(google.env()).endpoint(google.storage_url(), "storage.googleapis.com")?;
    let guard = guard.from_env().await;
    let http = ClientBuilder::new(reqwest::Client::new()).with(guard.middleware()).build();
    // In a program: ClientConfig { http: Some(http), ..ClientConfig::default() }.with_auth().await?
    let config = ClientConfig {
        http: Some(http),
        storage_endpoint: google.storage_url(),
        token_source_provider: Some(Box::new(clients::token(google.token()))),
        ..ClientConfig::default()
    };
    let service = Service { guard, storage: Client::new(config) };
    let app = axum::Router::new().route("/ready", get(ready)).route("/photos", post(upload));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app.with_state(service)).await });
    Ok(url)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    // One of the packages beside this one builds rustls without a crypto provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let lines = Lines::default();
    let sink = lines.clone();
    let logs = tracing_stackdriver::layer().with_source_location(false).with_writer(move || sink.clone());
    let logs = tracing_subscriber::registry().with(logs).with(LevelFilter::INFO);
    let _logs = tracing::subscriber::set_default(logs);
    let user = reqwest::Client::new();
    let google = FakeGoogle::builder()
        .vm(Vm::new("web-1").scopes(["devstorage.read_only", "logging.write"]))
        .bucket("photos")
        .iam("photos", ACCOUNT, "roles/storage.objectAdmin")
        .start()
        .await?;

    println!("== On VM web-1, with its narrow scopes\n");
    let url = start(&google).await?;
    let answer = user.get(format!("{url}/ready")).send().await?;
    ensure!(answer.status() == StatusCode::SERVICE_UNAVAILABLE, "ready, although a gate is closed");
    println!("GET /ready: {}\n\n{}", answer.status(), answer.text().await?);
    for _ in 0..5 {
        let answer = user.post(format!("{url}/photos")).body("meow").send().await?;
        ensure!(answer.status() == StatusCode::BAD_GATEWAY, "{}", answer.status());
    }
    let logged = lines.take();
    let of_ours = logged.lines().filter(|line| line.contains(r#""target":"gcp_scopes""#)).count();
    println!(
        "POST /photos, five times; {of_ours} lines of the guard's, one for each distinct happening:\n\n{logged}"
    );
    ensure!(logged.lines().count() > of_ours && (1..=3).contains(&of_ours), "{of_ours} lines");

    println!("== The fix: stop, set scopes, start\n");
    let vm = google.vm("web-1");
    vm.stop()?;
    vm.set_scopes(["cloud-platform"])?;
    vm.start()?;
    let url = start(&google).await?;
    let answer = user.get(format!("{url}/ready")).send().await?;
    ensure!(answer.status() == StatusCode::OK, "{}", answer.text().await?);
    println!("GET /ready: {}\n\n{}", answer.status(), answer.text().await?);
    let stored = user.post(format!("{url}/photos")).body("meow").send().await?;
    ensure!(stored.status() == StatusCode::CREATED && lines.take().is_empty(), "{}", stored.status());
    println!("POST /photos: {}", stored.status());
    Ok(())
}

/// Standard output in a service; kept here, to be shown in its place.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn take(&self) -> String {
        let mut lines = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        String::from_utf8_lossy(&std::mem::take(&mut *lines)).into_owned()
    }
}

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
