//! The catalogue as `Microsoft.Capacity` shows it: one item a size and region.

use std::collections::BTreeMap;

use actix_web::get;
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use super::{BillingCycle, PriceRow, Size, Term, repo, rules};
use crate::access::Permit;
use crate::azure::{AzureAnswer, AzureCall, Comparison, Filter, Price, Window};
use crate::customers::Customer;
use crate::db::{Moment, Unit};
use crate::error::Result;
use crate::money::{Currency, Money};
use crate::orders::lines::Trade;
use crate::permissions::azure::*;
use crate::price_lists;
use crate::pricing;

/// What can be reserved.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CatalogPage)]
pub struct CatalogPage {
    /// The items.
    pub value: Vec<CatalogItem>,
    /// Where the list goes on; `null` at its end.
    pub next_link: Option<String>,
    /// How many there are in all.
    pub total_items: usize,
}

/// A size in a region.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CatalogItem {
    /// The type of resource.
    #[schema(example = "VirtualMachines")]
    pub resource_type: String,
    /// The size.
    #[schema(example = "Standard_D2s_v5")]
    pub name: String,
    /// The terms on offer.
    pub terms: Vec<Term>,
    /// The ways to pay, by term.
    pub billing_plans: BTreeMap<&'static str, Vec<&'static str>>,
    /// The region.
    pub locations: Vec<String>,
    /// More about the size.
    pub sku_properties: Vec<NameValue>,
    /// The published price of the whole term for one instance, by term; for a customer's user what
    /// its partner asks.
    pub msrp: BTreeMap<&'static str, Price>,
    /// Why it cannot be bought, by term or region.
    pub restrictions: Vec<Restriction>,
    /// What the size has.
    pub capabilities: Vec<NameValue>,
}

/// A property.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NameValue {
    /// Its name.
    #[schema(example = "Cores")]
    pub name: &'static str,
    /// Its value.
    #[schema(example = "2")]
    pub value: String,
}

/// Why something cannot be bought.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SkuRestriction)]
pub struct Restriction {
    /// `Term` or `Location`.
    #[serde(rename = "type")]
    #[schema(example = "Term")]
    pub kind: &'static str,
    /// The terms or regions.
    pub values: Vec<&'static str>,
    /// Always the same.
    #[schema(example = "NotAvailableForSubscription")]
    pub reason_code: &'static str,
}

/// What the list can be filtered by.
const FIELDS: [&str; 5] = ["term", "name", "skuName", "resourceType", "location"];
/// Rows of a page at the most, and without `$take`.
const MOST_ROWS: usize = 1000;

/// List what can be reserved.
///
/// `$filter` knows `eq`, `and`, `or` and parentheses over `term`, `name`, `resourceType` and
/// `location`.
#[utoipa::path(
    tag = "Microsoft.Capacity",
    params(("reservedResourceType" = Option<String>, Query, description = "Such as `VirtualMachines`; all types where it is left out"),
        ("location" = Option<String>, Query, description = "Such as `westeurope`; all regions where it is left out"),
        ("publisherId" = Option<String>, Query, description = "Of third-party software, of which there is none"),
        ("offerId" = Option<String>, Query, description = "Likewise"),
        ("planId" = Option<String>, Query, description = "Likewise"),
        ("$filter" = Option<String>, Query, description = "Such as `term eq 'P1Y'`"),
        ("$skip" = Option<f64>, Query, description = "How many to skip"),
        ("$take" = Option<f64>, Query, description = "How many to give")),
    responses((status = 200, body = CatalogPage))
)]
#[get("/subscriptions/{subscriptionId}/providers/Microsoft.Capacity/catalogs")]
pub async fn list_catalog(call: AzureCall<ListCatalog>) -> AzureAnswer {
    let id = call.guid("subscriptionId")?;
    let window = Window::of(&call.query, call.address(), "$skip", "$take", MOST_ROWS)?;
    let filter =
        call.query.get("$filter").map(|text| Filter::parse(text, &FIELDS, &[Comparison::Equal])).transpose()?;
    let named = |name: &str| call.query.get(name).map(str::to_lowercase);
    let (kind, region) = (named("reservedResourceType"), named("location"));
    let trade = call.app.trade.clone();
    let third_party = ["publisherId", "offerId", "planId"].into_iter().any(|name| call.query.get(name).is_some());
    call.read(move |unit, permit| {
        let found = permit.subscription(unit, &id)?;
        let prices = Prices::for_caller(unit, permit, &found.customer, &trade)?;
        let rows = repo::all_reservations(unit.conn, region.as_deref(), unit.now)?;
        let sizes = repo::all_sizes(unit.conn)?;
        let mut by_size: BTreeMap<(String, String), Vec<&PriceRow>> = BTreeMap::new();
        for row in &rows {
            by_size.entry((row.arm_sku_name.clone(), row.arm_region_name.clone())).or_default().push(row);
        }
        let mut items = Vec::with_capacity(by_size.len());
        for rows in by_size.values() {
            let Some(first) = rows.first() else { continue };
            let size = sizes.get(&first.arm_sku_name).cloned().unwrap_or_else(|| rules::assumed_size(first));
            let item = CatalogItem::new(rows, &size, &prices, unit.now)?;
            let fits = kind.as_ref().is_none_or(|kind| item.resource_type.eq_ignore_ascii_case(kind))
                && filter.as_ref().is_none_or(|filter| filter.admits(&|field, _, value| item.fits(field, value)));
            if fits && !third_party {
                items.push(item);
            }
        }
        let total_items = items.len();
        let page = window.page(items);
        Ok(CatalogPage { value: page.value, next_link: page.next_link, total_items })
    })
    .await
}

/// Which prices a caller sees: the published ones, or a customer's user those that the partner set
/// for it (rule P6).
enum Prices {
    Published,
    Set { items: Vec<price_lists::Item>, currency: Currency, usd_per_unit: Decimal },
}

impl Prices {
    fn for_caller(unit: &mut Unit<'_>, permit: &Permit, customer: &Customer, trade: &Trade) -> Result<Self> {
        if !permit.is_customer() {
            return Ok(Self::Published);
        }
        let currency = permit.agent(unit, customer)?.partner.currency()?;
        let items = match price_lists::holding(unit, customer)? {
            Some(list) => list.items()?,
            None => Vec::new(),
        };
        Ok(Self::Set { items, currency, usd_per_unit: pricing::rate(&trade.fx, currency)? })
    }

    fn of(&self, row: &PriceRow, term: Term) -> Result<Money> {
        match self {
            Self::Published => Money::round(row.usd_price()?, Currency::USD),
            Self::Set { items, currency, usd_per_unit } => {
                let public = pricing::charge(row.usd_price()?, 1, *currency, *usd_per_unit)?;
                price_lists::customer_price(items, &row.product_id, &row.sku_id, term, public)
            }
        }
    }
}

impl CatalogItem {
    fn new(rows: &[&PriceRow], size: &Size, prices: &Prices, now: Moment) -> Result<Self> {
        let mut item = Self {
            resource_type: size.resource_type.clone(),
            name: size.arm_sku_name.clone(),
            terms: Vec::new(),
            billing_plans: BTreeMap::new(),
            locations: Vec::new(),
            sku_properties: Vec::new(),
            msrp: BTreeMap::new(),
            restrictions: Vec::new(),
            capabilities: Vec::new(),
        };
        let mut not_sold = Vec::new();
        for term in [Term::OneYear, Term::ThreeYears] {
            let Some(row) = rows.iter().find(|row| row.term == Some(term)) else { continue };
            item.terms.push(term);
            item.billing_plans.insert(term.as_str(), plans(&row.cycles()?));
            let key = if term == Term::OneYear { "p1Y" } else { "p3Y" };
            item.msrp.insert(key, prices.of(row, term)?.into());
            if !rules::is_sold(&row.arm_sku_name, term, now) {
                not_sold.push(term.as_str());
            }
        }
        if let Some(row) = rows.first() {
            item.locations.push(row.arm_region_name.clone());
            let group = row.product_name.strip_prefix("Virtual Machines ").unwrap_or(&row.product_name);
            item.sku_properties = [
                ("Cores", size.cores.clone()),
                ("ProductTitle", size.title.clone()),
                ("ProductShortName", group.to_owned()),
                ("SKUName", row.sku_name.clone()),
                ("MeterId", row.meter_id.clone()),
                ("ReservationsAutofitGroup", size.flexibility_group.clone()),
                ("ReservationsAutofitRatio", size.flexibility_ratio.clone()),
            ]
            .into_iter()
            .map(|(name, value)| NameValue { name, value })
            .collect();
        }
        if !not_sold.is_empty() {
            let reason_code = "NotAvailableForSubscription";
            item.restrictions.push(Restriction { kind: "Term", values: not_sold, reason_code });
        }
        let capabilities = [("vCPUs", &size.cores), ("MemoryGB", &size.ram)];
        item.capabilities = capabilities
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| NameValue { name, value: value.clone() })
            .collect();
        Ok(item)
    }

    fn fits(&self, field: &str, value: &str) -> bool {
        match field {
            "term" => self.terms.iter().any(|term| term.as_str().eq_ignore_ascii_case(value)),
            "resourceType" => self.resource_type.eq_ignore_ascii_case(value),
            "location" => self.locations.iter().any(|location| location.eq_ignore_ascii_case(value)),
            _ => self.name.eq_ignore_ascii_case(value),
        }
    }
}

/// The ways to pay that billing cycles allow.
fn plans(cycles: &[BillingCycle]) -> Vec<&'static str> {
    let plans = [(BillingCycle::OneTime, "Upfront"), (BillingCycle::Monthly, "Monthly")];
    plans.into_iter().filter(|(cycle, _)| cycles.contains(cycle)).map(|(_, plan)| plan).collect()
}
