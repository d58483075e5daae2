//! Queries on price rows and sizes.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::Text;
use rust_decimal::Decimal;

use super::{ItemKind, PriceRow, PublishedIds, Size, Term};
use crate::db::schema::{price_rows, sizes};
use crate::db::{Conn, JsonText, Moment};
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

define_sql_function! {
    /// The text in lower case.
    fn lower(text: Text) -> Text;
}

/// What a list shows of a product.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct ProductHead {
    /// The product's id.
    pub id: String,
    /// The product's title.
    pub name: String,
    /// What is sold.
    pub kind: ItemKind,
    /// The Azure service.
    pub service_name: String,
}

/// The products that anything within the narrowing is sold of at `now`, by id.
///
/// # Errors
/// Those of the database.
pub fn products(conn: &mut Conn, narrowing: &Narrowing, now: Moment) -> Result<Vec<ProductHead>> {
    if narrowing.impossible {
        return Ok(Vec::new());
    }
    let mut query = price_rows::table
        .filter(price_rows::kind.ne(ItemKind::Consumption).and(price_rows::effective_start.le(now)))
        .select((price_rows::product_id, price_rows::product_name, price_rows::kind, price_rows::service_name))
        .distinct()
        .order(price_rows::product_id)
        .into_boxed();
    if let Some(region) = &narrowing.arm_region_name {
        query = query.filter(lower(price_rows::arm_region_name).eq(region));
    }
    if let Some(size) = &narrowing.arm_sku_name {
        query = query.filter(lower(price_rows::arm_sku_name).eq(size));
    }
    if let Some(term) = narrowing.term {
        query = query.filter(price_rows::term.eq(term));
    }
    let mut heads: Vec<ProductHead> = query.load(conn)?;
    // A product that was renamed at a later price is still one product.
    heads.dedup_by(|one, other| one.id == other.id);
    Ok(heads)
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

/// The price row with this id.
///
/// # Errors
/// Those of the database.
pub fn by_id(conn: &mut Conn, id: &Guid) -> Result<Option<PriceRow>> {
    Ok(price_rows::table.find(id).select(PriceRow::as_select()).first(conn).optional()?)
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

/// The reservations on offer at `now` for a size in a region (any letter case), one row a SKU.
///
/// # Errors
/// Those of the database.
pub fn reservations_of(
    conn: &mut Conn,
    arm_sku_name: &str,
    arm_region_name: &str,
    now: Moment,
) -> Result<Vec<PriceRow>> {
    let rows = price_rows::table
        .filter(lower(price_rows::arm_sku_name).eq(arm_sku_name.to_lowercase()))
        .filter(lower(price_rows::arm_region_name).eq(arm_region_name.to_lowercase()))
        .filter(price_rows::kind.eq(ItemKind::Reservation).and(price_rows::effective_start.le(now)))
        .order((price_rows::product_id, price_rows::sku_id, price_rows::effective_start.desc()))
        .select(PriceRow::as_select())
        .load(conn)?;
    let mut rows = newest(rows);
    rows.sort_by_key(|row| std::cmp::Reverse(row.effective_start));
    Ok(rows)
}

/// Every reservation on offer at `now`, one row a SKU; of one region (lower case) where that is given.
///
/// # Errors
/// Those of the database.
pub fn all_reservations(conn: &mut Conn, arm_region_name: Option<&str>, now: Moment) -> Result<Vec<PriceRow>> {
    let mut query = price_rows::table
        .filter(price_rows::kind.eq(ItemKind::Reservation).and(price_rows::effective_start.le(now)))
        .order((price_rows::product_id, price_rows::sku_id, price_rows::effective_start.desc()))
        .select(PriceRow::as_select())
        .into_boxed();
    if let Some(region) = arm_region_name {
        query = query.filter(lower(price_rows::arm_region_name).eq(region));
    }
    Ok(newest(query.load(conn)?))
}

/// Whether anything can be reserved in a region (any letter case).
///
/// # Errors
/// Those of the database.
pub fn is_region_known(conn: &mut Conn, arm_region_name: &str) -> Result<bool> {
    let first: Option<Guid> = price_rows::table
        .filter(lower(price_rows::arm_region_name).eq(arm_region_name.to_lowercase()))
        .filter(price_rows::kind.eq(ItemKind::Reservation))
        .select(price_rows::id)
        .first(conn)
        .optional()?;
    Ok(first.is_some())
}

/// What is known of every size, by size.
///
/// # Errors
/// Those of the database.
pub fn all_sizes(conn: &mut Conn) -> Result<HashMap<String, Size>> {
    let sizes: Vec<Size> = sizes::table.select(Size::as_select()).load(conn)?;
    Ok(sizes.into_iter().map(|size| (size.arm_sku_name.clone(), size)).collect())
}

/// What is known of the sizes that a product has, by size.
///
/// # Errors
/// Those of the database.
pub fn sizes_of(conn: &mut Conn, product_id: &str) -> Result<HashMap<String, Size>> {
    let of_product = price_rows::table.filter(price_rows::product_id.eq(product_id)).select(price_rows::arm_sku_name);
    let sizes: Vec<Size> =
        sizes::table.filter(sizes::arm_sku_name.eq_any(of_product)).select(Size::as_select()).load(conn)?;
    Ok(sizes.into_iter().map(|size| (size.arm_sku_name.clone(), size)).collect())
}

/// Keeps a row, replacing one of the same product, SKU, kind and start; whether it is new. With
/// another price the availability ids that were published for the old one are no longer good.
///
/// # Errors
/// Those of the database.
pub fn upsert(conn: &mut Conn, row: &PriceRow) -> Result<bool> {
    let known: Option<(String, JsonText)> = price_rows::table
        .find(&row.id)
        .select((price_rows::price, price_rows::availability_ids))
        .first(conn)
        .optional()?;
    let Some((price, published)) = known else {
        diesel::insert_into(price_rows::table).values(row).execute(conn)?;
        return Ok(true);
    };
    let availability_ids = if price == row.price { published } else { JsonText::of(&PublishedIds::new())? };
    let changed = PriceRow { availability_ids, ..row.clone() };
    diesel::update(price_rows::table.find(&row.id)).set(&changed).execute(conn)?;
    Ok(false)
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
