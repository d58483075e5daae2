//! The activity log: one record a change, in the same transaction as the change, and one a refused
//! attempt where that matters. The records are chained ([`chain`]), so that what is done to them
//! later is found.

pub mod api;
pub mod chain;
pub mod repo;
pub mod rules;

use diesel::prelude::*;
use serde::Serialize;

use crate::access::Agent;
use crate::customers::Customer;
use crate::db::schema::audit_records;
use crate::db::{Db, Moment, Unit};
use crate::error::Result;
use crate::ids::Guid;
use crate::text_enum;

text_enum! {
    /// What was changed, in Partner Center's words where it has one.
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
        /// A user of a customer.
        CustomerUser = "customer_user",
        /// A directory role of a customer.
        CustomerDirectoryRole = "customer_directory_role",
        /// Licences of a customer's user.
        License = "license",
        /// The relationship of partner and customer.
        PartnerCustomerRelationship = "partner_customer_relationship",
        /// A customer's permission to buy for itself.
        SelfServePolicy = "self_serve_policy",
        /// A reservation or its order.
        Reservation = "reservation",
        /// A role assignment.
        RoleAssignment = "role_assignment",
        /// What a partner charges a customer.
        PriceList = "price_list",
        /// A support ticket.
        SupportTicket = "support_ticket",
        /// How customers reach the partner's support.
        SupportProfile = "support_profile",
        /// A resource group.
        ResourceGroup = "resource_group",
    }
}

text_enum! {
    /// What was done, in Partner Center's words where it has one.
    OperationType {
        /// A customer was created.
        AddCustomer = "add_customer",
        /// A sandbox account's customer was deleted.
        DeleteCustomer = "delete_customer",
        /// A billing profile was replaced.
        UpdateCustomerBillingProfile = "update_customer_billing_profile",
        /// A customer's qualification was changed.
        UpdateCustomerQualification = "update_customer_qualification",
        /// A relationship with a customer was ended.
        RemovePartnerCustomerRelationship = "remove_partner_customer_relationship",
        /// An agreement was confirmed.
        CreateAgreement = "create_agreement",
        /// An order was placed.
        CreateOrder = "create_order",
        /// An order was changed.
        UpdateOrder = "update_order",
        /// A subscription was changed.
        UpdateSubscription = "update_subscription",
        /// A customer may buy for itself.
        CreateSelfServePolicy = "create_self_serve_policy",
        /// What a customer may buy for itself was changed.
        UpdateSelfServePolicy = "update_self_serve_policy",
        /// A customer may no longer buy for itself.
        DeleteSelfServePolicy = "delete_self_serve_policy",
        /// A customer's user was created.
        CreateCustomerUser = "create_customer_user",
        /// A customer's user was changed.
        UpdateCustomerUser = "update_customer_user",
        /// A customer's user got another name to sign in with.
        UpdateCustomerUserPrincipalName = "update_customer_user_principal_name",
        /// A customer's user got or lost licences.
        UpdateCustomerUserLicenses = "update_customer_user_licenses",
        /// A customer's user was deleted.
        DeleteCustomerUser = "delete_customer_user",
        /// A deleted user of a customer was restored.
        RestoreCustomerUser = "restore_customer_user",
        /// A customer's user got another password.
        ResetCustomerUserPassword = "reset_customer_user_password",
        /// A user was given a directory role.
        AddUserMember = "add_user_member",
        /// A user lost a directory role.
        RemoveUserMember = "remove_user_member",
        /// A subscription was registered for reservations.
        RegisterSubscription = "register_subscription",
        /// An Azure subscription was cancelled.
        CancelEntitlement = "cancel_entitlement",
        /// An Azure subscription was reactivated.
        ReactivateEntitlement = "reactivate_entitlement",
        /// A further Azure subscription was made.
        CreateAzureSubscription = "create_azure_subscription",
        /// A resource group was made.
        CreateResourceGroup = "create_resource_group",
        /// A reservation was returned for a refund.
        ReturnReservation = "return_reservation",
        /// Reservations were exchanged.
        ExchangeReservation = "exchange_reservation",
        /// A reservation was split.
        SplitReservation = "split_reservation",
        /// Reservations were merged.
        MergeReservations = "merge_reservations",
        /// A reservation was changed.
        UpdateReservation = "update_reservation",
        /// Somebody was given a role.
        CreateRoleAssignment = "create_role_assignment",
        /// Somebody lost a role.
        DeleteRoleAssignment = "delete_role_assignment",
        /// A partner set what a customer pays.
        UpdatePriceList = "update_price_list",
        /// A support ticket was opened.
        CreateSupportTicket = "create_support_ticket",
        /// A support ticket was changed.
        UpdateSupportTicket = "update_support_ticket",
        /// The support profile was replaced.
        UpdateSupportProfile = "update_support_profile",
    }
}

impl OperationType {
    /// Whether Partner Center has such a type; the others are shown on our own surface alone.
    pub const fn is_of_partner_center(self) -> bool {
        !matches!(
            self,
            Self::RegisterSubscription
                | Self::CancelEntitlement
                | Self::ReactivateEntitlement
                | Self::CreateAzureSubscription
                | Self::CreateResourceGroup
                | Self::ReturnReservation
                | Self::ExchangeReservation
                | Self::SplitReservation
                | Self::MergeReservations
                | Self::UpdateReservation
                | Self::CreateRoleAssignment
                | Self::DeleteRoleAssignment
                | Self::UpdatePriceList
                | Self::CreateSupportTicket
                | Self::UpdateSupportTicket
                | Self::UpdateSupportProfile
        )
    }
}

text_enum! {
    /// How it went.
    Status {
        /// It was done.
        Succeeded = "succeeded",
        /// It was refused.
        Failed = "failed",
    }
}

/// Who acts, and in whose log that stands: an agent of a partner, or a customer's user who does
/// something that the partner is billed for.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The partner whose log it is.
    pub partner_id: Guid,
    /// The user principal name; empty for an application alone.
    pub user_principal_name: String,
    /// The application, as the token names it.
    pub application_id: String,
    /// The user or application itself.
    pub object_id: Guid,
    /// Ties the records of one business transaction together.
    pub correlation_id: String,
}

impl From<&Agent> for Actor {
    fn from(agent: &Agent) -> Self {
        Self {
            partner_id: agent.partner.id.clone(),
            user_principal_name: agent.user_name().to_owned(),
            application_id: agent.application().to_owned(),
            object_id: agent.token.object_id.clone(),
            correlation_id: agent.correlation_id.clone(),
        }
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
#[derive(Clone, Debug)]
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

impl Change {
    /// An attempt of which nothing is known but what was to be done.
    pub const fn attempt(resource: ResourceType, operation: OperationType) -> Self {
        Self { resource, operation, old: None, new: None, details: Vec::new() }
    }
}

#[derive(Insertable)]
#[diesel(table_name = audit_records)]
struct Record {
    id: String,
    partner_id: Guid,
    customer_id: Option<Guid>,
    customer_name: String,
    user_principal_name: String,
    application_id: String,
    object_id: Guid,
    resource_type: ResourceType,
    operation_type: OperationType,
    status: Status,
    old_value: Option<String>,
    new_value: Option<String>,
    correlation_id: String,
    customized_data: String,
    at: Moment,
    chain_hash: String,
}

impl Record {
    /// With the mark that says where it comes from ([`chain`]).
    fn marked(self) -> Result<Self> {
        let content = chain::content(
            [
                Some(&self.id),
                Some(self.partner_id.as_str()),
                self.customer_id.as_ref().map(Guid::as_str),
                Some(&self.customer_name),
                Some(&self.user_principal_name),
                Some(&self.application_id),
                Some(self.object_id.as_str()),
                Some(self.resource_type.as_str()),
                Some(self.operation_type.as_str()),
                Some(self.status.as_str()),
                self.old_value.as_deref(),
                self.new_value.as_deref(),
                Some(&self.correlation_id),
                Some(&self.customized_data),
            ],
            self.at,
        )?;
        Ok(Self { chain_hash: chain::mark(&content), ..self })
    }
}

/// Records a change that somebody made for a customer, in the transaction of the change.
///
/// # Errors
/// Those of the database.
pub fn record(unit: &mut Unit<'_>, who: impl Into<Actor>, customer: &Customer, change: Change) -> Result<()> {
    write(unit, &who.into(), Some(customer), change, Status::Succeeded)
}

/// Records a change of what a partner has for itself, with no customer concerned.
///
/// # Errors
/// Those of the database.
pub fn record_own(unit: &mut Unit<'_>, who: impl Into<Actor>, change: Change) -> Result<()> {
    write(unit, &who.into(), None, change, Status::Succeeded)
}

/// Records an attempt that was refused, in a transaction of its own: the refused one is undone.
/// Without a customer where the attempt names none that the partner has.
///
/// # Errors
/// Those of the database; the attempt then is not recorded, and the caller must not be told that
/// it was refused as if it were.
pub async fn record_failure(db: &Db, who: impl Into<Actor>, customer: Option<Customer>, change: Change) -> Result<()> {
    let who = who.into();
    let write = move |unit: &mut Unit<'_>| write(unit, &who, customer.as_ref(), change.clone(), Status::Failed);
    db.write("record a refusal", write).await
}

fn write(unit: &mut Unit<'_>, who: &Actor, customer: Option<&Customer>, change: Change, status: Status) -> Result<()> {
    let details: Vec<Detail> = change.details.into_iter().map(|(key, value)| Detail { key, value }).collect();
    let subject = customer.map_or("none", |customer| customer.id.as_str());
    let operation = change.operation.as_str().replace('_', "");
    let record = Record {
        id: format!("{}_{subject}_{operation}_{}", who.partner_id, Guid::random()),
        partner_id: who.partner_id.clone(),
        customer_id: customer.map(|customer| customer.id.clone()),
        customer_name: customer.map(|customer| customer.company_name.clone()).unwrap_or_default(),
        user_principal_name: who.user_principal_name.clone(),
        application_id: who.application_id.clone(),
        object_id: who.object_id.clone(),
        resource_type: change.resource,
        operation_type: change.operation,
        status,
        old_value: change.old.map(|value| pascal_case(value).to_string()),
        new_value: change.new.map(|value| pascal_case(value).to_string()),
        correlation_id: who.correlation_id.clone(),
        customized_data: serde_json::to_string(&details)?,
        at: unit.now,
        chain_hash: String::new(),
    };
    repo::insert(unit.conn, &record.marked()?)
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
