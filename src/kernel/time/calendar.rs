//! Days and dates of the proleptic Gregorian calendar, for any year that 64 bits of seconds reach.
//!
//! `jiff` ends at the year 9999; PostgreSQL does not.
//! Source: ISO 8601 and the structure of the 400-year era (146,097 days, counted from the first of March).

/// Days in an era of 400 years.
const ERA_DAYS: i64 = 146_097;

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_DAYS: i64 = 719_468;

/// A date; no promise that the day exists in its month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: i64,
    /// 1..=12.
    pub(super) month: i64,
    /// 1..=31.
    pub(super) day: i64,
}

impl Date {
    /// The date `days` days after 1970-01-01.
    pub(super) const fn from_unix_days(days: i64) -> Self {
        let days = days.saturating_add(EPOCH_DAYS);
        let era = days.div_euclid(ERA_DAYS);
        let day_of_era = days.rem_euclid(ERA_DAYS);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / (ERA_DAYS - 1)) / 365;
        // Counted from the first of March, so that the leap day is the last.
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        Self {
            year: era * 400 + year_of_era + if month <= 2 { 1 } else { 0 },
            month,
            day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
        }
    }

    /// Days from 1970-01-01 to this date. `year` is within 10^12 of zero.
    pub(super) const fn unix_days(self) -> i64 {
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month_from_march = if self.month > 2 { self.month - 3 } else { self.month + 9 };
        let day_of_year = (153 * month_from_march + 2) / 5 + self.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * ERA_DAYS + day_of_era - EPOCH_DAYS
    }

    /// True if the calendar has this day.
    pub(super) fn exists(self) -> bool {
        (1..=12).contains(&self.month) && self.day >= 1 && Self::from_unix_days(self.unix_days()) == self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_jiff_on_every_day_that_it_knows() {
        let first = jiff::civil::date(-9999, 1, 1);
        let epoch = jiff::civil::date(1970, 1, 1);
        let mut days = i64::from((first - epoch).get_days());
        let mut known = first;
        loop {
            let date =
                Date { year: known.year().into(), month: known.month().into(), day: known.day().into() };
            assert_eq!((Date::from_unix_days(days), date.unix_days(), date.exists()), (date, days, true));
            let Ok(next) = known.tomorrow() else { break };
            (known, days) = (next, days + 1);
        }
    }

    #[test]
    fn days_that_are_not_there() {
        for (year, month, day) in
            [(2023, 2, 29), (1900, 2, 29), (2024, 4, 31), (2024, 0, 1), (2024, 13, 1), (2024, 1, 0)]
        {
            assert!(!Date { year, month, day }.exists());
        }
        assert!(Date { year: 2000, month: 2, day: 29 }.exists());
    }
}
