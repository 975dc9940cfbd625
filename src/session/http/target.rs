//! What is asked for: the path and the query of a request, read in one way only.
//!
//! Invariant: what is sent to the store is printed from what was judged, never the client's own spelling.
//! A path that two servers could read differently (dot segments, encoded slashes, empty segments) is
//! refused rather than normalised.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::Refusal;
use crate::kernel::{Judgement, Misfit, Value};
use crate::policy::Ruling;

/// All but the unreserved characters of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Holds a path to one reading.
///
/// # Errors
/// [`Refusal::AmbiguousPath`] for dot segments, empty segments, separators or control characters behind
/// percent-encoding, path parameters, and broken percent-encoding.
pub fn has_one_reading(path: &str) -> Result<(), Refusal> {
    let inner = path.strip_prefix('/').ok_or(Refusal::AmbiguousPath)?;
    let last = inner.split('/').count().saturating_sub(1);
    let is_plain = |(index, raw): (usize, &str)| {
        decode(raw).is_some_and(|text| {
            let is_odd = |c: char| matches!(c, '/' | '\\' | ';') || c.is_control();
            (!text.is_empty() || index == last) && text != "." && text != ".." && !text.contains(is_odd)
        })
    };
    if inner.split('/').enumerate().all(is_plain) { Ok(()) } else { Err(Refusal::AmbiguousPath) }
}

/// The decoded name-value pairs of a query (`application/x-www-form-urlencoded`).
///
/// # Errors
/// [`Refusal::MalformedQuery`].
pub fn pairs(query: &str) -> Result<Vec<(String, String)>, Refusal> {
    let pieces = query.split('&').filter(|piece| !piece.is_empty());
    pieces
        .map(|piece| {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let plain = |text: &str| decode(&text.replace('+', " ")).ok_or(Refusal::MalformedQuery);
            Ok((plain(name)?, plain(value)?))
        })
        .collect()
}

/// Adds a pair to a query.
pub fn push_pair(query: &mut String, name: &str, value: &str) {
    if !query.is_empty() {
        query.push('&');
    }
    push_encoded(query, name);
    query.push('=');
    push_encoded(query, value);
}

/// Adds a text that stands for itself in a path or a query.
pub(super) fn push_encoded(target: &mut String, text: &str) {
    target.extend(utf8_percent_encode(text, ENCODED));
}

/// Decodes percent-encoding strictly: every `%` has two hexadecimal digits and the result is UTF-8.
pub fn decode(raw: &str) -> Option<String> {
    let bytes = raw.as_bytes();
    let is_strict = bytes.iter().enumerate().filter(|&(_, &byte)| byte == b'%').all(|(at, _)| {
        let digits = bytes.get(at.saturating_add(1)..at.saturating_add(3));
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    if !is_strict {
        return None;
    }
    percent_decode_str(raw).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// What the store is asked in place of a parameter's value.
pub enum Judged {
    /// The value.
    AsAsked(String),
    /// The raw value that the token stands for.
    TurnedBack(String),
}

/// Judges a parameter's value as a predicate over its field, and says what to send to the store.
///
/// # Errors
/// [`Refusal::Parameter`] if it asks for more than the cell tells.
pub fn judge(name: &str, value: &str, ruling: &Ruling) -> Result<Judged, Refusal> {
    let mut scratch = String::new();
    let first = ruling.treatment.judge(Value::Text(value), &mut scratch);
    let misfit = match first {
        Judgement::AtCell => return Ok(Judged::AsAsked(value.to_owned())),
        Judgement::TurnedBack(raw) => return Ok(Judged::TurnedBack(text_of(raw))),
        Judgement::Refused(misfit) => misfit,
    };
    // A URL has no types: digits may be the token of a number.
    if misfit == Misfit::NotAToken
        && is_integer(value)
        && let Judgement::TurnedBack(raw) = ruling.treatment.judge(Value::Number(value), &mut scratch)
    {
        return Ok(Judged::TurnedBack(text_of(raw)));
    }
    Err(Refusal::Parameter { name: name.to_owned(), treatment: ruling.treatment_name.to_string(), misfit })
}

pub(super) fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn text_of(value: Value<'_>) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(text) | Value::Text(text) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_one_reading() {
        for path in ["/", "/v1/", "/a%20b/%25/%C3%A9", "/x~-._", "/a,b:c@d"] {
            assert_eq!(has_one_reading(path), Ok(()), "{path}");
        }
        let refused = [
            "",
            "*",
            "v1",
            "/v1//a",
            "//v1",
            "/./a",
            "/a/..",
            "/a/%2e%2E/b",
            "/a%2fb",
            "/a%5cb",
            "/a%00",
            "/a%",
            "/a%4",
            "/a%zz",
            "/a%ff",
            "/a;b=c",
            "/a\\b",
        ];
        for path in refused {
            assert_eq!(has_one_reading(path), Err(Refusal::AmbiguousPath), "{path}");
        }
    }

    #[test]
    fn queries_are_decoded_strictly() {
        let read = pairs("a=1+2&b=%26&c&&d=x=y").unwrap();
        let expected = [("a", "1 2"), ("b", "&"), ("c", ""), ("d", "x=y")];
        assert!(read.iter().map(|(n, v)| (n.as_str(), v.as_str())).eq(expected));
        let mut printed = String::new();
        for (name, value) in &read {
            push_pair(&mut printed, name, value);
        }
        assert_eq!(pairs(&printed).unwrap(), read);
        for query in ["a=%", "%g0=1", "a=%ff"] {
            assert_eq!(pairs(query), Err(Refusal::MalformedQuery), "{query}");
        }
    }
}
