//! What has been read from a peer and not been used yet.

use bytes::{Buf, Bytes, BytesMut};

use crate::base::budget::{Budget, BudgetExceeded, Reserved};

/// Room for one read.
const READ_BYTES: usize = 32 * 1024;

/// A buffer that asks the budget before it grows beyond the room for a few reads.
pub(super) struct Buffer {
    bytes: BytesMut,
    budget: Budget,
    reserved: Option<Reserved>,
}

impl Buffer {
    pub(super) fn new(budget: &Budget) -> Self {
        Self { bytes: BytesMut::new(), budget: budget.clone(), reserved: None }
    }

    /// What is there.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Takes out what has been used. An empty buffer keeps only its first room.
    pub(super) fn used(&mut self, count: usize) {
        self.bytes.advance(count.min(self.bytes.len()));
        if self.bytes.is_empty() && self.reserved.take().is_some() {
            self.bytes = BytesMut::new();
        }
    }

    /// Takes out all that is there.
    pub(super) fn take(&mut self) -> Bytes {
        self.reserved = None;
        std::mem::take(&mut self.bytes).freeze()
    }

    /// The buffer with room for a read.
    pub(super) fn room(&mut self) -> Result<&mut BytesMut, BudgetExceeded> {
        let wanted = self.bytes.len().saturating_add(READ_BYTES);
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
            self.bytes.reserve(READ_BYTES);
        }
        Ok(&mut self.bytes)
    }
}
