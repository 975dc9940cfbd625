//! Headers: what may cross in each direction, and what is set anew.
//!
//! Invariant: both directions are allow-lists. A header that nobody thought of does not cross. What carries
//! addresses is stripped in both directions; what describes the raw bytes (`Content-Length`, `ETag`,
//! digests, ranges; a policy cannot name these) or lets the client probe for them (conditional requests) is stripped too.

use std::collections::BTreeMap;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::vocabulary;
use crate::kernel::Value;
use crate::policy::{self, Ruling};

/// Request headers that reach the store.
const REQUEST: [HeaderName; 12] = [
    header::ACCEPT,
    header::ACCEPT_LANGUAGE,
    header::AUTHORIZATION,
    header::CONTENT_LANGUAGE,
    header::CONTENT_TYPE,
    header::COOKIE,
    header::ORIGIN,
    header::USER_AGENT,
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("x-csrf-token"),
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("x-requested-with"),
];

/// Response headers of which words of a fixed vocabulary cross ([`vocabulary`]).
const RESPONSE: [HeaderName; 12] = [
    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    header::ACCESS_CONTROL_ALLOW_HEADERS,
    header::ACCESS_CONTROL_ALLOW_METHODS,
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ALLOW,
    header::CACHE_CONTROL,
    header::CONTENT_LANGUAGE,
    header::CONTENT_TYPE,
    header::RETRY_AFTER,
    header::VARY,
    header::WWW_AUTHENTICATE,
    header::X_CONTENT_TYPE_OPTIONS,
];

/// The encodings that the body room can take off and put back, for the store to choose from.
const CODINGS: [&str; 4] = ["gzip", "br", "zstd", "deflate"];

/// True if a request header is passed on, so that it cannot be one that tells the proxy alone something.
#[must_use]
pub fn reaches_the_store(name: &HeaderName) -> bool {
    REQUEST.contains(name) || [header::ACCEPT_ENCODING, header::VIA].contains(name)
}

/// The request headers to send to the store.
#[must_use]
pub(super) fn for_store(client: &HeaderMap) -> HeaderMap {
    let mut sent = HeaderMap::with_capacity(REQUEST.len().saturating_add(2));
    for name in REQUEST {
        for value in client.get_all(&name) {
            sent.append(name.clone(), value.clone());
        }
    }
    if let Some(accepted) = accepted_codings(client) {
        sent.insert(header::ACCEPT_ENCODING, accepted);
    }
    sent.insert(header::VIA, HeaderValue::from_static("1.1 sfumato"));
    sent
}

/// The client's `Accept-Encoding`, less what cannot be rewritten. `*` stands for gzip.
fn accepted_codings(client: &HeaderMap) -> Option<HeaderValue> {
    let mut accepted = String::new();
    let lines = client.get_all(header::ACCEPT_ENCODING).into_iter().filter_map(|line| line.to_str().ok());
    for item in lines.flat_map(|line| line.split(',')) {
        let (coding, quality) = item.split_once(';').unwrap_or((item, ""));
        let coding = coding.trim().to_ascii_lowercase();
        let known = if coding == "*" { "gzip" } else { coding.as_str() };
        let is_refused = matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
        if CODINGS.contains(&known) && !is_refused {
            if !accepted.is_empty() {
                accepted.push_str(", ");
            }
            accepted.push_str(known);
        }
    }
    HeaderValue::from_str(if accepted.is_empty() { "identity" } else { &accepted }).ok()
}

/// The response headers to send to the client: the fixed vocabulary, and what the policy names, treated. `origin` is what
/// the client said of itself.
#[must_use]
pub(super) fn for_client(
    store: &HeaderMap,
    named: &BTreeMap<String, Ruling>,
    origin: Option<&HeaderValue>,
) -> HeaderMap {
    let mut sent = HeaderMap::with_capacity(RESPONSE.len());
    for name in RESPONSE {
        if !named.contains_key(name.as_str()) {
            for value in store.get_all(&name) {
                if let Some(value) = vocabulary::crossing(&name, value, origin) {
                    sent.append(name.clone(), value);
                }
            }
        }
    }
    let mut scratch = String::new();
    for (name, ruling) in named {
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { continue };
        for value in store.get_all(&name) {
            if let Some(value) = treated(value, ruling, &mut scratch) {
                sent.append(name.clone(), value);
            }
        }
    }
    sent
}

/// A treated header value. A list (`X-Forwarded-For: a, b`) is treated element by element; what becomes
/// null, and what is not text, is left out.
fn treated(value: &HeaderValue, ruling: &Ruling, scratch: &mut String) -> Option<HeaderValue> {
    let text = value.to_str().ok()?;
    let mut whole = String::with_capacity(text.len());
    for element in text.split(',').map(str::trim) {
        let text = match policy::apply(ruling, Value::Text(element), scratch).value() {
            Value::Null | Value::Bool(_) => continue,
            Value::Number(text) | Value::Text(text) => text,
        };
        if !whole.is_empty() {
            whole.push_str(", ");
        }
        whole.push_str(text);
    }
    if whole.is_empty() { None } else { HeaderValue::from_str(&whole).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let parsed = pairs.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v)));
        parsed.collect()
    }

    #[test]
    fn nothing_unknown_reaches_the_store() {
        let sent = for_store(&map(&[
            ("accept", "application/json"),
            ("accept-encoding", "GZIP, compress, br;q=0, zstd;q=0.5"),
            ("forwarded", "for=192.0.2.1"),
            ("if-none-match", "\"x\""),
            ("range", "bytes=0-1"),
            ("te", "trailers"),
            ("x-forwarded-for", "192.0.2.1"),
            ("x-http-method-override", "DELETE"),
            ("x-original-url", "/admin"),
        ]));
        let expected =
            map(&[("accept", "application/json"), ("accept-encoding", "gzip, zstd"), ("via", "1.1 sfumato")]);
        assert_eq!(sent, expected);
    }

    #[test]
    fn no_description_of_raw_bytes_reaches_the_client() {
        let sent = for_client(
            &map(&[
                ("content-length", "12"),
                ("content-type", "application/json"),
                ("etag", "\"abc\""),
                ("last-modified", "Sun, 22 Nov 2026 10:11:12 GMT"),
                ("set-cookie", "user=42"),
                ("x-real-ip", "192.0.2.1"),
            ]),
            &BTreeMap::new(),
            None,
        );
        assert_eq!(sent, map(&[("content-type", "application/json")]));
    }
}
