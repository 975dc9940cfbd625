//! The one pass over a text: e-mail addresses by their at signs, and between them runs of hexadecimal digits
//! joined by colons, dots, dashes and underscores, each of which is taken apart once.

use super::class::{end_of_run, joined_run, parts, word_at, word_before};
use super::dashed::Dashed;
use super::{Kind, colon, dotted, email, geo};
use crate::kernel::ip::{Written, parse_number};

/// Digits of a MAC address without marks.
pub(super) const BARE_MAC_BYTES: usize = 12;

/// Something location-grade in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) what: Found,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// An address that reads in one way only.
    Address(Written),
    /// What may be an address, or holds one, but does not read as one.
    UnclearAddress,
    Mac,
    Geo,
    Email,
}

impl Found {
    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Address(_) | Self::UnclearAddress => Kind::Ip,
            Self::Mac => Kind::Mac,
            Self::Geo => Kind::Geo,
            Self::Email => Kind::Email,
        }
    }
}

/// A scan under way.
pub(super) struct Scanner<'a, S> {
    bytes: &'a [u8],
    sink: &'a mut S,
    /// Held back until it is sure that nothing overlaps it.
    pending: Option<Finding>,
    /// The last number that could be the first of a pair of coordinates.
    coordinate: Option<geo::Coordinate>,
}

impl<'a, S: FnMut(&Finding)> Scanner<'a, S> {
    pub(super) const fn new(bytes: &'a [u8], sink: &'a mut S) -> Self {
        Self { bytes, sink, pending: None, coordinate: None }
    }

    pub(super) const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    pub(super) fn scan(mut self) {
        let mut from = 0;
        for at in memchr::memchr_iter(b'@', self.bytes) {
            if let Some((start, end)) = email::around(self.bytes, from, at) {
                self.scan_between(from, start);
                self.found(Finding { start, end, what: Found::Email });
                from = end;
            }
        }
        self.scan_between(from, self.bytes.len());
        self.flush();
    }

    fn scan_between(&mut self, from: usize, to: usize) {
        let mut at = from;
        while at < to {
            let (start, end, is_joined) = joined_run(self.bytes, at, to);
            // Of digits alone only a MAC address consists.
            if (is_joined && end - start > 2) || end - start == BARE_MAC_BYTES {
                self.take_apart(start, end, to);
            }
            at = end;
        }
    }

    /// The same without leaving anything out that looks harmless from afar, to compare with.
    #[cfg(test)]
    pub(super) fn scan_every_run(mut self) {
        let is_joined = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.' | b'-' | b'_');
        let (mut at, to) = (0, self.bytes.len());
        while at < to {
            let start = end_of_run(self.bytes, at, to, |byte| !is_joined(byte));
            let end = end_of_run(self.bytes, start, to, is_joined);
            self.take_apart(start, end, to);
            at = end;
        }
        self.flush();
    }

    /// Takes one run apart at its dashes and underscores. Behind `limit` stands an e-mail address.
    fn take_apart(&mut self, start: usize, end: usize, limit: usize) {
        let mut dashed = Dashed::new(self.bytes, start);
        for (from, to) in parts(self.bytes, start, end, |byte| matches!(byte, b'-' | b'_')) {
            let part = self.bytes.get(from..to).unwrap_or_default();
            let has_colon = part.contains(&b':');
            if !has_colon && !part.contains(&b'.') {
                dashed.part(self, from, to);
                continue;
            }
            dashed.last_part(self, from, to);
            if has_colon {
                colon::take_apart(self, from, to, from == start, to == end && end < limit);
            } else {
                dotted::take_apart(self, from, to);
            }
            dashed = Dashed::after(self.bytes, from, to);
        }
        dashed.finish(self);
        self.bare_mac(start, end);
    }

    /// Twelve hexadecimal digits that stand alone, digits and letters among them.
    fn bare_mac(&mut self, start: usize, end: usize) {
        let end = if self.bytes.get(end.saturating_sub(1)) == Some(&b'.') { end - 1 } else { end };
        let run = self.bytes.get(start..end).unwrap_or_default();
        let alone = !word_before(self.bytes, start) && !word_at(self.bytes, end);
        if run.len() == BARE_MAC_BYTES
            && alone
            && run.iter().all(u8::is_ascii_hexdigit)
            && run.iter().any(u8::is_ascii_digit)
            && run.iter().any(u8::is_ascii_alphabetic)
        {
            self.found(Finding { start, end, what: Found::Mac });
        }
    }

    /// Takes a finding, with what belongs to it on either side. Findings that overlap become one.
    pub(super) fn found(&mut self, finding: Finding) {
        let finding = if finding.what.kind() == Kind::Ip { self.with_suffix(finding) } else { finding };
        if finding.what != Found::Geo {
            self.coordinate = None;
        }
        self.pending = match self.pending.take() {
            Some(before) if finding.start < before.end => {
                let what = if before.what == finding.what { before.what } else { Found::UnclearAddress };
                let (start, end) = (before.start.min(finding.start), before.end.max(finding.end));
                Some(Finding { start, end, what })
            }
            Some(before) => {
                (self.sink)(&before);
                Some(finding)
            }
            None => Some(finding),
        };
    }

    /// Takes a decimal number, which is a coordinate if another stands by.
    pub(super) fn decimal(&mut self, number: geo::Coordinate) {
        let before = self.coordinate.replace(number);
        let Some(start) = before.and_then(|before| before.pair_with(&number, self.bytes)) else { return };
        // A third number by the second one belongs to the same finding.
        if let Some(last) = &mut self.pending
            && last.what == Found::Geo
            && last.end > start
        {
            last.end = number.end();
        } else {
            self.found(Finding { start, end: number.end(), what: Found::Geo });
        }
    }

    fn flush(&mut self) {
        if let Some(finding) = self.pending.take() {
            (self.sink)(&finding);
        }
    }

    /// The zone and the prefix of an address. A port stays where it is, as all the rest does.
    fn with_suffix(&self, finding: Finding) -> Finding {
        let Finding { start, mut end, mut what } = finding;
        let is_v6 = match what {
            Found::Address(written) => written.address.is_ipv6(),
            _ => true,
        };
        if is_v6 && self.bytes.get(end) == Some(&b'%') {
            let zone = end_of_run(self.bytes, end + 1, self.bytes.len(), |byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'%' | b'~')
            });
            end = if zone > end + 1 { zone } else { end };
        }
        let mut prefixed = false;
        // More than one prefix is taken, so that the first of a network written here stays the only one.
        while let Some((bits, after)) = self.prefix_at(end, if is_v6 { 128 } else { 32 }) {
            if let (Found::Address(written), false) = (&mut what, prefixed) {
                written.bits = bits;
            }
            (end, prefixed) = (after, true);
        }
        Finding { start, end, what }
    }

    /// The length of a prefix, as in `/24`, and the place behind it.
    fn prefix_at(&self, at: usize, max_bits: u32) -> Option<(u8, usize)> {
        if self.bytes.get(at) != Some(&b'/') {
            return None;
        }
        let end = end_of_run(self.bytes, at + 1, self.bytes.len(), |byte| byte.is_ascii_digit());
        let digits = self.bytes.get(at + 1..end).filter(|digits| digits.len() <= 3)?;
        let bits = u8::try_from(parse_number(digits, max_bits)?).ok()?;
        Some((bits, end))
    }
}
