//! Where the raw values of a cell lie, so that an index of the store can find them.
//!
//! A condition on a coarse value implies a condition on the raw one: where `floor(at) = v`, `at` is from `v` up to an hour
//! later. The implied condition only leaves rows out that the condition itself leaves out; it never takes its place.
//!
//! Invariant: if the coarse value of `x` is equal to `v`, `x` lies in one of the spans of `v`. Where the order of coarse
//! values is that of raw ones (`is_ordered`), `x` is not below the first of the span if the coarse value is not below
//! `v`, and not above its last if the coarse value is not above `v`.
//! Invariant: no bound raises, whatever the value; where there is no telling, it is the smallest or largest of its type.
//! Not here: which conditions there are, and what a value may be (`ranges`).

use super::kind::Kind;
use super::sql::{Sql, all, call, case};
use super::width::Width;
use crate::kernel::time::Period;
use crate::kernel::{AddressForm, Floor, Kind as Finding, Treatment, Truncate};

/// The spans of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The type of the server's own that a value without a type takes beside the column.
    pub own_type: &'static str,
    /// The type in which spans are computed; the value has to be cast to it.
    pub wide_type: &'static str,
    /// Comparisons by size have spans too, and not equality alone.
    pub is_ordered: bool,
    /// Both ends belong to a span.
    pub spans: Vec<(String, String)>,
}

/// As long as a period of the calendar can be.
const MONTH_DAYS: i64 = 31;
const YEAR_DAYS: i64 = 366;
const DAY_S: i64 = 86_400;

/// A period after this is still within the calendar.
const LATE_TIME: &str = "290000-01-01 00:00:00+00";
const LATE_DATE: &str = "290000-01-01";

/// Where carried IPv4 addresses are told apart from others: they are treated as IPv4.
const CARRIERS: [&str; 2] = ["::ffff:0:0", "64:ff9b::"];

/// The spans of `value` under `treatment`, if there are any that an index could serve.
pub(super) fn of(treatment: &Treatment, kind: Kind, value: &Sql) -> Option<Reach> {
    match (treatment, kind) {
        (Treatment::Truncate(truncate), Kind::Inet | Kind::Cidr) => networks(truncate, value),
        (Treatment::Scrub(scrub), Kind::Inet | Kind::Cidr) => match scrub.treatment_of(Finding::Ip) {
            Treatment::Truncate(truncate) => networks(truncate, value),
            _ => None,
        },
        (Treatment::Floor(floor), _) => times(floor, kind, value),
        (Treatment::Grid(grid), Kind::Float4 | Kind::Float8 | Kind::Numeric) => {
            numbers(Width::grid(grid), kind, value)
        }
        (Treatment::Bucket(bucket), _) => numbers(Width::bucket(bucket), kind, value),
        _ => None,
    }
}

fn one(own_type: &'static str, wide_type: &'static str, first: Sql, last: Sql) -> Reach {
    let spans = vec![(first.into_text(), last.into_text())];
    Reach { own_type, wide_type, is_ordered: true, spans }
}

/// Where a network or a part of it is the coarse value, the raw one is inside of it, or inside of what carries it.
fn networks(truncate: &Truncate, value: &Sql) -> Option<Reach> {
    if truncate.form() == AddressForm::Address {
        return None;
    }
    let inet = |text: &str| Sql::constant("inet", text);
    let is_v4 = call("family", &[value]).op("=", &Sql::int4(4));
    let span = |network: &Sql| {
        let first = call("network", &[network]).cast("inet");
        let last = call("set_masklen", &[&call("broadcast", &[network]), &Sql::int4(-1)]);
        (first.into_text(), last.into_text())
    };
    let carried = CARRIERS.map(|carrier| {
        let first = call("set_masklen", &[&call("network", &[value]).cast("inet"), &Sql::int4(-1)]);
        let carrying = inet(carrier).op("+", &first.op("-", &inet("0.0.0.0")));
        let bits = Sql::int4(96).op("+", &call("masklen", &[value]));
        case(&[(is_v4.clone(), call("set_masklen", &[&carrying, &bits]))], value)
    });
    let spans = std::iter::once(value).chain(&carried).map(span).collect();
    Some(Reach { own_type: "inet", wide_type: "inet", is_ordered: false, spans })
}

fn times(floor: &Floor, kind: Kind, value: &Sql) -> Option<Reach> {
    let name = match kind {
        Kind::Timestamptz => "timestamptz",
        Kind::Timestamp => "timestamp",
        Kind::Date => "date",
        _ => return None,
    };
    let seconds = match floor.period() {
        Period::Seconds(seconds) => seconds,
        Period::Month => MONTH_DAYS * DAY_S,
        Period::Year => YEAR_DAYS * DAY_S,
    };
    let later = if kind == Kind::Date {
        value.op("+", &Sql::int4(i32::try_from(seconds / DAY_S).ok()?))
    } else {
        // Seconds, which are as long in every time zone.
        let zero = &Sql::int4(0);
        let seconds = Sql::constant("float8", &seconds.to_string());
        value.op("+", &call("make_interval", &[zero, zero, zero, zero, zero, zero, &seconds]))
    };
    let late = Sql::constant(name, if kind == Kind::Date { LATE_DATE } else { LATE_TIME });
    let last = case(&[(value.op("<", &late), later)], &Sql::constant(name, "infinity"));
    Some(one(name, name, value.clone(), last))
}

fn numbers(width: Width, kind: Kind, value: &Sql) -> Option<Reach> {
    match kind {
        Kind::Integer(name) => integers(width, name, value),
        Kind::Numeric => {
            let constant = |number: &str| Sql::constant("numeric", number);
            let later = value.op("+", &constant(&width.decimal()));
            // NaN is above every number.
            let last = case(&[(value.op("<", &constant("1e400")), later)], &constant("NaN"));
            Some(one("numeric", "numeric", value.clone(), last))
        }
        Kind::Float8 => Some(floats(width, "float8", "1e-14", value)),
        Kind::Float4 => Some(floats(width, "float4", "1e-6", value)),
        _ => None,
    }
}

/// The next cell but one, and what rounding may add.
fn floats(width: Width, own_type: &'static str, rounding: &str, value: &Sql) -> Reach {
    let constant = |number: &str| Sql::constant("float8", number);
    // Of small numbers too much, which cannot underflow.
    let size =
        Sql::closed(format!("GREATEST({}, {})", call("abs", &[value]).as_str(), constant("1").as_str()));
    let slack = size.op("*", &constant(rounding));
    let is_large = |bound: &str, sign: &str| value.op(sign, &constant(bound));
    let inside = all(&[&is_large("-1e300", ">"), &is_large("1e300", "<")]);
    let first = case(&[(inside.clone(), value.op("-", &slack))], &constant("-Infinity"));
    let two = constant("2").op("*", &constant(&width.decimal()));
    let last = case(&[(inside, value.op("+", &two).op("+", &slack))], &constant("NaN"));
    one(own_type, "float8", first, last)
}

/// In numbers without bounds of their own, and then cut to what an integer can be.
fn integers(width: Width, own_type: &'static str, value: &Sql) -> Option<Reach> {
    let width = Sql::constant("numeric", &width.whole()?.to_string());
    let cut = |number: &Sql| {
        let bound = |bound: i64| Sql::constant("numeric", &bound.to_string());
        let (low, high) = (bound(i64::MIN), bound(i64::MAX));
        Sql::closed(format!("GREATEST({}, LEAST({}, {}))", low.as_str(), high.as_str(), number.as_str()))
            .cast("int8")
    };
    let last = call("floor", &[value]);
    let last = case(&[(value.op("<", &Sql::constant("numeric", "1e400")), last.op("+", &width))], &last);
    Some(one(own_type, "numeric", cut(&call("ceil", &[value])), cut(&last)))
}
