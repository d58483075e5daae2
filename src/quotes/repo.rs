//! Queries on sessions.

use diesel::prelude::*;

use super::Session;
use crate::db::schema::quote_sessions;
use crate::db::{Conn, JsonText, Moment};
use crate::error::Result;
use crate::ids::Guid;

pub(super) fn insert(conn: &mut Conn, session: &Session) -> Result<()> {
    diesel::insert_into(quote_sessions::table).values(session).execute(conn)?;
    Ok(())
}

pub(super) fn find(conn: &mut Conn, id: &Guid) -> Result<Option<Session>> {
    Ok(quote_sessions::table.find(id).select(Session::as_select()).first(conn).optional()?)
}

pub(super) fn close(conn: &mut Conn, id: &Guid, at: Moment, answer: &JsonText) -> Result<()> {
    diesel::update(quote_sessions::table.find(id))
        .set((quote_sessions::used_at.eq(at), quote_sessions::answer.eq(answer)))
        .execute(conn)?;
    Ok(())
}

pub(super) fn forget(conn: &mut Conn, expired_by: Moment) -> Result<usize> {
    let ids: Vec<Guid> = quote_sessions::table
        .filter(quote_sessions::expires_at.le(expired_by).and(quote_sessions::used_at.is_null()))
        .order(quote_sessions::expires_at)
        .limit(500)
        .select(quote_sessions::id)
        .load(conn)?;
    Ok(diesel::delete(quote_sessions::table.filter(quote_sessions::id.eq_any(ids))).execute(conn)?)
}
