//! Queries on subscriptions and Azure subscriptions. All take the customer, so that nothing of
//! another customer or another partner is ever found.

use diesel::prelude::*;

use super::aliases::SubscriptionAlias;
use super::{AzureSubscription, EntitlementStatus, Subscription};
use crate::customers::Customer;
use crate::db::Conn;
use crate::db::schema::{azure_subscriptions, subscription_aliases, subscriptions};
use crate::error::Result;
use crate::ids::Guid;

pub(super) fn insert(conn: &mut Conn, subscription: &Subscription) -> Result<()> {
    diesel::insert_into(subscriptions::table).values(subscription).execute(conn)?;
    Ok(())
}

pub(super) fn insert_azure(conn: &mut Conn, azure: &AzureSubscription) -> Result<()> {
    diesel::insert_into(azure_subscriptions::table).values(azure).execute(conn)?;
    Ok(())
}

/// The customer's subscription with this id.
///
/// # Errors
/// Those of the database.
pub fn find(conn: &mut Conn, customer: &Customer, id: &Guid) -> Result<Option<Subscription>> {
    Ok(subscriptions::table
        .filter(subscriptions::id.eq(id).and(subscriptions::customer_id.eq(&customer.id)))
        .filter(subscriptions::partner_id.eq(&customer.seller_id))
        .select(Subscription::as_select())
        .first(conn)
        .optional()?)
}

/// The subscription with this id, whosever it is.
///
/// # Errors
/// Those of the database.
pub fn by_id(conn: &mut Conn, id: &Guid) -> Result<Option<Subscription>> {
    Ok(subscriptions::table.find(id).select(Subscription::as_select()).first(conn).optional()?)
}

/// The customer's subscriptions, oldest first; of one order or one reseller where that is given.
///
/// # Errors
/// Those of the database.
pub fn list(
    conn: &mut Conn,
    customer: &Customer,
    order_id: Option<&str>,
    mpn_id: Option<&str>,
) -> Result<Vec<Subscription>> {
    let mut query = subscriptions::table
        .filter(subscriptions::customer_id.eq(&customer.id).and(subscriptions::partner_id.eq(&customer.seller_id)))
        .order((subscriptions::created_at, subscriptions::id))
        .select(Subscription::as_select())
        .into_boxed();
    if let Some(order_id) = order_id {
        query = query.filter(subscriptions::order_id.eq(order_id));
    }
    if let Some(mpn_id) = mpn_id {
        query = query.filter(subscriptions::partner_id_on_record.eq(mpn_id));
    }
    Ok(query.load(conn)?)
}

/// How many subscriptions the partner has for the customer.
///
/// # Errors
/// Those of the database.
pub fn count_of_customer(conn: &mut Conn, customer: &Customer) -> Result<i64> {
    Ok(subscriptions::table
        .filter(subscriptions::customer_id.eq(&customer.id).and(subscriptions::partner_id.eq(&customer.seller_id)))
        .count()
        .get_result(conn)?)
}

/// How many Azure plans the partner has.
///
/// # Errors
/// Those of the database.
pub fn count_plans(conn: &mut Conn, partner_id: &Guid) -> Result<i64> {
    Ok(subscriptions::table
        .filter(
            subscriptions::partner_id.eq(partner_id).and(subscriptions::kind.eq(super::SubscriptionKind::AzurePlan)),
        )
        .count()
        .get_result(conn)?)
}

pub(super) fn set_registered(conn: &mut Conn, id: &Guid) -> Result<()> {
    diesel::update(subscriptions::table.find(id))
        .set((subscriptions::registered.eq(true), subscriptions::revision.eq(subscriptions::revision + 1)))
        .execute(conn)?;
    Ok(())
}

pub(super) fn update(conn: &mut Conn, subscription: &Subscription) -> Result<()> {
    diesel::update(subscriptions::table.find(&subscription.id))
        .set((
            subscriptions::friendly_name.eq(&subscription.friendly_name),
            subscriptions::quantity.eq(subscription.quantity),
            subscriptions::status.eq(subscription.status),
            subscriptions::auto_renew.eq(subscription.auto_renew),
            subscriptions::revision.eq(subscription.revision),
        ))
        .execute(conn)?;
    Ok(())
}

/// The Azure subscriptions under a plan or offer subscription, oldest first.
///
/// # Errors
/// Those of the database.
pub fn azure_of(conn: &mut Conn, subscription_id: &Guid) -> Result<Vec<AzureSubscription>> {
    Ok(azure_subscriptions::table
        .filter(azure_subscriptions::subscription_id.eq(subscription_id))
        .order((azure_subscriptions::created_at, azure_subscriptions::id))
        .select(AzureSubscription::as_select())
        .load(conn)?)
}

/// The Azure subscription with this id, whosever it is.
///
/// # Errors
/// Those of the database.
pub fn azure_by_id(conn: &mut Conn, id: &Guid) -> Result<Option<AzureSubscription>> {
    Ok(azure_subscriptions::table.find(id).select(AzureSubscription::as_select()).first(conn).optional()?)
}

/// The customer's Azure subscriptions, oldest first.
///
/// # Errors
/// Those of the database.
pub fn azure_of_customer(conn: &mut Conn, customer: &Customer) -> Result<Vec<AzureSubscription>> {
    Ok(azure_subscriptions::table
        .filter(azure_subscriptions::customer_id.eq(&customer.id))
        .filter(azure_subscriptions::partner_id.eq(&customer.seller_id))
        .order((azure_subscriptions::created_at, azure_subscriptions::id))
        .select(AzureSubscription::as_select())
        .load(conn)?)
}

pub(super) fn set_azure_status(conn: &mut Conn, id: &Guid, status: EntitlementStatus) -> Result<()> {
    diesel::update(azure_subscriptions::table.find(id)).set(azure_subscriptions::status.eq(status)).execute(conn)?;
    Ok(())
}

/// The alias of a partner with this name (any letter case).
pub(super) fn alias(conn: &mut Conn, tenant_id: &Guid, name: &str) -> Result<Option<SubscriptionAlias>> {
    Ok(subscription_aliases::table
        .find((tenant_id, name.to_lowercase()))
        .select(SubscriptionAlias::as_select())
        .first(conn)
        .optional()?)
}

pub(super) fn insert_alias(conn: &mut Conn, alias: &SubscriptionAlias) -> Result<()> {
    diesel::insert_into(subscription_aliases::table).values(alias).execute(conn)?;
    Ok(())
}
