//! `RowDescription`: the columns of a result.
//!
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-ROWDESCRIPTION>

use bytes::{BufMut, BytesMut};

use super::tag;
use crate::base::reader::Reader;
use crate::wire::postgres::frame::{self, TooLong};
use crate::wire::postgres::{Format, Malformed};

/// One column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Oid of the table that it comes from, or 0.
    pub table: u32,
    /// Its number in that table, or 0.
    pub attribute: i16,
    /// Oid of its type.
    pub type_oid: u32,
    /// The type's size, negative where it varies.
    pub type_size: i16,
    /// The type's modifier, -1 without one.
    pub type_modifier: i32,
    /// How its values are written.
    pub format: Format,
}

/// The columns of a result.
#[derive(Debug)]
pub struct RowDescription<'a> {
    /// In order.
    pub fields: Vec<Field<'a>>,
}

impl<'a> RowDescription<'a> {
    /// Reads the body.
    ///
    /// # Errors
    /// [`Malformed`]
    pub fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(body);
        let count = u16::from_be_bytes(reader.array()?);
        let fields = (0..count).map(|_| Field::take(&mut reader)).collect::<Result<_, _>>()?;
        reader.finish()?;
        Ok(Self { fields })
    }

    /// Writes the message.
    ///
    /// # Errors
    /// [`TooLong`]
    pub fn write<'f>(
        out: &mut BytesMut,
        fields: impl ExactSizeIterator<Item = Field<'f>>,
    ) -> Result<(), TooLong> {
        frame::write(out, tag::ROW_DESCRIPTION, |out| {
            frame::put_count(out, fields.len());
            fields.for_each(|field| field.put(out));
        })
    }
}

impl<'a> Field<'a> {
    fn take(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            name: reader.cstr()?,
            table: u32::from_be_bytes(reader.array()?),
            attribute: reader.i16()?,
            type_oid: u32::from_be_bytes(reader.array()?),
            type_size: reader.i16()?,
            type_modifier: reader.i32()?,
            format: Format::from_code(reader.i16()?)?,
        })
    }

    fn put(&self, out: &mut BytesMut) {
        frame::put_cstr(out, self.name);
        out.put_u32(self.table);
        out.put_i16(self.attribute);
        out.put_u32(self.type_oid);
        out.put_i16(self.type_size);
        out.put_i32(self.type_modifier);
        out.put_i16(self.format.code());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_bytes() {
        let body = b"\0\x01id\0\0\0\x40\x01\0\x02\0\0\0\x14\0\x08\xff\xff\xff\xff\0\x01";
        let description = RowDescription::read(body).unwrap();
        let expected = Field {
            name: b"id",
            table: 0x4001,
            attribute: 2,
            type_oid: 20,
            type_size: 8,
            type_modifier: -1,
            format: Format::Binary,
        };
        assert_eq!(description.fields, [expected]);
        let mut out = BytesMut::new();
        RowDescription::write(&mut out, description.fields.into_iter()).unwrap();
        assert_eq!(&out[5..], body);
        assert!(RowDescription::read(b"\x7f\xffid\0").is_err());
    }
}
