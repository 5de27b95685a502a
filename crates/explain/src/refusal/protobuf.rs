//! Reads the part of the protocol buffers wire format that `google.rpc.Status` uses.
//!
//! Source: <https://protobuf.dev/programming-guides/encoding/>

/// A length-delimited field: a string, bytes, or a message.
pub(super) struct Field<'a> {
    pub(super) number: u64,
    pub(super) bytes: &'a [u8],
}

impl Field<'_> {
    /// Returns the content as text. Bytes that are not UTF-8 are replaced.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(self.bytes).into_owned()
    }
}

/// Returns the length-delimited fields of a message in order, and skips fields of other types.
/// Stops at the first byte that is not valid.
pub(super) fn fields(message: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut rest = message;
    std::iter::from_fn(move || {
        loop {
            let key = varint(&mut rest)?;
            // The low three bits are the wire type. Groups (3 and 4) have no length by which to
            // skip them, and the proto3 messages of `google.rpc` contain none.
            match key & 7 {
                0 => drop(varint(&mut rest)?),
                1 => drop(take(&mut rest, 8)?),
                2 => {
                    let length = varint(&mut rest)?;
                    return Some(Field { number: key >> 3, bytes: take(&mut rest, length)? });
                }
                5 => drop(take(&mut rest, 4)?),
                _ => return None,
            }
        }
    })
}

/// Removes a variable-length integer from the beginning of `rest`, and returns it.
fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    // Ten bytes of seven bits each are enough for 64 bits.
    for place in 0..10 {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Removes this many bytes from the beginning of `rest`, and returns them.
fn take<'a>(rest: &mut &'a [u8], length: u64) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = tail;
    Some(head)
}
