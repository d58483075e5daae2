//! Subscriptions on the wire: `/v1/customers/{customer_id}/subscriptions`.

use actix_web::{get, patch, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::repo;
use super::{
    AzureSubscription, Subscription, SubscriptionKind, SubscriptionStatus, Wanted, azure_of_plan, cancel_azure, change,
    etag, of_customer, reactivate_azure, register,
};
use crate::catalog::BillingCycle;
use crate::db::Moment;
use crate::error::{Error, Result};
use crate::http::Reply;
use crate::ids::Guid;
use crate::partner_center::{Answer, Attributes, Call, Collection, Link, Links};
use crate::permissions::{
    CancelAzureEntitlement, GetAzureEntitlement, GetRegistrationStatus, GetSubscription, ListAzureEntitlements,
    ListSubscriptions, ReactivateAzureEntitlement, RegisterSubscription, UpdateSubscription,
};

/// A subscription.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Subscription)]
pub struct SubscriptionResource {
    /// The id.
    pub id: String,
    /// The Azure subscription, of a legacy offer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entitlement_id: Option<String>,
    /// The catalogue item or legacy offer.
    pub offer_id: String,
    /// The offer's title.
    pub offer_name: String,
    /// The customer's own name for it.
    pub friendly_name: String,
    /// What kind of product it is.
    pub product_type: ProductType,
    /// Seats; 1 for Azure.
    pub quantity: i64,
    /// What a unit is.
    pub unit_type: &'static str,
    /// Always false.
    pub has_purchasable_addons: bool,
    /// When it was made.
    #[schema(value_type = DateTime<Utc>)]
    pub creation_date: Moment,
    /// From when it can be used.
    #[schema(value_type = DateTime<Utc>)]
    pub effective_start_date: Moment,
    /// When its term ends; in the year 9999 where it has no end.
    pub commitment_end_date: String,
    /// `active`, `suspended`, `deleted` or `expired`.
    pub status: SubscriptionStatus,
    /// Whether it is renewed at the end of its term.
    pub auto_renew_enabled: bool,
    /// Always false.
    pub is_trial: bool,
    /// `usage` or `license`.
    pub billing_type: &'static str,
    /// How often it is billed.
    pub billing_cycle: BillingCycle,
    /// For how long it is bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub term_duration: Option<&'static str>,
    /// Always true.
    pub is_microsoft_product: bool,
    /// `subscription`.
    pub contract_type: &'static str,
    /// The PartnerID of the indirect reseller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_id: Option<String>,
    /// The order that made it.
    pub order_id: String,
    /// Links.
    pub links: SubscriptionLinks,
    /// `Subscription`, with the etag.
    pub attributes: Attributes,
}

/// What kind of product a subscription is of.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductType {
    /// The kind.
    pub id: &'static str,
    /// The kind's title.
    pub display_name: &'static str,
}

/// The links of a subscription.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubscriptionLinks {
    /// The subscription itself.
    #[serde(rename = "self")]
    pub itself: Link,
    /// Its Azure subscriptions, where it has some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entitlement: Option<Link>,
}

impl SubscriptionResource {
    fn new(subscription: &Subscription, azure: &[AzureSubscription]) -> Self {
        let is_azure = subscription.kind.is_azure();
        let (type_id, unit_type) = match subscription.kind {
            SubscriptionKind::AzurePlan | SubscriptionKind::AzureOffer => ("Azure", "Usage-based"),
            SubscriptionKind::License => ("OnlineServicesNCE", "Licenses"),
            SubscriptionKind::Software => ("Software", "Licenses"),
        };
        let uri = format!("/customers/{}/subscriptions/{}", subscription.customer_id, subscription.shown_id());
        let legacy = subscription.kind == SubscriptionKind::AzureOffer;
        Self {
            id: subscription.shown_id(),
            entitlement_id: azure.first().filter(|_| legacy).map(|azure| azure.id.to_string()),
            offer_id: subscription.offer_id.clone(),
            offer_name: subscription.offer_name.clone(),
            friendly_name: subscription.friendly_name.clone(),
            product_type: ProductType { id: type_id, display_name: type_id },
            quantity: subscription.quantity,
            unit_type,
            has_purchasable_addons: false,
            creation_date: subscription.created_at,
            effective_start_date: subscription.created_at,
            commitment_end_date: subscription
                .ends_at
                .map_or_else(|| "9999-12-10T00:00:00Z".to_owned(), |at| at.to_string()),
            status: subscription.status,
            auto_renew_enabled: subscription.auto_renew,
            is_trial: false,
            billing_type: if is_azure { "usage" } else { "license" },
            billing_cycle: subscription.billing_cycle,
            term_duration: subscription.term.map(crate::catalog::Term::as_str),
            is_microsoft_product: true,
            contract_type: "subscription",
            partner_id: subscription.partner_id_on_record.clone(),
            order_id: subscription.order_id.clone(),
            links: SubscriptionLinks {
                entitlement: is_azure.then(|| Link::get(format!("{uri}/azureEntitlements"))),
                itself: Link::get(uri),
            },
            attributes: Attributes::versioned("Subscription", etag(subscription)),
        }
    }

    fn read(unit: &mut crate::db::Unit<'_>, subscription: &Subscription) -> Result<Self> {
        let azure =
            if subscription.kind.is_azure() { repo::azure_of(unit.conn, &subscription.id)? } else { Vec::new() };
        Ok(Self::new(subscription, &azure))
    }
}

/// A subscription to change: the whole resource as it was read, with what is to be different.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionRequest {
    /// A new name.
    pub friendly_name: Option<String>,
    /// A new number of seats; 0 or absent leaves it.
    pub quantity: Option<i64>,
    /// `active`, `suspended` or `deleted`; `none` or absent leaves it.
    pub status: Option<String>,
    /// Absent means false.
    pub auto_renew_enabled: Option<bool>,
    /// The etag that was read, when it is to be checked.
    pub attributes: Option<crate::customers::api::EtagRequest>,
}

impl SubscriptionRequest {
    fn wanted(self, if_match: Option<String>) -> Result<Wanted> {
        let status = self.status.as_deref().filter(|text| !text.is_empty() && !text.eq_ignore_ascii_case("none"));
        let status = status
            .map(|text| {
                SubscriptionStatus::parse(text)
                    .ok_or_else(|| Error::invalid("status", "must be active, suspended or deleted"))
            })
            .transpose()?;
        if self.quantity.is_some_and(i64::is_negative) {
            return Err(Error::invalid("quantity", "must not be negative"));
        }
        if self.friendly_name.as_ref().is_some_and(|name| name.len() > 256) {
            return Err(Error::invalid("friendlyName", "must not be longer than 256 characters"));
        }
        Ok(Wanted {
            friendly_name: self.friendly_name.filter(|name| !name.is_empty()),
            quantity: self.quantity.filter(|quantity| *quantity > 0),
            status,
            auto_renew: self.auto_renew_enabled,
            if_match,
            body_etag: self.attributes.and_then(|attributes| attributes.etag),
        })
    }
}

/// Whether a subscription is registered for reservations.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegistrationStatus {
    /// The subscription.
    pub subscription_id: String,
    /// `registered` or `notregistered`.
    pub status: &'static str,
    /// `SubscriptionRegistrationStatus`.
    pub attributes: Attributes,
}

/// An Azure subscription of a plan.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AzureEntitlement {
    /// The Azure subscription's id.
    pub id: String,
    /// Its name.
    pub friendly_name: String,
    /// `active` or `inactive`.
    pub status: super::EntitlementStatus,
    /// The plan.
    pub subscription_id: String,
    /// Links.
    pub links: Links,
}

impl AzureEntitlement {
    fn new(plan: &Subscription, azure: &AzureSubscription) -> Self {
        let (customer, plan) = (&azure.customer_id, plan.shown_id());
        Self {
            id: azure.id.to_string(),
            friendly_name: azure.name.clone(),
            status: azure.status,
            links: Links::to(format!("/customers/{customer}/subscriptions/{plan}/azureEntitlements/{}", azure.id)),
            subscription_id: plan,
        }
    }
}

/// Why an Azure subscription is cancelled.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CancellationRequest {
    /// `compromise`.
    #[schema(example = "compromise")]
    pub cancellation_reason: Option<String>,
}

/// List subscriptions.
///
/// The whole list, oldest first; reservations are not among them. `order_id` narrows it to one
/// order, `mpn_id` to one indirect reseller.
#[utoipa::path(
    tag = "Subscriptions",
    params(("order_id" = Option<String>, Query, description = "An order's id"), ("mpn_id" = Option<String>, Query, description = "A reseller's PartnerID")),
    responses((status = 200, body = Collection<SubscriptionResource>))
)]
#[get("/v1/customers/{customer_id}/subscriptions")]
pub async fn list_subscriptions(call: Call<ListSubscriptions>) -> Answer {
    let (id, itself) = (call.guid("customer_id")?, call.link());
    let (order_id, mpn_id) =
        (call.query.get("order_id").map(str::to_owned), call.query.get("mpn_id").map(str::to_owned));
    call.read(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        let found = repo::list(unit.conn, &customer, order_id.as_deref(), mpn_id.as_deref())?;
        let items =
            found.iter().map(|subscription| SubscriptionResource::read(unit, subscription)).collect::<Result<_>>()?;
        Ok(Collection::whole(items, itself.clone()))
    })
    .await
}

/// Get a subscription.
///
/// A subscription of another customer or partner is 404 with code 20003.
#[utoipa::path(tag = "Subscriptions", responses((status = 200, body = SubscriptionResource)))]
#[get("/v1/customers/{customer_id}/subscriptions/{subscription_id}")]
pub async fn get_subscription(call: Call<GetSubscription>) -> Answer {
    let (id, subscription) = ids(&call)?;
    call.read(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        let subscription = of_customer(unit, &customer, &subscription)?;
        SubscriptionResource::read(unit, &subscription)
    })
    .await
}

/// Change a subscription.
///
/// The whole resource is sent, with what is to be different: `friendlyName`, `status` (suspend,
/// reactivate, delete), `quantity` of licences, `autoRenewEnabled` (absent means false). An Azure
/// plan can be suspended only when its Azure subscriptions are cancelled.
#[utoipa::path(tag = "Subscriptions", request_body = SubscriptionRequest, responses((status = 200, body = SubscriptionResource)))]
#[patch("/v1/customers/{customer_id}/subscriptions/{subscription_id}")]
pub async fn update_subscription(mut call: Call<UpdateSubscription>) -> Answer {
    let (id, subscription) = ids(&call)?;
    let if_match = call.if_match();
    let wanted = call.body::<SubscriptionRequest>()?.wanted(if_match)?;
    call.write(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        let changed = change(unit, agent, &customer, &subscription, &wanted)?;
        Reply::ok(&SubscriptionResource::read(unit, &changed)?)
    })
    .await
}

/// Register a subscription for reservations.
///
/// Azure plans and MS-AZR-0145P subscriptions alike; done at once, `Location` names the status.
/// Registering again changes nothing. The body may be absent or `null`.
#[utoipa::path(tag = "Subscriptions", responses((status = 202, description = "Registered; no body", headers(("Location" = String, description = "The status, relative to /v1")))))]
#[post("/v1/customers/{customer_id}/subscriptions/{subscription_id}/registrations")]
pub async fn register_subscription(call: Call<RegisterSubscription>) -> Answer {
    let (id, subscription) = ids(&call)?;
    call.write(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        register(unit, agent, &customer, &subscription)?;
        Ok(Reply::accepted(Some(format!("/customers/{id}/subscriptions/{subscription}/registrationstatus"))))
    })
    .await
}

/// Get the registration status.
///
/// `registered` or `notregistered`.
#[utoipa::path(tag = "Subscriptions", responses((status = 200, body = RegistrationStatus)))]
#[get("/v1/customers/{customer_id}/subscriptions/{subscription_id}/registrationstatus")]
pub async fn get_registration_status(call: Call<GetRegistrationStatus>) -> Answer {
    let (id, subscription) = ids(&call)?;
    call.read(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        let subscription = of_customer(unit, &customer, &subscription)?;
        Ok(RegistrationStatus {
            subscription_id: subscription.shown_id(),
            status: if subscription.registered { "registered" } else { "notregistered" },
            attributes: Attributes::of("SubscriptionRegistrationStatus"),
        })
    })
    .await
}

/// List the Azure subscriptions of a plan.
///
/// Their ids are the `{subscriptionId}` of the Azure side.
#[utoipa::path(tag = "Subscriptions", responses((status = 200, body = Collection<AzureEntitlement>)))]
#[get("/v1/customers/{customer_id}/subscriptions/{subscription_id}/azureEntitlements")]
pub async fn list_azure_entitlements(call: Call<ListAzureEntitlements>) -> Answer {
    let ((id, plan), itself) = (ids(&call)?, call.link());
    call.read(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        let plan = of_customer(unit, &customer, &plan)?;
        let items =
            repo::azure_of(unit.conn, &plan.id)?.iter().map(|azure| AzureEntitlement::new(&plan, azure)).collect();
        Ok(Collection::whole(items, itself.clone()))
    })
    .await
}

/// Get an Azure subscription of a plan.
///
/// An unknown one is 404 with code 800111.
#[utoipa::path(tag = "Subscriptions", responses((status = 200, body = AzureEntitlement)))]
#[get("/v1/customers/{customer_id}/subscriptions/{subscription_id}/azureEntitlements/{entitlement_id}")]
pub async fn get_azure_entitlement(call: Call<GetAzureEntitlement>) -> Answer {
    let ((id, plan), entitlement) = (ids(&call)?, call.guid("entitlement_id")?);
    call.read(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        let plan = of_customer(unit, &customer, &plan)?;
        Ok(AzureEntitlement::new(&plan, &azure_of_plan(unit, &plan, &entitlement)?))
    })
    .await
}

/// Cancel an Azure subscription.
///
/// For fraud only: the reason is `compromise`. It takes effect at once.
#[utoipa::path(tag = "Subscriptions", request_body = CancellationRequest, responses((status = 200, body = AzureEntitlement)))]
#[post("/v1/customers/{customer_id}/subscriptions/{subscription_id}/azureEntitlements/{entitlement_id}/cancel")]
pub async fn cancel_azure_entitlement(mut call: Call<CancelAzureEntitlement>) -> Answer {
    let ((id, plan), entitlement) = (ids(&call)?, call.guid("entitlement_id")?);
    let reason = call.body::<CancellationRequest>()?.cancellation_reason.unwrap_or_default();
    call.write(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        let plan = of_customer(unit, &customer, &plan)?;
        let azure = cancel_azure(unit, agent, &customer, &plan, &entitlement, &reason)?;
        Reply::ok(&AzureEntitlement::new(&plan, &azure))
    })
    .await
}

/// Reactivate an Azure subscription.
///
/// One that was cancelled, of a plan that is active.
#[utoipa::path(tag = "Subscriptions", responses((status = 202, description = "Reactivated; no body")))]
#[post("/v1/customers/{customer_id}/subscriptions/{subscription_id}/azureEntitlements/{entitlement_id}/reactivate")]
pub async fn reactivate_azure_entitlement(call: Call<ReactivateAzureEntitlement>) -> Answer {
    let ((id, plan), entitlement) = (ids(&call)?, call.guid("entitlement_id")?);
    call.write(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        let plan = of_customer(unit, &customer, &plan)?;
        reactivate_azure(unit, agent, &customer, &plan, &entitlement)?;
        Ok(Reply::accepted(None))
    })
    .await
}

fn ids<O: crate::permissions::Operation>(call: &Call<O>) -> Result<(Guid, Guid)> {
    Ok((call.guid("customer_id")?, call.guid("subscription_id")?))
}
