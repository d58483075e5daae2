//! Agreements on the wire: `/v1/agreements` and `/v1/customers/{customer_id}/agreements`.

use actix_web::{get, post};
use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Agreement, AgreementType, TEMPLATES, Template, confirm, repo, template};
use crate::customers::rules::{email, required};
use crate::db::Moment;
use crate::error::{Error, Result};
use crate::http::{Query, Reply};
use crate::ids::Guid;
use crate::partner_center::{Answer, Call, Collection, is_supplied};
use crate::permissions::{
    ConfirmAgreement, GetAgreementDocument, GetDirectSignStatus, ListAgreementMetadata, ListAgreements,
};

/// A text that customers accept.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgreementMetaData {
    /// The id to confirm an agreement with.
    pub template_id: &'static str,
    /// What kind it is.
    pub agreement_type: AgreementType,
    /// Where it can be read.
    pub agreement_link: &'static str,
    /// Counts its versions.
    pub version_rank: i32,
}

/// Where the text of an agreement can be read.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgreementDocument {
    /// To look at.
    pub display_uri: &'static str,
    /// To keep.
    pub download_uri: &'static str,
    /// The language.
    pub language: String,
    /// The country.
    pub country: String,
}

/// An agreement to confirm.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgreementRequest {
    /// Who accepted it; required.
    pub primary_contact: Option<ContactRequest>,
    /// From the agreement's metadata; required.
    #[schema(example = "117a77b0-9360-443b-8795-c6dedc750cf9")]
    pub template_id: Option<String>,
    /// When it was accepted; required.
    #[schema(example = "2026-11-01T00:00:00Z")]
    pub date_agreed: Option<String>,
    /// `MicrosoftCustomerAgreement`; required.
    #[serde(rename = "type")]
    #[schema(example = "MicrosoftCustomerAgreement")]
    pub kind: Option<String>,
}

/// Who accepted an agreement.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactRequest {
    /// Required.
    #[schema(example = "Noor")]
    pub first_name: Option<String>,
    /// Required.
    #[schema(example = "Vale")]
    pub last_name: Option<String>,
    /// Required.
    #[schema(example = "nv@fabrikam.example")]
    pub email: Option<String>,
    /// The phone number.
    pub phone_number: Option<String>,
}

/// A confirmed agreement.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Agreement)]
pub struct AgreementResource {
    /// The agent that confirmed it.
    pub user_id: String,
    /// Who accepted it.
    pub primary_contact: Contact,
    /// The text.
    pub template_id: String,
    /// When it was accepted.
    #[schema(value_type = DateTime<Utc>)]
    pub date_agreed: Moment,
    /// What kind it is.
    #[serde(rename = "type")]
    pub kind: AgreementType,
    /// Where it can be read.
    pub agreement_link: &'static str,
}

/// Who accepted an agreement.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// The mail address.
    pub email: String,
    /// The phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
}

/// Whether the customer signed with Microsoft directly.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DirectSignStatus {
    /// Always false: here every agreement is confirmed by a partner.
    pub is_signed: bool,
}

impl AgreementResource {
    fn new(agreement: &Agreement) -> Self {
        Self {
            user_id: agreement.user_id.to_string(),
            primary_contact: Contact {
                first_name: agreement.first_name.clone(),
                last_name: agreement.last_name.clone(),
                email: agreement.email.clone(),
                phone_number: agreement.phone_number.clone(),
            },
            template_id: agreement.template_id.clone(),
            date_agreed: agreement.date_agreed,
            kind: agreement.agreement_type,
            agreement_link: template(&agreement.template_id).map_or("", |template| template.link),
        }
    }
}

/// A checked request.
struct Confirmed {
    template: &'static Template,
    contact: (String, String, String, Option<String>),
    date_agreed: Moment,
}

impl AgreementRequest {
    fn check(&self) -> Result<Confirmed> {
        let contact = self.primary_contact.as_ref().ok_or_else(|| Error::invalid("primaryContact", "is required"))?;
        let contact = (
            required("primaryContact.firstName", contact.first_name.as_ref(), 50)?,
            required("primaryContact.lastName", contact.last_name.as_ref(), 50)?,
            email("primaryContact.email", contact.email.as_ref())?,
            contact.phone_number.clone().filter(|number| !number.is_empty()),
        );
        if contact.3.as_ref().is_some_and(|number| number.len() > 50) {
            return Err(Error::invalid("primaryContact.phoneNumber", "must not be longer than 50 characters"));
        }
        let id = required("templateId", self.template_id.as_ref(), 64)?;
        let template =
            template(&id).ok_or_else(|| Error::invalid("templateId", "is not the id of an agreement template"))?;
        let kind = required("type", self.kind.as_ref(), 64)?;
        if AgreementType::parse(&kind) != Some(AgreementType::MicrosoftCustomerAgreement)
            || template.kind != AgreementType::MicrosoftCustomerAgreement
        {
            return Err(Error::invalid("type", "only a MicrosoftCustomerAgreement can be confirmed"));
        }
        let date = required("dateAgreed", self.date_agreed.as_ref(), 64)?;
        let date_agreed = date_of(&date)
            .filter(|date| is_supplied(date) && date.year() <= 9999)
            .ok_or_else(|| Error::invalid("dateAgreed", "is no date such as 2026-11-01T00:00:00Z"))?;
        Ok(Confirmed { template, contact, date_agreed: date_agreed.into() })
    }
}

/// A date with an offset, with `Z` or, as UTC, with neither; a day alone is its beginning.
fn date_of(text: &str) -> Option<DateTime<Utc>> {
    let with_zone = DateTime::parse_from_rfc3339(text).map(|date| date.with_timezone(&Utc));
    let without = || chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").map(|date| date.and_utc());
    let day = || {
        chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").map(|day| day.and_time(chrono::NaiveTime::MIN).and_utc())
    };
    with_zone.ok().or_else(|| without().ok()).or_else(|| day().ok())
}

/// `agreementType`: absent means the cloud agreement, `*` means every kind.
fn wanted_kind(query: &Query) -> Result<Option<AgreementType>> {
    match query.get("agreementType") {
        None => Ok(Some(AgreementType::MicrosoftCloudAgreement)),
        Some("*") => Ok(None),
        Some(text) => AgreementType::parse(text).map(Some).ok_or_else(|| {
            Error::invalid("agreementType", "must be MicrosoftCloudAgreement, MicrosoftCustomerAgreement or *")
        }),
    }
}

/// List agreement templates.
///
/// App+User only. `agreementType` is `MicrosoftCloudAgreement` when it is left out; `*` lists every kind.
#[utoipa::path(
    tag = "Agreements",
    params(("agreementType" = Option<String>, Query, description = "`MicrosoftCustomerAgreement`, `MicrosoftCloudAgreement` or `*`")),
    responses((status = 200, body = Collection<AgreementMetaData>))
)]
#[get("/v1/agreements")]
pub async fn list_agreement_metadata(call: Call<ListAgreementMetadata>) -> Answer {
    let (kind, itself) = (wanted_kind(&call.query)?, call.link());
    call.read(move |_, _| {
        let fitting = TEMPLATES.iter().filter(|template| kind.is_none_or(|kind| template.kind == kind));
        let items = fitting.map(|template| AgreementMetaData {
            template_id: template.id,
            agreement_type: template.kind,
            agreement_link: template.link,
            version_rank: template.version,
        });
        Ok(Collection::whole(items.collect(), itself.clone()))
    })
    .await
}

/// Get links to an agreement's text.
///
/// App+User only.
#[utoipa::path(
    tag = "Agreements",
    params(("language" = Option<String>, Query, description = "Such as `en-US`"), ("country" = Option<String>, Query, description = "Such as `US`")),
    responses((status = 200, body = AgreementDocument))
)]
#[get("/v1/agreementtemplates/{template_id}/document")]
pub async fn get_agreement_document(call: Call<GetAgreementDocument>) -> Answer {
    let template = template(call.segment("template_id")).ok_or(Error::TemplateNotFound)?;
    let text = |name: &str, default: &str| call.query.get(name).unwrap_or(default).to_owned();
    let (language, country) = (text("language", "en-US"), text("country", "US"));
    call.read(move |_, _| {
        Ok(AgreementDocument {
            display_uri: template.link,
            download_uri: template.link,
            language: language.clone(),
            country: country.clone(),
        })
    })
    .await
}

/// Confirm that a customer accepted an agreement.
///
/// App+User only. Nothing can be bought for a customer before. The contact that confirmed last is
/// refused with 409 and code 600061; another contact confirms anew.
#[utoipa::path(tag = "Agreements", request_body = AgreementRequest, responses((status = 201, body = AgreementResource)))]
#[post("/v1/customers/{customer_id}/agreements")]
pub async fn confirm_agreement(mut call: Call<ConfirmAgreement>) -> Answer {
    let id = call.guid("customer_id")?;
    let confirmed = call.body::<AgreementRequest>()?.check()?;
    call.write(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        let (first_name, last_name, email, phone_number) = confirmed.contact.clone();
        let agreement = Agreement {
            id: Guid::random(),
            partner_id: agent.partner.id.clone(),
            customer_id: customer.id.clone(),
            template_id: confirmed.template.id.to_owned(),
            agreement_type: confirmed.template.kind,
            first_name,
            last_name,
            email,
            phone_number,
            date_agreed: confirmed.date_agreed,
            user_id: agent.token.object_id.clone(),
            created_at: unit.now,
        };
        confirm(unit, agent, &customer, &agreement)?;
        Reply::created(&AgreementResource::new(&agreement))
    })
    .await
}

/// List confirmed agreements.
///
/// App+User only. `agreementType` as for templates.
#[utoipa::path(
    tag = "Agreements",
    params(("agreementType" = Option<String>, Query, description = "`MicrosoftCustomerAgreement`, `MicrosoftCloudAgreement` or `*`")),
    responses((status = 200, body = Collection<AgreementResource>))
)]
#[get("/v1/customers/{customer_id}/agreements")]
pub async fn list_agreements(call: Call<ListAgreements>) -> Answer {
    let (id, kind, itself) = (call.guid("customer_id")?, wanted_kind(&call.query)?, call.link());
    call.read(move |unit, agent| {
        let customer = agent.customer(unit, &id)?;
        let confirmed = repo::list(unit.conn, &customer)?;
        let fitting = confirmed.iter().filter(|agreement| kind.is_none_or(|kind| agreement.agreement_type == kind));
        Ok(Collection::whole(fitting.map(AgreementResource::new).collect(), itself.clone()))
    })
    .await
}

/// Whether the customer signed with Microsoft directly.
///
/// App+User only. Always false: here every agreement is confirmed by a partner.
#[utoipa::path(tag = "Agreements", responses((status = 200, body = DirectSignStatus)))]
#[get("/v1/customers/{customer_id}/directSignedMicrosoftCustomerAgreementStatus")]
pub async fn get_direct_sign_status(call: Call<GetDirectSignStatus>) -> Answer {
    let id = call.guid("customer_id")?;
    call.read(move |unit, agent| {
        agent.customer(unit, &id)?;
        Ok(DirectSignStatus { is_signed: false })
    })
    .await
}
