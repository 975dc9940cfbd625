//! Parameters on their way to the store: in the planner's order, tokens turned back.
//!
//! Invariant: a value that is turned back goes into a parameter of its own, so that no answer can show it.

use std::borrow::Cow;

use bytes::{BufMut, BytesMut};

use super::client::put_codes;
use super::refusal::refusal;
use super::statements::Statement;
use super::tokens::{self, Met};
use crate::sql::{LONGEST_BYTES, Parameter, ParameterSource, Refusal, is_excessive};
use crate::wire::postgres::Format;
use crate::wire::postgres::backend::put_null;
use crate::wire::postgres::frame::{self, TooLong};
use crate::wire::postgres::frontend::{Bind, Codes, tag};

/// One parameter as it is sent.
struct Sent<'a> {
    format: Format,
    value: Option<Cow<'a, [u8]>>,
}

/// Refuses a Bind of so many bytes if a value in it could be made longer than the store can, or is deeper than the store
/// can walk through, beside protected fields.
pub(super) fn require_short(statement: &Statement, bind: &Bind<'_>, bytes: usize) -> Result<(), Refusal> {
    if !statement.planned.reads_protected {
        return Ok(());
    }
    if bind.values.iter().flatten().any(is_excessive) {
        let message = "a parameter that is nested deeply, or has many more digits than it spells, is refused";
        return Err(refusal("54000", message, Some("send it in parts")));
    }
    if bytes > LONGEST_BYTES {
        let message =
            format!("parameters of {LONGEST_BYTES} bytes and more, beside protected fields, are refused");
        return Err(refusal("54000", &message, Some("send them in parts")));
    }
    Ok(())
}

/// Writes the Bind for the store from the client's.
pub(super) fn write_bind(
    bind: &Bind<'_>,
    statement: &Statement,
    met: &mut Met<'_>,
    out: &mut BytesMut,
) -> Result<Result<(), Refusal>, TooLong> {
    let values: Vec<Option<&[u8]>> = bind.values.iter().collect();
    let mut sent = Vec::with_capacity(statement.planned.parameters.len());
    for parameter in &statement.planned.parameters {
        let (asked, format, value) = match &parameter.source {
            ParameterSource::Client(number) => {
                let index = usize::try_from(*number).ok().and_then(|number| number.checked_sub(1));
                let value = index.and_then(|index| values.get(index).copied());
                let format = index.and_then(|index| bind.formats.at(index));
                match (value, format) {
                    (Some(value), Some(format)) => (statement.declared_type(*number), format, value),
                    _ => {
                        return Ok(Err(refusal(
                            "08P01",
                            "parameter formats do not fit the parameters",
                            None,
                        )));
                    }
                }
            }
            ParameterSource::Literal(text) => (0, Format::Text, Some(text.as_bytes())),
        };
        match send(parameter, asked, (format, value), met) {
            Ok(one) => sent.push(one),
            Err(refusal) => return Ok(Err(refusal)),
        }
    }
    put_bind(bind.portal, bind.statement, &sent, (bind.result_formats, statement.hidden_columns()), out)
        .map(Ok)
}

/// Writes the Bind of a statement of a simple query, whose parameters are literals of its text.
pub(super) fn write_literal_bind(
    statement: &Statement,
    out: &mut BytesMut,
) -> Result<Result<(), Refusal>, TooLong> {
    let mut sent = Vec::with_capacity(statement.planned.parameters.len());
    for parameter in &statement.planned.parameters {
        let ParameterSource::Literal(text) = &parameter.source else {
            return Ok(Err(refusal("42P02", "there is no parameter in a simple query", None)));
        };
        match send(parameter, 0, (Format::Text, Some(text.as_bytes())), &mut Met(None)) {
            Ok(one) => sent.push(one),
            Err(refusal) => return Ok(Err(refusal)),
        }
    }
    put_bind(b"", b"", &sent, (Codes::NONE, 0), out).map(Ok)
}

/// A parameter as it is sent, turned back if it is a token. `declared` is the type that the client gave it, or 0.
fn send<'a>(
    parameter: &Parameter,
    declared: u32,
    (format, value): (Format, Option<&'a [u8]>),
    met: &mut Met<'_>,
) -> Result<Sent<'a>, Refusal> {
    let value = match (&parameter.turned_back, value) {
        (Some(ruling), Some(token)) => {
            let sent = parameter.type_oid;
            // Texts of an integer or a uuid are alike under every type; only binary has to be read as it was written.
            let asked = if declared == 0 || format == Format::Text { sent } else { declared };
            let raw = tokens::turn_back(ruling, (asked, sent), format, token, met)?;
            Some(Cow::Owned(raw.to_vec()))
        }
        (_, value) => value.map(Cow::Borrowed),
    };
    Ok(Sent { format, value })
}

fn put_bind(
    portal: &[u8],
    statement: &[u8],
    values: &[Sent<'_>],
    (result_formats, hidden): (Codes<'_>, usize),
    out: &mut BytesMut,
) -> Result<(), TooLong> {
    let mut fits = Ok(());
    frame::write(out, tag::BIND, |out| {
        frame::put_cstr(out, portal);
        frame::put_cstr(out, statement);
        frame::put_count(out, values.len());
        values.iter().for_each(|sent| out.put_i16(sent.format.code()));
        frame::put_count(out, values.len());
        for sent in values {
            match &sent.value {
                Some(value) => fits = fits.and(frame::write_value(out, |out| out.put_slice(value))),
                None => put_null(out),
            }
        }
        put_codes(result_formats, hidden, out);
    })?;
    fits
}
