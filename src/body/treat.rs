//! What all formats share: a scalar and the place it stands in go in, a cleared value comes out.
//!
//! Invariant: a value that a ruling governs leaves through [`apply`] or not at all.
//! Not here: where values start and end, and how they are written.

use std::sync::Arc;

use super::Tally;
use crate::kernel::{Treatment, Value};
use crate::policy::{Cleared, Plan, Ruling, State, apply};

/// Which ruling governs a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// None: the value passes.
    Nothing,
    /// The ruling of this place.
    Rule(State),
    /// The ruling for what no rule names.
    Unlisted,
}

/// What a treatment does to a value that may be a whole object or array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Leaves it alone, and what is inside.
    Pass,
    /// Puts the same thing in place of every value, so that the value need not be read.
    Replace,
    /// Looks into text, and into all text inside.
    Scrub,
    /// Works on a scalar; objects and arrays become null.
    Scalar,
}

impl Effect {
    pub(super) fn of(treatment: &Treatment) -> Self {
        match treatment {
            Treatment::Pass => Self::Pass,
            Treatment::Suppress | Treatment::Redact(_) => Self::Replace,
            Treatment::Scrub(_) => Self::Scrub,
            Treatment::Pseudonymize(_)
            | Treatment::Tokenize(_)
            | Treatment::Truncate(_)
            | Treatment::Grid(_)
            | Treatment::Floor(_)
            | Treatment::Bucket(_) => Self::Scalar,
        }
    }
}

/// Applies the rulings of one plan and counts.
pub(super) struct Treater {
    plan: Arc<Plan>,
    tally: Tally,
    scratch: String,
}

impl Treater {
    pub(super) fn new(plan: Arc<Plan>) -> Self {
        Self { plan, tally: Tally::default(), scratch: String::new() }
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(super) const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The effect of what governs, [`Effect::Pass`] if nothing does.
    pub(super) fn effect(&self, source: Source) -> Effect {
        ruling(&self.plan, source).map_or(Effect::Pass, |ruling| Effect::of(&ruling.treatment))
    }

    /// The treated value, or `None` if it is the same as before.
    pub(super) fn treat<'a>(&'a mut self, source: Source, value: Value<'a>) -> Option<Cleared<'a>> {
        let ruling = ruling(&self.plan, source)?;
        let cleared = apply(ruling, value, &mut self.scratch);
        if cleared.value() == value {
            return None;
        }
        self.tally.count(&ruling.treatment_name);
        Some(cleared)
    }

    /// What stands for a value that is not looked at: an object, an array, or anything under
    /// [`Effect::Replace`].
    pub(super) fn replacement(&mut self, source: Source) -> Option<Cleared<'_>> {
        let ruling = ruling(&self.plan, source)?;
        let stand_in = match Effect::of(&ruling.treatment) {
            Effect::Replace => Value::Text(""),
            Effect::Pass | Effect::Scrub | Effect::Scalar => Value::Null,
        };
        self.tally.count(&ruling.treatment_name);
        Some(apply(ruling, stand_in, &mut self.scratch))
    }
}

fn ruling(plan: &Plan, source: Source) -> Option<&Ruling> {
    match source {
        Source::Nothing => None,
        Source::Rule(state) => plan.ruling(state),
        Source::Unlisted => Some(plan.unlisted()),
    }
}
