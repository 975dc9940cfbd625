//! Who is asking: roles and their members.

/// A role of the policy file.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Who has it.
    pub members: Vec<MemberPattern>,
}

/// A user's name, or a pattern in which `*` stands for any run of characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberPattern(String);

impl MemberPattern {
    /// Takes the pattern as it stands in the file; `None` for the empty text.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// True if `user` is meant. Case counts.
    #[must_use]
    pub fn matches(&self, user: &str) -> bool {
        let Some((head, pattern)) = self.0.split_once('*') else { return self.0 == user };
        let Some(mut rest) = user.strip_prefix(head) else { return false };
        let mut parts = pattern.split('*');
        let Some(tail) = parts.next_back() else { return false };
        for part in parts {
            let Some((_, after)) = rest.split_once(part) else { return false };
            rest = after;
        }
        rest.ends_with(tail)
    }
}

/// The first role, in the order of the file, that has `user` as a member.
#[must_use]
pub fn role_of<'a>(roles: &'a [Role], user: &str) -> Option<&'a Role> {
    roles.iter().find(|role| role.members.iter().any(|member| member.matches(user)))
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
            assert_eq!(MemberPattern::new(pattern).unwrap().matches(user), wanted, "{pattern} {user}");
        }
    }
}
