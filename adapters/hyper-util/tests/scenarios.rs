//! The scenarios with the adapter for hyper-util's client, as `docs/support-another-client.md`
//! prints it: `cargo xtask adapters`.

#[path = "../../scene.rs"]
mod scene;

use bytes::Bytes;
use gcp_scopes::response::GuardBody;
use gcp_scopes::token_source::TokenSource;
use gcp_scopes::{BoxError, Denial, DenialDelivery};
use gcp_scopes_testing::scenarios::{
    Failure, GuardMode, Operation, Received, Scenario, Scene, Subject, SubjectClient,
};
use http::{Request, Response, Version, request};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use scopes_hyper_util::GuardedClient;

struct HyperUtil {
    delivery: DenialDelivery,
    /// Whether the adapter sets the token, and not the caller.
    gives_token: bool,
}

#[derive(Clone)]
struct HyperToken(String);

impl TokenSource for HyperToken {
    async fn token_for(&self, _scope: &str) -> Result<String, BoxError> {
        Ok(self.0.clone())
    }
}

#[derive(Clone)]
struct HyperUtilClient {
    client: Either,
    url: String,
    bearer: Option<String>,
}

#[derive(Clone)]
enum Either {
    Bare(Client<HttpConnector, Full<Bytes>>),
    Guarded(GuardedClient<HttpConnector, Full<Bytes>, HyperToken>),
}

impl Subject for HyperUtil {
    type Client = HyperUtilClient;

    fn skip_reason(&self, scenario: Scenario) -> Option<&'static str> {
        (scenario == Scenario::KeepsErrorKind && self.delivery == DenialDelivery::Error)
            .then_some(BY_CHOICE)
    }

    async fn build_client(
        &self,
        scene: &Scene,
        mode: Option<GuardMode>,
    ) -> Result<HyperUtilClient, BoxError> {
        let mut builder = Client::builder(TokioExecutor::new());
        let client = builder.http2_only(scene.version() == Version::HTTP_2).build_http();
        let bearer = Some(format!("Bearer {}", scene.token()));
        let Some(mode) = mode else {
            return Ok(HyperUtilClient { client: Either::Bare(client), url: scene.url(), bearer });
        };
        let guard = scene::guard(scene, mode, self.delivery).await?;
        let tokens = self.gives_token.then(|| HyperToken(scene.token()));
        let client = GuardedClient::new(client, &guard, tokens);
        let bearer = bearer.filter(|_| !self.gives_token);
        Ok(HyperUtilClient { client: Either::Guarded(client), url: scene.url(), bearer })
    }
}

const BY_CHOICE: &str = "`DenialDelivery::Error`, the default, makes it an error of the adapter's";

impl SubjectClient for HyperUtilClient {
    async fn perform(&self, operation: Operation) -> Result<Received, Failure> {
        match operation {
            Operation::Call => received(self.send(self.get(Scene::OBJECT), "").await?).await,
            Operation::Download => {
                let media = self.get(&format!("{}?alt=media", Scene::LARGE));
                received(self.send(media, "").await?).await
            }
            Operation::Upload(bytes) => {
                received(self.send(self.insert("media"), bytes).await?).await
            }
            Operation::Resumable(bytes) => self.resumable(bytes).await,
            other => unimplemented!("{other:?}"),
        }
    }
}

impl HyperUtilClient {
    async fn resumable(&self, bytes: Bytes) -> Result<Received, Failure> {
        let begun = self.send(self.insert("resumable"), "").await?;
        let session = begun.headers()["location"].to_str().expect("a URL").to_owned();
        let (size, half) = (bytes.len(), bytes.len() / 2);
        let part = |range: String| Request::put(&session).header("content-range", range);
        let range = format!("bytes 0-{}/{size}", half - 1);
        self.send(part(range), bytes.slice(..half)).await?;
        let range = format!("bytes {half}-{}/{size}", size - 1);
        received(self.send(part(range), bytes.slice(half..)).await?).await
    }

    async fn send(
        &self,
        request: request::Builder,
        body: impl Into<Bytes>,
    ) -> Result<Response<GuardBody<Incoming>>, Failure> {
        let request = match &self.bearer {
            Some(bearer) => request.header("authorization", bearer),
            None => request,
        };
        let request = request.body(Full::new(body.into()));
        let request = request.map_err(|error| Failure::new("request", &error))?;
        match &self.client {
            Either::Bare(client) => {
                let response = client.request(request).await;
                let response = response.map_err(|error| Failure::new("error", &error))?;
                Ok(response.map(GuardBody::unchanged))
            }
            Either::Guarded(client) => client.request(request).await.map_err(|error| {
                scene::with_denial(Failure::new("error", &error), Denial::find(&error))
            }),
        }
    }

    fn get(&self, name: &str) -> request::Builder {
        Request::get(format!("{}/storage/v1/b/{}/o/{name}", self.url, Scene::BUCKET))
    }

    fn insert(&self, kind: &str) -> request::Builder {
        let (url, bucket, name) = (&self.url, Scene::BUCKET, Scene::NEW);
        let query = format!("uploadType={kind}&name={name}");
        Request::post(format!("{url}/upload/storage/v1/b/{bucket}/o?{query}"))
    }
}

async fn received(response: Response<GuardBody<Incoming>>) -> Result<Received, Failure> {
    let (mut parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|error| Failure::new("body", &error))?.to_bytes();
    parts.headers.remove("date");
    parts.headers.remove("x-guploader-uploadid");
    let seen = format!("{} {:?} {:?}", parts.status, parts.version, parts.headers);
    if parts.status.is_success() {
        return Ok(Received::new(body).with_metadata(seen));
    }
    let text = format!("{seen}\n{}", String::from_utf8_lossy(&body));
    let failure = Failure::from_response(parts.status, text);
    Err(scene::with_denial(failure, parts.extensions.get::<Denial>()))
}

#[tokio::test]
async fn every_scenario_holds_with_denials_as_errors() {
    scene::play_all(&HyperUtil { delivery: DenialDelivery::Error, gives_token: false }).await;
}

#[tokio::test]
async fn every_scenario_holds_with_denials_in_messages() {
    scene::play_all(&HyperUtil { delivery: DenialDelivery::Message, gives_token: false }).await;
}

#[tokio::test]
async fn every_scenario_holds_with_tokens_of_the_adapter() {
    scene::play_all(&HyperUtil { delivery: DenialDelivery::Error, gives_token: true }).await;
}
