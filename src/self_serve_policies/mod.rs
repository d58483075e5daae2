//! Purchase permissions ("self-serve policies"): a partner lets one customer buy reservations or
//! savings plans for itself, at the partner's expense. Off by default (rule P1); turning it off
//! stops the next purchase and leaves earlier ones as they are (P11).

pub mod api;
pub mod repo;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::access::Agent;
use crate::audit::{self, Change, OperationType, ResourceType};
use crate::customers::Customer;
use crate::db::schema::self_serve_policies;
use crate::db::{JsonText, Moment, Unit};
use crate::error::{Error, Result};
use crate::etag;
use crate::ids::Guid;
use crate::subscriptions::{self, SubscriptionStatus};
use crate::text_enum;

text_enum! {
    /// What can be bought.
    Resource {
        /// Reservations.
        AzureReservedInstances = "AzureReservedInstances",
        /// Savings plans.
        AzureSavingsPlan = "AzureSavingsPlan",
    }
}

text_enum! {
    /// What may be done with it.
    Action {
        /// To buy it.
        Purchase = "Purchase",
    }
}

/// One thing that the customer may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Permission {
    /// What can be bought.
    pub resource: Resource,
    /// What may be done with it.
    pub action: Action,
}

/// What one customer may buy for itself from one partner.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = self_serve_policies)]
pub struct SelfServePolicy {
    /// The partner that pays.
    pub partner_id: Guid,
    /// The customer that buys.
    pub customer_id: Guid,
    /// A list of [`Permission`].
    pub permissions: JsonText,
    /// The version.
    pub etag: Guid,
    /// When the customer was first let.
    pub created_at: Moment,
}

impl SelfServePolicy {
    /// The id: the partner's tenant, an underscore, the customer's.
    pub fn id(&self) -> String {
        format!("{}_{}", self.partner_id, self.customer_id)
    }

    /// What the customer may do.
    ///
    /// # Errors
    /// When the stored document is of another form.
    pub fn permissions(&self) -> Result<Vec<Permission>> {
        self.permissions.read()
    }
}

/// The partner and the customer that an id (in any letter case) is made of.
pub fn parties(id: &str) -> Option<(Guid, Guid)> {
    let (partner, customer) = id.split_once('_')?;
    Some((Guid::parse(partner)?, Guid::parse(customer)?))
}

/// Whether a customer's user may buy reservations on the partner's bill, as far as the partner's
/// permission goes (rule P1); the role on the subscription is another matter (P4).
///
/// # Errors
/// Those of the database.
pub fn may_purchase(unit: &mut Unit<'_>, partner_id: &Guid, customer_id: &Guid) -> Result<bool> {
    let wanted = Permission { resource: Resource::AzureReservedInstances, action: Action::Purchase };
    match repo::between(unit.conn, partner_id, customer_id)? {
        Some(policy) => Ok(policy.permissions()?.contains(&wanted)),
        None => Ok(false),
    }
}

/// The policy with this id, with its customer, if the agent may see it.
///
/// # Errors
/// [`Error::PolicyNotFound`] for unknown and foreign ones alike.
pub fn find(unit: &mut Unit<'_>, agent: &Agent, id: &str) -> Result<(SelfServePolicy, Customer)> {
    let (partner_id, customer_id) = parties(id).ok_or(Error::PolicyNotFound)?;
    let customer = match agent.customer(unit, &customer_id) {
        Err(Error::CustomerNotFound) => return Err(Error::PolicyNotFound),
        other => other?,
    };
    let policy = repo::of_customer(unit.conn, &customer)?.filter(|policy| policy.partner_id == partner_id);
    Ok((policy.ok_or(Error::PolicyNotFound)?, customer))
}

/// Lets a customer buy for itself.
///
/// # Errors
/// [`Error::PolicyExists`]; [`Error::NothingOfAzure`] (rule P3).
pub fn create(
    unit: &mut Unit<'_>,
    agent: &Agent,
    customer: &Customer,
    permissions: &[Permission],
) -> Result<SelfServePolicy> {
    if repo::of_customer(unit.conn, customer)?.is_some() {
        return Err(Error::PolicyExists);
    }
    require_azure(unit, customer)?;
    let policy = SelfServePolicy {
        partner_id: customer.seller_id.clone(),
        customer_id: customer.id.clone(),
        permissions: JsonText::of(&permissions)?,
        etag: Guid::random(),
        created_at: unit.now,
    };
    repo::insert(unit.conn, &policy)?;
    record(unit, agent, customer, OperationType::CreateSelfServePolicy, None, Some(&policy))?;
    Ok(policy)
}

/// Changes what a customer may buy for itself; the etag changes each time.
///
/// # Errors
/// [`Error::PreconditionFailed`] or [`Error::StaleEtag`] for a version that is no longer the
/// present one; [`Error::NothingOfAzure`].
pub fn update(
    unit: &mut Unit<'_>,
    agent: &Agent,
    (old, customer): (&SelfServePolicy, &Customer),
    permissions: &[Permission],
    if_match: Option<&str>,
    body_etag: Option<&str>,
) -> Result<SelfServePolicy> {
    etag::check(old.etag.as_str(), if_match, body_etag)?;
    require_azure(unit, customer)?;
    let new = SelfServePolicy { permissions: JsonText::of(&permissions)?, etag: Guid::random(), ..old.clone() };
    repo::update(unit.conn, &new)?;
    record(unit, agent, customer, OperationType::UpdateSelfServePolicy, Some(old), Some(&new))?;
    Ok(new)
}

/// No longer lets a customer buy for itself.
///
/// # Errors
/// [`Error::PreconditionFailed`] for a version that is no longer the present one.
pub fn delete(
    unit: &mut Unit<'_>,
    agent: &Agent,
    (old, customer): (&SelfServePolicy, &Customer),
    if_match: Option<&str>,
) -> Result<()> {
    etag::check(old.etag.as_str(), if_match, None)?;
    repo::delete(unit.conn, old)?;
    record(unit, agent, customer, OperationType::DeleteSelfServePolicy, Some(old), None)
}

/// Rule P3: an Azure plan or subscription that this partner bought for the customer.
fn require_azure(unit: &mut Unit<'_>, customer: &Customer) -> Result<()> {
    let gone = [SubscriptionStatus::Deleted, SubscriptionStatus::Expired];
    let bought = subscriptions::repo::list(unit.conn, customer, None, None)?;
    let any = bought.iter().any(|one| one.kind.is_azure() && !gone.contains(&one.status));
    if any { Ok(()) } else { Err(Error::NothingOfAzure) }
}

fn record(
    unit: &mut Unit<'_>,
    agent: &Agent,
    customer: &Customer,
    operation: OperationType,
    old: Option<&SelfServePolicy>,
    new: Option<&SelfServePolicy>,
) -> Result<()> {
    let described = |policy: &SelfServePolicy| {
        let (partner, customer) = (&policy.partner_id, &policy.customer_id);
        Ok::<_, Error>(serde_json::json!({
            "id": policy.id(), "permissions": policy.permissions()?,
            "selfServeEntity": {"selfServeEntityType": "customer", "tenantID": customer},
            "grantor": {"grantorType": "billToPartner", "tenantID": partner},
        }))
    };
    let change = Change {
        resource: ResourceType::SelfServePolicy,
        operation,
        old: old.map(described).transpose()?,
        new: new.map(described).transpose()?,
        details: old.or(new).map(|policy| ("SelfServePolicyId".to_owned(), policy.id())).into_iter().collect(),
    };
    audit::record(unit, agent, customer, change)
}
