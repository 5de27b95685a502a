//! A tower layer for tonic channels, [`GuardTonicExt::tonic_layer`]. It works with every generated
//! client (`googleapis-tonic-*`, gcloud-sdk, your own).
//!
//! ```
//! use gcp_scopes_tonic::GuardTonicExt as _;
//! use gcp_scopes_tonic::gcp_scopes::{Denial, Guard};
//! use tower::ServiceBuilder;
//!
//! # use gcp_scopes_tonic::gcp_scopes::adapter::tower::GuardService;
//! # fn build<Channel>(guard: &Guard, channel: Channel) -> GuardService<Channel> {
//! // `channel` is a `tonic::transport::Channel` to https://pubsub.googleapis.com. The interceptor
//! // that sets the token must be outside of the guard:
//! // `PublisherClient::with_interceptor(guarded, set_token)`.
//! let guarded = ServiceBuilder::new().layer(guard.tonic_layer()).service(channel);
//! # guarded
//! # }
//! # fn show(status: tonic::Status) {
//! // When a call fails, at once or in the middle of a stream:
//! if let Some(denial) = Denial::find(&status) {
//!     eprintln!("{}", denial.report());
//! }
//! # }
//! ```
//!
//! # What the caller gets
//! 1. A refusal for lack of scope is a [`tonic::Status`] with the code, the details and the
//!    metadata that Google sent. The denial's message is appended to the message of the status, and
//!    the [`Denial`](gcp_scopes::Denial) is the source of the status. Messages of a stream that
//!    arrived before the refusal are delivered first.
//! 2. Every other status is the same as without the guard.
//! 3. A proxy or a load balancer may respond with a plain HTTP 403 that is not gRPC. The caller
//!    gets `PermissionDenied`, as the gRPC specification
//!    [maps](https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md) the status;
//!    without the guard, tonic would try to decode the page as a message. The status has a denial
//!    only if the body is a refusal for lack of scope.
//! 4. A gRPC call is always sent, with every [`Preflight`](gcp_scopes::Preflight).
//! 5. Messages are passed on at once and not inspected. Only the trailers of a refused call may
//!    wait, for at most 500 ms, for the scopes of the token. No deadline of the channel includes
//!    this time.
//!
//! With [`DenialDelivery::Extension`](gcp_scopes::DenialDelivery::Extension) the status is
//! the same as without the guard. The guard emits its events, and a response without messages has
//! the denial in its extensions, to which tonic's clients give no access.
//!
//! # Position among other layers
//! Place the layer inside of the layer or interceptor that sets `Authorization`. Other layers may
//! be between the guard and the channel if the error of their response body is a [`tonic::Status`]
//! or a boxed error.
//!
//! With another type of body error, such as that of hyper's client, a refusal in trailers has the
//! denial's message but no `Denial`. To get a `Denial`, add
//! `.map_response(|response| response.map(tonic::body::Body::new))` inside of the guard. A gRPC
//! client with the plain `guard.layer()` gets no `Denial` from trailers either.

mod status;

pub use gcp_scopes;

use gcp_scopes::Guard;
use gcp_scopes::adapter::tower::GuardLayer;

/// Adds the layer for tonic to [`Guard`] as a method.
///
/// ```
/// use gcp_scopes_tonic::GuardTonicExt as _;
/// use gcp_scopes_tonic::gcp_scopes::Guard;
///
/// let layer = Guard::builder().build().tonic_layer();
/// ```
pub trait GuardTonicExt {
    /// Returns a layer for the channel of a tonic client: [`Guard::layer`], with [`tonic::Status`]
    /// as the error.
    ///
    /// ```
    /// use gcp_scopes_tonic::GuardTonicExt as _;
    /// use gcp_scopes_tonic::gcp_scopes::Guard;
    /// use http::{Request, Response};
    ///
    /// let guard = Guard::builder().build();
    /// // Stands for a `tonic::transport::Channel`.
    /// let channel = tower::service_fn(|_: Request<String>| async {
    ///     Ok::<_, tonic::Status>(Response::new(String::new()))
    /// });
    /// let guarded = tower::ServiceBuilder::new().layer(guard.tonic_layer()).service(channel);
    /// ```
    #[must_use]
    fn tonic_layer(&self) -> GuardLayer;
}

impl GuardTonicExt for Guard {
    fn tonic_layer(&self) -> GuardLayer {
        self.layer().with_grpc_errors(status::denied)
    }
}
