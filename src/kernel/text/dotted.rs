//! Runs with dots: IPv4 addresses, Cisco's MAC addresses, reverse names, decimal numbers.

use super::class::{end_of_run, octet, parts, word_at};
use super::geo::Coordinate;
use super::scan::{Finding, Found, Scanner};
use crate::kernel::ip::{Written, take_v4};

/// Single hexadecimal digits in a row that make a name under `ip6.arpa`.
const MIN_NIBBLES: usize = 8;

/// The least bytes that three groups of four digits take, or eight of one.
const MIN_GROUPED_BYTES: usize = 14;

/// Takes apart a run of hexadecimal digits and dots.
pub(super) fn take_apart<S: FnMut(&Finding)>(scanner: &mut Scanner<'_, S>, from: usize, to: usize) {
    let bytes = scanner.bytes();
    if to - from < 3 {
        return;
    }
    if to - from >= MIN_GROUPED_BYTES {
        rows(scanner, from, to, |part| part.len() == 1, MIN_NIBBLES, Found::UnclearAddress);
        rows(scanner, from, to, |part| part.len() == 4, 3, Found::Mac);
    }
    let is_decimal = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    let mut at = from;
    while at < to {
        let start = end_of_run(bytes, at, to, |byte| !is_decimal(byte));
        let end = end_of_run(bytes, start, to, is_decimal);
        chains(scanner, start, end);
        at = end.max(at + 1);
    }
}

/// How many octets stand in a row at `from`, up to four.
pub(super) fn leading_octets(bytes: &[u8], from: usize, to: usize) -> usize {
    let mut groups = parts(bytes, from, to, |byte| byte == b'.').take(4);
    groups.by_ref().take_while(|&(from, to)| octet(bytes.get(from..to).unwrap_or_default()).is_some()).count()
}

/// `least` or more parts of one shape in a row.
fn rows<S: FnMut(&Finding)>(
    scanner: &mut Scanner<'_, S>,
    from: usize,
    to: usize,
    fits: impl Fn(&[u8]) -> bool,
    least: usize,
    what: Found,
) {
    let bytes = scanner.bytes();
    let mut row: Option<(usize, usize, usize)> = None;
    let mut close = |row: Option<(usize, usize, usize)>| {
        if let Some((start, end, count)) = row
            && count >= least
        {
            scanner.found(Finding { start, end, what });
        }
    };
    for (from, to) in parts(bytes, from, to, |byte| byte == b'.') {
        row = match row {
            Some((start, _, count)) if fits(bytes.get(from..to).unwrap_or_default()) => {
                Some((start, to, count + 1))
            }
            None if fits(bytes.get(from..to).unwrap_or_default()) => Some((from, to, 1)),
            row => {
                close(row);
                None
            }
        };
    }
    close(row);
}

/// Decimal groups joined by single dots.
struct Chain {
    start: usize,
    end: usize,
    groups: usize,
    /// Octets in a row, now and at most.
    octets: usize,
    most_octets: usize,
}

/// Cuts a run of digits and dots into chains.
fn chains<S: FnMut(&Finding)>(scanner: &mut Scanner<'_, S>, from: usize, to: usize) {
    let bytes = scanner.bytes();
    let mut chain: Option<Chain> = None;
    for (from, to) in parts(bytes, from, to, |byte| byte == b'.') {
        if from == to {
            if let Some(chain) = chain.take() {
                judge(scanner, &chain);
            }
            continue;
        }
        let chain = chain.get_or_insert(Chain { start: from, end: to, groups: 0, octets: 0, most_octets: 0 });
        let is_octet = octet(bytes.get(from..to).unwrap_or_default()).is_some();
        chain.octets = if is_octet { chain.octets + 1 } else { 0 };
        chain.most_octets = chain.most_octets.max(chain.octets);
        chain.groups += 1;
        chain.end = to;
    }
    if let Some(chain) = chain {
        judge(scanner, &chain);
    }
}

fn judge<S: FnMut(&Finding)>(scanner: &mut Scanner<'_, S>, chain: &Chain) {
    let bytes = scanner.bytes();
    let &Chain { start, end, groups, most_octets, .. } = chain;
    let run = bytes.get(start..end).unwrap_or_default();
    let rest = bytes.get(end..).unwrap_or_default();
    if most_octets >= 4 {
        let what = match take_v4(run) {
            Some((v4, [])) if !is_reverse_name(rest) => {
                Found::Address(Written { address: v4.into(), bits: 32 })
            }
            _ => Found::UnclearAddress,
        };
        scanner.found(Finding { start, end, what });
    } else if groups == 3 && most_octets == 3 {
        if let Some(len) = wildcard(rest).or_else(|| short_prefix(rest)) {
            scanner.found(Finding { start, end: end + len, what: Found::UnclearAddress });
        }
    } else if let Some(number) = Coordinate::read(bytes, start, end).filter(|_| groups == 2) {
        scanner.decimal(number);
    }
}

/// In `7.113.0.203.in-addr.arpa` the network is written last.
fn is_reverse_name(rest: &[u8]) -> bool {
    rest.get(..13).is_some_and(|name| name.eq_ignore_ascii_case(b".in-addr.arpa"))
}

/// `.x`, `.xxx` or `.*` in place of the fourth octet.
fn wildcard(rest: &[u8]) -> Option<usize> {
    let mark = rest.get(1).copied().filter(|mark| matches!(mark, b'x' | b'X' | b'*'))?;
    let end = end_of_run(rest, 1, rest.len().min(4), |byte| byte == mark);
    (rest.first() == Some(&b'.') && !word_at(rest, end)).then_some(end)
}

/// `/24` behind three octets.
fn short_prefix(rest: &[u8]) -> Option<usize> {
    match rest {
        [b'/', b'1', b'7'..=b'9', after @ ..]
        | [b'/', b'2', b'0'..=b'9', after @ ..]
        | [b'/', b'3', b'0'..=b'2', after @ ..]
            if !word_at(after, 0) =>
        {
            Some(3)
        }
        _ => None,
    }
}
