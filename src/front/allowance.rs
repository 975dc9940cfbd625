//! What one name may ask of a store beyond connections: statements that are under way, and rows within an hour.
//!
//! The hour slides: it is the sixty minutes behind, counted by the minute, so that nobody is given two hours' rows around the
//! stroke of one. What counts is what has left for the client, so that the count tells nobody what they have not been told.
//!
//! Invariant: nothing that is asked for begins once the hour is used up, or without a place among what is under way.
//! Not here: what counts as a row (`session`, `body`), and the words of a refusal (`session`).

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Names are forgotten that have nothing to their account, when there are so many.
const MANY_NAMES: usize = 1_024;

const MINUTES: usize = 60;

/// How much one name may ask for; `None` is no limit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Measure {
    /// Statements or exchanges under way.
    pub max_statements: Option<u64>,
    /// Rows within an hour.
    pub max_rows_per_hour: Option<u64>,
}

/// What all names have asked of one store.
#[derive(Debug)]
pub struct Allowances {
    measure: Measure,
    /// The minutes are counted from here.
    beginning: Instant,
    people: Mutex<People>,
}

#[derive(Debug, Default)]
struct People {
    by_name: HashMap<Box<str>, Arc<Account>>,
    /// How many there may be before those are forgotten who have nothing to their account.
    many: usize,
}

#[derive(Debug, Default)]
struct Account {
    under_way: AtomicU64,
    hour: Mutex<Hour>,
}

/// The rows of sixty minutes.
#[derive(Debug)]
struct Hour {
    by_minute: [u64; MINUTES],
    /// The last minute that is counted.
    now: u64,
    rows: u64,
}

/// What one name may still ask for.
#[derive(Clone, Debug)]
pub(super) struct Allowance {
    all: Arc<Allowances>,
    account: Arc<Account>,
}

/// A place among what is under way.
#[derive(Debug)]
pub(super) struct Permit(Allowance);

impl Allowances {
    /// Nobody has asked for anything.
    #[must_use]
    pub fn new(measure: Measure) -> Arc<Self> {
        Arc::new(Self { measure, beginning: Instant::now(), people: Mutex::default() })
    }

    /// What this name may ask for; `None` where that is not measured.
    pub(super) fn of(self: &Arc<Self>, name: &str) -> Option<Allowance> {
        let Measure { max_statements: None, max_rows_per_hour: None } = self.measure else {
            return Some(Allowance { all: Arc::clone(self), account: self.account(name) });
        };
        None
    }

    fn account(&self, name: &str) -> Arc<Account> {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = people.by_name.get(name) {
            return Arc::clone(known);
        }
        if people.by_name.len() >= people.many.max(MANY_NAMES) {
            let now = self.minute();
            people.by_name.retain(|_, account| Arc::strong_count(account) > 1 || account.rows(now) > 0);
            people.many = people.by_name.len().saturating_mul(2);
        }
        let account = Arc::<Account>::default();
        people.by_name.insert(name.into(), Arc::clone(&account));
        account
    }

    fn minute(&self) -> u64 {
        self.beginning.elapsed().as_secs() / 60
    }
}

impl Allowance {
    /// A place among what is under way; `None` if this name has as many as one may have.
    pub(super) fn begin(&self) -> Option<Permit> {
        let most = self.all.measure.max_statements.unwrap_or(u64::MAX);
        let one_more = |count: u64| (count < most).then(|| count.saturating_add(1));
        let begun = self.account.under_way.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        begun.is_ok().then(|| Permit(self.clone()))
    }

    /// Rows that may still be given within this hour.
    pub(super) fn rows_left(&self) -> u64 {
        let most = self.all.measure.max_rows_per_hour;
        most.map_or(u64::MAX, |most| most.saturating_sub(self.account.rows(self.all.minute())))
    }

    /// True if rows are counted.
    pub(super) fn counts_rows(&self) -> bool {
        self.all.measure.max_rows_per_hour.is_some()
    }

    /// Counts rows that were given.
    pub(super) fn give(&self, rows: u64) {
        if rows > 0 && self.counts_rows() {
            self.account.hour().add(self.all.minute(), rows);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.account.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Permit {
    /// Whose it is.
    pub(super) const fn allowance(&self) -> &Allowance {
        &self.0
    }
}

impl Account {
    fn rows(&self, now: u64) -> u64 {
        let mut hour = self.hour();
        hour.add(now, 0);
        hour.rows
    }

    /// Every change under the lock is one step, so what a panic of another left is whole.
    fn hour(&self) -> std::sync::MutexGuard<'_, Hour> {
        self.hour.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Hour {
    fn default() -> Self {
        Self { by_minute: [0; MINUTES], now: 0, rows: 0 }
    }
}

impl Hour {
    /// Counts rows in this minute, and forgets those of an hour ago.
    fn add(&mut self, minute: u64, rows: u64) {
        let passed = usize::try_from(minute.saturating_sub(self.now)).unwrap_or(MINUTES).min(MINUTES);
        // The oldest minutes come first.
        self.by_minute.rotate_left(passed % MINUTES);
        self.by_minute.iter_mut().rev().take(passed).for_each(|gone| *gone = 0);
        self.now = self.now.max(minute);
        if let Some(last) = self.by_minute.last_mut() {
            *last = last.saturating_add(rows);
        }
        if passed > 0 || rows > 0 {
            self.rows = self.by_minute.iter().fold(0, |sum, rows| sum.saturating_add(*rows));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_the_sixty_minutes_behind() {
        let mut hour = Hour::default();
        let mut all = |steps: &[(u64, u64)]| {
            steps.iter().for_each(|&(minute, rows)| hour.add(minute, rows));
            hour.rows
        };
        assert_eq!(all(&[(0, 5), (0, 1), (59, 10)]), 16);
        assert_eq!(all(&[(60, 0)]), 10);
        assert_eq!(all(&[(70, 2), (118, 0)]), 12);
        assert_eq!(all(&[(119, 1)]), 3);
        assert_eq!(all(&[(5_000, 0)]), 0);
        assert_eq!(all(&[(5_000, 7), (5_059, 0)]), 7);
        assert_eq!(all(&[(5_060, u64::MAX), (5_061, u64::MAX)]), u64::MAX);
    }

    #[test]
    fn each_name_has_its_own() {
        let all = Allowances::new(Measure { max_statements: Some(2), max_rows_per_hour: Some(10) });
        let (alice, again, bob) =
            (all.of("alice").unwrap(), all.of("alice").unwrap(), all.of("bob").unwrap());
        let both = (alice.begin().unwrap(), again.begin().unwrap());
        assert!(alice.begin().is_none() && bob.begin().is_some());
        drop(both);
        assert!(alice.begin().is_some());
        alice.give(9);
        assert_eq!(again.rows_left(), 1);
        again.give(1);
        assert_eq!((alice.rows_left(), bob.rows_left()), (0, 10));
        // Whoever has an hour to their account is not forgotten for others.
        drop((alice, again));
        (0..5_000).for_each(|n| drop(all.of(&n.to_string())));
        assert!(all.people.lock().unwrap().by_name.len() <= 2 * MANY_NAMES);
        assert_eq!(all.of("alice").unwrap().rows_left(), 0);
        assert!(Allowances::new(Measure::default()).of("alice").is_none());
    }
}
