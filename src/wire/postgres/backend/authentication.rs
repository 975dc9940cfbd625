//! `Authentication*`: how the client shall prove who it is.
//!
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-AUTHENTICATIONOK>

use bytes::{BufMut, BytesMut};

use super::tag;
use crate::base::reader::Reader;
use crate::wire::postgres::Malformed;
use crate::wire::postgres::frame::{self, TooLong};

/// One step of authentication. What is opaque to us is only recognised.
#[derive(Debug, PartialEq, Eq)]
pub enum Authentication<'a> {
    /// It is done.
    Ok,
    /// A password in clear.
    CleartextPassword,
    /// A password hashed with MD5 and a salt.
    Md5Password,
    /// SASL, by one of these mechanisms.
    Sasl(Vec<&'a [u8]>),
    /// More of a SASL exchange.
    SaslContinue,
    /// The last of a SASL exchange.
    SaslFinal,
    /// Kerberos, GSSAPI, SSPI and what may come: needs a partner at the client's end that we are not.
    Other,
}

impl<'a> Authentication<'a> {
    /// Reads the body.
    ///
    /// # Errors
    /// [`Malformed`]
    pub fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(body);
        match reader.i32()? {
            0 => reader.finish().map(|()| Self::Ok).map_err(Malformed::from),
            3 => reader.finish().map(|()| Self::CleartextPassword).map_err(Malformed::from),
            5 => {
                reader.array::<4>()?;
                reader.finish()?;
                Ok(Self::Md5Password)
            }
            10 => {
                let mut mechanisms = Vec::new();
                loop {
                    match reader.cstr()? {
                        [] => break,
                        mechanism => mechanisms.push(mechanism),
                    }
                }
                reader.finish()?;
                Ok(Self::Sasl(mechanisms))
            }
            11 => Ok(Self::SaslContinue),
            12 => Ok(Self::SaslFinal),
            _ => Ok(Self::Other),
        }
    }

    /// Writes the next message of a SASL exchange.
    ///
    /// # Errors
    /// [`TooLong`]
    pub fn write_sasl_continue(out: &mut BytesMut, message: &[u8]) -> Result<(), TooLong> {
        write_carrying(out, 11, message)
    }

    /// Writes the last message of a SASL exchange.
    ///
    /// # Errors
    /// [`TooLong`]
    pub fn write_sasl_final(out: &mut BytesMut, message: &[u8]) -> Result<(), TooLong> {
        write_carrying(out, 12, message)
    }

    /// Writes the offer of SASL mechanisms.
    ///
    /// # Errors
    /// [`TooLong`]
    pub fn write_sasl(out: &mut BytesMut, mechanisms: &[&[u8]]) -> Result<(), TooLong> {
        frame::write(out, tag::AUTHENTICATION, |out| {
            out.put_i32(10);
            mechanisms.iter().for_each(|mechanism| frame::put_cstr(out, mechanism));
            out.put_u8(0);
        })
    }
}

fn write_carrying(out: &mut BytesMut, kind: i32, message: &[u8]) -> Result<(), TooLong> {
    frame::write(out, tag::AUTHENTICATION, |out| {
        out.put_i32(kind);
        out.put_slice(message);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_bytes() {
        assert_eq!(Authentication::read(b"\0\0\0\0"), Ok(Authentication::Ok));
        assert_eq!(Authentication::read(b"\0\0\0\x03"), Ok(Authentication::CleartextPassword));
        assert_eq!(Authentication::read(b"\0\0\0\x05salt"), Ok(Authentication::Md5Password));
        assert_eq!(Authentication::read(b"\0\0\0\x07"), Ok(Authentication::Other));
        let sasl = b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0";
        let Ok(Authentication::Sasl(mechanisms)) = Authentication::read(sasl) else { panic!("sasl") };
        assert_eq!(mechanisms, [&b"SCRAM-SHA-256-PLUS"[..], b"SCRAM-SHA-256"]);
        let mut out = BytesMut::new();
        Authentication::write_sasl(&mut out, &mechanisms).unwrap();
        assert_eq!(&out[5..], sasl);
        for bad in [&b"\0\0\0\0\0"[..], b"\0\0\0\x05sal", b"\0\0\0\x0aSCRAM-SHA-256\0", b""] {
            assert!(Authentication::read(bad).is_err());
        }
    }
}
