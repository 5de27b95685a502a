//! Reads what people paste and programs record: responses, logs, requests and lists of scopes.
//!
//! [`RecordedResponse`] is a response, or a text such as a log that may contain a response.
//! [`NamedCall`] is a call that a person, a program or a log names.
//!
//! ```
//! use gcp_scopes_explain::reader::{NamedCall, RecordedResponse};
//! use gcp_scopes_explain::refusal::{Gate, classify};
//!
//! let log = "10:00:00 INFO GET https://storage.googleapis.com/storage/v1/b/photos\n\
//!            10:00:01 ERROR Request had insufficient authentication scopes.\n";
//! let records = RecordedResponse::from_text(log).records();
//! let refusal =
//!     records.iter().find_map(|record| classify(&record.error_response())).ok_or("no refusal")?;
//! assert_eq!(refusal.gate(), Gate::Scope);
//!
//! let called = NamedCall::find_refused(&refusal, log, "").method();
//! assert_eq!(called.map(|method| method.id()), Some("storage.buckets.get"));
//! # Ok::<(), &str>(())
//! ```

mod call_line;
mod clues;
mod input_errors;
mod json_line;
mod library;
mod lists;
mod log_records;
mod named_call;
mod places;
mod record_environment;
mod record_lines;
mod recorded_response;
mod refused_call;
mod request;
mod requests;
mod scope_list;

pub use input_errors::{looks_secret, nearest_name, shown};
pub use named_call::NamedCall;
pub use places::{CREDENTIALS, PLACES};
pub use recorded_response::RecordedResponse;
pub use refused_call::service_of;
pub use scope_list::scopes;
