//! HMAC-SHA-256 (RFC 2104) of short messages under one key.
//!
//! An identifier fits with its padding into one block of SHA-256. Its MAC is then two compressions, each from a state that
//! depends on the key alone and is kept. The `hmac` crate, which serves what is longer, fills and wipes a buffer besides, and
//! that takes half as long as the compressions.
//!
//! Invariant: every message has the MAC that the `hmac` crate gives it.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use sha2::block_api::compress256;
use zeroize::Zeroize as _;

use super::key::{KEY_BYTES, hmac_of};

const BLOCK_BYTES: usize = 64;

/// What a message may have so that one bit and the length fit behind it.
const SHORT_BYTES: usize = BLOCK_BYTES - 9;

/// FIPS 180-4 section 5.3.3.
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// One key, ready for many messages.
#[derive(Clone)]
pub(super) struct ShortMac {
    inner: [u32; 8],
    outer: [u32; 8],
    long: Hmac<Sha256>,
}

impl Drop for ShortMac {
    fn drop(&mut self) {
        self.inner.zeroize();
        self.outer.zeroize();
    }
}

impl ShortMac {
    pub(super) fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self { inner: keyed(key, 0x36), outer: keyed(key, 0x5c), long: hmac_of(key) }
    }

    /// The MAC of the message that `feed` hands over in pieces, whenever it is asked.
    pub(super) fn tag(&self, feed: impl Fn(&mut dyn FnMut(&[u8]))) -> [u8; 32] {
        let mut block = [0; BLOCK_BYTES];
        let mut len = 0_usize;
        feed(&mut |piece| {
            let end = len.saturating_add(piece.len());
            if let Some(room) = block.get_mut(len..end) {
                room.copy_from_slice(piece);
            }
            len = end;
        });
        if len > SHORT_BYTES {
            let mut mac = self.long.clone();
            feed(&mut |piece| mac.update(piece));
            return mac.finalize().into_bytes().into();
        }
        let inner = finished(self.inner, block, len);
        let mut block = [0; BLOCK_BYTES];
        for (to, from) in block.iter_mut().zip(inner) {
            *to = from;
        }
        finished(self.outer, block, inner.len())
    }
}

/// The state behind the key, each byte of it combined with `pad`.
fn keyed(key: &[u8; KEY_BYTES], pad: u8) -> [u32; 8] {
    let mut block = [pad; BLOCK_BYTES];
    block.iter_mut().zip(key).for_each(|(to, from)| *to ^= from);
    let mut state = INITIAL;
    compress256(&mut state, &[block]);
    block.zeroize();
    state
}

/// The hash of the key's block and of `len` bytes at the beginning of this one, behind which there are zeros.
fn finished(mut state: [u32; 8], mut block: [u8; BLOCK_BYTES], len: usize) -> [u8; 32] {
    if let Some(end) = block.get_mut(len) {
        *end = 0x80;
    }
    let bits = u64::try_from(len.saturating_add(BLOCK_BYTES).saturating_mul(8)).unwrap_or_default();
    if let Some(tail) = block.last_chunk_mut::<8>() {
        *tail = bits.to_be_bytes();
    }
    compress256(&mut state, &[block]);
    let mut hash = [0; 32];
    for (to, word) in hash.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *to = word.to_be_bytes();
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_has_the_mac_of_the_library() {
        let key = std::array::from_fn(|at| u8::try_from(at * 7).unwrap());
        let short = ShortMac::new(&key);
        let message: Vec<u8> = (0..200_u8).map(|byte| byte.wrapping_mul(31)).collect();
        for len in 0..=message.len() {
            let (message, _) = message.split_at(len);
            let mut mac = hmac_of(&key);
            mac.update(message);
            let wanted: [u8; 32] = mac.finalize().into_bytes().into();
            for piece in [1, 7, 56, 200] {
                let tag = short.tag(|sink| message.chunks(piece).for_each(&mut *sink));
                assert_eq!(tag, wanted, "{len} by {piece}");
            }
        }
    }
}
