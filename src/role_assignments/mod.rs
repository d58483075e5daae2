//! Role assignments: who may do what with a subscription, a resource group or a reservation order
//! on the Azure side (rules O7 and M2).

pub mod azure;
pub mod repo;
pub mod rules;
pub mod scope;

use diesel::prelude::*;

use crate::access::{Permit, Place};
use crate::audit::{Change, OperationType, ResourceType};
use crate::customers::{self, Customer};
use crate::db::schema::role_assignments;
use crate::db::{Moment, Unit};
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::text_enum;
use crate::{partners, principals, resource_groups};
use rules::Narrowing;

pub use rules::BuiltInRole;
pub use scope::Scope;

text_enum! {
    /// What a role is assigned to.
    PrincipalType {
        /// A person.
        User = "User",
        /// A group.
        Group = "Group",
        /// An application.
        ServicePrincipal = "ServicePrincipal",
        /// All agents of a partner.
        ForeignGroup = "ForeignGroup",
        /// A device.
        Device = "Device",
    }
}

/// One role of one principal at one scope.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = role_assignments)]
pub struct RoleAssignment {
    /// Its name: a GUID that whoever made it chose.
    pub id: Guid,
    /// [`Scope::key`].
    pub scope: String,
    /// The object id of the user, application or group.
    pub principal_id: Guid,
    /// What that is.
    pub principal_type: PrincipalType,
    /// The role.
    pub role_definition_id: Guid,
    /// When it was made.
    pub created_at: Moment,
    /// The object id of whoever made it.
    pub created_by: Guid,
    /// The tenant in which it holds: the customer's, or the partner's where an agent assigned it
    /// for all customers.
    pub tenant_id: Guid,
    /// Free text.
    pub description: Option<String>,
    /// Kept and shown, not evaluated.
    pub condition: Option<String>,
    /// Such as `2.0`.
    pub condition_version: Option<String>,
    /// Kept and shown.
    pub delegated_identity: Option<String>,
    /// When it was changed last.
    pub updated_at: Option<Moment>,
    /// By whom.
    pub updated_by: Option<Guid>,
}

/// Why a role is not granted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The principal has the role there, under another name.
    #[error("The role assignment already exists. The ID of the existing role assignment is {0}.")]
    Exists(Guid),
    /// The name is that of an assignment of something else.
    #[error("Principal ID, role and scope of a role assignment cannot be updated.")]
    UpdateNotPermitted,
    /// There is no assignment with this name at this scope.
    #[error("The role assignment '{0}' is not found.")]
    NotFound(Guid),
    /// There is no such role, and it was asked for.
    #[error("The specified role definition with ID '{0}' does not exist.")]
    RoleUnknown(Guid),
    /// There is no such role, and it was to be granted.
    #[error("properties.roleDefinitionId: the specified role definition with ID '{0}' does not exist.")]
    RoleNotGrantable(Guid),
    /// The principal belongs to a tenant that has nothing to do with this one.
    #[error("properties.principalId: principal {principal_id} does not exist in the directory {tenant_id}.")]
    PrincipalNotFound {
        /// Who is not there.
        principal_id: Guid,
        /// Where.
        tenant_id: Guid,
    },
}

/// What is to be granted.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The assignment's name.
    pub name: Guid,
    /// The role.
    pub role: BuiltInRole,
    /// To whom.
    pub principal_id: Guid,
    /// What that is; absent means a person.
    pub principal_type: Option<PrincipalType>,
    /// Free text.
    pub description: Option<String>,
    /// Kept and shown, not evaluated.
    pub condition: Option<String>,
    /// Such as `2.0`.
    pub condition_version: Option<String>,
    /// Kept and shown.
    pub delegated_identity: Option<String>,
}

/// Grants a role. The same again changes no more than the texts. Says, too, whether it is new.
///
/// # Errors
/// [`Error::NotAuthorized`] for a role that the caller may not pass on; [`Refusal`].
pub fn grant(unit: &mut Unit<'_>, permit: &Permit, place: &Place, wanted: &Grant) -> Result<(RoleAssignment, bool)> {
    check_power(permit, place, Some(wanted.role))?;
    let role_id = wanted.role.definition_id()?;
    if let Some(old) = repo::by_name(unit.conn, &wanted.name)? {
        let same = is_at(&old, place)
            && old.principal_id == wanted.principal_id
            && old.role_definition_id == role_id
            && wanted.principal_type.is_none_or(|kind| kind == old.principal_type);
        if !same {
            return Err(Refusal::UpdateNotPermitted.into());
        }
        return Ok((rewrite(unit, permit, place, old, wanted)?, false));
    }
    check_principal(unit, permit, place, &wanted.principal_id)?;
    let scope = place.scope.key();
    if let Some(other) = repo::by_meaning(unit.conn, &scope, &wanted.principal_id, &role_id, &place.tenant_id)? {
        return Err(Refusal::Exists(other.id).into());
    }
    let new = RoleAssignment {
        id: wanted.name.clone(),
        scope,
        principal_id: wanted.principal_id.clone(),
        principal_type: wanted.principal_type.unwrap_or(PrincipalType::User),
        role_definition_id: role_id,
        created_at: unit.now,
        created_by: permit.token.object_id.clone(),
        tenant_id: place.tenant_id.clone(),
        description: wanted.description.clone(),
        condition: wanted.condition.clone(),
        condition_version: wanted.condition_version.clone(),
        delegated_identity: wanted.delegated_identity.clone(),
        updated_at: None,
        updated_by: None,
    };
    repo::insert(unit.conn, &new)?;
    record(unit, permit, place, OperationType::CreateRoleAssignment, None, Some(&new))?;
    Ok((new, true))
}

/// Replaces the texts of an assignment.
fn rewrite(
    unit: &mut Unit<'_>,
    permit: &Permit,
    place: &Place,
    old: RoleAssignment,
    wanted: &Grant,
) -> Result<RoleAssignment> {
    let texts = |one: &RoleAssignment| {
        (one.description.clone(), one.condition.clone(), one.condition_version.clone(), one.delegated_identity.clone())
    };
    let new = RoleAssignment {
        description: wanted.description.clone(),
        condition: wanted.condition.clone(),
        condition_version: wanted.condition_version.clone(),
        delegated_identity: wanted.delegated_identity.clone(),
        updated_at: Some(unit.now),
        updated_by: Some(permit.token.object_id.clone()),
        ..old.clone()
    };
    if texts(&old) == texts(&new) {
        return Ok(old);
    }
    repo::update_texts(unit.conn, &new)?;
    record(unit, permit, place, OperationType::CreateRoleAssignment, Some(&old), Some(&new))?;
    Ok(new)
}

/// Takes a role away again; `None` where there was no such assignment.
///
/// # Errors
/// [`Error::NotAuthorized`] for a role that the caller may not pass on either.
pub fn revoke(unit: &mut Unit<'_>, permit: &Permit, place: &Place, name: &Guid) -> Result<Option<RoleAssignment>> {
    let Some(old) = repo::by_name(unit.conn, name)?.filter(|one| is_at(one, place)) else { return Ok(None) };
    check_power(permit, place, BuiltInRole::by_id(&old.role_definition_id))?;
    repo::delete(unit.conn, name)?;
    record(unit, permit, place, OperationType::DeleteRoleAssignment, Some(&old), None)?;
    Ok(Some(old))
}

/// The assignment of this name at a place.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn get(unit: &mut Unit<'_>, place: &Place, name: &Guid) -> Result<RoleAssignment> {
    let found = repo::by_name(unit.conn, name)?.filter(|one| is_at(one, place));
    found.ok_or_else(|| Refusal::NotFound(name.clone()).into())
}

/// The assignments that concern a place, oldest first: at it, above it and, unless they are
/// narrowed to the scope itself, below it.
///
/// # Errors
/// Those of the database.
pub fn list(unit: &mut Unit<'_>, permit: &Permit, place: &Place, narrowing: &Narrowing) -> Result<Vec<RoleAssignment>> {
    let mut scopes = place.scope.with_ancestors();
    if !narrowing.at_scope {
        scopes.extend(below(unit, permit, place)?);
    }
    let keys: Vec<String> = scopes.iter().map(Scope::key).collect();
    let holders = match &narrowing.assigned_to {
        Some(id) => Some(with_group(unit, id)?),
        None => None,
    };
    let everywhere = Scope::Capacity.key();
    let mut found = repo::at_scopes(unit.conn, &keys)?;
    found.retain(|one| {
        // A scope that every tenant has: what holds here was granted in this tenant, or by the
        // partner for all its customers, which is for its agents alone to see.
        let by_partner = !permit.is_customer()
            && place.scope != Scope::Capacity
            && place.customer.as_ref().is_some_and(|customer| customer.seller_id == one.tenant_id);
        (one.scope != everywhere || one.tenant_id == place.tenant_id || by_partner)
            && narrowing.principal_id.as_ref().is_none_or(|id| id == &one.principal_id)
            && holders.as_ref().is_none_or(|ids| ids.contains(&one.principal_id))
    });
    found.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
    Ok(found)
}

/// The scopes that lie in a place and that the caller may see.
fn below(unit: &mut Unit<'_>, permit: &Permit, place: &Place) -> Result<Vec<Scope>> {
    let of_order = |found: &crate::access::PermittedOrder| {
        let order = found.order.id.clone();
        let own = Scope::ReservationOrder(order.clone());
        let inner = found.reservations.iter().map(move |one| Scope::Reservation(order.clone(), one.id.clone()));
        std::iter::once(own).chain(inner).collect::<Vec<_>>()
    };
    Ok(match &place.scope {
        Scope::Subscription(id) => resource_groups::repo::of_subscription(unit.conn, id)?
            .into_iter()
            .map(|group| Scope::ResourceGroup(id.clone(), group.name))
            .collect(),
        Scope::Capacity => permit.orders(unit)?.iter().flat_map(of_order).collect(),
        Scope::ReservationOrder(id) => {
            let inner = crate::reservations::repo::of_order(unit.conn, id)?;
            inner.into_iter().map(|one| Scope::Reservation(id.clone(), one.id)).collect()
        }
        Scope::ResourceGroup(..) | Scope::Reservation(..) => Vec::new(),
    })
}

/// A principal and the group that it is in.
fn with_group(unit: &mut Unit<'_>, id: &Guid) -> Result<Vec<Guid>> {
    let mut ids = vec![id.clone()];
    if let Some(agent) = principals::repo::by_object_id(unit.conn, id)?.filter(|one| one.agent_role.is_some())
        && let Some(partner) = partners::repo::by_id(unit.conn, &agent.tenant_id)?
    {
        ids.push(partner.foreign_group_id);
    }
    Ok(ids)
}

/// The roles that the caller has at a place: an Admin agent acts as an Owner, any other agent reads.
pub fn own_roles(permit: &Permit, place: &Place) -> Vec<BuiltInRole> {
    if permit.is_admin() {
        return vec![BuiltInRole::Owner];
    }
    let mut roles = place.held.on_subscription.clone();
    roles.extend(place.held.on_order.iter().filter(|role| !place.held.on_subscription.contains(role)));
    if !permit.is_customer() && roles.is_empty() {
        roles.push(BuiltInRole::Reader);
    }
    roles
}

/// Gives the buyer of a reservation order Owner on it. The purchase is what is recorded.
///
/// # Errors
/// Those of the database.
pub fn grant_owner(unit: &mut Unit<'_>, permit: &Permit, customer: &Customer, order_id: &Guid) -> Result<()> {
    let kind = if permit.token.app_only { PrincipalType::ServicePrincipal } else { PrincipalType::User };
    let assignment = RoleAssignment {
        id: Guid::random(),
        scope: Scope::ReservationOrder(order_id.clone()).key(),
        principal_id: permit.token.object_id.clone(),
        principal_type: kind,
        role_definition_id: BuiltInRole::Owner.definition_id()?,
        created_at: unit.now,
        created_by: permit.token.object_id.clone(),
        tenant_id: customer.id.clone(),
        description: None,
        condition: None,
        condition_version: None,
        delegated_identity: None,
        updated_at: None,
        updated_by: None,
    };
    repo::insert(unit.conn, &assignment)
}

fn is_at(one: &RoleAssignment, place: &Place) -> bool {
    one.scope == place.scope.key() && one.tenant_id == place.tenant_id
}

/// Whether the caller may pass a role on, or take it away; a role that nobody knows any more is
/// for Owners.
fn check_power(permit: &Permit, place: &Place, role: Option<BuiltInRole>) -> Result<()> {
    let role = role.unwrap_or(BuiltInRole::Owner);
    if permit.is_admin() || rules::may_grant(role, &place.held) {
        return Ok(());
    }
    Err(permit.refused(&place.scope.to_string()))
}

/// Roles are for the tenant's own people and for the partner's; who is not known here may be
/// either. So no partner lets another one's agents in.
fn check_principal(unit: &mut Unit<'_>, permit: &Permit, place: &Place, id: &Guid) -> Result<()> {
    let home = match principals::repo::by_object_id(unit.conn, id)? {
        Some(principal) => Some(principal.tenant_id),
        None => partners::repo::by_foreign_group(unit.conn, id)?.map(|partner| partner.id),
    };
    let Some(home) = home.filter(|home| home != &place.tenant_id) else { return Ok(()) };
    let unknown = Refusal::PrincipalNotFound { principal_id: id.clone(), tenant_id: place.tenant_id.clone() };
    let (Some(customer), Some(partner)) = (&place.customer, partners::repo::by_id(unit.conn, &home)?) else {
        return Err(unknown.into());
    };
    match customers::visible_to(unit, &partner, &customer.id) {
        Ok(seen) if seen.seller_id == customer.seller_id || permit.is_customer() => Ok(()),
        Ok(_) | Err(Error::CustomerNotFound | Error::RelationshipEnded) => Err(unknown.into()),
        Err(other) => Err(other),
    }
}

fn record(
    unit: &mut Unit<'_>,
    permit: &Permit,
    place: &Place,
    operation: OperationType,
    old: Option<&RoleAssignment>,
    new: Option<&RoleAssignment>,
) -> Result<()> {
    let described = |one: &RoleAssignment| {
        serde_json::json!({
            "id": one.id, "scope": place.scope.to_string(), "principalId": one.principal_id,
            "principalType": one.principal_type, "roleDefinitionId": one.role_definition_id,
            "roleName": BuiltInRole::by_id(&one.role_definition_id).map(BuiltInRole::name),
            "description": one.description, "condition": one.condition,
        })
    };
    let change = Change {
        resource: ResourceType::RoleAssignment,
        operation,
        old: old.map(described),
        new: new.map(described),
        details: vec![("Scope".to_owned(), place.scope.to_string())],
    };
    permit.record(unit, place, change)
}
