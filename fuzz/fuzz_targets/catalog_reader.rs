//! Runs the fuzz target `catalog_reader`, which is a function in
//! `crates/catalog/src/tests/fuzzing.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gcp_scopes_catalog::fuzzing::run("catalog_reader", data));
