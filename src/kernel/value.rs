//! A scalar as a document or a row shows it.

/// A scalar, borrowed from the bytes that it came in (or from the scratch that it was treated into).
///
/// No `Debug`: a value is what this program exists to hide, and it must not reach a log by accident.
#[derive(Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// SQL `NULL`, JSON `null`, an absent CSV field.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number, in the decimal notation of RFC 8259 section 6, exactly as written.
    Number(&'a str),
    /// Text, unescaped.
    Text(&'a str),
}

impl Value<'_> {
    /// `text` in the shape of this value: a number stays a number, everything else is text.
    pub(super) const fn respelled<'b>(&self, text: &'b str) -> Value<'b> {
        match self {
            Value::Number(_) => Value::Number(text),
            _ => Value::Text(text),
        }
    }
}
