//! `Microsoft.Authorization`: role assignments, roles, and what the caller may do.

use actix_web::{delete, get, put};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rules::{BUILT_IN, Narrowing};
use super::{BuiltInRole, Grant, PrincipalType, Refusal, RoleAssignment, Scope};
use crate::access::{Place, guid, short};
use crate::azure::conditions::{Condition, conditions};
use crate::azure::{AzureAnswer, AzureCall, ListOf, ids};
use crate::db::{Moment, Unit};
use crate::error::{Error, Result};
use crate::http::Reply;
use crate::ids::Guid;
use crate::permissions::azure::*;
use crate::resource_groups;

/// A role assignment.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RoleAssignment)]
pub struct RoleAssignmentResource {
    /// The full id.
    #[schema(
        example = "/subscriptions/70000000-0000-4000-8000-000000000001/providers/Microsoft.Authorization/roleAssignments/90000000-0000-4000-8000-000000000001"
    )]
    pub id: String,
    /// Its name.
    #[schema(value_type = String, format = "uuid")]
    pub name: Guid,
    /// `Microsoft.Authorization/roleAssignments`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Everything else.
    pub properties: RoleAssignmentProperties,
}

/// What is granted, to whom, where.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleAssignmentProperties {
    /// Where it holds.
    #[schema(example = "/subscriptions/70000000-0000-4000-8000-000000000001")]
    pub scope: String,
    /// The role's full id.
    #[schema(example = "/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635")]
    pub role_definition_id: String,
    /// The object id of the user, application or group.
    #[schema(value_type = String, format = "uuid")]
    pub principal_id: Guid,
    /// What that is.
    pub principal_type: PrincipalType,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Kept and shown, not evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Such as `2.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition_version: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = "date-time")]
    pub created_on: Moment,
    /// When it was changed last.
    #[schema(value_type = String, format = "date-time")]
    pub updated_on: Moment,
    /// The object id of whoever made it.
    #[schema(value_type = String, format = "uuid")]
    pub created_by: Guid,
    /// The object id of whoever changed it last.
    #[schema(value_type = String, format = "uuid")]
    pub updated_by: Guid,
    /// Kept and shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delegated_managed_identity_resource_id: Option<String>,
}

/// A role assignment as it is sent.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct RoleAssignmentRequest {
    /// Required.
    pub properties: Option<RoleAssignmentRequestProperties>,
}

/// What to grant to whom.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleAssignmentRequestProperties {
    /// Required: the role's id, bare or with any scope before it; its last segment counts.
    #[schema(example = "/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635")]
    pub role_definition_id: Option<String>,
    /// Required: the object id of the user, application or group.
    #[schema(example = "20000000-0000-4000-8000-000000000012")]
    pub principal_id: Option<String>,
    /// `User` unless given: `User`, `Group`, `ServicePrincipal`, `ForeignGroup` (all agents of a partner), `Device`.
    #[schema(example = "User")]
    pub principal_type: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// Kept and shown, not evaluated.
    pub condition: Option<String>,
    /// Such as `2.0`.
    pub condition_version: Option<String>,
    /// Kept and shown.
    pub delegated_managed_identity_resource_id: Option<String>,
}

/// A role.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RoleDefinition {
    /// The full id.
    #[schema(example = "/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635")]
    pub id: String,
    /// Its GUID, the same in every tenant.
    #[schema(example = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635")]
    pub name: &'static str,
    /// `Microsoft.Authorization/roleDefinitions`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Everything else.
    pub properties: RoleDefinitionProperties,
}

/// What a role allows.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleDefinitionProperties {
    /// Its name for people.
    #[schema(example = "Owner")]
    pub role_name: &'static str,
    /// `BuiltInRole`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// At and below which scope it is meant to be granted.
    pub assignable_scopes: [&'static str; 1],
    /// What it allows.
    pub permissions: [Permission; 1],
}

/// What is allowed, in Azure's names of operations; `*` stands for any text.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RolePermission)]
#[serde(rename_all = "camelCase")]
pub struct Permission {
    /// What is allowed.
    pub actions: &'static [&'static str],
    /// What is not, of these.
    pub not_actions: &'static [&'static str],
    /// What is allowed on data: nothing.
    pub data_actions: &'static [&'static str],
    /// What is not, of these.
    pub not_data_actions: &'static [&'static str],
}

impl From<BuiltInRole> for Permission {
    fn from(role: BuiltInRole) -> Self {
        Self { actions: role.actions(), not_actions: role.not_actions(), data_actions: &[], not_data_actions: &[] }
    }
}

impl From<BuiltInRole> for RoleDefinition {
    fn from(role: BuiltInRole) -> Self {
        Self {
            id: definition_path(role.id()),
            name: role.id(),
            kind: "Microsoft.Authorization/roleDefinitions",
            properties: RoleDefinitionProperties {
                role_name: role.name(),
                kind: BUILT_IN,
                description: role.description(),
                assignable_scopes: [role.assignable_scope()],
                permissions: [role.into()],
            },
        }
    }
}

fn definition_path(id: &str) -> String {
    format!("/providers/Microsoft.Authorization/roleDefinitions/{id}")
}

impl RoleAssignmentRequest {
    /// What is to be granted under `name`.
    fn check(self, name: Guid) -> Result<Grant> {
        let properties = self.properties.ok_or_else(|| Error::invalid("properties", "is required"))?;
        let required = |field: &str, value: Option<String>| {
            let field = format!("properties.{field}");
            value.filter(|text| !text.is_empty()).ok_or_else(|| Error::invalid(field, "is required"))
        };
        let role_id = required("roleDefinitionId", properties.role_definition_id)?;
        let principal_id = required("principalId", properties.principal_id)?;
        let last = role_id.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let role_id = guid("properties.roleDefinitionId", last)?;
        let principal_type = properties.principal_type.filter(|text| !text.is_empty()).map(|text| {
            PrincipalType::parse(&text)
                .ok_or_else(|| Error::invalid("properties.principalType", format!("{} is none", short(&text))))
        });
        Ok(Grant {
            name,
            role: BuiltInRole::by_id(&role_id).ok_or(Refusal::RoleNotGrantable(role_id))?,
            principal_id: guid("properties.principalId", &principal_id)?,
            principal_type: principal_type.transpose()?,
            description: properties.description,
            condition: properties.condition,
            condition_version: properties.condition_version,
            delegated_identity: properties.delegated_managed_identity_resource_id,
        })
    }
}

/// An assignment as it is shown.
fn shown(unit: &mut Unit<'_>, one: RoleAssignment) -> Result<RoleAssignmentResource> {
    let scope = match Scope::parse(&one.scope) {
        Some(Scope::ResourceGroup(subscription, name)) => {
            let group = resource_groups::repo::find(unit.conn, &subscription, &name)?;
            Scope::ResourceGroup(subscription, group.map_or(name, |group| group.name)).to_string()
        }
        Some(scope) => scope.to_string(),
        None => one.scope,
    };
    Ok(RoleAssignmentResource {
        id: format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{}", one.id),
        name: one.id,
        kind: "Microsoft.Authorization/roleAssignments",
        properties: RoleAssignmentProperties {
            scope,
            role_definition_id: definition_path(one.role_definition_id.as_str()),
            principal_id: one.principal_id,
            principal_type: one.principal_type,
            description: one.description,
            condition: one.condition,
            condition_version: one.condition_version,
            created_on: one.created_at,
            updated_on: one.updated_at.unwrap_or(one.created_at),
            updated_by: one.updated_by.unwrap_or_else(|| one.created_by.clone()),
            created_by: one.created_by,
            delegated_managed_identity_resource_id: one.delegated_identity,
        },
    })
}

/// Reads the `$filter` of a list of assignments.
fn narrowing(filter: Option<&str>) -> Result<Narrowing> {
    let id = |text: &str| guid("$filter", text);
    let mut narrowing = Narrowing::default();
    for condition in conditions(filter)? {
        match &condition {
            Condition::Call { name, argument: None } if name.eq_ignore_ascii_case("atScope") => {
                narrowing.at_scope = true;
            }
            Condition::Call { name, argument: Some(who) } if name.eq_ignore_ascii_case("assignedTo") => {
                narrowing.assigned_to = Some(id(who)?);
            }
            Condition::Equals { field, value } if field.eq_ignore_ascii_case("principalId") => {
                narrowing.principal_id = Some(id(value)?);
            }
            other => return Err(other.unsupported()),
        }
    }
    Ok(narrowing)
}

/// Reads the `$filter` of a list of roles.
fn roles_of(filter: Option<&str>) -> Result<Vec<BuiltInRole>> {
    let mut roles = BuiltInRole::ALL.to_vec();
    for condition in conditions(filter)? {
        match &condition {
            Condition::Call { name, argument: None } if name.eq_ignore_ascii_case("atScopeAndBelow") => {}
            Condition::Equals { field, value } if field.eq_ignore_ascii_case("roleName") => {
                roles.retain(|role| role.name().eq_ignore_ascii_case(value));
            }
            Condition::Equals { field, value } if field.eq_ignore_ascii_case("type") => {
                roles.retain(|_| value.eq_ignore_ascii_case(BUILT_IN));
            }
            other => return Err(other.unsupported()),
        }
    }
    Ok(roles)
}

fn definitions(filter: Option<&str>) -> Result<ListOf<RoleDefinition>> {
    Ok(ListOf::whole(roles_of(filter)?.into_iter().map(RoleDefinition::from).collect()))
}

fn definition(id: &str) -> Result<RoleDefinition> {
    let id = guid("roleDefinitionId", id)?;
    Ok(BuiltInRole::by_id(&id).ok_or(Refusal::RoleUnknown(id))?.into())
}

/// What a handler needs of its path: the scope and the last segment, read within the unit.
struct Asked {
    scope: String,
    name: String,
}

impl Asked {
    fn of<O: AzureOperation>(call: &AzureCall<O>, name: &str) -> Self {
        Self { scope: call.segment("scope").to_owned(), name: call.segment(name).to_owned() }
    }

    fn place(&self, unit: &mut Unit<'_>, permit: &crate::access::Permit) -> Result<Place> {
        permit.place(unit, &ids::scope(&self.scope)?)
    }
}

/// List role assignments.
///
/// Those at the scope, those it inherits and those below it; with `$filter=atScope()` none below.
/// `principalId eq '…'` narrows to a principal, `assignedTo('…')` to what a principal has itself
/// and through its partner's group; conditions are joined by `and`.
#[utoipa::path(
    tag = "Microsoft.Authorization",
    params(("$filter" = Option<String>, Query, description = "Such as `atScope() and principalId eq '…'`.")),
    responses((status = 200, body = ListOf<RoleAssignmentResource>))
)]
#[get("/{scope:(?:subscriptions|providers)/.+}/providers/Microsoft.Authorization/roleAssignments")]
pub async fn list_role_assignments(call: AzureCall<ListRoleAssignments>) -> AzureAnswer {
    let (asked, filter) = (Asked::of(&call, ""), call.query.get("$filter").map(str::to_owned));
    call.read(move |unit, permit| {
        let place = asked.place(unit, permit)?;
        let found = super::list(unit, permit, &place, &narrowing(filter.as_deref())?)?;
        let shown: Result<Vec<_>> = found.into_iter().map(|one| shown(unit, one)).collect();
        Ok(ListOf::whole(shown?))
    })
    .await
}

/// Get a role assignment.
///
/// Under the scope that its id names.
#[utoipa::path(tag = "Microsoft.Authorization", responses((status = 200, body = RoleAssignmentResource)))]
#[get("/{scope:(?:subscriptions|providers)/.+}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}")]
pub async fn get_role_assignment(call: AzureCall<GetRoleAssignment>) -> AzureAnswer {
    let asked = Asked::of(&call, "roleAssignmentName");
    call.read(move |unit, permit| {
        let place = asked.place(unit, permit)?;
        let found = super::get(unit, &place, &guid("roleAssignmentName", &asked.name)?)?;
        shown(unit, found)
    })
    .await
}

/// Grant a role.
///
/// 201 for a new assignment, 200 for the same again; the name is a GUID of the client's choice.
/// An Admin agent and an Owner grant any role, who administers access none of the privileged ones
/// (Owner, Contributor and those that grant), a Reservations Administrator those of reservations.
#[utoipa::path(
    tag = "Microsoft.Authorization",
    request_body = RoleAssignmentRequest,
    responses((status = 200, body = RoleAssignmentResource), (status = 201, body = RoleAssignmentResource))
)]
#[put("/{scope:(?:subscriptions|providers)/.+}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}")]
pub async fn create_role_assignment(mut call: AzureCall<CreateRoleAssignment>) -> AzureAnswer {
    let (asked, body) = (Asked::of(&call, "roleAssignmentName"), call.body()?);
    call.write(move |unit, permit| {
        let place = asked.place(unit, permit)?;
        let name = guid("roleAssignmentName", &asked.name)?;
        let wanted = body.read::<RoleAssignmentRequest>()?.check(name)?;
        let (made, is_new) = super::grant(unit, permit, &place, &wanted)?;
        let shown = shown(unit, made)?;
        if is_new { Reply::created(&shown) } else { Reply::ok(&shown) }
    })
    .await
}

/// Revoke a role.
///
/// 200 with what was deleted, 204 where there was no such assignment at this scope. Who may not
/// grant a role may not revoke it either.
#[utoipa::path(
    tag = "Microsoft.Authorization",
    responses((status = 200, body = RoleAssignmentResource), (status = 204, description = "There was none."))
)]
#[delete(
    "/{scope:(?:subscriptions|providers)/.+}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}"
)]
pub async fn delete_role_assignment(call: AzureCall<DeleteRoleAssignment>) -> AzureAnswer {
    let asked = Asked::of(&call, "roleAssignmentName");
    call.write(move |unit, permit| {
        let place = asked.place(unit, permit)?;
        match super::revoke(unit, permit, &place, &guid("roleAssignmentName", &asked.name)?)? {
            Some(old) => Reply::ok(&shown(unit, old)?),
            None => Ok(Reply::no_content()),
        }
    })
    .await
}

/// List the roles that can be granted at a scope.
///
/// The built-in ones that matter for reservations. Filters: `roleName eq '…'`,
/// `type eq 'BuiltInRole'`, `atScopeAndBelow()`, joined by `and`.
#[utoipa::path(
    tag = "Microsoft.Authorization",
    params(("$filter" = Option<String>, Query, description = "Such as `roleName eq 'Owner'`.")),
    responses((status = 200, body = ListOf<RoleDefinition>))
)]
#[get("/{scope:(?:subscriptions|providers)/.+}/providers/Microsoft.Authorization/roleDefinitions")]
pub async fn list_role_definitions(call: AzureCall<ListRoleDefinitions>) -> AzureAnswer {
    let (asked, filter) = (Asked::of(&call, ""), call.query.get("$filter").map(str::to_owned));
    call.read(move |unit, permit| {
        asked.place(unit, permit)?;
        definitions(filter.as_deref())
    })
    .await
}

/// Get a role at a scope.
///
/// A role is the same at every scope.
#[utoipa::path(tag = "Microsoft.Authorization", responses((status = 200, body = RoleDefinition)))]
#[get("/{scope:(?:subscriptions|providers)/.+}/providers/Microsoft.Authorization/roleDefinitions/{roleDefinitionId}")]
pub async fn get_role_definition(call: AzureCall<GetRoleDefinition>) -> AzureAnswer {
    let asked = Asked::of(&call, "roleDefinitionId");
    call.read(move |unit, permit| {
        asked.place(unit, permit)?;
        definition(&asked.name)
    })
    .await
}

/// List all roles.
///
/// As at a scope.
#[utoipa::path(
    tag = "Microsoft.Authorization",
    params(("$filter" = Option<String>, Query, description = "Such as `roleName eq 'Owner'`.")),
    responses((status = 200, body = ListOf<RoleDefinition>))
)]
#[get("/providers/Microsoft.Authorization/roleDefinitions")]
pub async fn list_built_in_roles(call: AzureCall<ListBuiltInRoles>) -> AzureAnswer {
    let filter = call.query.get("$filter").map(str::to_owned);
    call.read(move |_, _| definitions(filter.as_deref())).await
}

/// Get a role by its id.
///
/// The id is the one in `roleDefinitionId` of an assignment.
#[utoipa::path(tag = "Microsoft.Authorization", responses((status = 200, body = RoleDefinition)))]
#[get("/providers/Microsoft.Authorization/roleDefinitions/{roleDefinitionId}")]
pub async fn get_built_in_role(call: AzureCall<GetBuiltInRole>) -> AzureAnswer {
    let id = call.segment("roleDefinitionId").to_owned();
    call.read(move |_, _| definition(&id)).await
}

/// List what the caller may do at a scope.
///
/// One element for each role the caller has there; an Admin agent is shown as an Owner, another
/// agent without roles as a Reader. A customer's user manages no reservations whatever is listed.
#[utoipa::path(tag = "Microsoft.Authorization", responses((status = 200, body = ListOf<Permission>)))]
#[get("/{scope:(?:subscriptions|providers)/.+}/providers/Microsoft.Authorization/permissions")]
pub async fn list_permissions(call: AzureCall<ListPermissions>) -> AzureAnswer {
    let asked = Asked::of(&call, "");
    call.read(move |unit, permit| {
        let place = permit.visible_place(unit, &ids::scope(&asked.scope)?)?;
        Ok(ListOf::whole(super::own_roles(permit, &place).into_iter().map(Permission::from).collect()))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_in_any_case_and_nothing_else_is() {
        let id = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
        let read = narrowing(Some(&format!("ATSCOPE() and principalid EQ '{id}'"))).unwrap();
        assert!(read.at_scope && read.principal_id == Guid::parse(id) && read.assigned_to.is_none());
        for wrong in ["principalId eq 'x'", "assignedTo()", "atScope('x')", "roleName eq 'Owner'", "atScopeAndBelow()"]
        {
            assert!(narrowing(Some(wrong)).is_err(), "{wrong}");
        }
        assert_eq!(roles_of(Some("roleName eq 'owner' and type eq 'BuiltInRole'")).unwrap(), [BuiltInRole::Owner]);
        assert!(roles_of(Some("type eq 'CustomRole'")).unwrap().is_empty());
        assert_eq!(roles_of(Some("atScopeAndBelow()")).unwrap(), BuiltInRole::ALL);
        assert!(roles_of(Some("atScope()")).is_err());
    }
}
