//! Free text: what looks location-grade is found and treated in place.

use std::sync::Arc;

use super::{Judgement, Misfit, Treatment, Value};

/// What the scanner looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An IPv4 or IPv6 address or network.
    Ip,
    /// A MAC address or BSSID.
    Mac,
    /// A pair of coordinates.
    Geo,
    /// An e-mail address.
    Email,
}

/// `scrub`, compiled: a treatment for each kind.
#[derive(Clone, Debug, Default)]
pub struct Scrub {
    kinds: [Option<Arc<Treatment>>; 4],
}

/// A treatment that does not fit the kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this treatment does not fit what it is to be applied to")]
pub struct UnfitTreatment;

impl Scrub {
    /// Replaces the treatment of one kind. The default truncates addresses to /16 and /32 and redacts the
    /// other kinds.
    ///
    /// # Errors
    /// [`UnfitTreatment`] if `treatment` cannot apply to findings of that kind.
    pub fn with(mut self, kind: Kind, treatment: Arc<Treatment>) -> Result<Self, UnfitTreatment> {
        if let Some(slot) = self.kinds.get_mut(kind as usize) {
            *slot = Some(treatment);
        }
        Ok(self)
    }

    pub(super) fn treat<'a>(&'a self, _value: Value<'a>, _scratch: &'a mut String) -> Value<'a> {
        Value::Null
    }

    pub(super) fn judge<'a>(&self, _value: Value<'a>) -> Judgement<'a> {
        Judgement::Refused(Misfit::Unreadable)
    }
}
