//! `Microsoft.Resources/resourceGroups`.

use std::collections::BTreeMap;

use actix_web::{get, put};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ResourceGroup, Tags};
use crate::access::short;
use crate::azure::{AzureAnswer, AzureCall, ListOf, Window};
use crate::error::{Error, Result};
use crate::http::Reply;
use crate::permissions::azure::*;
use crate::role_assignments::Scope;

/// How many resource groups a page has at the most.
const PAGE: usize = 1000;
/// How many characters a name has at the most.
const LONGEST_NAME: usize = 90;
/// How many tags there can be, and how many characters their names and values have at the most.
const MOST_TAGS: usize = 50;
const LONGEST_TAG: usize = 512;
const LONGEST_TAG_VALUE: usize = 256;

/// A resource group.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ResourceGroup)]
pub struct ResourceGroupResource {
    /// The full id.
    #[schema(example = "/subscriptions/70000000-0000-4000-8000-000000000001/resourceGroups/web")]
    pub id: String,
    /// Its name.
    #[schema(example = "web")]
    pub name: String,
    /// `Microsoft.Resources/resourceGroups`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The region.
    #[schema(example = "westeurope")]
    pub location: String,
    /// Names and values for people.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: Tags,
    /// Everything else.
    pub properties: ResourceGroupProperties,
}

/// The state of a resource group.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceGroupProperties {
    /// `Succeeded`.
    pub provisioning_state: &'static str,
}

/// A resource group as it is sent.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceGroupRequest {
    /// Required: a region, such as `westeurope` or `West Europe`.
    #[schema(example = "westeurope")]
    pub location: Option<String>,
    /// Names and values for people: 50 at the most.
    pub tags: Option<BTreeMap<String, Option<String>>>,
}

impl ResourceGroupRequest {
    fn check(self) -> Result<(String, Tags)> {
        let location = self.location.unwrap_or_default().replace(' ', "").to_lowercase();
        if location.is_empty() {
            return Err(Error::invalid("location", "is required"));
        }
        if location.len() > 64 || !location.chars().all(|letter| letter.is_ascii_alphanumeric()) {
            return Err(Error::invalid("location", format!("{} is no region", short(&location))));
        }
        let tags: Tags =
            self.tags.unwrap_or_default().into_iter().map(|(name, value)| (name, value.unwrap_or_default())).collect();
        let fits = |(name, value): (&String, &String)| {
            !name.is_empty() && name.chars().count() <= LONGEST_TAG && value.chars().count() <= LONGEST_TAG_VALUE
        };
        if tags.len() > MOST_TAGS || !tags.iter().all(fits) {
            return Err(Error::invalid(
                "tags",
                "at most 50, with names of 1 to 512 and values of at most 256 characters",
            ));
        }
        Ok((location, tags))
    }
}

/// The rules of Azure for names.
fn check_name(name: &str) -> Result<()> {
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count())
        && name.chars().all(|letter| letter.is_alphanumeric() || "_-.()".contains(letter))
        && !name.ends_with('.');
    if fits {
        return Ok(());
    }
    Err(Error::invalid("resourceGroupName", "must be 1 to 90 letters, digits, _ - . ( ), without a period at its end"))
}

fn shown(group: ResourceGroup) -> Result<ResourceGroupResource> {
    Ok(ResourceGroupResource {
        id: Scope::ResourceGroup(group.subscription_id, group.name.clone()).to_string(),
        name: group.name,
        kind: "Microsoft.Resources/resourceGroups",
        location: group.location,
        tags: group.tags.read()?,
        properties: ResourceGroupProperties { provisioning_state: "Succeeded" },
    })
}

/// List the resource groups of a subscription.
///
/// By name, a thousand at a time.
#[utoipa::path(
    tag = "Microsoft.Resources",
    params(("$top" = Option<u32>, Query, description = "How many at a time.")),
    responses((status = 200, body = ListOf<ResourceGroupResource>))
)]
#[get("/subscriptions/{subscriptionId}/resourceGroups")]
pub async fn list_resource_groups(call: AzureCall<ListResourceGroups>) -> AzureAnswer {
    let id = call.guid("subscriptionId")?;
    let (query, address) = (call.query.clone(), call.address());
    call.read(move |unit, permit| {
        permit.subscription(unit, &id)?;
        let window = Window::of(&query, address.clone(), "$skiptoken", "$top", PAGE)?;
        let groups: Result<Vec<_>> = super::repo::of_subscription(unit.conn, &id)?.into_iter().map(shown).collect();
        Ok(window.page(groups?))
    })
    .await
}

/// Get a resource group.
///
/// In any letter case of its name.
#[utoipa::path(tag = "Microsoft.Resources", responses((status = 200, body = ResourceGroupResource)))]
#[get("/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}")]
pub async fn get_resource_group(call: AzureCall<GetResourceGroup>) -> AzureAnswer {
    let (id, name) = (call.guid("subscriptionId")?, call.segment("resourceGroupName").to_owned());
    call.read(move |unit, permit| {
        permit.place(unit, &Scope::ResourceGroup(id.clone(), name.clone()))?;
        shown(super::get(unit, &id, &name)?)
    })
    .await
}

/// Create or change a resource group.
///
/// 201 for a new one; 200 for one that is there, whose tags are replaced and whose region stays.
#[utoipa::path(
    tag = "Microsoft.Resources",
    request_body = ResourceGroupRequest,
    responses((status = 200, body = ResourceGroupResource), (status = 201, body = ResourceGroupResource))
)]
#[put("/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}")]
pub async fn create_resource_group(mut call: AzureCall<CreateResourceGroup>) -> AzureAnswer {
    let (id, name) = (call.guid("subscriptionId")?, call.segment("resourceGroupName").to_owned());
    let body = call.body()?;
    call.write(move |unit, permit| {
        let subscription = permit.visible_subscription(unit, &id)?.azure;
        let place = permit.future_place(unit, &Scope::ResourceGroup(id.clone(), name.clone()))?;
        check_name(&name)?;
        let (location, tags) = body.read::<ResourceGroupRequest>()?.check()?;
        let (group, is_new) = super::put(unit, permit, &place, &subscription, &name, &location, &tags)?;
        let shown = shown(group)?;
        if is_new { Reply::created(&shown) } else { Reply::ok(&shown) }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_azures_rules() {
        for right in ["web", "Web_1-2.(x)", "é", &"a".repeat(90)] {
            assert!(check_name(right).is_ok(), "{right}");
        }
        for wrong in ["", "a.", "a b", "a/b", "a%2Fb", "a<b", &"a".repeat(91)] {
            assert!(check_name(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn regions_are_read_as_people_write_them() {
        let request = |location: &str| ResourceGroupRequest { location: Some(location.to_owned()), tags: None };
        assert_eq!(request("West Europe").check().unwrap().0, "westeurope");
        for wrong in ["", " ", "west/europe", &"a".repeat(65)] {
            assert!(request(wrong).check().is_err(), "{wrong}");
        }
    }
}
