//! Lines that hold together: each carries the hash of all that stands before it.
//!
//! ```text
//! {"seq":7, ... ,"hash":"<64 digits>"}                      hash = SHA-256(hash of line 6 || the line up to `,"hash"`)
//! {"seq":7, ... ,"hash":"<64 digits>","mac":"<64 digits>"}  mac  = HMAC-SHA-256(key, hash)
//! ```
//!
//! A hash needs no key: everybody can check a trail, and whoever can write the file can also compute a new
//! one. So a trail has MACs where there is a key: one MAC vouches for every line up to its own.
//!
//! Invariant: hashes cover the bytes as they stand in the file. Nothing is parsed and printed again, so a
//! line has no second spelling.
//! Not here: what a line says ([`super::Entry`]), files.

use hmac::{Hmac, Mac as _};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::digest::{DIGITS, Digest};
use crate::base::secret::Secret;
use crate::kernel::key::hmac_of;

/// Room for a body, in the largest size that allocators hand out quickly.
const USUAL_BYTES: usize = 1000;

const START: &[u8] = b"{\"seq\":";
const HASH: &[u8] = b",\"hash\":\"";
const MAC: &[u8] = b",\"mac\":\"";

/// What a line says, without its sequence number and hash. Only this room makes one, so that what is on
/// record has one shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body(Vec<u8>);

impl Body {
    /// Prints an object. Text, numbers and maps of these cannot fail to print.
    pub(super) fn print(object: &impl Serialize) -> Self {
        Self::print_into(Vec::with_capacity(USUAL_BYTES), object)
    }

    /// The same in the room of a body that is used up.
    pub(super) fn print_over(used: Option<Self>, object: &impl Serialize) -> Self {
        let Some(Self(mut room)) = used else { return Self::print(object) };
        room.clear();
        Self::print_into(room, object)
    }

    fn print_into(mut text: Vec<u8>, object: &impl Serialize) -> Self {
        let printed = serde_json::to_writer(&mut text, object);
        Self(if printed.is_ok() { text } else { Vec::new() })
    }

    /// True if its room is no larger than usual.
    #[must_use]
    pub const fn is_usual(&self) -> bool {
        self.0.capacity() <= USUAL_BYTES
    }

    fn members(&self) -> &[u8] {
        self.0.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}")).unwrap_or_default()
    }
}

/// The key of the MACs, with the epoch that it belongs to.
#[derive(Clone)]
pub struct MacKey {
    epoch: String,
    keyed: Hmac<Sha256>,
}

impl MacKey {
    /// Takes the key of an epoch.
    #[must_use]
    pub fn new(epoch: &str, key: &Secret<32>) -> Self {
        Self { epoch: epoch.to_owned(), keyed: hmac_of(key.expose()) }
    }

    /// The epoch's name.
    #[must_use]
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// The MAC of a line's hash.
    #[must_use]
    pub fn mac(&self, hash: &Digest) -> Digest {
        let mut mac = self.keyed.clone();
        mac.update(hash.bytes());
        Digest::new(mac.finalize().into_bytes().into())
    }
}

impl std::fmt::Debug for MacKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MacKey").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

/// Where a trail stands: the number of its next line, and the hash that it follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The number of the next line; the first is 0.
    pub seq: u64,
    /// The hash of the last line.
    pub head: Digest,
}

impl Position {
    /// Before the first line.
    pub const GENESIS: Self = Self { seq: 0, head: Digest::GENESIS };

    /// Appends the next line to `out`, with its line feed, and moves behind it.
    pub fn append(&mut self, body: &Body, key: Option<&MacKey>, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(START);
        out.extend_from_slice(self.seq.to_string().as_bytes());
        out.push(b',');
        out.extend_from_slice(body.members());
        let hash = follow(&self.head, out.get(start..).unwrap_or_default());
        push_member(HASH, &hash, out);
        if let Some(key) = key {
            push_member(MAC, &key.mac(&hash), out);
        }
        out.extend_from_slice(b"}\n");
        *self = Self { seq: self.seq.saturating_add(1), head: hash };
    }
}

fn push_member(name: &[u8], digest: &Digest, out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    digest.write(out);
    out.push(b'"');
}

/// The hash of a line (up to its hash) that follows `head`.
#[must_use]
pub(super) fn follow(head: &Digest, line: &[u8]) -> Digest {
    let hash = Sha256::new().chain_update(head.bytes()).chain_update(line).finalize();
    Digest::new(hash.into())
}

/// A line taken apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sealed<'a> {
    /// What is hashed.
    pub(super) hashed: &'a [u8],
    /// The hash that the line carries.
    pub(super) hash: Digest,
    /// The MAC that it carries.
    pub(super) mac: Option<Digest>,
}

impl<'a> Sealed<'a> {
    /// Takes a line (without its line feed) apart, if it is put together as [`Position::append`] does.
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
        let line = line.strip_suffix(b"}")?;
        let (line, mac) = match split_member(line, MAC) {
            Some((line, mac)) => (line, Some(mac)),
            None => (line, None),
        };
        let (hashed, hash) = split_member(line, HASH)?;
        hashed.starts_with(START).then_some(Self { hashed, hash, mac })
    }
}

/// Splits `...NAME<digits>"` in front of the member.
fn split_member<'a>(line: &'a [u8], name: &[u8]) -> Option<(&'a [u8], Digest)> {
    let line = line.strip_suffix(b"\"")?;
    let (line, digits) = line.split_at_checked(line.len().checked_sub(DIGITS)?)?;
    Some((line.strip_suffix(name)?, Digest::parse(digits)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole construction once, with values that a stranger computed (Python's hashlib and hmac).
    #[test]
    fn a_stranger_computes_the_same() {
        let mut at = Position::GENESIS;
        let key = MacKey::new("test", &Secret::new([7; 32]));
        let mut out = Vec::new();
        at.append(&Body(b"{\"kind\":\"a\"}".to_vec()), None, &mut out);
        at.append(&Body(b"{\"kind\":\"b\"}".to_vec()), Some(&key), &mut out);
        let text = String::from_utf8(out).unwrap();
        let expected = include_str!("chain_vector.jsonl");
        assert_eq!(text, expected);
        assert_eq!(at.seq, 2);
        let last = Sealed::parse(text.lines().last().unwrap().as_bytes()).unwrap();
        assert_eq!(last.hash, at.head);
        assert_eq!(last.mac, Some(key.mac(&at.head)));
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", MacKey::new("e", &Secret::new([1; 32]))), "MacKey { epoch: \"e\", .. }");
    }
}
