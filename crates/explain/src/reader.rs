//! Reads what people paste and programs write down: log records, answers, requests and lists of scopes.
//!
//! ```
//! use gcp_scopes_explain::reader::{LogBlock, NamedCall};
//! use gcp_scopes_explain::refusal::{Gate, classify};
//!
//! let log = "2026-05-01 10:00:00 INFO GET https://storage.googleapis.com/storage/v1/b/photos\n\
//!            2026-05-01 10:00:01 ERROR Request had insufficient authentication scopes.\n";
//! let records: Vec<_> = LogBlock::all_of(log).iter().flat_map(LogBlock::records).collect();
//! let answers = records.into_iter().flat_map(|record| record.answers());
//! let gates: Vec<_> = answers.filter_map(|answer| classify(&answer.answer())).map(|refusal| refusal.gate()).collect();
//! assert_eq!(gates, [Gate::Scope]);
//!
//! let called = NamedCall::in_text(log).and_then(|call| call.method());
//! assert_eq!(called.map(|method| method.id()), Some("storage.buckets.get"));
//! ```

mod json_line;
mod lists;
mod log;
mod named_call;
mod places;
mod question;
mod recorded_answer;

pub use json_line::{looks_secret, nearest_name, shown};
pub use log::{LogBlock, LogRecord, log_records};
pub use named_call::NamedCall;
pub use places::{CREDENTIALS, PLACES};
pub use question::{Question, scopes};
pub use recorded_answer::{RecordedAnswer, in_utf8};
