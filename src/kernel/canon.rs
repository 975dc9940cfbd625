//! The one spelling of an identifier that its pseudonym is made from.
//!
//! - A UUID, as the `uuid` type or as text in any spelling that PostgreSQL reads (either case, with or without
//!   dashes, in braces, after `urn:uuid:`), is its 36 lower-case characters.
//! - An integer, as an integer type or a JSON number (`7`, `7.0`, `70e-1`), is its decimal text, and so equals
//!   that text. Other JSON numbers are their shortest plain decimal.
//! - Other text is its bytes: `007` is not `7`, and `A@example.com` is not `a@example.com`, because they are not
//!   the same in the stores either.
//!
//! Not here: Unicode normalisation.

use std::ops::Range;

use super::decimal::Decimal;
use super::digits::IntegerText;

/// A value in its one spelling.
pub struct Canonical<'a>(Spelling<'a>);

enum Spelling<'a> {
    Bytes(&'a [u8]),
    Uuid([u8; 36]),
    Decimal(Decimal<'a>),
    Integer(IntegerText),
}

impl<'a> Canonical<'a> {
    /// Text.
    #[must_use]
    pub fn text(text: &'a str) -> Self {
        // 36 characters without a capital are their own spelling, whether they are a UUID or not.
        let has_capital = || text.bytes().fold(false, |seen, byte| seen | byte.is_ascii_uppercase());
        if text.len() == 36 && !has_capital() {
            return Self(Spelling::Bytes(text.as_bytes()));
        }
        match parse_uuid(text) {
            Some(uuid) => Self::uuid(uuid),
            None => Self(Spelling::Bytes(text.as_bytes())),
        }
    }

    /// Bytes that are no text.
    #[must_use]
    pub const fn bytes(bytes: &'a [u8]) -> Self {
        Self(Spelling::Bytes(bytes))
    }

    /// An integer of any width.
    #[must_use]
    pub fn integer(number: i64) -> Self {
        Self(Spelling::Integer(IntegerText::signed(number)))
    }

    /// The 16 bytes of a `uuid`.
    #[must_use]
    pub fn uuid(uuid: [u8; 16]) -> Self {
        Self(Spelling::Uuid(format_uuid(uuid)))
    }

    /// A JSON number; `None` if it is none.
    #[must_use]
    pub fn number(number: &'a str) -> Option<Self> {
        Decimal::parse(number).map(|decimal| Self(Spelling::Decimal(decimal)))
    }

    /// Hands the spelling over, in one or more pieces.
    pub(super) fn feed(&self, mut sink: impl FnMut(&[u8])) {
        match &self.0 {
            Spelling::Bytes(bytes) => sink(bytes),
            Spelling::Uuid(text) => sink(text),
            Spelling::Integer(text) => sink(text.as_str().as_bytes()),
            Spelling::Decimal(decimal) => decimal.spell(sink),
        }
    }
}

/// The 16 bytes of a UUID in any of the accepted spellings.
#[must_use]
pub fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    parse_uuid_bytes(text.as_bytes())
}

/// As [`parse_uuid`], from bytes that may be anything.
#[must_use]
pub fn parse_uuid_bytes(bytes: &[u8]) -> Option<[u8; 16]> {
    // Shortest is 32 digits, longest is `urn:uuid:` and 36 characters.
    if !(32..=45).contains(&bytes.len()) {
        return None;
    }
    let bytes = match bytes.split_at_checked(9) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(b"urn:uuid:") => rest,
        _ => bytes,
    };
    let bytes = match bytes {
        [b'{', inner @ .., b'}'] => inner,
        other => other,
    };
    let mut digits = [0; 32];
    if let Some(dashed) = bytes.first_chunk::<36>().filter(|dashed| dashed.len() == bytes.len()) {
        // A dash elsewhere is no digit.
        let [
            ..,
            b'-',
            _,
            _,
            _,
            _,
            b'-',
            _,
            _,
            _,
            _,
            b'-',
            _,
            _,
            _,
            _,
            b'-',
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
        ] = dashed
        else {
            return None;
        };
        for (in_digits, in_text) in UUID_GROUPS {
            digits.get_mut(in_digits)?.copy_from_slice(dashed.get(in_text)?);
        }
    } else {
        digits = *bytes.first_chunk().filter(|_| bytes.len() == 32)?;
    }
    let mut uuid = [0; 16];
    for (bytes, digits) in uuid.as_chunks_mut::<4>().0.iter_mut().zip(digits.as_chunks::<8>().0) {
        *bytes = four_bytes(*digits)?;
    }
    Some(uuid)
}

/// The groups of digits, counted without and with dashes.
const UUID_GROUPS: [(Range<usize>, Range<usize>); 5] =
    [(0..8, 0..8), (8..12, 9..13), (12..16, 14..18), (16..20, 19..23), (20..32, 24..36)];

/// The same byte eight times.
const fn eight(byte: u8) -> u64 {
    u64::from_be_bytes([byte; 8])
}

/// Four bytes from their hexadecimal digits, all eight at once; `None` if one is no digit.
const fn four_bytes(digits: [u8; 8]) -> Option<[u8; 4]> {
    const HIGHS: u64 = eight(0x80);
    let word = u64::from_be_bytes(digits);
    if word & HIGHS != 0 {
        return None;
    }
    // The high bit of each byte that is at least so much; none is above 127, so nothing is carried.
    let lower = word | eight(0x20);
    let decimal = word.wrapping_add(eight(0x80 - b'0')) & !word.wrapping_add(eight(0x80 - b':'));
    let letter = lower.wrapping_add(eight(0x80 - b'a')) & !lower.wrapping_add(eight(0x80 - b'g')) & HIGHS;
    if (decimal | letter) & HIGHS != HIGHS {
        return None;
    }
    let nibbles = (word & eight(0x0f)).wrapping_add((letter >> 7).wrapping_mul(9));
    let pairs = (nibbles | (nibbles >> 4)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs | (pairs >> 8)) & 0x0000_ffff_0000_ffff;
    let [_, _, _, _, a, b, c, d] = (fours | (fours >> 16)).to_be_bytes();
    Some([a, b, c, d])
}

/// The eight lower-case hexadecimal digits of four bytes.
const fn eight_digits([a, b, c, d]: [u8; 4]) -> [u8; 8] {
    let bytes = u64::from_be_bytes([0, 0, 0, 0, a, b, c, d]);
    let pairs = (bytes | (bytes << 16)) & 0x0000_ffff_0000_ffff;
    let singles = (pairs | (pairs << 8)) & 0x00ff_00ff_00ff_00ff;
    let nibbles = (singles | (singles << 4)) & eight(0x0f);
    let letters = (nibbles.wrapping_add(eight(6)) >> 4) & eight(1);
    nibbles.wrapping_add(eight(b'0')).wrapping_add(letters.wrapping_mul(0x27)).to_be_bytes()
}

/// The canonical text of RFC 9562 section 4.
#[must_use]
pub fn format_uuid(uuid: [u8; 16]) -> [u8; 36] {
    let mut digits = [0; 32];
    for (digits, bytes) in digits.as_chunks_mut::<8>().0.iter_mut().zip(uuid.as_chunks::<4>().0) {
        *digits = eight_digits(*bytes);
    }
    let mut text = [b'-'; 36];
    for (in_digits, in_text) in UUID_GROUPS {
        if let (Some(to), Some(from)) = (text.get_mut(in_text), digits.get(in_digits)) {
            to.copy_from_slice(from);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_place_of_eight_digits() {
        for place in 0..8 {
            for byte in 0..=255_u8 {
                let mut digits = *b"0aF97c3E";
                digits[place] = byte;
                let wanted = std::str::from_utf8(&digits)
                    .ok()
                    .filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))
                    .map(|text| u32::from_str_radix(text, 16).unwrap().to_be_bytes());
                assert_eq!(four_bytes(digits), wanted, "{byte} at {place}");
                let Some(bytes) = wanted else { continue };
                assert_eq!(eight_digits(bytes), *digits.to_ascii_lowercase().as_chunks().0.first().unwrap());
            }
        }
    }

    #[test]
    fn dashes_stand_where_they_belong() {
        let text = "550e8400-e29b-41d4-a716-446655440000";
        assert_eq!(parse_uuid(text).map(format_uuid).as_ref().map(|text| &text[..]), Some(text.as_bytes()));
        for wrong in [
            "550e840-0e29b-41d4-a716-446655440000",
            "550e8400-e29b-41d4-a716-44665544000-",
            "550e8400-e29b-41d4-a7160446655440000",
            "550e8400e29b41d4a71644665544000g",
            "550e8400e29b41d4a716446655440000abcd",
        ] {
            assert_eq!(parse_uuid(wrong), None, "{wrong}");
        }
    }
}
