//! The last check before a text is sent: it says what we meant, to the parser at least.
//!
//! Invariant: every byte that is sent was read again. An expression that many statements share may be a page, and is read
//! once, by itself; in each statement it is a name that is read in its place. Both are whole to the grammar wherever an
//! expression may stand, so that the text with the page in it is read as the tree with the page in it.

use std::sync::Arc;

use super::ir::{Body, Expr, Pos, Shared, Statement, StatementKind};
use super::refusal::{Checked, Denial};
use super::{parse, print};

/// Prints `statement`, reads the text again and compares.
pub(super) fn printed(statement: &Statement) -> Checked<String> {
    let (abridged, left_out) = print::abridged(statement);
    let is_read = |shared: &Arc<Shared>| shared.text_by(expression).is_some();
    match parse::own_statements(&abridged)?.as_slice() {
        [again] if again == statement && left_out.iter().all(is_read) => {
            let text = print::statement(statement);
            parse::require_length(&text)?;
            Ok(text)
        }
        _ => Err(Denial::new("XX000", "the statement could not be printed faithfully", Pos::NONE)),
    }
}

/// Prints an expression, reads the text again and compares.
fn expression(expr: &Expr) -> Option<String> {
    let text = print::expression(expr);
    let mut statements = parse::own_statements(&format!("SELECT {text}")).ok()?;
    let StatementKind::Query(query) = statements.pop()?.kind else { return None };
    let Body::Select(select) = query.body else { return None };
    let [target] = select.targets.as_slice() else { return None };
    (target.value == *expr).then_some(text)
}

#[cfg(test)]
#[path = "faithful_tests.rs"]
mod tests;
