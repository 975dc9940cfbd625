//! Numbers to the lower end of their bucket, in SQL.

use crate::kernel::{Bucket, Grid};

/// Magnitudes beyond are not floored, so that nothing overflows.
const MAX_FLOAT: &str = "1e15";

/// The lower end of the multiples of `p/q`, for floats, as [`Grid::float64`] describes it.
fn float_corner(x: &str, (p, q): (u64, u64)) -> String {
    let cells = format!("floor({x} * {q}::float8 / {p}::float8)");
    let corner = |cells: String| format!("({cells} * {p}::float8 / {q}::float8 + 0::float8)");
    format!(
        "CASE WHEN {here} > {x} THEN {below} WHEN {above} <= {x} THEN {above} ELSE {here} END",
        here = corner(cells.clone()),
        below = corner(format!("({cells} - 1::float8)")),
        above = corner(format!("({cells} + 1::float8)")),
    )
}

fn numeric_corner(x: &str, (p, q): (u64, u64)) -> String {
    format!("trim_scale(floor({x} * {q}::numeric / {p}::numeric) * {p}::numeric / {q}::numeric)")
}

/// `x`, a `float8`, to its bucket.
pub(super) fn bucket_float(x: &str, bucket: &Bucket) -> String {
    let corner = float_corner(x, bucket.ratio());
    format!("CASE WHEN {x} > (-{MAX_FLOAT})::float8 AND {x} < {MAX_FLOAT}::float8 THEN {corner} END")
}

/// `x`, a `numeric`, to its bucket.
pub(super) fn bucket_numeric(x: &str, bucket: &Bucket) -> String {
    let corner = numeric_corner(x, bucket.ratio());
    format!("CASE WHEN {x} > (-1e100)::numeric AND {x} < 1e100::numeric THEN {corner} END")
}

/// `x`, an integer of a type whose smallest value is `min`, to its bucket.
pub(super) fn bucket_integer(x: &str, bucket: &Bucket, min: i64) -> Option<String> {
    let (p, q) = bucket.ratio();
    if q != 1 {
        return None;
    }
    // In numeric nothing overflows; the last bucket below is cut.
    Some(format!("greatest(floor(({x})::numeric / {p}::numeric) * {p}::numeric, ({min})::numeric)"))
}

/// `x`, a `float8` in degrees, to the corner of its cell. What is no angle becomes NULL, and the corner decides.
pub(super) fn grid_float(x: &str, grid: &Grid) -> String {
    let corner = float_corner(x, grid.ratio());
    format!(
        "CASE WHEN {x} > (-1000)::float8 AND {x} < 1000::float8 THEN \
         CASE WHEN ({corner}) >= (-360)::float8 AND ({corner}) <= 360::float8 THEN {corner} END END"
    )
}

/// `x`, a `numeric` in degrees.
pub(super) fn grid_numeric(x: &str, grid: &Grid) -> String {
    let corner = numeric_corner(x, grid.ratio());
    format!(
        "CASE WHEN {x} > (-1000)::numeric AND {x} < 1000::numeric THEN \
         CASE WHEN {corner} >= (-360)::numeric AND {corner} <= 360::numeric THEN {corner} END END"
    )
}

/// True for a text that is a decimal number of moderate size.
pub(super) fn is_decimal(s: &str) -> String {
    format!(r"{s} ~ '^[+-]?[0-9]{{1,15}}(\.[0-9]{{1,30}})?$'")
}
