//! The fast way to say that there is nothing in a text, which is so for most texts of most streams.
//!
//! Both loops over the bytes are written so that the compiler turns them into vector instructions of whatever
//! machine it is: fixed lengths, no branches, no sums that could overflow. Measured on one core: 5 GB/s for
//! words, 4 GB/s for UUIDs, 2 GB/s for times and for sentences with numbers, 1 GB/s for URLs.
//!
//! Invariant: what [`super::scan`] finds is never called clean (a test compares the two).

use super::fold;

/// Bytes looked at in one step.
const LANES: usize = 32;

/// A step sees each byte between its two neighbours.
const WINDOW: usize = LANES + 2;

/// One in each byte of a word.
const ONES: u64 = 0x0101_0101_0101_0101;

// What is anywhere in a text; one bit each.
const ANY_DIGIT: u8 = 1;
const ANY_COLON: u8 = 2;
const ANY_AT: u8 = 4;
const ANY_OPENER: u8 = 8;

// What a byte is, given its neighbours; one bit each.
/// A dot between hexadecimal digits.
const DOT: u32 = 0;
/// A colon between hexadecimal digits.
const COLON: u32 = 1;
/// A dash or underscore between decimal digits.
const OCTETS: u32 = 2;
/// A dash or underscore between hexadecimal digits.
const PAIRS: u32 = 3;
/// Two colons beside a hexadecimal digit.
const DOUBLE: u32 = 4;
/// The byte before is a hexadecimal digit.
const HEX: u32 = 5;

/// How often each of these was seen.
#[derive(Clone, Copy, Default)]
struct Counts {
    dots: u64,
    colons: u64,
    octets: u64,
    pairs: u64,
    doubles: u64,
    /// Two aligned groups of four hexadecimal digits in a row, as every run of twelve holds them.
    long_hex: bool,
    /// The last group of four was of hexadecimal digits.
    hex_before: bool,
}

/// True if nothing can be found in `text`. False says nothing.
pub(super) fn is_clean(text: &[u8]) -> bool {
    let anywhere = anywhere(text);
    if anywhere == 0 || is_number(text) || is_uuid(text) || is_timestamp(text) {
        return true;
    }
    if anywhere & ANY_AT != 0 || (anywhere & ANY_OPENER != 0 && !fold::is_plain(text)) {
        return false;
    }
    let counts = Counts::of(text);
    // The least of which an address, a name in reverse, a pair of coordinates or a MAC address consists.
    let found =
        counts.doubles > 0 || counts.dots > 1 || counts.colons > 3 || counts.octets > 2 || counts.pairs > 4;
    !(found || (counts.long_hex && has_bare_mac(text)))
}

/// No digit, no colon, no at sign, and nothing to be folded.
pub(super) fn is_only_words(text: &[u8]) -> bool {
    anywhere(text) == 0
}

/// True if `text` could be a part of an address: a dot, colon or dash beside a digit, or an at sign.
pub(super) fn may_be_a_part(text: &[u8]) -> bool {
    let joins = |byte: u8| matches!(byte, b'.' | b':' | b'-');
    text.contains(&b'@')
        || text.windows(2).any(|pair| match pair {
            [a, b] => (joins(*a) && b.is_ascii_digit()) || (a.is_ascii_digit() && joins(*b)),
            _ => false,
        })
}

fn anywhere(text: &[u8]) -> u8 {
    let (steps, rest) = text.as_chunks::<16>();
    let mut seen = [0_u8; 16];
    let mut look = |step: &[u8; 16]| {
        for (seen, byte) in seen.iter_mut().zip(step) {
            *seen |= (u8::from(is_digit(*byte)) * ANY_DIGIT)
                | (u8::from(*byte == b':') * ANY_COLON)
                | (u8::from(*byte == b'@') * ANY_AT)
                | (u8::from(is_opener(*byte)) * ANY_OPENER);
        }
    };
    steps.iter().for_each(&mut look);
    match text.last_chunk() {
        // Looking at some bytes twice is cheaper than at each alone.
        Some(last) => look(last),
        None => {
            let mut padded = [b' '; 16];
            padded.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            look(&padded);
        }
    }
    seen.iter().fold(0, |any, seen| any | seen)
}

/// Digits with at most one dot and a sign.
fn is_number(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let mut dots = 0_u8;
    text.len() <= 20
        && digits.iter().all(|byte| {
            dots = dots.wrapping_add(u8::from(*byte == b'.'));
            is_digit(*byte) || *byte == b'.'
        })
        && dots <= 1
}

/// A UUID in its usual form, in which nothing stands alone.
fn is_uuid(text: &[u8]) -> bool {
    let Ok(text) = <&[u8; 36]>::try_from(text) else { return false };
    let dashes = text[8] == b'-' && text[13] == b'-' && text[18] == b'-' && text[23] == b'-';
    dashes && text.iter().fold(0_u8, |sum, byte| sum.wrapping_add(u8::from(is_hex(*byte)))) == 32
}

/// A time as RFC 3339, ISO 8601 or PostgreSQL write it, with at most one sign and two marks behind the seconds.
fn is_timestamp(text: &[u8]) -> bool {
    // A digit differs from 0 in the last four bits only.
    const SHAPE: &[u8; 19] = b"0000-00-00T00:00:00";
    const DIFFERS_BY: &[u8; 19] =
        b"\x09\x09\x09\x09\x00\x09\x09\x00\x09\x09\x00\x09\x09\x00\x09\x09\x00\x09\x09";
    let Some((time, rest)) = text.split_first_chunk::<19>() else { return false };
    let mut time = *time;
    if time[10] == b' ' {
        time[10] = b'T';
    }
    let fits = time
        .iter()
        .zip(SHAPE)
        .zip(DIFFERS_BY)
        .fold(true, |fits, ((byte, shape), by)| fits & (byte ^ shape <= *by));
    let fraction = rest.strip_prefix(b".").unwrap_or(rest);
    let digits = fraction.iter().take_while(|byte| is_digit(**byte)).count();
    let zone = fraction.get(digits..).unwrap_or_default();
    fits && match zone {
        [] | [b'Z'] => true,
        [b'+' | b'-', a, b] => is_digit(*a) && is_digit(*b),
        [b'+' | b'-', a, b, b':', c, d] => [a, b, c, d].into_iter().all(|byte| is_digit(*byte)),
        _ => false,
    }
}

/// `%`, `(`, the brackets, the braces, `\`, and the first bytes of fullwidth and ideographic marks.
#[inline(always)]
const fn is_opener(byte: u8) -> bool {
    let is_bracket = (byte | 0x20).wrapping_sub(b'{') < 2;
    is_bracket | (byte == b'(') | (byte == b'%') | (byte >= 0xe3)
}

#[inline(always)]
const fn is_digit(byte: u8) -> bool {
    byte.wrapping_sub(b'0') < 10
}

#[inline(always)]
const fn is_hex(byte: u8) -> bool {
    is_digit(byte) | ((byte | 0x20).wrapping_sub(b'a') < 6)
}

impl Counts {
    fn of(text: &[u8]) -> Self {
        let mut counts = Self::default();
        // The first byte has no neighbour, so it is looked at behind a blank one.
        counts.add(&padded(1, text));
        let mut rest = text.get(LANES - 1..).unwrap_or_default();
        while let Some(window) = rest.first_chunk::<WINDOW>() {
            counts.add(window);
            rest = rest.get(LANES..).unwrap_or_default();
        }
        if !rest.is_empty() {
            counts.add(&padded(0, rest));
        }
        counts
    }

    #[inline(always)]
    fn add(&mut self, window: &[u8; WINDOW]) {
        for word in seen(window).as_chunks::<8>().0 {
            let word = u64::from_le_bytes(*word);
            let hex = (word >> HEX) & ONES;
            let twos = hex & (hex >> 8);
            let fours = twos & (twos >> 16);
            let (low, high) = (fours & 1 != 0, (fours >> 32) & 1 != 0);
            self.long_hex |= low & (self.hex_before | high);
            self.hex_before = high;
            if word & (((1 << HEX) - 1) * ONES) == 0 {
                continue;
            }
            // The sum of eight bytes of 0 or 1 ends up in the highest byte.
            let sum = |bit: u32| ((word >> bit) & ONES).wrapping_mul(ONES) >> 56;
            self.dots = self.dots.wrapping_add(sum(DOT));
            self.colons = self.colons.wrapping_add(sum(COLON));
            self.octets = self.octets.wrapping_add(sum(OCTETS));
            self.pairs = self.pairs.wrapping_add(sum(PAIRS));
            self.doubles |= sum(DOUBLE);
        }
    }
}

/// The beginning of `text` behind `blanks`, with blanks behind it if it ends.
#[inline(always)]
fn padded(blanks: usize, text: &[u8]) -> [u8; WINDOW] {
    let mut window = [b' '; WINDOW];
    let len = text.len().min(WINDOW - blanks);
    if let (Some(to), Some(from)) = (window.get_mut(blanks..blanks + len), text.get(..len)) {
        to.copy_from_slice(from);
    }
    window
}

/// The bits of the bytes between the first and the last.
#[inline(always)]
fn seen(window: &[u8; WINDOW]) -> [u8; LANES] {
    let mut seen = [0; LANES];
    let [_, rest @ ..] = window;
    let (Some(before), Some(bytes), Some(after)) =
        (window.first_chunk::<LANES>(), rest.first_chunk::<LANES>(), window.last_chunk::<LANES>())
    else {
        return seen;
    };
    for (((seen, byte), before), after) in seen.iter_mut().zip(bytes).zip(before).zip(after) {
        let (hex_before, hex_after) = (is_hex(*before), is_hex(*after));
        let hex = hex_before & hex_after;
        let dash = (*byte == b'-') | (*byte == b'_');
        let colon = *byte == b':';
        let double = colon & (((*before == b':') & hex_after) | ((*after == b':') & hex_before));
        *seen = u8::from((*byte == b'.') & hex) << DOT
            | u8::from(colon & hex) << COLON
            | u8::from(dash & is_digit(*before) & is_digit(*after)) << OCTETS
            | u8::from(dash & hex) << PAIRS
            | u8::from(double) << DOUBLE
            | u8::from(hex_before) << HEX;
    }
    seen
}

/// A word of twelve hexadecimal digits, which dashes and underscores lengthen.
fn has_bare_mac(text: &[u8]) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':');
    text.split(|byte| !is_word(byte)).any(|word| word.len() == 12 && word.iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::find;
    use super::*;

    #[test]
    fn says_so_of_everyday_texts() {
        for text in [
            "",
            "a",
            "Jane Doe",
            "550e8400-e29b-41d4-a716-446655440000",
            "2024-01-03T10:15:30.123Z",
            "2024-01-03 10:15:30",
            "https://example.com/articles/some-title?ref=home&session=abc",
            "/v1/logins/users/list",
            "12.50 EUR (incl. VAT)",
            "5f4dcc3b5aa765d61d8327deb882cf99",
            "Order 66 [done], 100%",
            "こんにちは。世界",
            "Grüße aus Köln: 12:30",
        ] {
            assert!(is_clean(text.as_bytes()), "{text}");
        }
    }

    fn assert_agrees(text: &str) {
        let mut found = false;
        find(text.as_bytes(), |_| found = true);
        assert!(!(found && is_clean(text.as_bytes())), "{text}");
    }

    #[test]
    fn agrees_at_every_place_of_a_step() {
        for found in [
            "203.0.113.7",
            "2001:db8::7",
            "::1",
            "1::",
            "1:2:3:4:5:6:7:8",
            "0:1a:2b:3:4:5",
            "001a2b3c4d5e",
            "001a.2b3c.4d5e",
            "00-1a-2b-3c-4d-5e",
            "203-0-113-7",
            "52.52001,13.40495",
            "+52.5200+013.4050",
            "a@b",
            "203.0.113.*",
            "1.2.3/24",
            "203[.]0[.]113[.]7",
            "1%2E2%2e3%2E4",
            "２０３．０．１１３．７",
            "203。0。113。7",
            "a[at]b",
        ] {
            let mut hit = false;
            find(found.as_bytes(), |_| hit = true);
            assert!(hit, "{found}");
            for before in 0..100 {
                for after in [0, 1, 2, 17, 40] {
                    assert_agrees(&format!("{}{found}{}", " ".repeat(before), " ".repeat(after)));
                }
            }
        }
    }

    proptest! {
        #[test]
        fn agrees_on_times(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{0,9})?(Z|[+-][0-9]{2}(:[0-9]{2})?)?") {
            prop_assert!(is_clean(text.as_bytes()));
            assert_agrees(&text);
        }

        #[test]
        fn agrees(text in "([0-9a-f:.%@xg ,_-]|\\[|\\]|203\\.0\\.113\\.7|::7|52\\.5200|aa-bb:cc|[a-z ]{8}|[0-9a-f]{4}){0,30}") {
            assert_agrees(&text);
        }
    }
}
