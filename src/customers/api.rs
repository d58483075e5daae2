//! Customers on the wire: `/v1/customers` and their profiles.

use actix_web::{HttpResponse, get, head, post, put};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::repo::{self, Narrowing};
use super::rules::{self, ProfileInput};
use super::{
    Address, BillingProfile, Customer, CustomerRow, NewCustomer, create, initial_password, is_taken, replace_billing,
};
use crate::access::guid;
use crate::error::{Error, Result};
use crate::http::{Reply, json};
use crate::partner_center::{
    Answer, Attributes, Call, Collection, Filter, KeyValue, Link, Links, PageRequest, PageToken,
};
use crate::permissions::{
    CheckDomain, CreateCustomer, GetBillingProfile, GetCompanyProfile, GetCustomer, ListCustomers, UpdateBillingProfile,
};

/// Values of a filter are no longer than this.
const LONGEST_FILTER: usize = 256;

/// A customer to create.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomerRequest {
    /// The company; its domain is required.
    pub company_profile: Option<CompanyProfileRequest>,
    /// Whom bills concern; required.
    pub billing_profile: Option<BillingProfileRequest>,
    /// The tenant id of the indirect reseller to associate (indirect providers only).
    pub associated_partner_id: Option<String>,
    /// Echoed.
    #[serde(rename = "enableGDAPByDefault")]
    pub enable_gdap_by_default: Option<bool>,
}

/// The company of a customer to create.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CompanyProfileRequest {
    /// The domain of the new tenant; required.
    #[schema(example = "fabrikam9.onmicrosoft.com")]
    pub domain: Option<String>,
    /// Required in some countries, refused in others.
    pub organization_registration_number: Option<String>,
}

/// A billing profile as it is sent.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BillingProfileRequest {
    /// The contact's first name.
    pub first_name: Option<String>,
    /// The contact's last name.
    pub last_name: Option<String>,
    /// Required.
    #[schema(example = "it@fabrikam.example")]
    pub email: Option<String>,
    /// Required.
    #[schema(example = "en-US")]
    pub culture: Option<String>,
    /// Required.
    #[schema(example = "en")]
    pub language: Option<String>,
    /// Required.
    #[schema(example = "Fabrikam 9")]
    pub company_name: Option<String>,
    /// Required.
    pub default_address: Option<Address>,
    /// The etag that was read, when it is to be checked.
    pub attributes: Option<EtagRequest>,
}

/// The version that was read.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EtagRequest {
    /// The etag.
    pub etag: Option<String>,
}

impl BillingProfileRequest {
    fn check(&self, prefix: &str) -> Result<BillingProfile> {
        rules::billing_profile(
            prefix,
            &ProfileInput {
                first_name: self.first_name.as_ref(),
                last_name: self.last_name.as_ref(),
                email: self.email.as_ref(),
                culture: self.culture.as_ref(),
                language: self.language.as_ref(),
                company_name: self.company_name.as_ref(),
                default_address: self.default_address.as_ref(),
            },
        )
    }
}

impl CustomerRequest {
    fn check(&self) -> Result<NewCustomer> {
        let company = self.company_profile.as_ref().ok_or_else(|| Error::invalid("companyProfile", "is required"))?;
        let domain = rules::domain("companyProfile.domain", company.domain.as_ref())?;
        let billing = self.billing_profile.as_ref().ok_or_else(|| Error::invalid("billingProfile", "is required"))?;
        let billing = billing.check("billingProfile")?;
        let country = billing.default_address.country.clone().unwrap_or_default();
        Ok(NewCustomer {
            domain,
            registration_number: rules::registration_number(
                &country,
                company.organization_registration_number.as_ref(),
            )?,
            billing,
            associated_partner_id: self
                .associated_partner_id
                .as_deref()
                .filter(|id| !id.is_empty())
                .map(|id| guid("associatedPartnerId", id))
                .transpose()?,
            gdap_by_default: self.enable_gdap_by_default.unwrap_or(false),
        })
    }
}

/// A customer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Customer)]
pub struct CustomerResource {
    /// The customer's tenant id.
    pub id: String,
    /// The billing account; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commerce_id: Option<String>,
    /// The company.
    pub company_profile: CompanyProfileResource,
    /// Whom bills concern; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_profile: Option<BillingProfileResource>,
    /// `reseller`.
    pub relationship_to_partner: &'static str,
    /// Whether agents may act on the customer's behalf; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_delegated_access: Option<bool>,
    /// The customer's domains; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_domains: Option<Vec<String>>,
    /// The first administrator's credentials; in the answer to a creation only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_credentials: Option<UserCredentials>,
    /// Echoed.
    #[serde(rename = "enableGDAPByDefault", skip_serializing_if = "Option::is_none")]
    pub enable_gdap_by_default: Option<bool>,
    /// Links.
    pub links: Links,
    /// `Customer`.
    pub attributes: Attributes,
}

/// The credentials of a new tenant's first administrator.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserCredentials {
    /// The part before the `@`.
    pub user_name: &'static str,
    /// The initial password.
    pub password: String,
}

/// A customer's company.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CompanyProfile)]
pub struct CompanyProfileResource {
    /// The customer's tenant id.
    pub tenant_id: String,
    /// The domain.
    pub domain: String,
    /// The company's name.
    pub company_name: String,
    /// The registration number, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_registration_number: Option<String>,
    /// The address; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// The mail address; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Links; on the profile's own page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub links: Option<Links>,
    /// `CustomerCompanyProfile`.
    pub attributes: Attributes,
}

/// A customer's billing profile.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BillingProfile)]
pub struct BillingProfileResource {
    /// The profile.
    #[serde(flatten)]
    pub profile: BillingProfile,
    /// Links; on the profile's own page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub links: Option<Links>,
    /// `CustomerBillingProfile`, with the etag.
    pub attributes: Attributes,
}

impl CustomerResource {
    fn in_list(row: &CustomerRow) -> Self {
        Self {
            id: row.id.to_string(),
            commerce_id: None,
            company_profile: company(row, None),
            billing_profile: None,
            relationship_to_partner: "reseller",
            allow_delegated_access: None,
            custom_domains: None,
            user_credentials: None,
            enable_gdap_by_default: None,
            links: Links::to(format!("/customers/{}", row.id)),
            attributes: Attributes::of("Customer"),
        }
    }

    fn whole(customer: &Customer) -> Result<Self> {
        let profile = customer.billing()?;
        Ok(Self {
            commerce_id: Some(customer.row.commerce_id.to_string()),
            company_profile: company(&customer.row, Some(&profile)),
            billing_profile: Some(billing(customer, profile.clone(), None)),
            allow_delegated_access: Some(true),
            custom_domains: Some(vec![customer.row.domain.clone()]),
            enable_gdap_by_default: Some(customer.row.gdap_by_default),
            ..Self::in_list(&customer.row)
        })
    }
}

fn company(row: &CustomerRow, profile: Option<&BillingProfile>) -> CompanyProfileResource {
    CompanyProfileResource {
        tenant_id: row.id.to_string(),
        domain: row.domain.clone(),
        company_name: row.company_name.clone(),
        organization_registration_number: row.registration_number.clone().filter(|_| profile.is_some()),
        address: profile.map(|profile| profile.default_address.clone()),
        email: profile.map(|profile| profile.email.clone()),
        links: None,
        attributes: Attributes::of("CustomerCompanyProfile"),
    }
}

fn billing(customer: &Customer, profile: BillingProfile, links: Option<Links>) -> BillingProfileResource {
    let etag = customer.row.billing_etag.to_string();
    BillingProfileResource { profile, links, attributes: Attributes::versioned("CustomerBillingProfile", etag) }
}

/// Create a customer.
///
/// Makes a new tenant and the partner's relationship with it. An indirect provider may associate an
/// indirect reseller (App+User only). Send the same `MS-RequestId` again after a lost answer: the
/// same customer comes back, with its initial password.
#[utoipa::path(tag = "Customers", request_body = CustomerRequest, responses((status = 201, body = CustomerResource)))]
#[post("/v1/customers")]
pub async fn create_customer(mut call: Call<CreateCustomer>) -> Answer {
    let new = call.body::<CustomerRequest>()?.check()?;
    if new.associated_partner_id.is_some() {
        call.agent.require_user()?;
    }
    let db = call.app.db.clone();
    let reply = call
        .write_reply(move |unit, agent| {
            let customer = create(unit, agent, &new)?;
            Reply::created(&CustomerResource {
                user_credentials: Some(UserCredentials { user_name: "admin", password: String::new() }),
                ..CustomerResource::whole(&customer)?
            })
        })
        .await?;
    Ok(with_password(&db, reply).await?.into())
}

/// Puts the initial password into the answer, which is kept for replays without it.
async fn with_password(db: &crate::db::Db, reply: Reply) -> Result<Reply> {
    #[derive(Deserialize)]
    struct Created {
        id: String,
    }
    let created: Created = json::read(reply.body.as_bytes())?;
    let password = db.read(move |unit| initial_password(unit, &created.id)).await?;
    let body = reply.body.replacen("\"password\":\"\"", &format!("\"password\":\"{password}\""), 1);
    Ok(Reply { body, ..reply })
}

/// List customers.
///
/// Oldest first; the whole list unless `size` is given (0 means 100, at the most 500). The next
/// page is `links.next` with its `MS-ContinuationToken` header. `filter` is a JSON object such as
/// `{"Field":"CompanyName","Value":"Fab","Operator":"starts_with"}`; fields: `CompanyName`,
/// `Domain`, `IndirectReseller`, `IndirectCloudSolutionProvider`.
#[utoipa::path(
    tag = "Customers",
    params(("size" = Option<u32>, Query, description = "Page size"), ("filter" = Option<String>, Query, description = "JSON filter"),
        ("seekOperation" = Option<String>, Query, description = "`Next`, with a continuation token")),
    responses((status = 200, body = Collection<CustomerResource>))
)]
#[get("/v1/customers")]
pub async fn list_customers(call: Call<ListCustomers>) -> Answer {
    let page = PageRequest::of(&call.query, call.continuation())?;
    let narrowing = narrowing(&call, page.filter.as_deref())?;
    let itself = call.link();
    call.read(move |unit, agent| {
        let limit = page.size.map(|size| i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1));
        let mut rows = repo::list(unit.conn, &agent.partner, &narrowing, page.after.as_ref(), limit)?;
        let more = page.size.is_some_and(|size| rows.len() > size);
        if let Some(size) = page.size {
            rows.truncate(size);
        }
        let next = match rows.last() {
            Some((row, at)) if more => Some(next_page(&page, (*at, row.id.to_string()))?),
            _ => None,
        };
        let mut list =
            Collection::whole(rows.iter().map(|(row, _)| CustomerResource::in_list(row)).collect(), itself.clone());
        if let Some((token, link)) = next {
            list.continuation_token = Some(token);
            list.links = list.links.map(|links| Links { next: Some(link), ..links });
        }
        Ok(list)
    })
    .await
}

fn next_page(page: &PageRequest, after: (crate::db::Moment, String)) -> Result<(String, Link)> {
    let size = page.size.unwrap_or_default();
    let token = PageToken { size, filter: page.filter.clone(), after }.encode()?;
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("size", &size.to_string());
    if let Some(filter) = &page.filter {
        query.append_pair("filter", filter);
    }
    let mut link = Link::get(format!("/customers?{}&seekOperation=Next", query.finish()));
    link.headers.push(KeyValue { key: "MS-ContinuationToken".to_owned(), value: token.clone() });
    Ok((token, link))
}

fn narrowing(call: &Call<ListCustomers>, filter: Option<&str>) -> Result<Narrowing> {
    let mut narrowing = Narrowing::default();
    let Some(filter) = filter.map(Filter::parse).transpose()? else { return Ok(narrowing) };
    let slot = if filter.is_on("CompanyName") {
        &mut narrowing.company_name
    } else if filter.is_on("Domain") {
        &mut narrowing.domain
    } else if filter.is_on("IndirectReseller") {
        call.agent.require_user()?;
        &mut narrowing.reseller_id
    } else if filter.is_on("IndirectCloudSolutionProvider") {
        &mut narrowing.provider_id
    } else {
        return Err(filter.unsupported());
    };
    filter.require("starts_with")?;
    if filter.value.len() > LONGEST_FILTER || filter.value.contains('\0') {
        return Err(Error::invalid("filter", format!("Value must not be longer than {LONGEST_FILTER}")));
    }
    *slot = Some(filter.value.to_lowercase());
    Ok(narrowing)
}

/// Get a customer.
///
/// With its company and billing profile. A customer of another partner is as unknown as one that
/// does not exist: 404 with code 60003.
#[utoipa::path(tag = "Customers", responses((status = 200, body = CustomerResource)))]
#[get("/v1/customers/{customer_id}")]
pub async fn get_customer(call: Call<GetCustomer>) -> Answer {
    // Literals that the real service has at this place.
    if ["relationshiprequests", "all", "usagerecords"].contains(&call.segment("customer_id")) {
        return Err(Error::NotFound.into());
    }
    let id = call.guid("customer_id")?;
    call.read(move |unit, agent| CustomerResource::whole(&agent.customer(unit, &id)?)).await
}

/// Get a customer's billing profile.
///
/// The etag in `attributes` is that of this version; send it back with a replacement to be told
/// when somebody else was faster.
#[utoipa::path(tag = "Customers", responses((status = 200, body = BillingProfileResource)))]
#[get("/v1/customers/{customer_id}/profiles/billing")]
pub async fn get_billing_profile(call: Call<GetBillingProfile>) -> Answer {
    let (id, links) = (call.guid("customer_id")?, Links::to(call.link()));
    call.read(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        Ok(billing(&customer, customer.billing()?, Some(links.clone())))
    })
    .await
}

/// Replace a customer's billing profile.
///
/// The whole profile is sent. A stale `If-Match` is 412, a stale etag in the body 400 with code
/// 2055; with neither the last writer wins.
#[utoipa::path(tag = "Customers", request_body = BillingProfileRequest, responses((status = 200, body = BillingProfileResource)))]
#[put("/v1/customers/{customer_id}/profiles/billing")]
pub async fn update_billing_profile(mut call: Call<UpdateBillingProfile>) -> Answer {
    let (id, links, if_match) = (call.guid("customer_id")?, Links::to(call.link()), call.if_match());
    let request: BillingProfileRequest = call.body()?;
    let profile = request.check("")?;
    let body_etag = request.attributes.and_then(|attributes| attributes.etag);
    call.write(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        let changed =
            replace_billing(unit, agent, &customer, profile.clone(), if_match.as_deref(), body_etag.as_deref())?;
        Reply::ok(&billing(&changed, changed.billing()?, Some(links.clone())))
    })
    .await
}

/// Get a customer's company profile.
///
/// App+User only.
#[utoipa::path(tag = "Customers", responses((status = 200, body = CompanyProfileResource)))]
#[get("/v1/customers/{customer_id}/profiles/company")]
pub async fn get_company_profile(call: Call<GetCompanyProfile>) -> Answer {
    let (id, links) = (call.guid("customer_id")?, Links::to(call.link()));
    call.read(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        let profile = customer.billing()?;
        Ok(CompanyProfileResource { links: Some(links.clone()), ..company(&customer.row, Some(&profile)) })
    })
    .await
}

/// Whether a domain is taken.
///
/// 200 when a tenant has it, 404 when it can be given to a new customer; no body in either case.
#[utoipa::path(tag = "Customers", responses((status = 200, description = "Taken"), (status = 404, description = "Free")))]
#[head("/v1/domains/{domain}")]
pub async fn check_domain(call: Call<CheckDomain>) -> Answer {
    let domain = call.segment("domain").to_lowercase();
    let taken = call.app.db.read(move |unit| is_taken(unit, &domain)).await?;
    Ok(if taken { HttpResponse::Ok().finish() } else { HttpResponse::NotFound().finish() })
}
