//! CSV (RFC 4180) and TSV with a header row.
//!
//! Invariants: any cut of the input gives the same output; fields that no ruling changes keep their bytes
//! and their quotes. Where readers of the format disagree on where a field or a row ends (stray quotes,
//! bare carriage returns, quoted tabs in TSV, rows of the wrong length, names with spaces around them or another delimiter inside) the body is refused, for else a
//! value could stand in one column for us and in another for the client.
//! Not here: what a treatment does to a value (`treat`).

use std::sync::Arc;

use super::held::Held;
use super::names::{Mark, Names};
use super::run::Run;
use super::scan::run_without;
use super::treat::{Fate, Source, Treater};
use super::utf8::Sequence;
use super::{Fault, Limits, Tally};
use crate::kernel::Value;
use crate::policy::{Cleared, Plan};

const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// True for a name that some reader of the header takes for another one, or for several: some trim names, some guess the
/// delimiter, and to some `sep=;` in the first line says it.
fn has_other_readings(name: &str, delimiter: u8) -> bool {
    let separates = |c: char| matches!(c, ';' | '\t' | '|') && char::from(delimiter) != c;
    name.trim() != name || name.contains(separates) || name.starts_with("sep=")
}

/// The rewriter of one table.
pub(super) struct Csv {
    delimiter: u8,
    at: At,
    /// The column of the field that is being read.
    column: usize,
    /// What becomes of each column; of as many as the header has shown so far.
    fates: Vec<(Fate, Source)>,
    in_header: bool,
    header_bytes: usize,
    names: Names,
    mark: Mark,
    has_scrubbed_names: bool,
    /// The field that is being read began with a quote.
    quoted: bool,
    muted: bool,
    utf8: Sequence,
    held: Held,
    unquoted: String,
    treater: Treater,
    max_header_bytes: usize,
}

/// Where in a row the next byte belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// So many bytes of a byte order mark have come.
    Start(usize),
    RowStart,
    /// Behind the carriage return of an empty line.
    EmptyLineEnd,
    FieldStart,
    Unquoted,
    Quoted,
    /// Behind a quote inside a quoted field: the end of the field, or the first half of a quote.
    QuoteOrEnd,
    /// Behind the carriage return that ends a row.
    RowEnd,
}

impl Csv {
    /// For one body; `delimiter` is a comma or a tab.
    pub(super) fn new(delimiter: u8, plan: Arc<Plan>, limits: &Limits) -> Self {
        let names = Names::new(limits.budget.clone());
        Self {
            delimiter,
            at: At::Start(0),
            column: 0,
            fates: Vec::new(),
            in_header: true,
            header_bytes: 0,
            mark: names.open(),
            has_scrubbed_names: false,
            names,
            quoted: false,
            muted: false,
            utf8: Sequence::default(),
            held: Held::new(limits.clone()),
            unquoted: String::new(),
            treater: Treater::new(plan),
            max_header_bytes: limits.max_token_bytes,
        }
    }

    pub(super) const fn tally(&self) -> &Tally {
        self.treater.tally()
    }

    /// Takes the next bytes. A fault comes with the index of the byte that shows it.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), (Fault, usize)> {
        self.utf8.check_piece(bytes)?;
        let mut run = Run::new(bytes, self.muted, out);
        self.walk(&mut run).map_err(|fault| (fault, run.pos))?;
        run.copy_until(bytes.len());
        self.muted = run.muted;
        Ok(())
    }

    /// Ends the table; the last row needs no line break.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        if self.utf8.is_open() {
            return Err(Fault::InvalidUtf8);
        }
        let mut run = Run::new(&[], self.muted, out);
        match self.at {
            At::Start(0) | At::RowStart => return Ok(()),
            At::Start(_) | At::Quoted => return Err(Fault::UnexpectedEnd),
            At::EmptyLineEnd | At::RowEnd => return Err(Fault::BareCarriageReturn),
            At::FieldStart => self.begin_field(&mut run)?,
            At::Unquoted | At::QuoteOrEnd => {}
        }
        self.end_field(0, &mut run)?;
        self.end_row()
    }

    fn walk(&mut self, run: &mut Run<'_>) -> Result<(), Fault> {
        let mut from = 0;
        while let Some(byte) = run.peek() {
            match self.at {
                At::Start(seen) => {
                    self.start(seen, byte, run)?;
                    from = run.pos;
                }
                At::RowStart => self.start_row(byte, run),
                At::FieldStart => {
                    from = run.pos;
                    self.begin_field(run)?;
                    self.quoted = byte == b'"';
                    self.at = if self.quoted { At::Quoted } else { At::Unquoted };
                    run.pos += usize::from(self.quoted);
                }
                At::Unquoted => {
                    run.pos += run_without([self.delimiter, b'"', b'\r', b'\n'], run.rest());
                    self.end_field_at_separator(from, run)?;
                }
                At::Quoted => self.quoted_text(run)?,
                At::QuoteOrEnd if byte == b'"' => {
                    run.pos += 1;
                    self.at = At::Quoted;
                }
                At::QuoteOrEnd => self.end_field_at_separator(from, run)?,
                At::EmptyLineEnd | At::RowEnd if byte != b'\n' => return Err(Fault::BareCarriageReturn),
                At::EmptyLineEnd => {
                    run.pos += 1;
                    self.at = At::RowStart;
                }
                At::RowEnd => {
                    run.pos += 1;
                    self.end_row()?;
                }
            }
        }
        let in_field = matches!(self.at, At::Unquoted | At::Quoted | At::QuoteOrEnd);
        if in_field && (self.in_header || matches!(self.fate(), (Fate::Treated, _))) {
            self.held.hold(from, run)?;
        }
        Ok(())
    }

    /// A byte order mark is kept, but it is no part of the first name.
    fn start(&mut self, seen: usize, byte: u8, run: &mut Run<'_>) -> Result<(), Fault> {
        if BYTE_ORDER_MARK.get(seen) == Some(&byte) {
            run.pos += 1;
            run.leave_out();
            self.at = At::Start(seen + 1);
            if seen + 1 == BYTE_ORDER_MARK.len() {
                run.out.extend_from_slice(&BYTE_ORDER_MARK);
                self.at = At::RowStart;
            }
        } else if seen == 0 {
            self.at = At::RowStart;
        } else {
            self.begin_field(run)?;
            self.held.push(BYTE_ORDER_MARK.get(..seen).unwrap_or_default())?;
            self.at = At::Unquoted;
        }
        Ok(())
    }

    /// An empty line holds nothing and is kept, unless it is a whole row.
    const fn start_row(&mut self, byte: u8, run: &mut Run<'_>) {
        let is_row = !self.in_header && self.fates.len() == 1;
        self.at = match byte {
            b'\r' if !is_row => At::EmptyLineEnd,
            b'\n' if !is_row => At::RowStart,
            _ => At::FieldStart,
        };
        if !matches!(self.at, At::FieldStart) {
            run.pos += 1;
        }
    }

    fn begin_field(&mut self, run: &mut Run<'_>) -> Result<(), Fault> {
        self.quoted = false;
        if self.in_header {
            return Ok(());
        }
        let (fate, source) = *self.fates.get(self.column).ok_or(Fault::TooManyFields)?;
        if fate == Fate::Replaced {
            run.copy_until(run.pos);
            if let Some(cleared) = self.treater.replacement(source) {
                write_field(cleared, false, self.delimiter, run.out);
            }
            run.muted = true;
        }
        Ok(())
    }

    fn fate(&self) -> (Fate, Source) {
        self.fates.get(self.column).copied().unwrap_or((Fate::Passes, Source::Nothing))
    }

    fn quoted_text(&mut self, run: &mut Run<'_>) -> Result<(), Fault> {
        let rest = run.rest();
        let quote = memchr::memchr(b'"', rest);
        let text = rest.get(..quote.unwrap_or(rest.len())).unwrap_or_default();
        if self.delimiter == b'\t'
            && let Some(at) = memchr::memchr3(b'\t', b'\r', b'\n', text)
        {
            run.pos += at;
            return Err(Fault::AmbiguousField);
        }
        run.pos += text.len() + usize::from(quote.is_some());
        if quote.is_some() {
            self.at = At::QuoteOrEnd;
        }
        Ok(())
    }

    /// What stands behind a field must be a separator.
    fn end_field_at_separator(&mut self, from: usize, run: &mut Run<'_>) -> Result<(), Fault> {
        let Some(byte) = run.peek() else { return Ok(()) };
        if byte != self.delimiter && byte != b'\r' && byte != b'\n' {
            return Err(Fault::StrayQuote);
        }
        self.end_field(from, run)?;
        run.pos += 1;
        match byte {
            b'\r' => self.at = At::RowEnd,
            b'\n' => self.end_row()?,
            _ => self.at = At::FieldStart,
        }
        Ok(())
    }

    /// The field that began at `from` ends at the cursor.
    fn end_field(&mut self, from: usize, run: &mut Run<'_>) -> Result<(), Fault> {
        if self.in_header {
            self.end_name(from, run)?;
        } else {
            match self.fate() {
                (Fate::Passes, _) => {}
                (Fate::Replaced, _) => {
                    run.muted = false;
                    run.leave_out();
                }
                (Fate::Treated, source) => {
                    let Self { held, unquoted, treater, quoted, delimiter, .. } = self;
                    held.end(from, run, |whole, run| {
                        let value = match text(whole, *quoted, unquoted)? {
                            "" if !*quoted => Value::Null,
                            text => Value::Text(text),
                        };
                        let Some(cleared) = treater.treat(source, value) else { return Ok(false) };
                        run.copy_until(from);
                        write_field(cleared, *quoted, *delimiter, run.out);
                        Ok(true)
                    })?;
                }
            }
        }
        self.column += 1;
        Ok(())
    }

    /// A name of the header: checked, looked up, scrubbed.
    fn end_name(&mut self, from: usize, run: &mut Run<'_>) -> Result<(), Fault> {
        let Self {
            held,
            unquoted,
            treater,
            quoted,
            delimiter,
            names,
            mark,
            has_scrubbed_names,
            fates,
            header_bytes,
            ..
        } = self;
        held.end(from, run, |whole, run| {
            *header_bytes = header_bytes.saturating_add(whole.len()).saturating_add(1);
            if *header_bytes > self.max_header_bytes {
                return Err(Fault::TokenTooLong);
            }
            let name = text(whole, *quoted, unquoted)?;
            if has_other_readings(name, *delimiter) {
                return Err(Fault::AmbiguousName);
            }
            fates.push(treater.member(name.as_bytes()));
            let cleared = treater.treat(treater.flat_names(), Value::Text(name));
            *has_scrubbed_names |= cleared.is_some();
            if !*has_scrubbed_names {
                names.insert(mark, names.hash(name.as_bytes()))?;
                return Ok(false);
            }
            let scrubbed = cleared.map_or(name, field_text);
            let number = names.insert_among_scrubbed(mark, scrubbed, cleared.is_some())?;
            if cleared.is_none() && number.is_none() {
                return Ok(false);
            }
            let numbered = number.map(|number| format!("{scrubbed}{number}"));
            run.copy_until(from);
            write(numbered.as_deref().unwrap_or(scrubbed), *quoted, *delimiter, run.out);
            Ok(true)
        })
    }

    fn end_row(&mut self) -> Result<(), Fault> {
        if self.in_header {
            self.in_header = false;
        } else if self.column < self.fates.len() {
            return Err(Fault::TooFewFields);
        }
        self.column = 0;
        self.at = At::RowStart;
        Ok(())
    }
}

/// The text of a field. Borrows from `whole` where no quote is doubled, else from `scratch`.
fn text<'a>(whole: &'a [u8], quoted: bool, scratch: &'a mut String) -> Result<&'a str, Fault> {
    let text = std::str::from_utf8(whole).map_err(|_| Fault::InvalidUtf8)?;
    if !quoted {
        return Ok(text);
    }
    let inside = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or(Fault::StrayQuote)?;
    let mut parts = inside.split("\"\"");
    let first = parts.next().unwrap_or_default();
    if first.len() == inside.len() {
        return Ok(first);
    }
    scratch.clear();
    scratch.push_str(first);
    for part in parts {
        scratch.push('"');
        scratch.push_str(part);
    }
    Ok(scratch)
}

/// What a cleared value looks like in a field.
fn field_text(cleared: Cleared<'_>) -> &str {
    match cleared.value() {
        Value::Null => "",
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        Value::Number(text) | Value::Text(text) => text,
    }
}

/// Writes a cleared value as a field, in quotes if it needs them or had them.
fn write_field(cleared: Cleared<'_>, quoted: bool, delimiter: u8, out: &mut Vec<u8>) {
    if cleared.value() != Value::Null {
        write(field_text(cleared), quoted, delimiter, out);
    }
}

fn write(text: &str, quoted: bool, delimiter: u8, out: &mut Vec<u8>) {
    let plain = run_without([delimiter, b'"', b'\r', b'\n'], text.as_bytes()) == text.len();
    if plain && !quoted && !text.is_empty() {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for (index, part) in text.split('"').enumerate() {
        if index > 0 {
            out.extend_from_slice(b"\"\"");
        }
        out.extend_from_slice(part.as_bytes());
    }
    out.push(b'"');
}

#[cfg(test)]
#[path = "csv_tests.rs"]
mod tests;
