//! An [`HttpConnector`] for object_store's Google Cloud Storage.
//!
//! It stands around the connector that does the work: `ReqwestConnector`, which object_store has with
//! its feature `reqwest` or `gcp`, or one of your own.
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
//!             eprintln!("{}", denial.report()); // `error` itself says in one line what to do
//!         }
//!     }
//!     stored.map(drop)
//! }
//! ```
//!
//! # Errors
//! What object_store makes of a denial is what it makes of Google's own refusal, whatever the
//! [`DenialDelivery`](gcp_scopes::DenialDelivery): `object_store::Error::PermissionDenied`, and `Generic` for
//! listing, for the end of a multipart upload and for signing by Google. It is not retried.
//!
//! That is so because a denial is given to object_store as an answer of status 403 whose body says
//! what to do. An error in its place would become `Generic` everywhere, and programs match on
//! `PermissionDenied`. The price: object_store 0.14 keeps of an answer its status and its text and
//! nothing else (`RequestError::Status` in
//! <https://github.com/apache/arrow-rs-object-store/blob/main/src/client/retry.rs>), so that no walk
//! along `source()` can come to the [`Denial`]. [`GuardConnector::denial_of`] finds it by that text.
//!
//! # What is checked
//! Every call of the store, and `signBlob` of IAM Credentials, which is a call like any other. The
//! metadata server and the endpoints that hand out tokens are never checked, and their answers are
//! passed on as they are. An answer to `HEAD` has no body, so that its header must agree with what
//! is known of the token before it is called a denial. A signed URL is used without this client.
//!
//! reqwest follows redirects below the guard, which cannot see them: an answer is taken for that of
//! the host that was called.

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

/// How many denials are kept for those who ask which one an error was made of.
const RECENT: usize = 64;

/// Connects object_store through a [`Guard`]. Made by [`GuardObjectStoreExt::object_store`].
///
/// Its clones share what they know.
///
/// ```
/// use gcp_scopes_object_store::GuardConnector;
/// use object_store::{ObjectStore, ObjectStoreExt};
///
/// /// The connector stays with the store, to say what an error is about.
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

/// [`GuardConnector::new`] as a method of the guard.
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
    /// A connector around `inner` whose calls go through this guard.
    #[must_use]
    fn object_store(&self, inner: impl HttpConnector) -> GuardConnector;
}

impl GuardObjectStoreExt for Guard {
    fn object_store(&self, inner: impl HttpConnector) -> GuardConnector {
        GuardConnector::new(self, inner)
    }
}

impl GuardConnector {
    /// A connector around `inner` whose calls go through the guard.
    #[must_use]
    pub fn new(guard: &Guard, inner: impl HttpConnector) -> Self {
        Self { guard: guard.clone(), inner: Arc::new(inner), recent: Arc::default() }
    }

    /// The denial that an error of a store with this connector was made of.
    ///
    /// Looks for the text of one of the last 64 denials in that of the error. Denials of the same text
    /// say the same; of these it is the latest.
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
        recent.iter().rev().find(|denial| is_said(denial, &text)).cloned()
    }

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

async fn wait(begun: Result<Flight, Denial>) -> Result<Flight, Denial> {
    begun?.wait_for_scopes().await
}

/// Whether the text has the denial's line, in which JSON and XML escape a few marks.
fn is_said(denial: &Denial, text: &str) -> bool {
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
        let (seen, body) = look(&self.connector.guard, body).await;
        let denial = flight.explain(parts.status, &parts.headers, &seen).await;
        let Some(denial) = denial else {
            return Response::from_parts(parts, HttpResponseBody::new(body));
        };
        let text = explained_body(&denial, &mut parts.headers, &seen, body.is_whole(&seen));
        self.connector.remember(denial);
        Response::from_parts(parts, text.into())
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
                let answer = denial.to_xml_response().map(bytes::Bytes::from);
                self.connector.remember(denial);
                return Ok(answer.map(Into::into));
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
