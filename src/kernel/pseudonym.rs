//! `pseudonymize`: identifiers to one-way keyed names.
//!
//! One MAC (HMAC-SHA-256, RFC 2104, under the subkey of epoch and domain) over the canonical value, rendered
//! by the type of the field: text gives `psn_` and 20 characters of Crockford's base32 (100 bits), an integer
//! a positive 63-bit integer, a `uuid` a version-8 UUID (RFC 9562 section 5.8), bytes 16 bytes. All are cut
//! from the same MAC, so a holder of two renderings can tell that they name the same person.
//!
//! Invariant: the spelling of a value does not show in its pseudonym (see [`super::canon`]).
//! Not here: a rendering for 32-bit integers. 31 bits collide after some ten thousand people, so a store's
//! 32-bit identifier has to be shown as a 64-bit one.

use std::fmt;

use super::base32;
use super::canon::Canonical;
use super::digits::IntegerText;
use super::key::{Domain, KeyRing, Purpose};
use super::mac::ShortMac;
use super::value::Value;

/// How a text pseudonym begins.
pub const TEXT_PREFIX: &str = "psn_";

/// `pseudonymize`, compiled: the key state of one domain.
#[derive(Clone)]
pub struct Pseudonymizer {
    keyed: ShortMac,
}

/// The name of one person in one domain, before it is rendered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pseudonym([u8; 16]);

impl Pseudonymizer {
    /// Derives the subkey of `domain` in the current epoch.
    #[must_use]
    pub fn new(keys: &KeyRing, domain: &Domain) -> Self {
        Self { keyed: ShortMac::new(keys.subkey(Purpose::Pseudonym, domain).expose()) }
    }

    /// The pseudonym of a canonical value.
    #[must_use]
    pub fn pseudonym(&self, canonical: &Canonical<'_>) -> Pseudonym {
        let tag = self.keyed.tag(|sink| canonical.feed(sink));
        let (head, _) = tag.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
        Pseudonym(*head)
    }

    pub(super) fn treat<'a>(&self, value: Value<'a>, scratch: &'a mut String) -> Value<'a> {
        match value {
            Value::Text(text) => {
                self.pseudonym(&Canonical::text(text)).write_text(scratch);
                Value::Text(scratch)
            }
            Value::Number(number) => {
                let Some(canonical) = Canonical::number(number) else { return Value::Null };
                let integer = IntegerText::signed(self.pseudonym(&canonical).positive_i64());
                scratch.push_str(integer.as_str());
                Value::Number(scratch)
            }
            Value::Null | Value::Bool(_) => Value::Null,
        }
    }
}

impl fmt::Debug for Pseudonymizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonymizer")
    }
}

impl Pseudonym {
    /// Appends the rendering for text, 24 bytes of ASCII.
    pub fn write_text(&self, out: &mut String) {
        out.push_str(TEXT_PREFIX);
        base32::push_100_bits(out, u128::from_be_bytes(self.0));
    }

    /// The rendering for 64-bit integers, in 1..=2^63-1.
    #[must_use]
    pub fn positive_i64(&self) -> i64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        i64::from_be_bytes([a & 0x7f, b, c, d, e, f, g, h]).max(1)
    }

    /// The rendering for `uuid`: version 8, variant 10.
    #[must_use]
    pub const fn uuid(&self) -> [u8; 16] {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = self.0;
        [a, b, c, d, e, f, 0x80 | (g & 0x0f), h, 0x80 | (i & 0x3f), j, k, l, m, n, o, p]
    }

    /// The rendering for bytes.
    #[must_use]
    pub const fn bytes(&self) -> [u8; 16] {
        self.0
    }
}

#[cfg(test)]
#[path = "pseudonym_tests.rs"]
mod tests;
