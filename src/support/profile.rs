//! The support profile: how a partner's customers reach its support.

use diesel::prelude::*;
use serde_json::{Value, json};

use super::repo;
use crate::access::Agent;
use crate::audit::{self, Change, OperationType, ResourceType};
use crate::db::Unit;
use crate::db::schema::support_profiles;
use crate::error::Result;
use crate::ids::Guid;

/// A support profile.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = support_profiles, primary_key(partner_id), treat_none_as_null = true)]
pub struct Profile {
    /// The partner.
    pub partner_id: Guid,
    /// The mail address.
    pub email: Option<String>,
    /// The phone number.
    pub telephone: Option<String>,
    /// The web site.
    pub website: Option<String>,
}

impl Profile {
    fn recorded(&self) -> Value {
        json!({"email": self.email, "telephone": self.telephone, "website": self.website})
    }
}

/// The partner's profile; empty until it is written first.
///
/// # Errors
/// Those of the database.
pub fn of(unit: &mut Unit<'_>, agent: &Agent) -> Result<Profile> {
    let empty = Profile { partner_id: agent.partner.id.clone(), email: None, telephone: None, website: None };
    Ok(repo::profile(unit.conn, &agent.partner.id)?.unwrap_or(empty))
}

/// Replaces the partner's profile.
///
/// # Errors
/// Those of the database.
pub fn replace(unit: &mut Unit<'_>, agent: &Agent, profile: &Profile) -> Result<()> {
    let old = repo::profile(unit.conn, &profile.partner_id)?;
    match &old {
        Some(old) if old == profile => return Ok(()),
        Some(_) => repo::update_profile(unit.conn, profile)?,
        None => repo::insert_profile(unit.conn, profile)?,
    }
    let change = Change {
        resource: ResourceType::SupportProfile,
        operation: OperationType::UpdateSupportProfile,
        old: old.map(|old| old.recorded()),
        new: Some(profile.recorded()),
        details: Vec::new(),
    };
    audit::record_own(unit, agent, change)
}
