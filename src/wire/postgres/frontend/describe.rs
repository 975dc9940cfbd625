//! `Describe`: ask what a statement or portal takes and gives.
//!
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-DESCRIBE>

use bytes::{BufMut, BytesMut};

use super::tag;
use crate::base::reader::Reader;
use crate::wire::postgres::Malformed;
use crate::wire::postgres::frame::{self, TooLong};

/// The two kinds of things that have names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A prepared statement.
    Statement,
    /// A portal.
    Portal,
}

impl Target {
    /// Reads a code and a name, as `Describe` and `Close` have them.
    pub(super) fn take(body: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let mut reader = Reader::new(body);
        let target = match reader.u8()? {
            b'S' => Self::Statement,
            b'P' => Self::Portal,
            _ => return Err(Malformed::UnknownCode),
        };
        let name = reader.cstr()?;
        reader.finish()?;
        Ok((target, name))
    }

    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Statement => b'S',
            Self::Portal => b'P',
        }
    }
}

/// What `Describe` is about.
pub struct Describe<'a> {
    /// A statement or a portal.
    pub target: Target,
    /// Its name.
    pub name: &'a [u8],
}

impl<'a> Describe<'a> {
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
        frame::write(out, tag::DESCRIBE, |out| {
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
        let message = Describe::read(b"Ss1\0").unwrap();
        assert_eq!((message.target, message.name), (Target::Statement, &b"s1"[..]));
        let mut out = BytesMut::new();
        message.write(&mut out).unwrap();
        assert_eq!(&out[1..], b"\0\0\0\x08Ss1\0");
        assert_eq!(Describe::read(b"P\0").unwrap().target, Target::Portal);
        assert!(Describe::read(b"Xs1\0").is_err());
        assert!(Describe::read(b"Ss1\0\0").is_err());
    }
}
