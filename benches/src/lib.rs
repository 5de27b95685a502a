//! What the guard costs, beside its peers: see `speed/main.rs`, and `cargo bench`.
