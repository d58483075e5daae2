//! What the catalogue looks like on the wire.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::repo::ProductHead;
use super::{BillingCycle, ItemKind, PriceRow, Segment, Size, Term, rules};
use crate::error::Result;
use crate::http::Number;
use crate::partner_center::Link;

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
    pub(super) fn new(head: &ProductHead, country: &str) -> Self {
        let (id, sub_type) = match head.kind {
            ItemKind::Reservation => {
                let kind = rules::resource_type(&head.service_name);
                ("Azure", Some(SubType { id: kind.clone(), display_name: kind }))
            }
            ItemKind::AzurePlan | ItemKind::AzureOffer | ItemKind::Consumption => ("Azure", None),
            ItemKind::Subscription => ("OnlineServicesNCE", None),
            ItemKind::SoftwareSubscription | ItemKind::SoftwarePerpetual => ("Software", None),
        };
        let uri = format!("/products/{}", head.id);
        Self {
            id: head.id.clone(),
            title: head.name.clone(),
            description: head.name.clone(),
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
    pub(super) fn new(row: &PriceRow, sizes: &HashMap<String, Size>, country: &str) -> Result<Self> {
        let size = sizes.get(&row.arm_sku_name).cloned().unwrap_or_else(|| rules::assumed_size(row));
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

/// The terms that a SKU is on offer for.
pub(super) fn terms(row: &PriceRow, cycles: &[BillingCycle]) -> Vec<TermResource> {
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
    pub(super) fn new(kind: &str, values: &str) -> Self {
        Self {
            reason_code: "NotAvailableForSubscription",
            description: format!("Restriction identified of type '{kind}' with values '{values}'."),
            properties: BTreeMap::from([("type", kind.to_owned()), ("values", values.to_owned())]),
        }
    }
}
