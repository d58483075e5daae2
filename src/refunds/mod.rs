//! Refunds: giving reservations back for the unused rest of their term (rules O3 and M5), within a
//! yearly limit a customer.

pub mod azure;
pub mod repo;
pub mod rules;

use chrono::TimeDelta;
use diesel::prelude::*;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::access::{Agent, PermittedOrder};
use crate::audit::{self, Change, OperationType, ResourceType};
use crate::catalog;
use crate::config::Policy;
use crate::customers::Customer;
use crate::db::schema::refunds;
use crate::db::{Moment, Unit};
use crate::error::Result;
use crate::ids::Guid;
use crate::ledger::{self, Account};
use crate::money::{Currency, Money, sum_minor};
use crate::pricing;
use crate::reservations::{
    self, BillingPlan, InstalmentStatus, Lineage, ProvisioningState, Refusal, Reservation, ReservationOrder, SubState,
    lifecycle,
};
use crate::text_enum;
use rules::{Days, Refund};

text_enum! {
    /// Why money was given back.
    RefundKind {
        /// A return; it counts against the limit.
        Return = "return",
        /// An exchange; it does not.
        Exchange = "exchange",
    }
}

/// Money that was given back.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = refunds)]
pub struct RefundRecord {
    /// Derived from session and reservation.
    pub id: Guid,
    /// Why.
    pub kind: RefundKind,
    /// The session that was carried out.
    pub session_id: Guid,
    /// The partner that got it.
    pub partner_id: Guid,
    /// The customer it was for.
    pub customer_id: Guid,
    /// The order.
    pub reservation_order_id: Guid,
    /// The reservation that instances were taken out of.
    pub reservation_id: Guid,
    /// How many.
    pub quantity: i64,
    /// ISO 4217 code of the amounts.
    pub currency: String,
    /// What was given back before the fee, in minor units.
    pub refund_minor: i64,
    /// What was kept as fee.
    pub fee_minor: i64,
    /// Instalments that will not fall due any more.
    pub cancelled_minor: i64,
    /// What counts against the limit, in US cents.
    pub counted_usd_minor: i64,
    /// Why, in the caller's words.
    pub reason: Option<String>,
    /// When.
    pub at: Moment,
}

/// How many payments of a reservation are done, of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payments {
    /// Done.
    pub completed: usize,
    /// In all.
    pub total: usize,
}

/// What giving instances of a reservation back comes to now.
#[derive(Clone, Debug)]
pub struct Valuation {
    /// The amounts.
    pub refund: Refund,
    /// The days it was counted with.
    pub days: Days,
    /// The currency of the amounts.
    pub currency: Currency,
    /// USD per unit of it.
    pub rate: Decimal,
    /// How it is paid.
    pub plan: BillingPlan,
    /// Its payments.
    pub payments: Payments,
    /// The price paid for all instances held, in minor units (of a monthly plan the current
    /// instalment), before it was compared with the present price.
    pub paid: i64,
    /// What all instances held would cost now, for upfront ones.
    pub present: Option<i64>,
}

impl Valuation {
    /// An amount in the valuation's currency.
    pub const fn money(&self, minor: i64) -> Money {
        Money { minor, currency: self.currency }
    }

    /// What counts against the limit, in USD.
    ///
    /// # Errors
    /// [`crate::error::Error::AmountTooLarge`].
    pub fn counted(&self) -> Result<Money> {
        let minor = rules::counted(&self.refund, self.plan == BillingPlan::Monthly, self.currency, self.rate)?;
        Ok(Money { minor, currency: Currency::USD })
    }
}

/// Values `quantity` instances of a reservation; with `days`, as they were counted when it was
/// quoted.
///
/// # Errors
/// [`Refusal::RefundQuantity`]; [`Refusal::State`] for what is no longer in use.
pub fn value(
    unit: &mut Unit<'_>,
    policy: &Policy,
    order: &ReservationOrder,
    one: &Reservation,
    quantity: i64,
    days: Option<Days>,
) -> Result<Valuation> {
    lifecycle::check_active(one)?;
    if order.expires_at <= unit.now {
        return Err(Refusal::Expired.into());
    }
    if !(1..=one.quantity).contains(&quantity) {
        return Err(Refusal::RefundQuantity { most: one.quantity }.into());
    }
    let (currency, rate) = (order.currency()?, order.rate()?);
    let fee_rate = policy.early_termination_fee_rate;
    let end = order.expires_at.utc().date_naive();
    match order.billing_plan {
        BillingPlan::Upfront => {
            let now = unit.now.utc();
            let days = days.unwrap_or_else(|| Days::of(order.purchased_at.utc().date_naive(), end, now));
            let present = present_price(unit, order, one)?;
            let base = present.map_or(one.paid_minor, |present| present.min(one.paid_minor));
            Ok(Valuation {
                refund: rules::upfront(base, one.quantity, quantity, days, fee_rate)?,
                days,
                currency,
                rate,
                plan: order.billing_plan,
                payments: Payments { completed: 1, total: 1 },
                paid: one.paid_minor,
                present,
            })
        }
        BillingPlan::Monthly => {
            let rows = reservations::repo::instalments_of_reservation(unit.conn, &one.id)?;
            let paid: Vec<_> = rows.iter().filter(|row| row.status == InstalmentStatus::Succeeded).collect();
            let to_come: Vec<_> = rows.iter().filter(|row| row.status == InstalmentStatus::Scheduled).collect();
            let start = paid.last().map_or(order.purchased_at, |row| row.due_at).utc().date_naive();
            let until = to_come.first().map_or(end, |row| row.due_at.utc().date_naive());
            let days = days.unwrap_or_else(|| Days::of(start, until, unit.now.utc()));
            let current = paid.last().map_or(0, |row| row.amount_minor);
            let amounts: Vec<i64> = to_come.iter().map(|row| row.amount_minor).collect();
            Ok(Valuation {
                refund: rules::monthly(current, &amounts, one.quantity, quantity, days, fee_rate)?,
                days,
                currency,
                rate,
                plan: order.billing_plan,
                payments: Payments { completed: paid.len(), total: rows.len() },
                paid: current,
                present: None,
            })
        }
    }
}

/// What all instances of a reservation would cost now, at the order's exchange rate; `None` where
/// its SKU has no price any more.
fn present_price(unit: &mut Unit<'_>, order: &ReservationOrder, one: &Reservation) -> Result<Option<i64>> {
    let Some(bought_at) = catalog::repo::by_id(unit.conn, &one.price_row_id)? else { return Ok(None) };
    let Some(row) = catalog::repo::sku(unit.conn, &bought_at.product_id, &bought_at.sku_id, unit.now)? else {
        return Ok(None);
    };
    let price = pricing::charge(row.usd_price()?, one.quantity, order.currency()?, order.rate()?)?;
    Ok(Some(price.minor))
}

/// What the customer consumed of its yearly limit, in USD. Each refund counts for the whole window
/// from its own instant.
///
/// # Errors
/// Those of the database.
pub fn consumed(unit: &mut Unit<'_>, policy: &Policy, customer: &Customer) -> Result<Money> {
    let window = TimeDelta::days(i64::from(policy.refund_window_days));
    let after = unit.now.plus(-window)?;
    let minor = sum_minor(repo::counted_since(unit.conn, customer, after)?)?;
    Ok(Money { minor, currency: Currency::USD })
}

/// The refusals of policy that stand against a return: resources that are never refunded, and the
/// limit. Exactly the limit is allowed.
///
/// # Errors
/// [`crate::error::Error::AmountTooLarge`].
pub fn policy_refusals(policy: &Policy, one: &Reservation, consumed: Money, counted: Money) -> Result<Vec<Refusal>> {
    let mut refusals = Vec::new();
    if !rules::is_refunded(&one.resource_type) {
        refusals.push(Refusal::RefundNotSupported(one.resource_type.clone()));
    }
    let limit = Money::round(policy.refund_limit_usd, Currency::USD)?;
    if sum_minor([consumed.minor, counted.minor])? > limit.minor {
        refusals.push(Refusal::RefundLimit {
            limit: limit.to_decimal().to_string(),
            days: policy.refund_window_days,
            consumed: consumed.to_decimal().to_string(),
        });
    }
    Ok(refusals)
}

/// What was quoted for a return: what it must still come to when it is carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnQuote {
    /// The order.
    pub order: Guid,
    /// The reservation.
    pub reservation: Guid,
    /// How many instances.
    pub quantity: i64,
    /// The day count, which is kept.
    pub days: Days,
    /// The amounts.
    pub refund: Refund,
}

/// What carrying a return out needs beside its quote.
pub struct Returning<'a> {
    /// The session.
    pub session_id: &'a Guid,
    /// Return or exchange.
    pub kind: RefundKind,
    /// Why, in the caller's words.
    pub reason: Option<&'a str>,
    /// What becomes of the reservation.
    pub lineage: Lineage,
}

/// Gives back what was quoted: takes the instances out, posts the money and keeps the record. The
/// order as it is afterwards, and the rest of the reservation, where there is one.
///
/// # Errors
/// [`Refusal::QuoteChanged`] where it no longer comes to what was quoted; [`Refusal::Expired`] after
/// the end of the term.
pub fn give_back(
    unit: &mut Unit<'_>,
    policy: &Policy,
    found: &PermittedOrder,
    quote: &ReturnQuote,
    returning: Returning<'_>,
) -> Result<(Valuation, ReservationOrder, Option<Reservation>)> {
    let one = found.reservation(&quote.reservation)?;
    if one.state == ProvisioningState::Cancelled || one.quantity < quote.quantity {
        return Err(Refusal::QuoteChanged.into());
    }
    let valued = value(unit, policy, &found.order, one, quote.quantity, Some(quote.days))?;
    if valued.refund != quote.refund {
        return Err(Refusal::QuoteChanged.into());
    }
    let cause = Guid::derived(&format!("refund:{}:{}", returning.session_id, one.id));
    let counted = match returning.kind {
        RefundKind::Return => valued.counted()?.minor,
        RefundKind::Exchange => 0,
    };
    let record = RefundRecord {
        id: cause.clone(),
        kind: returning.kind,
        session_id: returning.session_id.clone(),
        partner_id: found.order.partner_id.clone(),
        customer_id: found.order.customer_id.clone(),
        reservation_order_id: found.order.id.clone(),
        reservation_id: one.id.clone(),
        quantity: quote.quantity,
        currency: found.order.currency.clone(),
        refund_minor: valued.refund.refund,
        fee_minor: valued.refund.fee,
        cancelled_minor: valued.refund.cancelled,
        counted_usd_minor: counted,
        reason: returning.reason.map(str::to_owned),
        at: unit.now,
    };
    repo::insert(unit.conn, &record)?;
    // Back to where it was paid from: what the partner owes.
    let party = found.order.party();
    let refund = valued.money(valued.refund.refund);
    ledger::post(unit, &party, Account::Revenue, Account::Receivable, refund, &cause)?;
    let fee = valued.money(valued.refund.fee);
    let fee_cause = Guid::derived(&format!("fee:{cause}"));
    ledger::post(unit, &party, Account::Receivable, Account::EarlyTerminationFees, fee, &fee_cause)?;
    let why = match returning.kind {
        RefundKind::Return => SubState::Returned,
        RefundKind::Exchange => SubState::Exchanged,
    };
    let (order, rest) = lifecycle::take(unit, &found.order, one, quote.quantity, why, returning.lineage)?;
    Ok((valued, order, rest))
}

/// Carries a quoted return out (the limit is looked at again) and records it.
///
/// # Errors
/// [`Refusal::RefundLimit`], [`Refusal::RefundNotSupported`], and those of [`give_back`].
pub fn return_quoted(
    unit: &mut Unit<'_>,
    agent: &Agent,
    policy: &Policy,
    found: &PermittedOrder,
    session_id: &Guid,
    quote: &ReturnQuote,
    reason: Option<&str>,
) -> Result<(Valuation, ReservationOrder)> {
    let one = found.reservation(&quote.reservation)?;
    let consumed = consumed(unit, policy, &found.customer)?;
    let returning = Returning { session_id, kind: RefundKind::Return, reason, lineage: one.lineage()? };
    let (valued, order, rest) = give_back(unit, policy, found, quote, returning)?;
    if let Some(refusal) = policy_refusals(policy, one, consumed, valued.counted()?)?.into_iter().next() {
        return Err(refusal.into());
    }
    let change = Change {
        resource: ResourceType::Reservation,
        operation: OperationType::ReturnReservation,
        old: Some(described(one)),
        new: rest.as_ref().map(described),
        details: vec![
            ("ReservationOrderId".to_owned(), found.order.id.to_string()),
            ("ReservationId".to_owned(), one.id.to_string()),
            ("Quantity".to_owned(), quote.quantity.to_string()),
            ("RefundAmount".to_owned(), valued.money(valued.refund.payable()).to_decimal().to_string()),
            ("CurrencyCode".to_owned(), valued.currency.code().to_owned()),
            ("SessionId".to_owned(), session_id.to_string()),
        ],
    };
    audit::record(unit, agent, &found.customer, change)?;
    Ok((valued, order))
}

/// A reservation as records show it.
pub fn described(one: &Reservation) -> serde_json::Value {
    serde_json::json!({
        "id": one.id, "reservationOrderId": one.reservation_order_id, "displayName": one.display_name,
        "sku": one.arm_sku_name, "location": one.arm_region_name, "quantity": one.quantity, "state": one.state,
        "appliedScopeType": one.scope_type, "appliedScope": one.scope().id(),
        "instanceFlexibility": if one.flexible { "On" } else { "Off" }, "renew": one.renew, "archived": one.archived,
    })
}
