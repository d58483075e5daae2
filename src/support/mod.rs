//! Support requests: one record, which Partner Center shows as a service request and Azure as a
//! support ticket. One about a reservation carries its ids (rule M7), and what an Admin agent made
//! of it. Beside them the partner's support profile.

pub mod api;
pub mod azure;
pub mod carry_out;
pub mod profile;
pub mod profile_api;
pub mod repo;
pub mod rules;
pub mod topics;
pub mod wire;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::access::Agent;
use crate::audit::{self, Change, OperationType, ResourceType};
use crate::customers::Customer;
use crate::db::schema::{support_communications, support_tickets};
use crate::db::{JsonText, Moment, Unit};
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::money::{Currency, Money};
use crate::{reservations, subscriptions, text_enum};

pub use topics::{Service, Topic};

text_enum! {
    /// How bad it is, in Azure's words. (Partner Center knows three of them.)
    Severity {
        /// Least.
        Minimal = "minimal",
        /// Some.
        Moderate = "moderate",
        /// Bad.
        Critical = "critical",
        /// Worst.
        HighestCriticalImpact = "highestcriticalimpact",
    }
}

text_enum! {
    /// Where a request stands.
    TicketStatus {
        /// It is worked on.
        Open = "open",
        /// It is done.
        Closed = "closed",
    }
}

text_enum! {
    /// For whom somebody acts.
    AuthorKind {
        /// An agent of the partner.
        Partner = "partner",
        /// A user of the customer.
        Customer = "customer",
    }
}

text_enum! {
    /// From whom to whom something was said.
    Direction {
        /// To the support.
        Inbound = "inbound",
        /// From the support.
        Outbound = "outbound",
    }
}

text_enum! {
    /// What was made of a request about a reservation.
    OutcomeOperation {
        /// The reservation was returned.
        Refund = "refund",
        /// The reservation was exchanged.
        Exchange = "exchange",
    }
}

/// How to reach whoever asks; the names are those of Azure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// The first name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// The last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_email_address: Option<String>,
    /// Further mail addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub additional_email_addresses: Vec<String>,
    /// The phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// `email` or `phone`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_contact_method: Option<String>,
    /// Such as `Pacific Standard Time`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_time_zone: Option<String>,
    /// The country, as the surface writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Such as `en-US`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_support_language: Option<String>,
}

/// What an Admin agent made of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// A refund or an exchange.
    pub operation: OutcomeOperation,
    /// The session it was quoted in.
    pub session_id: Guid,
    /// What was refunded after the fee; for an exchange what was left to pay, negative where more
    /// was given back.
    pub amount: Money,
    /// When.
    pub at: Moment,
}

/// [`Outcome`] as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredOutcome {
    operation: OutcomeOperation,
    session_id: Guid,
    minor_units: i64,
    currency_code: String,
    at: Moment,
}

/// A support request.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = support_tickets, treat_none_as_null = true)]
pub struct Ticket {
    /// The id, digits: Partner Center's id and Azure's `supportTicketId`.
    pub id: String,
    /// The name on Azure: given by the client there, the id otherwise.
    pub name: String,
    /// The same in lower case.
    pub name_key: String,
    /// What names are unique in, which is also where Azure shows it: an Azure subscription or,
    /// outside any, the partner.
    pub name_scope: Guid,
    /// The partner that asks.
    pub partner_id: Guid,
    /// The customer it concerns.
    pub customer_id: Option<Guid>,
    /// The Azure subscription it concerns.
    pub azure_subscription_id: Option<Guid>,
    /// The reservation order it concerns.
    pub reservation_order_id: Option<Guid>,
    /// The reservation it concerns, of that order.
    pub reservation_id: Option<Guid>,
    /// The id of a [`Service`].
    pub service_id: String,
    /// The id of a [`Topic`].
    pub problem_classification_id: String,
    /// What it is about, in a line.
    pub title: String,
    /// The same at length.
    pub description: String,
    /// How bad it is.
    pub severity: Severity,
    /// Where it stands.
    pub status: TicketStatus,
    /// A [`Contact`].
    pub contact: JsonText,
    /// Whether the support may look at logs.
    pub advanced_diagnostic_consent: bool,
    /// For whom its creator acted.
    pub created_by_kind: AuthorKind,
    /// The object id of its creator.
    pub created_by_id: Guid,
    /// The name of its creator.
    pub created_by_name: String,
    /// The object id of whoever changed it last.
    pub modified_by_id: Guid,
    /// The name of whoever changed it last.
    pub modified_by_name: String,
    /// An [`Outcome`], where an Admin agent carried it out.
    pub outcome: Option<JsonText>,
    /// When it was created.
    pub created_at: Moment,
    /// When it was changed last.
    pub modified_at: Moment,
    /// When it was closed last.
    pub closed_at: Option<Moment>,
}

impl Ticket {
    /// How to reach whoever asks.
    ///
    /// # Errors
    /// When the stored document is of another form.
    pub fn contact(&self) -> Result<Contact> {
        self.contact.read()
    }

    /// What it is about; `None` for a topic that a later version dropped.
    pub fn topic(&self) -> Option<&'static Topic> {
        Topic::of(&self.problem_classification_id)
    }

    /// What an Admin agent made of it.
    ///
    /// # Errors
    /// When the stored document is of another form.
    pub fn outcome(&self) -> Result<Option<Outcome>> {
        let Some(stored) = &self.outcome else { return Ok(None) };
        let stored: StoredOutcome = stored.read()?;
        let currency = Currency::parse(&stored.currency_code)
            .ok_or_else(|| Error::Internal(format!("outcome in {}", stored.currency_code)))?;
        Ok(Some(Outcome {
            operation: stored.operation,
            session_id: stored.session_id,
            amount: Money { minor: stored.minor_units, currency },
            at: stored.at,
        }))
    }

    fn recorded(&self) -> Value {
        json!({
            "id": self.id, "title": self.title, "description": self.description, "severity": self.severity,
            "status": self.status, "supportTopicId": self.problem_classification_id,
            "reservationOrderId": self.reservation_order_id, "reservationId": self.reservation_id,
        })
    }
}

/// Something said on a request: a note of Partner Center, a communication of Azure.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = support_communications)]
pub struct Communication {
    /// The request.
    pub ticket_id: String,
    /// Counts the request's communications from 1.
    pub number: i32,
    /// The name on Azure.
    pub name: String,
    /// What it is about.
    pub subject: String,
    /// The text.
    pub body: String,
    /// Who said it.
    pub sender: String,
    /// To whom.
    pub direction: Direction,
    /// When.
    pub created_at: Moment,
}

/// What a request is created with, its texts checked.
#[derive(Clone, Debug)]
pub struct NewTicket {
    /// The name on Azure; `None` for the id.
    pub name: Option<String>,
    /// What it is about, in a line.
    pub title: String,
    /// The same at length.
    pub description: String,
    /// The topic.
    pub topic: &'static Topic,
    /// How bad it is.
    pub severity: Severity,
    /// How to reach whoever asks.
    pub contact: Contact,
    /// The reservation order it concerns.
    pub reservation_order_id: Option<Guid>,
    /// The reservation it concerns.
    pub reservation_id: Option<Guid>,
    /// The Azure subscription it concerns; `None` for the one that pays for the reservation. A name
    /// that comes without one is a name of the partner's.
    pub azure_subscription_id: Option<Guid>,
    /// Whether the support may look at logs.
    pub advanced_diagnostic_consent: bool,
}

impl NewTicket {
    /// Whether `ticket` is as this would create it.
    fn made(&self, ticket: &Ticket) -> Result<bool> {
        let texts = (&self.title, &self.description, self.topic.id, self.severity, self.advanced_diagnostic_consent);
        let present = (
            &ticket.title,
            &ticket.description,
            ticket.problem_classification_id.as_str(),
            ticket.severity,
            ticket.advanced_diagnostic_consent,
        );
        let subject = (&self.reservation_order_id, &self.reservation_id);
        Ok(texts == present
            && subject == (&ticket.reservation_order_id, &ticket.reservation_id)
            && self.contact == ticket.contact()?)
    }
}

/// What is to be different about a request; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Another title.
    pub title: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// Another topic.
    pub topic: Option<&'static Topic>,
    /// Another severity.
    pub severity: Option<Severity>,
    /// Another status.
    pub status: Option<TicketStatus>,
    /// Another contact.
    pub contact: Option<Contact>,
    /// Another consent.
    pub advanced_diagnostic_consent: Option<bool>,
    /// Something to be said.
    pub note: Option<String>,
}

/// Something to be said.
#[derive(Clone, Debug)]
pub struct NewCommunication {
    /// The name on Azure; `None` for a new GUID.
    pub name: Option<String>,
    /// What it is about.
    pub subject: String,
    /// The text.
    pub body: String,
    /// Who says it; `None` for the caller.
    pub sender: Option<String>,
}

/// Whose requests are looked at.
#[derive(Clone, Debug)]
pub enum Whose {
    /// All of a partner's.
    Partner(Guid),
    /// Those that concern a customer of its seller's.
    Customer(Box<Customer>),
}

impl Whose {
    /// The caller's own.
    pub fn own(agent: &Agent) -> Self {
        Self::Partner(agent.partner.id.clone())
    }
}

/// Which requests are listed.
#[derive(Clone, Debug, Default)]
pub struct Narrowing {
    /// With this status.
    pub status: Option<TicketStatus>,
    /// With a name in this scope ([`Ticket::name_scope`]).
    pub name_scope: Option<Guid>,
    /// Of this service.
    pub service_id: Option<String>,
    /// About this topic.
    pub problem_classification_id: Option<String>,
    /// Created at this instant or later.
    pub created_from: Option<Moment>,
    /// Skip so many.
    pub offset: i64,
    /// At the most so many.
    pub limit: Option<i64>,
}

/// The requests that are looked for, oldest first, each with the name of the customer it concerns.
///
/// # Errors
/// Those of the database.
pub fn list(unit: &mut Unit<'_>, whose: &Whose, narrowing: &Narrowing) -> Result<Vec<(Ticket, Option<String>)>> {
    repo::list(unit.conn, whose, narrowing)
}

/// The request with this id, with the name of the customer it concerns.
///
/// # Errors
/// [`Error::NotFound`] for unknown and foreign ones alike.
pub fn find(unit: &mut Unit<'_>, whose: &Whose, id: &str) -> Result<(Ticket, Option<String>)> {
    repo::find(unit.conn, whose, id)?.ok_or(Error::NotFound)
}

/// The request with this name on Azure, in a subscription or, without one, of the partner.
///
/// # Errors
/// Those of the database.
pub fn find_named(unit: &mut Unit<'_>, whose: &Whose, scope: &Guid, name: &str) -> Result<Option<Ticket>> {
    repo::find_named(unit.conn, whose, scope, &name.to_lowercase())
}

/// Whether a name on Azure is taken, by whomever's request.
///
/// # Errors
/// Those of the database.
pub fn is_name_taken(unit: &mut Unit<'_>, scope: &Guid, name: &str) -> Result<bool> {
    repo::is_name_taken(unit.conn, scope, &name.to_lowercase())
}

/// What was said on a request, in order.
///
/// # Errors
/// Those of the database.
pub fn communications(unit: &mut Unit<'_>, ticket: &Ticket) -> Result<Vec<Communication>> {
    repo::communications(unit.conn, &ticket.id)
}

/// Creates a request, for a customer or for the partner itself.
///
/// # Errors
/// [`Error::InvalidInput`] names what does not belong to the customer or together;
/// [`Error::AlreadyThere`] for a name that is taken.
pub fn create(unit: &mut Unit<'_>, agent: &Agent, customer: Option<&Customer>, new: &NewTicket) -> Result<Ticket> {
    let subject = subject_of(unit, customer, new)?;
    let partner_id = customer.map_or(&agent.partner.id, |customer| &customer.seller_id).clone();
    let id = ticket_id();
    let (name, scope) = match &new.name {
        Some(name) => (name.clone(), new.azure_subscription_id.clone()),
        None => (id.clone(), subject.azure_subscription_id.clone()),
    };
    let ticket = Ticket {
        name_key: name.to_lowercase(),
        name,
        name_scope: scope.unwrap_or_else(|| partner_id.clone()),
        partner_id,
        customer_id: customer.map(|customer| customer.id.clone()),
        azure_subscription_id: subject.azure_subscription_id,
        reservation_order_id: subject.reservation_order_id,
        reservation_id: new.reservation_id.clone(),
        service_id: new.topic.service.id.to_owned(),
        problem_classification_id: new.topic.id.to_owned(),
        title: new.title.clone(),
        description: new.description.clone(),
        severity: new.severity,
        status: TicketStatus::Open,
        contact: JsonText::of(&new.contact)?,
        advanced_diagnostic_consent: new.advanced_diagnostic_consent,
        created_by_kind: AuthorKind::Partner,
        created_by_id: agent.token.object_id.clone(),
        created_by_name: agent.user_name().to_owned(),
        modified_by_id: agent.token.object_id.clone(),
        modified_by_name: agent.user_name().to_owned(),
        outcome: None,
        created_at: unit.now,
        modified_at: unit.now,
        closed_at: None,
        id,
    };
    if repo::is_name_taken(unit.conn, &ticket.name_scope, &ticket.name_key)? {
        return Err(Error::AlreadyThere { field: "name", reason: "another support request has this name" });
    }
    repo::insert(unit.conn, &ticket)?;
    record(unit, agent, &ticket, OperationType::CreateSupportTicket, None)?;
    Ok(ticket)
}

/// Creates a request under its name on Azure; the same again finds the first one.
///
/// # Errors
/// [`Error::AlreadyThere`] where another request has the name; as for [`create`].
pub fn create_named(
    unit: &mut Unit<'_>,
    agent: &Agent,
    whose: &Whose,
    customer: Option<&Customer>,
    new: &NewTicket,
) -> Result<Ticket> {
    let scope = new.azure_subscription_id.as_ref().unwrap_or(&agent.partner.id);
    if let Some(name) = &new.name
        && let Some(present) = find_named(unit, whose, scope, name)?
        && new.made(&present)?
    {
        return Ok(present);
    }
    create(unit, agent, customer, new)
}

/// What a request concerns, completed.
struct Subject {
    azure_subscription_id: Option<Guid>,
    reservation_order_id: Option<Guid>,
}

/// Checks that reservation order, reservation and Azure subscription belong to the customer and
/// together. A reservation names its order, and the reservation the subscription that pays for it.
fn subject_of(unit: &mut Unit<'_>, customer: Option<&Customer>, new: &NewTicket) -> Result<Subject> {
    let named = [
        ("reservationOrderId", &new.reservation_order_id),
        ("reservationId", &new.reservation_id),
        ("subscriptionId", &new.azure_subscription_id),
    ];
    let foreign = |field: &str| Error::invalid(field, "is none of this customer's");
    let Some(customer) = customer else {
        return match named.iter().find(|(_, id)| id.is_some()) {
            Some((field, _)) => Err(Error::invalid(*field, "needs a customer")),
            None => Ok(Subject { azure_subscription_id: None, reservation_order_id: None }),
        };
    };
    let mut payer = None;
    let mut reservation_order_id = None;
    if new.reservation_order_id.is_some() || new.reservation_id.is_some() {
        let held = reservations::repo::of_customer(unit.conn, customer)?;
        let (order, reservations) = match (&new.reservation_order_id, &new.reservation_id) {
            (Some(order_id), _) => held.get(order_id).ok_or_else(|| foreign("reservationOrderId"))?,
            (None, reservation_id) => held
                .values()
                .find(|(_, all)| all.iter().any(|one| Some(&one.id) == reservation_id.as_ref()))
                .ok_or_else(|| foreign("reservationId"))?,
        };
        let reservation = match &new.reservation_id {
            Some(id) => Some(
                reservations
                    .iter()
                    .find(|one| one.id == *id)
                    .ok_or_else(|| Error::invalid("reservationId", "is not in the reservation order"))?,
            ),
            None => reservations.first(),
        };
        payer = reservation.map(|one| one.billing_subscription_id.clone());
        reservation_order_id = Some(order.id.clone());
    }
    let wanted = new.azure_subscription_id.clone().or(payer);
    let azure_subscription_id = match wanted {
        Some(id) => Some(azure_subscription(unit, customer, &id)?.ok_or_else(|| foreign("subscriptionId"))?),
        None => None,
    };
    Ok(Subject { azure_subscription_id, reservation_order_id })
}

/// The customer's Azure subscription with this id.
fn azure_subscription(unit: &mut Unit<'_>, customer: &Customer, id: &Guid) -> Result<Option<Guid>> {
    for plan in subscriptions::repo::list(unit.conn, customer, None, None)? {
        let azure = subscriptions::repo::azure_of(unit.conn, &plan.id)?;
        if azure.iter().any(|azure| azure.id == *id) {
            return Ok(Some(id.clone()));
        }
    }
    Ok(None)
}

/// Changes a request, and says something on it: one record, and none where nothing is different.
///
/// # Errors
/// [`Error::CustomerNotFound`] or [`Error::RelationshipEnded`] where the customer it concerns is
/// no longer the partner's.
pub fn update(unit: &mut Unit<'_>, agent: &Agent, ticket: &Ticket, changes: &Changes) -> Result<Ticket> {
    let mut changed = ticket.clone();
    let put = |place: &mut String, value: &Option<String>| value.iter().for_each(|value| value.clone_into(place));
    put(&mut changed.title, &changes.title);
    put(&mut changed.description, &changes.description);
    if let Some(topic) = changes.topic {
        topic.service.id.clone_into(&mut changed.service_id);
        topic.id.clone_into(&mut changed.problem_classification_id);
    }
    changed.severity = changes.severity.unwrap_or(ticket.severity);
    changed.status = changes.status.unwrap_or(ticket.status);
    if changed.status == TicketStatus::Closed && ticket.status == TicketStatus::Open {
        changed.closed_at = Some(unit.now);
    }
    if let Some(contact) = &changes.contact {
        changed.contact = JsonText::of(contact)?;
    }
    changed.advanced_diagnostic_consent =
        changes.advanced_diagnostic_consent.unwrap_or(ticket.advanced_diagnostic_consent);
    if changed == *ticket && changes.note.is_none() {
        return Ok(changed);
    }
    if let Some(note) = &changes.note {
        let (subject, body) = (ticket.title.clone(), note.clone());
        say(unit, agent, ticket, &NewCommunication { name: None, subject, body, sender: None })?;
    }
    keep(unit, agent, ticket, changed)
}

/// Says something on a request.
///
/// # Errors
/// [`Error::AlreadyThere`] for a name that is taken; as for [`update`].
pub fn add_communication(
    unit: &mut Unit<'_>,
    agent: &Agent,
    ticket: &Ticket,
    new: &NewCommunication,
) -> Result<Communication> {
    let communication = say(unit, agent, ticket, new)?;
    keep(unit, agent, ticket, ticket.clone())?;
    Ok(communication)
}

/// Says something under its name on Azure; the same again finds the first.
///
/// # Errors
/// As for [`add_communication`].
pub fn add_named_communication(
    unit: &mut Unit<'_>,
    agent: &Agent,
    ticket: &Ticket,
    new: &NewCommunication,
) -> Result<Communication> {
    let said = communications(unit, ticket)?;
    let same = said.into_iter().find(|one| {
        new.name.as_ref().is_some_and(|name| one.name.eq_ignore_ascii_case(name))
            && (&one.subject, &one.body) == (&new.subject, &new.body)
            && new.sender.as_ref().is_none_or(|sender| *sender == one.sender)
    });
    match same {
        Some(communication) => Ok(communication),
        None => add_communication(unit, agent, ticket, new),
    }
}

/// Closes a request with what was made of it. The return or exchange itself is the caller's to
/// make, in the same unit of work.
///
/// # Errors
/// [`Error::AlreadyThere`] where it was carried out before; as for [`update`].
pub fn close_with_outcome(unit: &mut Unit<'_>, agent: &Agent, ticket: &Ticket, outcome: &Outcome) -> Result<Ticket> {
    if ticket.outcome.is_some() {
        return Err(Error::AlreadyThere { field: "outcome", reason: "the request was carried out before" });
    }
    let stored = StoredOutcome {
        operation: outcome.operation,
        session_id: outcome.session_id.clone(),
        minor_units: outcome.amount.minor,
        currency_code: outcome.amount.currency.code().to_owned(),
        at: outcome.at,
    };
    let closed = Ticket {
        outcome: Some(JsonText::of(&stored)?),
        status: TicketStatus::Closed,
        closed_at: Some(unit.now),
        ..ticket.clone()
    };
    keep(unit, agent, ticket, closed)
}

fn say(unit: &mut Unit<'_>, agent: &Agent, ticket: &Ticket, new: &NewCommunication) -> Result<Communication> {
    let said = repo::communications(unit.conn, &ticket.id)?;
    let name = new.name.clone().unwrap_or_else(|| Guid::random().to_string());
    if said.iter().any(|one| one.name.eq_ignore_ascii_case(&name)) {
        return Err(Error::AlreadyThere { field: "name", reason: "another communication has this name" });
    }
    let communication = Communication {
        ticket_id: ticket.id.clone(),
        number: said.last().map_or(0, |last| last.number).saturating_add(1),
        name,
        subject: new.subject.clone(),
        body: new.body.clone(),
        sender: new.sender.clone().unwrap_or_else(|| agent.user_name().to_owned()),
        direction: Direction::Inbound,
        created_at: unit.now,
    };
    repo::insert_communication(unit.conn, &communication)?;
    Ok(communication)
}

/// Keeps the changed request with who changed it, and its record.
fn keep(unit: &mut Unit<'_>, agent: &Agent, before: &Ticket, changed: Ticket) -> Result<Ticket> {
    let changed = Ticket {
        modified_at: unit.now,
        modified_by_id: agent.token.object_id.clone(),
        modified_by_name: agent.user_name().to_owned(),
        ..changed
    };
    repo::update(unit.conn, &changed)?;
    record(unit, agent, &changed, OperationType::UpdateSupportTicket, Some(before.recorded()))?;
    Ok(changed)
}

fn record(
    unit: &mut Unit<'_>,
    agent: &Agent,
    ticket: &Ticket,
    operation: OperationType,
    old: Option<Value>,
) -> Result<()> {
    let change = Change {
        resource: ResourceType::SupportTicket,
        operation,
        old,
        new: Some(ticket.recorded()),
        details: vec![("SupportTicketId".to_owned(), ticket.id.clone())],
    };
    match &ticket.customer_id {
        Some(id) => {
            let customer = agent.customer(unit, id)?;
            audit::record(unit, agent, &customer, change)
        }
        None => audit::record_own(unit, agent, change),
    }
}

/// A new id: sixteen digits.
fn ticket_id() -> String {
    let (random, _) = uuid::Uuid::new_v4().as_u64_pair();
    format!("1{:015}", random % 1_000_000_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_sixteen_digits() {
        for _ in 0..100 {
            let id = ticket_id();
            assert!(id.len() == 16 && id.chars().all(|c| c.is_ascii_digit()), "{id}");
        }
    }
}
