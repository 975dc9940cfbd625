//! References: columns, whole rows, fields of composites and elements of arrays.

use super::super::catalogue::{TypeRef, oid};
use super::super::ir::{Alias, Body, Expr, ExprKind, FromItem, Pos, Query, Select, Step, Sublink, Target};
use super::super::refusal::{Checked, Denial};
use super::conversion::Operand;
use super::scope::{Found, Item, ItemColumn, Level, Term, WholeRow};
use super::{Analysis, Label};

impl Analysis<'_> {
    pub(super) fn column(
        &mut self,
        names: &[String],
        star: bool,
        pos: Pos,
        level: &Level<'_>,
    ) -> Checked<Term> {
        if star {
            // A star inside an expression is the whole row.
            let (schema, name) = self.relation_names(names, pos)?;
            let found = level.item(schema, name, pos)?;
            return match found {
                Some(Found::Item { level: owner, item }) => self.whole_row(&item, owner, pos, level),
                _ => Err(no_table(name, pos)),
            };
        }
        let (column, qualifier) = names.split_last().ok_or_else(|| Denial::odd_tree("column", pos))?;
        if qualifier.is_empty() {
            return self.unqualified(column, pos, level);
        }
        let (schema, name) = self.relation_names(qualifier, pos)?;
        match level.item(schema, name, pos)? {
            Some(Found::Item { level: owner, item }) => {
                let mut found =
                    item.columns.iter().chain(&item.system_columns).filter(|one| one.name == *column);
                let Some(one) = found.next() else {
                    return Err(Denial::new("42703", format!("column {name}.{column} does not exist"), pos));
                };
                if found.next().is_some() {
                    let message = format!("column reference \"{column}\" is ambiguous");
                    return Err(Denial::new("42702", message, pos));
                }
                Ok(self.read(owner, &one.term, pos))
            }
            _ => Err(no_table(name, pos)),
        }
    }

    fn unqualified(&mut self, name: &str, pos: Pos, level: &Level<'_>) -> Checked<Term> {
        if let Some(Found::Column { level: owner, term }) = level.column(name, pos)? {
            return Ok(self.read(owner, &term, pos));
        }
        if let Some(Found::Item { level: owner, item }) = level.item(None, name, pos)? {
            return self.whole_row(&item, owner, pos, level);
        }
        Err(Denial::new("42703", format!("column \"{name}\" does not exist"), pos))
    }

    /// A row as a value. Identifiers in it would leave their label behind, so they are NULL there.
    fn whole_row(&mut self, item: &Item, owner: &Level<'_>, pos: Pos, level: &Level<'_>) -> Checked<Term> {
        owner.reads.update(|reads| reads + 1);
        owner.used.borrow_mut().extend(item.columns.iter().map(|column| column.term.clone()));
        let itself = || Expr { kind: ExprKind::Column { names: vec![item.alias.clone()], star: false }, pos };
        match item.whole_row {
            WholeRow::Column => match item.columns.first() {
                Some(column) => Ok(self.read(owner, &column.term, pos)),
                None => Err(Denial::unsupported("a row without columns", pos)),
            },
            // The name of a row gives way to the name of a column.
            WholeRow::Plain { .. } | WholeRow::Built if level.column(&item.alias, pos)?.is_some() => {
                Err(Denial::unsupported("a row whose table is named like a column", pos)
                    .hint("give the table an alias of its own"))
            }
            WholeRow::Plain { ty } => {
                let ty = TypeRef::plain(ty.unwrap_or(oid::RECORD));
                self.note_row(&itself(), item.columns.iter().map(|column| &column.term));
                Ok(Term::public(itself(), Some(ty)))
            }
            WholeRow::Built => {
                let row = self.built_row(item);
                let absent = Expr::made(ExprKind::DistinctFrom {
                    negated: true,
                    left: Box::new(itself()),
                    right: Box::new(Expr::null()),
                });
                let kind = ExprKind::Case {
                    operand: None,
                    whens: vec![(absent, Expr::null())],
                    otherwise: Some(Box::new(row)),
                };
                let row = Expr { kind, pos };
                self.note_row(&row, item.columns.iter().map(|column| &column.term));
                Ok(Term::public(row, Some(TypeRef::plain(oid::RECORD))))
            }
        }
    }

    /// `(SELECT w FROM (SELECT l.id AS id, NULL AS user_id) AS w)`: a row with the names of its columns.
    fn built_row(&mut self, item: &Item) -> Expr {
        let target = |column: &ItemColumn| {
            let value = match (&column.term.label, column.term.ty) {
                (Label::Public, _) => column.term.expr.clone(),
                (_, Some(ty)) => Expr::null().cast(self.type_name(ty)),
                (_, None) => Expr::null(),
            };
            Target { value, name: Some(column.name.clone()) }
        };
        let fields = Select { targets: item.columns.iter().map(target).collect(), ..Select::default() };
        let alias = self.made_name();
        let whole = Expr::made(ExprKind::Column { names: vec![alias.clone()], star: false });
        let row = Select {
            targets: vec![Target { value: whole, name: None }],
            from: vec![FromItem::Subquery {
                lateral: false,
                query: Box::new(Query::of(Body::Select(Box::new(fields)))),
                alias: Some(Alias { name: alias, columns: Vec::new() }),
            }],
            ..Select::default()
        };
        let query = Query::of(Body::Select(Box::new(row)));
        Expr::made(ExprKind::Sublink(Box::new(Sublink::Scalar(query))))
    }

    /// Steps into an array or a composite. A row of `FROM` is not built to take one column out of it.
    pub(super) fn path(&mut self, base: &Expr, steps: &[Step], pos: Pos, level: &Level<'_>) -> Checked<Term> {
        if let Some((column, rest)) = self.column_of_row(base, steps, level)? {
            let term = column;
            return if rest.is_empty() { Ok(term) } else { self.steps(term, rest, pos, level) };
        }
        let base = self.expr(base, level)?;
        self.steps(base, steps, pos, level)
    }

    /// `(l).ip`, where `l` is an item of `FROM`.
    fn column_of_row<'s>(
        &mut self,
        base: &Expr,
        steps: &'s [Step],
        level: &Level<'_>,
    ) -> Checked<Option<(Term, &'s [Step])>> {
        let (ExprKind::Column { names, star: false }, [Step::Field(field), rest @ ..]) = (&base.kind, steps)
        else {
            return Ok(None);
        };
        let [name] = names.as_slice() else { return Ok(None) };
        if level.column(name, base.pos)?.is_some() {
            return Ok(None);
        }
        let Some(Found::Item { level: owner, item }) = level.item(None, name, base.pos)? else {
            return Ok(None);
        };
        let Some(column) = item.column(field) else {
            return Err(Denial::new("42703", format!("column {name}.{field} does not exist"), base.pos));
        };
        Ok(Some((self.read(owner, &column.term, base.pos), rest)))
    }

    /// A column that is read: its level remembers.
    fn read(&self, owner: &Level<'_>, term: &Term, pos: Pos) -> Term {
        self.note_read(term);
        owner.reads.update(|reads| reads + 1);
        let mut used = owner.used.borrow_mut();
        if !used.iter().any(|known| known.expr == term.expr) {
            used.push(term.clone());
        }
        Term { expr: Expr { kind: term.expr.kind.clone(), pos }, ..term.clone() }
    }

    /// The field of a row.
    pub(super) fn field_of(&mut self, name: &str, row: Term, pos: Pos, level: &Level<'_>) -> Checked<Term> {
        self.steps(row, &[Step::Field(name.to_owned())], pos, level)
    }

    fn steps(&mut self, base: Term, steps: &[Step], pos: Pos, level: &Level<'_>) -> Checked<Term> {
        let mut label = base.label.clone();
        let mut ty = base.ty;
        let mut rewritten = Vec::with_capacity(steps.len());
        for step in steps {
            if let Step::Field(name) = step {
                self.require_attribute(&base.expr, &rewritten, ty, name, pos)?;
            }
            let (step, next_label, next_ty) = self.step(step, label, ty, pos, level)?;
            rewritten.push(step);
            label = next_label;
            ty = next_ty;
        }
        let kind = ExprKind::Path { base: Box::new(base.expr), steps: rewritten };
        Ok(Term { expr: Expr { kind, pos }, label, ty })
    }

    /// What is no attribute would be a function to the server: `(x).f` is `f(x)`.
    fn require_attribute(
        &self,
        base: &Expr,
        before: &[Step],
        ty: Option<TypeRef>,
        name: &str,
        pos: Pos,
    ) -> Checked<()> {
        let of_type = ty.is_some_and(|ty| self.attribute_type(ty.oid, name).is_some());
        let of_call = || {
            let known = self.outputs.iter().rev().find(|(expr, _)| expr == base);
            known.is_some_and(|(_, columns)| columns.iter().any(|(column, _)| column == name))
        };
        let of_row = || {
            let ExprKind::Row { values, .. } = &base.kind else { return false };
            (1..=values.len()).any(|number| name == format!("f{number}"))
        };
        // Where nothing that could be called has the name, the server knows an attribute or fails.
        let of_nothing_else =
            || self.catalogue().functions(name).is_empty() && !self.catalogue().has_type_named(name);
        if of_type || (before.is_empty() && (of_call() || of_row())) || of_nothing_else() {
            return Ok(());
        }
        Err(Denial::new(
            "42703",
            format!("there is no column \"{name}\" in this value, as far as is known"),
            pos,
        )
        .hint("cast it to its type first; a function is called as f(x)"))
    }

    fn step(
        &mut self,
        step: &Step,
        label: Label,
        ty: Option<TypeRef>,
        pos: Pos,
        level: &Level<'_>,
    ) -> Checked<(Step, Label, Option<TypeRef>)> {
        match step {
            Step::Star => Err(Denial::unsupported("a star here", pos)),
            Step::Field(name) => {
                label.require_public("taking a field", pos)?;
                let ty = ty.and_then(|ty| self.attribute_type(ty.oid, name));
                // Attributes have collations.
                self.collations_vary.set(true);
                Ok((Step::Field(name.clone()), label, ty))
            }
            Step::Index(index) => {
                let index = self.subscript(index, level)?;
                let label = match label {
                    Label::Identifiers(identity) => Label::Identifier(identity),
                    other => {
                        other.require_public("a subscript", pos)?;
                        other
                    }
                };
                Ok((Step::Index(index), label, ty.and_then(|ty| self.subscript_type(ty))))
            }
            Step::Slice(low, high) => {
                let mut bound = |bound: &Option<Expr>| {
                    bound.as_ref().map(|bound| self.subscript(bound, level)).transpose()
                };
                let (low, high) = (bound(low)?, bound(high)?);
                if !ty.is_some_and(|ty| self.has_slices(ty)) {
                    self.raises();
                }
                Ok((Step::Slice(low, high), label, ty))
            }
        }
    }

    /// True for arrays. Points and names have places too, and no slices, which the server says for each.
    fn has_slices(&self, ty: TypeRef) -> bool {
        const ARRAY: u8 = b'A';
        let base = self.catalogue().base_type(ty).oid;
        self.catalogue().type_by_oid(base).is_some_and(|ty| ty.category == ARRAY)
    }

    /// A subscript, which is converted as in an assignment: not all numbers are places.
    fn subscript(&mut self, subscript: &Expr, level: &Level<'_>) -> Checked<Expr> {
        let term = self.public(subscript, level, "a subscript")?;
        if !matches!(Operand::of(&term).ty, Some(oid::INT2 | oid::INT4 | oid::UNKNOWN)) {
            self.raises();
        }
        Ok(term.expr)
    }

    /// The columns of `(expression).*`.
    pub(super) fn field_star(
        &mut self,
        base: &Expr,
        steps: &[Step],
        whole: &Expr,
        level: &Level<'_>,
    ) -> Checked<Vec<(String, Term)>> {
        let before = steps.split_last().map_or(&[][..], |(_, before)| before);
        if let (true, ExprKind::Column { names, star: false }) = (before.is_empty(), &base.kind) {
            let is_item = names.len() == 1
                && names.first().is_some_and(|name| matches!(level.column(name, base.pos), Ok(None)));
            if is_item {
                return self.star(names, base, level);
            }
        }
        let term = if before.is_empty() {
            self.expr(base, level)?
        } else {
            self.path(base, before, whole.pos, level)?
        };
        term.label.require_public("expanding a row", whole.pos)?;
        let composite = term.oid().and_then(|ty| self.catalogue().composite(ty));
        let outputs = self.output_columns_of(&term);
        let fields: Vec<(String, TypeRef)> = match (composite, outputs) {
            (Some(relation), _) => {
                relation.columns.iter().map(|column| (column.name.clone(), column.ty)).collect()
            }
            (None, Some(columns)) => columns,
            (None, None) => {
                return Err(Denial::unsupported("expanding a row whose columns are not known", whole.pos));
            }
        };
        let field = |(name, ty): (String, TypeRef)| {
            let kind =
                ExprKind::Path { base: Box::new(term.expr.clone()), steps: vec![Step::Field(name.clone())] };
            (name, Term::public(Expr { kind, pos: whole.pos }, Some(ty)))
        };
        Ok(fields.into_iter().map(field).collect())
    }
}

fn no_table(name: &str, pos: Pos) -> Denial {
    Denial::new("42P01", format!("missing FROM-clause entry for table \"{name}\""), pos)
}
