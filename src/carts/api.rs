//! Carts on the wire: `/v1/customers/{customer_id}/carts`.

use std::collections::BTreeMap;

use actix_web::{get, post, put};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Cart, CartLine, CartStatus, Checkout, Content, GroupError, checkout, create, keep_answer, of_customer, replace,
};
use crate::catalog::BillingCycle;
use crate::db::Moment;
use crate::error::{Error, Result};
use crate::http::{Number, Reply};
use crate::money::{Currency, Money, sum_minor};
use crate::orders::api::OrderResource;
use crate::orders::refusal::Refusal;
use crate::orders::wire::{MOST_LINES, ON_BEHALF_OF, Pricing, RawLine, billing_cycle, on_behalf_of, wire_context};
use crate::partner_center::{Answer, Attributes, Call, KeyValue, Links, cart_error_of, code_of};
use crate::permissions::{CheckoutCart, CreateCart, GetCart, Operation, UpdateCart};

/// A cart to make or to replace.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CartRequest {
    /// The items; at least one.
    pub line_items: Option<Vec<CartLineRequest>>,
    /// Echoed.
    pub partner_on_record_attestation_accepted: Option<bool>,
}

/// An item to put into a cart.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CartLineRequest {
    /// `product:sku:availability`, or a legacy offer id; required.
    #[schema(example = "DZH318Z0BQ36:004G:DZH318Z08C0S")]
    pub catalog_item_id: Option<String>,
    /// Your own name for it.
    #[schema(example = "web tier")]
    pub friendly_name: Option<String>,
    /// How many; required.
    #[schema(example = 2)]
    pub quantity: Option<i64>,
    /// The partner's currency, where it is given.
    pub currency_code: Option<String>,
    /// `one_time` or `monthly`; what the item offers first when left out.
    #[schema(example = "one_time")]
    pub billing_cycle: Option<String>,
    /// `P1Y` or `P3Y`; the SKU fixes it.
    pub term_duration: Option<String>,
    /// Echoed.
    pub promotion_id: Option<String>,
    /// Resellers, by `transaction_reseller` and `additional_transaction_reseller` (indirect providers).
    pub participants: Option<Vec<ParticipantRequest>>,
    /// For reservations: `subscriptionId` (required), `scope` (`shared` or `single`), `entitlementId`, `duration`.
    pub provisioning_context: Option<BTreeMap<String, Option<String>>>,
}

/// A reseller of an item.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParticipantRequest {
    /// `transaction_reseller` or `additional_transaction_reseller`.
    pub key: Option<String>,
    /// The PartnerID.
    pub value: Option<String>,
}

impl CartRequest {
    fn check(&self) -> Result<Content> {
        let lines = self.line_items.as_deref().unwrap_or_default();
        if lines.is_empty() || lines.len() > MOST_LINES {
            return Err(Error::invalid("lineItems", format!("must hold between 1 and {MOST_LINES} items")));
        }
        let requests = lines.iter().enumerate().map(|(position, line)| line.check(position)).collect::<Result<_>>()?;
        Ok(Content { requests, attestation_accepted: self.partner_on_record_attestation_accepted })
    }
}

impl CartLineRequest {
    fn check(&self, position: usize) -> Result<crate::orders::lines::LineRequest> {
        let path = format!("lineItems[{position}]");
        let (mut reseller, mut additional) = (None, Vec::new());
        for (number, participant) in self.participants.iter().flatten().enumerate() {
            let member = format!("{path}.participants[{number}]");
            let value =
                participant.value.as_ref().ok_or_else(|| Error::invalid(format!("{member}.value"), "is required"))?;
            match participant.key.as_deref().map(|key| key.to_lowercase().replace('_', "")).as_deref() {
                Some("transactionreseller") if reseller.is_none() => reseller = Some(value),
                Some("additionaltransactionreseller" | "consumptionreseller") => additional.push(value.clone()),
                _ => {
                    return Err(Error::invalid(
                        format!("{member}.key"),
                        "must be transaction_reseller (once) or additional_transaction_reseller",
                    ));
                }
            }
        }
        RawLine {
            item_member: "catalogItemId",
            item: self.catalog_item_id.as_ref(),
            friendly_name: self.friendly_name.as_ref(),
            quantity: self.quantity,
            currency: self.currency_code.as_ref(),
            billing_cycle: billing_cycle(&format!("{path}.billingCycle"), self.billing_cycle.as_deref())?,
            term: self.term_duration.as_ref(),
            promotion_id: self.promotion_id.as_ref(),
            reseller,
            additional_resellers: additional,
            provisioning_context: self.provisioning_context.as_ref(),
            path,
        }
        .check()
    }
}

/// A cart.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Cart)]
pub struct CartResource {
    /// The id.
    pub id: String,
    /// When it was made.
    #[schema(value_type = DateTime<Utc>)]
    pub creation_timestamp: Moment,
    /// When it was changed last.
    #[schema(value_type = DateTime<Utc>)]
    pub last_modified_timestamp: Moment,
    /// Until when it can be checked out: seven days from its creation.
    #[schema(value_type = DateTime<Utc>)]
    pub expiration_timestamp: Moment,
    /// The object id of who changed it last.
    pub last_modified_user: String,
    /// `Active` or `Ordered`.
    pub status: CartStatus,
    /// The items.
    pub line_items: Vec<CartLineResource>,
    /// The sum of the items that can be bought. (Not in the real service.)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_price: Option<Number>,
    /// Echoed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_on_record_attestation_accepted: Option<bool>,
    /// Links.
    pub links: Links,
    /// `Cart`.
    pub attributes: Attributes,
}

/// An item in a cart.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CartLineItem)]
pub struct CartLineResource {
    /// 0 for the first.
    pub id: i32,
    /// What is asked for.
    pub catalog_item_id: String,
    /// Your own name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub friendly_name: Option<String>,
    /// How many.
    pub quantity: i64,
    /// ISO 4217 code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency_code: Option<String>,
    /// How often it is billed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_cycle: Option<BillingCycle>,
    /// For how long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub term_duration: Option<String>,
    /// Echoed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promotion_id: Option<String>,
    /// Resellers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub participants: Vec<KeyValue>,
    /// What it is set up with.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub provisioning_context: BTreeMap<String, String>,
    /// Items of one group go into one order.
    pub order_group: String,
    /// The price, where the item can be bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pricing: Option<Pricing>,
    /// What is wrong with it, where it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<CartErrorResource>,
}

/// What is wrong with an item.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CartError)]
pub struct CartErrorResource {
    /// The documented name.
    #[schema(example = "subscription_not_registered")]
    pub error_code: &'static str,
    /// The text, with the field named.
    pub error_description: String,
    /// More of it: `code` is what a direct order would be refused with.
    pub additional_information: BTreeMap<&'static str, String>,
}

impl CartErrorResource {
    fn new(refusal: &Refusal) -> Self {
        let code = code_of(&Error::Refused(refusal.clone())).1;
        Self {
            error_code: cart_error_of(refusal),
            error_description: refusal.to_string(),
            additional_information: BTreeMap::from([("code", code.to_string())]),
        }
    }
}

impl CartLineResource {
    fn new(line: &CartLine) -> Self {
        let request = &line.request;
        let price = line.price.as_ref().and_then(|price| Some((price, Currency::parse(&price.currency)?)));
        let participant = |key: &str, value: &String| KeyValue { key: key.to_owned(), value: value.clone() };
        Self {
            id: line.id,
            catalog_item_id: request.catalog_item_id.clone(),
            friendly_name: request.friendly_name.clone(),
            quantity: request.quantity,
            currency_code: price.as_ref().map(|(price, _)| price.currency.clone()).or_else(|| request.currency.clone()),
            billing_cycle: line.price.as_ref().map(|price| price.cycle).or(request.billing_cycle),
            term_duration: request.term.clone(),
            promotion_id: request.promotion_id.clone(),
            participants: request
                .reseller
                .iter()
                .map(|id| participant("transaction_reseller", id))
                .chain(request.additional_resellers.iter().map(|id| participant("additional_transaction_reseller", id)))
                .collect(),
            provisioning_context: wire_context(request.provisioning_context.clone()),
            order_group: line.group.clone(),
            pricing: price.map(|(price, currency)| {
                let money = |minor| Money { minor, currency };
                Pricing::new(money(price.unit_minor), money(price.total_minor))
            }),
            error: line.error.as_ref().map(CartErrorResource::new),
        }
    }
}

impl CartResource {
    fn new(cart: &Cart, lines: &[CartLine]) -> Result<Self> {
        let prices: Vec<_> = lines.iter().filter_map(|line| line.price.as_ref()).collect();
        let currency = prices.first().and_then(|price| Currency::parse(&price.currency));
        let minor = sum_minor(prices.iter().map(|price| price.total_minor))?;
        Ok(Self {
            id: cart.id.to_string(),
            creation_timestamp: cart.created_at,
            last_modified_timestamp: cart.modified_at,
            expiration_timestamp: cart.expires_at,
            last_modified_user: cart.modified_by.to_string(),
            status: cart.status,
            line_items: lines.iter().map(CartLineResource::new).collect(),
            total_price: currency.map(|currency| Money { minor, currency }.into()),
            partner_on_record_attestation_accepted: cart.attestation_accepted,
            links: Links::to(format!("/customers/{}/carts/{}", cart.customer_id, cart.id)),
            attributes: Attributes::of("Cart"),
        })
    }
}

/// What came of a checkout.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CartCheckoutResult {
    /// The orders of the groups that worked.
    pub orders: Vec<OrderResource>,
    /// The errors of the others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub order_errors: Vec<OrderError>,
    /// `CartCheckoutResult`.
    pub attributes: Attributes,
}

/// Why a group of items was not ordered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderError {
    /// The group.
    pub order_group_id: String,
    /// The documented code.
    pub code: u32,
    /// The text, with the field named.
    pub description: String,
    /// `OrderError`.
    pub attributes: Attributes,
}

impl OrderError {
    fn new(error: &GroupError) -> Self {
        Self {
            order_group_id: error.group.clone(),
            code: code_of(&Error::Refused(error.refusal.clone())).1,
            description: error.refusal.to_string(),
            attributes: Attributes::of("OrderError"),
        }
    }
}

/// Create a cart.
///
/// Each item gets its price, or carries an `error` that says why it cannot be bought; a malformed
/// item is 400. The cart lives seven days.
#[utoipa::path(tag = "Carts", request_body = CartRequest, responses((status = 201, body = CartResource)))]
#[post("/v1/customers/{customer_id}/carts")]
pub async fn create_cart(mut call: Call<CreateCart>) -> Answer {
    let (id, content) = content(&mut call)?;
    let (trade, days) = (call.app.trade.clone(), call.app.policy.cart_days);
    call.write(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        let (cart, lines) = create(unit, agent, &customer, &trade, &content, days)?;
        Reply::created(&CartResource::new(&cart, &lines)?)
    })
    .await
}

fn content<O: Operation>(call: &mut Call<O>) -> Result<(crate::ids::Guid, Content)> {
    Ok((call.guid("customer_id")?, call.body::<CartRequest>()?.check()?))
}

/// Get a cart.
///
/// With the prices and errors of when it was changed last. An expired cart is 404 with code 800008.
#[utoipa::path(tag = "Carts", responses((status = 200, body = CartResource)))]
#[get("/v1/customers/{customer_id}/carts/{cart_id}")]
pub async fn get_cart(call: Call<GetCart>) -> Answer {
    let (id, cart_id) = (call.guid("customer_id")?, call.guid("cart_id")?);
    call.read(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        let cart = of_customer(unit, &customer, &cart_id)?;
        CartResource::new(&cart, &cart.lines.read::<Vec<CartLine>>()?)
    })
    .await
}

/// Replace a cart's line items.
///
/// All items are sent; they are priced anew. Its life is not prolonged. After a checkout it is 400
/// with code 800065.
#[utoipa::path(tag = "Carts", request_body = CartRequest, responses((status = 200, body = CartResource)))]
#[put("/v1/customers/{customer_id}/carts/{cart_id}")]
pub async fn update_cart(mut call: Call<UpdateCart>) -> Answer {
    let cart_id = call.guid("cart_id")?;
    let (id, content) = content(&mut call)?;
    let trade = call.app.trade.clone();
    call.write(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        let (cart, lines) = replace(unit, agent, &customer, &trade, &cart_id, &content)?;
        Reply::ok(&CartResource::new(&cart, &lines)?)
    })
    .await
}

/// Check out a cart.
///
/// Each group of items becomes one order; a group that cannot be ordered stands in `orderErrors`.
/// 201 if at least one worked, else 400 with code 800009 and the cart stays as it is. Sent again, or
/// by many at once, it makes one set of orders and everybody gets the same answer. Any body is ignored.
#[utoipa::path(tag = "Carts", responses((status = 201, body = CartCheckoutResult)))]
#[post("/v1/customers/{customer_id}/carts/{cart_id}/checkout")]
pub async fn checkout_cart(call: Call<CheckoutCart>) -> Answer {
    let (id, cart_id) = (call.guid("customer_id")?, call.guid("cart_id")?);
    let trade = call.app.trade.clone();
    let on_behalf_of = on_behalf_of(call.header(&ON_BEHALF_OF))?;
    call.write(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        match checkout(unit, agent, &customer, &trade, &cart_id, on_behalf_of.clone())? {
            Checkout::Before(body) => Ok(Reply { status: 201, body, location: None }),
            Checkout::Done { orders, errors } => {
                let orders = orders
                    .iter()
                    .map(|(order, lines)| OrderResource::read(unit, &customer.country, order, lines, false))
                    .collect::<Result<_>>()?;
                let reply = Reply::created(&CartCheckoutResult {
                    orders,
                    order_errors: errors.iter().map(OrderError::new).collect(),
                    attributes: Attributes::of("CartCheckoutResult"),
                })?;
                keep_answer(unit, &cart_id, &reply.body)?;
                Ok(reply)
            }
        }
    })
    .await
}
