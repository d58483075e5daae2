//! Automatic renewal: at the end of its term a reservation is bought again, as a new order.

use std::sync::Arc;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::request::{PurchaseRequest, Wanted};
use super::{Lineage, Place, Reservation, ReservationOrder, purchase};
use crate::access::Agent;
use crate::auth::Token;
use crate::catalog;
use crate::customers;
use crate::db::Unit;
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::orders::BuyerKind;
use crate::orders::lines::{Target, Trade};
use crate::partners;
use crate::pricing;
use crate::role_assignments::{self, RoleAssignment, Scope};
use crate::subscriptions;

/// That a reservation is to be renewed, as what, and who said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewal {
    /// What is to be bought; a copy of the reservation where nothing is said.
    pub terms: Option<PurchaseRequest>,
    /// Who said so.
    pub by: Initiator,
}

/// Who set something up that happens later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Initiator {
    /// The tenant.
    pub tenant_id: Guid,
    /// The user or application.
    pub object_id: Guid,
    /// The user's name.
    pub user_principal_name: Option<String>,
    /// The application.
    pub application_id: Option<String>,
}

impl Initiator {
    /// Whoever has this token.
    pub fn of(token: &Token) -> Self {
        Self {
            tenant_id: token.tenant_id.clone(),
            object_id: token.object_id.clone(),
            user_principal_name: token.user_principal_name.clone(),
            application_id: token.application_id.clone(),
        }
    }
}

/// What a reservation is renewed as.
///
/// # Errors
/// When stored terms can no longer be read.
pub fn wanted(order: &ReservationOrder, one: &Reservation, renewal: &Renewal) -> Result<Wanted> {
    match &renewal.terms {
        Some(terms) => terms.check(),
        None => Ok(Wanted {
            sku: one.arm_sku_name.clone(),
            location: one.arm_region_name.clone(),
            resource_type: None,
            billing_subscription_id: one.billing_subscription_id.clone(),
            term: order.term,
            plan: order.billing_plan,
            quantity: one.quantity,
            display_name: Some(one.display_name.clone()),
            scope: one.scope(),
            scope_tenant: None,
            renew: false,
            flexible: one.flexible,
            review_at: None,
        }),
    }
}

/// Buys the successor of a reservation at its end, at the lower of the price fixed `quote_days`
/// days before and the present one; the renewal setting itself is not inherited, permissions are.
/// `None` where it cannot be bought any more: then the reservation just ends.
///
/// # Errors
/// Those of the database.
pub fn renew(
    unit: &mut Unit<'_>,
    order: &ReservationOrder,
    one: &Reservation,
    trade: &Trade,
    quote_days: u32,
) -> Result<Option<Place>> {
    let Some(renewal) = one.renewal.as_ref().map(|text| text.read::<Renewal>()).transpose()? else {
        return Ok(None);
    };
    match buy_successor(unit, order, one, &renewal, trade, quote_days) {
        Ok(place) => Ok(Some(place)),
        // The database's own failures are met again; a refusal is final.
        Err(error @ (Error::Database(_) | Error::Unavailable)) => Err(error),
        Err(refused) => {
            tracing::warn!(reservation = %one.id, reason = %refused, "a reservation was not renewed");
            Ok(None)
        }
    }
}

fn buy_successor(
    unit: &mut Unit<'_>,
    order: &ReservationOrder,
    one: &Reservation,
    renewal: &Renewal,
    trade: &Trade,
    quote_days: u32,
) -> Result<Place> {
    let wanted = wanted(order, one, renewal)?;
    let partner = partners::repo::by_id(unit.conn, &order.partner_id)?.ok_or(Error::CustomerNotFound)?;
    let customer = customers::visible_to(unit, &partner, &order.customer_id)?;
    let azure = subscriptions::repo::azure_by_id(unit.conn, &wanted.billing_subscription_id)?
        .filter(|azure| azure.customer_id == customer.id && azure.partner_id == customer.seller_id)
        .ok_or(Error::AzureSubscriptionNotFound)?;
    let currency = partner.currency()?;
    let mut line = purchase::price(unit, &customer, currency, &azure, trade, &wanted)?.line;
    let fixed_at = order.expires_at.plus(-TimeDelta::days(i64::from(quote_days)))?;
    let fixed = catalog::repo::sku(unit.conn, &line.row.product_id, &line.row.sku_id, fixed_at)?;
    if let Some(fixed) = fixed
        && fixed.usd_price()? < line.row.usd_price()?
    {
        let usd = fixed.usd_price()?;
        line.unit_price = pricing::charge(usd, 1, currency, line.exchange_rate)?;
        line.total = pricing::charge(usd, wanted.quantity, currency, line.exchange_rate)?;
        line.row = fixed;
    }
    // Not to be guessed: buyers choose the ids of their orders, and one taken would stop all due work.
    let successor = Place { order: Guid::random(), reservation: Guid::random() };
    if let Target::Reservation { wishes, .. } = &mut line.target {
        let source = Place { order: order.id.clone(), reservation: one.id.clone() };
        wishes.place = successor.clone();
        wishes.lineage = Lineage { renew_source: Some(source), ..Lineage::default() };
    }
    let by = renewal.by.clone();
    let agent = Agent {
        partner: Arc::new(partner),
        token: Arc::new(Token {
            tenant_id: by.tenant_id,
            object_id: by.object_id,
            user_principal_name: by.user_principal_name,
            application_id: by.application_id,
            app_only: false,
            roles: Vec::new(),
            expires_at: 0,
        }),
        correlation_id: Guid::derived(&format!("renewal:{}", one.id)).to_string(),
    };
    purchase::place(unit, &agent, &customer, line, BuyerKind::Partner)?;
    copy_permissions(unit, &order.id, &successor.order)?;
    Ok(successor)
}

fn copy_permissions(unit: &mut Unit<'_>, from: &Guid, to: &Guid) -> Result<()> {
    let (from, to) = (Scope::ReservationOrder(from.clone()).key(), Scope::ReservationOrder(to.clone()).key());
    for assignment in role_assignments::repo::at_scope(unit.conn, &from)? {
        let copy = RoleAssignment { id: Guid::random(), scope: to.clone(), created_at: unit.now, ..assignment };
        role_assignments::repo::insert(unit.conn, &copy)?;
    }
    Ok(())
}
