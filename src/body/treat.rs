//! What all formats share: a scalar and the place it stands in go in, a cleared value comes out.
//!
//! Invariant: a value that a ruling governs leaves through [`apply`] or not at all, but for text of which the ruling's
//! treatment has said that it would give it back ([`Treater::leaves`]).
//! Not here: where values start and end, and how they are written.

use std::sync::Arc;

use super::Tally;
use crate::kernel::{Scrub, Treatment, Value};
use crate::policy::{Cleared, NamedTreatment, Plan, Ruling, State, apply};

/// Which ruling governs a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// None: the value passes.
    Nothing,
    /// The ruling of this place.
    Rule(State),
    /// The ruling for what no rule names.
    Unlisted,
    /// The ruling for names where unlisted values are hidden: a name cannot be hidden without breaking the
    /// document, but what looks location-grade in it is scrubbed.
    Names,
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
            Treatment::Scrub(_) | Treatment::Unsay(_) => Self::Scrub,
            Treatment::Pseudonymize(_)
            | Treatment::Tokenize(_)
            | Treatment::Truncate(_)
            | Treatment::Grid(_)
            | Treatment::Floor(_)
            | Treatment::Bucket(_) => Self::Scalar,
        }
    }
}

/// What governs the values, inside one object or array, that no rule names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cover {
    /// Strings.
    pub(super) texts: Source,
    /// Member names.
    pub(super) names: Source,
    /// Numbers, truth values and null.
    pub(super) others: Source,
}

/// What becomes of a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays as it is.
    Passes,
    /// Its replacement is written when it begins, and it is left out.
    Replaced,
    /// It is treated when its end has come.
    Treated,
}

/// Applies the rulings of one plan and counts.
pub(super) struct Treater {
    plan: Arc<Plan>,
    names: Option<Ruling>,
    tally: Tally,
    scratch: String,
}

impl Treater {
    pub(super) fn new(plan: Arc<Plan>) -> Self {
        let names = match Effect::of(&plan.unlisted().treatment) {
            Effect::Pass | Effect::Scrub => None,
            Effect::Replace | Effect::Scalar => Some(scrub_names()),
        };
        Self { plan, names, tally: Tally::default(), scratch: String::new() }
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(super) const fn tally(&self) -> &Tally {
        &self.tally
    }

    pub(super) fn take_tally(&mut self) -> Tally {
        std::mem::take(&mut self.tally)
    }

    /// The effect of what governs, [`Effect::Pass`] if nothing does.
    pub(super) fn effect(&self, source: Source) -> Effect {
        ruling(&self.plan, self.names.as_ref(), source)
            .map_or(Effect::Pass, |ruling| Effect::of(&ruling.treatment))
    }

    /// What becomes of a scalar that `source` governs.
    pub(super) fn fate(&self, source: Source) -> Fate {
        match self.effect(source) {
            Effect::Pass => Fate::Passes,
            Effect::Replace => Fate::Replaced,
            Effect::Scrub | Effect::Scalar => Fate::Treated,
        }
    }

    /// What becomes of a member of a flat document (a field of a row, a value of a form), and why.
    pub(super) fn member(&self, name: &[u8]) -> (Fate, Source) {
        let root = self.plan.root();
        let Some(cover) = self.flat_cover() else { return (Fate::Replaced, Source::Rule(root)) };
        let member = self.plan.member(root, name);
        let source = if self.plan.ruling(member).is_some() { Source::Rule(member) } else { cover.texts };
        (self.fate(source), source)
    }

    /// What governs the names of a flat document.
    pub(super) fn flat_names(&self) -> Source {
        self.flat_cover().map_or(Source::Nothing, |cover| cover.names)
    }

    fn flat_cover(&self) -> Option<Cover> {
        let root = self.plan.root();
        match self.plan.ruling(root) {
            Some(_) => Cover::inside(self, Source::Rule(root)),
            None => Some(Cover::unlisted(self)),
        }
    }

    /// The treated value, or `None` if it is the same as before. What a rule names is counted in either case:
    /// whether a value stood at its cell already is below the cell, and a count would tell.
    pub(super) fn treat<'a>(&'a mut self, source: Source, value: Value<'a>) -> Option<Cleared<'a>> {
        let ruling = ruling(&self.plan, self.names.as_ref(), source)?;
        let cleared = apply(ruling, value, &mut self.scratch);
        let is_same = cleared.value() == value;
        if !is_same || matches!(source, Source::Rule(_)) {
            self.tally.count(&ruling.treatment_name);
        }
        (!is_same).then_some(cleared)
    }

    /// True if it is seen quickly that a text that no rule names would be the same when treated. Such a one is not
    /// counted.
    pub(super) fn leaves(&self, source: Source, text: &[u8]) -> bool {
        !matches!(source, Source::Rule(_))
            && ruling(&self.plan, self.names.as_ref(), source)
                .is_some_and(|ruling| ruling.treatment.leaves(text))
    }

    /// What stands for a value that is not looked at: an object, an array, or anything under
    /// [`Effect::Replace`].
    pub(super) fn replacement(&mut self, source: Source) -> Option<Cleared<'_>> {
        let ruling = ruling(&self.plan, self.names.as_ref(), source)?;
        let stand_in = match Effect::of(&ruling.treatment) {
            Effect::Replace => Value::Text(""),
            Effect::Pass | Effect::Scrub | Effect::Scalar => Value::Null,
        };
        self.tally.count(&ruling.treatment_name);
        Some(apply(ruling, stand_in, &mut self.scratch))
    }
}

fn ruling<'a>(plan: &'a Plan, names: Option<&'a Ruling>, source: Source) -> Option<&'a Ruling> {
    match source {
        Source::Nothing => None,
        Source::Rule(state) => plan.ruling(state),
        Source::Unlisted => Some(plan.unlisted()),
        Source::Names => names,
    }
}

fn scrub_names() -> Ruling {
    let treatment = Arc::new(Treatment::Scrub(Arc::new(Scrub::default())));
    NamedTreatment { name: Arc::from(treatment.kind()), treatment }.rule_for_unlisted()
}

impl Cover {
    /// Everything passes.
    pub(super) const NOTHING: Self =
        Self { texts: Source::Nothing, names: Source::Nothing, others: Source::Nothing };

    /// Names and strings are scrubbed.
    const fn scrub(source: Source) -> Self {
        Self { texts: source, names: source, others: Source::Nothing }
    }

    /// What the plan's ruling for unlisted values means inside objects and arrays.
    pub(super) fn unlisted(treater: &Treater) -> Self {
        match treater.effect(Source::Unlisted) {
            Effect::Pass => Self::NOTHING,
            Effect::Scrub => Self::scrub(Source::Unlisted),
            Effect::Replace | Effect::Scalar => {
                Self { texts: Source::Unlisted, names: Source::Names, others: Source::Unlisted }
            }
        }
    }

    /// What `source`, which names an object or array, means for the inside. `None`: it is replaced whole.
    pub(super) fn inside(treater: &Treater, source: Source) -> Option<Self> {
        match treater.effect(source) {
            Effect::Pass => Some(Self::NOTHING),
            Effect::Scrub => Some(Self::scrub(source)),
            Effect::Replace | Effect::Scalar => None,
        }
    }
}
