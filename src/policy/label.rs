//! What a value *is*: the field that it comes from.

use std::fmt;

/// The field, in the words of the policy file, or the absence of a rule for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Label {
    /// A field that the policy names, as the policy spells it (`$..ip`, `public.logins.ip`, `header:x-ip`).
    Field(String),
    /// A value that no rule names.
    Unlisted,
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(field) => write!(f, "`{field}`"),
            Self::Unlisted => f.write_str("an unlisted field"),
        }
    }
}
