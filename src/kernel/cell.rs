//! Numbers floored to a multiple of a cell, without ever becoming a float.
//!
//! A float cannot do this: `floor(0.3 / 0.1) * 0.1` is 0.2. Stores that hold floats get [`Cell::floor_f64`],
//! which agrees with the decimal way on the shortest decimal of each float.
//!
//! Invariant: time and memory are linear in the text, whatever the exponent says.
//! Not here: which numbers are positions, times or amounts.

use std::cmp::Ordering;

use super::decimal::Decimal;
use super::digits::IntegerText;

/// Numbers with more integer digits are outside every range (an IEEE double has at most 309).
const MAX_INTEGER_DIGITS: u64 = 400;

/// Decimal digits in a limb.
const LIMB_DIGITS: usize = 18;

/// One more than the largest limb.
const LIMB: u64 = 1_000_000_000_000_000_000;

/// Enough for [`MAX_INTEGER_DIGITS`], the decimals of the finest cell, and a carry.
const LIMBS: usize = 24;

/// Decimals of the finest cell.
const MAX_SCALE: u8 = 9;

/// The width of a cell: `units` times 10^-`scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    units: u64,
    scale: u8,
}

/// The lower end of a cell.
pub(super) struct Corner {
    negative: bool,
    /// Least significant first, in units of 10^-scale.
    limbs: [u64; LIMBS],
    scale: u8,
    /// True if the number was the corner itself.
    pub(super) exact: bool,
}

impl Cell {
    /// Whole numbers.
    pub(super) const ONE: Self = Self { units: 1, scale: 0 };

    /// Reads a positive decimal of at most 18 significant digits and at most 9 decimals.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let decimal = Decimal::parse(text)?;
        let significant = decimal.significant_digits();
        if decimal.negative || significant == 0 || significant > LIMB_DIGITS {
            return None;
        }
        let mut units = decimal.digits().take(significant).fold(0, |sum, digit| sum * 10 + u64::from(digit));
        let mut scale = i64::try_from(significant).ok()?.saturating_sub(decimal.point);
        while scale < 0 {
            units = units.checked_mul(10).filter(|&units| units < LIMB)?;
            scale += 1;
        }
        let scale = u8::try_from(scale).ok().filter(|&scale| scale <= MAX_SCALE)?;
        Some(Self { units, scale })
    }

    /// The width in units of 10^-9.
    pub(super) fn billionths(self) -> u128 {
        u128::from(self.units) * 10_u128.pow(u32::from(MAX_SCALE - self.scale))
    }

    /// The width if it is a whole number.
    pub(super) const fn whole(self) -> Option<u64> {
        if self.scale == 0 { Some(self.units) } else { None }
    }

    /// The width as a fraction in lowest terms.
    pub(super) fn ratio(self) -> (u64, u64) {
        let ten = 10_u64.pow(u32::from(self.scale));
        let divisor = greatest_common_divisor(self.units, ten);
        (self.units / divisor, ten / divisor)
    }

    /// Decimals of a corner.
    pub(super) const fn scale(self) -> u8 {
        self.scale
    }

    /// Compares the widths.
    pub(super) fn cmp_width(self, other: Self) -> Ordering {
        self.billionths().cmp(&other.billionths())
    }

    /// The largest multiple of the cell that is not above the number; `None` if the number is out of range.
    pub(super) fn floor(self, number: &Decimal<'_>) -> Option<Corner> {
        // In units of 10^-scale: the first `kept` digits are the integer part, the rest is below it. Since
        // the cell is a whole number of units, flooring to units first changes nothing.
        let kept = if number.is_zero() { 0 } else { number.point.saturating_add(i64::from(self.scale)) };
        let kept = u64::try_from(kept.max(0)).ok()?;
        if kept > MAX_INTEGER_DIGITS + u64::from(self.scale) {
            return None;
        }
        let kept = usize::try_from(kept).ok()?;
        let used = kept.div_ceil(LIMB_DIGITS).max(1);
        let mut limbs = [0_u64; LIMBS];
        let mut digits = number.digits();
        // The most significant limb takes what does not fill a whole one.
        let mut wanted = kept.saturating_sub((used - 1) * LIMB_DIGITS);
        let mut remainder = 0;
        for limb in limbs.get_mut(..used)?.iter_mut().rev() {
            *limb = digits
                .by_ref()
                .chain(std::iter::repeat(0))
                .take(wanted)
                .fold(0, |sum, digit| sum * 10 + u64::from(digit));
            remainder = fold_remainder(remainder, *limb, self.units)?;
            wanted = LIMB_DIGITS;
        }
        let exact = remainder == 0 && digits.all(|digit| digit == 0);
        let mut corner = Corner { negative: number.negative, limbs, scale: self.scale, exact };
        if !number.negative {
            corner.subtract(remainder);
        } else if !exact {
            corner.add(self.units - remainder);
        }
        Some(corner)
    }

    /// The largest float that is not above `number` among those nearest to multiples of the cell; `None`
    /// for NaN, infinities and magnitudes of 10^15 and more, where floats are too coarse for it.
    pub(super) fn floor_f64(self, number: f64) -> Option<f64> {
        if number.is_nan() || number <= -1e15 || number >= 1e15 {
            return None;
        }
        let (wide, parts) = self.ratio();
        let (wide, parts) = (wide as f64, parts as f64);
        // Adding zero turns -0 into 0: a sign is below the cell.
        let corner = |index: f64| index * wide / parts + 0.0;
        let index = (number * parts / wide).floor();
        // Rounding may be one cell off to either side.
        Some(if corner(index) > number {
            corner(index - 1.0)
        } else if corner(index + 1.0) <= number {
            corner(index + 1.0)
        } else {
            corner(index)
        })
    }

    /// The largest multiple of the cell that is not above `number`, at least `i64::MIN`; `None` if the cell
    /// is no whole number.
    pub(super) fn floor_i64(self, number: i64) -> Option<i64> {
        let width = i64::try_from(self.whole()?).ok()?;
        Some(number.checked_sub(number.rem_euclid(width)).unwrap_or(i64::MIN))
    }
}

/// `(remainder * LIMB + limb) mod units`.
fn fold_remainder(remainder: u64, limb: u64, units: u64) -> Option<u64> {
    if remainder == 0 {
        return limb.checked_rem(units);
    }
    let folded = u128::from(remainder) * u128::from(LIMB) + u128::from(limb);
    u64::try_from(folded.checked_rem(u128::from(units))?).ok()
}

const fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl Corner {
    fn subtract(&mut self, amount: u64) {
        let mut borrow = amount;
        for limb in &mut self.limbs {
            if borrow == 0 {
                break;
            }
            let (digits, below_zero) = limb.overflowing_sub(borrow);
            *limb = if below_zero { digits.wrapping_add(LIMB) } else { digits };
            borrow = u64::from(below_zero);
        }
    }

    fn add(&mut self, amount: u64) {
        let mut carry = amount;
        for limb in &mut self.limbs {
            if carry == 0 {
                break;
            }
            *limb += carry;
            carry = u64::from(*limb >= LIMB);
            *limb -= carry * LIMB;
        }
    }

    /// The corner in units of 10^-scale, if they fit.
    pub(super) fn units(&self) -> Option<i64> {
        let [low, high, rest @ ..] = &self.limbs;
        if rest.iter().any(|&limb| limb != 0) {
            return None;
        }
        let magnitude = i128::from(*high) * i128::from(LIMB) + i128::from(*low);
        i64::try_from(if self.negative { -magnitude } else { magnitude }).ok()
    }

    /// Appends the corner as a decimal with exactly `scale` decimals, so that the figures tell the cell.
    pub(super) fn write(&self, out: &mut String) {
        let first = self.limbs.iter().rposition(|&limb| limb != 0).unwrap_or(0);
        let [lowest, higher @ ..] = &self.limbs;
        if self.negative && (first > 0 || *lowest != 0) {
            out.push('-');
        }
        for (at, &limb) in higher.iter().take(first).enumerate().rev() {
            push_padded(out, limb, if at + 1 == first { 1 } else { LIMB_DIGITS });
        }
        // The point is always within the lowest limb.
        let scale = usize::from(self.scale);
        push_padded(out, *lowest, if first > 0 { LIMB_DIGITS } else { scale + 1 });
        if scale > 0 {
            out.insert(out.len().saturating_sub(scale), '.');
        }
    }
}

/// Appends a number with at least `digits` digits.
fn push_padded(out: &mut String, number: u64, digits: usize) {
    const ZEROS: &str = "000000000000000000";
    let text = IntegerText::unsigned(number);
    let text = text.as_str();
    out.push_str(ZEROS.get(..digits.saturating_sub(text.len())).unwrap_or_default());
    out.push_str(text);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn floor(cell: &str, number: &str) -> Option<String> {
        let corner = Cell::parse(cell).unwrap().floor(&Decimal::parse(number)?)?;
        let mut text = String::new();
        corner.write(&mut text);
        Some(text)
    }

    #[test]
    fn exact_where_floats_are_not() {
        for (cell, number, expected) in [
            ("0.1", "0.3", "0.3"),
            ("0.1", "0.7", "0.7"),
            ("0.1", "0.29999999999999999", "0.2"),
            ("0.1", "-0.3", "-0.3"),
            ("0.1", "-0.30000000000000000000001", "-0.4"),
            ("0.1", "52", "52.0"),
            ("0.1", "-0", "0.0"),
            ("0.1", "-0.0e7", "0.0"),
            ("0.1", "-1e-999999999", "-0.1"),
            ("0.1", "1e-999999999", "0.0"),
            ("0.1", "5252001e-5", "52.5"),
            ("0.1", "0.005252001e4", "52.5"),
            ("0.25", "52.74", "52.50"),
            ("0.3", "1", "0.9"),
            ("100", "12345", "12300"),
            ("100", "-1", "-100"),
            ("100", "99.999", "0"),
            ("7", "1e30", "999999999999999999999999999999"),
            ("1e3", "123456789012345678901234567890.5", "123456789012345678901234567000"),
            ("999999999999999999", "1e36", "999999999999999999999999999999999999"),
            ("1", "-999999999999999999.5", "-1000000000000000000"),
            ("2.5", "7.4", "5.0"),
        ] {
            assert_eq!(floor(cell, number).as_deref(), Some(expected), "{number} by {cell}");
            assert_eq!(floor(cell, expected).as_deref(), Some(expected), "{number} by {cell}, again");
        }
    }

    #[test]
    fn out_of_range_is_neither_computed_nor_written_out() {
        assert_eq!(floor("1", "1e999999999"), None);
        assert_eq!(floor("1", "1e99999999999999999999999999"), None);
        assert_eq!(floor("1", &"9".repeat(100_000)), None);
        assert_eq!(floor("1", &format!("0.{}1e999999", "0".repeat(999_999))).as_deref(), Some("0"));
        assert_eq!(floor("1", "1e399").unwrap().len(), 400);
    }

    #[test]
    fn cells() {
        for text in ["0", "-1", "", "x", "1e-10", "1234567890123456789", "1e18", "NaN", "0.0"] {
            assert_eq!(Cell::parse(text), None, "{text}");
        }
        assert_eq!(Cell::parse("1.50").unwrap().ratio(), (3, 2));
        assert_eq!(Cell::parse("0.1").unwrap().ratio(), (1, 10));
        assert_eq!(Cell::parse("1e2"), Cell::parse("100.0"));
        assert!(Cell::parse("0.25").unwrap().cmp_width(Cell::parse("0.3").unwrap()).is_lt());
    }

    #[test]
    fn integers() {
        let hundred = Cell::parse("100").unwrap();
        for (number, expected) in
            [(0, 0), (199, 100), (-1, -100), (i64::MIN, i64::MIN), (i64::MAX, i64::MAX - 7)]
        {
            assert_eq!(hundred.floor_i64(number), Some(expected));
        }
        assert_eq!(Cell::parse("0.5").unwrap().floor_i64(3), None);
    }

    proptest! {
        #[test]
        fn agrees_with_integers(number in any::<i64>(), units in 1..10_000_000_u64, scale in 0..=9_u32) {
            let cell = format!("{units}e-{scale}");
            let corner = Cell::parse(&cell).unwrap().floor(&Decimal::parse(&number.to_string()).unwrap()).unwrap();
            let (number, units) = (i128::from(number) * 10_i128.pow(scale), i128::from(units));
            let expected = number - number.rem_euclid(units);
            let mut text = String::new();
            corner.write(&mut text);
            let written: String = text.chars().filter(|&c| c != '.').collect();
            // Written with the cell's own scale, which leaves out its trailing zeros.
            let decimals = text.split_once('.').map_or(0, |(_, decimals)| u32::try_from(decimals.len()).unwrap());
            prop_assert_eq!(written.parse::<i128>().unwrap() * 10_i128.pow(scale - decimals), expected);
            prop_assert_eq!(corner.exact, number == expected);
        }

        #[test]
        fn floats_agree_with_their_shortest_decimal(number in -400.0..400.0_f64, step in 0..4000_i32, cell in 0..5_usize) {
            let cell = ["0.1", "0.01", "0.25", "1", "0.5"][cell];
            for number in [number, f64::from(step) / 100.0, -f64::from(step) / 10.0] {
                let expected: f64 = floor(cell, &format!("{number}")).unwrap().parse().unwrap();
                let floored = Cell::parse(cell).unwrap().floor_f64(number).unwrap();
                prop_assert_eq!(floored.to_bits(), (expected + 0.0).to_bits(), "{} by {}", number, cell);
                prop_assert_eq!(Cell::parse(cell).unwrap().floor_f64(floored), Some(floored));
            }
        }
    }

    #[test]
    fn floats_out_of_range() {
        let cell = Cell::parse("0.1").unwrap();
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e15, -1e300] {
            assert_eq!(cell.floor_f64(number), None);
        }
        assert_eq!(cell.floor_f64(-0.0).map(f64::to_bits), Some(0));
    }
}
