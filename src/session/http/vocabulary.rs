//! Headers of an answer that cross without a rule: each in the few words that it may have, and nothing else of it.
//!
//! A store that is careless puts raw values into a description of an error, a parameter or a date (`WWW-Authenticate: Bearer
//! error_description="..."`, `Content-Type: text/csv; name="..."`, `Retry-After: <the time of a record>`).
//!
//! Invariant: no text of the store's own choice crosses, but for names of headers, which are letters and dashes with two digits in
//! a row at most: which ones a store reads is its own. What has another form is left out, element by element where it is a list.
//! Not here: which headers there are (`headers`).

use http::header::{self, HeaderName, HeaderValue};

use crate::body::Format;

/// Digits of a number of seconds.
const MAX_DIGITS: usize = 10;

/// Ways to show oneself, as they are registered.
const SCHEMES: [&str; 6] = ["Basic", "Bearer", "Digest", "DPoP", "Negotiate", "NTLM"];

/// Methods, as they are registered (RFC 9110, RFC 5789).
const METHODS: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

/// Directives without an argument.
const CACHE_WORDS: [&str; 9] = [
    "immutable",
    "must-revalidate",
    "must-understand",
    "no-cache",
    "no-store",
    "no-transform",
    "private",
    "proxy-revalidate",
    "public",
];

/// Directives with a number of seconds.
const CACHE_TIMES: [&str; 4] = ["max-age", "s-maxage", "stale-if-error", "stale-while-revalidate"];

/// What crosses of a header of the store's; `origin` is what the client said of itself.
pub(super) fn crossing(
    name: &HeaderName,
    value: &HeaderValue,
    origin: Option<&HeaderValue>,
) -> Option<HeaderValue> {
    let text = value.to_str().ok()?;
    let crossing = match *name {
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS => one_of(text, &["true"])?,
        // An echo of what the client is, or nothing that a browser would take.
        header::ACCESS_CONTROL_ALLOW_ORIGIN if origin == Some(value) => text.to_owned(),
        header::ACCESS_CONTROL_ALLOW_ORIGIN => one_of(text, &["*", "null"])?,
        header::ACCESS_CONTROL_ALLOW_METHODS | header::ALLOW => list(text, is_method),
        header::ACCESS_CONTROL_ALLOW_HEADERS | header::VARY => list(text, is_header_name),
        header::CACHE_CONTROL => list(text, is_cache_directive),
        header::CONTENT_LANGUAGE => list(text, is_language),
        header::CONTENT_TYPE => media_type(text)?,
        header::RETRY_AFTER => Some(text).filter(|text| is_number(text))?.to_owned(),
        header::WWW_AUTHENTICATE => challenges(text),
        header::X_CONTENT_TYPE_OPTIONS => one_of(text, &["nosniff"])?,
        _ => return None,
    };
    if crossing.is_empty() { None } else { HeaderValue::from_str(&crossing).ok() }
}

fn one_of(text: &str, words: &[&str]) -> Option<String> {
    words.iter().find(|word| text.trim().eq_ignore_ascii_case(word)).map(ToString::to_string)
}

/// The elements that are words.
fn list(text: &str, is_word: impl Fn(&str) -> bool) -> String {
    let words = text.split(',').map(str::trim).filter(|word| is_word(word));
    words.collect::<Vec<_>>().join(", ")
}

fn is_method(word: &str) -> bool {
    word == "*" || METHODS.contains(&word)
}

/// A token of letters and dashes, with two digits in a row at most; or `*`.
fn is_header_name(word: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let mut digits = word.split(|c: char| !c.is_ascii_digit());
    word == "*" || !word.is_empty() && word.chars().all(is_plain) && digits.all(|digits| digits.len() <= 2)
}

fn is_number(text: &str) -> bool {
    (1..=MAX_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_cache_directive(directive: &str) -> bool {
    let is = |words: &[&str], text: &str| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    match directive.split_once('=') {
        None => is(&CACHE_WORDS, directive),
        Some((name, seconds)) => is(&CACHE_TIMES, name) && is_number(seconds),
    }
}

/// A language, perhaps with a script and a region (RFC 5646).
fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let is_first = |part: &str| matches!(part.len(), 2 | 3) && part.bytes().all(|b| b.is_ascii_alphabetic());
    let is_next = |part: &str| matches!(part.len(), 2..=4) && part.bytes().all(|b| b.is_ascii_alphabetic());
    parts.next().is_some_and(is_first) && parts.clone().count() <= 2 && parts.all(is_next)
}

/// The type of a body that can be read, and that it is UTF-8 where the store says so.
fn media_type(text: &str) -> Option<String> {
    Format::from_content_type(text)?;
    let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
    let charset = parameters.to_ascii_lowercase().contains("charset=");
    Some(format!("{}{}", essence.trim(), if charset { "; charset=utf-8" } else { "" }))
}

/// The ways to show oneself that the store takes, without what it says of each.
fn challenges(text: &str) -> String {
    let words = text.split(',').filter_map(|piece| piece.split_whitespace().next());
    let known = words.filter_map(|word| SCHEMES.iter().find(|scheme| word.eq_ignore_ascii_case(scheme)));
    // A browser asks for a name and a password only where there is a realm (RFC 7617 section 2).
    let written = known.map(|scheme| if *scheme == "Basic" { "Basic realm=\"store\"" } else { scheme });
    written.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crosses(name: &'static str, value: &'static str) -> String {
        let origin = HeaderValue::from_static("https://app.example.com");
        let name = HeaderName::from_static(name);
        let crossing = crossing(&name, &HeaderValue::from_static(value), Some(&origin));
        crossing.map_or(String::new(), |value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn what_fits_crosses_and_nothing_else() {
        for (name, value, expected) in [
            ("content-type", "application/json", "application/json"),
            (
                "content-type",
                "application/json; charset=UTF-8; name=\"203.0.113.7\"",
                "application/json; charset=utf-8",
            ),
            ("content-type", "text/csv; name=\"203.0.113.7.csv\"", "text/csv"),
            ("content-type", "image/203.0.113.7", ""),
            ("www-authenticate", "Bearer error_description=\"no user 203.0.113.7\"", "Bearer"),
            (
                "www-authenticate",
                "Negotiate, Basic realm=\"203.0.113.7\"",
                "Negotiate, Basic realm=\"store\"",
            ),
            ("www-authenticate", "203.0.113.7", ""),
            ("cache-control", "private, max-age=60, ip=\"203.0.113.7\"", "private, max-age=60"),
            ("cache-control", "max-age=\"1\", no-cache=\"203.0.113.7\"", ""),
            ("retry-after", "120", "120"),
            ("retry-after", "Sat, 14 Mar 2026 18:01:37 GMT", ""),
            ("vary", "Accept-Encoding, 203.0.113.7, Origin", "Accept-Encoding, Origin"),
            ("vary", "*", "*"),
            ("allow", "GET, HEAD, ALICE, 203.0.113.7", "GET, HEAD"),
            ("content-language", "de, zh-Hant-TW, 203.0.113.7", "de, zh-Hant-TW"),
            ("access-control-allow-origin", "https://app.example.com", "https://app.example.com"),
            ("access-control-allow-origin", "http://203.0.113.7", ""),
            ("access-control-allow-origin", "*", "*"),
            ("access-control-allow-headers", "X-B3-TraceId, 7770001", "X-B3-TraceId"),
            ("access-control-allow-credentials", "true", "true"),
            ("x-content-type-options", "NOSNIFF", "nosniff"),
            ("etag", "\"203\"", ""),
        ] {
            assert_eq!(crosses(name, value), expected, "{name}: {value}");
        }
    }
}
