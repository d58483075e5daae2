//! The catalogue: products, SKUs and availabilities, made from dated price rows in the shape of
//! the Azure Retail Prices API. One SKU of a reservation is one size, region and term.

pub mod api;
pub mod azure;
pub mod import;
pub mod repo;
pub mod rules;
mod wire;

use diesel::prelude::*;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::db::schema::{price_rows, sizes};
use crate::db::{JsonText, Moment};
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::text_enum;

text_enum! {
    /// What a price row sells.
    ItemKind {
        /// A reservation; the price is that of the whole term for one instance.
        Reservation = "reservation",
        /// Pay-as-you-go use, priced by the hour; not sold here, the measure of a saving.
        Consumption = "consumption",
        /// The Azure plan.
        AzurePlan = "azure_plan",
        /// The legacy offer MS-AZR-0145P.
        AzureOffer = "azure_offer",
        /// A subscription to an online service, priced a seat and term.
        Subscription = "subscription",
        /// Software for a term.
        SoftwareSubscription = "software_subscription",
        /// Software for good.
        SoftwarePerpetual = "software_perpetual",
    }
}

text_enum! {
    /// For how long something is bought, as an ISO 8601 duration.
    Term {
        /// One month.
        OneMonth = "P1M",
        /// One year.
        OneYear = "P1Y",
        /// Three years.
        ThreeYears = "P3Y",
    }
}

impl Term {
    /// The term in months.
    pub const fn months(self) -> u32 {
        match self {
            Self::OneMonth => 1,
            Self::OneYear => 12,
            Self::ThreeYears => 36,
        }
    }

    /// The term as titles say it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::OneMonth => "1 Month",
            Self::OneYear => "1 Year",
            Self::ThreeYears => "3 Years",
        }
    }
}

text_enum! {
    /// How often an item is billed.
    BillingCycle {
        /// Once, at the purchase.
        OneTime = "one_time",
        /// Every month.
        Monthly = "monthly",
        /// Every year.
        Annual = "annual",
        /// Every three years.
        Triennial = "triennial",
        /// Every two years.
        Biennial = "biennial",
        /// Not at all.
        None = "none",
    }
}

text_enum! {
    /// A customer segment that an availability is for.
    Segment {
        /// Companies.
        Commercial = "commercial",
        /// Schools.
        Education = "education",
        /// Public bodies.
        Government = "government",
        /// Charities.
        Nonprofit = "nonprofit",
    }
}

text_enum! {
    /// Which kind of Azure subscription an availability can be bought for. (The parameter
    /// `reservationScope`; absent it means the legacy offer.)
    ReservationScope {
        /// MS-AZR-0145P.
        AzureLegacy = "AzureLegacy",
        /// The Azure plan.
        AzurePlan = "AzurePlan",
    }
}

/// Availability ids that are published for a row, by [`ReservationScope`] or `Any`.
pub type PublishedIds = std::collections::BTreeMap<String, String>;

/// One dated price of one SKU.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = price_rows)]
pub struct PriceRow {
    /// Stands for product, SKU, kind and start together.
    pub id: Guid,
    /// The product's id.
    pub product_id: String,
    /// The SKU's id, unique within the product.
    pub sku_id: String,
    /// What is sold.
    pub kind: ItemKind,
    /// The legacy offer id, for what is sold under one.
    pub offer_id: Option<String>,
    /// For how long, where there is a term.
    pub term: Option<Term>,
    /// The billing cycles on offer (a list).
    pub billing_cycles: JsonText,
    /// The size, such as `Standard_D2s_v5`; empty for what is not metered Azure.
    pub arm_sku_name: String,
    /// The region, such as `westeurope`.
    pub arm_region_name: String,
    /// The region as price sheets write it, such as `EU West`.
    pub location: String,
    /// The product's title.
    pub product_name: String,
    /// The SKU's short name.
    pub sku_name: String,
    /// The Azure service.
    pub service_name: String,
    /// The usage meter.
    pub meter_id: String,
    /// USD, exact decimal text: of the whole term, or of an hour for consumption.
    pub price: String,
    /// From when the row holds.
    pub effective_start: Moment,
    /// [`PublishedIds`].
    pub availability_ids: JsonText,
    /// Where the figure comes from, where the data says it.
    pub origin: Option<String>,
}

impl PriceRow {
    /// The price in USD: of the whole term for one instance, or of an hour for consumption.
    ///
    /// # Errors
    /// When the stored text is no number, which the import excludes.
    pub fn usd_price(&self) -> Result<Decimal> {
        self.price.parse().map_err(|_| Error::Internal(format!("price row {}: {} is no number", self.id, self.price)))
    }

    /// The billing cycles on offer.
    ///
    /// # Errors
    /// When the stored document is of another form.
    pub fn cycles(&self) -> Result<Vec<BillingCycle>> {
        self.billing_cycles.read()
    }

    /// The type of Azure resource that a reservation covers, such as `VirtualMachines`.
    pub fn resource_type(&self) -> String {
        rules::resource_type(&self.service_name)
    }

    /// What a list shows of the product.
    pub fn product(&self) -> repo::ProductHead {
        repo::ProductHead {
            id: self.product_id.clone(),
            name: self.product_name.clone(),
            kind: self.kind,
            service_name: self.service_name.clone(),
        }
    }

    /// The title of the SKU.
    pub fn title(&self) -> String {
        match (self.kind, self.term) {
            (ItemKind::Reservation, Some(term)) if self.resource_type() == "VirtualMachines" => {
                format!("Reserved VM Instance, {}, {}, {}", self.arm_sku_name, self.location, term.words())
            }
            (ItemKind::Reservation, Some(term)) => {
                format!("{}, {}, {}, {}", self.product_name, self.sku_name, self.location, term.words())
            }
            _ => self.sku_name.clone(),
        }
    }

    /// The least and the most that may be bought at once.
    pub const fn quantity_bounds(&self) -> (i64, i64) {
        match self.kind {
            ItemKind::AzurePlan | ItemKind::AzureOffer => (1, 1),
            ItemKind::Subscription => (1, 10_000),
            _ => (1, MAX_QUANTITY),
        }
    }
}

/// The most of anything that may be bought in one line.
pub const MAX_QUANTITY: i64 = 999_999_999;

/// What is known of a size beside its price.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, Serialize, Deserialize)]
#[diesel(table_name = sizes)]
pub struct Size {
    /// The size, such as `Standard_D2s_v5`.
    pub arm_sku_name: String,
    /// The type of Azure resource.
    pub resource_type: String,
    /// Virtual processor cores.
    pub cores: String,
    /// Memory in GiB; empty where it is not known.
    pub ram: String,
    /// Such as `General purpose`; empty where it is not known.
    pub category: String,
    /// The size's title.
    pub title: String,
    /// Sizes of one group share a reservation (instance size flexibility).
    pub flexibility_group: String,
    /// The weight of the size within its group.
    pub flexibility_ratio: String,
}
