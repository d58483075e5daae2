//! Queries on price lists.

use diesel::prelude::*;

use super::PriceList;
use crate::db::schema::price_lists;
use crate::db::{Conn, Moment};
use crate::error::Result;
use crate::ids::Guid;

pub(super) fn insert(conn: &mut Conn, list: &PriceList) -> Result<()> {
    diesel::insert_into(price_lists::table).values(list).execute(conn)?;
    Ok(())
}

/// The version that holds at `now`: the newest that is not in the future; of two with one start the
/// one that was set last.
pub(super) fn holding(
    conn: &mut Conn,
    partner_id: &Guid,
    customer_id: &Guid,
    now: Moment,
) -> Result<Option<PriceList>> {
    Ok(price_lists::table
        .filter(price_lists::partner_id.eq(partner_id).and(price_lists::customer_id.eq(customer_id)))
        .filter(price_lists::effective_from.le(now))
        .order((price_lists::effective_from.desc(), price_lists::version.desc()))
        .select(PriceList::as_select())
        .first(conn)
        .optional()?)
}

/// The number of the version that was set last; 0 where there is none.
pub(super) fn last_version(conn: &mut Conn, partner_id: &Guid, customer_id: &Guid) -> Result<i64> {
    let last: Option<i64> = price_lists::table
        .filter(price_lists::partner_id.eq(partner_id).and(price_lists::customer_id.eq(customer_id)))
        .select(diesel::dsl::max(price_lists::version))
        .first(conn)?;
    Ok(last.unwrap_or(0))
}
