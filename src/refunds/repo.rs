//! Queries on refunds.

use diesel::prelude::*;

use super::RefundRecord;
use crate::customers::Customer;
use crate::db::schema::refunds;
use crate::db::{Conn, Moment};
use crate::error::Result;
use crate::ids::Guid;

pub(super) fn insert(conn: &mut Conn, record: &RefundRecord) -> Result<()> {
    diesel::insert_into(refunds::table).values(record).execute(conn)?;
    Ok(())
}

/// What counts against the customer's limit since `after`, in US cents apiece.
pub(super) fn counted_since(conn: &mut Conn, customer: &Customer, after: Moment) -> Result<Vec<i64>> {
    Ok(refunds::table
        .filter(refunds::customer_id.eq(&customer.id).and(refunds::partner_id.eq(&customer.seller_id)))
        .filter(refunds::at.gt(after).and(refunds::counted_usd_minor.gt(0_i64)))
        .select(refunds::counted_usd_minor)
        .load(conn)?)
}

/// Every refund from the reservations of these orders, oldest first.
///
/// # Errors
/// Those of the database.
pub fn of_orders(conn: &mut Conn, orders: &[&Guid]) -> Result<Vec<RefundRecord>> {
    Ok(refunds::table
        .filter(refunds::reservation_order_id.eq_any(orders.iter().copied()))
        .order((refunds::at, refunds::id))
        .select(RefundRecord::as_select())
        .load(conn)?)
}
