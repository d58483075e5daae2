//! Queries on orders and their lines.

use diesel::prelude::*;

use super::{Order, OrderLine};
use crate::catalog::BillingCycle;
use crate::customers::Customer;
use crate::db::Conn;
use crate::db::schema::{order_lines, orders};
use crate::error::Result;

/// Adds an order.
///
/// # Errors
/// Those of the database.
pub fn insert(conn: &mut Conn, order: &Order) -> Result<()> {
    diesel::insert_into(orders::table).values(order).execute(conn)?;
    Ok(())
}

/// Adds a line of an order.
///
/// # Errors
/// Those of the database.
pub fn insert_line(conn: &mut Conn, line: &OrderLine) -> Result<()> {
    diesel::insert_into(order_lines::table).values(line).execute(conn)?;
    Ok(())
}

/// The customer's order with this id (exactly as it is written).
///
/// # Errors
/// Those of the database.
pub fn find(conn: &mut Conn, customer: &Customer, id: &str) -> Result<Option<Order>> {
    Ok(orders::table
        .filter(orders::id.eq(id).and(orders::customer_id.eq(&customer.id)))
        .filter(orders::partner_id.eq(&customer.seller_id))
        .select(Order::as_select())
        .first(conn)
        .optional()?)
}

/// The customer's orders with their lines, oldest first; of one billing cycle where that is given.
///
/// # Errors
/// Those of the database.
pub fn list(conn: &mut Conn, customer: &Customer, cycle: Option<BillingCycle>) -> Result<Vec<(Order, Vec<OrderLine>)>> {
    let mut query = orders::table
        .inner_join(order_lines::table.on(order_lines::order_id.eq(orders::id)))
        .filter(orders::customer_id.eq(&customer.id).and(orders::partner_id.eq(&customer.seller_id)))
        .order((orders::created_at, orders::id, order_lines::line_number))
        .select((Order::as_select(), OrderLine::as_select()))
        .into_boxed();
    if let Some(cycle) = cycle {
        query = query.filter(orders::billing_cycle.eq(cycle));
    }
    let rows: Vec<(Order, OrderLine)> = query.load(conn)?;
    let mut list: Vec<(Order, Vec<OrderLine>)> = Vec::new();
    for (order, line) in rows {
        match list.last_mut() {
            Some((last, lines)) if last.id == order.id => lines.push(line),
            _ => list.push((order, vec![line])),
        }
    }
    Ok(list)
}

/// The lines of an order.
///
/// # Errors
/// Those of the database.
pub fn lines_of(conn: &mut Conn, order_id: &str) -> Result<Vec<OrderLine>> {
    Ok(order_lines::table
        .filter(order_lines::order_id.eq(order_id))
        .order(order_lines::line_number)
        .select(OrderLine::as_select())
        .load(conn)?)
}

/// The orders with these ids, by id.
///
/// # Errors
/// Those of the database.
pub fn by_ids(conn: &mut Conn, ids: &[&str]) -> Result<std::collections::HashMap<String, Order>> {
    let found: Vec<Order> =
        orders::table.filter(orders::id.eq_any(ids.iter().copied())).select(Order::as_select()).load(conn)?;
    Ok(found.into_iter().map(|order| (order.id.clone(), order)).collect())
}
