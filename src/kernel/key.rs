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

/// HKDF-Expand (RFC 5869 section 2.3) with `info` = label, NUL, name of the domain. The extract step is left
/// out (section 3.3): an epoch's key is uniformly random.
fn expand<const N: usize>(key: &EpochKey, purpose: Purpose, domain: &Domain) -> Secret<N> {
    let mut okm = [0_u8; N];
    let mut previous = Zeroizing::new([0_u8; 32]);
    for (counter, chunk) in (1_u8..).zip(okm.chunks_mut(32)) {
        let mut mac = hmac_of(key.0.expose());
        if counter > 1 {
            mac.update(previous.as_slice());
        }
        mac.update(purpose.label());
        mac.update(&[0]);
        mac.update(domain.name().as_bytes());
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
