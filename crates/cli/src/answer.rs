//! Answers about pasted texts, requests and machines, as text and as JSON.

pub mod explanation;
pub mod findings_page;
pub mod json;
pub mod method_answer;
mod pieces;
pub mod places;
pub mod report;
mod script;
pub mod search;
mod yaml;
