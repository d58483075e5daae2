//! Queries on the ledger.

use diesel::prelude::*;

use super::Entry;
use crate::db::Conn;
use crate::db::schema::ledger_entries;
use crate::error::Result;
use crate::ids::Guid;

pub(super) fn insert(conn: &mut Conn, entry: &Entry) -> Result<()> {
    diesel::insert_into(ledger_entries::table).values(entry).execute(conn)?;
    Ok(())
}

/// The entries in order, of one customer or of all.
///
/// # Errors
/// Those of the database.
pub fn entries(conn: &mut Conn, customer_id: Option<&Guid>) -> Result<Vec<Entry>> {
    let query = ledger_entries::table.order(ledger_entries::seq).select(Entry::as_select());
    Ok(match customer_id {
        Some(id) => query.filter(ledger_entries::customer_id.eq(id)).load(conn)?,
        None => query.load(conn)?,
    })
}
