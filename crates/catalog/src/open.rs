//! Reading a catalog file at run time.
//!
//! A catalog file consists of a text header, an empty line, and the data in the layout of the
//! compiled-in data. The header names the sources of the data, and lists the scopes in the order of
//! the numbers that the data uses for them:
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
use crate::blob::check::{open_checked, scope_numbers};
use crate::catalog::{Catalog, Data};
use crate::error::{CatalogErrorKind, Error};
use crate::overrides;
use crate::scope::Scope;

/// The first line of a catalog file. The number is the version of the file format.
const FIRST_LINE: &str = "gcp-scopes-catalog 1";
/// The largest number of scopes in a catalog file. A scope number has 16 bits, and the other half
/// of the numbers is more than enough for the scopes that only the program knows.
const MAX_SCOPES: usize = 32_768;

impl Catalog {
    /// Reads a catalog file, which may be newer than the program. `cargo xtask catalog --file`
    /// writes such a file.
    ///
    /// The bytes are checked once and stay in memory until the program ends, because every
    /// [`ApiMethod`](crate::ApiMethod) is a handle into its catalog. Open a catalog once per
    /// program and not once per request: a program can open 127 catalogs.
    ///
    /// ```
    /// use gcp_scopes_catalog::Catalog;
    ///
    /// let error = Catalog::open(b"<!DOCTYPE html>").unwrap_err();
    /// assert!(error.to_string().contains("line 1"));
    /// ```
    ///
    /// # Errors
    /// Returns an error if the bytes are not a catalog file; the message contains the fault and its
    /// place. Returns an error if 127 catalogs are open already.
    pub fn open(bytes: &[u8]) -> Result<Self, Error> {
        read_data(bytes).and_then(Self::store).map_err(|reason| {
            let message = format!("cannot open these bytes as a catalog: {reason}");
            Error::new(CatalogErrorKind::InvalidData, message)
        })
    }
}

/// Checks and copies the data of a catalog file. In the copy, the scopes have the program's
/// numbers.
fn read_data(bytes: &[u8]) -> Result<Data, String> {
    let head = parse_file(bytes)?;
    let mut data = head.data.to_vec();
    open_checked(&data, head.scopes.len())?;
    let (mut numbers, mut unknown_scopes) = (Vec::new(), Vec::new());
    for scope in head.scopes.into_iter().map(Scope::from_uri) {
        numbers
            .push(scope.number().map_or(Scope::known_count() + unknown_scopes.len(), usize::from));
        unknown_scopes.extend(Some(scope).filter(|scope| !scope.is_known()));
    }
    let range = scope_numbers(&data);
    for bytes in data.get_mut(range).unwrap_or_default().chunks_exact_mut(2) {
        let old = usize::from(u16::from_le_bytes([bytes[0], bytes[1]]));
        let new = numbers.get(old).and_then(|new| u16::try_from(*new).ok());
        bytes.copy_from_slice(&new.ok_or("a scope has no number of 16 bits")?.to_le_bytes());
    }
    let version = String::leak(head.newest.to_owned());
    let knows_overrides = head.overrides == overrides::fingerprint();
    Ok(Data { blob: Blob::open(Vec::leak(data)), unknown_scopes, knows_overrides, version })
}

/// The values of a catalog file's header, and the data that follows the header.
#[derive(Default)]
struct CatalogFile<'a> {
    newest: &'a str,
    overrides: u64,
    scopes: Vec<&'a str>,
    data: &'a [u8],
}

/// Splits a catalog file into the values of its header and its data. The error contains the fault.
fn parse_file(bytes: &[u8]) -> Result<CatalogFile<'_>, String> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n");
    let (text, data) = bytes.split_at(end.unwrap_or(bytes.len()));
    let text = std::str::from_utf8(text);
    let text = text.map_err(|error| format!("byte {} is not UTF-8", error.valid_up_to()))?;
    let last = text.split('\n').count();
    let mut file = CatalogFile::default();
    for (line, number) in text.split('\n').zip(1..) {
        match line.split_once(' ') {
            _ if number == 1 && line == FIRST_LINE => {}
            _ if number == 1 => return Err(format!("line 1 is `{line:.40}`, not `{FIRST_LINE}`")),
            // For people: the sources of the data and its numbers of methods.
            Some(("package" | "protos" | "counts", _)) => {}
            Some(("newest", date)) => file.newest = date,
            Some(("overrides", hash)) => {
                let hash = hash.parse().map_err(|_| format!("line {number} holds no number"));
                file.overrides = hash?;
            }
            Some(("scope", uri)) if !uri.is_empty() => file.scopes.push(uri),
            _ => return Err(format!("line {number} is `{line:.40}`, which no header has")),
        }
    }
    let count = file.scopes.len();
    if count > MAX_SCOPES {
        return Err(format!("the header lists {count} scopes; at most {MAX_SCOPES} are possible"));
    }
    let data = data.get(2..);
    file.data = data.ok_or_else(|| format!("the text ends in line {last}, and no data follows"))?;
    Ok(file)
}
