//! Joins: conditions, merged columns and who may be named afterwards.

use std::rc::Rc;

use super::super::ir::{
    Alias, Body, Expr, ExprKind, FromItem, Join, JoinCondition, JoinKind, Pos, Query, Select, Target,
};
use super::super::refusal::{Checked, Denial};
use super::Analysis;
use super::conversion::Operand;
use super::from::{FromPart, unique_names};
use super::scope::{Item, ItemColumn, Level, RowOrder, Term, WholeRow};

/// The columns of a join under their unqualified names.
struct JoinColumns {
    merged: Vec<ItemColumn>,
    others: Vec<ItemColumn>,
}

impl JoinColumns {
    /// Those of `USING` first, as `*` shows them.
    fn all(self) -> Vec<ItemColumn> {
        self.merged.into_iter().chain(self.others).collect()
    }
}

impl Analysis<'_> {
    pub(super) fn join(&mut self, join: &Join, level: &Level<'_>) -> Checked<FromPart> {
        let reads_before = self.protected_reads;
        let left = self.read_item(&join.left, level)?;
        let mut right_level = Level { items: level.items.clone(), ..Level::of_from(level.outer) };
        right_level.items.extend(left.names.iter().cloned());
        let right = self.read_item(&join.right, &right_level)?;
        for name in &right.names {
            super::from::require_new_name(name, &left.names)?;
        }
        let (condition, merged) = self.join_condition(join, &left.names, &right.names, level)?;
        let order =
            if self.protected_reads > reads_before { RowOrder::Open } else { left.order.max(right.order) };
        let using_alias = match &join.condition {
            JoinCondition::Using { alias, .. } => alias.clone(),
            _ => None,
        };
        let columns = joined(merged, &left.names, &right.names);
        let inner = Join { kind: join.kind, left: left.item, right: right.item, condition, alias: None };
        if let Some(alias) = join.alias.as_ref().filter(|_| !self.keyed) {
            let printed = self.free_alias(&alias.name, &right_level);
            if let Some((item, named)) = aliased_as_it_is(&inner, &columns, alias, printed) {
                return Ok(FromPart { item, names: vec![Rc::new(named)], order });
            }
        }
        let inner = FromItem::Join(Box::new(inner));
        let Some(alias) = &join.alias else {
            return Ok(FromPart {
                item: inner,
                names: open_names(columns, using_alias, left.names, right.names),
                order,
            });
        };
        let printed = self.free_alias(&alias.name, &right_level);
        let keys = left.names.iter().chain(&right.names).map(|item| item.row_key.clone());
        let key: Option<Vec<Vec<Term>>> = keys.collect();
        let repeats = left.names.iter().chain(&right.names).any(|item| item.repeats);
        let (item, named) = self.aliased(inner, columns, key.map(|key| key.concat()), alias, printed)?;
        let named = Item { repeats, ..named };
        Ok(FromPart { item, names: vec![Rc::new(named)], order })
    }

    fn join_condition(
        &mut self,
        join: &Join,
        left: &[Rc<Item>],
        right: &[Rc<Item>],
        level: &Level<'_>,
    ) -> Checked<(JoinCondition, Vec<ItemColumn>)> {
        match &join.condition {
            JoinCondition::None => Ok((JoinCondition::None, Vec::new())),
            JoinCondition::On(condition) => {
                let items = left.iter().chain(right).cloned().collect();
                let inner = Level { items, ..Level::of_from(level.outer) };
                let term = self.public(condition, &inner, "a join condition")?;
                Ok((JoinCondition::On(term.expr), Vec::new()))
            }
            JoinCondition::Using { columns, alias } => {
                let merged = self.merge(columns, join.kind, left, right)?;
                Ok((JoinCondition::Using { columns: columns.clone(), alias: alias.clone() }, merged))
            }
            JoinCondition::Natural => {
                let names: Vec<String> = visible(left)
                    .filter(|column| visible(right).any(|other| other.name == column.name))
                    .map(|column| column.name.clone())
                    .collect();
                let merged = self.merge(&names, join.kind, left, right)?;
                if names.is_empty() {
                    let always = Expr::made(ExprKind::Literal(super::ir::Literal::Boolean(true)));
                    return Ok((JoinCondition::On(always), merged));
                }
                Ok((JoinCondition::Using { columns: names, alias: None }, merged))
            }
        }
    }

    /// The columns that `USING` makes one of two.
    fn merge(
        &mut self,
        names: &[String],
        kind: JoinKind,
        left: &[Rc<Item>],
        right: &[Rc<Item>],
    ) -> Checked<Vec<ItemColumn>> {
        names
            .iter()
            .map(|name| self.merge_one(name, kind, the_column(left, name)?, the_column(right, name)?))
            .collect()
    }

    fn merge_one(
        &mut self,
        name: &str,
        kind: JoinKind,
        left: &ItemColumn,
        right: &ItemColumn,
    ) -> Checked<ItemColumn> {
        let construct = format!("USING ({name})");
        self.comparable(&left.term, &right.term, &construct)?;
        self.note_read(&left.term);
        self.note_read(&right.term);
        self.implied(&["="], [&left.term, &right.term].map(Operand::of), Pos::NONE)?;
        let label = left.term.label.clone().merge(right.term.label.clone(), &construct, Pos::NONE)?;
        let ty = self.common_type([left.term.ty, right.term.ty]);
        let one_side = match kind {
            JoinKind::Inner | JoinKind::Left => Some(&left.term),
            JoinKind::Right => Some(&right.term),
            JoinKind::Full => None,
        };
        let expr = match (one_side, ty) {
            (Some(side), Some(ty)) if side.ty == Some(ty) => side.expr.clone(),
            (Some(side), Some(ty)) => side.expr.clone().cast(self.type_name(ty)),
            // Never the bare name: a scope inside may have a column of that name.
            (Some(side), None) => side.expr.clone(),
            (None, _) => {
                Expr::made(ExprKind::Coalesce(vec![left.term.expr.clone(), right.term.expr.clone()]))
            }
        };
        Ok(ItemColumn { name: name.to_owned(), term: Term { expr, label, ty } })
    }

    /// With an alias, only the join itself can be named. An alias of a join names columns by position, and a derived
    /// table has columns that no client counts: so it becomes a subquery that selects them one by one.
    fn aliased(
        &mut self,
        join: FromItem,
        columns: JoinColumns,
        key: Option<Vec<Term>>,
        alias: &Alias,
        printed: String,
    ) -> Checked<(FromItem, Item)> {
        let all = columns.all();
        if alias.columns.len() > all.len() {
            let message = format!("join \"{}\" has fewer columns than names", alias.name);
            return Err(Denial::new("42P10", message, Pos::NONE));
        }
        let visible: Vec<&String> = all
            .iter()
            .enumerate()
            .map(|(index, column)| alias.columns.get(index).unwrap_or(&column.name))
            .collect();
        let unique = unique_names(&visible);
        let target = |(column, unique): (&ItemColumn, &String)| Target {
            value: column.term.expr.clone(),
            name: Some(unique.clone()),
        };
        let mut targets: Vec<Target> = all.iter().zip(&unique).map(target).collect();
        let row_key = key.map(|key| {
            key.into_iter()
                .map(|term| {
                    let name = self.made_name();
                    targets.push(Target { value: term.expr, name: Some(name.clone()) });
                    Term { expr: Expr::column(&printed, name), ..term }
                })
                .collect()
        });
        let renamed = all.iter().zip(visible).zip(&unique).map(|((column, name), unique)| ItemColumn {
            term: Term { expr: Expr::column(&printed, unique), ..column.term.clone() },
            name: name.clone(),
        });
        let named = item(alias.name.clone(), renamed.collect(), true, true);
        let select = Select { targets, from: vec![join], ..Select::default() };
        let subquery = FromItem::Subquery {
            lateral: true,
            query: Box::new(Query::of(Body::Select(Box::new(select)))),
            alias: Some(Alias { name: printed.clone(), columns: unique }),
        };
        Ok((subquery, Item { alias: printed, row_key, ..named }))
    }
}

/// A join of relations under their own names, whose columns have names of their own, keeps its alias: a query
/// around it would read all columns, which not everybody may. The server finds the columns by name, so that none is
/// taken for another if a table has got one more.
fn aliased_as_it_is(
    join: &Join,
    columns: &JoinColumns,
    alias: &Alias,
    printed: String,
) -> Option<(FromItem, Item)> {
    let all: Vec<&ItemColumn> = columns.merged.iter().chain(&columns.others).collect();
    let names: Vec<&String> = all.iter().map(|column| &column.name).collect();
    let unique = unique_names(&names).iter().eq(names.iter().copied());
    let open = is_of_relations(&join.left) && is_of_relations(&join.right);
    if !unique || !open || !alias.columns.is_empty() || names.contains(&&printed) {
        return None;
    }
    let named = |column: &ItemColumn| ItemColumn {
        term: Term { expr: Expr::column(&printed, &column.name), ..column.term.clone() },
        name: column.name.clone(),
    };
    let item = item(alias.name.clone(), all.into_iter().map(named).collect(), true, true);
    let join = Join { alias: Some(Alias { name: printed.clone(), columns: Vec::new() }), ..join.clone() };
    Some((FromItem::Join(Box::new(join)), Item { alias: printed, row_key: None, ..item }))
}

/// True if nothing but relations under their own names is joined, which have nothing to hide then.
fn is_of_relations(item: &FromItem) -> bool {
    match item {
        FromItem::Table(table) => table.name.schema.is_some(),
        FromItem::Join(join) => {
            join.alias.is_none() && is_of_relations(&join.left) && is_of_relations(&join.right)
        }
        _ => false,
    }
}

fn visible(items: &[Rc<Item>]) -> impl Iterator<Item = &ItemColumn> {
    items.iter().filter(|item| item.columns_visible).flat_map(|item| &item.columns)
}

fn the_column<'i>(items: &'i [Rc<Item>], name: &str) -> Checked<&'i ItemColumn> {
    let mut found = visible(items).filter(|column| column.name == name);
    match (found.next(), found.next()) {
        (Some(column), None) => Ok(column),
        (None, _) => {
            let message =
                format!("column \"{name}\" specified in USING clause does not exist in both tables");
            Err(Denial::new("42703", message, Pos::NONE))
        }
        (Some(_), Some(_)) => {
            let message = format!("common column name \"{name}\" appears more than once in one table");
            Err(Denial::new("42702", message, Pos::NONE))
        }
    }
}

fn joined(merged: Vec<ItemColumn>, left: &[Rc<Item>], right: &[Rc<Item>]) -> JoinColumns {
    let rest = visible(left).chain(visible(right));
    let others = rest.filter(|column| !merged.iter().any(|one| one.name == column.name)).cloned().collect();
    JoinColumns { merged, others }
}

/// Without an alias, the join's tables and its columns can be named.
fn open_names(
    columns: JoinColumns,
    using_alias: Option<String>,
    left: Vec<Rc<Item>>,
    right: Vec<Rc<Item>>,
) -> Vec<Rc<Item>> {
    let mut names = Vec::new();
    if let Some(alias) = using_alias {
        names.push(Rc::new(item(alias, columns.merged.clone(), true, false)));
    }
    for inner in left.into_iter().chain(right) {
        names.push(Rc::new(Item { columns_visible: false, ..Rc::unwrap_or_clone(inner) }));
    }
    names.push(Rc::new(item(String::new(), columns.all(), false, true)));
    names
}

fn item(name: String, columns: Vec<ItemColumn>, relation_visible: bool, columns_visible: bool) -> Item {
    Item {
        alias: name.clone(),
        name,
        schema: None,
        columns,
        system_columns: Vec::new(),
        key: Vec::new(),
        row_key: Some(Vec::new()),
        repeats: false,
        whole_row: WholeRow::Built,
        relation_visible,
        columns_visible,
    }
}
