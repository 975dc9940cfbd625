//! What a protected column is, in the store's own SQL: an expression for each treatment and type.
//!
//! [`Coarsener::column`] takes a column reference as text and gives the expression that computes its coarse value, in
//! the column's base type with its modifier and collation, so that it can stand in the column's place in a derived
//! table.
//!
//! Invariant: an expression depends on the row alone. It is immutable in all its parts (but for the reading of array
//! literals, see [`mod@array`]), no setting of the session changes it, it never raises, and NULL gives NULL. What lies
//! outside of what a treatment understands becomes NULL.
//! Invariant: every function, operator, type and collation is qualified; literals with backslashes are `E''` literals.
//! Invariant: two values that differ only below the cell give the same.
//! Contract: the column reference is closed text (`"l"."ip"`) without an alias that begins with a tilde.
//! Not here: identifiers, which stay raw until the edge ([`Unfit::Identifier`]), except inside documents and
//! composites, where they become null; and where the expressions stand.

mod address;
mod array;
mod column;
mod document;
mod kind;
mod number;
mod reach;
mod sql;
mod text;
mod time;
mod time_text;
mod unfit;
mod width;

use std::collections::BTreeMap;

use array::Element;
use column::{Attribute, ColumnType, Shape};
use kind::Kind;
pub use reach::Reach;
use sql::{Sql, call, identifier};
pub use unfit::Unfit;
use width::Width;

use super::Catalogue;
use super::catalogue::Oid;
use crate::kernel::{Floor, Kind as Finding, Scrub, Treatment};
use crate::policy::{ColumnRule, Ruling};

/// Makes expressions for the columns of one database.
#[derive(Clone, Debug)]
pub struct Coarsener<'a> {
    catalogue: &'a Catalogue,
    server: Server,
}

/// A column as it is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declared {
    /// Its type.
    pub type_oid: Oid,
    /// Its type modifier, -1 for none.
    pub type_modifier: i32,
    /// Its collation, if its type has any.
    pub collation: Option<Oid>,
}

/// The coarse value of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coarse {
    /// The expression: closed text that may stand anywhere, cast to `type_oid` with `type_modifier` and collated.
    pub sql: String,
    /// The column's type, or the type below it if it is a domain or an array of domains.
    pub type_oid: Oid,
    /// The modifier of that type.
    pub type_modifier: i32,
}

/// What expressions depend on besides the column.
#[derive(Clone, Debug)]
struct Server {
    major_version: u32,
    encoding: Result<Encoding, Unfit>,
}

/// What a character of the database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf8,
    SingleByte,
}

/// The value to treat.
struct Source<'t> {
    /// Of its base type.
    sql: Sql,
    of: &'t ColumnType,
    /// How many arrays it lies in.
    depth: u8,
}

impl<'t> Source<'t> {
    /// Text is cast so that it compares by bytes, and a domain to what it is over; the elements of an array are cast one by one.
    fn new(value: &Sql, of: &'t ColumnType, depth: u8) -> Self {
        let sql = match (&of.shape, of.kind) {
            (Shape::Scalar, Kind::Text(_)) => value.bytewise(),
            (Shape::Scalar | Shape::Composite(_), _) if of.is_domain => {
                Sql::closed(format!("CAST({} AS {})", value.as_str(), of.name))
            }
            _ => value.clone(),
        };
        Self { sql, of, depth }
    }

    fn unfit(&self, treatment: &'static str) -> Unfit {
        Unfit::Type { treatment, type_name: self.of.plain_name.clone() }
    }
}

impl<'a> Coarsener<'a> {
    /// For the columns of `catalogue`.
    #[must_use]
    pub fn new(catalogue: &'a Catalogue) -> Self {
        Self { catalogue, server: column::server(catalogue) }
    }

    /// The coarse value of `column`, of which the policy says `rule`. `unlisted` is for the attributes of a composite
    /// that the rule does not name.
    ///
    /// # Errors
    /// [`Unfit`] if the rule has no meaning for the column's type.
    pub fn column(
        &self,
        rule: &ColumnRule,
        unlisted: &Ruling,
        declared: Declared,
        column: &str,
    ) -> Result<Coarse, Unfit> {
        let of = ColumnType::of(self.catalogue, declared)?;
        let column = Sql::closed(column);
        let source = Source::new(&column, &of, 0);
        let treated = self.rule(rule, unlisted, &source)?;
        if treated == source.sql {
            // Nothing is done to it.
            let Declared { type_oid, type_modifier, .. } = declared;
            return Ok(Coarse { sql: column.into_text(), type_oid, type_modifier });
        }
        Ok(self.typed(&treated, &of, declared.collation))
    }

    /// Where the raw values lie whose coarse value is `value`, which is closed text of the reach's own type; `None` where
    /// no index could tell.
    #[must_use]
    pub fn reach(&self, rule: &ColumnRule, declared: Declared, value: &str) -> Option<Reach> {
        let of = ColumnType::of(self.catalogue, declared).ok()?;
        match (rule, &of.shape) {
            (ColumnRule::Scalar(ruling), Shape::Scalar) => {
                let version = self.server.major_version;
                reach::of(&ruling.treatment, of.kind, of.modifier, &Sql::closed(value), version)
            }
            _ => None,
        }
    }

    /// NULL, as a value of the column's type.
    ///
    /// # Errors
    /// [`Unfit::UnknownType`] for a type that the catalogue does not have.
    pub fn null(&self, declared: Declared) -> Result<Coarse, Unfit> {
        Ok(self.typed(&Sql::null(), &ColumnType::of(self.catalogue, declared)?, declared.collation))
    }

    /// A value as one of the column's base type and collation.
    fn typed(&self, value: &Sql, of: &ColumnType, collation: Option<Oid>) -> Coarse {
        let mut sql = format!("CAST({} AS {})", value.as_str(), of.full_name());
        if let Some(collation) = collation.and_then(|oid| column::collation(self.catalogue, oid)) {
            sql = format!("({sql} COLLATE {collation})");
        }
        Coarse { sql, type_oid: of.oid, type_modifier: of.modifier }
    }

    fn rule(&self, rule: &ColumnRule, unlisted: &Ruling, source: &Source<'_>) -> Result<Sql, Unfit> {
        let encoding = || self.server.encoding.clone();
        match rule {
            ColumnRule::Scalar(ruling) => self.value(&ruling.treatment, source),
            ColumnRule::Composite(rules) => elements(source, |source| match &source.of.shape {
                Shape::Composite(attributes) => self.composite(rules, unlisted, attributes, source),
                _ => Err(source.unfit("fields")),
            }),
            ColumnRule::Json(plan) => elements(source, |source| match source.of.kind {
                Kind::Jsonb => document::jsonb(&source.sql, plan, encoding()),
                Kind::Json => document::json(&source.sql, plan, encoding()),
                _ => Err(source.unfit("json")),
            }),
        }
    }

    /// One treatment, for the value, for each element of an array, or for what is inside.
    fn value(&self, treatment: &Treatment, source: &Source<'_>) -> Result<Sql, Unfit> {
        match treatment {
            Treatment::Pass => return Ok(source.sql.clone()),
            Treatment::Suppress => return Ok(Sql::null()),
            Treatment::Pseudonymize(_) | Treatment::Tokenize(_) => return Err(Unfit::Identifier),
            _ => {}
        }
        elements(source, |source| match (&source.of.shape, treatment) {
            (Shape::Composite(attributes), Treatment::Scrub(_)) => {
                self.row(attributes, source, |_| treatment)
            }
            _ => self.scalar(treatment, source),
        })
    }

    fn scalar(&self, treatment: &Treatment, source: &Source<'_>) -> Result<Sql, Unfit> {
        let (kind, value) = (source.of.kind, &source.sql);
        let unfit = || source.unfit(treatment.kind());
        if let Kind::Jsonb | Kind::Json = kind {
            let treat = if kind == Kind::Jsonb { document::whole_jsonb } else { document::whole_json };
            return treat(value, treatment, self.server.encoding.clone());
        }
        let sql = match treatment {
            Treatment::Truncate(truncate) => match kind {
                Kind::Inet | Kind::Cidr => address::inet(&value.cast("inet"), truncate),
                Kind::Text(_) => address::text(value, truncate),
                _ => return Err(unfit()),
            },
            Treatment::Grid(grid) => match kind {
                Kind::Integer(_) => return Err(unfit()),
                Kind::Point => point(value, Width::grid(grid)),
                _ => number(Width::grid(grid), source)?.ok_or_else(unfit)?,
            },
            Treatment::Bucket(bucket) => number(Width::bucket(bucket), source)?.ok_or_else(unfit)?,
            Treatment::Floor(floor) => self.time(floor, source)?.ok_or_else(unfit)?,
            Treatment::Scrub(scrub) => self.scrubbed(scrub, source)?,
            Treatment::Redact(with) => match kind {
                Kind::Text(_) => sql::when(&value.is_not_null(), &Sql::text(with)),
                _ => return Err(unfit()),
            },
            Treatment::Suppress
            | Treatment::Pass
            | Treatment::Pseudonymize(_)
            | Treatment::Tokenize(_)
            | Treatment::Unsay(_) => return Err(unfit()),
        };
        let is_free = matches!(treatment, Treatment::Scrub(_) | Treatment::Redact(_));
        Ok(if is_free { sql } else { whole(sql, kind, source.of.modifier) })
    }

    fn time(&self, floor: &Floor, source: &Source<'_>) -> Result<Option<Sql>, Unfit> {
        let value = &source.sql;
        let version = self.server.major_version;
        Ok(Some(match source.of.kind {
            Kind::Timestamptz => time::timestamptz(value, floor, version)?,
            Kind::Timestamp => time::timestamp(value, floor, version)?,
            Kind::Date => time::date(value, floor)?,
            Kind::Time => time::time(value, floor)?,
            Kind::Timetz => time::timetz(value, floor)?,
            Kind::Text(_) => time_text::text(value, floor),
            Kind::Integer(name) => time_text::ticks_of_integer(value, floor, name),
            Kind::Numeric => {
                let ticks = time_text::ticks(value, floor);
                match kind::numeric_limits(source.of.modifier) {
                    Some((precision, scale)) => number::within(&ticks, precision, scale),
                    None => ticks,
                }
            }
            _ => return Ok(None),
        }))
    }

    /// Types whose values are no text and no place stay as they are; those that may hold either, in a form that is
    /// not looked into, become NULL.
    fn scrubbed(&self, scrub: &Scrub, source: &Source<'_>) -> Result<Sql, Unfit> {
        let value = &source.sql;
        let part = |finding| scrub.treatment_of(finding);
        Ok(match source.of.kind {
            Kind::Text(_) => text::text(value, scrub, self.server.encoding.clone()?),
            Kind::Inet | Kind::Cidr => match part(Finding::Ip) {
                Treatment::Truncate(truncate) => address::inet(&value.cast("inet"), truncate),
                Treatment::Pass => value.clone(),
                _ => Sql::null(),
            },
            Kind::Macaddr if matches!(part(Finding::Mac), Treatment::Pass) => value.clone(),
            Kind::Point => match part(Finding::Geo) {
                Treatment::Grid(grid) => point(value, Width::grid(grid)),
                Treatment::Pass => value.clone(),
                _ => Sql::null(),
            },
            kind if kind.is_harmless() => value.clone(),
            _ => Sql::null(),
        })
    }

    fn composite(
        &self,
        rules: &BTreeMap<String, Ruling>,
        unlisted: &Ruling,
        attributes: &[Attribute],
        source: &Source<'_>,
    ) -> Result<Sql, Unfit> {
        let is_missing = |name: &&String| attributes.iter().all(|attribute| attribute.name != **name);
        if let Some(missing) = rules.keys().find(is_missing) {
            let type_name = source.of.plain_name.clone();
            return Err(Unfit::NoSuchAttribute { type_name, attribute: missing.clone() });
        }
        self.row(attributes, source, |name| &*rules.get(name).unwrap_or(unlisted).treatment)
    }

    /// A row of treated attributes. A row that is NULL stays so; a row of NULLs is not the same.
    fn row<'t>(
        &self,
        attributes: &[Attribute],
        source: &Source<'_>,
        treatment_of: impl Fn(&str) -> &'t Treatment,
    ) -> Result<Sql, Unfit> {
        let fields = attributes.iter().map(|Attribute { name, of }| {
            let value = Sql::closed(format!("({}).{}", source.sql.as_str(), identifier(name)));
            let treatment = treatment_of(name);
            let inner = Source::new(&value, of, source.depth);
            let treated = match self.value(treatment, &inner) {
                // There is no edge inside of a composite.
                Err(Unfit::Identifier) => Sql::null(),
                treated => treated?,
            };
            if treated == inner.sql {
                return Ok(value.into_text());
            }
            if of.is_domain {
                return Err(Unfit::DomainAttribute(name.clone()));
            }
            Ok(format!("CAST({} AS {})", treated.as_str(), of.full_name()))
        });
        let fields = fields.collect::<Result<Vec<_>, Unfit>>()?;
        let row = format!(
            "CASE WHEN ({} IS DISTINCT FROM NULL) THEN CAST(ROW({}) AS {}) END",
            source.sql.as_str(),
            fields.join(", "),
            source.of.name
        );
        Ok(Sql::closed(row))
    }
}

/// Applies `treat` to the value, or to each element if it is an array.
fn elements(source: &Source<'_>, treat: impl Fn(&Source<'_>) -> Result<Sql, Unfit>) -> Result<Sql, Unfit> {
    let Shape::Array(of) = &source.of.shape else { return treat(source) };
    let is_row = matches!(of.shape, Shape::Composite(_));
    let element = Element::of(&source.sql, source.depth, is_row);
    let value = element.value();
    let inner = Source::new(&value, of, source.depth + 1);
    let treated = treat(&inner)?;
    if treated == inner.sql {
        return Ok(source.sql.clone());
    }
    Ok(array::array(element, &treated, &of.name, of.kind.element_text()))
}

fn number(width: Width, source: &Source<'_>) -> Result<Option<Sql>, Unfit> {
    let value = &source.sql;
    Ok(Some(match source.of.kind {
        Kind::Float8 => number::float8(value, width),
        Kind::Float4 => number::float4(value, width),
        Kind::Numeric => match kind::numeric_limits(source.of.modifier) {
            Some((precision, scale)) => number::numeric_of(value, width, precision, scale),
            None => number::numeric(value, width),
        },
        Kind::Integer(name) => number::integer(value, width, name)?,
        Kind::Text(_) => number::text(value, width),
        _ => return Ok(None),
    }))
}

/// A text that its type would not cut, or NULL: the half of a network is another network.
fn whole(text: Sql, kind: Kind, modifier: i32) -> Sql {
    let Some(length) = kind.max_characters(modifier) else { return text };
    let column = Sql::closed("\"~l\".\"~t\"");
    let fits = call("length", &[&column]).op("<=", &Sql::int4(length));
    Sql::query(&format!(
        "SELECT {} FROM (SELECT {} AS \"~t\" OFFSET 0) AS \"~l\"",
        sql::when(&fits, &column).as_str(),
        text.as_str()
    ))
}

/// A point's x is a longitude, its y a latitude, or the other way round: both are angles.
fn point(value: &Sql, width: Width) -> Sql {
    let angle = |index: i32| number::float8(&Sql::closed(format!("({})[{index}]", value.as_str())), width);
    call("point", &[&angle(0), &angle(1)])
}
