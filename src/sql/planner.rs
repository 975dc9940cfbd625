//! The planner: text in, plans out.

use std::sync::Arc;

use super::allow::Lists;
use super::analyse::World;
use super::catalogue::Catalogue;
use super::explanation::Explanation;
use super::path::Path;
use super::refusal::Checked;
use super::rules::Rules;
use super::seam::{Planned, Refusal, SessionView};
use super::shape::{self, Word};
use super::{parse, print, statement};
use crate::policy::SqlPlans;

/// Settings that every connection to the store runs with, in its start-up message, so that `RESET` and
/// `DISCARD ALL` come back to them.
///
/// The first two keep texts meaning what we parsed; an index-only scan would show the order of raw values, and
/// parallel or synchronised scans would show no order that is anybody's.
pub const PINNED_SETTINGS: &[(&str, &str)] = &[
    ("standard_conforming_strings", "on"),
    ("client_encoding", "UTF8"),
    ("enable_indexonlyscan", "off"),
    ("synchronize_seqscans", "off"),
    ("transform_null_equals", "off"),
];

/// Makes safe statements of a client's text. Immutable: catalogue snapshot, column policy and settings; shared.
#[derive(Debug)]
pub struct Planner {
    world: World,
}

impl Planner {
    /// A planner for one database and one role.
    #[must_use]
    pub fn new(catalogue: Arc<Catalogue>, plans: SqlPlans) -> Self {
        let lists = Lists::new(catalogue.major_version());
        Self::with(lists, catalogue, plans)
    }

    /// A planner whose lists let everything pass: for measuring faithfulness where nothing is protected.
    #[must_use]
    pub fn with_open_lists(catalogue: Arc<Catalogue>, plans: SqlPlans) -> Self {
        let lists = Lists::all_open(catalogue.major_version());
        Self::with(lists, catalogue, plans)
    }

    fn with(lists: Lists, catalogue: Arc<Catalogue>, plans: SqlPlans) -> Self {
        let is_fast = !plans.is_plain();
        Self { world: World { catalogue, rules: Rules::new(plans), lists, is_fast } }
    }

    /// The snapshot that statements are resolved against.
    #[must_use]
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.world.catalogue
    }

    /// Plans every statement of `text`, in order. An empty text has none.
    ///
    /// `parameters` are the type oids that the client declared in Parse (0 = not declared); empty for a simple query.
    ///
    /// # Errors
    /// The first statement that is not understood or not allowed; nothing of the string may be sent then.
    pub fn plan(
        &self,
        text: &str,
        session: &SessionView<'_>,
        parameters: &[u32],
    ) -> Result<Vec<Planned>, Refusal> {
        let work = || {
            self.world.rules.require_open()?;
            if self.world.catalogue.server_version() < 160_000 {
                parse::require_old_numerals(text)?;
            }
            let statements = parse::statements(text)?;
            if parse::may_hold_made_names(text) {
                statements.iter().try_for_each(|one| parse::require_no_made_names(&print::statement(one)))?;
            }
            let mut path = Path::at(session.search_path.map(Into::into));
            let plan = |one| {
                let along = path.now().clone();
                let search_path = along.as_deref().or(session.search_path);
                let view = SessionView { search_path, ..*session };
                let planned = statement::plan(&self.world, one, &view, parameters)?;
                path.step(&planned.kind, &planned.sql);
                Ok(Planned { path: along, ..planned })
            };
            statements.iter().map(plan).collect::<Checked<Vec<Planned>>>()
        };
        let planned = parse::with_large_stack(work).and_then(|planned| planned);
        planned.map_err(|denial| denial.into_refusal(text))
    }

    /// The shapes of the statements of `text`, whether they can be planned or not; none if it cannot be taken apart.
    #[must_use]
    pub fn shapes(&self, text: &str) -> Vec<Vec<Word>> {
        shape::shapes(|name| self.world.catalogue.has_word(name), text)
    }

    /// Says of every statement of `text` what happens to it and why.
    ///
    /// # Errors
    /// As [`Planner::plan`].
    pub fn explain(&self, text: &str, session: &SessionView<'_>) -> Result<Vec<Explanation>, Refusal> {
        let work = || {
            self.world.rules.require_open()?;
            let statements = parse::statements(text)?;
            let explain = |one| statement::explanation(&self.world, one, session);
            statements.iter().map(explain).collect::<Checked<Vec<Explanation>>>()
        };
        let explained = parse::with_large_stack(work).and_then(|explained| explained);
        explained.map_err(|denial| denial.into_refusal(text))
    }
}

#[cfg(test)]
#[path = "planner_tests.rs"]
mod tests;
