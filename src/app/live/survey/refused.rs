//! What will be refused whatever is asked of it: found by planning, not by rules of its own.

use std::collections::BTreeMap;

use super::{Live, LiveError, Survey};
use crate::app::config::Problem;
use crate::sql::SessionView;

const FUNCTIONS: &str = "\
    SELECT n.nspname, p.proname FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
    LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass \
    AND d.objid = p.oid AND d.deptype IN ('e', 'i') \
    WHERE d.objid IS NULL AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' \
    ORDER BY n.nspname, p.proname";

/// Functions of one schema that are named.
const NAMED: usize = 5;

impl Survey<'_> {
    /// Relations that no statement may read, by the planner's own words.
    pub(super) fn refused_relations(&self, live: &Live) -> Vec<Problem> {
        let planner = live.planner(self.kind.plans.of(None));
        let session = SessionView { search_path: None, user: "", role: None, salt: &[0; 16] };
        let first_columns = self.columns.chunk_by(|one, two| one.is_beside(two)).filter_map(<[_]>::first);
        let refused = first_columns.filter_map(|column| {
            let statement = format!("SELECT * FROM {}", column.relation_quoted());
            let refusal = planner.plan(&statement, &session, &[]).err()?;
            let what = format!("{} `{}.{}`", column.relation.word(), column.schema, column.table);
            let message = format!("{what} cannot be read through the proxy: {}", refusal.message);
            let help = refusal.hint.unwrap_or_else(|| "name its columns in the policy to open it".to_owned());
            Some(self.finding(message, help))
        });
        refused.collect()
    }

    /// Functions that people made: none is called.
    pub(super) async fn refused_functions(&self, live: &mut Live) -> Result<Vec<Problem>, LiveError> {
        let mut by_schema: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in live.ask(FUNCTIONS).await? {
            if let [Some(schema), Some(name)] = row.as_slice() {
                by_schema.entry(schema.clone()).or_default().push(name.clone());
            }
        }
        let notes = by_schema.into_iter().map(|(schema, mut names)| {
            let count = names.len();
            names.dedup();
            let more = if names.len() > NAMED { ", ..." } else { "" };
            names.truncate(NAMED);
            let functions = if count == 1 { "1 function" } else { &format!("{count} functions") };
            let message =
                format!("{functions} of schema `{schema}` will be refused: {}{more}", names.join(", "));
            self.note(
                message,
                "what a function of one's own reads cannot be known; put what people need into a view",
            )
        });
        Ok(notes.collect())
    }
}
