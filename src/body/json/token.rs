//! Names and scalars: read to their end, then treated or left in the run.

use super::bare::Bare;
use super::frame::Place;
use super::shapes::Slot;
use super::strings::StringScan;
use super::{Expect, Json, escape};
use crate::body::Fault;
use crate::body::run::Run;
use crate::body::scan::plain_run;
use crate::body::treat::{Fate, Source, Treater};
use crate::kernel::Value;

/// The name or scalar that is being read.
#[derive(Clone, Debug)]
pub(super) enum Token {
    /// None.
    None,
    /// The name of a member.
    Name(StringScan),
    /// A string, and what governs it.
    String(StringScan, Fate),
    /// A number or literal, and what governs it.
    Bare(Bare, Fate),
}

impl Json {
    /// A name that starts at the cursor.
    pub(super) fn name(&mut self, run: &mut Run<'_>) -> Result<(), Fault> {
        if let Some(hit) = self.shapes.expect(&mut self.frame.visit, run.rest()) {
            run.pos += hit.len;
            self.expect = Expect::Colon;
            (self.place, self.slot) = (hit.place, hit.slot);
            return if hit.again { Err(Fault::DuplicateName) } else { Ok(()) };
        }
        let from = run.pos;
        run.pos += 1;
        self.read_name(StringScan::default(), from, run)
    }

    /// A string value that starts at the cursor.
    pub(super) fn string(&mut self, run: &mut Run<'_>) -> Result<(), Fault> {
        let from = run.pos;
        if self.place.text == Fate::Passes {
            let text = run.rest().get(1..).unwrap_or_default();
            let (len, ascii) = plain_run(text);
            if ascii && text.get(len) == Some(&b'"') {
                run.pos += len + 2;
                self.end_value();
                return Ok(());
            }
        }
        let fate = self.begin(self.place.text, run);
        run.pos += 1;
        self.read_string(StringScan::default(), fate, from, run)
    }

    /// A number or literal that starts at the cursor with `first`.
    pub(super) fn bare(&mut self, first: u8, run: &mut Run<'_>) -> Result<(), Fault> {
        let bare = Bare::starting_with(first).ok_or(Fault::UnexpectedByte)?;
        let fate = self.begin(self.place.other, run);
        self.read_bare(bare, fate, run.pos, run)
    }

    /// Goes on with the token that the last piece has cut.
    pub(super) fn resume_token(&mut self, run: &mut Run<'_>) -> Result<(), Fault> {
        match std::mem::replace(&mut self.token, Token::None) {
            Token::None => Ok(()),
            Token::Name(scan) => self.read_name(scan, 0, run),
            Token::String(scan, fate) => self.read_string(scan, fate, 0, run),
            Token::Bare(bare, fate) => self.read_bare(bare, fate, 0, run),
        }
    }

    /// Ends a number at the end of the body.
    pub(super) fn finish_token(&mut self, run: &mut Run<'_>) -> Result<(), Fault> {
        match std::mem::replace(&mut self.token, Token::None) {
            Token::None => Ok(()),
            Token::Bare(bare, fate) if bare.is_whole() => self.end_bare(fate, 0, run),
            Token::Name(_) | Token::String(..) | Token::Bare(..) => Err(Fault::UnexpectedEnd),
        }
    }

    /// Writes the replacement of a scalar that is not read.
    fn begin(&mut self, fate: Fate, run: &mut Run<'_>) -> Fate {
        if let Fate::Replaced(source) = fate {
            self.replace(source, run);
        }
        fate
    }

    fn read_name(&mut self, mut scan: StringScan, from: usize, run: &mut Run<'_>) -> Result<(), Fault> {
        if !scan_string(&mut scan, run)? {
            self.token = Token::Name(scan);
            return self.held.hold(from, run);
        }
        self.end_name(scan.escaped(), from, run)?;
        self.expect = Expect::Colon;
        Ok(())
    }

    fn read_string(
        &mut self,
        mut scan: StringScan,
        fate: Fate,
        from: usize,
        run: &mut Run<'_>,
    ) -> Result<(), Fault> {
        if !scan_string(&mut scan, run)? {
            self.token = Token::String(scan, fate);
            return if matches!(fate, Fate::Treated(_)) { self.held.hold(from, run) } else { Ok(()) };
        }
        match fate {
            Fate::Passes => {}
            Fate::Replaced(_) => self.end_replacement(run),
            Fate::Treated(source) => {
                let Self { held, decoded, treater, .. } = self;
                held.end(from, run, |whole, run| {
                    let text = escape::text(inside(whole), scan.escaped(), decoded)?;
                    Ok(treat(treater, source, Value::Text(text), from, run))
                })?;
            }
        }
        self.end_value();
        Ok(())
    }

    fn read_bare(&mut self, mut bare: Bare, fate: Fate, from: usize, run: &mut Run<'_>) -> Result<(), Fault> {
        let scanned = bare.scan(run.rest());
        let (Ok((len, _)) | Err((_, len))) = scanned;
        run.pos += len;
        let (_, ended) = scanned.map_err(|(fault, _)| fault)?;
        if ended {
            return self.end_bare(fate, from, run);
        }
        self.token = Token::Bare(bare, fate);
        if matches!(fate, Fate::Treated(_)) { self.held.hold(from, run) } else { Ok(()) }
    }

    fn end_bare(&mut self, fate: Fate, from: usize, run: &mut Run<'_>) -> Result<(), Fault> {
        match fate {
            Fate::Passes => {}
            Fate::Replaced(_) => self.end_replacement(run),
            Fate::Treated(source) => {
                let Self { held, treater, .. } = self;
                held.end(from, run, |whole, run| {
                    let value = match whole {
                        b"null" => Value::Null,
                        b"true" => Value::Bool(true),
                        b"false" => Value::Bool(false),
                        digits => Value::Number(text(digits)?),
                    };
                    Ok(treat(treater, source, value, from, run))
                })?;
            }
        }
        self.end_value();
        Ok(())
    }

    /// Checks a name, steps along it and scrubs it.
    fn end_name(&mut self, escaped: bool, from: usize, run: &mut Run<'_>) -> Result<(), Fault> {
        let Self { held, decoded, treater, names, shapes, frame, place, slot, .. } = self;
        held.end(from, run, |whole, run| {
            let mut name = inside(whole);
            if escaped {
                name = escape::text(name, true, decoded)?.as_bytes();
            }
            let hash = names.hash(name);
            if let Some(hit) = shapes.find(&mut frame.visit, hash, name) {
                (*place, *slot) = (hit.place, hit.slot);
                return if hit.again { Err(Fault::DuplicateName) } else { Ok(false) };
            }
            *slot = Slot::Unknown;
            *place = frame.inside;
            if !frame.key.dead {
                let state = treater.plan().member(frame.key.state, name);
                *place = Place::new(treater, state, frame.key.cover);
            }
            let scrubbed = treater.treat(frame.key.cover.names, Value::Text(text(name)?));
            if let Some(cleared) = scrubbed {
                names.insert(&mut frame.mark, hash)?;
                run.copy_until(from);
                escape::write_name(cleared, run.out);
                return Ok(true);
            }
            let learnt = if escaped { None } else { shapes.learn(&mut frame.visit, hash, whole, *place) };
            match learnt {
                Some(hit) => *slot = hit.slot,
                None => names.insert(&mut frame.mark, hash)?,
            }
            Ok(false)
        })
    }
}

fn text(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|_| Fault::InvalidUtf8)
}

/// Moves the cursor behind the closing quote, or to the end. True if the quote was there.
fn scan_string(scan: &mut StringScan, run: &mut Run<'_>) -> Result<bool, Fault> {
    let rest = run.rest();
    match scan.scan(rest) {
        Ok(Some(quote)) => {
            run.pos += quote + 1;
            Ok(true)
        }
        Ok(None) => {
            run.pos += rest.len();
            Ok(false)
        }
        Err((fault, at)) => {
            run.pos += at;
            Err(fault)
        }
    }
}

/// Treats a scalar that starts at `from`. True if it was written.
fn treat(treater: &mut Treater, source: Source, value: Value<'_>, from: usize, run: &mut Run<'_>) -> bool {
    let Some(cleared) = treater.treat(source, value) else { return false };
    run.copy_until(from);
    escape::write(cleared, run.out);
    true
}

/// The bytes between the quotes.
fn inside(whole: &[u8]) -> &[u8] {
    whole.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or_default()
}
