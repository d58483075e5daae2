//! Queries on agreements.

use diesel::prelude::*;

use super::Agreement;
use crate::customers::Customer;
use crate::db::Conn;
use crate::db::schema::agreements;
use crate::error::Result;

/// Adds an agreement.
///
/// # Errors
/// Those of the database.
pub fn insert(conn: &mut Conn, agreement: &Agreement) -> Result<()> {
    diesel::insert_into(agreements::table).values(agreement).execute(conn)?;
    Ok(())
}

/// What the customer's partner confirmed, oldest first.
///
/// # Errors
/// Those of the database.
pub fn list(conn: &mut Conn, customer: &Customer) -> Result<Vec<Agreement>> {
    Ok(agreements::table
        .filter(agreements::customer_id.eq(&customer.id).and(agreements::partner_id.eq(&customer.seller_id)))
        .order((agreements::created_at, agreements::id))
        .select(Agreement::as_select())
        .load(conn)?)
}
