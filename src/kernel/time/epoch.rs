//! Times as numbers since the Unix epoch, whose unit shows in their size.
//!
//! Milliseconds, microseconds and nanoseconds are told from seconds by their size from 1971 on; a number that
//! could be an early millisecond or a late second (after the year 2969) is read as the millisecond. What is
//! within a year of 1970 in a finer unit is read as seconds and comes out coarser than asked for or, at
//! worst, as fine as the period in that unit.

use super::Floor;
use crate::kernel::cell::Cell;
use crate::kernel::decimal::Decimal;

/// Numbers of this size and more are not seconds: 1971 in milliseconds. Each finer unit begins a thousand
/// times higher.
const FIRST_MS: i64 = 31_536_000_000;

/// A number since the epoch, with its unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticks {
    number: i64,
    per_second: i64,
    /// The sizes that are of this unit, from here to a thousand times it (from 0 for seconds).
    smallest: i64,
    /// True if a fraction was cut off.
    cut: bool,
}

impl Ticks {
    /// Reads a JSON number; `None` beyond 64 bits.
    pub(super) fn parse(number: &str) -> Option<Self> {
        let corner = Cell::ONE.floor(&Decimal::parse(number)?)?;
        let cut = !corner.exact;
        let number = corner.units()?;
        let size = number.checked_abs()?;
        let units = [(1_000_000_000, FIRST_MS * 1_000_000), (1_000_000, FIRST_MS * 1_000), (1_000, FIRST_MS)];
        let (per_second, smallest) =
            units.into_iter().find(|&(_, smallest)| size >= smallest).unwrap_or((1, 0));
        Some(Self { number, per_second, smallest, cut })
    }

    /// The floored number, in the same unit. Where the beginning of the period would be read as another unit,
    /// the result is the first number that is not.
    pub(super) fn floor(self, floor: &Floor) -> Option<i64> {
        let floored = floor.floor_s(self.number.div_euclid(self.per_second))?;
        let floored = floored.checked_mul(self.per_second)?;
        let too_large = self.smallest.saturating_mul(1_000).max(FIRST_MS);
        Some(if self.smallest > 0 && self.number > 0 {
            floored.max(self.smallest)
        } else {
            floored.max(1 - too_large)
        })
    }

    pub(super) fn is_at_cell(self, floor: &Floor) -> bool {
        !self.cut && self.floor(floor) == Some(self.number)
    }
}
