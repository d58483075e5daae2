//! Orders on the wire: `/v1/customers/{customer_id}/orders`.

use std::collections::BTreeMap;

use actix_web::{get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::lines::{LineRequest, price};
use super::wire::{MOST_LINES, ON_BEHALF_OF, Pricing, RawLine, billing_cycle, on_behalf_of, wire_context};
use super::{BuyerKind, Order, OrderLine, OrderStatus, OrderTerms, check_customer, place, repo};
use crate::access::guid;
use crate::catalog::{BillingCycle, ItemKind};
use crate::db::{Moment, Unit};
use crate::error::{Error, Result};
use crate::http::{Number, Reply};
use crate::money::{Currency, Money};
use crate::partner_center::{Answer, Attributes, Call, Collection, Link};
use crate::permissions::{CreateOrder, GetOrder, ListOrders};
use crate::reservations::InstalmentStatus;

/// An order to place.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderRequest {
    /// The customer; must be that of the path where it is given.
    pub reference_customer_id: Option<String>,
    /// `one_time` or `monthly`; what the item offers first when left out.
    #[schema(example = "one_time")]
    pub billing_cycle: Option<String>,
    /// The partner's currency, where it is given.
    #[schema(example = "USD")]
    pub currency_code: Option<String>,
    /// What to buy; at least one.
    pub line_items: Option<Vec<OrderLineRequest>>,
    /// Echoed.
    pub partner_on_record_attestation_accepted: Option<bool>,
}

/// A line of an order to place.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderLineRequest {
    /// 0 for the first, without gaps.
    pub line_item_number: Option<i64>,
    /// `product:sku:availability`, or a legacy offer id; required.
    #[schema(example = "DZH318Z0BQ36:004G:DZH318Z08C0S")]
    pub offer_id: Option<String>,
    /// Your own name for it.
    pub friendly_name: Option<String>,
    /// How many; required.
    #[schema(example = 1)]
    pub quantity: Option<i64>,
    /// `P1Y` or `P3Y`; the SKU fixes it.
    pub term_duration: Option<String>,
    /// The PartnerID of the indirect reseller (indirect providers, App+User only).
    pub partner_id_on_record: Option<String>,
    /// Further resellers' PartnerIDs.
    pub additional_partner_ids_on_record: Option<Vec<String>>,
    /// For reservations: `subscriptionId` (required), `scope` (`shared` or `single`), `entitlementId`, `duration`.
    pub provisioning_context: Option<BTreeMap<String, Option<String>>>,
    /// Echoed.
    pub promotion_id: Option<String>,
}

impl OrderRequest {
    fn check(&self, customer_id: &str) -> Result<Vec<LineRequest>> {
        if let Some(id) = self.reference_customer_id.as_deref().filter(|id| !id.is_empty())
            && guid("referenceCustomerId", id)?.as_str() != customer_id
        {
            return Err(Error::invalid("referenceCustomerId", "is not the customer of the path"));
        }
        let cycle = billing_cycle("billingCycle", self.billing_cycle.as_deref())?;
        let lines = self.line_items.as_deref().unwrap_or_default();
        if lines.is_empty() || lines.len() > MOST_LINES {
            return Err(Error::invalid("lineItems", format!("must hold between 1 and {MOST_LINES} items")));
        }
        let mut checked: Vec<(i64, LineRequest)> = Vec::with_capacity(lines.len());
        for (position, line) in lines.iter().enumerate() {
            let at = i64::try_from(position).unwrap_or(i64::MAX);
            let number = line.line_item_number.unwrap_or(at);
            let request = RawLine {
                path: format!("lineItems[{position}]"),
                item_member: "offerId",
                item: line.offer_id.as_ref(),
                friendly_name: line.friendly_name.as_ref(),
                quantity: line.quantity,
                currency: self.currency_code.as_ref(),
                billing_cycle: cycle,
                term: line.term_duration.as_ref(),
                promotion_id: line.promotion_id.as_ref(),
                reseller: line.partner_id_on_record.as_ref(),
                additional_resellers: line.additional_partner_ids_on_record.clone().unwrap_or_default(),
                provisioning_context: line.provisioning_context.as_ref(),
            }
            .check()?;
            checked.push((number, request));
        }
        checked.sort_by_key(|(number, _)| *number);
        if checked.iter().zip(0_i64..).any(|((number, _), wanted)| *number != wanted) {
            return Err(Error::LineItemNumber);
        }
        Ok(checked.into_iter().map(|(_, request)| request).collect())
    }
}

/// An order.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Order)]
pub struct OrderResource {
    /// The order number: opaque, compared exactly.
    pub id: String,
    /// 12 hexadecimal characters.
    pub alternate_id: String,
    /// The customer.
    pub reference_customer_id: String,
    /// How often it is billed.
    pub billing_cycle: BillingCycle,
    /// ISO 4217 code.
    pub currency_code: String,
    /// The sign before amounts.
    pub currency_symbol: String,
    /// What was bought.
    pub line_items: Vec<OrderLineResource>,
    /// When it was placed.
    #[schema(value_type = DateTime<Utc>)]
    pub creation_date: Moment,
    /// `completed` as soon as the order exists.
    pub status: OrderStatus,
    /// `UserPurchase`.
    pub transaction_type: &'static str,
    /// The sum of the lines; with `include_price`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_price: Option<Number>,
    /// USD per unit of the currency, fixed at the order; with `include_price`. (Not in the real service.)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange_rate: Option<Number>,
    /// Echoed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_on_record_attestation_accepted: Option<bool>,
    /// Who bought it. (Not in the real service.)
    pub purchased_by: PurchasedBy,
    /// Through what it was bought.
    pub client: OrderClient,
    /// Links.
    pub links: OrderLinks,
    /// `Order`.
    pub attributes: Attributes,
}

/// Who bought.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PurchasedBy {
    /// `partner` or `customer`.
    pub kind: BuyerKind,
    /// The buyer's name; absent for an application alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_principal_name: Option<String>,
    /// The buyer's object id.
    pub object_id: String,
    /// The application through which the buyer bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_id: Option<String>,
}

/// Through what an order was placed.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderClient {
    /// The API.
    pub name: &'static str,
}

/// The links of an order.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderLinks {
    /// The order itself.
    #[serde(rename = "self")]
    pub itself: Link,
}

/// A line of an order.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderLineItem)]
pub struct OrderLineResource {
    /// 0 for the first.
    pub line_item_number: i32,
    /// What was bought.
    pub offer_id: String,
    /// The subscription it made; absent for reservations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription_id: Option<String>,
    /// For how long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub term_duration: Option<&'static str>,
    /// `New`.
    pub transaction_type: &'static str,
    /// The buyer's own name for it.
    pub friendly_name: String,
    /// How many were bought.
    pub quantity: i64,
    /// What it cost; with `include_price`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pricing: Option<Pricing>,
    /// The instalments of a monthly plan; with `include_price`. (Not in the real service.)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_schedule: Option<Vec<ScheduledPayment>>,
    /// The PartnerID of the indirect reseller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_id_on_record: Option<String>,
    /// Further resellers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub additional_partner_ids_on_record: Vec<String>,
    /// What it was set up with.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub provisioning_context: BTreeMap<String, String>,
    /// Echoed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promotion_id: Option<String>,
    /// Links.
    pub links: OrderLineLinks,
}

/// One instalment.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScheduledPayment {
    /// When it is due.
    #[schema(value_type = DateTime<Utc>)]
    pub due_date: Moment,
    /// How much, in the order's currency.
    pub amount: Number,
    /// `Succeeded`, `Scheduled` or `Cancelled`.
    pub status: InstalmentStatus,
}

/// The links of a line.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderLineLinks {
    /// The product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<Link>,
    /// The SKU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<Link>,
    /// The availability.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability: Option<Link>,
    /// The subscription it made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription: Option<Link>,
}

impl OrderResource {
    /// The order as the wire shows it; with its prices where they are asked for.
    ///
    /// # Errors
    /// Those of the database.
    pub fn read(
        unit: &mut Unit<'_>,
        country: &str,
        order: &Order,
        lines: &[OrderLine],
        with_price: bool,
    ) -> Result<Self> {
        let currency =
            Currency::parse(&order.currency).ok_or_else(|| Error::Internal(format!("order {}: currency", order.id)))?;
        let line_items = lines
            .iter()
            .map(|line| line_resource(unit, country, order, line, currency, with_price))
            .collect::<Result<_>>()?;
        let rate = order.exchange_rate.parse().map_err(|_| Error::Internal(format!("order {}: rate", order.id)))?;
        Ok(Self {
            id: order.id.clone(),
            alternate_id: order.alternate_id.clone(),
            reference_customer_id: order.customer_id.to_string(),
            billing_cycle: order.billing_cycle,
            currency_code: order.currency.clone(),
            currency_symbol: currency.symbol(),
            line_items,
            creation_date: order.created_at,
            status: order.status,
            transaction_type: "UserPurchase",
            total_price: with_price.then(|| Money { minor: order.total_minor, currency }.into()),
            exchange_rate: with_price.then_some(Number(rate)),
            partner_on_record_attestation_accepted: order.attestation_accepted,
            purchased_by: PurchasedBy {
                kind: order.buyer_kind,
                user_principal_name: order.buyer_name.clone(),
                object_id: order.buyer_object_id.to_string(),
                application_id: order.buyer_application_id.clone(),
            },
            client: OrderClient { name: "Partner Center API" },
            links: OrderLinks { itself: Link::get(format!("/customers/{}/orders/{}", order.customer_id, order.id)) },
            attributes: Attributes::of("Order"),
        })
    }
}

fn line_resource(
    unit: &mut Unit<'_>,
    country: &str,
    order: &Order,
    line: &OrderLine,
    currency: Currency,
    with_price: bool,
) -> Result<OrderLineResource> {
    let money = |minor| Money { minor, currency };
    let monthly = order.billing_cycle == BillingCycle::Monthly && with_price;
    let payment_schedule = match &line.reservation_order_id {
        Some(id) if monthly => {
            let schedule = crate::reservations::schedule_of(unit, id)?;
            let payment = |due: crate::reservations::DuePayment| ScheduledPayment {
                due_date: due.due_at,
                amount: money(due.amount_minor).into(),
                status: due.status,
            };
            Some(schedule.into_iter().map(payment).collect())
        }
        _ => None,
    };
    let product = format!("/products/{}", line.product_id);
    let sku = format!("{product}/skus/{}", line.sku_id);
    let in_catalogue = line.kind != ItemKind::AzureOffer;
    let link = |path: String| in_catalogue.then(|| Link::get(format!("{path}?country={country}")));
    Ok(OrderLineResource {
        line_item_number: line.line_number,
        offer_id: line.catalog_item_id.clone(),
        subscription_id: line.subscription_id.as_ref().map(|id| subscription_id(line, id)),
        term_duration: line.term.map(crate::catalog::Term::as_str),
        transaction_type: "New",
        friendly_name: line.friendly_name.clone(),
        quantity: line.quantity,
        pricing: with_price.then(|| Pricing::new(money(line.unit_price_minor), money(line.total_minor))),
        payment_schedule,
        partner_id_on_record: line.partner_id_on_record.clone(),
        additional_partner_ids_on_record: line.additional_partner_ids.read()?,
        provisioning_context: wire_context(line.provisioning_context.read()?),
        promotion_id: line.promotion_id.clone(),
        links: OrderLineLinks {
            availability: link(format!("{sku}/availabilities/{}", line.availability_id)),
            sku: link(sku),
            product: link(product),
            subscription: line
                .subscription_id
                .as_ref()
                .map(|id| Link::get(format!("/customers/{}/subscriptions/{id}", order.customer_id))),
        },
    })
}

/// The subscription's id as the subscription itself shows it: upper case for the legacy offer.
fn subscription_id(line: &OrderLine, id: &crate::ids::Guid) -> String {
    match line.kind {
        ItemKind::AzureOffer => id.as_str().to_ascii_uppercase(),
        _ => id.to_string(),
    }
}

/// Create an order without a cart.
///
/// All lines or none. A line that cannot be bought refuses the order with its own documented code.
/// Naming an indirect reseller needs App+User.
#[utoipa::path(tag = "Orders", request_body = OrderRequest, responses((status = 201, body = OrderResource)))]
#[post("/v1/customers/{customer_id}/orders")]
pub async fn create_order(mut call: Call<CreateOrder>) -> Answer {
    let id = call.guid("customer_id")?;
    let request: OrderRequest = call.body()?;
    let lines = request.check(id.as_str())?;
    if lines.iter().any(|line| line.reseller.is_some() || !line.additional_resellers.is_empty()) {
        call.agent.require_user()?;
    }
    let trade = call.app.trade.clone();
    let terms = OrderTerms {
        attestation_accepted: request.partner_on_record_attestation_accepted,
        on_behalf_of: on_behalf_of(call.header(&ON_BEHALF_OF))?,
        ..OrderTerms::default()
    };
    call.write(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        check_customer(unit, &customer)?;
        let priced = lines
            .iter()
            .enumerate()
            .map(|(position, line)| {
                price(unit, agent, &customer, &trade, "partnerIdOnRecord", line).map_err(|error| match error {
                    Error::Refused(refusal) => Error::LineRefused { line: position, refusal },
                    other => other,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let (order, lines) = place(unit, agent, &customer, &priced, &terms)?;
        Reply::created(&OrderResource::read(unit, &customer.country, &order, &lines, false)?)
    })
    .await
}

/// List orders.
///
/// The whole history, oldest first. `billingType` narrows it to one billing cycle; `include_price`
/// adds totals, prices and instalments.
#[utoipa::path(
    tag = "Orders",
    params(("billingType" = Option<String>, Query, description = "Such as `OneTime` or `Monthly`"), ("include_price" = Option<bool>, Query, description = "Adds prices")),
    responses((status = 200, body = Collection<OrderResource>))
)]
#[get("/v1/customers/{customer_id}/orders")]
pub async fn list_orders(call: Call<ListOrders>) -> Answer {
    let (id, itself) = (call.guid("customer_id")?, call.link());
    let cycle = billing_cycle("billingType", call.query.get("billingType"))?;
    let with_price = call.query.flag("include_price")?;
    call.read(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        let found = repo::list(unit.conn, &customer, cycle)?;
        let items = found
            .iter()
            .map(|(order, lines)| OrderResource::read(unit, &customer.country, order, lines, with_price))
            .collect::<Result<_>>()?;
        Ok(Collection::whole(items, itself.clone()))
    })
    .await
}

/// Get an order.
///
/// By its number, exactly as it was given. `include_price` adds its total, prices and instalments.
#[utoipa::path(
    tag = "Orders",
    params(("include_price" = Option<bool>, Query, description = "Adds prices")),
    responses((status = 200, body = OrderResource))
)]
#[get("/v1/customers/{customer_id}/orders/{order_id}")]
pub async fn get_order(call: Call<GetOrder>) -> Answer {
    let (id, order_id) = (call.guid("customer_id")?, call.segment("order_id").to_owned());
    let with_price = call.query.flag("include_price")?;
    call.read(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        let order = repo::find(unit.conn, &customer, &order_id)?.ok_or(Error::OrderNotFound)?;
        let lines = repo::lines_of(unit.conn, &order.id)?;
        OrderResource::read(unit, &customer.country, &order, &lines, with_price)
    })
    .await
}
