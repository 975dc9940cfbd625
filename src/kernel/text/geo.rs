//! Coordinates: two or more decimal numbers with enough decimals, close together.

use super::class::end_of_run;
use crate::kernel::geo::Grid;
use crate::kernel::treatment::Treatment;
use crate::kernel::value::Value;

/// More between two numbers, and they are no pair.
const MAX_GAP_BYTES: usize = 24;

/// So far before the first number a word is looked for.
const WORD_BYTES: usize = 16;

/// Decimals from which two numbers are a pair without a word that says so: 0.001 degrees are 111 m.
const PLAIN_DECIMALS: usize = 3;

/// Decimals from which two numbers are a pair where a word says so.
const NAMED_DECIMALS: usize = 2;

/// Words that may stand between the numbers.
const WORDS: [&[u8]; 15] = [
    b"lat",
    b"latitude",
    b"lon",
    b"long",
    b"longitude",
    b"lng",
    b"n",
    b"s",
    b"e",
    b"w",
    b"x",
    b"y",
    b"and",
    b"deg",
    b"geo",
];

/// A decimal number that could be an angle in degrees.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coordinate {
    start: usize,
    end: usize,
    decimals: usize,
}

impl Coordinate {
    /// Reads digits, a dot and digits; the sign before them belongs to the number.
    pub(super) fn read(bytes: &[u8], start: usize, end: usize) -> Option<Self> {
        let number = bytes.get(start..end)?;
        let point = number.iter().position(|&byte| byte == b'.')?;
        let degrees = number
            .get(..point)?
            .iter()
            .fold(0_u32, |sum, digit| sum.saturating_mul(10).saturating_add(u32::from(digit & 15)));
        let decimals = number.len() - point - 1;
        let signed = start.checked_sub(1).and_then(|before| bytes.get(before));
        let start = if matches!(signed, Some(b'-' | b'+')) { start - 1 } else { start };
        (degrees <= 360 && decimals >= NAMED_DECIMALS).then_some(Self { start, end, decimals })
    }

    pub(super) const fn end(&self) -> usize {
        self.end
    }

    /// Where the pair of this number and the `next` one begins, if they are one.
    pub(super) fn pair_with(&self, next: &Self, bytes: &[u8]) -> Option<usize> {
        let gap = bytes.get(self.end..next.start).filter(|gap| gap.len() <= MAX_GAP_BYTES)?;
        if !is_gap(gap) {
            return None;
        }
        let named = || {
            let before = bytes.get(self.start.saturating_sub(WORD_BYTES)..self.start).unwrap_or_default();
            has_name(gap) || has_name(before)
        };
        let plain = self.decimals >= PLAIN_DECIMALS && next.decimals >= PLAIN_DECIMALS;
        (plain || named()).then_some(self.start)
    }
}

fn is_gap(gap: &[u8]) -> bool {
    let mut at = 0;
    while at < gap.len() {
        let word = end_of_run(gap, at, gap.len(), |byte| byte.is_ascii_alphabetic());
        if word > at {
            let name = gap.get(at..word).unwrap_or_default();
            if !WORDS.iter().any(|word| name.eq_ignore_ascii_case(word)) {
                return false;
            }
            at = word;
            continue;
        }
        match gap.get(at) {
            // The bytes of the degree sign.
            Some(0xc2 | 0xb0) => (),
            Some(byte) if byte.is_ascii_digit() || *byte >= 0x80 => return false,
            _ => (),
        }
        at += 1;
    }
    true
}

fn has_name(text: &[u8]) -> bool {
    [&b"lat"[..], b"lon", b"lng", b"geo", b"gps", b"coord", b"\xc2\xb0", b"point", b"pos"]
        .iter()
        .any(|name| text.windows(name.len()).any(|window| window.eq_ignore_ascii_case(name)))
}

/// Writes a finding with each of its numbers at the corner of its cell.
pub(super) fn write_gridded(found: &str, grid: &Grid, out: &mut String) {
    let grid = Treatment::Grid(*grid);
    let mut rest = found;
    let mut scratch = String::new();
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let signed =
            rest.get(..start).and_then(|before| before.chars().next_back()).is_some_and(|c| c == '-');
        let start = if signed { start - 1 } else { start };
        let (before, number) = rest.split_at_checked(start).unwrap_or((rest, ""));
        let end =
            number.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-'))).unwrap_or(number.len());
        let (number, after) = number.split_at_checked(end).unwrap_or((number, ""));
        out.push_str(before);
        match grid.treat(Value::Text(number), &mut scratch) {
            Value::Text(corner) => out.push_str(corner),
            _ => out.push_str("[geo]"),
        }
        rest = after;
    }
    out.push_str(rest);
}
