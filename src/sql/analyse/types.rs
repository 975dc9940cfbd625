//! Type names, casts and what types are made of.

use super::super::allow::{Reason, Refused};
use super::super::catalogue::{FIRST_NORMAL_OID, Oid, Type, TypeKind, TypeRef, oid};
use super::super::ir::{Expr, ExprKind, Literal, Pos, Qualified, TypeName};
use super::super::refusal::{Checked, Denial};
use super::calm::is_declared_by_cast;
use super::scope::{Level, Term};
use super::{Analysis, Label};

impl Analysis<'_> {
    pub(super) fn cast(&mut self, value: &Expr, to: &TypeName, pos: Pos, level: &Level<'_>) -> Checked<Term> {
        let (name, ty) = self.resolve_type(to)?;
        if let (REGCLASS, Some(text)) = (ty.oid, self.qualified_relation(value)) {
            let kind = ExprKind::Cast { value: Box::new(Expr::text(text)), to: name };
            return Ok(Term::public(Expr { kind, pos }, Some(ty)));
        }
        let term = self.expr(value, level)?;
        let is_free = ty.oid == oid::TEXT
            || (matches!(value.kind, ExprKind::Literal(_)) && self.catalogue().base_type(ty) == ty)
            || (term.oid() == Some(ty.oid) && to.modifiers.is_empty());
        for function in self.catalogue().cast_functions(term.oid(), ty.oid) {
            let unknown = || Denial::unlisted("this cast", Refused::because(Reason::NotListed), pos);
            let (name, function) = self.catalogue().function_by_oid(function).ok_or_else(unknown)?;
            let rule = self.world.lists.function(self.catalogue(), name, function);
            rule.map_err(|refused| Denial::unlisted("this cast", refused, pos))?;
        }
        let is_printed = ty.oid == oid::TEXT;
        self.grows(Some(ty), is_printed.then_some(&term), self.quotes(term.ty));
        let is_declared = is_declared_by_cast(&term.expr, term.oid());
        let label = match term.label {
            Label::Null => Label::Null,
            Label::Public => Label::Public,
            Label::Identifier(identity) => {
                // A length would cut what is longer: the same prefix is not the same person.
                if !to.modifiers.is_empty() || !keeps_equality(term.ty.map(|ty| ty.oid), ty.oid) {
                    return Err(identity.misused("a cast to another type", pos));
                }
                Label::Identifier(identity)
            }
            other => {
                other.require_public("a cast", pos)?;
                other
            }
        };
        let kind = ExprKind::Cast { value: Box::new(term.expr), to: name };
        let expr = Expr { kind, pos };
        let before = self.raised();
        if !is_free {
            self.raises();
        }
        if is_declared {
            self.calm_rows(before);
        }
        self.calm(before, &expr);
        Ok(Term { expr, label, ty: Some(ty) })
    }

    /// Finds a type that may be named, and writes it with its schema.
    pub(super) fn resolve_type(&self, name: &TypeName) -> Checked<(TypeName, TypeRef)> {
        let Some(ty) = self.catalogue().type_by_name(&name.name, &self.path) else {
            return Err(Denial::new(
                "42704",
                format!("type \"{}\" does not exist", name.name.name),
                name.pos,
            ));
        };
        self.require_known_type(ty, name.pos)?;
        let array = if name.dimensions.is_empty() { None } else { Some(ty.array.unwrap_or(oid::ANYARRAY)) };
        let qualified = TypeName { name: Qualified::within(&ty.schema, &ty.name), ..name.clone() };
        Ok((qualified, TypeRef::plain(array.unwrap_or(ty.oid))))
    }

    /// Types run code of their own when values are read and written, and so do the types that they are made of.
    pub(super) fn require_known_type(&self, ty: &Type, pos: Pos) -> Checked<()> {
        self.require_known(ty, MAX_TYPE_DEPTH, pos)
    }

    fn require_known(&self, ty: &Type, depth: usize, pos: Pos) -> Checked<()> {
        let lists = &self.world.lists;
        if lists.is_all_open() {
            return Ok(());
        }
        let deeper = depth.checked_sub(1).ok_or_else(|| Denial::unsupported("types this deep", pos))?;
        let shown = || format!("type {}.{}", ty.schema, ty.name);
        let inner = |oid: Oid| match self.catalogue().type_by_oid(oid) {
            Some(inner) => self.require_known(inner, deeper, pos),
            None => Err(Denial::unlisted(&shown(), Refused::because(Reason::NotListed), pos)),
        };
        lists.reads(ty).map_err(|refused| Denial::unlisted(&shown(), refused, pos))?;
        if let Some(element) = ty.element.filter(|element| *element != ty.oid) {
            return inner(element);
        }
        if ty.oid < FIRST_NORMAL_OID || ty.extension.as_deref().is_some_and(|name| lists.trusts(name)) {
            return Ok(());
        }
        match (ty.kind, ty.base, ty.relation) {
            (TypeKind::Enum, ..) => Ok(()),
            (TypeKind::Domain, Some(base), _) if ty.plain_checks => inner(base.oid),
            (TypeKind::Composite, _, Some(relation)) => {
                let relation = self.catalogue().relation_by_oid(relation);
                relation.iter().flat_map(|row| &row.columns).try_for_each(|column| inner(column.ty.oid))
            }
            _ => Err(Denial::unlisted(&shown(), Refused::because(Reason::UserDefined), pos)
                .hint("cast to a type of the server instead")),
        }
    }

    /// `'logins'::regclass` is looked up along the client's path, not the server's.
    fn qualified_relation(&self, value: &Expr) -> Option<String> {
        let ExprKind::Literal(Literal::Text(text)) = &value.kind else { return None };
        let parts = name_parts(text)?;
        let name = match parts.as_slice() {
            [name] => Qualified::bare(name),
            [schema, name] => Qualified::within(schema, name),
            _ => return None,
        };
        let relation = self.catalogue().relation(&name, &self.path)?;
        let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        Some(format!("{}.{}", quote(&relation.schema), quote(&relation.name)))
    }

    pub(super) fn array_of(&self, element: TypeRef) -> Option<TypeRef> {
        let ty = self.catalogue().type_by_oid(element.oid)?;
        // An array of arrays is an array of more dimensions.
        if ty.element.is_some() { Some(element) } else { ty.array.map(TypeRef::plain) }
    }

    pub(super) fn attribute_type(&self, composite: Oid, name: &str) -> Option<TypeRef> {
        let column = self.catalogue().composite(composite)?.column(name)?;
        Some(self.catalogue().base_type(column.ty))
    }

    pub(super) fn subscript_type(&self, ty: TypeRef) -> Option<TypeRef> {
        if ty.oid == oid::JSONB {
            return Some(ty);
        }
        self.catalogue().element_type(ty.oid).map(TypeRef::plain)
    }

    /// A type as text, with its modifier where we can spell it.
    pub(super) fn type_name(&self, ty: TypeRef) -> TypeName {
        super::super::rules::type_name(self.catalogue(), ty)
    }
}

/// Types within types beyond this are refused.
const MAX_TYPE_DEPTH: usize = 16;

/// `regclass` has the same oid on every server.
const REGCLASS: Oid = 2205;

/// Casts after which equal values are still equal, and no others.
const fn keeps_equality(from: Option<Oid>, to: Oid) -> bool {
    match from {
        Some(from) if from == to => true,
        Some(oid::INT2) => matches!(to, oid::INT4 | oid::INT8),
        Some(oid::INT4) => matches!(to, oid::INT8),
        Some(oid::VARCHAR) => matches!(to, oid::TEXT),
        _ => false,
    }
}

/// The parts of `schema."Name"`.
fn name_parts(text: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut chars = text.trim().chars().peekable();
    loop {
        let mut part = String::new();
        if chars.peek() == Some(&'"') {
            chars.next();
            loop {
                match chars.next()? {
                    '"' if chars.peek() == Some(&'"') => {
                        chars.next();
                        part.push('"');
                    }
                    '"' => break,
                    c => part.push(c),
                }
            }
        } else {
            while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || matches!(c, '_' | '$')) {
                part.push(c.to_ascii_lowercase());
            }
        }
        if part.is_empty() {
            return None;
        }
        parts.push(part);
        match chars.next() {
            None => return Some(parts),
            Some('.') => {}
            Some(_) => return None,
        }
    }
}
