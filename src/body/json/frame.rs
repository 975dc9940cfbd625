//! One open object or array, and what holds for the values inside that no rule names.

use super::shapes::{Key, Slot, Visit};
use crate::body::names::Mark;
use crate::body::treat::{Fate, Source, Treater};
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
    /// A rule names it.
    pub(super) named: bool,
    /// What becomes of it if it is a string.
    pub(super) text: Fate,
    /// What becomes of it if it is a number, a truth value or null.
    pub(super) other: Fate,
}

impl Place {
    /// The place with this state under this cover; if it is `dead`, no rule matches it.
    pub(super) fn new(treater: &Treater, key: Key) -> Self {
        let Key { state, cover, dead } = key;
        let named = !dead && treater.plan().ruling(state).is_some();
        let source = |cover| if named { Source::Rule(state) } else { cover };
        let (text, other) = (treater.fate(source(cover.texts)), treater.fate(source(cover.others)));
        Self { state, named, text, other }
    }

    /// What governs the value, if `cover` does where no rule names it.
    pub(super) const fn source(&self, cover: Source) -> Source {
        if self.named { Source::Rule(self.state) } else { cover }
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
    /// A name was scrubbed, so that others may look like it.
    pub(super) has_scrubbed_names: bool,
}
