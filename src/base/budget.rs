//! Ask before you grow: a counted allowance of bytes that can say no.
//!
//! Every buffer that a peer can fill draws on a [`Budget`]; a peer that asks for more gets
//! [`BudgetExceeded`] instead of our memory. Clones share one allowance.
//!
//! Invariant: a few parts that hold much do not take the last of what all share: a quarter of it is for parts that hold
//! little.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A part that holds more is a large one.
const LITTLE_BYTES: usize = 1 << 20;

/// One in so many bytes of what all share is not for large parts.
const KEPT_BACK: usize = 4;

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
        let before = self.take_up_to(self.max_bytes, more)?;
        let Some(whole) = &self.whole else { return Ok(()) };
        let is_large = before.saturating_add(more) > LITTLE_BYTES;
        let kept_back = if is_large { whole.max_bytes / KEPT_BACK } else { 0 };
        whole.take_up_to(whole.max_bytes.saturating_sub(kept_back), more).map(drop).inspect_err(|_| {
            self.used_bytes.fetch_sub(more, Ordering::Relaxed);
        })
    }

    /// Takes `more` unless there would be more than `most` taken then; how many bytes were taken before.
    fn take_up_to(&self, most: usize, more: usize) -> Result<usize, BudgetExceeded> {
        let taken = self.used_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            used.checked_add(more).filter(|&total| more == 0 || total <= most)
        });
        taken.map_err(|_| BudgetExceeded { max_bytes: self.max_bytes })
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

    /// Half-sent messages of a few sessions would end all others that read more than a little.
    #[test]
    fn large_parts_leave_something_for_small_ones() {
        let whole = Budget::new(64 << 20);
        let large: Vec<_> = (0..64).map(|_| whole.part(16 << 20)).collect();
        let held: Vec<_> = large.iter().filter_map(|part| part.reserve(8 << 20).ok()).collect();
        assert_eq!((held.len(), whole.used_bytes()), (6, 48 << 20));
        let small = whole.part(16 << 20);
        let mut little = small.reserve(1 << 20).unwrap();
        assert!(little.grow_to((1 << 20) + 1).is_err());
        assert!(large.iter().skip(8).take(15).map(|part| part.reserve(1 << 20)).all(|held| held.is_ok()));
        drop((held, little));
        assert_eq!(whole.used_bytes(), 0);
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
