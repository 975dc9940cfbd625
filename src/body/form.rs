//! `application/x-www-form-urlencoded` (WHATWG URL, section 5).
//!
//! Invariants: any cut of the input gives the same output; pairs that no ruling changes keep their bytes.
//! A name may come more than once, and each of its values is treated. A byte that serialisers always
//! escape and readers take differently (`;`, spaces, controls, non-ASCII) is refused.
//! Not here: what a treatment does to a value (`treat`).

use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::held::Held;
use super::run::Run;
use super::scan::hex_digit;
use super::treat::{Fate, Treater};
use super::{Fault, Limits, Tally};
use crate::kernel::Value;
use crate::policy::{Cleared, Plan};

/// What a serialiser escapes; a space as `%20`.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

/// The rewriter of one form.
pub(super) struct Form {
    held: Held,
    name: Vec<u8>,
    value: Vec<u8>,
    treater: Treater,
}

impl Form {
    pub(super) fn new(plan: Arc<Plan>, limits: &Limits) -> Self {
        let held = Held::new(limits.clone());
        Self { held, name: Vec::new(), value: Vec::new(), treater: Treater::new(plan) }
    }

    pub(super) const fn tally(&self) -> &Tally {
        self.treater.tally()
    }

    /// Takes the next bytes. A fault comes with the index at which its pair, or the piece, ends.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), (Fault, usize)> {
        let mut run = Run::new(bytes, false, out);
        self.walk(&mut run).map_err(|fault| (fault, run.pos))
    }

    /// Ends the form.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        self.end_pair(0, &mut Run::new(&[], false, out))
    }

    fn walk(&mut self, run: &mut Run<'_>) -> Result<(), Fault> {
        let mut from = 0;
        while let Some(len) = memchr::memchr(b'&', run.rest()) {
            run.pos += len;
            self.end_pair(from, run)?;
            run.pos += 1;
            from = run.pos;
        }
        run.pos += run.rest().len();
        self.held.hold(from, run)
    }

    fn end_pair(&mut self, from: usize, run: &mut Run<'_>) -> Result<(), Fault> {
        let Self { held, name, value, treater } = self;
        held.end(from, run, |pair, run| {
            if pair.is_empty() {
                return Ok(false);
            }
            let (raw_name, raw_value) = split(pair);
            let name = decode(raw_name, name)?;
            let value = match decode(raw_value.unwrap_or_default(), value)? {
                "" => Value::Null,
                text => Value::Text(text),
            };
            let (fate, source) = treater.member(name.as_bytes());
            let names = treater.flat_names();
            run.copy_until(from);
            match treater.treat(names, Value::Text(name)) {
                Some(cleared) => write(cleared, run.out),
                None => run.out.extend_from_slice(raw_name),
            }
            let cleared = match fate {
                Fate::Passes => None,
                Fate::Replaced => treater.replacement(source),
                Fate::Treated => treater.treat(source, value),
            };
            if cleared.is_some() || raw_value.is_some() {
                run.out.push(b'=');
            }
            match (cleared, raw_value) {
                (Some(cleared), _) => write(cleared, run.out),
                (None, raw) => run.out.extend_from_slice(raw.unwrap_or_default()),
            }
            Ok(true)
        })
    }
}

/// The name, and the value behind the first `=`.
fn split(pair: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b'=', pair).and_then(|at| pair.split_at_checked(at)) {
        Some((name, value)) => (name, value.get(1..)),
        None => (pair, None),
    }
}

/// The text of a name or value, in `scratch`.
fn decode<'a>(raw: &[u8], scratch: &'a mut Vec<u8>) -> Result<&'a str, Fault> {
    scratch.clear();
    let mut rest = raw.iter();
    while let Some(&byte) = rest.next() {
        scratch.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit =
                    || rest.next().and_then(|&digit| hex_digit(digit)).ok_or(Fault::InvalidEscape);
                (digit()? << 4) | digit()?
            }
            b';' => return Err(Fault::UnescapedByte),
            0x21..=0x7e => byte,
            _ => return Err(Fault::UnescapedByte),
        });
    }
    std::str::from_utf8(scratch).map_err(|_| Fault::InvalidUtf8)
}

/// Writes a cleared value as a name or value of a form.
fn write(cleared: Cleared<'_>, out: &mut Vec<u8>) {
    let text = match cleared.value() {
        Value::Null => "",
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        Value::Number(text) | Value::Text(text) => text,
    };
    utf8_percent_encode(text, ESCAPED).for_each(|part| out.extend_from_slice(part.as_bytes()));
}

#[cfg(test)]
mod tests {
    use crate::body::testing::{plan, rewrite};
    use crate::body::{Fault, Format};
    use crate::kernel::Treatment::{Pass, Redact, Suppress};

    #[test]
    fn treats_named_values_and_keeps_the_bytes_of_others() {
        let plan = plan(&Pass, &[("$.ip", Redact("a b&c=d;é".into())), ("$.gone", Suppress)]);
        let table = [
            ("", ""),
            ("a=%41+b&&c&=&d==%3d", "a=%41+b&&c&=&d==%3d"),
            ("ip=203.0.113.7&x=1", "ip=a%20b%26c%3Dd%3B%C3%A9&x=1"),
            (
                "%69%70=1&ip=2&gone=3&ip",
                "%69%70=a%20b%26c%3Dd%3B%C3%A9&ip=a%20b%26c%3Dd%3B%C3%A9&gone=&ip=a%20b%26c%3Dd%3B%C3%A9",
            ),
        ];
        for (input, output) in table {
            assert_eq!(rewrite(Format::Form, &plan, input).unwrap(), output, "{input}");
            assert_eq!(rewrite(Format::Form, &plan, output).unwrap(), output, "again: {output}");
        }
    }

    #[test]
    fn refuses_what_readers_take_differently() {
        let table: [(&[u8], Fault); 8] = [
            (b"a=%4", Fault::InvalidEscape),
            (b"a=%zz", Fault::InvalidEscape),
            (b"a=%", Fault::InvalidEscape),
            (b"a=1;ip=2", Fault::UnescapedByte),
            (b"a=1 2", Fault::UnescapedByte),
            (b"a=1\n", Fault::UnescapedByte),
            (b"a=\xc3\xa9", Fault::UnescapedByte),
            (b"a=%ff", Fault::InvalidUtf8),
        ];
        for (input, fault) in table {
            assert_eq!(
                rewrite(Format::Form, &plan(&Pass, &[]), input).unwrap_err().fault,
                fault,
                "{input:?}"
            );
        }
    }
}
