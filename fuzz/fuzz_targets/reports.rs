//! Runs the fuzz target `reports`, which is a function in `crates/explain/src/tests/reports.rs`,
//! and parses the commands of the reports as a shell does.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    gcp_scopes_explain::fuzzing::reports(data)
        .iter()
        .for_each(|command| gcp_scopes_fuzz::check_command(command));
});
