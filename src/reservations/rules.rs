//! Dates and shares of a reservation, without database or clock.

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

/// Hands an amount of minor units out by weight: each gets its share rounded down, and what is left
/// over goes, a unit each, to those whose share lost most by that (the first of equals). The parts
/// always add up to the amount.
pub fn apportion(amount: i64, weights: &[i64]) -> Vec<i64> {
    let amount = i128::from(amount.max(0));
    let total: i128 = weights.iter().map(|weight| i128::from((*weight).max(0))).sum();
    if total == 0 {
        return vec![0; weights.len()];
    }
    let share = |weight: &i64| amount * i128::from((*weight).max(0));
    let mut parts: Vec<i128> = weights.iter().map(|weight| share(weight) / total).collect();
    let mut by_loss: Vec<(usize, i128)> = weights.iter().map(|weight| share(weight) % total).enumerate().collect();
    by_loss.sort_by_key(|(position, loss)| (std::cmp::Reverse(*loss), *position));
    let left_over = usize::try_from(amount - parts.iter().sum::<i128>()).unwrap_or(0);
    for (position, _) in by_loss.into_iter().take(left_over) {
        if let Some(part) = parts.get_mut(position) {
            *part += 1;
        }
    }
    parts.into_iter().map(|part| i64::try_from(part).unwrap_or(i64::MAX)).collect()
}

/// `amount × part ÷ whole`, rounded down.
pub fn share_down(amount: i64, part: i64, whole: i64) -> i64 {
    if whole <= 0 {
        return 0;
    }
    i64::try_from(i128::from(amount) * i128::from(part) / i128::from(whole)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    #[test]
    fn what_is_left_over_goes_to_those_who_lost_most() {
        assert_eq!(apportion(100, &[1, 2]), [33, 67]);
        assert_eq!(apportion(100, &[1, 1, 1]), [34, 33, 33]);
        assert_eq!(apportion(1, &[1, 1]), [1, 0]);
        assert_eq!(apportion(0, &[3, 4]), [0, 0]);
        assert_eq!(share_down(100, 2, 3), 66);
    }

    proptest! {
        #[test]
        fn parts_add_up_and_are_off_by_less_than_a_unit(
            amount in 0_i64..=i64::MAX / 2,
            weights in proptest::collection::vec(1_i64..1_000_000_000, 1..8),
        ) {
            let parts = apportion(amount, &weights);
            prop_assert_eq!(parts.iter().map(|part| i128::from(*part)).sum::<i128>(), i128::from(amount));
            let total: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
            for (part, weight) in parts.iter().zip(&weights) {
                let exact = i128::from(amount) * i128::from(*weight);
                prop_assert!((i128::from(*part) * total - exact).abs() < total);
            }
        }
    }
}
