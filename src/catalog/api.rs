//! The catalogue on the wire: `/v1/products`, the same for a customer, and the inventory check.

use std::collections::BTreeMap;

use actix_web::{get, post};
use utoipa::IntoParams;

use super::repo::{self, Narrowing, ProductHead};
use super::wire::{
    Availability, AvailabilityLinks, AvailabilityPricing, CurrencyResource, InventoryItem, InventoryRequest, Product,
    Restriction, Sku, terms,
};
use super::{ItemKind, PriceRow, PublishedIds, ReservationScope, Segment, Term, rules};
use crate::access::{Agent, guid, short};
use crate::db::Unit;
use crate::error::{Error, Result};
use crate::http::{Number, Query};
use crate::ids::Guid;
use crate::money::Currency;
use crate::orders::lines::Trade;
use crate::partner_center::{Answer, Call, Collection, Link};
use crate::permissions::{
    CheckInventory, GetAvailability, GetCustomerAvailability, GetCustomerProduct, GetCustomerSku, GetProduct, GetSku,
    ListAvailabilities, ListCustomerAvailabilities, ListCustomerProducts, ListCustomerSkus, ListProducts, ListSkus,
    Operation,
};
use crate::pricing;

/// The parameters of the catalogue. Names and values match in any letter case.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "stands for the parameters in the OpenAPI document alone")]
pub struct CatalogParameters {
    /// Two-letter country code; required by country, ignored for a customer (whose own country counts).
    country: Option<String>,
    /// `Azure`, `AzureReservations`, `AzureReservationsVM`, `MicrosoftAzure`, `OnlineServices`, `Software` and so on; required for lists of products.
    target_view: Option<String>,
    /// `commercial`, `education`, `government` or `nonprofit`; left out, all but nonprofit.
    target_segment: Option<String>,
    /// `AzurePlan` for what an Azure plan can buy; left out, what MS-AZR-0145P can buy.
    reservation_scope: Option<String>,
    /// Only this region, such as `westeurope`.
    arm_region_name: Option<String>,
    /// Only this size, such as `Standard_D8_v4`.
    arm_sku_name: Option<String>,
    /// Only this term: `P1Y` or `P3Y`.
    term: Option<String>,
}

/// What is looked for in the catalogue, and for whom.
#[derive(Clone, Debug)]
struct Wanted {
    /// The customer, where it is looked at for one.
    customer_id: Option<Guid>,
    /// The country as links write it.
    country: String,
    view: Option<View>,
    segment: Option<Segment>,
    scope: ReservationScope,
    narrowing: Narrowing,
    product_id: String,
    sku_id: String,
    availability_id: String,
    itself: String,
    trade: Trade,
}

/// A view of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    Azure,
    Reservations(Option<&'static str>),
    PlansAndOffers,
    OnlineServices,
    Software(Option<ItemKind>),
    Nothing,
}

impl View {
    fn parse(text: &str) -> Result<Self> {
        Ok(match text.to_ascii_lowercase().as_str() {
            "azure" => Self::Azure,
            "azurereservations" => Self::Reservations(None),
            "azurereservationsvm" | "azureazurereservationsvm" => Self::Reservations(Some("VirtualMachines")),
            "azurereservationssql" => Self::Reservations(Some("SqlDatabases")),
            "azurereservationscosmosdb" => Self::Reservations(Some("CosmosDb")),
            "microsoftazure" => Self::PlansAndOffers,
            "onlineservices" => Self::OnlineServices,
            "software" => Self::Software(None),
            "softwareperpetual" => Self::Software(Some(ItemKind::SoftwarePerpetual)),
            "softwaresubscriptions" => Self::Software(Some(ItemKind::SoftwareSubscription)),
            "softwaresuselinux" | "specializedoffers" | "marketplacesaas" => Self::Nothing,
            _ => return Err(Error::ViewNotAllowed(short(text))),
        })
    }

    fn shows(self, row: &ProductHead) -> bool {
        let plan_or_offer = matches!(row.kind, ItemKind::AzurePlan | ItemKind::AzureOffer);
        match self {
            Self::Azure => plan_or_offer || row.kind == ItemKind::Reservation,
            Self::Reservations(kind) => {
                row.kind == ItemKind::Reservation
                    && kind.is_none_or(|kind| rules::resource_type(&row.service_name) == kind)
            }
            Self::PlansAndOffers => plan_or_offer,
            Self::OnlineServices => row.kind == ItemKind::Subscription,
            Self::Software(None) => matches!(row.kind, ItemKind::SoftwareSubscription | ItemKind::SoftwarePerpetual),
            Self::Software(Some(kind)) => row.kind == kind,
            Self::Nothing => false,
        }
    }
}

impl Wanted {
    fn of<O: Operation>(call: &Call<O>) -> Result<Self> {
        let query = &call.query;
        let by_customer = O::RIGHTS.path.starts_with("/v1/customers/");
        let (customer_id, country) =
            if by_customer { (Some(call.guid("customer_id")?), String::new()) } else { (None, country(query)?) };
        let segment = query
            .get("targetSegment")
            .map(|text| Segment::parse(text).ok_or_else(|| Error::SegmentNotAllowed(short(text))));
        Ok(Self {
            customer_id,
            country,
            view: query.get("targetView").map(View::parse).transpose()?,
            segment: segment.transpose()?,
            scope: match query.get("reservationScope") {
                None => ReservationScope::AzureLegacy,
                Some(text) if text.eq_ignore_ascii_case("AzurePlan") => ReservationScope::AzurePlan,
                Some(_) => return Err(Error::invalid("reservationScope", "must be AzurePlan or absent")),
            },
            narrowing: narrowing(query),
            product_id: call.segment("product_id").to_ascii_uppercase(),
            sku_id: call.segment("sku_id").to_ascii_uppercase(),
            availability_id: call.segment("availability_id").to_ascii_uppercase(),
            itself: call.link(),
            trade: call.app.trade.clone(),
        })
    }

    /// Settles the country: a customer's own, where it is looked at for one.
    fn at_home(&self, unit: &mut Unit<'_>, agent: &Agent) -> Result<Self> {
        match &self.customer_id {
            None => Ok(self.clone()),
            Some(id) => Ok(Self { country: agent.customer(unit, id)?.country, ..self.clone() }),
        }
    }

    fn is_sold_here(&self, kind: ItemKind) -> bool {
        let home = self.country.to_ascii_uppercase();
        kind != ItemKind::Reservation || !self.trade.markets_without_reservations.contains(&home)
    }

    /// The SKUs of the product that are sold here and within the narrowing.
    fn skus(&self, unit: &mut Unit<'_>) -> Result<Vec<PriceRow>> {
        let rows = repo::skus_of(unit.conn, &self.product_id, unit.now)?;
        if rows.is_empty() {
            return Err(Error::ProductNotFound);
        }
        Ok(rows.into_iter().filter(|row| self.is_sold_here(row.kind)).collect())
    }

    fn sku(&self, unit: &mut Unit<'_>) -> Result<PriceRow> {
        self.skus(unit)?.into_iter().find(|row| row.sku_id == self.sku_id).ok_or(Error::SkuNotFound)
    }
}

fn country(query: &Query) -> Result<String> {
    let code = query.required("country")?;
    let is_code = code.len() == 2 && code.chars().all(|c| c.is_ascii_alphabetic());
    if is_code { Ok(code.to_owned()) } else { Err(Error::invalid("country", "must be a two-letter country code")) }
}

/// The added filters: an unknown value admits nothing.
fn narrowing(query: &Query) -> Narrowing {
    let term = query.get("term").map(Term::parse);
    Narrowing {
        arm_region_name: query.get("armRegionName").map(str::to_lowercase),
        arm_sku_name: query.get("armSkuName").map(str::to_lowercase),
        term: term.flatten(),
        impossible: term == Some(None),
    }
}

/// What all availabilities of a SKU share.
struct Shelf {
    row: PriceRow,
    published: PublishedIds,
    product: Product,
    sku: Sku,
    pricing: AvailabilityPricing,
    currency: Currency,
    is_purchasable: bool,
}

impl Shelf {
    fn read(unit: &mut Unit<'_>, agent: &Agent, wanted: &Wanted) -> Result<Self> {
        let row = wanted.sku(unit)?;
        let currency = agent.partner.currency()?;
        Ok(Self {
            published: row.availability_ids.read()?,
            product: Product::new(&row.product(), &wanted.country),
            sku: Sku::new(&row, &repo::sizes_of(unit.conn, &row.product_id)?, &wanted.country)?,
            pricing: pricing_of(unit, &row, currency, &wanted.trade)?,
            currency,
            is_purchasable: row.kind != ItemKind::Reservation
                || row.term.is_some_and(|term| rules::is_sold(&row.arm_sku_name, term, unit.now)),
            row,
        })
    }

    fn availability(&self, scope: ReservationScope, segment: Segment, country: &str) -> Availability {
        let (product_id, sku_id) = (&self.row.product_id, &self.row.sku_id);
        let id = rules::availability_id(&self.row, &self.published, scope, segment);
        Availability {
            catalog_item_id: format!("{product_id}:{sku_id}:{id}"),
            links: AvailabilityLinks {
                itself: Link::get(format!(
                    "/products/{product_id}/skus/{sku_id}/availabilities/{id}?country={country}"
                )),
            },
            id,
            product_id: product_id.clone(),
            sku_id: sku_id.clone(),
            default_currency: CurrencyResource { code: self.currency.code(), symbol: self.currency.symbol() },
            segment,
            country: country.to_owned(),
            is_purchasable: self.is_purchasable,
            is_renewable: false,
            terms: terms(&self.row, &self.sku.supported_billing_cycles),
            pricing: self.pricing.clone(),
            product: self.product.clone(),
            sku: self.sku.clone(),
        }
    }
}

fn pricing_of(unit: &mut Unit<'_>, row: &PriceRow, currency: Currency, trade: &Trade) -> Result<AvailabilityPricing> {
    let (usd, rate) = (row.usd_price()?, pricing::rate(&trade.fx, currency)?);
    let currency_code = currency.code();
    match (row.kind, row.term) {
        (ItemKind::Reservation, Some(term)) => {
            let hourly = repo::pay_as_you_go(unit.conn, &row.arm_sku_name, &row.arm_region_name, unit.now)?;
            let saving = rules::saving(usd, hourly, term, currency, rate)?;
            Ok(AvailabilityPricing {
                currency_code,
                term_price: saving.term_price.into(),
                hourly_equivalent: Some(Number(saving.hourly_equivalent)),
                pay_as_you_go_hourly: saving.pay_as_you_go_hourly.map(Number),
                saving_percent: saving.saving_percent.map(Number),
            })
        }
        _ => Ok(AvailabilityPricing {
            currency_code,
            term_price: pricing::charge(usd, 1, currency, rate)?.into(),
            hourly_equivalent: None,
            pay_as_you_go_hourly: None,
            saving_percent: None,
        }),
    }
}

/// The availabilities of the asked-for segments; without one, of all but nonprofit.
fn segments(wanted: &Wanted) -> Vec<Segment> {
    match wanted.segment {
        Some(segment) => vec![segment],
        None => Segment::ALL.iter().copied().filter(|segment| *segment != Segment::Nonprofit).collect(),
    }
}

async fn products<O: Operation>(call: Call<O>) -> Answer {
    let wanted = Wanted::of(&call)?;
    let view = wanted.view.ok_or_else(|| Error::invalid("targetView", "this query parameter is required"))?;
    call.read(move |unit, agent| {
        let wanted = wanted.at_home(unit, agent)?;
        let heads = repo::products(unit.conn, &wanted.narrowing, unit.now)?;
        let fitting = heads.iter().filter(|head| view.shows(head) && wanted.is_sold_here(head.kind));
        let items = fitting.map(|head| Product::new(head, &wanted.country)).collect();
        Ok(Collection::whole(items, wanted.itself.clone()))
    })
    .await
}

async fn product<O: Operation>(call: Call<O>) -> Answer {
    let wanted = Wanted::of(&call)?;
    call.read(move |unit, agent| {
        let wanted = wanted.at_home(unit, agent)?;
        let rows = wanted.skus(unit)?;
        Ok(Product::new(&rows.first().ok_or(Error::ProductNotFound)?.product(), &wanted.country))
    })
    .await
}

async fn skus<O: Operation>(call: Call<O>) -> Answer {
    let wanted = Wanted::of(&call)?;
    call.read(move |unit, agent| {
        let wanted = wanted.at_home(unit, agent)?;
        let rows = wanted.skus(unit)?;
        let fitting = rows.iter().filter(|row| wanted.narrowing.admits(row));
        let sizes = repo::sizes_of(unit.conn, &wanted.product_id)?;
        let items = fitting.map(|row| Sku::new(row, &sizes, &wanted.country)).collect::<Result<_>>()?;
        Ok(Collection::whole(items, wanted.itself.clone()))
    })
    .await
}

async fn sku<O: Operation>(call: Call<O>) -> Answer {
    let wanted = Wanted::of(&call)?;
    call.read(move |unit, agent| {
        let wanted = wanted.at_home(unit, agent)?;
        let row = wanted.sku(unit)?;
        Sku::new(&row, &repo::sizes_of(unit.conn, &row.product_id)?, &wanted.country)
    })
    .await
}

async fn availabilities<O: Operation>(call: Call<O>) -> Answer {
    let wanted = Wanted::of(&call)?;
    call.read(move |unit, agent| {
        let wanted = wanted.at_home(unit, agent)?;
        let shelf = Shelf::read(unit, agent, &wanted)?;
        let items = if wanted.narrowing.admits(&shelf.row) {
            let segments = segments(&wanted);
            segments.into_iter().map(|segment| shelf.availability(wanted.scope, segment, &wanted.country)).collect()
        } else {
            Vec::new()
        };
        Ok(Collection::whole(items, wanted.itself.clone()))
    })
    .await
}

async fn availability<O: Operation>(call: Call<O>) -> Answer {
    let wanted = Wanted::of(&call)?;
    call.read(move |unit, agent| {
        let wanted = wanted.at_home(unit, agent)?;
        let shelf = Shelf::read(unit, agent, &wanted)?;
        let scopes = ReservationScope::ALL.iter();
        let mut all = scopes
            .flat_map(|scope| Segment::ALL.iter().map(|segment| shelf.availability(*scope, *segment, &wanted.country)));
        all.find(|one| one.id == wanted.availability_id).ok_or(Error::AvailabilityNotFound)
    })
    .await
}

/// List products.
///
/// The catalogue of a country: one product a series of sizes. An unknown value of an added filter
/// (`armRegionName`, `armSkuName`, `term`) gives an empty list.
#[utoipa::path(tag = "Catalogue", params(CatalogParameters), responses((status = 200, body = Collection<Product>)))]
#[get("/v1/products")]
pub async fn list_products(call: Call<ListProducts>) -> Answer {
    products(call).await
}

/// Get a product.
///
/// 404 with code 400013 when it is unknown or not sold in the country.
#[utoipa::path(tag = "Catalogue", params(CatalogParameters), responses((status = 200, body = Product)))]
#[get("/v1/products/{product_id}")]
pub async fn get_product(call: Call<GetProduct>) -> Answer {
    product(call).await
}

/// List the SKUs of a product.
///
/// One SKU a size, region and term.
#[utoipa::path(tag = "Catalogue", params(CatalogParameters), responses((status = 200, body = Collection<Sku>)))]
#[get("/v1/products/{product_id}/skus")]
pub async fn list_skus(call: Call<ListSkus>) -> Answer {
    skus(call).await
}

/// Get a SKU.
///
/// 404 with code 400018 when the product has none of this id.
#[utoipa::path(tag = "Catalogue", params(CatalogParameters), responses((status = 200, body = Sku)))]
#[get("/v1/products/{product_id}/skus/{sku_id}")]
pub async fn get_sku(call: Call<GetSku>) -> Answer {
    sku(call).await
}

/// List the availabilities of a SKU.
///
/// One a segment, with the price and the saving over pay-as-you-go. With
/// `reservationScope=AzurePlan` the ids are those that an Azure plan can buy.
#[utoipa::path(tag = "Catalogue", params(CatalogParameters), responses((status = 200, body = Collection<Availability>)))]
#[get("/v1/products/{product_id}/skus/{sku_id}/availabilities")]
pub async fn list_availabilities(call: Call<ListAvailabilities>) -> Answer {
    availabilities(call).await
}

/// Get an availability.
///
/// 404 with code 400019 when the SKU has none of this id (any more).
#[utoipa::path(tag = "Catalogue", params(CatalogParameters), responses((status = 200, body = Availability)))]
#[get("/v1/products/{product_id}/skus/{sku_id}/availabilities/{availability_id}")]
pub async fn get_availability(call: Call<GetAvailability>) -> Answer {
    availability(call).await
}

/// List products for a customer.
///
/// As by country, for the customer's own.
#[utoipa::path(tag = "Catalogue", params(CatalogParameters), responses((status = 200, body = Collection<Product>)))]
#[get("/v1/customers/{customer_id}/products")]
pub async fn list_customer_products(call: Call<ListCustomerProducts>) -> Answer {
    products(call).await
}

/// Get a product for a customer.
///
/// As by country, for the customer's own.
#[utoipa::path(tag = "Catalogue", params(CatalogParameters), responses((status = 200, body = Product)))]
#[get("/v1/customers/{customer_id}/products/{product_id}")]
pub async fn get_customer_product(call: Call<GetCustomerProduct>) -> Answer {
    product(call).await
}

/// List SKUs for a customer.
///
/// As by country, for the customer's own.
#[utoipa::path(tag = "Catalogue", params(CatalogParameters), responses((status = 200, body = Collection<Sku>)))]
#[get("/v1/customers/{customer_id}/products/{product_id}/skus")]
pub async fn list_customer_skus(call: Call<ListCustomerSkus>) -> Answer {
    skus(call).await
}

/// Get a SKU for a customer.
///
/// As by country, for the customer's own.
#[utoipa::path(tag = "Catalogue", params(CatalogParameters), responses((status = 200, body = Sku)))]
#[get("/v1/customers/{customer_id}/products/{product_id}/skus/{sku_id}")]
pub async fn get_customer_sku(call: Call<GetCustomerSku>) -> Answer {
    sku(call).await
}

/// List availabilities for a customer.
///
/// As by country, for the customer's own.
#[utoipa::path(tag = "Catalogue", params(CatalogParameters), responses((status = 200, body = Collection<Availability>)))]
#[get("/v1/customers/{customer_id}/products/{product_id}/skus/{sku_id}/availabilities")]
pub async fn list_customer_availabilities(call: Call<ListCustomerAvailabilities>) -> Answer {
    availabilities(call).await
}

/// Get an availability for a customer.
///
/// As by country, for the customer's own.
#[utoipa::path(tag = "Catalogue", params(CatalogParameters), responses((status = 200, body = Availability)))]
#[get("/v1/customers/{customer_id}/products/{product_id}/skus/{sku_id}/availabilities/{availability_id}")]
pub async fn get_customer_availability(call: Call<GetCustomerAvailability>) -> Answer {
    availability(call).await
}

/// Check the inventory.
///
/// A SKU is restricted by `Location` outside the region that the context names, and by `Term` where
/// its size is no longer sold. Unknown items are left out of the answer, which is a bare array.
#[utoipa::path(
    tag = "Catalogue",
    params(("country" = String, Query, description = "Two-letter country code")),
    request_body = InventoryRequest,
    responses((status = 200, body = Vec<InventoryItem>))
)]
#[post("/v1/extensions/product/checkinventory")]
pub async fn check_inventory(mut call: Call<CheckInventory>) -> Answer {
    country(&call.query)?;
    let request: InventoryRequest = call.body()?;
    let items = request.target_items.unwrap_or_default();
    if items.is_empty() {
        return Err(Error::invalid("targetItems", "at least one item is required").into());
    }
    let context: BTreeMap<String, String> = request
        .inventory_context
        .unwrap_or_default()
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_lowercase(), value?)))
        .collect();
    let customer = context.get("customerid").map(|id| guid("inventoryContext.customerId", id)).transpose()?;
    let region = context.get("armregionname").cloned();
    let mut targets = Vec::with_capacity(items.len());
    for (position, item) in items.iter().enumerate() {
        let product = item
            .product_id
            .as_ref()
            .ok_or_else(|| Error::invalid(format!("targetItems[{position}].productId"), "is required"))?;
        targets.push((product.to_ascii_uppercase(), item.sku_id.as_ref().map(|sku| sku.to_ascii_uppercase())));
    }
    call.read(move |unit, agent| {
        if let Some(id) = &customer {
            agent.customer(unit, id)?;
        }
        let mut found = Vec::new();
        for (product, sku) in &targets {
            for row in repo::skus_of(unit.conn, product, unit.now)? {
                if sku.as_ref().is_none_or(|sku| *sku == row.sku_id) {
                    found.push(inventory_item(&row, region.as_deref(), unit.now));
                }
            }
        }
        Ok(found)
    })
    .await
}

fn inventory_item(row: &PriceRow, region: Option<&str>, now: crate::db::Moment) -> InventoryItem {
    let mut restrictions = Vec::new();
    let elsewhere = region.is_some_and(|region| !row.arm_region_name.eq_ignore_ascii_case(region));
    if elsewhere && !row.arm_region_name.is_empty() {
        restrictions.push(Restriction::new("Location", region.unwrap_or_default()));
    }
    if let Some(term) =
        row.term.filter(|term| row.kind == ItemKind::Reservation && !rules::is_sold(&row.arm_sku_name, *term, now))
    {
        restrictions.push(Restriction::new("Term", term.as_str()));
    }
    InventoryItem {
        product_id: row.product_id.clone(),
        sku_id: row.sku_id.clone(),
        is_restricted: !restrictions.is_empty(),
        restrictions,
    }
}
