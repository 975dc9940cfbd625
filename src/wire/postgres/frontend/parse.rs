//! `Parse`: prepare one statement under a name.
//!
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-PARSE>

use bytes::{BufMut, BytesMut};

use super::tag;
use crate::base::reader::Reader;
use crate::wire::postgres::frame::{self, TooLong};
use crate::wire::postgres::{Malformed, utf8};

/// A statement to prepare.
pub struct Parse<'a> {
    /// The statement's name; empty for the unnamed one.
    pub name: &'a [u8],
    /// Its text.
    pub text: &'a str,
    /// Type oids that the client declares for the first parameters; 0 leaves a type open.
    pub parameter_types: Vec<u32>,
}

impl<'a> Parse<'a> {
    /// Reads the body.
    ///
    /// # Errors
    /// [`Malformed`]
    pub fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(body);
        let name = reader.cstr()?;
        let text = utf8(reader.cstr()?)?;
        let count = u16::from_be_bytes(reader.array()?);
        let parameter_types =
            (0..count).map(|_| reader.array().map(u32::from_be_bytes)).collect::<Result<_, _>>()?;
        reader.finish()?;
        Ok(Self { name, text, parameter_types })
    }

    /// Writes the message.
    ///
    /// # Errors
    /// [`TooLong`]
    pub fn write(&self, out: &mut BytesMut) -> Result<(), TooLong> {
        frame::write(out, tag::PARSE, |out| {
            frame::put_cstr(out, self.name);
            frame::put_cstr(out, self.text.as_bytes());
            frame::put_count(out, self.parameter_types.len());
            self.parameter_types.iter().for_each(|&oid| out.put_u32(oid));
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_bytes() {
        let body = b"s1\0SELECT $1\0\0\x02\0\0\0\x17\0\0\0\0";
        let parse = Parse::read(body).unwrap();
        assert_eq!(
            (parse.name, parse.text, &parse.parameter_types[..]),
            (&b"s1"[..], "SELECT $1", &[23, 0][..])
        );
        let mut out = BytesMut::new();
        parse.write(&mut out).unwrap();
        assert_eq!(&out[5..], body);
        assert!(Parse::read(b"s1\0SELECT $1\0\x7f\xff\0\0\0\x17").is_err());
        assert!(Parse::read(b"s1\0SELECT $1\0\0\0x").is_err());
    }
}
