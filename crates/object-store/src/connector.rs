//! The connector that sends the requests of a store through a guard.

use std::collections::VecDeque;
use std::error::Error as StdError;
use std::fmt;
use std::iter;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use http::Response;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};

use gcp_scopes::call::Call;
use gcp_scopes::flight::Flight;
use gcp_scopes::response::{explained_body, look};
use gcp_scopes::{Denial, Guard};

/// How many of the latest denials a connector keeps for [`GuardConnector::denial_of`]. The limit
/// bounds the memory; programs usually handle an error soon after the call.
const RECENT: usize = 64;

/// How many errors of a chain are read, which bounds the work for a chain that never ends.
const MAX_SOURCES: usize = 32;

/// A connector whose requests go through a [`Guard`]. Created by
/// [`GuardObjectStoreExt::object_store`](crate::GuardObjectStoreExt::object_store).
///
/// Clones share the denials that [`denial_of`](Self::denial_of) finds.
///
/// ```
/// use gcp_scopes_object_store::GuardConnector;
/// use object_store::{ObjectStore, ObjectStoreExt};
///
/// /// Keeps the connector beside the store, to find the denial of an error.
/// struct Photos<S> {
///     store: S,
///     guarded: GuardConnector,
/// }
///
/// impl<S: ObjectStore> Photos<S> {
///     async fn delete(&self, name: &str) -> object_store::Result<()> {
///         self.store.delete(&name.into()).await.inspect_err(|error| {
///             if let Some(denial) = self.guarded.denial_of(error) {
///                 eprintln!("{}", denial.report());
///             }
///         })
///     }
/// }
/// ```
#[derive(Clone)]
pub struct GuardConnector {
    guard: Guard,
    inner: Arc<dyn HttpConnector>,
    recent: Arc<Mutex<VecDeque<Denial>>>,
}

impl GuardConnector {
    /// Creates a connector that wraps `inner` and sends its requests through the guard.
    ///
    /// ```
    /// use gcp_scopes_object_store::GuardConnector;
    /// use gcp_scopes_object_store::gcp_scopes::Guard;
    /// use object_store::client::HttpConnector;
    ///
    /// fn guarded(guard: &Guard, connector: impl HttpConnector) -> GuardConnector {
    ///     GuardConnector::new(guard, connector)
    /// }
    /// ```
    #[must_use]
    pub fn new(guard: &Guard, inner: impl HttpConnector) -> Self {
        Self { guard: guard.clone(), inner: Arc::new(inner), recent: Arc::default() }
    }

    /// Returns the denial behind an error of a store that uses this connector or a clone of it, or
    /// behind an error of a library that contains such an error, boxed or as its source. Returns
    /// `None` if the error has another cause, or if there were 64 later denials.
    ///
    /// Compares the message of each of the last 64 denials with the texts of the error and of its
    /// sources. If several denials have the same message, returns the latest. An error that keeps
    /// neither the text nor the source of the store's error has no denial.
    ///
    /// ```
    /// # fn show(guarded: gcp_scopes_object_store::GuardConnector, error: object_store::Error) {
    /// if let Some(denial) = guarded.denial_of(&error) {
    ///     eprintln!("{}", denial.report());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn denial_of(&self, error: &(dyn StdError + 'static)) -> Option<Denial> {
        let errors = iter::successors(Some(error), |&error| error.source()).take(MAX_SOURCES);
        let texts: Vec<String> = errors.map(ToString::to_string).collect();
        let has_message =
            |denial: &&Denial| texts.iter().any(|text| contains_message_of(text, denial));
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        // The latest denial comes first, because a program usually handles an error before it makes
        // the next call.
        recent.iter().rev().find(has_message).cloned()
    }

    /// Adds a denial to the latest denials, and drops the oldest if there are [`RECENT`] already.
    fn remember(&self, denial: Denial) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() == RECENT {
            recent.pop_front();
        }
        recent.push_back(denial);
    }
}

impl HttpConnector for GuardConnector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = self.inner.connect(options)?;
        Ok(HttpClient::new(GuardHttpService { connector: self.clone(), client }))
    }
}

/// Waits for the scopes of the token of a call, unless the call is denied already.
async fn wait(begun: Result<Flight, Denial>) -> Result<Flight, Denial> {
    begun?.wait_for_scopes().await
}

/// Checks whether the text contains the denial's message. Compares the pieces between the
/// characters that JSON or XML escapes, because the text may contain them in escaped form.
fn contains_message_of(text: &str, denial: &Denial) -> bool {
    let line = denial.to_string();
    line.split(['"', '\\', '<', '>', '&']).all(|piece| text.contains(piece))
}

#[derive(Debug)]
struct GuardHttpService {
    connector: GuardConnector,
    client: HttpClient,
}

impl GuardHttpService {
    async fn explain(&self, flight: Flight, response: HttpResponse) -> HttpResponse {
        let (mut parts, body) = response.into_parts();
        let (beginning, body) = look(&self.connector.guard, body).await;
        let denial = flight.explain(parts.status, &parts.headers, &beginning).await;
        let Some(denial) = denial else {
            return Response::from_parts(parts, HttpResponseBody::new(body));
        };
        let explained =
            explained_body(&denial, &mut parts.headers, &beginning, body.is_whole(&beginning));
        self.connector.remember(denial);
        Response::from_parts(parts, explained.into())
    }
}

#[async_trait]
impl HttpService for GuardHttpService {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let guard = &self.connector.guard;
        let call = Call::new(request.method(), request.uri()).with_headers(request.headers());
        let flight = match wait(guard.begin(&call)).await {
            Ok(flight) => flight,
            Err(denial) => {
                // object_store calls the XML API, whose errors are XML.
                let response = denial.to_xml_response().map(bytes::Bytes::from);
                self.connector.remember(denial);
                return Ok(response.map(Into::into));
            }
        };
        let response = self.client.execute(request).await?;
        match flight.answered(response.status(), response.headers()) {
            true => Ok(self.explain(flight, response).await),
            false => Ok(response),
        }
    }
}

impl fmt::Debug for GuardConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardConnector").field("inner", &self.inner).finish_non_exhaustive()
    }
}
