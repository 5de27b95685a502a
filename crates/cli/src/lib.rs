//! What the command `gcp-scopes` answers: the part that reads texts and does no I/O.
//!
//! The command and the web page of the project use it. It is not an interface for other programs:
//! it changes in any version. Such programs use the crates `gcp-scopes-explain`,
//! `gcp-scopes-needs` and `gcp-scopes-catalog`.

#[doc(hidden)]
pub mod answer;
