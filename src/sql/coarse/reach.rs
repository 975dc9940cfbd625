//! Where the raw values of a cell lie, so that an index of the store can find them.
//!
//! A condition on a coarse value implies a condition on the raw one: where `floor(at) = v`, `at` is in the hour in which
//! `v` is. The implied condition only leaves rows out that the condition itself leaves out; it never takes its place.
//!
//! Invariant: if the coarse value of `x` is equal to `v`, `x` lies in one of the spans of `v`. Where the order of coarse
//! values is that of raw ones (`is_ordered`), `x` is not below the first of the span if the coarse value is not below
//! `v`, and not above its last if the coarse value is not above `v`.
//! Invariant: bounds are ends of cells, wherever `v` lies: of two values with one coarse value, NULL included, either both
//! are inside or none is. So the condition tells no more than the cell.
//! Invariant: no bound raises, whatever the value; where there is no telling, it is the smallest or largest of its type.
//! Not here: which conditions there are, and what a value may be (`ranges`).

use super::kind::{self, Kind};
use super::sql::{Sql, all, any, call, case, least};
use super::width::Width;
use super::{number, time};
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
    /// The first of a span belongs to it.
    pub spans: Vec<(String, String)>,
    /// Beyond these, coarse values are NULL at both ends of the type: an open end stops there.
    pub limits: Option<(String, String)>,
    /// The low limit does not belong to what it limits.
    pub starts_after: bool,
    /// The last of a span does not belong to it, nor the high limit to what it limits.
    pub ends_before: bool,
    /// For networks: the longest prefix of an IPv4 cell.
    pub prefix_v4: u8,
}

const DAY_S: i64 = 86_400;

/// The ends of `date`.
const FIRST_DATE: &str = "4714-11-24 BC";
const LAST_DATE: &str = "5874897-12-31";

/// A period after this is still within the calendar.
const LATE_TIME: &str = "290000-01-01 00:00:00+00";
const LATE_DATE: &str = "5800000-01-01";

/// Where carried IPv4 addresses are told apart from others: they are treated as IPv4.
const CARRIERS: [&str; 2] = ["::ffff:0:0", "64:ff9b::"];

/// The bits before a carried address.
const CARRIER_BITS: u8 = 96;

/// The bits before the address that a 6to4 network is made of (RFC 3056).
const SIX_TO_FOUR_BITS: u8 = 16;

/// What is shown at most of addresses of local NAT64 (RFC 8215).
const LOCAL_NAT64_BITS: u8 = 48;

/// The spans of `value` under `treatment`, if there are any that an index could serve.
pub(super) fn of(
    treatment: &Treatment,
    kind: Kind,
    modifier: i32,
    value: &Sql,
    major_version: u32,
) -> Option<Reach> {
    match (treatment, kind) {
        (Treatment::Truncate(truncate), Kind::Inet | Kind::Cidr) => networks(truncate, value),
        (Treatment::Scrub(scrub), Kind::Inet | Kind::Cidr) => match scrub.treatment_of(Finding::Ip) {
            Treatment::Truncate(truncate) => networks(truncate, value),
            _ => None,
        },
        (Treatment::Floor(floor), Kind::Timestamptz | Kind::Timestamp) => {
            times(floor, kind, value, major_version)
        }
        (Treatment::Floor(floor), Kind::Date) => dates(floor, value),
        (Treatment::Grid(grid), Kind::Numeric) => decimals(Width::grid(grid), modifier, value),
        (Treatment::Bucket(bucket), Kind::Numeric) => decimals(Width::bucket(bucket), modifier, value),
        (Treatment::Grid(grid), Kind::Float8) => Some(floats(Width::grid(grid), value)),
        (Treatment::Bucket(bucket), Kind::Float8) => {
            let width = Width::bucket(bucket);
            // Of large floats and small buckets, several of one float.
            width.is_at_least_one().then(|| floats(width, value))
        }
        (Treatment::Bucket(bucket), Kind::Integer(name)) => integers(Width::bucket(bucket), name, value),
        _ => None,
    }
}

fn one(own_type: &'static str, wide_type: &'static str, first: Sql, last: Sql) -> Reach {
    Reach {
        own_type,
        wide_type,
        is_ordered: true,
        spans: vec![(first.into_text(), last.into_text())],
        limits: None,
        starts_after: false,
        ends_before: false,
        prefix_v4: 0,
    }
}

/// Where a network or a part of it is the coarse value, the raw one is inside of it, or inside of what carries it. A
/// value that is smaller than a cell stands for its cell.
fn networks(truncate: &Truncate, value: &Sql) -> Option<Reach> {
    if truncate.form() == AddressForm::Address {
        return None;
    }
    let inet = |text: &str| Sql::constant("inet", text);
    let is_v4 = call("family", &[value]).op("=", &Sql::int4(4));
    let prefix_v4 = truncate.v4().bits();
    // Among longer networks of IPv6 there are parts of cells: those of IPv4, and where an IPv4 address is inside.
    let shortest =
        if prefix_v4 < 32 { (SIX_TO_FOUR_BITS + prefix_v4).min(LOCAL_NAT64_BITS) } else { CARRIER_BITS };
    let prefix_v6 = truncate.v6().bits().min(shortest);
    let prefix = case(&[(is_v4.clone(), Sql::int4(prefix_v4.into()))], &Sql::int4(prefix_v6.into()));
    let bits = least(&[&call("masklen", &[value]), &prefix]);
    let cell = call("set_masklen", &[value, &bits]);
    // Around carriers, some cells have members among the networks of IPv4.
    let is_around = CARRIERS.map(|carrier| cell.op("&&", &inet(&format!("{carrier}/{CARRIER_BITS}"))));
    let is_around = any(&is_around.each_ref());
    let cell = case(&[(is_around.clone(), inet("::/0"))], &cell);
    let span = |network: &Sql| {
        let first = call("network", &[network]).cast("inet");
        let last = call("set_masklen", &[&call("broadcast", &[network]), &Sql::int4(-1)]);
        (first.into_text(), last.into_text())
    };
    let carried = CARRIERS.map(|carrier| {
        let first = call("set_masklen", &[&call("network", &[&cell]).cast("inet"), &Sql::int4(-1)]);
        let carrying = inet(carrier).op("+", &first.op("-", &inet("0.0.0.0")));
        let bits = Sql::int4(CARRIER_BITS.into()).op("+", &bits);
        let carrying = call("set_masklen", &[&carrying, &bits]);
        case(&[(is_v4.clone(), carrying), (is_around.clone(), inet("0.0.0.0/0"))], &cell)
    });
    let spans = std::iter::once(&cell).chain(&carried).map(span).collect();
    let reach = one("inet", "inet", Sql::null(), Sql::null());
    Some(Reach { is_ordered: false, spans, prefix_v4, ..reach })
}

fn times(floor: &Floor, kind: Kind, value: &Sql, major_version: u32) -> Option<Reach> {
    let name = if kind == Kind::Timestamptz { "timestamptz" } else { "timestamp" };
    let floored = |value: &Sql| match kind {
        Kind::Timestamptz => time::timestamptz(value, floor, major_version).ok(),
        _ => time::timestamp(value, floor, major_version).ok(),
    };
    let (beginning, end) = (Sql::constant(name, "-infinity"), Sql::constant(name, "infinity"));
    let cell = floored(value)?;
    // Seconds, which are as long in every time zone.
    let later =
        |seconds: i64| cell.op("+", &time::seconds_of(&Sql::constant("float8", &seconds.to_string())));
    let next = match floor.period() {
        Period::Seconds(seconds) => later(seconds),
        // Somewhere in the next one.
        Period::Month => floored(&later(32 * DAY_S))?,
        Period::Year => floored(&later(367 * DAY_S))?,
    };
    let last = next.op("-", &time::seconds_of(&Sql::constant("float8", "0.000001")));
    let has_next = all(&[&cell.op(">", &beginning), &cell.op("<", &Sql::constant(name, LATE_TIME))]);
    Some(one(name, name, cell.or_else(&beginning), case(&[(has_next, last)], &end)))
}

fn dates(floor: &Floor, value: &Sql) -> Option<Reach> {
    let constant = |date: &str| Sql::constant("date", date);
    let cell = time::date(value, floor).ok()?;
    let later = |days: i64| Some(cell.op("+", &Sql::int4(i32::try_from(days).ok()?)));
    let (low, high) = time::limits_of_date(floor);
    let (low, high) =
        (low.unwrap_or_else(|| constant(FIRST_DATE)), high.unwrap_or_else(|| constant(LAST_DATE)));
    let next = match floor.period() {
        Period::Seconds(seconds) => later((seconds / DAY_S).max(1))?,
        Period::Month => time::date(&later(32)?, floor).ok()?,
        Period::Year => time::date(&later(367)?, floor).ok()?,
    };
    let last = next.op("-", &Sql::int4(1)).or_else(&high);
    let last = case(&[(cell.op("<", &constant(LATE_DATE)), last)], &high);
    let reach = one("date", "date", cell.or_else(&low), last);
    Some(Reach { limits: Some((low.into_text(), high.into_text())), ..reach })
}

fn decimals(width: Width, modifier: i32, value: &Sql) -> Option<Reach> {
    if kind::numeric_limits(modifier).is_some_and(|(_, scale)| scale < width.scale()) {
        // Cells of one name.
        return None;
    }
    let constant = |number: &str| Sql::constant("numeric", number);
    let limits = number::limits(width);
    let (low, high) = (constant(&limits.low), constant(&limits.high));
    let cell = number::numeric(value, width);
    let last = cell.op("+", &constant(&width.decimal())).or_else(&high);
    let reach = one("numeric", "numeric", cell.or_else(&low), last);
    let starts_after = !limits.has_low;
    Some(Reach {
        limits: Some((low.into_text(), high.into_text())),
        starts_after,
        ends_before: true,
        ..reach
    })
}

/// A cell of floats is from its corner to before the next one, which lies around the middle of the next cell.
fn floats(width: Width, value: &Sql) -> Reach {
    let constant = |number: &str| Sql::constant("float8", number);
    let limits = number::float_limits(width);
    let (low, high) = (constant(&limits.low), constant(&limits.high));
    let cell = number::float8(value, width);
    let within_next = cell.op("+", &constant("1.5").op("*", &constant(&width.decimal())));
    let last = number::float8(&within_next, width).or_else(&high);
    let reach = one("float8", "float8", cell.or_else(&low), last);
    let starts_after = !limits.has_low;
    Reach { limits: Some((low.into_text(), high.into_text())), starts_after, ends_before: true, ..reach }
}

/// In numbers without bounds of their own, and then cut to what an integer can be.
fn integers(width: Width, own_type: &'static str, value: &Sql) -> Option<Reach> {
    let within = Sql::constant("numeric", &width.whole()?.checked_sub(1)?.to_string());
    let bound = |bound: i64| Sql::constant("numeric", &bound.to_string());
    let (low, high) = (bound(i64::MIN), bound(i64::MAX));
    let cut = |number: &Sql| {
        Sql::closed(format!("GREATEST({}, LEAST({}, {}))", low.as_str(), high.as_str(), number.as_str()))
            .cast("int8")
    };
    let cell = number::numeric(value, width);
    Some(one(own_type, "numeric", cut(&cell.or_else(&low)), cut(&cell.op("+", &within).or_else(&high))))
}
