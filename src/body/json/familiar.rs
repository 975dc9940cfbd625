//! The short way through familiar members and elements, whole in one piece: scalars under known names that pass, and
//! strings in which nothing is found.
//!
//! Invariant: what is passed over here is what the long way would have passed over, checked as strictly.
//! What is not plain to see at once is left to the long way, from its first byte on.

use super::frame::{Kind, Place};
use super::shapes::{Known, Visit};
use super::{Expect, Json};
use crate::body::held::Held;
use crate::body::run::Run;
use crate::body::scan::{digit_run, plain_run};
use crate::body::treat::{Fate, Source, Treater};

/// What decides whether a scalar is passed over.
#[derive(Clone, Copy)]
struct Ground<'a> {
    treater: &'a Treater,
    held: &'a Held,
    /// What governs strings that no rule names.
    texts: Source,
}

impl Json {
    /// Passes over familiar members, from the name at the cursor on, up to another name or the end of the object.
    pub(super) fn pass_members(&mut self, run: &mut Run<'_>) {
        let Self { frame, treater, held, shapes, .. } = self;
        let ground = Ground { treater, held, texts: frame.key.cover.texts };
        let start = run.rest();
        let mut rest = start;
        let names = shapes.known(&frame.visit);
        while let Some((next, expect)) = pass_member(ground, names, &mut frame.visit, rest) {
            (rest, self.expect) = (next, expect);
            if expect == Expect::CommaOrEnd {
                break;
            }
        }
        run.pos += start.len() - rest.len();
    }

    /// Passes over elements, from the one at the cursor on, up to another or the end of the array.
    pub(super) fn pass_elements(&mut self, run: &mut Run<'_>) {
        if self.frame.kind != Kind::Array || !self.place.may_pass() {
            return;
        }
        let Self { frame, treater, held, place, .. } = self;
        let ground = Ground { treater, held, texts: frame.key.cover.texts };
        let start = run.rest();
        let mut rest = start;
        while let Some(behind) = ground.passed_len(*place, rest).and_then(|len| rest.get(len..)) {
            if behind.first() == Some(&b']') {
                (rest, self.expect) = (behind, Expect::CommaOrEnd);
                break;
            }
            let Some(next) = behind_comma(behind) else { break };
            if !frame.key.dead {
                if treater.plan().element(frame.key.state, frame.index) != frame.inside.state {
                    break;
                }
                frame.index = frame.index.saturating_add(1);
            }
            (rest, self.expect) = (next, Expect::Value);
        }
        run.pos += start.len() - rest.len();
    }
}

/// What follows one familiar member: behind its comma another name, or the end of the object.
#[inline]
fn pass_member<'a>(
    ground: Ground<'_>,
    names: &[Known],
    visit: &mut Visit,
    bytes: &'a [u8],
) -> Option<(&'a [u8], Expect)> {
    let known = visit.ahead(names)?;
    if !known.place.may_pass() || !known.begins(bytes) {
        return None;
    }
    let [b':', value @ ..] = bytes.get(known.len..)? else { return None };
    let value = skip_space(value);
    let behind = value.get(ground.passed_len(known.place, value)?..)?;
    let (next, expect) = match behind.first()? {
        b'}' => (behind, Expect::CommaOrEnd),
        _ => (behind_comma(behind).filter(|next| next.first() == Some(&b'"'))?, Expect::Name),
    };
    visit.take(known);
    Some((next, expect))
}

impl Ground<'_> {
    /// The length of the scalar that `bytes` begin with, if it leaves as it is.
    #[inline]
    fn passed_len(self, place: Place, bytes: &[u8]) -> Option<usize> {
        let len = scalar_len(bytes)?;
        if bytes.first() != Some(&b'"') {
            return (place.other == Fate::Passes).then_some(len);
        }
        let leaves = match place.text {
            Fate::Passes => true,
            Fate::Replaced => false,
            Fate::Treated => {
                let text = || bytes.get(1..len.saturating_sub(1)).unwrap_or_default();
                !place.named && self.held.fits(len) && self.treater.leaves(self.texts, text())
            }
        };
        leaves.then_some(len)
    }
}

impl Place {
    /// False if no scalar here can leave without being looked at one by one.
    fn may_pass(self) -> bool {
        match self.text {
            Fate::Passes => true,
            Fate::Replaced => false,
            Fate::Treated => !self.named,
        }
    }
}

fn behind_comma(bytes: &[u8]) -> Option<&[u8]> {
    bytes.strip_prefix(b",").map(skip_space)
}

/// Writers put one space or none.
fn skip_space(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b" ").unwrap_or(bytes)
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
