//! `NegotiateProtocolVersion`: the minor version and the protocol options that are not to be had.
//!
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-NEGOTIATEPROTOCOLVERSION>

use bytes::{BufMut, BytesMut};

use super::tag;
use crate::wire::postgres::frame::{self, TooLong};

/// Our answer to a client that asks for more than version 3.0. (We never ask a server for more.)
pub struct NegotiateProtocolVersion<'a> {
    /// Names of the `_pq_.` options that we do not know.
    pub unknown_options: &'a [&'a str],
}

impl NegotiateProtocolVersion<'_> {
    /// Writes the message; the version is 3.0.
    ///
    /// # Errors
    /// [`TooLong`]
    pub fn write(&self, out: &mut BytesMut) -> Result<(), TooLong> {
        frame::write(out, tag::NEGOTIATE, |out| {
            out.put_u16(3);
            out.put_u16(0);
            out.put_u32(u32::try_from(self.unknown_options.len()).unwrap_or(u32::MAX));
            self.unknown_options.iter().for_each(|name| frame::put_cstr(out, name.as_bytes()));
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_bytes() {
        let mut out = BytesMut::new();
        NegotiateProtocolVersion { unknown_options: &["_pq_.x"] }.write(&mut out).unwrap();
        assert_eq!(&out[..], b"v\0\0\0\x13\0\x03\0\0\0\0\0\x01_pq_.x\0");
    }
}
