//! Runs the fuzz target `request_line`, which is a function in
//! `crates/catalog/src/tests/fuzzing.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gcp_scopes_catalog::fuzzing::run("request_line", data));
