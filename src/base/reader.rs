//! A cursor over foreign bytes that cannot panic and must be finished.
//!
//! Invariant: every step either yields bytes that are there or says [`Truncated`]; what is left over at
//! the end is an error, so that nothing can be smuggled behind a message.

/// Fewer bytes are there than the message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("message ends before its last field")]
pub struct Truncated;

/// Bytes are left after the last field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("message has bytes after its last field")]
pub struct TrailingBytes;

/// A cursor over `&[u8]`.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The bytes not read yet.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `len` bytes.
    ///
    /// # Errors
    /// [`Truncated`] if fewer are left.
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], Truncated> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(Truncated)?;
        self.rest = rest;
        Ok(head)
    }

    /// The next `N` bytes as an array.
    ///
    /// # Errors
    /// [`Truncated`] if fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Truncated> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(Truncated)?;
        self.rest = rest;
        Ok(*head)
    }

    /// One byte.
    ///
    /// # Errors
    /// [`Truncated`] at the end.
    pub fn u8(&mut self) -> Result<u8, Truncated> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// A 16-bit integer in network order.
    ///
    /// # Errors
    /// [`Truncated`] if fewer than 2 bytes are left.
    pub fn i16(&mut self) -> Result<i16, Truncated> {
        self.array().map(i16::from_be_bytes)
    }

    /// A 32-bit integer in network order.
    ///
    /// # Errors
    /// [`Truncated`] if fewer than 4 bytes are left.
    pub fn i32(&mut self) -> Result<i32, Truncated> {
        self.array().map(i32::from_be_bytes)
    }

    /// The bytes up to the next NUL, which is read and left out.
    ///
    /// # Errors
    /// [`Truncated`] if there is no NUL.
    pub fn cstr(&mut self) -> Result<&'a [u8], Truncated> {
        let end = memchr::memchr(0, self.rest).ok_or(Truncated)?;
        let text = self.take(end)?;
        self.take(1)?;
        Ok(text)
    }

    /// Says that the message has been read to its end.
    ///
    /// # Errors
    /// [`TrailingBytes`] if it has not.
    pub const fn finish(self) -> Result<(), TrailingBytes> {
        if self.rest.is_empty() { Ok(()) } else { Err(TrailingBytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_there_and_no_more() {
        let mut reader = Reader::new(b"\x00\x05ab\0z");
        assert_eq!(reader.i16(), Ok(5));
        assert_eq!(reader.cstr(), Ok(&b"ab"[..]));
        assert_eq!(reader.clone().finish(), Err(TrailingBytes));
        assert_eq!(reader.i32(), Err(Truncated));
        assert_eq!(reader.cstr(), Err(Truncated));
        assert_eq!(reader.u8(), Ok(b'z'));
        assert_eq!(reader.u8(), Err(Truncated));
        assert_eq!(reader.finish(), Ok(()));
    }
}
