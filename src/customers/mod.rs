//! Customers: tenants that a partner sells to, and the relationship between the two.

pub mod api;
pub mod repo;
pub mod rules;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::access::Agent;
use crate::audit::{self, Change, OperationType, ResourceType};
use crate::db::schema::{customers, relationships};
use crate::db::{JsonText, Moment, Unit, setting};
use crate::error::{Error, Result};
use crate::etag;
use crate::ids::Guid;
use crate::orders::refusal::Refusal;
use crate::partners::{self, Partner, PartnerKind};
use crate::text_enum;
use crate::users;

text_enum! {
    /// How a partner and a customer stand to each other.
    RelationshipState {
        /// The partner sells to the customer.
        Active = "active",
        /// It did.
        Ended = "ended",
    }
}

/// Under this name the key is kept from which initial passwords are derived.
pub const SERVER_KEY: &str = "server_key";
/// How many customers a sandbox account may have.
const SANDBOX_CUSTOMERS: i64 = 75;

/// A postal address with a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Address {
    /// ISO 3166 alpha-2 code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "US")]
    pub country: Option<String>,
    /// The region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The city.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Redmond")]
    pub city: Option<String>,
    /// The state or province, where the country has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "WA")]
    pub state: Option<String>,
    /// The district.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district: Option<String>,
    /// The first line.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "1 Main St")]
    pub address_line1: Option<String>,
    /// The second line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_line2: Option<String>,
    /// The third line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_line3: Option<String>,
    /// The postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "98052")]
    pub postal_code: Option<String>,
    /// The person's first name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Ada")]
    pub first_name: Option<String>,
    /// The person's middle name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    /// The person's last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Low")]
    pub last_name: Option<String>,
    /// The phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
}

/// Whom the customer's bills concern.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BillingProfileFields)]
pub struct BillingProfile {
    /// The profile's own id.
    pub id: String,
    /// The contact's first name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// The contact's last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The contact's mail address.
    pub email: String,
    /// Such as `en-US`.
    pub culture: String,
    /// Such as `en`.
    pub language: String,
    /// The company's name.
    pub company_name: String,
    /// The address.
    pub default_address: Address,
}

/// What a customer is created with.
#[derive(Clone, Debug)]
pub struct NewCustomer {
    /// The domain, lower case.
    pub domain: String,
    /// The organisation's registration number, where the country has one.
    pub registration_number: Option<String>,
    /// The billing profile, still without an id.
    pub billing: BillingProfile,
    /// The indirect reseller's tenant.
    pub associated_partner_id: Option<Guid>,
    /// Echoed.
    pub gdap_by_default: bool,
}

/// A customer as it is kept.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = customers)]
pub struct CustomerRow {
    /// The tenant id.
    pub id: Guid,
    /// The tenant's domain, lower case.
    pub domain: String,
    /// The company's name.
    pub company_name: String,
    /// The same in lower case, for filters.
    pub company_name_key: String,
    /// ISO 3166 alpha-2 code, upper case.
    pub country: String,
    /// The billing account.
    pub commerce_id: Guid,
    /// The organisation's registration number.
    pub registration_number: Option<String>,
    /// [`BillingProfile`].
    pub billing_profile: JsonText,
    /// The version of the billing profile.
    pub billing_etag: i64,
    /// Echoed.
    pub gdap_by_default: bool,
    /// When it was created.
    pub created_at: Moment,
}

/// The relationship of a partner and a customer.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = relationships)]
pub struct Relationship {
    /// The partner that buys for the customer.
    pub partner_id: Guid,
    /// The customer.
    pub customer_id: Guid,
    /// How they stand to each other.
    pub state: RelationshipState,
    /// The indirect reseller that shares the customer.
    pub reseller_id: Option<Guid>,
    /// Since when.
    pub created_at: Moment,
}

/// A customer as one partner sees it.
#[derive(Clone, Debug)]
pub struct Customer {
    /// The tenant id.
    pub id: Guid,
    /// The company's name.
    pub company_name: String,
    /// ISO 3166 alpha-2 code, upper case.
    pub country: String,
    /// The partner that buys for the customer: the caller, or the caller's provider. All that the
    /// customer owns is looked for under the two of them.
    pub seller_id: Guid,
    /// Everything else.
    pub row: CustomerRow,
}

impl Customer {
    fn new(row: CustomerRow, relationship: &Relationship) -> Self {
        Self {
            id: row.id.clone(),
            company_name: row.company_name.clone(),
            country: row.country.clone(),
            seller_id: relationship.partner_id.clone(),
            row,
        }
    }

    /// The billing profile.
    ///
    /// # Errors
    /// When the stored document is of another form.
    pub fn billing(&self) -> Result<BillingProfile> {
        self.row.billing_profile.read()
    }
}

/// The customer with this id, if `partner` may see it.
///
/// # Errors
/// [`Error::CustomerNotFound`] for unknown and foreign customers alike;
/// [`Error::RelationshipEnded`] where a relationship existed.
pub fn visible_to(unit: &mut Unit<'_>, partner: &Partner, id: &Guid) -> Result<Customer> {
    let (row, relationship) = repo::find(unit.conn, partner, id)?.ok_or(Error::CustomerNotFound)?;
    match relationship.state {
        RelationshipState::Active => Ok(Customer::new(row, &relationship)),
        RelationshipState::Ended => Err(Error::RelationshipEnded),
    }
}

/// Creates a customer and the partner's relationship with it.
///
/// # Errors
/// [`Error::DomainTaken`]; a refusal for a reseller that is none of this provider's;
/// [`Error::SandboxCustomerLimit`].
pub fn create(unit: &mut Unit<'_>, agent: &Agent, new: &NewCustomer) -> Result<Customer> {
    let reseller_id = match &new.associated_partner_id {
        Some(id) => Some(reseller_of(unit, &agent.partner, id)?.id),
        None => None,
    };
    if agent.partner.sandbox && repo::count(unit.conn, &agent.partner.id)? >= SANDBOX_CUSTOMERS {
        return Err(Error::SandboxCustomerLimit);
    }
    if repo::id_of_domain(unit.conn, &new.domain)?.is_some()
        || partners::repo::by_domain(unit.conn, &new.domain)?.is_some()
    {
        return Err(Error::DomainTaken(new.domain.clone()));
    }
    let billing = BillingProfile { id: Guid::random().to_string(), ..new.billing.clone() };
    let row = CustomerRow {
        id: Guid::random(),
        domain: new.domain.clone(),
        company_name: billing.company_name.clone(),
        company_name_key: billing.company_name.to_lowercase(),
        country: billing.default_address.country.clone().unwrap_or_default(),
        commerce_id: Guid::random(),
        registration_number: new.registration_number.clone(),
        billing_profile: JsonText::of(&billing)?,
        billing_etag: new_etag(),
        gdap_by_default: new.gdap_by_default,
        created_at: unit.now,
    };
    let customer = add(unit, &agent.partner, row, reseller_id)?;
    users::add_first_administrator(unit, &customer, &billing)?;
    audit::record(
        unit,
        agent,
        &customer,
        Change {
            resource: ResourceType::Customer,
            operation: OperationType::AddCustomer,
            old: None,
            new: Some(serde_json::json!({
                "id": customer.id, "companyProfile": {"domain": new.domain, "companyName": customer.company_name},
                "billingProfile": billing,
            })),
            details: vec![
                ("PrimaryDomainName".to_owned(), new.domain.clone()),
                ("Relationship".to_owned(), "Reseller".to_owned()),
            ],
        },
    )?;
    Ok(customer)
}

/// Whether a tenant, of a customer or a partner, has this domain (lower case).
///
/// # Errors
/// Those of the database.
pub fn is_taken(unit: &mut Unit<'_>, domain: &str) -> Result<bool> {
    let customer = repo::id_of_domain(unit.conn, domain)?;
    Ok(customer.is_some() || partners::repo::by_domain(unit.conn, domain)?.is_some())
}

/// Keeps a customer with its relationship.
///
/// # Errors
/// Those of the database.
pub fn add(unit: &mut Unit<'_>, partner: &Partner, row: CustomerRow, reseller_id: Option<Guid>) -> Result<Customer> {
    let relationship = Relationship {
        partner_id: partner.id.clone(),
        customer_id: row.id.clone(),
        state: RelationshipState::Active,
        reseller_id,
        created_at: unit.now,
    };
    repo::insert(unit.conn, &row)?;
    repo::insert_relationship(unit.conn, &relationship)?;
    Ok(Customer::new(row, &relationship))
}

/// Replaces the billing profile; the etag changes with each replacement.
///
/// # Errors
/// [`Error::PreconditionFailed`] or [`Error::StaleEtag`] where a version was named that is no
/// longer the present one.
pub fn replace_billing(
    unit: &mut Unit<'_>,
    agent: &Agent,
    customer: &Customer,
    profile: BillingProfile,
    if_match: Option<&str>,
    body_etag: Option<&str>,
) -> Result<Customer> {
    let present = customer.row.billing_etag.to_string();
    etag::check(&present, if_match, body_etag)?;
    let old = customer.billing()?;
    let profile = BillingProfile { id: old.id.clone(), ..profile };
    let mut changed = customer.clone();
    changed.company_name = profile.company_name.clone();
    changed.country = profile.default_address.country.clone().unwrap_or_default();
    changed.row.company_name = changed.company_name.clone();
    changed.row.company_name_key = changed.company_name.to_lowercase();
    changed.row.country = changed.country.clone();
    changed.row.billing_profile = JsonText::of(&profile)?;
    changed.row.billing_etag = new_etag();
    repo::update_billing(unit.conn, &changed.row)?;
    audit::record(
        unit,
        agent,
        &changed,
        Change {
            resource: ResourceType::Customer,
            operation: OperationType::UpdateCustomerBillingProfile,
            old: Some(serde_json::to_value(&old)?),
            new: Some(serde_json::to_value(&profile)?),
            details: Vec::new(),
        },
    )?;
    Ok(changed)
}

/// The initial password of a customer's first administrator: derived, so that it is stored nowhere
/// and a replay of the creation can still return it.
///
/// # Errors
/// When the server has no key, which its start excludes.
pub fn initial_password(unit: &mut Unit<'_>, customer_id: &str) -> Result<String> {
    let key = setting(unit.conn, SERVER_KEY)?.ok_or_else(|| Error::Internal("no server key".to_owned()))?;
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), customer_id.as_bytes());
    let letters = URL_SAFE_NO_PAD.encode(tag.as_ref());
    Ok(format!("Rv-{}!7", letters.chars().take(12).collect::<String>()))
}

fn reseller_of(unit: &mut Unit<'_>, provider: &Partner, id: &Guid) -> Result<Partner> {
    const FIELD: &str = "associatedPartnerId";
    if provider.kind != PartnerKind::Provider {
        return Err(Refusal::ResellerNotSupported(FIELD.to_owned()).into());
    }
    let reseller = partners::repo::by_id(unit.conn, id)?.ok_or_else(|| Refusal::ResellerUnknown(FIELD.to_owned()))?;
    if reseller.provider_id.as_ref() == Some(&provider.id) {
        Ok(reseller)
    } else {
        Err(Refusal::ResellerUnrelated(FIELD.to_owned()).into())
    }
}

fn new_etag() -> i64 {
    let (high, _) = uuid::Uuid::new_v4().as_u64_pair();
    i64::try_from(high >> 1).unwrap_or_default()
}
