//! `ParameterDescription`: the types of a statement's parameters.
//!
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-PARAMETERDESCRIPTION>

use bytes::{BufMut, BytesMut};

use super::tag;
use crate::base::reader::Reader;
use crate::wire::postgres::Malformed;
use crate::wire::postgres::frame::{self, TooLong};

/// Type oids in the order of the parameters.
#[derive(Debug, PartialEq, Eq)]
pub struct ParameterDescription {
    /// One oid each.
    pub types: Vec<u32>,
}

impl ParameterDescription {
    /// Reads the body.
    ///
    /// # Errors
    /// [`Malformed`]
    pub fn read(body: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(body);
        let count = u16::from_be_bytes(reader.array()?);
        let types = (0..count).map(|_| reader.array().map(u32::from_be_bytes)).collect::<Result<_, _>>()?;
        reader.finish()?;
        Ok(Self { types })
    }

    /// Writes the message.
    ///
    /// # Errors
    /// [`TooLong`]
    pub fn write(&self, out: &mut BytesMut) -> Result<(), TooLong> {
        frame::write(out, tag::PARAMETER_DESCRIPTION, |out| {
            frame::put_count(out, self.types.len());
            self.types.iter().for_each(|&oid| out.put_u32(oid));
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_bytes() {
        let description = ParameterDescription::read(b"\0\x02\0\0\0\x17\0\0\0\x19").unwrap();
        assert_eq!(description.types, [23, 25]);
        let mut out = BytesMut::new();
        description.write(&mut out).unwrap();
        assert_eq!(&out[..], b"t\0\0\0\x0e\0\x02\0\0\0\x17\0\0\0\x19");
        assert!(ParameterDescription::read(b"\0\x02\0\0\0\x17").is_err());
    }
}
