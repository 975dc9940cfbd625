//! What a value in a statement is: harmless, an identifier in the raw, or something made of these.
//!
//! Invariant: a label is never weaker than the value. Raw identifiers carry theirs wherever they flow, and where
//! they would lose it the statement is refused.

use std::sync::Arc;

use super::super::ir::Pos;
use super::super::refusal::{Checked, Denial};
use crate::kernel::{Treatment, Value};
use crate::policy::Ruling;

/// What a value is.
#[derive(Clone, Debug)]
pub(in crate::sql) enum Label {
    /// `NULL` and nothing else: meets everything.
    Null,
    /// Coarse, constant or never sensitive: may flow anywhere.
    Public,
    /// A raw identifier: only its equality with others of its domain may be used.
    Identifier(Arc<Identity>),
    /// An array of them.
    Identifiers(Arc<Identity>),
    /// A row with identifiers among its fields.
    Row(Vec<Self>),
}

/// Whose identifiers, and what becomes of them at the edge.
#[derive(Debug)]
pub(in crate::sql) struct Identity {
    /// The first field that this label came from, for messages.
    pub(in crate::sql) field: String,
    pub(in crate::sql) ruling: Ruling,
    /// The treatment's name for a constant: equal for two treatments if and only if they are of one kind, one
    /// domain and one key.
    fingerprint: String,
    /// The type to tell the client, where pseudonyms do not fit the stored type.
    pub(in crate::sql) shown_type: Option<u32>,
}

impl Identity {
    /// The identity of a field.
    pub(in crate::sql) fn new(field: String, ruling: Ruling, shown_type: Option<u32>) -> Self {
        let mut scratch = String::new();
        let fingerprint = match ruling.treatment.treat(Value::Text("domain"), &mut scratch) {
            Value::Text(text) => text.to_owned(),
            Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
        };
        Self { field, ruling, fingerprint, shown_type }
    }

    /// True if two fields name the same people the same way.
    pub(in crate::sql) fn same_domain(&self, other: &Self) -> bool {
        !self.fingerprint.is_empty()
            && self.fingerprint == other.fingerprint
            && self.ruling.treatment.kind() == other.ruling.treatment.kind()
    }

    /// True if the client may compare tokens with it.
    pub(in crate::sql) fn is_tokenised(&self) -> bool {
        matches!(*self.ruling.treatment, Treatment::Tokenize(_))
    }

    /// What to say where an identifier stands in a place that is not for it.
    pub(in crate::sql) fn misused(&self, construct: &str, pos: Pos) -> Denial {
        let way = if self.is_tokenised() { "tokenized" } else { "pseudonymized" };
        Denial::forbidden(format!("`{}` is {way}: {construct} is refused", self.field), pos).hint(
            "allowed are selecting it, GROUP BY, DISTINCT, PARTITION BY, ORDER BY, count(DISTINCT), IS NULL, and \
             =, <> and IN between identifiers of the same domain",
        )
    }
}

impl Label {
    /// The identity inside, if there is one.
    pub(in crate::sql) fn identity(&self) -> Option<&Arc<Identity>> {
        match self {
            Self::Null | Self::Public => None,
            Self::Identifier(identity) | Self::Identifiers(identity) => Some(identity),
            Self::Row(fields) => fields.iter().find_map(Self::identity),
        }
    }

    /// True if nothing raw is inside.
    pub(in crate::sql) fn is_public(&self) -> bool {
        self.identity().is_none()
    }

    /// Refuses a value with identifiers inside.
    pub(in crate::sql) fn require_public(&self, construct: &str, pos: Pos) -> Checked<()> {
        match self.identity() {
            None => Ok(()),
            Some(identity) => Err(identity.misused(construct, pos)),
        }
    }

    /// The label of a place where either of two values may stand.
    pub(in crate::sql) fn merge(self, other: Self, construct: &str, pos: Pos) -> Checked<Self> {
        match (self, other) {
            (Self::Null, label) | (label, Self::Null) => Ok(label),
            (Self::Public, Self::Public) => Ok(Self::Public),
            (Self::Identifier(one), Self::Identifier(two)) if one.same_domain(&two) => {
                Ok(Self::Identifier(one))
            }
            (Self::Identifiers(one), Self::Identifiers(two)) if one.same_domain(&two) => {
                Ok(Self::Identifiers(one))
            }
            (Self::Row(one), Self::Row(two)) if one.len() == two.len() => {
                let pairs = one.into_iter().zip(two);
                let merged =
                    pairs.map(|(one, two)| one.merge(two, construct, pos)).collect::<Checked<_>>()?;
                Ok(Self::Row(merged))
            }
            (one, two) => match one.identity().or_else(|| two.identity()) {
                None => Ok(Self::Public),
                Some(identity) => {
                    Err(identity.misused(&format!("{construct} with other values in its place"), pos))
                }
            },
        }
    }

    /// True for equal labels: identifiers of one domain, or none.
    pub(in crate::sql) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) | (Self::Public, Self::Public) => true,
            (Self::Identifier(one), Self::Identifier(two))
            | (Self::Identifiers(one), Self::Identifiers(two)) => one.same_domain(two),
            (Self::Row(one), Self::Row(two)) => {
                one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.same(two))
            }
            _ => false,
        }
    }
}
