//! The groups in a token.
//!
//! A group may give a role and may as well take one away, since the first role of the file holds. So there is no safe way
//! to leave out what cannot be read: the token is not believed.
//!
//! Invariant: each group has one reading, whoever reads it.

use serde_json::{Map, Value};

use super::BadToken;
use crate::policy::{AttributeKind, Attributes};
use crate::session::http::identity::is_name;

/// More serve nobody. Issuers stop far below: at 200 they leave the claim out.
const MAX_GROUPS: usize = 256;

/// The groups that `claim` lists: an array of texts, or one text for one group. None if it is not there.
pub(super) fn groups(claims: &Map<String, Value>, claim: &str) -> Result<Attributes, BadToken> {
    // Groups that are to be fetched elsewhere (OpenID Connect Core 1.0, section 5.6.2) are there, and not known.
    let is_elsewhere = claims.get("_claim_names").is_some_and(|names| match names {
        Value::Object(names) => names.contains_key(claim),
        _ => true,
    });
    if is_elsewhere {
        return Err(BadToken::Groups);
    }
    let read: Option<Attributes> = match claims.get(claim) {
        None | Some(Value::Null) => Some(Attributes::default()),
        // One group, or a list in a text? Where that is open it is neither.
        Some(Value::String(one)) => {
            let is_one = !one.contains(|letter: char| letter.is_whitespace() || ",;|".contains(letter));
            group(one).filter(|_| is_one).map(|group| [group].into_iter().collect())
        }
        Some(Value::Array(many)) if many.len() <= MAX_GROUPS => {
            many.iter().map(|one| one.as_str().and_then(group)).collect()
        }
        Some(_) => None,
    };
    read.ok_or(BadToken::Groups)
}

fn group(name: &str) -> Option<(AttributeKind, String)> {
    is_name(name).then(|| (AttributeKind::Group, name.to_owned()))
}
