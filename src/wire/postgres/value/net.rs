//! `inet` and `cidr`.
//!
//! Text: an address, with `/bits` unless it is an `inet` of all bits. Binary: family (2 or 3), bits, whether it
//! is a `cidr`, bytes, address. <https://www.postgresql.org/docs/current/datatype-net-types.html>

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::{BufMut, BytesMut};

use crate::kernel::Typed;
use crate::kernel::ip::take_v4;

/// `AF_INET` as the server numbers it, on every platform.
const FAMILY_4: u8 = 2;
const FAMILY_6: u8 = 3;

pub(super) fn read_text(bytes: &[u8]) -> Option<Typed<'static>> {
    // What nearly all of them are; anything else is read with the other forms.
    if let Some((v4, [])) = take_v4(bytes) {
        return network(IpAddr::V4(v4), 32);
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    network(address, bits.unwrap_or_else(|| all_bits(address)))
}

pub(super) fn read_binary(bytes: &[u8]) -> Option<Typed<'static>> {
    let [family, bits, _is_cidr, length, address @ ..] = bytes else { return None };
    if usize::from(*length) != address.len() {
        return None;
    }
    let address = match *family {
        FAMILY_4 => IpAddr::from(<[u8; 4]>::try_from(address).ok()?),
        FAMILY_6 => IpAddr::from(<[u8; 16]>::try_from(address).ok()?),
        _ => return None,
    };
    network(address, *bits)
}

fn network(address: IpAddr, bits: u8) -> Option<Typed<'static>> {
    (bits <= all_bits(address)).then_some(Typed::Network(address, bits))
}

const fn all_bits(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

pub(super) fn write_text(address: IpAddr, bits: u8, is_cidr: bool, out: &mut BytesMut) {
    let mut line = Line { bytes: [0; LINE_BYTES], len: 0 };
    match address {
        IpAddr::V4(v4) => line.push_v4(v4),
        IpAddr::V6(v6) => line.push_v6(v6),
    }
    if bits != all_bits(address) || is_cidr {
        line.push(b'/');
        line.push_decimal(bits);
    }
    out.put_slice(line.bytes.get(..line.len).unwrap_or_default());
}

/// Eight groups of four with their colons, and a length, is the longest that there is.
const LINE_BYTES: usize = 48;

/// A text that is being written, on the stack.
struct Line {
    bytes: [u8; LINE_BYTES],
    len: usize,
}

impl Line {
    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte;
            self.len += 1;
        }
    }

    fn push_decimal(&mut self, number: u8) {
        if number >= 100 {
            self.push(b'0' | (number / 100));
        }
        if number >= 10 {
            self.push(b'0' | (number / 10 % 10));
        }
        self.push(b'0' | (number % 10));
    }

    fn push_v4(&mut self, address: Ipv4Addr) {
        let [a, b, c, d] = address.octets();
        self.push_decimal(a);
        for octet in [b, c, d] {
            self.push(b'.');
            self.push_decimal(octet);
        }
    }

    /// A group in hexadecimal digits without leading zeros.
    fn push_group(&mut self, group: u16) {
        let [high, low] = group.to_be_bytes();
        let nibbles = [high >> 4, high & 15, low >> 4, low & 15];
        let zeros = nibbles.iter().take(3).take_while(|&&nibble| nibble == 0).count();
        for &nibble in nibbles.iter().skip(zeros) {
            self.push(if nibble < 10 { b'0' | nibble } else { b'a' - 10 + nibble });
        }
    }

    /// As the server (BIND's `inet_net_ntop`) writes IPv6: it also shortens a single group of zeros, and shows
    /// embedded IPv4 addresses only where six groups, or five and `ffff`, come before them.
    fn push_v6(&mut self, address: Ipv6Addr) {
        let groups = address.segments();
        let (start, length) = longest_zeros(&groups);
        let embeds_v4 = start == 0 && (length == 6 || (length == 5 && groups.get(5) == Some(&0xffff)));
        for (at, group) in (0_usize..).zip(groups) {
            let is_skipped = length > 0 && (start..start.saturating_add(length)).contains(&at);
            if is_skipped {
                if at == start {
                    self.push(b':');
                }
                continue;
            }
            if at > 0 {
                self.push(b':');
            }
            if at == 6 && embeds_v4 {
                let [.., a, b, c, d] = address.octets();
                return self.push_v4(Ipv4Addr::new(a, b, c, d));
            }
            self.push_group(group);
        }
        if length > 0 && start.saturating_add(length) == 8 {
            self.push(b':');
        }
    }
}

/// Where the first of the longest runs of zero groups begins, and how long it is; runs of one do not count.
fn longest_zeros(groups: &[u16; 8]) -> (usize, usize) {
    let (mut best, mut run) = ((0, 0), (0, 0));
    for (at, group) in (0_usize..).zip(groups) {
        run = if *group != 0 {
            (0, 0)
        } else if run.1 == 0 {
            (at, 1)
        } else {
            (run.0, run.1 + 1)
        };
        if run.1 > best.1 {
            best = run;
        }
    }
    if best.1 < 2 { (0, 0) } else { best }
}

pub(super) fn write_binary(address: IpAddr, bits: u8, is_cidr: bool, out: &mut BytesMut) {
    let mut put = |family: u8, octets: &[u8]| {
        out.put_slice(&[family, bits, u8::from(is_cidr)]);
        out.put_u8(u8::try_from(octets.len()).unwrap_or(0));
        out.put_slice(octets);
    };
    match address {
        IpAddr::V4(v4) => put(FAMILY_4, &v4.octets()),
        IpAddr::V6(v6) => put(FAMILY_6, &v6.octets()),
    }
}
