//! What the Azure side asks for when it prices, buys, exchanges or renews: the wire form, and what
//! is known of it after its form was checked.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{BillingPlan, Refusal, Scope, ScopeType};
use crate::access::short;
use crate::azure::ids;
use crate::catalog::{MAX_QUANTITY, Term};
use crate::db::Moment;
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::role_assignments;

/// A size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SkuName {
    /// Such as `Standard_D2s_v5`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Standard_D2s_v5")]
    pub name: Option<String>,
}

/// What is to be reserved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PurchaseRequest {
    /// The size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<SkuName>,
    /// The region.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "westeurope")]
    pub location: Option<String>,
    /// Everything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub properties: Option<PurchaseRequestProperties>,
}

/// What is to be reserved, in detail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PurchaseRequestProperties {
    /// Such as `VirtualMachines`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "VirtualMachines")]
    pub reserved_resource_type: Option<String>,
    /// The Azure subscription that is billed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/subscriptions/70000000-0000-4000-8000-000000000001")]
    pub billing_scope_id: Option<String>,
    /// `P1Y` or `P3Y`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "P1Y")]
    pub term: Option<String>,
    /// `Upfront` (the default) or `Monthly`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Upfront")]
    pub billing_plan: Option<String>,
    /// How many instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 2)]
    pub quantity: Option<i32>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// `Shared` (the default), `Single` or `ManagementGroup`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Shared")]
    pub applied_scope_type: Option<String>,
    /// One subscription or resource group for `Single`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied_scopes: Option<Vec<String>>,
    /// The same in parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied_scope_properties: Option<AppliedScopeProperties>,
    /// Whether it is renewed at its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renew: Option<bool>,
    /// Whether it covers other sizes of its group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserved_resource_properties: Option<ReservedResourceProperties>,
    /// When its owner wants to look at it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review_date_time: Option<DateTime<Utc>>,
}

/// Whether a reservation covers other sizes of its group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReservedResourceProperties {
    /// `On` or `Off`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "On")]
    pub instance_flexibility: Option<String>,
}

/// What a discount applies to, in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppliedScopeProperties {
    /// The tenant of a management group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// `/providers/Microsoft.Management/managementGroups/{name}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub management_group_id: Option<String>,
    /// `/subscriptions/{guid}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription_id: Option<String>,
    /// `/subscriptions/{guid}/resourceGroups/{name}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_group_id: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

/// What is to be reserved, well formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The size, as it was written.
    pub sku: String,
    /// The region, as it was written.
    pub location: String,
    /// The type of resource, where it was named.
    pub resource_type: Option<String>,
    /// The Azure subscription that is billed.
    pub billing_subscription_id: Guid,
    /// For how long.
    pub term: Term,
    /// How it is paid.
    pub plan: BillingPlan,
    /// How many instances.
    pub quantity: i64,
    /// Its name, where it was named.
    pub display_name: Option<String>,
    /// What the discount applies to.
    pub scope: Scope,
    /// The tenant of a management group, where it was named.
    pub scope_tenant: Option<String>,
    /// Whether it is renewed at its end.
    pub renew: bool,
    /// Whether it covers other sizes of its group.
    pub flexible: bool,
    /// When its owner wants to look at it again.
    pub review_at: Option<Moment>,
}

/// The longest name of a reservation.
const LONGEST_NAME: usize = 256;

impl PurchaseRequest {
    /// The Azure subscription that is billed, which says who may ask.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] where it is missing or malformed.
    pub fn billing_subscription(&self) -> Result<Guid> {
        let named = self.properties.as_ref().and_then(|properties| properties.billing_scope_id.as_deref());
        let named = named.ok_or_else(|| required("properties.billingScopeId"))?;
        ids::subscription("properties.billingScopeId", named)
    }

    /// Checks the form.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] names the member; a [`Refusal`] for a term, plan or scope that there
    /// is not.
    pub fn check(&self) -> Result<Wanted> {
        let sku = self.sku.as_ref().and_then(|sku| sku.name.as_deref()).filter(|name| !name.trim().is_empty());
        let sku = sku.ok_or_else(|| required("sku.name"))?.trim().to_owned();
        let location = self.location.as_deref().filter(|text| !text.trim().is_empty());
        let location = location.ok_or_else(|| required("location"))?.trim().to_owned();
        let billing_subscription_id = self.billing_subscription()?;
        let properties = self.properties.as_ref().ok_or_else(|| required("properties"))?;
        let term = properties.term.as_deref().ok_or_else(|| required("properties.term"))?;
        let term = Term::parse(term)
            .filter(|term| *term != Term::OneMonth)
            .ok_or_else(|| Refusal::TermNotOffered { sku: short(&sku), term: short(term) })?;
        let plan = match properties.billing_plan.as_deref() {
            None => BillingPlan::Upfront,
            Some(text) => BillingPlan::parse(text).ok_or_else(|| Refusal::PlanNotOffered(short(text)))?,
        };
        let quantity = i64::from(properties.quantity.ok_or_else(|| required("properties.quantity"))?);
        if !(1..=MAX_QUANTITY).contains(&quantity) {
            return Err(Error::invalid("properties.quantity", format!("must be between 1 and {MAX_QUANTITY}")));
        }
        let flexibility =
            properties.reserved_resource_properties.as_ref().and_then(|inner| inner.instance_flexibility.as_deref());
        let scope = scope_of(
            properties.applied_scope_type.as_deref(),
            properties.applied_scopes.as_deref(),
            properties.applied_scope_properties.as_ref(),
        )?;
        let scope_properties = properties.applied_scope_properties.as_ref();
        Ok(Wanted {
            sku,
            location,
            resource_type: properties.reserved_resource_type.clone(),
            billing_subscription_id,
            term,
            plan,
            quantity,
            display_name: properties.display_name.as_deref().map(name).transpose()?,
            scope: scope.unwrap_or(Scope::Shared),
            scope_tenant: scope_properties.and_then(|scope| scope.tenant_id.clone()),
            renew: properties.renew.unwrap_or(false),
            flexible: flexibility
                .map(|text| flexible("properties.reservedResourceProperties.instanceFlexibility", text))
                .transpose()?
                .unwrap_or(true),
            review_at: properties
                .review_date_time
                .map(|at| Moment::given("properties.reviewDateTime", at))
                .transpose()?,
        })
    }
}

impl Wanted {
    /// The same as a request.
    pub fn request(&self, resource_type: &str) -> PurchaseRequest {
        let kind = match &self.scope {
            Scope::Shared => ScopeType::Shared,
            Scope::Single(_) | Scope::ResourceGroup(..) => ScopeType::Single,
            Scope::ManagementGroup(_) => ScopeType::ManagementGroup,
        };
        PurchaseRequest {
            sku: Some(SkuName { name: Some(self.sku.clone()) }),
            location: Some(self.location.clone()),
            properties: Some(PurchaseRequestProperties {
                reserved_resource_type: Some(resource_type.to_owned()),
                billing_scope_id: Some(ids::subscription_id(&self.billing_subscription_id)),
                term: Some(self.term.as_str().to_owned()),
                billing_plan: Some(self.plan.as_str().to_owned()),
                quantity: i32::try_from(self.quantity).ok(),
                display_name: self.display_name.clone(),
                applied_scope_type: Some(kind.as_str().to_owned()),
                applied_scopes: self.scope.id().map(|id| vec![id]),
                applied_scope_properties: None,
                renew: Some(self.renew),
                reserved_resource_properties: Some(ReservedResourceProperties {
                    instance_flexibility: Some(if self.flexible { "On" } else { "Off" }.to_owned()),
                }),
                review_date_time: None,
            }),
        }
    }
}

fn required(field: &str) -> Error {
    Error::invalid(field, "is required")
}

/// A name, within bounds.
///
/// # Errors
/// [`Error::InvalidInput`].
pub fn name(text: &str) -> Result<String> {
    if text.trim().is_empty() || text.chars().count() > LONGEST_NAME {
        return Err(Error::invalid("properties.displayName", format!("must have 1 to {LONGEST_NAME} characters")));
    }
    Ok(text.to_owned())
}

/// `On` or `Off`.
///
/// # Errors
/// [`Error::InvalidInput`] names the field.
pub fn flexible(field: &str, text: &str) -> Result<bool> {
    match text.to_ascii_lowercase().as_str() {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(Error::invalid(field, "must be On or Off")),
    }
}

/// The scope that is asked for; `None` where nothing is said of it. A target may be named in
/// either of two ways, or in both if they agree.
///
/// # Errors
/// [`Refusal::ScopeMissing`], [`Refusal::ScopeCount`], [`Error::InvalidInput`].
pub fn scope_of(
    kind: Option<&str>,
    scopes: Option<&[String]>,
    parts: Option<&AppliedScopeProperties>,
) -> Result<Option<Scope>> {
    let listed = scopes.unwrap_or_default();
    let group = parts.and_then(|parts| parts.management_group_id.as_deref());
    let single = parts.and_then(|parts| parts.resource_group_id.as_deref().or(parts.subscription_id.as_deref()));
    let kind = match kind {
        Some(text) => ScopeType::parse(text).ok_or_else(|| {
            Error::invalid("properties.appliedScopeType", "must be Single, Shared or ManagementGroup")
        })?,
        None if group.is_some() => ScopeType::ManagementGroup,
        None if single.is_some() || !listed.is_empty() => ScopeType::Single,
        None => return Ok(None),
    };
    match kind {
        ScopeType::Shared if listed.is_empty() && single.is_none() && group.is_none() => Ok(Some(Scope::Shared)),
        ScopeType::Shared => Err(Error::invalid("properties.appliedScopes", "must be absent for a shared scope")),
        ScopeType::Single => {
            if listed.len() > 1 {
                return Err(Refusal::ScopeCount.into());
            }
            let (field, target) = match (listed.first(), single) {
                (Some(listed), Some(single)) if !listed.eq_ignore_ascii_case(single) => {
                    return Err(Refusal::ScopeCount.into());
                }
                (Some(listed), _) => ("properties.appliedScopes", listed.as_str()),
                (None, Some(single)) => ("properties.appliedScopeProperties", single),
                (None, None) => return Err(Refusal::ScopeMissing.into()),
            };
            match role_assignments::Scope::parse(target) {
                Some(role_assignments::Scope::Subscription(id)) => Ok(Some(Scope::Single(id))),
                Some(role_assignments::Scope::ResourceGroup(id, group)) => Ok(Some(Scope::ResourceGroup(id, group))),
                _ => Err(Error::invalid(
                    field,
                    "must be of the form /subscriptions/{guid} or /subscriptions/{guid}/resourceGroups/{name}",
                )),
            }
        }
        ScopeType::ManagementGroup => {
            let target = group.or(listed.first().map(String::as_str)).ok_or(Refusal::ScopeMissing)?;
            let name = management_group(target).ok_or_else(|| {
                Error::invalid(
                    "properties.appliedScopeProperties.managementGroupId",
                    "must be of the form /providers/Microsoft.Management/managementGroups/{name}",
                )
            })?;
            Ok(Some(Scope::ManagementGroup(name)))
        }
    }
}

fn management_group(id: &str) -> Option<String> {
    let segments: Vec<&str> = id.split('/').filter(|segment| !segment.is_empty()).collect();
    match segments.as_slice() {
        [providers, provider, groups, name]
            if providers.eq_ignore_ascii_case("providers")
                && provider.eq_ignore_ascii_case("Microsoft.Management")
                && groups.eq_ignore_ascii_case("managementGroups") =>
        {
            Some((*name).to_owned())
        }
        _ => None,
    }
}

impl Scope {
    /// The id of what the discount applies to, where it is one thing.
    pub fn id(&self) -> Option<String> {
        match self {
            Self::Shared => None,
            Self::Single(id) => Some(role_assignments::Scope::Subscription(id.clone()).to_string()),
            Self::ResourceGroup(id, group) => {
                Some(role_assignments::Scope::ResourceGroup(id.clone(), group.clone()).to_string())
            }
            Self::ManagementGroup(name) => Some(format!("/providers/Microsoft.Management/managementGroups/{name}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBSCRIPTION: &str = "/subscriptions/70000000-0000-4000-8000-000000000001";

    #[test]
    fn a_single_scope_has_exactly_one_target() {
        let id = Guid::parse("70000000-0000-4000-8000-000000000001").unwrap();
        let one = [SUBSCRIPTION.to_owned()];
        let parts = AppliedScopeProperties {
            subscription_id: Some(SUBSCRIPTION.to_uppercase()),
            ..AppliedScopeProperties::default()
        };
        for (scopes, parts) in [(Some(&one[..]), None), (None, Some(&parts)), (Some(&one[..]), Some(&parts))] {
            assert_eq!(scope_of(Some("single"), scopes, parts).unwrap(), Some(Scope::Single(id.clone())));
        }
        let two = [SUBSCRIPTION.to_owned(), SUBSCRIPTION.to_owned()];
        assert!(matches!(scope_of(Some("Single"), Some(&two), None), Err(Error::Reservation(Refusal::ScopeCount))));
        assert!(matches!(scope_of(Some("Single"), None, None), Err(Error::Reservation(Refusal::ScopeMissing))));
        assert!(scope_of(Some("Shared"), Some(&one), None).is_err());
        assert_eq!(scope_of(None, None, None).unwrap(), None);
        assert_eq!(scope_of(Some("Shared"), Some(&[]), None).unwrap(), Some(Scope::Shared));
        assert!(scope_of(Some("ResourceGroup"), Some(&one), None).is_err());
    }

    #[test]
    fn a_resource_group_is_a_single_scope() {
        let group = [format!("{SUBSCRIPTION}/resourcegroups/Web")];
        let scope = scope_of(Some("Single"), Some(&group), None).unwrap().unwrap();
        assert_eq!(scope.id().unwrap(), format!("{SUBSCRIPTION}/resourceGroups/Web"));
    }
}
