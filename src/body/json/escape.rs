//! The inside of JSON strings: from their escapes to text, and from text to a string that may be sent.

use crate::body::Fault;
use crate::body::names::Number;
use crate::body::scan::{hex_digit, plain_run};
use crate::kernel::Value;
use crate::policy::Cleared;

/// The text of a string whose bytes between the quotes have passed `StringScan`. Borrows from `raw` where
/// there is no escape, else from `scratch`.
pub(in crate::body) fn text<'a>(
    raw: &'a [u8],
    escaped: bool,
    scratch: &'a mut String,
) -> Result<&'a str, Fault> {
    let raw = std::str::from_utf8(raw).map_err(|_| Fault::InvalidUtf8)?;
    if !escaped {
        return Ok(raw);
    }
    scratch.clear();
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('\\') {
        scratch.push_str(before);
        let mut letters = after.chars();
        let letter = letters.next().ok_or(Fault::InvalidEscape)?;
        rest = letters.as_str();
        scratch.push(match letter {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => code_point(&mut rest)?,
            other => other,
        });
    }
    scratch.push_str(rest);
    Ok(scratch)
}

/// The character of one `\uXXXX`, or of two that are a surrogate pair.
fn code_point(rest: &mut &str) -> Result<char, Fault> {
    let high = unit(rest)?;
    if !(0xd800..=0xdbff).contains(&high) {
        return char::from_u32(high).ok_or(Fault::LoneSurrogate);
    }
    *rest = rest.strip_prefix("\\u").ok_or(Fault::LoneSurrogate)?;
    let low = unit(rest)?;
    let low = low.checked_sub(0xdc00).filter(|&bits| bits < 0x400).ok_or(Fault::LoneSurrogate)?;
    char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + low).ok_or(Fault::LoneSurrogate)
}

/// Four hexadecimal digits.
fn unit(rest: &mut &str) -> Result<u32, Fault> {
    let (digits, after) = rest.split_at_checked(4).ok_or(Fault::InvalidEscape)?;
    *rest = after;
    digits.bytes().try_fold(0, |unit, byte| {
        hex_digit(byte).map(|digit| (unit << 4) | u32::from(digit)).ok_or(Fault::InvalidEscape)
    })
}

/// Writes a cleared value as JSON.
pub(super) fn write(cleared: Cleared<'_>, out: &mut Vec<u8>) {
    match cleared.value() {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => out.extend_from_slice(number.as_bytes()),
        Value::Text(text) => write_string(text, out),
    }
}

/// Writes the name of a member, with its number if it has one.
pub(super) fn write_name(name: &str, number: Option<Number>, out: &mut Vec<u8>) {
    write_string(name, out);
    if let Some(number) = number {
        out.pop();
        out.extend_from_slice(format!("{number}\"").as_bytes());
    }
}

fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (len, _) = plain_run(rest);
        let (plain, after) = rest.split_at_checked(len).unwrap_or((rest, &[]));
        out.extend_from_slice(plain);
        let Some((&special, after)) = after.split_first() else { break };
        write_escape(special, out);
        rest = after;
    }
    out.push(b'"');
}

fn write_escape(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        _ => {
            let hex = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble };
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', hex(byte >> 4), hex(byte & 15)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_serde_json_in_both_directions() {
        let texts = ["", "plain", "a\"b\\c/d", "\u{0}\u{8}\u{c}\n\r\t\u{1f}\u{7f}", "é€😀", "\u{2028}"];
        for original in texts {
            let mut ours = Vec::new();
            write_string(original, &mut ours);
            assert_eq!(serde_json::from_slice::<String>(&ours).unwrap(), original);
            let theirs = serde_json::to_string(original).unwrap();
            let inner = theirs.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
            assert_eq!(text(inner.as_bytes(), true, &mut String::new()).unwrap(), original);
        }
        let escaped = br"\u0069\u00E9\ud83d\uDE00\/\b";
        assert_eq!(text(escaped, true, &mut String::new()).unwrap(), "ié😀/\u{8}");
    }
}
