//! Queries on partners.

use diesel::prelude::*;

use super::Partner;
use crate::db::Conn;
use crate::db::schema::partners;
use crate::error::Result;
use crate::ids::Guid;

/// The partner with this tenant id.
///
/// # Errors
/// Those of the database.
pub fn by_id(conn: &mut Conn, id: &Guid) -> Result<Option<Partner>> {
    Ok(partners::table.find(id).select(Partner::as_select()).first(conn).optional()?)
}

/// The partner with this domain (any letter case).
///
/// # Errors
/// Those of the database.
pub fn by_domain(conn: &mut Conn, domain: &str) -> Result<Option<Partner>> {
    let domain = domain.to_lowercase();
    Ok(partners::table.filter(partners::domain.eq(domain)).select(Partner::as_select()).first(conn).optional()?)
}

/// The partner with this PartnerID.
///
/// # Errors
/// Those of the database.
pub fn by_mpn_id(conn: &mut Conn, mpn_id: &str) -> Result<Option<Partner>> {
    Ok(partners::table.filter(partners::mpn_id.eq(mpn_id)).select(Partner::as_select()).first(conn).optional()?)
}

/// The partner whose agents this group stands for.
///
/// # Errors
/// Those of the database.
pub fn by_foreign_group(conn: &mut Conn, group_id: &Guid) -> Result<Option<Partner>> {
    let query = partners::table.filter(partners::foreign_group_id.eq(group_id));
    Ok(query.select(Partner::as_select()).first(conn).optional()?)
}

/// Every partner, oldest first.
///
/// # Errors
/// Those of the database.
pub fn all(conn: &mut Conn) -> Result<Vec<Partner>> {
    Ok(partners::table.order((partners::created_at, partners::id)).select(Partner::as_select()).load(conn)?)
}

/// Adds a partner.
///
/// # Errors
/// Those of the database; a taken id, domain or PartnerID is a unique violation.
pub fn insert(conn: &mut Conn, partner: &Partner) -> Result<()> {
    diesel::insert_into(partners::table).values(partner).execute(conn)?;
    Ok(())
}
