//! `Query`: a string of statements, run at once.
//!
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-QUERY>

use bytes::BytesMut;

use super::tag;
use crate::base::reader::Reader;
use crate::wire::postgres::frame::{self, TooLong};
use crate::wire::postgres::{Malformed, utf8};

/// A simple query.
pub struct Query<'a> {
    /// The statements' text.
    pub text: &'a str,
}

impl<'a> Query<'a> {
    /// Reads the body.
    ///
    /// # Errors
    /// [`Malformed`] if it is not one UTF-8 text and its NUL.
    pub fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(body);
        let text = utf8(reader.cstr()?)?;
        reader.finish()?;
        Ok(Self { text })
    }

    /// Writes the message.
    ///
    /// # Errors
    /// [`TooLong`]
    pub fn write(&self, out: &mut BytesMut) -> Result<(), TooLong> {
        frame::write(out, tag::QUERY, |out| frame::put_cstr(out, self.text.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_bytes() {
        let query = Query::read(b"SELECT 1\0").unwrap();
        let mut out = BytesMut::new();
        query.write(&mut out).unwrap();
        assert_eq!(&out[..], b"Q\0\0\0\x0dSELECT 1\0");
        for bad in [&b"SELECT 1"[..], b"a\0b\0", b"\xff\0", b""] {
            assert!(Query::read(bad).is_err());
        }
    }
}
