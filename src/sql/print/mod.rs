//! Our trees become text.
//!
//! Invariant: every operator is parenthesised, every identifier quoted, every literal encoded anew, so that the
//! text means the tree to every server whatever its settings. What was printed is parsed again and compared
//! before it is sent (see `super::faithful`).

mod expr;
mod from;
mod lexeme;
mod query;
mod statement;
mod write;
mod xml;

use std::sync::Arc;

use super::ir::{Expr, Qualified, Shared, Statement};

/// A text being written.
#[derive(Default)]
struct Writer {
    text: String,
    /// Without quotes and schemas that a reader does without.
    brief: bool,
    /// Shared expressions, where placeholders stand for them.
    left_out: Option<Vec<Arc<Shared>>>,
}

/// What most statements need: growing step by step costs more than a page that is not filled.
const USUAL_BYTES: usize = 8 * 1024;

/// The text of a statement.
pub(super) fn statement(statement: &Statement) -> String {
    let mut writer = Writer { text: String::with_capacity(USUAL_BYTES), ..Writer::default() };
    writer.statement(statement);
    writer.text
}

/// The text of a statement with placeholders for shared expressions, and these.
pub(super) fn abridged(statement: &Statement) -> (String, Vec<Arc<Shared>>) {
    let mut writer = Writer { left_out: Some(Vec::new()), ..Writer::default() };
    writer.statement(statement);
    (writer.text, writer.left_out.unwrap_or_default())
}

/// The text of an expression.
pub(super) fn expression(expr: &Expr) -> String {
    let mut writer = Writer::default();
    writer.expr(expr);
    writer.text
}

/// The text of a statement for people; no server is to see it.
pub(super) fn sketch(statement: &Statement) -> String {
    let mut writer = Writer { brief: true, ..Writer::default() };
    writer.statement(statement);
    writer.text
}

/// A statement that reads nothing of these relations.
pub(super) fn locks<'n>(relations: impl IntoIterator<Item = &'n Qualified>) -> String {
    let mut writer = Writer::default();
    for (number, relation) in relations.into_iter().enumerate() {
        writer.word(if number == 0 { "SELECT FROM " } else { ", " });
        writer.qualified(relation);
        writer.word(&format!(" AS r{number}"));
    }
    writer.text
}

impl Writer {
    fn word(&mut self, word: &str) {
        self.text.push_str(word);
    }

    /// Writes `items` with `, ` between them.
    fn list<T>(&mut self, items: impl IntoIterator<Item = T>, mut each: impl FnMut(&mut Self, T)) {
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self.word(", ");
            }
            each(self, item);
        }
    }
}
