//! Queries on due work.

use diesel::prelude::*;

use super::DueWork;
use crate::db::schema::due_work;
use crate::db::{Conn, Moment};
use crate::error::Result;

pub(super) fn insert(conn: &mut Conn, work: &DueWork) -> Result<()> {
    diesel::insert_into(due_work::table).values(work).execute(conn)?;
    Ok(())
}

pub(super) fn due(conn: &mut Conn, until: Moment, limit: i64) -> Result<Vec<DueWork>> {
    Ok(due_work::table
        .filter(due_work::due_at.le(until))
        .order((due_work::due_at, due_work::id))
        .limit(limit)
        .select(DueWork::as_select())
        .load(conn)?)
}

pub(super) fn delete(conn: &mut Conn, id: &str) -> Result<()> {
    diesel::delete(due_work::table.find(id)).execute(conn)?;
    Ok(())
}

/// Whether anything is due by `now`.
///
/// # Errors
/// Those of the database.
pub fn any_due(conn: &mut Conn, now: Moment) -> Result<bool> {
    let first: Option<String> =
        due_work::table.filter(due_work::due_at.le(now)).select(due_work::id).first(conn).optional()?;
    Ok(first.is_some())
}
