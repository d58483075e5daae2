//! The arithmetic of refunds (rule M5), exact and without database or clock. All amounts are
//! integers of the currency's minor unit; everything is rounded once, at the end, half to even.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::money::{Currency, Money};
use crate::reservations::rules::share_down;

/// Whole UTC days of a term, or of a month of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Days {
    /// From the day of the return to the day of the end.
    pub remaining: i64,
    /// From the first day to the day of the end.
    pub total: i64,
}

impl Days {
    /// The days of a span that began at `start` and ends at `end`, seen on the day of `now`.
    pub fn of(start: NaiveDate, end: NaiveDate, now: DateTime<Utc>) -> Self {
        let total = (end - start).num_days().max(1);
        let remaining = (end - now.date_naive()).num_days();
        Self { remaining: remaining.clamp(0, total), total }
    }
}

/// What giving instances back comes to, for exactly these instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// What the refund is a share of: what was paid for them, or what they would cost now if that
    /// is less; of a monthly plan the instalment of the current month.
    pub base: i64,
    /// What is given back, before the fee.
    pub refund: i64,
    /// Instalments that will not fall due any more.
    pub cancelled: i64,
    /// What is kept of the refund as early termination fee.
    pub fee: i64,
}

impl Refund {
    /// What is left of the refund after the fee.
    pub const fn payable(&self) -> i64 {
        self.refund.saturating_sub(self.fee)
    }

    /// What still binds the buyer: the refund of what is paid upfront, the instalments still to
    /// come of what is paid monthly.
    pub const fn commitment(&self, monthly: bool) -> i64 {
        if monthly { self.cancelled } else { self.refund }
    }
}

/// `numerator ÷ denominator`, half to even. Both not negative, the denominator not 0.
fn divide(numerator: i128, denominator: i128) -> Result<i64> {
    if denominator <= 0 || numerator < 0 {
        return Err(Error::Internal(format!("refund: {numerator} / {denominator}")));
    }
    let (whole, rest) = (numerator / denominator, numerator % denominator);
    let up = match (rest * 2).cmp(&denominator) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => whole % 2 == 1,
    };
    i64::try_from(if up { whole + 1 } else { whole }).map_err(|_| Error::AmountTooLarge)
}

/// What `quantity` of `held` upfront instances come to. `base` is the lower of what was paid for
/// all of them and what all of them would cost now. A part gets what the whole would, less what
/// the rest still would, so that parts never exceed the whole.
///
/// # Errors
/// [`Error::AmountTooLarge`].
pub fn upfront(base: i64, held: i64, quantity: i64, days: Days, fee_rate: Decimal) -> Result<Refund> {
    let of = |part: i64| -> Result<i64> {
        let numerator = i128::from(base)
            .checked_mul(i128::from(part))
            .and_then(|share| share.checked_mul(i128::from(days.remaining)))
            .ok_or(Error::AmountTooLarge)?;
        divide(numerator, i128::from(held) * i128::from(days.total))
    };
    let rest = held.saturating_sub(quantity);
    let refund = of(held)?.saturating_sub(of(rest)?);
    let base = base.saturating_sub(divide(i128::from(base) * i128::from(rest), i128::from(held))?);
    Ok(Refund { base, refund, cancelled: 0, fee: fee(refund, fee_rate)? })
}

/// What `quantity` of `held` instances on a monthly plan come to: the unused days of the current
/// month, which is paid, and the instalments still to come. Of each instalment the rest keeps its
/// share rounded down; a part gets what the whole would, less what the rest still would.
///
/// # Errors
/// [`Error::AmountTooLarge`].
pub fn monthly(
    current: i64,
    to_come: &[i64],
    held: i64,
    quantity: i64,
    days: Days,
    fee_rate: Decimal,
) -> Result<Refund> {
    let rest = held.saturating_sub(quantity);
    let kept = |amount: i64| share_down(amount, rest, held);
    let taken = |amount: i64| amount.saturating_sub(kept(amount));
    let of = |amount: i64| divide(i128::from(amount) * i128::from(days.remaining), i128::from(days.total));
    let (base, refund) = (taken(current), of(current)?.saturating_sub(of(kept(current))?));
    let cancelled = crate::money::sum_minor(to_come.iter().map(|amount| taken(*amount)))?;
    Ok(Refund { base, refund, cancelled, fee: fee(refund, fee_rate)? })
}

fn fee(refund: i64, rate: Decimal) -> Result<i64> {
    let exact = Decimal::from(refund).checked_mul(rate).ok_or(Error::AmountTooLarge)?;
    let rounded = exact.round_dp_with_strategy(0, rust_decimal::RoundingStrategy::MidpointNearestEven);
    i64::try_from(rounded).map_err(|_| Error::AmountTooLarge)
}

/// What counts against the yearly limit, in US cents at the order's exchange rate: the refund
/// before the fee, or of a monthly plan the instalments that will not fall due.
///
/// # Errors
/// [`Error::AmountTooLarge`].
pub fn counted(refund: &Refund, monthly: bool, currency: Currency, usd_per_unit: Decimal) -> Result<i64> {
    let amount = Money { minor: refund.commitment(monthly), currency };
    Ok(in_usd(amount, usd_per_unit)?.minor)
}

/// An amount in USD at an order's exchange rate.
///
/// # Errors
/// [`Error::AmountTooLarge`].
pub fn in_usd(amount: Money, usd_per_unit: Decimal) -> Result<Money> {
    Money::round(amount.to_decimal().checked_mul(usd_per_unit).ok_or(Error::AmountTooLarge)?, Currency::USD)
}

/// Types of resource whose reservations are never refunded by oneself.
pub const NOT_REFUNDED: [&str; 6] =
    ["Databricks", "SqlDataWarehousePrePurchase", "VMwareCloudSimple", "RedHatOsa", "RedHat", "SuseLinux"];

/// Whether reservations of a type can be refunded.
pub fn is_refunded(resource_type: &str) -> bool {
    !NOT_REFUNDED.iter().any(|kind| kind.eq_ignore_ascii_case(resource_type))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_documented_case_of_one_day() {
        let days = Days::of(day("2024-07-10"), day("2025-07-10"), at("2025-07-09T18:00:00Z"));
        assert_eq!(days, Days { remaining: 1, total: 365 });
    }

    #[test]
    fn days_are_whole_and_utc_whatever_the_time() {
        for (start, end, now, remaining, total) in [
            ("2027-03-01", "2028-03-01", "2027-03-01T23:59:59Z", 366, 366),
            ("2027-03-01", "2028-03-01", "2028-03-01T00:00:00Z", 0, 366),
            ("2026-11-21", "2029-11-21", "2026-11-22T00:00:00Z", 1095, 1096),
            ("2025-03-01", "2028-02-29", "2026-03-01T12:00:00Z", 730, 1095),
        ] {
            assert_eq!(Days::of(day(start), day(end), at(now)), Days { remaining, total }, "{start} {now}");
        }
    }

    /// The amounts of the official example: paid 24.00, consumed 3.28, refunded 20.72.
    #[test]
    fn the_official_example_adds_up() {
        let refund = upfront(2400, 1, 1, Days { remaining: 946, total: 1096 }, Decimal::ZERO).unwrap();
        assert_eq!((refund.base, refund.refund, refund.base - refund.refund), (2400, 2072, 328));
    }

    /// The documented count against the limit: 36 × 100 USD, returned in month 12.
    #[test]
    fn the_documented_monthly_commitment() {
        let refund = monthly(10_000, &[10_000; 24], 1, 1, Days { remaining: 15, total: 30 }, Decimal::ZERO).unwrap();
        assert_eq!((refund.refund, refund.cancelled), (5_000, 240_000));
        assert_eq!(counted(&refund, true, Currency::USD, Decimal::ONE).unwrap(), 240_000);
    }

    #[test]
    fn halves_go_to_the_even_neighbour_in_every_currency() {
        let half = Days { remaining: 1, total: 2 };
        for (base, refund) in [(1, 0), (3, 2), (5, 2), (7, 4)] {
            assert_eq!(upfront(base, 1, 1, half, Decimal::ZERO).unwrap().refund, refund, "{base}");
        }
    }

    #[test]
    fn the_fee_is_a_share_of_the_refund() {
        let days = Days { remaining: 1, total: 1 };
        let refund = upfront(10_050, 1, 1, days, "0.12".parse().unwrap()).unwrap();
        assert_eq!((refund.refund, refund.fee, refund.payable()), (10_050, 1_206, 8_844));
    }

    #[test]
    fn amounts_that_cannot_be_counted_are_errors() {
        let days = Days { remaining: 1, total: 1 };
        assert!(upfront(i64::MAX, 1, 1, days, Decimal::MAX).is_err());
        assert!(in_usd(Money { minor: i64::MAX, currency: Currency::USD }, Decimal::MAX).is_err());
        assert!(upfront(100, 0, 0, days, Decimal::ZERO).is_err());
    }

    proptest! {
        #[test]
        fn parts_returned_one_after_another_never_exceed_the_whole(
            base in 0_i64..10_000_000_000, parts in proptest::collection::vec(1_i64..50, 1..6),
            remaining in 0_i64..1096,
        ) {
            let days = Days { remaining, total: 1096 };
            let held: i64 = parts.iter().sum();
            let whole = upfront(base, held, held, days, Decimal::ZERO).unwrap().refund;
            let (mut left, mut paid, mut sum) = (held, base, 0);
            for part in parts {
                sum += upfront(paid, left, part, days, Decimal::ZERO).unwrap().refund;
                (left, paid) = (left - part, share_down(paid, left - part, left));
            }
            // Each rest carries its share in whole minor units, rounded down.
            prop_assert!((whole - 5..=whole).contains(&sum), "{} {}", sum, whole);
        }

        #[test]
        fn a_part_of_one_session_is_the_whole_less_the_rest(
            base in 0_i64..10_000_000_000, held in 1_i64..100, remaining in 0_i64..=365,
        ) {
            let days = Days { remaining, total: 365 };
            let of = |quantity| upfront(base, held, quantity, days, Decimal::ZERO).unwrap();
            let whole = of(held);
            prop_assert!(whole.refund <= base && whole.base == base);
            for quantity in 1..=held {
                let part = of(quantity);
                prop_assert!(part.refund >= 0 && part.refund <= whole.refund);
                prop_assert!(part.refund <= part.base + 1);
            }
        }

        #[test]
        fn a_monthly_part_and_its_rest_make_up_every_instalment(
            rows in proptest::collection::vec(0_i64..100_000, 1..36), held in 1_i64..50, quantity in 1_i64..50,
        ) {
            let quantity = quantity.min(held);
            let days = Days { remaining: 10, total: 30 };
            let part = monthly(rows[0], &rows[1..], held, quantity, days, Decimal::ZERO).unwrap();
            let kept: i64 =
                rows[1..].iter().map(|row| share_down(*row, held - quantity, held)).sum();
            prop_assert_eq!(part.cancelled + kept, rows[1..].iter().sum::<i64>());
            prop_assert!(part.base <= rows[0]);
            // The part and, afterwards, the rest come to exactly the whole.
            let whole = monthly(rows[0], &rows[1..], held, held, days, Decimal::ZERO).unwrap();
            let left = held - quantity;
            let left_row = share_down(rows[0], left, held);
            let then = if left == 0 { 0 } else { monthly(left_row, &[], left, left, days, Decimal::ZERO).unwrap().refund };
            prop_assert_eq!(part.refund + then, whole.refund);
        }
    }
}
