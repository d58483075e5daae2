//! From a published price in USD to what a partner is charged in its currency.

use rust_decimal::Decimal;

use crate::config::ExchangeRates;
use crate::error::{Error, Result};
use crate::money::{Currency, Money};

/// What `quantity` instances cost: the exact product at the exchange rate, rounded once to the
/// minor unit, half to even.
///
/// # Errors
/// [`Error::AmountTooLarge`] when the amount cannot be counted.
pub fn charge(usd_unit_price: Decimal, quantity: i64, currency: Currency, usd_per_unit: Decimal) -> Result<Money> {
    let usd = usd_unit_price.checked_mul(Decimal::from(quantity)).ok_or(Error::AmountTooLarge)?;
    Money::round(usd.checked_div(usd_per_unit).ok_or(Error::AmountTooLarge)?, currency)
}

/// USD per unit of a currency.
///
/// # Errors
/// [`Error::Internal`] for a currency without a rate; partners are only added with one.
pub fn rate(fx: &ExchangeRates, currency: Currency) -> Result<Decimal> {
    fx.usd_per(currency).ok_or_else(|| Error::Internal(format!("no exchange rate for {}", currency.code())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_once_after_quantity_and_rate() {
        let eur = Currency::parse("EUR").unwrap();
        let rate: Decimal = "1.10".parse().unwrap();
        assert_eq!(charge(Decimal::from(2377), 1, eur, rate).unwrap().minor, 216_091);
        assert_eq!(charge(Decimal::from(2377), 3, eur, rate).unwrap().minor, 648_273);
        let jpy = Currency::parse("JPY").unwrap();
        assert_eq!(charge(Decimal::from(519), 1, jpy, "0.0070".parse().unwrap()).unwrap().minor, 74_143);
    }

    #[test]
    fn a_huge_quantity_is_an_error_or_exact() {
        assert!(charge(Decimal::MAX, 2, Currency::USD, Decimal::ONE).is_err());
        assert_eq!(
            charge(Decimal::from(21_397), 999_999_999, Currency::USD, Decimal::ONE).unwrap().minor,
            2_139_699_997_860_300
        );
    }
}
