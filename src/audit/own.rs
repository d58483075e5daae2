//! Changes of what a partner has for itself, with no customer concerned. In the log the partner
//! stands in the customer's place.

use super::{Change, Detail, Record, pascal_case, repo};
use crate::access::Agent;
use crate::db::{JsonText, Unit};
use crate::error::Result;
use crate::ids::Guid;

/// Records a change that an agent made for its own partner.
///
/// # Errors
/// Those of the database.
pub fn record_own(unit: &mut Unit<'_>, agent: &Agent, change: Change) -> Result<()> {
    let partner = &agent.partner;
    let details: Vec<Detail> = change.details.into_iter().map(|(key, value)| Detail { key, value }).collect();
    let operation = change.operation.as_str().replace('_', "");
    let record = Record {
        id: format!("{}_{}_{operation}_{}", partner.id, partner.id, Guid::random()),
        partner_id: partner.id.clone(),
        customer_id: partner.id.clone(),
        customer_name: partner.name.clone(),
        user_principal_name: agent.user_name().to_owned(),
        application_id: agent.application().to_owned(),
        object_id: agent.token.object_id.clone(),
        resource_type: change.resource,
        operation_type: change.operation,
        status: "succeeded",
        old_value: change.old.map(|value| pascal_case(value).to_string()),
        new_value: change.new.map(|value| pascal_case(value).to_string()),
        correlation_id: agent.correlation_id.clone(),
        customized_data: JsonText::of(&details)?,
        at: unit.now,
    };
    repo::insert(unit.conn, &record)
}
