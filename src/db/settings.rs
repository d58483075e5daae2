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

/// As [`setting`], and nobody else changes it or looks at it this way before this transaction ends.
/// `first` is kept where there is none yet.
///
/// # Errors
/// Those of the database.
pub fn lock_setting(conn: &mut Conn, name: &str, first: &str) -> Result<String> {
    // Writing a row takes its lock on both engines, and the row is then read as it is.
    if diesel::update(settings::table.find(name)).set(settings::value.eq(settings::value)).execute(conn)? == 0 {
        store_setting(conn, name, first)?;
    }
    Ok(setting(conn, name)?.unwrap_or_else(|| first.to_owned()))
}
