//! Names and scalars: read to their end, then treated or left in the run.

use super::bare::Bare;
use super::familiar::whole_number_len;
use super::frame::Place;
use super::shapes::Key;
use super::strings::StringScan;
use super::{Expect, Json, escape};
use crate::body::Fault;
use crate::body::run::Run;
use crate::body::scan::plain_run;
use crate::body::treat::{Fate, Source, Treater};
use crate::kernel::Value;
use crate::policy::Cleared;

/// The name or scalar that is being read.
#[derive(Clone, Debug)]
pub(super) enum Token {
    /// None.
    None,
    /// The name of a member.
    Name(StringScan),
    /// A string, and what becomes of it.
    String(StringScan, Fate),
    /// A number or literal, and what becomes of it.
    Bare(Bare, Fate),
}

impl Json {
    /// A name that starts at the cursor.
    pub(super) fn name(&mut self, run: &mut Run<'_>) -> Result<(), Fault> {
        if let Some(hit) = self.shapes.expect(&mut self.frame.visit, run.rest()) {
            run.pos += hit.len;
            self.expect = Expect::Colon;
            if run.peek() == Some(b':') {
                run.pos += 1;
                run.skip_one_space();
                self.expect = Expect::Value;
            }
            self.place = hit.place;
            return if hit.again { Err(Fault::DuplicateName) } else { Ok(()) };
        }
        let from = run.pos;
        run.pos += 1;
        self.read_name(StringScan::default(), from, run)
    }

    /// A string value that starts at the cursor.
    pub(super) fn string(&mut self, run: &mut Run<'_>) -> Result<(), Fault> {
        let from = run.pos;
        let fate = self.place.text;
        self.begin(fate, self.frame.key.cover.texts, run);
        run.pos += 1;
        let rest = run.rest();
        let (len, ascii) = plain_run(rest);
        if ascii && rest.get(len) == Some(&b'"') {
            run.pos += len + 1;
            return self.end_string(fate, false, from, run);
        }
        self.read_string(StringScan::default(), fate, from, run)
    }

    /// A number or literal that starts at the cursor with `first`.
    pub(super) fn bare(&mut self, first: u8, run: &mut Run<'_>) -> Result<(), Fault> {
        let bare = Bare::starting_with(first).ok_or(Fault::UnexpectedByte)?;
        let fate = self.place.other;
        self.begin(fate, self.frame.key.cover.others, run);
        if fate == Fate::Passes
            && let Some(len) = whole_number_len(run.rest())
        {
            run.pos += len;
            self.end_value(run);
            return Ok(());
        }
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
    fn begin(&mut self, fate: Fate, cover: Source, run: &mut Run<'_>) {
        if fate == Fate::Replaced {
            self.replace(self.place.source(cover), run);
        }
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
            return if fate == Fate::Treated { self.held.hold(from, run) } else { Ok(()) };
        }
        self.end_string(fate, scan.escaped(), from, run)
    }

    fn end_string(&mut self, fate: Fate, escaped: bool, from: usize, run: &mut Run<'_>) -> Result<(), Fault> {
        match fate {
            Fate::Passes => {}
            Fate::Replaced => self.end_replacement(run),
            Fate::Treated => {
                let source = self.place.source(self.frame.key.cover.texts);
                let Self { held, decoded, treater, .. } = self;
                held.end(from, run, |whole, run| {
                    let text = escape::text(inside(whole), escaped, decoded)?;
                    Ok(treat(treater, source, Value::Text(text), from, run))
                })?;
            }
        }
        self.end_value(run);
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
        if fate == Fate::Treated { self.held.hold(from, run) } else { Ok(()) }
    }

    fn end_bare(&mut self, fate: Fate, from: usize, run: &mut Run<'_>) -> Result<(), Fault> {
        match fate {
            Fate::Passes => {}
            Fate::Replaced => self.end_replacement(run),
            Fate::Treated => {
                let source = self.place.source(self.frame.key.cover.others);
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
        self.end_value(run);
        Ok(())
    }

    /// Checks a name, steps along it and scrubs it.
    fn end_name(&mut self, escaped: bool, from: usize, run: &mut Run<'_>) -> Result<(), Fault> {
        let Self { held, decoded, treater, names, shapes, frame, place, .. } = self;
        held.end(from, run, |whole, run| {
            let mut name = inside(whole);
            if escaped {
                name = escape::text(name, true, decoded)?.as_bytes();
            }
            let hash = names.hash(name);
            if let Some(hit) = shapes.find(&mut frame.visit, hash, name) {
                *place = hit.place;
                return if hit.again { Err(Fault::DuplicateName) } else { Ok(false) };
            }
            frame.visit.miss();
            *place = frame.inside;
            if !frame.key.dead {
                let state = treater.plan().member(frame.key.state, name);
                *place = Place::new(treater, Key { state, ..frame.key });
            }
            if frame.key.cover.names != Source::Nothing {
                let name = text(name)?;
                let cleared = treater.treat(frame.key.cover.names, Value::Text(name));
                if cleared.is_some() {
                    for hash in shapes.leave(&mut frame.visit) {
                        names.insert(&mut frame.mark, hash)?;
                    }
                    frame.has_scrubbed_names = true;
                }
                if frame.has_scrubbed_names {
                    let scrubbed = cleared.map_or(name, name_text);
                    let number = names.insert_among_scrubbed(&mut frame.mark, scrubbed, cleared.is_some())?;
                    if cleared.is_some() || number.is_some() {
                        run.copy_until(from);
                        escape::write_name(scrubbed, number, run.out);
                        return Ok(true);
                    }
                    return Ok(false);
                }
            }
            // One that came with escapes, and so was not learnt.
            if names.contains(frame.mark, hash) {
                return Err(Fault::DuplicateName);
            }
            let learnt = if escaped { None } else { shapes.learn(&mut frame.visit, hash, whole, *place) };
            if learnt.is_none() {
                names.insert(&mut frame.mark, hash)?;
            }
            Ok(false)
        })
    }
}

/// The text of a cleared name. Scrubbing leaves text.
fn name_text(cleared: Cleared<'_>) -> &str {
    match cleared.value() {
        Value::Text(text) | Value::Number(text) => text,
        Value::Bool(_) | Value::Null => "",
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
