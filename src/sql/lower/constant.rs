//! Constants and type names.

use pg_query::NodeEnum;
use pg_query::protobuf::{self, a_const::Val};

use super::super::ir::{Literal, Pos, Qualified, TypeModifier, TypeName};
use super::super::refusal::{Checked, Denial};
use super::{inner, qualified};

pub(super) fn literal(constant: protobuf::AConst) -> Checked<Literal> {
    let protobuf::AConst { isnull, location, val } = constant;
    if isnull {
        return Ok(Literal::Null);
    }
    match val.ok_or_else(|| Denial::odd_tree("constant", Pos::at(location)))? {
        Val::Ival(value) => Ok(Literal::Integer(value.ival)),
        Val::Boolval(value) => Ok(Literal::Boolean(value.boolval)),
        Val::Sval(value) => Ok(Literal::Text(value.sval)),
        Val::Fval(value) => number(&value.fval, Pos::at(location)).map(Literal::Number),
        Val::Bsval(value) => bits(&value.bsval, Pos::at(location)),
    }
}

/// Newer grammars know `0x1F` and `1_000`; older servers would read something else, so they become decimals.
fn number(text: &str, pos: Pos) -> Checked<String> {
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    let (sign, digits) = plain.strip_prefix('-').map_or(("", plain.as_str()), |rest| ("-", rest));
    let lower = digits.to_ascii_lowercase();
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(rest) = lower.strip_prefix(prefix) {
            let value = u128::from_str_radix(rest, radix)
                .map_err(|_| Denial::unsupported("an integer of more than 128 bits", pos))?;
            return Ok(format!("{sign}{value}"));
        }
    }
    let decimal = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    if plain.is_empty() || !plain.chars().all(decimal) {
        return Err(Denial::odd_tree("number", pos));
    }
    Ok(plain)
}

fn bits(text: &str, pos: Pos) -> Checked<Literal> {
    let (hexadecimal, digits) = match text.split_at_checked(1) {
        Some(("b" | "B", digits)) => (false, digits),
        Some(("x" | "X", digits)) => (true, digits),
        _ => return Err(Denial::odd_tree("bit string", pos)),
    };
    // The server refuses digits that are not of the base, in words of its own.
    if !digits.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(Denial::new("22P02", "a bit string holds a character that is no digit", pos));
    }
    Ok(Literal::Bits { hexadecimal, digits: digits.to_owned() })
}

pub(super) fn type_name(name: protobuf::TypeName) -> Checked<TypeName> {
    let protobuf::TypeName { names, type_oid, setof, pct_type, typmods, typemod: _, array_bounds, location } =
        name;
    let pos = Pos::at(location);
    if setof || pct_type || type_oid != 0 {
        return Err(Denial::unsupported("this kind of type name", pos));
    }
    Ok(TypeName {
        name: qualified(names, "type", pos)?,
        modifiers: typmods.into_iter().map(modifier).collect::<Checked<_>>()?,
        dimensions: array_bounds.into_iter().map(dimension).collect::<Checked<_>>()?,
        pos,
    })
}

pub(super) fn required_type(name: Option<protobuf::TypeName>) -> Checked<TypeName> {
    type_name(name.ok_or_else(|| Denial::odd_tree("cast", Pos::NONE))?)
}

fn modifier(node: protobuf::Node) -> Checked<TypeModifier> {
    match inner(node)? {
        NodeEnum::AConst(constant) => {
            let pos = Pos::at(constant.location);
            match literal(constant)? {
                Literal::Integer(value) => Ok(TypeModifier::Integer(value)),
                Literal::Text(value) => Ok(TypeModifier::Text(value)),
                _ => Err(Denial::unsupported("this type modifier", pos)),
            }
        }
        NodeEnum::ColumnRef(word) => {
            let pos = Pos::at(word.location);
            match qualified(word.fields, "type modifier", pos)? {
                Qualified { schema: None, name } => Ok(TypeModifier::Word(name)),
                Qualified { .. } => Err(Denial::unsupported("this type modifier", pos)),
            }
        }
        _ => Err(Denial::unsupported("this type modifier", Pos::NONE)),
    }
}

fn dimension(node: protobuf::Node) -> Checked<Option<u32>> {
    match inner(node)? {
        NodeEnum::Integer(bound) => Ok(u32::try_from(bound.ival).ok()),
        _ => Err(Denial::odd_tree("array bound", Pos::NONE)),
    }
}
