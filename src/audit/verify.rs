//! Does a trail hold? Lines in, findings out.
//!
//! What a chain shows: a line that was changed, removed, moved, repeated or inserted. What it cannot show by
//! itself: that whole lines are missing at its end, and, without MACs, that somebody computed all of it
//! anew. For the first, compare [`Verifier::position`] with one noted elsewhere; for the second, use a key.
//!
//! Invariant: after a finding the check goes on from the line as it stands, so that one change is not
//! reported as the loss of everything behind it.

use super::chain::{MacKey, Position, follow};
use super::record::{Kind, Record, read};

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is not put together like a line of a trail.
    #[error("is no line of an audit trail")]
    Unreadable,
    /// The first line does not say what it follows.
    #[error("does not begin a trail: what stood before it is missing")]
    NoBeginning,
    /// Its hash does not follow from the line before and its own text.
    #[error("was changed")]
    Changed,
    /// Lines are missing in front of it.
    #[error("follows a hole: lines {first} to {last} are missing")]
    Missing {
        /// The first that is missing.
        first: u64,
        /// The last that is missing.
        last: u64,
    },
    /// It was moved, repeated or inserted.
    #[error("stands out of place: line {expected} was due")]
    OutOfPlace {
        /// The number that was due.
        expected: u64,
    },
    /// Its MAC was not made with the key.
    #[error("has a MAC that the key `{0}` did not make")]
    WrongMac(String),
    /// The trail says that MACs follow, and it has none.
    #[error("has no MAC, although the trail says that key `{0}` makes one")]
    NoMac(String),
    /// The key ring has no such epoch.
    #[error("is vouched for by key `{0}`, which is not in the key ring")]
    UnknownKey(String),
    /// Bytes behind the last line feed, in front of another file.
    #[error("is unfinished, and yet the trail goes on in another file")]
    Unfinished,
}

/// Checks line after line.
#[derive(Debug)]
pub struct Verifier<'k> {
    keys: Option<&'k [MacKey]>,
    due: Option<Position>,
    epoch: Option<String>,
    summary: Summary,
}

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many lines.
    pub lines: u64,
    /// The number of the first.
    pub first: u64,
    /// Lines at the end for which no MAC vouches.
    pub unvouched: u64,
    /// Entries of which the trail says that they could not be written.
    pub lost: u64,
    /// True if the last line says that the process stopped in peace.
    pub is_closed: bool,
}

impl<'k> Verifier<'k> {
    /// Starts before the first line. With keys, MACs are checked too.
    #[must_use]
    pub fn new(keys: Option<&'k [MacKey]>) -> Self {
        Self { keys, due: None, epoch: None, summary: Summary::default() }
    }

    /// Checks the next line, without its line feed: all that is wrong with it, and the line if it can be
    /// read.
    pub fn line(&mut self, line: &[u8]) -> (Vec<Fault>, Option<Record>) {
        self.summary.lines = self.summary.lines.saturating_add(1);
        self.summary.unvouched = self.summary.unvouched.saturating_add(1);
        let Some((sealed, record)) = read(line) else {
            return (vec![Fault::Unreadable], None);
        };
        let mut faults = Vec::new();
        let is_first = self.due.is_none();
        let due = match (self.due, record.beginning()) {
            (Some(due), _) => due,
            (None, Some(beginning)) => beginning,
            (None, None) => {
                faults.push(Fault::NoBeginning);
                Position { seq: record.seq, head: super::Digest::GENESIS }
            }
        };
        if is_first {
            self.summary.first = record.seq;
        }
        let is_next = record.seq == due.seq && follow(&due.head, sealed.hashed) == sealed.hash;
        if !is_next && faults.is_empty() {
            faults.push(match record.seq {
                seq if seq < due.seq => Fault::OutOfPlace { expected: due.seq },
                seq if seq > due.seq => Fault::Missing { first: due.seq, last: seq.saturating_sub(1) },
                _ => Fault::Changed,
            });
        }
        if record.seq < due.seq {
            return (faults, Some(record));
        }
        self.due = Some(Position { seq: record.seq.saturating_add(1), head: sealed.hash });
        self.note(&record);
        faults.extend(self.mac_fault(&sealed));
        (faults, Some(record))
    }

    fn note(&mut self, record: &Record) {
        if record.beginning().is_some() {
            self.epoch.clone_from(&record.key);
        }
        self.summary.is_closed = record.kind == Kind::Closed;
        self.summary.lost = self.summary.lost.saturating_add(record.lost);
    }

    fn mac_fault(&mut self, sealed: &super::chain::Sealed<'_>) -> Option<Fault> {
        let keys = self.keys?;
        let epoch = self.epoch.as_ref()?;
        let Some(key) = keys.iter().find(|key| key.epoch() == epoch) else {
            return Some(Fault::UnknownKey(epoch.clone()));
        };
        match sealed.mac {
            None => Some(Fault::NoMac(epoch.clone())),
            Some(mac) if mac != key.mac(&sealed.hash) => Some(Fault::WrongMac(epoch.clone())),
            Some(_) => {
                self.summary.unvouched = 0;
                None
            }
        }
    }

    /// Behind the last line; `None` before the first.
    #[must_use]
    pub const fn position(&self) -> Option<Position> {
        self.due
    }

    /// What was seen so far.
    #[must_use]
    pub const fn summary(&self) -> &Summary {
        &self.summary
    }
}
