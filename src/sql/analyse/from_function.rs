//! Functions in `FROM`.

use std::rc::Rc;

use super::super::catalogue::{TypeRef, oid};
use super::super::ir::{
    Alias, Call, ColumnDefinition, Expr, ExprKind, FromItem, FunctionItem, Pos, Qualified,
};
use super::super::refusal::{Checked, Denial};
use super::from::{FromPart, column_alias};
use super::name::column_name;
use super::scope::{Level, OutputColumn, RowOrder, Term, WholeRow};
use super::{Analysis, Label};

/// The columns of one function, and whether it gives a plain value.
struct FunctionColumns {
    columns: Vec<OutputColumn>,
    scalar: bool,
}

impl Analysis<'_> {
    pub(super) fn function_item(&mut self, item: &FunctionItem, level: &Level<'_>) -> Checked<FromPart> {
        let mut columns = Vec::new();
        let mut functions = Vec::with_capacity(item.functions.len());
        let mut scalar = item.functions.len() == 1 && !item.ordinality;
        let opened = opened_unnest(item);
        let item = opened.as_ref().unwrap_or(item);
        for (call, definitions) in &item.functions {
            let definitions = if definitions.is_empty() { &item.definitions } else { definitions };
            let term = self.expr(call, level)?;
            let found = self.columns_of_function(call, &term, definitions, item)?;
            scalar = scalar && found.scalar;
            columns.extend(found.columns);
            functions.push((term.expr, self.definitions(definitions)?));
        }
        if item.ordinality {
            let ty = Some(TypeRef::plain(oid::INT8));
            columns.push(OutputColumn { name: "ordinality".to_owned(), label: Label::Public, ty });
        }
        // How many columns a function has is known here as far as its type is: one more of them, and every name
        // behind it would mean the column before.
        if let (Some(raw), true) =
            (columns.iter().find_map(|it| it.label.identity()), item.functions.len() > 1)
        {
            return Err(raw
                .misused("ROWS FROM several functions", item.pos)
                .hint("unnest it alone, WITH ORDINALITY if its place matters"));
        }
        let name = match item.functions.first() {
            Some((call, _)) => column_name(call),
            None => return Err(Denial::odd_tree("function in FROM", item.pos)),
        };
        let mut names = self.item_of(&name, item.alias.as_ref(), &columns, item.pos, level)?;
        if scalar {
            names.whole_row = WholeRow::Column;
        }
        // Definitions stand behind the single function's alias, or behind each function of ROWS FROM.
        let behind = !item.definitions.is_empty();
        let alias = if behind {
            Alias { name: names.alias.clone(), columns: Vec::new() }
        } else {
            column_alias(&names)
        };
        let definitions = self.definitions(&item.definitions)?;
        let functions = if behind {
            functions.into_iter().map(|(call, _)| (call, Vec::new())).collect()
        } else {
            functions
        };
        // Places are numbers, and a series has no two values that are the same.
        let is_series = matches!(item.functions.as_slice(), [(one, _)] if is_series(one));
        let is_numbered = item.ordinality || is_series;
        let rewritten = FunctionItem { functions, alias: Some(alias), definitions, ..item.clone() };
        Ok(FromPart {
            item: FromItem::Function(rewritten),
            names: vec![Rc::new(names.keyed(None, !is_numbered))],
            order: RowOrder::Public,
        })
    }

    fn definitions(&self, definitions: &[ColumnDefinition]) -> Checked<Vec<ColumnDefinition>> {
        let one = |definition: &ColumnDefinition| {
            let (ty, _) = self.resolve_type(&definition.ty)?;
            let collation = match &definition.collation {
                None => None,
                Some(name) => {
                    let known = self.catalogue().collation_named(name, &self.path);
                    let unknown = || Denial::new("42704", "this collation does not exist", definition.ty.pos);
                    let known = known.ok_or_else(unknown)?;
                    self.collations_vary.set(true);
                    Some(Qualified::within(&known.schema, &known.name))
                }
            };
            Ok(ColumnDefinition { name: definition.name.clone(), ty, collation })
        };
        definitions.iter().map(one).collect()
    }

    fn columns_of_function(
        &mut self,
        call: &Expr,
        term: &Term,
        definitions: &[ColumnDefinition],
        item: &FunctionItem,
    ) -> Checked<FunctionColumns> {
        if !definitions.is_empty() {
            term.label.require_public("a function with column definitions", call.pos)?;
            let column = |definition: &ColumnDefinition| {
                let (_, ty) = self.resolve_type(&definition.ty)?;
                Ok(OutputColumn { name: definition.name.clone(), label: Label::Public, ty: Some(ty) })
            };
            let columns = definitions.iter().map(column).collect::<Checked<_>>()?;
            return Ok(FunctionColumns { columns, scalar: false });
        }
        if let Some(columns) = self.output_columns_of(term) {
            let scalar = columns.len() == 1 && self.gives_scalar(term);
            let columns = columns
                .into_iter()
                .map(|(name, ty)| OutputColumn { name, label: term.label.clone(), ty: Some(ty) })
                .collect();
            return Ok(FunctionColumns { columns, scalar });
        }
        if matches!(term.oid(), Some(oid::RECORD)) {
            let message = "a column definition list is required for functions returning \"record\"";
            return Err(Denial::new("42601", message, call.pos));
        }
        if term.ty.is_none() && self.may_be_composite(call) {
            return Err(unknown_columns(call.pos));
        }
        let alias = item.alias.as_ref().filter(|_| item.functions.len() == 1);
        let name = alias.map_or_else(|| column_name(call), |alias| alias.name.clone());
        let column = OutputColumn { name, label: term.label.clone(), ty: term.ty };
        Ok(FunctionColumns { columns: vec![column], scalar: true })
    }

    /// The named output columns of a function, or the attributes of the composite type that it gives.
    pub(super) fn output_columns_of(&self, term: &Term) -> Option<Vec<(String, TypeRef)>> {
        if let Some(relation) = term.oid().and_then(|ty| self.catalogue().composite(ty)) {
            let columns = relation.columns.iter();
            // Attributes have collations.
            self.collations_vary.set(true);
            return Some(
                columns.map(|column| (column.name.clone(), self.catalogue().base_type(column.ty))).collect(),
            );
        }
        let known = self.outputs.iter().rev().find(|(expr, _)| *expr == term.expr);
        known.map(|(_, columns)| columns.clone())
    }

    fn gives_scalar(&self, term: &Term) -> bool {
        term.oid().is_some_and(|ty| ty != oid::RECORD && self.catalogue().composite(ty).is_none())
    }

    /// True if only the types of its arguments would tell what a function gives.
    fn may_be_composite(&self, call: &Expr) -> bool {
        let ExprKind::Call(inner) = &call.kind else { return false };
        let resolved = self.resolve_function(inner, &vec![None; inner.arguments.len()], Pos::NONE);
        let function = resolved.ok().flatten().and_then(|resolved| resolved.function);
        function.is_none_or(|function| {
            matches!(function.result, oid::ANYELEMENT | oid::ANYCOMPATIBLE | oid::ANYNONARRAY | oid::RECORD)
        })
    }
}

/// `unnest(a, b)` is short for `ROWS FROM (unnest(a), unnest(b))`, as the server reads it too.
fn opened_unnest(item: &FunctionItem) -> Option<FunctionItem> {
    let short = |(call, definitions): &(Expr, Vec<ColumnDefinition>)| match &call.kind {
        ExprKind::Call(call) => {
            let named = call.name.schema.is_none() && call.name.name == "unnest";
            named && call.arguments.len() > 1 && call.is_plain() && definitions.is_empty()
        }
        _ => false,
    };
    if !item.definitions.is_empty() || !item.functions.iter().any(short) {
        return None;
    }
    let mut functions = Vec::with_capacity(item.functions.len() + 1);
    for function in &item.functions {
        let (ExprKind::Call(call), true) = (&function.0.kind, short(function)) else {
            functions.push(function.clone());
            continue;
        };
        functions.extend(call.arguments.iter().map(|argument| {
            let one = Call::plain(Qualified::builtin("unnest"), vec![argument.value.clone()]);
            (Expr { kind: ExprKind::Call(Box::new(one)), pos: function.0.pos }, Vec::new())
        }));
    }
    Some(FunctionItem { rows_from: true, functions, ..item.clone() })
}

fn unknown_columns(pos: Pos) -> Denial {
    Denial::unsupported("a function in FROM whose columns are not known", pos)
        .hint("say them: FROM f(...) AS t (a integer, b text), or cast its arguments")
}

/// True for a call of `generate_series`.
fn is_series(call: &Expr) -> bool {
    matches!(&call.kind, ExprKind::Call(call) if call.name.name == "generate_series")
}
