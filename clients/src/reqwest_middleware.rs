//! reqwest with reqwest-middleware: with the guard alone, and with the guard inside or outside of
//! reqwest-retry and reqwest-tracing.

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

use crate::kind::{BoxError, Client, Kind, Reply, failure_of_error, failure_of_response};
use crate::scene::reqwest;

/// A column of the table: a stack of middleware, and how the guard in the stack delivers denials.
struct ReqwestMiddleware {
    name: &'static str,
    delivery: DenialDelivery,
    build: fn(ClientBuilder, Option<Guard>) -> ClientBuilder,
}

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    let (error, extension, message) =
        (DenialDelivery::Error, DenialDelivery::Extension, DenialDelivery::Message);
    // The last two names list the middleware from the outermost to the innermost.
    let kinds = [
        ReqwestMiddleware { name: "reqwest-middleware", delivery: error, build: with_guard },
        ReqwestMiddleware {
            name: "reqwest-middleware, Extension",
            delivery: extension,
            build: with_guard,
        },
        ReqwestMiddleware {
            name: "reqwest-middleware, Message",
            delivery: message,
            build: with_guard,
        },
        ReqwestMiddleware {
            name: "retry, tracing, guard",
            delivery: error,
            build: guard_innermost,
        },
        ReqwestMiddleware {
            name: "guard, tracing, retry",
            delivery: error,
            build: guard_outermost,
        },
    ];
    kinds.map(|kind| Box::new(kind) as Box<dyn Kind>).into()
}

fn with_guard(client: ClientBuilder, guard: Option<Guard>) -> ClientBuilder {
    match guard {
        Some(guard) => client.with(guard.middleware()),
        None => client,
    }
}

fn guard_innermost(client: ClientBuilder, guard: Option<Guard>) -> ClientBuilder {
    with_guard(client.with(retry()).with(TracingMiddleware::default()), guard)
}

fn guard_outermost(client: ClientBuilder, guard: Option<Guard>) -> ClientBuilder {
    with_guard(client, guard).with(TracingMiddleware::default()).with(retry())
}

fn retry() -> RetryTransientMiddleware<ExponentialBackoff> {
    let no_delay = std::time::Duration::ZERO;
    let policy =
        ExponentialBackoff::builder().retry_bounds(no_delay, no_delay).build_with_max_retries(3);
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

    fn skip_reason(&self, scenario: Scenario) -> Option<&'static str> {
        match scenario {
            Scenario::Upload if self.name.contains("retry") => Some(NO_STREAMS),
            other => delivery_skip_reason(self.delivery, other),
        }
    }

    async fn new_client(
        &self,
        scene: &Scene,
        guard: Option<Guard>,
    ) -> Result<Box<dyn Client>, BoxError> {
        let client = (self.build)(ClientBuilder::new(reqwest(scene).build()?), guard).build();
        Ok(Box::new(MiddlewareClient { client, url: scene.url(), token: scene.token() }))
    }
}

/// Returns why no HTTP client with this delivery can run the scenario; `None` if clients can run
/// the scenario.
pub(crate) fn delivery_skip_reason(
    delivery: DenialDelivery,
    scenario: Scenario,
) -> Option<&'static str> {
    match (scenario, delivery) {
        (Scenario::KeepsErrorKind, DenialDelivery::Error) => Some(MIDDLEWARE_ERROR),
        (Scenario::KeepsErrorKind, DenialDelivery::Extension) => Some(UNSENT_IS_ERROR),
        _ => None,
    }
}

const NO_STREAMS: &str =
    "reqwest-retry refuses a body that it cannot send twice, with and without the guard";
const MIDDLEWARE_ERROR: &str =
    "with `DenialDelivery::Error`, the default, a refused call is an error of the middleware";
const UNSENT_IS_ERROR: &str = "with `DenialDelivery::Extension` a refusal stays a 403, but a call \
                               that is not sent is an error";

/// A client of Cloud Storage's JSON API: builds the requests itself, and sends them with reqwest.
#[derive(Clone)]
struct MiddlewareClient {
    client: ClientWithMiddleware,
    url: String,
    token: String,
}

impl MiddlewareClient {
    /// Returns a request that reads an object or its metadata.
    fn get_object(&self, name: &str) -> RequestBuilder {
        let url = format!("{}/storage/v1/b/{}/o/{name}", self.url, Scene::BUCKET);
        self.client.get(url).bearer_auth(&self.token)
    }

    /// Returns a request that writes an object, or starts a resumable upload.
    fn insert_object(&self, upload_type: &str) -> RequestBuilder {
        let (bucket, name) = (Scene::BUCKET, Scene::NEW);
        let path = format!("/upload/storage/v1/b/{bucket}/o?uploadType={upload_type}&name={name}");
        let url = format!("{}{path}", self.url);
        self.client.post(url).bearer_auth(&self.token)
    }
}

#[async_trait]
impl Client for MiddlewareClient {
    async fn call(&self) -> Reply {
        read_reply(self.get_object(Scene::OBJECT).send().await).await
    }

    async fn upload(&self, bytes: Bytes) -> Reply {
        let chunks: Vec<_> =
            bytes.chunks(64 * 1024).map(Bytes::copy_from_slice).map(Ok::<_, BoxError>).collect();
        let body = reqwest::Body::wrap_stream(futures::stream::iter(chunks));
        read_reply(self.insert_object("media").body(body).send().await).await
    }

    async fn download(&self) -> Reply {
        read_reply(self.get_object(Scene::LARGE).query(&[("alt", "media")]).send().await).await
    }

    async fn resumable(&self, bytes: Bytes) -> Reply {
        let response = self.insert_object("resumable").header("content-length", "0").send().await;
        let response = response.map_err(|error| to_failure(&error))?;
        let session = response.headers().get("location").and_then(|url| url.to_str().ok());
        let session = session.unwrap_or_default().to_owned();
        // Each chunk replaces this value, which is the reply only if `bytes` is empty.
        let mut last_reply = Err(failure_of_response(StatusCode::OK, String::new(), None));
        let (mut start, total) = (0, bytes.len());
        for chunk in bytes.chunks(1024 * 1024) {
            let range = format!("bytes {start}-{}/{total}", start + chunk.len() - 1);
            let request = self.client.put(&session).header("content-range", range);
            let request = request.bearer_auth(&self.token).body(Bytes::copy_from_slice(chunk));
            last_reply = read_reply(request.send().await).await;
            start += chunk.len();
        }
        last_reply
    }

    fn clone_box(&self) -> Box<dyn Client> {
        Box::new(self.clone())
    }
}

/// Reads a response to its end. The metadata does not contain the two headers that differ in every
/// response of Cloud Storage.
async fn read_reply(result: Result<Response, Error>) -> Reply {
    let response = result.map_err(|error| to_failure(&error))?;
    let (status, denial) = (response.status(), response.extensions().get::<Denial>().cloned());
    let mut headers = response.headers().clone();
    headers.remove("date");
    headers.remove("x-guploader-uploadid");
    let metadata = format!("{status} {:?} {} {headers:?}", response.version(), response.url());
    let bytes = response.bytes().await.map_err(|error| failure_of_error("body", &error))?;
    match status.is_success() {
        true => Ok(Received::new(bytes).with_metadata(metadata)),
        false => {
            let text = format!("{metadata}\n{}", String::from_utf8_lossy(&bytes));
            Err(failure_of_response(status, text, denial.as_ref()))
        }
    }
}

fn to_failure(error: &Error) -> Failure {
    match error {
        Error::Middleware(_) => failure_of_error("Middleware", error),
        Error::Reqwest(_) => failure_of_error("Reqwest", error),
    }
}
