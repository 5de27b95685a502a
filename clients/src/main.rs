//! Runs the scenarios with the clients and prints the table of results. Exits with an error if a
//! scenario fails.
//!
//! `cargo run --manifest-path clients/Cargo.toml [-- CLIENT [SCENARIO]]` runs the scenarios whose
//! names contain SCENARIO with the clients whose names contain CLIENT; by default, all of them.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |index: usize| arguments.get(index).map_or("", String::as_str);
    let (client, scenario) = (argument(0), argument(1));
    let (clients, scenarios) = clients::names();
    for (part, names, what) in [(client, clients, "client"), (scenario, scenarios, "scenario")] {
        if !names.iter().any(|name| name.contains(part)) {
            eprintln!("no {what} has `{part}` in its name; use a part of: {}", names.join("; "));
            return ExitCode::FAILURE;
        }
    }
    let table = clients::run(client, scenario).await;
    println!("{table}");
    if table.is_green() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
