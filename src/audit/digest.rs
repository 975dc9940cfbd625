//! A SHA-256 value, as 64 lower-case hexadecimal digits in a trail.

use std::fmt;

use subtle::ConstantTimeEq as _;

/// How many digits a [`Digest`] is written with.
pub(super) const DIGITS: usize = 64;

/// A hash or a MAC. Two are compared in constant time.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

impl Digest {
    /// What the first line of a trail follows.
    pub const GENESIS: Self = Self([0; 32]);

    /// Takes the bytes over.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads exactly [`DIGITS`] digits, in lower case only: a digest has one spelling.
    #[must_use]
    pub fn parse(digits: &[u8]) -> Option<Self> {
        if digits.len() != DIGITS {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let [high, low] = pair else { return None };
            *byte = value_of(*high)? << 4 | value_of(*low)?;
        }
        Some(Self(bytes))
    }

    /// Appends the digits to `out`.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let mut digits = [0; DIGITS];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(&self.0) {
            pair.copy_from_slice(&[digit_of(byte >> 4), digit_of(byte & 0xf)]);
        }
        out.extend_from_slice(&digits);
    }
}

const fn digit_of(value: u8) -> u8 {
    if value < 10 { b'0'.wrapping_add(value) } else { b'a'.wrapping_add(value.wrapping_sub(10)) }
}

const fn value_of(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(digit.wrapping_sub(b'a').wrapping_add(10)),
        _ => None,
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Digest {}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_one_spelling() {
        let digest = Digest::new(std::array::from_fn(|at| u8::try_from(at * 8 % 256).unwrap()));
        let mut written = Vec::new();
        digest.write(&mut written);
        assert_eq!(String::from_utf8(written.clone()).unwrap(), digest.to_string());
        assert_eq!(Digest::parse(&written), Some(digest));
        assert_eq!(Digest::parse(&written.to_ascii_uppercase()), None);
        assert_eq!(Digest::parse(&written[1..]), None);
    }
}
