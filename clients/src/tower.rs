//! The guard's tower layer around the client of hyper-util, and around `reqwest::Client`.

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt, TryFutureExt, ready};
use gcp_scopes::{Denial, DenialDelivery, Guard};
use gcp_scopes_testing::scenarios::{Failure, Received, Scenario, Scene};
use http::{Request, Response, Version};
use http_body::{Body, Frame};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::rt::TokioExecutor;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceBuilder, ServiceExt};

use crate::kind::{BoxError, Client, Kind, Reply, failure_of_error, failure_of_response};
use crate::reqwest_middleware::delivery_skip_reason;
use crate::scene::reqwest;

/// The body of requests and of responses.
type AnyBody = BoxBody<Bytes, BoxError>;
/// The client with the guard around it, or without a guard.
type Stack = BoxCloneSyncService<Request<AnyBody>, Response<AnyBody>, BoxError>;

/// A column of the table: the client inside the guard, and how the guard delivers denials.
struct Tower {
    name: &'static str,
    delivery: DenialDelivery,
    build: fn(&Scene, Option<Guard>) -> Result<Stack, BoxError>,
}

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    let kinds = [
        Tower { name: "tower, hyper-util", delivery: DenialDelivery::Error, build: around_hyper },
        Tower {
            name: "tower, hyper-util, Message",
            delivery: DenialDelivery::Message,
            build: around_hyper,
        },
        Tower { name: "tower, reqwest", delivery: DenialDelivery::Error, build: around_reqwest },
    ];
    kinds.map(|kind| Box::new(kind) as Box<dyn Kind>).into()
}

fn around_hyper(scene: &Scene, guard: Option<Guard>) -> Result<Stack, BoxError> {
    let mut client = HyperClient::builder(TokioExecutor::new());
    client.http2_only(scene.version() == Version::HTTP_2);
    Ok(with_guard(client.build_http::<AnyBody>(), guard))
}

/// Builds the stack around a `reqwest::Client`, which takes `reqwest::Request` and not
/// `http::Request`. The client does not follow redirects, because the guard cannot see redirects
/// and would attribute the response of the last host to the host that was called.
fn around_reqwest(scene: &Scene, guard: Option<Guard>) -> Result<Stack, BoxError> {
    let client = reqwest(scene).redirect(reqwest::redirect::Policy::none()).build()?;
    let service = tower::service_fn(move |request: Request<AnyBody>| {
        let client = client.clone();
        async move {
            let request = reqwest::Request::try_from(request.map(reqwest::Body::wrap))?;
            client.execute(request).await.map(Response::<reqwest::Body>::from)
        }
    });
    Ok(with_guard(service, guard))
}

/// Puts the guard around the client, or returns the client in the same type if there is no guard.
fn with_guard<S, B>(client: S, guard: Option<Guard>) -> Stack
where
    S: Service<Request<AnyBody>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError> + 'static,
    B: Body<Data = Bytes> + Send + Sync + 'static,
    B::Error: Into<BoxError> + Send + Sync,
{
    match guard {
        Some(guard) => {
            let stack = ServiceBuilder::new().layer(guard.layer()).service(client);
            BoxCloneSyncService::new(stack.map_response(|response| response.map(box_body)))
        }
        None => BoxCloneSyncService::new(
            client.map_response(|response| response.map(box_body)).map_err(Into::into),
        ),
    }
}

fn box_body<B>(body: B) -> AnyBody
where
    B: Body<Data = Bytes> + Send + Sync + 'static,
    B::Error: Into<BoxError>,
{
    body.map_err(Into::into).boxed()
}

#[async_trait]
impl Kind for Tower {
    fn name(&self) -> &'static str {
        self.name
    }

    fn delivery(&self) -> DenialDelivery {
        self.delivery
    }

    fn skip_reason(&self, scenario: Scenario) -> Option<&'static str> {
        delivery_skip_reason(self.delivery, scenario)
    }

    async fn new_client(
        &self,
        scene: &Scene,
        guard: Option<Guard>,
    ) -> Result<Box<dyn Client>, BoxError> {
        let stack = (self.build)(scene, guard)?;
        Ok(Box::new(StackClient { stack, url: scene.url(), token: scene.token() }))
    }
}

/// A client of Cloud Storage's JSON API: builds the requests itself, and sends them through the
/// stack.
#[derive(Clone)]
struct StackClient {
    stack: Stack,
    url: String,
    token: String,
}

impl StackClient {
    /// Sends a request with the token and this body through the stack.
    fn send(
        &self,
        request: http::request::Builder,
        body: AnyBody,
    ) -> BoxFuture<'static, Result<Response<AnyBody>, Failure>> {
        let (stack, token) = (self.stack.clone(), format!("Bearer {}", self.token));
        let request = request.header("authorization", token).body(body);
        match request {
            Ok(request) => {
                stack.oneshot(request).map_err(|error| failure_of_error("error", &*error)).boxed()
            }
            Err(error) => ready(Err(failure_of_error("request", &error))).boxed(),
        }
    }

    /// Returns a request that reads an object or its metadata.
    fn get_object(&self, name: &str) -> http::request::Builder {
        Request::get(format!("{}/storage/v1/b/{}/o/{name}", self.url, Scene::BUCKET))
    }

    /// Returns a request that writes an object, or starts a resumable upload.
    fn insert_object(&self, upload_type: &str) -> http::request::Builder {
        let (url, bucket, name) = (&self.url, Scene::BUCKET, Scene::NEW);
        Request::post(format!(
            "{url}/upload/storage/v1/b/{bucket}/o?uploadType={upload_type}&name={name}"
        ))
    }
}

/// Returns a body with these bytes.
fn full_body(bytes: impl Into<Bytes>) -> AnyBody {
    box_body(Full::new(bytes.into()))
}

#[async_trait]
impl Client for StackClient {
    async fn call(&self) -> Reply {
        read_reply(self.send(self.get_object(Scene::OBJECT), full_body("")).await?).await
    }

    async fn upload(&self, bytes: Bytes) -> Reply {
        let chunks: Vec<Bytes> = bytes.chunks(64 * 1024).map(Bytes::copy_from_slice).collect();
        let frames = chunks.into_iter().map(|chunk| Ok::<_, BoxError>(Frame::data(chunk)));
        let body = box_body(StreamBody::new(futures::stream::iter(frames)));
        read_reply(self.send(self.insert_object("media"), body).await?).await
    }

    async fn download(&self) -> Reply {
        let media = self.get_object(&format!("{}?alt=media", Scene::LARGE));
        read_reply(self.send(media, full_body("")).await?).await
    }

    async fn resumable(&self, bytes: Bytes) -> Reply {
        let response = self.send(self.insert_object("resumable"), full_body("")).await?;
        let session = response
            .headers()
            .get("location")
            .and_then(|url| url.to_str().ok())
            .unwrap_or_default();
        // Each chunk replaces this value, which is the reply only if `bytes` is empty.
        let (mut last_reply, mut start) = (read_reply(Response::new(full_body(""))).await, 0);
        for chunk in bytes.chunks(1024 * 1024) {
            let range = format!("bytes {start}-{}/{}", start + chunk.len() - 1, bytes.len());
            let request = Request::put(session).header("content-range", range);
            last_reply =
                read_reply(self.send(request, full_body(Bytes::copy_from_slice(chunk))).await?)
                    .await;
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
async fn read_reply(response: Response<AnyBody>) -> Reply {
    let (mut parts, body) = response.into_parts();
    let bytes = body.collect().await.map_err(|error| failure_of_error("body", &*error))?.to_bytes();
    parts.headers.remove("date");
    parts.headers.remove("x-guploader-uploadid");
    let metadata = format!("{} {:?} {:?}", parts.status, parts.version, parts.headers);
    match parts.status.is_success() {
        true => Ok(Received::new(bytes).with_metadata(metadata)),
        false => {
            let text = format!("{metadata}\n{}", String::from_utf8_lossy(&bytes));
            Err(failure_of_response(parts.status, text, parts.extensions.get::<Denial>()))
        }
    }
}
