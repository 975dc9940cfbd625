//! `truncate`: addresses to their networks.
//!
//! What is read, strictly and whole: `203.0.113.7`, with `:port` or `/bits`; an IPv6 address in any case and
//! compression (RFC 4291 section 2.2), with `%zone`, with `/bits`, in brackets with or without `:port`.
//! Octets with leading zeros, hexadecimal or missing octets, white space and lists become null: readers
//! disagree about what they mean.
//!
//! An IPv6 address that carries an IPv4 address is judged as that one:
//!
//! - IPv4-mapped (`::ffff:0:0/96`) and NAT64 (`64:ff9b::/96`, RFC 6052) come out as IPv4 networks;
//! - 6to4 (`2002::/16`, RFC 3056), Teredo (`2001::/32`, RFC 4380), ISATAP (RFC 5214), IPv4-compatible and
//!   IPv4-translated (`::/96`, `::ffff:0:0:0/96`) stay IPv6 and show no more of the IPv4 address than its own
//!   prefix; local NAT64 (`64:ff9b:1::/48`, RFC 8215), where the place of the IPv4 address is not known,
//!   shows none of it.
//!
//! Invariant: no bit below the prefix is in the result, at any prefix including 0.
//! Not here: addresses inside longer text ([`super::text`]).

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::treatment::{Judgement, Misfit};
use super::value::Value;

/// Length of an IPv4 prefix, 0..=32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PrefixV4(u8);

/// Length of an IPv6 prefix, 0..=128 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PrefixV6(u8);

/// A prefix longer than its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a prefix of this family has 0 to {max_bits} bits")]
pub struct InvalidPrefix {
    /// 32 or 128.
    pub max_bits: u8,
}

impl PrefixV4 {
    /// 16 bits.
    pub(super) const SIXTEEN: Self = Self(16);

    /// Takes 0..=32 bits.
    ///
    /// # Errors
    /// [`InvalidPrefix`] above 32.
    pub const fn new(bits: u8) -> Result<Self, InvalidPrefix> {
        if bits <= 32 { Ok(Self(bits)) } else { Err(InvalidPrefix { max_bits: 32 }) }
    }

    /// 0..=32.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }
}

impl PrefixV6 {
    /// 32 bits.
    pub(super) const THIRTY_TWO: Self = Self(32);

    /// Takes 0..=128 bits.
    ///
    /// # Errors
    /// [`InvalidPrefix`] above 128.
    pub const fn new(bits: u8) -> Result<Self, InvalidPrefix> {
        if bits <= 128 { Ok(Self(bits)) } else { Err(InvalidPrefix { max_bits: 128 }) }
    }

    /// 0..=128.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }
}

/// How a truncated address is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddressForm {
    /// `203.0.0.0/16`.
    #[default]
    Network,
    /// `203.0.0.0`.
    Address,
}

/// `truncate`, compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncate {
    v4: PrefixV4,
    v6: PrefixV6,
    form: AddressForm,
}

/// An address and how many of its bits are meant: all of them for a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) address: IpAddr,
    pub(super) bits: u8,
}

impl Truncate {
    /// Keeps `v4` bits of an IPv4 address and `v6` of an IPv6 address.
    #[must_use]
    pub const fn new(v4: PrefixV4, v6: PrefixV6, form: AddressForm) -> Self {
        Self { v4, v6, form }
    }

    /// The IPv4 prefix.
    #[must_use]
    pub const fn v4(&self) -> PrefixV4 {
        self.v4
    }

    /// The IPv6 prefix.
    #[must_use]
    pub const fn v6(&self) -> PrefixV6 {
        self.v6
    }

    /// How the result is written.
    #[must_use]
    pub const fn form(&self) -> AddressForm {
        self.form
    }

    /// The network of `address/bits`; one that is wider than the prefix already stays as wide. `None` if
    /// `bits` is longer than the address.
    #[must_use]
    pub fn network(&self, address: IpAddr, bits: u8) -> Option<IpNet> {
        match unwrap(address, bits) {
            (IpAddr::V4(v4), bits) => {
                let kept = bits.min(self.v4.bits());
                let network = Ipv4Addr::from_bits(v4.to_bits() & mask_v4(kept));
                if bits > 32 { None } else { Ipv4Net::new(network, kept).ok().map(IpNet::V4) }
            }
            (IpAddr::V6(v6), bits) => {
                let kept = bits.min(self.v6.bits()).min(self.most_bits(v6));
                let network = Ipv6Addr::from_bits(v6.to_bits() & mask_v6(kept));
                if bits > 128 { None } else { Ipv6Net::new(network, kept).ok().map(IpNet::V6) }
            }
        }
    }

    /// How many bits of an IPv6 address may be kept so that an IPv4 address inside shows no more than its own
    /// prefix.
    fn most_bits(&self, address: Ipv6Addr) -> u8 {
        if self.v4.bits() == 32 {
            return 128;
        }
        // Where the embedded address begins.
        let begins = match address.segments() {
            [0x2002, ..] => 16,
            [0x2001, 0, ..] => 32,
            [0x0064, 0xff9b, 1, ..] => return 48,
            [0, 0, 0, 0, 0, 0, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [_, _, _, _, 0 | 0x200, 0x5efe, ..] => 96,
            _ => return 128,
        };
        begins + self.v4.bits()
    }

    pub(super) fn cmp_coarseness(&self, other: &Self) -> std::cmp::Ordering {
        (other.v4, other.v6).cmp(&(self.v4, self.v6))
    }

    /// Appends the network as this treatment writes it.
    pub(super) fn write(&self, network: IpNet, out: &mut String) {
        match network {
            IpNet::V4(v4) => push_v4(out, v4.network()),
            // Writing to a `String` does not fail.
            IpNet::V6(v6) => write!(out, "{}", v6.network()).unwrap_or_default(),
        }
        if self.form == AddressForm::Network {
            out.push('/');
            push_u8(out, network.prefix_len());
        }
    }

    pub(super) fn treat<'a>(&self, value: Value<'a>, scratch: &'a mut String) -> Value<'a> {
        let Value::Text(text) = value else { return Value::Null };
        let network = Written::parse(text).and_then(|written| self.network(written.address, written.bits));
        let Some(network) = network else { return Value::Null };
        self.write(network, scratch);
        Value::Text(scratch)
    }

    /// A network is at the cell if truncating it changes nothing. A host never is (short of /32 and /128),
    /// even where `form` writes networks like hosts: to the store it is one host.
    pub(super) fn judge<'a>(&self, value: Value<'_>) -> Judgement<'a> {
        let Value::Text(text) = value else { return Judgement::Refused(Misfit::Unreadable) };
        let Some(written) = Written::parse(text) else { return Judgement::Refused(Misfit::Unreadable) };
        let (address, bits) = unwrap(written.address, written.bits);
        match self.network(address, bits) {
            None => Judgement::Refused(Misfit::Unreadable),
            Some(network) if network.prefix_len() == bits && network.addr() == address => Judgement::AtCell,
            Some(_) => Judgement::Refused(Misfit::FinerThanCell),
        }
    }
}

impl Written {
    /// Reads an address or a network, whole and strictly; the port and the zone are left out.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if let Some((v4, rest)) = take_v4(bytes) {
            let bits = match rest {
                [] => 32,
                [b'/', bits @ ..] => parse_number(bits, 32)?,
                [b':', port @ ..] => parse_number(port, 65_535).map(|_port| 32)?,
                _ => return None,
            };
            return Some(Self { address: IpAddr::V4(v4), bits: u8::try_from(bits).ok()? });
        }
        let (inner, bits) = match bytes {
            [b'[', _, ..] => {
                let (inner, after) = text.strip_prefix('[')?.split_once(']')?;
                let bits = match after.as_bytes() {
                    [] => 128,
                    [b'/', bits @ ..] => parse_number(bits, 128)?,
                    [b':', port @ ..] => parse_number(port, 65_535).map(|_port| 128)?,
                    _ => return None,
                };
                (inner, bits)
            }
            _ => match text.rsplit_once('/') {
                Some((inner, bits)) => (inner, parse_number(bits.as_bytes(), 128)?),
                None => (text, 128),
            },
        };
        let address = match inner.split_once('%') {
            Some((address, zone)) if is_zone(zone) => address,
            Some(_) => return None,
            None => inner,
        };
        Some(Self { address: IpAddr::V6(address.parse().ok()?), bits: u8::try_from(bits).ok()? })
    }
}

/// IPv4-mapped and NAT64 addresses, and networks within those, as the IPv4 that they carry.
fn unwrap(address: IpAddr, bits: u8) -> (IpAddr, u8) {
    if let (IpAddr::V6(v6), Some(v4_bits)) = (address, bits.checked_sub(96))
        && let [0, 0, 0, 0, 0, 0xffff, high, low] | [0x0064, 0xff9b, 0, 0, 0, 0, high, low] = v6.segments()
    {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        return (IpAddr::V4(Ipv4Addr::new(a, b, c, d)), v4_bits);
    }
    (address, bits)
}

/// The `bits` highest bits; a shift by the whole width, as at 0, would shift by nothing.
fn mask_v4(bits: u8) -> u32 {
    32_u32.checked_sub(u32::from(bits)).map_or(u32::MAX, |low| u32::MAX.checked_shl(low).unwrap_or(0))
}

fn mask_v6(bits: u8) -> u128 {
    128_u32.checked_sub(u32::from(bits)).map_or(u128::MAX, |low| u128::MAX.checked_shl(low).unwrap_or(0))
}

/// Four octets of 1 to 3 digits without leading zeros at the beginning of `bytes`, and what follows them.
#[must_use]
pub fn take_v4(bytes: &[u8]) -> Option<(Ipv4Addr, &[u8])> {
    let (a, rest) = take_octet(bytes)?;
    let (b, rest) = take_octet(rest.strip_prefix(b".")?)?;
    let (c, rest) = take_octet(rest.strip_prefix(b".")?)?;
    let (d, rest) = take_octet(rest.strip_prefix(b".")?)?;
    Some((Ipv4Addr::new(a, b, c, d), rest))
}

fn take_octet(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (value, rest) = match bytes {
        [b'1'..=b'9', b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', ..] => return None,
        [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] => {
            (u16::from(a & 15) * 100 + u16::from(b & 15) * 10 + u16::from(c & 15), rest)
        }
        [a @ b'1'..=b'9', b @ b'0'..=b'9', rest @ ..] => (u16::from(a & 15) * 10 + u16::from(b & 15), rest),
        [b'0', b'0'..=b'9', ..] => return None,
        [a @ b'0'..=b'9', rest @ ..] => (u16::from(a & 15), rest),
        _ => return None,
    };
    u8::try_from(value).ok().map(|octet| (octet, rest))
}

/// A decimal number without sign and leading zeros.
pub(super) fn parse_number(digits: &[u8], max: u32) -> Option<u32> {
    match digits {
        [b'0'] => Some(0),
        [b'1'..=b'9', rest @ ..] if rest.len() < 6 && rest.iter().all(u8::is_ascii_digit) => {
            let number = digits.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit & 15));
            (number <= max).then_some(number)
        }
        _ => None,
    }
}

/// A zone of RFC 4007 section 11 or, percent-encoded, of RFC 6874.
fn is_zone(zone: &str) -> bool {
    !zone.is_empty()
        && zone
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'~' | b'-' | b'%'))
}

fn push_v4(out: &mut String, address: Ipv4Addr) {
    let [a, b, c, d] = address.octets();
    push_u8(out, a);
    for octet in [b, c, d] {
        out.push('.');
        push_u8(out, octet);
    }
}

fn push_u8(out: &mut String, number: u8) {
    if number >= 100 {
        out.push(char::from(b'0' | (number / 100)));
    }
    if number >= 10 {
        out.push(char::from(b'0' | (number / 10 % 10)));
    }
    out.push(char::from(b'0' | (number % 10)));
}

#[cfg(test)]
#[path = "ip_tests.rs"]
mod tests;
