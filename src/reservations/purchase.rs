//! Pricing and buying what the Azure side asks for: the same prices, the same orders and the same
//! checks as on Partner Center's side (rule O11).

use super::request::Wanted;
use super::{BillingPlan, Refusal, Scope, Wishes};
use crate::access::{Agent, Permit};
use crate::catalog::{self, BillingCycle, PriceRow, ReservationScope, Segment, Term};
use crate::customers::Customer;
use crate::db::Unit;
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::money::{Currency, Money};
use crate::orders::lines::{LineRequest, PricedLine, Target, Trade};
use crate::orders::refusal::Refusal as OrderRefusal;
use crate::orders::{self, BuyerKind};
use crate::price_lists;
use crate::pricing;
use crate::self_serve_policies;
use crate::subscriptions::{self, AzureSubscription, EntitlementStatus, SubscriptionKind, SubscriptionStatus};

/// What is asked for, checked and priced.
pub struct Priced {
    /// As an order takes it.
    pub line: PricedLine,
    /// The price of all in USD.
    pub usd: Money,
}

/// Checks and prices what is asked for, to be billed to `azure`.
///
/// # Errors
/// A [`Refusal`] or an [`OrderRefusal`] with the reason.
pub fn price(
    unit: &mut Unit<'_>,
    customer: &Customer,
    currency: Currency,
    azure: &AzureSubscription,
    trade: &Trade,
    wanted: &Wanted,
) -> Result<Priced> {
    if trade.markets_without_reservations.contains(&customer.country) {
        return Err(OrderRefusal::NotSoldInCountry(customer.country.clone()).into());
    }
    let plan = subscriptions::of_customer(unit, customer, &azure.subscription_id)?;
    if plan.status != SubscriptionStatus::Active || azure.status != EntitlementStatus::Active {
        return Err(OrderRefusal::SubscriptionNotActive.into());
    }
    if !plan.registered {
        return Err(OrderRefusal::SubscriptionNotRegistered.into());
    }
    let row = row(unit, wanted)?;
    orders::rules::check_term(&row, None, None, unit.now)?;
    let cycle = match wanted.plan {
        BillingPlan::Upfront => BillingCycle::OneTime,
        BillingPlan::Monthly => BillingCycle::Monthly,
    };
    orders::rules::billing_cycle(&row.cycles()?, Some(cycle))
        .map_err(|_| Refusal::PlanNotOffered(wanted.plan.to_string()))?;
    check_scope(unit, customer, &wanted.scope, wanted.scope_tenant.as_deref())?;

    let exchange_rate = pricing::rate(&trade.fx, currency)?;
    let usd = row.usd_price()?;
    let kind = match plan.kind {
        SubscriptionKind::AzureOffer => ReservationScope::AzureLegacy,
        _ => ReservationScope::AzurePlan,
    };
    let availability_id =
        catalog::rules::availability_id(&row, &row.availability_ids.read()?, kind, Segment::Commercial);
    let mut context = std::collections::BTreeMap::from([
        ("subscriptionid".to_owned(), plan.id.to_string()),
        ("scope".to_owned(), if wanted.scope == Scope::Shared { "shared" } else { "single" }.to_owned()),
    ]);
    if let Scope::Single(id) | Scope::ResourceGroup(id, _) = &wanted.scope {
        context.insert("entitlementid".to_owned(), id.to_string());
    }
    let line = PricedLine {
        request: LineRequest {
            catalog_item_id: format!("{}:{}:{availability_id}", row.product_id, row.sku_id),
            friendly_name: wanted.display_name.clone(),
            quantity: wanted.quantity,
            // Inherited from the subscription, not chosen (rule O8).
            reseller: plan.partner_id_on_record.clone(),
            provisioning_context: context,
            ..LineRequest::default()
        },
        availability_id,
        cycle,
        unit_price: pricing::charge(usd, 1, currency, exchange_rate)?,
        total: pricing::charge(usd, wanted.quantity, currency, exchange_rate)?,
        exchange_rate,
        target: Target::Reservation {
            term: wanted.term,
            wishes: Box::new(Wishes {
                flexible: wanted.flexible,
                review_at: wanted.review_at,
                ..Wishes::plain(wanted.scope.clone(), azure.id.clone())
            }),
        },
        row,
    };
    Ok(Priced { usd: pricing::charge(usd, wanted.quantity, Currency::USD, rust_decimal::Decimal::ONE)?, line })
}

/// The price row that holds for a size, region and term.
fn row(unit: &mut Unit<'_>, wanted: &Wanted) -> Result<PriceRow> {
    let offered = catalog::repo::reservations_of(unit.conn, &wanted.sku, &wanted.location, unit.now)?;
    let offered: Vec<PriceRow> = offered
        .into_iter()
        .filter(|row| wanted.resource_type.as_ref().is_none_or(|kind| kind.eq_ignore_ascii_case(&row.resource_type())))
        .collect();
    let short = crate::access::short;
    if offered.is_empty() {
        let known = catalog::repo::is_region_known(unit.conn, &wanted.location)?;
        return Err(match known {
            false => Refusal::LocationUnknown(short(&wanted.location)),
            true => Refusal::SkuUnknown { sku: short(&wanted.sku), location: short(&wanted.location) },
        }
        .into());
    }
    let term = offered.into_iter().find(|row| row.term == Some(wanted.term));
    term.ok_or_else(|| {
        Refusal::TermNotOffered { sku: short(&wanted.sku), term: wanted.term.as_str().to_owned() }.into()
    })
}

/// Insists that a scope lies in the billing context: the Azure subscriptions that the same partner
/// has for the same customer (rule P12).
///
/// # Errors
/// [`Refusal::ScopeForeign`].
pub fn check_scope(unit: &mut Unit<'_>, customer: &Customer, scope: &Scope, tenant: Option<&str>) -> Result<()> {
    let foreign = || Refusal::ScopeForeign(scope.id().unwrap_or_default());
    let tenant = tenant.and_then(Guid::parse);
    if tenant.is_some_and(|tenant| tenant != customer.id) {
        return Err(foreign().into());
    }
    match scope {
        Scope::Shared | Scope::ManagementGroup(_) => Ok(()),
        Scope::Single(id) | Scope::ResourceGroup(id, _) => {
            let azure = subscriptions::repo::azure_by_id(unit.conn, id)?;
            let fits = azure.is_some_and(|azure| {
                azure.customer_id == customer.id
                    && azure.partner_id == customer.seller_id
                    && azure.status == EntitlementStatus::Active
            });
            if fits { Ok(()) } else { Err(foreign().into()) }
        }
    }
}

/// What a customer's own user needs beside Owner on the subscription: the purchase permission (rule
/// P1). And it does not set renewal up (rule P7).
///
/// # Errors
/// [`Refusal::PurchaseNotPermitted`], [`Refusal::RenewalByCustomer`].
pub fn check_buyer(unit: &mut Unit<'_>, permit: &Permit, customer: &Customer, renew: Option<bool>) -> Result<()> {
    if !permit.is_customer() {
        return Ok(());
    }
    if !self_serve_policies::may_purchase(unit, &customer.seller_id, &customer.id)? {
        return Err(Refusal::PurchaseNotPermitted.into());
    }
    if renew == Some(true) {
        return Err(Refusal::RenewalByCustomer.into());
    }
    Ok(())
}

/// What a customer pays its partner for what was priced: the price that the partner set (rule P6),
/// of one instance, rounded, times the quantity.
///
/// # Errors
/// [`Error::AmountTooLarge`].
pub fn customer_total(unit: &mut Unit<'_>, customer: &Customer, term: Term, line: &PricedLine) -> Result<Money> {
    let (product, sku) = (&line.row.product_id, &line.row.sku_id);
    let each = price_lists::price_for(unit, &customer.seller_id, &customer.id, product, sku, term, line.unit_price)?;
    if each == line.unit_price {
        return Ok(line.total);
    }
    let minor = each.minor.checked_mul(line.request.quantity).ok_or(Error::AmountTooLarge)?;
    Ok(Money { minor, ..each })
}

/// What is said of a purchase on the Azure side beside its lines.
pub fn terms(buyer: BuyerKind) -> orders::OrderTerms {
    orders::OrderTerms { buyer, any_cycle: true, ..orders::OrderTerms::default() }
}

/// Places an order for one reservation.
///
/// # Errors
/// Those of placing an order.
pub fn place(
    unit: &mut Unit<'_>,
    agent: &Agent,
    customer: &Customer,
    line: PricedLine,
    buyer: BuyerKind,
) -> Result<()> {
    orders::check_customer(unit, customer)?;
    orders::place(unit, agent, customer, &[line], &terms(buyer))?;
    Ok(())
}
