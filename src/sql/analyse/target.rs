//! The select list: stars are expanded, every column has a name.

use super::super::ir::{Expr, ExprKind, Step, Target};
use super::super::refusal::{Checked, Denial};
use super::Analysis;
use super::name::column_name;
use super::scope::{Found, Item, Level, OutputColumn, Term};

/// A rewritten select list.
pub(super) struct SelectList {
    pub(super) targets: Vec<Target>,
    pub(super) terms: Vec<Term>,
    pub(super) columns: Vec<OutputColumn>,
}

impl SelectList {
    fn push(&mut self, term: Term, name: String) {
        self.targets.push(Target { value: term.expr.clone(), name: Some(name.clone()) });
        self.columns.push(OutputColumn { name, label: term.label.clone(), ty: term.ty });
        self.terms.push(term);
    }
}

impl SelectList {
    /// Puts another expression of the same value in place of one.
    pub(super) fn set(&mut self, place: usize, value: Expr) {
        if let (Some(target), Some(term)) = (self.targets.get_mut(place), self.terms.get_mut(place)) {
            target.value = value.clone();
            term.expr = value;
        }
    }

    /// Changes the expressions.
    pub(super) fn change(&mut self, change: impl Fn(&mut Expr)) {
        for (target, term) in self.targets.iter_mut().zip(&mut self.terms) {
            change(&mut term.expr);
            target.value = term.expr.clone();
        }
    }
}

/// The name of a target's column; `None` for a star.
pub(super) fn name_of(target: &Target) -> Option<String> {
    match (&target.name, &target.value.kind) {
        (Some(name), _) => Some(name.clone()),
        (None, ExprKind::Column { star: true, .. }) => None,
        (None, _) => Some(column_name(&target.value)),
    }
}

impl Analysis<'_> {
    pub(super) fn select_list(&mut self, targets: &[Target], level: &Level<'_>) -> Checked<SelectList> {
        let mut list = SelectList { targets: Vec::new(), terms: Vec::new(), columns: Vec::new() };
        for target in targets {
            match &target.value.kind {
                ExprKind::Column { names, star: true } => {
                    for (name, term) in self.star(names, &target.value, level)? {
                        list.push(term, name);
                    }
                }
                ExprKind::Path { base, steps } if steps.last() == Some(&Step::Star) => {
                    for (name, term) in self.field_star(base, steps, &target.value, level)? {
                        list.push(term, name);
                    }
                }
                _ => {
                    let term = self.expr(&target.value, level)?;
                    // A subquery's column has a name in our printing, even where it stood for a star.
                    let name = match (&target.name, &term.expr.kind) {
                        (None, ExprKind::Sublink(_)) => column_name(&term.expr),
                        _ => name_of(target).unwrap_or_default(),
                    };
                    list.push(term, name);
                }
            }
        }
        Ok(list)
    }

    /// The columns of `*`, `t.*` or `s.t.*`.
    pub(super) fn star(
        &mut self,
        names: &[String],
        expr: &Expr,
        level: &Level<'_>,
    ) -> Checked<Vec<(String, Term)>> {
        let pos = expr.pos;
        let columns = |level: &Level<'_>, item: &Item| {
            let columns: Vec<_> =
                item.columns.iter().map(|column| (column.name.clone(), column.term.clone())).collect();
            columns.iter().for_each(|(_, term)| self.note_read(term));
            level.used.borrow_mut().extend(columns.iter().map(|(_, term)| term.clone()));
            columns
        };
        if names.is_empty() {
            if level.items.is_empty() {
                return Err(Denial::new("42601", "SELECT * with no tables specified is not valid", pos));
            }
            let visible = level.items.iter().filter(|item| item.columns_visible);
            return Ok(visible.flat_map(|item| columns(level, item)).collect());
        }
        let (schema, name) = self.relation_names(names, pos)?;
        match level.item(schema, name, pos)? {
            Some(Found::Item { level, item }) => Ok(columns(level, &item)),
            _ => Err(Denial::new("42P01", format!("missing FROM-clause entry for table \"{name}\""), pos)),
        }
    }

    /// The database, if it is named, must be ours: `(schema, table)` of what is left.
    pub(super) fn relation_names<'n>(
        &self,
        names: &'n [String],
        pos: super::ir::Pos,
    ) -> Checked<(Option<&'n str>, &'n str)> {
        match names {
            [name] => Ok((None, name)),
            [schema, name] => Ok((Some(schema), name)),
            [database, schema, name] if *database == self.catalogue().database() => Ok((Some(schema), name)),
            _ => Err(Denial::unsupported("a name of another database", pos)),
        }
    }

    /// How many columns each target gives: the target for itself, `None` for each column of a star.
    pub(super) fn expanded_targets<'t>(
        &mut self,
        targets: &'t [Target],
        level: &Level<'_>,
    ) -> Checked<Vec<Option<&'t Target>>> {
        let mut columns = Vec::new();
        for target in targets {
            match &target.value.kind {
                ExprKind::Column { names, star: true } => {
                    let width = self.star(names, &target.value, level)?.len();
                    columns.extend(std::iter::repeat_n(None, width));
                }
                ExprKind::Path { base, steps } if steps.last() == Some(&Step::Star) => {
                    let width = self.field_star(base, steps, &target.value, level)?.len();
                    columns.extend(std::iter::repeat_n(None, width));
                }
                _ => columns.push(Some(target)),
            }
        }
        Ok(columns)
    }
}
