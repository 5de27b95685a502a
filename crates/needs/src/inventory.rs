//! Reads machines that exist: the JSON of `gcloud compute instances list` and similar commands, and
//! exports of Cloud Asset Inventory.

mod machines;

use std::io::{BufRead, BufReader, Read};

use serde::Deserializer as _;
use serde::de::{SeqAccess, Visitor};
use serde_json::{Deserializer, Value};

use crate::error::NeedsError;
use crate::finding::{MachineFinding, Summary};
use crate::needs_file::NeedsFile;

impl NeedsFile {
    /// Compares the needs with machines that exist. Reads a JSON array, one object, or one object a
    /// line, and keeps one object in memory at a time.
    ///
    /// The objects are instances, instance templates, node pools and clusters as `gcloud` prints
    /// them with `--format=json`, or the assets of an export of Cloud Asset Inventory. Assets of
    /// other types have no finding.
    ///
    /// The returned summary is always empty: a summary counts the resources whose tokens always
    /// hold `cloud-platform`, and this function skips assets of their types.
    ///
    /// # Errors
    /// Returns an error if the input is not JSON, or holds an object of another kind.
    ///
    /// ```
    /// use gcp_scopes_needs::NeedsFile;
    ///
    /// let needs = NeedsFile::parse(r#"{"needs": [{"method": "storage.objects.insert"}]}"#)?;
    /// let error = needs.check_inventory(&b"name: web-1"[..], &mut |_| ()).unwrap_err();
    /// assert!(error.to_string().contains("--format=json"));
    /// # Ok::<(), gcp_scopes_needs::NeedsError>(())
    /// ```
    pub fn check_inventory(
        &self,
        input: impl Read,
        on_finding: &mut dyn FnMut(MachineFinding),
    ) -> Result<Summary, NeedsError> {
        let (mut index, mut input) = (0_usize, BufReader::new(input));
        let mut problem = None;
        let mut on_value = |value: Value| {
            index += 1;
            let result = machines::check(self, &value, on_finding);
            problem = result.err().map(|why| NeedsError::new(format!("object {index}: {why}")));
            problem.is_none()
        };
        let result = each_value(&mut input, &mut on_value);
        match (problem, result) {
            (Some(problem), _) => Err(problem),
            (None, Err(error)) => Err(NeedsError::json("inventory", &error, EXPECTED)),
            (None, Ok(())) => Ok(Summary::default()),
        }
    }
}

const EXPECTED: &str = "the output of `gcloud compute instances list --format=json`, or an export \
                        of Cloud Asset Inventory with one asset a line";

/// Calls `on_value` for each element of the array in `input`, until `on_value` returns `false`. An
/// `input` without an array contains one value after the other, and `on_value` is called for each.
fn each_value(
    input: &mut impl BufRead,
    on_value: &mut dyn FnMut(Value) -> bool,
) -> Result<(), serde_json::Error> {
    if first_byte(input).map_err(serde_json::Error::io)? == Some(b'[') {
        let mut json = Deserializer::from_reader(input);
        let is_complete = json.deserialize_seq(Elements(on_value))?;
        return if is_complete { json.end() } else { Ok(()) };
    }
    for value in Deserializer::from_reader(input).into_iter() {
        if !on_value(value?) {
            break;
        }
    }
    Ok(())
}

/// Returns the first byte that is not white space, and leaves it in the input.
fn first_byte(input: &mut impl BufRead) -> std::io::Result<Option<u8>> {
    loop {
        let buffer = input.fill_buf()?;
        let (length, is_blank) = (buffer.len(), |byte: &u8| byte.is_ascii_whitespace());
        let blank = buffer.iter().take_while(|byte| is_blank(byte)).count();
        if let Some(byte) = buffer.get(blank) {
            let byte = *byte;
            input.consume(blank);
            return Ok(Some(byte));
        }
        if length == 0 {
            return Ok(None);
        }
        input.consume(length);
    }
}

/// Passes the elements of an array to a function, until the function returns `false`. The result of
/// the visitor is true if the function got all elements.
struct Elements<'a>(&'a mut dyn FnMut(Value) -> bool);

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<bool, A::Error> {
        while let Some(value) = elements.next_element()? {
            if !(self.0)(value) {
                // The rest is read and dropped, because an array must be read to its end.
                while elements.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                return Ok(false);
            }
        }
        Ok(true)
    }
}
