//! The records of a JSON or NDJSON body, each held until its region is known: shown, shown coarser, or left out.
//!
//! Two rewriters walk the same document, one by the rules of the role and one by those for others. A record is given to
//! the one whose it is, and an empty object to the other, so that both know where they are; what stands outside of
//! records is given to both, and the one for others is believed.
//!
//! Invariants: any cut of the input gives the same output. Between records stands what would stand there if those that
//! are left out had never been: spaces and line ends between records are written anew. No byte of a record that is left
//! out is read but for its end and its region.
//! Not here: what a treatment does to a value (`treat`), and what is JSON (`json`).

mod region;
mod scan;

use std::sync::Arc;

use self::region::region_of;
use self::scan::{RecordScan, StringEnd};
use super::json::Json;
use super::{Fault, Limits, Tally};
use crate::base::budget::Reserved;
use crate::policy::{BoundRecords, OtherRegions, Plan, RecordStep};

/// The allowance is asked for in steps of this many bytes.
const STEP_BYTES: usize = 16 << 10;

/// What the rewriter that does not show a record is given in its place.
const STAND_IN: &[u8] = b"{}";

/// The rewriter of one body for somebody who is bound to regions.
pub(super) struct Records {
    rule: Arc<BoundRecords>,
    lines: bool,
    /// By the rules of the role.
    own: Json,
    /// By the rules for others.
    others: Json,
    tally: Tally,
    /// The open objects and arrays around records, outermost first.
    frames: Vec<Frame>,
    max_depth: usize,
    at: At,
    record: Record,
    /// What the rewriter writes that is not believed.
    unheard: Vec<u8>,
}

/// Where the cursor is.
#[derive(Debug)]
enum At {
    /// Before a record, or behind one.
    Gap(Gap),
    /// In a record.
    Record(RecordScan),
    /// Outside of records, between strings.
    Outside,
    /// In a string outside of records, which may be a name.
    String(StringEnd),
}

/// What may come where records are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gap {
    /// A record, or the end.
    First,
    /// A record.
    Record,
    /// A comma, a line's end, or the end.
    Behind,
}

/// An open object or array that may lead to records.
#[derive(Debug)]
struct Frame {
    is_object: bool,
    /// How many steps of the path lead here, if it does.
    passed: Option<usize>,
    /// Where a value stands that comes next: as for `passed`.
    next: Option<usize>,
    /// In an object: a name comes next.
    awaits_name: bool,
}

/// The record that is being read.
#[derive(Debug, Default)]
struct Record {
    bytes: Vec<u8>,
    reserved: Option<Reserved>,
    max_bytes: usize,
    /// It is longer than may be held, so it is of no region.
    is_too_long: bool,
    /// The name that is being read outside of records, with its quotes' inside only.
    name: Vec<u8>,
    /// A record has been shown in this array.
    has_shown: bool,
}

type FaultAt = (Fault, usize);

impl Records {
    pub(super) fn new(lines: bool, plan: Arc<Plan>, rule: Arc<BoundRecords>, limits: &Limits) -> Self {
        let at = if rule.path.is_whole() { At::Gap(Gap::First) } else { At::Outside };
        Self {
            lines,
            own: Json::new(lines, plan, limits),
            others: Json::new(lines, Arc::clone(&rule.others.body), limits),
            tally: Tally::default(),
            frames: Vec::new(),
            max_depth: limits.max_depth,
            at,
            record: Record {
                max_bytes: limits.max_record_bytes,
                reserved: limits.budget.reserve(0).ok(),
                ..Record::default()
            },
            unheard: Vec::new(),
            rule,
        }
    }

    pub(super) const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Takes the next bytes. A fault comes with the index of the byte that shows it.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), FaultAt> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let at = bytes.len().saturating_sub(rest.len());
            let taken = match &mut self.at {
                At::Gap(gap) => {
                    let gap = *gap;
                    self.gap(gap, rest, out)
                }
                At::Record(scan) => {
                    let (len, has_ended) = scan.push(rest);
                    let part = rest.get(..len).unwrap_or_default();
                    self.hold(part, out)
                        .and_then(|()| if has_ended { self.end_record(out) } else { Ok(()) })
                        .map(|()| len)
                }
                At::Outside | At::String(_) => self.outside(rest, out),
            };
            let taken = taken.map_err(|fault| (fault, at))?;
            rest = rest.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    /// Ends the body.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        if let At::Record(scan) = &self.at {
            if !(scan.may_end() && self.frames.is_empty()) {
                return Err(Fault::UnexpectedEnd);
            }
            self.end_record(out)?;
        }
        self.unheard.clear();
        self.own.finish(&mut self.unheard)?;
        self.others.finish(out)?;
        self.tally.add(self.others.take_tally());
        Ok(())
    }

    /// One byte where records are.
    fn gap(&mut self, gap: Gap, rest: &[u8], out: &mut Vec<u8>) -> Result<usize, Fault> {
        let Some(&byte) = rest.first() else { return Ok(0) };
        let is_array = !self.frames.is_empty();
        let next = match (gap, byte) {
            (Gap::Behind, b'\n') if self.lines && !is_array => Gap::First,
            (_, b'\n') if self.lines && is_array => return Err(Fault::UnexpectedEnd),
            (_, b' ' | b'\t' | b'\r' | b'\n') => gap,
            (Gap::Behind, b',') if is_array => Gap::Record,
            (Gap::First | Gap::Behind, b']') if is_array => {
                self.at = At::Outside;
                self.frames.pop();
                self.end_value();
                self.both(b"]", out)?;
                return Ok(1);
            }
            (Gap::Behind, _) => {
                return Err(if is_array { Fault::UnexpectedByte } else { Fault::BytesAfterValue });
            }
            (Gap::First | Gap::Record, b',' | b':' | b']' | b'}') => return Err(Fault::UnexpectedByte),
            (Gap::First | Gap::Record, _) => {
                self.at = At::Record(RecordScan::default());
                return Ok(0);
            }
        };
        self.at = At::Gap(next);
        Ok(1)
    }

    /// Holds a part of a record, or passes it by if the record is too long to be held.
    fn hold(&mut self, part: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        let record = &mut self.record;
        if !record.is_too_long {
            let len = record.bytes.len().saturating_add(part.len());
            if len <= record.max_bytes {
                if let Some(reserved) = &mut record.reserved {
                    reserved.grow_to(len.next_multiple_of(STEP_BYTES))?;
                }
                record.bytes.extend_from_slice(part);
                return Ok(());
            }
            record.is_too_long = true;
            let held = std::mem::take(&mut record.bytes);
            self.begin_of_others(out)?;
            self.of_others(&held, out)?;
        }
        self.of_others(part, out)
    }

    /// The record ends at the cursor.
    fn end_record(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        self.at = At::Gap(Gap::Behind);
        let record = std::mem::take(&mut self.record.bytes);
        if std::mem::take(&mut self.record.is_too_long) {
            return self.end_of_others(out);
        }
        let region = region_of(&record, self.rule.path.region());
        let is_own = region.is_some_and(|region| self.rule.binding.regions.contains(&*region));
        let done = if is_own {
            self.separate(out)?;
            self.own.push(&record, out).map_err(fault)?;
            self.tally.add(self.own.take_tally());
            self.unheard.clear();
            self.others.push(STAND_IN, &mut self.unheard).map_err(fault)?;
            drop(self.others.take_tally());
            self.end_shown(out)
        } else {
            self.begin_of_others(out)?;
            self.of_others(&record, out)?;
            self.end_of_others(out)
        };
        self.record.bytes = record;
        self.record.bytes.clear();
        done
    }

    fn begin_of_others(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        match self.rule.binding.others {
            OtherRegions::Withhold if self.frames.is_empty() && !self.lines => Err(Fault::OtherRegion),
            OtherRegions::Withhold => Ok(()),
            OtherRegions::Suppress | OtherRegions::Coarsen => self.separate(out),
        }
    }

    /// Bytes of a record of another region.
    fn of_others(&mut self, part: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        if self.rule.binding.others == OtherRegions::Withhold {
            return Ok(());
        }
        self.others.push(part, out).map_err(fault)?;
        self.tally.add(self.others.take_tally());
        Ok(())
    }

    fn end_of_others(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        if self.rule.binding.others == OtherRegions::Withhold {
            return Ok(());
        }
        self.unheard.clear();
        self.own.push(STAND_IN, &mut self.unheard).map_err(fault)?;
        drop(self.own.take_tally());
        self.end_shown(out)
    }

    /// What stands before a record that is shown.
    fn separate(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        if std::mem::replace(&mut self.record.has_shown, true) && !self.frames.is_empty() {
            return self.both(b",", out);
        }
        Ok(())
    }

    /// What stands behind a record that was shown.
    fn end_shown(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        if self.lines && self.frames.is_empty() { self.both(b"\n", out) } else { Ok(()) }
    }

    /// Bytes outside of records: to both, and the rewriter for others is believed.
    fn both(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        self.others.push(bytes, out).map_err(fault)?;
        self.tally.add(self.others.take_tally());
        self.unheard.clear();
        self.own.push(bytes, &mut self.unheard).map_err(fault)?;
        drop(self.own.take_tally());
        Ok(())
    }

    /// Bytes outside of records, up to the next record.
    fn outside(&mut self, rest: &[u8], out: &mut Vec<u8>) -> Result<usize, Fault> {
        let mut len = 0;
        for &byte in rest {
            len += 1;
            if let At::String(string) = &mut self.at {
                if string.push(byte) {
                    self.at = At::Outside;
                    self.end_string();
                } else if self.frames.last().is_some_and(|frame| frame.awaits_name) {
                    self.record.name.push(byte);
                    if self.record.name.len() > self.record.max_bytes {
                        return Err(Fault::TokenTooLong);
                    }
                }
                continue;
            }
            if self.structure(byte)? {
                break;
            }
        }
        self.both(rest.get(..len).unwrap_or_default(), out)?;
        Ok(len)
    }

    /// One byte outside of records and strings; true where records begin behind it.
    fn structure(&mut self, byte: u8) -> Result<bool, Fault> {
        match byte {
            b'"' => {
                self.record.name.clear();
                self.at = At::String(StringEnd::default());
            }
            b'{' | b'[' => return self.open(byte == b'{'),
            b'}' | b']' => {
                // One too many is for the rewriters to refuse.
                self.frames.pop();
                self.end_value();
            }
            b',' => self.end_value(),
            _ => {}
        }
        Ok(false)
    }

    fn open(&mut self, is_object: bool) -> Result<bool, Fault> {
        if self.frames.len() >= self.max_depth {
            return Err(Fault::TooDeep);
        }
        let path = self.rule.path.record();
        let passed = self.frames.last().map_or(Some(0), |frame| frame.next);
        let is_each = |passed: usize| path.get(passed) == Some(&RecordStep::Each);
        let next = passed.filter(|&passed| !is_object && is_each(passed)).map(|passed| passed + 1);
        self.frames.push(Frame { is_object, passed, next, awaits_name: is_object });
        let has_records = next.is_some_and(|next| next == path.len());
        if has_records {
            self.at = At::Gap(Gap::First);
            self.record.has_shown = false;
        }
        Ok(has_records)
    }

    /// A value has ended, or a comma stands behind one: in an object a name comes next.
    fn end_value(&mut self) {
        if let Some(frame) = self.frames.last_mut().filter(|frame| frame.is_object) {
            frame.awaits_name = true;
            frame.next = None;
        }
    }

    /// A string outside of records has ended; if it is a name, it may be one on the way to records.
    fn end_string(&mut self) {
        let Some(frame) = self.frames.last_mut().filter(|frame| frame.awaits_name) else { return };
        frame.awaits_name = false;
        let step = frame.passed.and_then(|passed| Some((passed, self.rule.path.record().get(passed)?)));
        frame.next = match step {
            Some((passed, RecordStep::Member(name))) if region::is_name(&self.record.name, name) => {
                Some(passed + 1)
            }
            _ => None,
        };
    }
}

/// Where in a record a fault lies is nobody's business.
const fn fault((fault, _): FaultAt) -> Fault {
    fault
}

#[cfg(test)]
mod tests;
