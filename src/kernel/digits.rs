//! Decimal digits to and from integers, without allocation and without `fmt`.

/// The decimal text of an integer, on the stack.
#[derive(Clone, Copy)]
pub struct IntegerText {
    buffer: [u8; 20],
    start: usize,
}

impl IntegerText {
    /// Of a number that is not negative.
    #[must_use]
    pub fn unsigned(mut number: u64) -> Self {
        let mut buffer = [b'0'; 20];
        let mut start = buffer.len();
        for slot in buffer.iter_mut().rev() {
            let [.., low] = (number % 10).to_be_bytes();
            *slot = b'0' | low;
            number /= 10;
            start -= 1;
            if number == 0 {
                break;
            }
        }
        Self { buffer, start }
    }

    /// Of any number.
    #[must_use]
    pub fn signed(number: i64) -> Self {
        let mut text = Self::unsigned(number.unsigned_abs());
        if number < 0 {
            // 2^63 has 19 digits: there is room for the sign.
            text.start = text.start.saturating_sub(1);
            if let Some(slot) = text.buffer.get_mut(text.start) {
                *slot = b'-';
            }
        }
        text
    }

    /// The text, without leading zeros.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let tail = self.buffer.get(self.start..).unwrap_or_default();
        std::str::from_utf8(tail).unwrap_or_default()
    }
}

/// Reads a decimal integer in its one spelling: no `+`, no leading zeros, no `-0`.
pub(super) fn parse_i64(text: &str) -> Option<i64> {
    let (digits, negative) = text.strip_prefix('-').map_or((text, false), |digits| (digits, true));
    let canonical = match digits.as_bytes() {
        [b'0'] => !negative,
        [b'1'..=b'9', rest @ ..] => rest.len() < 19 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if canonical { text.parse().ok() } else { None }
}

/// The value of a hexadecimal digit.
pub(super) const fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_at_the_edges() {
        for number in [0, 1, 9, 10, -1, -10, 1_234_567, i64::MAX, i64::MIN] {
            let text = IntegerText::signed(number);
            assert_eq!(text.as_str(), number.to_string());
            assert_eq!(parse_i64(text.as_str()), Some(number));
        }
        assert_eq!(IntegerText::unsigned(u64::MAX).as_str(), u64::MAX.to_string());
    }

    #[test]
    fn one_spelling_only() {
        for text in ["", "-", "-0", "00", "01", "+1", "1 ", "9223372036854775808", "1e1", "1.0", "١"] {
            assert_eq!(parse_i64(text), None, "{text}");
        }
    }
}
