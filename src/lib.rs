//! Middleware for clients of Google APIs that turns a refusal for lack of OAuth scope into an error
//! that says what to do.
//!
#![cfg_attr(
    all(feature = "tower", feature = "reqwest-middleware", feature = "testing"),
    doc = include_str!("../README.md")
)]
// The parts that adapters share are compiled whole: which adapter uses which of them is no matter of theirs.
#![cfg_attr(
    not(all(
        feature = "tonic",
        feature = "reqwest-middleware",
        feature = "object-store",
        feature = "opendal",
        feature = "google-cloud",
        feature = "google-apis",
        feature = "gcp-auth",
        feature = "testing"
    )),
    allow(dead_code, unused_imports)
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod scope;

pub mod call;

pub mod catalog;

pub mod granted;

pub mod environment;

pub mod refusal;

pub mod remedy;

pub mod layout;

pub mod denial;

pub mod guard;

pub mod self_check;

pub mod recorder;

pub mod telemetry;

pub mod error;

pub mod adapter;

#[cfg(feature = "testing")]
pub mod testing;

#[cfg(all(any(test, fuzzing), feature = "catalog-full", feature = "tower"))]
#[doc(hidden)]
pub mod fuzzing;

#[doc(inline)]
pub use denial::Denial;
#[doc(inline)]
pub use error::Error;
#[doc(inline)]
pub use guard::{Guard, Preflight};
#[doc(inline)]
pub use scope::{Scope, ScopeSet};
