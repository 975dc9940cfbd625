//! Keys: named epochs, the current one, and a subkey for each purpose and domain.
//!
//! Invariant: an epoch's key is used for nothing but deriving subkeys (HKDF-Expand, RFC 5869 section 2.3,
//! with HMAC-SHA-256); keys are zeroised on drop and neither printed nor shown in an error.
//! Not here: files, permissions, random numbers. They enter through `app`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

use crate::base::secret::Secret;

/// Length of an epoch's key.
pub const KEY_BYTES: usize = 32;

/// Longest name of a domain or an epoch.
const MAX_NAME_BYTES: usize = 64;

/// The name of a set of identifiers: the same person has the same pseudonym wherever the domain is the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Domain(String);

/// A domain's name is empty or longer than 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a domain's name has 1 to {MAX_NAME_BYTES} bytes")]
pub struct InvalidDomain;

impl Domain {
    /// Takes a name of 1 to 64 bytes.
    ///
    /// # Errors
    /// [`InvalidDomain`] if it is empty or longer.
    pub fn new(name: &str) -> Result<Self, InvalidDomain> {
        if name.is_empty() || name.len() > MAX_NAME_BYTES {
            Err(InvalidDomain)
        } else {
            Ok(Self(name.to_owned()))
        }
    }

    /// The name as written.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// The secret of one epoch: 32 uniformly random bytes.
#[derive(Clone, Debug)]
pub struct EpochKey(Secret<KEY_BYTES>);

/// The text of a key file is not the base64 (RFC 4648 section 4) of 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key is the base64 text of {KEY_BYTES} bytes")]
pub struct InvalidKey;

impl EpochKey {
    /// Takes 32 random bytes over; the caller wipes its own copy.
    #[must_use]
    pub const fn from_random(bytes: [u8; KEY_BYTES]) -> Self {
        Self(Secret::new(bytes))
    }

    /// Reads the text of a key file: one line of base64, white space around it ignored.
    ///
    /// # Errors
    /// [`InvalidKey`], which shows nothing of the text.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        let bytes = Zeroizing::new(STANDARD.decode(text.trim_ascii()).map_err(|_| InvalidKey)?);
        let mut array = <[u8; KEY_BYTES]>::try_from(bytes.as_slice()).map_err(|_| InvalidKey)?;
        let key = Self(Secret::new(array));
        array.zeroize();
        Ok(key)
    }

    /// The text of a key file that holds this key, with a line end.
    #[must_use]
    pub fn to_file_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(STANDARD.encode(self.0.expose()));
        text.push('\n');
        text
    }
}

/// All keys of a configuration. Pseudonyms and tokens are made under the current epoch; a text token of any
/// epoch in the ring is turned back.
#[derive(Clone)]
pub struct KeyRing {
    current: (String, EpochKey),
    others: Vec<(String, EpochKey)>,
}

/// A ring that does not hold together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// The current epoch has no key.
    #[error("the current epoch `{0}` is not in the ring")]
    NoCurrent(String),
    /// Two keys for one epoch.
    #[error("epoch `{0}` is in the ring twice")]
    Duplicate(String),
}

impl KeyRing {
    /// Makes a ring from its epochs; `current` names one of them.
    ///
    /// # Errors
    /// [`KeyRingError`] if `current` is missing or a name comes twice.
    pub fn new(
        epochs: impl IntoIterator<Item = (String, EpochKey)>,
        current: &str,
    ) -> Result<Self, KeyRingError> {
        let mut others: Vec<(String, EpochKey)> = Vec::new();
        for (name, key) in epochs {
            if others.iter().any(|(known, _)| *known == name) {
                return Err(KeyRingError::Duplicate(name));
            }
            others.push((name, key));
        }
        let position = others.iter().position(|(name, _)| name == current);
        let position = position.ok_or_else(|| KeyRingError::NoCurrent(current.to_owned()))?;
        Ok(Self { current: others.remove(position), others })
    }

    /// The name of the epoch under which new pseudonyms and tokens are made.
    #[must_use]
    pub fn current_epoch(&self) -> &str {
        &self.current.0
    }

    /// For each epoch its name and the key of the audit trail's MACs, the current epoch first.
    pub fn audit_keys(&self) -> impl Iterator<Item = (&str, Secret<32>)> {
        let domain = Domain("trail".to_owned());
        let epochs = std::iter::once(&self.current).chain(&self.others);
        epochs.map(move |(name, key)| (name.as_str(), expand(key, Purpose::Audit, &domain)))
    }

    /// The subkey of the current epoch for `purpose` and `domain`.
    pub(super) fn subkey<const N: usize>(&self, purpose: Purpose, domain: &Domain) -> Secret<N> {
        expand(&self.current.1, purpose, domain)
    }

    /// The subkeys of the other epochs, in the order of the ring.
    pub(super) fn older_subkeys<const N: usize>(
        &self,
        purpose: Purpose,
        domain: &Domain,
    ) -> impl Iterator<Item = Secret<N>> {
        self.others.iter().map(move |(_, key)| expand(key, purpose, domain))
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let others: Vec<&str> = self.others.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("KeyRing").field("current", &self.current.0).field("others", &others).finish()
    }
}

/// What a subkey is for. One subkey serves one primitive.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    /// HMAC of identifiers.
    Pseudonym,
    /// AES-SIV of text.
    TextToken,
    /// AES of one block.
    UuidToken,
    /// FF1 of 64-bit integers.
    Int64Token,
    /// FF1 of 32-bit integers.
    Int32Token,
    /// HMAC of the audit trail's lines.
    Audit,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Pseudonym => b"sfumato/1 pseudonym",
            Self::TextToken => b"sfumato/1 token text",
            Self::UuidToken => b"sfumato/1 token uuid",
            Self::Int64Token => b"sfumato/1 token int64",
            Self::Int32Token => b"sfumato/1 token int32",
            Self::Audit => b"sfumato/1 audit",
        }
    }
}

/// A subkey of one epoch. Its `info` is the purpose, NUL and the name of the domain. The extract step is left
/// out (RFC 5869 section 3.3): an epoch's key is uniformly random.
fn expand<const N: usize>(key: &EpochKey, purpose: Purpose, domain: &Domain) -> Secret<N> {
    hkdf_expand(key.0.expose(), &[purpose.label(), &[0], domain.name().as_bytes()])
}

/// HKDF-Expand (RFC 5869 section 2.3); `info` comes in pieces.
fn hkdf_expand<const N: usize>(prk: &[u8; KEY_BYTES], info: &[&[u8]]) -> Secret<N> {
    let mut okm = [0_u8; N];
    let mut previous = Zeroizing::new([0_u8; 32]);
    for (counter, chunk) in (1_u8..).zip(okm.chunks_mut(32)) {
        let mut mac = hmac_of(prk);
        if counter > 1 {
            mac.update(previous.as_slice());
        }
        info.iter().for_each(|piece| mac.update(piece));
        mac.update(&[counter]);
        *previous = mac.finalize().into_bytes().into();
        for (to, from) in chunk.iter_mut().zip(previous.iter()) {
            *to = *from;
        }
    }
    let subkey = Secret::new(okm);
    okm.zeroize();
    subkey
}

/// HMAC-SHA-256 (RFC 2104) keyed with 32 bytes, which the construction pads with zeros to a block.
#[must_use]
pub fn hmac_of(key: &[u8; KEY_BYTES]) -> Hmac<Sha256> {
    let mut block = hmac::digest::common::Key::<Hmac<Sha256>>::default();
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let mac = Hmac::<Sha256>::new(&block);
    block.as_mut_slice().zeroize();
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> EpochKey {
        EpochKey::from_random([byte; KEY_BYTES])
    }

    fn bytes(hex: &str) -> Vec<u8> {
        let nibble = |byte: u8| crate::kernel::digits::hex(byte).unwrap();
        hex.as_bytes().chunks(2).map(|pair| (nibble(pair[0]) << 4) | nibble(pair[1])).collect()
    }

    #[test]
    fn hmac_vectors_of_rfc_4231() {
        for (key, data, expected) in [
            (
                vec![0x0b; 20],
                b"Hi There".to_vec(),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe".to_vec(),
                b"what do ya want for nothing?".to_vec(),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                vec![0xaa; 20],
                vec![0xdd; 50],
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            ),
            (
                (1..=25).collect(),
                vec![0xcd; 50],
                "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
            ),
        ] {
            // A shorter key is padded with zeros by HMAC itself.
            let mut padded = [0; KEY_BYTES];
            padded[..key.len()].copy_from_slice(&key);
            let mut mac = hmac_of(&padded);
            mac.update(&data);
            assert_eq!(mac.finalize().into_bytes().to_vec(), bytes(expected));
        }
    }

    #[test]
    fn hkdf_vector_of_rfc_5869_appendix_a_1() {
        let prk = bytes("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
        let info = bytes("f0f1f2f3f4f5f6f7f8f9");
        let (head, tail) = info.split_at(3);
        let okm: Secret<42> = hkdf_expand(&prk.try_into().unwrap(), &[head, tail]);
        let expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
        assert_eq!(okm.expose().to_vec(), bytes(expected));
    }

    #[test]
    fn a_key_file_comes_back_and_shows_nothing() {
        let text = key(0xa5).to_file_text();
        assert_eq!(text.trim_end().len(), 44);
        let read = EpochKey::parse(&text).unwrap();
        assert_eq!(read.0.expose(), &[0xa5; KEY_BYTES]);
        assert_eq!(format!("{read:?}"), "EpochKey(Secret(32 bytes))");
        let ring = KeyRing::new([("2026-q4".to_owned(), read)], "2026-q4").unwrap();
        assert_eq!(format!("{ring:?}"), "KeyRing { current: \"2026-q4\", others: [] }");
    }

    #[test]
    fn what_is_no_key_file() {
        let long = STANDARD.encode([0; 33]);
        let short = STANDARD.encode([0; 31]);
        for text in
            ["", "\n", "not base64", &long, &short, "pa5=", &"a".repeat(64), &format!("{short} {short}")]
        {
            assert!(EpochKey::parse(text).is_err());
        }
    }

    #[test]
    fn a_ring_holds_together() {
        let epochs =
            |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), key(1))).collect::<Vec<_>>();
        assert_eq!(KeyRing::new(epochs(&["a"]), "b").unwrap_err(), KeyRingError::NoCurrent("b".into()));
        assert_eq!(KeyRing::new(epochs(&["a", "a"]), "a").unwrap_err(), KeyRingError::Duplicate("a".into()));
        assert_eq!(KeyRing::new(epochs(&["a", "b"]), "b").unwrap().current_epoch(), "b");
        assert!(Domain::new("").is_err() && Domain::new(&"d".repeat(65)).is_err());
    }

    #[test]
    fn subkeys_differ_by_epoch_purpose_and_domain() {
        let ring = |byte| KeyRing::new([("e".to_owned(), key(byte))], "e").unwrap();
        let domain = |name| Domain::new(name).unwrap();
        let one = *ring(1).subkey::<32>(Purpose::Pseudonym, &domain("person")).expose();
        for other in [
            ring(2).subkey::<32>(Purpose::Pseudonym, &domain("person")),
            ring(1).subkey::<32>(Purpose::TextToken, &domain("person")),
            ring(1).subkey::<32>(Purpose::Pseudonym, &domain("perso")),
        ] {
            assert_ne!(&one, other.expose());
        }
        assert_eq!(&one, ring(1).subkey::<32>(Purpose::Pseudonym, &domain("person")).expose());
    }
}
