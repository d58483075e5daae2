//! Checking and pricing one item: what both a cart's line and an order's line go through.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use super::rules;
use crate::access::Agent;
use crate::catalog::{self, BillingCycle, ItemKind, PriceRow, ReservationScope, Term};
use crate::config::ExchangeRates;
use crate::customers::Customer;
use crate::db::Unit;
use crate::error::{Error, Result};
use crate::money::Money;
use crate::partners::{self, PartnerKind};
use crate::pricing;
use crate::reservations::{Scope, Wishes};
use crate::subscriptions::{self, EntitlementStatus, Subscription, SubscriptionKind, SubscriptionStatus};

/// An item that is asked for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct LineRequest {
    /// `product:sku:availability`, or a legacy offer id.
    pub catalog_item_id: String,
    /// The buyer's own name for it.
    pub friendly_name: Option<String>,
    /// How many.
    pub quantity: i64,
    /// ISO 4217 code, when the buyer names one.
    pub currency: Option<String>,
    /// How often it is to be billed, when the buyer names it.
    pub billing_cycle: Option<BillingCycle>,
    /// For how long, when the buyer names it.
    pub term: Option<String>,
    /// Echoed.
    pub promotion_id: Option<String>,
    /// The PartnerID of the indirect reseller.
    pub reseller: Option<String>,
    /// Further resellers' PartnerIDs.
    pub additional_resellers: Vec<String>,
    /// What it is set up with, by lower-case key.
    pub provisioning_context: BTreeMap<String, String>,
}

impl LineRequest {
    fn context(&self, key: &str) -> Option<&str> {
        self.provisioning_context.get(key).map(|text| text.trim()).filter(|text| !text.is_empty())
    }
}

/// What buying an item sets up.
#[derive(Clone, Debug)]
pub enum Target {
    /// A reservation.
    Reservation {
        /// For how long.
        term: Term,
        /// Scope, billing and everything else.
        wishes: Box<Wishes>,
    },
    /// A subscription.
    Subscription(SubscriptionKind),
    /// Software for good: nothing beside the order.
    Software,
}

/// An item that was checked and priced.
#[derive(Clone, Debug)]
pub struct PricedLine {
    /// What was asked for.
    pub request: LineRequest,
    /// The price row that holds.
    pub row: PriceRow,
    /// The availability.
    pub availability_id: String,
    /// How often it is billed.
    pub cycle: BillingCycle,
    /// The price of one for the whole term.
    pub unit_price: Money,
    /// The price of all.
    pub total: Money,
    /// USD per unit of the currency.
    pub exchange_rate: Decimal,
    /// What it sets up.
    pub target: Target,
}

impl PricedLine {
    /// The buyer's own name for it, or the SKU's title.
    pub fn friendly_name(&self) -> String {
        self.request.friendly_name.clone().unwrap_or_else(|| self.row.title())
    }
}

/// What the checks need of the configuration.
#[derive(Clone, Debug)]
pub struct Trade {
    /// Exchange rates.
    pub fx: ExchangeRates,
    /// Markets where reservations are not sold.
    pub markets_without_reservations: Vec<String>,
}

/// Checks and prices one item. `reseller_field` is what the surface calls the member that names a
/// reseller.
///
/// # Errors
/// [`Error::Refused`] with the first reason in the documented order of checks.
pub fn price(
    unit: &mut Unit<'_>,
    agent: &Agent,
    customer: &Customer,
    trade: &Trade,
    reseller_field: &'static str,
    request: &LineRequest,
) -> Result<PricedLine> {
    let (row, availability_id, scopes) = find(unit, &request.catalog_item_id)?;
    if row.kind == ItemKind::Reservation && trade.markets_without_reservations.contains(&customer.country) {
        return Err(Refusal::NotSoldInCountry(customer.country.clone()).into());
    }
    let currency = agent.partner.currency()?;
    if let Some(wanted) = request.currency.as_deref().filter(|wanted| !wanted.eq_ignore_ascii_case(currency.code())) {
        return Err(Refusal::CurrencyNotSupported(crate::access::short(wanted), currency.code().to_owned()).into());
    }
    rules::check_term(&row, request.term.as_deref(), request.context("duration"), unit.now)?;
    let cycle = rules::billing_cycle(&row.cycles()?, request.billing_cycle)?;
    let (min, max) = row.quantity_bounds();
    if !(min..=max).contains(&request.quantity) {
        return Err(Refusal::QuantityOutOfRange { min, max }.into());
    }
    check_resellers(unit, agent, reseller_field, request)?;
    let target = match row.kind {
        ItemKind::Reservation => reservation_target(unit, customer, &row, &scopes, request)?,
        ItemKind::AzurePlan => Target::Subscription(SubscriptionKind::AzurePlan),
        ItemKind::AzureOffer => Target::Subscription(SubscriptionKind::AzureOffer),
        ItemKind::Subscription => Target::Subscription(SubscriptionKind::License),
        ItemKind::SoftwareSubscription => Target::Subscription(SubscriptionKind::Software),
        ItemKind::SoftwarePerpetual => Target::Software,
        ItemKind::Consumption => return Err(Refusal::SkuUnknown.into()),
    };
    let exchange_rate = pricing::rate(&trade.fx, currency)?;
    let usd = row.usd_price()?;
    Ok(PricedLine {
        request: request.clone(),
        availability_id,
        cycle,
        unit_price: pricing::charge(usd, 1, currency, exchange_rate)?,
        total: pricing::charge(usd, request.quantity, currency, exchange_rate)?,
        exchange_rate,
        target,
        row,
    })
}

/// The price row, the availability and the kinds of Azure subscription it can be bought for.
fn find(unit: &mut Unit<'_>, item: &str) -> Result<(PriceRow, String, Vec<ReservationScope>)> {
    let parts: Vec<&str> = item.split(':').collect();
    let (product, sku, availability) = match parts.as_slice() {
        [product, sku, availability] => (*product, *sku, *availability),
        [offer] if !offer.is_empty() => {
            let row = catalog::repo::offer(unit.conn, offer, unit.now)?
                .ok_or_else(|| Refusal::OfferUnknown(crate::access::short(offer)))?;
            return Ok((row, String::new(), Vec::new()));
        }
        _ => return Err(Refusal::CatalogItemMalformed(crate::access::short(item)).into()),
    };
    let (product, sku) = (product.to_ascii_uppercase(), sku.to_ascii_uppercase());
    let Some(row) = catalog::repo::sku(unit.conn, &product, &sku, unit.now)? else {
        let known = !catalog::repo::skus_of(unit.conn, &product, unit.now)?.is_empty();
        return Err(if known { Refusal::SkuUnknown.into() } else { Refusal::ProductUnknown.into() });
    };
    let scopes = catalog::rules::scopes_of_availability(&row, &row.availability_ids.read()?, availability)
        .ok_or(Refusal::AvailabilityUnknown)?;
    Ok((row, availability.to_ascii_uppercase(), scopes))
}

/// Rule B7: only an indirect provider names resellers, and only its own.
fn check_resellers(unit: &mut Unit<'_>, agent: &Agent, field: &'static str, request: &LineRequest) -> Result<()> {
    for mpn_id in request.reseller.iter().chain(&request.additional_resellers) {
        if agent.partner.kind != PartnerKind::Provider {
            return Err(Refusal::ResellerNotSupported(field.to_owned()).into());
        }
        let reseller =
            partners::repo::by_mpn_id(unit.conn, mpn_id)?.ok_or_else(|| Refusal::ResellerUnknown(field.to_owned()))?;
        if reseller.provider_id.as_ref() != Some(&agent.partner.id) {
            return Err(Refusal::ResellerUnrelated(field.to_owned()).into());
        }
    }
    Ok(())
}

/// Rules B2 and B6: the subscription a reservation is tied to, and its scope.
fn reservation_target(
    unit: &mut Unit<'_>,
    customer: &Customer,
    row: &PriceRow,
    scopes: &[ReservationScope],
    request: &LineRequest,
) -> Result<Target> {
    let term = row.term.ok_or_else(|| Error::Internal(format!("reservation {} has no term", row.id)))?;
    let subscription = azure_subscription(unit, customer, request)?;
    let needed = match subscription.kind {
        SubscriptionKind::AzurePlan => ReservationScope::AzurePlan,
        _ => ReservationScope::AzureLegacy,
    };
    if !scopes.contains(&needed) {
        return Err(Refusal::SubscriptionNotEnabled.into());
    }
    if !subscription.registered {
        return Err(Refusal::SubscriptionNotRegistered.into());
    }
    let under = subscriptions::repo::azure_of(unit.conn, &subscription.id)?;
    let billed =
        under.iter().find(|azure| azure.status == EntitlementStatus::Active).ok_or(Refusal::NoAzureSubscription)?;
    let scope = request.context("scope").unwrap_or("shared");
    let named = request.context("entitlementid");
    let scope = if scope.eq_ignore_ascii_case("shared") {
        Scope::Shared
    } else if !scope.eq_ignore_ascii_case("single") {
        return Err(Refusal::ScopeNotSupported(crate::access::short(scope)).into());
    } else if let Some(named) = named {
        let azure = under
            .iter()
            .find(|azure| azure.id.as_str().eq_ignore_ascii_case(named))
            .ok_or(Refusal::EntitlementNotEligible)?;
        if azure.status != EntitlementStatus::Active {
            return Err(Refusal::EntitlementNotActive.into());
        }
        Scope::Single(azure.id.clone())
    } else if subscription.kind == SubscriptionKind::AzurePlan {
        return Err(Refusal::EntitlementMissing.into());
    } else {
        Scope::Single(billed.id.clone())
    };
    let billing_subscription_id = match &scope {
        Scope::Single(id) => id.clone(),
        _ => billed.id.clone(),
    };
    Ok(Target::Reservation { term, wishes: Box::new(Wishes::plain(scope, billing_subscription_id)) })
}

fn azure_subscription(unit: &mut Unit<'_>, customer: &Customer, request: &LineRequest) -> Result<Subscription> {
    let all = subscriptions::repo::list(unit.conn, customer, None, None)?;
    let mut azure = all.into_iter().filter(|subscription| subscription.kind.is_azure()).peekable();
    if azure.peek().is_none() {
        return Err(Refusal::NoAzureSubscription.into());
    }
    let named = request.context("subscriptionid").ok_or(Refusal::SubscriptionMissing)?;
    let subscription = azure
        .find(|subscription| subscription.id.as_str().eq_ignore_ascii_case(named))
        .ok_or(Refusal::SubscriptionNotValid)?;
    if subscription.status != SubscriptionStatus::Active {
        return Err(Refusal::SubscriptionNotActive.into());
    }
    Ok(subscription)
}
