//! JSON and NDJSON: a resumable pushdown machine over RFC 8259.
//!
//! Invariants: any cut of the input gives the same output. Bytes that no ruling changes leave as they
//! came. Every byte is checked, also inside values that are left out. Memory is bounded by depth, by the
//! number of names in the open objects and by the length of one name or treated value.
//! Not here: what a treatment does to a value (`treat`).

mod bare;
mod escape;
mod familiar;
mod frame;
mod shapes;
mod strings;
mod token;

use std::sync::Arc;

pub(super) use self::escape::text as unescaped;

use self::frame::{Frame, Kind, Place};
use self::shapes::{Key, Shapes, Slot, Visit};
use self::token::Token;
use super::held::Held;
use super::names::{Mark, Names};
use super::run::Run;
use super::treat::{Cover, Source, Treater};
use super::{Fault, Limits, Tally};
use crate::policy::Plan;

/// What may come next, spaces aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    /// A line of NDJSON, or its end.
    Line,
    Value,
    /// The first element of an array, or its end.
    ElementOrEnd,
    /// The first name of an object, or its end.
    NameOrEnd,
    Name,
    Colon,
    /// A comma, or the end of the innermost object or array.
    CommaOrEnd,
    /// Nothing; in NDJSON the end of the line.
    End,
}

/// The rewriter of one JSON or NDJSON body.
pub(super) struct Json {
    lines: bool,
    expect: Expect,
    /// The innermost open object or array.
    frame: Frame,
    /// Those around it, outermost first.
    parents: Vec<Frame>,
    /// What holds for the value that comes next.
    place: Place,
    /// The name or scalar that is being read.
    token: Token,
    held: Held,
    decoded: String,
    names: Names,
    shapes: Shapes,
    muted: bool,
    treater: Treater,
    max_depth: usize,
}

impl Json {
    /// For one body; `lines` for NDJSON.
    pub(super) fn new(lines: bool, plan: Arc<Plan>, limits: &Limits) -> Self {
        let treater = Treater::new(plan);
        let key = Key { state: treater.plan().root(), cover: Cover::unlisted(&treater), dead: false };
        let root = Place::new(&treater, key);
        let frame = Frame {
            kind: Kind::Root,
            key,
            replaced: false,
            index: 0,
            inside: root,
            slot: Slot::Root,
            visit: Visit::NONE,
            mark: Mark::default(),
            has_scrubbed_names: false,
        };
        Self {
            lines,
            expect: if lines { Expect::Line } else { Expect::Value },
            frame,
            parents: Vec::new(),
            place: root,
            token: Token::None,
            held: Held::new(limits.clone()),
            decoded: String::new(),
            names: Names::new(limits.budget.clone()),
            shapes: Shapes::new(limits.budget.clone()),
            muted: false,
            treater,
            max_depth: limits.max_depth,
        }
    }

    pub(super) const fn tally(&self) -> &Tally {
        self.treater.tally()
    }

    /// The counts since they were taken last.
    pub(super) fn take_tally(&mut self) -> Tally {
        self.treater.take_tally()
    }

    /// Takes the next bytes. A fault comes with the index of the byte that shows it.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), (Fault, usize)> {
        let mut run = Run::new(bytes, self.muted, out);
        self.walk(&mut run).map_err(|fault| (fault, run.pos))?;
        run.copy_until(bytes.len());
        self.muted = run.muted;
        Ok(())
    }

    /// Ends the body.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        let mut run = Run::new(&[], self.muted, out);
        self.finish_token(&mut run)?;
        match self.expect {
            Expect::End | Expect::Line => Ok(()),
            _ => Err(Fault::UnexpectedEnd),
        }
    }

    fn walk(&mut self, run: &mut Run<'_>) -> Result<(), Fault> {
        self.resume_token(run)?;
        while let Some(byte) = run.peek() {
            match byte {
                b'"' if matches!(self.expect, Expect::Name | Expect::NameOrEnd) => {
                    self.take_members(run);
                    if self.expect == Expect::CommaOrEnd {
                        continue;
                    }
                    self.name(run)?;
                    if let (Expect::Value, Some(byte @ b'!'..)) = (self.expect, run.peek()) {
                        self.value(byte, run)?;
                    }
                }
                b' ' | b'\t' | b'\r' => run.pos += 1,
                b'\n' if !self.lines => run.pos += 1,
                b'\n' => self.end_line(run)?,
                _ => self.step(byte, run)?,
            }
        }
        Ok(())
    }

    /// One token that starts with `byte`.
    fn step(&mut self, byte: u8, run: &mut Run<'_>) -> Result<(), Fault> {
        match (self.expect, byte) {
            (Expect::Colon, b':') => self.expect = Expect::Value,
            (Expect::CommaOrEnd, b',') => {
                self.comma(run);
                return Ok(());
            }
            (Expect::CommaOrEnd | Expect::NameOrEnd, b'}') if self.frame.kind == Kind::Object => {
                return self.close(run);
            }
            (Expect::CommaOrEnd | Expect::ElementOrEnd, b']') if self.frame.kind == Kind::Array => {
                return self.close(run);
            }
            (Expect::Value | Expect::ElementOrEnd, _) => {
                self.take_elements(run);
                return match run.peek() {
                    _ if self.expect == Expect::CommaOrEnd => Ok(()),
                    None | Some(b' ' | b'\t' | b'\r' | b'\n') => Ok(()),
                    Some(byte) => self.value(byte, run),
                };
            }
            (Expect::Line, _) => return self.value(byte, run),
            (Expect::End, _) => return Err(Fault::BytesAfterValue),
            _ => return Err(Fault::UnexpectedByte),
        }
        run.pos += 1;
        Ok(())
    }

    /// The line feed that ends a line of NDJSON.
    fn end_line(&mut self, run: &mut Run<'_>) -> Result<(), Fault> {
        match self.expect {
            Expect::Line => {}
            Expect::End => {
                self.expect = Expect::Line;
                self.place = self.frame.inside;
            }
            _ => return Err(Fault::UnexpectedEnd),
        }
        run.pos += 1;
        Ok(())
    }

    fn value(&mut self, byte: u8, run: &mut Run<'_>) -> Result<(), Fault> {
        match byte {
            b'"' => self.string(run),
            b'{' => self.open(Kind::Object, run),
            b'[' => self.open(Kind::Array, run),
            0xef if self.parents.is_empty() => Err(Fault::ByteOrderMark),
            _ => self.bare(byte, run),
        }
    }

    fn open(&mut self, kind: Kind, run: &mut Run<'_>) -> Result<(), Fault> {
        if self.parents.len() >= self.max_depth {
            return Err(Fault::TooDeep);
        }
        let outer = self.frame.key;
        let state = self.place.state;
        let rule = Source::Rule(state);
        let inside = if self.place.named { Cover::inside(&self.treater, rule) } else { Some(outer.cover) };
        let replaced = inside.is_none();
        if replaced {
            self.replace(rule, run);
        }
        let dead = replaced || outer.dead || self.treater.plan().is_dead(state);
        let key = Key { state, cover: inside.unwrap_or(Cover::NOTHING), dead };
        let slot = match self.frame.kind {
            Kind::Root | Kind::Array => self.frame.slot,
            Kind::Object => self.frame.visit.slot(),
        };
        let frame = Frame {
            kind,
            key,
            replaced,
            index: 0,
            inside: if dead { Place::new(&self.treater, key) } else { self.place },
            slot,
            visit: if kind == Kind::Object { self.shapes.open(slot, key) } else { Visit::NONE },
            mark: self.names.open(),
            has_scrubbed_names: false,
        };
        self.parents.push(std::mem::replace(&mut self.frame, frame));
        run.pos += 1;
        if kind == Kind::Object {
            self.expect = Expect::NameOrEnd;
        } else {
            self.expect = Expect::ElementOrEnd;
            self.step_to_element();
        }
        Ok(())
    }

    /// The end of the innermost object or array.
    fn close(&mut self, run: &mut Run<'_>) -> Result<(), Fault> {
        run.pos += 1;
        if self.frame.replaced {
            self.end_replacement(run);
        }
        self.names.close(self.frame.mark);
        self.frame = self.parents.pop().ok_or(Fault::UnexpectedByte)?;
        self.end_value(run);
        Ok(())
    }

    /// Writes what stands for the value that starts here, and leaves the value out.
    fn replace(&mut self, source: Source, run: &mut Run<'_>) {
        run.copy_until(run.pos);
        if let Some(cleared) = self.treater.replacement(source) {
            escape::write(cleared, run.out);
        }
        run.muted = true;
    }

    /// The value that was left out ends at the cursor.
    const fn end_replacement(&self, run: &mut Run<'_>) {
        run.muted = false;
        run.leave_out();
    }

    /// A value has ended at the cursor.
    fn end_value(&mut self, run: &mut Run<'_>) {
        self.expect = match self.frame.kind {
            Kind::Root => Expect::End,
            Kind::Array | Kind::Object => Expect::CommaOrEnd,
        };
        if run.peek() == Some(b',') {
            self.comma(run);
        }
    }

    /// A comma at the cursor, if the innermost object or array goes on with it.
    fn comma(&mut self, run: &mut Run<'_>) {
        match self.frame.kind {
            Kind::Root => return,
            Kind::Object => self.expect = Expect::Name,
            Kind::Array => {
                self.expect = Expect::Value;
                self.step_to_element();
            }
        }
        run.pos += 1;
        run.skip_one_space();
    }

    fn step_to_element(&mut self) {
        let Self { frame, treater, .. } = self;
        if !frame.key.dead {
            let state = treater.plan().element(frame.key.state, frame.index);
            if frame.index == 0 || state != frame.inside.state {
                frame.inside = Place::new(treater, Key { state, ..frame.key });
            }
            frame.index = frame.index.saturating_add(1);
        }
        self.place = frame.inside;
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tree_tests;
