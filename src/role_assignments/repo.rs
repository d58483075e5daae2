//! Queries on role assignments.

use diesel::prelude::*;

use super::RoleAssignment;
use crate::db::Conn;
use crate::db::schema::role_assignments;
use crate::error::Result;
use crate::ids::Guid;

/// Adds an assignment.
///
/// # Errors
/// Those of the database.
pub fn insert(conn: &mut Conn, assignment: &RoleAssignment) -> Result<()> {
    diesel::insert_into(role_assignments::table).values(assignment).execute(conn)?;
    Ok(())
}

/// The assignments of these principals at these scopes (by [`super::Scope::key`]).
///
/// # Errors
/// Those of the database.
pub fn held_by(conn: &mut Conn, principals: &[&Guid], scopes: &[String]) -> Result<Vec<RoleAssignment>> {
    Ok(role_assignments::table
        .filter(role_assignments::principal_id.eq_any(principals.iter().copied()))
        .filter(role_assignments::scope.eq_any(scopes))
        .order((role_assignments::created_at, role_assignments::id))
        .select(RoleAssignment::as_select())
        .load(conn)?)
}

/// All assignments of these principals.
///
/// # Errors
/// Those of the database.
pub fn of_principals(conn: &mut Conn, principals: &[&Guid]) -> Result<Vec<RoleAssignment>> {
    Ok(role_assignments::table
        .filter(role_assignments::principal_id.eq_any(principals.iter().copied()))
        .select(RoleAssignment::as_select())
        .load(conn)?)
}

/// The assignments at a scope, oldest first.
///
/// # Errors
/// Those of the database.
pub fn at_scope(conn: &mut Conn, scope: &str) -> Result<Vec<RoleAssignment>> {
    Ok(role_assignments::table
        .filter(role_assignments::scope.eq(scope))
        .order((role_assignments::created_at, role_assignments::id))
        .select(RoleAssignment::as_select())
        .load(conn)?)
}

/// The assignments at these scopes (by [`super::Scope::key`]).
///
/// # Errors
/// Those of the database.
pub fn at_scopes(conn: &mut Conn, scopes: &[String]) -> Result<Vec<RoleAssignment>> {
    let mut found = Vec::new();
    // A statement takes only so many values.
    for some in scopes.chunks(500) {
        let query = role_assignments::table.filter(role_assignments::scope.eq_any(some));
        found.extend(query.select(RoleAssignment::as_select()).load(conn)?);
    }
    Ok(found)
}

/// The assignment with this name, wherever it is.
///
/// # Errors
/// Those of the database.
pub(super) fn by_name(conn: &mut Conn, name: &Guid) -> Result<Option<RoleAssignment>> {
    Ok(role_assignments::table.find(name).select(RoleAssignment::as_select()).first(conn).optional()?)
}

/// The assignment that means this.
pub(super) fn by_meaning(
    conn: &mut Conn,
    scope: &str,
    principal_id: &Guid,
    role_definition_id: &Guid,
    tenant_id: &Guid,
) -> Result<Option<RoleAssignment>> {
    Ok(role_assignments::table
        .filter(role_assignments::scope.eq(scope).and(role_assignments::tenant_id.eq(tenant_id)))
        .filter(role_assignments::principal_id.eq(principal_id))
        .filter(role_assignments::role_definition_id.eq(role_definition_id))
        .select(RoleAssignment::as_select())
        .first(conn)
        .optional()?)
}

pub(super) fn update_texts(conn: &mut Conn, one: &RoleAssignment) -> Result<()> {
    diesel::update(role_assignments::table.find(&one.id))
        .set((
            role_assignments::description.eq(&one.description),
            role_assignments::condition.eq(&one.condition),
            role_assignments::condition_version.eq(&one.condition_version),
            role_assignments::delegated_identity.eq(&one.delegated_identity),
            role_assignments::updated_at.eq(one.updated_at),
            role_assignments::updated_by.eq(&one.updated_by),
        ))
        .execute(conn)?;
    Ok(())
}

pub(super) fn delete(conn: &mut Conn, name: &Guid) -> Result<()> {
    diesel::delete(role_assignments::table.find(name)).execute(conn)?;
    Ok(())
}
