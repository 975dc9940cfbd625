//! `EXPLAIN`, answered here: the store's own plan would tell statistics of raw values.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::write::require_allowed;
use super::{One, copy, plan, setting};
use crate::sql::analyse::{Analysed, INNER, World};
use crate::sql::catalogue::oid;
use crate::sql::explanation::{
    ExplainedColumn, ExplainedField, Explanation, Handling, SALT_PLACEHOLDER, Wording,
};
use crate::sql::faithful;
use crate::sql::ir::{Call, Expr, ExprKind, FromItem, Pos, Qualified, Query, Statement, StatementKind, walk};
use crate::sql::lineage::{self, Lineage, Origin};
use crate::sql::print;
use crate::sql::refusal::{Checked, Denial};
use crate::sql::rules::{Bound, Protection};
use crate::sql::seam::{Column, Kind, Planned, SessionView};

/// Stands for a session's salt, so that its place can be found.
const MARK: &[u8; 16] = b"sfumato explains";

/// Answers `EXPLAIN`.
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
    if let StatementKind::Write(write) = &statement.kind {
        require_allowed(one.world, write)?;
    }
    let query =
        query_of(statement).ok_or_else(|| Denial::unsupported("EXPLAIN of this statement", Pos::NONE))?;
    let is_verbose = |value: Option<&str>| !matches!(value, Some("off" | "false" | "0"));
    let whole = options.iter().any(|(name, value)| name == "verbose" && is_verbose(value.as_deref()));
    let lines = of_query(one, &query)?.lines(whole, Wording::plain);
    let columns = vec![Column { name: "QUERY PLAN".to_owned(), type_oid: oid::TEXT }];
    let rows = lines.into_iter().map(|line| vec![Some(line)]).collect();
    Ok(setting::answered(Kind::Answered { columns, rows, tag: "EXPLAIN" }))
}

/// Explains any statement, or the one that it explains.
pub(in crate::sql) fn explanation(
    world: &World,
    statement: &Statement,
    session: &SessionView<'_>,
) -> Checked<Explanation> {
    if let StatementKind::Explain { statement, .. } = &statement.kind {
        return explanation(world, statement, session);
    }
    let one = One { world, session, declared: &[], statement };
    if let Some(query) = query_of(statement) {
        return of_query(&one, &query);
    }
    let sql = plan(world, statement, session, &[])?.sql;
    let sketch = if sql.is_empty() { String::new() } else { print::sketch(statement) };
    Ok(Explanation { columns: Vec::new(), fields: Vec::new(), regions: Vec::new(), statement: sql, sketch })
}

fn query_of(statement: &Statement) -> Option<Cow<'_, Query>> {
    match &statement.kind {
        StatementKind::Query(query)
        | StatementKind::Declare { query, .. }
        | StatementKind::Prepare { query, .. }
        | StatementKind::CopyQuery { query, .. } => Some(Cow::Borrowed(query)),
        StatementKind::CopyTable { catalog, table, columns, .. } => {
            Some(Cow::Owned(copy::query_of(catalog.as_deref(), table, columns)))
        }
        _ => None,
    }
}

/// The session's salt must not show, so the query is planned with a mark in its place.
fn of_query(one: &One<'_>, query: &Query) -> Checked<Explanation> {
    let session = SessionView { salt: MARK, ..*one.session };
    let marked = One { session: &session, ..*one };
    let mut analysis = marked.analysis();
    let Analysed { query, columns, .. } = analysis.top(query)?;
    let late =
        |index: usize| analysis.late().iter().find(|(late, _)| *late == index).map(|(_, ruling)| ruling);
    let lineage = lineage::trace(&one.world.catalogue, &query);
    let traced = lineage.columns.iter().enumerate().filter(|(index, _)| late(*index).is_some());
    let late_origins: BTreeSet<&Origin> = traced.flat_map(|(_, column)| &column.origins).collect();
    let fields = fields(one.world, &lineage, &late_origins);
    let explained = columns.into_iter().zip(&lineage.columns).enumerate();
    let explained = explained.map(|(index, (column, traced))| ExplainedColumn {
        name: column.name,
        from: traced
            .origins
            .iter()
            .filter_map(|origin| field(one.world, origin))
            .map(|it| it.join("."))
            .collect(),
        edge: column.label.identity().map(|identity| &identity.ruling).or_else(|| late(index)).cloned(),
    });
    let columns = explained.collect();
    let mark: String = MARK.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut statement = Statement { kind: StatementKind::Query(query), pos: Pos::NONE };
    let printed = faithful::printed(&statement)?.replace(&mark, SALT_PLACEHOLDER);
    if let StatementKind::Query(query) = &mut statement.kind {
        walk::query(query, &mut ByName { world: one.world });
    }
    let sketch = print::sketch(&statement).replace(&mark, SALT_PLACEHOLDER);
    let regions = analysis.regions().iter().cloned().collect();
    Ok(Explanation { columns, fields, regions, statement: printed, sketch })
}

/// Puts the name of a treatment in place of the expression that carries it out.
struct ByName<'a> {
    world: &'a World,
}

impl walk::Visitor for ByName<'_> {
    fn enters(&mut self, item: &mut FromItem) -> bool {
        let Some((targets, table)) = item.derived(INNER) else { return true };
        let Some(relation) = self.world.catalogue.relation(table, &[]) else { return true };
        for target in targets {
            let Some(column) = &target.name else { continue };
            let origin = Origin { relation: relation.oid, column: column.clone() };
            let protection = protection(self.world, &origin);
            if let Some(ruling) = protection
                .as_ref()
                .filter(|it| matches!(it, Protection::Coarse(_)))
                .and_then(Protection::ruling)
            {
                let name = Qualified::bare(ruling.treatment_name.as_ref());
                let call = Call::plain(name, vec![Expr::column(INNER, column)]);
                target.value = Expr::made(ExprKind::Call(Box::new(call)));
            }
        }
        true
    }
}

/// The protected fields that are shown or have a part in what is shown.
fn fields(world: &World, lineage: &Lineage, late: &BTreeSet<&Origin>) -> Vec<ExplainedField> {
    let shown = lineage.columns.iter().flat_map(|column| &column.origins);
    let used: BTreeSet<&Origin> = shown.chain(&lineage.deciding).collect();
    let mut explained: Vec<ExplainedField> = used
        .into_iter()
        .filter_map(|origin| {
            let protection = protection(world, origin)?;
            Some(ExplainedField {
                field: field(world, origin)?,
                ruling: protection.ruling()?.clone(),
                handling: match protection {
                    Protection::Identifier(_) | Protection::Identifiers(_) => Handling::AtTheEdge,
                    Protection::Coarse(_) if late.contains(origin) => Handling::OnItsWay,
                    Protection::Open | Protection::Coarse(_) => Handling::Inside,
                },
                decides_rows: lineage.deciding.contains(origin),
            })
        })
        .collect();
    explained.sort_by(|one, two| one.field.cmp(&two.field));
    explained
}

fn field(world: &World, origin: &Origin) -> Option<[String; 3]> {
    let relation = world.catalogue.relation_by_oid(origin.relation)?;
    Some([relation.schema.clone(), relation.name.clone(), origin.column.clone()])
}

fn protection(world: &World, origin: &Origin) -> Option<Protection> {
    let relation =
        world.catalogue.relation_by_oid(origin.relation).filter(|relation| !relation.is_system())?;
    let index = relation.columns.iter().position(|column| column.name == origin.column)?;
    match &*world.rules.bound(&world.catalogue, relation) {
        Bound::Columns(protections) => protections.get(index).cloned(),
        Bound::Open | Bound::Broken(_) => None,
    }
}
