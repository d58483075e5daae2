//! Queries on reservation orders, reservations and instalments.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{Instalment, InstalmentStatus, ProvisioningState, Reservation, ReservationOrder};
use crate::customers::Customer;
use crate::db::schema::{instalments, reservation_orders, reservations};
use crate::db::{Conn, Moment};
use crate::error::Result;
use crate::ids::Guid;

pub(super) fn insert_order(conn: &mut Conn, order: &ReservationOrder) -> Result<()> {
    diesel::insert_into(reservation_orders::table).values(order).execute(conn)?;
    Ok(())
}

pub(super) fn insert(conn: &mut Conn, reservation: &Reservation) -> Result<()> {
    diesel::insert_into(reservations::table).values(reservation).execute(conn)?;
    Ok(())
}

pub(super) fn insert_instalment(conn: &mut Conn, instalment: &Instalment) -> Result<()> {
    diesel::insert_into(instalments::table).values(instalment).execute(conn)?;
    Ok(())
}

pub(super) fn order(conn: &mut Conn, id: &str) -> Result<Option<ReservationOrder>> {
    Ok(reservation_orders::table.find(id).select(ReservationOrder::as_select()).first(conn).optional()?)
}

/// The customer's reservation order with this id.
///
/// # Errors
/// Those of the database.
pub fn order_of(conn: &mut Conn, customer: &Customer, id: &Guid) -> Result<Option<ReservationOrder>> {
    Ok(reservation_orders::table
        .filter(reservation_orders::id.eq(id).and(reservation_orders::customer_id.eq(&customer.id)))
        .filter(reservation_orders::partner_id.eq(&customer.seller_id))
        .select(ReservationOrder::as_select())
        .first(conn)
        .optional()?)
}

/// The customer's reservation orders, each with the reservations it holds, oldest first; by id.
///
/// # Errors
/// Those of the database.
pub fn of_customer(
    conn: &mut Conn,
    customer: &Customer,
) -> Result<HashMap<Guid, (ReservationOrder, Vec<Reservation>)>> {
    let rows: Vec<(ReservationOrder, Reservation)> = reservation_orders::table
        .inner_join(reservations::table.on(reservations::reservation_order_id.eq(reservation_orders::id)))
        .filter(
            reservation_orders::customer_id
                .eq(&customer.id)
                .and(reservation_orders::partner_id.eq(&customer.seller_id)),
        )
        .order((reservations::effective_at, reservations::id))
        .select((ReservationOrder::as_select(), Reservation::as_select()))
        .load(conn)?;
    let mut held = HashMap::<Guid, (ReservationOrder, Vec<Reservation>)>::new();
    for (order, reservation) in rows {
        held.entry(order.id.clone()).or_insert_with(|| (order, Vec::new())).1.push(reservation);
    }
    Ok(held)
}

/// The reservations that an order holds, oldest first.
///
/// # Errors
/// Those of the database.
pub fn of_order(conn: &mut Conn, order_id: &Guid) -> Result<Vec<Reservation>> {
    Ok(reservations::table
        .filter(reservations::reservation_order_id.eq(order_id))
        .order((reservations::effective_at, reservations::id))
        .select(Reservation::as_select())
        .load(conn)?)
}

/// How many instances the customer holds in reservations that are in use.
///
/// # Errors
/// Those of the database.
pub fn instances_held(conn: &mut Conn, customer: &Customer) -> Result<i64> {
    let quantities: Vec<i64> = reservations::table
        .inner_join(reservation_orders::table.on(reservations::reservation_order_id.eq(reservation_orders::id)))
        .filter(
            reservation_orders::customer_id
                .eq(&customer.id)
                .and(reservation_orders::partner_id.eq(&customer.seller_id)),
        )
        .filter(reservations::state.eq(ProvisioningState::Succeeded))
        .select(reservations::quantity)
        .load(conn)?;
    crate::money::sum_minor(quantities)
}

/// The instalments of an order, first to last.
///
/// # Errors
/// Those of the database.
pub fn instalments_of(conn: &mut Conn, order_id: &Guid) -> Result<Vec<Instalment>> {
    Ok(instalments::table
        .filter(instalments::reservation_order_id.eq(order_id))
        .order(instalments::number)
        .select(Instalment::as_select())
        .load(conn)?)
}

pub(super) fn instalment(conn: &mut Conn, order_id: &Guid, number: i32) -> Result<Option<Instalment>> {
    Ok(instalments::table.find((order_id, number)).select(Instalment::as_select()).first(conn).optional()?)
}

pub(super) fn mark_paid(conn: &mut Conn, order_id: &Guid, number: i32, at: Moment) -> Result<()> {
    diesel::update(instalments::table.find((order_id, number)))
        .set((instalments::status.eq(InstalmentStatus::Succeeded), instalments::paid_at.eq(at)))
        .execute(conn)?;
    Ok(())
}

pub(super) fn expire(conn: &mut Conn, order_id: &str, at: Moment) -> Result<()> {
    diesel::update(reservation_orders::table.find(order_id))
        .set((
            reservation_orders::state.eq(ProvisioningState::Expired),
            reservation_orders::revision.eq(reservation_orders::revision + 1),
        ))
        .execute(conn)?;
    diesel::update(reservations::table)
        .filter(
            reservations::reservation_order_id.eq(order_id).and(reservations::state.eq(ProvisioningState::Succeeded)),
        )
        .set((
            reservations::state.eq(ProvisioningState::Expired),
            reservations::sub_state.eq("Expired"),
            reservations::revision.eq(reservations::revision + 1),
            reservations::updated_at.eq(at),
        ))
        .execute(conn)?;
    Ok(())
}
