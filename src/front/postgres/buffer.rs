//! What has been read from a peer and not been used yet.
//!
//! Most sessions wait most of the time, and most of what is said is short: room grows while a peer fills it, and is given
//! back after a read that was short of it.

use bytes::{Buf, Bytes, BytesMut};

use crate::base::budget::{Budget, BudgetExceeded, Reserved};

/// Room for one read from a peer that has said little so far.
const SHORT_BYTES: usize = 512;

/// Room for one read, at most.
const READ_BYTES: usize = 32 * 1024;

/// A buffer that asks the budget before it grows beyond the room for a few reads.
pub(super) struct Buffer {
    bytes: BytesMut,
    /// Room for the next read.
    room_bytes: usize,
    budget: Budget,
    reserved: Option<Reserved>,
}

impl Buffer {
    pub(super) fn new(budget: &Budget) -> Self {
        Self { bytes: BytesMut::new(), room_bytes: SHORT_BYTES, budget: budget.clone(), reserved: None }
    }

    /// What is there.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Takes out what has been used. An empty buffer keeps only the room for its next read.
    pub(super) fn used(&mut self, count: usize) {
        self.bytes.advance(count.min(self.bytes.len()));
        let is_roomy = self.bytes.capacity() > self.room_bytes.saturating_mul(2);
        if self.bytes.is_empty() && (self.reserved.take().is_some() || is_roomy) {
            self.bytes = BytesMut::new();
        }
    }

    /// Learns from a read of `count` bytes how much the next one may bring.
    pub(super) fn learn(&mut self, count: usize) {
        if count >= self.room_bytes {
            self.room_bytes = self.room_bytes.saturating_mul(4).min(READ_BYTES);
        } else if count < self.room_bytes / 16 {
            self.room_bytes = SHORT_BYTES;
        }
    }

    /// Takes out all that is there.
    pub(super) fn take(&mut self) -> Bytes {
        self.reserved = None;
        std::mem::take(&mut self.bytes).freeze()
    }

    /// The buffer with room for a read.
    pub(super) fn room(&mut self) -> Result<&mut BytesMut, BudgetExceeded> {
        let wanted = self.bytes.len().saturating_add(self.room_bytes);
        if wanted > READ_BYTES.saturating_mul(4) {
            // It grows by doubling, so that a long message is not copied at every read.
            let grown = wanted.checked_next_power_of_two().unwrap_or(wanted);
            match &mut self.reserved {
                Some(reserved) => reserved.grow_to(grown)?,
                None => self.reserved = Some(self.budget.reserve(grown)?),
            }
            if self.bytes.capacity() < wanted {
                self.bytes.reserve(grown.saturating_sub(self.bytes.len()));
            }
        } else {
            self.bytes.reserve(self.room_bytes);
        }
        Ok(&mut self.bytes)
    }
}
