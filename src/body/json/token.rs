//! Names and scalars: read to their end, then treated or left in the run.

use super::bare::Bare;
use super::strings::StringScan;
use super::{Effect, Expect, Json, Source, escape};
use crate::body::Fault;
use crate::body::run::Run;
use crate::body::treat::Treater;
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

/// What becomes of a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays in the run.
    Passes,
    /// It was replaced before it was read.
    Replaced,
    /// It is treated when its end has come.
    Treated(Source),
}

impl Json {
    /// A name that starts at the cursor.
    pub(super) fn name(&mut self, run: &mut Run<'_>) -> Result<(), Fault> {
        let from = run.pos;
        run.pos += 1;
        self.read_name(StringScan::default(), from, run)
    }

    /// A string value that starts at the cursor.
    pub(super) fn string(&mut self, run: &mut Run<'_>) -> Result<(), Fault> {
        let fate = self.fate(self.frame.cover.texts, run);
        let from = run.pos;
        run.pos += 1;
        self.read_string(StringScan::default(), fate, from, run)
    }

    /// A number or literal that starts at the cursor with `first`.
    pub(super) fn bare(&mut self, first: u8, run: &mut Run<'_>) -> Result<(), Fault> {
        let bare = Bare::starting_with(first).ok_or(Fault::UnexpectedByte)?;
        let fate = self.fate(self.frame.cover.others, run);
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

    fn fate(&mut self, cover: Source, run: &mut Run<'_>) -> Fate {
        let (source, effect) = self.source(cover);
        match effect {
            Effect::Pass => Fate::Passes,
            Effect::Scrub | Effect::Scalar => Fate::Treated(source),
            Effect::Replace => {
                self.replace(source, run);
                Fate::Replaced
            }
        }
    }

    fn read_name(&mut self, mut scan: StringScan, from: usize, run: &mut Run<'_>) -> Result<(), Fault> {
        if !scan_string(&mut scan, run)? {
            self.token = Token::Name(scan);
            return self.hold(from, run);
        }
        self.end_held(from, run, |json, whole, run| json.end_name(whole, scan.escaped(), from, run))?;
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
            return if matches!(fate, Fate::Treated(_)) { self.hold(from, run) } else { Ok(()) };
        }
        match fate {
            Fate::Passes => {}
            Fate::Replaced => self.end_replacement(run),
            Fate::Treated(source) => self.end_held(from, run, |json, whole, run| {
                let text = escape::text(inside(whole), scan.escaped(), &mut json.decoded)?;
                Ok(treat(&mut json.treater, source, Value::Text(text), from, run))
            })?,
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
        if matches!(fate, Fate::Treated(_)) { self.hold(from, run) } else { Ok(()) }
    }

    fn end_bare(&mut self, fate: Fate, from: usize, run: &mut Run<'_>) -> Result<(), Fault> {
        match fate {
            Fate::Passes => {}
            Fate::Replaced => self.end_replacement(run),
            Fate::Treated(source) => self.end_held(from, run, |json, whole, run| {
                let value = match whole {
                    b"null" => Value::Null,
                    b"true" => Value::Bool(true),
                    b"false" => Value::Bool(false),
                    number => Value::Number(std::str::from_utf8(number).map_err(|_| Fault::InvalidNumber)?),
                };
                Ok(treat(&mut json.treater, source, value, from, run))
            })?,
        }
        self.end_value();
        Ok(())
    }

    /// Checks a name, steps along it and scrubs it. True if the name was written.
    fn end_name(
        &mut self,
        whole: &[u8],
        escaped: bool,
        from: usize,
        run: &mut Run<'_>,
    ) -> Result<bool, Fault> {
        let name = if escaped {
            escape::text(inside(whole), true, &mut self.decoded)?.as_bytes()
        } else {
            inside(whole)
        };
        self.names.insert(&mut self.frame.mark, name)?;
        if !self.frame.dead {
            self.state = self.treater.plan().member(self.frame.state, name);
        }
        if self.frame.cover.names == Source::Nothing {
            return Ok(false);
        }
        let name = std::str::from_utf8(name).map_err(|_| Fault::InvalidUtf8)?;
        let Some(cleared) = self.treater.treat(self.frame.cover.names, Value::Text(name)) else {
            return Ok(false);
        };
        run.copy_until(from);
        escape::write_name(cleared, run.out);
        Ok(true)
    }

    /// Withholds the bytes from `from` on until the end of their token has come.
    fn hold(&mut self, from: usize, run: &mut Run<'_>) -> Result<(), Fault> {
        if self.held.is_empty() {
            run.copy_until(from);
        }
        self.held.push(run.since(from))?;
        run.leave_out();
        Ok(())
    }

    /// Hands the whole token, from its beginning in an earlier piece if need be, to `end`, which says
    /// whether it wrote something in its place.
    fn end_held(
        &mut self,
        from: usize,
        run: &mut Run<'_>,
        end: impl FnOnce(&mut Self, &[u8], &mut Run<'_>) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        if self.held.is_empty() {
            let whole = run.since(from);
            self.held.check_len(whole.len())?;
            if end(self, whole, run)? {
                run.leave_out();
            }
            return Ok(());
        }
        self.held.push(run.since(from))?;
        let whole = self.held.take();
        if !end(self, &whole, run)? && !run.muted {
            run.out.extend_from_slice(&whole);
        }
        run.leave_out();
        self.held.give_back(whole);
        Ok(())
    }
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
