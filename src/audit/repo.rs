//! Queries on the activity log.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::audit_records;
use crate::error::Result;

pub(super) fn insert(conn: &mut Conn, record: &super::Record) -> Result<()> {
    diesel::insert_into(audit_records::table).values(record).execute(conn)?;
    Ok(())
}
