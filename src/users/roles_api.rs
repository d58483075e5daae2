//! Directory roles on the wire: `/v1/customers/{id}/directoryroles`.

use actix_web::{delete, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::api::continue_at;
use super::roles::{DirectoryRole, ROLES, add_member, remove_member, roles_of};
use super::{User, repo};
use crate::access::guid;
use crate::error::{Error, Result};
use crate::http::Reply;
use crate::ids::Guid;
use crate::partner_center::{Answer, Attributes, Call, Collection, PageRequest, PageToken};
use crate::permissions::{AddRoleMember, ListDirectoryRoles, ListRoleMembers, ListUserRoles, RemoveRoleMember};

/// A directory role.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DirectoryRole)]
pub struct RoleResource {
    /// The role's id.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// `DirectoryRole`.
    pub attributes: Attributes,
}

impl From<&DirectoryRole> for RoleResource {
    fn from(role: &DirectoryRole) -> Self {
        Self { id: role.id, name: role.name, attributes: Attributes::of("DirectoryRole") }
    }
}

/// A user that is to have a role.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserMemberFields)]
pub struct MemberRequest {
    /// The user's id; required.
    pub id: Option<String>,
    /// The role's id, where it is sent: that of the path.
    pub role_id: Option<String>,
}

impl MemberRequest {
    fn check(&self, role_id: &Guid) -> Result<Guid> {
        let sent = self.role_id.as_deref().filter(|sent| !sent.is_empty());
        if sent.map(|sent| guid("roleId", sent)).transpose()?.is_some_and(|sent| sent != *role_id) {
            return Err(Error::invalid("roleId", "is not the role of the path"));
        }
        guid("id", self.id.as_deref().ok_or_else(|| Error::invalid("id", "is required"))?)
    }
}

/// A user that has a role.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserMember)]
pub struct MemberResource {
    /// The user's id.
    pub id: String,
    /// Its name for people.
    pub display_name: String,
    /// The name it signs in with.
    pub user_principal_name: String,
    /// The role's id.
    pub role_id: String,
    /// `UserMember`.
    pub attributes: Attributes,
}

impl MemberResource {
    fn new(user: &User, role_id: &Guid) -> Self {
        Self {
            id: user.id.to_string(),
            display_name: user.display_name.clone(),
            user_principal_name: user.user_principal_name.clone(),
            role_id: role_id.to_string(),
            attributes: Attributes::of("UserMember"),
        }
    }
}

/// List the directory roles of a user.
///
/// The whole list, by name.
#[utoipa::path(tag = "Users", responses((status = 200, body = Collection<RoleResource>)))]
#[get("/v1/customers/{customer_id}/users/{user_id}/directoryroles")]
pub async fn list_user_roles(call: Call<ListUserRoles>) -> Answer {
    let (id, user_id, itself) = (call.guid("customer_id")?, call.guid("user_id")?, call.link());
    call.read(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        let roles = roles_of(unit, &customer, &user_id)?;
        Ok(Collection::whole(roles.into_iter().map(RoleResource::from).collect(), itself.clone()))
    })
    .await
}

/// List the directory roles of a customer.
///
/// Every tenant has the same ones, with the same ids.
#[utoipa::path(tag = "Users", responses((status = 200, body = Collection<RoleResource>)))]
#[get("/v1/customers/{customer_id}/directoryroles")]
pub async fn list_directory_roles(call: Call<ListDirectoryRoles>) -> Answer {
    let (id, itself) = (call.guid("customer_id")?, call.link());
    call.read(move |unit, agent| {
        agent.customer(unit, &id)?;
        Ok(Collection::whole(ROLES.iter().map(RoleResource::from).collect(), itself.clone()))
    })
    .await
}

/// List the members of a directory role.
///
/// Those that have it longest first; deleted users are not among them. The whole list unless `size`
/// is given; the next page is `links.next` with its `MS-ContinuationToken` header.
#[utoipa::path(
    tag = "Users",
    params(("size" = Option<u32>, Query, description = "Page size"),
        ("seekOperation" = Option<String>, Query, description = "`Next`, with a continuation token")),
    responses((status = 200, body = Collection<MemberResource>))
)]
#[get("/v1/customers/{customer_id}/directoryroles/{role_id}/usermembers")]
pub async fn list_role_members(call: Call<ListRoleMembers>) -> Answer {
    let (id, role_id, itself) = (call.guid("customer_id")?, call.guid("role_id")?, call.link());
    let page = PageRequest::of(&call.query, call.continuation())?;
    call.read(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        DirectoryRole::of(&role_id)?;
        let limit = page.size.map(|size| i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1));
        let mut members = repo::members(unit.conn, &customer.id, &role_id, page.after.as_ref(), limit)?;
        let more = page.size.is_some_and(|size| members.len() > size);
        if let Some(size) = page.size {
            members.truncate(size);
        }
        let items = members.iter().map(|(user, _)| MemberResource::new(user, &role_id)).collect();
        let mut list = Collection::whole(items, itself.clone());
        if let Some((user, since)) = members.last().filter(|_| more) {
            let size = page.size.unwrap_or_default();
            let token = PageToken { size, filter: None, after: (*since, user.id.to_string()) }.encode()?;
            let uri = format!(
                "/customers/{id}/directoryroles/{role_id}/usermembers?size={size}&seekOperation=Next",
                id = customer.id
            );
            continue_at(&mut list, uri, token);
        }
        Ok(list)
    })
    .await
}

/// Give a user a directory role.
///
/// A user that has it already is 409.
#[utoipa::path(tag = "Users", request_body = MemberRequest, responses((status = 201, body = MemberResource)))]
#[post("/v1/customers/{customer_id}/directoryroles/{role_id}/usermembers")]
pub async fn add_role_member(mut call: Call<AddRoleMember>) -> Answer {
    let (id, role_id) = (call.guid("customer_id")?, call.guid("role_id")?);
    let user_id = call.body::<MemberRequest>()?.check(&role_id)?;
    call.write(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        let user = add_member(unit, agent, &customer, &role_id, &user_id)?;
        Reply::created(&MemberResource::new(&user, &role_id))
    })
    .await
}

/// Take a directory role from a user.
///
/// A user that has it not is 404.
#[utoipa::path(tag = "Users", responses((status = 204, description = "Taken; no body")))]
#[delete("/v1/customers/{customer_id}/directoryroles/{role_id}/usermembers/{user_id}")]
pub async fn remove_role_member(call: Call<RemoveRoleMember>) -> Answer {
    let (id, role_id, user_id) = (call.guid("customer_id")?, call.guid("role_id")?, call.guid("user_id")?);
    call.write(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        remove_member(unit, agent, &customer, &role_id, &user_id)?;
        Ok(Reply::no_content())
    })
    .await
}
