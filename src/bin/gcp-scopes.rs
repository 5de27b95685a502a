//! The command `gcp-scopes`.

fn main() {}
