//! `grid` and `bucket` in SQL: floats like [`crate::kernel::Grid::float64`], all else in exact decimals.
//!
//! Invariant: no step overflows, underflows or divides by zero, whatever the column holds: NaN, infinities and
//! what is too large become NULL.

use super::sql::{Sql, all, call, case, when};
use super::{Unfit, Width};

/// Numbers of this size and more are outside every range: more than 400 digits before the point.
const LIMIT: &str = "1e400";

/// Where floats become too coarse for cells.
const FLOAT_LIMIT: &str = "1e15";

/// A JSON number (RFC 8259 section 6) whose exponent cannot overflow a `numeric`.
pub(super) const JSON_NUMBER: &str = "^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]{1,3})?$";

/// Text longer than this is no number to us.
const MAX_TEXT: i32 = 1000;

/// The cell's lower end of a `numeric`, with exactly as many decimals as the cell.
pub(super) fn numeric(value: &Sql, width: Width) -> Sql {
    let constant = |number: &str| Sql::constant("numeric", number);
    let Limits { low, has_low, high } = limits(width);
    let above_low = value.op(if has_low { ">=" } else { ">" }, &constant(&low));
    // NaN is above every number.
    let inside = all(&[&above_low, &value.op("<", &constant(&high))]);
    when(&inside, &floor_numeric(value, width))
}

/// The numbers that have cells: from `low`, which may have one itself, to before `high`.
pub(super) struct Limits {
    pub(super) low: String,
    pub(super) has_low: bool,
    pub(super) high: String,
}

pub(super) fn limits(width: Width) -> Limits {
    limits_of(width, LIMIT)
}

/// The floats that have cells.
pub(super) fn float_limits(width: Width) -> Limits {
    limits_of(width, FLOAT_LIMIT)
}

fn limits_of(width: Width, limit: &str) -> Limits {
    match width.range() {
        Some((low, high)) => Limits { low, has_low: true, high },
        None => Limits { low: format!("-{limit}"), has_low: false, high: limit.to_owned() },
    }
}

fn floor_numeric(value: &Sql, width: Width) -> Sql {
    let step = Sql::constant("numeric", &width.decimal());
    let rest = call("mod", &[value, &step]);
    let zero = Sql::constant("numeric", "0");
    let borrowed = case(&[(rest.op("<", &zero), step)], &zero);
    call("round", &[&value.op("-", &rest).op("-", &borrowed), &Sql::int4(width.scale())])
}

/// The same within the limits of `numeric(precision, scale)`: the smallest number of that type that is not below
/// the cell's lower end, NULL where there is none.
pub(super) fn numeric_of(value: &Sql, width: Width, precision: i32, scale: i32) -> Sql {
    fitted(&numeric(value, width), width.scale(), precision, scale)
}

/// A whole `numeric` within the limits of `numeric(precision, scale)`.
pub(super) fn within(value: &Sql, precision: i32, scale: i32) -> Sql {
    fitted(value, 0, precision, scale)
}

/// A number of `decimals` decimals as the smallest of `numeric(precision, scale)` that is not below it.
fn fitted(value: &Sql, decimals: i32, precision: i32, scale: i32) -> Sql {
    let fitting = if scale >= decimals {
        value.clone()
    } else {
        let ten = |power: i32| Sql::constant("numeric", &format!("1e{power}"));
        call("ceil", &[&value.op("*", &ten(scale))]).op("*", &ten(-scale))
    };
    let limit = Sql::constant("numeric", &format!("1e{}", precision - scale));
    when(&call("abs", &[&fitting]).op("<", &limit), &fitting)
}

/// The cell's lower end of a `float8`: the largest float, among those nearest to multiples of the width, that is not
/// above the value.
pub(super) fn float8(value: &Sql, width: Width) -> Sql {
    float(value, value, width, "float8")
}

/// The same among the floats of `float4`.
pub(super) fn float4(value: &Sql, width: Width) -> Sql {
    float(value, &value.cast("float8"), width, "float4")
}

fn float(value: &Sql, wide_value: &Sql, width: Width, float_type: &str) -> Sql {
    let constant = |number: &str| Sql::constant("float8", number);
    let (wide, parts) = width.ratio();
    let (wide, parts) = (constant(&wide.to_string()), constant(&parts.to_string()));
    // Adding zero turns -0 into 0: a sign is below the cell.
    let corner = |index: &Sql| index.op("*", &wide).op("/", &parts).op("+", &constant("0"));
    let rounded =
        |corner: &Sql| if float_type == "float8" { corner.clone() } else { corner.cast(float_type) };
    let scaled = wide_value.op("*", &parts);
    let index = call("floor", &[&if width.ratio().0 == 1 { scaled } else { scaled.op("/", &wide) }]);
    let (below, here, above) =
        (corner(&index.op("-", &constant("1"))), corner(&index), corner(&index.op("+", &constant("1"))));
    let (below, here, above) = (rounded(&below), rounded(&here), rounded(&above));
    let nearest = case(&[(here.op(">", value), below), (above.op("<=", value), above.clone())], &here);
    // Dividing what is nearly zero would underflow, which the server makes an error.
    let tiny = all(&[&wide_value.op(">", &constant("-1e-200")), &wide_value.op("<", &constant("1e-200"))]);
    let around_zero =
        rounded(&case(&[(wide_value.op("<", &constant("0")), corner(&constant("-1")))], &constant("0")));
    let Limits { low, has_low, high } = float_limits(width);
    let above_low = wide_value.op(if has_low { ">=" } else { ">" }, &bound(&low, float_type));
    let inside = all(&[&above_low, &wide_value.op("<", &bound(&high, float_type))]);
    case(&[(all(&[&inside, &tiny]), around_zero), (inside, nearest)], &Sql::null().cast(float_type))
}

/// A limit as the float of the column's type that is nearest to it.
fn bound(decimal: &str, float_type: &str) -> Sql {
    let bound = Sql::constant(float_type, decimal);
    if float_type == "float8" { bound } else { bound.cast("float8") }
}

/// The bucket's lower end of an integer, at least the smallest of its type.
pub(super) fn integer(value: &Sql, width: Width, type_name: &'static str) -> Result<Sql, Unfit> {
    let width = width.whole().ok_or(Unfit::FractionOfInteger)?;
    let step = Sql::int8(width);
    let wide = value.cast("int8");
    let rest = wide.op("%", &step).op("+", &step).op("%", &step);
    let lower = wide.op("-", &rest);
    Ok(match type_name {
        "int2" => greatest_of(&lower, i64::from(i16::MIN), "int2"),
        "int4" => greatest_of(&lower, i64::from(i32::MIN), "int4"),
        _ => {
            let smallest = Sql::int8(i64::MIN);
            let is_high = wide.op(">=", &Sql::int8(i64::MIN.saturating_add(width)));
            // Only evaluated where the value is negative, so that the difference does not overflow.
            let fits = rest.op("<=", &wide.op("-", &smallest));
            case(&[(wide.is_null(), wide), (is_high, lower.clone()), (fits, lower)], &smallest)
        }
    })
}

fn greatest_of(lower: &Sql, smallest: i64, type_name: &str) -> Sql {
    // GREATEST ignores NULL.
    when(&lower.is_not_null(), &super::sql::greatest(&[lower, &Sql::int8(smallest)])).cast(type_name)
}

/// A number in text, by the kernel's notation; what is longer or larger than [`JSON_NUMBER`] allows becomes NULL.
pub(super) fn text(value: &Sql, width: Width) -> Sql {
    let number = value.cast("numeric");
    when(&is_number(value), &numeric(&number, width).cast("text"))
}

/// True if a text can be cast to `numeric`.
pub(super) fn is_number(value: &Sql) -> Sql {
    let short = call("length", &[value]).op("<=", &Sql::int4(MAX_TEXT));
    all(&[&short, &value.op("~", &Sql::text(JSON_NUMBER))])
}
