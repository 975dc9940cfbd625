//! The rulings for a whole document, compiled from JSONPath rules into a state machine.
//!
//! A document is walked from its root; each member name or element index is one step from state to state,
//! and a state knows the ruling of the value that stands there. CSV rows and forms are walked as flat
//! objects, each row or form a document of its own; each line of NDJSON likewise.
//!
//! Invariant: a walk allocates nothing and compares a name with the names of the rules only. Of several
//! rules on one value the one of the higher layer wins (role, route, store), then the stricter, then the
//! one that was added first; so a plan depends on the rules alone.
//! Not here: reading documents, and what a ruling on an object or array means for what is inside.

mod compile;

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::{JsonPath, Ruling};
use crate::kernel::Said;

/// Up to this many names are compared one by one; more are hashed.
const FEW_NAMES: usize = 8;

/// The table in which no rule can match any more.
const DEAD: u32 = 0;

/// Stands for "no rule names this value".
const NO_RULING: u32 = u32::MAX;

/// A place in a [`Plan`]: what holds here, and what may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    table: u32,
    ruling: u32,
}

/// The compiled rulings for one kind of document. Made once, walked for every body.
#[derive(Clone, Debug)]
pub struct Plan {
    unlisted: Ruling,
    root: State,
    tables: Arc<[Table]>,
    rulings: Box<[Ruling]>,
    findings: PlanFindings,
}

/// What a reader of the policy should know about its rules.
#[derive(Clone, Debug, Default)]
pub struct PlanFindings {
    /// Two rules of one layer with different treatments can meet in one value.
    pub overlaps: Vec<Overlap>,
    /// Rules that never decide anything, because others always do.
    pub without_effect: Vec<Ruling>,
}

/// Two rules that meet in one value.
#[derive(Clone, Debug)]
pub struct Overlap {
    /// The one that decides.
    pub winner: Ruling,
    /// The other.
    pub loser: Ruling,
}

/// Where each step leads from one place.
#[derive(Clone, Debug)]
struct Table {
    members: Members,
    other_member: State,
    elements: Box<[(u64, State)]>,
    other_element: State,
}

#[derive(Clone, Debug)]
enum Members {
    Few(Box<[(Box<[u8]>, State)]>),
    Many(HashMap<Box<[u8]>, State, FixedState>),
}

impl Plan {
    /// Where every document starts.
    #[must_use]
    pub const fn root(&self) -> State {
        self.root
    }

    /// The step to an object's member; `name` is unescaped.
    #[must_use]
    pub fn member(&self, state: State, name: &[u8]) -> State {
        let Some(table) = self.table(state) else { return State::DEAD };
        let named = match &table.members {
            Members::Few(few) => few.iter().find(|(known, _)| **known == *name).map(|(_, next)| next),
            Members::Many(many) => many.get(name),
        };
        *named.unwrap_or(&table.other_member)
    }

    /// The step to an array's element, counted from 0.
    #[must_use]
    pub fn element(&self, state: State, index: u64) -> State {
        let Some(table) = self.table(state) else { return State::DEAD };
        let named = table.elements.iter().find(|(known, _)| *known == index).map(|(_, next)| next);
        *named.unwrap_or(&table.other_element)
    }

    /// All steps that lead from here: what the walk decides for one value, for a reader that wants them all.
    #[must_use]
    pub fn steps(&self, state: State) -> Steps<'_> {
        let Some(table) = self.table(state) else {
            return Steps {
                members: Vec::new(),
                other_member: State::DEAD,
                elements: Vec::new(),
                other_element: State::DEAD,
            };
        };
        let mut members: Vec<(&[u8], State)> = match &table.members {
            Members::Few(few) => few.iter().map(|(name, next)| (&**name, *next)).collect(),
            Members::Many(many) => many.iter().map(|(name, next)| (&**name, *next)).collect(),
        };
        members.sort_by_key(|(name, _)| *name);
        Steps {
            members,
            other_member: table.other_member,
            elements: table.elements.to_vec(),
            other_element: table.other_element,
        }
    }

    /// The ruling for the value that stands here, if a rule names it.
    #[must_use]
    pub fn ruling(&self, state: State) -> Option<&Ruling> {
        self.rulings.get(usize::try_from(state.ruling).ok()?)
    }

    /// True if no rule can match here or anywhere below: what stands here is all unlisted.
    #[must_use]
    pub fn is_dead(&self, state: State) -> bool {
        state == State::DEAD
    }

    /// All rulings, those of rules first.
    pub fn rulings(&self) -> impl Iterator<Item = &Ruling> {
        self.rulings.iter().chain(std::iter::once(&self.unlisted))
    }

    /// The ruling for what no rule names.
    #[must_use]
    pub const fn unlisted(&self) -> &Ruling {
        &self.unlisted
    }

    /// This plan for an exchange in which the store was asked with raw values ([`Ruling::unsaying`]).
    #[must_use]
    pub fn unsaying(&self, said: &Arc<[Said]>) -> Self {
        Self {
            unlisted: self.unlisted.unsaying(said),
            rulings: self.rulings.iter().map(|ruling| ruling.unsaying(said)).collect(),
            tables: Arc::clone(&self.tables),
            root: self.root,
            findings: PlanFindings::default(),
        }
    }

    /// This plan for what nobody may read: what it protects becomes null ([`Ruling::suppressing`]).
    #[must_use]
    pub fn suppressing(&self) -> Self {
        Self {
            unlisted: self.unlisted.suppressing(),
            rulings: self.rulings.iter().map(Ruling::suppressing).collect(),
            tables: Arc::clone(&self.tables),
            root: self.root,
            findings: PlanFindings::default(),
        }
    }

    /// What a reader of the policy should know about its rules.
    #[must_use]
    pub const fn findings(&self) -> &PlanFindings {
        &self.findings
    }

    fn table(&self, state: State) -> Option<&Table> {
        self.tables.get(usize::try_from(state.table).ok()?)
    }
}

impl State {
    const DEAD: Self = Self { table: DEAD, ruling: NO_RULING };
}

/// All steps that lead from one place of a [`Plan`].
#[derive(Clone, Debug)]
pub struct Steps<'p> {
    /// Members with a name of their own, in the order of their bytes.
    pub members: Vec<(&'p [u8], State)>,
    /// Any other member.
    pub other_member: State,
    /// Elements with a position of their own.
    pub elements: Vec<(u64, State)>,
    /// Any other element.
    pub other_element: State,
}

/// Collects rules, then compiles them.
#[derive(Debug)]
pub struct PlanBuilder {
    unlisted: Ruling,
    rules: Vec<(JsonPath, Ruling)>,
}

/// The rules need more states than a plan may have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} together need more states than a plan may have", listed(paths))]
pub struct PlanTooLarge {
    /// The paths that multiply: those in which something follows a descendant step.
    pub paths: Vec<String>,
}

impl PlanBuilder {
    /// Starts with the ruling for what no rule names.
    #[must_use]
    pub const fn new(unlisted: Ruling) -> Self {
        Self { unlisted, rules: Vec::new() }
    }

    /// Adds a rule: what `path` matches gets `ruling`.
    pub fn add(&mut self, path: JsonPath, ruling: Ruling) -> &mut Self {
        self.rules.push((path, ruling));
        self
    }

    /// Compiles.
    ///
    /// # Errors
    /// [`PlanTooLarge`] if the rules multiply each other beyond measure.
    pub fn build(self) -> Result<Plan, PlanTooLarge> {
        compile::compile(self.unlisted, &self.rules)
    }
}

fn listed(paths: &[String]) -> String {
    let quoted: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests;
