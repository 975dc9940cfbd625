//! Runs with dashes or underscores: MAC addresses, and IPv4 addresses as host names carry them.

use super::class::{end_of_run, octet, word_before};
use super::dotted::leading_octets;
use super::scan::{Finding, Found, Scanner};

/// Groups of a MAC address.
const MAC_GROUPS: usize = 6;

/// Octets of an IPv4 address.
const OCTETS: usize = 4;

/// Octets that a date and a time behind a year can be.
const TIME_PARTS: usize = 5;

/// Parts of one shape in a row.
#[derive(Clone, Copy)]
struct Row {
    start: usize,
    end: usize,
    parts: usize,
}

/// A run under way, part by part.
pub(super) struct Dashed {
    pairs: Option<Row>,
    octets: Option<Row>,
    /// The octets stand behind a year, so that they are rather a date.
    behind_year: bool,
    /// The first part is the end of a word: `MAC-aa-bb-…`.
    cut_part: Option<usize>,
}

impl Dashed {
    /// Begins a run at `start`.
    pub(super) fn new(bytes: &[u8], start: usize) -> Self {
        let cut_part = word_before(bytes, start).then_some(start);
        Self { pairs: None, octets: None, behind_year: false, cut_part }
    }

    /// Begins behind a part that has dots or colons, whose last digits may be an octet.
    pub(super) fn after(bytes: &[u8], from: usize, to: usize) -> Self {
        let part = bytes.get(from..to).unwrap_or_default();
        let digits = part.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let whole_address = part.iter().filter(|&&byte| byte == b'.').count() >= OCTETS - 1;
        let start = to - digits;
        let octets = octet(bytes.get(start..to).unwrap_or_default())
            .filter(|_| !whole_address)
            .map(|_| Row { start, end: to, parts: 1 });
        Self { pairs: None, octets, behind_year: false, cut_part: None }
    }

    /// Takes a part of hexadecimal digits.
    pub(super) fn part<S: FnMut(&Finding)>(&mut self, scanner: &mut Scanner<'_, S>, from: usize, to: usize) {
        let bytes = scanner.bytes();
        let part = bytes.get(from..to).unwrap_or_default();
        if part.len() == 2 {
            self.pairs = match self.pairs {
                // The end of a word is left out if enough follows.
                Some(row) if row.parts == MAC_GROUPS && self.cut_part.take() == Some(row.start) => {
                    Some(Row { start: row.start + 3, end: to, parts: MAC_GROUPS })
                }
                row => Some(extended(row, from, to)),
            };
        } else {
            self.close_pairs(scanner);
        }
        if octet(part).is_some() && part.len() < 4 {
            self.octets = Some(extended(self.octets, from, to));
        } else {
            self.close_octets(scanner);
            self.behind_year = matches!(
                part,
                [b'1', b'9', b'0'..=b'9', b'0'..=b'9'] | [b'2', b'0', b'0'..=b'9', b'0'..=b'9']
            );
        }
    }

    /// Takes a part that has dots or colons, and ends the run. Its first digits may be the last octet, unless
    /// they begin an address of their own.
    pub(super) fn last_part<S: FnMut(&Finding)>(
        &mut self,
        scanner: &mut Scanner<'_, S>,
        from: usize,
        to: usize,
    ) {
        let bytes = scanner.bytes();
        let end = end_of_run(bytes, from, to, |byte| byte.is_ascii_digit());
        if octet(bytes.get(from..end).unwrap_or_default()).is_some()
            && leading_octets(bytes, from, to) < OCTETS
        {
            self.octets = Some(extended(self.octets, from, end));
        }
        self.finish(scanner);
    }

    /// Ends the run.
    pub(super) fn finish<S: FnMut(&Finding)>(&mut self, scanner: &mut Scanner<'_, S>) {
        self.close_pairs(scanner);
        self.close_octets(scanner);
    }

    fn close_pairs<S: FnMut(&Finding)>(&mut self, scanner: &mut Scanner<'_, S>) {
        if let Some(Row { start, end, parts }) = self.pairs.take()
            && parts >= MAC_GROUPS
        {
            scanner.found(Finding { start, end, what: Found::Mac });
            // Six pairs of digits are octets as well; they have been found.
            self.octets = self.octets.filter(|row| row.start < start);
        }
    }

    fn close_octets<S: FnMut(&Finding)>(&mut self, scanner: &mut Scanner<'_, S>) {
        if let Some(Row { start, end, parts }) = self.octets.take()
            && parts >= OCTETS
            && !(self.behind_year && parts <= TIME_PARTS)
        {
            scanner.found(Finding { start, end, what: Found::UnclearAddress });
        }
        self.behind_year = false;
    }
}

fn extended(row: Option<Row>, from: usize, to: usize) -> Row {
    row.map_or(Row { start: from, end: to, parts: 1 }, |row| Row { end: to, parts: row.parts + 1, ..row })
}
