//! `DataRow`: one row of a result.
//!
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-DATAROW>

use bytes::{BufMut, BytesMut};

use super::tag;
use crate::base::reader::Reader;
use crate::wire::postgres::frame::{self, TooLong};
use crate::wire::postgres::{Malformed, span_of_values, take_value};

/// One row, walked once from its first value to its last.
pub struct DataRow<'a> {
    left: usize,
    reader: Reader<'a>,
}

impl<'a> DataRow<'a> {
    /// Starts on the body of a row.
    ///
    /// # Errors
    /// [`Malformed::Truncated`] if there is not even a count.
    pub fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(body);
        let left = usize::from(u16::from_be_bytes(reader.array()?));
        Ok(Self { left, reader })
    }

    /// How many values are still to come.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.left
    }

    /// The next value; `None` is NULL.
    ///
    /// # Errors
    /// [`Malformed`] if there is none, or its length is a lie.
    pub fn value(&mut self) -> Result<Option<&'a [u8]>, Malformed> {
        self.left = self.left.checked_sub(1).ok_or(Malformed::BadCount)?;
        take_value(&mut self.reader)
    }

    /// The next `count` values as they stand, each with its length.
    ///
    /// # Errors
    /// As for [`Self::value`].
    pub fn span(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        self.left = self.left.checked_sub(count).ok_or(Malformed::BadCount)?;
        span_of_values(&mut self.reader, count)
    }

    /// Says that the row has been read to its end.
    ///
    /// # Errors
    /// [`Malformed`] if values or bytes are left.
    pub fn finish(self) -> Result<(), Malformed> {
        if self.left == 0 { Ok(self.reader.finish()?) } else { Err(Malformed::BadCount) }
    }
}

/// Writes a row of `columns` values; `values` writes each of them, length first.
///
/// # Errors
/// [`TooLong`]
pub fn write_data_row(
    out: &mut BytesMut,
    columns: usize,
    values: impl FnOnce(&mut BytesMut),
) -> Result<(), TooLong> {
    frame::write(out, tag::DATA_ROW, |out| {
        frame::put_count(out, columns);
        values(out);
    })
}

/// Writes a NULL in a row.
pub fn put_null(out: &mut BytesMut) {
    out.put_i32(-1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_bytes() {
        let mut row = DataRow::read(b"\0\x03\0\0\0\x02ab\xff\xff\xff\xff\0\0\0\0").unwrap();
        assert_eq!(row.left(), 3);
        assert_eq!(row.value(), Ok(Some(&b"ab"[..])));
        assert_eq!(row.value(), Ok(None));
        assert_eq!(row.value(), Ok(Some(&b""[..])));
        assert_eq!(row.finish(), Ok(()));
        let mut out = BytesMut::new();
        write_data_row(&mut out, 2, |out| {
            put_null(out);
            frame::write_value(out, |out| out.put_slice(b"x")).unwrap();
        })
        .unwrap();
        assert_eq!(&out[..], b"D\0\0\0\x0f\0\x02\xff\xff\xff\xff\0\0\0\x01x");
    }

    #[test]
    fn lies_are_errors() {
        let mut row = DataRow::read(b"\0\x01\0\0\0\x05ab").unwrap();
        assert!(row.value().is_err());
        let mut row = DataRow::read(b"\0\x01\xff\xff\xff\xfe").unwrap();
        assert_eq!(row.value(), Err(Malformed::BadCount));
        let mut row = DataRow::read(b"\0\0x").unwrap();
        assert_eq!(row.value(), Err(Malformed::BadCount));
        assert!(DataRow::read(b"\0\0x").unwrap().finish().is_err());
        assert!(DataRow::read(b"\0\x01\0\0\0\0").unwrap().finish().is_err());
    }
}
