//! What is worth a look in a live database: fields that are not there, columns that nobody thought of, what will
//! be refused, and ways around the proxy.
//!
//! Invariant: findings hold names and counts, never a value.

mod columns;
mod fields;
mod looks;
mod order;
mod refused;
mod roles;

use super::{Live, LiveError};
use crate::app::config::{PostgresStore, Problem, Store};
use columns::Column;

/// What one survey looks at.
struct Survey<'a> {
    kind: &'a PostgresStore,
    /// The dotted key of the store.
    key: String,
    database: String,
    columns: Vec<Column>,
}

/// Findings and notes for the database that `live` is connected to, and how many columns it has.
///
/// # Errors
/// [`LiveError`] if it stops answering.
pub async fn survey(
    live: &mut Live,
    store: &Store,
    kind: &PostgresStore,
) -> Result<(Vec<Problem>, usize), LiveError> {
    let survey = Survey {
        kind,
        key: format!("stores.{}", store.name),
        database: live.database().to_owned(),
        columns: columns::all(live).await?,
    };
    let mut problems = survey.missing_fields();
    problems.extend(survey.missing_regions());
    problems.extend(survey.unlisted_columns(live).await?);
    problems.extend(survey.refused_relations(live));
    problems.extend(survey.refused_functions(live).await?);
    problems.extend(survey.ordered_identifiers(live).await?);
    problems.extend(survey.ways_around(live).await?);
    Ok((problems, survey.columns.len()))
}

impl Survey<'_> {
    /// Somebody should look, at what has no line in the file.
    fn finding(&self, message: String, help: impl Into<String>) -> Problem {
        Problem::finding(None, &self.key, message).help(help)
    }

    /// A reader should know.
    fn note(&self, message: String, help: impl Into<String>) -> Problem {
        Problem::note(None, &self.key, message).help(help)
    }
}
