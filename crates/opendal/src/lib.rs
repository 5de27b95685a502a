//! A [`Layer`] for opendal operators over Google Cloud Storage.
//!
//! It stands around the HTTP transport of the operator, so that its place among other layers does
//! not matter. opendal users name its types by `opendal::`; this crate by `opendal_core::`, where
//! they come from.
//!
//! ```
//! use gcp_scopes_opendal::GuardOpendalExt as _;
//! use gcp_scopes_opendal::gcp_scopes::{Denial, Guard};
//! use opendal_core::Operator;
//!
//! async fn upload(operator: Operator) -> opendal_core::Result<()> {
//!     let guard = Guard::detect().await;
//!     let operator = operator.layer(guard.opendal());
//!     let stored = operator.write("cat.jpg", "meow").await;
//!     if let Err(error) = &stored {
//!         if let Some(denial) = Denial::find(error) {
//!             eprintln!("{}", denial.report());
//!         }
//!     }
//!     stored.map(drop)
//! }
//! ```
//!
//! # Errors
//! A denial is an error of kind [`ErrorKind::PermissionDenied`], which is what opendal makes of
//! Google's own refusals too, whatever the [`DenialDelivery`](gcp_scopes::DenialDelivery). It is permanent, so
//! that no layer retries it (opendal's `RetryLayer` then calls it persistent, as it does every error
//! that it passes on), and [`Denial::find`](gcp_scopes::Denial::find) finds the denial.
//!
//! # What is checked
//! Every call of the operator. The metadata server and the endpoints that hand out tokens, to which
//! opendal speaks through the same transport, are never checked, and their answers are passed on as
//! they are.

pub use gcp_scopes;

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use http::{HeaderMap, Method, Request, Response, Uri};
use http_body::{Body, Frame};
use http_body_util::BodyDataStream;
use opendal_core::raw::{Layer, Servicer};
use opendal_core::{
    Buffer, Error, ErrorKind, HttpBody, HttpRedirect, HttpTransport, HttpTransporter, OperationContext,
};

use gcp_scopes::Guard;
use gcp_scopes::call::Call;
use gcp_scopes::denial::Denial;
use gcp_scopes::flight::Flight;
use gcp_scopes::response::look;

/// Sends the requests of an operator through a [`Guard`]. Made by [`GuardOpendalExt::opendal`].
///
/// ```
/// use gcp_scopes_opendal::GuardOpendalExt as _;
/// use gcp_scopes_opendal::gcp_scopes::Guard;
/// use opendal_core::{Operator, services::Memory};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> opendal_core::Result<()> {
/// let guard = Guard::builder().build();
/// let operator = Operator::new(Memory::default())?.layer(guard.opendal());
/// operator.write("cat.jpg", "meow").await?; // a service that makes no HTTP calls is not affected
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct GuardOperatorLayer {
    guard: Guard,
}

/// [`GuardOperatorLayer::new`] as a method of the guard.
pub trait GuardOpendalExt {
    /// A layer for operators, whose calls go through this guard.
    ///
    /// ```
    /// use gcp_scopes_opendal::GuardOpendalExt as _;
    /// use gcp_scopes_opendal::gcp_scopes::Guard;
    /// use opendal_core::{Operator, services::Memory};
    ///
    /// let guard = Guard::builder().build();
    /// let operator = Operator::new(Memory::default())?.layer(guard.opendal());
    /// # Ok::<(), opendal_core::Error>(())
    /// ```
    #[must_use]
    fn opendal(&self) -> GuardOperatorLayer;
}

impl GuardOpendalExt for Guard {
    fn opendal(&self) -> GuardOperatorLayer {
        GuardOperatorLayer::new(self)
    }
}

impl GuardOperatorLayer {
    /// A layer for operators, whose calls go through the guard.
    #[must_use]
    pub fn new(guard: &Guard) -> Self {
        Self { guard: guard.clone() }
    }
}

impl Layer for GuardOperatorLayer {
    fn apply_context(&self, _: Servicer, context: OperationContext) -> OperationContext {
        let inner = context.http_transport().clone();
        context.with_http_transport(HttpTransporter::new(GuardTransport { guard: self.guard.clone(), inner }))
    }
}

struct GuardTransport {
    guard: Guard,
    inner: HttpTransporter,
}

/// The flight of a call whose answer may have come from another URL.
fn with_redirects(flight: Flight, response: &Response<HttpBody>) -> Flight {
    let Some(last) = response.extensions().get::<HttpRedirect>() else { return flight };
    let uri: Uri = last.uri().original_uri().parse().unwrap_or_default();
    flight.redirected(&Call::new(&Method::GET, &uri).with_headers(&HeaderMap::new()))
}

async fn explain(flight: Flight, response: Response<HttpBody>) -> Result<Response<HttpBody>, Error> {
    let (parts, body) = response.into_parts();
    let (seen, body) = look_at(flight.guard(), body).await;
    match flight.explain(parts.status, &parts.headers, &seen).await {
        Some(denial) => Err(refusal(denial)),
        None => Ok(Response::from_parts(parts, body)),
    }
}

impl HttpTransport for GuardTransport {
    async fn fetch(&self, request: Request<Buffer>) -> Result<Response<HttpBody>, Error> {
        let call = Call::new(request.method(), request.uri()).with_headers(request.headers());
        let flight = self.guard.begin(&call).map_err(refusal)?;
        let flight = flight.wait_for_scopes().await.map_err(refusal)?;
        let response = self.inner.fetch(request).await?;
        let flight = with_redirects(flight, &response);
        match flight.answered(response.status(), response.headers()) {
            true => explain(flight, response).await,
            false => Ok(response),
        }
    }
}

/// opendal prints the source behind the message, so that the message does not repeat it.
fn refusal(denial: Denial) -> Error {
    let message = "an OAuth scope is missing";
    Error::new(ErrorKind::PermissionDenied, message).set_permanent().set_source(denial.into_error())
}

/// [`look`], with the length that opendal expects of the body left as it is.
async fn look_at(guard: &Guard, body: HttpBody) -> (Vec<u8>, HttpBody) {
    let mut taken = Frames(None);
    let hollow = body.map_inner(|stream| {
        taken.0 = Some(stream);
        Box::new(BodyDataStream::new(Frames(None)))
    });
    let (seen, body) = look(guard, taken).await;
    (seen, hollow.map_inner(|_| Box::new(BodyDataStream::new(body))))
}

/// opendal's stream of a body as a body; an empty one, if there is none.
struct Frames(Option<Box<dyn Stream<Item = Result<Buffer, Error>> + Send + Sync + Unpin>>);

impl Body for Frames {
    type Data = Buffer;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Buffer>, Error>>> {
        let Some(stream) = &mut self.0 else { return Poll::Ready(None) };
        Pin::new(stream).poll_next(cx).map(|next| next.map(|data| data.map(Frame::data)))
    }
}
