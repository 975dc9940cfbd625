//! The type of a column, as far as expressions depend on it: read from the catalogue once, down to its elements and
//! attributes.
//!
//! Only this file of the folder knows the catalogue.

use super::kind::{Kind, Text};
use super::sql::identifier;
use super::{Declared, Encoding, Server, Unfit};
use crate::sql::catalogue::{Catalogue, Oid, Type, TypeKind, TypeRef};

/// A type below all domains.
#[derive(Clone, Debug)]
pub(super) struct ColumnType {
    pub(super) oid: Oid,
    /// Qualified and quoted.
    pub(super) name: String,
    /// As a person would name it.
    pub(super) plain_name: String,
    pub(super) kind: Kind,
    pub(super) modifier: i32,
    pub(super) shape: Shape,
    /// The column is declared to be of a domain over this, or an array of one.
    pub(super) is_domain: bool,
}

/// What a type consists of.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Scalar,
    /// A true array.
    Array(Box<ColumnType>),
    /// Those that were not dropped.
    Composite(Vec<Attribute>),
}

/// An attribute of a composite type.
#[derive(Clone, Debug)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) of: ColumnType,
}

impl ColumnType {
    /// The type of a column. An array of domains is one of the domains' base type.
    pub(super) fn of(catalogue: &Catalogue, declared: Declared) -> Result<Self, Unfit> {
        let Declared { type_oid, type_modifier, .. } = declared;
        let base = catalogue.base_type(TypeRef { oid: type_oid, modifier: type_modifier });
        let modifier = base.modifier;
        let base = catalogue.type_by_oid(base.oid).ok_or(Unfit::UnknownType(base.oid))?;
        let mut is_domain = base.oid != type_oid;
        if let Some(element) = base.element {
            let declared = Declared { type_oid: element, type_modifier: modifier, collation: None };
            let element = Self::of(catalogue, declared)?;
            is_domain |= element.is_domain;
            if matches!(element.shape, Shape::Array(_)) {
                // Arrays of a domain over arrays are not taken apart.
                return Ok(Self { kind: Kind::Other, shape: Shape::Scalar, ..Self::named(base, -1) });
            }
            let shown = catalogue.type_by_oid(element.oid).and_then(|element| element.array);
            let oid = shown.ok_or(Unfit::UnknownType(element.oid))?;
            return Ok(Self {
                oid,
                name: format!("{}[]", element.name),
                plain_name: format!("{}[]", element.plain_name),
                kind: element.kind,
                modifier: element.modifier,
                shape: Shape::Array(Box::new(element)),
                is_domain,
            });
        }
        let shape = match (base.kind, base.relation) {
            (TypeKind::Composite, Some(relation)) => Shape::Composite(attributes(catalogue, relation)?),
            _ => Shape::Scalar,
        };
        Ok(Self { shape, is_domain, ..Self::named(base, modifier) })
    }

    /// A type under its own name.
    fn named(base: &Type, modifier: i32) -> Self {
        Self {
            oid: base.oid,
            name: format!("{}.{}", identifier(&base.schema), identifier(&base.name)),
            plain_name: base.name.clone(),
            kind: kind(base),
            modifier,
            shape: Shape::Scalar,
            is_domain: false,
        }
    }

    /// The name with its modifier.
    pub(super) fn full_name(&self) -> String {
        match &self.shape {
            Shape::Array(element) => format!("{}[]", element.full_name()),
            Shape::Scalar | Shape::Composite(_) => {
                format!("{}{}", self.name, self.kind.modifier(self.modifier))
            }
        }
    }
}

fn attributes(catalogue: &Catalogue, relation: Oid) -> Result<Vec<Attribute>, Unfit> {
    let relation = catalogue.relation_by_oid(relation).ok_or(Unfit::UnknownType(relation))?;
    let attribute = relation.columns.iter().map(|column| {
        let declared = Declared {
            type_oid: column.ty.oid,
            type_modifier: column.ty.modifier,
            collation: Some(column.collation),
        };
        Ok(Attribute { name: column.name.clone(), of: ColumnType::of(catalogue, declared)? })
    });
    attribute.collect()
}

/// A collation's name, qualified and quoted.
pub(super) fn collation(catalogue: &Catalogue, oid: Oid) -> Option<String> {
    let collation = catalogue.collation(oid)?;
    Some(format!("{}.{}", identifier(&collation.schema), identifier(&collation.name)))
}

/// What expressions depend on besides types.
pub(super) fn server(catalogue: &Catalogue) -> Server {
    let single = ["LATIN", "ISO_8859", "WIN1", "WIN8", "KOI8"];
    let encoding = match catalogue.encoding() {
        "UTF8" => Ok(Encoding::Utf8),
        name if single.iter().any(|prefix| name.starts_with(prefix)) => Ok(Encoding::SingleByte),
        name => Err(Unfit::Encoding(name.to_owned())),
    };
    Server { major_version: catalogue.major_version(), encoding }
}

fn kind(base: &Type) -> Kind {
    if let Some(known) = Kind::builtin(&base.name).filter(|_| base.schema == "pg_catalog") {
        return known;
    }
    match base.kind {
        TypeKind::Enum => Kind::Harmless,
        _ if base.extension.as_deref() == Some("citext") && base.name == "citext" => Kind::Text(Text::Citext),
        // A range tells its ends; of those that people make, the ends are not known here.
        _ => Kind::Other,
    }
}
