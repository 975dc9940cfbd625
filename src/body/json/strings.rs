//! Finds the end of a JSON string, eight bytes at a time, whatever way the bytes are cut.
//!
//! Invariant: every byte before the closing quote has been checked: UTF-8, no control character, no
//! unknown escape, no lone surrogate (RFC 8259 sections 7 and 8).
//! Not here: what the string says (`escape`).

use crate::body::Fault;
use crate::body::scan::{hex_digit, plain_run};
use crate::body::utf8::Sequence;

/// A fault and the index of the byte that shows it.
pub(super) type FaultAt = (Fault, usize);

/// The scan of one string, from behind its opening quote; it goes on where the last piece ended.
#[derive(Clone, Debug, Default)]
pub(super) struct StringScan {
    need: Need,
    escaped: bool,
    sequence: Sequence,
}

/// What must come next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Need {
    #[default]
    Text,
    /// The letter of an escape.
    Letter,
    /// Hexadecimal digits of `\u`; `unit` is what was read of them.
    Hex { left: u8, unit: u16, low: bool },
    /// The backslash of the low surrogate.
    LowBackslash,
    /// The `u` of the low surrogate.
    LowLetter,
}

impl StringScan {
    /// True if the string has escapes; to be asked at its end.
    pub(super) const fn escaped(&self) -> bool {
        self.escaped
    }

    /// Scans on. `Some(index)` is the closing quote; `None` means that all bytes belong to the string.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> Result<Option<usize>, FaultAt> {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if self.need != Need::Text || self.sequence.is_open() {
                if let Some(&byte) = rest.first() {
                    self.step(byte).map_err(|fault| (fault, at))?;
                }
                at += 1;
                continue;
            }
            let (len, ascii) = plain_run(rest);
            let run = rest.get(..len).unwrap_or_default();
            if !ascii {
                self.sequence.check(run, len == rest.len()).map_err(|(fault, index)| (fault, at + index))?;
            }
            at += len;
            match bytes.get(at) {
                None => break,
                Some(b'"') => return Ok(Some(at)),
                Some(b'\\') => {
                    self.need = Need::Letter;
                    self.escaped = true;
                    at += 1;
                }
                Some(_) => return Err((Fault::ControlCharacter, at)),
            }
        }
        Ok(None)
    }

    /// One byte inside an escape or a split UTF-8 sequence.
    fn step(&mut self, byte: u8) -> Result<(), Fault> {
        self.need = match self.need {
            Need::Text => {
                self.sequence.push(byte)?;
                Need::Text
            }
            Need::Letter => match byte {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Need::Text,
                b'u' => Need::Hex { left: 4, unit: 0, low: false },
                _ => return Err(Fault::InvalidEscape),
            },
            Need::Hex { left, unit, low } => {
                let digit = hex_digit(byte).ok_or(Fault::InvalidEscape)?;
                let unit = (unit << 4) | u16::from(digit);
                match (left, unit) {
                    (2.., _) => Need::Hex { left: left.saturating_sub(1), unit, low },
                    (_, 0xdc00..=0xdfff) if low => Need::Text,
                    (_, 0xdc00..=0xdfff) => return Err(Fault::LoneSurrogate),
                    _ if low => return Err(Fault::LoneSurrogate),
                    (_, 0xd800..=0xdbff) => Need::LowBackslash,
                    _ => Need::Text,
                }
            }
            Need::LowBackslash if byte == b'\\' => Need::LowLetter,
            Need::LowLetter if byte == b'u' => Need::Hex { left: 4, unit: 0, low: true },
            Need::LowBackslash | Need::LowLetter => return Err(Fault::LoneSurrogate),
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The end as one piece, and the same for every cut into two pieces and for single bytes.
    fn end(bytes: &[u8]) -> Result<Option<usize>, FaultAt> {
        let whole = StringScan::default().scan(bytes);
        for cut in 0..=bytes.len() {
            let mut scan = StringScan::default();
            let mut found = scan.scan(&bytes[..cut]);
            if found == Ok(None) {
                found = match scan.scan(&bytes[cut..]) {
                    Ok(end) => Ok(end.map(|end| end + cut)),
                    Err((fault, at)) => Err((fault, at + cut)),
                };
            }
            let faults = (found.map_err(|(fault, _)| fault), whole.map_err(|(fault, _)| fault));
            assert_eq!(faults.0, faults.1, "cut at {cut} of {bytes:?}");
        }
        whole
    }

    #[test]
    fn finds_the_closing_quote_at_every_distance() {
        for len in 0..40 {
            let mut text = vec![b'x'; len];
            assert_eq!(end(&text), Ok(None));
            text.extend_from_slice(b"\"\\\x01\"");
            assert_eq!(end(&text), Ok(Some(len)), "{len}");
        }
    }

    #[test]
    fn refuses_what_no_string_may_hold() {
        let table: [(&[u8], FaultAt); 14] = [
            (b"abcdefgh\n\"", (Fault::ControlCharacter, 8)),
            (b"\x00\"", (Fault::ControlCharacter, 0)),
            (b"ab\x1f\"", (Fault::ControlCharacter, 2)),
            (b"\\x\"", (Fault::InvalidEscape, 1)),
            (b"\\u12g4\"", (Fault::InvalidEscape, 4)),
            (b"\\u12\"", (Fault::InvalidEscape, 4)),
            (b"\\ud800\"", (Fault::LoneSurrogate, 6)),
            (b"\\ud800\\n\"", (Fault::LoneSurrogate, 7)),
            (b"\\ud800\\u0041\"", (Fault::LoneSurrogate, 11)),
            (b"\\udc00\"", (Fault::LoneSurrogate, 5)),
            (b"abc\xff\"", (Fault::InvalidUtf8, 3)),
            (b"\xc0\x80\"", (Fault::InvalidUtf8, 0)),
            (b"\xed\xa0\x80\"", (Fault::InvalidUtf8, 0)),
            (b"ab\xe2\x82\"", (Fault::InvalidUtf8, 2)),
        ];
        for (bytes, fault) in table {
            assert_eq!(end(bytes), Err(fault), "{bytes:?}");
        }
    }

    #[test]
    fn knows_escapes_and_wide_characters() {
        for text in ["\\\"\\\\\\/\\b\\f\\n\\r\\t", "\\u00e9\\ud83d\\ude00", "é€😀 naïve", "\u{7f}\u{ffff}"]
        {
            let bytes = format!("{text}\"");
            assert_eq!(end(bytes.as_bytes()), Ok(Some(text.len())), "{text}");
        }
    }
}
