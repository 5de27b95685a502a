//! Runs the fuzz target `grpc_status`, which is a function in
//! `crates/explain/src/tests/fuzzing.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gcp_scopes_explain::fuzzing::run("grpc_status", data));
