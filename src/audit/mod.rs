//! The activity log: one record a change, in the same transaction as the change.

pub mod repo;

use diesel::prelude::*;
use serde::Serialize;

use crate::access::Agent;
use crate::customers::Customer;
use crate::db::schema::audit_records;
use crate::db::{JsonText, Moment, Unit};
use crate::error::Result;
use crate::ids::Guid;
use crate::text_enum;

text_enum! {
    /// What was changed, in Partner Center's words.
    ResourceType {
        /// A customer.
        Customer = "customer",
        /// A customer agreement.
        Agreement = "agreement",
        /// An order.
        Order = "order",
        /// A subscription.
        Subscription = "subscription",
        /// An Azure subscription of a plan.
        AzureEntitlement = "azure_entitlement",
        /// A reservation.
        Reservation = "reservation",
    }
}

text_enum! {
    /// What was done, in Partner Center's words where it has one.
    OperationType {
        /// A customer was created.
        AddCustomer = "add_customer",
        /// A billing profile was replaced.
        UpdateCustomerBillingProfile = "update_customer_billing_profile",
        /// An agreement was confirmed.
        CreateAgreement = "create_agreement",
        /// An order was placed.
        CreateOrder = "create_order",
        /// A subscription was changed.
        UpdateSubscription = "update_subscription",
        /// A subscription was registered for reservations.
        RegisterSubscription = "register_subscription",
        /// An Azure subscription was cancelled.
        CancelEntitlement = "cancel_entitlement",
        /// An Azure subscription was reactivated.
        ReactivateEntitlement = "reactivate_entitlement",
        /// Reservations were returned.
        ReturnReservation = "return_reservation",
        /// Reservations were exchanged.
        ExchangeReservation = "exchange_reservation",
        /// A reservation was split.
        SplitReservation = "split_reservation",
        /// Reservations were merged.
        MergeReservations = "merge_reservations",
        /// A reservation was changed, put away or taken out again.
        UpdateReservation = "update_reservation",
    }
}

/// One detail of a record.
#[derive(Clone, Debug, Serialize)]
pub struct Detail {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// What a change records of itself.
pub struct Change {
    /// What was changed.
    pub resource: ResourceType,
    /// What was done.
    pub operation: OperationType,
    /// The resource before, if there was one.
    pub old: Option<serde_json::Value>,
    /// The resource after, if there is one.
    pub new: Option<serde_json::Value>,
    /// Further details.
    pub details: Vec<(String, String)>,
}

#[derive(Insertable)]
#[diesel(table_name = audit_records)]
struct Record {
    id: String,
    partner_id: Guid,
    customer_id: Guid,
    customer_name: String,
    user_principal_name: String,
    application_id: String,
    object_id: Guid,
    resource_type: ResourceType,
    operation_type: OperationType,
    status: &'static str,
    old_value: Option<String>,
    new_value: Option<String>,
    correlation_id: String,
    customized_data: JsonText,
    at: Moment,
}

/// Records a change that an agent made for a customer.
///
/// # Errors
/// Those of the database.
pub fn record(unit: &mut Unit<'_>, agent: &Agent, customer: &Customer, change: Change) -> Result<()> {
    let details: Vec<Detail> = change.details.into_iter().map(|(key, value)| Detail { key, value }).collect();
    let record = Record {
        id: format!(
            "{}_{}_{}_{}",
            agent.partner.id,
            customer.id,
            change.operation.as_str().replace('_', ""),
            Guid::random()
        ),
        partner_id: agent.partner.id.clone(),
        customer_id: customer.id.clone(),
        customer_name: customer.company_name.clone(),
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

/// The value with its members in PascalCase, as the log writes resources.
fn pascal_case(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| {
                let mut letters = name.chars();
                let first = letters.next().map(|c| c.to_ascii_uppercase());
                (first.into_iter().chain(letters).collect::<String>(), pascal_case(value))
            })
            .collect(),
        Value::Array(elements) => elements.into_iter().map(pascal_case).collect(),
        other => other,
    }
}
