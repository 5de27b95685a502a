//! Runs the fuzz target `adapter`, which is a function in `src/tests/adapter.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gcp_scopes::fuzzing::run("adapter", data));
