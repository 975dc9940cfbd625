//! The width of a cell, as SQL needs it.

use crate::kernel::{Bucket, Grid};

/// Corners of `grid` outside of this many degrees become NULL.
const MAX_CORNER_DEGREES: u128 = 360;

/// The width of a `grid` cell or of a `bucket`, in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Width {
    numerator: u64,
    /// A divisor of a power of ten.
    denominator: u64,
    is_angle: bool,
}

impl Width {
    pub(super) fn grid(grid: &Grid) -> Self {
        let (numerator, denominator) = grid.ratio();
        Self { numerator, denominator, is_angle: true }
    }

    pub(super) fn bucket(bucket: &Bucket) -> Self {
        let (numerator, denominator) = bucket.ratio();
        Self { numerator, denominator, is_angle: false }
    }

    pub(super) const fn ratio(self) -> (u64, u64) {
        (self.numerator, self.denominator)
    }

    /// The width if it is a whole number of at most 18 digits.
    pub(super) fn whole(self) -> Option<i64> {
        i64::try_from(self.numerator).ok().filter(|_| self.denominator == 1)
    }

    pub(super) const fn is_at_least_one(self) -> bool {
        self.numerator >= self.denominator
    }

    /// Decimals that the width has, and so every multiple of it.
    pub(super) fn scale(self) -> i32 {
        let mut scale = 0;
        let mut ten = 1_u128;
        while scale < 18 && !ten.is_multiple_of(u128::from(self.denominator.max(1))) {
            ten *= 10;
            scale += 1;
        }
        scale
    }

    /// Units of 10^-scale.
    fn units(self) -> u128 {
        let ten = 10_u128.pow(self.scale().unsigned_abs());
        u128::from(self.numerator) * (ten / u128::from(self.denominator.max(1)))
    }

    /// The width as a decimal.
    pub(super) fn decimal(self) -> String {
        self.spelled(false, self.units())
    }

    /// For angles: the values, from the first up to before the second, whose corner is an angle.
    pub(super) fn range(self) -> Option<(String, String)> {
        let limit = MAX_CORNER_DEGREES * 10_u128.pow(self.scale().unsigned_abs());
        let last = limit / self.units().max(1) * self.units();
        self.is_angle.then(|| (self.spelled(true, last), self.spelled(false, last + self.units())))
    }

    fn spelled(self, negative: bool, units: u128) -> String {
        let sign = if negative { "-" } else { "" };
        format!("{sign}{units}e-{}", self.scale())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_of_cells() {
        let grid = |degrees: &str| Width::grid(&Grid::parse(degrees).unwrap());
        for (degrees, scale, decimal, range) in [
            ("0.1", 1, "1e-1", ("-3600e-1", "3601e-1")),
            ("0.25", 2, "25e-2", ("-36000e-2", "36025e-2")),
            ("7", 0, "7e-0", ("-357e-0", "364e-0")),
            ("0.000000001", 9, "1e-9", ("-360000000000e-9", "360000000001e-9")),
        ] {
            let width = grid(degrees);
            assert_eq!((width.scale(), width.decimal().as_str()), (scale, decimal));
            assert_eq!(width.range(), Some((range.0.to_owned(), range.1.to_owned())));
        }
        let bucket = |width: &str| Width::bucket(&Bucket::parse(width).unwrap());
        assert_eq!(bucket("100").whole(), Some(100));
        assert_eq!(bucket("2.50").whole(), None);
        assert_eq!((bucket("2.50").decimal(), bucket("2.50").range()), ("25e-1".to_owned(), None));
    }
}
