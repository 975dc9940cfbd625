//! What a client writes down that is more than it looks like: values within values so deep that whoever walks through them
//! runs out of stack, and numbers that have more digits than the text that spells them (`[1e131071, 1e131071, ...]`).
//!
//! Texts are looked at as bytes, whatever type they are read as: brackets that are still open, and numbers with an exponent
//! that stand for themselves.
//!
//! Invariant: what is not excessive is nested at most [`MAX_DEPTH`] deep as a document, an array, a row or a search, and
//! has at most [`MAX_DIGITS`] digits more than it has bytes.
//! Not here: what is made of it (`analyse::growth`).

/// Brackets within brackets beyond this are too deep.
const MAX_DEPTH: usize = 1_000;

/// Digits that are not written down beyond this are too many.
const MAX_DIGITS: usize = 1_000_000;

/// No exponent of a number that the server reads has more digits, but for zeros in front.
const MAX_EXPONENT: usize = 200_000;

/// True if a text is too deep or spells too many digits.
#[must_use]
pub fn is_excessive(text: &[u8]) -> bool {
    is_deep(text) || digits(text) > MAX_DIGITS
}

fn is_deep(text: &[u8]) -> bool {
    let mut open = 0_usize;
    text.iter().any(|byte| {
        match byte {
            b'[' | b'{' | b'(' => open = open.saturating_add(1),
            b']' | b'}' | b')' => open = open.saturating_sub(1),
            _ => {}
        }
        open > MAX_DEPTH
    })
}

/// How many digits all numbers with an exponent have, as far as they are not written down.
fn digits(text: &[u8]) -> usize {
    let words = text.split(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'+' | b'-' | b'.'));
    words.map(|word| exponent(word).filter(|digits| *digits <= MAX_EXPONENT).unwrap_or(0)).sum()
}

/// The exponent of a number that is written with one, without its sign.
fn exponent(word: &[u8]) -> Option<usize> {
    let at = word.iter().position(|byte| matches!(byte, b'e' | b'E'))?;
    let (mantissa, exponent) = word.split_at_checked(at)?;
    let is_number = mantissa.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.'));
    let exponent = exponent.get(1..)?;
    let exponent = exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-")).unwrap_or(exponent);
    std::str::from_utf8(exponent).ok().filter(|_| is_number)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::is_excessive;

    #[test]
    fn what_is_deep_or_has_many_digits_is_excessive() {
        let deep = |open: &str, times: usize| format!("{}1", open.repeat(times));
        let many = |number: &str, times: usize| format!("[{}]", vec![number; times].join(", "));
        for (text, excessive) in [
            (deep("[", 1_000), false),
            (deep("[", 1_001), true),
            (deep("{\"a\":", 1_001), true),
            (deep("!(", 1_001), true),
            (many("[1]", 5_000), false),
            (many("1e131071", 8), true),
            (many("-1.5E+0131071", 8), true),
            (many("1e-16383", 100), true),
            (many("1e131071", 7), false),
            (many("1e10", 50_000), false),
            (many("0b6b51c2-90a1-4e12-8f3e-8e123456789e", 5_000), false),
            (many("d41d8cd98f00b204e9800998ecf8427e", 5_000), false),
        ] {
            assert_eq!(is_excessive(text.as_bytes()), excessive, "{}", text.get(..40).unwrap_or(&text));
        }
    }
}
