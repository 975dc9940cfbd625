//! Runs with colons: IPv6 addresses, MAC addresses, and what only looks alike (times, paths of code).

use std::net::{IpAddr, Ipv6Addr};

use super::class::{parts, word_at, word_before};
use super::dotted;
use super::scan::{Finding, Found, Scanner};
use crate::kernel::ip::Written;

/// The longest text of an IPv6 address: six groups of four digits and an IPv4 address.
const MAX_IPV6_BYTES: usize = 45;

/// Groups of a MAC address.
const MAC_GROUPS: usize = 6;

/// So many groups of more than two digits are more likely a prefix than a time.
const SUSPICIOUS_GROUPS: usize = 5;

/// Takes apart a run of hexadecimal digits, colons and dots. `is_first` and `is_last` say whether it begins
/// and ends the larger run that it was cut from, so that a letter beside it belongs to it.
pub(super) fn take_apart<S: FnMut(&Finding)>(
    scanner: &mut Scanner<'_, S>,
    from: usize,
    to: usize,
    is_first: bool,
    is_last: bool,
) {
    let bytes = scanner.bytes();
    let (start, end) = without_punctuation(bytes, from, to);
    let run = bytes.get(start..end).unwrap_or_default();
    let cut_left = is_first && start == from && word_before(bytes, from);
    let cut_right = is_last && end == to && word_at(bytes, to);
    let shape = Shape::of(run);
    if shape.filled == 0 {
        return;
    }
    if !cut_left && !cut_right && !shape.is_all_pairs() {
        let text = std::str::from_utf8(run).ok().filter(|text| text.len() <= MAX_IPV6_BYTES);
        if let Some(address) = text.and_then(|text| text.parse::<Ipv6Addr>().ok()) {
            let what = Found::Address(Written { address: IpAddr::V6(address), bits: 128 });
            return scanner.found(Finding { start, end, what });
        }
    }
    // In `std::vec` the letters around are part of words, in which `d::` is no address.
    let enough = if cut_left || cut_right { 3 } else { 1 };
    let suspicious = shape.hex_only && shape.filled >= SUSPICIOUS_GROUPS && (3..=4).contains(&shape.longest);
    let compressed = shape.compressed && (shape.filled >= enough || shape.holds_quad);
    if compressed || suspicious {
        return scanner.found(Finding { start, end, what: Found::UnclearAddress });
    }
    macs(scanner, start, end, cut_left);
    for (from, to) in parts(bytes, start, end, |byte| byte == b':') {
        dotted::take_apart(scanner, from, to);
    }
}

/// Drops the full stop or colon of a sentence, but no double colon.
fn without_punctuation(bytes: &[u8], from: usize, to: usize) -> (usize, usize) {
    let (mut start, mut end) = (from, to);
    let run = |start: usize, end: usize| bytes.get(start..end).unwrap_or_default();
    while matches!(run(start, end), [.., b'.']) {
        end -= 1;
    }
    if !matches!(run(start, end), [.., b':', b':']) && matches!(run(start, end), [.., b':']) {
        end -= 1;
    }
    while matches!(run(start, end), [b'.', ..]) {
        start += 1;
    }
    if !matches!(run(start, end), [b':', b':', ..]) && matches!(run(start, end), [b':', ..]) {
        start += 1;
    }
    (start, end)
}

/// What the groups between the colons are like.
struct Shape {
    /// Groups that are not empty.
    filled: usize,
    /// Bytes of the longest and the shortest of these that have no dots.
    longest: usize,
    shortest: usize,
    /// Empty groups, as `::` makes them.
    compressed: bool,
    /// No group has dots.
    hex_only: bool,
    /// A group has as many dots as an IPv4 address.
    holds_quad: bool,
}

impl Shape {
    fn of(run: &[u8]) -> Self {
        let mut shape = Self {
            filled: 0,
            longest: 0,
            shortest: usize::MAX,
            compressed: false,
            hex_only: true,
            holds_quad: false,
        };
        for group in run.split(|&byte| byte == b':') {
            if group.is_empty() {
                shape.compressed = true;
                continue;
            }
            shape.filled += 1;
            if group.contains(&b'.') {
                shape.hex_only = false;
                shape.holds_quad |= group.iter().filter(|&&byte| byte == b'.').count() >= 3;
            } else {
                shape.longest = shape.longest.max(group.len());
                shape.shortest = shape.shortest.min(group.len());
            }
        }
        shape
    }

    /// True for what is rather an EUI-64 or a fingerprint than an IPv6 address.
    const fn is_all_pairs(&self) -> bool {
        !self.compressed && self.longest == 2 && self.shortest == 2
    }
}

/// Six or more groups of one or two digits in a row.
fn macs<S: FnMut(&Finding)>(scanner: &mut Scanner<'_, S>, start: usize, end: usize, cut_left: bool) {
    let bytes = scanner.bytes();
    let mut row: Option<(usize, usize, usize)> = None;
    for (from, to) in parts(bytes, start, end, |byte| byte == b':') {
        let is_pair = matches!(to - from, 1 | 2) && !bytes.get(from..to).unwrap_or_default().contains(&b'.');
        row = match row {
            // In `mac:aa:bb:…` the first group is the end of a word.
            Some((first, _, 1))
                if is_pair && cut_left && first == start && enough_follow(bytes, from, end) =>
            {
                Some((from, to, 1))
            }
            Some((first, _, groups)) if is_pair => Some((first, to, groups + 1)),
            None if is_pair => Some((from, to, 1)),
            row => {
                mac(scanner, row);
                None
            }
        };
    }
    mac(scanner, row);
}

fn enough_follow(bytes: &[u8], from: usize, end: usize) -> bool {
    let mut groups = parts(bytes, from, end, |byte| byte == b':').take(MAC_GROUPS);
    groups.by_ref().filter(|(from, to)| matches!(to - from, 1 | 2)).count() == MAC_GROUPS
}

fn mac<S: FnMut(&Finding)>(scanner: &mut Scanner<'_, S>, row: Option<(usize, usize, usize)>) {
    if let Some((start, end, groups)) = row
        && groups >= MAC_GROUPS
    {
        scanner.found(Finding { start, end, what: Found::Mac });
    }
}
