//! Explanations: the lines whose amounts add up to an answer (`?explain=true`; not in the real
//! service).

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::Number;
use crate::money::Money;

/// One line of an explanation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExplanationLine {
    /// The rule that makes the amount.
    #[schema(example = "list price")]
    pub rule: String,
    /// What went into it.
    pub inputs: BTreeMap<&'static str, String>,
    /// How.
    #[schema(example = "round(usdUnitPrice × quantity ÷ exchangeRate)")]
    pub formula: &'static str,
    /// The amount, with its sign: all lines add up to the answer.
    #[schema(value_type = f64, example = 519.0)]
    pub amount: Number,
    /// ISO 4217 code of the amount.
    #[schema(example = "USD")]
    pub currency_code: &'static str,
}

impl ExplanationLine {
    /// A line of `amount` with its sign.
    pub fn new(
        rule: impl Into<String>,
        formula: &'static str,
        amount: Money,
        inputs: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Self {
        Self {
            rule: rule.into(),
            inputs: inputs.into_iter().collect(),
            formula,
            amount: amount.into(),
            currency_code: amount.currency.code(),
        }
    }

    /// The same with the opposite sign.
    #[must_use]
    pub fn negated(mut self) -> Self {
        self.amount = Number(-self.amount.0);
        self
    }
}
