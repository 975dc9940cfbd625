//! `EXPLAIN`, answered here: the store's own plan would tell statistics of raw values.

use super::{One, setting};
use crate::sql::analyse::Analysed;
use crate::sql::catalogue::oid;
use crate::sql::faithful;
use crate::sql::ir::{Pos, Query, Statement, StatementKind};
use crate::sql::refusal::{Checked, Denial};
use crate::sql::seam::{Column, Kind, Planned, SessionView};

pub(super) fn answer(
    one: &One<'_>,
    options: &[(String, Option<String>)],
    statement: &Statement,
) -> Checked<Planned> {
    let format = options.iter().find(|(name, _)| name.eq_ignore_ascii_case("format"));
    let format = format.and_then(|(_, value)| value.as_deref()).unwrap_or("text");
    if !format.eq_ignore_ascii_case("text") {
        return Err(Denial::unsupported("this format of EXPLAIN", Pos::NONE)
            .hint("plain EXPLAIN tells how the policy treats the statement"));
    }
    let query = query_of(&statement.kind)?;
    let lines = lines(one, query)?;
    let columns = vec![Column { name: "QUERY PLAN".to_owned(), type_oid: oid::TEXT }];
    let rows = lines.into_iter().map(|line| vec![Some(line)]).collect();
    Ok(setting::answered(Kind::Answered { columns, rows, tag: "EXPLAIN" }))
}

fn query_of(kind: &StatementKind) -> Checked<&Query> {
    match kind {
        StatementKind::Query(query)
        | StatementKind::Declare { query, .. }
        | StatementKind::Prepare { query, .. }
        | StatementKind::CopyQuery { query, .. } => Ok(query),
        _ => Err(Denial::unsupported("EXPLAIN of this statement", Pos::NONE)),
    }
}

/// The session's salt must not show, so the statement is planned with another one.
fn lines(one: &One<'_>, query: &Query) -> Checked<Vec<String>> {
    let session = SessionView { salt: &[0; 16], ..*one.session };
    let unsalted = One { session: &session, ..*one };
    let mut analysis = unsalted.analysis();
    let Analysed { query, columns, .. } = analysis.top(query)?;
    let protected = analysis.reads_protected();
    let (_, applied) = analysis.finish();
    let statement = Statement { kind: StatementKind::Query(query), pos: Pos::NONE };
    let mut lines = Vec::new();
    if protected {
        lines.push("Protected fields:".to_owned());
    } else {
        lines.push("No protected field is read.".to_owned());
    }
    for (field, ruling) in applied {
        lines.push(format!("  {field}: {} ({})", ruling.treatment_name, ruling.rule));
    }
    lines.push("Columns:".to_owned());
    for column in columns {
        let what = match column.label.identity() {
            None => "as it comes".to_owned(),
            Some(identity) => format!("{} at the edge", identity.ruling.treatment_name),
        };
        lines.push(format!("  {}: {what}", column.name));
    }
    lines.push("Statement for the store:".to_owned());
    lines.push(format!("  {}", faithful::printed(&statement)?));
    Ok(lines)
}
