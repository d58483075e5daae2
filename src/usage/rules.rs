//! Figures of use: exact integers inside, rounded once when they are shown.

use rust_decimal::Decimal;

use super::benefit::{Hours, MILLION};
use crate::http::Number;

/// How many decimals hours, quantities and percentages are shown with.
const DECIMALS: u32 = 6;
/// At most so many digits are read, so that no sum of what is read overflows.
const MOST_DIGITS: usize = 9;

/// Reads a number from 0 with at most six decimals, in millionths; anything else is `None`.
pub fn millionths(text: &str) -> Option<u64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let decimals = decimals.trim_end_matches('0');
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > MOST_DIGITS || decimals.len() > 6 || !digits(whole) || !digits(decimals) {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let decimals: u64 = format!("{decimals:0<6}").parse().ok()?;
    whole.checked_mul(MILLION)?.checked_add(decimals)
}

/// A quotient, rounded half to even.
fn divided(dividend: u128, divisor: u128) -> u128 {
    let (Some(quotient), Some(rest)) = (dividend.checked_div(divisor), dividend.checked_rem(divisor)) else {
        return 0;
    };
    let up = match rest.cmp(&(divisor - rest)) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => quotient % 2 == 1,
        std::cmp::Ordering::Greater => true,
    };
    quotient.saturating_add(u128::from(up))
}

/// Millionths as they are shown.
fn shown(millionths: u128) -> Number {
    let number = i128::try_from(millionths).ok().and_then(|n| Decimal::try_from_i128_with_scale(n, DECIMALS).ok());
    Number(number.unwrap_or(Decimal::MAX).normalize())
}

/// Units as hours of an instance of this ratio.
pub fn hours(units: u128, ratio: u64) -> Number {
    shown(divided(units, u128::from(ratio)))
}

/// A part of a whole, in percent; of nothing it is 0.
pub fn percent(part: u128, whole: u128) -> Number {
    shown(share(part, whole))
}

/// What a reservation reserved and what was used of it, over some time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Units reserved.
    pub reserved: u128,
    /// Units used.
    pub used: u128,
    /// The hours in which it was in force.
    pub hours: u128,
    /// Used and reserved units of the hour that was used least, by share.
    least: Option<(u128, u128)>,
    /// The same of the hour that was used most.
    most: Option<(u128, u128)>,
}

impl Figures {
    /// Adds a day.
    pub fn count(&mut self, reserved: &Hours, used: &Hours) {
        for (reserved, used) in reserved.iter().zip(used).filter(|(reserved, _)| **reserved > 0) {
            self.hours = self.hours.saturating_add(1);
            self.reserved = self.reserved.saturating_add(*reserved);
            self.used = self.used.saturating_add(*used);
            let hour = (*used, *reserved);
            self.least = Some(self.least.filter(|least| !is_less(hour, *least)).unwrap_or(hour));
            self.most = Some(self.most.filter(|most| !is_less(*most, hour)).unwrap_or(hour));
        }
    }

    /// Used of reserved, in percent: over all hours, in the hour used least and in the one used most.
    pub fn percentages(&self) -> [Number; 3] {
        let of = |hour: Option<(u128, u128)>| hour.map_or(percent(0, 0), |(used, reserved)| percent(used, reserved));
        [percent(self.used, self.reserved), of(self.least), of(self.most)]
    }

    /// Instances used on average, of this ratio.
    pub fn used_instances(&self, ratio: u64) -> Number {
        shown(divided(self.used, self.hours.saturating_mul(u128::from(ratio))))
    }

    /// Instances left unused on average, of this ratio.
    pub fn unused_instances(&self, ratio: u64) -> Number {
        let unused = self.reserved.saturating_sub(self.used);
        shown(divided(unused, self.hours.saturating_mul(u128::from(ratio))))
    }

    /// Used of reserved in millionths of a percent, to compare.
    pub fn share(&self) -> u128 {
        share(self.used, self.reserved)
    }
}

/// Whether the share of one hour is less than that of another.
fn is_less((used, reserved): (u128, u128), (other_used, other_reserved): (u128, u128)) -> bool {
    if reserved == other_reserved {
        used < other_used
    } else {
        share(used, reserved) < share(other_used, other_reserved)
    }
}

/// A part of a whole, in millionths of a percent.
fn share(part: u128, whole: u128) -> u128 {
    divided(part.saturating_mul(100 * u128::from(MILLION)), whole)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::usage::benefit::NOTHING;

    #[test]
    fn numbers_are_read_exactly_or_not_at_all() {
        for (text, number) in [
            ("0", Some(0)),
            ("1", Some(1_000_000)),
            ("0.25", Some(250_000)),
            ("2.0000000", Some(2_000_000)),
            ("0.0000001", None),
            ("-1", None),
            ("+1", None),
            ("1e3", None),
            (".5", None),
            ("", None),
            ("1234567890", None),
        ] {
            assert_eq!(millionths(text), number, "{text}");
        }
    }

    #[test]
    fn figures_are_rounded_once_half_to_even() {
        assert_eq!(percent(1, 3).0.to_string(), "33.333333");
        assert_eq!(percent(2, 3).0.to_string(), "66.666667");
        assert_eq!(percent(1, 2).0.to_string(), "50");
        assert_eq!(percent(0, 0).0.to_string(), "0");
        assert_eq!((divided(5, 2), divided(7, 2), divided(8, 3)), (2, 4, 3));
        assert_eq!(hours(u128::MAX, 1).0, Decimal::MAX);
    }

    #[test]
    fn only_hours_in_force_count() {
        let (mut reserved, mut used) = (NOTHING, NOTHING);
        (reserved[3], reserved[4], reserved[5]) = (4, 4, 4);
        (used[4], used[5]) = (1, 4);
        let mut figures = Figures::default();
        figures.count(&reserved, &used);
        assert_eq!(figures.percentages().map(|number| number.0.to_string()), ["41.666667", "0", "100"]);
        assert_eq!(figures.hours, 3);
    }

    proptest! {
        #[test]
        fn no_amounts_make_it_panic(reserved: u128, used: u128, ratio: u64) {
            let mut figures = Figures::default();
            figures.count(&[reserved; 24], &[used; 24]);
            let _ = (figures.percentages(), figures.used_instances(ratio), figures.unused_instances(ratio), hours(used, ratio));
        }

        #[test]
        fn what_is_read_is_what_was_written(number in 0..1_000_000_000_000_000_u64) {
            let text = Decimal::try_from_i128_with_scale(number.into(), 6).unwrap().to_string();
            prop_assert_eq!(millionths(&text), Some(number));
        }
    }
}
