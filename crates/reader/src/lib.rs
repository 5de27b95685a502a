#![doc = include_str!("../README.md")]

mod call_line;
mod clues;
mod input_errors;
mod json_line;
mod library;
mod lists;
mod log_records;
mod named_call;
mod record_environment;
mod record_lines;
mod recorded_response;
mod refused_call;
mod request;
mod requests;
mod scope_list;

pub use input_errors::{looks_secret, nearest_name, shown};
pub use named_call::NamedCall;
pub use recorded_response::RecordedResponse;
pub use refused_call::service_of;
pub use scope_list::scopes;
