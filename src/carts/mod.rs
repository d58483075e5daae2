//! Carts: several items, each with its price or with what is wrong with it, until they are checked
//! out together.

pub mod api;
pub mod repo;

use chrono::TimeDelta;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::access::Agent;
use crate::catalog::BillingCycle;
use crate::customers::Customer;
use crate::db::schema::carts;
use crate::db::{JsonText, Moment, Unit};
use crate::due_work::{self, DueKind};
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::orders::lines::{LineRequest, PricedLine, Trade, price};
use crate::orders::refusal::Refusal;
use crate::orders::{self, Order, OrderLine, OrderTerms, sandbox};
use crate::text_enum;

text_enum! {
    /// A cart's state.
    CartStatus {
        /// It may be changed and checked out.
        Active = "Active",
        /// It was checked out.
        Ordered = "Ordered",
        /// Its life ended before it was checked out.
        Expired = "Expired",
    }
}

/// A cart.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = carts)]
pub struct Cart {
    /// Its id.
    pub id: Guid,
    /// The partner that fills it.
    pub partner_id: Guid,
    /// The customer it is for.
    pub customer_id: Guid,
    /// Its state.
    pub status: CartStatus,
    /// When it was made.
    pub created_at: Moment,
    /// When it was changed last.
    pub modified_at: Moment,
    /// The object id of who changed it last.
    pub modified_by: Guid,
    /// Until when it can be checked out.
    pub expires_at: Moment,
    /// Echoed.
    pub attestation_accepted: Option<bool>,
    /// [`CartLine`]s.
    pub lines: JsonText,
    /// The answer that its checkout was given, once it was.
    pub checkout_answer: Option<String>,
}

/// An item in a cart, as it was last priced.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CartLine {
    /// 0 for the first.
    pub id: i32,
    /// What is asked for.
    pub request: LineRequest,
    /// Items of one group go into one order.
    pub group: String,
    /// The price, where the item can be bought.
    pub price: Option<CartPrice>,
    /// What is wrong with it, where it cannot.
    pub error: Option<Refusal>,
}

/// The price of a line when it was put into the cart.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CartPrice {
    /// ISO 4217 code.
    pub currency: String,
    /// The price of one in minor units.
    pub unit_minor: i64,
    /// The price of all in minor units.
    pub total_minor: i64,
    /// How often it is billed.
    pub cycle: BillingCycle,
}

/// What the surface calls the member that names a reseller.
const RESELLER_FIELD: &str = "participants";

/// Prices the items of a cart; one that cannot be bought carries its error.
///
/// # Errors
/// Those of the database.
fn priced(
    unit: &mut Unit<'_>,
    agent: &Agent,
    customer: &Customer,
    trade: &Trade,
    requests: &[LineRequest],
) -> Result<Vec<CartLine>> {
    let mut groups: Vec<(bool, Option<BillingCycle>)> = Vec::new();
    let (mut lines, mut good) = (Vec::with_capacity(requests.len()), Vec::new());
    for (request, id) in requests.iter().zip(0_i32..) {
        let price = price(unit, agent, customer, trade, RESELLER_FIELD, request).and_then(|line| {
            let price = cart_price(&line);
            good.push(line);
            let within = sandbox::check(unit, &agent.partner, customer, &good);
            if within.is_err() {
                good.pop();
            }
            within.map(|()| price)
        });
        let (price, error) = match price {
            Ok(price) => (Some(price), None),
            Err(Error::Refused(refusal)) => (None, Some(refusal)),
            Err(other) => return Err(other),
        };
        let legacy = !request.catalog_item_id.contains(':');
        let key = (legacy, price.as_ref().map(|price| price.cycle).or(request.billing_cycle));
        let position = groups.iter().position(|group| *group == key).unwrap_or_else(|| {
            groups.push(key);
            groups.len() - 1
        });
        let group = if legacy { format!("OMS-{position}") } else { position.to_string() };
        lines.push(CartLine { id, request: request.clone(), group, price, error });
    }
    Ok(lines)
}

fn cart_price(line: &PricedLine) -> CartPrice {
    CartPrice {
        currency: line.total.currency.code().to_owned(),
        unit_minor: line.unit_price.minor,
        total_minor: line.total.minor,
        cycle: line.cycle,
    }
}

/// What a cart holds.
#[derive(Clone, Debug)]
pub struct Content {
    /// The items.
    pub requests: Vec<LineRequest>,
    /// Echoed.
    pub attestation_accepted: Option<bool>,
}

/// Makes a cart that lives for `days`.
///
/// # Errors
/// Those of the database.
pub fn create(
    unit: &mut Unit<'_>,
    agent: &Agent,
    customer: &Customer,
    trade: &Trade,
    content: &Content,
    days: u32,
) -> Result<(Cart, Vec<CartLine>)> {
    let lines = priced(unit, agent, customer, trade, &content.requests)?;
    let cart = Cart {
        id: Guid::random(),
        partner_id: customer.seller_id.clone(),
        customer_id: customer.id.clone(),
        status: CartStatus::Active,
        created_at: unit.now,
        modified_at: unit.now,
        modified_by: agent.token.object_id.clone(),
        expires_at: unit.now.plus(TimeDelta::days(i64::from(days)))?,
        attestation_accepted: content.attestation_accepted,
        lines: JsonText::of(&lines)?,
        checkout_answer: None,
    };
    repo::insert(unit.conn, &cart)?;
    due_work::plan(unit, DueKind::CartExpiry, cart.id.as_str(), cart.expires_at)?;
    Ok((cart, lines))
}

/// The customer's cart with this id.
///
/// # Errors
/// [`Error::CartNotFound`] for an unknown, foreign or expired one.
pub fn of_customer(unit: &mut Unit<'_>, customer: &Customer, id: &Guid) -> Result<Cart> {
    let cart = repo::find(unit.conn, customer, id)?.ok_or(Error::CartNotFound)?;
    let over = cart.status == CartStatus::Active && cart.expires_at <= unit.now;
    if over || cart.status == CartStatus::Expired { Err(Error::CartNotFound) } else { Ok(cart) }
}

/// Replaces what a cart holds, and prices it anew. Its life is not prolonged.
///
/// # Errors
/// [`Error::CartSubmitted`] after a checkout.
pub fn replace(
    unit: &mut Unit<'_>,
    agent: &Agent,
    customer: &Customer,
    trade: &Trade,
    id: &Guid,
    content: &Content,
) -> Result<(Cart, Vec<CartLine>)> {
    let cart = of_customer(unit, customer, id)?;
    if cart.status != CartStatus::Active {
        return Err(Error::CartSubmitted);
    }
    let lines = priced(unit, agent, customer, trade, &content.requests)?;
    let cart = Cart {
        modified_at: unit.now,
        modified_by: agent.token.object_id.clone(),
        attestation_accepted: content.attestation_accepted,
        lines: JsonText::of(&lines)?,
        ..cart
    };
    repo::update(unit.conn, &cart)?;
    Ok((cart, lines))
}

/// Why a group of items was not ordered.
#[derive(Clone, Debug)]
pub struct GroupError {
    /// The group.
    pub group: String,
    /// The reason.
    pub refusal: Refusal,
}

/// What came of a checkout.
pub enum Checkout {
    /// It was carried out just now.
    Done {
        /// The orders of the groups that worked.
        orders: Vec<(Order, Vec<OrderLine>)>,
        /// The errors of the others.
        errors: Vec<GroupError>,
    },
    /// It was carried out before, and this was the answer.
    Before(String),
}

/// Checks a cart out: each group becomes an order of its own, or an error. Everything is checked
/// and priced anew. A cart that was checked out gives the answer it gave then.
///
/// # Errors
/// What concerns the customer as a whole; [`Error::CartItems`] when no group could be ordered, and
/// the cart stays as it is.
pub fn checkout(
    unit: &mut Unit<'_>,
    agent: &Agent,
    customer: &Customer,
    trade: &Trade,
    id: &Guid,
    on_behalf_of: Option<String>,
) -> Result<Checkout> {
    let cart = of_customer(unit, customer, id)?;
    if let Some(answer) = cart.checkout_answer {
        return Ok(Checkout::Before(answer));
    }
    orders::check_customer(unit, customer)?;
    let lines: Vec<CartLine> = cart.lines.read()?;
    let terms = OrderTerms { attestation_accepted: cart.attestation_accepted, on_behalf_of, ..OrderTerms::default() };
    let mut groups: Vec<String> = lines.iter().map(|line| line.group.clone()).collect();
    let mut seen = std::collections::BTreeSet::new();
    groups.retain(|group| seen.insert(group.clone()));
    let (mut placed, mut errors) = (Vec::new(), Vec::new());
    for group in groups {
        let members = lines.iter().filter(|line| line.group == group);
        match order_group(unit, agent, customer, trade, members, &terms) {
            Ok(order) => placed.push(order),
            Err(Error::Refused(refusal)) => errors.push(GroupError { group, refusal }),
            Err(other) => return Err(other),
        }
    }
    if placed.is_empty() {
        let told: Vec<String> =
            errors.iter().map(|error| format!("group {}: {}", error.group, error.refusal)).collect();
        return Err(Error::CartItems(told.join(" ")));
    }
    Ok(Checkout::Done { orders: placed, errors })
}

/// Orders one group. It is checked whole before anything of it is written.
fn order_group<'a>(
    unit: &mut Unit<'_>,
    agent: &Agent,
    customer: &Customer,
    trade: &Trade,
    members: impl Iterator<Item = &'a CartLine>,
    terms: &OrderTerms,
) -> Result<(Order, Vec<OrderLine>)> {
    let priced = members
        .map(|line| price(unit, agent, customer, trade, RESELLER_FIELD, &line.request))
        .collect::<Result<Vec<_>>>()?;
    orders::place(unit, agent, customer, &priced, terms)
}

/// Keeps the answer that a checkout was given; the cart is ordered from now on.
///
/// # Errors
/// Those of the database.
pub fn keep_answer(unit: &mut Unit<'_>, id: &Guid, answer: &str) -> Result<()> {
    repo::set_ordered(unit.conn, id, answer, unit.now)
}

/// Ends a cart that was not checked out in time.
///
/// # Errors
/// Those of the database.
pub fn expire(unit: &mut Unit<'_>, id: &str) -> Result<()> {
    repo::expire(unit.conn, id)
}
