//! The untagged messages that open a connection: `StartupMessage`, `SSLRequest`, `GSSENCRequest`,
//! `CancelRequest`.
//!
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-STARTUPMESSAGE>

use bytes::{BufMut, BytesMut};

use crate::base::reader::Reader;
use crate::wire::postgres::frame::{self, TooLong};
use crate::wire::postgres::{Malformed, utf8};

const CANCEL: (u16, u16) = (1234, 5678);
const TLS: (u16, u16) = (1234, 5679);
const GSS: (u16, u16) = (1234, 5680);

/// What a connection begins with.
pub enum Opening<'a> {
    /// May we speak TLS?
    TlsRequest,
    /// May we speak GSSAPI encryption?
    GssRequest,
    /// Stop what another connection does.
    Cancel(CancelRequest),
    /// A session, in this major and minor version.
    Startup(Startup<'a>),
}

/// The key that stops another connection's statement. No `Debug`: it is a secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CancelKey {
    /// The process number that was announced for the connection.
    pub process: i32,
    /// The secret that goes with it.
    pub secret: i32,
}

/// A request to stop what another connection does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CancelRequest(pub CancelKey);

/// A request for a session.
#[derive(Clone, Copy)]
pub struct Startup<'a> {
    /// Major version.
    pub major: u16,
    /// Minor version.
    pub minor: u16,
    /// Names and values.
    pub parameters: Parameters<'a>,
}

/// Names and values of a start-up message, each a NUL-terminated UTF-8 text.
#[derive(Clone, Copy)]
pub struct Parameters<'a> {
    bytes: &'a [u8],
}

impl<'a> Opening<'a> {
    /// Reads what stands behind the length.
    ///
    /// # Errors
    /// [`Malformed`]
    pub fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(body);
        let version = (u16::from_be_bytes(reader.array()?), u16::from_be_bytes(reader.array()?));
        let opening = match version {
            TLS => Self::TlsRequest,
            GSS => Self::GssRequest,
            CANCEL => {
                Self::Cancel(CancelRequest(CancelKey { process: reader.i32()?, secret: reader.i32()? }))
            }
            (major, minor) => {
                let parameters = Parameters::take(&mut reader)?;
                Self::Startup(Startup { major, minor, parameters })
            }
        };
        reader.finish()?;
        Ok(opening)
    }
}

/// A request to go on over TLS, as a client writes it.
#[derive(Clone, Copy, Debug)]
pub struct TlsRequest;

impl TlsRequest {
    /// Writes the message.
    ///
    /// # Errors
    /// [`TooLong`]
    pub fn write(self, out: &mut BytesMut) -> Result<(), TooLong> {
        frame::write_untagged(out, |out| {
            out.put_u16(TLS.0);
            out.put_u16(TLS.1);
        })
    }
}

impl CancelRequest {
    /// Writes the message.
    ///
    /// # Errors
    /// [`TooLong`]
    pub fn write(&self, out: &mut BytesMut) -> Result<(), TooLong> {
        frame::write_untagged(out, |out| {
            out.put_u16(CANCEL.0);
            out.put_u16(CANCEL.1);
            out.put_i32(self.0.process);
            out.put_i32(self.0.secret);
        })
    }
}

impl Startup<'_> {
    /// Writes a start-up message of version 3.0 with these names and values.
    ///
    /// # Errors
    /// [`TooLong`]
    pub fn write<'v>(
        out: &mut BytesMut,
        parameters: impl IntoIterator<Item = (&'v str, &'v str)>,
    ) -> Result<(), TooLong> {
        frame::write_untagged(out, |out| {
            out.put_u16(3);
            out.put_u16(0);
            for (name, value) in parameters {
                frame::put_cstr(out, name.as_bytes());
                frame::put_cstr(out, value.as_bytes());
            }
            out.put_u8(0);
        })
    }
}

impl<'a> Parameters<'a> {
    fn take(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let start = reader.rest();
        loop {
            let used = start.len().saturating_sub(reader.rest().len());
            if utf8(reader.cstr()?)?.is_empty() {
                return Ok(Self { bytes: start.get(..used).unwrap_or_default() });
            }
            utf8(reader.cstr()?)?;
        }
    }

    /// Names and values in the order in which they were sent.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let mut reader = Reader::new(self.bytes);
        std::iter::from_fn(move || {
            let name = utf8(reader.cstr().ok()?).ok()?;
            let value = utf8(reader.cstr().ok()?).ok()?;
            Some((name, value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_openings() {
        assert!(matches!(Opening::read(b"\x04\xd2\x16\x2f"), Ok(Opening::TlsRequest)));
        assert!(matches!(Opening::read(b"\x04\xd2\x16\x30"), Ok(Opening::GssRequest)));
        let Ok(Opening::Cancel(cancel)) = Opening::read(b"\x04\xd2\x16\x2e\0\0\0\x01\0\0\0\x02") else {
            panic!("cancel")
        };
        assert!(cancel == CancelRequest(CancelKey { process: 1, secret: 2 }));
        let mut out = BytesMut::new();
        cancel.write(&mut out).unwrap();
        assert_eq!(&out[..], b"\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\x01\0\0\0\x02");
        let body = b"\0\x03\0\0user\0alice\0database\0app\0\0";
        let Ok(Opening::Startup(startup)) = Opening::read(body) else { panic!("startup") };
        assert_eq!((startup.major, startup.minor), (3, 0));
        let parameters: Vec<_> = startup.parameters.iter().collect();
        assert_eq!(parameters, [("user", "alice"), ("database", "app")]);
        let mut out = BytesMut::new();
        Startup::write(&mut out, parameters).unwrap();
        assert_eq!(&out[4..], body);
    }

    #[test]
    fn nothing_stands_behind() {
        let bad: [&[u8]; 7] = [
            b"",
            b"\0\x03\0",
            b"\x04\xd2\x16\x2fQ",
            b"\0\x03\0\0user\0alice\0\0x",
            b"\0\x03\0\0user\0alice\0",
            b"\0\x03\0\0user\0\xff\0\0",
            b"\x04\xd2\x16\x2e\0\0\0\x01",
        ];
        for body in bad {
            assert!(Opening::read(body).is_err(), "{body:?}");
        }
    }
}
