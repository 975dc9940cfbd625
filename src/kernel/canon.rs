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

use super::decimal::Decimal;
use super::digits::{IntegerText, hex};

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
    let mut digits = bytes.iter().enumerate().filter(|&(at, _)| !(dashed && matches!(at, 8 | 13 | 18 | 23)));
    if dashed && !bytes.iter().enumerate().all(|(at, &b)| (b == b'-') == matches!(at, 8 | 13 | 18 | 23)) {
        return None;
    }
    let mut uuid = [0_u8; 16];
    for slot in &mut uuid {
        let (high, low) = (hex(*digits.next()?.1)?, hex(*digits.next()?.1)?);
        *slot = (high << 4) | low;
    }
    Some(uuid)
}

/// The canonical text of RFC 9562 section 4.
#[must_use]
pub fn format_uuid(uuid: [u8; 16]) -> [u8; 36] {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let nibble = |value: u8| HEX.get(usize::from(value)).copied().unwrap_or(b'0');
    let mut text = [b'-'; 36];
    let mut slots = text.iter_mut().enumerate().filter(|(at, _)| !matches!(at, 8 | 13 | 18 | 23));
    for byte in uuid {
        for value in [byte >> 4, byte & 15] {
            if let Some((_, slot)) = slots.next() {
                *slot = nibble(value);
            }
        }
    }
    text
}
