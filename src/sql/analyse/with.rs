//! `WITH`, recursive or not.

use std::rc::Rc;

use super::super::catalogue::TypeRef;
use super::super::ir::{
    Body, Cte, Cycle, FromItem, Pos, Query, Search, SetOperation, SetOperator, TableItem, With, walk,
};
use super::super::refusal::{Checked, Denial};
use super::scope::{CteEntry, Level, OutputColumn, RowOrder};
use super::{Analysed, Analysis, Label};

/// How often a recursive query is read until its labels stop changing.
const MAX_ROUNDS: usize = 4;
/// Each level reads what is inside it several times.
const MAX_RECURSION_DEPTH: usize = 6;

impl Analysis<'_> {
    /// Analyses a `WITH` and makes its entries known at `level`.
    pub(super) fn with(&mut self, with: &With, level: &mut Level<'_>) -> Checked<With> {
        if with.recursive {
            level.later_ctes = with.ctes.iter().map(|cte| cte.name.clone()).collect();
        }
        let mut ctes = Vec::with_capacity(with.ctes.len());
        for cte in &with.ctes {
            if with.ctes.iter().filter(|other| other.name == cte.name).count() > 1 {
                let message = format!("WITH query name \"{}\" specified more than once", cte.name);
                return Err(Denial::new("42712", message, cte.pos));
            }
            ctes.push(self.cte(cte, with.recursive, level)?);
            level.later_ctes.retain(|later| *later != cte.name);
        }
        Ok(With { recursive: with.recursive, ctes })
    }

    fn cte(&mut self, cte: &Cte, recursive: bool, level: &mut Level<'_>) -> Checked<Cte> {
        let reads_before = self.protected_reads;
        let analysed = match &cte.query.body {
            Body::Set(operation) if recursive && operation.operator == SetOperator::Union => {
                self.recursive(cte, level)?
            }
            _ => self.query_with_key(&cte.query, level)?,
        };
        let protected = self.protected_reads > reads_before;
        let mut columns = CteEntry::renamed(analysed.columns, &cte.columns, cte.pos)?;
        let own_columns = columns.len();
        if let Some(search) = &cte.search {
            search_columns(search, &mut columns, cte.pos)?;
        }
        let mut rewritten_cycle = None;
        if let Some(cycle) = &cte.cycle {
            rewritten_cycle = Some(self.cycle(cycle, &mut columns, level, cte.pos)?);
        }
        level.ctes.push(Rc::new(CteEntry {
            name: cte.name.clone(),
            made_columns: columns.len() - own_columns,
            columns,
            order: analysed.order,
            row_key: analysed.row_key,
            repeats: analysed.repeats,
            protected,
        }));
        Ok(Cte { query: analysed.query, cycle: rewritten_cycle, ..cte.clone() })
    }

    /// A query that may read itself: the labels of its first arm are tried, then what comes of them.
    fn recursive(&mut self, cte: &Cte, level: &Level<'_>) -> Checked<Analysed> {
        let Body::Set(operation) = &cte.query.body else {
            return self.query(&cte.query, level, false);
        };
        if self.recursion_depth >= MAX_RECURSION_DEPTH {
            return Err(Denial::new("54001", "recursive queries are nested too deeply", cte.pos));
        }
        self.recursion_depth += 1;
        let settled = self.settled(cte, operation, level);
        self.recursion_depth -= 1;
        settled
    }

    fn settled(&mut self, cte: &Cte, operation: &SetOperation, level: &Level<'_>) -> Checked<Analysed> {
        let reads_before = self.protected_reads;
        let parameters_before = self.parameters.len();
        let mut around = Level::inside(level);
        if let Some(with) = &cte.query.with {
            self.with(with, &mut around)?;
        }
        let first = self.query(&operation.left, &around, false)?;
        let mut columns = CteEntry::renamed(first.columns, &cte.columns, cte.pos)?;
        let steps_before = self.growth_steps();
        for _ in 0..MAX_ROUNDS {
            self.parameters.truncate(parameters_before);
            let entry = CteEntry {
                name: cte.name.clone(),
                columns: columns.clone(),
                made_columns: 0,
                order: RowOrder::Open,
                row_key: None,
                repeats: true,
                protected: self.protected_reads > reads_before,
            };
            let inner = Level { ctes: vec![Rc::new(entry)], ..Level::inside(level) };
            let analysed = self.query(&cte.query, &inner, false)?;
            self.grows_again(steps_before);
            // Their paths have one row more each time.
            if cte.search.is_some() || cte.cycle.is_some() {
                self.overgrows();
            }
            if !matches!(analysed.query.body, Body::Set(_)) && reads(&analysed.query, &cte.name) {
                let message = "UNION in a recursive query, of values that may be equal and look different,";
                return Err(Denial::unsupported(message, cte.pos).hint("say UNION ALL, or cast them to text"));
            }
            let again = CteEntry::renamed(analysed.columns.clone(), &cte.columns, cte.pos)?;
            let settled = columns.len() == again.len()
                && columns.iter().zip(&again).all(|(one, two)| one.label.same(&two.label));
            if settled {
                return Ok(analysed);
            }
            columns = again;
        }
        Err(Denial::unsupported("this recursion", cte.pos))
    }

    fn cycle(
        &mut self,
        cycle: &Cycle,
        columns: &mut Vec<OutputColumn>,
        level: &Level<'_>,
        pos: Pos,
    ) -> Checked<Cycle> {
        require_public(&cycle.columns, columns, "CYCLE", pos)?;
        let value = self.public(&cycle.value, level, "CYCLE")?;
        let default = self.public(&cycle.default, level, "CYCLE")?;
        columns.push(made_column(&cycle.mark, self.common_type([value.ty, default.ty])));
        columns.push(made_column(&cycle.path, None));
        Ok(Cycle { value: value.expr, default: default.expr, ..cycle.clone() })
    }
}

/// True if a query reads another by name.
fn reads(query: &Query, name: &str) -> bool {
    struct Reads<'n>(&'n str, bool);
    impl walk::Visitor for Reads<'_> {
        fn enters(&mut self, item: &mut FromItem) -> bool {
            let names = |table: &TableItem| table.name.schema.is_none() && table.name.name == self.0;
            self.1 |= matches!(item, FromItem::Table(table) if names(table));
            true
        }
    }
    let mut found = Reads(name, false);
    walk::query(&mut query.clone(), &mut found);
    found.1
}

fn search_columns(search: &Search, columns: &mut Vec<OutputColumn>, pos: Pos) -> Checked<()> {
    require_public(&search.columns, columns, "SEARCH", pos)?;
    columns.push(made_column(&search.sequence, None));
    Ok(())
}

fn made_column(name: &str, ty: Option<TypeRef>) -> OutputColumn {
    OutputColumn { name: name.to_owned(), label: Label::Public, ty }
}

/// The paths that the server makes of these columns would hold raw identifiers.
fn require_public(names: &[String], columns: &[OutputColumn], construct: &str, pos: Pos) -> Checked<()> {
    let mut named = columns.iter().filter(|column| names.contains(&column.name));
    named.try_for_each(|column| column.label.require_public(construct, pos))
}
