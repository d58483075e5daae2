//! Directory roles: who of a customer's users administers what in its tenant. They decide nothing
//! here; agents give and take them for their customers.

use diesel::prelude::*;
use serde_json::{Value, json};

use super::{User, active, find, repo};
use crate::access::Agent;
use crate::audit::{self, Change, OperationType, ResourceType};
use crate::customers::Customer;
use crate::db::schema::directory_role_members;
use crate::db::{Moment, Unit};
use crate::error::{Error, Result};
use crate::ids::Guid;

/// A directory role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectoryRole {
    /// Its well-known id, the same in every tenant.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
}

/// Administers everything in a tenant.
pub const COMPANY_ADMINISTRATOR: DirectoryRole =
    DirectoryRole { id: "62e90394-69f5-4237-9190-012177145e10", name: "Company Administrator" };

const fn role(id: &'static str, name: &'static str) -> DirectoryRole {
    DirectoryRole { id, name }
}

/// The roles that every tenant has.
pub const ROLES: [DirectoryRole; 12] = [
    COMPANY_ADMINISTRATOR,
    role("b0f54661-2d74-4c50-afa3-1ec803f12efe", "Billing Administrator"),
    role("88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "Directory Readers"),
    role("9360feb5-f418-4baa-8175-e2a00bac4301", "Directory Writers"),
    role("29232cdf-9323-42fd-ade2-1d097af3e4de", "Exchange Service Administrator"),
    role("f2ef992c-3afb-46b9-b7cf-a126ee74c451", "Global Reader"),
    role("729827e3-9c14-49f7-bb1b-9608f156bbb8", "Helpdesk Administrator"),
    role("4d6ac14f-3453-41d0-bef9-a3e0c568773a", "License Administrator"),
    role("e8611ab8-c189-46e8-94e1-60213ab1f814", "Privileged Role Administrator"),
    role("f023fd81-a637-4b56-95fd-791ac0226033", "Service Support Administrator"),
    role("f28a1f50-f6e7-4571-818b-6a12f2af6b6c", "SharePoint Service Administrator"),
    role("fe930be7-5e62-47db-91af-98c3a49a38b1", "User Account Administrator"),
];

/// That a user has a role.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = directory_role_members)]
pub struct Membership {
    /// The user.
    pub user_id: Guid,
    /// The role's id.
    pub role_id: Guid,
    /// Since when.
    pub created_at: Moment,
}

impl DirectoryRole {
    /// The role with this id.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn of(id: &Guid) -> Result<&'static Self> {
        ROLES.iter().find(|role| role.id == id.as_str()).ok_or(Error::NotFound)
    }
}

/// The roles of a user, by name.
///
/// # Errors
/// [`Error::UserNotFound`].
pub fn roles_of(unit: &mut Unit<'_>, customer: &Customer, user_id: &Guid) -> Result<Vec<&'static DirectoryRole>> {
    let user = find(unit, customer, user_id)?;
    let held = repo::roles_of(unit.conn, &user.id)?;
    Ok(ROLES.iter().filter(|role| held.iter().any(|id| id.as_str() == role.id)).collect())
}

/// Gives a user a role.
///
/// # Errors
/// [`Error::NotFound`] for an unknown role, [`Error::UserNotFound`], and [`Error::AlreadyThere`]
/// where the user has the role.
pub fn add_member(
    unit: &mut Unit<'_>,
    agent: &Agent,
    customer: &Customer,
    role_id: &Guid,
    user_id: &Guid,
) -> Result<User> {
    let role = DirectoryRole::of(role_id)?;
    let user = active(unit, customer, user_id)?;
    if repo::has_role(unit.conn, &user.id, role_id)? {
        return Err(Error::AlreadyThere { field: "id", reason: "the user has this role" });
    }
    let membership = Membership { user_id: user.id.clone(), role_id: role_id.clone(), created_at: unit.now };
    repo::insert_membership(unit.conn, &membership)?;
    record(unit, agent, customer, OperationType::AddUserMember, None, Some(recorded(&user, role)))?;
    Ok(user)
}

/// Takes a role from a user.
///
/// # Errors
/// [`Error::NotFound`] for an unknown role and for a user that has it not; [`Error::UserNotFound`].
pub fn remove_member(
    unit: &mut Unit<'_>,
    agent: &Agent,
    customer: &Customer,
    role_id: &Guid,
    user_id: &Guid,
) -> Result<()> {
    let role = DirectoryRole::of(role_id)?;
    let user = active(unit, customer, user_id)?;
    if !repo::has_role(unit.conn, &user.id, role_id)? {
        return Err(Error::NotFound);
    }
    repo::delete_membership(unit.conn, &user.id, role_id)?;
    record(unit, agent, customer, OperationType::RemoveUserMember, Some(recorded(&user, role)), None)
}

/// Makes a user an administrator of its tenant.
///
/// # Errors
/// Those of the database.
pub fn make_administrator(unit: &mut Unit<'_>, user: &User) -> Result<()> {
    let role_id = Guid::parse(COMPANY_ADMINISTRATOR.id)
        .ok_or_else(|| Error::Internal("the id of a directory role is no GUID".to_owned()))?;
    let membership = Membership { user_id: user.id.clone(), role_id, created_at: unit.now };
    repo::insert_membership(unit.conn, &membership)
}

fn recorded(user: &User, role: &DirectoryRole) -> Value {
    json!({
        "id": user.id, "displayName": user.display_name, "userPrincipalName": user.user_principal_name,
        "roleId": role.id, "roleName": role.name,
    })
}

fn record(
    unit: &mut Unit<'_>,
    agent: &Agent,
    customer: &Customer,
    operation: OperationType,
    old: Option<Value>,
    new: Option<Value>,
) -> Result<()> {
    let change = Change { resource: ResourceType::CustomerDirectoryRole, operation, old, new, details: Vec::new() };
    audit::record(unit, agent, customer, change)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_have_ids_of_their_own_and_stand_by_name() {
        for (number, role) in ROLES.iter().enumerate() {
            assert_eq!(DirectoryRole::of(&Guid::parse(role.id).unwrap()).unwrap(), role);
            assert!(ROLES[number + 1..].iter().all(|other| other.id != role.id));
        }
        assert!(ROLES[1..].is_sorted_by_key(|role| role.name));
    }
}
