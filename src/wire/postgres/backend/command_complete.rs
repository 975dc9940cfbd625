//! `CommandComplete`: a statement is done, with a tag that says what it was and often a count.
//!
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-COMMANDCOMPLETE>

use bytes::BytesMut;

use super::tag;
use crate::base::reader::Reader;
use crate::wire::postgres::frame::{self, TooLong};
use crate::wire::postgres::{Malformed, utf8};

/// A statement is done.
#[derive(Clone, Copy)]
pub struct CommandComplete<'a> {
    /// What was done: `SELECT 5`, `BEGIN`.
    pub tag: &'a str,
}

impl<'a> CommandComplete<'a> {
    /// Reads the body.
    ///
    /// # Errors
    /// [`Malformed`]
    pub fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(body);
        let tag = utf8(reader.cstr()?)?;
        reader.finish()?;
        Ok(Self { tag })
    }

    /// Writes the message.
    ///
    /// # Errors
    /// [`TooLong`]
    pub fn write(&self, out: &mut BytesMut) -> Result<(), TooLong> {
        frame::write(out, tag::COMMAND_COMPLETE, |out| frame::put_cstr(out, self.tag.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_bytes() {
        assert_eq!(CommandComplete::read(b"SELECT 5\0").unwrap().tag, "SELECT 5");
        let mut out = BytesMut::new();
        CommandComplete { tag: "BEGIN" }.write(&mut out).unwrap();
        assert_eq!(&out[..], b"C\0\0\0\x0aBEGIN\0");
        assert!(CommandComplete::read(b"SELECT 5").is_err());
    }
}
