//! Customers' users on the wire: `/v1/customers/{id}/users`.

use actix_web::{delete, get, patch, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::page::Listing;
use super::{Changes, NewUser, User, UserState, change, create, delete, find, repo, rules};
use crate::access::guid;
use crate::customers::rules::{country, required};
use crate::db::Moment;
use crate::error::{Error, Result};
use crate::http::Reply;
use crate::ids::Guid;
use crate::partner_center::{Answer, Attributes, Call, Collection, KeyValue, Link, Links};
use crate::permissions::{
    CreateCustomerUser, DeleteCustomerUser, GetCustomerUser, ListCustomerUsers, Operation, ResetUserPassword,
    UpdateCustomerUser,
};

/// A user as it is sent: to create one, or with what is to be different.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CustomerUserFields)]
pub struct UserRequest {
    /// The user's id, where the whole resource is sent back.
    pub id: Option<String>,
    /// The name to sign in with, in the customer's domain; required to create.
    #[schema(example = "ada@adventure-works.example")]
    pub user_principal_name: Option<String>,
    /// Required to create.
    #[schema(example = "Ada")]
    pub first_name: Option<String>,
    /// Required to create.
    #[schema(example = "Works")]
    pub last_name: Option<String>,
    /// Required to create.
    #[schema(example = "Ada Works")]
    pub display_name: Option<String>,
    /// The country, two letters; required to create.
    #[schema(example = "US")]
    pub usage_location: Option<String>,
    /// The phone number; an empty one takes it away.
    pub phone_number: Option<String>,
    /// The id in a directory of the customer's own; echoed.
    pub immutable_id: Option<String>,
    /// A password; required to create and to reset.
    pub password_profile: Option<PasswordProfileRequest>,
    /// `managed` or `none`; federated domains are not there.
    pub user_domain_type: Option<String>,
    /// `active` restores a deleted user.
    pub state: Option<String>,
}

/// A new password.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasswordProfileRequest {
    /// The password.
    #[schema(example = "Tmp-0-Pass!")]
    pub password: Option<String>,
    /// Whether it is to be changed at the next sign-in; true where absent.
    pub force_change_password: Option<bool>,
}

impl UserRequest {
    fn new_user(&self) -> Result<(NewUser, String)> {
        let name = |member: &str, text: &Option<String>| required(member, text.as_ref(), rules::LONGEST_NAME);
        let (force_change_password, password) = self.new_password()?;
        self.check_domain_type()?;
        self.check_state()?;
        let new = NewUser {
            user_principal_name: rules::user_principal_name(self.user_principal_name.as_deref().unwrap_or_default())?,
            first_name: name("firstName", &self.first_name)?,
            last_name: name("lastName", &self.last_name)?,
            display_name: name("displayName", &self.display_name)?,
            usage_location: country("usageLocation", self.usage_location.as_ref())?,
            phone_number: self.phone_number()?.filter(|number| !number.is_empty()),
            immutable_id: self.immutable_id()?.filter(|id| !id.is_empty()),
            force_change_password,
        };
        Ok((new, password))
    }

    fn changes(&self, id: &Guid) -> Result<(Changes, Option<String>)> {
        let name = |member: &str, text: &Option<String>| {
            text.as_ref().map(|text| required(member, Some(text), rules::LONGEST_NAME)).transpose()
        };
        if let Some(sent) = self.id.as_deref().filter(|sent| !sent.is_empty())
            && guid("id", sent)? != *id
        {
            return Err(Error::invalid("id", "is not the user of the path"));
        }
        let password = self.password_profile.as_ref().filter(|profile| profile.password.is_some());
        let password = password.map(|_| self.new_password()).transpose()?;
        self.check_domain_type()?;
        let changes = Changes {
            user_principal_name: self.user_principal_name.as_deref().map(rules::user_principal_name).transpose()?,
            first_name: name("firstName", &self.first_name)?,
            last_name: name("lastName", &self.last_name)?,
            display_name: name("displayName", &self.display_name)?,
            usage_location: self
                .usage_location
                .as_ref()
                .map(|code| country("usageLocation", Some(code)))
                .transpose()?,
            phone_number: self.phone_number()?,
            immutable_id: self.immutable_id()?,
            new_password: password.as_ref().map(|(force, _)| *force),
            restore: self.check_state()?,
        };
        Ok((changes, password.map(|(_, password)| password)))
    }

    fn phone_number(&self) -> Result<Option<String>> {
        rules::optional("phoneNumber", self.phone_number.as_ref())
    }

    fn immutable_id(&self) -> Result<Option<String>> {
        rules::optional("immutableId", self.immutable_id.as_ref())
    }

    /// Whether the password is to be changed at the next sign-in, and the password.
    fn new_password(&self) -> Result<(bool, String)> {
        let profile = self.password_profile.as_ref();
        let profile = profile.ok_or_else(|| Error::invalid("passwordProfile", "is required"))?;
        Ok((profile.force_change_password.unwrap_or(true), rules::password(profile.password.as_ref())?))
    }

    fn check_domain_type(&self) -> Result<()> {
        match self.user_domain_type.as_deref() {
            Some(kind) if !["", "none", "managed"].iter().any(|known| known.eq_ignore_ascii_case(kind)) => {
                Err(Error::invalid("userDomainType", "must be managed: no domain here is federated"))
            }
            _ => Ok(()),
        }
    }

    /// Whether the user is to be active.
    fn check_state(&self) -> Result<bool> {
        match self.state.as_deref().filter(|state| !state.is_empty()) {
            None => Ok(false),
            Some(state) if UserState::parse(state) == Some(UserState::Active) => Ok(true),
            Some(_) => Err(Error::invalid("state", "must be active; a user is deleted with DELETE")),
        }
    }
}

/// A user of a customer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CustomerUser)]
pub struct UserResource {
    /// The user's id.
    pub id: String,
    /// The name to sign in with.
    pub user_principal_name: String,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// The name for people.
    pub display_name: String,
    /// The country, two letters.
    pub usage_location: String,
    /// The phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// The id in a directory of the customer's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub immutable_id: Option<String>,
    /// The password that was set; in the answer to setting it only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_profile: Option<PasswordProfile>,
    /// `managed`.
    pub user_domain_type: &'static str,
    /// `inactive` for a deleted one.
    pub state: UserState,
    /// When it was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub soft_deletion_time: Option<Moment>,
    /// Links.
    pub links: Links,
    /// `CustomerUser`.
    pub attributes: Attributes,
}

/// A password that was set.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasswordProfile {
    /// The password.
    pub password: String,
    /// Whether it is to be changed at the next sign-in.
    pub force_change_password: bool,
}

impl UserResource {
    fn new(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            user_principal_name: user.user_principal_name.clone(),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            display_name: user.display_name.clone(),
            usage_location: user.usage_location.clone(),
            phone_number: user.phone_number.clone(),
            immutable_id: user.immutable_id.clone(),
            password_profile: None,
            user_domain_type: "managed",
            state: user.state,
            soft_deletion_time: user.deleted_at,
            links: Links::to(format!("/customers/{}/users/{}", user.customer_id, user.id)),
            attributes: Attributes::of("CustomerUser"),
        }
    }

    /// With a blank where the password will stand: answers are kept for replays without it.
    fn with_blank(user: &User) -> Self {
        let blank = PasswordProfile { password: String::new(), force_change_password: user.force_change_password };
        Self { password_profile: Some(blank), ..Self::new(user) }
    }
}

/// Puts the password of the request into the blank of the answer.
fn with_password(reply: Reply, password: &str) -> Result<Reply> {
    let body =
        reply.body.replacen("\"password\":\"\"", &format!("\"password\":{}", serde_json::to_string(password)?), 1);
    Ok(Reply { body, ..reply })
}

/// List a customer's users.
///
/// Oldest first, or by `sortField=DisplayName` with `sortDirection` `Ascending` or `Descending`.
/// The whole list unless `size` is given (0 means 100, at the most 500); the next page is
/// `links.next` with its `MS-ContinuationToken` header. Deleted users alone are listed with the
/// filter `{"Field":"UserState","Value":"Inactive","Operator":"equals"}`.
#[utoipa::path(
    tag = "Users",
    params(("size" = Option<u32>, Query, description = "Page size"), ("filter" = Option<String>, Query, description = "JSON filter"),
        ("sortField" = Option<String>, Query, description = "`DisplayName`"),
        ("sortDirection" = Option<String>, Query, description = "`Ascending` or `Descending`"),
        ("seekOperation" = Option<String>, Query, description = "`Next`, with a continuation token")),
    responses((status = 200, body = Collection<UserResource>))
)]
#[get("/v1/customers/{customer_id}/users")]
pub async fn list_customer_users(call: Call<ListCustomerUsers>) -> Answer {
    let (id, itself) = (call.guid("customer_id")?, call.link());
    let listing = Listing::of(&call.query, call.continuation())?;
    call.read(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        let mut users = repo::list(unit.conn, &customer.id, &listing)?;
        let more = listing.size.is_some_and(|size| users.len() > size);
        if let Some(size) = listing.size {
            users.truncate(size);
        }
        let mut list = Collection::whole(users.iter().map(UserResource::new).collect(), itself.clone());
        if let Some(last) = users.last().filter(|_| more) {
            let uri = format!("/customers/{}/users?{}", customer.id, listing.query());
            continue_at(&mut list, uri, listing.token_after(last)?);
        }
        Ok(list)
    })
    .await
}

/// Tells where the next page is.
pub(super) fn continue_at<T>(list: &mut Collection<T>, uri: String, token: String) {
    let mut link = Link::get(uri);
    link.headers.push(KeyValue { key: "MS-ContinuationToken".to_owned(), value: token.clone() });
    if let Some(links) = &mut list.links {
        links.next = Some(link);
    }
    list.continuation_token = Some(token);
}

/// Create a user.
///
/// The user principal name must be in the customer's domain and is taken once. The password is in
/// this answer and in that of a replay, and is kept nowhere.
#[utoipa::path(tag = "Users", request_body = UserRequest, responses((status = 201, body = UserResource)))]
#[post("/v1/customers/{customer_id}/users")]
pub async fn create_customer_user(mut call: Call<CreateCustomerUser>) -> Answer {
    let id = call.guid("customer_id")?;
    let (new, password) = call.body::<UserRequest>()?.new_user()?;
    let reply = call
        .write_reply(move |unit, agent| {
            let customer = agent.customer(unit, &id)?;
            let user = create(unit, agent, &customer, &new)?;
            Reply::created(&UserResource::with_blank(&user))
        })
        .await?;
    Ok(with_password(reply, &password)?.into())
}

/// Get a user.
///
/// A deleted user is found too, with `state` `inactive`, for 30 days.
#[utoipa::path(tag = "Users", responses((status = 200, body = UserResource)))]
#[get("/v1/customers/{customer_id}/users/{user_id}")]
pub async fn get_customer_user(call: Call<GetCustomerUser>) -> Answer {
    let (id, user_id) = (call.guid("customer_id")?, call.guid("user_id")?);
    call.read(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        Ok(UserResource::new(&find(unit, &customer, &user_id)?))
    })
    .await
}

/// Change or restore a user.
///
/// What is absent or `null` stays. `state` `active` restores a deleted user; a `passwordProfile`
/// with a password sets that.
#[utoipa::path(tag = "Users", request_body = UserRequest, responses((status = 200, body = UserResource)))]
#[patch("/v1/customers/{customer_id}/users/{user_id}")]
pub async fn update_customer_user(mut call: Call<UpdateCustomerUser>) -> Answer {
    let user_id = call.guid("user_id")?;
    let (changes, password) = call.body::<UserRequest>()?.changes(&user_id)?;
    changed(call, user_id, changes, password).await
}

/// Reset a user's password.
///
/// Takes a `passwordProfile` with a password; everything else in the body is ignored.
#[utoipa::path(tag = "Users", request_body = UserRequest, responses((status = 200, body = UserResource)))]
#[patch("/v1/customers/{customer_id}/users/{user_id}/resetpassword")]
pub async fn reset_user_password(mut call: Call<ResetUserPassword>) -> Answer {
    let user_id = call.guid("user_id")?;
    let (force, password) = call.body::<UserRequest>()?.new_password()?;
    changed(call, user_id, Changes { new_password: Some(force), ..Changes::default() }, Some(password)).await
}

async fn changed<O: Operation>(call: Call<O>, user_id: Guid, changes: Changes, password: Option<String>) -> Answer {
    let id = call.guid("customer_id")?;
    let reply = call
        .write_reply(move |unit, agent| {
            let customer = agent.customer(unit, &id)?;
            let user = change(unit, agent, &customer, &user_id, &changes)?;
            let blank = changes.new_password.is_some();
            Reply::ok(&if blank { UserResource::with_blank(&user) } else { UserResource::new(&user) })
        })
        .await?;
    Ok(match password {
        Some(password) => with_password(reply, &password)?.into(),
        None => reply.into(),
    })
}

/// Delete a user.
///
/// The user can no longer sign in and is restored with PATCH within 30 days. Deleting again is 404.
#[utoipa::path(tag = "Users", responses((status = 204, description = "Deleted; no body")))]
#[delete("/v1/customers/{customer_id}/users/{user_id}")]
pub async fn delete_customer_user(call: Call<DeleteCustomerUser>) -> Answer {
    let (id, user_id) = (call.guid("customer_id")?, call.guid("user_id")?);
    call.write(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        delete(unit, agent, &customer, &user_id)?;
        Ok(Reply::no_content())
    })
    .await
}
