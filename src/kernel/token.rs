//! `tokenize`: identifiers to keyed names that the key holder can turn back.
//!
//! | type | construction | a value that is no token turns back into |
//! | --- | --- | --- |
//! | text | AES-SIV (RFC 5297, AEAD_AES_SIV_CMAC_256) over the padded text, as `tok_` and base32 | nothing: it is recognised and refused |
//! | `uuid` | AES-256 (FIPS 197) of the 16 bytes as one block | some other `uuid`, which names nobody |
//! | `bigint`, JSON integers | FF1 (NIST SP 800-38G Rev. 1), radix 2, 64 digits | some other integer in -2^63..2^63, which all but surely names nobody |
//! | `int` | FF1, radix 2, 32 digits | some other integer in -2^31..2^31, which names somebody only if so many of the 2^32 are in use |
//!
//! Text is padded to a multiple of 16 bytes, so that a token shows the length of a name only so far. Text
//! tokens of every epoch in the ring are turned back; the other types carry no mark of their epoch and are
//! turned back under the current one.
//!
//! Invariant: turning back is the exact inverse, so nothing is canonicalised here: two spellings have two
//! tokens.
//! Not here: 16-bit integers (the domain is smaller than FF1 allows).

use std::fmt;

use aes::Aes256;
use aes::cipher::{BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _};
use aes_siv::siv::Aes128Siv;
use zeroize::Zeroizing;

use super::base32;
use super::canon::{format_uuid, parse_uuid};
use super::digits::{IntegerText, parse_i64};
use super::ff1::Ff1;
use super::key::{Domain, KeyRing, Purpose};
use super::treatment::{Judgement, Misfit};
use super::value::Value;

/// How a text token begins.
pub const TEXT_PREFIX: &str = "tok_";

/// Text is padded to a multiple of this.
const PAD_BYTES: usize = 16;

/// Associated data of a padded text.
const KIND_TEXT: [&[u8]; 1] = [b"text"];

/// Associated data of a UUID in its canonical text, packed into its 16 bytes.
const KIND_UUID: [&[u8]; 1] = [b"uuid"];

/// `tokenize`, compiled: the ciphers of one domain.
pub struct Tokenizer {
    text: Zeroizing<[u8; 32]>,
    older_text: Vec<Zeroizing<[u8; 32]>>,
    uuid: Aes256,
    int64: Ff1,
    int32: Ff1,
}

impl Tokenizer {
    /// Derives the subkeys of `domain`.
    #[must_use]
    pub fn new(keys: &KeyRing, domain: &Domain) -> Self {
        Self {
            text: Zeroizing::new(*keys.subkey(Purpose::TextToken, domain).expose()),
            older_text: keys
                .older_subkeys(Purpose::TextToken, domain)
                .map(|subkey| Zeroizing::new(*subkey.expose()))
                .collect(),
            uuid: Aes256::new(keys.subkey::<32>(Purpose::UuidToken, domain).expose().into()),
            int64: Ff1::of_64_bits(keys.subkey(Purpose::Int64Token, domain).expose()),
            int32: Ff1::of_32_bits(keys.subkey(Purpose::Int32Token, domain).expose()),
        }
    }

    /// The token of a text, appended to `out`. False, with nothing appended, if the cipher declines.
    pub fn write_text(&self, text: &str, out: &mut String) -> bool {
        let mut siv = Aes128Siv::new((&*self.text).into());
        let sealed = match parse_uuid(text).filter(|&uuid| format_uuid(uuid) == *text.as_bytes()) {
            Some(uuid) => siv.encrypt(KIND_UUID, &uuid),
            None => siv.encrypt(KIND_TEXT, &pad(text.as_bytes())),
        };
        let Ok(sealed) = sealed else { return false };
        out.push_str(TEXT_PREFIX);
        base32::push_bytes(out, &sealed);
        true
    }

    /// The text that a token stands for, appended to `out`. False, with nothing appended, if `token` is no
    /// token of this domain in any epoch of the ring.
    #[must_use]
    pub fn turn_back_text(&self, token: &str, out: &mut String) -> bool {
        let prefix = token.get(..TEXT_PREFIX.len()).filter(|prefix| prefix.eq_ignore_ascii_case(TEXT_PREFIX));
        let Some(sealed) = prefix.and(token.get(TEXT_PREFIX.len()..)).and_then(base32::decode) else {
            return false;
        };
        let keys = std::iter::once(&self.text).chain(&self.older_text);
        keys.into_iter().any(|key| open(key, &sealed, out))
    }

    /// The token of a 64-bit integer.
    #[must_use]
    pub fn int64(&self, number: i64) -> i64 {
        self.int64.encrypt(number.cast_unsigned()).cast_signed()
    }

    /// The 64-bit integer that a token stands for.
    #[must_use]
    pub fn turn_back_int64(&self, token: i64) -> i64 {
        self.int64.decrypt(token.cast_unsigned()).cast_signed()
    }

    /// The token of a 32-bit integer.
    #[must_use]
    pub fn int32(&self, number: i32) -> i32 {
        lower_half(self.int32.encrypt(u64::from(number.cast_unsigned())))
    }

    /// The 32-bit integer that a token stands for.
    #[must_use]
    pub fn turn_back_int32(&self, token: i32) -> i32 {
        lower_half(self.int32.decrypt(u64::from(token.cast_unsigned())))
    }

    /// The token of a `uuid`.
    #[must_use]
    pub fn uuid(&self, uuid: [u8; 16]) -> [u8; 16] {
        let mut block = uuid.into();
        self.uuid.encrypt_block(&mut block);
        block.into()
    }

    /// The `uuid` that a token stands for.
    #[must_use]
    pub fn turn_back_uuid(&self, token: [u8; 16]) -> [u8; 16] {
        let mut block = token.into();
        self.uuid.decrypt_block(&mut block);
        block.into()
    }

    pub(super) fn treat<'a>(&self, value: Value<'a>, scratch: &'a mut String) -> Value<'a> {
        match value {
            Value::Text(text) if self.write_text(text, scratch) => Value::Text(scratch),
            Value::Number(number) => {
                let Some(number) = integer(number) else { return Value::Null };
                scratch.push_str(IntegerText::signed(self.int64(number)).as_str());
                Value::Number(scratch)
            }
            _ => Value::Null,
        }
    }

    /// A text token turns back into its text. An integer, as a number or as text (a URL's parameter has no
    /// type), turns back as a 64-bit integer.
    pub(super) fn judge<'a>(&self, value: Value<'a>, scratch: &'a mut String) -> Judgement<'a> {
        let number = match value {
            Value::Text(text) if self.turn_back_text(text, scratch) => {
                return Judgement::TurnedBack(Value::Text(scratch));
            }
            Value::Text(text) => parse_i64(text),
            Value::Number(number) => integer(number),
            Value::Null | Value::Bool(_) => None,
        };
        let Some(token) = number else { return Judgement::Refused(Misfit::NotAToken) };
        scratch.push_str(IntegerText::signed(self.turn_back_int64(token)).as_str());
        Judgement::TurnedBack(if matches!(value, Value::Text(_)) {
            Value::Text(scratch)
        } else {
            Value::Number(scratch)
        })
    }
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokenizer")
    }
}

/// A JSON number that is a 64-bit integer in its one spelling. `7.0` and `1e3` are none: they would turn back
/// into `7` and `1000`, which a store may not find equal.
fn integer(number: &str) -> Option<i64> {
    parse_i64(number)
}

/// The integer in the lower 32 bits.
const fn lower_half(bits: u64) -> i32 {
    let [_, _, _, _, lower @ ..] = bits.to_be_bytes();
    i32::from_be_bytes(lower)
}

/// Padding of ISO/IEC 7816-4: a byte 0x80, then zeros.
fn pad(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let padded_bytes = (text.len() + 1).next_multiple_of(PAD_BYTES);
    let mut padded = Zeroizing::new(Vec::with_capacity(padded_bytes));
    padded.extend_from_slice(text);
    padded.push(0x80);
    padded.resize(padded_bytes, 0);
    padded
}

fn open(key: &[u8; 32], sealed: &[u8], out: &mut String) -> bool {
    let mut siv = Aes128Siv::new(key.into());
    if let Some(uuid) = siv.decrypt(KIND_UUID, sealed).ok().and_then(|bytes| <[u8; 16]>::try_from(bytes).ok())
    {
        let text = format_uuid(uuid);
        return std::str::from_utf8(&text).map(|text| out.push_str(text)).is_ok();
    }
    let Ok(padded) = siv.decrypt(KIND_TEXT, sealed).map(Zeroizing::new) else { return false };
    let end = padded.iter().rposition(|&byte| byte != 0);
    let text = end.filter(|&end| padded.get(end) == Some(&0x80)).and_then(|end| padded.get(..end));
    text.and_then(|text| std::str::from_utf8(text).ok()).map(|text| out.push_str(text)).is_some()
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
