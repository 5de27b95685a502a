//! A catalog that is read at run time.
//!
//! It is text, an empty line, and the data as it is compiled in. The text names what the data was made from, and
//! the scopes by whose numbers it knows them:
//!
//! ```text
//! gcp-scopes-catalog 1
//! package google-api-python-client 2.202.0
//! protos google-proto-files 6.0.1
//! newest 20261107
//! counts 607 26958 13386 31077
//! overrides 1234567890
//! scope https://mail.google.com/
//! scope …
//! ```

use crate::blob::Blob;
use crate::blob::check::{checked, scope_numbers};
use crate::catalog::{Catalog, Data};
use crate::error::{Error, ErrorKind};
use crate::overrides;
use crate::scope::Scope;

/// What the file begins with. The number is that of this format.
const FIRST: &str = "gcp-scopes-catalog 1";
/// As many as can be numbered beside those that the program knows: a number has 16 bits.
const MOST_SCOPES: usize = 32_768;

impl Catalog {
    /// Reads a catalog that is newer than the program, as `cargo xtask catalog --file` writes one.
    ///
    /// It is checked once and stays in memory for as long as the program runs, since methods are handles into
    /// it: open one a program, not one a request. There can be 127.
    ///
    /// ```
    /// use gcp_scopes_catalog::Catalog;
    ///
    /// let error = Catalog::open(b"<!DOCTYPE html>").unwrap_err();
    /// assert!(error.to_string().contains("line 1"));
    /// ```
    ///
    /// # Errors
    /// The bytes are no catalog; the message says what is wrong and where.
    pub fn open(bytes: &[u8]) -> Result<Self, Error> {
        let invalid = |why: String| {
            Error::new(ErrorKind::InvalidData, format!("not a catalog that can be opened: {why}"))
        };
        let data = read(bytes).map_err(invalid)?;
        Self::keep(data).ok_or_else(|| invalid("too many were opened before".to_owned()))
    }
}

/// Copies the data, in which the scopes then have the program's numbers.
fn read(bytes: &[u8]) -> Result<Data, String> {
    let head = parse(bytes)?;
    let mut data = head.data.to_vec();
    checked(&data, head.scopes.len())?;
    let (mut numbers, mut unheard) = (Vec::new(), Vec::new());
    for scope in head.scopes.into_iter().map(Scope::from_uri) {
        numbers.push(scope.number().map_or(Scope::known_count() + unheard.len(), usize::from));
        unheard.extend(Some(scope).filter(|scope| !scope.is_known()));
    }
    let range = scope_numbers(&data);
    for two in data.get_mut(range).unwrap_or_default().chunks_exact_mut(2) {
        let old = usize::from(u16::from_le_bytes([two[0], two[1]]));
        let new = numbers.get(old).and_then(|new| u16::try_from(*new).ok());
        two.copy_from_slice(&new.ok_or("a scope without a number")?.to_le_bytes());
    }
    let version = String::leak(head.newest.to_owned());
    let knows_overrides = head.overrides == overrides::fingerprint();
    Ok(Data { blob: Blob::open(Vec::leak(data)), unheard, knows_overrides, version })
}

/// The text before the data, and the data.
struct Head<'a> {
    newest: &'a str,
    overrides: u64,
    scopes: Vec<&'a str>,
    data: &'a [u8],
}

fn parse(bytes: &[u8]) -> Result<Head<'_>, String> {
    let end = bytes.windows(2).position(|two| two == b"\n\n");
    let (text, data) = bytes.split_at(end.unwrap_or(bytes.len()));
    let text = std::str::from_utf8(text);
    let text = text.map_err(|error| format!("byte {} is no text", error.valid_up_to()))?;
    let mut lines = text.split('\n').zip(1..);
    match lines.next() {
        Some((FIRST, _)) => {}
        other => return Err(format!("line 1 is `{:.40}` and not `{FIRST}`", other.unwrap_or_default().0)),
    }
    for name in ["package", "protos"] {
        let (value, number) = value(lines.next(), name)?;
        value.split_once(' ').ok_or_else(|| format!("line {number} has no version"))?;
    }
    let (newest, _) = value(lines.next(), "newest")?;
    let (counts, number) = value(lines.next(), "counts")?;
    if counts.split(' ').map_while(|count| count.parse::<u32>().ok()).count() != 4 {
        return Err(format!("line {number} does not hold four counts"));
    }
    let (overrides, number) = value(lines.next(), "overrides")?;
    let overrides = overrides.parse().map_err(|_| format!("line {number} holds no number"))?;
    let scopes = lines.map(scope).collect::<Result<Vec<_>, _>>()?;
    if scopes.len() > MOST_SCOPES {
        return Err(format!("there are {} scopes, and {MOST_SCOPES} can be numbered", scopes.len()));
    }
    let last = text.split('\n').count();
    let data = data.get(2..).ok_or_else(|| format!("the text ends in line {last}, and no data follows"))?;
    Ok(Head { newest, overrides, scopes, data })
}

/// What follows the name in a line, and the line's number.
fn value<'a>(line: Option<(&'a str, usize)>, name: &str) -> Result<(&'a str, usize), String> {
    let (line, number) = line.ok_or_else(|| format!("the text ends before the line `{name} …`"))?;
    let value = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(' '));
    let value = value.ok_or_else(|| format!("line {number} is `{line:.40}` and not `{name} …`"))?;
    Ok((value, number))
}

fn scope((line, number): (&str, usize)) -> Result<&str, String> {
    let uri = line.strip_prefix("scope ").filter(|uri| !uri.is_empty());
    uri.ok_or_else(|| format!("line {number} is `{line:.40}` and no scope"))
}
