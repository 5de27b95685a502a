//! What a column of the table is: a kind of client, and the client it makes.

use std::error::Error;
use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use gcp_scopes::calling::{Calling, ClientError};
use gcp_scopes::guard::Surface;
use gcp_scopes::{Denial, Guard};
use gcp_scopes_testing::{FakeGoogle, Service};

use crate::case::Case;
use crate::world::World;

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// A kind of client: one column.
#[async_trait]
pub(crate) trait Kind: Send + Sync {
    /// The head of the column.
    fn name(&self) -> &'static str;

    /// The API that its calls go to. Default: Cloud Storage's JSON API.
    fn api(&self) -> Api {
        Api::STORAGE
    }

    /// Why this client has no way to show a case: one sentence for the table's footnote.
    fn cannot(&self, case: Case) -> Option<&'static str> {
        let _ = case;
        None
    }

    /// How the guard answers. It is built with this.
    fn surface(&self) -> Surface {
        Surface::Error
    }

    /// Where a user finds the denial.
    fn shows(&self) -> Shows {
        Shows::Denial
    }

    /// Tells the fake what the API answers, where it is not Cloud Storage: see
    /// [`Script::serve`](gcp_scopes_testing::Script::serve).
    fn prepare(&self, google: &FakeGoogle) {
        let _ = google;
    }

    /// Builds the client as its users do, for the address and the token of `world`. Without a guard it
    /// is the client as published.
    async fn make(&self, world: &World, guard: Option<Guard>) -> Result<Box<dyn Client>, BoxError>;
}

/// A client, ready to call. Every operation is one that the token in the world may or may not do.
#[async_trait]
pub(crate) trait Client: Send + Sync {
    /// A small read that is answered at once.
    async fn call(&self) -> Reply;

    /// Writes `bytes` to [`World::NEW`](crate::world::World::NEW), streamed if the client can.
    async fn upload(&self, bytes: Bytes) -> Reply {
        let _ = bytes;
        unimplemented!("say in `cannot` why there is no upload")
    }

    /// Reads [`World::LARGE`](crate::world::World::LARGE), streamed if the client can. The answer's
    /// bytes are the object's.
    async fn download(&self) -> Reply {
        unimplemented!("say in `cannot` why there is no download")
    }

    /// Writes `bytes` to [`World::NEW`](crate::world::World::NEW) in several requests.
    async fn resumable(&self, bytes: Bytes) -> Reply {
        let _ = bytes;
        unimplemented!("say in `cannot` why there is no resumable upload")
    }

    /// The client's own clone.
    fn another(&self) -> Box<dyn Client>;
}

/// What a user of the client gets.
pub(crate) type Reply = Result<Answer, Failure>;

/// A call that succeeded, as far as the client shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Answer {
    pub(crate) bytes: Bytes,
    /// Status, headers, URL, version: whatever is more than the bytes. What changes from one answer to
    /// the next (`date`, an upload's id) is left out.
    pub(crate) seen: String,
}

impl Answer {
    #[allow(dead_code, reason = "for clients that show nothing but the bytes")]
    pub(crate) fn new(bytes: impl Into<Bytes>) -> Self {
        Self { bytes: bytes.into(), seen: String::new() }
    }
}

/// A call that failed, as far as the client shows it.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// The client's own word for what happened: `PermissionDenied`, `403`, `Middleware`.
    pub(crate) kind: String,
    /// What a log shows: the error and its sources, a line each; or status, headers and body.
    pub(crate) text: String,
    pub(crate) debug: String,
    pub(crate) denial: Option<Denial>,
}

impl Failure {
    /// An error of the client's. The denial is looked for as its users would.
    pub(crate) fn new(kind: impl fmt::Display, error: &(dyn Error + 'static)) -> Self {
        let mut text = vec![error.to_string()];
        let mut next = error.source();
        while let Some(source) = next {
            text.push(source.to_string());
            next = source.source();
        }
        let debug = format!("{error:?}");
        let denial = Denial::of(error).cloned();
        Self { kind: kind.to_string(), text: text.join("\n"), debug, denial }.logged()
    }

    /// An answer that a user of the client takes for a failure: its status, and all else it shows.
    pub(crate) fn of_answer(status: http::StatusCode, text: String, denial: Option<Denial>) -> Self {
        Self { kind: status.as_u16().to_string(), debug: text.clone(), text, denial }.logged()
    }

    /// Logs all that a user's program may print of it, for the test that reads every line.
    fn logged(self) -> Self {
        let denial = self.denial.as_ref();
        let report = denial.map(Denial::report).unwrap_or_default();
        let json = denial.and_then(|denial| serde_json::to_string(denial).ok()).unwrap_or_default();
        tracing::error!(text = %self.text, debug = %self.debug, ?denial, %report, %json, "a call failed");
        self
    }

    /// The denial, where a user has to look elsewhere than on the chain of sources.
    #[allow(dead_code, reason = "for clients whose errors end the chain")]
    pub(crate) fn with_denial(self, denial: Option<Denial>) -> Self {
        Self { denial, ..self }.logged()
    }
}

/// Where a user of a guarded client finds why a call was denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shows {
    /// The `Denial` itself: on the error's chain, or in the extensions of the answer.
    Denial,
    /// Its line, in the error's text: the client keeps nothing else.
    #[allow(dead_code, reason = "for clients that flatten errors")]
    Text,
}

/// Where a client's calls go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Api {
    /// The fake that stands for it.
    pub(crate) service: Service,
    /// Whose place the fake takes.
    pub(crate) host: &'static str,
    pub(crate) speaks: Speaks,
    /// A scope that every operation accepts.
    pub(crate) scope: &'static str,
}

impl Api {
    pub(crate) const STORAGE: Self = Self {
        service: Service::Storage,
        host: "storage.googleapis.com",
        speaks: Speaks::Json,
        scope: "cloud-platform",
    };
}

/// The form of an API's refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "which forms are spoken depends on the rows")]
pub(crate) enum Speaks {
    Json,
    Xml,
    Grpc,
}

/// A call of a client that shows its requests to nobody: inside the guard's check, where there is one.
pub(crate) async fn called<T, C, E: ClientError<C>>(
    calling: Option<&Calling>,
    call: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    match calling {
        Some(calling) => calling.run(call).await,
        None => call.await,
    }
}
