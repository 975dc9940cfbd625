//! `SET`, `RESET` and `SHOW`: settings on the list.

use super::One;
use crate::sql::allow::{SetVerdict, ShowVerdict};
use crate::sql::catalogue::oid;
use crate::sql::ir::{Pos, SetValue, Statement, StatementKind, Variable};
use crate::sql::refusal::{Checked, Denial};
use crate::sql::seam::{Column, Effect, Kind, Planned};

/// Of a name the server reads no more.
const MAX_NAME_BYTES: usize = 63;

pub(super) fn set(one: &One<'_>, local: bool, variable: &Variable) -> Checked<Planned> {
    let lists = &one.world.lists;
    let tag = if matches!(variable, Variable::Reset { .. } | Variable::ResetAll) { "RESET" } else { "SET" };
    let (name, verdict) = match variable {
        Variable::ResetAll => return one.as_it_is(Kind::Session(Effect::ResetAll)),
        Variable::Transaction { .. } => return one.as_it_is(Kind::Utility { tag }),
        Variable::Set { name, values } => {
            let values: Vec<String> = values.iter().map(text).collect();
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            (name, lists.set(name, &values))
        }
        Variable::Default { name } | Variable::Reset { name } => (name, lists.reset(name)),
    };
    match (verdict, variable) {
        (SetVerdict::Sent, _) => sent(one, local, variable),
        (SetVerdict::SentAs(value), _) => {
            let values = vec![SetValue::Text(value.to_owned())];
            sent(one, local, &Variable::Set { name: name.clone(), values })
        }
        (SetVerdict::Kept, Variable::Set { values, .. }) => {
            let path: Vec<String> = values.iter().map(text).collect();
            // The server would cut it off, and find another schema.
            if path.iter().any(|schema| schema.len() > MAX_NAME_BYTES) {
                let message = "a schema's name in the search_path is longer than 63 bytes";
                return Err(Denial::new("42622", message, Pos::NONE));
            }
            Ok(kept(Effect::SearchPath { path: Some(path), local, tag }))
        }
        (SetVerdict::Kept, _) => Ok(kept(Effect::SearchPath { path: None, local, tag })),
        (SetVerdict::Refused(refused, []), _) => {
            Err(Denial::unlisted(&format!("setting `{name}`"), refused, Pos::NONE))
        }
        (SetVerdict::Refused(refused, allowed), _) => {
            let denial = Denial::unlisted(&format!("this value of setting `{name}`"), refused, Pos::NONE);
            Err(denial.hint(format!("allowed: {}", allowed.join(", "))))
        }
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
    match one.world.lists.show(name) {
        ShowVerdict::Refused(refused) => {
            Err(Denial::unlisted(&format!("showing setting `{name}`"), refused, Pos::NONE))
        }
        ShowVerdict::Kept => {
            let shown = one.world.catalogue.shown_path(one.session.search_path);
            let columns = vec![Column { name: "search_path".to_owned(), type_oid: oid::TEXT }];
            let kind = Kind::Answered { columns, rows: vec![vec![Some(shown)]], tag: "SHOW" };
            Ok(answered(kind))
        }
        ShowVerdict::Sent => {
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
pub(super) fn answered(kind: Kind) -> Planned {
    Planned {
        sql: String::new(),
        kind,
        columns: Vec::new(),
        hidden_columns: 0,
        parameters: Vec::new(),
        reads_protected: false,
        applied: std::sync::Arc::default(),
        locks: String::new(),
        path: None,
    }
}

fn kept(effect: Effect) -> Planned {
    answered(Kind::Session(effect))
}

fn text(value: &SetValue) -> String {
    match value {
        SetValue::Integer(value) => value.to_string(),
        SetValue::Number(text) | SetValue::Text(text) => text.clone(),
    }
}
