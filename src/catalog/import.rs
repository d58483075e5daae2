//! Reading price rows in the shape of the Azure Retail Prices API, the built-in ones included.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::{BillingCycle, ItemKind, PriceRow, PublishedIds, Size, Term, repo};
use crate::db::{Db, JsonText, Unit, setting, store_setting};
use crate::error::{Error, Result};
use crate::ids::Guid;

/// The catalogue that is always there.
const BUILT_IN: &str = include_str!("../../data/catalog.json");
/// Under this name the digest of the built-in catalogue is kept once it is in the database.
const BUILT_IN_MARK: &str = "built_in_catalogue";
/// No price is above this, in USD; what can be bought of it can still be counted.
const HIGHEST_PRICE: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

/// A page of the API's answer; members that are not needed are left out.
#[derive(Deserialize)]
struct Page {
    #[serde(rename = "Items")]
    items: Vec<Item>,
    #[serde(rename = "_catalogProperties", default)]
    sizes: BTreeMap<String, SizeProperties>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    currency_code: String,
    #[serde(default)]
    tier_minimum_units: Decimal,
    reservation_term: Option<String>,
    retail_price: Decimal,
    #[serde(default)]
    arm_region_name: String,
    #[serde(default)]
    location: String,
    effective_start_date: DateTime<Utc>,
    #[serde(default)]
    meter_id: String,
    sku_id: String,
    #[serde(default)]
    product_name: String,
    #[serde(default)]
    sku_name: String,
    #[serde(default)]
    service_name: String,
    #[serde(default)]
    unit_of_measure: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    arm_sku_name: String,
    #[serde(rename = "x-offerId")]
    offer_id: Option<String>,
    #[serde(rename = "x-term")]
    term: Option<String>,
    #[serde(rename = "x-billingCycles")]
    billing_cycles: Option<Vec<BillingCycle>>,
    #[serde(rename = "x-availabilityIds", default)]
    availability_ids: PublishedIds,
    #[serde(rename = "x-origin")]
    origin: Option<String>,
}

#[derive(Deserialize)]
struct SizeProperties {
    #[serde(rename = "resourceType")]
    resource_type: String,
    #[serde(rename = "Cores")]
    cores: String,
    #[serde(rename = "Ram", default)]
    ram: String,
    #[serde(rename = "Category", default)]
    category: String,
    #[serde(rename = "ProductTitle")]
    title: String,
    #[serde(rename = "ReservationsAutofitGroup")]
    flexibility_group: String,
    #[serde(rename = "ReservationsAutofitRatio")]
    flexibility_ratio: String,
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Rows that are new.
    pub added: usize,
    /// Rows that replaced one of the same SKU and start.
    pub updated: usize,
    /// Rows that are not for this catalogue (spot prices, software, other terms).
    pub skipped: usize,
}

impl std::ops::AddAssign for Imported {
    fn add_assign(&mut self, other: Self) {
        self.added += other.added;
        self.updated += other.updated;
        self.skipped += other.skipped;
    }
}

/// Takes a page of the API's output into the catalogue. All of a page or nothing.
///
/// # Errors
/// [`Error::InvalidInput`] names the row at fault.
pub fn import(db: &Db, text: &str) -> Result<Imported> {
    let Content { rows, sizes, skipped } = Content::read(text)?;
    let done = db.write_now("import prices", move |unit| {
        keep_sizes(unit, &sizes)?;
        keep(unit, &rows)
    })?;
    Ok(Imported { skipped, ..done })
}

/// Takes the built-in catalogue into the database, once for each version of it.
///
/// # Errors
/// Those of the database.
pub fn import_built_in(db: &Db) -> Result<()> {
    let digest = hex::encode(digest::digest(&digest::SHA256, BUILT_IN.as_bytes()));
    let known = db.read_now(|unit| setting(unit.conn, BUILT_IN_MARK))?;
    if known.as_deref() != Some(digest.as_str()) {
        db.write_now("import catalogue", move |unit| {
            restore_built_in(unit)?;
            store_setting(unit.conn, BUILT_IN_MARK, &digest)
        })?;
    }
    Ok(())
}

/// Puts the rows of the built-in catalogue (back) in place.
///
/// # Errors
/// Those of the database.
pub fn restore_built_in(unit: &mut Unit<'_>) -> Result<()> {
    let Content { rows, sizes, .. } = Content::read(BUILT_IN)?;
    keep_sizes(unit, &sizes)?;
    keep(unit, &rows)?;
    Ok(())
}

/// What a page holds for this catalogue.
struct Content {
    rows: Vec<PriceRow>,
    sizes: Vec<Size>,
    skipped: usize,
}

impl Content {
    fn read(text: &str) -> Result<Self> {
        let page: Page = serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| Error::invalid("file", format!("not a page of the Retail Prices API: {error}")))?;
        let mut content = Self { rows: Vec::new(), sizes: page.sizes.into_iter().map(size_of).collect(), skipped: 0 };
        for (number, item) in page.items.iter().enumerate() {
            match row_of(item).map_err(|reason| Error::invalid(format!("Items[{number}]"), reason))? {
                Some(row) => content.rows.push(row),
                None => content.skipped += 1,
            }
        }
        Ok(content)
    }
}

fn keep_sizes(unit: &mut Unit<'_>, sizes: &[Size]) -> Result<()> {
    sizes.iter().try_for_each(|size| repo::upsert_size(unit.conn, size))
}

fn keep(unit: &mut Unit<'_>, rows: &[PriceRow]) -> Result<Imported> {
    let mut done = Imported::default();
    for row in rows {
        if repo::upsert(unit.conn, row)? {
            done.added += 1;
        } else {
            done.updated += 1;
        }
    }
    Ok(done)
}

/// The row of an item; `None` for what this catalogue does not hold; the reason for what is wrong.
fn row_of(item: &Item) -> std::result::Result<Option<PriceRow>, String> {
    let kind = match item.kind.as_str() {
        "Consumption" => ItemKind::Consumption,
        "Reservation" => ItemKind::Reservation,
        "AzurePlan" => ItemKind::AzurePlan,
        "AzureOffer" => ItemKind::AzureOffer,
        "Subscription" => ItemKind::Subscription,
        "SoftwareSubscription" => ItemKind::SoftwareSubscription,
        "SoftwarePerpetual" => ItemKind::SoftwarePerpetual,
        _ => return Ok(None),
    };
    if item.currency_code != "USD" {
        return Err(format!(
            "currencyCode {}: prices are kept in USD; fetch them with currencyCode='USD'",
            item.currency_code
        ));
    }
    if item.retail_price.is_sign_negative() && !item.retail_price.is_zero() {
        return Err("retailPrice is negative".to_owned());
    }
    if item.retail_price > HIGHEST_PRICE {
        return Err(format!("retailPrice is above {HIGHEST_PRICE}"));
    }
    if kind == ItemKind::Consumption && !is_plain_consumption(item) {
        return Ok(None);
    }
    let term = match item.reservation_term.as_deref().or(item.term.as_deref()) {
        None if kind == ItemKind::Reservation => return Err("reservationTerm is missing".to_owned()),
        None => None,
        Some("1 Year" | "P1Y") => Some(Term::OneYear),
        Some("3 Years" | "P3Y") => Some(Term::ThreeYears),
        Some("1 Month" | "P1M") => Some(Term::OneMonth),
        Some(_) => return Ok(None),
    };
    let Some((product_id, sku_id)) =
        item.sku_id.split_once('/').filter(|(product, sku)| !product.is_empty() && !sku.is_empty())
    else {
        return Err(format!("skuId {} is not of the form product/sku", item.sku_id));
    };
    let cycles = item.billing_cycles.clone().unwrap_or_else(|| match kind {
        ItemKind::Reservation => vec![BillingCycle::OneTime, BillingCycle::Monthly],
        ItemKind::AzureOffer => vec![BillingCycle::Monthly],
        _ => vec![BillingCycle::OneTime],
    });
    let text = |error: Error| error.to_string();
    Ok(Some(PriceRow {
        id: Guid::derived(&format!("price:{}:{kind}:{}", item.sku_id, item.effective_start_date.timestamp_micros())),
        product_id: product_id.to_owned(),
        sku_id: sku_id.to_owned(),
        kind,
        offer_id: item.offer_id.as_ref().map(|id| id.to_ascii_uppercase()),
        term,
        billing_cycles: JsonText::of(&cycles).map_err(text)?,
        arm_sku_name: item.arm_sku_name.clone(),
        arm_region_name: item.arm_region_name.clone(),
        location: item.location.clone(),
        product_name: item.product_name.clone(),
        sku_name: item.sku_name.clone(),
        service_name: item.service_name.clone(),
        meter_id: item.meter_id.clone(),
        price: item.retail_price.normalize().to_string(),
        effective_start: item.effective_start_date.into(),
        availability_ids: JsonText::of(&item.availability_ids).map_err(text)?,
        origin: item.origin.clone(),
    }))
}

/// Whether a consumption row is the pay-as-you-go price of compute alone: no spot price, no tier,
/// and no software (rule O6).
fn is_plain_consumption(item: &Item) -> bool {
    let special = ["Spot", "Low Priority"].iter().any(|word| item.sku_name.ends_with(word));
    let more_than_compute = item.product_name.ends_with("Windows") || item.product_name.contains("Cloud Services");
    let by_the_hour = item.unit_of_measure.is_empty() || item.unit_of_measure == "1 Hour";
    !special && !more_than_compute && by_the_hour && item.tier_minimum_units.is_zero() && !item.arm_sku_name.is_empty()
}

fn size_of((arm_sku_name, properties): (String, SizeProperties)) -> Size {
    Size {
        arm_sku_name,
        resource_type: properties.resource_type,
        cores: properties.cores,
        ram: properties.ram,
        category: properties.category,
        title: properties.title,
        flexibility_group: properties.flexibility_group,
        flexibility_ratio: properties.flexibility_ratio,
    }
}
