//! The scenarios with the adapter for ureq, as `docs/support-another-client.md` prints it:
//! `cargo xtask adapters`.

#[path = "../../scene.rs"]
mod scene;

use gcp_scopes::token_source::TokenSource;
use gcp_scopes::{BoxError, Denial, DenialDelivery};
use gcp_scopes_testing::scenarios::{
    Failure, GuardMode, Operation, Received, Scenario, Scene, Subject, SubjectClient,
};
use ureq::http::{Request, Response, request};
use ureq::{Agent, AsSendBody, Body};

struct Ureq {
    delivery: DenialDelivery,
    /// Whether the adapter sets the token, and not the caller.
    gives_token: bool,
}

struct UreqToken(String);

impl TokenSource for UreqToken {
    async fn token_for(&self, _scope: &str) -> Result<String, BoxError> {
        Ok(self.0.clone())
    }
}

#[derive(Clone)]
struct UreqClient {
    agent: Agent,
    url: String,
    bearer: Option<String>,
}

impl Subject for Ureq {
    type Client = UreqClient;

    fn skip_reason(&self, scenario: Scenario) -> Option<&'static str> {
        match scenario {
            Scenario::Http2 => Some("ureq speaks HTTP/1.1 only"),
            Scenario::KeepsErrorKind if self.delivery == DenialDelivery::Error => Some(BY_CHOICE),
            _ => None,
        }
    }

    async fn build_client(
        &self,
        scene: &Scene,
        mode: Option<GuardMode>,
    ) -> Result<UreqClient, BoxError> {
        // 308 is an answer of a resumable upload, and no redirect.
        let config =
            Agent::config_builder().http_status_as_error(false).max_redirects(0).proxy(None);
        let (url, bearer) = (scene.url(), Some(format!("Bearer {}", scene.token())));
        let Some(mode) = mode else {
            return Ok(UreqClient { agent: config.build().into(), url, bearer });
        };
        let guard = scene::guard(scene, mode, self.delivery).await?;
        let tokens = self.gives_token.then(|| UreqToken(scene.token()));
        let config = config.middleware(scopes_ureq::middleware(&guard, tokens));
        let bearer = bearer.filter(|_| !self.gives_token);
        Ok(UreqClient { agent: config.build().into(), url, bearer })
    }
}

const BY_CHOICE: &str =
    "`DenialDelivery::Error`, the default, makes it an error of the middleware's";

impl SubjectClient for UreqClient {
    async fn perform(&self, operation: Operation) -> Result<Received, Failure> {
        let client = self.clone();
        let performed = tokio::task::spawn_blocking(move || client.block(operation)).await;
        performed.unwrap_or_else(|panic| Err(Failure::new("panic", &panic)))
    }
}

impl UreqClient {
    fn block(&self, operation: Operation) -> Result<Received, Failure> {
        match operation {
            Operation::Call => received(self.send(self.get(Scene::OBJECT), ())?),
            Operation::Download => {
                received(self.send(self.get(&format!("{}?alt=media", Scene::LARGE)), ())?)
            }
            Operation::Upload(bytes) => received(self.send(self.insert("media"), &bytes[..])?),
            Operation::Resumable(bytes) => self.resumable(&bytes),
            other => unimplemented!("{other:?}"),
        }
    }

    fn resumable(&self, bytes: &[u8]) -> Result<Received, Failure> {
        let begun = self.send(self.insert("resumable"), ())?;
        let session = begun.headers()["location"].to_str().expect("a URL").to_owned();
        let (first, second) = bytes.split_at(bytes.len() / 2);
        let part = |range: String| Request::put(&session).header("content-range", range);
        let range = format!("bytes 0-{}/{}", first.len() - 1, bytes.len());
        self.send(part(range), first)?;
        let range = format!("bytes {}-{}/{}", first.len(), bytes.len() - 1, bytes.len());
        received(self.send(part(range), second)?)
    }

    fn send(
        &self,
        request: request::Builder,
        body: impl AsSendBody,
    ) -> Result<Response<Body>, Failure> {
        let request = match &self.bearer {
            Some(bearer) => request.header("authorization", bearer),
            None => request,
        };
        let request = request.body(body).map_err(|error| Failure::new("request", &error))?;
        self.agent.run(request).map_err(|error| {
            scene::with_denial(Failure::new("ureq", &error), scopes_ureq::denial(&error))
        })
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

fn received(mut answer: Response<Body>) -> Result<Received, Failure> {
    let body = answer.body_mut().with_config().limit(1 << 24).read_to_vec();
    let body = body.map_err(|error| Failure::new("body", &error))?;
    let (mut parts, _) = answer.into_parts();
    parts.headers.remove("date");
    parts.headers.remove("x-guploader-uploadid");
    let seen = format!("{} {:?} {:?}", parts.status, parts.version, parts.headers);
    // 308 asks for the next part of an upload.
    if parts.status.is_success() || parts.status.as_u16() == 308 {
        return Ok(Received::new(body).with_metadata(seen));
    }
    let text = format!("{seen}\n{}", String::from_utf8_lossy(&body));
    let failure = Failure::from_response(parts.status, text);
    Err(scene::with_denial(failure, parts.extensions.get::<Denial>()))
}

#[tokio::test]
async fn every_scenario_holds_with_denials_as_errors() {
    scene::play_all(&Ureq { delivery: DenialDelivery::Error, gives_token: false }).await;
}

#[tokio::test]
async fn every_scenario_holds_with_denials_in_messages() {
    scene::play_all(&Ureq { delivery: DenialDelivery::Message, gives_token: false }).await;
}

#[tokio::test]
async fn every_scenario_holds_with_tokens_of_the_adapter() {
    scene::play_all(&Ureq { delivery: DenialDelivery::Error, gives_token: true }).await;
}
