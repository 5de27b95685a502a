//! Where the guard stands inside a client. Adapters hold no judgement: they hand the request to
//! [`Guard`](crate::Guard) before it is sent, and a refused answer after it came back.
//!
//! To support another client, copy the adapter that is nearest to it.

#[cfg(any(feature = "tower", feature = "reqwest-middleware", feature = "gcp-auth"))]
#[cfg_attr(
    not(all(feature = "gcp-auth", any(feature = "tower", feature = "reqwest-middleware"))),
    allow(dead_code)
)]
pub mod attach;
#[cfg(any(feature = "tower", feature = "reqwest-middleware"))]
pub mod body;
#[cfg(feature = "gcp-auth")]
pub mod gcp_auth;
#[cfg(feature = "reqwest-middleware")]
pub mod reqwest_middleware;
#[cfg(feature = "tower")]
pub mod tower;
