#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gcp_scopes_explain::fuzzing::run("error_body", data));
