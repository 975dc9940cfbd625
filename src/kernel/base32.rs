//! Crockford's base32 in lower case: digits and letters without i, l, o and u, so that a name can be read
//! out, typed, and clicked as one word.

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Appends the 100 highest bits of `bits` as 20 characters.
pub(super) fn push_100_bits(out: &mut String, bits: u128) {
    let mut symbols = [b'0'; 20];
    // Two words of fifty bits: shifts of 128 bits are dear.
    let [.., high] = split(bits >> 78);
    let [.., low] = split((bits >> 28) & ((1 << 50) - 1));
    for (half, word) in symbols.as_chunks_mut::<10>().0.iter_mut().zip([high, low]) {
        let mut left = word;
        for slot in half.iter_mut().rev() {
            let [.., five] = left.to_be_bytes();
            *slot = symbol_byte(five & 31);
            left >>= 5;
        }
    }
    out.push_str(std::str::from_utf8(&symbols).unwrap_or_default());
}

/// Appends `bytes`, five bits a character, the last one filled with zeros.
pub(super) fn push_bytes(out: &mut String, bytes: &[u8]) {
    let mut held: u16 = 0;
    let mut held_bits = 0_u32;
    for &byte in bytes {
        held = (held << 8) | u16::from(byte);
        held_bits += 8;
        while held_bits >= 5 {
            held_bits -= 5;
            let [_, low] = (held >> held_bits).to_be_bytes();
            out.push(symbol(low & 31));
        }
        held &= (1 << held_bits) - 1;
    }
    if held_bits > 0 {
        let [_, low] = (held << (5 - held_bits)).to_be_bytes();
        out.push(symbol(low & 31));
    }
}

/// Reads what [`push_bytes`] wrote, in either case. `None` for other characters, a dangling character, or
/// filling that is not zero: each byte string has one spelling.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let mut held: u16 = 0;
    let mut held_bits = 0_u32;
    for byte in text.bytes() {
        held = (held << 5) | u16::from(value(byte)?);
        held_bits += 5;
        if held_bits >= 8 {
            held_bits -= 8;
            let [_, low] = (held >> held_bits).to_be_bytes();
            bytes.push(low);
            held &= (1 << held_bits) - 1;
        }
    }
    (held_bits < 5 && held == 0).then_some(bytes)
}

fn symbol(five_bits: u8) -> char {
    char::from(symbol_byte(five_bits))
}

fn symbol_byte(five_bits: u8) -> u8 {
    ALPHABET.get(usize::from(five_bits)).copied().unwrap_or(b'0')
}

/// The high and the low half.
fn split(bits: u128) -> [u64; 2] {
    let [high, low] = *bits.to_be_bytes().as_chunks::<8>().0 else { return [0; 2] };
    [u64::from_be_bytes(high), u64::from_be_bytes(low)]
}

fn value(byte: u8) -> Option<u8> {
    let byte = byte.to_ascii_lowercase();
    (0_u8..).zip(ALPHABET).find_map(|(value, &symbol)| (symbol == byte).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_comes_back() {
        let bytes: Vec<u8> = (0..64_u8).map(|byte| byte.wrapping_mul(37)).collect();
        for len in 0..bytes.len() {
            let mut text = String::new();
            push_bytes(&mut text, &bytes[..len]);
            assert_eq!(text.len(), (len * 8).div_ceil(5));
            assert_eq!(decode(&text).as_deref(), Some(&bytes[..len]));
            assert_eq!(decode(&text.to_ascii_uppercase()).as_deref(), Some(&bytes[..len]));
        }
    }

    #[test]
    fn one_spelling_for_each_byte_string() {
        for text in ["0", "zz", "01", "000", "iiii", "u0", "0 0", "é"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    #[test]
    fn a_hundred_bits_are_the_first_twenty_characters() {
        let bits = 0x0123_4567_89ab_cdef_0011_2233_4455_6677_u128;
        let (mut whole, mut head) = (String::new(), String::new());
        push_bytes(&mut whole, &bits.to_be_bytes());
        push_100_bits(&mut head, bits);
        assert!(whole.starts_with(&head) && head.len() == 20);
    }
}
