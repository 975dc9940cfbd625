//! The fast way to say that there is nothing in a text, which is so for most texts of most streams.
//!
//! Both loops over the bytes are written so that the compiler turns them into vector instructions of whatever
//! machine it is: fixed lengths, no branches, no sums that could overflow. They mark the few bytes that could
//! join an address, a name in reverse, coordinates or a MAC address together; these are looked at one by one,
//! and only where enough of one kind stand as close together as in what is looked for is the text not clean.
//! A browser's `Mozilla/5.0 (X11; …; rv:132.0)` is.
//!
//! Invariant: what [`super::scan`] finds is never called clean (a test compares the two), but for `::` without a digit
//! beside it, which is nobody's address.

use super::fold;
use super::scan::BARE_MAC_BYTES;

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

/// The byte is one that something to be folded may begin with.
const OPENER: u32 = 6;

/// All of these but [`HEX`], in each byte of a word.
const MARKS: u64 = (0xff & !(1 << HEX)) * ONES;

/// The most bytes from one dot of an address to the next: octets can have a zero too many, as in `0203.0.0113.7`.
const DOT_REACH: usize = 5;

/// The same of the colons of an address: groups have up to four digits.
const COLON_REACH: usize = 5;

/// The same of the dashes of an address as host names carry it.
const OCTET_REACH: usize = 4;

/// The same of the dashes of a MAC address.
const PAIR_REACH: usize = 3;

/// True if nothing can be found in `text`. False says nothing.
pub(super) fn is_clean(text: &[u8]) -> bool {
    let anywhere = anywhere(text);
    if anywhere == 0 || is_number(text) || is_uuid(text) || is_timestamp(text) {
        return true;
    }
    if anywhere & ANY_AT != 0 {
        return false;
    }
    if anywhere == ANY_OPENER {
        return fold::is_plain(text);
    }
    !Watch::new(text).sees_something()
}

/// What is in a text at first sight.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Glance {
    /// No digit, no colon, no at sign, and nothing to be folded.
    OnlyWords,
    /// Nothing to be folded.
    Plain,
    /// Perhaps something to be folded.
    Openers,
}

pub(super) fn glance(text: &[u8]) -> Glance {
    match anywhere(text) {
        0 => Glance::OnlyWords,
        seen if seen & ANY_OPENER == 0 => Glance::Plain,
        _ => Glance::Openers,
    }
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

/// Marks of one kind, each within reach of the one before.
#[derive(Clone, Copy, Default)]
struct Row {
    last: usize,
    len: usize,
}

impl Row {
    /// Takes the mark at `at`; how many stand in a row now.
    const fn add(&mut self, at: usize, reach: usize) -> usize {
        let is_close = at.wrapping_sub(self.last) <= reach;
        self.len = if is_close { self.len.wrapping_add(1) } else { 1 };
        self.last = at;
        self.len
    }
}

/// What has been seen of a text so far, from its beginning.
struct Watch<'a> {
    text: &'a [u8],
    dots: Row,
    colons: Row,
    octets: Row,
    pairs: Row,
    /// A number with two decimals was there.
    has_decimal: bool,
    /// The last group of four was of hexadecimal digits.
    hex_before: bool,
    /// Up to here runs of hexadecimal digits have been measured.
    hex_until: usize,
}

impl<'a> Watch<'a> {
    fn new(text: &'a [u8]) -> Self {
        let row = Row::default();
        Self {
            text,
            dots: row,
            colons: row,
            octets: row,
            pairs: row,
            has_decimal: false,
            hex_before: false,
            hex_until: 0,
        }
    }

    /// True if there is the least of which an address, a name in reverse, a pair of coordinates or a MAC
    /// address consists, or something to be folded.
    fn sees_something(&mut self) -> bool {
        let mut at = 0;
        // The first byte has no neighbour, so it is looked at behind a blank one.
        if self.step(&padded(1, self.text), at) {
            return true;
        }
        let mut rest = self.text.get(LANES - 1..).unwrap_or_default();
        while let Some(window) = rest.first_chunk::<WINDOW>() {
            at += LANES;
            if self.step(window, at) {
                return true;
            }
            rest = rest.get(LANES..).unwrap_or_default();
        }
        !rest.is_empty() && self.step(&padded(0, rest), at + LANES)
    }

    /// Looks at the bytes from `at` on, which stand in `window` between their neighbours.
    #[inline(always)]
    fn step(&mut self, window: &[u8; WINDOW], mut at: usize) -> bool {
        for word in seen(window).as_chunks::<8>().0 {
            let word = u64::from_le_bytes(*word);
            let hex = (word >> HEX) & ONES;
            let twos = hex & (hex >> 8);
            let fours = twos & (twos >> 16);
            let (low, high) = (fours & 1 != 0, (fours >> 32) & 1 != 0);
            // Two aligned groups of four in a row: every run of twelve holds them.
            if low & (self.hex_before | high) && self.is_bare_mac(at.saturating_sub(1)) {
                return true;
            }
            self.hex_before = high;
            let marks = word & MARKS;
            if marks != 0 && self.marks(marks, at) {
                return true;
            }
            at += 8;
        }
        false
    }

    /// Looks at the marks of eight bytes from `at` on.
    fn marks(&mut self, mut marks: u64, at: usize) -> bool {
        while marks != 0 {
            let shift = marks.trailing_zeros() & !7;
            let [mark, ..] = (marks >> shift).to_le_bytes();
            if self.mark(mark, at + usize::try_from(shift / 8).unwrap_or_default()) {
                return true;
            }
            marks &= !(0xff << shift);
        }
        false
    }

    fn mark(&mut self, mark: u8, at: usize) -> bool {
        let is = |bit: u32| mark & (1 << bit) != 0;
        (is(DOT) && (self.dots.add(at, DOT_REACH) > 1 || self.is_second_decimal(at)))
            || (is(COLON) && self.colons.add(at, COLON_REACH) > 3)
            || (is(OCTETS) && self.octets.add(at, OCTET_REACH) > 2)
            || (is(PAIRS) && self.pairs.add(at, PAIR_REACH) > 4)
            || is(DOUBLE)
            || (is(OPENER) && fold::is_folded_at(self.text, at))
    }

    /// True if another number with two decimals, as coordinates have them, came before the one whose point is
    /// at `at`.
    fn is_second_decimal(&mut self, at: usize) -> bool {
        let around = self.text.get(at.saturating_sub(1)..).and_then(|around| around.first_chunk::<4>());
        let is_decimal = around.is_some_and(|[a, _, b, c]| is_digit(*a) & is_digit(*b) & is_digit(*c));
        is_decimal && std::mem::replace(&mut self.has_decimal, true)
    }

    /// True if the run of hexadecimal digits around `at` is a word of twelve, as far as it stands alone.
    fn is_bare_mac(&mut self, at: usize) -> bool {
        if at < self.hex_until {
            return false;
        }
        let (before, behind) = self.text.split_at_checked(at).unwrap_or((self.text, &[]));
        let hex = |bytes: &mut dyn Iterator<Item = &u8>| {
            bytes.take(BARE_MAC_BYTES + 1).take_while(|byte| is_hex(**byte)).count()
        };
        let (left, right) = (hex(&mut before.iter().rev()), hex(&mut behind.iter()));
        self.hex_until = at + right;
        // Dashes and underscores lengthen a word.
        let is_word = |byte: Option<&u8>| {
            byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':'))
        };
        left + right == BARE_MAC_BYTES
            && !is_word(before.iter().rev().nth(left))
            && !is_word(behind.get(right))
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
            | u8::from(hex_before) << HEX
            | u8::from(is_opener(*byte)) << OPENER;
    }
    seen
}

#[cfg(test)]
#[path = "reject_tests.rs"]
mod tests;
