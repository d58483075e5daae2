//! Further Azure subscriptions under an Azure plan, each made under a name (alias) that a partner
//! chooses, so that making it can be repeated.

use diesel::prelude::*;

use super::{AzureSubscription, EntitlementStatus, SubscriptionKind, SubscriptionStatus, repo};
use crate::access::{Permit, Place, Side};
use crate::audit::{Change, OperationType, ResourceType};
use crate::db::schema::subscription_aliases;
use crate::db::{Moment, Unit};
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::partners;
use crate::role_assignments::Scope;
use crate::role_assignments::rules::Held;

/// How many Azure subscriptions a plan of a sandbox account may have.
const SANDBOX_SUBSCRIPTIONS: usize = 3;
const BILLING_SCOPE: &str = "properties.billingScope";

/// The name under which an Azure subscription was made.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = subscription_aliases)]
pub struct SubscriptionAlias {
    /// The tenant of the partner that made it.
    pub tenant_id: Guid,
    /// The name in lower case: letter case never distinguishes two.
    pub name_key: String,
    /// The name, as it was given.
    pub name: String,
    /// The Azure subscription.
    pub subscription_id: Guid,
    /// When it was made.
    pub created_at: Moment,
}

/// The Azure subscription that the caller's partner made under this name.
///
/// # Errors
/// [`Error::AliasNotFound`].
pub fn get(unit: &mut Unit<'_>, permit: &Permit, name: &str) -> Result<(SubscriptionAlias, AzureSubscription)> {
    let not_found = || Error::AliasNotFound(crate::access::short(name));
    let Side::Agent { partner, .. } = &permit.side else { return Err(not_found()) };
    let alias = repo::alias(unit.conn, &partner.id, name)?.ok_or_else(not_found)?;
    match permit.visible_subscription(unit, &alias.subscription_id) {
        Ok(found) => Ok((alias, found.azure)),
        Err(Error::AzureSubscriptionNotFound) => Err(not_found()),
        Err(other) => Err(other),
    }
}

/// Makes an Azure subscription under the plan with this id. What the name stands for already is
/// given again, whatever else is asked for.
///
/// # Errors
/// [`Error::AzureSubscriptionNotFound`] for a plan that is unknown or another's;
/// [`Error::InvalidInput`] for a subscription under which there are no further ones.
pub fn create(
    unit: &mut Unit<'_>,
    permit: &Permit,
    name: &str,
    plan_id: &Guid,
    display_name: &str,
) -> Result<(SubscriptionAlias, AzureSubscription)> {
    let (plan, customer) = permit.visible_plan(unit, plan_id)?;
    match get(unit, permit, name) {
        Err(Error::AliasNotFound(_)) => {}
        other => return other,
    }
    if plan.kind != SubscriptionKind::AzurePlan {
        return Err(Error::invalid(BILLING_SCOPE, "must name an Azure plan"));
    }
    if plan.status != SubscriptionStatus::Active {
        return Err(Error::invalid(BILLING_SCOPE, "the Azure plan is not active"));
    }
    let partner = partners::repo::by_id(unit.conn, &plan.partner_id)?
        .ok_or_else(|| Error::Internal(format!("plan {} has no partner", plan.id)))?;
    if partner.sandbox && repo::azure_of(unit.conn, &plan.id)?.len() >= SANDBOX_SUBSCRIPTIONS {
        return Err(Error::invalid(BILLING_SCOPE, "a plan of a sandbox account may have 3 Azure subscriptions"));
    }
    if repo::alias(unit.conn, &partner.id, name)?.is_some() {
        return Err(Error::invalid("aliasName", "stands for a subscription of another customer"));
    }
    let azure = AzureSubscription {
        id: Guid::random(),
        subscription_id: plan.id.clone(),
        partner_id: plan.partner_id.clone(),
        customer_id: plan.customer_id.clone(),
        name: display_name.to_owned(),
        status: EntitlementStatus::Active,
        created_at: unit.now,
    };
    repo::insert_azure(unit.conn, &azure)?;
    let alias = SubscriptionAlias {
        tenant_id: partner.id,
        name_key: name.to_lowercase(),
        name: name.to_owned(),
        subscription_id: azure.id.clone(),
        created_at: unit.now,
    };
    repo::insert_alias(unit.conn, &alias)?;
    let change = Change {
        resource: ResourceType::AzureEntitlement,
        operation: OperationType::CreateAzureSubscription,
        old: None,
        new: Some(serde_json::json!({
            "id": azure.id, "subscriptionId": plan.id, "name": azure.name, "alias": alias.name, "status": azure.status,
        })),
        details: vec![("SubscriptionId".to_owned(), plan.id.to_string())],
    };
    let place = Place {
        scope: Scope::Subscription(azure.id.clone()),
        tenant_id: customer.id.clone(),
        customer: Some(customer),
        held: Held::default(),
    };
    permit.record(unit, &place, change)?;
    Ok((alias, azure))
}
