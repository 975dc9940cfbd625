//! The last check before a text is sent: it says what we meant, to the parser at least.

use super::ir::{Pos, Statement};
use super::refusal::{Checked, Denial};
use super::{parse, print};

/// Prints `statement`, reads the text again and compares.
pub(super) fn printed(statement: &Statement) -> Checked<String> {
    let text = print::statement(statement);
    match parse::own_statements(&text)?.as_slice() {
        [again] if again == statement => Ok(text),
        _ => Err(Denial::new("XX000", "the statement could not be printed faithfully", Pos::NONE)),
    }
}

#[cfg(test)]
#[path = "faithful_tests.rs"]
mod tests;
