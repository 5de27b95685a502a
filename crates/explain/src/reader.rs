//! Reads what people paste and programs record: responses, logs, requests and lists of scopes.
//!
//! [`RecordedResponse`] is a response, or a text such as a log that may contain a response.
//! [`NamedCall`] is the call that was refused.
//!
//! ```
//! use gcp_scopes_explain::reader::{NamedCall, RecordedResponse};
//! use gcp_scopes_explain::refusal::{Gate, classify};
//!
//! let log = "10:00:00 INFO GET https://storage.googleapis.com/storage/v1/b/photos\n\
//!            10:00:01 ERROR Request had insufficient authentication scopes.\n";
//! let records = RecordedResponse::from_text(log).records();
//! let mut refusals = records.iter().filter_map(|record| classify(&record.error_response()));
//! assert_eq!(refusals.next().map(|refusal| refusal.gate()), Some(Gate::Scope));
//!
//! let called = NamedCall::find_in(log).and_then(|call| call.method());
//! assert_eq!(called.map(|method| method.id()), Some("storage.buckets.get"));
//! ```

mod call_in_text;
mod input_errors;
mod json_line;
mod lists;
mod log_records;
mod named_call;
mod places;
mod recorded_response;
mod request;
mod scope_list;

pub use input_errors::{looks_secret, nearest_name, shown};
pub use named_call::NamedCall;
pub use places::{CREDENTIALS, PLACES};
pub use recorded_response::RecordedResponse;
pub use scope_list::scopes;
