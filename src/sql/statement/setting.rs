//! `SET`, `RESET` and `SHOW`: settings on the list.

use super::One;
use crate::sql::allow::{Setting, setting};
use crate::sql::catalogue::oid;
use crate::sql::ir::{Pos, SetValue, Statement, StatementKind, Variable};
use crate::sql::refusal::{Checked, Denial};
use crate::sql::seam::{Column, Effect, Kind, Planned};

pub(super) fn set(one: &One<'_>, local: bool, variable: &Variable) -> Checked<Planned> {
    let known = match variable.name() {
        None => None,
        Some(name) => Some(setting(name).ok_or_else(|| refused(name))?),
    };
    let tag = if matches!(variable, Variable::Reset { .. } | Variable::ResetAll) { "RESET" } else { "SET" };
    match (known, variable) {
        (None, Variable::ResetAll) => one.as_it_is(Kind::Session(Effect::ResetAll)),
        (None, _) => one.as_it_is(Kind::Utility { tag }),
        (Some(Setting::SearchPath), Variable::Set { values, .. }) => {
            let path = values.iter().map(text).collect();
            Ok(kept(Effect::SearchPath { path: Some(path), local, tag }))
        }
        (Some(Setting::SearchPath), _) => Ok(kept(Effect::SearchPath { path: None, local, tag })),
        (Some(Setting::Shown), _) => Err(refused(variable.name().unwrap_or_default())),
        (Some(Setting::Among(choices)), Variable::Set { name, values }) => {
            let fits = |value: &SetValue| choices.contains(&text(value).to_ascii_lowercase().as_str());
            if values.len() != 1 || !values.iter().all(fits) {
                let message = format!("this value of setting `{name}` is refused");
                return Err(
                    Denial::forbidden(message, Pos::NONE).hint(format!("allowed: {}", choices.join(", ")))
                );
            }
            sent(one, local, variable)
        }
        (Some(Setting::Among(_) | Setting::Free), _) => sent(one, local, variable),
    }
}

/// Every value is sent as text, which the server reads like the number or word that it was.
fn sent(one: &One<'_>, local: bool, variable: &Variable) -> Checked<Planned> {
    let variable = match variable {
        Variable::Set { name, values } => Variable::Set {
            name: name.to_ascii_lowercase(),
            values: values.iter().map(|value| SetValue::Text(text(value))).collect(),
        },
        other => other.clone(),
    };
    let tag = if matches!(variable, Variable::Reset { .. }) { "RESET" } else { "SET" };
    let statement = Statement { kind: StatementKind::Set { local, variable }, pos: one.statement.pos };
    let rewritten = One { statement: &statement, ..*one };
    rewritten.as_it_is(Kind::Utility { tag })
}

pub(super) fn show(one: &One<'_>, name: &str) -> Checked<Planned> {
    match setting(name) {
        None => Err(refused(name)),
        Some(Setting::SearchPath) => {
            let shown = match one.session.search_path {
                None => one.world.catalogue.own_search_path().join(", "),
                Some(path) => path.join(", "),
            };
            let columns = vec![Column { name: "search_path".to_owned(), type_oid: oid::TEXT }];
            let kind = Kind::Answered { columns, rows: vec![vec![Some(shown)]], tag: "SHOW" };
            Ok(answered(kind))
        }
        Some(Setting::Free | Setting::Among(_) | Setting::Shown) => {
            let mut planned = one.as_it_is(Kind::Rows)?;
            planned.columns.push(crate::sql::seam::Output {
                name: name.to_owned(),
                edge: None,
                type_oid: None,
                stored_oid: None,
            });
            Ok(planned)
        }
    }
}

/// A plan that sends nothing.
pub(super) const fn answered(kind: Kind) -> Planned {
    Planned { sql: String::new(), kind, columns: Vec::new(), hidden_columns: 0, parameters: Vec::new() }
}

const fn kept(effect: Effect) -> Planned {
    answered(Kind::Session(effect))
}

fn text(value: &SetValue) -> String {
    match value {
        SetValue::Integer(value) => value.to_string(),
        SetValue::Number(text) | SetValue::Text(text) => text.clone(),
    }
}

fn refused(name: &str) -> Denial {
    Denial::forbidden(format!("setting `{name}` is not open here"), Pos::NONE)
}
