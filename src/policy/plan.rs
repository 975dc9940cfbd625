//! The rulings for a whole document, compiled from JSONPath rules into a state machine.
//!
//! A document is walked from its root; each member name or element index is one step from state to state,
//! and a state knows the ruling of the value that stands there. CSV rows and forms are walked as flat
//! objects, each row or form a document of its own; each line of NDJSON likewise.

use super::Ruling;

/// A place in a [`Plan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State(u32);

/// The compiled rulings for one kind of document. Made once, walked for every body.
#[derive(Clone, Debug)]
pub struct Plan {
    unlisted: Ruling,
}

impl Plan {
    /// Where every document starts.
    #[must_use]
    pub const fn root(&self) -> State {
        State(0)
    }

    /// The step to an object's member; `name` is unescaped.
    #[must_use]
    pub const fn member(&self, state: State, _name: &[u8]) -> State {
        state
    }

    /// The step to an array's element.
    #[must_use]
    pub const fn element(&self, state: State, _index: u64) -> State {
        state
    }

    /// The ruling for the value that stands here, if a rule names it.
    #[must_use]
    pub const fn ruling(&self, _state: State) -> Option<&Ruling> {
        None
    }

    /// True if no rule can match here or anywhere below: what stands here is all unlisted.
    #[must_use]
    pub const fn is_dead(&self, _state: State) -> bool {
        true
    }

    /// The ruling for what no rule names.
    #[must_use]
    pub const fn unlisted(&self) -> &Ruling {
        &self.unlisted
    }
}

/// Collects rules, then compiles them.
#[derive(Debug)]
pub struct PlanBuilder {
    unlisted: Ruling,
}

impl PlanBuilder {
    /// Starts with the ruling for what no rule names.
    #[must_use]
    pub const fn new(unlisted: Ruling) -> Self {
        Self { unlisted }
    }

    /// Compiles.
    #[must_use]
    pub fn build(self) -> Plan {
        Plan { unlisted: self.unlisted }
    }
}
