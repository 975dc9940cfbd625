//! Times to the beginning of their period, in UTC.

use super::{Judgement, Misfit, Value};

/// Times to the beginning of their period, in UTC.
#[derive(Clone, Debug)]
pub struct Floor(());

/// a period is minute, hour, day, week, month, year or a duration such as 15m or PT15M
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a period is minute, hour, day, week, month, year or a duration such as 15m or PT15M")]
pub struct InvalidFloor;

impl Floor {
    /// Reads the parameter as the policy writes it.
    ///
    /// # Errors
    /// [`InvalidFloor`].
    pub fn parse(_parameter: &str) -> Result<Self, InvalidFloor> {
        Ok(Self(()))
    }

    pub(super) fn cmp_coarseness(&self, _other: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }

    pub(super) fn treat<'a>(&self, _value: Value<'a>, _scratch: &'a mut String) -> Value<'a> {
        Value::Null
    }

    pub(super) fn judge<'a>(&self, _value: Value<'a>) -> Judgement<'a> {
        Judgement::Refused(Misfit::Unreadable)
    }
}
