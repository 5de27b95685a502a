//! Adapters that place the guard inside a client. An adapter decides nothing itself: it passes each
//! request to the [`Guard`](crate::Guard) before the request is sent, and each refused response
//! after the response arrives.
//!
//! To support another client, copy the adapter of the most similar client.
//!
//! ```
//! use http::{Request, Response};
//!
//! // One guard for all clients of a process, so that the clients share its token cache.
//! let guard = gcp_scopes::Guard::builder().build();
//! # #[cfg(feature = "tower")] {
//! let client = tower::service_fn(|_: Request<String>| async {
//!     Ok::<_, std::io::Error>(Response::new(String::new()))
//! });
//! let guarded = tower::ServiceBuilder::new().layer(guard.layer()).service(client);
//! # }
//! ```

#[cfg(feature = "gcp-auth")]
pub mod gcp_auth;
#[cfg(feature = "reqwest")]
pub mod reqwest;
#[cfg(feature = "reqwest-middleware")]
pub mod reqwest_middleware;
#[cfg(feature = "tower")]
pub mod tower;
