//! Single values on the wire: text and binary forms of the types that treatments know.
//!
//! Text forms are those of a session whose settings are pinned (`bytea_output = hex`, `extra_float_digits` of
//! at least 1).
//!
//! Invariant: what cannot be read whole and exactly is `None`; what is written can be read again.
//! Not here: types whose text depends on a setting that a client may choose (times).
//!
//! <https://www.postgresql.org/docs/current/datatype.html>

pub mod array;
mod net;
pub mod oid;

use std::fmt::Write as _;

use bytes::{BufMut, BytesMut};

use super::Format;
use crate::kernel::Typed;
use crate::kernel::canon::{format_uuid, parse_uuid_bytes};
use crate::kernel::digits::IntegerText;

/// Reads a value. `scratch` holds what a text form has to be decoded into.
#[must_use]
pub fn read<'a>(
    type_oid: u32,
    format: Format,
    bytes: &'a [u8],
    scratch: &'a mut Vec<u8>,
) -> Option<Typed<'a>> {
    match format {
        // No byte of these two can be anything but ASCII, so nobody need look whether they are text.
        Format::Text if type_oid == oid::UUID => parse_uuid_bytes(bytes).map(Typed::Uuid),
        Format::Text if matches!(type_oid, oid::INET | oid::CIDR) => net::read_text(bytes),
        Format::Text => read_text(type_oid, std::str::from_utf8(bytes).ok()?, scratch),
        Format::Binary => read_binary(type_oid, bytes),
    }
}

fn read_text<'a>(type_oid: u32, text: &'a str, scratch: &'a mut Vec<u8>) -> Option<Typed<'a>> {
    match type_oid {
        oid::TEXT | oid::VARCHAR | oid::NAME => Some(Typed::Text(text)),
        // The padding has no meaning and depends on the column.
        oid::BPCHAR => Some(Typed::Text(text.trim_end_matches(' '))),
        oid::INT2 => text.parse().ok().map(Typed::Int16),
        oid::INT4 => text.parse().ok().map(Typed::Int32),
        oid::INT8 => text.parse().ok().map(Typed::Int64),
        oid::FLOAT4 => text.parse::<f32>().ok().map(f64::from).map(Typed::Float64),
        oid::FLOAT8 => text.parse().ok().map(Typed::Float64),
        oid::BYTEA => {
            scratch.clear();
            hex_into(text.strip_prefix("\\x")?, scratch)?;
            Some(Typed::Bytes(scratch))
        }
        _ => None,
    }
}

fn read_binary(type_oid: u32, bytes: &[u8]) -> Option<Typed<'_>> {
    let text = || std::str::from_utf8(bytes).ok();
    match type_oid {
        oid::TEXT | oid::VARCHAR | oid::NAME => text().map(Typed::Text),
        oid::BPCHAR => text().map(|text| Typed::Text(text.trim_end_matches(' '))),
        oid::INT2 => bytes.try_into().ok().map(i16::from_be_bytes).map(Typed::Int16),
        oid::INT4 => bytes.try_into().ok().map(i32::from_be_bytes).map(Typed::Int32),
        oid::INT8 => bytes.try_into().ok().map(i64::from_be_bytes).map(Typed::Int64),
        oid::FLOAT4 => bytes.try_into().ok().map(f32::from_be_bytes).map(f64::from).map(Typed::Float64),
        oid::FLOAT8 => bytes.try_into().ok().map(f64::from_be_bytes).map(Typed::Float64),
        oid::UUID => bytes.try_into().ok().map(Typed::Uuid),
        oid::INET | oid::CIDR => net::read_binary(bytes),
        oid::BYTEA => Some(Typed::Bytes(bytes)),
        _ => None,
    }
}

/// Writes a value without its length; false, with nothing written, if the type does not hold it. NULL is not
/// written here.
#[must_use]
pub fn write(type_oid: u32, format: Format, value: Typed<'_>, out: &mut BytesMut) -> bool {
    match format {
        Format::Text => write_text(type_oid, value, out),
        Format::Binary => write_binary(type_oid, value, out),
    }
}

fn write_text(type_oid: u32, value: Typed<'_>, out: &mut BytesMut) -> bool {
    match (type_oid, value) {
        (oid::TEXT | oid::VARCHAR | oid::BPCHAR, Typed::Text(text)) => out.put_slice(text.as_bytes()),
        (oid::UUID, Typed::Uuid(uuid)) => out.put_slice(&format_uuid(uuid)),
        (oid::INET | oid::CIDR, Typed::Network(address, bits)) => {
            net::write_text(address, bits, type_oid == oid::CIDR, out);
        }
        (oid::BYTEA, Typed::Bytes(bytes)) => put_hex(bytes, out),
        (oid::BYTEA, Typed::Bytes16(bytes)) => put_hex(&bytes, out),
        (oid::FLOAT4 | oid::FLOAT8, Typed::Float64(number)) => return put_float(type_oid, number, out),
        _ => match integer(type_oid, value) {
            Some(number) => out.put_slice(IntegerText::signed(number).as_str().as_bytes()),
            None => return false,
        },
    }
    true
}

fn write_binary(type_oid: u32, value: Typed<'_>, out: &mut BytesMut) -> bool {
    match (type_oid, value) {
        (oid::TEXT | oid::VARCHAR | oid::BPCHAR, Typed::Text(text)) => out.put_slice(text.as_bytes()),
        (oid::UUID, Typed::Uuid(uuid)) => out.put_slice(&uuid),
        (oid::INET | oid::CIDR, Typed::Network(address, bits)) => {
            net::write_binary(address, bits, type_oid == oid::CIDR, out);
        }
        (oid::BYTEA, Typed::Bytes(bytes)) => out.put_slice(bytes),
        (oid::BYTEA, Typed::Bytes16(bytes)) => out.put_slice(&bytes),
        (oid::FLOAT8, Typed::Float64(number)) => out.put_f64(number),
        (oid::FLOAT4, Typed::Float64(number)) => out.put_f32(narrow(number)),
        _ => match (type_oid, integer(type_oid, value)) {
            (oid::INT8, Some(number)) => out.put_i64(number),
            (oid::INT4, Some(number)) => match i32::try_from(number) {
                Ok(number) => out.put_i32(number),
                Err(_) => return false,
            },
            (oid::INT2, Some(number)) => match i16::try_from(number) {
                Ok(number) => out.put_i16(number),
                Err(_) => return false,
            },
            _ => return false,
        },
    }
    true
}

/// An integer that fits the type.
fn integer(type_oid: u32, value: Typed<'_>) -> Option<i64> {
    let number = match value {
        Typed::Int16(number) => i64::from(number),
        Typed::Int32(number) => i64::from(number),
        Typed::Int64(number) => number,
        _ => return None,
    };
    match type_oid {
        oid::INT8 => Some(number),
        oid::INT4 => i32::try_from(number).ok().map(i64::from),
        oid::INT2 => i16::try_from(number).ok().map(i64::from),
        _ => None,
    }
}

fn put_float(type_oid: u32, number: f64, out: &mut BytesMut) -> bool {
    if number.is_nan() {
        out.put_slice(b"NaN");
    } else if number.is_infinite() {
        out.put_slice(if number > 0.0 { b"Infinity" } else { b"-Infinity" });
    } else {
        return put_shortest(type_oid, number, out);
    }
    true
}

/// As the server prints floats: the shortest digits that read back, in the exponential form below 1e-4 and
/// from 1e15 (1e6 for `real`) on, with at least two digits of exponent.
fn put_shortest(type_oid: u32, number: f64, out: &mut BytesMut) -> bool {
    // Both ends are floats themselves, so a number below one has no shortest digits that say more.
    let is_plain = |magnitude: f64, low: f64, high: f64| magnitude == 0.0 || (low..high).contains(&magnitude);
    if type_oid == oid::FLOAT4 {
        let real = narrow(number);
        if is_plain(f64::from(real.abs()), f64::from(1e-4_f32), 1e6) {
            return write!(out, "{real}").is_ok();
        }
        return put_exponential(&format!("{real:e}"), out);
    }
    if is_plain(number.abs(), 1e-4, 1e15) {
        return write!(out, "{number}").is_ok();
    }
    put_exponential(&format!("{number:e}"), out)
}

fn put_exponential(scientific: &str, out: &mut BytesMut) -> bool {
    let Some((digits, exponent)) = scientific.split_once('e') else { return false };
    let Ok(exponent) = exponent.parse::<i32>() else { return false };
    let sign = if exponent < 0 { '-' } else { '+' };
    write!(out, "{digits}e{sign}{:02}", exponent.unsigned_abs()).is_ok()
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "`real` is what the column holds; the cast rounds to nearest"
)]
const fn narrow(number: f64) -> f32 {
    number as f32
}

fn hex_into(hex: &str, out: &mut Vec<u8>) -> Option<()> {
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    for [high, low] in pairs {
        out.push((digit(*high)? << 4) | digit(*low)?);
    }
    rest.is_empty().then_some(())
}

fn put_hex(bytes: &[u8], out: &mut BytesMut) {
    let digit = |nibble: u8| if nibble < 10 { b'0' | nibble } else { b'a' - 10 + nibble };
    out.put_slice(b"\\x");
    for byte in bytes {
        out.put_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
}

#[cfg(test)]
mod tests;
