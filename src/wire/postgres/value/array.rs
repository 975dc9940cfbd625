//! Arrays of scalars: the shape stays, each element is replaced.
//!
//! Text: optional bounds (`[0:1]=`), braces, commas, elements in double quotes where they need them, `NULL`.
//! Binary: dimensions, whether there are NULLs, element type, then length and lower bound of each dimension,
//! then the elements. <https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO>

use bytes::{BufMut, BytesMut};

use crate::base::reader::Reader;
use crate::wire::postgres::frame;

/// The server's own limit.
const MAX_DIMENSIONS: usize = 6;

/// Rewrites an array in text form. `element` gets an element that is not NULL and writes its replacement into
/// an empty buffer; false makes it NULL. `None`, with rubbish in `out`, if this is no array.
pub fn rewrite_text(
    text: &str,
    out: &mut BytesMut,
    mut element: impl FnMut(&str, &mut BytesMut) -> bool,
) -> Option<()> {
    let (bounds, mut rest) = text.split_at_checked(text.find('{')?)?;
    let fine = bounds.is_empty() || (bounds.ends_with('=') && bounds.bytes().all(is_bound));
    if !fine {
        return None;
    }
    out.put_slice(bounds.as_bytes());
    let (mut depth, mut decoded, mut written) = (0_usize, String::new(), BytesMut::new());
    loop {
        let mut characters = rest.chars();
        match characters.next()? {
            '{' => {
                depth = depth.checked_add(1).filter(|&depth| depth <= MAX_DIMENSIONS)?;
                out.put_u8(b'{');
                rest = characters.as_str();
            }
            '}' => {
                depth = depth.checked_sub(1)?;
                out.put_u8(b'}');
                rest = characters.as_str();
                if depth == 0 {
                    return rest.is_empty().then_some(());
                }
            }
            ',' if depth > 0 => {
                out.put_u8(b',');
                rest = characters.as_str();
            }
            _ if depth > 0 => {
                let (is_quoted, behind) = take_element(rest, &mut decoded)?;
                rest = behind;
                written.clear();
                let is_null = !is_quoted && decoded.eq_ignore_ascii_case("NULL");
                if is_null || !element(&decoded, &mut written) {
                    out.put_slice(b"NULL");
                } else {
                    put_element(&written, out);
                }
            }
            _ => return None,
        }
    }
}

const fn is_bound(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'[' | b']' | b':' | b'-' | b'+' | b'=')
}

/// Reads one element into `decoded`; true if it was quoted, and what follows it.
fn take_element<'a>(text: &'a str, decoded: &mut String) -> Option<(bool, &'a str)> {
    decoded.clear();
    let mut characters = text.chars();
    let is_quoted = text.starts_with('"');
    if is_quoted {
        characters.next();
    }
    loop {
        let before = characters.as_str();
        match characters.next()? {
            '\\' => decoded.push(characters.next()?),
            '"' if is_quoted => return Some((true, characters.as_str())),
            ',' | '}' if !is_quoted => return Some((false, before)),
            '"' | '{' if !is_quoted => return None,
            character => decoded.push(character),
        }
    }
}

/// Writes one element, in quotes where the server would use them.
fn put_element(element: &[u8], out: &mut BytesMut) {
    let special = |byte: &u8| {
        matches!(byte, b'"' | b'\\' | b'{' | b'}' | b',' | b'\t' | b'\n' | b'\r' | b' ' | 0x0b | 0x0c)
    };
    let needs_quotes =
        element.is_empty() || element.eq_ignore_ascii_case(b"NULL") || element.iter().any(special);
    if !needs_quotes {
        return out.put_slice(element);
    }
    out.put_u8(b'"');
    for &byte in element {
        if matches!(byte, b'"' | b'\\') {
            out.put_u8(b'\\');
        }
        out.put_u8(byte);
    }
    out.put_u8(b'"');
}

/// Rewrites an array in binary form whose elements are of type `from`; in the result they are of type `to`.
/// `element` as in [`rewrite_text`], but its buffer is not empty. `None`, with rubbish in `out`, if this is no
/// such array.
pub fn rewrite_binary(
    bytes: &[u8],
    (from, to): (u32, u32),
    out: &mut BytesMut,
    mut element: impl FnMut(&[u8], &mut BytesMut) -> bool,
) -> Option<()> {
    let mut reader = Reader::new(bytes);
    let dimensions = usize::try_from(reader.i32().ok()?).ok().filter(|&count| count <= MAX_DIMENSIONS)?;
    let _has_nulls = reader.i32().ok()?;
    if reader.array().map(u32::from_be_bytes).ok()? != from {
        return None;
    }
    let mut elements = usize::from(dimensions > 0);
    let mut has_nulls = false;
    out.put_i32(i32::try_from(dimensions).ok()?);
    let promise = out.len();
    out.put_i32(0);
    out.put_u32(to);
    for _ in 0..dimensions {
        let (length, lower) = (reader.i32().ok()?, reader.i32().ok()?);
        elements = elements.checked_mul(usize::try_from(length).ok()?)?;
        out.put_i32(length);
        out.put_i32(lower);
    }
    for _ in 0..elements {
        let length = reader.i32().ok()?;
        if length == -1 {
            out.put_i32(-1);
            has_nulls = true;
            continue;
        }
        let value = reader.take(usize::try_from(length).ok()?).ok()?;
        let start = out.len();
        let mut is_value = false;
        frame::write_value(out, |out| is_value = element(value, out)).ok()?;
        if !is_value {
            out.truncate(start);
            out.put_i32(-1);
            has_nulls = true;
        }
    }
    // The low byte of the number that says whether there are NULLs.
    if let (true, Some(byte)) = (has_nulls, out.get_mut(promise + 3)) {
        *byte = 1;
    }
    reader.finish().ok()
}
