//! What shall happen to a value, and which rule says so.

use std::fmt;
use std::sync::Arc;

use super::Label;
use crate::kernel::Treatment;

/// The line of the policy that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// `[stores.fields]` of the store.
    Fields,
    /// `[roles.fields.STORE]` of the named role.
    Role(String),
    /// `unlisted` of the store.
    Unlisted,
    /// `params` of a route.
    Params,
}

/// A decision: the label, the treatment (with the name it has in `[treatments]`, if any) and the rule.
#[derive(Clone, Debug)]
pub struct Ruling {
    /// What the value is.
    pub label: Label,
    /// The treatment as a person would name it: `coarse-ip`, or `truncate` where it has no name.
    pub treatment_name: Arc<str>,
    /// What happens to it.
    pub treatment: Arc<Treatment>,
    /// Which line says so.
    pub rule: Rule,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fields => f.write_str("the store's fields"),
            Self::Role(name) => write!(f, "role `{name}`"),
            Self::Unlisted => f.write_str("the store's `unlisted`"),
            Self::Params => f.write_str("the route's params"),
        }
    }
}
