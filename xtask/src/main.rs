//! What the maintainers and CI run: `cargo xtask <task>`.

mod catalog;

const USAGE: &str = "\
usage: cargo xtask catalog             write the catalog from the pinned packages
       cargo xtask catalog --check     say what differs from the committed catalog; exit 1 if anything does
       cargo xtask catalog --verify    check that every template resolves to its own method
       cargo xtask catalog --latest    say what the newest published packages would change";

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["catalog"] => catalog::write(),
        ["catalog", "--check"] => catalog::check(),
        ["catalog", "--verify"] => catalog::verify(),
        ["catalog", "--latest"] => catalog::latest(),
        _ => {
            eprintln!("{USAGE}");
            std::process::exit(2);
        }
    }
}
