//! Looks at the answer of a refused call, and hands it on.
//!
//! [`body::look`] copies the beginning of a body within bounds and gives the body back whole;
//! [`Flight::explain_response`] does all that an `http::Response` needs.
//!
//! [`Flight::explain_response`]: crate::flight::Flight::explain_response

#[cfg(feature = "body")]
pub mod body;
#[cfg(feature = "body")]
mod explain;
#[cfg(feature = "body")]
pub mod grpc;
#[cfg(feature = "body")]
mod grpc_body;
#[cfg(feature = "body")]
mod grpc_error;
