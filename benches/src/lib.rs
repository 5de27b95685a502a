//! Has no code. The benchmark is `speed/main.rs`, which `cargo bench` runs.
