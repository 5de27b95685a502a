#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod error;
mod needs_file;
mod permissions;

mod finding;
mod verdict;

mod inventory;
mod plan;

pub mod format;

pub use error::NeedsError;
pub use finding::{ChangeEffect, FindingStatus, MachineFinding, Summary};
pub use needs_file::{NeededMethod, NeedsFile};
pub use permissions::permissions_of;
