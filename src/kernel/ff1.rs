//! FF1 (NIST SP 800-38G Rev. 1) with AES-256 over strings of 64 or 32 binary digits, without a tweak.
//!
//! With radix 2 and no tweak the standard's numbers are machine words: a half fits a register, P is the same for all
//! strings of one length, so that its block of the CBC-MAC is made once, and Q is one block. What is left of a round is
//! one AES block and one addition. A crate that serves every radix takes five times as many instructions.
//!
//! Names are the standard's: A and B the halves, R the MAC of a round.
//! Invariant: [`Ff1::decrypt`] is the exact inverse of [`Ff1::encrypt`].
//! Not here: other radices, lengths and tweaks; what the number means.

use aes::Aes256;
use aes::cipher::common::BlockSizeUser;
use aes::cipher::consts::U16;
use aes::cipher::{BlockCipherEncBackend, BlockCipherEncClosure, BlockCipherEncrypt as _, KeyInit as _};

const ROUNDS: u8 = 10;

/// The permutation of one key for strings of one length.
pub(super) struct Ff1 {
    cipher: Aes256,
    /// The MAC's state after P.
    after_p: u128,
    half_bits: u8,
}

impl Ff1 {
    /// For 64 binary digits.
    pub(super) fn of_64_bits(key: &[u8; 32]) -> Self {
        Self::new(key, 32)
    }

    /// For 32 binary digits, which a `u64` holds in its lower half.
    pub(super) fn of_32_bits(key: &[u8; 32]) -> Self {
        Self::new(key, 16)
    }

    fn new(key: &[u8; 32], half_bits: u8) -> Self {
        let cipher = Aes256::new(key.into());
        // Step 5: version, method, addition; radix; rounds; u mod 256; n; t.
        let mut p = [1, 2, 1, 0, 0, 2, ROUNDS, half_bits, 0, 0, 0, 2 * half_bits, 0, 0, 0, 0].into();
        cipher.encrypt_block(&mut p);
        Self { cipher, after_p: u128::from_be_bytes(p.into()), half_bits }
    }

    /// FF1.Encrypt.
    pub(super) fn encrypt(&self, number: u64) -> u64 {
        self.permuted(number, Way::There)
    }

    /// FF1.Decrypt.
    pub(super) fn decrypt(&self, number: u64) -> u64 {
        self.permuted(number, Way::Back)
    }

    fn permuted(&self, mut number: u64, way: Way) -> u64 {
        // All rounds in one call: each call makes the cipher's keys ready for many blocks at a time, which costs more
        // than a block.
        self.cipher.encrypt_with_backend(Rounds { ff1: self, way, number: &mut number });
        number
    }
}

enum Way {
    There,
    Back,
}

/// The rounds of one number, which they replace.
struct Rounds<'a> {
    ff1: &'a Ff1,
    way: Way,
    number: &'a mut u64,
}

impl Rounds<'_> {
    /// Step 6 i to iv: the number in the first d = 8 bytes of R. Q is the round and a half, padded with zeros in front.
    fn r(&self, cipher: &impl BlockCipherEncBackend<BlockSize = U16>, round: u8, half: u64) -> u64 {
        let q = (u128::from(round) << self.ff1.half_bits) | u128::from(half);
        let mut block = (self.ff1.after_p ^ q).to_be_bytes().into();
        cipher.encrypt_block_inplace(&mut block);
        let [s @ .., _, _, _, _, _, _, _, _]: [u8; 16] = block.into();
        u64::from_be_bytes(s)
    }

    /// Modulo 2 to the length of a half.
    const fn half(&self, number: u64) -> u64 {
        number & ((1 << self.ff1.half_bits) - 1)
    }
}

impl BlockSizeUser for Rounds<'_> {
    type BlockSize = U16;
}

impl BlockCipherEncClosure for Rounds<'_> {
    #[expect(
        clippy::inline_always,
        reason = "the cipher's instructions are only used in line in what it calls"
    )]
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(self, cipher: &B) {
        let (mut a, mut b) = (self.half(*self.number >> self.ff1.half_bits), self.half(*self.number));
        match self.way {
            Way::There => {
                for round in 0..ROUNDS {
                    (a, b) = (b, self.half(a.wrapping_add(self.r(cipher, round, b))));
                }
            }
            Way::Back => {
                for round in (0..ROUNDS).rev() {
                    (a, b) = (self.half(b.wrapping_sub(self.r(cipher, round, a))), a);
                }
            }
        }
        *self.number = (a << self.ff1.half_bits) | b;
    }
}

#[cfg(test)]
mod tests {
    use fpe::ff1::{FF1, FlexibleNumeralString};
    use proptest::prelude::*;

    use super::*;

    /// The crate that takes any radix is the yardstick.
    fn by_digits(key: &[u8; 32], number: u64, len: u32) -> u64 {
        let digits: Vec<u16> = (0..len).rev().map(|bit| u16::from((number >> bit) & 1 == 1)).collect();
        let ff1 = FF1::<Aes256>::new(key, 2).unwrap();
        let sealed: Vec<u16> = ff1.encrypt(&[], &FlexibleNumeralString::from(digits)).unwrap().into();
        sealed.iter().fold(0, |sum, &digit| (sum << 1) | u64::from(digit))
    }

    #[test]
    fn the_yardstick_holds_sample_7_of_nist() {
        // AES-256, radix 10, no tweak, of the samples published with SP 800-38G.
        let key = 0x2b7e_1516_28ae_d2a6_abf7_1588_09cf_4f3c_u128.to_be_bytes();
        let rest = 0xef43_59d8_d580_aa4f_7f03_6d6f_04fc_6a94_u128.to_be_bytes();
        let ff1 = FF1::<Aes256>::new(&[key, rest].concat(), 10).unwrap();
        let plain = FlexibleNumeralString::from((0..10).collect::<Vec<u16>>());
        let sealed: Vec<u16> = ff1.encrypt(&[], &plain).unwrap().into();
        assert_eq!(sealed, [6, 6, 5, 7, 6, 6, 7, 0, 0, 9]);
    }

    proptest! {
        #[test]
        fn words_permute_as_the_digits_of_the_standard(key: [u8; 32], number: u64) {
            let ff1 = Ff1::of_64_bits(&key);
            prop_assert_eq!(ff1.encrypt(number), by_digits(&key, number, 64));
            prop_assert_eq!(ff1.decrypt(ff1.encrypt(number)), number);
            let ff1 = Ff1::of_32_bits(&key);
            let number = number >> 32;
            prop_assert_eq!(ff1.encrypt(number), by_digits(&key, number, 32));
            prop_assert_eq!(ff1.decrypt(ff1.encrypt(number)), number);
        }
    }
}
