//! `CopyInResponse`, `CopyOutResponse`, `CopyBothResponse`: a COPY begins.
//!
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-COPYOUTRESPONSE>

use bytes::{BufMut, BytesMut};

use crate::base::reader::Reader;
use crate::wire::postgres::frame::{self, TooLong};
use crate::wire::postgres::{Format, Malformed};

/// The three have one form; the message's type byte says which it is.
#[derive(Debug, PartialEq, Eq)]
pub struct CopyResponse {
    /// Text (also CSV) or binary.
    pub format: Format,
    /// How many columns a row has.
    pub columns: usize,
}

impl CopyResponse {
    /// Reads the body. Each column must have the format of the whole: nothing else exists.
    ///
    /// # Errors
    /// [`Malformed`]
    pub fn read(body: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(body);
        let format = Format::from_code(i16::from(reader.u8()?))?;
        let columns = usize::from(u16::from_be_bytes(reader.array()?));
        for _ in 0..columns {
            if Format::from_code(reader.i16()?)? != format {
                return Err(Malformed::UnknownCode);
            }
        }
        reader.finish()?;
        Ok(Self { format, columns })
    }

    /// Writes the message under `tag`.
    ///
    /// # Errors
    /// [`TooLong`]
    pub fn write(&self, out: &mut BytesMut, tag: u8) -> Result<(), TooLong> {
        frame::write(out, tag, |out| {
            out.put_u8(if self.format == Format::Binary { 1 } else { 0 });
            frame::put_count(out, self.columns);
            (0..self.columns).for_each(|_| out.put_i16(self.format.code()));
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_bytes() {
        let response = CopyResponse::read(b"\x01\0\x02\0\x01\0\x01").unwrap();
        assert_eq!(response, CopyResponse { format: Format::Binary, columns: 2 });
        let mut out = BytesMut::new();
        response.write(&mut out, b'H').unwrap();
        assert_eq!(&out[..], b"H\0\0\0\x0b\x01\0\x02\0\x01\0\x01");
        for bad in [&b"\x01\0\x02\0\x01\0\0"[..], b"\x02\0\0", b"\0\0\x01", b"\0\0\0\0"] {
            assert!(CopyResponse::read(bad).is_err());
        }
    }
}
