//! A set of public keys (RFC 7517, RFC 7518, RFC 8037) and what they verify.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm};
use serde_json::Value;

/// How a token is signed. There is no symmetric one: whoever could verify with it could also sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// Ed25519.
    EdDsa,
}

/// Names of algorithms as tokens and policies write them.
const NAMES: [(&str, Algorithm); 7] = [
    ("RS256", Algorithm::Rs256),
    ("RS384", Algorithm::Rs384),
    ("RS512", Algorithm::Rs512),
    ("PS256", Algorithm::Ps256),
    ("ES256", Algorithm::Es256),
    ("ES384", Algorithm::Es384),
    ("EdDSA", Algorithm::EdDsa),
];

impl Algorithm {
    /// The algorithm of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, algorithm)| *algorithm)
    }

    fn name(self) -> &'static str {
        NAMES.iter().find(|(_, algorithm)| *algorithm == self).map_or("", |(name, _)| name)
    }
}

/// A file of keys cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKeys {
    /// It is no JSON Web Key Set.
    #[error("it is no JSON Web Key Set")]
    NotASet,
    /// None of its keys can verify a signature here.
    #[error("it has no RSA, P-256, P-384 or Ed25519 key for signatures")]
    NoKey,
}

/// The keys of an issuer.
#[derive(Clone)]
pub struct Keys(Vec<Key>);

#[derive(Clone)]
struct Key {
    id: Option<String>,
    /// The only algorithm that it is made for, if it says so.
    algorithm: Option<String>,
    material: Material,
}

#[derive(Clone)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// Where the keys of an issuer are, as they are now. Clones are the same shelf.
#[derive(Clone, Debug, Default)]
pub struct KeyShelf(Arc<RwLock<Option<Arc<Keys>>>>);

impl KeyShelf {
    /// A shelf with these keys.
    #[must_use]
    pub fn with(keys: Keys) -> Self {
        Self(Arc::new(RwLock::new(Some(Arc::new(keys)))))
    }

    /// Puts these in the place of those before.
    pub fn put(&self, keys: Keys) {
        self.place(Some(Arc::new(keys)));
    }

    /// Takes over what another has.
    pub fn adopt(&self, other: &Self) {
        self.place(other.keys());
    }

    /// True if there are some.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        self.keys().is_some()
    }

    pub(super) fn keys(&self) -> Option<Arc<Keys>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What a panic of another holder left is whole.
    fn place(&self, keys: Option<Arc<Keys>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.0.len())
    }
}

impl Keys {
    /// Reads a set. Keys of other kinds and for other uses are left out.
    ///
    /// # Errors
    /// [`BadKeys`].
    pub fn parse(bytes: &[u8]) -> Result<Self, BadKeys> {
        let set: Value = serde_json::from_slice(bytes).map_err(|_| BadKeys::NotASet)?;
        let keys = set.get("keys").and_then(Value::as_array).ok_or(BadKeys::NotASet)?;
        let keys: Vec<Key> = keys.iter().filter_map(key).collect();
        if keys.is_empty() { Err(BadKeys::NoKey) } else { Ok(Self(keys)) }
    }

    /// True if a key has this name.
    pub(super) fn know(&self, id: &str) -> bool {
        self.0.iter().any(|key| key.id.as_deref() == Some(id))
    }

    /// True if a key for this algorithm (and of this name, if one is said) has signed the message.
    pub(super) fn verify(
        &self,
        algorithm: Algorithm,
        id: Option<&str>,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let is_meant = |key: &&Key| {
            let by_id = id.is_none_or(|id| key.id.as_deref() == Some(id));
            by_id && key.algorithm.as_deref().is_none_or(|made_for| made_for == algorithm.name())
        };
        self.0.iter().filter(is_meant).any(|key| key.material.verify(algorithm, message, signature))
    }
}

impl Material {
    fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let verified = match (self, algorithm) {
            (Self::Rsa { n, e }, _) => {
                let parameters = match algorithm {
                    Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
                    Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
                    Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
                    Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
                    Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa => return false,
                };
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
            (Self::P256(point), Algorithm::Es256) => {
                verify(&signature::ECDSA_P256_SHA256_FIXED, point, message, signature)
            }
            (Self::P384(point), Algorithm::Es384) => {
                verify(&signature::ECDSA_P384_SHA384_FIXED, point, message, signature)
            }
            (Self::Ed25519(point), Algorithm::EdDsa) => {
                verify(&signature::ED25519, point, message, signature)
            }
            _ => return false,
        };
        verified.is_ok()
    }
}

fn verify(
    algorithm: &'static dyn VerificationAlgorithm,
    point: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), ring::error::Unspecified> {
    UnparsedPublicKey::new(algorithm, point).verify(message, signature)
}

fn key(written: &Value) -> Option<Key> {
    let text = |name: &str| written.get(name).and_then(Value::as_str);
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
    if text("use").is_some_and(|purpose| purpose != "sig") {
        return None;
    }
    let point = |bytes_each: usize| {
        let (x, y) = (bytes("x")?, bytes("y")?);
        // Uncompressed (SEC 1 section 2.3.3).
        (x.len() == bytes_each && y.len() == bytes_each).then(|| [&[4], x.as_slice(), &y].concat())
    };
    let material = match (text("kty")?, text("crv")) {
        ("RSA", _) => Material::Rsa { n: bytes("n")?, e: bytes("e")? },
        ("EC", Some("P-256")) => Material::P256(point(32)?),
        ("EC", Some("P-384")) => Material::P384(point(48)?),
        ("OKP", Some("Ed25519")) => Material::Ed25519(bytes("x")?),
        _ => return None,
    };
    Some(Key { id: text("kid").map(str::to_owned), algorithm: text("alg").map(str::to_owned), material })
}
