//! Looks for pieces of tokens in what is logged.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// Where a world says its token.
const TOKEN: &str = "clients::token";

/// Where events go. They are read when all is over: to read them takes longer than to write them.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(event);
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines of a log with a piece of a token that stands elsewhere in it.
#[derive(Debug)]
pub(crate) struct Leaks {
    tokens: usize,
    lines: BTreeMap<String, usize>,
    found: Vec<String>,
}

impl Leaks {
    pub(crate) fn of(log: &str) -> Self {
        let token = |line: &str| {
            let (_, token) = line.split_once(TOKEN)?.1.split_once("token=")?;
            Some(token.trim().to_owned())
        };
        let tokens: BTreeSet<String> = log.lines().filter_map(token).collect();
        let writings = writings(&tokens);
        let (mut lines, mut found) = (BTreeMap::new(), Vec::new());
        for line in log.lines().filter(|line| !line.contains(TOKEN)) {
            *lines.entry(crate_name(line).to_owned()).or_default() += 1;
            if writings.iter().any(|writing| writing.is_in(line.as_bytes())) {
                found.push(line.to_owned());
            }
        }
        Self { tokens: tokens.len(), lines, found }
    }

    pub(crate) fn found(&self) -> &[String] {
        &self.found
    }

    /// How many lines begin with an event of this crate.
    pub(crate) fn lines_of(&self, crate_name: &str) -> usize {
        self.lines.get(crate_name).copied().unwrap_or_default()
    }
}

/// Of `TIME LEVEL SPANS TARGET: FIELDS`.
fn crate_name(line: &str) -> &str {
    let target = line.split(' ').find_map(|word| word.strip_suffix(':'));
    target.and_then(|target| target.split("::").next()).unwrap_or_default()
}

impl fmt::Display for Leaks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: usize = self.lines.values().sum();
        writeln!(f, "{} tokens, {lines} lines, {} with a piece of one", self.tokens, self.found.len())?;
        let seen: BTreeMap<&str, &String> = self.found.iter().map(|line| (crate_name(line), line)).collect();
        seen.values().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

/// A way to write tokens, and the pieces that twelve bytes of one become in it.
struct Writing {
    length: usize,
    pieces: HashSet<Vec<u8>>,
    /// One of these stands at a multiple of half the length in every text that holds a piece.
    halves: HashSet<Vec<u8>>,
}

impl Writing {
    fn new(length: usize, texts: &[String]) -> Self {
        let windows = |length| texts.iter().flat_map(move |text| text.as_bytes().windows(length));
        let half = length - length / 2 + 1;
        Self {
            length,
            pieces: windows(length).map(<[u8]>::to_vec).collect(),
            halves: windows(half).map(<[u8]>::to_vec).collect(),
        }
    }

    fn is_in(&self, text: &[u8]) -> bool {
        let step = self.length / 2;
        (0..text.len()).step_by(step).any(|at| {
            let half = text.get(at..at + self.length - step + 1);
            let around = || &text[at.saturating_sub(step)..text.len().min(at + self.length)];
            half.is_some_and(|half| self.halves.contains(half))
                && around().windows(self.length).any(|piece| self.pieces.contains(piece))
        })
    }
}

/// Tokens as they are, and in base64, hexadecimal and percent-encoding.
fn writings(tokens: &BTreeSet<String>) -> [Writing; 4] {
    let hex = |sign: &str| -> Vec<String> {
        let lower = |token: &String| token.bytes().map(|byte| format!("{sign}{byte:02x}")).collect();
        let upper = |token: &String| token.bytes().map(|byte| format!("{sign}{byte:02X}")).collect();
        tokens.iter().flat_map(|token| [lower(token), upper(token)]).collect()
    };
    // Behind none, one or two bytes of something else: base64 has three ways to write a text.
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
    [(12, plain), (16, in_base64), (24, hex("")), (36, hex("%"))]
        .map(|(length, texts)| Writing::new(length, &texts))
}

#[test]
fn a_piece_of_a_token_in_any_writing_is_found() {
    let token = "ya29.c.q7Zk3vT9xW2mB8nL4cR6jH5s";
    let known = format!("TRACE {TOKEN}: token={token}\n");
    assert_eq!(Leaks::of(&known).found(), [""; 0], "the line that says it is no leak");
    for text in crate::writings::of(token) {
        for shift in 0..40 {
            let line = format!("INFO hyper::client: {}{text}", " ".repeat(shift));
            let leaks = Leaks::of(&format!("{line}\n{known}"));
            assert_eq!((leaks.found(), leaks.lines_of("hyper")), (&[line][..], 1));
        }
    }
    assert!(Leaks::of(&format!("{known}{}", &token[..11])).found().is_empty());
}
