//! `Microsoft.Resources/subscriptions` and `Microsoft.Subscription/aliases`: Azure subscriptions
//! as Azure's resource manager shows them.

use actix_web::{get, post, put};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::aliases::{self, SubscriptionAlias};
use super::locations::{REGIONS, Region};
use super::{AzureSubscription, SubscriptionKind, is_enabled, repo};
use crate::access::{PermittedSubscription, short};
use crate::azure::{AzureAnswer, AzureCall, ListOf, ids};
use crate::db::{Moment, Unit};
use crate::error::{Error, Result};
use crate::http::Reply;
use crate::ids::Guid;
use crate::permissions::azure::*;

/// How many characters the names of aliases and of subscriptions have at the most.
const LONGEST_ALIAS: usize = 128;
const LONGEST_NAME: usize = 64;

/// An Azure subscription.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AzureSubscription)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionResource {
    /// The full id.
    #[schema(example = "/subscriptions/70000000-0000-4000-8000-000000000001")]
    pub id: String,
    /// The bare id.
    #[schema(value_type = String, format = "uuid")]
    pub subscription_id: Guid,
    /// The customer's tenant.
    #[schema(value_type = String, format = "uuid")]
    pub tenant_id: Guid,
    /// Its name.
    #[schema(example = "Azure plan")]
    pub display_name: String,
    /// `Enabled`, or `Disabled` where it or its plan is not active.
    #[schema(example = "Enabled")]
    pub state: &'static str,
    /// What it is of.
    pub subscription_policies: SubscriptionPolicies,
    /// `RoleBased`.
    pub authorization_source: &'static str,
    /// The partner that manages it.
    pub managed_by_tenants: Vec<ManagedByTenant>,
}

/// What an Azure subscription is of.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionPolicies {
    /// Where resources may be.
    pub location_placement_id: &'static str,
    /// The kind of offer.
    pub quota_id: &'static str,
    /// `Off`.
    pub spending_limit: &'static str,
}

/// A tenant that manages an Azure subscription.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManagedByTenant {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub tenant_id: Guid,
}

/// A region.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    /// The full id.
    pub id: String,
    /// Its name.
    #[schema(example = "westeurope")]
    pub name: &'static str,
    /// `Region`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Its name for people.
    #[schema(example = "West Europe")]
    pub display_name: &'static str,
    /// The same with the part of the world.
    #[schema(example = "(Europe) West Europe")]
    pub regional_display_name: String,
    /// What kind of region it is.
    pub metadata: LocationMetadata,
}

/// What kind of region it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LocationMetadata {
    /// `Physical`.
    pub region_type: &'static str,
    /// `Recommended`.
    pub region_category: &'static str,
    /// The part of the world.
    #[schema(example = "Europe")]
    pub geography_group: &'static str,
}

/// A resource provider of a subscription.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Provider {
    /// The full id.
    pub id: String,
    /// `Microsoft.Capacity`.
    pub namespace: &'static str,
    /// `RegistrationRequired`.
    pub registration_policy: &'static str,
    /// `Registered`.
    pub registration_state: &'static str,
    /// What it has.
    pub resource_types: Vec<ProviderResourceType>,
}

/// A kind of resource of a provider.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderResourceType {
    /// Its name.
    #[schema(example = "reservationOrders")]
    pub resource_type: &'static str,
    /// Where there is any: these have no region.
    pub locations: Vec<String>,
    /// The versions that the official clients send.
    pub api_versions: Vec<&'static str>,
}

/// An Azure subscription made under a name.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SubscriptionAlias)]
pub struct AliasResource {
    /// The full id.
    #[schema(example = "/providers/Microsoft.Subscription/aliases/web")]
    pub id: String,
    /// The name.
    #[schema(example = "web")]
    pub name: String,
    /// `Microsoft.Subscription/aliases`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Everything else.
    pub properties: AliasProperties,
}

/// What was made.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SubscriptionAliasProperties)]
#[serde(rename_all = "camelCase")]
pub struct AliasProperties {
    /// The Azure subscription.
    #[schema(value_type = String, format = "uuid")]
    pub subscription_id: Guid,
    /// Its name.
    pub display_name: String,
    /// `Succeeded`.
    pub provisioning_state: &'static str,
    /// The plan it is under.
    #[schema(value_type = String, format = "uuid")]
    pub billing_scope: Guid,
    /// `Production`.
    pub workload: &'static str,
    /// When it was made.
    #[schema(value_type = String, format = "date-time")]
    pub created_time: Moment,
}

/// A further Azure subscription as it is asked for.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = SubscriptionAliasRequest)]
pub struct AliasRequest {
    /// Required.
    pub properties: Option<AliasRequestProperties>,
}

/// What is to be made.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = SubscriptionAliasRequestProperties)]
#[serde(rename_all = "camelCase")]
pub struct AliasRequestProperties {
    /// The subscription's name; the alias unless given.
    #[schema(example = "Web shop")]
    pub display_name: Option<String>,
    /// Required: the Azure plan, by its subscription id in Partner Center, bare or as the last segment of a path.
    #[schema(example = "60000000-0000-4000-8000-000000000001")]
    pub billing_scope: Option<String>,
    /// `Production`, the only one.
    #[schema(example = "Production")]
    pub workload: Option<String>,
}

impl AliasRequest {
    /// The plan, and the new subscription's name.
    fn check(self, alias: &str) -> Result<(Guid, String)> {
        let properties = self.properties.ok_or_else(|| Error::invalid("properties", "is required"))?;
        let scope = properties.billing_scope.filter(|text| !text.trim().is_empty());
        let scope = scope.ok_or_else(|| Error::invalid("properties.billingScope", "is required"))?;
        let last = scope.trim().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let plan = crate::access::guid("properties.billingScope", last)?;
        let workload = properties.workload.filter(|text| !text.is_empty());
        if let Some(other) = workload.filter(|text| !text.eq_ignore_ascii_case("Production")) {
            let reason = format!("{} is not supported: only Production", short(&other));
            return Err(Error::invalid("properties.workload", reason));
        }
        let name = properties.display_name.filter(|text| !text.trim().is_empty()).unwrap_or_else(|| alias.to_owned());
        if name.chars().count() > LONGEST_NAME {
            return Err(Error::invalid("properties.displayName", "must be at most 64 characters"));
        }
        Ok((plan, name))
    }
}

fn check_alias(name: &str) -> Result<()> {
    let fits = name.chars().count() <= LONGEST_ALIAS
        && name.chars().all(|letter| letter.is_alphanumeric() || "_-.() ".contains(letter));
    if fits {
        Ok(())
    } else {
        Err(Error::invalid("aliasName", "must be 1 to 128 letters, digits, _ - . ( ) or spaces"))
    }
}

fn shown(unit: &mut Unit<'_>, one: PermittedSubscription) -> Result<SubscriptionResource> {
    let state = if is_enabled(unit, &one.azure)? { "Enabled" } else { "Disabled" };
    let plan = repo::by_id(unit.conn, &one.azure.subscription_id)?;
    let is_plan = plan.is_some_and(|plan| plan.kind == SubscriptionKind::AzurePlan);
    Ok(SubscriptionResource {
        id: ids::subscription_id(&one.azure.id),
        subscription_id: one.azure.id,
        tenant_id: one.customer.id,
        display_name: one.azure.name,
        state,
        subscription_policies: SubscriptionPolicies {
            location_placement_id: "Public_2014-09-01",
            quota_id: if is_plan { "CSP_MG_2017-12-01" } else { "CSP_2015-05-01" },
            spending_limit: "Off",
        },
        authorization_source: "RoleBased",
        managed_by_tenants: vec![ManagedByTenant { tenant_id: one.customer.seller_id }],
    })
}

fn shown_alias((alias, azure): (SubscriptionAlias, AzureSubscription)) -> AliasResource {
    AliasResource {
        id: format!("/providers/Microsoft.Subscription/aliases/{}", alias.name),
        name: alias.name,
        kind: "Microsoft.Subscription/aliases",
        properties: AliasProperties {
            subscription_id: azure.id,
            display_name: azure.name,
            provisioning_state: "Succeeded",
            billing_scope: azure.subscription_id,
            workload: "Production",
            created_time: alias.created_at,
        },
    }
}

fn capacity(subscription: &Guid) -> Provider {
    let types = [
        "resourceProviders",
        "appliedReservations",
        "catalogs",
        "reservationOrders",
        "reservations",
        "reservationOrders/reservations",
        "reservationOrders/reservations/revisions",
        "calculatePrice",
        "calculateExchange",
        "exchange",
        "operations",
    ];
    let resource_types = types.into_iter().map(|resource_type| ProviderResourceType {
        resource_type,
        locations: Vec::new(),
        api_versions: vec!["2022-11-01", "2022-03-01", "2021-07-01", "2020-10-01-preview", "2019-04-01"],
    });
    Provider {
        id: format!("{}/providers/Microsoft.Capacity", ids::subscription_id(subscription)),
        namespace: "Microsoft.Capacity",
        registration_policy: "RegistrationRequired",
        registration_state: "Registered",
        resource_types: resource_types.collect(),
    }
}

/// List Azure subscriptions.
///
/// Those the caller may read: an agent's those of all its partner's customers, a customer's user
/// those on which it has a role.
#[utoipa::path(tag = "Microsoft.Resources", responses((status = 200, body = ListOf<SubscriptionResource>)))]
#[get("/subscriptions")]
pub async fn list_azure_subscriptions(call: AzureCall<ListAzureSubscriptions>) -> AzureAnswer {
    call.read(|unit, permit| {
        let found = permit.subscriptions(unit)?;
        let shown: Result<Vec<_>> = found.into_iter().map(|one| shown(unit, one)).collect();
        Ok(ListOf::whole(shown?))
    })
    .await
}

/// Get an Azure subscription.
///
/// `tenantId` is the customer.
#[utoipa::path(tag = "Microsoft.Resources", responses((status = 200, body = SubscriptionResource)))]
#[get("/subscriptions/{subscriptionId}")]
pub async fn get_azure_subscription(call: AzureCall<GetAzureSubscription>) -> AzureAnswer {
    let id = call.guid("subscriptionId")?;
    call.read(move |unit, permit| {
        let found = permit.subscription(unit, &id)?;
        shown(unit, found)
    })
    .await
}

/// List the regions of an Azure subscription.
///
/// The regions of the public cloud, whether or not there is anything to reserve.
#[utoipa::path(tag = "Microsoft.Resources", responses((status = 200, body = ListOf<Location>)))]
#[get("/subscriptions/{subscriptionId}/locations")]
pub async fn list_locations(call: AzureCall<ListLocations>) -> AzureAnswer {
    let id = call.guid("subscriptionId")?;
    call.read(move |unit, permit| {
        let root = ids::subscription_id(&permit.subscription(unit, &id)?.azure.id);
        let location = |&(name, display_name, geography_group): &Region| Location {
            id: format!("{root}/locations/{name}"),
            name,
            kind: "Region",
            display_name,
            regional_display_name: format!("({geography_group}) {display_name}"),
            metadata: LocationMetadata { region_type: "Physical", region_category: "Recommended", geography_group },
        };
        Ok(ListOf::whole(REGIONS.iter().map(location).collect()))
    })
    .await
}

/// Register the reservation provider.
///
/// It always is registered. (Whether reservations can be bought depends on the registration of the
/// subscription in Partner Center.)
#[utoipa::path(tag = "Microsoft.Resources", responses((status = 200, body = Provider)))]
#[post("/subscriptions/{subscriptionId}/providers/Microsoft.Capacity/register")]
pub async fn register_capacity_provider(call: AzureCall<RegisterCapacityProvider>) -> AzureAnswer {
    let id = call.guid("subscriptionId")?;
    call.read(move |unit, permit| Ok(capacity(&permit.subscription(unit, &id)?.azure.id))).await
}

/// Whether the reservation provider is registered.
///
/// It always is.
#[utoipa::path(tag = "Microsoft.Resources", responses((status = 200, body = Provider)))]
#[get("/subscriptions/{subscriptionId}/providers/Microsoft.Capacity")]
pub async fn get_capacity_provider(call: AzureCall<GetCapacityProvider>) -> AzureAnswer {
    let id = call.guid("subscriptionId")?;
    call.read(move |unit, permit| Ok(capacity(&permit.subscription(unit, &id)?.azure.id))).await
}

/// Make a further Azure subscription under a plan.
///
/// Under a name of the partner's choice; the same name again gives what was made under it. In
/// Partner Center the new one is an Azure entitlement of the plan.
#[utoipa::path(
    tag = "Microsoft.Subscription",
    request_body = AliasRequest,
    responses((status = 200, body = AliasResource))
)]
#[put("/providers/Microsoft.Subscription/aliases/{aliasName}")]
pub async fn create_subscription_alias(mut call: AzureCall<CreateSubscriptionAlias>) -> AzureAnswer {
    let (name, body) = (call.segment("aliasName").to_owned(), call.body()?);
    call.write(move |unit, permit| {
        check_alias(&name)?;
        let (plan, display_name) = body.read::<AliasRequest>()?.check(&name)?;
        Reply::ok(&shown_alias(aliases::create(unit, permit, &name, &plan, &display_name)?))
    })
    .await
}

/// Get the Azure subscription made under a name.
///
/// The names of other partners are unknown.
#[utoipa::path(tag = "Microsoft.Subscription", responses((status = 200, body = AliasResource)))]
#[get("/providers/Microsoft.Subscription/aliases/{aliasName}")]
pub async fn get_subscription_alias(call: AzureCall<GetSubscriptionAlias>) -> AzureAnswer {
    let name = call.segment("aliasName").to_owned();
    call.read(move |unit, permit| Ok(shown_alias(aliases::get(unit, permit, &name)?))).await
}
