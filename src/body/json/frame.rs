//! One open object or array, and what holds for the values inside that no rule names.

use crate::body::names::Mark;
use crate::body::treat::Cover;
use crate::policy::State;

/// What is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing: the value of the document itself comes.
    Root,
    Array,
    Object,
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
