//! Queries on purchase permissions.

use diesel::prelude::*;

use super::SelfServePolicy;
use crate::customers::Customer;
use crate::db::Conn;
use crate::db::schema::self_serve_policies as policies;
use crate::error::Result;
use crate::ids::Guid;

pub(super) fn insert(conn: &mut Conn, policy: &SelfServePolicy) -> Result<()> {
    diesel::insert_into(policies::table).values(policy).execute(conn)?;
    Ok(())
}

/// What the customer may buy for itself from the partner that sells to it.
///
/// # Errors
/// Those of the database.
pub fn of_customer(conn: &mut Conn, customer: &Customer) -> Result<Option<SelfServePolicy>> {
    between(conn, &customer.seller_id, &customer.id)
}

pub(super) fn between(conn: &mut Conn, partner_id: &Guid, customer_id: &Guid) -> Result<Option<SelfServePolicy>> {
    let found = policies::table.find((partner_id, customer_id)).select(SelfServePolicy::as_select());
    Ok(found.first(conn).optional()?)
}

pub(super) fn update(conn: &mut Conn, policy: &SelfServePolicy) -> Result<()> {
    diesel::update(policies::table.find((&policy.partner_id, &policy.customer_id)))
        .set((policies::permissions.eq(&policy.permissions), policies::etag.eq(&policy.etag)))
        .execute(conn)?;
    Ok(())
}

pub(super) fn delete(conn: &mut Conn, policy: &SelfServePolicy) -> Result<()> {
    diesel::delete(policies::table.find((&policy.partner_id, &policy.customer_id))).execute(conn)?;
    Ok(())
}
