//! What the maintainers and CI run: `cargo xtask <task>`.

fn main() {
    eprintln!("usage: cargo xtask catalog");
    std::process::exit(2);
}
