//! What a customer pays, without HTTP, database or clock.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::catalog::Term;
use crate::error::{Error, Result};
use crate::money::{Currency, Money};

/// A margin lies between these, in percent: nothing at all, and eleven times the public price.
const LEAST_MARGIN: Decimal = Decimal::from_parts(100, 0, 0, true, 0);
const MOST_MARGIN: Decimal = Decimal::from_parts(1000, 0, 0, false, 0);
/// The most decimals of a margin, and the longest number that is read.
const MARGIN_DECIMALS: u32 = 6;
const LONGEST_NUMBER: usize = 24;

/// What the price is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Rule {
    /// On top of the public price, in percent.
    Margin(Decimal),
    /// Of one instance for the whole term, in minor units of the currency.
    Fixed {
        /// Integer amount of the currency's minor unit.
        minor: i64,
        /// ISO 4217 code, upper case.
        currency: String,
    },
}

/// One item of a price list. What is left out widens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// The product; `None` for every product.
    pub product_id: Option<String>,
    /// The SKU, of a named product; `None` for every SKU.
    pub sku_id: Option<String>,
    /// The term; `None` for every term.
    pub term: Option<Term>,
    /// What the price is made from.
    pub rule: Rule,
}

impl Item {
    /// How narrow it is, if it fits at all: a SKU counts more than a product, a product more than a term.
    fn narrowness(&self, product_id: &str, sku_id: &str, term: Term) -> Option<u8> {
        let mut narrowness = 0;
        for (fits, weight) in [
            (self.sku_id.as_deref().map(|own| own == sku_id), 4),
            (self.product_id.as_deref().map(|own| own == product_id), 2),
            (self.term.map(|own| own == term), 1),
        ] {
            match fits {
                Some(true) => narrowness += weight,
                Some(false) => return None,
                None => {}
            }
        }
        Some(narrowness)
    }

    /// Whether both are about exactly the same.
    pub fn is_about(&self, other: &Self) -> bool {
        (&self.product_id, &self.sku_id, self.term) == (&other.product_id, &other.sku_id, other.term)
    }
}

/// What one instance costs the customer for the whole term: the narrowest item decides, and where
/// none fits, the public price holds.
///
/// # Errors
/// [`Error::AmountTooLarge`]; [`Error::Internal`] for a fixed price in another currency than
/// `public`, which setting it excludes.
pub fn customer_price(items: &[Item], product_id: &str, sku_id: &str, term: Term, public: Money) -> Result<Money> {
    let fitting = items.iter().filter_map(|item| Some((item.narrowness(product_id, sku_id, term)?, item)));
    let Some((_, item)) = fitting.max_by_key(|(narrowness, _)| *narrowness) else { return Ok(public) };
    match &item.rule {
        Rule::Margin(percent) => {
            let factor = percent.checked_add(Decimal::ONE_HUNDRED).ok_or(Error::AmountTooLarge)?;
            let exact = public.to_decimal().checked_mul(factor).ok_or(Error::AmountTooLarge)?;
            Money::round(exact.checked_div(Decimal::ONE_HUNDRED).ok_or(Error::AmountTooLarge)?, public.currency)
        }
        Rule::Fixed { minor, currency } if currency == public.currency.code() => Ok(Money { minor: *minor, ..public }),
        Rule::Fixed { currency, .. } => {
            Err(Error::Internal(format!("a fixed price in {currency} where {} is paid", public.currency.code())))
        }
    }
}

/// Reads a margin.
///
/// # Errors
/// [`Error::InvalidInput`] names `field`.
pub fn margin(field: &str, text: &str) -> Result<Decimal> {
    let percent = decimal(field, text)?.normalize();
    if percent < LEAST_MARGIN || percent > MOST_MARGIN || percent.scale() > MARGIN_DECIMALS {
        let reason =
            format!("must be between {LEAST_MARGIN} and {MOST_MARGIN}, with at most {MARGIN_DECIMALS} decimals");
        return Err(Error::invalid(field, reason));
    }
    Ok(percent)
}

/// Reads a fixed price, exact in the currency's minor unit.
///
/// # Errors
/// [`Error::InvalidInput`] names `field`.
pub fn fixed_price(field: &str, text: &str, currency: Currency) -> Result<Money> {
    let amount = decimal(field, text)?.normalize();
    if amount < Decimal::ZERO {
        return Err(Error::invalid(field, "must not be below 0"));
    }
    if amount.scale() > currency.decimals() {
        let reason = format!("{} has {} decimals", currency.code(), currency.decimals());
        return Err(Error::invalid(field, reason));
    }
    Money::round(amount, currency).map_err(|_| Error::invalid(field, "is too large"))
}

/// A plain decimal number: digits, one point, perhaps a sign.
fn decimal(field: &str, text: &str) -> Result<Decimal> {
    let wrong = || Error::invalid(field, "is no decimal number such as 20 or 1000.00");
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() > LONGEST_NUMBER || !plain(whole) || !plain(fraction) {
        return Err(wrong());
    }
    text.parse().map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn usd(minor: i64) -> Money {
        Money { minor, currency: Currency::USD }
    }

    fn item(product: &str, sku: &str, term: Option<Term>, percent: i64) -> Item {
        let named = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Item { product_id: named(product), sku_id: named(sku), term, rule: Rule::Margin(Decimal::from(percent)) }
    }

    #[test]
    fn the_narrowest_item_decides() {
        let year = Some(Term::OneYear);
        let mut items = Vec::new();
        let price = |items: &[Item]| customer_price(items, "P", "S", Term::OneYear, usd(10_000)).unwrap().minor;
        assert_eq!(price(&items), 10_000, "without a list the public price holds");
        for (item, minor) in [
            (item("", "", None, 1), 10_100),
            (item("", "", year, 2), 10_200),
            (item("P", "", None, 3), 10_300),
            (item("P", "", year, 4), 10_400),
            (item("P", "S", None, 5), 10_500),
            (item("P", "S", year, 6), 10_600),
        ] {
            items.insert(0, item);
            assert_eq!(price(&items), minor);
            items.reverse();
            assert_eq!(price(&items), minor, "the order of the items does not matter");
            items.reverse();
        }
        for other in [item("Q", "", None, 9), item("P", "T", None, 9), item("", "", Some(Term::ThreeYears), 9)] {
            items.push(other);
        }
        assert_eq!(price(&items), 10_600, "what is about something else does not count");
    }

    #[test]
    fn a_margin_comes_on_top_and_is_rounded_once() {
        let price = |percent: &str, minor: i64| {
            let rule = Rule::Margin(margin("x", percent).unwrap());
            let items = [Item { product_id: None, sku_id: None, term: None, rule }];
            customer_price(&items, "P", "S", Term::OneYear, usd(minor)).unwrap().minor
        };
        assert_eq!(price("20", 1_178_400), 1_414_080);
        assert_eq!(
            (price("0.5", 100), price("1.5", 100), price("-100", 100), price("-12.5", 1000)),
            (100, 102, 0, 875)
        );
    }

    #[test]
    fn a_fixed_price_is_of_its_own_currency() {
        let rule = Rule::Fixed { minor: 100_000, currency: "USD".to_owned() };
        let items = [Item { product_id: None, sku_id: None, term: None, rule }];
        assert_eq!(customer_price(&items, "P", "S", Term::OneYear, usd(5)).unwrap(), usd(100_000));
        let euros = Money { minor: 5, currency: Currency::parse("EUR").unwrap() };
        assert!(customer_price(&items, "P", "S", Term::OneYear, euros).is_err());
    }

    #[test]
    fn numbers_are_plain_decimals_within_bounds() {
        for text in [
            "",
            "x",
            "1e3",
            "+5",
            "1_000",
            "1,5",
            ".5",
            "5.",
            "--5",
            "1.2.3",
            " 5",
            "NaN",
            "1001",
            "-100.01",
            "0.0000001",
        ] {
            assert!(margin("x", text).is_err(), "{text}");
        }
        let yen = Currency::parse("JPY").unwrap();
        assert_eq!(fixed_price("x", "1000.00", Currency::USD).unwrap(), usd(100_000));
        assert_eq!(fixed_price("x", "1000.0", yen).unwrap().minor, 1000);
        for (text, currency) in
            [("0.001", Currency::USD), ("0.5", yen), ("-1", Currency::USD), ("99999999999999999999", yen)]
        {
            assert!(fixed_price("x", text, currency).is_err(), "{text} {}", currency.code());
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}", minor in any::<i64>(), percent in -100_i64..=1000) {
            let _ = (margin("x", &text), fixed_price("x", &text, Currency::USD));
            let items = [item("", "", None, percent)];
            let _ = customer_price(&items, "P", "S", Term::OneYear, usd(minor));
        }
    }
}
