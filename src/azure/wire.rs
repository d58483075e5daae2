//! What many answers of this surface are made of.

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::Number;
use crate::money::Money;

/// A list, or a page of one.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListOf<T> {
    /// The elements.
    pub value: Vec<T>,
    /// Where the list goes on; `null` at its end.
    pub next_link: Option<String>,
}

impl<T> ListOf<T> {
    /// A whole list.
    pub fn whole(value: Vec<T>) -> Self {
        Self { value, next_link: None }
    }
}

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Price {
    /// ISO 4217 code.
    #[schema(example = "USD")]
    pub currency_code: &'static str,
    /// The amount, exact.
    #[schema(value_type = f64, example = 519.0)]
    pub amount: Number,
}

impl From<Money> for Price {
    fn from(money: Money) -> Self {
        Self { currency_code: money.currency.code(), amount: money.into() }
    }
}
