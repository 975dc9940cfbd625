//! Statements on their way to the store.
//!
//! Invariant: every text is the planner's, or one of the few below.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::BytesMut;

use super::parameters;
use super::settings;
use super::statements::Statement;
use crate::sql::{Effect, Kind, ParameterSource, Planned, Refusal};
use crate::wire::postgres::backend;
use crate::wire::postgres::frame::TooLong;
use crate::wire::postgres::frontend::{Describe, Execute, Parse, Query, Target, tag};

/// Takes the place of a statement that the proxy answers itself: no column, no row, and an error in a failed
/// transaction like any other statement.
const PLACEHOLDER: &str = "SELECT WHERE false";

/// Takes the place of a statement that was refused: a syntax error, which says in the store's log what it is.
const FAILING: &str = "refused by sfumato";

/// The text to send for a statement.
pub(super) fn text(planned: &Planned) -> Cow<'_, str> {
    match &planned.kind {
        Kind::Session(Effect::SearchPath { path, local, tag }) => {
            Cow::Owned(set_search_path(path.as_deref(), *local, tag))
        }
        Kind::Answered { .. } => Cow::Borrowed(PLACEHOLDER),
        _ => Cow::Borrowed(&planned.sql),
    }
}

fn set_search_path(path: Option<&[String]>, local: bool, tag: &str) -> String {
    let scope = if local { "LOCAL" } else { "SESSION" };
    match path {
        // The standard's strings are pinned: a backslash is one.
        Some(path) => {
            let quoted = settings::sent_path(path).map(|schema| format!("'{}'", schema.replace('\'', "''")));
            format!("SET {scope} search_path TO {}", quoted.collect::<Vec<_>>().join(", "))
        }
        None if tag == "RESET" => "RESET search_path".to_owned(),
        None => format!("SET {scope} search_path TO DEFAULT"),
    }
}

/// Sends statements as one simple query.
pub(super) fn as_query(statements: &[Arc<Statement>], out: &mut BytesMut) -> Result<(), TooLong> {
    match statements {
        [one] => Query { text: &text(&one.planned) }.write(out),
        many => {
            let texts: Vec<_> = many.iter().map(|statement| text(&statement.planned)).collect();
            Query { text: &texts.join(";\n") }.write(out)
        }
    }
}

/// Sends statements of a simple query that have parameters of ours, as one batch of the extended protocol.
pub(super) fn as_batch(
    statements: &[Arc<Statement>],
    out: &mut BytesMut,
) -> Result<Result<(), Refusal>, TooLong> {
    let before = out.len();
    for statement in statements {
        parse(b"", statement, out)?;
        if let Err(refusal) = parameters::write_literal_bind(statement, out)? {
            out.truncate(before);
            return Ok(Err(refusal));
        }
        Describe { target: Target::Portal, name: b"" }.write(out)?;
        Execute { portal: b"", max_rows: 0 }.write(out)?;
    }
    backend::write_empty(out, tag::SYNC);
    Ok(Ok(()))
}

/// Sends one statement to be prepared.
pub(super) fn parse(name: &[u8], statement: &Statement, out: &mut BytesMut) -> Result<(), TooLong> {
    let is_answered = matches!(statement.planned.kind, Kind::Answered { .. });
    let parameters = statement.planned.parameters.iter().filter(|_| !is_answered);
    let parameter_types = parameters
        .map(|parameter| match (&parameter.source, parameter.type_oid) {
            (ParameterSource::Client(number), 0) => statement.declared_type(*number),
            (_, type_oid) => type_oid,
        })
        .collect();
    Parse { name, text: &text(&statement.planned), parameter_types }.write(out)
}

/// Sends a Parse that must fail. It has a name, so the client's unnamed statement stays.
pub(super) fn failing_parse(out: &mut BytesMut) -> Result<(), TooLong> {
    Parse { name: b"sfumato_refused", text: FAILING, parameter_types: Vec::new() }.write(out)
}

/// Sends a query that must fail.
pub(super) fn failing_query(out: &mut BytesMut) -> Result<(), TooLong> {
    Query { text: FAILING }.write(out)
}
