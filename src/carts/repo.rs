//! Queries on carts.

use diesel::prelude::*;

use super::{Cart, CartStatus};
use crate::customers::Customer;
use crate::db::schema::carts;
use crate::db::{Conn, Moment};
use crate::error::Result;
use crate::ids::Guid;

pub(super) fn insert(conn: &mut Conn, cart: &Cart) -> Result<()> {
    diesel::insert_into(carts::table).values(cart).execute(conn)?;
    Ok(())
}

pub(super) fn find(conn: &mut Conn, customer: &Customer, id: &Guid) -> Result<Option<Cart>> {
    Ok(carts::table
        .filter(carts::id.eq(id).and(carts::customer_id.eq(&customer.id)))
        .filter(carts::partner_id.eq(&customer.seller_id))
        .select(Cart::as_select())
        .first(conn)
        .optional()?)
}

pub(super) fn update(conn: &mut Conn, cart: &Cart) -> Result<()> {
    diesel::update(carts::table.find(&cart.id))
        .set((
            carts::modified_at.eq(cart.modified_at),
            carts::modified_by.eq(&cart.modified_by),
            carts::attestation_accepted.eq(cart.attestation_accepted),
            carts::lines.eq(&cart.lines),
        ))
        .execute(conn)?;
    Ok(())
}

pub(super) fn set_ordered(conn: &mut Conn, id: &Guid, answer: &str, at: Moment) -> Result<()> {
    diesel::update(carts::table.find(id))
        .set((carts::status.eq(CartStatus::Ordered), carts::checkout_answer.eq(answer), carts::modified_at.eq(at)))
        .execute(conn)?;
    Ok(())
}

pub(super) fn expire(conn: &mut Conn, id: &str) -> Result<()> {
    diesel::update(carts::table)
        .filter(carts::id.eq(id).and(carts::status.eq(CartStatus::Active)))
        .set(carts::status.eq(CartStatus::Expired))
        .execute(conn)?;
    Ok(())
}
