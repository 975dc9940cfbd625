//! The short way through familiar members and elements, whole in one piece: scalars under known names that pass, and
//! strings in common spelling, treated or not.
//!
//! Invariant: what is taken here becomes what the long way would have made of it, checked as strictly.
//! What is not plain to see at once is left to the long way, from its first byte on.

use super::frame::{Kind, Place};
use super::shapes::{Known, Visit};
use super::{Expect, Json, escape};
use crate::body::held::Held;
use crate::body::run::Run;
use crate::body::scan::{digit_run, plain_run};
use crate::body::treat::{Fate, Source, Treater};
use crate::kernel::Value;

/// What decides what becomes of a scalar.
struct Ground<'a> {
    treater: &'a mut Treater,
    held: &'a Held,
    /// What governs strings that no rule names.
    texts: Source,
}

impl Json {
    /// Takes familiar members, from the name at the cursor on, up to another name or the end of the object.
    pub(super) fn take_members(&mut self, run: &mut Run<'_>) {
        let Self { frame, treater, held, shapes, expect, .. } = self;
        let mut ground = Ground { treater, held, texts: frame.key.cover.texts };
        let names = shapes.known(&frame.visit);
        while let Some(next) = ground.take_member(names, &mut frame.visit, run) {
            *expect = next;
            if next == Expect::CommaOrEnd {
                break;
            }
        }
    }

    /// Takes elements, from the one at the cursor on, up to another or the end of the array.
    pub(super) fn take_elements(&mut self, run: &mut Run<'_>) {
        if self.frame.kind != Kind::Array || self.place.text == Fate::Replaced {
            return;
        }
        let Self { frame, treater, held, place, expect, .. } = self;
        let mut ground = Ground { treater, held, texts: frame.key.cover.texts };
        loop {
            let element = run.rest();
            let Some((len, behind)) = scalar(element) else { break };
            if behind.first() == Some(&b']') {
                if ground.take(*place, 0, len, run) {
                    *expect = Expect::CommaOrEnd;
                }
                break;
            }
            let Some(next) = behind_comma(behind) else { break };
            let plan = ground.treater.plan();
            if !frame.key.dead && plan.element(frame.key.state, frame.index) != frame.inside.state {
                break;
            }
            if !ground.take(*place, 0, len, run) {
                break;
            }
            if !frame.key.dead {
                frame.index = frame.index.saturating_add(1);
            }
            run.pos += behind.len() - next.len();
            *expect = Expect::Value;
        }
    }
}

impl Ground<'_> {
    /// Takes one familiar member, if behind its comma another name follows, or the end of the object: which of them.
    #[inline]
    fn take_member(&mut self, names: &[Known], visit: &mut Visit, run: &mut Run<'_>) -> Option<Expect> {
        let bytes = run.rest();
        let known = visit.ahead(names)?;
        if known.place.text == Fate::Replaced || !known.begins(bytes) {
            return None;
        }
        let [b':', value @ ..] = bytes.get(known.len..)? else { return None };
        let value = skip_space(value);
        let (len, behind) = scalar(value)?;
        let (comma_len, expect) = match behind.first()? {
            b'}' => (0, Expect::CommaOrEnd),
            _ => {
                let next = behind_comma(behind).filter(|next| next.first() == Some(&b'"'))?;
                (behind.len() - next.len(), Expect::Name)
            }
        };
        if !self.take(known.place, bytes.len() - value.len(), len, run) {
            return None;
        }
        run.pos += comma_len;
        visit.take(known);
        Some(expect)
    }

    /// Takes the scalar that lies `ahead` of the cursor and is `len` long, and moves the cursor behind it. False if it must go
    /// the long way.
    #[inline]
    fn take(&mut self, place: Place, ahead: usize, len: usize, run: &mut Run<'_>) -> bool {
        let from = run.pos + ahead;
        let scalar = run.between(from, from + len);
        let [b'"', text @ .., b'"'] = scalar else {
            let passes = place.other == Fate::Passes;
            run.pos = if passes { from + len } else { run.pos };
            return passes;
        };
        match place.text {
            Fate::Passes => {}
            Fate::Replaced => return false,
            Fate::Treated if !self.held.fits(len) => return false,
            Fate::Treated if !place.named && self.treater.leaves(self.texts, text) => {}
            Fate::Treated => {
                let Ok(text) = std::str::from_utf8(text) else { return false };
                if let Some(cleared) = self.treater.treat(place.source(self.texts), Value::Text(text)) {
                    run.copy_until(from);
                    escape::write(cleared, run.out);
                    run.pos = from + len;
                    run.leave_out();
                }
            }
        }
        run.pos = from + len;
        true
    }
}

fn behind_comma(bytes: &[u8]) -> Option<&[u8]> {
    bytes.strip_prefix(b",").map(skip_space)
}

/// Writers put one space or none.
fn skip_space(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b" ").unwrap_or(bytes)
}

/// The length of a scalar in its common spelling, and what is behind it.
#[inline]
fn scalar(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let len = scalar_len(bytes)?;
    Some((len, bytes.get(len..)?))
}

/// The length of a scalar in its common spelling. For a number, what follows it must still be looked at.
fn scalar_len(bytes: &[u8]) -> Option<usize> {
    match bytes.first()? {
        b'"' => {
            let text = bytes.get(1..)?;
            let (len, ascii) = plain_run(text);
            if text.get(len) != Some(&b'"') || (!ascii && std::str::from_utf8(text.get(..len)?).is_err()) {
                return None;
            }
            Some(len + 2)
        }
        b't' => bytes.starts_with(b"true").then_some(4),
        b'f' => bytes.starts_with(b"false").then_some(5),
        b'n' => bytes.starts_with(b"null").then_some(4),
        _ => number_len(bytes),
    }
}

/// The length of a number without exponent, as far as it goes.
fn number_len(bytes: &[u8]) -> Option<usize> {
    let sign = usize::from(bytes.first() == Some(&b'-'));
    let whole = digit_run(bytes.get(sign..)?);
    if whole == 0 || (whole > 1 && bytes.get(sign) == Some(&b'0')) {
        return None;
    }
    let len = sign + whole;
    if bytes.get(len) != Some(&b'.') {
        return Some(len);
    }
    let fraction = digit_run(bytes.get(len + 1..)?);
    (fraction > 0).then_some(len + 1 + fraction)
}

/// The length of a number without exponent, with its end in sight.
pub(super) fn whole_number_len(bytes: &[u8]) -> Option<usize> {
    number_len(bytes).filter(|&len| matches!(bytes.get(len), Some(b',' | b'}' | b']')))
}
