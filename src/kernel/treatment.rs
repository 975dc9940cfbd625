//! The list of treatments, and the one function that applies them to scalars of documents.

use super::Value;

/// What happens to a field. Parameters are typed values that can only be right; making one is the work of
/// the policy's parser.
#[derive(Clone, Debug)]
pub enum Treatment {
    /// `NULL`.
    Suppress,
    /// A constant text.
    Redact(String),
    /// Unchanged: the explicit word for "this is not sensitive".
    Pass,
}

/// What a value that the client sent, to be compared with a treated field, may do.
#[derive(Clone, Copy, PartialEq)]
pub enum Judgement<'a> {
    /// It is no finer than the cell; it may be sent on as it is.
    AtCell,
    /// It was a token; this is the raw value to send on.
    TurnedBack(Value<'a>),
    /// It may not be compared.
    Refused(Misfit),
}

/// Why a value may not be compared with a treated field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// The value is finer than the cell.
    FinerThanCell,
    /// The field is pseudonymised one-way: nothing that a client knows can be compared with it.
    OneWay,
    /// The field is tokenised and this is no token of its domain.
    NotAToken,
    /// The field is hidden altogether.
    Hidden,
}

impl Treatment {
    /// Applies the treatment. The result borrows from `value` or from `scratch`, which is cleared first.
    pub fn treat<'a>(&'a self, value: Value<'a>, scratch: &'a mut String) -> Value<'a> {
        scratch.clear();
        match self {
            Self::Suppress => Value::Null,
            Self::Redact(with) => Value::Text(with),
            Self::Pass => value,
        }
    }

    /// Decides whether `value`, which a client sent, may be compared with a field that is treated so.
    pub fn judge<'a>(&'a self, value: Value<'a>, scratch: &'a mut String) -> Judgement<'a> {
        scratch.clear();
        let _ = value;
        match self {
            Self::Suppress | Self::Redact(_) => Judgement::Refused(Misfit::Hidden),
            Self::Pass => Judgement::AtCell,
        }
    }
}
