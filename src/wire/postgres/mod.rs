//! The PostgreSQL frontend/backend protocol, version 3.
//!
//! One message, one file, each with its link into the specification and a test of literal bytes; the two
//! folders are the protocol's table of contents. [`value`] holds the text and binary forms of single values.
//!
//! Invariant: a message that parsed has been read to its last byte; a message that was written carries its
//! true length.
//! Not here: the order of messages, and which of them may pass.
//!
//! Specification: <https://www.postgresql.org/docs/current/protocol-message-formats.html>

pub mod backend;
pub mod frame;
pub mod frontend;
pub mod value;

use crate::base::reader::{Reader, TrailingBytes, Truncated};

/// A message that the specification does not allow. Says what is wrong with its form, never what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A field runs over the end of the message.
    #[error(transparent)]
    Truncated(#[from] Truncated),
    /// Something stands behind the last field.
    #[error(transparent)]
    TrailingBytes(#[from] TrailingBytes),
    /// A text is not UTF-8.
    #[error("message holds text that is not UTF-8")]
    NotUtf8,
    /// A count or a length is negative, or larger than the message can hold.
    #[error("message holds an impossible count or length")]
    BadCount,
    /// A code that the specification does not list.
    #[error("message holds an unknown code")]
    UnknownCode,
}

/// How a value is written on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As the type's output function prints it.
    Text,
    /// As the type's send function writes it.
    Binary,
}

impl Format {
    /// Reads a format code.
    ///
    /// # Errors
    /// [`Malformed::UnknownCode`] for anything but 0 and 1.
    pub const fn from_code(code: i16) -> Result<Self, Malformed> {
        match code {
            0 => Ok(Self::Text),
            1 => Ok(Self::Binary),
            _ => Err(Malformed::UnknownCode),
        }
    }

    /// The format code.
    #[must_use]
    pub const fn code(self) -> i16 {
        match self {
            Self::Text => 0,
            Self::Binary => 1,
        }
    }
}

/// Takes a value and its length; -1 is NULL, anything else negative is impossible.
///
/// # Errors
/// [`Malformed`] if the message ends before the value does.
pub fn take_value<'a>(reader: &mut Reader<'a>) -> Result<Option<&'a [u8]>, Malformed> {
    match reader.i32()? {
        -1 => Ok(None),
        length => {
            let length = usize::try_from(length).map_err(|_| Malformed::BadCount)?;
            Ok(Some(reader.take(length)?))
        }
    }
}

/// Takes `count` values as they stand, each with its length.
///
/// # Errors
/// As for [`take_value`].
pub fn span_of_values<'a>(reader: &mut Reader<'a>, count: usize) -> Result<&'a [u8], Malformed> {
    let start = reader.rest();
    for _ in 0..count {
        take_value(reader)?;
    }
    let bytes = start.len().checked_sub(reader.rest().len());
    bytes.and_then(|bytes| start.get(..bytes)).ok_or(Malformed::BadCount)
}

/// A text field: UTF-8, as the pinned client encoding promises.
fn utf8(bytes: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(bytes).map_err(|_| Malformed::NotUtf8)
}
