//! An integer as a string of binary digits, in the form that FF1 (NIST SP 800-38G) permutes.
//!
//! `fpe` brings such a string too, but one that allocates for each digit; this one lives in a register.

use fpe::ff1::{NumeralString, Operations};

/// At most 64 binary digits, most significant first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bits {
    value: u64,
    len: usize,
}

impl Bits {
    pub(super) const fn from_i64(number: i64) -> Self {
        Self { value: u64::from_be_bytes(number.to_be_bytes()), len: 64 }
    }

    pub(super) fn from_i32(number: i32) -> Self {
        Self { value: u64::from(u32::from_be_bytes(number.to_be_bytes())), len: 32 }
    }

    pub(super) fn to_i64(self) -> Option<i64> {
        (self.len == 64).then_some(i64::from_be_bytes(self.value.to_be_bytes()))
    }

    pub(super) fn to_i32(self) -> Option<i32> {
        u32::try_from(self.value).ok().map(|value| i32::from_be_bytes(value.to_be_bytes()))
    }

    /// The `len` lowest digits of `value`.
    fn lowest(value: u64, len: usize) -> Self {
        let mask =
            u32::try_from(len).ok().and_then(|len| 1_u64.checked_shl(len)).map_or(u64::MAX, |bit| bit - 1);
        Self { value: value & mask, len }
    }

    /// The 64 lowest bits of a number given as bytes, most significant first.
    fn number(bytes: impl Iterator<Item = u8>) -> u64 {
        bytes.fold(0, |number, byte| (number << 8) | u64::from(byte))
    }
}

impl NumeralString for Bits {
    type Ops = Self;

    fn is_valid(&self, radix: u32) -> bool {
        radix == 2
    }

    fn numeral_count(&self) -> usize {
        self.len
    }

    fn split(&self) -> (Self, Self) {
        let low = self.len - self.len / 2;
        (Self::lowest(self.value >> low, self.len / 2), Self::lowest(self.value, low))
    }

    fn concat(a: Self, b: Self) -> Self {
        Self { value: (a.value << b.len) | b.value, len: a.len + b.len }
    }
}

impl Operations for Bits {
    type Bytes = BitsBytes;

    fn numeral_count(&self) -> usize {
        self.len
    }

    fn to_be_bytes(&self, _radix: u32, b: usize) -> BitsBytes {
        BitsBytes { bytes: self.value.to_be_bytes(), len: b.min(8) }
    }

    fn add_mod_exp(self, other: impl Iterator<Item = u8>, _radix: u32, m: usize) -> Self {
        Self::lowest(self.value.wrapping_add(Self::number(other)), m)
    }

    fn sub_mod_exp(self, other: impl Iterator<Item = u8>, _radix: u32, m: usize) -> Self {
        Self::lowest(self.value.wrapping_sub(Self::number(other)), m)
    }
}

/// The bytes of a half, most significant first.
pub(super) struct BitsBytes {
    bytes: [u8; 8],
    len: usize,
}

impl AsRef<[u8]> for BitsBytes {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(8 - self.len..).unwrap_or_default()
    }
}
