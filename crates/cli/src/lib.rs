//! The answers of the command `gcp-scopes`, made from texts without I/O.
//!
//! This library is for the command and for the web page of the project. Its interface may change in
//! any version, so other programs use the crates `gcp-scopes-explain`, `gcp-scopes-needs` and
//! `gcp-scopes-catalog` instead.

#[doc(hidden)]
pub mod answer;
