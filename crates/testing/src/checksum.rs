//! The checksums that clients of Cloud Storage compare, and gzip's.

/// Gzip's polynomial, reflected.
pub(super) const GZIP: u32 = 0xEDB8_8320;

/// The polynomial of CRC32C, reflected.
pub(super) const CASTAGNOLI: u32 = 0x82F6_3B78;

/// A reflected 32-bit CRC, a byte at a time: objects of a few MiB are common in tests.
pub(super) fn crc32(polynomial: u32, bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { (crc >> 1) ^ polynomial } else { crc >> 1 };
    let table: [u32; 256] = std::array::from_fn(|byte| (0..8).fold(byte as u32, |crc, _| step(crc)));
    let mut crc = !0;
    for byte in bytes {
        crc = table[usize::from(crc as u8 ^ *byte)] ^ (crc >> 8);
    }
    !crc
}

/// How far each step of MD5 turns, four steps a round, <https://www.rfc-editor.org/rfc/rfc1321>.
const TURNS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

/// MD5, <https://www.rfc-editor.org/rfc/rfc1321>. Clients such as gcloud check `md5Hash`.
pub(super) fn md5(bytes: &[u8]) -> [u8; 16] {
    let mut message = bytes.to_vec();
    message.push(0x80);
    message.resize((message.len() + 8).next_multiple_of(64), 0);
    let length = message.len() - 8;
    let bits = (bytes.len() as u64).wrapping_mul(8).to_le_bytes();
    message.splice(length.., bits);
    let sines: [u32; 64] = std::array::from_fn(|step| sine(step as u8));
    let start = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476];
    let words = message.chunks_exact(64).fold(start, |words, next| block(words, next, &sines));
    let mut digest = [0; 16];
    for (place, byte) in digest.iter_mut().zip(words.iter().flat_map(|word| word.to_le_bytes())) {
        *place = byte;
    }
    digest
}

fn block(start: [u32; 4], block: &[u8], sines: &[u32; 64]) -> [u32; 4] {
    let mut words = [0; 16];
    for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
        *word = bytes.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
    }
    let [mut a, mut b, mut c, mut d] = start;
    for at in 0..64_usize {
        let round = at / 16;
        let (mixed, place) = match round {
            0 => ((b & c) | (!b & d), at),
            1 => ((d & b) | (!d & c), 5 * at + 1),
            2 => (b ^ c ^ d, 3 * at + 5),
            _ => (c ^ (b | !d), 7 * at),
        };
        let sum = a.wrapping_add(mixed).wrapping_add(sines[at]).wrapping_add(words[place % 16]);
        (a, d, c) = (d, c, b);
        b = b.wrapping_add(sum.rotate_left(TURNS[round][at % 4]));
    }
    [start[0].wrapping_add(a), start[1].wrapping_add(b), start[2].wrapping_add(c), start[3].wrapping_add(d)]
}

/// The whole part of 2^32 times the sine of the step's number, counted from one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 2^32, not negative")]
fn sine(step: u8) -> u32 {
    (f64::from(step + 1).sin().abs() * 4_294_967_296.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crcs_match_the_published_check_values() {
        // Source: https://reveng.sourceforge.io/crc-catalogue/17plus.htm (CRC-32/ISO-HDLC, CRC-32/ISCSI).
        assert_eq!(crc32(GZIP, b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(CASTAGNOLI, b"123456789"), 0xE306_9283);
    }

    #[test]
    fn md5_matches_the_suite_of_its_rfc_and_fills_blocks_to_the_brim() {
        let digits = "1234567890".repeat(8);
        let brim = "a".repeat(63);
        for (text, digest) in [
            ("", 0xd41d8cd98f00b204e9800998ecf8427e_u128),
            ("abc", 0x900150983cd24fb0d6963f7d28e17f72),
            ("abcdefghijklmnopqrstuvwxyz", 0xc3fcd3d76192e4007dfb496cca67e13b),
            (
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
                0xd174ab98d277d9f5a5611c2c9f419d9f,
            ),
            (&brim, 0xb06521f39153d618550606be297466d5),
            (&digits, 0x57edf4a22be3c955ac49da2e2107b67a),
        ] {
            assert_eq!(md5(text.as_bytes()), digest.to_be_bytes(), "{text}");
        }
    }
}
