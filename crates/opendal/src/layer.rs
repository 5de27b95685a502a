//! The layer that sends the requests of an operator through a guard.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use http::{HeaderMap, Method, Request, Response, Uri};
use http_body::{Body, Frame};
use http_body_util::BodyDataStream;
use opendal_core::raw::{Layer, Servicer};
use opendal_core::{
    Buffer, Error, ErrorKind, HttpBody, HttpRedirect, HttpTransport, HttpTransporter,
    OperationContext,
};

use gcp_scopes::Guard;
use gcp_scopes::call::Call;
use gcp_scopes::denial::Denial;
use gcp_scopes::flight::Flight;
use gcp_scopes::response::look;

/// A layer that sends the requests of an operator through a [`Guard`]. Created by
/// [`GuardOpendalExt::opendal`](crate::GuardOpendalExt::opendal).
///
/// ```
/// use gcp_scopes_opendal::GuardOpendalExt as _;
/// use gcp_scopes_opendal::gcp_scopes::Guard;
/// use opendal_core::{Operator, services::Memory};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> opendal_core::Result<()> {
/// let guard = Guard::builder().build();
/// let operator = Operator::new(Memory::default())?.layer(guard.opendal());
/// operator.write("cat.jpg", "meow").await?; // no HTTP request, so nothing is checked
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct GuardOperatorLayer {
    guard: Guard,
}

impl GuardOperatorLayer {
    /// Creates a layer that sends the requests of an operator through the guard.
    ///
    /// ```
    /// use gcp_scopes_opendal::GuardOperatorLayer;
    /// use gcp_scopes_opendal::gcp_scopes::Guard;
    ///
    /// let layer = GuardOperatorLayer::new(&Guard::builder().build());
    /// ```
    #[must_use]
    pub fn new(guard: &Guard) -> Self {
        Self { guard: guard.clone() }
    }
}

impl Layer for GuardOperatorLayer {
    fn apply_context(&self, _: Servicer, context: OperationContext) -> OperationContext {
        let inner = context.http_transport().clone();
        context.with_http_transport(HttpTransporter::new(GuardTransport {
            guard: self.guard.clone(),
            inner,
        }))
    }
}

struct GuardTransport {
    guard: Guard,
    inner: HttpTransporter,
}

/// Records in the flight the URL that the response came from, if the transport followed redirects.
fn with_redirects(flight: Flight, response: &Response<HttpBody>) -> Flight {
    let Some(last) = response.extensions().get::<HttpRedirect>() else { return flight };
    // The default URI has no host, so a response whose URL cannot be parsed is not explained.
    let uri: Uri = last.uri().original_uri().parse().unwrap_or_default();
    flight.redirected(&Call::new(&Method::GET, &uri).with_headers(&HeaderMap::new()))
}

async fn explain(
    flight: Flight,
    response: Response<HttpBody>,
) -> Result<Response<HttpBody>, Error> {
    let (parts, body) = response.into_parts();
    let (beginning, body) = read_beginning(flight.guard(), body).await;
    match flight.explain(parts.status, &parts.headers, &beginning).await {
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

/// Converts a denial into an error of opendal. The error's message does not contain the denial's
/// message, because opendal prints the source behind the message.
fn refusal(denial: Denial) -> Error {
    let message = "an OAuth scope is missing";
    Error::new(ErrorKind::PermissionDenied, message).set_permanent().set_source(denial.into_error())
}

/// Reads the beginning of a body with [`look`]. Returns the bytes that were read, and a body with
/// the whole content. The length that opendal expects of the body is unchanged.
async fn read_beginning(guard: &Guard, body: HttpBody) -> (Vec<u8>, HttpBody) {
    let mut frames = OpendalBody(None);
    // The emptied body keeps the length that opendal expects, while `look` reads the stream.
    let emptied = body.map_inner(|stream| {
        frames.0 = Some(stream);
        Box::new(BodyDataStream::new(OpendalBody(None)))
    });
    let (beginning, body) = look(guard, frames).await;
    (beginning, emptied.map_inner(|_| Box::new(BodyDataStream::new(body))))
}

/// The stream inside a body of opendal, as an [`http_body::Body`]. With `None`, the body is empty.
struct OpendalBody(Option<Box<dyn Stream<Item = Result<Buffer, Error>> + Send + Sync + Unpin>>);

impl Body for OpendalBody {
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
