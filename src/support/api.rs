//! Service requests on the wire: `/v1/servicerequests`, and those of one customer.

use actix_web::{get, patch, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rules::{self, LONGEST_DESCRIPTION, LONGEST_TEXT, LONGEST_TITLE};
use super::{
    Changes, Communication, Contact, Narrowing, NewTicket, Outcome, OutcomeOperation, Severity, Ticket, TicketStatus,
    Topic, Whose, communications, create, find, list, repo, topics, update,
};
use crate::access::{Agent, guid};
use crate::customers::rules::{email, required};
use crate::db::types::same_word;
use crate::db::{Moment, Unit};
use crate::error::{Error, Result};
use crate::http::{Number, Query, Reply};
use crate::ids::Guid;
use crate::partner_center::{Answer, Attributes, Call, Collection, Filter, Links, OffsetPage};
use crate::permissions::{
    CreateServiceRequest, GetCustomerServiceRequest, GetServiceRequest, ListCustomerServiceRequests,
    ListServiceRequests, ListSupportTopics, Operation, UpdateCustomerServiceRequest, UpdateServiceRequest,
};

/// What a date is that never was.
const NEVER: &str = "0001-01-01T00:00:00";
/// The words of both enumerations, by the numbers that some clients send.
const SEVERITIES: [&str; 4] = ["unknown", "critical", "moderate", "minimal"];
const STATUSES: [&str; 4] = ["none", "open", "closed", "attention_needed"];

/// A service request as it is sent: to create one, or with what is to be different. `null`, the
/// words `unknown` and `none` and the number 0 leave things as they are.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ServiceRequestFields)]
pub struct ServiceRequestRequest {
    /// The request's id, where the whole resource is sent back.
    pub id: Option<String>,
    /// What it is about; required to create.
    #[schema(example = "Return of a reservation")]
    pub title: Option<String>,
    /// The same at length; required to create.
    #[schema(example = "Please return reservation r1 of order o1.")]
    pub description: Option<String>,
    /// `minimal`, `moderate` or `critical`, or its number.
    #[schema(value_type = Option<String>, example = "minimal")]
    pub severity: Option<serde_json::Value>,
    /// The id of a support topic; required to create.
    #[schema(example = "3c8e2f1a-6b5d-4e90-9d27-5f0a41c7b8e2")]
    pub support_topic_id: Option<String>,
    /// `open` or `closed`, or its number.
    #[schema(value_type = Option<String>, example = "closed")]
    pub status: Option<serde_json::Value>,
    /// Whom it concerns: a customer, or the partner itself where it is absent.
    pub organization: Option<OrganizationRequest>,
    /// How to reach whoever asks.
    pub primary_contact: Option<ContactRequest>,
    /// The country, two letters.
    pub country_code: Option<String>,
    /// Something to be added to the notes.
    pub new_note: Option<NoteRequest>,
    /// The reservation order it concerns; needs `organization`. Cannot be changed.
    pub reservation_order_id: Option<String>,
    /// The reservation it concerns; needs `organization`. Cannot be changed.
    pub reservation_id: Option<String>,
}

/// Whom a service request concerns.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ServiceRequestOrganizationFields)]
pub struct OrganizationRequest {
    /// The tenant id of a customer, or the partner's own.
    #[schema(example = "50000000-0000-4000-8000-000000000001")]
    pub id: Option<String>,
}

/// How to reach whoever asks.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ServiceRequestContactFields)]
pub struct ContactRequest {
    /// The first name.
    pub first_name: Option<String>,
    /// The last name.
    pub last_name: Option<String>,
    /// The mail address.
    #[schema(example = "admin@contoso.example")]
    pub email: Option<String>,
    /// The phone number.
    pub phone_number: Option<String>,
}

/// Something to be added to the notes.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ServiceRequestNoteFields)]
pub struct NoteRequest {
    /// The text.
    #[schema(example = "Any news?")]
    pub text: Option<String>,
}

/// The word of an enumeration that is sent as a word or a number; `None` where nothing is said.
fn word(field: &str, sent: Option<&serde_json::Value>, words: &[&'static str]) -> Result<Option<&'static str>> {
    use serde_json::Value;
    let position = match sent {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text.is_empty() => return Ok(None),
        Some(Value::String(text)) => words.iter().position(|word| same_word(word, text)),
        Some(Value::Number(number)) => number.as_u64().and_then(|number| usize::try_from(number).ok()),
        Some(_) => None,
    };
    match position.and_then(|position| words.get(position).map(|word| (position, *word))) {
        Some((0, _)) => Ok(None),
        Some((_, word)) => Ok(Some(word)),
        None => Err(Error::invalid(field, format!("must be one of {}", words.join(", ")))),
    }
}

fn status(field: &str, word: Option<&'static str>) -> Result<Option<TicketStatus>> {
    word.map(|word| TicketStatus::parse(word).ok_or_else(|| Error::invalid(field, "must be open or closed")))
        .transpose()
}

fn topic(id: &str) -> Result<&'static Topic> {
    Topic::of(id).ok_or_else(|| Error::invalid("supportTopicId", "is no support topic"))
}

fn optional_guid(field: &str, text: Option<&String>) -> Result<Option<Guid>> {
    text.filter(|text| !text.is_empty()).map(|text| guid(field, text)).transpose()
}

impl ServiceRequestRequest {
    fn severity(&self) -> Result<Option<Severity>> {
        Ok(word("severity", self.severity.as_ref(), &SEVERITIES)?.and_then(Severity::parse))
    }

    fn organization_id(&self) -> Result<Option<Guid>> {
        optional_guid("organization.id", self.organization.as_ref().and_then(|organization| organization.id.as_ref()))
    }

    /// The contact, over one that is there.
    fn contact(&self, present: Contact) -> Result<Contact> {
        let given = ContactRequest::default();
        let given = self.primary_contact.as_ref().unwrap_or(&given);
        let text = |member: &str, text: &Option<String>| {
            rules::optional(&format!("primaryContact.{member}"), text.as_ref(), LONGEST_TEXT)
        };
        let mail = text("email", &given.email)?;
        let mail = mail.map(|mail| email("primaryContact.email", Some(&mail))).transpose()?;
        let country = rules::optional("countryCode", self.country_code.as_ref(), 3)?;
        Ok(Contact {
            first_name: text("firstName", &given.first_name)?.or(present.first_name),
            last_name: text("lastName", &given.last_name)?.or(present.last_name),
            primary_email_address: mail.or(present.primary_email_address),
            phone_number: text("phoneNumber", &given.phone_number)?.or(present.phone_number),
            country: country.or(present.country),
            ..present
        })
    }

    fn new_ticket(&self, locale: String, agent: &Agent) -> Result<NewTicket> {
        let topic_id = required("supportTopicId", self.support_topic_id.as_ref(), LONGEST_TEXT)?;
        let caller = Contact {
            primary_email_address: Some(agent.user_name().to_owned()).filter(|name| !name.is_empty()),
            preferred_contact_method: Some("email".to_owned()),
            preferred_support_language: Some(locale),
            ..Contact::default()
        };
        Ok(NewTicket {
            name: None,
            title: required("title", self.title.as_ref(), LONGEST_TITLE)?,
            description: required("description", self.description.as_ref(), LONGEST_DESCRIPTION)?,
            topic: topic(&topic_id)?,
            severity: self.severity()?.unwrap_or(Severity::Minimal),
            contact: self.contact(caller)?,
            reservation_order_id: optional_guid("reservationOrderId", self.reservation_order_id.as_ref())?,
            reservation_id: optional_guid("reservationId", self.reservation_id.as_ref())?,
            azure_subscription_id: None,
            advanced_diagnostic_consent: false,
        })
    }

    /// What is to be different about `ticket`. What is sent back as it was read is no change.
    fn changes(&self, ticket: &Ticket) -> Result<Changes> {
        if self.id.as_deref().is_some_and(|id| !id.is_empty() && id != ticket.id) {
            return Err(Error::invalid("id", "is not the service request of the path"));
        }
        let organization = ticket.customer_id.as_ref().unwrap_or(&ticket.partner_id);
        let fixed = [
            ("organization.id", self.organization_id()?, Some(organization)),
            (
                "reservationOrderId",
                optional_guid("reservationOrderId", self.reservation_order_id.as_ref())?,
                ticket.reservation_order_id.as_ref(),
            ),
            (
                "reservationId",
                optional_guid("reservationId", self.reservation_id.as_ref())?,
                ticket.reservation_id.as_ref(),
            ),
        ];
        for (field, sent, present) in fixed {
            if sent.is_some() && sent.as_ref() != present {
                return Err(Error::invalid(field, "cannot be changed"));
            }
        }
        let present = ticket.contact()?;
        let contact = self.contact(present.clone())?;
        let topic_id = rules::optional("supportTopicId", self.support_topic_id.as_ref(), LONGEST_TEXT)?;
        let topic_id = topic_id.filter(|id| !id.eq_ignore_ascii_case(&ticket.problem_classification_id));
        let note = self.new_note.as_ref().and_then(|note| note.text.as_ref());
        Ok(Changes {
            title: rules::optional("title", self.title.as_ref(), LONGEST_TITLE)?,
            description: rules::optional("description", self.description.as_ref(), LONGEST_DESCRIPTION)?,
            topic: topic_id.map(|id| topic(&id)).transpose()?,
            severity: self.severity()?.filter(|severity| severity.as_str() != shown(ticket.severity)),
            status: status("status", word("status", self.status.as_ref(), &STATUSES)?)?,
            contact: Some(contact).filter(|contact| *contact != present),
            advanced_diagnostic_consent: None,
            note: rules::optional("newNote.text", note, LONGEST_DESCRIPTION)?,
        })
    }
}

/// A severity in Partner Center's words.
fn shown(severity: Severity) -> &'static str {
    match severity {
        Severity::HighestCriticalImpact => Severity::Critical.as_str(),
        other => other.as_str(),
    }
}

/// A service request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ServiceRequest)]
pub struct ServiceRequestResource {
    /// The request's id, digits.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// The same at length.
    pub description: String,
    /// `minimal`, `moderate` or `critical`.
    pub severity: &'static str,
    /// The support topic's id.
    pub support_topic_id: String,
    /// The support topic's name.
    pub support_topic_name: String,
    /// `open` or `closed`.
    pub status: TicketStatus,
    /// Whom it concerns.
    pub organization: OrganizationResource,
    /// How to reach whoever asks.
    pub primary_contact: ContactResource,
    /// Who changed it last.
    pub last_updated_by: ContactResource,
    /// The service that the topic is sorted under.
    pub product_name: &'static str,
    /// That service's id.
    pub product_id: String,
    /// The country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created_date: Moment,
    /// When it was changed last.
    #[schema(value_type = String, format = DateTime)]
    pub last_modified_date: Moment,
    /// When it was closed last; the year 1 where it never was.
    #[schema(format = DateTime)]
    pub last_closed_date: String,
    /// What was said on it, in order.
    pub notes: Vec<NoteResource>,
    /// The reservation order it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation_order_id: Option<String>,
    /// The reservation it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation_id: Option<String>,
    /// What an Admin agent made of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<OutcomeResource>,
    /// Links.
    pub links: Links,
    /// `ServiceRequest`.
    pub attributes: Attributes,
}

/// Whom a service request concerns.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ServiceRequestOrganization)]
pub struct OrganizationResource {
    /// The tenant id.
    pub id: String,
    /// The name.
    pub name: String,
}

/// A person.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ServiceRequestContact)]
pub struct ContactResource {
    /// The object id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<String>,
    /// The first name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// The last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The mail address, or the name to sign in with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
}

/// Something that was said.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ServiceRequestNote)]
pub struct NoteResource {
    /// Who said it.
    pub created_by_name: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub created_date: Moment,
    /// The text.
    pub text: String,
}

/// What an Admin agent made of a service request.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ServiceRequestOutcome)]
pub struct OutcomeResource {
    /// `refund` or `exchange`.
    pub operation: OutcomeOperation,
    /// The session it was quoted in.
    pub session_id: String,
    /// What was refunded (`billingRefundAmount`); for an exchange what was left to pay
    /// (`netPayable`), negative where more was given back.
    pub amount: Number,
    /// The currency of the amount.
    pub currency_code: &'static str,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Moment,
}

impl From<Outcome> for OutcomeResource {
    fn from(outcome: Outcome) -> Self {
        Self {
            operation: outcome.operation,
            session_id: outcome.session_id.to_string(),
            amount: outcome.amount.into(),
            currency_code: outcome.amount.currency.code(),
            at: outcome.at,
        }
    }
}

impl ServiceRequestResource {
    /// The request with the name of the customer it concerns and what was said on it.
    ///
    /// # Errors
    /// When a stored document is of another form.
    pub fn new(agent: &Agent, ticket: &Ticket, customer_name: Option<&str>, said: &[Communication]) -> Result<Self> {
        let contact = ticket.contact()?;
        let topic = ticket.topic();
        let service = topics::Service::of(&ticket.service_id);
        let notes = said.iter().map(|one| NoteResource {
            created_by_name: one.sender.clone(),
            created_date: one.created_at,
            text: one.body.clone(),
        });
        Ok(Self {
            id: ticket.id.clone(),
            title: ticket.title.clone(),
            description: ticket.description.clone(),
            severity: shown(ticket.severity),
            support_topic_id: ticket.problem_classification_id.clone(),
            support_topic_name: topic.map(Topic::display_name).unwrap_or_default(),
            status: ticket.status,
            organization: OrganizationResource {
                id: ticket.customer_id.as_ref().unwrap_or(&ticket.partner_id).to_string(),
                name: customer_name.unwrap_or(&agent.partner.name).to_owned(),
            },
            primary_contact: ContactResource {
                contact_id: None,
                first_name: contact.first_name,
                last_name: contact.last_name,
                email: contact.primary_email_address,
                phone_number: contact.phone_number,
            },
            last_updated_by: ContactResource {
                contact_id: Some(ticket.modified_by_id.to_string()),
                first_name: None,
                last_name: None,
                email: Some(ticket.modified_by_name.clone()).filter(|name| !name.is_empty()),
                phone_number: None,
            },
            product_name: service.map_or("", |service| service.display_name),
            product_id: ticket.service_id.clone(),
            country_code: contact.country,
            created_date: ticket.created_at,
            last_modified_date: ticket.modified_at,
            last_closed_date: ticket.closed_at.map_or_else(|| NEVER.to_owned(), |at| at.to_string()),
            notes: notes.collect(),
            reservation_order_id: ticket.reservation_order_id.as_ref().map(Guid::to_string),
            reservation_id: ticket.reservation_id.as_ref().map(Guid::to_string),
            outcome: ticket.outcome()?.map(OutcomeResource::from),
            links: Links::to(format!("/servicerequests/{}", ticket.id)),
            attributes: Attributes::of("ServiceRequest"),
        })
    }
}

/// A support topic.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SupportTopic {
    /// The topic's id: also that of Azure's problem classification.
    pub id: &'static str,
    /// Its name.
    pub name: String,
    /// The steps of the form that lead to it.
    pub description: String,
    /// `SupportTopic`.
    pub attributes: Attributes,
}

impl From<&Topic> for SupportTopic {
    fn from(topic: &Topic) -> Self {
        Self {
            id: topic.id,
            name: topic.display_name(),
            description: format!("{} / {}", topic.service.display_name, topic.display_name()),
            attributes: Attributes::of("SupportTopic"),
        }
    }
}

/// The page and the narrowing of a list, and what of the query its next link repeats.
struct Listing {
    page: OffsetPage,
    narrowing: Narrowing,
    /// Only a status that no request has is asked for.
    none: bool,
    rest: Vec<(&'static str, String)>,
}

impl Listing {
    fn of(query: &Query) -> Result<Self> {
        let page = OffsetPage::of(query)?;
        let mut words = Vec::new();
        let mut rest = Vec::new();
        if let Some(text) = query.get("status") {
            words.push(status_word("status", text)?);
            rest.push(("status", text.to_owned()));
        }
        if let Some(text) = query.get("filter") {
            let filter = Filter::parse(text)?;
            if !filter.is_on("Status") {
                return Err(filter.unsupported());
            }
            filter.require("equals")?;
            words.push(status_word("filter", &filter.value)?);
            rest.push(("filter", text.to_owned()));
        }
        let wanted: Vec<&str> = words.into_iter().flatten().collect();
        let status = wanted.first().copied().and_then(TicketStatus::parse);
        let none = wanted.iter().any(|word| TicketStatus::parse(word) != status || status.is_none());
        let narrowing = Narrowing { status, offset: page.skipped(), limit: page.limit(), ..Narrowing::default() };
        Ok(Self { page, narrowing, none, rest })
    }

    fn read(
        &self,
        unit: &mut Unit<'_>,
        agent: &Agent,
        whose: &Whose,
        itself: String,
        path: &str,
    ) -> Result<Collection<ServiceRequestResource>> {
        let found = if self.none { Vec::new() } else { list(unit, whose, &self.narrowing)? };
        let ids: Vec<&str> = found.iter().map(|(ticket, _)| ticket.id.as_str()).collect();
        let said = repo::communications_of(unit.conn, &ids)?;
        let items = found.iter().map(|(ticket, name)| {
            let said = said.get(&ticket.id).map_or(&[][..], Vec::as_slice);
            ServiceRequestResource::new(agent, ticket, name.as_deref(), said)
        });
        Ok(self.page.collection(items.collect::<Result<_>>()?, itself, path, &self.rest))
    }
}

fn status_word(field: &str, text: &str) -> Result<Option<&'static str>> {
    word(field, Some(&serde_json::Value::from(text)), &STATUSES)
}

/// List service requests.
///
/// All of the partner's, oldest first; the whole list unless `size` is given (0 means 100, at the
/// most 500). `status` or a filter such as `{"Field":"Status","Value":"Open","Operator":"equals"}`
/// narrows it.
#[utoipa::path(
    tag = "Service requests",
    params(("size" = Option<u32>, Query, description = "Page size"), ("offset" = Option<u32>, Query, description = "How many to skip"),
        ("filter" = Option<String>, Query, description = "JSON filter on `Status`"),
        ("status" = Option<String>, Query, description = "`open` or `closed`")),
    responses((status = 200, body = Collection<ServiceRequestResource>))
)]
#[get("/v1/servicerequests")]
pub async fn list_service_requests(call: Call<ListServiceRequests>) -> Answer {
    let (itself, listing) = (call.link(), Listing::of(&call.query)?);
    call.read(move |unit, agent| listing.read(unit, agent, &Whose::own(agent), itself.clone(), "/servicerequests"))
        .await
}

/// List support topics.
///
/// The return or exchange of a reservation is `Reservation Management / Exchanges and Refunds`.
#[utoipa::path(tag = "Service requests", responses((status = 200, body = Collection<SupportTopic>)))]
#[get("/v1/servicerequests/supporttopics")]
pub async fn list_support_topics(call: Call<ListSupportTopics>) -> Answer {
    let itself = call.link();
    call.read(move |_, _| {
        Ok(Collection::whole(topics::TOPICS.iter().map(SupportTopic::from).collect(), itself.clone()))
    })
    .await
}

/// Create a service request.
///
/// The last segment of the path is the agent's locale, such as `en-US`. `organization.id` names the
/// customer it concerns; `reservationOrderId` and `reservationId` the reservation, which must be
/// that customer's.
#[utoipa::path(tag = "Service requests", request_body = ServiceRequestRequest, responses((status = 201, body = ServiceRequestResource)))]
#[post("/v1/servicerequests/{servicerequest_id}")]
pub async fn create_service_request(mut call: Call<CreateServiceRequest>) -> Answer {
    let locale = rules::locale("agent-locale", call.segment("servicerequest_id"))?;
    let request: ServiceRequestRequest = call.body()?;
    let new = request.new_ticket(locale, &call.agent)?;
    let organization = request.organization_id()?.filter(|id| *id != call.agent.partner.id);
    call.write(move |unit, agent| {
        let customer = organization.as_ref().map(|id| agent.customer(unit, id)).transpose()?;
        let ticket = create(unit, agent, customer.as_ref(), &new)?;
        let name = customer.map(|customer| customer.company_name);
        Reply::created(&ServiceRequestResource::new(agent, &ticket, name.as_deref(), &[])?)
    })
    .await
}

/// Get a service request.
///
/// Another partner's is 404.
#[utoipa::path(tag = "Service requests", responses((status = 200, body = ServiceRequestResource)))]
#[get("/v1/servicerequests/{servicerequest_id}")]
pub async fn get_service_request(call: Call<GetServiceRequest>) -> Answer {
    let id = call.segment("servicerequest_id").to_owned();
    call.read(move |unit, agent| one(unit, agent, &Whose::own(agent), &id)).await
}

/// Change a service request.
///
/// Only what is to be different needs to be sent; `newNote` is added to the notes, `status`
/// `closed` closes.
#[utoipa::path(tag = "Service requests", request_body = ServiceRequestRequest, responses((status = 200, body = ServiceRequestResource)))]
#[patch("/v1/servicerequests/{servicerequest_id}")]
pub async fn update_service_request(call: Call<UpdateServiceRequest>) -> Answer {
    changed(call, None).await
}

/// List a customer's service requests.
///
/// As the list of all, narrowed to one customer.
#[utoipa::path(
    tag = "Service requests",
    params(("size" = Option<u32>, Query, description = "Page size"), ("offset" = Option<u32>, Query, description = "How many to skip"),
        ("filter" = Option<String>, Query, description = "JSON filter on `Status`"),
        ("status" = Option<String>, Query, description = "`open` or `closed`")),
    responses((status = 200, body = Collection<ServiceRequestResource>))
)]
#[get("/v1/customers/{customer_id}/servicerequests")]
pub async fn list_customer_service_requests(call: Call<ListCustomerServiceRequests>) -> Answer {
    let (id, itself, listing) = (call.guid("customer_id")?, call.link(), Listing::of(&call.query)?);
    call.read(move |unit, agent| {
        let whose = Whose::Customer(Box::new(agent.customer(unit, &id)?));
        listing.read(unit, agent, &whose, itself.clone(), &format!("/customers/{id}/servicerequests"))
    })
    .await
}

/// Get a customer's service request.
///
/// One that concerns another customer is 404.
#[utoipa::path(tag = "Service requests", responses((status = 200, body = ServiceRequestResource)))]
#[get("/v1/customers/{customer_id}/servicerequests/{servicerequest_id}")]
pub async fn get_customer_service_request(call: Call<GetCustomerServiceRequest>) -> Answer {
    let (customer_id, id) = (call.guid("customer_id")?, call.segment("servicerequest_id").to_owned());
    call.read(move |unit, agent| {
        let whose = Whose::Customer(Box::new(agent.customer(unit, &customer_id)?));
        one(unit, agent, &whose, &id)
    })
    .await
}

/// Change a customer's service request.
///
/// As changing it by its id alone.
#[utoipa::path(tag = "Service requests", request_body = ServiceRequestRequest, responses((status = 200, body = ServiceRequestResource)))]
#[patch("/v1/customers/{customer_id}/servicerequests/{servicerequest_id}")]
pub async fn update_customer_service_request(call: Call<UpdateCustomerServiceRequest>) -> Answer {
    let customer_id = call.guid("customer_id")?;
    changed(call, Some(customer_id)).await
}

fn one(unit: &mut Unit<'_>, agent: &Agent, whose: &Whose, id: &str) -> Result<ServiceRequestResource> {
    let (ticket, name) = find(unit, whose, id)?;
    let said = communications(unit, &ticket)?;
    ServiceRequestResource::new(agent, &ticket, name.as_deref(), &said)
}

async fn changed<O: Operation>(mut call: Call<O>, customer_id: Option<Guid>) -> Answer {
    let id = call.segment("servicerequest_id").to_owned();
    let request: ServiceRequestRequest = call.body()?;
    call.write(move |unit, agent| {
        let whose = match &customer_id {
            Some(customer_id) => Whose::Customer(Box::new(agent.customer(unit, customer_id)?)),
            None => Whose::own(agent),
        };
        let (ticket, name) = find(unit, &whose, &id)?;
        let ticket = update(unit, agent, &ticket, &request.changes(&ticket)?)?;
        let said = communications(unit, &ticket)?;
        Reply::ok(&ServiceRequestResource::new(agent, &ticket, name.as_deref(), &said)?)
    })
    .await
}
