//! Cuts bytes out of the data of a WebAssembly module.
//!
//! Source of the format: <https://webassembly.github.io/spec/core/binary/modules.html>

use anyhow::{Context, Result, bail, ensure};

/// The number of the section with the data segments, and of the section with their count.
const DATA: u8 = 11;
const DATA_COUNT: u8 = 12;

/// The length of the beginning of a module: its magic number and version.
const HEADER: usize = 8;

/// Returns the module without `part`, which must be in one data segment, and the address of `part`
/// in memory.
pub(super) fn cut(module: &[u8], part: &[u8]) -> Result<(Vec<u8>, u32)> {
    let (header, rest) = module.split_at_checked(HEADER).context("the module has no header")?;
    let mut reader = Reader { rest };
    let (mut written, mut address) = (header.to_vec(), None);
    while !reader.rest.is_empty() {
        let number = reader.byte()?;
        let length = reader.number()?;
        let content = reader.take(length)?;
        match number {
            DATA => {
                let (content, found) = cut_section(content, part)?;
                address = Some(found);
                section(&mut written, number, &content);
            }
            DATA_COUNT => {
                let count = Reader { rest: content }.number()?;
                section(&mut written, number, &leb(count + 1));
            }
            _ => section(&mut written, number, content),
        }
    }
    Ok((written, address.context("the module has no data")?))
}

/// Returns the data section with the segment that contains the part as two segments.
fn cut_section(content: &[u8], part: &[u8]) -> Result<(Vec<u8>, u32)> {
    let mut reader = Reader { rest: content };
    let count = reader.number()?;
    let (mut segments, mut address) = (Vec::new(), None);
    for _ in 0..count {
        ensure!(reader.number()? == 0, "a data segment is not for the memory of the module");
        ensure!(reader.byte()? == 0x41, "the address of a data segment is no constant");
        let start = reader.signed()?;
        ensure!(reader.byte()? == 0x0b, "the address of a data segment is no constant");
        let length = reader.number()?;
        let bytes = reader.take(length)?;
        match position(bytes, part) {
            None => segment(&mut segments, start, bytes),
            Some(place) if address.is_none() => {
                let (before, after) = (&bytes[..place], &bytes[place + part.len()..]);
                address = Some(start + u32::try_from(place)?);
                segment(&mut segments, start, before);
                segment(&mut segments, start + u32::try_from(place + part.len())?, after);
            }
            Some(_) => bail!("the module contains the part twice"),
        }
    }
    let mut written = leb(count + 1);
    written.extend(segments);
    Ok((written, address.context("the module does not contain the part")?))
}

fn position(bytes: &[u8], part: &[u8]) -> Option<usize> {
    let first = part.get(..16.min(part.len()))?;
    let places = bytes.windows(first.len()).enumerate().filter(|(_, window)| *window == first);
    places.map(|(place, _)| place).find(|place| bytes[*place..].starts_with(part))
}

fn section(written: &mut Vec<u8>, number: u8, content: &[u8]) {
    written.push(number);
    written.extend(leb(content.len()));
    written.extend(content);
}

fn segment(written: &mut Vec<u8>, start: u32, bytes: &[u8]) {
    // A segment for memory 0, at the address `i32.const start`. 0x0b is `end`.
    written.extend([0, 0x41]);
    written.extend(signed_leb(start));
    written.push(0x0b);
    written.extend(leb(bytes.len()));
    written.extend(bytes);
}

/// Returns a number in LEB128.
fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// Returns an address in signed LEB128. The addresses of data are below 2 GB.
fn signed_leb(number: u32) -> Vec<u8> {
    let mut bytes = leb(number as usize);
    if bytes.last().is_some_and(|last| last & 0x40 != 0) {
        // The highest bit of the last byte would be read as a sign.
        *bytes.last_mut().expect("a number has a byte") |= 0x80;
        bytes.push(0);
    }
    bytes
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).context("the module is cut off")?;
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn number(&mut self) -> Result<usize> {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.byte()?;
            ensure!(shift < 35, "a number is too long");
            number |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
    }

    /// Reads an address, which is not negative.
    fn signed(&mut self) -> Result<u32> {
        Ok(u32::try_from(self.number()?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module with one segment at an address.
    fn module(start: u32, bytes: &[u8]) -> Vec<u8> {
        let mut content = leb(1);
        segment(&mut content, start, bytes);
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        section(&mut module, DATA_COUNT, &leb(1));
        section(&mut module, DATA, &content);
        module
    }

    #[test]
    fn the_rest_keeps_its_addresses() {
        let (cut, address) = cut(&module(1_048_576, b"beforePARTafter"), b"PART").expect("cut");
        assert_eq!(address, 1_048_582);
        let mut content = leb(2);
        segment(&mut content, 1_048_576, b"before");
        segment(&mut content, 1_048_586, b"after");
        assert!(cut.ends_with(&content));
        assert_eq!(&cut[HEADER..HEADER + 3], [DATA_COUNT, 1, 2]);
    }

    #[test]
    fn a_missing_part_is_an_error() {
        assert!(cut(&module(0, b"abc"), b"PART").is_err());
        assert!(cut(b"\0asm", b"PART").is_err());
    }
}
