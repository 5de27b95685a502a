#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod error;
pub mod scope;

pub mod call;

mod api;
mod blob;
mod catalog;
mod colon;
mod endpoints;
mod found;
mod least;
mod lookup;
mod made_from;
mod matching;
mod method;
mod name;
mod not_advised;
mod open;
mod overrides;
mod path;
mod quick;
mod server_names;
mod service;
mod typo;
mod walk;

pub use catalog::Catalog;
pub use endpoints::Endpoints;
pub use error::Error;
pub use least::{
    equally_narrow, for_every_call, least_scope, least_scopes, narrowest_first, opened_by,
    recommended_scopes, widest_scope,
};
pub use lookup::{Lookup, lookup};
pub use made_from::{CONTENTS, SOURCES, VERSION};
pub use method::ApiMethod;
pub use typo::{nearest, typos};

/// Items for other crates of the project. The generator and the benchmarks use the binary layout of
/// the data and the overrides. The guard uses the quick check before a lookup. This module changes
/// only with a breaking release, but is not documented for other users.
#[doc(hidden)]
pub mod raw {
    pub use crate::blob::*;
    pub use crate::call::host::unalias;
    pub use crate::overrides::*;
    pub use crate::path::{MAX_LITERAL, hash};
    pub use crate::quick::{CallPlace, OpenedSets, foreign_host};
    pub use crate::server_names::APIS;
    pub use crate::walk::{BEFORE_API, HAS_DOUBLE_STAR, HAS_STAR, LEGACY, WWW, find};
}

#[cfg(all(any(test, fuzzing), feature = "full"))]
#[doc(hidden)]
#[path = "tests/fuzzing.rs"]
pub mod fuzzing;
#[cfg(all(any(test, fuzzing), feature = "full"))]
#[path = "tests/naive.rs"]
mod naive;
#[cfg(test)]
#[cfg(feature = "full")]
#[path = "tests/catalog.rs"]
mod tests;
#[cfg(test)]
#[cfg(feature = "full")]
#[path = "tests/open.rs"]
mod tests_of_open;
