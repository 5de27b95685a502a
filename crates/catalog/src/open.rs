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

use std::ops::Range;

use crate::blob::check::{checked, scope_numbers};
use crate::catalog::{Catalog, Data};
use crate::error::{Error, ErrorKind};
use crate::overrides;
use crate::scope::Scope;

/// What the file begins with. The number is that of this format.
const FIRST: &str = "gcp-scopes-catalog 1";
/// As many scopes as there can be: each has a number, and those that the program knows have theirs.
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
    /// let error = Catalog::open(b"<!DOCTYPE html>".to_vec()).unwrap_err();
    /// assert!(error.to_string().contains("line 1"));
    /// ```
    ///
    /// # Errors
    /// The bytes are no catalog; the message says what is wrong and where.
    pub fn open(mut bytes: Vec<u8>) -> Result<Self, Error> {
        let (blob, unheard) = renumbered(&mut bytes).map_err(invalid)?;
        let bytes: &'static [u8] = Vec::leak(bytes);
        let (head, known) = (parse(bytes).map_err(invalid)?, Scope::known_count() + unheard.len());
        let blob = checked(bytes.get(blob).unwrap_or_default(), known).map_err(invalid)?;
        let knows_overrides = head.overrides == overrides::fingerprint();
        let data = Data { blob, unheard, knows_overrides, version: head.newest };
        Self::keep(data).ok_or_else(|| invalid("too many were opened before"))
    }
}

/// Where the data lies, in which the scopes have the program's numbers now, and those scopes that it has not
/// heard of.
fn renumbered(bytes: &mut [u8]) -> Result<(Range<usize>, Vec<Scope>), String> {
    let head = parse(bytes)?;
    let (data, mut unheard) = (head.data..bytes.len(), Vec::new());
    checked(bytes.get(data.clone()).unwrap_or_default(), head.scopes.len())?;
    let mut number = |uri: &&str| {
        let scope = Scope::from_uri(uri);
        scope.number().map_or_else(
            || {
                unheard.push(scope);
                Scope::known_count() + unheard.len() - 1
            },
            usize::from,
        )
    };
    let numbers: Vec<usize> = head.scopes.iter().map(&mut number).collect();
    let data_bytes = bytes.get_mut(data.clone()).unwrap_or_default();
    let range = scope_numbers(data_bytes);
    for two in data_bytes.get_mut(range).unwrap_or_default().chunks_exact_mut(2) {
        let old = usize::from(u16::from_le_bytes([two[0], two[1]]));
        let new =
            numbers.get(old).and_then(|new| u16::try_from(*new).ok()).ok_or("a scope without a number")?;
        two.copy_from_slice(&new.to_le_bytes());
    }
    Ok((data, unheard))
}

/// The text before the data.
struct Head<'a> {
    newest: &'a str,
    overrides: u64,
    scopes: Vec<&'a str>,
    /// Where the data begins.
    data: usize,
}

fn parse(bytes: &[u8]) -> Result<Head<'_>, String> {
    let mut lines = Lines { bytes, place: 0, number: 0 };
    match lines.next()? {
        FIRST => {}
        other => return Err(format!("line 1 is `{other:.40}` and not `{FIRST}`")),
    }
    for name in ["package", "protos"] {
        let value = lines.value(name)?;
        value.split_once(' ').ok_or_else(|| format!("line {} has no version", lines.number))?;
    }
    let newest = lines.value("newest")?;
    let counts = lines.value("counts")?.split(' ').map_while(|count| count.parse::<u32>().ok());
    if counts.count() != 4 {
        return Err(format!("line {} does not hold four counts", lines.number));
    }
    let overrides = lines.value("overrides")?;
    let overrides = overrides.parse().map_err(|_| format!("line {} holds no number", lines.number))?;
    let scopes = lines.scopes()?;
    Ok(Head { newest, overrides, scopes, data: lines.place })
}

/// The lines of the text, counted.
struct Lines<'a> {
    bytes: &'a [u8],
    place: usize,
    number: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<&'a str, String> {
        self.number += 1;
        let rest = self.bytes.get(self.place..).unwrap_or_default();
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        if line.len() == rest.len() && self.number > 1 {
            return Err(format!("the text ends in line {}, and no data follows", self.number));
        }
        self.place += line.len() + 1;
        std::str::from_utf8(line).map_err(|_| format!("line {} is no text", self.number))
    }

    fn value(&mut self, name: &str) -> Result<&'a str, String> {
        let line = self.next()?;
        let value = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(' '));
        value.ok_or_else(|| format!("line {} is `{line:.40}` and not `{name} …`", self.number))
    }

    /// The scopes up to the empty line.
    fn scopes(&mut self) -> Result<Vec<&'a str>, String> {
        let mut scopes = Vec::new();
        loop {
            match self.next()? {
                "" => return Ok(scopes),
                _ if scopes.len() >= MOST_SCOPES => {
                    return Err(format!("line {} is one scope too many", self.number));
                }
                line => match line.strip_prefix("scope ").filter(|uri| !uri.is_empty()) {
                    Some(uri) => scopes.push(uri),
                    None => return Err(format!("line {} is `{line:.40}` and no scope", self.number)),
                },
            }
        }
    }
}

fn invalid(why: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidData, format!("not a catalog that can be opened: {why}"))
}
