//! Purchase permissions on the wire: `/v1/SelfServePolicy`.

use actix_web::{delete, get, post, put};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Action, Permission, Resource, SelfServePolicy, create, delete as remove, find, parties, repo, update};
use crate::access::guid;
use crate::audit::{OperationType, ResourceType};
use crate::customers::api::EtagRequest;
use crate::db::types::same_word;
use crate::error::{Error, Result};
use crate::http::Reply;
use crate::ids::Guid;
use crate::partner_center::{Answer, Attempt, Attributes, Call, Collection};
use crate::permissions::{
    CreateSelfServePolicy, DeleteSelfServePolicy, GetSelfServePolicy, ListSelfServePolicies, Operation,
    UpdateSelfServePolicy, UpdateSelfServePolicyById,
};

/// The only kinds of the two parties.
const CUSTOMER: &str = "customer";
const BILL_TO_PARTNER: &str = "billToPartner";

/// What a customer may buy for itself, as it is sent.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SelfServePolicyRequest {
    /// The permission's id, where one is changed.
    pub id: Option<String>,
    /// Who may buy; required.
    pub self_serve_entity: Option<EntityRequest>,
    /// Who pays; required.
    pub grantor: Option<GrantorRequest>,
    /// What may be bought; at least one.
    pub permissions: Option<Vec<PermissionRequest>>,
    /// With the etag of the version that was read.
    pub attributes: Option<EtagRequest>,
}

/// Who may buy.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EntityRequest {
    /// `customer`; required.
    #[schema(example = "customer")]
    pub self_serve_entity_type: Option<String>,
    /// The customer's tenant; required.
    #[serde(rename = "tenantID")]
    #[schema(example = "50000000-0000-4000-8000-000000000001")]
    pub tenant_id: Option<String>,
}

/// Who pays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GrantorRequest {
    /// `billToPartner`; required.
    #[schema(example = "billToPartner")]
    pub grantor_type: Option<String>,
    /// The caller's own tenant; required.
    #[serde(rename = "tenantID")]
    #[schema(example = "10000000-0000-4000-8000-000000000001")]
    pub tenant_id: Option<String>,
}

/// What may be bought.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PermissionRequest {
    /// `AzureReservedInstances` or `AzureSavingsPlan`; required.
    #[schema(example = "AzureReservedInstances")]
    pub resource: Option<String>,
    /// `Purchase`; required.
    #[schema(example = "Purchase")]
    pub action: Option<String>,
}

/// What a customer may buy for itself.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SelfServePolicy)]
pub struct SelfServePolicyResource {
    /// The partner's tenant, an underscore, the customer's.
    pub id: String,
    /// Who may buy.
    pub self_serve_entity: Entity,
    /// Who pays.
    pub grantor: Grantor,
    /// What may be bought.
    pub permissions: Vec<Permission>,
    /// The version, with quotes of its own, and `SelfServePolicy`.
    pub attributes: Attributes,
}

/// Who may buy.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Entity {
    /// `customer`.
    pub self_serve_entity_type: &'static str,
    /// The customer's tenant.
    #[serde(rename = "tenantID")]
    pub tenant_id: String,
}

/// Who pays.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Grantor {
    /// `billToPartner`.
    pub grantor_type: &'static str,
    /// The partner's tenant.
    #[serde(rename = "tenantID")]
    pub tenant_id: String,
}

impl SelfServePolicyResource {
    fn new(policy: &SelfServePolicy) -> Result<Self> {
        Ok(Self {
            id: policy.id(),
            self_serve_entity: Entity { self_serve_entity_type: CUSTOMER, tenant_id: policy.customer_id.to_string() },
            grantor: Grantor { grantor_type: BILL_TO_PARTNER, tenant_id: policy.partner_id.to_string() },
            permissions: policy.permissions()?,
            attributes: Attributes::versioned("SelfServePolicy", format!("\"{}\"", policy.etag)),
        })
    }
}

/// A checked request.
#[derive(Clone)]
struct Checked {
    grantor: Guid,
    customer: Guid,
    permissions: Vec<Permission>,
}

impl Checked {
    /// The id that the two parties make.
    fn id(&self) -> String {
        format!("{}_{}", self.grantor, self.customer)
    }
}

impl SelfServePolicyRequest {
    fn check(&self) -> Result<Checked> {
        let entity = self.self_serve_entity.as_ref().ok_or_else(|| Error::invalid("selfServeEntity", "is required"))?;
        word("selfServeEntity.selfServeEntityType", entity.self_serve_entity_type.as_deref(), CUSTOMER)?;
        let customer = tenant("selfServeEntity.tenantID", entity.tenant_id.as_deref())?;
        let grantor = self.grantor.as_ref().ok_or_else(|| Error::invalid("grantor", "is required"))?;
        word("grantor.grantorType", grantor.grantor_type.as_deref(), BILL_TO_PARTNER)?;
        let grantor = tenant("grantor.tenantID", grantor.tenant_id.as_deref())?;
        let mut permissions = Vec::new();
        for (number, permission) in self.permissions.iter().flatten().enumerate() {
            let permission = permission.check(&format!("permissions[{number}]"))?;
            if !permissions.contains(&permission) {
                permissions.push(permission);
            }
        }
        if permissions.is_empty() {
            return Err(Error::invalid("permissions", "must hold at least one"));
        }
        Ok(Checked { grantor, customer, permissions })
    }

    fn etag(&self) -> Option<String> {
        self.attributes.as_ref().and_then(|attributes| attributes.etag.clone())
    }
}

impl PermissionRequest {
    fn check(&self, place: &str) -> Result<Permission> {
        let resource = self.resource.as_deref().and_then(Resource::parse).ok_or_else(|| {
            Error::invalid(format!("{place}.resource"), "must be AzureReservedInstances or AzureSavingsPlan")
        })?;
        let action = self.action.as_deref().and_then(Action::parse);
        let action = action.ok_or_else(|| Error::invalid(format!("{place}.action"), "must be Purchase"))?;
        Ok(Permission { resource, action })
    }
}

fn word(field: &str, text: Option<&str>, wanted: &str) -> Result<()> {
    let fits = text.is_some_and(|text| same_word(text, wanted));
    if fits { Ok(()) } else { Err(Error::invalid(field, format!("must be {wanted}"))) }
}

fn tenant(field: &str, text: Option<&str>) -> Result<Guid> {
    guid(field, text.ok_or_else(|| Error::invalid(field, "is required"))?)
}

/// The customer that a body is about, as far as it can be read.
fn customer_of_body<O: Operation>(call: &mut Call<O>) -> Option<Guid> {
    let request: SelfServePolicyRequest = call.body().ok()?;
    Guid::parse(&request.self_serve_entity?.tenant_id?)
}

/// The customer that the path is about.
fn customer_of_path<O: Operation>(call: &mut Call<O>) -> Option<Guid> {
    parties(call.segment("policy_id")).map(|(_, customer)| customer)
}

/// Let a customer buy for itself.
///
/// App+User only; Admin agents only, and the attempt of any other agent is recorded as failed. The
/// customer must have an Azure plan or Azure subscription from this partner (400/800011) and no
/// such permission yet (409/600041).
#[utoipa::path(tag = "Purchase permissions", request_body = SelfServePolicyRequest, responses((status = 201, body = SelfServePolicyResource)))]
#[post("/v1/SelfServePolicy")]
pub async fn create_self_serve_policy(attempt: Attempt<CreateSelfServePolicy>) -> Answer {
    let operation = OperationType::CreateSelfServePolicy;
    let mut call = attempt.or_record(ResourceType::SelfServePolicy, operation, customer_of_body).await?;
    let checked = call.body::<SelfServePolicyRequest>()?.check()?;
    call.write(move |unit, agent| {
        let customer = agent.customer(unit, &checked.customer)?;
        if checked.grantor != customer.seller_id {
            return Err(Error::invalid("grantor.tenantID", "must be your own tenant"));
        }
        let policy = create(unit, agent, &customer, &checked.permissions)?;
        Reply::created(&SelfServePolicyResource::new(&policy)?)
    })
    .await
}

/// List what a customer may buy for itself.
///
/// App+User only. One permission, or none.
#[utoipa::path(
    tag = "Purchase permissions",
    params(("entity_id" = String, Query, description = "The customer's tenant id")),
    responses((status = 200, body = Collection<SelfServePolicyResource>))
)]
#[get("/v1/SelfServePolicy")]
pub async fn list_self_serve_policies(call: Call<ListSelfServePolicies>) -> Answer {
    let (id, itself) = (guid("entity_id", call.query.required("entity_id")?)?, call.link());
    call.read(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        let found = repo::of_customer(unit.conn, &customer)?;
        let items = found.iter().map(SelfServePolicyResource::new).collect::<Result<_>>()?;
        Ok(Collection::whole(items, itself.clone()))
    })
    .await
}

/// Get a purchase permission.
///
/// App+User only. 404 with code 600039 for another partner's as for one that does not exist.
#[utoipa::path(tag = "Purchase permissions", responses((status = 200, body = SelfServePolicyResource)))]
#[get("/v1/SelfServePolicy/{policy_id}")]
pub async fn get_self_serve_policy(call: Call<GetSelfServePolicy>) -> Answer {
    let id = call.segment("policy_id").to_owned();
    call.read(move |unit, agent| SelfServePolicyResource::new(&find(unit, agent, &id)?.0)).await
}

/// Change what a customer may buy for itself; the id stands in the body.
///
/// As `PUT /v1/SelfServePolicy/{policy_id}`.
#[utoipa::path(tag = "Purchase permissions", request_body = SelfServePolicyRequest, responses((status = 200, body = SelfServePolicyResource)))]
#[put("/v1/SelfServePolicy")]
pub async fn update_self_serve_policy(attempt: Attempt<UpdateSelfServePolicy>) -> Answer {
    let operation = OperationType::UpdateSelfServePolicy;
    let mut call = attempt.or_record(ResourceType::SelfServePolicy, operation, customer_of_body).await?;
    let request: SelfServePolicyRequest = call.body()?;
    let id = request.id.clone().ok_or_else(|| Error::invalid("id", "is required"))?;
    replace(call, id, request).await
}

/// Change what a customer may buy for itself.
///
/// App+User only; Admin agents only, and the attempt of any other agent is recorded as failed. The
/// whole permission is sent. A stale `If-Match` is 412, a stale etag in the body 400 with code 2055;
/// ids that differ are 404 with code 600040.
#[utoipa::path(tag = "Purchase permissions", request_body = SelfServePolicyRequest, responses((status = 200, body = SelfServePolicyResource)))]
#[put("/v1/SelfServePolicy/{policy_id}")]
pub async fn update_self_serve_policy_by_id(attempt: Attempt<UpdateSelfServePolicyById>) -> Answer {
    let operation = OperationType::UpdateSelfServePolicy;
    let mut call = attempt.or_record(ResourceType::SelfServePolicy, operation, customer_of_path).await?;
    let request: SelfServePolicyRequest = call.body()?;
    let id = call.segment("policy_id").to_owned();
    replace(call, id, request).await
}

async fn replace<O: Operation>(call: Call<O>, id: String, request: SelfServePolicyRequest) -> Answer {
    let (checked, if_match, body_etag) = (request.check()?, call.if_match(), request.etag());
    let same = |other: &str| other.eq_ignore_ascii_case(&id);
    let consistent = same(&checked.id()) && request.id.as_deref().is_none_or(same);
    call.write(move |unit, agent| {
        let (policy, customer) = find(unit, agent, &id)?;
        if !consistent {
            return Err(Error::PolicyIdIncorrect);
        }
        let present = (&policy, &customer);
        let changed = update(unit, agent, present, &checked.permissions, if_match.as_deref(), body_etag.as_deref())?;
        Reply::ok(&SelfServePolicyResource::new(&changed)?)
    })
    .await
}

/// No longer let a customer buy for itself.
///
/// App+User only; Admin agents only, and the attempt of any other agent is recorded as failed. What
/// the customer has bought stays as it is.
#[utoipa::path(tag = "Purchase permissions", responses((status = 204, description = "Done")))]
#[delete("/v1/SelfServePolicy/{policy_id}")]
pub async fn delete_self_serve_policy(attempt: Attempt<DeleteSelfServePolicy>) -> Answer {
    let operation = OperationType::DeleteSelfServePolicy;
    let call = attempt.or_record(ResourceType::SelfServePolicy, operation, customer_of_path).await?;
    let (id, if_match) = (call.segment("policy_id").to_owned(), call.if_match());
    call.write(move |unit, agent| {
        let (policy, customer) = find(unit, agent, &id)?;
        remove(unit, agent, (&policy, &customer), if_match.as_deref())?;
        Ok(Reply::no_content())
    })
    .await
}
