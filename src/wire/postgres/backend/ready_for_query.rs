//! `ReadyForQuery`: the server waits, in or out of a transaction.
//!
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-READYFORQUERY>

use bytes::{BufMut, BytesMut};

use super::tag;
use crate::base::reader::Reader;
use crate::wire::postgres::Malformed;
use crate::wire::postgres::frame::{self, TooLong};

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionStatus {
    /// In no transaction block.
    Idle,
    /// In a transaction block.
    InTransaction,
    /// In a transaction block that failed: everything is refused until it ends.
    Failed,
}

/// The server waits.
pub struct ReadyForQuery(pub TransactionStatus);

impl ReadyForQuery {
    /// Reads the body.
    ///
    /// # Errors
    /// [`Malformed`]
    pub fn read(body: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(body);
        let status = match reader.u8()? {
            b'I' => TransactionStatus::Idle,
            b'T' => TransactionStatus::InTransaction,
            b'E' => TransactionStatus::Failed,
            _ => return Err(Malformed::UnknownCode),
        };
        reader.finish()?;
        Ok(Self(status))
    }

    /// Writes the message.
    ///
    /// # Errors
    /// [`TooLong`]
    pub fn write(&self, out: &mut BytesMut) -> Result<(), TooLong> {
        let code = match self.0 {
            TransactionStatus::Idle => b'I',
            TransactionStatus::InTransaction => b'T',
            TransactionStatus::Failed => b'E',
        };
        frame::write(out, tag::READY_FOR_QUERY, |out| out.put_u8(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_bytes() {
        for (body, status) in [
            (b"I", TransactionStatus::Idle),
            (b"T", TransactionStatus::InTransaction),
            (b"E", TransactionStatus::Failed),
        ] {
            let ready = ReadyForQuery::read(body).unwrap();
            assert_eq!(ready.0, status);
            let mut out = BytesMut::new();
            ready.write(&mut out).unwrap();
            assert_eq!(&out[..], [b'Z', 0, 0, 0, 5, body[0]]);
        }
        assert!(ReadyForQuery::read(b"X").is_err());
        assert!(ReadyForQuery::read(b"II").is_err());
    }
}
