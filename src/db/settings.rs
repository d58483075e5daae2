//! Small facts the server keeps about itself: the clock, keys, the seed mark.

use diesel::prelude::*;

use super::Conn;
use super::schema::settings;
use crate::error::Result;

/// The value under `name`, if there is one.
///
/// # Errors
/// Those of the database.
pub fn setting(conn: &mut Conn, name: &str) -> Result<Option<String>> {
    Ok(settings::table.find(name).select(settings::value).first(conn).optional()?)
}

/// Keeps `value` under `name`, replacing what was there.
///
/// # Errors
/// Those of the database.
pub fn store_setting(conn: &mut Conn, name: &str, value: &str) -> Result<()> {
    let changed = diesel::update(settings::table.find(name)).set(settings::value.eq(value)).execute(conn)?;
    if changed == 0 {
        diesel::insert_into(settings::table)
            .values((settings::name.eq(name), settings::value.eq(value)))
            .execute(conn)?;
    }
    Ok(())
}
