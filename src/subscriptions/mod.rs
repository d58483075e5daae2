//! Subscriptions of a customer, and the Azure subscriptions (entitlements) under an Azure plan or a
//! legacy Azure offer. Reservations are not subscriptions.

pub mod aliases;
pub mod api;
pub mod azure;
pub mod locations;
pub mod repo;

use chrono::TimeDelta;
use diesel::prelude::*;

use crate::access::Agent;
use crate::audit::{self, Change, OperationType, ResourceType};
use crate::catalog::{BillingCycle, Term};
use crate::customers::Customer;
use crate::db::schema::{azure_subscriptions, subscriptions};
use crate::db::{Moment, Unit};
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::text_enum;

text_enum! {
    /// What a subscription is of.
    SubscriptionKind {
        /// The Azure plan.
        AzurePlan = "azure_plan",
        /// The legacy offer MS-AZR-0145P.
        AzureOffer = "azure_offer",
        /// Seats of an online service.
        License = "license",
        /// Software for a term.
        Software = "software",
    }
}

impl SubscriptionKind {
    /// Whether reservations can belong to it.
    pub const fn is_azure(self) -> bool {
        matches!(self, Self::AzurePlan | Self::AzureOffer)
    }
}

text_enum! {
    /// A subscription's state.
    SubscriptionStatus {
        /// In use.
        Active = "active",
        /// Stopped for a while.
        Suspended = "suspended",
        /// Gone.
        Deleted = "deleted",
        /// Its term is over.
        Expired = "expired",
    }
}

text_enum! {
    /// An Azure subscription's state.
    EntitlementStatus {
        /// In use.
        Active = "active",
        /// Cancelled.
        Inactive = "inactive",
    }
}

/// A subscription.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = subscriptions)]
pub struct Subscription {
    /// Its id.
    pub id: Guid,
    /// The partner that bought it.
    pub partner_id: Guid,
    /// The customer that uses it.
    pub customer_id: Guid,
    /// The order that made it.
    pub order_id: String,
    /// What it is of.
    pub kind: SubscriptionKind,
    /// The catalogue item or legacy offer.
    pub offer_id: String,
    /// The offer's title.
    pub offer_name: String,
    /// The customer's own name for it.
    pub friendly_name: String,
    /// Seats; 1 for Azure.
    pub quantity: i64,
    /// Its state.
    pub status: SubscriptionStatus,
    /// How often it is billed.
    pub billing_cycle: BillingCycle,
    /// For how long it is bought.
    pub term: Option<Term>,
    /// Whether it is renewed at the end of its term.
    pub auto_renew: bool,
    /// The PartnerID of the indirect reseller.
    pub partner_id_on_record: Option<String>,
    /// Whether reservations can be bought for it.
    pub registered: bool,
    /// Counts its changes.
    pub revision: i64,
    /// When it was made.
    pub created_at: Moment,
    /// When its term ends.
    pub ends_at: Option<Moment>,
}

impl Subscription {
    /// The id as it is shown: upper case for the legacy offer, lower case for everything else.
    pub fn shown_id(&self) -> String {
        match self.kind {
            SubscriptionKind::AzureOffer => self.id.as_str().to_ascii_uppercase(),
            _ => self.id.to_string(),
        }
    }
}

/// An Azure subscription: what the Azure side calls `{subscriptionId}`.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = azure_subscriptions)]
pub struct AzureSubscription {
    /// Its id.
    pub id: Guid,
    /// The plan or offer subscription it is under.
    pub subscription_id: Guid,
    /// The partner of record's billing partner.
    pub partner_id: Guid,
    /// The customer that uses it.
    pub customer_id: Guid,
    /// Its name.
    pub name: String,
    /// Its state.
    pub status: EntitlementStatus,
    /// When it was made.
    pub created_at: Moment,
}

/// The customer's subscription with this id.
///
/// # Errors
/// [`Error::SubscriptionNotFound`] for unknown and foreign ones alike.
pub fn of_customer(unit: &mut Unit<'_>, customer: &Customer, id: &Guid) -> Result<Subscription> {
    repo::find(unit.conn, customer, id)?.ok_or(Error::SubscriptionNotFound)
}

/// Keeps a new subscription; one of Azure comes with exactly one Azure subscription.
///
/// # Errors
/// Those of the database.
pub fn create(unit: &mut Unit<'_>, subscription: &Subscription, azure_subscription_id: Guid) -> Result<()> {
    repo::insert(unit.conn, subscription)?;
    if subscription.kind.is_azure() {
        let azure = AzureSubscription {
            id: azure_subscription_id,
            subscription_id: subscription.id.clone(),
            partner_id: subscription.partner_id.clone(),
            customer_id: subscription.customer_id.clone(),
            name: subscription.friendly_name.clone(),
            status: EntitlementStatus::Active,
            created_at: subscription.created_at,
        };
        repo::insert_azure(unit.conn, &azure)?;
    }
    Ok(())
}

/// Makes a subscription eligible for reservations (rule B2). Registering again changes nothing.
///
/// # Errors
/// [`Refusal::SubscriptionNotValid`](crate::orders::refusal::Refusal) for what is not Azure,
/// `SubscriptionNotActive` for what is suspended.
pub fn register(unit: &mut Unit<'_>, agent: &Agent, customer: &Customer, id: &Guid) -> Result<()> {
    use crate::orders::refusal::Refusal;
    let subscription = of_customer(unit, customer, id)?;
    if !subscription.kind.is_azure() {
        return Err(Refusal::SubscriptionNotValid.into());
    }
    if subscription.status != SubscriptionStatus::Active {
        return Err(Refusal::SubscriptionNotActive.into());
    }
    if subscription.registered {
        return Ok(());
    }
    repo::set_registered(unit.conn, id)?;
    record(
        unit,
        agent,
        customer,
        OperationType::RegisterSubscription,
        None,
        &Subscription { registered: true, ..subscription },
    )
}

/// Whether an Azure subscription is in use, and the plan or offer that it is under, too.
///
/// # Errors
/// Those of the database.
pub fn is_enabled(unit: &mut Unit<'_>, azure: &AzureSubscription) -> Result<bool> {
    let above = repo::by_id(unit.conn, &azure.subscription_id)?;
    let active = above.is_some_and(|above| above.status == SubscriptionStatus::Active);
    Ok(active && azure.status == EntitlementStatus::Active)
}

/// What a caller wants a subscription to be. Members that are absent stay, but for
/// `auto_renew`, which absent means off.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// A new name.
    pub friendly_name: Option<String>,
    /// A new number of seats.
    pub quantity: Option<i64>,
    /// A new state.
    pub status: Option<SubscriptionStatus>,
    /// Whether it is renewed.
    pub auto_renew: Option<bool>,
    /// The version that was read, from `If-Match`.
    pub if_match: Option<String>,
    /// The version that was read, from the body.
    pub body_etag: Option<String>,
}

/// How long after the purchase seats can be taken away.
const DECREASE_WINDOW: TimeDelta = TimeDelta::days(7);

/// Changes a subscription.
///
/// # Errors
/// A transition that is not allowed, [`Error::PlanInUse`], [`Error::QuantityFixed`],
/// [`Error::SubscriptionDeleted`], a stale etag.
pub fn change(
    unit: &mut Unit<'_>,
    agent: &Agent,
    customer: &Customer,
    id: &Guid,
    wanted: &Wanted,
) -> Result<Subscription> {
    let old = of_customer(unit, customer, id)?;
    crate::etag::check(&etag(&old), wanted.if_match.as_deref(), wanted.body_etag.as_deref())?;
    if old.status == SubscriptionStatus::Deleted {
        return Err(Error::SubscriptionDeleted);
    }
    let status = wanted.status.unwrap_or(old.status);
    check_transition(unit, &old, status)?;
    let quantity = wanted.quantity.unwrap_or(old.quantity);
    if quantity != old.quantity {
        check_quantity(&old, status, quantity, unit.now)?;
    }
    let new = Subscription {
        friendly_name: wanted.friendly_name.clone().unwrap_or_else(|| old.friendly_name.clone()),
        quantity,
        status,
        auto_renew: wanted.auto_renew.unwrap_or(false) && old.ends_at.is_some(),
        revision: old.revision + 1,
        ..old.clone()
    };
    repo::update(unit.conn, &new)?;
    record(unit, agent, customer, OperationType::UpdateSubscription, Some(&old), &new)?;
    Ok(new)
}

fn check_transition(unit: &mut Unit<'_>, old: &Subscription, to: SubscriptionStatus) -> Result<()> {
    use SubscriptionStatus::{Active, Deleted, Suspended};
    if old.status == to {
        return Ok(());
    }
    let refused = || Error::TransitionNotAllowed { from: old.status.to_string(), to: to.to_string() };
    match (old.status, to) {
        (Active, Suspended) if old.kind == SubscriptionKind::AzurePlan => {
            let active =
                repo::azure_of(unit.conn, &old.id)?.iter().any(|azure| azure.status == EntitlementStatus::Active);
            if active { Err(Error::PlanInUse) } else { Ok(()) }
        }
        (Active, Suspended) | (Suspended, Active) => Ok(()),
        (Active | Suspended, Deleted) if !old.kind.is_azure() => Ok(()),
        _ => Err(refused()),
    }
}

fn check_quantity(old: &Subscription, status: SubscriptionStatus, quantity: i64, now: Moment) -> Result<()> {
    let may_decrease = now.utc() - old.created_at.utc() <= DECREASE_WINDOW;
    let fits = old.kind == SubscriptionKind::License
        && status == SubscriptionStatus::Active
        && (1..=10_000).contains(&quantity)
        && (quantity > old.quantity || may_decrease);
    if fits { Ok(()) } else { Err(Error::QuantityFixed) }
}

/// The version of a subscription, as text.
pub fn etag(subscription: &Subscription) -> String {
    Guid::derived(&format!("subscription:{}:{}", subscription.id, subscription.revision)).to_string()
}

/// The only reason for which the real service lets an Azure subscription be cancelled this way.
const CANCELLATION_REASON: &str = "compromise";

/// Cancels an Azure subscription of a plan.
///
/// # Errors
/// [`Error::CancellationReason`], [`Error::EntitlementNotFound`].
pub fn cancel_azure(
    unit: &mut Unit<'_>,
    agent: &Agent,
    customer: &Customer,
    plan: &Subscription,
    id: &Guid,
    reason: &str,
) -> Result<AzureSubscription> {
    if !reason.eq_ignore_ascii_case(CANCELLATION_REASON) {
        return Err(Error::CancellationReason(crate::access::short(reason)));
    }
    let azure = azure_of_plan(unit, plan, id)?;
    set_azure_status(unit, agent, customer, azure, EntitlementStatus::Inactive, OperationType::CancelEntitlement)
}

/// Reactivates an Azure subscription of a plan that was cancelled.
///
/// # Errors
/// [`Error::CannotReactivate`], [`Error::EntitlementNotFound`].
pub fn reactivate_azure(
    unit: &mut Unit<'_>,
    agent: &Agent,
    customer: &Customer,
    plan: &Subscription,
    id: &Guid,
) -> Result<()> {
    let azure = azure_of_plan(unit, plan, id)?;
    if azure.status == EntitlementStatus::Active || plan.status != SubscriptionStatus::Active {
        return Err(Error::CannotReactivate);
    }
    set_azure_status(unit, agent, customer, azure, EntitlementStatus::Active, OperationType::ReactivateEntitlement)?;
    Ok(())
}

fn set_azure_status(
    unit: &mut Unit<'_>,
    agent: &Agent,
    customer: &Customer,
    azure: AzureSubscription,
    status: EntitlementStatus,
    operation: OperationType,
) -> Result<AzureSubscription> {
    repo::set_azure_status(unit.conn, &azure.id, status)?;
    let described =
        |status| serde_json::json!({"id": azure.id, "subscriptionId": azure.subscription_id, "status": status});
    let change = Change {
        resource: ResourceType::AzureEntitlement,
        operation,
        old: Some(described(azure.status)),
        new: Some(described(status)),
        details: Vec::new(),
    };
    audit::record(unit, agent, customer, change)?;
    Ok(AzureSubscription { status, ..azure })
}

/// The Azure subscription with this id under a plan.
///
/// # Errors
/// [`Error::EntitlementNotFound`].
pub fn azure_of_plan(unit: &mut Unit<'_>, plan: &Subscription, id: &Guid) -> Result<AzureSubscription> {
    let found = repo::azure_of(unit.conn, &plan.id)?.into_iter().find(|azure| &azure.id == id);
    found.ok_or(Error::EntitlementNotFound)
}

fn record(
    unit: &mut Unit<'_>,
    agent: &Agent,
    customer: &Customer,
    operation: OperationType,
    old: Option<&Subscription>,
    new: &Subscription,
) -> Result<()> {
    let described = |subscription: &Subscription| {
        serde_json::json!({
            "id": subscription.id, "offerId": subscription.offer_id, "friendlyName": subscription.friendly_name,
            "quantity": subscription.quantity, "status": subscription.status, "autoRenewEnabled": subscription.auto_renew,
            "registered": subscription.registered,
        })
    };
    let change = Change {
        resource: ResourceType::Subscription,
        operation,
        old: old.map(described),
        new: Some(described(new)),
        details: vec![
            ("SubscriptionId".to_owned(), new.id.to_string()),
            ("SubscriptionName".to_owned(), new.friendly_name.clone()),
        ],
    };
    audit::record(unit, agent, customer, change)
}
