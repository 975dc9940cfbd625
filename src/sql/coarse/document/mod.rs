//! Documents: a plan over `jsonb` in SQL.
//!
//! The plan's state machine is first made a list of nodes ([`nodes`]), which say what becomes of a value that stands
//! in each place, by the rules of `body` for JSON: a treatment of scalars makes null of an object or array, `suppress`
//! and `redact` replace it whole, `scrub` reaches every string and name inside, `pass` leaves alone what no deeper rule
//! names. Then there are two ways to walk a document:
//!
//! - [`fixed`]: nested expressions, where the places are a tree of names and wildcards;
//! - [`walk`]: a recursive query that carries the machine's state along, where rules or the ruling for unlisted values
//!   reach any depth. It writes the document as text, which is read back as `jsonb`.
//!
//! Identifiers become null: their pseudonyms cannot be made here.
//! Invariant: a document that is not NULL gives one that is not NULL.

mod fixed;
mod nodes;
mod scalar;
mod walk;

use std::sync::Arc;

use nodes::Machine;

use super::sql::{Sql, all, call, when};
use super::{Encoding, Unfit};
use crate::kernel::Treatment;
use crate::policy::{JsonPath, NamedTreatment, Plan, PlanBuilder, Rule};

/// Expressions longer than this are written as the recursive query, whose size does not grow with the paths.
const MAX_FIXED_BYTES: usize = 64 * 1024;

/// A `jsonb` under a plan.
pub(super) fn jsonb(value: &Sql, plan: &Plan, encoding: Result<Encoding, Unfit>) -> Result<Sql, Unfit> {
    let machine = Machine::new(plan)?;
    let scalars = scalar::Scalars::new(plan, encoding);
    let fixed = fixed::document(value, &machine, &scalars, MAX_FIXED_BYTES)?;
    let treated = match fixed {
        Some(fixed) => fixed,
        None => walk::document(value, &machine, &scalars)?,
    };
    Ok(when(&value.is_not_null(), &treated))
}

/// A `json` under a plan, by way of `jsonb` where that cannot fail: not with escaped NUL or lone surrogates, and not
/// with numbers that `numeric` cannot hold. Strings are no numbers, whatever they look like: whether the document is
/// there must not depend on the digits of an identifier. The result is the text of the `jsonb`: duplicate names and
/// blanks are gone.
pub(super) fn json(value: &Sql, plan: &Plan, encoding: Result<Encoding, Unfit>) -> Result<Sql, Unfit> {
    let text = value.bytewise();
    let treated = jsonb(&text.cast("jsonb"), plan, encoding)?;
    let pairs = Sql::text("\\\\u[dD][89abAB][0-9A-Fa-f]{2}\\\\u[dD][c-fC-F][0-9A-Fa-f]{2}");
    let without_pairs = call("regexp_replace", &[&text, &pairs, &Sql::text(""), &Sql::text("g")]);
    let strings = Sql::text("\"(?:[^\"\\\\]|\\\\.)*\"");
    let without_strings = call("regexp_replace", &[&text, &strings, &Sql::text("\"\""), &Sql::text("g")]);
    let not = |text: &Sql, pattern: &str| text.op("!~", &Sql::text(pattern));
    let is_sound = all(&[
        &not(&without_pairs, "\\\\u(0000|[dD][89a-fA-F])"),
        &not(&without_strings, "[0-9][eE][-+]?[0-9]{4,}|[0-9.]{250,}"),
    ]);
    Ok(when(&is_sound, &treated.cast("json")))
}

/// A `jsonb` under one treatment.
pub(super) fn whole_jsonb(
    value: &Sql,
    treatment: &Treatment,
    encoding: Result<Encoding, Unfit>,
) -> Result<Sql, Unfit> {
    jsonb(value, &whole(treatment)?, encoding)
}

/// A `json` under one treatment.
pub(super) fn whole_json(
    value: &Sql,
    treatment: &Treatment,
    encoding: Result<Encoding, Unfit>,
) -> Result<Sql, Unfit> {
    json(value, &whole(treatment)?, encoding)
}

fn whole(treatment: &Treatment) -> Result<Plan, Unfit> {
    let named = |treatment: Treatment| {
        NamedTreatment { name: "".into(), treatment: Arc::new(treatment) }.rule_for("", Rule::Fields)
    };
    let root: JsonPath = "$".parse().map_err(|_| Unfit::DocumentTooLarge)?;
    let mut plan = PlanBuilder::new(named(Treatment::Pass));
    plan.add(root, named(treatment.clone()));
    plan.build().map_err(|_| Unfit::DocumentTooLarge)
}

/// `text` as a JSON string. NUL, which the server has no text for, is left out.
fn json_string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars().filter(|&c| c != '\0') {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The kind of a `jsonb`.
fn is_a(value: &Sql, kind: &str) -> Sql {
    call("jsonb_typeof", &[value]).op("=", &Sql::text(kind))
}
