#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod error;
pub mod scope;

pub mod call;

mod api;
mod blob;
mod endpoints;
mod least;
mod lookup;
mod made_from;
mod method;
mod name;
mod overrides;
mod path;
mod reader;
mod server_name;
mod typo;
mod verdict;
mod version;
mod walk;

#[doc(inline)]
pub use endpoints::Endpoints;
#[doc(inline)]
pub use error::Error;
#[doc(inline)]
pub use least::{for_every_call, least, least_of, narrowest_first, recommended};
#[doc(inline)]
pub use lookup::{Found, KnownHost, lookup};
#[doc(inline)]
pub use made_from::VERSION;
#[doc(inline)]
pub use method::{ApiMethod, Basis};
#[doc(inline)]
pub use typo::{nearest, typos};
#[doc(inline)]
pub use verdict::{Verdict, verdict};
#[doc(inline)]
pub use version::Version;

/// For `cargo xtask catalog`, which makes the data: no part of the API.
#[doc(hidden)]
pub mod generator {
    pub use crate::overrides::{Effect, HEARD_OF, OVERRIDES, Override, Query, RPC_TWINS, Reason, at};
}

#[cfg(all(any(test, fuzzing), feature = "full"))]
#[doc(hidden)]
#[path = "tests/fuzzing.rs"]
pub mod fuzzing;
#[cfg(all(any(test, fuzzing), feature = "full"))]
#[path = "tests/naive.rs"]
mod naive;
#[cfg(test)]
#[path = "tests/catalog.rs"]
mod tests;
