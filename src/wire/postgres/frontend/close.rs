//! `Close`: forget a statement or portal.
//!
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-CLOSE>

use bytes::{BufMut, BytesMut};

use super::Target;
use super::tag;
use crate::wire::postgres::Malformed;
use crate::wire::postgres::frame::{self, TooLong};

/// What `Close` is about.
pub struct Close<'a> {
    /// A statement or a portal.
    pub target: Target,
    /// Its name.
    pub name: &'a [u8],
}

impl<'a> Close<'a> {
    /// Reads the body.
    ///
    /// # Errors
    /// [`Malformed`]
    pub fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        let (target, name) = Target::take(body)?;
        Ok(Self { target, name })
    }

    /// Writes the message.
    ///
    /// # Errors
    /// [`TooLong`]
    pub fn write(&self, out: &mut BytesMut) -> Result<(), TooLong> {
        frame::write(out, tag::CLOSE, |out| {
            out.put_u8(self.target.code());
            frame::put_cstr(out, self.name);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_bytes() {
        let message = Close::read(b"Ss1\0").unwrap();
        assert_eq!((message.target, message.name), (Target::Statement, &b"s1"[..]));
        let mut out = BytesMut::new();
        message.write(&mut out).unwrap();
        assert_eq!(&out[1..], b"\0\0\0\x08Ss1\0");
        assert_eq!(Close::read(b"P\0").unwrap().target, Target::Portal);
        assert!(Close::read(b"Xs1\0").is_err());
        assert!(Close::read(b"Ss1\0\0").is_err());
    }
}
