//! From a plan's states to what becomes of the values that stand there.
//!
//! A node is a state together with what covers it: what holds inside an object or array for values that no rule names.

use std::collections::{BTreeMap, HashMap};

use super::json_string;
use crate::kernel::Treatment;
use crate::policy::{Plan, State};
use crate::sql::coarse::Unfit;

/// More nodes than this make no expression.
const MAX_NODES: usize = 2000;

/// The number of a node, from 1.
pub(super) type NodeId = usize;

/// Which ruling of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Source {
    Rule(State),
    Unlisted,
    /// The default scrub, of names where unlisted values are hidden: a name cannot be hidden without breaking the
    /// document.
    Names,
}

/// What becomes of a scalar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Passes,
    /// Is replaced by this JSON text.
    Constant(String),
    Treated(Source),
}

/// What becomes of an object or array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Inside {
    Passes,
    /// Is replaced by this JSON text.
    Constant(String),
    /// Is kept, with what is inside treated.
    Steps(Steps),
}

/// The nodes of what is inside an object or array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Steps {
    pub(super) members: BTreeMap<String, NodeId>,
    pub(super) other_member: NodeId,
    pub(super) elements: BTreeMap<u64, NodeId>,
    pub(super) other_element: NodeId,
    /// What scrubs the names of members.
    pub(super) names: Option<Source>,
}

/// A place in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) strings: Fate,
    pub(super) others: Fate,
    pub(super) inside: Inside,
}

/// The nodes of a plan; the root is the first.
#[derive(Debug)]
pub(super) struct Machine {
    nodes: Vec<Node>,
}

/// What holds for values that no rule names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Cover {
    Nothing,
    /// By the ruling for unlisted values.
    Unlisted,
    /// Text and names are scrubbed by this rule.
    Scrubbed(State),
}

/// What a treatment does to a value that may be a whole object or array.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    Pass,
    Replace,
    Scrub,
    Scalar,
}

impl Effect {
    fn of(treatment: &Treatment) -> Self {
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

impl Node {
    /// True if nothing changes here or inside.
    pub(super) fn passes(&self) -> bool {
        self.strings == Fate::Passes && self.others == Fate::Passes && self.inside == Inside::Passes
    }
}

impl Machine {
    pub(super) fn new(plan: &Plan) -> Result<Self, Unfit> {
        let mut builder = Builder { plan, known: HashMap::new(), open: Vec::new() };
        builder.id(plan.root(), Cover::Unlisted);
        let mut nodes = Vec::new();
        while let Some(&(state, cover)) = builder.open.get(nodes.len()) {
            if nodes.len() >= MAX_NODES {
                return Err(Unfit::DocumentTooLarge);
            }
            let node = builder.node(state, cover)?;
            nodes.push(node);
        }
        Ok(Self { nodes })
    }

    pub(super) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.checked_sub(1)?)
    }

    /// The nodes with their numbers.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        (1..).zip(&self.nodes)
    }
}

struct Builder<'p> {
    plan: &'p Plan,
    known: HashMap<(State, Cover), NodeId>,
    open: Vec<(State, Cover)>,
}

impl Builder<'_> {
    fn id(&mut self, state: State, cover: Cover) -> NodeId {
        let cover = if self.is_idle(cover) { Cover::Nothing } else { cover };
        let next = self.known.len() + 1;
        *self.known.entry((state, cover)).or_insert_with(|| {
            self.open.push((state, cover));
            next
        })
    }

    fn node(&mut self, state: State, cover: Cover) -> Result<Node, Unfit> {
        let plan = self.plan;
        let unlisted = &plan.unlisted().treatment;
        let rule = plan.ruling(state).map(|ruling| &*ruling.treatment);
        let (strings, others) = match (rule, cover, Effect::of(unlisted)) {
            (Some(_), ..) => (Some(Source::Rule(state)), Some(Source::Rule(state))),
            (None, Cover::Scrubbed(by), _) => (Some(Source::Rule(by)), None),
            (None, Cover::Nothing, _) | (None, Cover::Unlisted, Effect::Pass) => (None, None),
            (None, Cover::Unlisted, Effect::Scrub) => (Some(Source::Unlisted), None),
            (None, Cover::Unlisted, Effect::Replace | Effect::Scalar) => {
                (Some(Source::Unlisted), Some(Source::Unlisted))
            }
        };
        let (strings, others) = (self.fate(strings), self.fate(others));
        let inside = match rule.map(|treatment| (Effect::of(treatment), treatment)) {
            None => Ok(cover),
            Some((Effect::Pass, _)) => Ok(Cover::Nothing),
            Some((Effect::Scrub, _)) => Ok(Cover::Scrubbed(state)),
            Some((Effect::Replace, treatment)) => Err(replacement(treatment)),
            Some((Effect::Scalar, _)) => Err("null".to_owned()),
        };
        let inside = match inside {
            Err(constant) => Inside::Constant(constant),
            Ok(cover) if plan.is_dead(state) && self.is_idle(cover) => Inside::Passes,
            Ok(cover) => Inside::Steps(self.steps(state, cover)?),
        };
        Ok(Node { strings, others, inside })
    }

    fn is_idle(&self, cover: Cover) -> bool {
        let unlisted = Effect::of(&self.plan.unlisted().treatment);
        cover == Cover::Nothing || (cover == Cover::Unlisted && unlisted == Effect::Pass)
    }

    fn fate(&mut self, source: Option<Source>) -> Fate {
        let plan = self.plan;
        let Some(source) = source else { return Fate::Passes };
        let ruling = match source {
            Source::Rule(state) => plan.ruling(state).unwrap_or(plan.unlisted()),
            Source::Unlisted | Source::Names => plan.unlisted(),
        };
        match Effect::of(&ruling.treatment) {
            Effect::Pass => Fate::Passes,
            Effect::Replace => Fate::Constant(replacement(&ruling.treatment)),
            Effect::Scrub | Effect::Scalar => Fate::Treated(source),
        }
    }

    fn steps(&mut self, state: State, cover: Cover) -> Result<Steps, Unfit> {
        let steps = self.plan.steps(state);
        let mut members = BTreeMap::new();
        for (name, next) in steps.members {
            let name = std::str::from_utf8(name).map_err(|_| Unfit::DocumentTooLarge)?;
            // A name with NUL is in no document of the store.
            if !name.contains('\0') {
                members.insert(name.to_owned(), self.id(next, cover));
            }
        }
        let elements =
            steps.elements.into_iter().map(|(index, next)| (index, self.id(next, cover))).collect();
        let names = match cover {
            Cover::Scrubbed(by) => Some(Source::Rule(by)),
            Cover::Unlisted => match Effect::of(&self.plan.unlisted().treatment) {
                Effect::Pass => None,
                Effect::Scrub => Some(Source::Unlisted),
                Effect::Replace | Effect::Scalar => Some(Source::Names),
            },
            Cover::Nothing => None,
        };
        Ok(Steps {
            members,
            other_member: self.id(steps.other_member, cover),
            elements,
            other_element: self.id(steps.other_element, cover),
            names,
        })
    }
}

fn replacement(treatment: &Treatment) -> String {
    match treatment {
        Treatment::Redact(with) => json_string(with),
        _ => "null".to_owned(),
    }
}
