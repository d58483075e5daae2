//! Exchanges as `Microsoft.Capacity` quotes them and carries them out.

use actix_web::post;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{Done, ExchangeQuote, Rulebook, Valued, Wanted, exchange, value};
use crate::access::Permit;
use crate::audit::{Change, OperationType, ResourceType};
use crate::azure::{AzureAnswer, AzureCall, ExplanationLine, Price, Refused, ids};
use crate::db::Unit;
use crate::error::{Error, Result};
use crate::http::Reply;
use crate::ids::Guid;
use crate::money::{Currency, Money};
use crate::permissions::azure::*;
use crate::quotes::{self, QuoteKind, Standing};
use crate::refunds::Valuation;
use crate::refunds::azure::{PolicyError, ReservationToReturn, used_up};
use crate::reservations::Refusal;
use crate::reservations::request::PurchaseRequest;

const CAPACITY: &str = "Microsoft.Capacity";

/// What is to be exchanged.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct CalculateExchangeRequest {
    /// What is to be exchanged.
    pub properties: Option<CalculateExchangeRequestProperties>,
}

/// What is to be exchanged, in detail.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CalculateExchangeRequestProperties {
    /// What is to be bought.
    pub reservations_to_purchase: Option<Vec<PurchaseRequest>>,
    /// Savings plans are not sold here: an exchange for one is refused by policy.
    pub savings_plans_to_purchase: Option<Vec<Value>>,
    /// What is to be given back.
    pub reservations_to_exchange: Option<Vec<ReservationToReturn>>,
}

/// What is to be carried out.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct ExchangeRequest {
    /// What is to be carried out.
    pub properties: Option<ExchangeRequestProperties>,
}

/// What is to be carried out, in detail.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExchangeRequestProperties {
    /// The session of `calculateExchange`.
    pub session_id: Option<String>,
}

/// What an exchange comes to, or came to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExchangeResult {
    /// The id of the result.
    pub id: String,
    /// The last part of the id.
    pub name: String,
    /// Always `Succeeded`: what fails is refused.
    #[schema(example = "Succeeded")]
    pub status: &'static str,
    /// What it comes to.
    pub properties: ExchangeResultProperties,
}

/// What an exchange comes to, in detail.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExchangeResultProperties {
    /// The session.
    pub session_id: String,
    /// Purchases less refunds; negative where more is given back.
    pub net_payable: Price,
    /// What is given back in all.
    pub refunds_total: Price,
    /// The whole price of what is bought, of monthly plans too.
    pub purchases_total: Price,
    /// What is bought.
    pub reservations_to_purchase: Vec<ReservationToPurchase>,
    /// Savings plans that were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub savings_plans_to_purchase: Vec<SavingsPlanToPurchase>,
    /// What is given back.
    pub reservations_to_exchange: Vec<ReservationToExchange>,
    /// What policy has against it; absent once it was carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_result: Option<ExchangePolicyResult>,
    /// The lines that add up to `netPayable`; with `explain=true`. (Not in the real service.)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Vec<ExplanationLine>>,
}

/// What policy has against an exchange.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExchangePolicyResult {
    /// Why it would be refused; `null` where it would not.
    pub policy_errors: Option<Vec<PolicyError>>,
}

/// One purchase of an exchange.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReservationToPurchase {
    /// The new order, once it was bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation_order_id: Option<String>,
    /// The new reservation, once it was bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation_id: Option<String>,
    /// What was asked for.
    pub properties: PurchaseRequest,
    /// What it costs for its whole term.
    pub billing_currency_total: Price,
    /// `Succeeded`, once it was bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'static str>,
}

/// A savings plan that was asked for.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SavingsPlanToPurchase {
    /// What was asked for.
    pub properties: Value,
}

/// What is given back in an exchange.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReservationToExchange {
    /// The id of the reservation.
    pub reservation_id: String,
    /// How many instances.
    pub quantity: i64,
    /// What is given back for them.
    pub billing_refund_amount: Price,
    /// What that is made of.
    pub billing_information: ExchangeBillingInformation,
    /// `Succeeded`, once it was given back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'static str>,
}

/// What is given back is made of.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExchangeBillingInformation {
    /// What the refund is a share of.
    pub billing_currency_total_paid_amount: Price,
    /// How much of that is used up.
    pub billing_currency_prorated_amount: Price,
    /// Payments that will not fall due any more.
    pub billing_currency_remaining_commitment_amount: Price,
}

fn required(field: &str) -> Error {
    Error::invalid(field, "is required")
}

/// The most that one exchange may give back, and may buy.
const MOST_PARTS: usize = 100;

impl CalculateExchangeRequestProperties {
    fn check(&self) -> Result<Wanted> {
        let returns_field = "properties.reservationsToExchange";
        let returns = self.reservations_to_exchange.as_deref().unwrap_or_default();
        let purchases = self.reservations_to_purchase.clone().unwrap_or_default();
        for (field, count) in [(returns_field, returns.len()), ("properties.reservationsToPurchase", purchases.len())] {
            if count > MOST_PARTS {
                return Err(Error::invalid(field, format!("has more than {MOST_PARTS} elements")));
            }
        }
        let one = |(position, one): (usize, &ReservationToReturn)| {
            let field = |name: &str| format!("{returns_field}[{position}].{name}");
            let id = one.reservation_id.as_deref().ok_or_else(|| required(&field("reservationId")))?;
            let (order, reservation) = ids::reservation(&field("reservationId"), id)?;
            let quantity = one.quantity.ok_or_else(|| required(&field("quantity")))?;
            Ok((order, reservation, quantity))
        };
        Ok(Wanted {
            returns: returns.iter().enumerate().map(one).collect::<Result<Vec<_>>>()?,
            purchases,
            savings_plans: self.savings_plans_to_purchase.as_ref().map_or(0, Vec::len),
        })
    }
}

/// Calculate an exchange.
///
/// What giving these reservations for those would come to now. The session can be carried out for a
/// while, once, by the same tenant. What policy has against it stands in `policyErrors`.
/// `explain=true` adds the lines that add up to what is left to pay.
#[utoipa::path(
    tag = CAPACITY,
    params(("explain" = Option<bool>, Query, description = "Adds `explanation`. (Not in the real service.)")),
    request_body = CalculateExchangeRequest,
    responses((status = 200, body = ExchangeResult))
)]
#[post("/providers/Microsoft.Capacity/calculateExchange")]
pub async fn calculate_exchange(mut call: AzureCall<CalculateExchange>) -> AzureAnswer {
    let (body, rulebook) = (call.body()?, Rulebook::new(&call.app.policy, &call.app.trade));
    let explain = call.query.flag("explain")?;
    call.write(move |unit, permit| {
        let request: CalculateExchangeRequest = body.read()?;
        let properties = request.properties.ok_or_else(|| required("properties"))?;
        let valued = value(unit, permit, &rulebook, &properties.check()?, None)?;
        let plans = properties.savings_plans_to_purchase.unwrap_or_default();
        let quote = valued.quote(plans.len());
        let (tenant, partner) = (&permit.token.tenant_id, &valued.customer.seller_id);
        let minutes = rulebook.policy.session_minutes;
        let session = quotes::open(unit, QuoteKind::Exchange, tenant, partner, &quote, minutes)?;
        let mut result = described(&valued, &session)?;
        let errors: Vec<PolicyError> = valued.refusals.iter().cloned().map(PolicyError::of).collect();
        result.properties.policy_result =
            Some(ExchangePolicyResult { policy_errors: (!errors.is_empty()).then_some(errors) });
        result.properties.savings_plans_to_purchase =
            plans.into_iter().map(|properties| SavingsPlanToPurchase { properties }).collect();
        result.properties.explanation = explain.then(|| explanation(&valued));
        Reply::ok(&result)
    })
    .await
}

fn described(valued: &Valued, session: &Guid) -> Result<ExchangeResult> {
    let name = Guid::derived(&format!("operation:{session}"));
    let given = |(of, quote, one): &(crate::access::PermittedOrder, crate::refunds::ReturnQuote, Valuation)| {
        ReservationToExchange {
            reservation_id: ids::reservation_id(&of.order.id, &quote.reservation),
            quantity: quote.quantity,
            billing_refund_amount: one.money(one.refund.refund).into(),
            billing_information: ExchangeBillingInformation {
                billing_currency_total_paid_amount: one.money(one.refund.base).into(),
                billing_currency_prorated_amount: used_up(one).into(),
                billing_currency_remaining_commitment_amount: one.money(one.refund.cancelled).into(),
            },
            status: None,
        }
    };
    let bought = |(request, line): &(PurchaseRequest, crate::orders::lines::PricedLine)| ReservationToPurchase {
        reservation_order_id: None,
        reservation_id: None,
        properties: request.clone(),
        billing_currency_total: line.total.into(),
        status: None,
    };
    Ok(ExchangeResult {
        id: format!("/providers/Microsoft.Capacity/operationResults/{name}"),
        name: name.to_string(),
        status: "Succeeded",
        properties: ExchangeResultProperties {
            session_id: session.to_string(),
            net_payable: valued.net_payable()?.into(),
            refunds_total: valued.refunds_total()?.into(),
            purchases_total: valued.purchases_total()?.into(),
            reservations_to_purchase: valued.purchases.iter().map(bought).collect(),
            savings_plans_to_purchase: Vec::new(),
            reservations_to_exchange: valued.returns.iter().map(given).collect(),
            policy_result: None,
            explanation: None,
        },
    })
}

/// The lines whose sum is what is left to pay.
fn explanation(valued: &Valued) -> Vec<ExplanationLine> {
    let bought = valued.purchases.iter().map(|(_, line)| {
        ExplanationLine::new(
            format!("purchase of {}", line.row.title()),
            "round(usdUnitPrice × quantity ÷ usdPerUnit)",
            line.total,
            [
                ("usdUnitPrice", line.row.price.clone()),
                ("quantity", line.request.quantity.to_string()),
                ("usdPerUnit", line.exchange_rate.to_string()),
            ],
        )
    });
    let given = valued.returns.iter().map(|(_, quote, one)| {
        ExplanationLine::new(
            format!("refund of {}", quote.reservation),
            "R(held) − R(held − quantity), R(m) = round(base of m × remainingDays ÷ totalDays)",
            one.money(one.refund.refund),
            [
                ("base", one.money(one.refund.base).to_decimal().to_string()),
                ("quantity", quote.quantity.to_string()),
                ("remainingDays", one.days.remaining.to_string()),
                ("totalDays", one.days.total.to_string()),
            ],
        )
        .negated()
    });
    bought.chain(given).collect()
}

/// Exchange reservations.
///
/// Carries out what was calculated, whole or not at all: everything is given back, one new order
/// is placed, the new terms start now. It does not count against the refund limit. The same session
/// again gets the first answer and moves no money.
#[utoipa::path(tag = CAPACITY, request_body = ExchangeRequest, responses((status = 200, body = ExchangeResult)))]
#[post("/providers/Microsoft.Capacity/exchange")]
pub async fn exchange_reservations(mut call: AzureCall<ExchangeReservations>) -> AzureAnswer {
    let (body, rulebook) = (call.body()?, Rulebook::new(&call.app.policy, &call.app.trade));
    let asked = body.clone();
    let work = move |unit: &mut Unit<'_>, permit: &Permit| {
        let request: ExchangeRequest = body.read()?;
        Reply::ok(&carry_out(unit, permit, &rulebook, &request)?.0)
    };
    call.write_or_record(work, is_refused_by_policy, move |unit, permit| {
        let (_, standing) = session(unit, permit, &asked.read()?)?;
        let (Standing::Open(quote) | Standing::Used(quote, _)) = standing;
        let first = quote.returns.first().ok_or(Refusal::SessionUnknown)?;
        let found = permit.order(unit, &first.order)?;
        let details = vec![("ReservationOrderId".to_owned(), first.order.to_string())];
        let change =
            Change { details, ..Change::attempt(ResourceType::Reservation, OperationType::ExchangeReservation) };
        Ok(Refused { who: permit.agent(unit, &found.customer)?, customer: found.customer, change })
    })
    .await
}

/// Whether policy refuses, and not the form of a request.
fn is_refused_by_policy(_: &Permit, error: &Error) -> bool {
    matches!(error, Error::Reservation(Refusal::CommitmentTooLow { .. } | Refusal::ExchangeNotAllowed(_)))
}

/// The session that a request names, for the caller's tenant.
fn session(
    unit: &mut Unit<'_>,
    permit: &Permit,
    request: &ExchangeRequest,
) -> Result<(Guid, Standing<ExchangeQuote, Value>)> {
    let named = request.properties.as_ref().and_then(|properties| properties.session_id.as_deref());
    let named = named.ok_or_else(|| required("properties.sessionId"))?;
    let id = Guid::parse(named.trim()).ok_or(Refusal::SessionUnknown)?;
    let standing = quotes::find(unit, QuoteKind::Exchange, &permit.token.tenant_id, &id)?;
    Ok((id, standing))
}

/// What an exchange was carried out with, and came to.
pub struct Outcome {
    /// The session.
    pub session_id: Guid,
    /// What is left to pay.
    pub amount: Money,
    /// The orders that were returned from.
    pub orders: Vec<Guid>,
}

/// Carries an exchange out. The result as it was answered the first time.
///
/// # Errors
/// [`Refusal::SessionUnknown`], and those of the exchange.
pub fn carry_out(
    unit: &mut Unit<'_>,
    permit: &Permit,
    rulebook: &Rulebook,
    request: &ExchangeRequest,
) -> Result<(Value, Outcome)> {
    let (session, standing) = session(unit, permit, request)?;
    let (quote, earlier) = match standing {
        Standing::Open(quote) => (quote, None),
        Standing::Used(quote, answer) => (quote, Some(answer)),
    };
    let orders: Vec<Guid> = quote.returns.iter().map(|one| one.order.clone()).collect();
    // Who lost the right to these orders does not get an old answer either.
    for order in &orders {
        permit.order(unit, order)?;
    }
    let answer = match earlier {
        Some(answer) => answer,
        None => {
            let done = exchange(unit, permit, rulebook, &session, &quote)?;
            let answer = serde_json::to_value(carried_out(&done, &session)?)?;
            quotes::close(unit, &session, &answer)?;
            answer
        }
    };
    let amount = net_payable(&answer)?;
    Ok((answer, Outcome { session_id: session, amount, orders }))
}

/// What an answer says is left to pay.
fn net_payable(answer: &Value) -> Result<Money> {
    let member = |name: &str| answer.pointer(&format!("/properties/netPayable/{name}"));
    let amount = member("amount").and_then(|amount| amount.to_string().parse().ok());
    let currency = member("currencyCode").and_then(Value::as_str).and_then(Currency::parse);
    match (amount, currency) {
        (Some(amount), Some(currency)) => Money::round(amount, currency),
        _ => Err(Error::Internal("an exchange was answered without an amount".to_owned())),
    }
}

fn carried_out(done: &Done, session: &Guid) -> Result<ExchangeResult> {
    let mut result = described(&done.valued, session)?;
    for (purchase, place) in result.properties.reservations_to_purchase.iter_mut().zip(&done.bought) {
        purchase.reservation_order_id = Some(ids::order_id(&place.order));
        purchase.reservation_id = Some(ids::reservation_id(&place.order, &place.reservation));
        purchase.status = Some("Succeeded");
    }
    for given in &mut result.properties.reservations_to_exchange {
        given.status = Some("Succeeded");
    }
    result.properties.policy_result = Some(ExchangePolicyResult { policy_errors: None });
    Ok(result)
}
