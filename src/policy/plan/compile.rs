//! From rules to tables: the subset construction over positions in paths.
//!
//! A position is (rule, segments passed). A table stands for a set of open positions, which have segments
//! left; positions at the end of their path decide the ruling of a state instead, so that states which
//! differ in their ruling only share a table. A hundred rules `$..name` make one table and not a hundred.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use foldhash::fast::FixedState;

use super::{
    DEAD, FEW_NAMES, JsonPath, Members, NO_RULING, Overlap, Plan, PlanFindings, PlanTooLarge, Ruling, State,
    Table,
};
use crate::policy::{Segment, Selector};

/// The most tables that one plan may have.
const MAX_TABLES: usize = 4096;

/// The most named steps that one plan may have, over all its tables.
const MAX_STEPS: usize = 1 << 18;

/// (rule, segments passed).
type Position = (usize, usize);

/// One step down a document, as far as rules can tell steps apart.
#[derive(Clone, Copy)]
enum Step<'a> {
    Member(&'a str),
    OtherMember,
    Element(u64),
    OtherElement,
}

pub(super) fn compile(unlisted: Ruling, rules: &[(JsonPath, Ruling)]) -> Result<Plan, PlanTooLarge> {
    let mut compiler = Compiler {
        rules,
        known: BTreeMap::from([(Vec::new(), DEAD)]),
        open: VecDeque::from([Vec::new()]),
        overlaps: BTreeSet::new(),
    };
    let root = compiler.state((0..rules.len()).map(|rule| (rule, 0)).collect());
    let mut tables = Vec::new();
    let mut steps = 0;
    while let Some(positions) = compiler.open.pop_front() {
        let (table, named_steps) = compiler.table(&positions);
        tables.push(table);
        steps += named_steps;
        if compiler.known.len() > MAX_TABLES || steps > MAX_STEPS {
            return Err(too_large(rules));
        }
    }
    let overlaps = compiler.overlaps.iter().filter_map(|&(winner, loser)| {
        let of = |rule: usize| rules.get(rule).map(|(_, ruling)| ruling.clone());
        Some(Overlap { winner: of(winner)?, loser: of(loser)? })
    });
    let findings = PlanFindings { overlaps: overlaps.collect(), without_effect: Vec::new() };
    let rulings = rules.iter().map(|(_, ruling)| ruling.clone()).collect();
    let mut plan = Plan { unlisted, root, tables: tables.into(), rulings, findings };
    plan.findings.without_effect = without_effect(&plan);
    Ok(plan)
}

struct Compiler<'a> {
    rules: &'a [(JsonPath, Ruling)],
    /// The number of the table for each set of open positions.
    known: BTreeMap<Vec<Position>, u32>,
    /// Sets that have a number and no table yet, in the order of their numbers.
    open: VecDeque<Vec<Position>>,
    overlaps: BTreeSet<(usize, usize)>,
}

impl Compiler<'_> {
    /// The state for a set of positions; a set not seen before gets the next number.
    fn state(&mut self, positions: BTreeSet<Position>) -> State {
        let (open, ended): (Vec<Position>, Vec<Position>) =
            positions.into_iter().partition(|&position| self.segment(position).is_some());
        let ended: Vec<usize> = ended.into_iter().map(|(rule, _)| rule).collect();
        let ruling = self.decide(&ended).and_then(|rule| u32::try_from(rule).ok()).unwrap_or(NO_RULING);
        if let Some(&table) = self.known.get(&open) {
            return State { table, ruling };
        }
        let table = u32::try_from(self.known.len()).unwrap_or(DEAD);
        self.known.insert(open.clone(), table);
        self.open.push_back(open);
        State { table, ruling }
    }

    /// Which of several rules on one value wins.
    fn decide(&mut self, ended: &[usize]) -> Option<usize> {
        let ruling = |rule: usize| self.rules.get(rule).map(|(_, ruling)| ruling);
        let beats = |challenger: usize, holder: usize| match (ruling(challenger), ruling(holder)) {
            (Some(challenger), Some(holder)) => challenger.beats(holder),
            _ => false,
        };
        let winner =
            ended.iter().copied().reduce(|holder, rule| if beats(rule, holder) { rule } else { holder })?;
        let winning = ruling(winner)?;
        let losers = ended.iter().copied().filter(|&rule| {
            ruling(rule)
                .is_some_and(|other| other.rule.layer() == winning.rule.layer() && !other.same_as(winning))
        });
        self.overlaps.extend(losers.map(|loser| (winner, loser)));
        Some(winner)
    }

    fn table(&mut self, positions: &[Position]) -> (Table, usize) {
        let rules = self.rules;
        let selectors = || {
            positions
                .iter()
                .filter_map(|&position| segment(rules, position))
                .flat_map(|segment| &segment.selectors)
        };
        let names: BTreeSet<&str> = selectors()
            .filter_map(
                |selector| if let Selector::Name(name) = selector { Some(name.as_ref()) } else { None },
            )
            .collect();
        let indices: BTreeSet<u64> = selectors()
            .filter_map(|selector| if let Selector::Index(index) = selector { Some(*index) } else { None })
            .collect();
        let steps = names.len() + indices.len();
        let members = names
            .into_iter()
            .map(|name| (name.as_bytes().into(), self.step(positions, Step::Member(name))))
            .collect();
        let elements =
            indices.into_iter().map(|index| (index, self.step(positions, Step::Element(index)))).collect();
        let other_member = self.step(positions, Step::OtherMember);
        let other_element = self.step(positions, Step::OtherElement);
        (Table { members: Members::from_sorted(members), other_member, elements, other_element }, steps)
    }

    fn step(&mut self, positions: &[Position], step: Step<'_>) -> State {
        let mut reached = BTreeSet::new();
        for &(rule, passed) in positions {
            let Some(segment) = self.segment((rule, passed)) else { continue };
            if segment.descendant {
                reached.insert((rule, passed));
            }
            if segment.selectors.iter().any(|selector| step.is_meant_by(selector)) {
                reached.insert((rule, passed + 1));
            }
        }
        self.state(reached)
    }

    fn segment(&self, position: Position) -> Option<&Segment> {
        segment(self.rules, position)
    }
}

fn segment(rules: &[(JsonPath, Ruling)], (rule, passed): Position) -> Option<&Segment> {
    rules.get(rule)?.0.segments().get(passed)
}

impl Step<'_> {
    fn is_meant_by(self, selector: &Selector) -> bool {
        match (selector, self) {
            (Selector::Wildcard, _) => true,
            (Selector::Name(wanted), Step::Member(name)) => **wanted == *name,
            (Selector::Index(wanted), Step::Element(index)) => *wanted == index,
            (Selector::Name(_) | Selector::Index(_), _) => false,
        }
    }
}

impl Members {
    fn from_sorted(members: Vec<(Box<[u8]>, State)>) -> Self {
        if members.len() <= FEW_NAMES {
            return Self::Few(members.into());
        }
        let mut many = HashMap::with_hasher(FixedState::default());
        many.extend(members);
        Self::Many(many)
    }

    fn targets(&self) -> Vec<State> {
        match self {
            Self::Few(few) => few.iter().map(|(_, next)| *next).collect(),
            Self::Many(many) => many.values().copied().collect(),
        }
    }
}

/// The rules that decide nothing: they lose everywhere, or everything that they match lies inside a value
/// that another rule replaces as a whole.
fn without_effect(plan: &Plan) -> Vec<Ruling> {
    let mut effective = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![plan.root];
    while let Some(state) = open.pop() {
        effective.insert(state.ruling);
        let replaces_all = plan.ruling(state).is_some_and(Ruling::replaces_containers);
        if replaces_all || !seen.insert(state.table) {
            continue;
        }
        let Some(table) = plan.table(state) else { continue };
        open.extend(table.members.targets());
        open.extend(table.elements.iter().map(|(_, next)| *next));
        open.extend([table.other_member, table.other_element]);
    }
    let numbered = (0..NO_RULING).zip(&plan.rulings);
    numbered.filter(|(number, _)| !effective.contains(number)).map(|(_, ruling)| ruling.clone()).collect()
}

fn too_large(rules: &[(JsonPath, Ruling)]) -> PlanTooLarge {
    let multiplies = |path: &JsonPath| {
        path.segments()
            .iter()
            .position(|segment| segment.descendant)
            .is_some_and(|at| at + 1 < path.segments().len())
    };
    let mut paths: Vec<String> =
        rules.iter().map(|(path, _)| path).filter(|path| multiplies(path)).map(ToString::to_string).collect();
    if paths.is_empty() {
        paths = rules.iter().map(|(path, _)| path.to_string()).collect();
    }
    PlanTooLarge { paths }
}
