//! Rules of an order's line, without database or clock.

use super::refusal::Refusal;
use crate::catalog::{self, BillingCycle, ItemKind, PriceRow, Term};
use crate::db::Moment;

/// The SKU fixes the term; what the buyer says of it (`termDuration`, or the older context key
/// `duration`) must agree, and the size must still be sold for it.
///
/// # Errors
/// [`Refusal::TermNotOffered`], [`Refusal::TermNoLongerSold`].
pub fn check_term(row: &PriceRow, term: Option<&str>, duration: Option<&str>, now: Moment) -> Result<(), Refusal> {
    let said = [term.filter(|text| !text.is_empty()), duration];
    for text in said.into_iter().flatten() {
        if row.term.is_none() || term_of(text) != row.term {
            return Err(Refusal::TermNotOffered(crate::access::short(text)));
        }
    }
    match row.term {
        Some(term) if row.kind == ItemKind::Reservation && !catalog::rules::is_sold(&row.arm_sku_name, term, now) => {
            Err(Refusal::TermNoLongerSold)
        }
        _ => Ok(()),
    }
}

/// The term of `P1Y`, `1Year`, `3Year` or `3Years`.
fn term_of(text: &str) -> Option<Term> {
    match text.to_ascii_lowercase().as_str() {
        "1year" | "1years" => Some(Term::OneYear),
        "3year" | "3years" => Some(Term::ThreeYears),
        _ => Term::parse(text),
    }
}

/// The billing cycle: what the buyer names, or the first on offer.
///
/// # Errors
/// [`Refusal::BillingCycleNotSupported`].
pub fn billing_cycle(on_offer: &[BillingCycle], wanted: Option<BillingCycle>) -> Result<BillingCycle, Refusal> {
    match wanted {
        Some(cycle) if on_offer.contains(&cycle) => Ok(cycle),
        Some(cycle) => Err(Refusal::BillingCycleNotSupported(cycle.to_string())),
        None => on_offer.first().copied().ok_or_else(|| Refusal::BillingCycleNotSupported("none".to_owned())),
    }
}
