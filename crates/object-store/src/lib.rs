//! An [`HttpConnector`] for the Google Cloud Storage client of object_store.
//!
//! The connector wraps the connector that sends the requests: object_store's `ReqwestConnector`
//! (feature `reqwest` or `gcp`), or one that you implement.
//!
//! ```
//! use object_store::client::HttpConnector;
//! use object_store::gcp::{GoogleCloudStorage, GoogleCloudStorageBuilder};
//! use object_store::{ObjectStore, ObjectStoreExt};
//!
//! // With object_store's feature `gcp`, `connector` is `ReqwestConnector::default()`.
//! use gcp_scopes_object_store::GuardObjectStoreExt as _;
//! use gcp_scopes_object_store::gcp_scopes::Guard;
//!
//! async fn upload(connector: impl HttpConnector) -> object_store::Result<()> {
//!     let guard = Guard::detect().await;
//!     let guarded = guard.object_store(connector);
//!     let store = GoogleCloudStorageBuilder::from_env()
//!         .with_bucket_name("photos")
//!         .with_http_connector(guarded.clone())
//!         .build()?;
//!     let stored = store.put(&"cat.jpg".into(), "meow".into()).await;
//!     if let Err(error) = &stored {
//!         if let Some(denial) = guarded.denial_of(error) {
//!             eprintln!("{}", denial.report()); // the message of `error` is the short form
//!         }
//!     }
//!     stored.map(drop)
//! }
//! ```
//!
//! # Errors
//! A denied call fails with the same error variant as a call that Google refuses:
//! `object_store::Error::PermissionDenied`, or `Generic` for listing, for completing a multipart
//! upload and for signing with `signBlob`. This holds for every
//! [`DenialDelivery`](gcp_scopes::DenialDelivery). A denied call is not retried.
//!
//! The guard gives a denial to object_store as a response with status 403, whose body contains the
//! denial's message. If the guard returned an error instead, object_store would convert that error
//! to `Generic`, while programs match on `PermissionDenied`. The drawback: object_store 0.14 keeps
//! only the status and the text of a response (`RequestError::Status` in
//! <https://github.com/apache/arrow-rs-object-store/blob/main/src/client/retry.rs>), so the
//! [`Denial`] is not among the sources of the error. [`GuardConnector::denial_of`] finds the denial
//! by the text of the error.
//!
//! # What is checked
//! The guard checks every call of the store, and calls of `signBlob` of the IAM Credentials API. It
//! never checks requests to the metadata server and to token endpoints, and passes on their
//! responses unchanged. A response to `HEAD` has no body: the guard explains a refused `HEAD` only
//! if a header of the response indicates a missing scope and the known scopes of the token confirm
//! it. The response that contains the denial has a body for `HEAD` too, because object_store keeps
//! only the text of a response. A request to a signed URL does not go through this connector.
//!
//! reqwest follows redirects where the guard cannot see them. The guard then attributes the
//! response of the last host to the host that was called.

pub use gcp_scopes;

use std::collections::VecDeque;
use std::fmt;
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

/// A connector whose requests go through a [`Guard`]. Created by
/// [`GuardObjectStoreExt::object_store`].
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

/// Adds [`GuardConnector::new`] to [`Guard`] as a method.
///
/// ```
/// use gcp_scopes_object_store::GuardObjectStoreExt as _;
/// use gcp_scopes_object_store::gcp_scopes::Guard;
/// use object_store::client::HttpConnector;
/// use object_store::gcp::GoogleCloudStorageBuilder;
///
/// fn guarded(guard: &Guard, connector: impl HttpConnector) -> GoogleCloudStorageBuilder {
///     GoogleCloudStorageBuilder::from_env().with_http_connector(guard.object_store(connector))
/// }
/// ```
pub trait GuardObjectStoreExt {
    /// Returns a connector that wraps `inner` and sends its requests through this guard.
    #[must_use]
    fn object_store(&self, inner: impl HttpConnector) -> GuardConnector;
}

impl GuardObjectStoreExt for Guard {
    fn object_store(&self, inner: impl HttpConnector) -> GuardConnector {
        GuardConnector::new(self, inner)
    }
}

impl GuardConnector {
    /// Creates a connector that wraps `inner` and sends its requests through the guard.
    #[must_use]
    pub fn new(guard: &Guard, inner: impl HttpConnector) -> Self {
        Self { guard: guard.clone(), inner: Arc::new(inner), recent: Arc::default() }
    }

    /// Returns the denial behind an error of a store that uses this connector or a clone of it.
    /// Returns `None` if the error has another cause, or if there were 64 later denials.
    ///
    /// Compares the message of each of the last 64 denials with the text of the error. If several
    /// denials have the same message, returns the latest.
    ///
    /// ```
    /// # fn show(guarded: gcp_scopes_object_store::GuardConnector, error: object_store::Error) {
    /// if let Some(denial) = guarded.denial_of(&error) {
    ///     eprintln!("{}", denial.report());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn denial_of(&self, error: &object_store::Error) -> Option<Denial> {
        let text = error.to_string();
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.iter().rev().find(|denial| contains_message_of(&text, denial)).cloned()
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
        let explained = explained_body(&denial, &mut parts.headers, &beginning, body.is_whole(&beginning));
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
