//! The names that the open objects, or the header of a table, have had so far, to notice a duplicate.
//!
//! Only a seeded 64-bit hash of a name is kept, so memory is bounded by the number of members. Two names
//! of one object share a hash less often than once in 10^13 objects of a thousand names; such an object is
//! refused, never let through unseen. A scrubbed name is kept by the complement of its hash, so that it is
//! not taken for a name that came so.

use std::collections::HashSet;
use std::fmt;
use std::hash::BuildHasher;

use foldhash::quality::RandomState;

use super::Fault;
use crate::base::budget::{Budget, Reserved};

/// Up to this many names of an object are compared one by one; more are hashed again.
const FEW_NAMES: usize = 32;

/// What one remembered name may cost in a set, in bytes.
const NAME_BYTES: usize = 32;

/// The allowance is asked for in steps of this many names.
const STEP_NAMES: usize = 1024;

/// The names of all open objects, innermost last.
pub(super) struct Names {
    few: Vec<u64>,
    many: Vec<HashSet<u64, RandomState>>,
    spare: Option<HashSet<u64, RandomState>>,
    seed: RandomState,
    held_names: usize,
    paid_names: usize,
    reserved: Option<Reserved>,
    budget: Budget,
}

/// Where the names of one object are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    start: usize,
    many: bool,
    /// How many names looked like an earlier one once names were scrubbed.
    repeats: u32,
}

/// What is put behind a name that looks like an earlier one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number(u32);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " ({})", self.0)
    }
}

impl Names {
    pub(super) fn new(budget: Budget) -> Self {
        Self {
            few: Vec::new(),
            many: Vec::new(),
            spare: None,
            seed: RandomState::default(),
            held_names: 0,
            paid_names: STEP_NAMES,
            reserved: None,
            budget,
        }
    }

    /// Opens an object.
    pub(super) const fn open(&self) -> Mark {
        Mark { start: self.few.len(), many: false, repeats: 0 }
    }

    /// Closes the innermost object.
    pub(super) fn close(&mut self, mark: Mark) {
        self.few.truncate(mark.start);
        if mark.many
            && let Some(mut set) = self.many.pop()
        {
            self.held_names = self.held_names.saturating_sub(set.len());
            set.clear();
            self.spare = Some(set).filter(|set| set.capacity() <= STEP_NAMES);
        }
    }

    /// The hash of an unescaped name.
    pub(super) fn hash(&self, name: &[u8]) -> u64 {
        self.seed.hash_one(name)
    }

    /// Adds the name with this hash to the innermost object.
    ///
    /// # Errors
    /// [`Fault::DuplicateName`] if the object has it already, [`Fault::Budget`] if there is no room.
    pub(super) fn insert(&mut self, mark: &mut Mark, hash: u64) -> Result<(), Fault> {
        if mark.many {
            return self.insert_in_set(hash);
        }
        let seen = self.few.get(mark.start..).unwrap_or_default();
        if seen.contains(&hash) {
            return Err(Fault::DuplicateName);
        }
        if seen.len() < FEW_NAMES {
            self.few.push(hash);
            return Ok(());
        }
        let mut set = self.spare.take().unwrap_or_else(|| HashSet::with_hasher(self.seed.clone()));
        set.extend(self.few.drain(mark.start..));
        self.held_names = self.held_names.saturating_add(set.len());
        self.many.push(set);
        mark.many = true;
        self.insert_in_set(hash)
    }

    /// Adds a name to an object in which names were scrubbed. Two names of one object can look the same once
    /// they are scrubbed, or one can look like a name that came so; the later one then gets a number, which
    /// makes it unique in the object.
    ///
    /// # Errors
    /// As for [`Self::insert`]: names that came the same are duplicates.
    pub(super) fn insert_among_scrubbed(
        &mut self,
        mark: &mut Mark,
        name: &str,
        scrubbed: bool,
    ) -> Result<Option<Number>, Fault> {
        let hash = self.hash(name.as_bytes());
        if scrubbed && !self.contains(*mark, hash) && !self.contains(*mark, !hash) {
            return self.insert(mark, !hash).map(|()| None);
        }
        if !scrubbed {
            self.insert(mark, hash)?;
            if !self.contains(*mark, !hash) {
                return Ok(None);
            }
        }
        mark.repeats = mark.repeats.saturating_add(1);
        let number = Number(mark.repeats.saturating_add(1));
        let numbered = self.hash(format!("{name}{number}").as_bytes());
        self.insert(mark, numbered)?;
        Ok(Some(number))
    }

    /// True if the innermost object has had the name with this hash, and it was added.
    pub(super) fn contains(&self, mark: Mark, hash: u64) -> bool {
        match self.many.last() {
            Some(set) if mark.many => set.contains(&hash),
            _ => self.few.get(mark.start..).is_some_and(|few| few.contains(&hash)),
        }
    }

    fn insert_in_set(&mut self, hash: u64) -> Result<(), Fault> {
        let Some(set) = self.many.last_mut() else { return Err(Fault::DuplicateName) };
        if !set.insert(hash) {
            return Err(Fault::DuplicateName);
        }
        self.held_names = self.held_names.saturating_add(1);
        if self.held_names > self.paid_names {
            self.paid_names = self.held_names.saturating_add(STEP_NAMES);
            let bytes = self.paid_names.saturating_mul(NAME_BYTES);
            match &mut self.reserved {
                Some(reserved) => reserved.grow_to(bytes)?,
                None => self.reserved = Some(self.budget.reserve(bytes)?),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(budget_bytes: usize) -> Names {
        Names::new(Budget::new(budget_bytes))
    }

    #[test]
    fn notices_duplicates_in_small_and_large_objects_only_where_they_are() {
        let mut names = names(1 << 20);
        let mut outer = names.open();
        for number in 0..100_u32 {
            names.insert(&mut outer, u64::from(number)).unwrap();
            let mut inner = names.open();
            for number in 0..50_u32 {
                names.insert(&mut inner, u64::from(number)).unwrap();
                assert_eq!(names.insert(&mut inner, 0).unwrap_err(), Fault::DuplicateName);
            }
            names.close(inner);
        }
        assert_eq!(names.insert(&mut outer, 99), Err(Fault::DuplicateName));
        assert_eq!(names.insert(&mut outer, 100), Ok(()));
    }

    #[test]
    fn asks_the_budget() {
        let mut names = names(100_000);
        let mut mark = names.open();
        let result = (0..1_000_000_u32).try_for_each(|number| names.insert(&mut mark, u64::from(number)));
        assert!(matches!(result, Err(Fault::Budget(_))));
    }
}
