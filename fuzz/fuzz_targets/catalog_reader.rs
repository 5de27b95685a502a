#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gcp_scopes_catalog::fuzzing::run("catalog_reader", data));
