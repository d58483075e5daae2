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

/// The assignments at a scope.
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
