//! E-mail addresses, by their at sign.
//!
//! Wider than RFC 5321: a domain needs no dot, and letters of all scripts count. Narrower: of the marks that
//! may stand in a local part, those that more often stand around an address in logs and URLs end it.

use super::class::end_of_run;

/// The longest address literal, `[IPv6:` and 45 bytes and `]`.
const MAX_LITERAL_BYTES: usize = 64;

/// The place of the address whose at sign is at `at`; what lies before `from` is taken.
pub(super) fn around(bytes: &[u8], from: usize, at: usize) -> Option<(usize, usize)> {
    let before = bytes.get(from..at)?;
    let local = before.iter().rev().take_while(|&&byte| is_local(byte)).count();
    let start = begin(bytes, at - local, at);
    if start == at {
        return None;
    }
    let end = end_of_domain(bytes, at + 1)?;
    Some((start, end))
}

/// Leaves out quotes and marks before the address, and keys as in `email=`.
fn begin(bytes: &[u8], mut start: usize, at: usize) -> usize {
    loop {
        start = end_of_run(bytes, start, at, |byte| {
            byte.is_ascii() && !byte.is_ascii_alphanumeric() && byte != b'_'
        });
        let key = end_of_run(bytes, start, at, |byte| byte.is_ascii_alphabetic() || byte == b'_');
        if key == start || key == at || bytes.get(key) != Some(&b'=') {
            return start;
        }
        start = key + 1;
    }
}

/// Where the domain ends. A domain of digits and dots only is an address, which others find.
fn end_of_domain(bytes: &[u8], start: usize) -> Option<usize> {
    if bytes.get(start) == Some(&b'[') {
        let limit = bytes.len().min(start + MAX_LITERAL_BYTES);
        let close = end_of_run(bytes, start + 1, limit, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b':' | b'-')
        });
        let literal = bytes.get(start + 1..close)?;
        // Not the marks that scrubbing leaves, such as `[ip]`.
        let is_address =
            bytes.get(close) == Some(&b']') && literal.iter().any(|byte| matches!(byte, b'.' | b':'));
        return is_address.then_some(close + 1);
    }
    let end = end_of_run(bytes, start, bytes.len(), |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') || byte >= 0x80
    });
    let domain = bytes.get(start..end)?;
    let marks = domain.iter().rev().take_while(|&&byte| matches!(byte, b'.' | b'-' | b'_')).count();
    domain.iter().any(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80).then_some(end - marks)
}

const fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || byte >= 0x80
        || matches!(byte, b'.' | b'-' | b'_' | b'+' | b'=' | b'%' | b'\'' | b'*' | b'!' | b'$' | b'^' | b'~')
}
