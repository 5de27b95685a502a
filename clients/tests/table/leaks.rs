//! Searches a log for parts of access tokens, as plain text and in common encodings.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// The target of the events in which `clients` logs the token of each scenario. Only the lines of
/// these events may contain a token.
const TOKEN_TARGET: &str = "clients::token";

/// A writer that collects all log lines in memory. The lines are searched after the last scenario,
/// because searching the lines takes longer than writing them.
#[derive(Clone, Default)]
pub(crate) struct LogBuffer(Arc<Mutex<Vec<u8>>>);

impl LogBuffer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for LogBuffer {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(event);
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The result of searching a log for parts of the tokens that its events of [`TOKEN_TARGET`]
/// contain.
#[derive(Debug)]
pub(crate) struct Leaks {
    /// How many tokens the events contain.
    tokens: usize,
    /// How many lines each crate logged.
    lines: BTreeMap<String, usize>,
    /// The lines with a part of a token.
    leaking: Vec<String>,
}

impl Leaks {
    /// Searches `log` for parts of the tokens that its lines of [`TOKEN_TARGET`] name.
    pub(crate) fn from_log(log: &str) -> Self {
        let token = |line: &str| {
            let (_, token) = line.split_once(TOKEN_TARGET)?.1.split_once("token=")?;
            Some(token.trim().to_owned())
        };
        let tokens: BTreeSet<String> = log.lines().filter_map(token).collect();
        let encodings = encodings(&tokens);
        let (mut lines, mut leaking) = (BTreeMap::new(), Vec::new());
        for line in log.lines().filter(|line| !line.contains(TOKEN_TARGET)) {
            *lines.entry(crate_name(line).to_owned()).or_default() += 1;
            if encodings.iter().any(|encoding| encoding.is_in(line.as_bytes())) {
                leaking.push(line.to_owned());
            }
        }
        Self { tokens: tokens.len(), lines, leaking }
    }

    pub(crate) fn leaking_lines(&self) -> &[String] {
        &self.leaking
    }

    /// Returns how many lines the crate logged.
    pub(crate) fn lines_of(&self, crate_name: &str) -> usize {
        self.lines.get(crate_name).copied().unwrap_or_default()
    }
}

/// Returns the crate that logged a line of the form `TIME LEVEL SPANS TARGET: FIELDS`.
fn crate_name(line: &str) -> &str {
    let target = line.split(' ').find_map(|word| word.strip_suffix(':'));
    target.and_then(|target| target.split("::").next()).unwrap_or_default()
}

impl fmt::Display for Leaks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: usize = self.lines.values().sum();
        writeln!(
            f,
            "{} tokens, {lines} lines, {} with a part of a token",
            self.tokens,
            self.leaking.len()
        )?;
        // One line of each crate is enough to find the cause.
        let examples: BTreeMap<&str, &String> =
            self.leaking.iter().map(|line| (crate_name(line), line)).collect();
        examples.values().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

/// The parts of the tokens in one encoding. A text with at least twelve bytes of a token is a leak.
struct EncodedParts {
    /// How many bytes twelve bytes of a token take in this encoding.
    length: usize,
    /// Every part of an encoded token that has this length.
    parts: HashSet<Vec<u8>>,
    /// Every part of an encoded token with just over half of this length. A text with an element of
    /// `parts` contains an element of `halves` at a multiple of half the length, so that only the
    /// multiples need to be searched.
    halves: HashSet<Vec<u8>>,
}

impl EncodedParts {
    fn new(length: usize, texts: &[String]) -> Self {
        let windows = |length| texts.iter().flat_map(move |text| text.as_bytes().windows(length));
        let half = length - length / 2 + 1;
        Self {
            length,
            parts: windows(length).map(<[u8]>::to_vec).collect(),
            halves: windows(half).map(<[u8]>::to_vec).collect(),
        }
    }

    /// Checks whether the text contains one of the parts.
    fn is_in(&self, text: &[u8]) -> bool {
        let step = self.length / 2;
        (0..text.len()).step_by(step).any(|start| {
            let half = text.get(start..start + self.length - step + 1);
            let surroundings =
                || &text[start.saturating_sub(step)..text.len().min(start + self.length)];
            half.is_some_and(|half| self.halves.contains(half))
                && surroundings().windows(self.length).any(|part| self.parts.contains(part))
        })
    }
}

/// Returns the parts of the tokens as plain text, and in base64, hexadecimal and percent-encoding.
fn encodings(tokens: &BTreeSet<String>) -> [EncodedParts; 4] {
    let hex = |prefix: &str| -> Vec<String> {
        let lower =
            |token: &String| token.bytes().map(|byte| format!("{prefix}{byte:02x}")).collect();
        let upper =
            |token: &String| token.bytes().map(|byte| format!("{prefix}{byte:02X}")).collect();
        tokens.iter().flat_map(|token| [lower(token), upper(token)]).collect()
    };
    // base64 encodes groups of three bytes, so the encoding of a token depends on whether zero, one
    // or two bytes come before it in its group. The first and the last group are cut off, because
    // they also depend on the bytes around the token.
    let base64 = |token: &String| {
        ["", "x", "xy"]
            .map(|before| format!("{before}{token}"))
            .into_iter()
            .flat_map(|text| {
                [STANDARD.encode(&text), URL_SAFE.encode(&text)]
                    .map(|text| text[4..text.len() - 4].to_owned())
            })
            .collect::<Vec<_>>()
    };
    let plain: Vec<String> = tokens.iter().cloned().collect();
    let in_base64: Vec<String> = tokens.iter().flat_map(base64).collect();
    // Twelve bytes are 16 characters of base64, 24 of hexadecimal and 36 of percent-encoding.
    [(12, plain), (16, in_base64), (24, hex("")), (36, hex("%"))]
        .map(|(length, texts)| EncodedParts::new(length, &texts))
}

#[test]
fn a_part_of_a_token_is_found_in_every_encoding() {
    let token = "ya29.c.q7Zk3vT9xW2mB8nL4cR6jH5s";
    let token_line = format!("TRACE {TOKEN_TARGET}: token={token}\n");
    assert_eq!(
        Leaks::from_log(&token_line).leaking_lines(),
        [""; 0],
        "the line that names the token should not be a leak"
    );
    for text in crate::writings::of(token) {
        for shift in 0..40 {
            let line = format!("INFO hyper::client: {}{text}", " ".repeat(shift));
            let leaks = Leaks::from_log(&format!("{line}\n{token_line}"));
            assert_eq!((leaks.leaking_lines(), leaks.lines_of("hyper")), (&[line][..], 1));
        }
    }
    let eleven_bytes = Leaks::from_log(&format!("{token_line}{}", &token[..11]));
    assert!(eleven_bytes.leaking_lines().is_empty(), "eleven bytes should not be a leak");
}
