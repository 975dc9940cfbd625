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
    // Shortest is 32 digits, longest is `urn:uuid:` and 36 characters.
    if !(32..=45).contains(&text.len()) {
        return None;
    }
    let bytes = text.as_bytes();
    let bytes = match bytes.split_at_checked(9) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(b"urn:uuid:") => rest,
        _ => bytes,
    };
    let bytes = match bytes {
        [b'{', inner @ .., b'}'] => inner,
        other => other,
    };
    let dashed = bytes.len() == 36;
    if !dashed && bytes.len() != 32 {
        return None;
    }
    let mut digits = [0; 32];
    if dashed {
        if !bytes.iter().enumerate().all(|(at, &b)| (b == b'-') == matches!(at, 8 | 13 | 18 | 23)) {
            return None;
        }
        for (in_digits, in_text) in UUID_GROUPS {
            digits.get_mut(in_digits)?.copy_from_slice(bytes.get(in_text)?);
        }
    } else {
        digits.copy_from_slice(bytes);
    }
    let mut uuid = [0; 16];
    let mut all = 0;
    for (slot, [high, low]) in uuid.iter_mut().zip(digits.as_chunks::<2>().0) {
        let (high, low) = (nibble_of(*high), nibble_of(*low));
        all |= high | low;
        *slot = (high << 4) | (low & 15);
    }
    (all < 16).then_some(uuid)
}

/// The groups of digits, counted without and with dashes.
const UUID_GROUPS: [(Range<usize>, Range<usize>); 5] =
    [(0..8, 0..8), (8..12, 9..13), (12..16, 14..18), (16..20, 19..23), (20..32, 24..36)];

/// The value of a hexadecimal digit; over 15 for anything else.
const fn nibble_of(digit: u8) -> u8 {
    let (decimal, letter) = (digit.wrapping_sub(b'0'), (digit | 0x20).wrapping_sub(b'a'));
    if decimal < 10 {
        decimal
    } else if letter < 6 {
        letter + 10
    } else {
        0xff
    }
}

/// The canonical text of RFC 9562 section 4.
#[must_use]
pub fn format_uuid(uuid: [u8; 16]) -> [u8; 36] {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble };
    let mut digits = [0; 32];
    for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(uuid) {
        *pair = [digit(byte >> 4), digit(byte & 15)];
    }
    let mut text = [b'-'; 36];
    for (in_digits, in_text) in UUID_GROUPS {
        if let (Some(to), Some(from)) = (text.get_mut(in_text), digits.get(in_digits)) {
            to.copy_from_slice(from);
        }
    }
    text
}
