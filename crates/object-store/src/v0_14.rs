//! The connector as the `HttpConnector` of object_store 0.14.

use ::object_store;

#[allow(clippy::duplicate_mod, reason = "the same code for each version of object_store")]
#[path = "http.rs"]
mod http;
