//! What a ticket about a reservation asks for, carried out by an Admin agent (rule M7): the return
//! or exchange as on the Azure side, the ticket's outcome and its closing, in one transaction.

use actix_web::post;

use super::api::ServiceRequestResource;
use super::{Outcome, OutcomeOperation, Ticket, TicketStatus, Whose, close_with_outcome, communications, find, repo};
use crate::access::{Agent, Permit};
use crate::audit::{self, Change, OperationType, ResourceType};
use crate::azure;
use crate::config::Policy;
use crate::db::Unit;
use crate::error::{Error, Result};
use crate::exchanges::azure::ExchangeRequest;
use crate::exchanges::{self, ExchangeQuote, Rulebook};
use crate::http::Reply;
use crate::ids::Guid;
use crate::money::Money;
use crate::partner_center::{Answer, Call};
use crate::permissions::azure::{AzureOperation, ExchangeReservations, ReturnReservation};
use crate::permissions::{ExchangeTicket, Operation, RefundTicket};
use crate::quotes::{self, QuoteKind, Standing};
use crate::refunds::{self, azure::RefundRequest};
use crate::reservations::Refusal;
use crate::reservations::azure::changes::reservation_in;

/// Carry out the return that a ticket asks for.
///
/// The body is that of `return` on the Azure side, with a session of `calculateRefund`; it must
/// return the ticket's reservation. The ticket is closed with its outcome. The same again gets the
/// same answer and moves no money.
#[utoipa::path(tag = "Service requests", request_body = RefundRequest, responses((status = 200, body = ServiceRequestResource)))]
#[post("/reservoir/v1/tickets/{ticket}/refund")]
pub async fn refund_ticket(mut call: Call<RefundTicket>) -> Answer {
    let (request, policy) = (call.body::<RefundRequest>()?, call.app.policy.clone());
    carried_out(call, OperationType::ReturnReservation, move |unit, agent, ticket| {
        refund(unit, agent, &policy, ticket, &request)
    })
    .await
}

/// Carry out the exchange that a ticket asks for.
///
/// The body is that of `exchange` on the Azure side, with a session of `calculateExchange`; it must
/// give back the ticket's reservation, and may give back others with it. The ticket is closed with
/// its outcome. The same again gets the same answer and moves no money.
#[utoipa::path(tag = "Service requests", request_body = ExchangeRequest, responses((status = 200, body = ServiceRequestResource)))]
#[post("/reservoir/v1/tickets/{ticket}/exchange")]
pub async fn exchange_ticket(mut call: Call<ExchangeTicket>) -> Answer {
    let (request, rulebook) = (call.body::<ExchangeRequest>()?, Rulebook::new(&call.app.policy, &call.app.trade));
    carried_out(call, OperationType::ExchangeReservation, move |unit, agent, ticket| {
        exchange(unit, agent, &rulebook, ticket, &request)
    })
    .await
}

/// Answers with the ticket that `work` was done for; what policy refuses is recorded as failed.
async fn carried_out<O, F>(call: Call<O>, operation: OperationType, mut work: F) -> Answer
where
    O: Operation,
    F: FnMut(&mut Unit<'_>, &Agent, Ticket) -> Result<Ticket> + Send + 'static,
{
    let (db, agent, name) = (call.app.db.clone(), call.agent.clone(), call.segment("ticket").to_owned());
    let of = name.clone();
    let done = call.write_reply(move |unit, agent| {
        let ticket = named(unit, agent, &of)?;
        let ticket = work(unit, agent, ticket)?;
        let (_, customer_name) = find(unit, &Whose::own(agent), &ticket.id)?;
        let said = communications(unit, &ticket)?;
        Reply::ok(&ServiceRequestResource::new(agent, &ticket, customer_name.as_deref(), &said)?)
    });
    let error = match done.await {
        Ok(reply) => return Ok(reply.into()),
        Err(error) => error,
    };
    if is_refused_by_policy(&error) {
        let who = agent.clone();
        let (customer, mut details) = db
            .read(move |unit| {
                let ticket = named(unit, &who, &name)?;
                let customer = ticket.customer_id.as_ref().map(|id| who.customer(unit, id)).transpose()?;
                let order = ticket.reservation_order_id.map(|id| ("ReservationOrderId".to_owned(), id.to_string()));
                Ok((customer, [("SupportTicketId".to_owned(), ticket.id)].into_iter().chain(order).collect::<Vec<_>>()))
            })
            .await?;
        details.push(("Refusal".to_owned(), azure::code_of(&error).1.to_owned()));
        let change = Change { details, ..Change::attempt(ResourceType::Reservation, operation) };
        audit::record_failure(&db, &agent, customer, change).await?;
    }
    Err(error.into())
}

/// Whether policy refuses, and not the form of a request.
const fn is_refused_by_policy(error: &Error) -> bool {
    matches!(
        error,
        Error::Reservation(
            Refusal::RefundLimit { .. }
                | Refusal::RefundNotSupported(_)
                | Refusal::CommitmentTooLow { .. }
                | Refusal::ExchangeNotAllowed(_)
        )
    )
}

/// The partner's ticket with this number, or with this name on Azure.
fn named(unit: &mut Unit<'_>, agent: &Agent, name: &str) -> Result<Ticket> {
    let whose = Whose::own(agent);
    if let Some((ticket, _)) = repo::find(unit.conn, &whose, name)? {
        return Ok(ticket);
    }
    let mut found = repo::all_named(unit.conn, &whose, &name.to_lowercase())?;
    match (found.pop(), found.is_empty()) {
        (None, _) => Err(Error::NotFound),
        (Some(ticket), true) => Ok(ticket),
        (Some(_), false) => Err(Error::invalid("ticket", "several tickets have this name: use the number")),
    }
}

/// Returns the ticket's reservation and closes the ticket.
///
/// # Errors
/// [`Error::InvalidInput`] where it is another reservation, [`Error::AlreadyThere`] for a closed
/// ticket; those of the return.
pub fn refund(
    unit: &mut Unit<'_>,
    agent: &Agent,
    policy: &Policy,
    ticket: Ticket,
    request: &RefundRequest,
) -> Result<Ticket> {
    let properties = request.properties.as_ref();
    let session = properties.and_then(|properties| properties.session_id.as_deref());
    let is_done = is_done(&ticket, OutcomeOperation::Refund, session)?;
    let order = order_of(&ticket)?;
    let permit = Permit::of_agent(agent, &ReturnReservation::RIGHTS);
    let found = permit.order(unit, order)?;
    let returned = properties.and_then(|properties| properties.reservation_to_return.as_ref());
    if let (Some(wanted), Some(id)) =
        (&ticket.reservation_id, returned.and_then(|returned| returned.reservation_id.as_deref()))
    {
        let field = "properties.reservationToReturn.reservationId";
        if reservation_in(&found, field, id)?.id != *wanted {
            return Err(Error::invalid(field, "is not the reservation of the ticket"));
        }
    }
    if !is_done {
        unused::<refunds::ReturnQuote>(unit, agent, QuoteKind::Refund, session)?;
    }
    let (_, outcome) = refunds::azure::carry_out(unit, &permit, policy, &found, request)?;
    if is_done {
        return Ok(ticket);
    }
    close(unit, agent, &ticket, OutcomeOperation::Refund, outcome.session_id, outcome.amount)
}

/// Exchanges the ticket's reservation and closes the ticket.
///
/// # Errors
/// [`Error::InvalidInput`] where the reservation is not given back, [`Error::AlreadyThere`] for a
/// closed ticket; those of the exchange.
pub fn exchange(
    unit: &mut Unit<'_>,
    agent: &Agent,
    rulebook: &Rulebook,
    ticket: Ticket,
    request: &ExchangeRequest,
) -> Result<Ticket> {
    let session = request.properties.as_ref().and_then(|properties| properties.session_id.as_deref());
    let is_done = is_done(&ticket, OutcomeOperation::Exchange, session)?;
    let order = order_of(&ticket)?;
    if !is_done
        && let Some(quote) = unused::<ExchangeQuote>(unit, agent, QuoteKind::Exchange, session)?
        && !quote.returns.iter().any(|one| {
            one.order == *order && ticket.reservation_id.as_ref().is_none_or(|wanted| one.reservation == *wanted)
        })
    {
        return Err(Error::invalid("properties.sessionId", "does not give back the reservation of the ticket"));
    }
    let permit = Permit::of_agent(agent, &ExchangeReservations::RIGHTS);
    let (_, outcome) = exchanges::azure::carry_out(unit, &permit, rulebook, request)?;
    if is_done {
        return Ok(ticket);
    }
    close(unit, agent, &ticket, OutcomeOperation::Exchange, outcome.session_id, outcome.amount)
}

/// Whether the ticket was carried out with just this before; otherwise it must be open.
fn is_done(ticket: &Ticket, operation: OutcomeOperation, session: Option<&str>) -> Result<bool> {
    let session = session.and_then(|text| Guid::parse(text.trim()));
    let outcome = ticket.outcome()?;
    if let Some(outcome) = &outcome
        && (outcome.operation, Some(&outcome.session_id)) == (operation, session.as_ref())
    {
        return Ok(true);
    }
    match (ticket.status, outcome) {
        (TicketStatus::Open, None) => Ok(false),
        (TicketStatus::Closed, None) => Err(Error::AlreadyThere { field: "ticket", reason: "is closed" }),
        (_, Some(_)) => Err(Error::AlreadyThere { field: "ticket", reason: "was carried out before" }),
    }
}

fn order_of(ticket: &Ticket) -> Result<&Guid> {
    let order = ticket.reservation_order_id.as_ref();
    order.ok_or_else(|| Error::invalid("ticket", "does not say which reservation it concerns"))
}

/// What was quoted, in a session that nobody used: one that was carried out elsewhere is not what
/// this ticket came to. `None` for what is no session at all, which carrying it out refuses.
fn unused<Q: serde::de::DeserializeOwned>(
    unit: &mut Unit<'_>,
    agent: &Agent,
    kind: QuoteKind,
    session: Option<&str>,
) -> Result<Option<Q>> {
    let Some(session) = session.and_then(|text| Guid::parse(text.trim())) else { return Ok(None) };
    match quotes::find::<Q, serde_json::Value>(unit, kind, &agent.token.tenant_id, &session)? {
        Standing::Open(quote) => Ok(Some(quote)),
        Standing::Used(..) => {
            Err(Error::AlreadyThere { field: "properties.sessionId", reason: "was carried out before" })
        }
    }
}

fn close(
    unit: &mut Unit<'_>,
    agent: &Agent,
    ticket: &Ticket,
    operation: OutcomeOperation,
    session_id: Guid,
    amount: Money,
) -> Result<Ticket> {
    let outcome = Outcome { operation, session_id, amount, at: unit.now };
    close_with_outcome(unit, agent, ticket, &outcome)
}
