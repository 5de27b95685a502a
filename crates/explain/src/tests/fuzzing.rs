//! The fuzz targets of this crate: functions that take any bytes, and panic if a documented
//! property of the crate does not hold.
//!
//! The targets are compiled for tests and for `cargo fuzz`. The programs in `fuzz/` call them with
//! inputs from libFuzzer; the test below calls them with the inputs in `fuzz/corpus`.

mod fuzzed_world;
mod reports;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use gcp_scopes_catalog::call::Call;
use gcp_scopes_catalog::scope::ScopeSet;
use gcp_scopes_catalog::{Endpoints, lookup};
use http::header::{HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use http::{Method, Uri};

use crate::environment::{Environment, Snapshot};
use crate::granted::{GrantSource, GrantedScopes};
use crate::refusal::{self, Certainty, ErrorResponse, Gate, Refusal};

pub use reports::reports;

/// A function that panics if a documented property does not hold for its input.
pub type Target = fn(&[u8]);

/// All targets. The name of a target is the name of its program in `fuzz/fuzz_targets`.
pub const TARGETS: [(&str, Target); 5] = [
    ("challenge", challenge),
    ("error_body", error_body),
    ("error_text", error_text),
    ("grpc_status", grpc_status),
    ("reports", |data| drop(reports(data))),
];

/// Runs the target with this name.
///
/// # Panics
/// Panics if there is no target with this name, or if a property does not hold for the input.
pub fn run(name: &str, data: &[u8]) {
    let (_, target) =
        TARGETS.iter().find(|(known, _)| *known == name).expect("unknown fuzz target");
    target(data);
}

/// Splits off the first byte, which selects a case.
fn split_first_byte(data: &[u8]) -> (u8, &[u8]) {
    data.split_first().map_or((0, data), |(first, rest)| (*first, rest))
}

/// Splits an input at its zero bytes into `N` parts. Missing parts are empty.
fn parts<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    let mut parts = data.splitn(N, |byte| *byte == 0);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// Parses lines of `name: value`; lines with another form are skipped.
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

/// Classifies a 403 with any `WWW-Authenticate` headers. Checks that these headers alone make a
/// scope refusal possible, and never likely.
fn challenge(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        HeaderValue::from_bytes(line)
            .into_iter()
            .for_each(|line| _ = headers.append(WWW_AUTHENTICATE, line));
    }
    let refusal =
        classify_and_check(&ErrorResponse::new(b"").with_status(403).with_headers(&headers))
            .expect("no refusal");
    assert!(refusal.certainty() == Certainty::Possible);
    assert!(refusal.gate() == Gate::Other || refusal.evidence() == "header");
}

/// Classifies any body, with one of eight statuses and any headers.
fn error_body(data: &[u8]) {
    let (status, data) = split_first_byte(data);
    let [headers, body] = parts(data);
    let headers = header_map(headers);
    let number = [403, 400, 401, 404, 412, 429, 500, 503][usize::from(status % 8)];
    let answer = ErrorResponse::new(body).with_status(number).with_headers(&headers);
    let refusal = classify_and_check(&answer);
    // A report takes a hundred times as long as the rest of this function, so only one input in 64
    // gets a report. A hash of the body selects the input: a simpler criterion would lead the
    // fuzzer to generate only inputs with reports.
    let is_reported = body.iter().fold(0_u8, |sum, byte| sum.rotate_left(3) ^ byte) % 64 == 0;
    if is_reported && refusal.is_some_and(|refusal| refusal.gate() == Gate::Scope) {
        explain(&answer);
    }
}

/// Classifies any text.
fn error_text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    classify_and_check(&ErrorResponse::from_text(&*text));
}

/// Classifies a gRPC response with any message and details. The status is one of the 17 codes of
/// gRPC, or one of three unknown codes.
fn grpc_status(data: &[u8]) {
    let (code, data) = split_first_byte(data);
    let [message, info, details] = parts(data);
    let mut headers = HeaderMap::new();
    headers.insert("grpc-status", u16::from(code % 20).into());
    for (name, bytes) in [("grpc-status-details-bin", details), ("google.rpc.errorinfo-bin", info)]
    {
        let value =
            HeaderValue::try_from(STANDARD_NO_PAD.encode(bytes)).expect("invalid header value");
        headers.insert(name, value);
    }
    HeaderValue::from_bytes(message)
        .into_iter()
        .for_each(|text| drop(headers.insert("grpc-message", text)));
    let refusal =
        classify_and_check(&ErrorResponse::new(b"").with_status(200).with_headers(&headers));
    assert!(code % 20 != 0 || refusal.is_none(), "a success should not be a refusal");
}

/// Classifies the response, and checks every value that a report shows.
fn classify_and_check(answer: &ErrorResponse<'_>) -> Option<Refusal> {
    let refusal = refusal::classify(answer)?;
    assert_eq!(refusal.gate() == Gate::Scope, refusal.scope_problem().is_some());
    // The limits of `refusal`: `SCOPE_LIMIT` in `challenge.rs`, and `ID_LIMIT`, `PAGE_LIMIT`
    // and `MESSAGE_LIMIT` in `syntax.rs`.
    assert!(refusal.alternatives().len() <= 64);
    let words = [refusal.service(), refusal.rpc_method(), refusal.permission(), refusal.project()];
    let more = [refusal.resource(), refusal.principal(), refusal.error_domain()];
    let others = refusal.identifiers().filter(|(name, _)| *name != "policy").map(|(_, id)| id);
    for word in words.into_iter().chain(more).flatten().chain(others) {
        assert!(word.len() <= 256 && word.bytes().all(is_harmless), "{word:?}");
    }
    for word in [refusal.error_info_id(), refusal.troubleshooter_url()].into_iter().flatten() {
        assert!(word.len() <= 4096 && word.bytes().all(is_harmless), "{word:?}");
    }
    for scope in refusal.alternatives().iter() {
        assert!(scope.as_str().bytes().all(is_harmless), "{scope}");
    }
    assert!(refusal.server_message().is_none_or(|text| text.len() <= 1024 && is_one_line(text)));
    Some(refusal)
}

/// Returns whether the byte has no meaning to a shell within single quotes.
fn is_harmless(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\"'`\\<>".contains(&byte)
}

fn is_one_line(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// Checks all texts of the denial for a response.
fn explain(answer: &ErrorResponse<'_>) {
    let here = Arc::new(Environment::from_snapshot(&Snapshot::new()));
    let uri = Uri::from_static("https://pubsub.googleapis.com/v1/projects/p/topics/t:publish");
    let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/logging.write");
    let granted = GrantedScopes::known(held, GrantSource::Metadata);
    let call = lookup(&Call::new(&Method::POST, &uri), &Endpoints::new());
    let Some(denial) = crate::explain(&call, &granted, &here, answer) else { return };
    assert!(is_one_line(&denial.to_string()), "{denial}");
    // 32 KiB: far more than the report of any refusal that Google sends.
    assert!(denial.report().lines().all(is_one_line) && denial.report().len() < 32 * 1024);
    let json = serde_json::to_string(&denial).expect("the denial cannot be serialized");
    assert!(is_one_line(&json) && is_one_line(&format!("{denial:?}")));
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::path::Path;
    use std::process::{Command, Stdio};

    use super::*;

    /// Runs each fuzz target with every input of its corpus. Without the corpus, which the package
    /// on crates.io does not contain, the test does nothing.
    #[test]
    fn every_property_holds_for_the_corpus() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
        for (name, target) in TARGETS.into_iter().filter(|_| corpus.exists()) {
            let files = fs::read_dir(corpus.join(name)).unwrap();
            let inputs: Vec<_> =
                files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
            assert!(inputs.len() > 1, "the corpus of {name} has fewer than two inputs");
            for input in inputs {
                target(&input);
                // Also runs the target with the first 0/8 to 7/8 of the input.
                (0..8).for_each(|eighths| target(&input[..input.len() * eighths / 8]));
            }
        }
    }

    /// Texts that other people may choose as a name.
    const OUTSIDE: [&str; 10] = [
        "a b",
        "$(reboot)",
        "`reboot`",
        "x;reboot",
        "x&&reboot|cat>f",
        "it's",
        "\"quoted\"",
        "$HOME/*",
        "two\nlines",
        "\u{202e}\u{1b}[2Jx",
    ];

    /// Lets a real shell parse the commands of the corpus, and of worlds with a name of
    /// [`OUTSIDE`] in each place and with each message.
    #[cfg(unix)]
    #[test]
    fn every_command_is_a_line_of_shell() {
        // 28 messages and 12 names: see `fuzzed_world.rs`. The other moduli differ from each other,
        // so that many combinations of choices occur.
        let mut worlds: Vec<Vec<u8>> = Vec::new();
        for (index, message) in (0..28).cycle().take(28 * 4).enumerate() {
            let name = OUTSIDE[index % OUTSIDE.len()].as_bytes();
            let choices =
                [(index / 28) as u8, (index % 23) as u8, message, index as u8, index as u8];
            let more = [(index / 3) as u8, (index % 8) as u8, (index % 16) as u8];
            worlds.push([&choices[..], &more, &vec![0; index % 12], name].concat());
        }
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/reports");
        let files = fs::read_dir(corpus).into_iter().flatten();
        worlds.extend(files.map(|file| fs::read(file.unwrap().path()).unwrap()));
        let commands: Vec<String> = worlds.iter().flat_map(|world| reports(world)).collect();
        assert!(commands.len() > worlds.len(), "{} commands", commands.len());
        let mut shell =
            Command::new("sh").arg("-n").stdin(Stdio::piped()).spawn().expect("a shell");
        let mut script = shell.stdin.take().expect("an input");
        script.write_all(commands.join("\n").as_bytes()).unwrap();
        drop(script);
        assert!(shell.wait().unwrap().success(), "{}", commands.join("\n"));
    }
}
