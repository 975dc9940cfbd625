//! Who is asking: roles and their members.
//!
//! Invariant: an attribute counts only for what proved it. A name that reads `group:analysts` is nobody in that group.

use std::fmt;
use std::sync::Arc;

/// A role of the policy file.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Who has it.
    pub members: Vec<MemberPattern>,
}

/// What may be proved of somebody beside the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttributeKind {
    /// A group, in a signed token.
    Group,
    /// The e-mail address in a certificate (subject alternative name).
    Email,
    /// The URI in a certificate, likewise.
    Uri,
    /// A DNS name in a certificate, likewise.
    Dns,
    /// An organisational unit of a certificate's subject.
    Unit,
}

/// How the policy file writes them, in front of a colon.
const KINDS: [(&str, AttributeKind); 5] = [
    ("group", AttributeKind::Group),
    ("email", AttributeKind::Email),
    ("uri", AttributeKind::Uri),
    ("dns", AttributeKind::Dns),
    ("unit", AttributeKind::Unit),
];

/// What is proved of somebody beside the name.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Attributes(Arc<[(AttributeKind, String)]>);

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attributes({})", self.0.len())
    }
}

impl FromIterator<(AttributeKind, String)> for Attributes {
    fn from_iter<T: IntoIterator<Item = (AttributeKind, String)>>(all: T) -> Self {
        Self(all.into_iter().collect())
    }
}

/// Somebody with a proved name, and what came with the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The name.
    pub name: String,
    /// What the same proof says besides.
    pub attributes: Attributes,
}

impl Member {
    /// Somebody of whom nothing but the name is known.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), attributes: Attributes::default() }
    }
}

/// A user's name or an attribute, or a pattern in which `*` stands for any run of characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberPattern {
    /// `None`: the name.
    kind: Option<AttributeKind>,
    pattern: String,
}

impl MemberPattern {
    /// Takes the pattern as it stands in the file: `group:analysts`, or `alice`, which may be written `name:alice` too.
    /// `None` where nothing is named.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let (kind, pattern) = match text.split_once(':') {
            Some(("name", name)) => (None, name),
            Some((word, rest)) => match KINDS.iter().find(|(known, _)| *known == word) {
                Some((_, kind)) => (Some(*kind), rest),
                None => (None, text),
            },
            None => (None, text),
        };
        (!pattern.is_empty()).then(|| Self { kind, pattern: pattern.to_owned() })
    }

    /// True if somebody of this name and these attributes is meant. Case counts.
    #[must_use]
    pub fn matches(&self, name: &str, attributes: &Attributes) -> bool {
        match self.kind {
            None => self.fits(name),
            Some(kind) => attributes.0.iter().any(|(is, value)| *is == kind && self.fits(value)),
        }
    }

    fn fits(&self, value: &str) -> bool {
        let Some((head, pattern)) = self.pattern.split_once('*') else { return self.pattern == value };
        let Some(mut rest) = value.strip_prefix(head) else { return false };
        let mut parts = pattern.split('*');
        let Some(tail) = parts.next_back() else { return false };
        for part in parts {
            let Some((_, after)) = rest.split_once(part) else { return false };
            rest = after;
        }
        rest.ends_with(tail)
    }
}

/// The first role, in the order of the file, that has somebody of this name and these attributes as a member.
#[must_use]
pub fn role_of<'a>(roles: &'a [Role], name: &str, attributes: &Attributes) -> Option<&'a Role> {
    roles.iter().find(|role| role.members.iter().any(|member| member.matches(name, attributes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        let cases = [
            ("alice", "alice", true),
            ("alice", "alice2", false),
            ("alice", "Alice", false),
            ("oncall-*", "oncall-7", true),
            ("oncall-*", "oncall-", true),
            ("oncall-*", "xoncall-7", false),
            ("*-bot", "a-bot", true),
            ("*-bot", "a-bots", false),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "abc", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
            ("*", "", true),
        ];
        for (pattern, user, wanted) in cases {
            assert_eq!(
                MemberPattern::new(pattern).unwrap().matches(user, &Attributes::default()),
                wanted,
                "{pattern} {user}"
            );
        }
    }

    #[test]
    fn attributes_are_no_names() {
        let alice: Attributes = [
            (AttributeKind::Group, "analysts".to_owned()),
            (AttributeKind::Group, "eu".to_owned()),
            (AttributeKind::Email, "alice@example.com".to_owned()),
        ]
        .into_iter()
        .collect();
        let cases = [
            ("group:analysts", true),
            ("group:e*", true),
            ("group:Analysts", false),
            ("group:\u{430}nalysts", false),
            ("group:analyst", false),
            ("analysts", false),
            ("unit:analysts", false),
            ("email:*@example.com", true),
            ("email:*@example.org", false),
            ("name:alice", true),
            ("group:alice", false),
            ("name:group:analysts", false),
        ];
        for (pattern, wanted) in cases {
            let pattern_ = MemberPattern::new(pattern).unwrap();
            assert_eq!(pattern_.matches("alice", &alice), wanted, "{pattern}");
        }
        let nobody = Attributes::default();
        assert!(!MemberPattern::new("group:analysts").unwrap().matches("group:analysts", &nobody));
        assert!(MemberPattern::new("name:group:x").unwrap().matches("group:x", &nobody));
        assert!(MemberPattern::new("urn:user:7").unwrap().matches("urn:user:7", &nobody));
        assert_eq!((MemberPattern::new(""), MemberPattern::new("group:")), (None, None));
    }
}
