//! The region of a record that is here as a whole.
//!
//! Invariant: what is not one text at that place, or cannot be read, is no region.

use std::borrow::Cow;

use super::scan::{RecordScan, StringEnd};
use crate::body::json::unescaped;

/// The text to which `path` leads, if each of its names stands in its object once.
pub(super) fn region_of<'a>(record: &'a [u8], path: &[Box<str>]) -> Option<Cow<'a, str>> {
    let found = path.iter().try_fold(record, |value, name| member(value, name))?;
    let inside = found.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    text(inside)
}

/// True if a name, as it stands between its quotes, is this one.
pub(super) fn is_name(raw: &[u8], name: &str) -> bool {
    text(raw).is_some_and(|text| text == name)
}

fn text(raw: &[u8]) -> Option<Cow<'_, str>> {
    if !raw.contains(&b'\\') {
        return std::str::from_utf8(raw).ok().map(Cow::Borrowed);
    }
    let mut scratch = String::new();
    let text = unescaped(raw, true, &mut scratch).ok()?.to_owned();
    Some(Cow::Owned(text))
}

/// The value of the only member with this name.
fn member<'a>(object: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut rest = spaces(object).strip_prefix(b"{")?;
    let mut found = None;
    loop {
        rest = spaces(rest);
        if rest.starts_with(b"}") {
            return found;
        }
        let (raw, after) = string(rest)?;
        let after = spaces(spaces(after).strip_prefix(b":")?);
        let (len, _) = RecordScan::default().push(after);
        let (value, after) = after.split_at_checked(len)?;
        if is_name(raw, name) && found.replace(value).is_some() {
            return None;
        }
        rest = spaces(after);
        rest = rest.strip_prefix(b",").unwrap_or(rest);
        if len == 0 {
            return None;
        }
    }
}

/// The inside of a string, and what follows it.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = bytes.strip_prefix(b"\"")?;
    let mut end = StringEnd::default();
    let len = inside.iter().position(|&byte| end.push(byte))?;
    let (raw, after) = inside.split_at_checked(len)?;
    Some((raw, after.strip_prefix(b"\"")?))
}

fn spaces(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii_start()
}
