//! `Bind`: make a portal of a prepared statement and the values of its parameters.
//!
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-BIND>

use crate::base::reader::Reader;
use crate::wire::postgres::{Format, Malformed, take_value};

/// A portal to make. Borrowed from the message: checked once, walked without copies.
pub struct Bind<'a> {
    /// The portal's name; empty for the unnamed one.
    pub portal: &'a [u8],
    /// The prepared statement's name.
    pub statement: &'a [u8],
    /// Formats of the parameters.
    pub formats: Codes<'a>,
    /// The parameters.
    pub values: Values<'a>,
    /// Formats asked for the results.
    pub result_formats: Codes<'a>,
}

/// A list of format codes: none (all text), one (for all), or one for each.
#[derive(Clone, Copy)]
pub struct Codes<'a> {
    bytes: &'a [u8],
}

/// The values of parameters, in order.
#[derive(Clone, Copy)]
pub struct Values<'a> {
    count: u16,
    bytes: &'a [u8],
}

impl<'a> Bind<'a> {
    /// Reads the body and checks every length in it.
    ///
    /// # Errors
    /// [`Malformed`]
    pub fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(body);
        let portal = reader.cstr()?;
        let statement = reader.cstr()?;
        let formats = Codes::take(&mut reader)?;
        let values = Values::take(&mut reader)?;
        let result_formats = Codes::take(&mut reader)?;
        reader.finish()?;
        Ok(Self { portal, statement, formats, values, result_formats })
    }
}

impl<'a> Codes<'a> {
    /// No code: all is text.
    pub const NONE: Self = Self { bytes: &[] };

    fn take(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let count = usize::from(u16::from_be_bytes(reader.array()?));
        let codes = Self { bytes: reader.take(count.saturating_mul(2))? };
        codes.iter().try_for_each(|code| Format::from_code(code).map(drop))?;
        Ok(codes)
    }

    /// How many codes there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.bytes.len() / 2
    }

    /// True if there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The format of the value at `index`: none means text, one stands for all.
    #[must_use]
    pub fn at(&self, index: usize) -> Option<Format> {
        let index = match self.len() {
            0 => return Some(Format::Text),
            1 => 0,
            _ => index,
        };
        self.iter().nth(index).and_then(|code| Format::from_code(code).ok())
    }

    /// The codes as they are.
    pub fn iter(&self) -> impl Iterator<Item = i16> + use<'a> {
        self.bytes.as_chunks().0.iter().map(|&code| i16::from_be_bytes(code))
    }
}

impl<'a> Values<'a> {
    fn take(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let count = u16::from_be_bytes(reader.array()?);
        let start = reader.rest();
        for _ in 0..count {
            take_value(reader)?;
        }
        let used = start.len().saturating_sub(reader.rest().len());
        Ok(Self { count, bytes: start.get(..used).unwrap_or_default() })
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::from(self.count)
    }

    /// True if there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The values; `None` is NULL.
    pub fn iter(&self) -> impl Iterator<Item = Option<&'a [u8]>> + use<'a> {
        let mut reader = Reader::new(self.bytes);
        (0..self.count).map_while(move |_| take_value(&mut reader).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_bytes() {
        let body = b"p\0s1\0\0\x01\0\x01\0\x02\0\0\0\x02ab\xff\xff\xff\xff\0\x02\0\0\0\x01";
        let bind = Bind::read(body).unwrap();
        assert_eq!((bind.portal, bind.statement), (&b"p"[..], &b"s1"[..]));
        assert_eq!((bind.formats.at(0), bind.formats.at(7)), (Some(Format::Binary), Some(Format::Binary)));
        assert_eq!(bind.values.iter().collect::<Vec<_>>(), [Some(&b"ab"[..]), None]);
        assert_eq!(bind.result_formats.iter().collect::<Vec<_>>(), [0, 1]);
        assert_eq!((bind.result_formats.at(1), bind.result_formats.at(2)), (Some(Format::Binary), None));
        assert_eq!(Codes::NONE.at(3), Some(Format::Text));
    }

    #[test]
    fn lies_are_errors() {
        let lies: [&[u8]; 6] = [
            b"p\0s\0\0\0\0\x01\0\0\0\x05ab\0\0",     // a value longer than the message
            b"p\0s\0\0\0\0\x01\xff\xff\xff\xfe\0\0", // a length below -1
            b"p\0s\0\0\x01\0\x02\0\0\0\0",           // an unknown format
            b"p\0s\0\x7f\xff\0\0\0\0",               // more codes than bytes
            b"p\0s\0\0\0\0\0\0\0Q",                  // something behind the end
            b"p\0s\0\0\0\xff\xff",                   // more values than bytes
        ];
        for lie in lies {
            assert!(Bind::read(lie).is_err(), "{lie:?}");
        }
    }
}
