//! The tower layer over hyper-util's own client, and over `reqwest::Client`.

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

use crate::kind::{BoxError, Client, Kind, Reply, answered, failed};
use crate::reqwest_middleware::cannot;
use crate::scene::reqwest;

type Sent = BoxBody<Bytes, BoxError>;
type Stack = BoxCloneSyncService<Request<Sent>, Response<Sent>, BoxError>;

/// What is below the guard, and how it answers.
struct Tower {
    name: &'static str,
    delivery: DenialDelivery,
    build: fn(&Scene, Option<Guard>) -> Result<Stack, BoxError>,
}

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    let kinds = [
        Tower { name: "tower, hyper-util", delivery: DenialDelivery::Error, build: over_hyper },
        Tower { name: "tower, hyper-util, Message", delivery: DenialDelivery::Message, build: over_hyper },
        Tower { name: "tower, reqwest", delivery: DenialDelivery::Error, build: over_reqwest },
    ];
    kinds.map(|kind| Box::new(kind) as Box<dyn Kind>).into()
}

fn over_hyper(scene: &Scene, guard: Option<Guard>) -> Result<Stack, BoxError> {
    let mut client = HyperClient::builder(TokioExecutor::new());
    client.http2_only(scene.version() == Version::HTTP_2);
    Ok(guarded(client.build_http::<Sent>(), guard))
}

/// `reqwest::Client` is a service of its own requests, not of `http::Request`. It must not follow redirects:
/// the guard above it would take the last host's answer for the first one's.
fn over_reqwest(scene: &Scene, guard: Option<Guard>) -> Result<Stack, BoxError> {
    let client = reqwest(scene).redirect(reqwest::redirect::Policy::none()).build()?;
    let service = tower::service_fn(move |request: Request<Sent>| {
        let client = client.clone();
        async move {
            let request = reqwest::Request::try_from(request.map(reqwest::Body::wrap))?;
            client.execute(request).await.map(Response::<reqwest::Body>::from)
        }
    });
    Ok(guarded(service, guard))
}

fn guarded<S, B>(client: S, guard: Option<Guard>) -> Stack
where
    S: Service<Request<Sent>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError> + 'static,
    B: Body<Data = Bytes> + Send + Sync + 'static,
    B::Error: Into<BoxError> + Send + Sync,
{
    match guard {
        Some(guard) => {
            let stack = ServiceBuilder::new().layer(guard.layer()).service(client);
            BoxCloneSyncService::new(stack.map_response(|response| response.map(boxed)))
        }
        None => {
            BoxCloneSyncService::new(client.map_response(|response| response.map(boxed)).map_err(Into::into))
        }
    }
}

fn boxed<B>(body: B) -> Sent
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

    fn cannot(&self, scenario: Scenario) -> Option<&'static str> {
        cannot(self.delivery, scenario)
    }

    async fn make(&self, scene: &Scene, guard: Option<Guard>) -> Result<Box<dyn Client>, BoxError> {
        let stack = (self.build)(scene, guard)?;
        Ok(Box::new(Storage { stack, url: scene.url(), token: scene.token() }))
    }
}

/// Cloud Storage's JSON API, by hand.
#[derive(Clone)]
struct Storage {
    stack: Stack,
    url: String,
    token: String,
}

impl Storage {
    fn send(
        &self,
        request: http::request::Builder,
        body: Sent,
    ) -> BoxFuture<'static, Result<Response<Sent>, Failure>> {
        let (stack, token) = (self.stack.clone(), format!("Bearer {}", self.token));
        let request = request.header("authorization", token).body(body);
        match request {
            Ok(request) => stack.oneshot(request).map_err(|error| failed("error", &*error)).boxed(),
            Err(error) => ready(Err(failed("request", &error))).boxed(),
        }
    }

    fn get(&self, name: &str) -> http::request::Builder {
        Request::get(format!("{}/storage/v1/b/{}/o/{name}", self.url, Scene::BUCKET))
    }

    fn insert(&self, kind: &str) -> http::request::Builder {
        let (url, bucket, name) = (&self.url, Scene::BUCKET, Scene::NEW);
        Request::post(format!("{url}/upload/storage/v1/b/{bucket}/o?uploadType={kind}&name={name}"))
    }
}

fn whole(bytes: impl Into<Bytes>) -> Sent {
    boxed(Full::new(bytes.into()))
}

#[async_trait]
impl Client for Storage {
    async fn call(&self) -> Reply {
        reply(self.send(self.get(Scene::OBJECT), whole("")).await?).await
    }

    async fn upload(&self, bytes: Bytes) -> Reply {
        let chunks: Vec<Bytes> = bytes.chunks(64 * 1024).map(Bytes::copy_from_slice).collect();
        let frames = chunks.into_iter().map(|chunk| Ok::<_, BoxError>(Frame::data(chunk)));
        let body = boxed(StreamBody::new(futures::stream::iter(frames)));
        reply(self.send(self.insert("media"), body).await?).await
    }

    async fn download(&self) -> Reply {
        let media = self.get(&format!("{}?alt=media", Scene::LARGE));
        reply(self.send(media, whole("")).await?).await
    }

    async fn resumable(&self, bytes: Bytes) -> Reply {
        let begun = self.send(self.insert("resumable"), whole("")).await?;
        let session =
            begun.headers().get("location").and_then(|place| place.to_str().ok()).unwrap_or_default();
        let (mut last, mut at) = (reply(Response::new(whole(""))).await, 0);
        for chunk in bytes.chunks(1024 * 1024) {
            let range = format!("bytes {at}-{}/{}", at + chunk.len() - 1, bytes.len());
            let part = Request::put(session).header("content-range", range);
            last = reply(self.send(part, whole(Bytes::copy_from_slice(chunk))).await?).await;
            at += chunk.len();
        }
        last
    }

    fn another(&self) -> Box<dyn Client> {
        Box::new(self.clone())
    }
}

async fn reply(response: Response<Sent>) -> Reply {
    let (mut parts, body) = response.into_parts();
    let bytes = body.collect().await.map_err(|error| failed("body", &*error))?.to_bytes();
    parts.headers.remove("date");
    parts.headers.remove("x-guploader-uploadid");
    let seen = format!("{} {:?} {:?}", parts.status, parts.version, parts.headers);
    match parts.status.is_success() {
        true => Ok(Received::new(bytes).with_metadata(seen)),
        false => {
            let text = format!("{seen}\n{}", String::from_utf8_lossy(&bytes));
            Err(answered(parts.status, text, parts.extensions.get::<Denial>()))
        }
    }
}
