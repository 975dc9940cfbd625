//! Where a message begins and ends: a tag, a length that counts itself, a body.
//!
//! Invariant: [`peek`] never looks past the bytes that it is given and never believes a length before the
//! bytes are there; [`write()`] leaves nothing half-written behind.
//! Not here: how long a message of which kind may be (the session's limits).
//!
//! <https://www.postgresql.org/docs/current/protocol-overview.html#PROTOCOL-MESSAGE-CONCEPTS>

use bytes::{BufMut, BytesMut};

/// Bytes of a tag and a length.
pub const HEAD_BYTES: usize = 5;

/// One whole message.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    /// The message's type byte.
    pub tag: u8,
    /// What stands behind the length.
    pub body: &'a [u8],
    /// The whole message, tag and length included, for forwarding as it is.
    pub bytes: &'a [u8],
}

/// What stands at the front of a buffer.
pub enum Peek<'a> {
    /// A whole message, and what follows it.
    Whole(Frame<'a>, &'a [u8]),
    /// The head of a message whose body has not arrived in full.
    Head {
        /// The message's type byte.
        tag: u8,
        /// Bytes of its body.
        body_bytes: usize,
    },
    /// Not even a head.
    Nothing,
}

/// The length field of a message is smaller than the field itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("message length is impossible")]
pub struct BadLength;

/// A message would be longer than its length field can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("message would be longer than the protocol allows")]
pub struct TooLong;

/// Looks at the front of `input`.
///
/// # Errors
/// [`BadLength`] if the length field is below 4 or negative.
pub fn peek(input: &[u8]) -> Result<Peek<'_>, BadLength> {
    let Some((head, behind)) = input.split_first_chunk::<HEAD_BYTES>() else {
        return Ok(Peek::Nothing);
    };
    let [tag, a, b, c, d] = *head;
    let body_bytes = body_bytes([a, b, c, d])?;
    let Some((body, rest)) = behind.split_at_checked(body_bytes) else {
        return Ok(Peek::Head { tag, body_bytes });
    };
    let bytes = input.get(..HEAD_BYTES.saturating_add(body_bytes)).ok_or(BadLength)?;
    Ok(Peek::Whole(Frame { tag, body, bytes }, rest))
}

/// Bytes of the body that a length field announces; the field counts itself.
///
/// # Errors
/// [`BadLength`] if it is below 4 or negative.
pub fn body_bytes(length: [u8; 4]) -> Result<usize, BadLength> {
    i32::from_be_bytes(length).checked_sub(4).and_then(|body| usize::try_from(body).ok()).ok_or(BadLength)
}

/// Writes one message: `body` fills it, the length is set afterwards.
///
/// # Errors
/// [`TooLong`], and `out` is as it was before.
pub fn write(out: &mut BytesMut, tag: u8, body: impl FnOnce(&mut BytesMut)) -> Result<(), TooLong> {
    let start = out.len();
    out.put_u8(tag);
    sized(out, true, body).inspect_err(|_| out.truncate(start))
}

/// Writes an untagged message, as a connection begins with.
///
/// # Errors
/// [`TooLong`], and `out` is as it was before.
pub fn write_untagged(out: &mut BytesMut, body: impl FnOnce(&mut BytesMut)) -> Result<(), TooLong> {
    sized(out, true, body)
}

/// Writes a value: a length that does not count itself, then what `value` writes.
///
/// # Errors
/// [`TooLong`], and `out` is as it was before.
pub fn write_value(out: &mut BytesMut, value: impl FnOnce(&mut BytesMut)) -> Result<(), TooLong> {
    sized(out, false, value)
}

fn sized(out: &mut BytesMut, counts_itself: bool, body: impl FnOnce(&mut BytesMut)) -> Result<(), TooLong> {
    let start = out.len();
    out.put_i32(0);
    body(out);
    let end = out.len();
    let from = if counts_itself { start } else { start.saturating_add(4) };
    let Ok(length) = i32::try_from(end.saturating_sub(from)) else {
        out.truncate(start);
        return Err(TooLong);
    };
    if let Some(field) = out.get_mut(start..start.saturating_add(4)) {
        field.copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}

/// Writes `text` and its NUL. What a NUL inside would cut off is left out: none of our texts has one, and a
/// client's cannot.
pub fn put_cstr(out: &mut BytesMut, text: &[u8]) {
    let end = memchr::memchr(0, text).unwrap_or(text.len());
    out.put_slice(text.get(..end).unwrap_or_default());
    out.put_u8(0);
}

/// Writes a count of at most `u16::MAX`; more than that cannot be asked for, and is cut at the limit so
/// that the reader runs into the end of the message.
pub fn put_count(out: &mut BytesMut, count: usize) {
    out.put_u16(u16::try_from(count).unwrap_or(u16::MAX));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_message_and_what_follows() {
        let Ok(Peek::Whole(frame, rest)) = peek(b"Q\0\0\0\x06a\0rest") else { panic!("whole") };
        assert_eq!((frame.tag, frame.body, frame.bytes), (b'Q', &b"a\0"[..], &b"Q\0\0\0\x06a\0"[..]));
        assert_eq!(rest, b"rest");
    }

    #[test]
    fn lengths_are_not_believed() {
        assert!(matches!(peek(b""), Ok(Peek::Nothing)));
        assert!(matches!(peek(b"Q\0\0\0"), Ok(Peek::Nothing)));
        assert!(matches!(peek(b"Q\x7f\xff\xff\xff"), Ok(Peek::Head { tag: b'Q', body_bytes: 0x7fff_fffb })));
        for length in [0_i32, 3, -1, i32::MIN] {
            let mut input = vec![b'Q'];
            input.extend_from_slice(&length.to_be_bytes());
            assert!(matches!(peek(&input), Err(BadLength)), "{length}");
        }
    }

    #[test]
    fn writes_true_lengths() {
        let mut out = BytesMut::new();
        write(&mut out, b'C', |out| put_cstr(out, b"SELECT 1")).unwrap();
        assert_eq!(&out[..], b"C\0\0\0\x0dSELECT 1\0");
        let mut out = BytesMut::new();
        write_value(&mut out, |out| out.put_slice(b"xyz")).unwrap();
        assert_eq!(&out[..], b"\0\0\0\x03xyz");
        let mut out = BytesMut::new();
        put_cstr(&mut out, b"a\0b");
        assert_eq!(&out[..], b"a\0");
    }
}
