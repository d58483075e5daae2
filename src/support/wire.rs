//! Support tickets as `Microsoft.Support` writes them. Beyond Azure's members a ticket has those of
//! the reservation it concerns and, once it was carried out, its outcome.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::api::OutcomeResource;
use super::rules::{self, LONGEST_DESCRIPTION, LONGEST_TEXT, LONGEST_TITLE};
use super::{
    Changes, Communication, Contact, Direction, NewCommunication, NewTicket, Service, Severity, Ticket, TicketStatus,
    Topic,
};
use crate::azure::ids;
use crate::customers::rules::{email, required};
use crate::db::Moment;
use crate::db::types::same_word;
use crate::error::{Error, Result};
use crate::http::json;
use crate::ids::Guid;
use crate::role_assignments::Scope;

/// The kind of resource that a ticket is.
pub const TICKET_TYPE: &str = "Microsoft.Support/supportTickets";
/// The kind of resource that something said on a ticket is.
pub const COMMUNICATION_TYPE: &str = "Microsoft.Support/communications";

const ROOT: &str = "/providers/Microsoft.Support";
/// The most further mail addresses.
const MOST_ADDRESSES: usize = 20;

/// A service that support is asked for.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SupportService)]
pub struct ServiceResource {
    /// The full id.
    #[schema(example = "/providers/Microsoft.Support/services/517f2da6-78fd-0498-4e22-ad26996b1dfc")]
    pub id: String,
    /// The last part of the id.
    pub name: &'static str,
    /// `Microsoft.Support/services`.
    pub r#type: &'static str,
    /// What it is.
    pub properties: ServiceProperties,
}

/// What a service is.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SupportServiceProperties)]
pub struct ServiceProperties {
    /// Its name.
    #[schema(example = "Billing")]
    pub display_name: &'static str,
    /// The kinds of resource it is about: none, for what is no technical question.
    pub resource_types: Vec<String>,
}

impl From<&Service> for ServiceResource {
    fn from(service: &Service) -> Self {
        Self {
            id: service_id(service.id),
            name: service.id,
            r#type: "Microsoft.Support/services",
            properties: ServiceProperties { display_name: service.display_name, resource_types: Vec::new() },
        }
    }
}

/// A kind of problem.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProblemClassification {
    /// The full id.
    pub id: String,
    /// The last part of the id.
    pub name: &'static str,
    /// `Microsoft.Support/problemClassifications`.
    pub r#type: &'static str,
    /// What it is.
    pub properties: ProblemClassificationProperties,
}

/// What a kind of problem is.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProblemClassificationProperties {
    /// Its name, with the problem type of the form before it.
    #[schema(example = "Reservation Management / Exchanges and Refunds")]
    pub display_name: String,
}

impl From<&Topic> for ProblemClassification {
    fn from(topic: &Topic) -> Self {
        Self {
            id: topic_id(topic.service.id, topic.id),
            name: topic.id,
            r#type: "Microsoft.Support/problemClassifications",
            properties: ProblemClassificationProperties { display_name: topic.display_name() },
        }
    }
}

fn service_id(service: &str) -> String {
    format!("{ROOT}/services/{service}")
}

fn topic_id(service: &str, topic: &str) -> String {
    format!("{ROOT}/services/{service}/problemClassifications/{topic}")
}

/// A name that somebody would like to use.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct CheckNameAvailabilityRequest {
    /// The name; required.
    #[schema(example = "return-of-r1")]
    pub name: Option<String>,
    /// `Microsoft.Support/supportTickets` or `Microsoft.Support/communications`; required.
    #[schema(example = "Microsoft.Support/supportTickets")]
    pub r#type: Option<String>,
}

impl CheckNameAvailabilityRequest {
    /// The name, of a resource of this kind.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] names the member.
    pub fn check(&self, kind: &str) -> Result<String> {
        let asked = required("type", self.r#type.as_ref(), LONGEST_TEXT)?;
        if !asked.eq_ignore_ascii_case(kind) {
            return Err(Error::invalid("type", format!("must be {kind} here")));
        }
        rules::name("name", &required("name", self.name.as_ref(), LONGEST_TEXT)?)
    }
}

/// Whether a name is free.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckNameAvailabilityResult {
    /// Whether it is.
    pub name_available: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// The same in other words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<&'static str>,
}

impl CheckNameAvailabilityResult {
    /// The answer.
    pub fn new(is_taken: bool) -> Self {
        Self {
            name_available: !is_taken,
            reason: is_taken.then_some("Name is already in use"),
            message: is_taken.then_some("Name not available"),
        }
    }
}

/// A ticket as it is created.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct SupportTicketRequest {
    /// What it is about; required.
    pub properties: Option<SupportTicketRequestProperties>,
}

/// What a ticket is about.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SupportTicketRequestProperties {
    /// The id of a service, whole or its last part; required.
    #[schema(example = "/providers/Microsoft.Support/services/517f2da6-78fd-0498-4e22-ad26996b1dfc")]
    pub service_id: Option<String>,
    /// The id of one of its problem classifications, whole or its last part; required.
    #[schema(
        example = "/providers/Microsoft.Support/services/517f2da6-78fd-0498-4e22-ad26996b1dfc/problemClassifications/3c8e2f1a-6b5d-4e90-9d27-5f0a41c7b8e2"
    )]
    pub problem_classification_id: Option<String>,
    /// What it is about, in a line; required.
    #[schema(example = "Return of a reservation")]
    pub title: Option<String>,
    /// The same at length; required.
    #[schema(example = "Please return reservation r1 of order o1.")]
    pub description: Option<String>,
    /// `minimal`, `moderate`, `critical` or `highestcriticalimpact`; required.
    #[schema(example = "minimal")]
    pub severity: Option<String>,
    /// `Yes` or `No`; required from version 2024-04-01 on.
    #[schema(example = "No")]
    pub advanced_diagnostic_consent: Option<String>,
    /// How to reach whoever asks; required.
    pub contact_details: Option<ContactProfileRequest>,
    /// The reservation order it concerns: its full id or GUID. (Not in the real service.)
    #[schema(example = "/providers/Microsoft.Capacity/reservationOrders/b34eac8e-d4f4-4b03-b7ea-6e7d3b7ecf1a")]
    pub reservation_order_id: Option<String>,
    /// The reservation it concerns: its full id, or its GUID beside `reservationOrderId`. (Not in
    /// the real service.)
    pub reservation_id: Option<String>,
    /// Answers to the form's questions, as JSON in a text. A client that cannot send
    /// `reservationOrderId` and `reservationId` as members sends them as members of this object;
    /// everything else in it is ignored.
    #[schema(example = r#"{"reservationOrderId":"b34eac8e-d4f4-4b03-b7ea-6e7d3b7ecf1a"}"#)]
    pub problem_scoping_questions: Option<String>,
}

/// How to reach whoever asks.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactProfileRequest {
    /// The first name; required to create.
    pub first_name: Option<String>,
    /// The last name; required to create.
    pub last_name: Option<String>,
    /// `email` or `phone`; required to create.
    #[schema(example = "email")]
    pub preferred_contact_method: Option<String>,
    /// The mail address; required to create.
    #[schema(example = "admin@contoso.example")]
    pub primary_email_address: Option<String>,
    /// Further mail addresses.
    pub additional_email_addresses: Option<Vec<String>>,
    /// The phone number; required where `phone` is preferred.
    pub phone_number: Option<String>,
    /// The time zone; required to create.
    #[schema(example = "Pacific Standard Time")]
    pub preferred_time_zone: Option<String>,
    /// The country, three letters; required to create.
    #[schema(example = "usa")]
    pub country: Option<String>,
    /// The language; required to create.
    #[schema(example = "en-US")]
    pub preferred_support_language: Option<String>,
}

/// What is to be different about a ticket.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateSupportTicketRequest {
    /// `minimal`, `moderate`, `critical` or `highestcriticalimpact`.
    pub severity: Option<String>,
    /// `open` or `closed`.
    #[schema(example = "closed")]
    pub status: Option<String>,
    /// What is to be different about the contact.
    pub contact_details: Option<ContactProfileRequest>,
    /// `Yes` or `No`.
    pub advanced_diagnostic_consent: Option<String>,
}

/// Something to be said on a ticket.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct CommunicationRequest {
    /// What; required.
    pub properties: Option<CommunicationRequestProperties>,
}

/// Something to be said.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct CommunicationRequestProperties {
    /// What it is about; required.
    #[schema(example = "Any news?")]
    pub subject: Option<String>,
    /// The text; required.
    #[schema(example = "Has the reservation been returned?")]
    pub body: Option<String>,
    /// A mail address; the caller's name where it is absent.
    pub sender: Option<String>,
}

/// The reservation that a ticket names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Its order.
    pub order: Option<Guid>,
    /// Itself.
    pub reservation: Option<Guid>,
}

/// Ids of a reservation as they are sent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReservationIds {
    reservation_order_id: Option<String>,
    reservation_id: Option<String>,
}

impl ReservationIds {
    /// What is named; `field` names the member for which an id is wrong.
    fn read(&self, field: impl Fn(&str) -> String) -> Result<Subject> {
        let given =
            |text: &Option<String>| text.as_ref().map(|text| text.trim().to_owned()).filter(|id| !id.is_empty());
        let order_field = field("reservationOrderId");
        let mut order = match given(&self.reservation_order_id) {
            Some(text) => match (Guid::parse(&text), Scope::parse(&text)) {
                (Some(id), _) | (None, Some(Scope::ReservationOrder(id))) => Some(id),
                _ => return Err(Error::invalid(order_field, "must be a GUID or the full id of a reservation order")),
            },
            None => None,
        };
        let reservation_field = field("reservationId");
        let reservation = match given(&self.reservation_id) {
            Some(text) => match Guid::parse(&text) {
                Some(id) => Some(id),
                None => {
                    let (of, id) = ids::reservation(&reservation_field, &text)?;
                    if order.as_ref().is_some_and(|order| *order != of) {
                        return Err(Error::invalid(reservation_field, "is not in the reservation order"));
                    }
                    order = Some(of);
                    Some(id)
                }
            },
            None => None,
        };
        if reservation.is_some() && order.is_none() {
            return Err(Error::invalid(order_field, "is required beside the GUID of a reservation"));
        }
        Ok(Subject { order, reservation })
    }
}

fn member(name: &str) -> String {
    format!("properties.{name}")
}

/// The value of an enumeration whose words `parse` knows.
fn chosen<T: Copy>(field: &str, text: Option<&String>, of: &[(&str, T)]) -> Result<Option<T>> {
    let Some(text) = text.map(|text| text.trim()).filter(|text| !text.is_empty()) else { return Ok(None) };
    let found = of.iter().find(|(word, _)| same_word(word, text)).map(|(_, value)| *value);
    let words = || of.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
    found.map(Some).ok_or_else(|| Error::invalid(field, format!("must be one of {}", words())))
}

fn severity(field: &str, text: Option<&String>) -> Result<Option<Severity>> {
    let all: Vec<_> = Severity::ALL.iter().map(|one| (one.as_str(), *one)).collect();
    chosen(field, text, &all)
}

fn consent(field: &str, text: Option<&String>) -> Result<Option<bool>> {
    chosen(field, text, &[("Yes", true), ("No", false)])
}

fn is_required(field: &str) -> Error {
    Error::invalid(field, "is required")
}

impl SupportTicketRequest {
    /// The ticket under this name, of this subscription, and the reservation it names. The consent
    /// must be said where `asks_consent`.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] names the member.
    pub fn check(&self, name: String, subscription: Option<Guid>, asks_consent: bool) -> Result<NewTicket> {
        let given = self.properties.as_ref().ok_or_else(|| is_required("properties"))?;
        let text = |name: &str, text: &Option<String>, longest| required(&member(name), text.as_ref(), longest);
        let service_field = member("serviceId");
        let service_id = text("serviceId", &given.service_id, LONGEST_TEXT)?;
        let service = named_service(&service_id).ok_or_else(|| Error::invalid(&service_field, "is no service"))?;
        let topic_field = member("problemClassificationId");
        let topic_id = text("problemClassificationId", &given.problem_classification_id, LONGEST_TEXT)?;
        let topic =
            named_topic(&topic_id).ok_or_else(|| Error::invalid(&topic_field, "is no problem classification"))?;
        if topic.service != *service {
            return Err(Error::invalid(topic_field, "is not of the service"));
        }
        let severity_field = member("severity");
        let consent_field = member("advancedDiagnosticConsent");
        let consent = consent(&consent_field, given.advanced_diagnostic_consent.as_ref())?;
        if asks_consent && consent.is_none() {
            return Err(is_required(&consent_field));
        }
        let subject = given.subject()?;
        Ok(NewTicket {
            name: Some(name),
            title: text("title", &given.title, LONGEST_TITLE)?,
            description: text("description", &given.description, LONGEST_DESCRIPTION)?,
            topic,
            severity: severity(&severity_field, given.severity.as_ref())?
                .ok_or_else(|| is_required(&severity_field))?,
            contact: given
                .contact_details
                .as_ref()
                .ok_or_else(|| is_required("properties.contactDetails"))?
                .check("properties.contactDetails", Contact::default())?,
            reservation_order_id: subject.order,
            reservation_id: subject.reservation,
            azure_subscription_id: subscription,
            advanced_diagnostic_consent: consent.unwrap_or(false),
        })
    }
}

impl SupportTicketRequestProperties {
    /// The reservation that is named: in the members, or in the answers to the form's questions.
    fn subject(&self) -> Result<Subject> {
        let members = ReservationIds {
            reservation_order_id: self.reservation_order_id.clone(),
            reservation_id: self.reservation_id.clone(),
        };
        let members = members.read(member)?;
        let answers = self.problem_scoping_questions.as_deref().unwrap_or_default();
        // The real form's answers are none of our business, whatever they are.
        let Ok(answers) = json::read::<ReservationIds>(answers.as_bytes()) else { return Ok(members) };
        let field = "properties.problemScopingQuestions";
        let answers = answers.read(|_| field.to_owned())?;
        if members == Subject::default() {
            return Ok(answers);
        }
        if answers != Subject::default() && answers != members {
            return Err(Error::invalid(field, "names another reservation than the members do"));
        }
        Ok(members)
    }
}

/// The service that a full id or its last part names.
fn named_service(id: &str) -> Option<&'static Service> {
    let id = id.trim().trim_end_matches('/');
    match id.rsplit_once('/') {
        None => Service::of(id),
        Some((before, last)) => {
            Service::of(last).filter(|_| before.eq_ignore_ascii_case("/providers/Microsoft.Support/services"))
        }
    }
}

/// The topic that a full id or its last part names.
fn named_topic(id: &str) -> Option<&'static Topic> {
    let id = id.trim().trim_end_matches('/');
    match id.rsplit_once('/') {
        None => Topic::of(id),
        Some((_, last)) => {
            Topic::of(last).filter(|topic| topic_id(topic.service.id, topic.id).eq_ignore_ascii_case(id))
        }
    }
}

/// The service that a filter names.
///
/// # Errors
/// [`Error::InvalidInput`] names `$filter`.
pub fn filtered_service(id: &str) -> Result<String> {
    let known = named_service(id).map(|service| service.id.to_owned());
    known.ok_or_else(|| Error::invalid("$filter", "ServiceId is no service"))
}

/// The problem classification that a filter names.
///
/// # Errors
/// [`Error::InvalidInput`] names `$filter`.
pub fn filtered_topic(id: &str) -> Result<String> {
    let known = named_topic(id).map(|topic| topic.id.to_owned());
    known.ok_or_else(|| Error::invalid("$filter", "ProblemClassificationId is no problem classification"))
}

impl ContactProfileRequest {
    /// The contact, over one that is there; whole in the end.
    fn check(&self, field: &str, present: Contact) -> Result<Contact> {
        let member = |name: &str| format!("{field}.{name}");
        let text = |name: &str, given: &Option<String>, present: Option<String>| -> Result<Option<String>> {
            let given = rules::optional(&member(name), given.as_ref(), LONGEST_TEXT)?;
            given.or(present).map_or_else(|| Err(is_required(&member(name))), |text| Ok(Some(text)))
        };
        let mail = |name: &str, given: &String| email(&member(name), Some(given));
        let method_field = member("preferredContactMethod");
        let method = text("preferredContactMethod", &self.preferred_contact_method, present.preferred_contact_method)?;
        let method = chosen(&method_field, method.as_ref(), &[("email", "email"), ("phone", "phone")])?;
        let phone_field = member("phoneNumber");
        let phone = rules::optional(&phone_field, self.phone_number.as_ref(), LONGEST_TEXT)?.or(present.phone_number);
        if method == Some("phone") && phone.is_none() {
            return Err(Error::invalid(phone_field, "is required where the phone is preferred"));
        }
        let address = text("primaryEmailAddress", &self.primary_email_address, present.primary_email_address)?;
        let country = text("country", &self.country, present.country)?;
        let language_field = member("preferredSupportLanguage");
        let language =
            text("preferredSupportLanguage", &self.preferred_support_language, present.preferred_support_language)?;
        let additional = match &self.additional_email_addresses {
            Some(all) if all.len() > MOST_ADDRESSES => {
                let reason = format!("must not be more than {MOST_ADDRESSES}");
                return Err(Error::invalid(member("additionalEmailAddresses"), reason));
            }
            Some(all) => all
                .iter()
                .enumerate()
                .map(|(position, one)| mail(&format!("additionalEmailAddresses[{position}]"), one))
                .collect::<Result<Vec<_>>>()?,
            None => present.additional_email_addresses,
        };
        Ok(Contact {
            first_name: text("firstName", &self.first_name, present.first_name)?,
            last_name: text("lastName", &self.last_name, present.last_name)?,
            primary_email_address: address.map(|address| mail("primaryEmailAddress", &address)).transpose()?,
            additional_email_addresses: additional,
            phone_number: phone,
            preferred_contact_method: method.map(str::to_owned),
            preferred_time_zone: text("preferredTimeZone", &self.preferred_time_zone, present.preferred_time_zone)?,
            country: country.map(|country| rules::country(&member("country"), country)).transpose()?,
            preferred_support_language: language
                .map(|language| rules::locale(&language_field, &language))
                .transpose()?,
        })
    }
}

impl UpdateSupportTicketRequest {
    /// What is to be different about a ticket with this contact.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] names the member.
    pub fn check(&self, present: Contact) -> Result<Changes> {
        let all: Vec<_> = TicketStatus::ALL.iter().map(|one| (one.as_str(), *one)).collect();
        let contact = self.contact_details.as_ref().map(|contact| contact.check("contactDetails", present));
        Ok(Changes {
            severity: severity("severity", self.severity.as_ref())?,
            status: chosen("status", self.status.as_ref(), &all)?,
            contact: contact.transpose()?,
            advanced_diagnostic_consent: consent(
                "advancedDiagnosticConsent",
                self.advanced_diagnostic_consent.as_ref(),
            )?,
            ..Changes::default()
        })
    }
}

impl CommunicationRequest {
    /// What is to be said under this name.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] names the member.
    pub fn check(&self, name: String) -> Result<NewCommunication> {
        let given = self.properties.as_ref().ok_or_else(|| is_required("properties"))?;
        let sender = rules::optional("properties.sender", given.sender.as_ref(), LONGEST_TEXT)?;
        Ok(NewCommunication {
            name: Some(name),
            subject: required("properties.subject", given.subject.as_ref(), LONGEST_TITLE)?,
            body: required("properties.body", given.body.as_ref(), LONGEST_DESCRIPTION)?,
            sender: sender.map(|sender| email("properties.sender", Some(&sender))).transpose()?,
        })
    }
}

/// A ticket.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SupportTicket)]
pub struct TicketResource {
    /// The full id.
    pub id: String,
    /// The last part of the id.
    pub name: String,
    /// `Microsoft.Support/supportTickets`.
    pub r#type: &'static str,
    /// What it is about, and where it stands.
    pub properties: TicketProperties,
}

/// What a ticket is about, and where it stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SupportTicketProperties)]
pub struct TicketProperties {
    /// Its number: the id of Partner Center's service request.
    #[schema(example = "1000000000000001")]
    pub support_ticket_id: String,
    /// What it is about, in a line.
    pub title: String,
    /// The same at length.
    pub description: String,
    /// The id of the service.
    pub service_id: String,
    /// The service's name.
    pub service_display_name: &'static str,
    /// The id of the problem classification.
    pub problem_classification_id: String,
    /// The problem classification's name.
    pub problem_classification_display_name: String,
    /// How bad it is.
    pub severity: Severity,
    /// `Open` or `Closed`.
    #[schema(example = "Open")]
    pub status: &'static str,
    /// `Yes` or `No`: whether the support may look at logs.
    #[schema(example = "No")]
    pub advanced_diagnostic_consent: &'static str,
    /// Whether an answer is needed around the clock.
    #[serde(rename = "require24X7Response")]
    pub require_24_x7_response: bool,
    /// How to reach whoever asks.
    pub contact_details: ContactProfile,
    /// Until when the support is to answer.
    pub service_level_agreement: ServiceLevelAgreement,
    /// Who works on it.
    pub support_engineer: SupportEngineer,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created_date: Moment,
    /// When it was changed last.
    #[schema(value_type = String, format = DateTime)]
    pub modified_date: Moment,
    /// The reservation order it concerns. (Not in the real service.)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation_order_id: Option<String>,
    /// The reservation it concerns. (Not in the real service.)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation_id: Option<String>,
    /// What an Admin agent made of it. (Not in the real service.)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<OutcomeResource>,
}

/// How to reach whoever asks.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactProfile {
    /// The first name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// The last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// `email` or `phone`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_contact_method: Option<String>,
    /// The mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_email_address: Option<String>,
    /// Further mail addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub additional_email_addresses: Vec<String>,
    /// The phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// The time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_time_zone: Option<String>,
    /// The country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_support_language: Option<String>,
}

impl From<Contact> for ContactProfile {
    fn from(contact: Contact) -> Self {
        Self {
            first_name: contact.first_name,
            last_name: contact.last_name,
            preferred_contact_method: contact.preferred_contact_method,
            primary_email_address: contact.primary_email_address,
            additional_email_addresses: contact.additional_email_addresses,
            phone_number: contact.phone_number,
            preferred_time_zone: contact.preferred_time_zone,
            country: contact.country,
            preferred_support_language: contact.preferred_support_language,
        }
    }
}

/// Until when the support is to answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceLevelAgreement {
    /// From when it counts.
    #[schema(value_type = String, format = DateTime)]
    pub start_time: Moment,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    pub expiration_time: Moment,
    /// How long that is, in minutes.
    pub sla_minutes: i64,
}

/// Who works on a ticket.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SupportEngineer {
    /// The mail address; always `null`: nobody does.
    pub email_address: Option<String>,
}

impl TicketResource {
    /// The ticket.
    ///
    /// # Errors
    /// When a stored document is of another form.
    pub fn new(ticket: &Ticket) -> Result<Self> {
        let minutes = rules::answer_minutes(ticket.severity);
        let order = ticket.reservation_order_id.as_ref();
        Ok(Self {
            id: ticket_id(ticket),
            name: ticket.name.clone(),
            r#type: TICKET_TYPE,
            properties: TicketProperties {
                support_ticket_id: ticket.id.clone(),
                title: ticket.title.clone(),
                description: ticket.description.clone(),
                service_id: service_id(&ticket.service_id),
                service_display_name: Service::of(&ticket.service_id).map_or("", |service| service.display_name),
                problem_classification_id: topic_id(&ticket.service_id, &ticket.problem_classification_id),
                problem_classification_display_name: ticket.topic().map(Topic::display_name).unwrap_or_default(),
                severity: ticket.severity,
                status: match ticket.status {
                    TicketStatus::Open => "Open",
                    TicketStatus::Closed => "Closed",
                },
                advanced_diagnostic_consent: if ticket.advanced_diagnostic_consent { "Yes" } else { "No" },
                require_24_x7_response: false,
                contact_details: ticket.contact()?.into(),
                service_level_agreement: ServiceLevelAgreement {
                    start_time: ticket.created_at,
                    expiration_time: ticket.created_at.plus(TimeDelta::minutes(minutes))?,
                    sla_minutes: minutes,
                },
                support_engineer: SupportEngineer { email_address: None },
                created_date: ticket.created_at,
                modified_date: ticket.modified_at,
                reservation_order_id: order.map(ids::order_id),
                reservation_id: order
                    .zip(ticket.reservation_id.as_ref())
                    .map(|(order, reservation)| ids::reservation_id(order, reservation)),
                outcome: ticket.outcome()?.map(OutcomeResource::from),
            },
        })
    }
}

/// The full id of a ticket: in the subscription that its name belongs to, or in none.
fn ticket_id(ticket: &Ticket) -> String {
    let root = match &ticket.azure_subscription_id {
        Some(id) if *id == ticket.name_scope => ids::subscription_id(id),
        _ => String::new(),
    };
    format!("{root}{ROOT}/supportTickets/{}", ticket.name)
}

/// Something that was said on a ticket.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Communication)]
pub struct CommunicationResource {
    /// The full id.
    pub id: String,
    /// The last part of the id.
    pub name: String,
    /// `Microsoft.Support/communications`.
    pub r#type: &'static str,
    /// What was said.
    pub properties: CommunicationProperties,
}

/// What was said on a ticket.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommunicationProperties {
    /// `web`.
    pub communication_type: &'static str,
    /// `outbound` to the support, `inbound` from it.
    pub communication_direction: &'static str,
    /// Who said it.
    pub sender: String,
    /// What it is about.
    pub subject: String,
    /// The text.
    pub body: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub created_date: Moment,
}

impl CommunicationResource {
    /// What was said on this ticket.
    pub fn new(ticket: &Ticket, said: &Communication) -> Self {
        Self {
            id: format!("{}/communications/{}", ticket_id(ticket), said.name),
            name: said.name.clone(),
            r#type: COMMUNICATION_TYPE,
            properties: CommunicationProperties {
                communication_type: "web",
                // Azure counts from the side of whoever asks.
                communication_direction: match said.direction {
                    Direction::Inbound => "outbound",
                    Direction::Outbound => "inbound",
                },
                sender: said.sender.clone(),
                subject: said.subject.clone(),
                body: said.body.clone(),
                created_date: said.created_at,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::topics::{EXCHANGES_AND_REFUNDS, QUOTA};
    use super::*;

    #[test]
    fn ids_are_taken_whole_or_by_their_last_part_and_in_any_case() {
        let whole = topic_id(EXCHANGES_AND_REFUNDS.service.id, EXCHANGES_AND_REFUNDS.id);
        for id in [whole.clone(), whole.to_uppercase(), format!(" {whole}/"), EXCHANGES_AND_REFUNDS.id.to_owned()] {
            assert_eq!(named_topic(&id).map(|topic| topic.id), Some(EXCHANGES_AND_REFUNDS.id), "{id}");
        }
        for id in
            [topic_id(QUOTA.id, EXCHANGES_AND_REFUNDS.id), format!("x/{}", EXCHANGES_AND_REFUNDS.id), String::new()]
        {
            assert!(named_topic(&id).is_none(), "{id}");
        }
        assert_eq!(named_service(&service_id(QUOTA.id).to_uppercase()), Some(&QUOTA));
        assert!(named_service(&format!("/services/{}", QUOTA.id)).is_none());
    }

    #[test]
    fn a_reservation_is_named_by_guids_or_full_ids() {
        let (order, other, one) = (Guid::random(), Guid::random(), Guid::random());
        let read = |order: Option<String>, reservation: Option<String>| {
            ReservationIds { reservation_order_id: order, reservation_id: reservation }.read(member)
        };
        let whole = Subject { order: Some(order.clone()), reservation: Some(one.clone()) };
        let full = ids::reservation_id(&order, &one);
        for (given_order, given) in [
            (Some(order.to_string()), one.to_string()),
            (Some(ids::order_id(&order).to_uppercase()), full.clone()),
            (None, full.clone()),
            (Some(String::new()), full.to_lowercase()),
        ] {
            assert_eq!(read(given_order, Some(given)).unwrap(), whole);
        }
        assert_eq!(read(Some(order.to_string()), None).unwrap().reservation, None);
        for (given_order, given) in [
            (Some(other.to_string()), Some(full)),
            (None, Some(one.to_string())),
            (Some("x".to_owned()), None),
            (Some(order.to_string()), Some("x".to_owned())),
        ] {
            assert!(read(given_order, given).is_err());
        }
    }
}
