//! Queries.

use super::super::ir::{
    Body, Cte, Direction, Distinct, GroupItem, NamedWindow, Nulls, OrderItem, Query, Select, SetOperation,
    SetOperator, Target, With,
};
use super::Writer;

impl Writer {
    /// `(query)`.
    pub(super) fn subquery(&mut self, query: &Query) {
        self.text.push('(');
        self.query(query);
        self.text.push(')');
    }

    pub(super) fn query(&mut self, query: &Query) {
        if let Some(with) = &query.with {
            self.with(with);
        }
        match &query.body {
            Body::Select(select) => self.select(select),
            Body::Values(rows) => {
                self.word("VALUES ");
                self.list(rows, |writer, row| writer.parenthesised(row));
            }
            Body::Set(operation) => self.set_operation(operation),
        }
        self.order_by(&query.order_by);
        if let Some(offset) = &query.offset {
            self.word(" OFFSET ");
            self.expr(offset);
        }
        if let Some(limit) = &query.limit {
            if limit.with_ties {
                self.word(" FETCH FIRST (");
                self.expr(&limit.count);
                self.word(") ROWS WITH TIES");
            } else {
                self.word(" LIMIT ");
                self.expr(&limit.count);
            }
        }
    }

    fn set_operation(&mut self, operation: &SetOperation) {
        self.subquery(&operation.left);
        self.word(match operation.operator {
            SetOperator::Union => " UNION ",
            SetOperator::Intersect => " INTERSECT ",
            SetOperator::Except => " EXCEPT ",
        });
        self.word(if operation.all { "ALL " } else { "" });
        self.subquery(&operation.right);
    }

    fn select(&mut self, select: &Select) {
        self.word("SELECT");
        match &select.distinct {
            Distinct::No => {}
            Distinct::Rows => self.word(" DISTINCT"),
            Distinct::On(keys) => {
                self.word(" DISTINCT ON ");
                self.parenthesised(keys);
            }
        }
        if !select.targets.is_empty() {
            self.text.push(' ');
            self.list(&select.targets, Self::target);
        }
        if !select.from.is_empty() {
            self.word(" FROM ");
            self.list(&select.from, Self::item);
        }
        if let Some(filter) = &select.filter {
            self.word(" WHERE ");
            self.expr(filter);
        }
        if !select.group_by.items.is_empty() {
            self.word(if select.group_by.distinct { " GROUP BY DISTINCT " } else { " GROUP BY " });
            self.list(&select.group_by.items, Self::group_item);
        }
        if let Some(having) = &select.having {
            self.word(" HAVING ");
            self.expr(having);
        }
        if !select.windows.is_empty() {
            self.word(" WINDOW ");
            self.list(&select.windows, Self::named_window);
        }
    }

    pub(super) fn target(&mut self, target: &Target) {
        self.expr(&target.value);
        if let Some(name) = &target.name {
            self.word(" AS ");
            self.identifier(name);
        }
    }

    fn group_item(&mut self, item: &GroupItem) {
        match item {
            GroupItem::Expr(expr) => self.expr(expr),
            GroupItem::Empty => self.word("()"),
            GroupItem::Rollup(values) => {
                self.word("ROLLUP ");
                self.parenthesised(values);
            }
            GroupItem::Cube(values) => {
                self.word("CUBE ");
                self.parenthesised(values);
            }
            GroupItem::Sets(sets) => {
                self.word("GROUPING SETS (");
                self.list(sets, Self::group_item);
                self.text.push(')');
            }
        }
    }

    fn named_window(&mut self, window: &NamedWindow) {
        self.identifier(&window.name);
        self.word(" AS ");
        self.window_spec(&window.spec);
    }

    /// ` ORDER BY ...`, or nothing.
    pub(super) fn order_by(&mut self, items: &[OrderItem]) {
        if items.is_empty() {
            return;
        }
        self.word(" ORDER BY ");
        self.list(items, |writer, item| {
            writer.expr(&item.value);
            match &item.direction {
                Direction::Default => {}
                Direction::Ascending => writer.word(" ASC"),
                Direction::Descending => writer.word(" DESC"),
                Direction::Using(op) => {
                    writer.word(" USING ");
                    writer.operator(op);
                }
            }
            writer.word(match item.nulls {
                Nulls::Default => "",
                Nulls::First => " NULLS FIRST",
                Nulls::Last => " NULLS LAST",
            });
        });
    }

    pub(super) fn with(&mut self, with: &With) {
        self.word(if with.recursive { "WITH RECURSIVE " } else { "WITH " });
        self.list(&with.ctes, Self::cte);
        self.text.push(' ');
    }

    fn cte(&mut self, cte: &Cte) {
        self.identifier(&cte.name);
        self.names(&cte.columns);
        self.word(match cte.materialized {
            None => " AS ",
            Some(true) => " AS MATERIALIZED ",
            Some(false) => " AS NOT MATERIALIZED ",
        });
        self.subquery(&cte.query);
        if let Some(search) = &cte.search {
            self.word(if search.breadth_first {
                " SEARCH BREADTH FIRST BY "
            } else {
                " SEARCH DEPTH FIRST BY "
            });
            self.list(&search.columns, |writer, name| writer.identifier(name));
            self.word(" SET ");
            self.identifier(&search.sequence);
        }
        if let Some(cycle) = &cte.cycle {
            self.word(" CYCLE ");
            self.list(&cycle.columns, |writer, name| writer.identifier(name));
            self.word(" SET ");
            self.identifier(&cycle.mark);
            self.word(" TO ");
            self.expr(&cycle.value);
            self.word(" DEFAULT ");
            self.expr(&cycle.default);
            self.word(" USING ");
            self.identifier(&cycle.path);
        }
    }

    /// ` ("a", "b")`, or nothing.
    pub(super) fn names(&mut self, names: &[String]) {
        if !names.is_empty() {
            self.word(" (");
            self.list(names, |writer, name| writer.identifier(name));
            self.text.push(')');
        }
    }
}
