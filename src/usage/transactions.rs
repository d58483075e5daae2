//! Purchases, the payments of monthly plans, and refunds of reservation orders.

use chrono::Datelike;

use super::Span;
use crate::catalog::Term;
use crate::db::{Moment, Unit};
use crate::error::Result;
use crate::ids::Guid;
use crate::money::Money;
use crate::refunds;
use crate::reservations::{self, BillingPlan, InstalmentStatus, Reservation, ReservationOrder};
use crate::subscriptions;

/// A movement of money for a reservation order.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// Unique among all.
    pub key: String,
    /// When it happened.
    pub at: Moment,
    /// Whether money was given back.
    pub is_refund: bool,
    /// The order.
    pub reservation_order_id: Guid,
    /// The order's name.
    pub name: String,
    /// What was bought.
    pub description: String,
    /// Instances.
    pub quantity: i64,
    /// The amount; negative for refunds.
    pub amount: Money,
    /// For how long it was bought.
    pub term: Term,
    /// The region.
    pub region: String,
    /// The size.
    pub arm_sku_name: String,
    /// Whether it is one of several payments.
    pub is_recurring: bool,
    /// The Azure subscription that is billed.
    pub subscription_id: Guid,
    /// Its name.
    pub subscription_name: String,
    /// The first of the billing month, as `yyyymmdd`; of a refund that of the purchase.
    pub billing_month: u32,
}

/// What was paid and given back for an order within a span.
///
/// # Errors
/// Those of the database.
pub fn of_order(
    unit: &mut Unit<'_>,
    order: &ReservationOrder,
    reservations: &[Reservation],
    span: Span,
) -> Result<Vec<Transaction>> {
    let Some(reservation) = reservations.first() else { return Ok(Vec::new()) };
    let currency = order.currency()?;
    let is_recurring = order.billing_plan == BillingPlan::Monthly;
    let billing = reservation.billing_subscription_id.clone();
    let plain = Transaction {
        key: order.id.to_string(),
        at: order.purchased_at,
        is_refund: false,
        reservation_order_id: order.id.clone(),
        name: order.name.clone(),
        description: reservation.description.clone(),
        quantity: order.original_quantity,
        amount: Money { minor: order.total_minor, currency },
        term: order.term,
        region: reservation.arm_region_name.clone(),
        arm_sku_name: reservation.arm_sku_name.clone(),
        is_recurring,
        subscription_name: subscriptions::repo::azure_by_id(unit.conn, &billing)?
            .map_or(String::new(), |azure| azure.name),
        subscription_id: billing,
        billing_month: billing_month(order.purchased_at),
    };
    let mut found = Vec::new();
    if is_recurring {
        for payment in reservations::payments_of(unit, &order.id)? {
            if let (InstalmentStatus::Succeeded, Some(at)) = (payment.status, payment.paid_at) {
                found.push(Transaction {
                    key: format!("{}_{:02}", order.id, payment.number),
                    at,
                    amount: Money { minor: payment.amount_minor, currency },
                    billing_month: billing_month(at),
                    ..plain.clone()
                });
            }
        }
    } else {
        found.push(plain.clone());
    }
    for refund in refunds::repo::of_orders(unit.conn, &[&order.id])? {
        found.push(Transaction {
            key: refund.id.to_string(),
            at: refund.at,
            is_refund: true,
            quantity: refund.quantity,
            amount: Money { minor: refund.fee_minor.saturating_sub(refund.refund_minor), currency },
            ..plain.clone()
        });
    }
    found.retain(|one| (span.first..=span.last).contains(&one.at.utc().date_naive()));
    Ok(found)
}

fn billing_month(at: Moment) -> u32 {
    let day = at.utc();
    day.year_ce().1.saturating_mul(10_000).saturating_add(day.month().saturating_mul(100)).saturating_add(1)
}
