//! opendal's client for Google Cloud Storage, which uses the JSON API, and the XML API for uploads
//! in parts.

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

use crate::kind::{BoxError, Client, Kind, Reply, failure_of_error};

/// A column of the table: the layers around the operator, with the guard at one position.
struct Opendal {
    name: &'static str,
    layers: fn(Operator, Option<Guard>) -> Operator,
}

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    // The names list the layers from the innermost to the outermost.
    let kinds = [
        Opendal { name: "opendal", layers: with_guard },
        Opendal { name: "opendal: guard, limit, timeout, retry", layers: guard_innermost },
        Opendal { name: "opendal: retry, timeout, limit, guard", layers: guard_outermost },
    ];
    kinds.map(|kind| Box::new(kind) as Box<dyn Kind>).into()
}

fn with_guard(operator: Operator, guard: Option<Guard>) -> Operator {
    match guard {
        Some(guard) => operator.layer(guard.opendal()),
        None => operator,
    }
}

fn guard_innermost(operator: Operator, guard: Option<Guard>) -> Operator {
    let limit = ConcurrentLimitLayer::new(8);
    with_guard(operator, guard).layer(limit).layer(timeout()).layer(retry())
}

fn guard_outermost(operator: Operator, guard: Option<Guard>) -> Operator {
    let limit = ConcurrentLimitLayer::new(8);
    with_guard(operator.layer(retry()).layer(timeout()).layer(limit), guard)
}

/// Returns a timeout layer with limits so long that no scenario fails on a busy machine.
fn timeout() -> TimeoutLayer {
    let limit = Duration::from_secs(60);
    TimeoutLayer::new().with_timeout(limit).with_io_timeout(limit)
}

/// Returns a retry layer whose delays are short, so that the scenarios are quick.
fn retry() -> RetryLayer {
    RetryLayer::new().with_min_delay(Duration::from_millis(1)).with_max_times(3)
}

#[async_trait]
impl Kind for Opendal {
    fn name(&self) -> &'static str {
        self.name
    }

    fn skip_reason(&self, scenario: Scenario) -> Option<&'static str> {
        (scenario == Scenario::Resumable).then_some(ONE_REQUEST)
    }

    async fn new_client(
        &self,
        scene: &Scene,
        guard: Option<Guard>,
    ) -> Result<Box<dyn Client>, BoxError> {
        let client = reqwest::Client::builder();
        let client = match scene.version() {
            Version::HTTP_2 => client.http2_prior_knowledge(),
            _ => client.http1_only(),
        };
        let gcs = Gcs::default().bucket(Scene::BUCKET).endpoint(&scene.url()).token(scene.token());
        let operator = Operator::new(gcs.disable_vm_metadata().disable_config_load())?;
        let transport = HttpTransporter::new(ReqwestTransport::new(client.build()?));
        let operator =
            operator.with_context(OperationContext::new().with_http_transport(transport));
        Ok(Box::new(OpendalClient { operator: (self.layers)(operator, guard) }))
    }
}

const ONE_REQUEST: &str = "opendal sends parts of at least 5 MiB, so the 2 MiB of the scenario \
                           are one request; `tests/stores` uploads more";

#[derive(Clone)]
struct OpendalClient {
    operator: Operator,
}

impl OpendalClient {
    async fn read(&self, name: &str) -> Result<Received, Error> {
        let stream = self.operator.reader(name).await?.into_bytes_stream(..).await?;
        let chunks: Vec<Bytes> = stream.try_collect().await.map_err(opendal_error)?;
        Ok(Received::new(chunks.concat()))
    }
}

/// Returns the error of opendal inside an error of a stream. The streams of opendal give
/// `std::io::Error`, which contains opendal's error.
fn opendal_error(error: std::io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => {
            Error::new(opendal::ErrorKind::Unexpected, "the stream failed").set_source(error)
        }
    }
}

#[async_trait]
impl Client for OpendalClient {
    async fn call(&self) -> Reply {
        let metadata =
            self.operator.stat(Scene::OBJECT).await.map_err(|error| to_failure(&error))?;
        Ok(Received::default().with_metadata(format!("{metadata:?}")))
    }

    async fn upload(&self, bytes: Bytes) -> Reply {
        let result = self.operator.write(Scene::NEW, bytes).await;
        result.map(|_| Received::default()).map_err(|error| to_failure(&error))
    }

    async fn download(&self) -> Reply {
        self.read(Scene::LARGE).await.map_err(|error| to_failure(&error))
    }

    fn clone_box(&self) -> Box<dyn Client> {
        Box::new(self.clone())
    }
}

/// Converts an error to a failure. opendal prints the headers of the response in the error. The
/// text of the failure does not contain the values of the two headers that differ in every response
/// of Cloud Storage.
fn to_failure(error: &Error) -> Failure {
    let failure = failure_of_error(error.kind(), error);
    let text = without_header(&without_header(&failure.text, "date"), "x-guploader-uploadid");
    failure.with_text(text)
}

/// Removes the value of the header `name` wherever `text` prints it.
fn without_header(text: &str, name: &str) -> String {
    let header = format!("\"{name}\": \"");
    let mut pieces = text.split(header.as_str());
    let first = pieces.next().unwrap_or_default().to_owned();
    let rest = pieces.map(|piece| piece.split_once('"').map_or(piece, |(_, rest)| rest));
    rest.fold(first, |text, rest| text + &header + rest)
}
