//! Ask before you grow: a counted allowance of bytes that can say no.
//!
//! Every buffer that a peer can fill draws on a [`Budget`]; a peer that asks for more gets
//! [`BudgetExceeded`] instead of our memory. Clones share one allowance.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A shared allowance of bytes.
#[derive(Clone, Debug)]
pub struct Budget {
    used_bytes: Arc<AtomicUsize>,
    max_bytes: usize,
    /// The allowance of which this is a part.
    whole: Option<Box<Self>>,
}

/// The allowance is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than the allowed {max_bytes} bytes would have to be held in memory")]
pub struct BudgetExceeded {
    /// The whole allowance.
    pub max_bytes: usize,
}

impl Budget {
    /// An allowance of `max_bytes`.
    #[must_use]
    pub fn new(max_bytes: usize) -> Self {
        Self { used_bytes: Arc::new(AtomicUsize::new(0)), max_bytes, whole: None }
    }

    /// A part of this allowance, of at most `max_bytes`: what is taken from it is taken from both.
    #[must_use]
    pub fn part(&self, max_bytes: usize) -> Self {
        Self { whole: Some(Box::new(self.clone())), ..Self::new(max_bytes) }
    }

    fn take(&self, more: usize) -> Result<(), BudgetExceeded> {
        let max_bytes = self.max_bytes;
        let taken = self.used_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            used.checked_add(more).filter(|&total| total <= max_bytes)
        });
        taken.map_err(|_| BudgetExceeded { max_bytes })?;
        let whole = self.whole.as_ref().map_or(Ok(()), |whole| whole.take(more));
        whole.inspect_err(|_| {
            self.used_bytes.fetch_sub(more, Ordering::Relaxed);
        })
    }

    fn give_back(&self, bytes: usize) {
        self.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
        if let Some(whole) = &self.whole {
            whole.give_back(bytes);
        }
    }

    /// Takes `bytes` from the allowance until the answer is dropped.
    ///
    /// # Errors
    /// [`BudgetExceeded`] if that much is not left.
    pub fn reserve(&self, bytes: usize) -> Result<Reserved, BudgetExceeded> {
        let mut reserved = Reserved { budget: self.clone(), bytes: 0 };
        reserved.grow_to(bytes)?;
        Ok(reserved)
    }

    /// How many bytes are taken now.
    #[must_use]
    pub fn used_bytes(&self) -> usize {
        self.used_bytes.load(Ordering::Relaxed)
    }
}

/// Bytes taken from a [`Budget`]; given back on drop.
#[derive(Debug)]
pub struct Reserved {
    budget: Budget,
    bytes: usize,
}

impl Reserved {
    /// Takes what is missing to hold `bytes` in all; asking for less than is held changes nothing.
    ///
    /// # Errors
    /// [`BudgetExceeded`] if that much is not left; what was held stays held.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), BudgetExceeded> {
        let more = bytes.saturating_sub(self.bytes);
        self.budget.take(more)?;
        self.bytes = self.bytes.saturating_add(more);
        Ok(())
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_no_and_gives_back() {
        let budget = Budget::new(10);
        let mut first = budget.reserve(6).unwrap();
        assert_eq!(budget.reserve(5).unwrap_err(), BudgetExceeded { max_bytes: 10 });
        first.grow_to(3).unwrap();
        assert_eq!(budget.used_bytes(), 6);
        first.grow_to(10).unwrap();
        assert!(first.grow_to(11).is_err());
        drop(first);
        assert_eq!(budget.used_bytes(), 0);
    }

    #[test]
    fn a_part_draws_on_both() {
        let whole = Budget::new(10);
        let (one, other) = (whole.part(6), whole.part(6));
        let first = one.reserve(6).unwrap();
        assert_eq!(one.reserve(1).unwrap_err(), BudgetExceeded { max_bytes: 6 });
        assert_eq!(other.reserve(5).unwrap_err(), BudgetExceeded { max_bytes: 10 });
        assert_eq!((other.used_bytes(), whole.used_bytes()), (0, 6));
        drop(first);
        assert_eq!((one.used_bytes(), whole.used_bytes()), (0, 0));
    }
}
