//! Numbers and the three literal names, whatever way the bytes are cut.
//!
//! Invariant: a scan that ended has seen the grammar of RFC 8259 sections 3 and 6 and nothing else.

use crate::body::Fault;

/// The scan of one number or literal; it goes on where the last piece ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bare {
    /// A number, so far.
    Number(Part),
    /// A literal: the bytes that must still come.
    Literal(&'static [u8]),
}

/// The part of a number that the last byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Start,
    Minus,
    Zero,
    Integer,
    Point,
    Fraction,
    E,
    Sign,
    Exponent,
}

impl Bare {
    /// The scan for a value that starts with `first`, which is still to be scanned.
    pub(super) const fn starting_with(first: u8) -> Option<Self> {
        match first {
            b'-' | b'0'..=b'9' => Some(Self::Number(Part::Start)),
            b't' => Some(Self::Literal(b"true")),
            b'f' => Some(Self::Literal(b"false")),
            b'n' => Some(Self::Literal(b"null")),
            _ => None,
        }
    }

    /// Scans on: how many bytes belong to the value, and whether it ended within `bytes`.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> Result<(usize, bool), (Fault, usize)> {
        match self {
            Self::Number(part) => {
                let mut len = 0;
                while let Some(&byte) = bytes.get(len) {
                    match part.step(byte) {
                        Some(next) => *part = next,
                        None if part.is_whole() && !is_number_byte(byte) => return Ok((len, true)),
                        None => return Err((Fault::InvalidNumber, len)),
                    }
                    len += 1;
                    if part.repeats() {
                        let rest = bytes.get(len..).unwrap_or_default();
                        len += rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                    }
                }
                Ok((len, false))
            }
            Self::Literal(rest) => {
                let common = rest.iter().zip(bytes).take_while(|(want, have)| want == have).count();
                *rest = rest.get(common..).unwrap_or_default();
                if !rest.is_empty() && common < bytes.len() {
                    return Err((Fault::UnexpectedByte, common));
                }
                Ok((common, rest.is_empty()))
            }
        }
    }

    /// True if the value may end where the bytes end.
    pub(super) fn is_whole(self) -> bool {
        match self {
            Self::Number(part) => part.is_whole(),
            Self::Literal(rest) => rest.is_empty(),
        }
    }
}

impl Part {
    const fn step(self, byte: u8) -> Option<Self> {
        match (self, byte) {
            (Self::Start, b'-') => Some(Self::Minus),
            (Self::Start | Self::Minus, b'0') => Some(Self::Zero),
            (Self::Start | Self::Minus | Self::Integer, b'0'..=b'9') => Some(Self::Integer),
            (Self::Zero | Self::Integer, b'.') => Some(Self::Point),
            (Self::Point | Self::Fraction, b'0'..=b'9') => Some(Self::Fraction),
            (Self::Zero | Self::Integer | Self::Fraction, b'e' | b'E') => Some(Self::E),
            (Self::E, b'+' | b'-') => Some(Self::Sign),
            (Self::E | Self::Sign | Self::Exponent, b'0'..=b'9') => Some(Self::Exponent),
            _ => None,
        }
    }

    /// True if any number of digits may follow.
    const fn repeats(self) -> bool {
        matches!(self, Self::Integer | Self::Fraction | Self::Exponent)
    }

    const fn is_whole(self) -> bool {
        matches!(self, Self::Zero | Self::Integer | Self::Fraction | Self::Exponent)
    }
}

const fn is_number_byte(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> Result<(usize, bool), (Fault, usize)> {
        Bare::starting_with(text.as_bytes()[0]).unwrap().scan(text.as_bytes())
    }

    #[test]
    fn knows_the_grammar_of_numbers() {
        for number in ["0", "-0", "7", "-12", "0.5", "10.25", "1e9", "1E+9", "-0.1e-10", "9007199254740993"] {
            assert_eq!(scan(&format!("{number},")), Ok((number.len(), true)), "{number}");
        }
        for (text, at) in [("01", 1), ("-,", 1), ("1.", 2), ("1.e", 2), ("1e,", 2), ("1e+,", 3), ("--1", 1)] {
            let text = format!("{text},");
            assert_eq!(scan(&text), Err((Fault::InvalidNumber, at)), "{text}");
        }
    }

    #[test]
    fn knows_the_three_literals() {
        assert_eq!(scan("true,"), Ok((4, true)));
        assert_eq!(scan("fal"), Ok((3, false)));
        assert_eq!(scan("nul1"), Err((Fault::UnexpectedByte, 3)));
    }
}
