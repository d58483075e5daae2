//! What a partner charges a customer that buys for itself (rule P6): dated lists of margins on the
//! public price and of fixed prices. Versions are kept; the newest that is not in the future holds.

pub mod api;
pub mod repo;
pub mod rules;

use diesel::prelude::*;

use crate::access::Agent;
use crate::audit::{self, Change, OperationType, ResourceType};
use crate::catalog::{self, Term};
use crate::customers::Customer;
use crate::db::schema::price_lists;
use crate::db::{JsonText, Moment, Unit};
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::money::Money;

pub use rules::{Item, Rule, customer_price};

/// One version of a price list.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = price_lists)]
pub struct PriceList {
    /// The partner that sells.
    pub partner_id: Guid,
    /// The customer that pays.
    pub customer_id: Guid,
    /// Counts the versions, from 1.
    pub version: i64,
    /// From when it holds.
    pub effective_from: Moment,
    /// A list of [`Item`].
    pub items: JsonText,
    /// When it was set.
    pub created_at: Moment,
}

impl PriceList {
    /// The items.
    ///
    /// # Errors
    /// When the stored document is of another form.
    pub fn items(&self) -> Result<Vec<Item>> {
        self.items.read()
    }
}

/// The version that holds now for a customer, if there is one.
///
/// # Errors
/// Those of the database.
pub fn holding(unit: &mut Unit<'_>, customer: &Customer) -> Result<Option<PriceList>> {
    repo::holding(unit.conn, &customer.seller_id, &customer.id, unit.now)
}

/// What one instance costs the customer for the whole term, from its public price in the partner's
/// currency.
///
/// # Errors
/// As [`customer_price`].
pub fn price_for(
    unit: &mut Unit<'_>,
    partner_id: &Guid,
    customer_id: &Guid,
    product_id: &str,
    sku_id: &str,
    term: Term,
    public: Money,
) -> Result<Money> {
    match repo::holding(unit.conn, partner_id, customer_id, unit.now)? {
        Some(list) => customer_price(&list.items()?, product_id, sku_id, term, public),
        None => Ok(public),
    }
}

/// Sets what a customer pays, from `effective_from` or from now on.
///
/// # Errors
/// [`Error::InvalidInput`] names an item about something that is not sold.
pub fn set(
    unit: &mut Unit<'_>,
    agent: &Agent,
    customer: &Customer,
    items: &[Item],
    effective_from: Option<Moment>,
) -> Result<PriceList> {
    for (number, item) in items.iter().enumerate() {
        require_sold(unit, &format!("items[{number}]"), item)?;
    }
    let old = holding(unit, customer)?;
    let version = repo::last_version(unit.conn, &customer.seller_id, &customer.id)?;
    let list = PriceList {
        partner_id: customer.seller_id.clone(),
        customer_id: customer.id.clone(),
        version: version.checked_add(1).ok_or(Error::AmountTooLarge)?,
        effective_from: effective_from.unwrap_or(unit.now),
        items: JsonText::of(&items)?,
        created_at: unit.now,
    };
    repo::insert(unit.conn, &list)?;
    let described = |list: &PriceList| {
        Ok::<_, Error>(serde_json::json!({"effectiveFrom": list.effective_from, "items": list.items()?}))
    };
    let change = Change {
        resource: ResourceType::PriceList,
        operation: OperationType::UpdatePriceList,
        old: old.as_ref().map(described).transpose()?,
        new: Some(described(&list)?),
        details: vec![("EffectiveFrom".to_owned(), list.effective_from.to_string())],
    };
    audit::record(unit, agent, customer, change)?;
    Ok(list)
}

/// An item must be able to decide a price: its product, SKU and term are in the catalogue.
fn require_sold(unit: &mut Unit<'_>, place: &str, item: &Item) -> Result<()> {
    let Some(product) = &item.product_id else { return Ok(()) };
    let sold = catalog::repo::skus_of(unit.conn, product, unit.now)?;
    if sold.is_empty() {
        return Err(Error::invalid(format!("{place}.productId"), "is not a product of the catalogue"));
    }
    let fitting: Vec<_> = sold.iter().filter(|row| item.sku_id.as_ref().is_none_or(|sku| sku == &row.sku_id)).collect();
    if fitting.is_empty() {
        return Err(Error::invalid(format!("{place}.skuId"), "is not a SKU of the product"));
    }
    if item.term.is_some_and(|term| fitting.iter().all(|row| row.term != Some(term))) {
        return Err(Error::invalid(format!("{place}.term"), "is not a term of the item"));
    }
    Ok(())
}
