//! `BackendKeyData`: the key that cancels this session's statement.
//!
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-BACKENDKEYDATA>

use bytes::{BufMut, BytesMut};

use super::tag;
use crate::base::reader::Reader;
use crate::wire::postgres::Malformed;
use crate::wire::postgres::frame::{self, TooLong};
use crate::wire::postgres::frontend::CancelKey;

/// A cancel key, of protocol 3.0 (later minor versions allow longer ones; we never ask for them).
pub struct BackendKeyData(pub CancelKey);

impl BackendKeyData {
    /// Reads the body.
    ///
    /// # Errors
    /// [`Malformed`]
    pub fn read(body: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(body);
        let key = CancelKey { process: reader.i32()?, secret: reader.i32()? };
        reader.finish()?;
        Ok(Self(key))
    }

    /// Writes the message.
    ///
    /// # Errors
    /// [`TooLong`]
    pub fn write(&self, out: &mut BytesMut) -> Result<(), TooLong> {
        frame::write(out, tag::BACKEND_KEY_DATA, |out| {
            out.put_i32(self.0.process);
            out.put_i32(self.0.secret);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_bytes() {
        let BackendKeyData(key) = BackendKeyData::read(b"\0\0\x04\xd2\xff\xff\xff\xff").unwrap();
        assert_eq!((key.process, key.secret), (1234, -1));
        let mut out = BytesMut::new();
        BackendKeyData(key).write(&mut out).unwrap();
        assert_eq!(&out[..], b"K\0\0\0\x0c\0\0\x04\xd2\xff\xff\xff\xff");
        assert!(BackendKeyData::read(b"\0\0\x04\xd2\xff\xff\xff\xff\xff").is_err());
    }
}
