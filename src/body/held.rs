//! Bytes that must be seen whole before any of them may leave, within the byte budget.

use super::{Fault, Limits};
use crate::base::budget::Reserved;

/// The allowance is asked for in steps of this many bytes.
const STEP_BYTES: usize = 4096;

/// The beginning of a token whose end has not come yet.
pub(super) struct Held {
    bytes: Vec<u8>,
    reserved: Option<Reserved>,
    limits: Limits,
}

impl Held {
    pub(super) const fn new(limits: Limits) -> Self {
        Self { bytes: Vec::new(), reserved: None, limits }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Puts `more` behind what is held.
    pub(super) fn push(&mut self, more: &[u8]) -> Result<(), Fault> {
        let len = self.bytes.len().saturating_add(more.len());
        self.check_len(len)?;
        if len > self.bytes.capacity() {
            let steps = len.next_multiple_of(STEP_BYTES);
            match &mut self.reserved {
                Some(reserved) => reserved.grow_to(steps)?,
                None => self.reserved = Some(self.limits.budget.reserve(steps)?),
            }
            self.bytes.reserve_exact(steps.saturating_sub(self.bytes.len()));
        }
        self.bytes.extend_from_slice(more);
        Ok(())
    }

    /// Says whether a token may be as long as this.
    pub(super) const fn check_len(&self, len: usize) -> Result<(), Fault> {
        if len > self.limits.max_token_bytes { Err(Fault::TokenTooLong) } else { Ok(()) }
    }

    /// What is held, to be given back.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    /// Keeps the room that `bytes` has, and forgets what is in it.
    pub(super) fn give_back(&mut self, mut bytes: Vec<u8>) {
        bytes.clear();
        self.bytes = bytes;
    }
}
