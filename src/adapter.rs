//! Where the guard stands inside a client. Adapters hold no judgement: they hand the request to
//! [`Guard`](crate::Guard) before it is sent, and a refused answer after it came back.
//!
//! To support another client, copy the adapter that is nearest to it.

#[cfg(any(feature = "tower", feature = "reqwest-middleware"))]
pub mod body;
#[cfg(feature = "reqwest-middleware")]
pub mod reqwest_middleware;
#[cfg(feature = "tower")]
pub mod tower;
