//! The users of a customer's tenant and its directory roles. A user is also a principal, so that
//! the development issuer signs it in. Users belong to the customer: every partner of it sees the
//! same ones. Passwords are kept nowhere.

pub mod api;
pub mod page;
pub mod repo;
pub mod roles;
pub mod roles_api;
pub mod rules;

use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::access::Agent;
use crate::audit::{self, Change, OperationType, ResourceType};
use crate::customers::{BillingProfile, Customer};
use crate::db::schema::customer_users;
use crate::db::{Moment, Unit};
use crate::due_work::{self, DueKind};
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::principals::{self, Principal, PrincipalKind};
use crate::text_enum;

/// How many days a deleted user can be restored.
const DAYS_TO_RESTORE: i64 = 30;

text_enum! {
    /// Whether a user is there.
    UserState {
        /// It is.
        Active = "active",
        /// It was deleted and can still be restored.
        Inactive = "inactive",
    }
}

/// A user of a customer.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = customer_users, treat_none_as_null = true)]
pub struct User {
    /// The object id.
    pub id: Guid,
    /// The customer whose tenant it is in.
    pub customer_id: Guid,
    /// The name it signs in with, as it was given.
    pub user_principal_name: String,
    /// The same in lower case: unique among the active users of the customer.
    pub name_key: String,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// The name for people.
    pub display_name: String,
    /// The same in lower case, for sorting.
    pub display_name_key: String,
    /// ISO 3166 alpha-2 code, upper case.
    pub usage_location: String,
    /// The phone number.
    pub phone_number: Option<String>,
    /// The id in a directory of the customer's own; echoed.
    pub immutable_id: Option<String>,
    /// Whether the password is to be changed at the next sign-in; echoed.
    pub force_change_password: bool,
    /// Whether it is there.
    pub state: UserState,
    /// When it was deleted.
    pub deleted_at: Option<Moment>,
    /// When it was created.
    pub created_at: Moment,
}

impl User {
    fn set_name(&mut self, user_principal_name: &str) {
        user_principal_name.clone_into(&mut self.user_principal_name);
        self.name_key = user_principal_name.to_lowercase();
    }

    fn set_display_name(&mut self, display_name: &str) {
        display_name.clone_into(&mut self.display_name);
        self.display_name_key = display_name.to_lowercase();
    }

    /// What the activity log keeps of a user; a password only as having been set.
    fn recorded(&self, password_set: bool) -> Value {
        let force = self.force_change_password;
        json!({
            "id": self.id, "userPrincipalName": self.user_principal_name, "firstName": self.first_name,
            "lastName": self.last_name, "displayName": self.display_name, "usageLocation": self.usage_location,
            "passwordProfile": password_set.then(|| json!({"password": "", "forceChangePassword": force})),
            "state": self.state,
        })
    }
}

/// What a user is created with, checked.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The name it will sign in with.
    pub user_principal_name: String,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// The name for people.
    pub display_name: String,
    /// ISO 3166 alpha-2 code, upper case.
    pub usage_location: String,
    /// The phone number.
    pub phone_number: Option<String>,
    /// Echoed.
    pub immutable_id: Option<String>,
    /// Whether the password is to be changed at the first sign-in.
    pub force_change_password: bool,
}

/// What is to be different about a user; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Another name to sign in with.
    pub user_principal_name: Option<String>,
    /// Another first name.
    pub first_name: Option<String>,
    /// Another last name.
    pub last_name: Option<String>,
    /// Another name for people.
    pub display_name: Option<String>,
    /// Another country.
    pub usage_location: Option<String>,
    /// Another phone number; an empty one takes it away.
    pub phone_number: Option<String>,
    /// Another id in the customer's own directory.
    pub immutable_id: Option<String>,
    /// A new password is set; whether it is to be changed at the next sign-in.
    pub new_password: Option<bool>,
    /// A deleted user is restored.
    pub restore: bool,
}

/// The customer's user with this id, deleted or not.
///
/// # Errors
/// [`Error::UserNotFound`] for unknown and foreign ones alike.
pub fn find(unit: &mut Unit<'_>, customer: &Customer, id: &Guid) -> Result<User> {
    repo::find(unit.conn, &customer.id, id)?.ok_or(Error::UserNotFound)
}

/// The same, if it is not deleted.
///
/// # Errors
/// [`Error::UserNotFound`].
pub fn active(unit: &mut Unit<'_>, customer: &Customer, id: &Guid) -> Result<User> {
    let user = find(unit, customer, id)?;
    if user.state == UserState::Active { Ok(user) } else { Err(Error::UserNotFound) }
}

/// Creates a user, who can sign in at once.
///
/// # Errors
/// [`Error::InvalidInput`] for a domain that is not the customer's; [`Error::AlreadyThere`] for a
/// name that is taken.
pub fn create(unit: &mut Unit<'_>, agent: &Agent, customer: &Customer, new: &NewUser) -> Result<User> {
    rules::of_domain(&new.user_principal_name, &customer.row.domain)?;
    let user = User {
        id: Guid::random(),
        customer_id: customer.id.clone(),
        user_principal_name: new.user_principal_name.clone(),
        name_key: new.user_principal_name.to_lowercase(),
        first_name: new.first_name.clone(),
        last_name: new.last_name.clone(),
        display_name: new.display_name.clone(),
        display_name_key: new.display_name.to_lowercase(),
        usage_location: new.usage_location.clone(),
        phone_number: new.phone_number.clone(),
        immutable_id: new.immutable_id.clone(),
        force_change_password: new.force_change_password,
        state: UserState::Active,
        deleted_at: None,
        created_at: unit.now,
    };
    name_is_free(unit, &user)?;
    add(unit, &user)?;
    record(unit, agent, customer, OperationType::CreateCustomerUser, None, Some(user.recorded(true)))?;
    Ok(user)
}

/// The administrator that every new tenant begins with. (Its password is told with the customer.)
///
/// # Errors
/// Those of the database.
pub fn add_first_administrator(unit: &mut Unit<'_>, customer: &Customer, profile: &BillingProfile) -> Result<()> {
    let name = |own: &Option<String>, address: &Option<String>| own.clone().or_else(|| address.clone());
    let address = &profile.default_address;
    let first_name = name(&profile.first_name, &address.first_name).unwrap_or_default();
    let last_name = name(&profile.last_name, &address.last_name).unwrap_or_default();
    let display_name = format!("{first_name} {last_name}");
    let user_principal_name = format!("admin@{}", customer.row.domain);
    let user = User {
        id: Guid::random(),
        customer_id: customer.id.clone(),
        name_key: user_principal_name.clone(),
        user_principal_name,
        first_name,
        last_name,
        display_name_key: display_name.to_lowercase(),
        display_name,
        usage_location: customer.country.clone(),
        phone_number: None,
        immutable_id: None,
        force_change_password: true,
        state: UserState::Active,
        deleted_at: None,
        created_at: unit.now,
    };
    add(unit, &user)?;
    roles::make_administrator(unit, &user)
}

/// Keeps a user together with its principal.
///
/// # Errors
/// Those of the database.
pub fn add(unit: &mut Unit<'_>, user: &User) -> Result<()> {
    repo::insert(unit.conn, user)?;
    principals::repo::insert(unit.conn, &principal(unit, user))
}

fn principal(unit: &Unit<'_>, user: &User) -> Principal {
    Principal {
        object_id: user.id.clone(),
        tenant_id: user.customer_id.clone(),
        kind: PrincipalKind::User,
        name: user.name_key.clone(),
        display_name: user.display_name.clone(),
        agent_role: None,
        created_at: unit.now,
    }
}

/// Changes a user, restores a deleted one, or sets a new password: one record for what was done,
/// none where nothing was.
///
/// # Errors
/// [`Error::UserNotFound`]; [`Error::InvalidInput`] for a deleted user that is not to be restored
/// and for a foreign domain; [`Error::AlreadyThere`] for a name that is taken.
pub fn change(unit: &mut Unit<'_>, agent: &Agent, customer: &Customer, id: &Guid, changes: &Changes) -> Result<User> {
    let old = find(unit, customer, id)?;
    let restored = old.state == UserState::Inactive;
    if restored && !changes.restore {
        return Err(Error::invalid("state", "the user is deleted; only active, which restores it, is accepted"));
    }
    let mut user = old.clone();
    apply(&mut user, customer, changes)?;
    if restored || user.name_key != old.name_key {
        name_is_free(unit, &user)?;
    }
    let operation = if restored {
        OperationType::RestoreCustomerUser
    } else if user != old {
        OperationType::UpdateCustomerUser
    } else if changes.new_password.is_some() {
        OperationType::ResetCustomerUserPassword
    } else {
        return Ok(old);
    };
    user.force_change_password = changes.new_password.unwrap_or(old.force_change_password);
    repo::update(unit.conn, &user)?;
    if restored {
        due_work::cancel(unit, DueKind::UserPurge, user.id.as_str())?;
        principals::repo::insert(unit.conn, &principal(unit, &user))?;
    } else {
        principals::repo::rename(unit.conn, &user.id, &user.name_key, &user.display_name)?;
    }
    let new = user.recorded(changes.new_password.is_some());
    record(unit, agent, customer, operation, Some(old.recorded(false)), Some(new))?;
    Ok(user)
}

fn apply(user: &mut User, customer: &Customer, changes: &Changes) -> Result<()> {
    if let Some(name) = &changes.user_principal_name {
        rules::of_domain(name, &customer.row.domain)?;
        user.set_name(name);
    }
    if let Some(name) = &changes.display_name {
        user.set_display_name(name);
    }
    let put = |place: &mut String, value: &Option<String>| value.iter().for_each(|value| value.clone_into(place));
    put(&mut user.first_name, &changes.first_name);
    put(&mut user.last_name, &changes.last_name);
    put(&mut user.usage_location, &changes.usage_location);
    if let Some(number) = &changes.phone_number {
        user.phone_number = Some(number.clone()).filter(|number| !number.is_empty());
    }
    if let Some(id) = &changes.immutable_id {
        user.immutable_id = Some(id.clone()).filter(|id| !id.is_empty());
    }
    (user.state, user.deleted_at) = (UserState::Active, None);
    Ok(())
}

/// Deletes a user: it can no longer sign in, and be restored for 30 days.
///
/// # Errors
/// [`Error::UserNotFound`], also for one that is deleted already.
pub fn delete(unit: &mut Unit<'_>, agent: &Agent, customer: &Customer, id: &Guid) -> Result<()> {
    let old = active(unit, customer, id)?;
    let user = User { state: UserState::Inactive, deleted_at: Some(unit.now), ..old.clone() };
    repo::update(unit.conn, &user)?;
    principals::repo::delete(unit.conn, &user.id)?;
    let purged_at = unit.now.plus(TimeDelta::days(DAYS_TO_RESTORE))?;
    due_work::plan(unit, DueKind::UserPurge, user.id.as_str(), purged_at)?;
    let (old, new) = (old.recorded(false), user.recorded(false));
    record(unit, agent, customer, OperationType::DeleteCustomerUser, Some(old), Some(new))
}

/// Removes a deleted user for good.
///
/// # Errors
/// Those of the database.
pub fn purge(unit: &mut Unit<'_>, id: &str) -> Result<()> {
    repo::delete(unit.conn, id)
}

fn name_is_free(unit: &mut Unit<'_>, user: &User) -> Result<()> {
    if repo::is_name_taken(unit.conn, user)? {
        return Err(Error::AlreadyThere { field: "userPrincipalName", reason: "another user has this name" });
    }
    Ok(())
}

fn record(
    unit: &mut Unit<'_>,
    agent: &Agent,
    customer: &Customer,
    operation: OperationType,
    old: Option<Value>,
    new: Option<Value>,
) -> Result<()> {
    let change = Change { resource: ResourceType::CustomerUser, operation, old, new, details: Vec::new() };
    audit::record(unit, agent, customer, change)
}
