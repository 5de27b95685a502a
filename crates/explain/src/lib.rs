#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod error;

mod escape;

pub mod granted;

pub mod environment;

pub mod refusal;

mod required_scopes;

mod server_name;

pub mod remedy;

pub mod layout;

pub mod denial;

mod decide;

#[cfg(any(test, fuzzing))]
#[doc(hidden)]
#[path = "tests/fuzzing.rs"]
pub mod fuzzing;

#[doc(inline)]
pub use decide::{decide, explain};
#[doc(inline)]
pub use denial::Denial;
#[doc(inline)]
pub use error::Error;
