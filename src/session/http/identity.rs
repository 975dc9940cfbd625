//! Who asks: by the word of a peer that may speak for others, by a signed token, or by a certificate.
//!
//! Invariant: a name comes from a source that the policy trusts, or there is none. A header that names somebody is an
//! affront from anybody else, and never reaches the store.
//! Not here: what the name may see ([`super::gates`]).

use std::net::IpAddr;

use http::header::{HeaderMap, HeaderName};
use ipnet::IpNet;

use super::Refusal;
use super::bearer::Bearer;
use crate::policy::Member;

/// The sources of names.
#[derive(Clone, Debug, Default)]
pub struct Identities {
    /// Peers that say for whom they ask.
    pub vouching: Option<Vouching>,
    /// Tokens that are believed.
    pub bearer: Option<Box<Bearer>>,
    /// A certificate that was verified names who asks.
    pub by_certificate: bool,
    /// Whoever has no name is refused.
    pub must_be_known: bool,
}

/// Peers that say for whom they ask, in a header.
#[derive(Clone, Debug)]
pub struct Vouching {
    /// The header.
    pub header: HeaderName,
    /// The networks of the peers.
    pub from: Vec<IpNet>,
}

/// What is known of the line that a request came by.
#[derive(Clone, Copy, Debug, Default)]
pub struct Line<'a> {
    /// The other end.
    pub peer: Option<IpAddr>,
    /// Whom its certificate names, if that was verified.
    pub certificate: Option<&'a Member>,
}

/// Names are no longer than this.
const MAX_NAME_BYTES: usize = 256;

impl Vouching {
    pub(super) fn may(&self, peer: Option<IpAddr>) -> bool {
        // An IPv4 peer of an IPv6 socket is the IPv4 peer.
        peer.is_some_and(|peer| self.from.iter().any(|network| network.contains(&peer.to_canonical())))
    }

    /// The name that a peer vouches for, if it does.
    fn name<'h>(&self, line: Line<'_>, headers: &'h HeaderMap) -> Result<Option<&'h str>, Refusal> {
        let mut lines = headers.get_all(&self.header).iter();
        let (name, more) = (lines.next(), lines.next());
        let Some(name) = name else { return Ok(None) };
        if !self.may(line.peer) {
            return Err(Refusal::ForgedIdentity);
        }
        let name = std::str::from_utf8(name.as_bytes()).ok().filter(|name| is_name(name) && !is_list(name));
        match (name, more) {
            (Some(name), None) => Ok(Some(name)),
            _ => Err(Refusal::AmbiguousIdentity),
        }
    }
}

/// True for several values in one line, as a server between may have put two lines together (RFC 9110 section 5.3). The
/// name of an entry of a directory (`CN=alice,OU=Safety`) has commas too.
fn is_list(name: &str) -> bool {
    name.contains(',') && !name.split(',').all(|part| part.contains('='))
}

pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_NAME_BYTES
        && name.trim() == name
        && !name.chars().any(char::is_control)
}

impl Identities {
    /// True if there is any source of names.
    #[must_use]
    pub const fn are_known(&self) -> bool {
        self.vouching.is_some() || self.bearer.is_some() || self.by_certificate
    }

    /// Who asks, at `now_s` seconds since the Unix epoch. A peer that speaks for others is not asked for its own name. Beside
    /// the name there is what the same source says, and nothing of another.
    ///
    /// # Errors
    /// The [`Refusal`] that the client shall read.
    pub fn who(&self, line: Line<'_>, headers: &HeaderMap, now_s: u64) -> Result<Option<Member>, Refusal> {
        let vouched = match &self.vouching {
            Some(vouching) => vouching.name(line, headers)?,
            None => None,
        };
        let borne = match &self.bearer {
            Some(bearer) => bearer.member(headers, now_s).map_err(Refusal::BadToken)?,
            None => None,
        };
        if let (Some(vouched), Some(borne)) = (vouched, &borne)
            && vouched != borne.name
        {
            return Err(Refusal::AmbiguousIdentity);
        }
        let own =
            || line.certificate.filter(|_| self.by_certificate && !self.speaks_for_others(line)).cloned();
        let member = borne.or_else(|| vouched.map(Member::named)).or_else(own);
        let member = member.filter(|member| is_name(&member.name));
        if member.is_none() && self.must_be_known {
            return Err(Refusal::Unidentified);
        }
        Ok(member)
    }

    fn speaks_for_others(&self, line: Line<'_>) -> bool {
        self.vouching.as_ref().is_some_and(|vouching| vouching.may(line.peer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_who_may_name() {
        let identities = |must_be_known| Identities {
            vouching: Some(Vouching {
                header: HeaderName::from_static("x-remote-user"),
                from: vec!["192.0.2.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()],
            }),
            bearer: None,
            by_certificate: true,
            must_be_known,
        };
        let who = |peer: &str, certificate: Option<&str>, lines: &[&[u8]], must_be_known: bool| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-remote-user", http::HeaderValue::from_bytes(line).unwrap());
            }
            let certificate = certificate.map(Member::named);
            let line = Line { peer: Some(peer.parse().unwrap()), certificate: certificate.as_ref() };
            identities(must_be_known).who(line, &headers, 0).map(|who| who.map(|member| member.name))
        };
        let named = |name: &str| Ok(Some(name.to_owned()));
        assert_eq!(who("192.0.2.7", None, &[b"alice"], false), named("alice"));
        assert_eq!(who("::ffff:192.0.2.7", None, &[b"alice"], false), named("alice"));
        assert_eq!(who("2001:db8::1", None, &["Zo\u{eb}".as_bytes()], false), named("Zo\u{eb}"));
        // The certificate of whoever speaks for others is not that of who asks.
        assert_eq!(who("192.0.2.7", Some("ingress"), &[b"alice"], false), named("alice"));
        assert_eq!(who("192.0.2.7", Some("ingress"), &[], false), Ok(None));
        assert_eq!(who("198.51.100.1", Some("bob"), &[], true), named("bob"));
        assert_eq!(who("198.51.100.1", None, &[], false), Ok(None));
        assert_eq!(who("198.51.100.1", None, &[], true), Err(Refusal::Unidentified));
        for peer in ["198.51.100.1", "192.0.3.1", "::192.0.2.7"] {
            assert_eq!(who(peer, Some("bob"), &[b"alice"], false), Err(Refusal::ForgedIdentity), "{peer}");
        }
        for lines in
            [&[&b"alice"[..], b"bob"][..], &[b"alice", b"alice"], &[b""], &[b"\xff"], &[&[b'x'; 300]]]
        {
            assert_eq!(who("192.0.2.7", None, lines, false), Err(Refusal::AmbiguousIdentity));
        }
    }
}
