//! Resource groups: what the scope of a reservation and of a role can be narrowed to within an
//! Azure subscription.

pub mod azure;
pub mod repo;

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::access::{Permit, Place};
use crate::audit::{Change, OperationType, ResourceType};
use crate::db::schema::resource_groups;
use crate::db::{JsonText, Moment, Unit};
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::subscriptions::AzureSubscription;

/// Names and values for people.
pub type Tags = BTreeMap<String, String>;

/// A resource group.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = resource_groups)]
pub struct ResourceGroup {
    /// The Azure subscription it is in.
    pub subscription_id: Guid,
    /// The name in lower case: letter case never distinguishes two.
    pub name_key: String,
    /// The name, as it was given.
    pub name: String,
    /// The region, such as `westeurope`.
    pub location: String,
    /// [`Tags`].
    pub tags: JsonText,
    /// When it was made.
    pub created_at: Moment,
}

/// The resource group with this name.
///
/// # Errors
/// [`Error::ResourceGroupNotFound`].
pub fn get(unit: &mut Unit<'_>, subscription_id: &Guid, name: &str) -> Result<ResourceGroup> {
    let found = repo::find(unit.conn, subscription_id, name)?;
    found.ok_or_else(|| Error::ResourceGroupNotFound(crate::access::short(name)))
}

/// Makes a resource group, or replaces the tags of one. Says, too, whether it is new.
///
/// # Errors
/// [`Error::ResourceGroupMoved`]; [`Error::AzureSubscriptionDisabled`].
pub fn put(
    unit: &mut Unit<'_>,
    permit: &Permit,
    place: &Place,
    subscription: &AzureSubscription,
    name: &str,
    location: &str,
    tags: &Tags,
) -> Result<(ResourceGroup, bool)> {
    if !crate::subscriptions::is_enabled(unit, subscription)? {
        return Err(Error::AzureSubscriptionDisabled(subscription.id.clone()));
    }
    let tags = JsonText::of(tags)?;
    if let Some(old) = repo::find(unit.conn, &subscription.id, name)? {
        if old.location != location {
            return Err(Error::ResourceGroupMoved { wanted: location.to_owned(), present: old.location });
        }
        let new = ResourceGroup { tags, ..old.clone() };
        if old.tags.read::<Tags>()? != new.tags.read::<Tags>()? {
            repo::update_tags(unit.conn, &new)?;
            record(unit, permit, place, Some(&old), &new)?;
        }
        return Ok((new, false));
    }
    let new = ResourceGroup {
        subscription_id: subscription.id.clone(),
        name_key: name.to_lowercase(),
        name: name.to_owned(),
        location: location.to_owned(),
        tags,
        created_at: unit.now,
    };
    repo::insert(unit.conn, &new)?;
    record(unit, permit, place, None, &new)?;
    Ok((new, true))
}

fn record(
    unit: &mut Unit<'_>,
    permit: &Permit,
    place: &Place,
    old: Option<&ResourceGroup>,
    new: &ResourceGroup,
) -> Result<()> {
    let described = |one: &ResourceGroup| -> Result<_> {
        Ok(serde_json::json!({
            "subscriptionId": one.subscription_id, "name": one.name, "location": one.location,
            "tags": one.tags.read::<Tags>()?,
        }))
    };
    let change = Change {
        resource: ResourceType::ResourceGroup,
        operation: OperationType::CreateResourceGroup,
        old: old.map(described).transpose()?,
        new: Some(described(new)?),
        details: vec![("SubscriptionId".to_owned(), new.subscription_id.to_string())],
    };
    permit.record(unit, place, change)
}
