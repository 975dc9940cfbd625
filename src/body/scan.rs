//! Finds the bytes that matter, eight at a time, in portable arithmetic on words.

pub(super) use crate::base::scan::run_without;

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
const TWOS: u64 = u64::from_le_bytes([2; 8]);
const BACKSLASHES: u64 = u64::from_le_bytes([b'\\'; 8]);
const BELOW: u64 = u64::from_le_bytes([0x21; 8]);

/// How many bytes from the first hold no quote, backslash or control character, and whether all of them
/// are ASCII.
pub(super) fn plain_run(bytes: &[u8]) -> (usize, bool) {
    let (blocks, tail) = bytes.as_chunks::<8>();
    let mut len = 0;
    let mut seen = 0;
    for block in blocks {
        let word = u64::from_le_bytes(*block);
        let hits = special(word);
        if hits != 0 {
            let before = (hits & hits.wrapping_neg()).wrapping_sub(1);
            return (len + lowest_byte(hits), (seen | (word & before)) & HIGHS == 0);
        }
        seen |= word;
        len += 8;
    }
    let mut ascii = seen & HIGHS == 0;
    for &byte in tail {
        if byte == b'"' || byte == b'\\' || byte < b' ' {
            break;
        }
        ascii &= byte.is_ascii();
        len += 1;
    }
    (len, ascii)
}

/// The high bit of each byte that is a quote, a backslash or a control character. A borrow can set bits
/// above a true one, so only the lowest is exact.
const fn special(word: u64) -> u64 {
    let backslashes = word ^ BACKSLASHES;
    // With this bit turned, quotes and controls, and nothing else, lie below 0x21.
    let low = (word ^ TWOS).wrapping_sub(BELOW);
    ((low & !word) | (backslashes.wrapping_sub(ONES) & !backslashes)) & HIGHS
}

/// How many bytes from the first are decimal digits.
pub(super) fn digit_run(bytes: &[u8]) -> usize {
    let (blocks, tail) = bytes.as_chunks::<8>();
    let mut len = 0;
    for block in blocks {
        let word = u64::from_le_bytes(*block);
        // With the high bits off nothing is carried from one byte to the next.
        let ascii = word & !HIGHS;
        let least = ascii.wrapping_add(u64::from_le_bytes([0x80 - b'0'; 8]));
        let beyond = ascii.wrapping_add(u64::from_le_bytes([0x80 - b':'; 8]));
        let others = (!least | beyond | word) & HIGHS;
        if others != 0 {
            return len + lowest_byte(others);
        }
        len += 8;
    }
    len + tail.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// The index of the byte with the lowest bit set.
fn lowest_byte(hits: u64) -> usize {
    usize::try_from(hits.trailing_zeros() / 8).unwrap_or_default()
}

/// The value of a hexadecimal digit.
pub(super) const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(byte.wrapping_sub(b'a' - 10)),
        b'A'..=b'F' => Some(byte.wrapping_sub(b'A' - 10)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_byte_value_at_every_place() {
        for at in 0..20 {
            for byte in 0..=255_u8 {
                let mut bytes = [b'.'; 20];
                bytes[at] = byte;
                let special = byte < b' ' || byte == b'"' || byte == b'\\';
                let ends = if special { at } else { 20 };
                assert_eq!(plain_run(&bytes), (ends, byte.is_ascii()), "{byte} at {at}");
                let mut bytes = [b'7'; 20];
                bytes[at] = byte;
                let ends = if byte.is_ascii_digit() { 20 } else { at };
                assert_eq!(digit_run(&bytes), ends, "{byte} at {at}");
            }
        }
    }
}
