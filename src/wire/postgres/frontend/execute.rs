//! `Execute`: run a portal, up to a number of rows.
//!
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-EXECUTE>

use bytes::{BufMut, BytesMut};

use super::tag;
use crate::base::reader::Reader;
use crate::wire::postgres::Malformed;
use crate::wire::postgres::frame::{self, TooLong};

/// A portal to run.
pub struct Execute<'a> {
    /// The portal's name.
    pub portal: &'a [u8],
    /// How many rows to send before it is suspended; 0 or less for all.
    pub max_rows: i32,
}

impl<'a> Execute<'a> {
    /// Reads the body.
    ///
    /// # Errors
    /// [`Malformed`]
    pub fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(body);
        let portal = reader.cstr()?;
        let max_rows = reader.i32()?;
        reader.finish()?;
        Ok(Self { portal, max_rows })
    }

    /// Writes the message.
    ///
    /// # Errors
    /// [`TooLong`]
    pub fn write(&self, out: &mut BytesMut) -> Result<(), TooLong> {
        frame::write(out, tag::EXECUTE, |out| {
            frame::put_cstr(out, self.portal);
            out.put_i32(self.max_rows);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_bytes() {
        let execute = Execute::read(b"p\0\0\0\0\x0a").unwrap();
        assert_eq!((execute.portal, execute.max_rows), (&b"p"[..], 10));
        let mut out = BytesMut::new();
        execute.write(&mut out).unwrap();
        assert_eq!(&out[..], b"E\0\0\0\x0ap\0\0\0\0\x0a");
        assert!(Execute::read(b"p\0\0\0\0").is_err());
    }
}
