//! Where the guard stands inside a client. Adapters hold no judgement: they hand the request to
//! [`Guard`](crate::Guard) before it is sent, and a refused answer after it came back.
//!
//! To support another client, copy the adapter that is nearest to it.
//!
//! ```
//! # use http::{Request, Response};
//! // One guard for all clients of a process, so that they share what is known of tokens.
//! let guard = gcp_scopes::Guard::builder().build();
//! # #[cfg(feature = "tower")] {
//! let client = tower::service_fn(|_: Request<String>| async { Ok::<_, std::io::Error>(Response::new(String::new())) });
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
