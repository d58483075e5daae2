//! Queries on price rows and sizes.

use diesel::prelude::*;
use rust_decimal::Decimal;

use super::{ItemKind, PriceRow, Size, Term};
use crate::db::schema::{price_rows, sizes};
use crate::db::{Conn, Moment};
use crate::error::Result;
use crate::ids::Guid;

/// What a list of products, SKUs or availabilities is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Narrowing {
    /// The region, lower case.
    pub arm_region_name: Option<String>,
    /// The size, lower case.
    pub arm_sku_name: Option<String>,
    /// The term.
    pub term: Option<Term>,
    /// A value that nothing has was asked for.
    pub impossible: bool,
}

impl Narrowing {
    /// Whether a row is within.
    pub fn admits(&self, row: &PriceRow) -> bool {
        let same = |wanted: &Option<String>, have: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(have))
        };
        !self.impossible
            && same(&self.arm_region_name, &row.arm_region_name)
            && same(&self.arm_sku_name, &row.arm_sku_name)
            && self.term.is_none_or(|term| row.term == Some(term))
    }
}

/// The rows that hold at `now` for everything that is sold, newest version of each SKU only,
/// ordered by product and SKU.
///
/// # Errors
/// Those of the database.
pub fn sold(conn: &mut Conn, now: Moment) -> Result<Vec<PriceRow>> {
    let rows = price_rows::table
        .filter(price_rows::kind.ne(ItemKind::Consumption).and(price_rows::effective_start.le(now)))
        .order((price_rows::product_id, price_rows::sku_id, price_rows::effective_start.desc()))
        .select(PriceRow::as_select())
        .load(conn)?;
    Ok(newest(rows))
}

/// The rows that hold at `now` for a product's SKUs.
///
/// # Errors
/// Those of the database.
pub fn skus_of(conn: &mut Conn, product_id: &str, now: Moment) -> Result<Vec<PriceRow>> {
    let rows = price_rows::table
        .filter(price_rows::product_id.eq(product_id).and(price_rows::kind.ne(ItemKind::Consumption)))
        .filter(price_rows::effective_start.le(now))
        .order((price_rows::product_id, price_rows::sku_id, price_rows::effective_start.desc()))
        .select(PriceRow::as_select())
        .load(conn)?;
    Ok(newest(rows))
}

/// The row that holds at `now` for one SKU.
///
/// # Errors
/// Those of the database.
pub fn sku(conn: &mut Conn, product_id: &str, sku_id: &str, now: Moment) -> Result<Option<PriceRow>> {
    Ok(price_rows::table
        .filter(price_rows::product_id.eq(product_id).and(price_rows::sku_id.eq(sku_id)))
        .filter(price_rows::kind.ne(ItemKind::Consumption).and(price_rows::effective_start.le(now)))
        .order(price_rows::effective_start.desc())
        .select(PriceRow::as_select())
        .first(conn)
        .optional()?)
}

/// The row that holds at `now` for a legacy offer (any letter case).
///
/// # Errors
/// Those of the database.
pub fn offer(conn: &mut Conn, offer_id: &str, now: Moment) -> Result<Option<PriceRow>> {
    Ok(price_rows::table
        .filter(price_rows::offer_id.eq(offer_id.to_ascii_uppercase()).and(price_rows::effective_start.le(now)))
        .order(price_rows::effective_start.desc())
        .select(PriceRow::as_select())
        .first(conn)
        .optional()?)
}

/// What an hour of a size costs by the hour at `now`, in USD, where it is known.
///
/// # Errors
/// Those of the database.
pub fn pay_as_you_go(
    conn: &mut Conn,
    arm_sku_name: &str,
    arm_region_name: &str,
    now: Moment,
) -> Result<Option<Decimal>> {
    let price: Option<String> = price_rows::table
        .filter(price_rows::arm_sku_name.eq(arm_sku_name).and(price_rows::arm_region_name.eq(arm_region_name)))
        .filter(price_rows::kind.eq(ItemKind::Consumption).and(price_rows::effective_start.le(now)))
        .order(price_rows::effective_start.desc())
        .select(price_rows::price)
        .first(conn)
        .optional()?;
    Ok(price.and_then(|text| text.parse().ok()))
}

/// What is known of a size.
///
/// # Errors
/// Those of the database.
pub fn size(conn: &mut Conn, arm_sku_name: &str) -> Result<Option<Size>> {
    Ok(sizes::table.find(arm_sku_name).select(Size::as_select()).first(conn).optional()?)
}

/// Keeps a row, replacing one of the same product, SKU, kind and start; whether it is new.
///
/// # Errors
/// Those of the database.
pub fn upsert(conn: &mut Conn, row: &PriceRow) -> Result<bool> {
    let same: Option<Guid> = price_rows::table.find(&row.id).select(price_rows::id).first(conn).optional()?;
    if same.is_some() {
        diesel::update(price_rows::table.find(&row.id)).set(row).execute(conn)?;
        return Ok(false);
    }
    diesel::insert_into(price_rows::table).values(row).execute(conn)?;
    Ok(true)
}

/// Keeps what is known of a size, replacing what was known.
///
/// # Errors
/// Those of the database.
pub fn upsert_size(conn: &mut Conn, size: &Size) -> Result<()> {
    if diesel::update(sizes::table.find(&size.arm_sku_name)).set(size).execute(conn)? == 0 {
        diesel::insert_into(sizes::table).values(size).execute(conn)?;
    }
    Ok(())
}

/// Of rows ordered by SKU and then newest first, the newest of each SKU.
fn newest(rows: Vec<PriceRow>) -> Vec<PriceRow> {
    let mut newest: Vec<PriceRow> = Vec::with_capacity(rows.len());
    for row in rows {
        if newest.last().is_none_or(|last| (&last.product_id, &last.sku_id) != (&row.product_id, &row.sku_id)) {
            newest.push(row);
        }
    }
    newest
}
