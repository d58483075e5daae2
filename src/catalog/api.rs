//! The catalogue on the wire: `/v1/products`, the same for a customer, and the inventory check.

use std::collections::BTreeMap;

use actix_web::{get, post};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::repo::{self, Narrowing};
use super::{BillingCycle, ItemKind, PriceRow, PublishedIds, ReservationScope, Segment, Size, Term, rules};
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

    fn shows(self, row: &PriceRow) -> bool {
        let plan_or_offer = matches!(row.kind, ItemKind::AzurePlan | ItemKind::AzureOffer);
        match self {
            Self::Azure => plan_or_offer || row.kind == ItemKind::Reservation,
            Self::Reservations(kind) => {
                row.kind == ItemKind::Reservation && kind.is_none_or(|kind| row.resource_type() == kind)
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

    fn is_sold_here(&self, row: &PriceRow) -> bool {
        let home = self.country.to_ascii_uppercase();
        row.kind != ItemKind::Reservation || !self.trade.markets_without_reservations.contains(&home)
    }

    /// The SKUs of the product that are sold here and within the narrowing.
    fn skus(&self, unit: &mut Unit<'_>) -> Result<Vec<PriceRow>> {
        let rows = repo::skus_of(unit.conn, &self.product_id, unit.now)?;
        if rows.is_empty() {
            return Err(Error::ProductNotFound);
        }
        Ok(rows.into_iter().filter(|row| self.is_sold_here(row)).collect())
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

/// A product.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    /// The id.
    #[schema(example = "DZH318Z0BQ36")]
    pub id: String,
    /// The title.
    pub title: String,
    /// More of it.
    pub description: String,
    /// What kind of product it is.
    pub product_type: ProductType,
    /// Always true.
    pub is_microsoft_product: bool,
    /// `Microsoft`.
    pub publisher_name: &'static str,
    /// Links.
    pub links: ProductLinks,
}

/// What kind of product it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CatalogProductType)]
pub struct ProductType {
    /// `Azure`, `OnlineServicesNCE` or `Software`.
    pub id: &'static str,
    /// The same.
    pub display_name: &'static str,
    /// For reservations, the type of Azure resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_type: Option<SubType>,
}

/// The type of Azure resource.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubType {
    /// Such as `VirtualMachines`.
    pub id: String,
    /// The same.
    pub display_name: String,
}

/// The links of a product.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProductLinks {
    /// Its SKUs.
    pub skus: Link,
    /// The product itself.
    #[serde(rename = "self")]
    pub itself: Link,
}

impl Product {
    fn new(row: &PriceRow, country: &str) -> Self {
        let (id, sub_type) = match row.kind {
            ItemKind::Reservation => {
                let kind = row.resource_type();
                ("Azure", Some(SubType { id: kind.clone(), display_name: kind }))
            }
            ItemKind::AzurePlan | ItemKind::AzureOffer | ItemKind::Consumption => ("Azure", None),
            ItemKind::Subscription => ("OnlineServicesNCE", None),
            ItemKind::SoftwareSubscription | ItemKind::SoftwarePerpetual => ("Software", None),
        };
        let uri = format!("/products/{}", row.product_id);
        Self {
            id: row.product_id.clone(),
            title: row.product_name.clone(),
            description: row.product_name.clone(),
            product_type: ProductType { id, display_name: id, sub_type },
            is_microsoft_product: true,
            publisher_name: "Microsoft",
            links: ProductLinks {
                skus: Link::get(format!("{uri}/skus?country={country}")),
                itself: Link::get(format!("{uri}?country={country}")),
            },
        }
    }
}

/// A SKU: of a reservation, one size, region and term.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sku {
    /// The id, unique within the product.
    #[schema(example = "004G")]
    pub id: String,
    /// The product.
    pub product_id: String,
    /// The title.
    pub title: String,
    /// More of it.
    pub description: String,
    /// The least that may be bought.
    pub minimum_quantity: i64,
    /// The most that may be bought.
    pub maximum_quantity: i64,
    /// Always false.
    pub is_trial: bool,
    /// How often it can be billed.
    pub supported_billing_cycles: Vec<BillingCycle>,
    /// What must be so before it can be bought.
    pub purchase_prerequisites: Vec<&'static str>,
    /// What an inventory check wants to know.
    pub inventory_variables: Vec<&'static str>,
    /// What a provisioning context may hold.
    pub provisioning_variables: Vec<&'static str>,
    /// More of it, numbers as text.
    pub dynamic_attributes: BTreeMap<&'static str, String>,
    /// Links.
    pub links: SkuLinks,
}

/// The links of a SKU.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SkuLinks {
    /// Its availabilities.
    pub availabilities: Link,
    /// The SKU itself.
    #[serde(rename = "self")]
    pub itself: Link,
}

impl Sku {
    fn read(unit: &mut Unit<'_>, row: &PriceRow, country: &str) -> Result<Self> {
        let size = repo::size(unit.conn, &row.arm_sku_name)?.unwrap_or_else(|| rules::assumed_size(row));
        let (minimum_quantity, maximum_quantity) = row.quantity_bounds();
        let reservation = row.kind == ItemKind::Reservation;
        let only = |list: &[&'static str]| if reservation { list.to_vec() } else { Vec::new() };
        let uri = format!("/products/{}/skus/{}", row.product_id, row.sku_id);
        Ok(Self {
            id: row.sku_id.clone(),
            product_id: row.product_id.clone(),
            title: row.title(),
            description: row.title(),
            minimum_quantity,
            maximum_quantity,
            is_trial: false,
            supported_billing_cycles: row.cycles()?,
            purchase_prerequisites: match row.kind {
                ItemKind::Reservation => vec!["AzureSubscriptionRegistration", "InventoryCheck"],
                _ => vec!["MicrosoftCustomerAgreement"],
            },
            inventory_variables: only(&["CustomerId", "AzureSubscriptionId", "ArmRegionName"]),
            provisioning_variables: only(&["Scope", "SubscriptionId", "EntitlementId", "Duration"]),
            dynamic_attributes: if reservation { attributes(row, &size) } else { BTreeMap::new() },
            links: SkuLinks {
                availabilities: Link::get(format!("{uri}/availabilities?country={country}")),
                itself: Link::get(format!("{uri}?country={country}")),
            },
        })
    }
}

fn attributes(row: &PriceRow, size: &Size) -> BTreeMap<&'static str, String> {
    let duration = match row.term {
        Some(Term::ThreeYears) => "3Years",
        Some(Term::OneMonth) => "1Month",
        _ => "1Year",
    };
    let all = [
        ("armSkuName", row.arm_sku_name.clone()),
        ("armRegionName", row.arm_region_name.clone()),
        ("region", row.location.clone()),
        ("duration", duration.to_owned()),
        ("skuDisplayName", row.sku_name.clone()),
        ("cores", size.cores.clone()),
        ("ram", size.ram.clone()),
        ("category", size.category.clone()),
        ("instanceFlexibilityGroup", size.flexibility_group.clone()),
        ("instanceFlexibilityRatio", size.flexibility_ratio.clone()),
    ];
    all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// An availability: what goes into a cart.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Availability {
    /// The id; changes only when the price does.
    pub id: String,
    /// The product.
    pub product_id: String,
    /// The SKU.
    pub sku_id: String,
    /// `product:sku:availability`, for `catalogItemId` and `offerId`.
    #[schema(example = "DZH318Z0BQ36:004G:DZH318Z08C0S")]
    pub catalog_item_id: String,
    /// The partner's currency.
    pub default_currency: CurrencyResource,
    /// The segment.
    pub segment: Segment,
    /// The country, as it was asked for.
    pub country: String,
    /// Whether it can be bought; false for sizes that are no longer sold.
    pub is_purchasable: bool,
    /// Always false.
    pub is_renewable: bool,
    /// The terms on offer.
    pub terms: Vec<TermResource>,
    /// The price, and the saving over pay-as-you-go. (Not in the real service.)
    pub pricing: AvailabilityPricing,
    /// The product.
    pub product: Product,
    /// The SKU.
    pub sku: Sku,
    /// Links.
    pub links: AvailabilityLinks,
}

/// A currency.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Currency)]
pub struct CurrencyResource {
    /// ISO 4217 code.
    pub code: &'static str,
    /// The sign before amounts.
    pub symbol: String,
}

/// A term on offer.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Term)]
pub struct TermResource {
    /// `P1Y` or `P3Y`.
    pub duration: &'static str,
    /// For people.
    pub description: String,
    /// `Monthly` for a monthly plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_cycle: Option<&'static str>,
}

/// The price of one instance for the whole term, and the saving over pay-as-you-go.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AvailabilityPricing {
    /// ISO 4217 code of all amounts.
    pub currency_code: &'static str,
    /// One for the whole term.
    pub term_price: Number,
    /// The term price by the hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hourly_equivalent: Option<Number>,
    /// An hour without a reservation, where the price is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pay_as_you_go_hourly: Option<Number>,
    /// How much less the reservation costs, in percent, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saving_percent: Option<Number>,
}

/// The links of an availability.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AvailabilityLinks {
    /// The availability itself.
    #[serde(rename = "self")]
    pub itself: Link,
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
            product: Product::new(&row, &wanted.country),
            sku: Sku::read(unit, &row, &wanted.country)?,
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

fn terms(row: &PriceRow, cycles: &[BillingCycle]) -> Vec<TermResource> {
    let Some(term) = row.term else { return Vec::new() };
    let terms = cycles.iter().map(|cycle| match cycle {
        BillingCycle::OneTime => TermResource {
            duration: term.as_str(),
            description: format!("{} Prepaid", term.words()),
            billing_cycle: None,
        },
        BillingCycle::Monthly => TermResource {
            duration: term.as_str(),
            description: format!("{}, billed monthly", term.words()),
            billing_cycle: Some("Monthly"),
        },
        _ => TermResource {
            duration: term.as_str(),
            description: term.words().to_owned(),
            billing_cycle: Some("Annual"),
        },
    });
    terms.collect()
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
        let mut items: Vec<Product> = Vec::new();
        for row in repo::sold(unit.conn, unit.now)? {
            let fits = view.shows(&row) && wanted.narrowing.admits(&row) && wanted.is_sold_here(&row);
            if fits && items.last().is_none_or(|last| last.id != row.product_id) {
                items.push(Product::new(&row, &wanted.country));
            }
        }
        Ok(Collection::whole(items, wanted.itself.clone()))
    })
    .await
}

async fn product<O: Operation>(call: Call<O>) -> Answer {
    let wanted = Wanted::of(&call)?;
    call.read(move |unit, agent| {
        let wanted = wanted.at_home(unit, agent)?;
        let rows = wanted.skus(unit)?;
        Ok(Product::new(rows.first().ok_or(Error::ProductNotFound)?, &wanted.country))
    })
    .await
}

async fn skus<O: Operation>(call: Call<O>) -> Answer {
    let wanted = Wanted::of(&call)?;
    call.read(move |unit, agent| {
        let wanted = wanted.at_home(unit, agent)?;
        let rows = wanted.skus(unit)?;
        let fitting = rows.iter().filter(|row| wanted.narrowing.admits(row));
        let items = fitting.map(|row| Sku::read(unit, row, &wanted.country)).collect::<Result<_>>()?;
        Ok(Collection::whole(items, wanted.itself.clone()))
    })
    .await
}

async fn sku<O: Operation>(call: Call<O>) -> Answer {
    let wanted = Wanted::of(&call)?;
    call.read(move |unit, agent| {
        let wanted = wanted.at_home(unit, agent)?;
        let row = wanted.sku(unit)?;
        Sku::read(unit, &row, &wanted.country)
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

/// What to look for in the inventory.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InventoryRequest {
    /// The products; at least one.
    pub target_items: Option<Vec<InventoryItemRequest>>,
    /// `customerId`, `azureSubscriptionId`, `armRegionName`.
    pub inventory_context: Option<BTreeMap<String, Option<String>>>,
}

/// A product to look for.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InventoryItemRequest {
    /// The product; required.
    #[schema(example = "DZH318Z0BQ3P")]
    pub product_id: Option<String>,
    /// The SKU; left out, every SKU of the product.
    #[schema(example = "0039")]
    pub sku_id: Option<String>,
}

/// Whether a SKU can be had.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InventoryItem {
    /// The product.
    pub product_id: String,
    /// The SKU.
    pub sku_id: String,
    /// Whether something stands in the way.
    pub is_restricted: bool,
    /// What stands in the way.
    pub restrictions: Vec<Restriction>,
}

/// What stands in the way of a SKU.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Restriction {
    /// `NotAvailableForSubscription`.
    pub reason_code: &'static str,
    /// For people.
    pub description: String,
    /// `type` and `values`.
    pub properties: BTreeMap<&'static str, String>,
}

impl Restriction {
    fn new(kind: &str, values: &str) -> Self {
        Self {
            reason_code: "NotAvailableForSubscription",
            description: format!("Restriction identified of type '{kind}' with values '{values}'."),
            properties: BTreeMap::from([("type", kind.to_owned()), ("values", values.to_owned())]),
        }
    }
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
