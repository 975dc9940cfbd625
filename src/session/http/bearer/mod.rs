//! Who asks by a signed token: a JWT (RFC 7519) in `Authorization: Bearer` (RFC 6750), in compact form (RFC 7515).
//!
//! Invariant: a token is believed only if one of the configured algorithms, which are all asymmetric, verifies it with
//! a key of the configured set that is made for that algorithm, and issuer, audience and times are right. What the
//! token says of its algorithm chooses among these and no more; `none` is not among them.
//! Invariant: nothing of a token is repeated.
//! Not here: fetching keys, and the clock (a time is given).

mod groups;
mod keys;

use http::header::{self, HeaderMap};
use serde_json::Value;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub use keys::{Algorithm, BadKeys, KeyShelf, Keys};

use crate::policy::{Attributes, Member};

/// A longer token serves nobody.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// By how much clocks may differ, in seconds.
const LEEWAY_S: u64 = 30;

/// Which tokens are believed.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// The keys.
    pub keys: KeyShelf,
    /// The algorithms.
    pub algorithms: Vec<Algorithm>,
    /// Who must have issued it (`iss`).
    pub issuer: String,
    /// For whom it must be made (`aud`).
    pub audience: String,
    /// The claim that has the name.
    pub claim: String,
    /// The claim that has the groups, if groups count.
    pub groups_claim: Option<String>,
}

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It is no token, or there are two.
    #[error("the bearer token is malformed")]
    Malformed,
    /// Its algorithm is not one of those that are taken.
    #[error("the bearer token is signed by an algorithm that is not taken here")]
    Algorithm,
    /// The keys of the issuer have not been fetched yet.
    #[error("the keys of the issuer are not known yet")]
    NoKeys,
    /// It names a key that is not among ours.
    #[error("the bearer token is signed by a key that is not known here")]
    UnknownKey,
    /// No key of ours has signed it.
    #[error("the bearer token is not signed by a known key")]
    Signature,
    /// Another has issued it.
    #[error("the bearer token is from another issuer")]
    Issuer,
    /// It is made for somebody else.
    #[error("the bearer token is made for another audience")]
    Audience,
    /// It is too old, too new, or for ever.
    #[error("the bearer token is not valid now")]
    Time,
    /// Its groups have more than one reading.
    #[error("the groups in the bearer token cannot be read")]
    Groups,
    /// It names nobody.
    #[error("the bearer token names nobody")]
    Nobody,
}

/// True if the scheme is `Bearer`, whatever stands behind it (RFC 9110 section 5.6.2 says what ends a scheme).
fn names_bearer(line: &str) -> bool {
    let Some((scheme, rest)) = line.split_at_checked(6) else { return false };
    let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    scheme.eq_ignore_ascii_case("bearer") && !rest.as_bytes().first().is_some_and(goes_on)
}

impl Bearer {
    /// Whom the token of a request names, if it has one; `now_s` in seconds since the Unix epoch.
    ///
    /// # Errors
    /// [`BadToken`].
    pub fn member(&self, headers: &HeaderMap, now_s: u64) -> Result<Option<Member>, BadToken> {
        let mut lines = headers.get_all(header::AUTHORIZATION).iter();
        let Some(line) = lines.next() else { return Ok(None) };
        if lines.next().is_some() {
            return Err(BadToken::Malformed);
        }
        let line = line.to_str().map_err(|_| BadToken::Malformed)?;
        match line.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                self.believed(token.trim_start_matches(' '), now_s).map(Some)
            }
            // A reader less strict than this one might still find a token in it.
            _ if names_bearer(line) => Err(BadToken::Malformed),
            // Another way to show oneself, which is the store's to judge.
            _ => Ok(None),
        }
    }

    fn believed(&self, token: &str, now_s: u64) -> Result<Member, BadToken> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(BadToken::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(BadToken::Malformed)?;
        let (head, claims) = signed.split_once('.').ok_or(BadToken::Malformed)?;
        let head = object(head)?;
        // An extension that has to be understood, and is not (RFC 7515 section 4.1.11).
        if head.contains_key("crit") {
            return Err(BadToken::Malformed);
        }
        let algorithm = head.get("alg").and_then(Value::as_str).and_then(Algorithm::named);
        let algorithm = algorithm.filter(|it| self.algorithms.contains(it)).ok_or(BadToken::Algorithm)?;
        let key_id = match head.get("kid") {
            None => None,
            Some(Value::String(id)) => Some(id.as_str()),
            Some(_) => return Err(BadToken::Malformed),
        };
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| BadToken::Malformed)?;
        let keys = self.keys.keys().ok_or(BadToken::NoKeys)?;
        if key_id.is_some_and(|id| !keys.know(id)) {
            return Err(BadToken::UnknownKey);
        }
        if !keys.verify(algorithm, key_id, signed.as_bytes(), &signature) {
            return Err(BadToken::Signature);
        }
        // From here on it is the issuer who speaks.
        let claims = object(claims)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        if text("iss") != Some(&self.issuer) {
            return Err(BadToken::Issuer);
        }
        let is_for_us = match claims.get("aud") {
            Some(Value::String(one)) => *one == self.audience,
            Some(Value::Array(many)) => many.iter().any(|one| one.as_str() == Some(&self.audience)),
            _ => false,
        };
        if !is_for_us {
            return Err(BadToken::Audience);
        }
        let ends_s = claims.get("exp").and_then(seconds).ok_or(BadToken::Time)?;
        let begins_s = match claims.get("nbf") {
            None => 0,
            Some(time) => seconds(time).ok_or(BadToken::Time)?,
        };
        if ends_s.saturating_add(LEEWAY_S) <= now_s || begins_s > now_s.saturating_add(LEEWAY_S) {
            return Err(BadToken::Time);
        }
        let name = text(&self.claim).filter(|name| super::identity::is_name(name)).ok_or(BadToken::Nobody)?;
        let attributes = match &self.groups_claim {
            None => Attributes::default(),
            Some(claim) => groups::groups(&claims, claim)?,
        };
        Ok(Member { name: name.to_owned(), attributes })
    }
}

fn object(part: &str) -> Result<serde_json::Map<String, Value>, BadToken> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| BadToken::Malformed)?;
    match serde_json::from_slice(&bytes) {
        // A member that comes twice: another reader of the token would take the other one (RFC 7515 section 4).
        Ok(Value::Object(members)) if members.len() == members_written(&bytes) => Ok(members),
        _ => Err(BadToken::Malformed),
    }
}

/// How many members the object has as it is written, which must be well-formed JSON.
fn members_written(object: &[u8]) -> usize {
    let (mut depth, mut is_quoted, mut is_escaped, mut members) = (0_usize, false, false, 0_usize);
    for &byte in object {
        match byte {
            _ if std::mem::take(&mut is_escaped) => {}
            b'\\' => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' => depth = depth.saturating_sub(1),
            b':' if depth == 1 => members = members.saturating_add(1),
            _ => {}
        }
    }
    members
}

/// A `NumericDate`, without its fraction.
fn seconds(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.to_string().split_once('.')?.0.parse().ok())
}

#[cfg(test)]
mod tests;
