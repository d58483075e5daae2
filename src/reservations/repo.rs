//! Queries on reservation orders, reservations and instalments.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{Instalment, InstalmentStatus, ProvisioningState, Reservation, ReservationOrder};
use crate::customers::Customer;
use crate::db::schema::{
    purchase_answers, reservation_instalments, reservation_orders, reservation_revisions, reservations,
};
use crate::db::{Conn, JsonText, Moment};
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
    diesel::insert_into(reservation_instalments::table).values(instalment).execute(conn)?;
    Ok(())
}

/// The reservation order with this id, whosever it is.
///
/// # Errors
/// Those of the database.
pub fn order(conn: &mut Conn, id: &str) -> Result<Option<ReservationOrder>> {
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

/// The instalments of an order, first to last, each with the share of every reservation that the
/// order has held.
///
/// # Errors
/// Those of the database.
pub fn instalments_of(conn: &mut Conn, order_id: &Guid) -> Result<Vec<Instalment>> {
    Ok(reservation_instalments::table
        .filter(reservation_instalments::reservation_order_id.eq(order_id))
        .order((reservation_instalments::number, reservation_instalments::reservation_id))
        .select(Instalment::as_select())
        .load(conn)?)
}

/// The instalments of one reservation, first to last.
///
/// # Errors
/// Those of the database.
pub fn instalments_of_reservation(conn: &mut Conn, reservation_id: &Guid) -> Result<Vec<Instalment>> {
    Ok(reservation_instalments::table
        .filter(reservation_instalments::reservation_id.eq(reservation_id))
        .order(reservation_instalments::number)
        .select(Instalment::as_select())
        .load(conn)?)
}

pub(super) fn instalments_due(conn: &mut Conn, order_id: &Guid, number: i32) -> Result<Vec<Instalment>> {
    Ok(reservation_instalments::table
        .filter(reservation_instalments::reservation_order_id.eq(order_id))
        .filter(reservation_instalments::number.eq(number))
        .filter(reservation_instalments::status.eq(InstalmentStatus::Scheduled))
        .order(reservation_instalments::reservation_id)
        .select(Instalment::as_select())
        .load(conn)?)
}

pub(super) fn mark_paid(conn: &mut Conn, reservation_id: &Guid, number: i32, at: Moment) -> Result<()> {
    diesel::update(reservation_instalments::table.find((reservation_id, number)))
        .set((reservation_instalments::status.eq(InstalmentStatus::Succeeded), reservation_instalments::paid_at.eq(at)))
        .execute(conn)?;
    Ok(())
}

/// Replaces the amount and the status of an instalment.
pub(super) fn update_instalment(conn: &mut Conn, row: &Instalment) -> Result<()> {
    diesel::update(reservation_instalments::table.find((&row.reservation_id, row.number)))
        .set((
            reservation_instalments::amount_minor.eq(row.amount_minor),
            reservation_instalments::status.eq(row.status),
        ))
        .execute(conn)?;
    Ok(())
}

pub(super) fn delete_instalments(conn: &mut Conn, reservation_id: &Guid) -> Result<()> {
    diesel::delete(reservation_instalments::table.filter(reservation_instalments::reservation_id.eq(reservation_id)))
        .execute(conn)?;
    Ok(())
}

pub(super) fn update(conn: &mut Conn, reservation: &Reservation) -> Result<()> {
    diesel::update(reservations::table.find(&reservation.id)).set(reservation).execute(conn)?;
    Ok(())
}

pub(super) fn insert_revision(conn: &mut Conn, reservation: &Reservation) -> Result<()> {
    diesel::insert_into(reservation_revisions::table)
        .values((
            reservation_revisions::reservation_id.eq(&reservation.id),
            reservation_revisions::revision.eq(reservation.revision),
            reservation_revisions::effective_at.eq(reservation.effective_at),
            reservation_revisions::snapshot.eq(JsonText::of(reservation)?),
        ))
        .execute(conn)?;
    Ok(())
}

/// Every state these reservations were in, oldest first.
///
/// # Errors
/// Those of the database.
pub fn revisions_of(conn: &mut Conn, reservation_ids: &[&Guid]) -> Result<Vec<Reservation>> {
    let snapshots: Vec<JsonText> = reservation_revisions::table
        .filter(reservation_revisions::reservation_id.eq_any(reservation_ids.iter().copied()))
        .order((reservation_revisions::reservation_id, reservation_revisions::revision))
        .select(reservation_revisions::snapshot)
        .load(conn)?;
    snapshots.iter().map(JsonText::read).collect()
}

/// Keeps a changed state of a reservation order, and counts the change.
pub(super) fn update_order(conn: &mut Conn, order: &ReservationOrder) -> Result<()> {
    diesel::update(reservation_orders::table.find(&order.id))
        .set((reservation_orders::state.eq(order.state), reservation_orders::revision.eq(order.revision)))
        .execute(conn)?;
    Ok(())
}

/// What a purchase was asked with and answered.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = purchase_answers)]
pub struct PurchaseAnswer {
    /// The reservation order.
    pub reservation_order_id: Guid,
    /// The tenant of whoever asked.
    pub tenant_id: Guid,
    /// The request.
    pub request: JsonText,
    /// The answer.
    pub answer: String,
}

/// What a purchase under this id was answered, whoever asked.
///
/// # Errors
/// Those of the database.
pub fn purchase_answer(conn: &mut Conn, id: &Guid) -> Result<Option<PurchaseAnswer>> {
    Ok(purchase_answers::table.find(id).select(PurchaseAnswer::as_select()).first(conn).optional()?)
}

/// Keeps what a purchase was answered.
///
/// # Errors
/// Those of the database.
pub fn insert_purchase_answer(conn: &mut Conn, answer: &PurchaseAnswer) -> Result<()> {
    diesel::insert_into(purchase_answers::table).values(answer).execute(conn)?;
    Ok(())
}
