//! Types as text, with their modifiers.

use super::super::catalogue::{Catalogue, TypeKind, TypeRef, oid};
use super::super::ir::{Pos, Qualified, TypeModifier, TypeName};

/// The bytes that a length modifier counts too many.
const HEADER: i32 = 4;

/// The name of a type; a domain is named by what it is over.
pub(in crate::sql) fn type_name(catalogue: &Catalogue, ty: TypeRef) -> TypeName {
    let ty = catalogue.base_type(ty);
    let Some(known) = catalogue.type_by_oid(ty.oid) else { return TypeName::builtin("text") };
    if let Some(element) = known.element {
        let element = type_name(catalogue, TypeRef { oid: element, modifier: ty.modifier });
        return TypeName { dimensions: vec![None], ..element };
    }
    let name = match known.kind {
        TypeKind::Pseudo if known.oid != oid::RECORD => Qualified::builtin("text"),
        _ => Qualified::within(&known.schema, &known.name),
    };
    let modifiers = modifiers(ty).into_iter().map(TypeModifier::Integer).collect();
    TypeName { name, modifiers, dimensions: Vec::new(), pos: Pos::NONE }
}

/// A type's modifier in the numbers that are written behind its name.
fn modifiers(ty: TypeRef) -> Vec<i32> {
    const VARBIT: u32 = 1562;
    if ty.modifier < 0 {
        return Vec::new();
    }
    match ty.oid {
        oid::VARCHAR | oid::BPCHAR => vec![ty.modifier - HEADER],
        oid::NUMERIC => {
            let packed = ty.modifier - HEADER;
            // The scale is 11 bits with a sign (PostgreSQL 15; older servers write the same bits).
            let scale = ((packed & 0x7ff) ^ 1024) - 1024;
            vec![(packed >> 16) & 0xffff, scale]
        }
        oid::BIT | VARBIT | oid::TIME | oid::TIMETZ | oid::TIMESTAMP | oid::TIMESTAMPTZ => vec![ty.modifier],
        _ => Vec::new(),
    }
}
