//! `bucket`: numbers to the lower end of their bucket.
//!
//! A number in a document is a decimal of any length and is computed as one; text that holds a number in
//! the same notation (RFC 8259 section 6) is treated alike and stays text. Numbers of more than 400 integer
//! digits, and text that is no number, become null.

use super::cell::Cell;
use super::decimal::Decimal;
use super::treatment::{Judgement, Misfit};
use super::value::Value;

/// `bucket`, compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    cell: Cell,
}

/// The width of a bucket is not what it has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a bucket's width is a positive number of at most 18 digits, 9 of them decimals")]
pub struct InvalidBucket;

impl Bucket {
    /// Reads the width, a decimal number.
    ///
    /// # Errors
    /// [`InvalidBucket`] if it is not positive or has too many digits.
    pub fn parse(width: &str) -> Result<Self, InvalidBucket> {
        Cell::parse(width).map(|cell| Self { cell }).ok_or(InvalidBucket)
    }

    /// The width as a fraction in lowest terms.
    #[must_use]
    pub fn ratio(&self) -> (u64, u64) {
        self.cell.ratio()
    }

    /// The lower end of an integer's bucket, at least `i64::MIN`. `None` if the width is no whole number.
    #[must_use]
    pub fn int64(&self, number: i64) -> Option<i64> {
        self.cell.floor_i64(number)
    }

    /// The lower end of an integer's bucket, at least `i32::MIN`. `None` if the width is no whole number.
    #[must_use]
    pub fn int32(&self, number: i32) -> Option<i32> {
        self.int64(i64::from(number)).map(|lower| i32::try_from(lower).unwrap_or(i32::MIN))
    }

    /// The lower end of a float's bucket: the largest among the floats nearest to multiples of the width that
    /// is not above it. `None` for NaN, infinities and magnitudes of 10^15 and more.
    #[must_use]
    pub fn float64(&self, number: f64) -> Option<f64> {
        self.cell.floor_f64(number)
    }

    pub(super) fn cell(&self) -> Cell {
        self.cell
    }

    pub(super) fn treat<'a>(&self, value: Value<'a>, scratch: &'a mut String) -> Value<'a> {
        let (Value::Number(text) | Value::Text(text)) = value else { return Value::Null };
        let Some(corner) = Decimal::parse(text).and_then(|number| self.cell.floor(&number)) else {
            return Value::Null;
        };
        corner.write(scratch);
        value.respelled(scratch)
    }

    pub(super) fn judge<'a>(&self, value: Value<'_>) -> Judgement<'a> {
        let (Value::Number(text) | Value::Text(text)) = value else {
            return Judgement::Refused(Misfit::Unreadable);
        };
        match Decimal::parse(text).and_then(|number| self.cell.floor(&number)) {
            None => Judgement::Refused(Misfit::Unreadable),
            Some(corner) if corner.exact => Judgement::AtCell,
            Some(_) => Judgement::Refused(Misfit::FinerThanCell),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_keep_their_type() {
        let bucket = Bucket::parse("100").unwrap();
        let mut scratch = String::new();
        assert!(bucket.treat(Value::Number("12345.6"), &mut scratch) == Value::Number("12300"));
        scratch.clear();
        assert!(bucket.treat(Value::Text("-1"), &mut scratch) == Value::Text("-100"));
        for value in
            [Value::Text("1 000"), Value::Text("NaN"), Value::Text(""), Value::Bool(true), Value::Null]
        {
            scratch.clear();
            assert!(bucket.treat(value, &mut scratch) == Value::Null);
        }
        assert_eq!(Bucket::parse("0"), Err(InvalidBucket));
        assert_eq!(bucket.int32(i32::MIN), Some(i32::MIN));
        assert_eq!(bucket.int32(-1), Some(-100));
        assert_eq!(bucket.ratio(), (100, 1));
    }

    #[test]
    fn judged_by_value() {
        let bucket = Bucket::parse("100").unwrap();
        assert!(bucket.judge(Value::Text("1200")) == Judgement::AtCell);
        assert!(bucket.judge(Value::Number("1.2e3")) == Judgement::AtCell);
        assert!(bucket.judge(Value::Text("1201")) == Judgement::Refused(Misfit::FinerThanCell));
        assert!(bucket.judge(Value::Text("x")) == Judgement::Refused(Misfit::Unreadable));
    }
}
