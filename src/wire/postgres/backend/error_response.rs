//! `ErrorResponse` and `NoticeResponse`: the same form under two type bytes.
//!
//! Read, only what is no prose: severity and SQLSTATE. Written, only a [`Report`] of our own words: a
//! server's texts quote values (`Key (email)=(...)`), so there is no way through for them.
//!
//! <https://www.postgresql.org/docs/current/protocol-error-fields.html>

use bytes::{BufMut, BytesMut};

use super::tag;
use crate::base::reader::Reader;
use crate::wire::postgres::Malformed;
use crate::wire::postgres::frame::{self, TooLong};

/// How bad it is, in the words that are never translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The statement failed.
    Error,
    /// The session ends.
    Fatal,
    /// All sessions end.
    Panic,
    /// A warning, ...
    Warning,
    /// ... a notice, ...
    Notice,
    /// ... and lesser ones.
    Debug,
    /// An information that was asked for.
    Info,
    /// A log line.
    Log,
}

/// What may be known of a server's error or notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorFields {
    /// How bad it is.
    pub severity: Severity,
    /// Its SQLSTATE: five digits or capitals.
    pub sqlstate: [u8; 5],
}

/// An error or notice in our own words.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// How bad it is.
    pub severity: Severity,
    /// Its SQLSTATE.
    pub sqlstate: [u8; 5],
    /// What is wrong.
    pub message: &'a str,
    /// What to do about it.
    pub hint: Option<&'a str>,
    /// Where in the client's text, in characters from 1.
    pub position: Option<u32>,
}

impl ErrorFields {
    /// Reads the body.
    ///
    /// # Errors
    /// [`Malformed`] also where severity or SQLSTATE is missing or is none.
    pub fn read(body: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(body);
        let (mut severity, mut localised, mut sqlstate) = (None, None, None);
        loop {
            match reader.u8()? {
                0 => break,
                b'V' => severity = Some(Severity::from_word(reader.cstr()?)?),
                b'S' => localised = Severity::from_word(reader.cstr()?).ok(),
                b'C' => sqlstate = Some(sqlstate_of(reader.cstr()?)?),
                _ => drop(reader.cstr()?),
            }
        }
        reader.finish()?;
        match (severity.or(localised), sqlstate) {
            (Some(severity), Some(sqlstate)) => Ok(Self { severity, sqlstate }),
            _ => Err(Malformed::Truncated(crate::base::reader::Truncated)),
        }
    }
}

fn sqlstate_of(code: &[u8]) -> Result<[u8; 5], Malformed> {
    let code: [u8; 5] = code.try_into().map_err(|_| Malformed::UnknownCode)?;
    let plain = code.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    if plain { Ok(code) } else { Err(Malformed::UnknownCode) }
}

impl Severity {
    fn from_word(word: &[u8]) -> Result<Self, Malformed> {
        match word {
            b"ERROR" => Ok(Self::Error),
            b"FATAL" => Ok(Self::Fatal),
            b"PANIC" => Ok(Self::Panic),
            b"WARNING" => Ok(Self::Warning),
            b"NOTICE" => Ok(Self::Notice),
            b"DEBUG" => Ok(Self::Debug),
            b"INFO" => Ok(Self::Info),
            b"LOG" => Ok(Self::Log),
            _ => Err(Malformed::UnknownCode),
        }
    }

    const fn word(self) -> &'static [u8] {
        match self {
            Self::Error => b"ERROR",
            Self::Fatal => b"FATAL",
            Self::Panic => b"PANIC",
            Self::Warning => b"WARNING",
            Self::Notice => b"NOTICE",
            Self::Debug => b"DEBUG",
            Self::Info => b"INFO",
            Self::Log => b"LOG",
        }
    }
}

impl Report<'_> {
    /// Writes the report as an `ErrorResponse`.
    ///
    /// # Errors
    /// [`TooLong`]
    pub fn write_error(&self, out: &mut BytesMut) -> Result<(), TooLong> {
        frame::write(out, tag::ERROR, |out| self.put(out))
    }

    /// Writes the report as a `NoticeResponse`.
    ///
    /// # Errors
    /// [`TooLong`]
    pub fn write_notice(&self, out: &mut BytesMut) -> Result<(), TooLong> {
        frame::write(out, tag::NOTICE, |out| self.put(out))
    }

    fn put(&self, out: &mut BytesMut) {
        let mut field = |code: u8, text: &[u8]| {
            out.put_u8(code);
            frame::put_cstr(out, text);
        };
        field(b'S', self.severity.word());
        field(b'V', self.severity.word());
        field(b'C', &self.sqlstate);
        field(b'M', self.message.as_bytes());
        if let Some(hint) = self.hint {
            field(b'H', hint.as_bytes());
        }
        if let Some(position) = self.position {
            field(b'P', position.to_string().as_bytes());
        }
        out.put_u8(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_not_read() {
        let body =
            b"SERROR\0VERROR\0C23505\0Mduplicate key\0DKey (email)=(a@example.com) already exists.\0\0";
        let expected = ErrorFields { severity: Severity::Error, sqlstate: *b"23505" };
        assert_eq!(ErrorFields::read(body), Ok(expected));
        // a server before 9.6 has no V
        assert_eq!(ErrorFields::read(b"SERROR\0C23505\0\0"), Ok(expected));
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for bad in [
            &b"VERROR\0C203.0\0\0"[..],
            b"VERROR\0C2350\0\0",
            b"V203.0.113.7\0C23505\0\0",
            b"VERROR\0\0",
            b"VERROR\0C23505\0",
            b"VERROR\0C23505\0\0x",
        ] {
            assert!(ErrorFields::read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn literal_bytes() {
        let report = Report {
            severity: Severity::Error,
            sqlstate: *b"42501",
            message: "no",
            hint: Some("ask"),
            position: Some(8),
        };
        let mut out = BytesMut::new();
        report.write_error(&mut out).unwrap();
        assert_eq!(&out[..], b"E\0\0\0\x26SERROR\0VERROR\0C42501\0Mno\0Hask\0P8\0\0");
    }
}
