//! Which expression coarsens a column: by its treatment and its type.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::analyse::Identity;
use super::super::catalogue::{Catalogue, Column, Oid, TypeKind, TypeRef, oid};
use super::super::ir::{Expr, ExprKind, Qualified, Step, TypeName};
use super::{Protection, Template, address, json, number, spell, text, time};
use crate::kernel::{Kind, Scrub, Treatment};
use crate::policy::{Plan, Ruling};

/// Smallest values of the integer types.
const INTEGERS: [(Oid, i64); 3] = [(oid::INT2, -32_768), (oid::INT4, -2_147_483_648), (oid::INT8, i64::MIN)];

/// The column is what the ruling makes of it, each element of an array for itself.
pub(super) fn scalar(catalogue: &Catalogue, column: &Column, ruling: &Ruling, field: String) -> Protection {
    let base = catalogue.base_type(column.ty);
    let element = catalogue.element_type(base.oid);
    match &*ruling.treatment {
        Treatment::Pass => return Protection::Open,
        Treatment::Pseudonymize(_) | Treatment::Tokenize(_) => {
            let of = element.unwrap_or(base.oid);
            if let Some(shown) = identifier_type(catalogue, of, column.collation, &ruling.treatment) {
                let identity = Arc::new(Identity::new(field, ruling.clone(), shown));
                return match element {
                    None => Protection::Identifier(identity),
                    Some(_) => Protection::Identifiers(identity),
                };
            }
        }
        _ => {}
    }
    let value = value(catalogue, base, &ruling.treatment, "$1");
    Protection::coarse(cast_back(catalogue, column, value), ruling)
}

/// A column that no rule names.
pub(super) fn unlisted(catalogue: &Catalogue, column: &Column, ruling: &Ruling) -> Protection {
    let base = catalogue.base_type(column.ty);
    match &*ruling.treatment {
        Treatment::Pass => Protection::Open,
        Treatment::Scrub(_) if !may_hold_text(catalogue, base, 0) => Protection::Open,
        Treatment::Scrub(_) if is_composite(catalogue, base) => {
            composite(catalogue, column, &BTreeMap::new(), ruling)
        }
        _ => {
            let value = value(catalogue, base, &ruling.treatment, "$1");
            Protection::coarse(cast_back(catalogue, column, value), ruling)
        }
    }
}

/// A composite column, attribute by attribute.
pub(super) fn composite(
    catalogue: &Catalogue,
    column: &Column,
    rulings: &BTreeMap<String, Ruling>,
    unlisted: &Ruling,
) -> Protection {
    let base = catalogue.base_type(column.ty);
    let first = rulings.values().next().unwrap_or(unlisted);
    let (Some(relation), Some(ty)) = (catalogue.composite(base.oid), catalogue.type_by_oid(base.oid)) else {
        return Protection::coarse(null(catalogue, column), first);
    };
    if rulings.keys().any(|name| relation.column(name).is_none()) {
        return Protection::coarse(null(catalogue, column), first);
    }
    let attribute = |attribute: &Column| {
        let raw = Expr::made(ExprKind::Path {
            base: Box::new(Expr::made(ExprKind::Param(1))),
            steps: vec![Step::Field(attribute.name.clone())],
        });
        let protection = match rulings.get(&attribute.name) {
            Some(ruling) => scalar(catalogue, attribute, ruling, String::new()),
            None => self::unlisted(catalogue, attribute, unlisted),
        };
        match protection {
            Protection::Open => raw,
            Protection::Coarse(coarse) => coarse.expression.filled(&raw),
            // A label would be lost inside a row.
            Protection::Identifier(_) | Protection::Identifiers(_) => null(catalogue, attribute).into_expr(),
        }
    };
    let values = relation.columns.iter().map(attribute).collect();
    let row = Expr::made(ExprKind::Row { explicit: true, values });
    let row_type = TypeName { name: Qualified::within(&ty.schema, &ty.name), ..TypeName::builtin("record") };
    let present = Expr::made(ExprKind::DistinctFrom {
        negated: false,
        left: Box::new(Expr::made(ExprKind::Param(1))),
        right: Box::new(Expr::null()),
    });
    let kind = ExprKind::Case { operand: None, whens: vec![(present, row.cast(row_type))], otherwise: None };
    Protection::coarse(Template::of(Expr::made(kind)), first)
}

/// A document, value by value.
pub(super) fn document(catalogue: &Catalogue, column: &Column, plan: &Plan) -> Protection {
    let base = catalogue.base_type(column.ty);
    let ruling = plan.ruling(plan.root()).unwrap_or_else(|| plan.unlisted());
    let value = if base.oid == oid::JSONB { json::document("$1", plan) } else { None };
    Protection::coarse(cast_back(catalogue, column, value), ruling)
}

/// The expression of `x` for a treatment and type; `None` is NULL.
fn value(catalogue: &Catalogue, ty: TypeRef, treatment: &Treatment, x: &str) -> Option<String> {
    if let Some(element) = catalogue.element_type(ty.oid) {
        let element = catalogue.base_type(TypeRef::plain(element));
        let each = value(catalogue, element, treatment, "u.e")?;
        return Some(array(x, &each));
    }
    match treatment {
        Treatment::Pass => Some(x.to_owned()),
        Treatment::Suppress | Treatment::Pseudonymize(_) | Treatment::Tokenize(_) | Treatment::Unsay(_) => {
            None
        }
        Treatment::Redact(with) => is_text(catalogue, ty.oid).then(|| literal(with)),
        Treatment::Truncate(truncate) => match ty.oid {
            oid::INET => Some(address::inet(x, truncate)),
            oid::CIDR => Some(format!("({})::cidr", address::inet(&format!("({x})::inet"), truncate))),
            ty if is_text(catalogue, ty) => Some(address::text(&as_text(x), truncate)),
            _ => None,
        },
        Treatment::Grid(grid) => match ty.oid {
            oid::FLOAT8 => Some(number::grid_float(x, grid)),
            oid::FLOAT4 => Some(number::grid_float(&format!("({x})::float8"), grid)),
            oid::NUMERIC => Some(number::grid_numeric(x, grid)),
            oid::INT2 | oid::INT4 | oid::INT8 => {
                Some(format!("floor({})", number::grid_numeric(&format!("({x})::numeric"), grid)))
            }
            ty if is_text(catalogue, ty) => {
                Some(decimal_text(x, |number| number::grid_numeric(number, grid)))
            }
            _ => None,
        },
        Treatment::Floor(floor) => match ty.oid {
            oid::TIMESTAMPTZ => Some(time::timestamptz(x, floor)),
            oid::TIMESTAMP => Some(time::timestamp(x, floor)),
            oid::DATE => Some(time::date(x, floor)),
            oid::TIME => Some(time::time(x, floor)),
            _ => None,
        },
        Treatment::Bucket(bucket) => match ty.oid {
            oid::FLOAT8 => Some(number::bucket_float(x, bucket)),
            oid::FLOAT4 => Some(number::bucket_float(&format!("({x})::float8"), bucket)),
            oid::NUMERIC => Some(number::bucket_numeric(x, bucket)),
            ty if is_text(catalogue, ty) => {
                Some(decimal_text(x, |number| number::bucket_numeric(number, bucket)))
            }
            ty => {
                let (_, min) = INTEGERS.into_iter().find(|(known, _)| *known == ty)?;
                number::bucket_integer(x, bucket, min)
            }
        },
        Treatment::Scrub(scrub) => scrubbed(catalogue, ty, scrub, x),
    }
}

/// What may hold text is scrubbed, what is an address is treated as one, and what can be neither is left alone.
fn scrubbed(catalogue: &Catalogue, ty: TypeRef, scrub: &Scrub, x: &str) -> Option<String> {
    match ty.oid {
        oid::INET | oid::CIDR => value(catalogue, ty, scrub.treatment_of(Kind::Ip), x),
        oid::MACADDR | oid::MACADDR8 => value(catalogue, ty, scrub.treatment_of(Kind::Mac), x),
        oid::JSONB => Some(json::scrub(x)),
        oid if is_text(catalogue, oid) => Some(text::scrub(&as_text(x), scrub)),
        _ if !may_hold_text(catalogue, ty, 0) => Some(x.to_owned()),
        _ => None,
    }
}

fn as_text(x: &str) -> String {
    format!("({x})::text")
}

fn decimal_text(x: &str, corner: impl Fn(&str) -> String) -> String {
    let x = as_text(x);
    let corner = corner(&format!("({x})::numeric"));
    format!("CASE WHEN {} THEN ({corner})::text END", number::is_decimal(&x))
}

/// Each element of a one-dimensional array that begins at 1; arrays of another shape become NULL.
fn array(x: &str, each: &str) -> String {
    format!(
        "CASE WHEN {x} IS NULL THEN NULL WHEN array_ndims({x}) IS NULL THEN {x} \
         WHEN array_ndims({x}) = 1 AND array_lower({x}, 1) = 1 \
         THEN ARRAY(SELECT {each} FROM unnest({x}) WITH ORDINALITY AS u (e, o) ORDER BY u.o) END"
    )
}

/// A text in quotes, for a template.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'::text", text.replace('\'', "''"))
}

/// The value in the column's own type (a domain's base) and collation.
fn cast_back(catalogue: &Catalogue, column: &Column, value: Option<String>) -> Template {
    let Some(template) = value.and_then(|value| Template::parse(&value)) else {
        return null(catalogue, column);
    };
    typed(catalogue, column, template.into_expr())
}

fn null(catalogue: &Catalogue, column: &Column) -> Template {
    typed(catalogue, column, Expr::null())
}

fn typed(catalogue: &Catalogue, column: &Column, value: Expr) -> Template {
    let value = value.cast(spell::type_name(catalogue, column.ty));
    let Some(collation) = catalogue.collation(column.collation) else { return Template::of(value) };
    if collation.name == "default" {
        return Template::of(value);
    }
    let collation = Qualified::within(&collation.schema, &collation.name);
    Template::of(Expr::made(ExprKind::Collate { value: Box::new(value), collation }))
}

/// If raw equality of this type is equality of bytes: the type to tell the client, if it is another.
fn identifier_type(
    catalogue: &Catalogue,
    ty: Oid,
    collation: Oid,
    treatment: &Treatment,
) -> Option<Option<Oid>> {
    let one_way = matches!(treatment, Treatment::Pseudonymize(_));
    let ty = catalogue.base_type(TypeRef::plain(ty)).oid;
    match ty {
        oid::UUID | oid::INT8 => Some(None),
        oid::BYTEA if one_way => Some(None),
        // A pseudonym does not fit into 32 bits.
        oid::INT4 if one_way => Some(Some(oid::INT8)),
        oid::INT4 => Some(None),
        oid::INT2 if one_way => Some(Some(oid::INT8)),
        oid::TEXT | oid::VARCHAR => {
            let known = catalogue.collation(collation);
            let bytewise = known.is_none_or(|collation| collation.deterministic);
            // A pseudonym may be longer than the column.
            let shown = if ty == oid::VARCHAR { Some(oid::TEXT) } else { None };
            bytewise.then_some(shown)
        }
        _ => None,
    }
}

fn is_text(catalogue: &Catalogue, ty: Oid) -> bool {
    matches!(ty, oid::TEXT | oid::VARCHAR | oid::BPCHAR | oid::NAME)
        || catalogue.type_by_oid(ty).is_some_and(|ty| ty.name == "citext" && ty.extension.is_some())
}

fn is_composite(catalogue: &Catalogue, ty: TypeRef) -> bool {
    catalogue.type_by_oid(ty.oid).is_some_and(|ty| ty.kind == TypeKind::Composite)
}

/// False for types that can hold no address and no text: numbers, times, truth values, enums, uuids.
fn may_hold_text(catalogue: &Catalogue, ty: TypeRef, depth: usize) -> bool {
    const HARMLESS: [Oid; 19] = [
        oid::BOOL,
        oid::CHAR,
        oid::INT2,
        oid::INT4,
        oid::INT8,
        oid::OID,
        oid::FLOAT4,
        oid::FLOAT8,
        oid::NUMERIC,
        oid::DATE,
        oid::TIME,
        oid::TIMETZ,
        oid::TIMESTAMP,
        oid::TIMESTAMPTZ,
        oid::INTERVAL,
        oid::UUID,
        oid::BIT,
        790,  // money
        1562, // bit varying
    ];
    let ty = catalogue.base_type(ty);
    if HARMLESS.contains(&ty.oid) {
        return false;
    }
    let Some(known) = catalogue.type_by_oid(ty.oid) else { return true };
    if depth > 8 {
        return true;
    }
    if let Some(element) = known.element {
        return may_hold_text(catalogue, TypeRef::plain(element), depth + 1);
    }
    match known.kind {
        TypeKind::Enum => false,
        TypeKind::Composite => match catalogue.composite(ty.oid) {
            Some(relation) => {
                relation.columns.iter().any(|column| may_hold_text(catalogue, column.ty, depth + 1))
            }
            None => true,
        },
        _ => {
            !(known.schema == "pg_catalog"
                && matches!(
                    known.name.as_str(),
                    "int4range"
                        | "int8range"
                        | "numrange"
                        | "tsrange"
                        | "tstzrange"
                        | "daterange"
                        | "point"
                        | "box"
                        | "circle"
                        | "lseg"
                        | "line"
                        | "path"
                        | "polygon"
                ))
        }
    }
}
