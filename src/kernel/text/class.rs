//! Classes of bytes.

/// A hexadecimal digit.
const DIGIT: u8 = 1;

/// A character that joins such digits to an address or a number.
const JOINT: u8 = 2;

static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let (mut byte, mut rest) = (0_u8, &mut classes as &mut [u8]);
    while let [class, behind @ ..] = rest {
        *class = match byte {
            b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' => DIGIT,
            b':' | b'.' | b'-' | b'_' => JOINT,
            _ => 0,
        };
        (byte, rest) = (byte.wrapping_add(1), behind);
    }
    classes
};

#[inline(always)]
fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or_default()
}

/// Where the next run of joined digits from `from` on begins and ends, before `to`, and whether anything is joined in it.
pub(super) fn joined_run(bytes: &[u8], from: usize, to: usize) -> (usize, usize, bool) {
    let start = end_of_run(bytes, from, to, |byte| class(byte) == 0);
    let mut seen = 0;
    let end = end_of_run(bytes, start, to, |byte| {
        let class = class(byte);
        seen |= class;
        class != 0
    });
    (start, end, seen & JOINT != 0)
}

/// The byte before `at`, if it is a letter or digit.
pub(super) fn word_before(bytes: &[u8], at: usize) -> bool {
    at.checked_sub(1).and_then(|before| bytes.get(before)).is_some_and(u8::is_ascii_alphanumeric)
}

/// The byte at `at`, if it is a letter or digit.
pub(super) fn word_at(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_some_and(u8::is_ascii_alphanumeric)
}

/// True if what stands before `start` and at `end` is never read as a part of a finding.
pub(super) fn is_apart(bytes: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).and_then(|before| bytes.get(before));
    let separates = |byte: Option<&u8>| {
        byte.is_none_or(|byte| {
            matches!(
                byte,
                b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'(' | b')' | b'<' | b'>' | b',' | b';' | b'&' | b'|'
            )
        })
    };
    (separates(before) || before == Some(&b'=')) && separates(bytes.get(end))
}

/// The first place from `from` on, before `to`, where `wanted` does not hold.
pub(super) fn end_of_run(bytes: &[u8], from: usize, to: usize, mut wanted: impl FnMut(u8) -> bool) -> usize {
    let run = bytes.get(from..to).unwrap_or_default();
    from + run.iter().position(|&byte| !wanted(byte)).unwrap_or(run.len())
}

/// The parts of `bytes[from..to]` between separators, as places.
pub(super) fn parts(
    bytes: &[u8],
    from: usize,
    to: usize,
    is_separator: impl Fn(u8) -> bool,
) -> impl Iterator<Item = (usize, usize)> {
    let mut start = Some(from);
    std::iter::from_fn(move || {
        let begins = start?;
        let ends = end_of_run(bytes, begins, to, |byte| !is_separator(byte));
        start = (ends < to).then_some(ends + 1);
        Some((begins, ends))
    })
}

/// The value of 1 to 4 decimal digits, if it is an octet; leading zeros count for nothing.
pub(super) fn octet(digits: &[u8]) -> Option<u8> {
    if digits.is_empty() || digits.len() > 4 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    u8::try_from(digits.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit & 15))).ok()
}
