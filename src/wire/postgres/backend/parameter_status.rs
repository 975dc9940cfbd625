//! `ParameterStatus`: a setting that clients want to know, at start-up and when it changes.
//!
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-PARAMETERSTATUS>

use bytes::BytesMut;

use super::tag;
use crate::base::reader::Reader;
use crate::wire::postgres::frame::{self, TooLong};
use crate::wire::postgres::{Malformed, utf8};

/// A setting and its value.
#[derive(Debug, PartialEq, Eq)]
pub struct ParameterStatus<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value.
    pub value: &'a str,
}

impl<'a> ParameterStatus<'a> {
    /// Reads the body.
    ///
    /// # Errors
    /// [`Malformed`]
    pub fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(body);
        let name = utf8(reader.cstr()?)?;
        let value = utf8(reader.cstr()?)?;
        reader.finish()?;
        Ok(Self { name, value })
    }

    /// Writes the message.
    ///
    /// # Errors
    /// [`TooLong`]
    pub fn write(&self, out: &mut BytesMut) -> Result<(), TooLong> {
        frame::write(out, tag::PARAMETER_STATUS, |out| {
            frame::put_cstr(out, self.name.as_bytes());
            frame::put_cstr(out, self.value.as_bytes());
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_bytes() {
        let status = ParameterStatus::read(b"TimeZone\0UTC\0").unwrap();
        assert_eq!((status.name, status.value), ("TimeZone", "UTC"));
        let mut out = BytesMut::new();
        status.write(&mut out).unwrap();
        assert_eq!(&out[..], b"S\0\0\0\x11TimeZone\0UTC\0");
        assert!(ParameterStatus::read(b"TimeZone\0UTC").is_err());
    }
}
