//! Queries on stored answers.

use diesel::prelude::*;

use crate::db::schema::replays;
use crate::db::{Conn, Moment};
use crate::error::Result;
use crate::http::Reply;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = replays)]
pub(super) struct Stored {
    key: String,
    pub(super) body_digest: String,
    status: i32,
    body: String,
    location: Option<String>,
    pub(super) created_at: Moment,
}

impl Stored {
    pub(super) fn new(key: &str, body_digest: &str, reply: &Reply, now: Moment) -> Self {
        Self {
            key: key.to_owned(),
            body_digest: body_digest.to_owned(),
            status: i32::from(reply.status),
            body: reply.body.clone(),
            location: reply.location.clone(),
            created_at: now,
        }
    }

    pub(super) fn reply(self) -> Reply {
        Reply { status: u16::try_from(self.status).unwrap_or(200), body: self.body, location: self.location }
    }
}

pub(super) fn find(conn: &mut Conn, key: &str) -> Result<Option<Stored>> {
    Ok(replays::table.find(key).select(Stored::as_select()).first(conn).optional()?)
}

pub(super) fn insert(conn: &mut Conn, stored: &Stored) -> Result<()> {
    diesel::insert_into(replays::table).values(stored).execute(conn)?;
    Ok(())
}

pub(super) fn delete(conn: &mut Conn, key: &str) -> Result<()> {
    diesel::delete(replays::table.find(key)).execute(conn)?;
    Ok(())
}

/// Forgets what is older than `oldest`, a bounded number at a time; how many were forgotten.
///
/// # Errors
/// Those of the database.
pub fn forget(conn: &mut Conn, oldest: Moment) -> Result<usize> {
    let keys: Vec<String> = replays::table
        .filter(replays::created_at.lt(oldest))
        .order(replays::created_at)
        .limit(500)
        .select(replays::key)
        .load(conn)?;
    Ok(diesel::delete(replays::table.filter(replays::key.eq_any(keys))).execute(conn)?)
}
