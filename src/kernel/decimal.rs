//! Decimal numbers of any length as text, taken apart but not computed.
//!
//! Invariant: time and memory are linear in the text, whatever the exponent says: a JSON number may be
//! `1e999999999`, which must neither overflow nor be written out.
//! Not here: arithmetic ([`super::cell`]).

use super::digits::IntegerText;

/// A number in the notation of RFC 8259 section 6.
#[derive(Clone, Copy)]
pub(super) struct Decimal<'a> {
    pub(super) negative: bool,
    /// Digits before the point, without leading zeros.
    integer: &'a [u8],
    /// Digits after the point, without trailing zeros; without leading zeros too if `integer` is empty.
    fraction: &'a [u8],
    /// The value is 0.DIGITS times ten to this power, where DIGITS are `integer` and then `fraction`.
    pub(super) point: i64,
}

impl<'a> Decimal<'a> {
    /// Reads a JSON number.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (negative, unsigned) = match text.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            all => (false, all),
        };
        let (integer, rest) = take_digits(unsigned);
        if matches!(integer, [] | [b'0', _, ..]) {
            return None;
        }
        let (fraction, rest) = match rest {
            [b'.', rest @ ..] => match take_digits(rest) {
                ([], _) => return None,
                split => split,
            },
            _ => (&[][..], rest),
        };
        let exponent = match rest {
            [] => 0,
            [b'e' | b'E', rest @ ..] => parse_exponent(rest)?,
            _ => return None,
        };
        Some(Self::normalised(negative, integer, fraction, exponent))
    }

    fn normalised(negative: bool, integer: &'a [u8], fraction: &'a [u8], exponent: i64) -> Self {
        let integer = trim_leading_zeros(integer);
        let fraction = trim_trailing_zeros(fraction);
        let (integer, fraction, point) = if integer.is_empty() {
            let significant = trim_leading_zeros(fraction);
            (integer, significant, length(significant) - length(fraction))
        } else {
            (integer, fraction, length(integer))
        };
        Self { negative, integer, fraction, point: point.saturating_add(exponent) }
    }

    pub(super) fn digits(&self) -> impl Iterator<Item = u8> {
        self.integer.iter().chain(self.fraction).map(|byte| byte & 15)
    }

    pub(super) fn is_zero(&self) -> bool {
        self.integer.is_empty() && self.fraction.is_empty()
    }

    /// Hands over the one spelling of the number: plain decimal, without needless zeros and without a
    /// negative zero; with an exponent only where more than 40 zeros would have to be invented.
    pub(super) fn spell(&self, mut sink: impl FnMut(&[u8])) {
        const ZEROS: &[u8; 40] = &[b'0'; 40];
        if self.is_zero() {
            return sink(b"0");
        }
        if self.negative {
            sink(b"-");
        }
        let significant = self.significant_digits();
        let int_digits = usize::try_from(self.point).unwrap_or(0);
        let missing = usize::try_from(self.point.unsigned_abs()).unwrap_or(usize::MAX);
        let mut digits = self.digits().take(significant).map(|digit| digit | b'0');
        if self.point <= 0 && missing <= ZEROS.len() {
            sink(b"0.");
            sink(ZEROS.get(..missing).unwrap_or_default());
        } else if self.point <= 0 || int_digits > significant.saturating_add(ZEROS.len()) {
            digits.for_each(|digit| sink(&[digit]));
            sink(b"e");
            let exponent = self.point.saturating_sub(i64::try_from(significant).unwrap_or(i64::MAX));
            return sink(IntegerText::signed(exponent).as_str().as_bytes());
        } else {
            digits.by_ref().take(int_digits).for_each(|digit| sink(&[digit]));
            sink(ZEROS.get(..int_digits.saturating_sub(significant)).unwrap_or_default());
            if significant > int_digits {
                sink(b".");
            }
        }
        digits.for_each(|digit| sink(&[digit]));
    }

    /// How many digits are left without trailing zeros.
    pub(super) fn significant_digits(&self) -> usize {
        let fraction = trim_trailing_zeros(self.fraction).len();
        if fraction > 0 { self.integer.len() + fraction } else { trim_trailing_zeros(self.integer).len() }
    }
}

fn take_digits(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(bytes.len());
    bytes.split_at_checked(end).unwrap_or((bytes, &[]))
}

/// An exponent, held at plus or minus 10^18 where it is larger.
fn parse_exponent(bytes: &[u8]) -> Option<i64> {
    let (negative, digits) = match bytes {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let magnitude = digits.iter().fold(0_i64, |sum, digit| {
        (sum.saturating_mul(10).saturating_add(i64::from(digit & 15))).min(1_000_000_000_000_000_000)
    });
    Some(if negative { -magnitude } else { magnitude })
}

fn trim_leading_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    digits.get(zeros..).unwrap_or_default()
}

fn trim_trailing_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().rev().take_while(|&&digit| digit == b'0').count();
    digits.get(..digits.len().saturating_sub(zeros)).unwrap_or_default()
}

fn length(digits: &[u8]) -> i64 {
    i64::try_from(digits.len()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(text: &str) -> Option<String> {
        let mut bytes = Vec::new();
        Decimal::parse(text)?.spell(|piece| bytes.extend_from_slice(piece));
        Some(String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn one_spelling_for_one_number() {
        for (expected, spellings) in [
            ("7", &["7", "7.0", "70e-1", "0.7e1", "7E0", "7e+0", "7.000e0"][..]),
            ("0", &["0", "-0", "0.0", "0e999999999", "-0.000e-5"]),
            ("-120", &["-120", "-1.2e2", "-12e1", "-120.0"]),
            ("0.05", &["0.05", "5e-2", "0.50e-1"]),
            ("1.5", &["1.5", "15e-1", "0.15E+1"]),
            ("12.5", &["12.5", "1250e-2"]),
            ("1e999999999", &["1e999999999", "10e999999998"]),
            ("15e-1000001", &["1.5e-1000000"]),
        ] {
            for text in spellings {
                assert_eq!(spelled(text).as_deref(), Some(expected), "{text}");
            }
        }
        assert_eq!(spelled("1e40").map(|text| text.len()), Some(41));
    }

    #[test]
    fn what_is_no_json_number() {
        for text in [
            "", "-", "+1", "01", "1.", ".5", "1e", "1e+", "1 ", " 1", "0x1", "NaN", "Infinity", "1,5", "--1",
            "1e1.5", "١",
        ] {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
    }
}
