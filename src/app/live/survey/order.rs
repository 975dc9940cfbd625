//! Identifiers that the physical order of a table follows: the place of a row in a listing then tells which one it has.

use super::columns::Column;
use super::{Live, LiveError, Survey};
use crate::app::config::Problem;
use crate::kernel::Treatment;
use crate::policy::ColumnRule;

/// Statistics are there after ANALYZE, and for those who may read the table.
const QUESTION: &str = "\
    SELECT schemaname, tablename, attname FROM pg_catalog.pg_stats WHERE pg_catalog.abs(correlation) > 0.8";

impl Survey<'_> {
    pub(super) async fn ordered_identifiers(&self, live: &mut Live) -> Result<Vec<Problem>, LiveError> {
        let ordered = live.try_ask(QUESTION).await?.unwrap_or_default();
        let is_ordered = |column: &Column| {
            let names = [&column.schema, &column.table, &column.name];
            ordered.iter().any(|row| row.iter().map(Option::as_ref).eq(names.map(Some)))
        };
        let hidden = self.columns.iter().filter(|column| self.is_identifier(column));
        let problems = hidden.filter_map(|column| {
            let why = match (is_ordered(column), column.is_serial) {
                (true, _) => "its rows lie in the order of this identifier",
                (false, true) => "a sequence numbers it in the order in which its rows are written",
                (false, false) => return None,
            };
            let message = format!("`{}` is hidden, but {why}: the place of a row in a listing tells it", column.field());
            Some(self.finding(
                message,
                "the proxy counts the order of rows as public: use random identifiers, or CLUSTER the table by another column",
            ))
        });
        Ok(problems.collect())
    }

    fn is_identifier(&self, column: &Column) -> bool {
        let Column { schema, table, name, .. } = column;
        let rule = self.kind.plans.of(None).column(&self.database, schema, table, name);
        matches!(rule, Some(ColumnRule::Scalar(ruling))
            if matches!(*ruling.treatment, Treatment::Pseudonymize(_) | Treatment::Tokenize(_)))
    }
}
