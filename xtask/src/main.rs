//! The tasks of maintainers and CI: `cargo xtask <task>`. Without a task, the program lists them.

mod adapters;
mod api;
mod build_cost;
mod catalog;
mod checks;
mod deep;
mod examples;
mod imports;
mod instructions;
mod links;
mod msrv;
mod newest;
mod package;
mod printed;
mod readme;
mod release;
mod source;
mod tree;
mod wasm;
mod web;
mod workspace;

const USAGE: &str = "\
usage: cargo xtask catalog             generate the catalog from the pinned packages
       cargo xtask catalog --check     compare the committed catalog with a generated one
       cargo xtask catalog --verify    check that every path template resolves to its method
       cargo xtask catalog --clients   read the generated clients for Python again
       cargo xtask catalog --latest    print what the newest published packages would change
       cargo xtask catalog --file PATH write the whole catalog to a file for Catalog::open
       cargo xtask readme [--check]    write, or compare, what README.md and docs/command.md show
                                       of programs
       cargo xtask links               check that links inside the repository lead somewhere
       cargo xtask release --dry-run   do everything for a release, except the uploads
       cargo xtask examples [--check]  write, or compare, the committed outputs of the examples
       cargo xtask published           print the name of each published crate
       cargo xtask imports [CRATE…]    check that modules and files use one another in one
                                       direction, that no two types have the same name, and that
                                       no line of Rust is longer than 100 columns
       cargo xtask api [--write]       compare, or write, the public API in docs/api, and check that
                                       four of five public items have an example
       cargo xtask core                check that the core has few dependencies, no HTTP client
                                       and no TLS
       cargo xtask wasm                check that the crates without I/O compile for
                                       wasm32-unknown-unknown
       cargo xtask web                 build the web page into web/dist
       cargo xtask web --serve [PORT]  build the page, and serve it on 127.0.0.1
       cargo xtask web --test          build the page, and test it in headless Chromium
       cargo xtask package             build every published crate from its package
       cargo xtask adapters            test the adapters that docs/support-another-client.md prints
       cargo xtask sizes               check the sizes of the catalogs that docs state
       cargo xtask deep                run all checks that take hours, or one of them:
       cargo xtask deep fuzz|soak SECONDS, deep executions|sanitized COUNT [TARGET…],
       cargo xtask deep reliability|features|equal,
       cargo xtask deep shuttle SCHEDULES, deep clients, deep deny, deep mutants [SHARD],
       cargo xtask deep datafusion [--write]
       cargo xtask msrv                check code and dependencies against the promised versions
                                       of Rust
       cargo xtask msrv --compile      compile with the oldest promised version
       cargo xtask newest              find clients with a newer release than the tested one
       cargo xtask instructions        compare the instructions a call takes with the committed
                                       counts; --release for cargo's release profile, too; --write
                                       to write them
       cargo xtask build-cost [FEATURE…]  measure how long the core, and each feature, takes to
                                       compile";

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["catalog"] => catalog::write(),
        ["catalog", "--check"] => catalog::check(),
        ["catalog", "--verify"] => catalog::verify_all(),
        ["catalog", "--clients"] => catalog::write_clients(),
        ["catalog", "--latest"] => catalog::latest(),
        ["catalog", "--file", path] => catalog::write_file(path),
        ["readme"] => readme::write(),
        ["readme", "--check"] => readme::check(),
        ["links"] => links::check(),
        ["release", "--dry-run"] => release::dry_run(),
        ["examples"] => examples::write(),
        ["examples", "--check"] => examples::check(),
        ["sizes"] => package::sizes(),
        ["package"] => package::package(),
        ["adapters"] => adapters::check(),
        ["wasm"] => wasm::check(),
        ["wasm", "--possible"] => wasm::is_possible(),
        ["web"] => web::build(),
        ["web", "--serve"] => web::serve("8403"),
        ["web", "--serve", port] => web::serve(port),
        ["web", "--test"] => web::test(),
        ["imports", names @ ..] => imports::check(names),
        ["api"] => api::run(false),
        ["api", "--write"] => api::run(true),
        ["core"] => checks::core(),
        ["msrv"] => msrv::check(),
        ["newest"] => newest::check(),
        ["msrv", "--compile"] => msrv::compile(),
        ["deep"] => deep::all(),
        ["deep", "fuzz", seconds] => deep::fuzz(seconds),
        ["deep", "equal"] => deep::equal(),
        ["deep", "shuttle", schedules] => deep::shuttle(schedules),
        ["deep", "soak", seconds] => deep::soak(seconds),
        ["deep", "features"] => deep::features(),
        ["deep", "clients"] => deep::clients(),
        ["deep", "datafusion"] => deep::datafusion(),
        ["deep", "datafusion", "--write"] => deep::write_datafusion(),
        ["deep", "deny"] => deep::deny(),
        ["deep", "executions", count, targets @ ..] => deep::executions(count, targets),
        ["deep", "sanitized", count, targets @ ..] => deep::sanitized(count, targets),
        ["deep", "reliability"] => deep::reliability(),
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
