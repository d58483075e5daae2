//! Orders: what a partner buys for a customer. Carts and direct orders both end here.

pub mod api;
pub mod lines;
pub mod refusal;
pub mod repo;
pub mod rules;
pub mod sandbox;
pub mod wire;

use diesel::prelude::*;

use crate::access::Agent;
use crate::agreements;
use crate::audit::{self, Change, OperationType, ResourceType};
use crate::catalog::{BillingCycle, ItemKind, Term};
use crate::customers::Customer;
use crate::db::schema::{order_lines, orders};
use crate::db::{JsonText, Moment, Unit};
use crate::error::{Error, Result};
use crate::ids::{self, Guid};
use crate::ledger::{self, Account, Party};
use crate::money::sum_minor;
use crate::reservations::{self, BillingPlan, Purchase};
use crate::subscriptions::{self, Subscription, SubscriptionKind, SubscriptionStatus};
use crate::text_enum;
use lines::{PricedLine, Target};
use refusal::Refusal;

text_enum! {
    /// An order's state.
    OrderStatus {
        /// Everything in it is set up, which it is at once (rule O2).
        Completed = "completed",
        /// Everything in it was cancelled.
        Cancelled = "cancelled",
    }
}

text_enum! {
    /// On which side the buyer stands.
    BuyerKind {
        /// An agent or application of the partner.
        Partner = "partner",
        /// A user of the customer.
        Customer = "customer",
    }
}

/// An order.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = orders)]
pub struct Order {
    /// The opaque order number.
    pub id: String,
    /// 12 hexadecimal characters.
    pub alternate_id: String,
    /// The partner that pays.
    pub partner_id: Guid,
    /// The customer it is for.
    pub customer_id: Guid,
    /// How often it is billed.
    pub billing_cycle: BillingCycle,
    /// ISO 4217 code of all its amounts.
    pub currency: String,
    /// USD per unit of the currency, fixed at the order; exact decimal text.
    pub exchange_rate: String,
    /// The sum of its lines, in minor units.
    pub total_minor: i64,
    /// Its state.
    pub status: OrderStatus,
    /// Whether the partner attested its reseller of record.
    pub attestation_accepted: Option<bool>,
    /// On which side the buyer stands.
    pub buyer_kind: BuyerKind,
    /// The buyer's tenant.
    pub buyer_tenant_id: Guid,
    /// The buyer's object id.
    pub buyer_object_id: Guid,
    /// The buyer's user principal name; none for an application alone.
    pub buyer_name: Option<String>,
    /// The application through which the buyer bought.
    pub buyer_application_id: Option<String>,
    /// The user principal name of the customer's user on whose behalf it was placed.
    pub on_behalf_of: Option<String>,
    /// When it was placed.
    pub created_at: Moment,
}

/// A line of an order. What is returned later lowers the entitlement, never this.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = order_lines)]
pub struct OrderLine {
    /// The order.
    pub order_id: String,
    /// 0 for the first.
    pub line_number: i32,
    /// The line's own id.
    pub id: Guid,
    /// What was bought.
    pub kind: ItemKind,
    /// `product:sku:availability`, or the legacy offer.
    pub catalog_item_id: String,
    /// The product.
    pub product_id: String,
    /// The SKU.
    pub sku_id: String,
    /// The availability.
    pub availability_id: String,
    /// The price row it was bought at.
    pub price_row_id: Guid,
    /// For how long.
    pub term: Option<Term>,
    /// The buyer's own name for it.
    pub friendly_name: String,
    /// How many.
    pub quantity: i64,
    /// The published price of one, exact decimal text.
    pub usd_unit_price: String,
    /// The price of one in minor units of the order's currency.
    pub unit_price_minor: i64,
    /// The price of all.
    pub total_minor: i64,
    /// The PartnerID of the indirect reseller.
    pub partner_id_on_record: Option<String>,
    /// Further resellers (a list of PartnerIDs).
    pub additional_partner_ids: JsonText,
    /// What it was set up with (a map).
    pub provisioning_context: JsonText,
    /// The promotion, echoed.
    pub promotion_id: Option<String>,
    /// The subscription it made.
    pub subscription_id: Option<Guid>,
    /// The reservation order it made.
    pub reservation_order_id: Option<Guid>,
}

/// What is said of an order beside its lines.
#[derive(Clone, Debug)]
pub struct OrderTerms {
    /// On which side the buyer stands.
    pub buyer: BuyerKind,
    /// Whether its lines may differ in how they are billed: one exchange is one order.
    pub any_cycle: bool,
    /// Whether the partner attested its reseller of record.
    pub attestation_accepted: Option<bool>,
    /// The user principal name of the customer's user on whose behalf it is placed.
    pub on_behalf_of: Option<String>,
}

impl Default for OrderTerms {
    fn default() -> Self {
        Self { buyer: BuyerKind::Partner, any_cycle: false, attestation_accepted: None, on_behalf_of: None }
    }
}

/// What concerns the customer as a whole and refuses a whole order or checkout.
///
/// # Errors
/// [`Error::AgreementMissing`].
pub fn check_customer(unit: &mut Unit<'_>, customer: &Customer) -> Result<()> {
    if agreements::is_confirmed(unit, customer)? { Ok(()) } else { Err(Error::AgreementMissing) }
}

/// Places one order with lines that were checked and priced: the order, what it sets up, its money
/// in the ledger and its record in the activity log.
///
/// # Errors
/// A refusal where the lines are billed in different cycles, or together exceed a sandbox account's
/// limits.
pub fn place(
    unit: &mut Unit<'_>,
    agent: &Agent,
    customer: &Customer,
    priced: &[PricedLine],
    terms: &OrderTerms,
) -> Result<(Order, Vec<OrderLine>)> {
    let (order, lines) = place_without_record(unit, agent, customer, priced, terms)?;
    audit::record(unit, agent, customer, change_of(&order, &lines))?;
    Ok((order, lines))
}

/// The same for what keeps a record of its own: an exchange is one record, whatever it consists of.
///
/// # Errors
/// As [`place`].
pub fn place_without_record(
    unit: &mut Unit<'_>,
    agent: &Agent,
    customer: &Customer,
    priced: &[PricedLine],
    terms: &OrderTerms,
) -> Result<(Order, Vec<OrderLine>)> {
    sandbox::check(unit, &agent.partner, customer, priced)?;
    let first = priced.first().ok_or_else(|| Error::invalid("lineItems", "at least one item is required"))?;
    if let Some(other) = priced.iter().find(|line| line.cycle != first.cycle && !terms.any_cycle) {
        return Err(Refusal::BillingCycleNotSupported(other.cycle.to_string()).into());
    }
    let order = Order {
        id: ids::order_id(),
        alternate_id: ids::alternate_id(),
        partner_id: customer.seller_id.clone(),
        customer_id: customer.id.clone(),
        billing_cycle: first.cycle,
        currency: first.total.currency.code().to_owned(),
        exchange_rate: first.exchange_rate.to_string(),
        total_minor: sum_minor(priced.iter().map(|line| line.total.minor))?,
        status: OrderStatus::Completed,
        attestation_accepted: terms.attestation_accepted,
        buyer_kind: terms.buyer,
        buyer_tenant_id: match terms.buyer {
            BuyerKind::Partner => agent.partner.id.clone(),
            BuyerKind::Customer => agent.token.tenant_id.clone(),
        },
        buyer_object_id: agent.token.object_id.clone(),
        buyer_name: agent.token.user_principal_name.clone(),
        buyer_application_id: agent.token.application_id.clone(),
        on_behalf_of: terms.on_behalf_of.clone(),
        created_at: unit.now,
    };
    repo::insert(unit.conn, &order)?;
    let mut lines = Vec::with_capacity(priced.len());
    for (line, number) in priced.iter().zip(0_i32..) {
        let line = set_up(unit, customer, &order, line, number)?;
        repo::insert_line(unit.conn, &line)?;
        lines.push(line);
    }
    Ok((order, lines))
}

/// Sets up what a line buys and describes the line.
fn set_up(
    unit: &mut Unit<'_>,
    customer: &Customer,
    order: &Order,
    priced: &PricedLine,
    number: i32,
) -> Result<OrderLine> {
    let mut line = OrderLine {
        order_id: order.id.clone(),
        line_number: number,
        id: Guid::random(),
        kind: priced.row.kind,
        // Found in any letter case, kept in the catalogue's.
        catalog_item_id: priced.request.catalog_item_id.to_ascii_uppercase(),
        product_id: priced.row.product_id.clone(),
        sku_id: priced.row.sku_id.clone(),
        availability_id: priced.availability_id.clone(),
        price_row_id: priced.row.id.clone(),
        term: priced.row.term,
        friendly_name: priced.friendly_name(),
        quantity: priced.request.quantity,
        usd_unit_price: priced.row.price.clone(),
        unit_price_minor: priced.unit_price.minor,
        total_minor: priced.total.minor,
        partner_id_on_record: priced.request.reseller.clone(),
        additional_partner_ids: JsonText::of(&priced.request.additional_resellers)?,
        provisioning_context: JsonText::of(&priced.request.provisioning_context)?,
        promotion_id: priced.request.promotion_id.clone(),
        subscription_id: None,
        reservation_order_id: None,
    };
    match &priced.target {
        Target::Reservation { term, wishes } => {
            let bought = reservations::buy(
                unit,
                &Purchase {
                    customer,
                    order_id: &order.id,
                    line_number: number,
                    name: &line.friendly_name,
                    row: &priced.row,
                    term: *term,
                    quantity: line.quantity,
                    total: priced.total,
                    exchange_rate: &order.exchange_rate,
                    plan: if priced.cycle == BillingCycle::Monthly {
                        BillingPlan::Monthly
                    } else {
                        BillingPlan::Upfront
                    },
                    wishes,
                    partner_id_on_record: line.partner_id_on_record.as_deref(),
                },
            )?;
            line.reservation_order_id = Some(bought.id);
        }
        Target::Subscription(kind) => {
            let subscription = new_subscription(unit, order, &line, priced, *kind)?;
            subscriptions::create(unit, &subscription, Guid::random())?;
            line.subscription_id = Some(subscription.id);
            charge_at_once(unit, order, &line, priced)?;
        }
        Target::Software => charge_at_once(unit, order, &line, priced)?,
    }
    Ok(line)
}

fn new_subscription(
    unit: &Unit<'_>,
    order: &Order,
    line: &OrderLine,
    priced: &PricedLine,
    kind: SubscriptionKind,
) -> Result<Subscription> {
    Ok(Subscription {
        id: Guid::random(),
        partner_id: order.partner_id.clone(),
        customer_id: order.customer_id.clone(),
        order_id: order.id.clone(),
        kind,
        offer_id: line.catalog_item_id.clone(),
        offer_name: priced.row.sku_name.clone(),
        friendly_name: line.friendly_name.clone(),
        quantity: line.quantity,
        status: SubscriptionStatus::Active,
        billing_cycle: order.billing_cycle,
        term: line.term,
        auto_renew: kind == SubscriptionKind::License,
        partner_id_on_record: line.partner_id_on_record.clone(),
        registered: false,
        revision: 1,
        created_at: unit.now,
        ends_at: line.term.map(|term| reservations::rules::expiry(unit.now, term)).transpose()?,
    })
}

/// Everything but reservations is charged for its whole term when it is ordered.
fn charge_at_once(unit: &mut Unit<'_>, order: &Order, line: &OrderLine, priced: &PricedLine) -> Result<()> {
    let party = Party { partner_id: &order.partner_id, customer_id: &order.customer_id, order_id: Some(&order.id) };
    let cause = Guid::derived(&format!("order line:{}", line.id));
    ledger::post(unit, &party, Account::Receivable, Account::Revenue, priced.total, &cause)
}

fn change_of(order: &Order, lines: &[OrderLine]) -> Change {
    let mut details = vec![
        ("OrderId".to_owned(), order.id.clone()),
        ("AlternateId".to_owned(), order.alternate_id.clone()),
        ("BillingCycle".to_owned(), order.billing_cycle.to_string()),
    ];
    for line in lines {
        let mut detail = |name: &str, value: String| details.push((format!("{name}-{}", line.line_number), value));
        detail("OfferId", line.catalog_item_id.clone());
        detail("SubscriptionName", line.friendly_name.clone());
        detail("Quantity", line.quantity.to_string());
        if let Some(id) = &line.subscription_id {
            detail("SubscriptionId", id.to_string());
        }
        if let Some(id) = &line.partner_id_on_record {
            detail("PartnerOnRecord", id.clone());
        }
    }
    let described: Vec<serde_json::Value> = lines
        .iter()
        .map(|line| {
            serde_json::json!({
                "lineItemNumber": line.line_number, "offerId": line.catalog_item_id, "quantity": line.quantity,
                "friendlyName": line.friendly_name, "subscriptionId": line.subscription_id,
                "reservationOrderId": line.reservation_order_id, "partnerIdOnRecord": line.partner_id_on_record,
            })
        })
        .collect();
    Change {
        resource: ResourceType::Order,
        operation: OperationType::CreateOrder,
        old: None,
        new: Some(serde_json::json!({
            "id": order.id, "billingCycle": order.billing_cycle, "currencyCode": order.currency,
            "referenceCustomerId": order.customer_id, "lineItems": described,
        })),
        details,
    }
}
