//! Brotli (RFC 7932), without the large windows that the RFC does not know.

use brotli::enc::StandardAlloc;
use brotli::{BrotliDecompressStream, BrotliResult, BrotliState};

use super::decoder::Step;
use crate::base::budget::Reserved;
use crate::body::{Fault, Limits};

/// A brotli stream.
pub(super) struct Brotli {
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    limits: Limits,
    window: Option<Reserved>,
    ended: bool,
}

impl Brotli {
    pub(super) fn new(limits: &Limits) -> Self {
        let alloc = StandardAlloc::default;
        let state = BrotliState::new_strict(alloc(), alloc(), alloc());
        Self { state, limits: limits.clone(), window: None, ended: false }
    }

    pub(super) const fn may_end(&self) -> bool {
        self.ended
    }

    pub(super) fn step(&mut self, bytes: &[u8], out: &mut [u8]) -> Result<Step, Fault> {
        if self.ended {
            return if bytes.is_empty() {
                Ok(Step { read: 0, written: 0 })
            } else {
                Err(Fault::BytesAfterCoding)
            };
        }
        if let (None, Some(&first)) = (&self.window, bytes.first()) {
            self.window = Some(self.reserve_window(first)?);
        }
        let (mut left, mut read) = (bytes.len(), 0);
        let (mut room, mut written, mut total) = (out.len(), 0, 0);
        let result = BrotliDecompressStream(
            &mut left,
            &mut read,
            bytes,
            &mut room,
            &mut written,
            out,
            &mut total,
            &mut self.state,
        );
        match result {
            BrotliResult::ResultFailure => return Err(Fault::InvalidCoding),
            BrotliResult::ResultSuccess => self.ended = true,
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
        }
        Ok(Step { read, written })
    }

    fn reserve_window(&self, first: u8) -> Result<Reserved, Fault> {
        let log = window_log(first).filter(|&log| log <= self.limits.max_window_log);
        let log = log.ok_or(Fault::WindowTooLarge)?;
        Ok(self.limits.budget.reserve(1 << log)?)
    }
}

/// The window's size as a power of two, from the first byte of a stream (RFC 7932 section 9.1). `None` for
/// the bits that mean a large window.
const fn window_log(first: u8) -> Option<u32> {
    if first & 1 == 0 {
        return Some(16);
    }
    let (high, low) = ((first >> 1) & 7, (first >> 4) & 7);
    match (high, low) {
        (0, 0) => Some(17),
        (0, 1) => None,
        (0, low) => Some(8 + low as u32),
        (high, _) => Some(17 + high as u32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_window_as_the_rfc_lists_it() {
        let table = [
            (0b0, Some(16)),
            (0b000_0001, Some(17)),
            (0b0011, Some(18)),
            (0b1111, Some(24)),
            (0b010_0001, Some(10)),
            (0b111_0001, Some(15)),
            (0b001_0001, None),
        ];
        for (first, log) in table {
            assert_eq!(window_log(first), log, "{first:b}");
        }
    }
}
