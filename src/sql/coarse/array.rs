//! Arrays: each element treated, the dimensions and bounds kept.
//!
//! An array of one dimension that counts from 1 is built by a subquery. Any other shape is written as an array literal
//! in the server's own notation and read back: dimensions and bounds have no other constructor. That reading is the
//! one step here that the server calls stable and not immutable, because it would be for some element types; the
//! elements are written so that no setting changes how they are read.

use super::sql::{Sql, all, call, case, when};

/// The server's limit.
const MAX_DIMENSIONS: i32 = 6;

/// The element of an array, in what treats it. Arrays in arrays (of composites) have elements of other names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    array: &'a Sql,
    depth: u8,
    is_row: bool,
}

/// How a treated element is written as text that no setting reads differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ElementText {
    /// As its type writes it.
    AsItIs,
    /// A float that is a multiple of a decimal: by way of `numeric`, since floats are written by a setting.
    Float,
    /// A `timestamp`: by its Julian day.
    Timestamp,
    /// A `timestamptz`: by its Julian day in UTC.
    Timestamptz,
    /// A `date`: by its Julian day.
    Date,
    /// Not at all: arrays of another shape than one dimension from 1 become NULL.
    None,
}

impl<'a> Element<'a> {
    /// The elements of `array`, which lies in `depth` others.
    pub(super) const fn of(array: &'a Sql, depth: u8, is_row: bool) -> Self {
        Self { array, depth, is_row }
    }

    /// The element.
    pub(super) fn value(self) -> Sql {
        if self.is_row {
            // A row that is unnested becomes columns, and a NULL row a row of NULLs.
            return Sql::closed(format!("({})[{}]", self.array.as_str(), self.ordinal().as_str()));
        }
        Sql::closed(format!("\"~e{}\".\"~v\"", self.depth))
    }

    fn ordinal(self) -> Sql {
        Sql::closed(format!("\"~e{}\".\"~o\"", self.depth))
    }

    fn unnested(self) -> String {
        let (array, depth) = (self.array.as_str(), self.depth);
        if self.is_row {
            return format!("pg_catalog.generate_subscripts({array}, 1) AS \"~e{depth}\"(\"~o\")");
        }
        format!("pg_catalog.unnest({array}) WITH ORDINALITY AS \"~e{depth}\"(\"~v\", \"~o\")")
    }
}

/// The array of treated elements: `treated` is what becomes of [`Element::value`], `element_type` its qualified type.
pub(super) fn array(element: Element<'_>, treated: &Sql, element_type: &str, text: ElementText) -> Sql {
    let array = element.array;
    let dimensions = call("array_ndims", &[array]);
    let first = call("array_lower", &[array, &Sql::int4(1)]);
    let is_plain = all(&[&dimensions.op("=", &Sql::int4(1)), &first.op("=", &Sql::int4(1))]);
    let plain = Sql::closed(format!(
        "ARRAY(SELECT CAST({} AS {element_type}) FROM {} ORDER BY {})",
        treated.as_str(),
        element.unnested(),
        element.ordinal().as_str()
    ));
    let empty = Sql::closed(format!("CAST('{{}}' AS {element_type}[])"));
    let other = match written(treated, text) {
        Some(cell) => literal(element, &cell),
        None => Sql::null(),
    };
    let other = Sql::closed(format!("CAST({} AS {element_type}[])", other.as_str()));
    when(&array.is_not_null(), &case(&[(dimensions.is_null(), empty), (is_plain, plain)], &other))
}

/// The treated element as text; `None` if its type has no text to rely on.
fn written(treated: &Sql, text: ElementText) -> Option<Sql> {
    let julian = |date: &Sql| {
        let days = date.op("-", &Sql::constant("date", "2000-01-01")).op("+", &Sql::int4(2_451_545));
        Sql::text("J").op("||", &days.cast("text"))
    };
    let dated = |name: &str, local: &Sql, zone: &str| {
        let infinite = |sign: &str| (treated.op("=", &Sql::constant(name, sign)), Sql::text(sign));
        let date = julian(&local.cast("date")).op("||", &Sql::text(" "));
        let whole = date.op("||", &local.cast("time").cast("text")).op("||", &Sql::text(zone));
        case(&[infinite("infinity"), infinite("-infinity")], &whole)
    };
    Some(match text {
        ElementText::AsItIs => treated.cast("text"),
        ElementText::Float => treated.cast("numeric").cast("text"),
        ElementText::Timestamp => dated("timestamp", treated, ""),
        ElementText::Timestamptz => {
            dated("timestamptz", &call("timezone", &[&Sql::text("UTC"), treated]), "+00")
        }
        ElementText::Date => julian(treated),
        ElementText::None => return None,
    })
}

/// The array literal: its bounds, then the elements in their order, with a brace wherever a dimension begins or ends.
fn literal(element: Element<'_>, cell: &Sql) -> Sql {
    let array = element.array;
    let shape = format!("\"~s{}\"", element.depth);
    let shape_column = |name: &str| Sql::closed(format!("{shape}.\"~{name}\""));
    let length = |dimension: i32| call("array_length", &[array, &Sql::int4(dimension)]);
    // How many elements lie below one index of each dimension, NULL for a dimension that is not there.
    let below = (1..=MAX_DIMENSIONS).map(|dimension| {
        let inner = (dimension + 1..=MAX_DIMENSIONS).map(|inner| length(inner).or_else(&Sql::int4(1)));
        let product = inner.fold(length(dimension).cast("int8"), |product, length| product.op("*", &length));
        format!("{} AS \"~{dimension}\"", product.as_str())
    });
    let below: Vec<String> = below.collect();
    // A brace opens before the first and closes behind the last of them.
    let braces = |place: &Sql| {
        let edges = (1..=MAX_DIMENSIONS).map(|dimension| {
            let at_edge = place.op("%", &shape_column(&dimension.to_string())).op("=", &Sql::int8(0));
            case(&[(at_edge, Sql::int4(1))], &Sql::int4(0))
        });
        edges.fold(Sql::int4(0), |sum, edge| sum.op("+", &edge))
    };
    let ordinal = element.ordinal();
    let opening = call("repeat", &[&Sql::text("{"), &braces(&ordinal.op("-", &Sql::int8(1)))]);
    let closing = call("repeat", &[&Sql::text("}"), &braces(&ordinal)]);
    let comma = case(&[(ordinal.op(">", &Sql::int8(1)), Sql::text(","))], &Sql::text(""));
    let (backslash, quote) = (Sql::text("\\"), Sql::text("\""));
    let escaped = call("replace", &[cell, &backslash, &Sql::text("\\\\")]);
    let escaped = call("replace", &[&escaped, &quote, &Sql::text("\\\"")]);
    let quoted = quote.op("||", &escaped).op("||", &quote).or_else(&Sql::text("NULL"));
    let token = comma.op("||", &opening).op("||", &quoted).op("||", &closing);
    let listed = Sql::closed(format!(
        "pg_catalog.string_agg({}, {} ORDER BY {})",
        token.as_str(),
        Sql::text("").as_str(),
        ordinal.as_str()
    ));
    let bounds = call("min", &[&shape_column("n")]);
    Sql::query(&format!(
        "SELECT {} FROM (SELECT {}, {} AS \"~n\" OFFSET 0) AS {shape} CROSS JOIN {}",
        bounds.op("||", &Sql::text("=")).op("||", &listed).as_str(),
        below.join(", "),
        call("array_dims", &[array]).as_str(),
        element.unnested(),
    ))
}
