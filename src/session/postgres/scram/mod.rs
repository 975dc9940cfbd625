//! SCRAM-SHA-256 as a server (RFC 5802, RFC 7677), with and without the channel binding `tls-server-end-point`
//! (RFC 5929), as PostgreSQL's clients speak it.
//!
//! Invariant: an unknown name is answered like a known one, message by message, with a salt that stays the same; only
//! the last answer differs, and it is that of a wrong password.
//! Invariant: nothing here prints a verifier, a proof or a nonce.
//! Not here: randomness (a nonce is given), and files.

mod attributes;
mod verifier;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use attributes::{Attributes, client_first};
pub use verifier::{BadVerifiers, Verifiers, with_verifier};
use verifier::{KEY_BYTES, Verifier};

/// The mechanism that is bound to the TLS channel.
pub(super) const PLUS: &[u8] = b"SCRAM-SHA-256-PLUS";
/// The mechanism that is not.
pub(super) const BARE: &[u8] = b"SCRAM-SHA-256";

/// Random bytes that a server's part of a nonce is made of; the server's own number.
pub const NONCE_BYTES: usize = 18;

/// The only binding that is known here.
const BINDING: &str = "tls-server-end-point";

/// Why a proof is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::session::postgres) enum ScramError {
    /// A message is none of the exchange, or stands in the wrong place.
    #[error("a message of the SCRAM exchange is malformed")]
    Malformed,
    /// The client could bind to the channel and believes that we cannot: somebody took our offer away.
    #[error(
        "the client believes that channel binding is not offered here, and it is: the line may be tampered with"
    )]
    Downgraded,
    /// The client is bound to another channel than this one.
    #[error("the channel binding is that of another channel: the line may be tampered with")]
    OtherChannel,
    /// The password is wrong, or there is no such name.
    #[error("the name or the password is wrong")]
    Wrong,
}

/// One exchange.
pub(super) struct Exchange {
    verifier: Verifier,
    is_known: Choice,
    /// What the line is bound to, where it can be.
    end_point: Option<Arc<[u8]>>,
    nonce: String,
    step: Step,
}

enum Step {
    First,
    Last {
        /// What the client's last message must begin with.
        binding: Vec<u8>,
        /// Both first messages, as they are signed.
        signed: String,
    },
    Over,
}

impl Exchange {
    /// An exchange with whoever says to be `name`.
    pub(super) fn new(
        verifiers: &Verifiers,
        name: &str,
        end_point: Option<Arc<[u8]>>,
        nonce: &[u8; NONCE_BYTES],
    ) -> Self {
        let (verifier, is_known) = verifiers.find(name);
        let is_known = Choice::from(u8::from(is_known));
        Self { verifier, is_known, end_point, nonce: STANDARD.encode(nonce), step: Step::First }
    }

    /// True if the name may come in. The client is not told.
    pub(super) fn is_known(&self) -> bool {
        self.is_known.into()
    }

    /// What is offered, the best first.
    pub(super) fn mechanisms(&self) -> &'static [&'static [u8]] {
        if self.end_point.is_some() { &[PLUS, BARE] } else { &[BARE] }
    }

    /// Takes the client's first message; the server's.
    pub(super) fn first(&mut self, mechanism: &[u8], message: &[u8]) -> Result<String, ScramError> {
        let Step::First = std::mem::replace(&mut self.step, Step::Over) else {
            return Err(ScramError::Malformed);
        };
        let message = std::str::from_utf8(message).map_err(|_| ScramError::Malformed)?;
        let first = client_first(message)?;
        let mut binding = first.gs2.as_bytes().to_vec();
        match (mechanism, first.flag, &self.end_point) {
            (BARE, "n", _) | (BARE, "y", None) => {}
            (BARE, "y", Some(_)) => return Err(ScramError::Downgraded),
            (PLUS, flag, Some(end_point)) if flag.strip_prefix("p=") == Some(BINDING) => {
                binding.extend_from_slice(end_point);
            }
            _ => return Err(ScramError::Malformed),
        }
        let Verifier { salt, iterations, .. } = &self.verifier;
        self.nonce.insert_str(0, first.nonce);
        let answer = format!("r={},s={},i={iterations}", self.nonce, STANDARD.encode(salt));
        self.step = Step::Last { binding, signed: format!("{},{answer}", first.bare) };
        Ok(answer)
    }

    /// Takes the client's last message; the server's.
    pub(super) fn last(&mut self, message: &[u8]) -> Result<String, ScramError> {
        let Step::Last { binding, signed } = std::mem::replace(&mut self.step, Step::Over) else {
            return Err(ScramError::Malformed);
        };
        let message = std::str::from_utf8(message).map_err(|_| ScramError::Malformed)?;
        let (unproved, proof) = message.rsplit_once(",p=").ok_or(ScramError::Malformed)?;
        let mut attributes = Attributes::new(unproved);
        let bound = attributes.next('c')?;
        let nonce = attributes.next('r')?;
        attributes.extensions()?;
        let bound = STANDARD.decode(bound).map_err(|_| ScramError::Malformed)?;
        let proof: [u8; KEY_BYTES] = STANDARD
            .decode(proof)
            .ok()
            .and_then(|proof| proof.try_into().ok())
            .ok_or(ScramError::Malformed)?;
        if !bool::from(bound.as_slice().ct_eq(&binding)) {
            return Err(ScramError::OtherChannel);
        }
        if !bool::from(nonce.as_bytes().ct_eq(self.nonce.as_bytes())) {
            return Err(ScramError::Malformed);
        }
        let signed = format!("{signed},{unproved}");
        let mut client_key = mac(&self.verifier.stored_key, signed.as_bytes());
        client_key.iter_mut().zip(proof).for_each(|(byte, proof)| *byte ^= proof);
        let is_right = Sha256::digest(client_key).as_slice().ct_eq(&self.verifier.stored_key);
        if !bool::from(is_right & self.is_known) {
            return Err(ScramError::Wrong);
        }
        Ok(format!("v={}", STANDARD.encode(mac(&self.verifier.server_key, signed.as_bytes()))))
    }
}

/// HMAC-SHA-256.
fn mac(key: &[u8], bytes: &[u8]) -> [u8; KEY_BYTES] {
    // HMAC takes a key of any length; without one, nothing can be proved.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; KEY_BYTES] };
    mac.update(bytes);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests;
