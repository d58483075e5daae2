//! Queries on resource groups.

use diesel::prelude::*;

use super::ResourceGroup;
use crate::db::Conn;
use crate::db::schema::resource_groups;
use crate::error::Result;
use crate::ids::Guid;

/// The resource group of a subscription with this name (any letter case).
///
/// # Errors
/// Those of the database.
pub fn find(conn: &mut Conn, subscription_id: &Guid, name: &str) -> Result<Option<ResourceGroup>> {
    Ok(resource_groups::table
        .find((subscription_id, name.to_lowercase()))
        .select(ResourceGroup::as_select())
        .first(conn)
        .optional()?)
}

/// The resource groups of a subscription, by name.
///
/// # Errors
/// Those of the database.
pub fn of_subscription(conn: &mut Conn, subscription_id: &Guid) -> Result<Vec<ResourceGroup>> {
    Ok(resource_groups::table
        .filter(resource_groups::subscription_id.eq(subscription_id))
        .order(resource_groups::name_key)
        .select(ResourceGroup::as_select())
        .load(conn)?)
}

pub(super) fn insert(conn: &mut Conn, group: &ResourceGroup) -> Result<()> {
    diesel::insert_into(resource_groups::table).values(group).execute(conn)?;
    Ok(())
}

pub(super) fn update_tags(conn: &mut Conn, group: &ResourceGroup) -> Result<()> {
    diesel::update(resource_groups::table.find((&group.subscription_id, &group.name_key)))
        .set(resource_groups::tags.eq(&group.tags))
        .execute(conn)?;
    Ok(())
}
