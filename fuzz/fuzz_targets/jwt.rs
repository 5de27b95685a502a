//! Runs the fuzz target `jwt`, which is a function in `src/tests/fuzzing.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gcp_scopes::fuzzing::run("jwt", data));
