//! Reads the beginning of the body of a refused response, and passes the complete response on.
//!
//! A refusal can be explained only from its body, but the caller must get every byte, frame and
//! trailer unchanged. Therefore [`look`] takes the first frames out of a body, and copies at most
//! 16 KiB of them for the classification. It returns a [`GuardBody`], which yields the same frames
//! again and then the rest.
//!
//! [`Flight::explain_response`] does all steps for an `http::Response`. For gRPC calls,
//! [`Flight::explain_grpc_response`] and [`Flight::watch_trailers`] do all steps.
//!
//! ```
//! use bytes::Bytes;
//! use gcp_scopes::Guard;
//! use gcp_scopes::response::GuardBody;
//! use http::{Request, Response};
//! use http_body_util::{BodyExt as _, Full};
//! use tower::{Service, ServiceBuilder, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let client = tower::service_fn(|_: Request<()>| async {
//!     Ok::<_, std::io::Error>(Response::new(Full::<Bytes>::from("meow")))
//! });
//! let guard = Guard::builder().build();
//! let mut guarded = ServiceBuilder::new().layer(guard.layer()).service(client);
//! let response = guarded.ready().await?.call(Request::new(())).await?;
//! let body: GuardBody<Full<Bytes>> = response.into_body();
//! assert_eq!(body.collect().await?.to_bytes(), "meow");
//! # Ok(()) }
//! ```
//!
//! [`Flight::explain_response`]: crate::flight::Flight::explain_response
//! [`Flight::explain_grpc_response`]: crate::flight::Flight::explain_grpc_response
//! [`Flight::watch_trailers`]: crate::flight::Flight::watch_trailers

#[cfg(feature = "body")]
pub(crate) mod body;
#[cfg(feature = "body")]
mod explain_response;
#[cfg(feature = "body")]
pub(crate) mod grpc;
#[cfg(feature = "body")]
mod grpc_body;
#[cfg(feature = "body")]
mod grpc_error;

#[doc(inline)]
pub use crate::delivery::explained_body;
#[doc(inline)]
pub use crate::inflate::decompressed;
#[cfg(feature = "body")]
#[doc(inline)]
pub use body::{GuardBody, look};
