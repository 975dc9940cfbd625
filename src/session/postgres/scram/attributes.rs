//! The texts of an exchange: `x=value` between commas (RFC 5802 section 7).

use super::ScramError;

/// A client's first message, in parts.
pub(super) struct ClientFirst<'a> {
    /// `n`, `y`, or `p=` and the name of a binding.
    pub(super) flag: &'a str,
    /// The header in front of the rest, with its commas.
    pub(super) gs2: &'a str,
    /// The rest.
    pub(super) bare: &'a str,
    /// The client's nonce.
    pub(super) nonce: &'a str,
}

/// A nonce that is longer serves no client.
const MAX_NONCE_BYTES: usize = 1_024;

/// Reads a client's first message. To act for somebody else (`a=`) is not supported, as in the server, and the
/// name in it is not looked at: that of the start-up message counts.
pub(super) fn client_first(message: &str) -> Result<ClientFirst<'_>, ScramError> {
    let mut parts = message.splitn(3, ',');
    let (Some(flag), Some(""), Some(bare)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(ScramError::Malformed);
    };
    let gs2 = message.strip_suffix(bare).ok_or(ScramError::Malformed)?;
    let mut attributes = Attributes::new(bare);
    attributes.next('n')?;
    let nonce = attributes.next('r')?;
    attributes.extensions()?;
    let is_printable = nonce.bytes().all(|byte| byte.is_ascii_graphic());
    if nonce.is_empty() || nonce.len() > MAX_NONCE_BYTES || !is_printable {
        return Err(ScramError::Malformed);
    }
    Ok(ClientFirst { flag, gs2, bare, nonce })
}

/// Attributes in the order in which they must stand.
pub(super) struct Attributes<'a> {
    rest: std::str::Split<'a, char>,
}

impl<'a> Attributes<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text.split(',') }
    }

    /// The value of the next attribute, which must have this name.
    pub(super) fn next(&mut self, name: char) -> Result<&'a str, ScramError> {
        let attribute = self.rest.next().ok_or(ScramError::Malformed)?;
        attribute.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')).ok_or(ScramError::Malformed)
    }

    /// What follows are extensions that nobody has to know. `m=` would be one that we have to, and do not.
    pub(super) fn extensions(self) -> Result<(), ScramError> {
        let is_one = |attribute: &str| {
            let mut characters = attribute.chars();
            let name = characters.next().filter(|name| name.is_ascii_alphabetic() && *name != 'm');
            name.is_some() && characters.next() == Some('=')
        };
        let mut rest = self.rest;
        if rest.all(is_one) { Ok(()) } else { Err(ScramError::Malformed) }
    }
}
