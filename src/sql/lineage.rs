//! Where values come from: the columns of tables behind each column of a rewritten query.
//!
//! For explanations only. What may flow where is decided by `analyse`; this reads what came of it, so that
//! nothing depends on its being complete.

use std::collections::BTreeSet;

use super::analyse::INNER;
use super::catalogue::{Catalogue, Oid};
use super::ir::{
    Alias, Body, Distinct, Expr, ExprKind, FromItem, FunctionItem, GroupItem, Join, JoinCondition, Qualified,
    Query, Select, SetOperation, Sublink, TableItem, Target, With,
};

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin {
    pub(super) relation: Oid,
    pub(super) column: String,
}

type Origins = BTreeSet<Origin>;

/// A column of a query and what it is made of.
#[derive(Clone, Debug)]
pub(super) struct Traced {
    pub(super) name: String,
    pub(super) origins: Origins,
}

/// What a query shows and what else it looks at.
#[derive(Debug)]
pub(super) struct Lineage {
    /// Its columns, in order.
    pub(super) columns: Vec<Traced>,
    /// What decides which rows there are, how they are grouped and in which order they come.
    pub(super) deciding: Origins,
}

/// Traces a rewritten query.
pub(super) fn trace(catalogue: &Catalogue, query: &Query) -> Lineage {
    let mut tracer = Tracer { catalogue, deciding: Origins::new() };
    let columns = tracer.query(query, &Scope::default());
    Lineage { columns, deciding: tracer.deciding }
}

struct Tracer<'c> {
    catalogue: &'c Catalogue,
    deciding: Origins,
}

/// What can be named at one level.
#[derive(Default)]
struct Scope<'s> {
    outer: Option<&'s Self>,
    ctes: Vec<Item>,
    items: Vec<Item>,
}

/// A from-item or common table expression.
struct Item {
    name: String,
    columns: Vec<Traced>,
    /// Of columns that are not listed.
    others: Origins,
}

impl Scope<'_> {
    fn outward(&self) -> impl Iterator<Item = &Scope<'_>> {
        std::iter::successors(Some(self), |scope| scope.outer)
    }

    fn cte(&self, name: &str) -> Option<&Item> {
        self.outward().find_map(|scope| scope.ctes.iter().rev().find(|cte| cte.name == name))
    }

    /// What a name of one or two parts stands for.
    fn column(&self, names: &[String]) -> Origins {
        let item =
            |name: &String| self.outward().find_map(|scope| scope.items.iter().find(|it| it.name == *name));
        match names {
            [.., relation, column] => item(relation).map(|it| it.column(column)).unwrap_or_default(),
            [name] => {
                let listed = |it: &Item| it.columns.iter().find(|known| known.name == *name).cloned();
                let found = self.outward().find_map(|scope| scope.items.iter().find_map(listed));
                match found {
                    Some(column) => column.origins,
                    None => item(name).map(Item::all).unwrap_or_default(),
                }
            }
            [] => Origins::new(),
        }
    }
}

impl Item {
    fn new(alias: Option<&Alias>, name: &str, mut columns: Vec<Traced>) -> Self {
        for (column, name) in columns.iter_mut().zip(alias.map_or(&[][..], |alias| &alias.columns)) {
            column.name.clone_from(name);
        }
        let name = alias.map_or(name, |alias| &alias.name).to_owned();
        Self { name, columns, others: Origins::new() }
    }

    fn column(&self, name: &str) -> Origins {
        let listed = self.columns.iter().find(|column| column.name == name);
        listed.map_or_else(|| self.others.clone(), |column| column.origins.clone())
    }

    fn all(&self) -> Origins {
        all(&self.columns)
    }
}

fn all(columns: &[Traced]) -> Origins {
    columns.iter().flat_map(|column| column.origins.iter().cloned()).collect()
}

impl Tracer<'_> {
    fn query(&mut self, query: &Query, outer: &Scope<'_>) -> Vec<Traced> {
        let mut scope = Scope { outer: Some(outer), ..Scope::default() };
        if let Some(with) = &query.with {
            self.with(with, &mut scope);
        }
        let columns = match &query.body {
            Body::Select(select) => self.select(select, &mut scope),
            Body::Values(rows) => {
                let mut columns: Vec<Traced> = Vec::new();
                for row in rows {
                    let values = row.iter().enumerate().map(|(index, value)| Traced {
                        name: format!("column{}", index + 1),
                        origins: self.expr(value, &scope),
                    });
                    merge(&mut columns, values.collect());
                }
                columns
            }
            Body::Set(operation) => self.set_operation(operation, &scope),
        };
        // A sort key may be the name of a column of the output.
        scope.items.push(Item { name: String::new(), columns: columns.clone(), others: Origins::new() });
        let sorts = query.order_by.iter().map(|item| &item.value);
        self.decide(sorts.chain(&query.offset).chain(query.limit.as_ref().map(|limit| &limit.count)), &scope);
        columns
    }

    fn with(&mut self, with: &With, scope: &mut Scope<'_>) {
        for cte in &with.ctes {
            let alias = Alias { name: cte.name.clone(), columns: cte.columns.clone() };
            if let (true, Body::Set(operation)) = (with.recursive, &cte.query.body) {
                let first = self.query(&operation.left, scope);
                scope.ctes.push(Item::new(Some(&alias), &cte.name, first));
            }
            let columns = self.query(&cte.query, scope);
            scope.ctes.push(Item::new(Some(&alias), &cte.name, columns));
        }
    }

    fn set_operation(&mut self, operation: &SetOperation, scope: &Scope<'_>) -> Vec<Traced> {
        let mut columns = self.query(&operation.left, scope);
        merge(&mut columns, self.query(&operation.right, scope));
        if !operation.all {
            self.deciding.extend(all(&columns));
        }
        columns
    }

    fn select(&mut self, select: &Select, scope: &mut Scope<'_>) -> Vec<Traced> {
        for item in &select.from {
            self.item(item, scope);
        }
        let traced = select.targets.iter().map(|target| Traced {
            name: target.name.clone().unwrap_or_default(),
            origins: self.expr(&target.value, scope),
        });
        let columns: Vec<Traced> = traced.collect();
        match &select.distinct {
            Distinct::No => {}
            Distinct::Rows => self.deciding.extend(all(&columns)),
            Distinct::On(keys) => self.decide(keys, scope),
        }
        self.decide(select.filter.iter().chain(&select.having), scope);
        select.group_by.items.iter().for_each(|item| self.group_item(item, scope));
        self.decide(select.windows.iter().flat_map(|window| window.spec.children()), scope);
        columns
    }

    fn group_item(&mut self, item: &GroupItem, scope: &Scope<'_>) {
        match item {
            GroupItem::Empty => {}
            GroupItem::Expr(key) => self.decide([key], scope),
            GroupItem::Rollup(keys) | GroupItem::Cube(keys) => self.decide(keys, scope),
            GroupItem::Sets(sets) => sets.iter().for_each(|set| self.group_item(set, scope)),
        }
    }

    fn item(&mut self, item: &FromItem, scope: &mut Scope<'_>) {
        match item {
            FromItem::Table(table) => {
                let columns = self.table(table, scope);
                scope.items.push(Item::new(table.alias.as_ref(), &table.name.name, columns));
            }
            FromItem::Subquery { query, alias, .. } => {
                let columns = match item.clone().derived(INNER) {
                    Some((targets, table)) => self.derived(targets, table),
                    None => self.query(query, scope),
                };
                scope.items.push(Item::new(alias.as_ref(), "", columns));
            }
            FromItem::Function(function) => self.function(function, scope),
            FromItem::XmlTable(table) => {
                let mut read = table.clone();
                let others = read.expressions().into_iter().flat_map(|expr| self.expr(expr, scope)).collect();
                let item = Item::new(table.alias.as_ref(), "xmltable", Vec::new());
                scope.items.push(Item { others, ..item });
            }
            FromItem::Join(join) => self.join(join, scope),
        }
    }

    fn table(&self, table: &TableItem, scope: &Scope<'_>) -> Vec<Traced> {
        if let (None, Some(cte)) = (&table.name.schema, scope.cte(&table.name.name)) {
            return cte.columns.clone();
        }
        let Some(relation) = self.catalogue.relation(&table.name, &[]) else { return Vec::new() };
        let origin = |column: &str| Origin { relation: relation.oid, column: column.to_owned() };
        let traced = relation.columns.iter().map(|column| Traced {
            name: column.name.clone(),
            origins: Origins::from([origin(&column.name)]),
        });
        traced.collect()
    }

    /// The columns of a protected table, each made of the one that it stands for.
    fn derived(&self, targets: &[Target], table: &Qualified) -> Vec<Traced> {
        let Some(relation) = self.catalogue.relation(table, &[]) else { return Vec::new() };
        let traced = targets.iter().map(|target| {
            let name = target.name.clone().unwrap_or_default();
            // Columns of ours have names of their own.
            let value = match &target.value.kind {
                ExprKind::Coalesce(values) => values.first().filter(|_| values.len() == 1),
                _ => Some(&target.value),
            };
            let column = match value.map(|value| &value.kind) {
                Some(ExprKind::Column { names, star: false }) => names.last().cloned(),
                _ => None,
            };
            let column = column.unwrap_or_else(|| name.clone());
            Traced { name, origins: Origins::from([Origin { relation: relation.oid, column }]) }
        });
        traced.collect()
    }

    fn function(&mut self, function: &FunctionItem, scope: &mut Scope<'_>) {
        let calls = function.functions.iter().map(|(call, _)| self.expr(call, scope));
        let others: Origins = calls.flatten().collect();
        let called = function.functions.iter().find_map(|(call, _)| match &call.kind {
            ExprKind::Call(call) => Some(call.name.name.as_str()),
            _ => None,
        });
        let item = Item::new(function.alias.as_ref(), called.unwrap_or_default(), Vec::new());
        scope.items.push(Item { others, ..item });
    }

    fn join(&mut self, join: &Join, scope: &mut Scope<'_>) {
        let before = scope.items.len();
        self.item(&join.left, scope);
        self.item(&join.right, scope);
        match &join.condition {
            JoinCondition::None | JoinCondition::Natural => {}
            JoinCondition::On(condition) => self.decide([condition], scope),
            JoinCondition::Using { columns, .. } => {
                let joined = scope.items.iter().skip(before);
                let used = joined.flat_map(|item| columns.iter().map(|column| item.column(column)));
                self.deciding.extend(used.flatten());
            }
        }
        if let Some(alias) = &join.alias {
            let columns = scope.items.iter().skip(before).flat_map(|item| item.columns.clone()).collect();
            scope.items.push(Item::new(Some(alias), "", columns));
        }
    }

    fn decide<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>, scope: &Scope<'_>) {
        for expr in exprs {
            let origins = self.expr(expr, scope);
            self.deciding.extend(origins);
        }
    }

    fn expr(&mut self, expr: &Expr, scope: &Scope<'_>) -> Origins {
        let mut origins = match &expr.kind {
            ExprKind::Column { names, .. } => scope.column(names),
            ExprKind::Sublink(sublink) => match &**sublink {
                Sublink::Exists(inner) => {
                    self.query(inner, scope);
                    Origins::new()
                }
                Sublink::Scalar(inner) | Sublink::Array(inner) | Sublink::Quantified { query: inner, .. } => {
                    all(&self.query(inner, scope))
                }
            },
            _ => Origins::new(),
        };
        for child in expr.children() {
            origins.extend(self.expr(child, scope));
        }
        origins
    }
}

/// Another row, or the other arm, of the same columns.
fn merge(columns: &mut Vec<Traced>, more: Vec<Traced>) {
    for (index, one) in more.into_iter().enumerate() {
        match columns.get_mut(index) {
            Some(column) => column.origins.extend(one.origins),
            None => columns.push(one),
        }
    }
}
