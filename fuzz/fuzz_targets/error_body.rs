//! Runs the fuzz target `error_body`, which is a function in `crates/explain/src/tests/fuzzing.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gcp_scopes_explain::fuzzing::run("error_body", data));
