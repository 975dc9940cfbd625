//! How many values were treated, by treatment: for metrics and the audit trail.

use std::sync::Arc;

/// Counts of treated values by the name of the treatment.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    counts: Vec<(Arc<str>, u64)>,
}

impl Tally {
    /// The counts, in order of first appearance.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.counts.iter().map(|(name, count)| (&**name, *count))
    }

    /// The sum of all counts.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    /// Those of another as well.
    pub(super) fn add(&mut self, more: Self) {
        for (name, count) in more.counts {
            match self.counts.iter_mut().find(|(known, _)| *known == name) {
                Some((_, counted)) => *counted = counted.saturating_add(count),
                None => self.counts.push((name, count)),
            }
        }
    }

    /// One more. A plan has few treatments, and each has one name that its rulings share.
    pub(super) fn count(&mut self, name: &Arc<str>) {
        let known = self.counts.iter_mut().find(|(known, _)| Arc::ptr_eq(known, name) || *known == *name);
        match known {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.counts.push((Arc::clone(name), 1)),
        }
    }
}
