//! `Microsoft.Support`: support tickets and what is said on them, each path with a subscription and
//! without one. Everything is done at once: 200 with the whole body, nothing to poll for.

use actix_web::{get, patch, post, put};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::topics::SERVICES;
use super::wire::{
    COMMUNICATION_TYPE, CheckNameAvailabilityRequest, CheckNameAvailabilityResult, CommunicationRequest,
    CommunicationResource, ProblemClassification, ServiceResource, SupportTicketRequest, TICKET_TYPE, TicketResource,
    UpdateSupportTicketRequest, filtered_service, filtered_topic,
};
use super::{
    Narrowing, NewTicket, Service, Ticket, TicketStatus, Whose, add_named_communication, communications, create_named,
    find_named, is_name_taken, list, rules, update,
};
use crate::access::{Agent, Permit, guid, short};
use crate::azure::{AzureAnswer, AzureCall, Comparison, Filter, ListOf, Window};
use crate::customers::Customer;
use crate::db::{Moment, Unit};
use crate::error::{Error, Result};
use crate::http::Reply;
use crate::ids::Guid;
use crate::permissions::azure::*;
use crate::reservations::Refusal;

const SUPPORT: &str = "Microsoft.Support";
/// The version from which on the consent must be said.
const CONSENT_SINCE: &str = "2024-04-01";
/// The usual and the largest page of tickets, and of what was said.
const TICKETS_PAGE: (usize, usize) = (25, 100);
const COMMUNICATIONS_PAGE: (usize, usize) = (10, 10);
const SKIP: &str = "$skiptoken";

/// Where tickets are looked for.
struct Place {
    /// Who acts.
    agent: Agent,
    /// Whose tickets these are.
    whose: Whose,
    /// The customer that a ticket concerns, where the place says so.
    customer: Option<Customer>,
    /// The subscription of the path.
    subscription: Option<Guid>,
    /// What names are unique in.
    scope: Guid,
}

impl Place {
    fn of(unit: &mut Unit<'_>, permit: &Permit, subscription: Option<&Guid>) -> Result<Self> {
        let (agent, customer) = match subscription {
            Some(id) => {
                let found = permit.subscription(unit, id)?;
                (permit.agent(unit, &found.customer)?, Some(found.customer))
            }
            None => permit.represented(unit)?,
        };
        let whose = match &customer {
            Some(customer) => Whose::Customer(Box::new(customer.clone())),
            None => Whose::own(&agent),
        };
        let scope = subscription.unwrap_or(&agent.partner.id).clone();
        Ok(Self { agent, whose, customer, subscription: subscription.cloned(), scope })
    }

    fn ticket(&self, unit: &mut Unit<'_>, name: &str) -> Result<Ticket> {
        find_named(unit, &self.whose, &self.scope, name)?.ok_or(Error::SupportResourceNotFound("support ticket"))
    }

    /// The customer that a new ticket concerns: that of the place, or of the reservation it names.
    fn customer_of(&self, unit: &mut Unit<'_>, permit: &Permit, new: &NewTicket) -> Result<Option<Customer>> {
        let Some(order) = &new.reservation_order_id else { return Ok(self.customer.clone()) };
        let found = permit.order(unit, order)?;
        if let Some(id) = &new.reservation_id
            && !found.reservations.iter().any(|one| one.id == *id)
        {
            return Err(Refusal::NotInOrder("properties.reservationId".to_owned()).into());
        }
        match &self.customer {
            Some(customer) if customer.id != found.customer.id => {
                Err(Error::invalid("properties.reservationOrderId", "is none of this customer's"))
            }
            _ => Ok(Some(found.customer)),
        }
    }
}

/// The subscription of the path, where it has one.
fn subscription_of<O: AzureOperation>(call: &AzureCall<O>) -> Result<Option<Guid>> {
    let text = call.segment("subscriptionId");
    if text.is_empty() { Ok(None) } else { guid("subscriptionId", text).map(Some) }
}

/// List the services that support is asked for.
///
/// Billing, Subscription management, quotas.
#[utoipa::path(tag = SUPPORT, responses((status = 200, body = ListOf<ServiceResource>)))]
#[get("/providers/Microsoft.Support/services")]
pub async fn list_support_services(call: AzureCall<ListSupportServices>) -> AzureAnswer {
    call.read(|_, _| Ok(ListOf::whole(SERVICES.iter().map(ServiceResource::from).collect()))).await
}

fn service(name: &str) -> Result<&'static Service> {
    Service::of(name).ok_or(Error::SupportResourceNotFound("service"))
}

/// Get a service.
///
/// By the last part of its id.
#[utoipa::path(tag = SUPPORT, responses((status = 200, body = ServiceResource)))]
#[get("/providers/Microsoft.Support/services/{serviceName}")]
pub async fn get_support_service(call: AzureCall<GetSupportService>) -> AzureAnswer {
    let name = call.segment("serviceName").to_owned();
    call.read(move |_, _| service(&name).map(ServiceResource::from)).await
}

/// List the problem classifications of a service.
///
/// The return or exchange of a reservation is *Reservation Management / Exchanges and Refunds* of
/// the service *Billing*; pick it by its name.
#[utoipa::path(tag = SUPPORT, responses((status = 200, body = ListOf<ProblemClassification>)))]
#[get("/providers/Microsoft.Support/services/{serviceName}/problemClassifications")]
pub async fn list_problem_classifications(call: AzureCall<ListProblemClassifications>) -> AzureAnswer {
    let name = call.segment("serviceName").to_owned();
    call.read(move |_, _| Ok(ListOf::whole(service(&name)?.topics().map(ProblemClassification::from).collect()))).await
}

/// Get a problem classification.
///
/// By the last parts of the ids of its service and itself.
#[utoipa::path(tag = SUPPORT, responses((status = 200, body = ProblemClassification)))]
#[get("/providers/Microsoft.Support/services/{serviceName}/problemClassifications/{problemClassificationName}")]
pub async fn get_problem_classification(call: AzureCall<GetProblemClassification>) -> AzureAnswer {
    let name = call.segment("serviceName").to_owned();
    let topic = call.segment("problemClassificationName").to_owned();
    call.read(move |_, _| {
        let found = service(&name)?.topics().find(|one| one.id.eq_ignore_ascii_case(&topic));
        found.map(ProblemClassification::from).ok_or(Error::SupportResourceNotFound("problem classification"))
    })
    .await
}

async fn ticket_name_checked<O: AzureOperation>(mut call: AzureCall<O>) -> AzureAnswer {
    let (subscription, body) = (subscription_of(&call)?, call.body()?);
    call.read(move |unit, permit| {
        let place = Place::of(unit, permit, subscription.as_ref())?;
        let name = body.read::<CheckNameAvailabilityRequest>()?.check(TICKET_TYPE)?;
        Ok(CheckNameAvailabilityResult::new(is_name_taken(unit, &place.scope, &name)?))
    })
    .await
}

async fn listed<O: AzureOperation>(call: AzureCall<O>) -> AzureAnswer {
    let subscription = subscription_of(&call)?;
    let (usual, most) = TICKETS_PAGE;
    let window = Window::with_usual(&call.query, call.address(), SKIP, "$top", usual, most)?;
    let narrowing = call.query.get("$filter").map(narrowing).transpose()?.unwrap_or_default();
    call.read(move |unit, permit| {
        let place = Place::of(unit, permit, subscription.as_ref())?;
        let narrowing = Narrowing { name_scope: Some(place.scope.clone()), ..narrowing.clone() };
        let page = window.page(list(unit, &place.whose, &narrowing)?);
        let value = page.value.iter().map(|(ticket, _)| TicketResource::new(ticket)).collect::<Result<_>>()?;
        Ok(ListOf { value, next_link: page.next_link })
    })
    .await
}

async fn created<O: AzureOperation>(mut call: AzureCall<O>) -> AzureAnswer {
    let (subscription, body) = (subscription_of(&call)?, call.body()?);
    let name = call.segment("supportTicketName").to_owned();
    let asks_consent = call.query.get("api-version").is_some_and(|version| version >= CONSENT_SINCE);
    call.write(move |unit, permit| {
        let place = Place::of(unit, permit, subscription.as_ref())?;
        let name = rules::name("supportTicketName", &name)?;
        let new = body.read::<SupportTicketRequest>()?.check(name, place.subscription.clone(), asks_consent)?;
        let customer = place.customer_of(unit, permit, &new)?;
        let ticket = create_named(unit, &place.agent, &place.whose, customer.as_ref(), &new)?;
        Reply::ok(&TicketResource::new(&ticket)?)
    })
    .await
}

async fn got<O: AzureOperation>(call: AzureCall<O>) -> AzureAnswer {
    let (subscription, name) = (subscription_of(&call)?, call.segment("supportTicketName").to_owned());
    call.read(move |unit, permit| {
        let ticket = Place::of(unit, permit, subscription.as_ref())?.ticket(unit, &name)?;
        TicketResource::new(&ticket)
    })
    .await
}

async fn updated<O: AzureOperation>(mut call: AzureCall<O>) -> AzureAnswer {
    let (subscription, body) = (subscription_of(&call)?, call.body()?);
    let name = call.segment("supportTicketName").to_owned();
    call.write(move |unit, permit| {
        let place = Place::of(unit, permit, subscription.as_ref())?;
        let ticket = place.ticket(unit, &name)?;
        let changes = body.read::<UpdateSupportTicketRequest>()?.check(ticket.contact()?)?;
        Reply::ok(&TicketResource::new(&update(unit, &place.agent, &ticket, &changes)?)?)
    })
    .await
}

async fn communication_name_checked<O: AzureOperation>(mut call: AzureCall<O>) -> AzureAnswer {
    let (subscription, body) = (subscription_of(&call)?, call.body()?);
    let ticket = call.segment("supportTicketName").to_owned();
    call.read(move |unit, permit| {
        let ticket = Place::of(unit, permit, subscription.as_ref())?.ticket(unit, &ticket)?;
        let name = body.read::<CheckNameAvailabilityRequest>()?.check(COMMUNICATION_TYPE)?;
        let taken = communications(unit, &ticket)?.iter().any(|one| one.name.eq_ignore_ascii_case(&name));
        Ok(CheckNameAvailabilityResult::new(taken))
    })
    .await
}

async fn listed_communications<O: AzureOperation>(call: AzureCall<O>) -> AzureAnswer {
    let (subscription, ticket) = (subscription_of(&call)?, call.segment("supportTicketName").to_owned());
    let (usual, most) = COMMUNICATIONS_PAGE;
    let window = Window::with_usual(&call.query, call.address(), SKIP, "$top", usual, most)?;
    let wanted = call.query.get("$filter").map(wanted_communications).transpose()?.unwrap_or_default();
    call.read(move |unit, permit| {
        let ticket = Place::of(unit, permit, subscription.as_ref())?.ticket(unit, &ticket)?;
        let said = communications(unit, &ticket)?;
        let shown = said.iter().filter(|one| wanted.admits(one.created_at));
        Ok(window.page(shown.map(|one| CommunicationResource::new(&ticket, one)).collect()))
    })
    .await
}

async fn said<O: AzureOperation>(mut call: AzureCall<O>) -> AzureAnswer {
    let (subscription, body) = (subscription_of(&call)?, call.body()?);
    let (ticket, name) = (call.segment("supportTicketName").to_owned(), call.segment("communicationName").to_owned());
    call.write(move |unit, permit| {
        let place = Place::of(unit, permit, subscription.as_ref())?;
        let ticket = place.ticket(unit, &ticket)?;
        let new = body.read::<CommunicationRequest>()?.check(rules::name("communicationName", &name)?)?;
        let said = add_named_communication(unit, &place.agent, &ticket, &new)?;
        Reply::ok(&CommunicationResource::new(&ticket, &said))
    })
    .await
}

async fn got_communication<O: AzureOperation>(call: AzureCall<O>) -> AzureAnswer {
    let subscription = subscription_of(&call)?;
    let (ticket, name) = (call.segment("supportTicketName").to_owned(), call.segment("communicationName").to_owned());
    call.read(move |unit, permit| {
        let ticket = Place::of(unit, permit, subscription.as_ref())?.ticket(unit, &ticket)?;
        let said = communications(unit, &ticket)?.into_iter().find(|one| one.name.eq_ignore_ascii_case(&name));
        let said = said.ok_or(Error::SupportResourceNotFound("communication"))?;
        Ok(CommunicationResource::new(&ticket, &said))
    })
    .await
}

/// The comparisons of a filter, which must all hold.
fn comparisons(text: &str, fields: &[&str]) -> Result<Vec<(String, Comparison, String)>> {
    fn flattened(filter: Filter, all: &mut Vec<(String, Comparison, String)>) -> Result<()> {
        match filter {
            Filter::Compare(field, comparison, value) => {
                if all.iter().any(|(have, ..)| *have == field) {
                    return Err(unsupported(format!("{field} is compared twice")));
                }
                all.push((field, comparison, value));
                Ok(())
            }
            Filter::And(left, right) => flattened(*left, all).and_then(|()| flattened(*right, all)),
            Filter::Or(..) => Err(unsupported("comparisons are joined by and")),
        }
    }
    let supported = [Comparison::Equal, Comparison::AtLeast, Comparison::Above];
    let mut all = Vec::new();
    flattened(Filter::parse(text, fields, &supported)?, &mut all)?;
    Ok(all)
}

fn unsupported(reason: impl Into<String>) -> Error {
    Error::invalid("$filter", reason)
}

fn must_equal(field: &str, comparison: Comparison) -> Result<()> {
    let equals = comparison == Comparison::Equal;
    if equals { Ok(()) } else { Err(unsupported(format!("{field} is compared with eq"))) }
}

/// The first instant that `CreatedDate ge` or `gt` lets pass.
fn first_instant(comparison: Comparison, text: &str) -> Result<Moment> {
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(|day| day.and_time(NaiveTime::MIN).and_utc());
    let instant = DateTime::parse_from_rfc3339(text).map(|at| at.with_timezone(&Utc)).ok().or_else(day);
    let instant = instant.ok_or_else(|| unsupported(format!("{} is no date", short(text))))?;
    let out_of_range = |_| unsupported(format!("{} is too late", short(text)));
    match comparison {
        Comparison::AtLeast => Moment::given("$filter", instant),
        Comparison::Above => Moment::given("$filter", instant)?.plus(TimeDelta::microseconds(1)).map_err(out_of_range),
        _ => Err(unsupported("CreatedDate is compared with ge or gt")),
    }
}

/// The tickets that a filter lets pass.
fn narrowing(text: &str) -> Result<Narrowing> {
    let mut narrowing = Narrowing::default();
    for (field, comparison, value) in
        comparisons(text, &["Status", "ServiceId", "ProblemClassificationId", "CreatedDate"])?
    {
        if field == "CreatedDate" {
            narrowing.created_from = Some(first_instant(comparison, &value)?);
            continue;
        }
        must_equal(&field, comparison)?;
        match field.as_str() {
            "Status" => {
                let status = TicketStatus::parse(&value);
                narrowing.status = Some(status.ok_or_else(|| unsupported("Status is Open or Closed"))?);
            }
            "ServiceId" => narrowing.service_id = Some(filtered_service(&value)?),
            _ => narrowing.problem_classification_id = Some(filtered_topic(&value)?),
        }
    }
    Ok(narrowing)
}

/// What of the communications a filter lets pass.
#[derive(Clone, Debug, Default)]
struct Wanted {
    /// Something else than `web`, of which there is nothing.
    none: bool,
    from: Option<Moment>,
}

impl Wanted {
    fn admits(&self, at: Moment) -> bool {
        !self.none && self.from.is_none_or(|from| from <= at)
    }
}

fn wanted_communications(text: &str) -> Result<Wanted> {
    let mut wanted = Wanted::default();
    for (field, comparison, value) in comparisons(text, &["CommunicationType", "CreatedDate"])? {
        if field == "CreatedDate" {
            wanted.from = Some(first_instant(comparison, &value)?);
            continue;
        }
        must_equal(&field, comparison)?;
        wanted.none = match value.to_ascii_lowercase().as_str() {
            "web" => false,
            "phone" => true,
            _ => return Err(unsupported("CommunicationType is web or phone")),
        };
    }
    Ok(wanted)
}

/// Ask whether a ticket's name is free outside any subscription.
///
/// Names have no letter case.
#[utoipa::path(
    tag = SUPPORT,
    request_body = CheckNameAvailabilityRequest,
    responses((status = 200, body = CheckNameAvailabilityResult))
)]
#[post("/providers/Microsoft.Support/checkNameAvailability")]
pub async fn check_support_ticket_name(call: AzureCall<CheckSupportTicketName>) -> AzureAnswer {
    ticket_name_checked(call).await
}

/// List the tickets outside any subscription.
///
/// Oldest first. `$filter` takes `Status eq`, `ServiceId eq`, `ProblemClassificationId eq` and
/// `CreatedDate ge` or `gt`, joined by `and`.
#[utoipa::path(
    tag = SUPPORT,
    params(("$top" = Option<u32>, Query, description = "Page size: 25, at the most 100"),
        ("$filter" = Option<String>, Query, description = "Such as `Status eq 'Open' and CreatedDate ge 2026-01-01`"),
        ("$skiptoken" = Option<u32>, Query, description = "From `nextLink`")),
    responses((status = 200, body = ListOf<TicketResource>))
)]
#[get("/providers/Microsoft.Support/supportTickets")]
pub async fn list_support_tickets(call: AzureCall<ListSupportTickets>) -> AzureAnswer {
    listed(call).await
}

/// Create a ticket outside any subscription.
///
/// A ticket that names a reservation concerns its customer. The same again gets the ticket that is
/// there.
#[utoipa::path(
    tag = SUPPORT,
    request_body = SupportTicketRequest,
    responses((status = 200, body = TicketResource))
)]
#[put("/providers/Microsoft.Support/supportTickets/{supportTicketName}")]
pub async fn create_support_ticket(call: AzureCall<CreateSupportTicket>) -> AzureAnswer {
    created(call).await
}

/// Get a ticket outside any subscription.
///
/// Another partner's is 404.
#[utoipa::path(
    tag = SUPPORT,
    responses((status = 200, body = TicketResource))
)]
#[get("/providers/Microsoft.Support/supportTickets/{supportTicketName}")]
pub async fn get_support_ticket(call: AzureCall<GetSupportTicket>) -> AzureAnswer {
    got(call).await
}

/// Change a ticket outside any subscription.
///
/// Severity, status, consent, and what is given of the contact.
#[utoipa::path(
    tag = SUPPORT,
    request_body = UpdateSupportTicketRequest,
    responses((status = 200, body = TicketResource))
)]
#[patch("/providers/Microsoft.Support/supportTickets/{supportTicketName}")]
pub async fn update_support_ticket(call: AzureCall<UpdateSupportTicket>) -> AzureAnswer {
    updated(call).await
}

/// Ask whether a communication's name is free, on a ticket outside any subscription.
///
/// Names have no letter case.
#[utoipa::path(
    tag = SUPPORT,
    request_body = CheckNameAvailabilityRequest,
    responses((status = 200, body = CheckNameAvailabilityResult))
)]
#[post("/providers/Microsoft.Support/supportTickets/{supportTicketName}/checkNameAvailability")]
pub async fn check_communication_name(call: AzureCall<CheckCommunicationName>) -> AzureAnswer {
    communication_name_checked(call).await
}

/// List what was said on a ticket outside any subscription.
///
/// Oldest first. `$filter` takes `CommunicationType eq` and `CreatedDate ge` or `gt`, joined by
/// `and`.
#[utoipa::path(
    tag = SUPPORT,
    params(("$top" = Option<u32>, Query, description = "Page size, at the most 10"),
        ("$filter" = Option<String>, Query, description = "Such as `CommunicationType eq 'web'`"),
        ("$skiptoken" = Option<u32>, Query, description = "From `nextLink`")),
    responses((status = 200, body = ListOf<CommunicationResource>))
)]
#[get("/providers/Microsoft.Support/supportTickets/{supportTicketName}/communications")]
pub async fn list_communications(call: AzureCall<ListCommunications>) -> AzureAnswer {
    listed_communications(call).await
}

/// Say something on a ticket outside any subscription.
///
/// It stands among the notes of Partner Center's service request too. The same again is said once.
#[utoipa::path(
    tag = SUPPORT,
    request_body = CommunicationRequest,
    responses((status = 200, body = CommunicationResource))
)]
#[put("/providers/Microsoft.Support/supportTickets/{supportTicketName}/communications/{communicationName}")]
pub async fn create_communication(call: AzureCall<CreateCommunication>) -> AzureAnswer {
    said(call).await
}

/// Get what was said on a ticket outside any subscription.
///
/// By its name; a note of Partner Center has one of its own.
#[utoipa::path(
    tag = SUPPORT,
    responses((status = 200, body = CommunicationResource))
)]
#[get("/providers/Microsoft.Support/supportTickets/{supportTicketName}/communications/{communicationName}")]
pub async fn get_communication(call: AzureCall<GetCommunication>) -> AzureAnswer {
    got_communication(call).await
}

/// Ask whether a ticket's name is free in the subscription.
///
/// Names have no letter case.
#[utoipa::path(
    tag = SUPPORT,
    request_body = CheckNameAvailabilityRequest,
    responses((status = 200, body = CheckNameAvailabilityResult))
)]
#[post("/subscriptions/{subscriptionId}/providers/Microsoft.Support/checkNameAvailability")]
pub async fn check_subscription_support_ticket_name(
    call: AzureCall<CheckSubscriptionSupportTicketName>,
) -> AzureAnswer {
    ticket_name_checked(call).await
}

/// List the tickets in the subscription.
///
/// Oldest first. `$filter` takes `Status eq`, `ServiceId eq`, `ProblemClassificationId eq` and
/// `CreatedDate ge` or `gt`, joined by `and`.
#[utoipa::path(
    tag = SUPPORT,
    params(("$top" = Option<u32>, Query, description = "Page size: 25, at the most 100"),
        ("$filter" = Option<String>, Query, description = "Such as `Status eq 'Open' and CreatedDate ge 2026-01-01`"),
        ("$skiptoken" = Option<u32>, Query, description = "From `nextLink`")),
    responses((status = 200, body = ListOf<TicketResource>))
)]
#[get("/subscriptions/{subscriptionId}/providers/Microsoft.Support/supportTickets")]
pub async fn list_subscription_support_tickets(call: AzureCall<ListSubscriptionSupportTickets>) -> AzureAnswer {
    listed(call).await
}

/// Create a ticket in the subscription.
///
/// The reservation it names must be that of the subscription's customer. The same again gets the
/// ticket that is there.
#[utoipa::path(
    tag = SUPPORT,
    request_body = SupportTicketRequest,
    responses((status = 200, body = TicketResource))
)]
#[put("/subscriptions/{subscriptionId}/providers/Microsoft.Support/supportTickets/{supportTicketName}")]
pub async fn create_subscription_support_ticket(call: AzureCall<CreateSubscriptionSupportTicket>) -> AzureAnswer {
    created(call).await
}

/// Get a ticket in the subscription.
///
/// Another partner's is 404.
#[utoipa::path(
    tag = SUPPORT,
    responses((status = 200, body = TicketResource))
)]
#[get("/subscriptions/{subscriptionId}/providers/Microsoft.Support/supportTickets/{supportTicketName}")]
pub async fn get_subscription_support_ticket(call: AzureCall<GetSubscriptionSupportTicket>) -> AzureAnswer {
    got(call).await
}

/// Change a ticket in the subscription.
///
/// Severity, status, consent, and what is given of the contact.
#[utoipa::path(
    tag = SUPPORT,
    request_body = UpdateSupportTicketRequest,
    responses((status = 200, body = TicketResource))
)]
#[patch("/subscriptions/{subscriptionId}/providers/Microsoft.Support/supportTickets/{supportTicketName}")]
pub async fn update_subscription_support_ticket(call: AzureCall<UpdateSubscriptionSupportTicket>) -> AzureAnswer {
    updated(call).await
}

/// Ask whether a communication's name is free, on a ticket in the subscription.
///
/// Names have no letter case.
#[utoipa::path(
    tag = SUPPORT,
    request_body = CheckNameAvailabilityRequest,
    responses((status = 200, body = CheckNameAvailabilityResult))
)]
#[post(
    "/subscriptions/{subscriptionId}/providers/Microsoft.Support/supportTickets/{supportTicketName}/checkNameAvailability"
)]
pub async fn check_subscription_communication_name(call: AzureCall<CheckSubscriptionCommunicationName>) -> AzureAnswer {
    communication_name_checked(call).await
}

/// List what was said on a ticket in the subscription.
///
/// Oldest first. `$filter` takes `CommunicationType eq` and `CreatedDate ge` or `gt`, joined by
/// `and`.
#[utoipa::path(
    tag = SUPPORT,
    params(("$top" = Option<u32>, Query, description = "Page size, at the most 10"),
        ("$filter" = Option<String>, Query, description = "Such as `CommunicationType eq 'web'`"),
        ("$skiptoken" = Option<u32>, Query, description = "From `nextLink`")),
    responses((status = 200, body = ListOf<CommunicationResource>))
)]
#[get("/subscriptions/{subscriptionId}/providers/Microsoft.Support/supportTickets/{supportTicketName}/communications")]
pub async fn list_subscription_communications(call: AzureCall<ListSubscriptionCommunications>) -> AzureAnswer {
    listed_communications(call).await
}

/// Say something on a ticket in the subscription.
///
/// It stands among the notes of Partner Center's service request too. The same again is said once.
#[utoipa::path(
    tag = SUPPORT,
    request_body = CommunicationRequest,
    responses((status = 200, body = CommunicationResource))
)]
#[put(
    "/subscriptions/{subscriptionId}/providers/Microsoft.Support/supportTickets/{supportTicketName}/communications/{communicationName}"
)]
pub async fn create_subscription_communication(call: AzureCall<CreateSubscriptionCommunication>) -> AzureAnswer {
    said(call).await
}

/// Get what was said on a ticket in the subscription.
///
/// By its name; a note of Partner Center has one of its own.
#[utoipa::path(
    tag = SUPPORT,
    responses((status = 200, body = CommunicationResource))
)]
#[get(
    "/subscriptions/{subscriptionId}/providers/Microsoft.Support/supportTickets/{supportTicketName}/communications/{communicationName}"
)]
pub async fn get_subscription_communication(call: AzureCall<GetSubscriptionCommunication>) -> AzureAnswer {
    got_communication(call).await
}
