//! Joins: conditions, merged columns and who may be named afterwards.

use std::rc::Rc;

use super::super::ir::{Alias, Expr, ExprKind, FromItem, Join, JoinCondition, JoinKind, Pos};
use super::super::refusal::{Checked, Denial};
use super::Analysis;
use super::from::FromPart;
use super::scope::{Item, ItemColumn, Level, RowOrder, Term, WholeRow};

/// The columns of a join under their unqualified names.
struct JoinColumns {
    merged: Vec<ItemColumn>,
    others: Vec<ItemColumn>,
}

impl Analysis<'_> {
    pub(super) fn join(&mut self, join: &Join, level: &Level<'_>) -> Checked<FromPart> {
        let reads_before = self.protected_reads;
        let left = self.read_item(&join.left, level)?;
        let mut right_level = Level { outer: level.outer, items: level.items.clone(), ..Level::default() };
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
        let printed = join.alias.as_ref().map(|alias| self.free_alias(&alias.name, &right_level));
        let printed = printed.unwrap_or_default();
        let names = names_of(columns, join.alias.as_ref(), &printed, using_alias, left.names, right.names)?;
        let rewritten = Join {
            kind: join.kind,
            left: left.item,
            right: right.item,
            condition,
            alias: join.alias.as_ref().and_then(|_| {
                let item = names.iter().find(|item| item.alias == printed && item.relation_visible)?;
                Some(super::from::column_alias(item))
            }),
        };
        Ok(FromPart { item: FromItem::Join(Box::new(rewritten)), names, order })
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
                let inner = Level { outer: level.outer, items, ..Level::default() };
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
            (None, Some(_)) => {
                Expr::made(ExprKind::Coalesce(vec![left.term.expr.clone(), right.term.expr.clone()]))
            }
            (_, None) => Expr::made(ExprKind::Column { names: vec![name.to_owned()], star: false }),
        };
        Ok(ItemColumn { name: name.to_owned(), term: Term { expr, label, ty } })
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

/// With an alias only the join itself can be named; without, its tables and its columns.
fn names_of(
    columns: JoinColumns,
    alias: Option<&Alias>,
    printed: &str,
    using_alias: Option<String>,
    left: Vec<Rc<Item>>,
    right: Vec<Rc<Item>>,
) -> Checked<Vec<Rc<Item>>> {
    let JoinColumns { merged, others } = columns;
    let mut names = Vec::new();
    if let Some(alias) = using_alias {
        names.push(Rc::new(item(alias, merged.clone(), true, false)));
    }
    let all: Vec<ItemColumn> = merged.into_iter().chain(others).collect();
    let Some(alias) = alias else {
        for inner in left.into_iter().chain(right) {
            let inner = Item { columns_visible: false, ..Rc::unwrap_or_clone(inner) };
            names.push(Rc::new(inner));
        }
        names.push(Rc::new(item(String::new(), all, false, true)));
        return Ok(names);
    };
    if alias.columns.len() > all.len() {
        let message = format!("join \"{}\" has fewer columns than names", alias.name);
        return Err(Denial::new("42P10", message, Pos::NONE));
    }
    let visible: Vec<String> = all
        .iter()
        .enumerate()
        .map(|(index, column)| alias.columns.get(index).unwrap_or(&column.name).clone())
        .collect();
    let unique = super::from::unique_names(&visible.iter().collect::<Vec<_>>());
    let renamed = all.into_iter().zip(visible).zip(unique).map(|((column, name), unique)| ItemColumn {
        term: Term { expr: Expr::column(printed, unique), ..column.term },
        name,
    });
    let named = item(alias.name.clone(), renamed.collect(), true, true);
    names.push(Rc::new(Item { alias: printed.to_owned(), ..named }));
    Ok(names)
}

fn item(name: String, columns: Vec<ItemColumn>, relation_visible: bool, columns_visible: bool) -> Item {
    Item {
        alias: name.clone(),
        name,
        schema: None,
        columns,
        system_columns: Vec::new(),
        key: Vec::new(),
        whole_row: WholeRow::Built,
        relation_visible,
        columns_visible,
    }
}
