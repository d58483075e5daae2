//! Amounts of money: integers of a currency's minor unit, with exact decimals only inside a
//! calculation. No floating point anywhere.

use iso_currency::Currency as Iso;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::error::{Error, Result};

/// An ISO 4217 currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency(Iso);

impl Currency {
    /// The currency in which Azure prices are published and the refund limit is counted.
    pub const USD: Self = Self(Iso::USD);

    /// Reads a code of any letter case (`usd`, `USD`).
    pub fn parse(code: &str) -> Option<Self> {
        Iso::from_code(&code.to_ascii_uppercase()).map(Self)
    }

    /// The three-letter code, upper case.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// The sign that stands before amounts, such as `$`.
    pub fn symbol(self) -> String {
        self.0.symbol().to_string()
    }

    /// How many decimals the minor unit has: 2 for USD, 0 for JPY, 3 for KWD.
    pub fn decimals(self) -> u32 {
        self.0.exponent().map_or(2, u32::from)
    }
}

/// An amount in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    /// Integer amount of the currency's minor unit (cents for USD).
    pub minor: i64,
    /// The currency of `minor`.
    pub currency: Currency,
}

impl Money {
    /// Rounds an exact amount once, half to even, to the minor unit.
    ///
    /// # Errors
    /// [`Error::AmountTooLarge`] when the amount does not fit.
    pub fn round(amount: Decimal, currency: Currency) -> Result<Self> {
        Self::from_whole_units(
            scaled(amount, currency)?.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven),
            currency,
        )
    }

    fn from_whole_units(units: Decimal, currency: Currency) -> Result<Self> {
        let minor = i64::try_from(units.trunc()).map_err(|_| Error::AmountTooLarge)?;
        Ok(Self { minor, currency })
    }

    /// The amount as a decimal with the currency's own number of decimals.
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.minor, self.currency.decimals())
    }

    /// Splits a total into `count` instalments: all but the last are `total / count` rounded down
    /// to the minor unit, the last takes the rest.
    pub fn instalments(self, count: u32) -> Vec<Self> {
        let parts = i64::from(count.max(1));
        let each = self.minor / parts;
        let last = self.minor - each * (parts - 1);
        let mut amounts = vec![Self { minor: each, ..self }; usize::try_from(parts - 1).unwrap_or(0)];
        amounts.push(Self { minor: last, ..self });
        amounts
    }
}

fn scaled(amount: Decimal, currency: Currency) -> Result<Decimal> {
    amount.checked_mul(Decimal::from(10_u64.pow(currency.decimals()))).ok_or(Error::AmountTooLarge)
}

/// The sum of amounts in minor units.
///
/// # Errors
/// [`Error::AmountTooLarge`] when the sum does not fit.
pub fn sum_minor(amounts: impl IntoIterator<Item = i64>) -> Result<i64> {
    amounts.into_iter().try_fold(0_i64, i64::checked_add).ok_or(Error::AmountTooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(minor: i64, code: &str) -> Money {
        Money { minor, currency: Currency::parse(code).unwrap() }
    }

    #[test]
    fn rounds_half_to_even_in_the_minor_unit_of_each_currency() {
        for (amount, code, minor) in [
            ("1.005", "USD", 100),
            ("1.015", "USD", 102),
            ("2.5", "JPY", 2),
            ("3.5", "JPY", 4),
            ("1.0005", "KWD", 1000),
        ] {
            let rounded = Money::round(amount.parse().unwrap(), Currency::parse(code).unwrap()).unwrap();
            assert_eq!(rounded.minor, minor, "{amount} {code}");
        }
    }

    #[test]
    fn too_large_an_amount_is_an_error_and_no_panic() {
        assert!(Money::round(Decimal::MAX, Currency::USD).is_err());
        assert!(sum_minor([i64::MAX, 1]).is_err());
    }

    #[test]
    fn the_last_instalment_takes_the_rest() {
        let parts = money(237_700, "USD").instalments(12);
        assert_eq!(parts.len(), 12);
        assert_eq!((parts[0].minor, parts[11].minor), (19_808, 19_812));
    }

    proptest! {
        #[test]
        fn instalments_add_up_and_only_the_last_differs(minor in 0_i64..1_000_000_000_000, count in 1_u32..60) {
            let parts = money(minor, "EUR").instalments(count);
            prop_assert_eq!(parts.len(), usize::try_from(count).unwrap());
            prop_assert_eq!(parts.iter().map(|p| p.minor).sum::<i64>(), minor);
            prop_assert!(parts[..parts.len() - 1].iter().all(|p| p.minor == minor / i64::from(count)));
        }
    }
}
