//! The fuzz targets. Each target is a function that takes arbitrary bytes and panics if the crate
//! breaks one of its guarantees.
//!
//! This module is compiled only for the tests of the crate and by `cargo fuzz`. The programs in
//! `fuzz/` call the targets with the inputs of libFuzzer, and the test at the end runs the targets
//! with the saved inputs.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Uri};

use crate::blob::Blob;
use crate::call::Call;
use crate::catalog::Catalog;
use crate::naive::{self, NaiveHost, NaivePart, NaiveTemplate};
use crate::{Endpoints, lookup, walk};

/// A fuzz target: a function that panics if the crate breaks a guarantee for the input.
pub type Target = fn(&[u8]);

/// All targets, each with the name of its program in `fuzz/fuzz_targets`.
pub const TARGETS: [(&str, Target); 3] =
    [("request", request), ("request_line", request_line), ("catalog_reader", catalog_reader)];

/// Runs the target with this name.
///
/// # Panics
/// Panics if there is no target with this name, or if the target finds a fault.
pub fn run(name: &str, data: &[u8]) {
    let (_, target) =
        TARGETS.iter().find(|(known, _)| *known == name).expect("unknown fuzz target");
    target(data);
}

/// Splits an input into its first byte, which selects a variant of the test, and the rest.
fn split_choice(data: &[u8]) -> (u8, &[u8]) {
    data.split_first().map_or((0, data), |(first, rest)| (*first, rest))
}

/// Splits an input at zero bytes.
fn parts<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    let mut parts = data.splitn(N, |byte| *byte == 0);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// Checks that the search in the trie finds the same method for a request as the slow search of
/// [`naive`]. The first six bytes of the input select a host, a template of its paths, the parts of
/// the template that [`path`] replaces by other text, and the verb. The rest of the input fills the
/// wildcards of the template.
fn request(data: &[u8]) {
    let Some((choices, fill)) = data.split_first_chunk::<6>() else { return };
    let number = |at: usize| usize::from(u16::from_le_bytes([choices[at], choices[at + 1]]));
    let host = pick(naive::hosts(), number(0));
    let template = pick(&host.templates, number(2));
    let path = path(template, fill, choices[4]);
    // Three quarters of the values of a byte select the verb of the template.
    let verb = if choices[5] < 192 {
        template.verb()
    } else {
        pick(&crate::blob::VERBS, choices[5].into())
    };
    compare(host, verb, &path);
}

/// Selects an element by a number of any size.
fn pick<T>(all: &[T], number: usize) -> &T {
    &all[number % all.len()]
}

/// Creates a path from a template. The lines of `fill` replace the wildcards. Where a bit of
/// `altered` is set, a line also replaces a literal, or may contain a slash.
fn path(template: &NaiveTemplate, fill: &[u8], altered: u8) -> String {
    let mut texts = fill.split(|byte| *byte == b'\n');
    let mut path = Vec::new();
    for (place, part) in template.parts.iter().enumerate() {
        let is_altered = altered & 1 << (place % 8) != 0;
        let text = |texts: &mut dyn Iterator<Item = &[u8]>| texts.next().unwrap_or(b"x").to_vec();
        path.push(b'/');
        path.extend(match part {
            NaivePart::Literal(literal) if !is_altered => literal.to_vec(),
            NaivePart::Literal(_) | NaivePart::DoubleStar => text(&mut texts),
            NaivePart::Star => {
                text(&mut texts).into_iter().filter(|byte| is_altered || *byte != b'/').collect()
            }
        });
    }
    path.extend(texts.next().unwrap_or_default());
    String::from_utf8_lossy(&path).into_owned()
}

/// Checks that the trie and the slow search give the same row.
fn compare(host: &NaiveHost, verb: &str, path: &str) {
    let found = Catalog::built_in().find_row(host.name, verb, path);
    let expected = naive::find(host, verb, path);
    assert_eq!(found, expected, "{} {verb} {path}", host.name);
}

/// Looks up a request with an arbitrary verb, URL and headers.
fn request_line(data: &[u8]) {
    let [verb, url, headers] = parts(data);
    let (Ok(verb), Ok(uri)) = (Method::from_bytes(verb), Uri::try_from(url)) else { return };
    let headers = header_map(headers);
    let endpoints = Endpoints::new()
        .endpoint("http://emulator:80", "pubsub.googleapis.com")
        .expect("invalid endpoint");
    let endpoints = endpoints.universe("s3nsapis.fr").expect("invalid domain");
    let found = lookup(&Call::new(&verb, &uri).with_headers(&headers), &endpoints);
    if let Some(method) = found.method() {
        assert!(!method.id().is_empty() && !method.api().is_empty());
        assert!(
            method.set_index() > 0 || found.abstain_reason().is_some(),
            "judged without a listed scope"
        );
    }
    let _ = format!("{:?}", Call::new(&verb, &uri).with_headers(&headers));
    if let Some(host) = naive::hosts().iter().find(|host| uri.host() == Some(host.name)) {
        compare(host, verb.as_str(), uri.path());
    }
}

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

/// Reads arbitrary or damaged bytes as the catalog's data. No read may panic.
fn catalog_reader(data: &[u8]) {
    let (choice, input) = split_choice(data);
    // Half of the inputs damage real data, because arbitrary bytes rarely get past the header.
    let blob = if choice < 128 {
        input.to_vec()
    } else {
        let mut blob = include_bytes!("../data/storage.bin").to_vec();
        // Three bytes of the input replace a byte of the data: its place, and its new value.
        for patch in input.chunks_exact(3) {
            let place = usize::from(u16::from_le_bytes([patch[0], patch[1]])) % blob.len();
            blob[place] = patch[2];
        }
        blob
    };
    read_all(&Blob::open(&blob));
    read_file(choice, &blob);
}

/// Opens the data as a catalog file, and reads the methods of the catalog.
fn read_file(choice: u8, data: &[u8]) {
    // An opened catalog stays in memory, so only one in eight inputs is opened.
    if choice % 8 != 0 {
        return;
    }
    let scopes = (0..600)
        .fold(String::new(), |text, number| format!("{text}scope https://example.com/{number}\n"));
    let head = "gcp-scopes-catalog 1\npackage p 1\nprotos q 2\nnewest 20260101\ncounts 1 2 3 \
                4\noverrides 5\n";
    let file = [head.as_bytes(), scopes.as_bytes(), b"\n", data].concat();
    if let Ok(catalog) = Catalog::open(&file) {
        for index in (0..catalog.method_count()).take(64) {
            let method = catalog.method_at(index).expect("no method at an index below the count");
            let _ = (method.id(), method.api(), method.host(), method.accepted(), method.basis());
        }
        let uri = http::Uri::from_static(
            "https://storage.googleapis.com/storage/v1/b/photos/o/a%2Fb/acl/user-x",
        );
        let _ = lookup(&Call::new(&Method::GET, &uri), &Endpoints::new().with_catalog(catalog));
    }
}

/// Calls every function that reads from the data.
fn read_all(blob: &Blob<'_>) {
    let calls = [
        ("storage.googleapis.com", "POST", "/upload/storage/v1/b/photos/o"),
        ("storage.googleapis.com", "GET", "/storage/v1/b/photos/o/a%2Fb/acl/user-x"),
        ("www.googleapis.com", "GET", "/storage/v1/b/photos:x%3Ay"),
        ("a", "DELETE", "/"),
    ];
    let found = calls.iter().filter_map(|(host, verb, path)| walk::find(blob, host, verb, path));
    let rpc = blob.rpc("google.storage.v2.Storage", "ReadObject");
    for row in found.chain(rpc).chain(blob.search("storage.objects.get")).chain([0, 1, u32::MAX]) {
        let data = blob.row(row);
        let _ = (blob.row_name(row), data.verb, data.basis, data.special, data.target);
        let _ = blob.api(data.api);
        assert!(blob.set(data.set).count() <= usize::from(u16::MAX));
    }
    let _ = (blob.row_count(), blob.rest_count(), blob.set_count());
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Runs each fuzz target with every input of its corpus. Without the corpus, which the package
    /// on crates.io does not contain, the test does nothing.
    #[test]
    fn the_targets_accept_the_corpus() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
        for (name, target) in TARGETS.into_iter().filter(|_| corpus.exists()) {
            let files = fs::read_dir(corpus.join(name)).unwrap();
            let inputs: Vec<_> =
                files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
            assert!(inputs.len() > 1, "the corpus of {name} has fewer than two inputs");
            for input in inputs {
                target(&input);
                // The target must also accept the first 0/8 to 7/8 of each input.
                (0..8).for_each(|eighths| target(&input[..input.len() * eighths / 8]));
            }
        }
    }
}
