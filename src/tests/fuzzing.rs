//! The fuzz targets: one function per target, which takes arbitrary bytes and panics if a guarantee
//! is violated.
//!
//! This module is compiled only for the crate's tests and under `cargo fuzz`. The programs in
//! `fuzz/` pass libFuzzer's inputs to these functions, and the test below replays their corpus.

mod adapter;
mod bodies;
mod exchange;
mod step_body;
mod tokens;

use http::header::{HeaderMap, HeaderName, HeaderValue};

/// A function that panics if its input violates a guarantee.
pub type Target = fn(&[u8]);

/// All targets, by the name of their program in `fuzz/fuzz_targets`.
pub const TARGETS: [(&str, Target); 5] = [
    ("adapter", adapter::adapter),
    ("granted", tokens::granted),
    ("jwt", tokens::jwt),
    ("body_look", bodies::body_look),
    ("inflate", bodies::inflate),
];

/// Runs the target of this name.
///
/// # Panics
/// Panics if there is no target of this name, or if the target found a fault.
pub fn run(name: &str, data: &[u8]) {
    let (_, target) =
        TARGETS.iter().find(|(known, _)| *known == name).expect("a target of this name");
    target(data);
}

/// Parses lines of the form `name:value`. Invalid lines are skipped.
fn header_map(text: &[u8]) -> HeaderMap {
    let lines = text.split(|byte| *byte == b'\n').take(50);
    let header = |line: &[u8]| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        Some((name, HeaderValue::from_bytes(&line[colon + 1..]).ok()?))
    };
    let mut headers = HeaderMap::new();
    lines.filter_map(header).for_each(|(name, value)| _ = headers.append(name, value));
    headers
}

/// Splits off the first byte, which selects a variant of the target.
fn first(data: &[u8]) -> (u8, &[u8]) {
    data.split_first().map_or((0, data), |(first, rest)| (*first, rest))
}

/// Splits an input at zero bytes into `N` parts.
fn parts<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    let mut parts = data.splitn(N, |byte| *byte == 0);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Runs each fuzz target with every input of its corpus. Without the corpus, which the package
    /// on crates.io does not contain, the test does nothing.
    #[test]
    fn the_corpus_violates_no_guarantee() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
        for (name, target) in TARGETS.into_iter().filter(|_| corpus.exists()) {
            let files = fs::read_dir(corpus.join(name)).unwrap();
            let inputs: Vec<_> =
                files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
            assert!(inputs.len() > 1, "{name} has no corpus");
            for input in inputs {
                target(&input);
                // Also runs truncated and empty inputs.
                (0..8).for_each(|eighths| target(&input[..input.len() * eighths / 8]));
            }
        }
    }
}
