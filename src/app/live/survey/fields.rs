//! Fields of the policy that the database has not, and columns of the database that the policy has not.

use super::columns::{Column, Kind, quoted};
use super::looks::{self, Content};
use super::{Live, LiveError, Survey};
use crate::app::config::{Problem, nearest};
use crate::kernel::Treatment;
use crate::policy::{RegionSource, SqlField, SqlTable};

/// Rows of a table that are looked at; a column is read so far, in characters.
const SAMPLED_ROWS: usize = 1_000;
const SAMPLED_CHARACTERS: usize = 2_000;

impl Survey<'_> {
    /// Lines for columns that do not exist. The table of such a line is closed until it is mended.
    pub(super) fn missing_fields(&self) -> Vec<Problem> {
        let policy = &self.kind.policy;
        let lines = policy.fields.iter().chain(policy.roles.values().flatten());
        let here = lines.filter(|line| line.field.database.as_ref().is_none_or(|it| *it == self.database));
        here.filter_map(|line| {
            let (what, help) = self.missing(&line.field)?;
            let message =
                format!("`{}` names a {what} that database `{}` does not have", line.written, self.database);
            Some(Problem::finding(Some(line.span.clone()), &self.key, message).help(help))
        })
        .collect()
    }

    /// Lines of regions whose table or column does not exist, the far ends of joins too.
    pub(super) fn missing_regions(&self) -> Vec<Problem> {
        let here = |table: &SqlTable| table.database.as_ref().is_none_or(|it| *it == self.database);
        let rules = self.kind.regions.iter().filter(|rule| here(&rule.table));
        let named = rules.flat_map(|rule| {
            let named = match &rule.source {
                RegionSource::Column(column) => vec![(&rule.table, Some(column))],
                RegionSource::Join(join) => {
                    vec![(&rule.table, Some(&join.column)), (&join.table, Some(&join.key))]
                }
                RegionSource::Nobody => vec![(&rule.table, None)],
            };
            named.into_iter().map(move |(table, column)| (rule, table, column))
        });
        named
            .filter_map(|(rule, table, column)| {
                let any = |one: &&Column| one.schema == table.schema && one.table == table.table;
                let column = column.or_else(|| self.columns.iter().find(any).map(|one| &one.name));
                let SqlTable { database, schema, table } = table.clone();
                let field = SqlField { database, schema, table, column: column.cloned().unwrap_or_default() };
                let (what, help) = self.missing(&field)?;
                let message = format!(
                    "the region of `{}` names a {what} that database `{}` does not have",
                    rule.written, self.database
                );
                Some(Problem::finding(Some(rule.span.clone()), &self.key, message).help(help))
            })
            .collect()
    }

    /// What of a field is missing, and what may be meant.
    fn missing(&self, field: &SqlField) -> Option<(&'static str, String)> {
        let of_table = |column: &&Column| column.schema == field.schema && column.table == field.table;
        let beside: Vec<&Column> = self.columns.iter().filter(of_table).collect();
        if beside.iter().any(|column| column.name == field.column) {
            return None;
        }
        let meant = |found: Option<&str>| found.map(|near| format!("; did you mean `{near}`?"));
        if beside.is_empty() {
            let in_schema = self.columns.iter().filter(|column| column.schema == field.schema);
            let near = meant(nearest(&field.table, in_schema.map(|column| column.table.as_str())));
            let help = format!(
                "mend the line, or write `DATABASE/` before it if it is for another database{}",
                near.unwrap_or_default()
            );
            return Some(("table", help));
        }
        let near = meant(nearest(&field.column, beside.iter().map(|column| column.name.as_str())));
        Some((
            "column",
            format!(
                "until it is mended, every statement that reads the table is refused{}",
                near.unwrap_or_default()
            ),
        ))
    }

    /// Columns without a rule that look as if they should have one, by their names or by what they hold.
    pub(super) async fn unlisted_columns(&self, live: &mut Live) -> Result<Vec<Problem>, LiveError> {
        if matches!(*self.kind.policy.unlisted.treatment, Treatment::Suppress) {
            return Ok(Vec::new());
        }
        let unlisted: Vec<&Column> = self.columns.iter().filter(|column| self.is_unlisted(column)).collect();
        let mut problems = Vec::new();
        for columns in unlisted.chunk_by(|one, two| one.is_beside(two)) {
            let texts: Vec<&Column> =
                columns.iter().copied().filter(|column| looks::may_hold_text(&column.ty)).collect();
            let contents = sampled(live, &texts).await?;
            for column in columns {
                let content = texts.iter().zip(&contents).find(|(text, _)| text.name == column.name);
                problems.extend(self.look(column, content.map(|(_, content)| content)));
            }
        }
        Ok(problems)
    }

    fn is_unlisted(&self, column: &Column) -> bool {
        let Column { schema, table, name, .. } = column;
        let rule = self.kind.plans.of(None).column(&self.database, schema, table, name);
        rule.is_none()
            && !column.is_partition
            && matches!(column.relation, Kind::Table | Kind::MaterializedView)
    }

    fn look(&self, column: &Column, content: Option<&Content>) -> Option<Problem> {
        let scans = matches!(*self.kind.policy.unlisted.treatment, Treatment::Scrub(_));
        let field = column.field();
        let held = content.and_then(Content::in_words);
        let line =
            format!("give it a line of its own under `[stores.fields]`, if only `\"{field}\" = \"pass\"`");
        if let Some(what) = looks::by_name(column) {
            let and = held.map(|held| format!(", and holds {held}")).unwrap_or_default();
            let message = format!("`{field}` has no rule and looks like {what}{and}");
            // An address type can hold nothing that a scan would miss.
            let is_treated = scans && looks::is_address_type(&column.ty);
            return Some(if is_treated { self.note(message, line) } else { self.finding(message, line) });
        }
        let message = format!("`{field}` has no rule and holds {}", held?);
        Some(if scans {
            self.note(message, format!("`unlisted = \"scan\"` scrubs what it finds; {line}"))
        } else {
            self.finding(message, line)
        })
    }
}

/// What the text columns of one table hold. A table that this login may not read holds nothing that we know of.
async fn sampled(live: &mut Live, columns: &[&Column]) -> Result<Vec<Content>, LiveError> {
    let mut contents: Vec<Content> = columns.iter().map(|_| Content::default()).collect();
    let Some(first) = columns.first() else { return Ok(contents) };
    let list = columns.iter().map(|column| {
        format!("pg_catalog.left({}::pg_catalog.text, {SAMPLED_CHARACTERS})", quoted(&column.name))
    });
    let list = list.collect::<Vec<_>>().join(", ");
    let question = format!("SELECT {list} FROM {} LIMIT {SAMPLED_ROWS}", first.relation_quoted());
    for row in live.try_ask(&question).await?.unwrap_or_default() {
        for (content, value) in contents.iter_mut().zip(row) {
            content.add(value.as_deref());
        }
    }
    Ok(contents)
}
