//! One open object or array, and what holds for the values inside that no rule names.

use super::names::Mark;
use crate::body::treat::{Effect, Source, Treater};
use crate::policy::State;

/// What is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing: the value of the document itself comes.
    Root,
    Array,
    Object,
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

/// One open object or array, or the document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    /// Its place in the plan.
    pub(super) state: State,
    pub(super) cover: Cover,
    /// No rule matches anything inside.
    pub(super) dead: bool,
    /// It has been replaced, and its end is the end of what is left out.
    pub(super) replaced: bool,
    /// The index of the next element.
    pub(super) index: u64,
    /// Its names so far.
    pub(super) mark: Mark,
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
                Self { texts: Source::Unlisted, names: Source::Nothing, others: Source::Unlisted }
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
