//! Runs every case over every client and prints the table.
//!
//! `cargo run --manifest-path clients/Cargo.toml [-- CLIENT [CASE]]`: words that the name of a column or a row holds.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let word = |place: usize| words.get(place).map_or("", String::as_str);
    let (clients, cases) = clients::names();
    for (word, names, kind) in [(word(0), clients, "client"), (word(1), cases, "case")] {
        if !names.iter().any(|name| name.contains(word)) {
            eprintln!("no {kind} has `{word}` in its name; there are: {}", names.join("; "));
            return ExitCode::FAILURE;
        }
    }
    let table = clients::run(word(0), word(1)).await;
    println!("{table}");
    if table.is_green() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
