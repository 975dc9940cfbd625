//! `grid`: latitude or longitude to the south-west corner of its cell.
//!
//! Reads and writes decimals as [`super::number`] does, in degrees. Corners outside -360..=360 become null:
//! such a number is no angle in degrees but, for instance, one in units of 10^-7 degrees, which a cell of
//! degrees would not make coarser. (The corner decides, not the number, so that the edge of the range shows
//! nothing below the cell.)

use super::cell::{Cell, Corner};
use super::decimal::Decimal;
use super::treatment::{Judgement, Misfit};
use super::value::Value;

/// The widest cell.
const MAX_DEGREES: u128 = 90;

/// The largest corner; longitudes are written 0..360 as well as -180..180.
const MAX_CORNER_DEGREES: i64 = 360;

/// `grid`, compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    cell: Cell,
    max_corner_units: i64,
}

/// The width of a cell is not what it has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a cell has more than 0 and at most {MAX_DEGREES} degrees, with at most 9 decimals")]
pub struct InvalidGrid;

impl Grid {
    /// Reads the width of a cell in degrees, a decimal number.
    ///
    /// # Errors
    /// [`InvalidGrid`] if it is not in 0..=90 or has too many decimals.
    pub fn parse(degrees: &str) -> Result<Self, InvalidGrid> {
        let cell = Cell::parse(degrees).filter(|cell| cell.billionths() <= MAX_DEGREES * 1_000_000_000);
        let cell = cell.ok_or(InvalidGrid)?;
        let max_corner_units = MAX_CORNER_DEGREES * 10_i64.pow(u32::from(cell.scale()));
        Ok(Self { cell, max_corner_units })
    }

    /// The width in degrees as a fraction in lowest terms.
    #[must_use]
    pub fn ratio(&self) -> (u64, u64) {
        self.cell.ratio()
    }

    /// The corner of a float: the largest among the floats nearest to multiples of the cell that is not above
    /// it. `None` for what is no angle in degrees.
    ///
    /// With `p/q` for [`Grid::ratio`], this is `floor(x*q/p)*p/q + 0`, moved by one cell where rounding made
    /// that larger than `x` or left the next corner at `x` or below it.
    #[must_use]
    pub fn float64(&self, degrees: f64) -> Option<f64> {
        let max = MAX_CORNER_DEGREES as f64;
        self.cell.floor_f64(degrees).filter(|corner| (-max..=max).contains(corner))
    }

    pub(super) fn cell(&self) -> Cell {
        self.cell
    }

    fn corner(&self, text: &str) -> Option<Corner> {
        let corner = self.cell.floor(&Decimal::parse(text)?)?;
        let units = corner.units()?;
        (-self.max_corner_units..=self.max_corner_units).contains(&units).then_some(corner)
    }

    pub(super) fn treat<'a>(&self, value: Value<'a>, scratch: &'a mut String) -> Value<'a> {
        let (Value::Number(text) | Value::Text(text)) = value else { return Value::Null };
        let Some(corner) = self.corner(text) else { return Value::Null };
        corner.write(scratch);
        value.respelled(scratch)
    }

    pub(super) fn judge<'a>(&self, value: Value<'_>) -> Judgement<'a> {
        let (Value::Number(text) | Value::Text(text)) = value else {
            return Judgement::Refused(Misfit::Unreadable);
        };
        match self.corner(text) {
            None => Judgement::Refused(Misfit::Unreadable),
            Some(corner) if corner.exact => Judgement::AtCell,
            Some(_) => Judgement::Refused(Misfit::FinerThanCell),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn treat(degrees: &str, text: &str) -> Option<String> {
        let mut scratch = String::new();
        match Grid::parse(degrees).unwrap().treat(Value::Text(text), &mut scratch) {
            Value::Text(text) => Some(text.to_owned()),
            _ => None,
        }
    }

    #[test]
    fn south_west_corners() {
        for (degrees, text, expected) in [
            ("0.1", "52.5200661", "52.5"),
            ("0.1", "-0.1278", "-0.2"),
            ("0.1", "13", "13.0"),
            ("0.25", "-33.8688", "-34.00"),
            ("1", "179.99", "179"),
            ("0.1", "180", "180.0"),
            ("0.1", "-180", "-180.0"),
            ("0.1", "359.99", "359.9"),
            ("90", "-1e-9", "-90"),
        ] {
            assert_eq!(treat(degrees, text).as_deref(), Some(expected), "{text} by {degrees}");
        }
    }

    #[test]
    fn what_is_no_angle_becomes_null() {
        for text in ["525200661", "360.1", "-360.01", "1e999999999", "-1e400", "52,5", "52.5N", "", "nan"] {
            assert_eq!(treat("0.1", text), None, "{text}");
        }
        for degrees in ["0", "-0.1", "90.1", "0.0000000001", "", "wide"] {
            assert_eq!(Grid::parse(degrees), Err(InvalidGrid), "{degrees}");
        }
    }

    #[test]
    fn floats_as_a_database_holds_them() {
        let grid = Grid::parse("0.1").unwrap();
        for (degrees, corner) in [(0.3, 0.3), (0.7, 0.7), (-0.05, -0.1), (52.5200661, 52.5), (-360.0, -360.0)]
        {
            assert_eq!(grid.float64(degrees), Some(corner));
        }
        assert_eq!(grid.float64(f64::NAN), None);
        assert_eq!(grid.float64(1e7), None);
        assert_eq!(grid.ratio(), (1, 10));
    }

    #[test]
    fn judged_by_value() {
        let grid = Grid::parse("0.1").unwrap();
        assert!(grid.judge(Value::Text("52.50")) == Judgement::AtCell);
        assert!(grid.judge(Value::Text("52.51")) == Judgement::Refused(Misfit::FinerThanCell));
        assert!(grid.judge(Value::Text("1000")) == Judgement::Refused(Misfit::Unreadable));
    }
}
