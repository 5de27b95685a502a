//! reqwest with reqwest-middleware, alone and with retry and tracing around or inside the guard.

use async_trait::async_trait;
use bytes::Bytes;
use gcp_scopes::{Denial, DenialDelivery, Guard};
use gcp_scopes_testing::scenarios::{Failure, Received, Scenario, Scene};
use http::StatusCode;
use reqwest::Response;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Error, RequestBuilder};
use reqwest_retry::RetryTransientMiddleware;
use reqwest_retry::policies::ExponentialBackoff;
use reqwest_tracing::TracingMiddleware;

use crate::kind::{BoxError, Client, Kind, Reply, answered, failed};
use crate::scene::reqwest;

/// Where the guard stands, and how it answers.
struct ReqwestMiddleware {
    name: &'static str,
    delivery: DenialDelivery,
    build: fn(ClientBuilder, Option<Guard>) -> ClientBuilder,
}

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    let (error, extension, message) =
        (DenialDelivery::Error, DenialDelivery::Extension, DenialDelivery::Message);
    let kinds = [
        ReqwestMiddleware { name: "reqwest-middleware", delivery: error, build: alone },
        ReqwestMiddleware { name: "reqwest-middleware, Extension", delivery: extension, build: alone },
        ReqwestMiddleware { name: "reqwest-middleware, Message", delivery: message, build: alone },
        ReqwestMiddleware { name: "retry, tracing, guard", delivery: error, build: guard_inside },
        ReqwestMiddleware { name: "guard, tracing, retry", delivery: error, build: guard_outside },
    ];
    kinds.map(|kind| Box::new(kind) as Box<dyn Kind>).into()
}

fn alone(client: ClientBuilder, guard: Option<Guard>) -> ClientBuilder {
    match guard {
        Some(guard) => client.with(guard.middleware()),
        None => client,
    }
}

fn guard_inside(client: ClientBuilder, guard: Option<Guard>) -> ClientBuilder {
    alone(client.with(retry()).with(TracingMiddleware::default()), guard)
}

fn guard_outside(client: ClientBuilder, guard: Option<Guard>) -> ClientBuilder {
    alone(client, guard).with(TracingMiddleware::default()).with(retry())
}

fn retry() -> RetryTransientMiddleware<ExponentialBackoff> {
    let none = std::time::Duration::ZERO;
    let policy = ExponentialBackoff::builder().retry_bounds(none, none).build_with_max_retries(3);
    RetryTransientMiddleware::new_with_policy(policy)
}

#[async_trait]
impl Kind for ReqwestMiddleware {
    fn name(&self) -> &'static str {
        self.name
    }

    fn delivery(&self) -> DenialDelivery {
        self.delivery
    }

    fn cannot(&self, scenario: Scenario) -> Option<&'static str> {
        match scenario {
            Scenario::Upload if self.name.contains("retry") => Some(NO_STREAMS),
            other => cannot(self.delivery, other),
        }
    }

    async fn make(&self, scene: &Scene, guard: Option<Guard>) -> Result<Box<dyn Client>, BoxError> {
        let client = (self.build)(ClientBuilder::new(reqwest(scene).build()?), guard).build();
        Ok(Box::new(Storage { client, url: scene.url(), token: scene.token() }))
    }
}

/// What follows from the delivery alone, for every client of HTTP.
pub(crate) fn cannot(delivery: DenialDelivery, scenario: Scenario) -> Option<&'static str> {
    match (scenario, delivery) {
        (Scenario::KeepsErrorKind, DenialDelivery::Error) => Some(BY_CHOICE),
        (Scenario::KeepsErrorKind, DenialDelivery::Extension) => Some(NO_ANSWER),
        _ => None,
    }
}

const NO_STREAMS: &str = "reqwest-retry refuses bodies that it cannot send twice, guard or not";
const BY_CHOICE: &str = "`DenialDelivery::Error`, the default, makes it an error of the middleware's";

const NO_ANSWER: &str =
    "with `DenialDelivery::Extension` a refusal stays a 403, but a call that is not sent is an error";

/// Cloud Storage's JSON API, by hand.
#[derive(Clone)]
struct Storage {
    client: ClientWithMiddleware,
    url: String,
    token: String,
}

impl Storage {
    fn object(&self, name: &str) -> RequestBuilder {
        let url = format!("{}/storage/v1/b/{}/o/{name}", self.url, Scene::BUCKET);
        self.client.get(url).bearer_auth(&self.token)
    }

    fn insert(&self, kind: &str) -> RequestBuilder {
        let (bucket, name) = (Scene::BUCKET, Scene::NEW);
        let url = format!("{}/upload/storage/v1/b/{bucket}/o?uploadType={kind}&name={name}", self.url);
        self.client.post(url).bearer_auth(&self.token)
    }
}

#[async_trait]
impl Client for Storage {
    async fn call(&self) -> Reply {
        reply(self.object(Scene::OBJECT).send().await).await
    }

    async fn upload(&self, bytes: Bytes) -> Reply {
        let chunks: Vec<_> =
            bytes.chunks(64 * 1024).map(Bytes::copy_from_slice).map(Ok::<_, BoxError>).collect();
        let body = reqwest::Body::wrap_stream(futures::stream::iter(chunks));
        reply(self.insert("media").body(body).send().await).await
    }

    async fn download(&self) -> Reply {
        reply(self.object(Scene::LARGE).query(&[("alt", "media")]).send().await).await
    }

    async fn resumable(&self, bytes: Bytes) -> Reply {
        let begun = self.insert("resumable").header("content-length", "0").send().await;
        let begun = begun.map_err(|error| failure(&error))?;
        let session = begun.headers().get("location").and_then(|place| place.to_str().ok());
        let session = session.unwrap_or_default().to_owned();
        let (mut last, mut at, total) = (Err(answered(StatusCode::OK, String::new(), None)), 0, bytes.len());
        for chunk in bytes.chunks(1024 * 1024) {
            let range = format!("bytes {at}-{}/{total}", at + chunk.len() - 1);
            let part = self.client.put(&session).header("content-range", range);
            let part = part.bearer_auth(&self.token).body(Bytes::copy_from_slice(chunk));
            last = reply(part.send().await).await;
            at += chunk.len();
        }
        last
    }

    fn another(&self) -> Box<dyn Client> {
        Box::new(self.clone())
    }
}

async fn reply(sent: Result<Response, Error>) -> Reply {
    let response = sent.map_err(|error| failure(&error))?;
    let (status, denial) = (response.status(), response.extensions().get::<Denial>().cloned());
    let mut headers = response.headers().clone();
    headers.remove("date");
    headers.remove("x-guploader-uploadid");
    let seen = format!("{status} {:?} {} {headers:?}", response.version(), response.url());
    let bytes = response.bytes().await.map_err(|error| failed("body", &error))?;
    match status.is_success() {
        true => Ok(Received::new(bytes).with_metadata(seen)),
        false => {
            let text = format!("{seen}\n{}", String::from_utf8_lossy(&bytes));
            Err(answered(status, text, denial.as_ref()))
        }
    }
}

fn failure(error: &Error) -> Failure {
    match error {
        Error::Middleware(_) => failed("Middleware", error),
        Error::Reqwest(_) => failed("Reqwest", error),
    }
}
