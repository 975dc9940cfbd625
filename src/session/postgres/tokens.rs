//! Tokens that a client compares with a field, turned back into what they stand for.
//!
//! Invariant: what is no token is refused whether or not the store has such a value; the decision looks at the
//! parameter and the policy alone.

use bytes::BytesMut;

use super::refusal::refusal;
use crate::audit::Subject;
use crate::kernel::{Misfit, Typed};
use crate::policy::Ruling;
use crate::sql::Refusal;
use crate::wire::postgres::Format;
use crate::wire::postgres::value::{self, array, oid};

/// The value that a token (or each element of an array of tokens) in this format stands for. The client writes it as
/// type `asked` (an int4, where the field is an int8), the store gets it as type `sent`. Whom it stands for is `met`.
pub(super) fn turn_back(
    ruling: &Ruling,
    (asked, sent): (u32, u32),
    format: Format,
    token: &[u8],
    met: &mut Met<'_>,
) -> Result<BytesMut, Refusal> {
    let mut out = BytesMut::new();
    let mut misfit = None;
    let is_read = match (oid::element_of(asked), oid::element_of(sent), format) {
        (None, None, _) => {
            if let Err(why) = scalar(ruling, (asked, sent), format, token, (&mut out, met)) {
                misfit = Some(why);
            }
            true
        }
        (Some(asked), Some(sent), Format::Text) => {
            let rewritten = std::str::from_utf8(token).ok().and_then(|text| {
                array::rewrite_text(text, &mut out, |token, out| {
                    keep(&mut misfit, scalar(ruling, (asked, sent), format, token.as_bytes(), (out, met)))
                })
            });
            rewritten.is_some()
        }
        (Some(asked), Some(sent), Format::Binary) => {
            let rewritten = array::rewrite_binary(token, (asked, sent), &mut out, |token, out| {
                keep(&mut misfit, scalar(ruling, (asked, sent), format, token, (out, met)))
            });
            rewritten.is_some()
        }
        (None, Some(_), _) | (Some(_), None, _) => false,
    };
    match misfit {
        None if is_read => Ok(out),
        None => Err(explain(ruling, Misfit::Unreadable)),
        Some(misfit) => Err(explain(ruling, misfit)),
    }
}

/// The persons whose tokens were turned back, where anybody wants to know.
pub(super) struct Met<'m>(pub(super) Option<&'m mut Vec<Subject>>);

/// More persons than these are not listed.
const MAX_SUBJECTS: usize = 1_000;

impl Met<'_> {
    fn add(&mut self, ruling: &Ruling, raw: Typed<'_>) {
        let Some(subjects) = self.0.as_mut().filter(|subjects| subjects.len() < MAX_SUBJECTS) else { return };
        subjects.extend(Subject::of_typed(ruling, raw).filter(|subject| !subjects.contains(subject)));
    }
}

/// Keeps the first thing that went wrong.
fn keep(misfit: &mut Option<Misfit>, done: Result<(), Misfit>) -> bool {
    if let Err(why) = done {
        misfit.get_or_insert(why);
    }
    done.is_ok()
}

fn scalar(
    ruling: &Ruling,
    (asked, sent): (u32, u32),
    format: Format,
    token: &[u8],
    (out, met): (&mut BytesMut, &mut Met<'_>),
) -> Result<(), Misfit> {
    let (mut bytes, mut text) = (Vec::new(), String::new());
    let token = value::read(asked, format, token, &mut bytes).ok_or(Misfit::Unreadable)?;
    let raw = ruling.treatment.turn_back(token, &mut text)?;
    met.add(ruling, raw);
    if value::write(sent, format, raw, out) { Ok(()) } else { Err(Misfit::Unreadable) }
}

fn explain(ruling: &Ruling, misfit: Misfit) -> Refusal {
    let label = &ruling.label;
    let (why, hint) = match misfit {
        Misfit::OneWay => {
            ("is pseudonymised one-way and cannot be compared", "a `tokenize` treatment allows it")
        }
        _ => ("can only be compared with a token of its domain", "take the token from a result of a query"),
    };
    refusal("42501", &format!("{label} {why}"), Some(hint))
}
