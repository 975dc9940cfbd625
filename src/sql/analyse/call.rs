//! Function calls: which function is meant, whether it is on the list, and what its arguments may be.

use super::super::allow::{Sensitivity, ShowVerdict, Special};
use super::super::catalogue::{Function, FunctionKind, Oid, TypeRef, oid};
use super::super::ir::{Argument, Call, Expr, ExprKind, Literal, Pos, Qualified, TypeName};
use super::super::refusal::{Checked, Denial};
use super::scope::{Level, Term};
use super::{Analysis, Label, calm, infer, is_temporary};

/// A function that was found.
pub(super) struct Resolved<'c> {
    pub(super) name: Qualified,
    /// The one that the server will take, if types tell.
    pub(super) function: Option<&'c Function>,
    pub(super) kind: FunctionKind,
    pub(super) result: Option<TypeRef>,
    /// The types of its parameters, one for each argument.
    pub(super) parameters: Vec<Oid>,
    /// All of this name and schema that a call of this form may mean, itself among them.
    pub(super) rivals: Vec<&'c Function>,
    /// The types of the arguments told which one it is.
    pub(super) is_certain: bool,
    /// What the order of rows can change in its result; the worst until the lists are asked.
    pub(super) order: Sensitivity,
}

impl<'a> Analysis<'a> {
    pub(super) fn call(&mut self, call: &Call, pos: Pos, level: &Level<'_>) -> Checked<Term> {
        if let Some(term) = self.answered_call(call, pos)? {
            return Ok(term);
        }
        let reads = level.reads();
        let mut terms = call
            .arguments
            .iter()
            .map(|argument| self.expr(&argument.value, level))
            .collect::<Checked<Vec<Term>>>()?;
        let types: Vec<Option<Oid>> = terms.iter().map(Term::oid).collect();
        if let (true, [term]) = (self.is_field(call, &types), terms.as_slice()) {
            return self.field_of(&call.name.name, term.clone(), pos, level);
        }
        let Some(mut resolved) = self.resolve_function(call, &types, pos)? else {
            return self.call_of_type(call, terms, pos);
        };
        let before = self.raised();
        let listed = self.call_rule(&resolved, &mut terms, pos)?;
        self.grows_by(call, resolved.result, &terms);
        resolved.order = listed.order;
        if calm::counts(&call.name.name, call.over.is_some(), &types) {
            self.calm_rows(before);
        }
        match listed.special {
            Special::Nothing => {}
            Special::Withheld => return Ok(self.withheld(&resolved, pos)),
            Special::PerRow => {
                self.varying = self.varying.take().or_else(|| Some((call.name.name.clone(), pos)));
            }
            Special::ReadsAsResult => self.require_readable(&resolved, &terms, pos)?,
            Special::SettingName => return self.shown_setting(call, terms, resolved, pos),
            Special::SettingAndValue => self.require_settable(call, &mut terms, pos)?,
        }
        if call.over.is_some() {
            return self.windowed(call, terms, &resolved, pos, level);
        }
        if resolved.kind == FunctionKind::Aggregate {
            return self.aggregate(call, terms, &resolved, pos, (level, &reads));
        }
        let label = plain_label(call, &terms, pos)?;
        let rewritten = Call {
            name: resolved.name.clone(),
            arguments: arguments(call, terms),
            filter: None,
            order_by: Vec::new(),
            ..call.clone()
        };
        if call.filter.is_some() || !call.order_by.is_empty() || call.distinct || call.star {
            return Err(Denial::new(
                "42809",
                format!("{} is not an aggregate function", call.name.name),
                pos,
            ));
        }
        let expr = Expr { kind: ExprKind::Call(Box::new(rewritten)), pos };
        self.calm(before, &expr);
        if let Some(function) = resolved.function.filter(|function| !function.outputs.is_empty()) {
            let columns = function.outputs.iter().map(|(name, ty)| (name.clone(), TypeRef::plain(*ty)));
            self.outputs.push((expr.clone(), columns.collect()));
        }
        Ok(Term { expr, label, ty: resolved.result })
    }

    /// Finds the functions of this name and picks one. `None` if there are none at all.
    pub(super) fn resolve_function(
        &self,
        call: &Call,
        types: &[Option<Oid>],
        pos: Pos,
    ) -> Checked<Option<Resolved<'a>>> {
        let all = self.catalogue().functions(&call.name.name);
        let visible = |function: &&Function| match &call.name.schema {
            Some(schema) => function.schema == *schema,
            // Functions are never looked for among temporary things unless they are named so.
            None => self.path.contains(&function.schema) && !is_temporary(&function.schema),
        };
        let mut visible: Vec<&Function> = all.iter().filter(visible).collect();
        if visible.is_empty() {
            return Ok(None);
        }
        // Of equal signatures the one that comes first on the path hides the others.
        visible.sort_by_key(|function| self.path.iter().position(|schema| *schema == function.schema));
        let fitting: Vec<(&Function, Vec<Oid>)> =
            visible.iter().filter_map(|function| Some((*function, parameters(function, call)?))).collect();
        if fitting.is_empty() {
            if self.is_type(&call.name) && call.arguments.len() == 1 {
                return Ok(None);
            }
            let message = format!("function {} with these arguments does not exist", call.name.name);
            return Err(Denial::new("42883", message, pos));
        }
        let signatures: Vec<Vec<Oid>> = fitting.iter().map(|(_, parameters)| parameters.clone()).collect();
        let named = call.arguments.iter().any(|argument| argument.name.is_some());
        let unnamed = vec![None; types.len()];
        let arguments = if named { unnamed.as_slice() } else { types };
        let rivals = |schema: &str| -> Vec<&'a Function> {
            fitting.iter().map(|(function, _)| *function).filter(|rival| rival.schema == schema).collect()
        };
        if let Some((function, parameters)) =
            infer::pick(self.catalogue(), &signatures, arguments).and_then(|index| fitting.get(index))
        {
            let is_certain = !named && arguments.iter().all(Option::is_some);
            let result = if is_certain {
                infer::result(self.catalogue(), function.result, parameters, arguments)
            } else {
                let candidates = fitting.iter().map(|(one, parameters)| (parameters.as_slice(), one.result));
                infer::result_of_any(self.catalogue(), candidates, arguments)
            };
            return Ok(Some(Resolved {
                name: Qualified::within(&function.schema, &call.name.name),
                function: Some(function),
                kind: function.kind,
                result,
                parameters: parameters.clone(),
                rivals: rivals(&function.schema),
                is_certain,
                order: Sensitivity::Always,
            }));
        }
        // The types do not tell; where all candidates are of one schema the server may choose among them.
        let Some((first, first_parameters)) = fitting.first() else { return Ok(None) };
        if fitting.iter().any(|(function, _)| function.schema != first.schema || function.kind != first.kind)
        {
            let message = format!("function {} is ambiguous here", call.name.name);
            return Err(Denial::new("42725", message, pos).hint("name its schema and cast its arguments"));
        }
        let one_result = fitting.iter().all(|(function, _)| function.result == first.result);
        Ok(Some(Resolved {
            name: Qualified::within(&first.schema, &call.name.name),
            function: Some(first),
            kind: first.kind,
            result: if one_result {
                infer::result(self.catalogue(), first.result, &first.arguments, arguments)
            } else {
                None
            },
            parameters: first_parameters.clone(),
            rivals: rivals(&first.schema),
            is_certain: false,
            order: Sensitivity::Always,
        }))
    }

    /// `name(row)` is the field of this name, where no function of the name takes such a row.
    fn is_field(&self, call: &Call, types: &[Option<Oid>]) -> bool {
        let (None, [Some(row)]) = (&call.name.schema, types) else { return false };
        if !call.is_plain() || self.attribute_type(*row, &call.name.name).is_none() {
            return false;
        }
        let functions = self.catalogue().functions(&call.name.name).iter();
        let mut visible = functions.filter(|function| self.path.contains(&function.schema));
        !visible.any(|function| match parameters(function, call).as_deref() {
            Some([wanted, ..]) => infer::coerces(self.catalogue(), *row, *wanted),
            _ => false,
        })
    }

    fn is_type(&self, name: &Qualified) -> bool {
        // As with functions, temporary ones have to be named so.
        let mut path = self.path.clone();
        path.retain(|schema| !is_temporary(schema));
        self.catalogue().type_by_name(name, &path).is_some()
    }

    /// `text(x)` where there is no such function is a cast.
    fn call_of_type(&mut self, call: &Call, terms: Vec<Term>, pos: Pos) -> Checked<Term> {
        let plain = !call.star && call.over.is_none() && call.filter.is_none() && !call.distinct;
        let mut terms = terms.into_iter();
        match (terms.next(), terms.next()) {
            (Some(term), None) if plain && self.is_type(&call.name) => {
                term.label.require_public("a cast", pos)?;
                let to =
                    TypeName { name: call.name.clone(), modifiers: Vec::new(), dimensions: Vec::new(), pos };
                let (to, ty) = self.resolve_type(&to)?;
                self.raises();
                let kind = ExprKind::Cast { value: Box::new(term.expr), to };
                Ok(Term { expr: Expr { kind, pos }, label: term.label, ty: Some(ty) })
            }
            _ => {
                let message = format!("function {} does not exist", call.name.name);
                Err(Denial::new("42883", message, pos))
            }
        }
    }

    /// Calls whose answer depends on the session that the client believes to have.
    fn answered_call(&self, call: &Call, pos: Pos) -> Checked<Option<Term>> {
        if call.name.schema.as_deref().is_some_and(|schema| schema != "pg_catalog") {
            return Ok(None);
        }
        match call.name.name.as_str() {
            "current_schema" if call.arguments.is_empty() => {
                Ok(Some(Term::public(self.current_schema(), Some(TypeRef::plain(oid::NAME)))))
            }
            "current_schemas" => {
                let implicit = match call.arguments.first().map(|argument| &argument.value.kind) {
                    Some(ExprKind::Literal(Literal::Boolean(implicit))) => *implicit,
                    _ => {
                        return Err(Denial::unsupported(
                            "current_schemas() of anything but true or false",
                            pos,
                        ));
                    }
                };
                let path = if implicit { self.path.as_slice() } else { self.listed_path() };
                let names = path.iter().map(|schema| Expr::text(schema.clone())).collect();
                let array = TypeName { dimensions: vec![None], ..TypeName::builtin("name") };
                Ok(Some(Term::public(Expr::made(ExprKind::Array(names)).cast(array), None)))
            }
            "current_setting" => {
                let first = call.arguments.first();
                let Some(setting) = first.and_then(|argument| self.literal_text(&argument.value)) else {
                    return Ok(None);
                };
                if setting.eq_ignore_ascii_case("search_path") {
                    return Ok(Some(Term::public(
                        Expr::text(self.shown_path.clone()).cast(TypeName::builtin("text")),
                        Some(TypeRef::plain(oid::TEXT)),
                    )));
                }
                match self.world.lists.show(setting) {
                    ShowVerdict::Refused(refused) => {
                        Err(Denial::unlisted("showing this setting", refused, pos))
                    }
                    ShowVerdict::Sent | ShowVerdict::Kept => Ok(None),
                }
            }
            _ => Ok(None),
        }
    }
}

impl Analysis<'_> {
    /// `'text'`, or `'text'::text`, as views have it.
    fn literal_text<'e>(&self, value: &'e Expr) -> Option<&'e str> {
        match &value.kind {
            ExprKind::Literal(Literal::Text(text)) => Some(text),
            ExprKind::Cast { value, to } if to.modifiers.is_empty() && to.dimensions.is_empty() => {
                let (_, ty) = self.resolve_type(to).ok()?;
                if ty.oid == oid::TEXT { self.literal_text(value) } else { None }
            }
            _ => None,
        }
    }
}

/// The arguments of a call, rewritten.
pub(super) fn arguments(call: &Call, terms: Vec<Term>) -> Vec<Argument> {
    let names = call.arguments.iter().map(|argument| argument.name.clone());
    names.zip(terms).map(|(name, term)| Argument { name, value: term.expr }).collect()
}

/// The types of parameters that a call of this form would fill, if it can.
fn parameters(function: &Function, call: &Call) -> Option<Vec<Oid>> {
    let given = call.arguments.len();
    let declared = &function.arguments;
    // `rank` is a window function and an aggregate: the form tells which.
    let fits = match function.kind {
        FunctionKind::Window => call.over.is_some() && !call.within_group,
        FunctionKind::Aggregate => true,
        FunctionKind::Plain | FunctionKind::Procedure => !call.within_group,
    };
    if !fits {
        return None;
    }
    if call.star {
        return declared.is_empty().then(Vec::new);
    }
    if call.within_group {
        return Some(declared.iter().copied().take(call.arguments.len()).collect());
    }
    if given == declared.len() && (function.variadic.is_none() || call.variadic) {
        return Some(declared.clone());
    }
    if given <= declared.len() && given + function.defaults >= declared.len() && function.variadic.is_none() {
        return Some(declared.iter().copied().take(given).collect());
    }
    let element = function.variadic.filter(|_| !call.variadic)?;
    let fixed = declared.len().checked_sub(1)?;
    if given < fixed {
        return None;
    }
    let head = declared.iter().copied().take(fixed);
    Some(head.chain(std::iter::repeat_n(element, given - fixed)).collect())
}

/// What a function of identifiers may be.
fn plain_label(call: &Call, terms: &[Term], pos: Pos) -> Checked<Label> {
    let Some(identity) = terms.iter().find_map(|term| term.label.identity()) else {
        return Ok(Label::Public);
    };
    let builtin = call.name.schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
    let others_public = terms.iter().skip(1).all(|term| term.label.is_public());
    match (call.name.name.as_str(), terms.first().map(|term| &term.label)) {
        ("unnest", Some(Label::Identifiers(identity))) if builtin && terms.len() == 1 => {
            Ok(Label::Identifier(std::sync::Arc::clone(identity)))
        }
        (
            "cardinality" | "array_length" | "array_upper" | "array_lower" | "array_ndims",
            Some(Label::Identifiers(_)),
        ) if builtin && others_public => Ok(Label::Public),
        ("num_nulls" | "num_nonnulls", _) if builtin && !call.variadic => Ok(Label::Public),
        _ => Err(identity.misused(&format!("function {}()", call.name.name), pos)),
    }
}
