//! Dates of a reservation, without database or clock.

use chrono::{Months, NaiveTime};

use crate::catalog::Term;
use crate::db::Moment;
use crate::error::{Error, Result};

/// The purchase instant plus the term, at the same time of day (29 February + 1 year is
/// 28 February).
///
/// # Errors
/// [`Error::Internal`] past the end of the calendar.
pub fn expiry(purchased_at: Moment, term: Term) -> Result<Moment> {
    later(purchased_at, term.months())
}

/// When instalment `number` (1 for the first) is due: 00:00 UTC of the purchase day of its month,
/// of the last day where the month is too short.
///
/// # Errors
/// [`Error::Internal`] past the end of the calendar.
pub fn instalment_due(purchased_at: Moment, number: i32) -> Result<Moment> {
    let months = u32::try_from(number - 1).map_err(|_| Error::Internal("instalments count from 1".to_owned()))?;
    Ok(later(purchased_at, months)?.utc().date_naive().and_time(NaiveTime::MIN).and_utc().into())
}

fn later(at: Moment, months: u32) -> Result<Moment> {
    at.utc()
        .checked_add_months(Months::new(months))
        .map(Moment::from)
        .ok_or_else(|| Error::Internal("a date past the end of the calendar".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().into()
    }

    #[test]
    fn a_leap_day_ends_on_the_last_of_february() {
        assert_eq!(expiry(at("2028-02-29T10:00:00Z"), Term::OneYear).unwrap(), at("2029-02-28T10:00:00Z"));
        assert_eq!(expiry(at("2026-11-21T10:00:00.5Z"), Term::ThreeYears).unwrap(), at("2029-11-21T10:00:00.5Z"));
    }

    #[test]
    fn instalments_fall_on_the_purchase_day_or_the_last_of_the_month() {
        let bought = at("2027-01-31T23:59:59Z");
        let due: Vec<String> = (1..=4).map(|n| instalment_due(bought, n).unwrap().to_string()).collect();
        assert_eq!(
            due,
            ["2027-01-31T00:00:00Z", "2027-02-28T00:00:00Z", "2027-03-31T00:00:00Z", "2027-04-30T00:00:00Z"]
        );
    }
}
