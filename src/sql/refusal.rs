//! A refusal on its way out: what is refused, and where in the text that is being read.

use super::Refusal;
use super::allow::Refused;
use super::ir::Pos;

/// A refusal whose place is still a byte offset. Boxed: refusals are rare, and results are everywhere.
#[derive(Debug)]
pub(super) struct Denial(Box<Content>);

#[derive(Debug)]
struct Content {
    sqlstate: &'static str,
    message: String,
    hint: Option<String>,
    pos: Pos,
}

/// Shorthand for this room.
pub(super) type Checked<T> = Result<T, Denial>;

impl Denial {
    /// Any refusal.
    pub(super) fn new(sqlstate: &'static str, message: impl Into<String>, pos: Pos) -> Self {
        Self(Box::new(Content { sqlstate, message: message.into(), hint: None, pos }))
    }

    /// A construct that is not understood.
    pub(super) fn unsupported(construct: &str, pos: Pos) -> Self {
        Self::new("0A000", format!("{construct} is not supported here"), pos)
    }

    /// What the policy does not allow.
    pub(super) fn forbidden(message: impl Into<String>, pos: Pos) -> Self {
        Self::new("42501", message, pos)
    }

    /// What is not on a list.
    pub(super) fn unlisted(what: &str, refused: Refused, pos: Pos) -> Self {
        let denial = Self::new(refused.sqlstate(), format!("{what} is refused: {}", refused.reason), pos);
        match refused.instead {
            None => denial,
            Some(instead) => denial.hint(instead),
        }
    }

    /// A tree that the parser should never give.
    pub(super) fn odd_tree(what: &str, pos: Pos) -> Self {
        Self::new("0A000", format!("the parser gave an unexpected {what}"), pos)
    }

    /// With what is allowed instead.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// The same refusal at another place: for text that is not the client's own, such as a view's.
    pub(super) fn moved(mut self, pos: Pos) -> Self {
        self.0.pos = pos;
        self
    }

    /// The same refusal in the context of something that the client named.
    pub(super) fn within(mut self, context: &str, pos: Pos) -> Self {
        self.0.message = format!("{context}: {}", self.0.message);
        self.0.pos = pos;
        self
    }

    /// For the client: the place counted in characters of `text`.
    pub(super) fn into_refusal(self, text: &str) -> Refusal {
        let Content { sqlstate, message, hint, pos } = *self.0;
        let position = pos.offset().and_then(|offset| {
            let before = text.get(..usize::try_from(offset).ok()?)?;
            u32::try_from(before.chars().count().checked_add(1)?).ok()
        });
        Refusal { sqlstate, message, hint, position }
    }
}
