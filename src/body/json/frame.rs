//! One open object or array, and what holds for the values inside that no rule names.

use super::shapes::{Key, Slot, Visit};
use crate::body::names::Mark;
use crate::body::treat::{Cover, Fate, Source, Treater};
use crate::policy::State;

/// What is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing: the value of the document itself comes.
    Root,
    Array,
    Object,
}

/// What holds for a value before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Its state in the plan.
    pub(super) state: State,
    /// What becomes of it if it is a string.
    pub(super) text: Fate,
    /// What becomes of it if it is a number, a truth value or null.
    pub(super) other: Fate,
}

impl Place {
    /// The place with this state under this cover.
    pub(super) fn new(treater: &Treater, state: State, cover: Cover) -> Self {
        let rule = treater.plan().ruling(state).map(|_| Source::Rule(state));
        let text = treater.fate(rule.unwrap_or(cover.texts));
        let other = treater.fate(rule.unwrap_or(cover.others));
        Self { state, text, other }
    }

    /// Where no rule matches anything.
    pub(super) fn dead(treater: &Treater, state: State, cover: Cover) -> Self {
        Self { state, text: treater.fate(cover.texts), other: treater.fate(cover.others) }
    }
}

/// One open object or array, or the document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    pub(super) key: Key,
    /// It has been replaced, and its end is the end of what is left out.
    pub(super) replaced: bool,
    /// The index of the next element.
    pub(super) index: u64,
    /// What holds for the element that came last, and for every value if the frame is dead.
    pub(super) inside: Place,
    /// Where its elements stand.
    pub(super) slot: Slot,
    /// Its names so far, as far as they are known to its shape.
    pub(super) visit: Visit,
    /// Its other names so far.
    pub(super) mark: Mark,
}
