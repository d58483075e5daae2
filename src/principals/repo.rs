//! Queries on principals.

use diesel::prelude::*;

use super::Principal;
use crate::db::Conn;
use crate::db::schema::principals;
use crate::error::Result;
use crate::ids::Guid;

/// The principal of a tenant with this name (any letter case).
///
/// # Errors
/// Those of the database.
pub fn by_name(conn: &mut Conn, tenant_id: &Guid, name: &str) -> Result<Option<Principal>> {
    Ok(principals::table
        .filter(principals::tenant_id.eq(tenant_id).and(principals::name.eq(name.to_lowercase())))
        .select(Principal::as_select())
        .first(conn)
        .optional()?)
}

/// The principal with this object id.
///
/// # Errors
/// Those of the database.
pub fn by_object_id(conn: &mut Conn, object_id: &Guid) -> Result<Option<Principal>> {
    Ok(principals::table.find(object_id).select(Principal::as_select()).first(conn).optional()?)
}

/// Adds a principal.
///
/// # Errors
/// Those of the database.
pub fn insert(conn: &mut Conn, principal: &Principal) -> Result<()> {
    diesel::insert_into(principals::table).values(principal).execute(conn)?;
    Ok(())
}

/// Gives a principal another name (lower case) and display name.
///
/// # Errors
/// Those of the database.
pub fn rename(conn: &mut Conn, object_id: &Guid, name: &str, display_name: &str) -> Result<()> {
    diesel::update(principals::table.find(object_id))
        .set((principals::name.eq(name), principals::display_name.eq(display_name)))
        .execute(conn)?;
    Ok(())
}

/// Removes a principal, who can no longer sign in.
///
/// # Errors
/// Those of the database.
pub fn delete(conn: &mut Conn, object_id: &Guid) -> Result<()> {
    diesel::delete(principals::table.find(object_id)).execute(conn)?;
    Ok(())
}
