//! opendal over Google Cloud Storage, which calls the JSON API and, to upload in parts, the XML API.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt;
use gcp_scopes::Guard;
use gcp_scopes_opendal::GuardOpendalExt as _;
use gcp_scopes_testing::scenarios::{Failure, Received, Scenario, Scene};
use http::Version;
use opendal::layers::{ConcurrentLimitLayer, RetryLayer, TimeoutLayer};
use opendal::services::Gcs;
use opendal::{Error, HttpTransporter, OperationContext, Operator};
use opendal_http_transport_reqwest::ReqwestTransport;

use crate::kind::{BoxError, Client, Kind, Reply, failed};

/// Where the guard stands among the other layers.
struct Opendal {
    name: &'static str,
    layers: fn(Operator, Option<Guard>) -> Operator,
}

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    let kinds = [
        Opendal { name: "opendal", layers: guarded },
        Opendal { name: "opendal: guard, limit, timeout, retry", layers: guard_inside },
        Opendal { name: "opendal: retry, timeout, limit, guard", layers: guard_outside },
    ];
    kinds.map(|kind| Box::new(kind) as Box<dyn Kind>).into()
}

fn guarded(operator: Operator, guard: Option<Guard>) -> Operator {
    match guard {
        Some(guard) => operator.layer(guard.opendal()),
        None => operator,
    }
}

fn guard_inside(operator: Operator, guard: Option<Guard>) -> Operator {
    let limit = ConcurrentLimitLayer::new(8);
    guarded(operator, guard).layer(limit).layer(timeout()).layer(retry())
}

fn guard_outside(operator: Operator, guard: Option<Guard>) -> Operator {
    let limit = ConcurrentLimitLayer::new(8);
    guarded(operator.layer(retry()).layer(timeout()).layer(limit), guard)
}

/// On a busy machine no scenario must fail for a deadline that it does not test.
fn timeout() -> TimeoutLayer {
    let patience = Duration::from_secs(60);
    TimeoutLayer::new().with_timeout(patience).with_io_timeout(patience)
}

fn retry() -> RetryLayer {
    RetryLayer::new().with_min_delay(Duration::from_millis(1)).with_max_times(3)
}

#[async_trait]
impl Kind for Opendal {
    fn name(&self) -> &'static str {
        self.name
    }

    fn cannot(&self, scenario: Scenario) -> Option<&'static str> {
        (scenario == Scenario::Resumable).then_some(IN_ONE)
    }

    async fn make(&self, scene: &Scene, guard: Option<Guard>) -> Result<Box<dyn Client>, BoxError> {
        let client = reqwest::Client::builder();
        let client = match scene.version() {
            Version::HTTP_2 => client.http2_prior_knowledge(),
            _ => client.http1_only(),
        };
        let gcs = Gcs::default().bucket(Scene::BUCKET).endpoint(&scene.url()).token(scene.token());
        let operator = Operator::new(gcs.disable_vm_metadata().disable_config_load())?;
        let transport = HttpTransporter::new(ReqwestTransport::new(client.build()?));
        let operator = operator.with_context(OperationContext::new().with_http_transport(transport));
        Ok(Box::new(Photos { operator: (self.layers)(operator, guard) }))
    }
}

const IN_ONE: &str = "opendal sends parts of no less than 5 MiB, so that 3 MiB are one request; \
                      `tests/stores` uploads more";

#[derive(Clone)]
struct Photos {
    operator: Operator,
}

impl Photos {
    async fn read(&self, name: &str) -> Result<Received, Error> {
        let stream = self.operator.reader(name).await?.into_bytes_stream(..).await?;
        let chunks: Vec<Bytes> = stream.try_collect().await.map_err(of_io)?;
        Ok(Received::new(chunks.concat()))
    }
}

/// Only a stream of opendal's speaks in errors of io, around its own.
fn of_io(error: std::io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => Error::new(opendal::ErrorKind::Unexpected, "reading").set_source(error),
    }
}

#[async_trait]
impl Client for Photos {
    async fn call(&self) -> Reply {
        let meta = self.operator.stat(Scene::OBJECT).await.map_err(|error| failure(&error))?;
        Ok(Received::default().with_metadata(format!("{meta:?}")))
    }

    async fn upload(&self, bytes: Bytes) -> Reply {
        let written = self.operator.write(Scene::NEW, bytes).await;
        written.map(|_| Received::default()).map_err(|error| failure(&error))
    }

    async fn download(&self) -> Reply {
        self.read(Scene::LARGE).await.map_err(|error| failure(&error))
    }

    fn another(&self) -> Box<dyn Client> {
        Box::new(self.clone())
    }
}

/// opendal shows the headers of a refused answer, of which two are of the answer's own.
fn failure(error: &Error) -> Failure {
    let failure = failed(error.kind(), error);
    let text = without(&without(&failure.text, "date"), "x-guploader-uploadid");
    failure.with_text(text)
}

/// The text without the value of a header in it.
fn without(text: &str, name: &str) -> String {
    let header = format!("\"{name}\": \"");
    let mut pieces = text.split(header.as_str());
    let first = pieces.next().unwrap_or_default().to_owned();
    let rest = pieces.map(|piece| piece.split_once('"').map_or(piece, |(_, rest)| rest));
    rest.fold(first, |text, rest| text + &header + rest)
}
