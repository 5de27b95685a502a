//! What the maintainers and CI run: `cargo xtask <task>`.

mod adapters;
mod api;
mod build_cost;
mod catalog;
mod checks;
mod deep;
mod examples;
mod imports;
mod instructions;
mod msrv;
mod package;
mod printed;
mod readme;
mod source;
mod tree;
mod wasm;
mod workspace;

const USAGE: &str = "\
usage: cargo xtask catalog             write the catalog from the pinned packages
       cargo xtask catalog --check     say what differs from the committed catalog; exit 1 if anything does
       cargo xtask catalog --verify    check that every template resolves to its own method
       cargo xtask catalog --latest    say what the newest published packages would change
       cargo xtask readme              put what the programs print into README.md; --check to compare
       cargo xtask examples            write down what the examples print; --check to compare
       cargo xtask features            print each published crate, and each of its features
       cargo xtask imports [CRATE…]    check that modules and files use one another in one direction only
       cargo xtask api                 compare the public API with docs/api; --write to write it down
       cargo xtask core                check that the core brings no HTTP client, no TLS, and few crates
       cargo xtask wasm                check that the pure crates compile for wasm32-unknown-unknown
       cargo xtask package             build every published crate from its package
       cargo xtask adapters            play the scenarios with the adapters of docs/support-another-client.md
       cargo xtask sizes               check the stated sizes of the catalogs
       cargo xtask deep                what takes hours; or one part of it:
       cargo xtask deep fuzz|soak SECONDS, deep executions COUNT,
       cargo xtask deep shuttle SCHEDULES, deep deny, deep mutants [SHARD]
       cargo xtask msrv                check that code and dependencies keep to the stated versions of Rust;
                                       --compile with the oldest
       cargo xtask instructions        count the instructions a call takes; --release with cargo's default
                                       profile as well, --write to check the counts in
       cargo xtask build-cost          build the core and each adapter from scratch, or the features named";

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["catalog"] => catalog::write(),
        ["catalog", "--check"] => catalog::check(),
        ["catalog", "--verify"] => catalog::verify(),
        ["catalog", "--latest"] => catalog::latest(),
        ["catalog", "--file", path] => catalog::write_file(path),
        ["readme"] => readme::write(),
        ["readme", "--check"] => readme::check(),
        ["examples"] => examples::write(),
        ["examples", "--check"] => examples::check(),
        ["sizes"] => package::sizes(),
        ["package"] => package::package(),
        ["adapters"] => adapters::check(),
        ["wasm"] => wasm::check(),
        ["wasm", "--possible"] => wasm::is_possible(),
        ["features"] => checks::features(),
        ["imports", names @ ..] => imports::check(names),
        ["api"] => api::run(false),
        ["api", "--write"] => api::run(true),
        ["core"] => checks::core(),
        ["msrv"] => msrv::check(),
        ["msrv", "--compile"] => msrv::compile(),
        ["deep"] => deep::all(),
        ["deep", "fuzz", seconds] => deep::fuzz(seconds),
        ["deep", "shuttle", schedules] => deep::shuttle(schedules),
        ["deep", "soak", seconds] => deep::soak(seconds),
        ["deep", "deny"] => deep::deny(),
        ["deep", "executions", count] => deep::executions(count),
        ["deep", "mutants"] => deep::mutants(None),
        ["deep", "mutants", shard] => deep::mutants(Some(shard)),
        ["instructions"] => instructions::check(false),
        ["instructions", "--release"] => instructions::check(true),
        ["instructions", "--write"] => instructions::write(),
        ["build-cost", features @ ..] => build_cost::print(features),
        _ => {
            eprintln!("{USAGE}");
            std::process::exit(2);
        }
    }
}
