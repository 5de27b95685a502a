#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod error;
pub mod scope;

pub mod call;

mod api;
mod blob;
mod catalog;
mod endpoints;
mod found;
mod known_host;
mod least;
mod lookup;
mod made_from;
mod matching;
mod method;
mod name;
mod open;
mod overrides;
mod path;
mod server_name;
mod server_names;
mod typo;
mod walk;

#[doc(inline)]
pub use catalog::Catalog;
#[doc(inline)]
pub use endpoints::Endpoints;
#[doc(inline)]
pub use error::Error;
#[doc(inline)]
pub use known_host::KnownHost;
#[doc(inline)]
pub use least::{for_every_call, least, least_of, narrowest_first, recommended};
#[doc(inline)]
pub use lookup::{Lookup, lookup};
#[doc(inline)]
pub use made_from::{CONTENTS, SOURCES, VERSION};
#[doc(inline)]
pub use method::ApiMethod;
#[doc(inline)]
pub use typo::{nearest, typos};

/// The data as it lies there, for its generator and its benchmarks: no part of the API.
#[doc(hidden)]
pub mod raw {
    pub use crate::blob::{
        Blob, DISCOVERY, HEADER, Host, MAGIC, PROTOS, Row, SAME, SECTIONS, TWIN, VERBS, host_hash, rpc_hash,
        verb_code,
    };
    pub use crate::overrides::{Effect, HEARD_OF, OVERRIDES, Override, Query, RPC_TWINS, at, fingerprint};
    pub use crate::path::{MAX_LITERAL, hash};
    pub use crate::walk::{HAS_DOUBLE_STAR, HAS_STAR, LEGACY, MAX_OPEN, Node, find};
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
#[cfg(test)]
#[cfg(feature = "full")]
#[path = "tests/open.rs"]
mod tests_of_open;
