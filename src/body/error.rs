//! What can be wrong with a body, and where.

use crate::base::budget::BudgetExceeded;

/// A body that cannot be rewritten. It says what is wrong and where, never what stood there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault} (byte {offset})")]
pub struct BodyError {
    /// What is wrong.
    pub fault: Fault,
    /// Where it was noticed: bytes before it, counted from the start of the decoded body, or of the body
    /// as sent for faults of its content coding.
    pub offset: u64,
}

/// What is wrong with a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// RFC 8259: a byte stands where the grammar allows none like it.
    #[error("unexpected byte")]
    UnexpectedByte,
    /// The body ends inside a value, a row, an escape or a coded stream.
    #[error("unexpected end")]
    UnexpectedEnd,
    /// RFC 8259 section 8.1: a byte order mark.
    #[error("byte order mark")]
    ByteOrderMark,
    /// Bytes after the one value of a JSON body or line.
    #[error("bytes after the value")]
    BytesAfterValue,
    /// The one record of the body is of no region that the one who asks reads.
    #[error("of another region")]
    OtherRegion,
    /// Not UTF-8.
    #[error("invalid UTF-8")]
    InvalidUtf8,
    /// RFC 8259 section 7: a control character inside a string.
    #[error("control character in a string")]
    ControlCharacter,
    /// An escape that does not exist, or a `%` without two hexadecimal digits.
    #[error("invalid escape")]
    InvalidEscape,
    /// Half of a surrogate pair.
    #[error("lone surrogate")]
    LoneSurrogate,
    /// RFC 8259 section 6: not a number.
    #[error("invalid number")]
    InvalidNumber,
    /// An object has a member twice, or a table a column: which one counts is the reader's whim.
    #[error("duplicate name")]
    DuplicateName,
    /// Nested deeper than [`Limits::max_depth`](super::Limits::max_depth).
    #[error("nested too deeply")]
    TooDeep,
    /// A name, treated value or number longer than [`Limits::max_token_bytes`](super::Limits::max_token_bytes).
    #[error("name or value too long")]
    TokenTooLong,
    /// More has to be remembered than the byte budget allows.
    #[error(transparent)]
    Budget(#[from] BudgetExceeded),
    /// RFC 4180 section 2.4: a row has more fields than the header.
    #[error("row has more fields than the header")]
    TooManyFields,
    /// RFC 4180 section 2.4: a row has fewer fields than the header.
    #[error("row has fewer fields than the header")]
    TooFewFields,
    /// RFC 4180 section 2.5: a quote where none may stand.
    #[error("quote inside a field")]
    StrayQuote,
    /// A quoted TSV field holds a tab or a line break: readers disagree on where it ends.
    #[error("tab or line break in a quoted field of tab-separated values")]
    AmbiguousField,
    /// A column is called by a name that readers disagree on.
    #[error("name of a column with spaces around it or another delimiter inside")]
    AmbiguousName,
    /// A carriage return without a line feed.
    #[error("carriage return without line feed")]
    BareCarriageReturn,
    /// A byte that a form must escape: readers disagree on what it separates.
    #[error("unescaped byte in a form")]
    UnescapedByte,
    /// The content coding's own check failed.
    #[error("invalid content coding")]
    InvalidCoding,
    /// Bytes after the end of the coded stream.
    #[error("bytes after the coded stream")]
    BytesAfterCoding,
    /// The coded stream asks for a larger window than [`Limits::max_window_log`](super::Limits::max_window_log).
    #[error("window too large")]
    WindowTooLarge,
    /// The coded stream expands more than [`Limits::max_ratio`](super::Limits::max_ratio).
    #[error("expands too much")]
    ExpandsTooMuch,
}
