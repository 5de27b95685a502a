//! gRPC clients: [`GuardTonicExt::tonic_layer`] over a tonic channel, for any generated client
//! (`googleapis-tonic-*`, gcloud-sdk, your own).
//!
//! ```
//! use gcp_scopes_tonic::GuardTonicExt as _;
//! use gcp_scopes_tonic::gcp_scopes::{Denial, Guard};
//! use tower::ServiceBuilder;
//!
//! # fn build<Channel>(guard: &Guard, channel: Channel) -> gcp_scopes_tonic::gcp_scopes::adapter::tower::GuardService<Channel> {
//! // `channel` is a `tonic::transport::Channel` to https://pubsub.googleapis.com. What sets the token goes
//! // around the guard: `PublisherClient::with_interceptor(guarded, set_token)`.
//! let guarded = ServiceBuilder::new().layer(guard.tonic_layer()).service(channel);
//! # guarded }
//! # fn show(status: tonic::Status) {
//! // Wherever a call fails, at once or in the middle of a stream:
//! if let Some(denial) = Denial::find(&status) {
//!     eprintln!("{}", denial.report());
//! }
//! # }
//! ```
//!
//! # What the caller gets
//! 1. A refusal for lack of scope is the same [`tonic::Status`]: code, details and metadata as sent,
//!    the message with the denial's line behind it, and the [`Denial`] as its source. Messages
//!    that came before it are delivered before it.
//! 2. Every other status is the one that the client makes without the guard.
//! 3. An HTTP 403 in the place of a gRPC answer, of a proxy or a load balancer, is `PermissionDenied`, as
//!    gRPC [maps](https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md) it; the
//!    client alone would read the page as a broken message. It is a denial only if it says so.
//! 4. A gRPC call is never held back, whatever [`Preflight`](gcp_scopes::Preflight) says.
//! 5. Messages are neither read nor kept back. Refusing trailers wait at most 500 ms for what the token
//!    holds, which counts towards no deadline of the channel's.
//!
//! With [`DenialDelivery::Extension`](gcp_scopes::DenialDelivery::Extension) nothing is changed; the denial is in the
//! extensions of an answer without messages, which tonic's clients do not show, and in the events.
//!
//! # Where it stands
//! Inside whatever sets `Authorization`, directly around the channel or with other layers between, as
//! long as the body's error is a [`tonic::Status`] or a boxed error. Over a client with errors of its own,
//! such as hyper's, the message is extended but trailers can hold no `Denial`: put
//! `.map_response(|answer| answer.map(tonic::body::Body::new))` below the layer. The same holds for any gRPC
//! client behind the plain `guard.layer()`.

pub use gcp_scopes;

use std::sync::Arc;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::HeaderMap;
use tonic::Status;

use gcp_scopes::Guard;
use gcp_scopes::adapter::tower::GuardLayer;
use gcp_scopes::denial::Denial;

/// What a guard makes for tonic.
pub trait GuardTonicExt {
    /// A layer for the channel of a tonic client: [`Guard::layer`] whose errors are a [`Status`].
    ///
    /// ```
    /// # use http::{Request, Response};
    /// use gcp_scopes_tonic::GuardTonicExt as _;
    /// use gcp_scopes_tonic::gcp_scopes::Guard;
    ///
    /// let guard = Guard::builder().build();
    /// # let channel = tower::service_fn(|_: Request<String>| async { Ok::<_, tonic::Status>(Response::new(String::new())) });
    /// let guarded = tower::ServiceBuilder::new().layer(guard.tonic_layer()).service(channel);
    /// ```
    #[must_use]
    fn tonic_layer(&self) -> GuardLayer;
}

impl GuardTonicExt for Guard {
    fn tonic_layer(&self) -> GuardLayer {
        self.layer().with_grpc_errors(denied)
    }
}

/// The status of refused headers or trailers, with the denial as its source.
fn denied(denial: Denial, headers: &HeaderMap) -> Option<Status> {
    let mut status = status(headers)?;
    status.set_source(Arc::new(denial.into_error()));
    Some(status)
}

fn status(headers: &HeaderMap) -> Option<Status> {
    if !has_bad_details(headers) {
        return Status::from_header_map(headers);
    }
    let mut headers = headers.clone();
    headers.remove(DETAILS);
    Status::from_header_map(&headers)
}

/// Whether tonic would panic: it insists on base64.
fn has_bad_details(headers: &HeaderMap) -> bool {
    headers.get(DETAILS).is_some_and(|details| BASE64.decode(details).is_err())
}

const DETAILS: &str = "grpc-status-details-bin";

/// No more lenient than tonic's.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
