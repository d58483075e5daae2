//! Role assignments: who may do what with a subscription, a resource group or a reservation order
//! on the Azure side (rules O7 and M2).

pub mod repo;
pub mod rules;
pub mod scope;

use diesel::prelude::*;

use crate::auth::Token;
use crate::db::schema::role_assignments;
use crate::db::{Moment, Unit};
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::text_enum;

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

/// Gives whoever buys on the Azure side Owner on the new reservation order (rule M2): part of the
/// purchase, with no record of its own.
///
/// # Errors
/// Those of the database.
pub fn grant_owner(unit: &mut Unit<'_>, order: &Guid, buyer: &Token, tenant_id: &Guid) -> Result<()> {
    let owner = Guid::parse(BuiltInRole::Owner.id());
    let assignment = RoleAssignment {
        id: Guid::random(),
        scope: Scope::ReservationOrder(order.clone()).key(),
        principal_id: buyer.object_id.clone(),
        principal_type: if buyer.app_only { PrincipalType::ServicePrincipal } else { PrincipalType::User },
        role_definition_id: owner.ok_or_else(|| Error::Internal("Owner has no id".to_owned()))?,
        created_at: unit.now,
        created_by: buyer.object_id.clone(),
        tenant_id: tenant_id.clone(),
        description: None,
        condition: None,
        condition_version: None,
        delegated_identity: None,
        updated_at: None,
        updated_by: None,
    };
    repo::insert(unit.conn, &assignment)
}
