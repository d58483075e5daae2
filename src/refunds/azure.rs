//! Refunds as `Microsoft.Capacity` quotes them and carries them out.

use actix_web::post;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ReturnQuote, Valuation, consumed, policy_refusals, return_quoted, value};
use crate::access::{Permit, PermittedOrder};
use crate::audit::{Change, OperationType, ResourceType};
use crate::azure::{AzureAnswer, AzureCall, ExplanationLine, Price, Refused, ids};
use crate::config::Policy;
use crate::db::Unit;
use crate::error::{Error, Result};
use crate::http::Reply;
use crate::ids::Guid;
use crate::money::{Currency, Money};
use crate::permissions::azure::*;
use crate::quotes::{self, QuoteKind, Standing};
use crate::refunds::rules::in_usd;
use crate::reservations::azure::changes::reservation_in;
use crate::reservations::azure::shown_order;
use crate::reservations::{BillingPlan, OrderResource, Refusal};

const CAPACITY: &str = "Microsoft.Capacity";

/// What is to be given back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReservationToReturn {
    /// The id of the reservation.
    pub reservation_id: Option<String>,
    /// How many instances.
    pub quantity: Option<i64>,
}

/// What a refund is to be calculated for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct CalculateRefundRequest {
    /// The id of the order, as in the path.
    pub id: Option<String>,
    /// What is to be given back.
    pub properties: Option<CalculateRefundRequestProperties>,
}

/// What a refund is to be calculated for, in detail.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CalculateRefundRequestProperties {
    /// `Reservation`.
    #[schema(example = "Reservation")]
    pub scope: Option<String>,
    /// What is to be given back.
    pub reservation_to_return: Option<ReservationToReturn>,
}

/// What a refund comes to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RefundResponse {
    /// The id of the reservation.
    pub id: String,
    /// What it comes to.
    pub properties: RefundResponseProperties,
}

/// What a refund comes to, in detail. All figures are for the returned quantity.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefundResponseProperties {
    /// The session to return it with.
    pub session_id: String,
    /// How many instances.
    pub quantity: i64,
    /// What is given back, after the fee.
    pub billing_refund_amount: Price,
    /// The same in USD.
    pub pricing_refund_amount: Price,
    /// What policy says.
    pub policy_result: RefundPolicyResult,
    /// What it is made of.
    pub billing_information: RefundBillingInformation,
    /// The lines that add up to `billingRefundAmount`; with `explain=true`. (Not in the real service.)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Vec<ExplanationLine>>,
}

/// What policy says of a refund.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RefundPolicyResult {
    /// What it says.
    pub properties: RefundPolicyResultProperties,
}

/// What policy says of a refund, in detail.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefundPolicyResultProperties {
    /// What was consumed of the yearly limit before, in USD.
    pub consumed_refunds_total: Price,
    /// The yearly limit, in USD.
    pub max_refund_limit: Price,
    /// Why it would be refused; empty where it would not.
    pub policy_errors: Vec<PolicyError>,
}

/// Why policy refuses something.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PolicyError {
    /// The code that carrying it out would be refused with.
    #[schema(example = "RefundLimitExceeded")]
    pub code: &'static str,
    /// A sentence.
    pub message: String,
}

impl PolicyError {
    /// The refusal as policy tells it.
    pub fn of(refusal: Refusal) -> Self {
        let error = Error::from(refusal);
        Self { code: crate::azure::code_of(&error).1, message: error.to_string() }
    }
}

/// What a refund is made of.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefundBillingInformation {
    /// How the reservation is paid.
    pub billing_plan: BillingPlan,
    /// Payments done.
    pub completed_transactions: usize,
    /// Payments in all.
    pub total_transactions: usize,
    /// What the refund is a share of.
    pub billing_currency_total_paid_amount: Price,
    /// How much of that is used up.
    pub billing_currency_prorated_amount: Price,
    /// Payments that will not fall due any more.
    pub billing_currency_remaining_commitment_amount: Price,
}

/// What is to be returned.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct RefundRequest {
    /// What is to be returned.
    pub properties: Option<RefundRequestProperties>,
}

/// What is to be returned, in detail.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefundRequestProperties {
    /// The session of `calculateRefund`.
    pub session_id: Option<String>,
    /// `Reservation`.
    #[schema(example = "Reservation")]
    pub scope: Option<String>,
    /// What is to be returned, as it was calculated.
    pub reservation_to_return: Option<ReservationToReturn>,
    /// Why.
    pub return_reason: Option<String>,
}

fn required(field: &str) -> Error {
    Error::invalid(field, "is required")
}

/// The only scope of a return there is.
fn check_scope(scope: Option<&str>) -> Result<()> {
    match scope {
        None => Ok(()),
        Some(scope) if scope.eq_ignore_ascii_case("Reservation") => Ok(()),
        Some(_) => Err(Error::invalid("properties.scope", "must be Reservation")),
    }
}

/// The reservation and quantity that are named.
fn named(found: &PermittedOrder, returned: Option<&ReservationToReturn>) -> Result<(Guid, i64)> {
    let returned = returned.ok_or_else(|| required("properties.reservationToReturn"))?;
    let field = "properties.reservationToReturn.reservationId";
    let id = returned.reservation_id.as_deref().ok_or_else(|| required(field))?;
    let one = reservation_in(found, field, id)?;
    let quantity = returned.quantity.ok_or_else(|| required("properties.reservationToReturn.quantity"))?;
    if !(1..=one.quantity).contains(&quantity) {
        return Err(Refusal::RefundQuantity { most: one.quantity }.into());
    }
    Ok((one.id.clone(), quantity))
}

/// Calculate a refund.
///
/// What returning these instances would come to now. The session can be carried out for a while,
/// once, by the same tenant. What policy has against it stands in `policyErrors`. `explain=true`
/// adds the lines that add up to the refund.
#[utoipa::path(
    tag = CAPACITY,
    params(("explain" = Option<bool>, Query, description = "Adds `explanation`. (Not in the real service.)")),
    request_body = CalculateRefundRequest,
    responses((status = 200, body = RefundResponse))
)]
#[post("/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/calculateRefund")]
pub async fn calculate_refund(mut call: AzureCall<CalculateRefund>) -> AzureAnswer {
    let (id, body, policy) = (call.guid("reservationOrderId")?, call.body()?, call.app.policy.clone());
    let explain = call.query.flag("explain")?;
    call.write(move |unit, permit| {
        let found = permit.order(unit, &id)?;
        let request: CalculateRefundRequest = body.read()?;
        if let Some(named) = &request.id
            && named.trim_end_matches('/').rsplit('/').next().and_then(Guid::parse).as_ref() != Some(&id)
        {
            return Err(Error::invalid("id", "names another reservation order than the path"));
        }
        let properties = request.properties.ok_or_else(|| required("properties"))?;
        check_scope(properties.scope.as_deref())?;
        let (reservation, quantity) = named(&found, properties.reservation_to_return.as_ref())?;
        let one = found.reservation(&reservation)?;
        let valued = value(unit, &policy, &found.order, one, quantity, None)?;
        let quote = ReturnQuote {
            order: id.clone(),
            reservation: reservation.clone(),
            quantity,
            days: valued.days,
            refund: valued.refund,
        };
        let (tenant, partner) = (&permit.token.tenant_id, &found.order.partner_id);
        let session = quotes::open(unit, QuoteKind::Refund, tenant, partner, &quote, policy.session_minutes)?;
        Reply::ok(&described(unit, &policy, &found, &quote, &valued, &session, explain)?)
    })
    .await
}

fn described(
    unit: &mut Unit<'_>,
    policy: &Policy,
    found: &PermittedOrder,
    quote: &ReturnQuote,
    valued: &Valuation,
    session: &Guid,
    explain: bool,
) -> Result<RefundResponse> {
    let one = found.reservation(&quote.reservation)?;
    let consumed = consumed(unit, policy, &found.customer)?;
    let refusals = policy_refusals(policy, one, consumed, valued.counted()?)?;
    let payable = valued.money(valued.refund.payable());
    Ok(RefundResponse {
        id: ids::reservation_id(&found.order.id, &one.id),
        properties: RefundResponseProperties {
            session_id: session.to_string(),
            quantity: quote.quantity,
            billing_refund_amount: payable.into(),
            pricing_refund_amount: in_usd(payable, valued.rate)?.into(),
            policy_result: RefundPolicyResult {
                properties: RefundPolicyResultProperties {
                    consumed_refunds_total: consumed.into(),
                    max_refund_limit: Money::round(policy.refund_limit_usd, Currency::USD)?.into(),
                    policy_errors: refusals.into_iter().map(PolicyError::of).collect(),
                },
            },
            billing_information: RefundBillingInformation {
                billing_plan: valued.plan,
                completed_transactions: valued.payments.completed,
                total_transactions: valued.payments.total,
                billing_currency_total_paid_amount: valued.money(valued.refund.base).into(),
                billing_currency_prorated_amount: used_up(valued).into(),
                billing_currency_remaining_commitment_amount: valued.money(valued.refund.cancelled).into(),
            },
            explanation: explain.then(|| explanation(valued, quote, policy)),
        },
    })
}

/// How much of what was paid is used up.
pub fn used_up(valued: &Valuation) -> Money {
    valued.money(valued.refund.base.saturating_sub(valued.refund.refund))
}

/// The lines whose sum is the refund after the fee.
pub fn explanation(valued: &Valuation, quote: &ReturnQuote, policy: &Policy) -> Vec<ExplanationLine> {
    let amount = |minor: i64| valued.money(minor).to_decimal().to_string();
    let days = [("remainingDays", valued.days.remaining.to_string()), ("totalDays", valued.days.total.to_string())];
    let quantity = ("quantity", quote.quantity.to_string());
    let base = match valued.plan {
        BillingPlan::Upfront => ExplanationLine::new(
            "lower of paid and present price",
            "B − round(B × (held − quantity) ÷ held), B = min(paidForAllHeld, presentForAllHeld)",
            valued.money(valued.refund.base),
            [
                ("paidForAllHeld", amount(valued.paid)),
                ("presentForAllHeld", valued.present.map_or_else(|| "unknown".to_owned(), amount)),
                quantity,
            ],
        ),
        BillingPlan::Monthly => ExplanationLine::new(
            "instalment of the current month",
            "instalment − floor(instalment × (held − quantity) ÷ held)",
            valued.money(valued.refund.base),
            [("instalmentForAllHeld", amount(valued.paid)), quantity],
        ),
    };
    let used = ExplanationLine::new(
        "used whole days (UTC)",
        "base − (R(held) − R(held − quantity)), R(m) = round(base of m × remainingDays ÷ totalDays)",
        used_up(valued),
        days,
    );
    let mut lines = vec![base, used.negated()];
    if valued.refund.fee != 0 {
        let rate = ("rate", policy.early_termination_fee_rate.to_string());
        let fee = valued.money(valued.refund.fee);
        lines.push(ExplanationLine::new("early termination fee", "round(refund × rate)", fee, [rate]).negated());
    }
    lines
}

/// Return a reservation.
///
/// Carries out what was calculated: the money goes back to where it was paid from, the reservation
/// ends, and what is left of it lives on as a new one in the same order. The same session again
/// gets the first answer and moves no money.
#[utoipa::path(tag = CAPACITY, request_body = RefundRequest, responses((status = 200, body = OrderResource)))]
#[post("/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/return")]
pub async fn return_reservation(mut call: AzureCall<ReturnReservation>) -> AzureAnswer {
    let (id, body, policy) = (call.guid("reservationOrderId")?, call.body()?, call.app.policy.clone());
    let of = id.clone();
    let work = move |unit: &mut Unit<'_>, permit: &Permit| {
        let found = permit.order(unit, &id)?;
        let request: RefundRequest = body.read()?;
        Reply::ok(&carry_out(unit, permit, &policy, &found, &request)?.0)
    };
    call.write_or_record(work, is_refused_by_policy, move |unit, permit| {
        let found = permit.order(unit, &of)?;
        let details = vec![("ReservationOrderId".to_owned(), of.to_string())];
        let change = Change { details, ..Change::attempt(ResourceType::Reservation, OperationType::ReturnReservation) };
        Ok(Refused { who: permit.agent(unit, &found.customer)?, customer: found.customer, change })
    })
    .await
}

/// Whether policy refuses, and not the form of a request.
fn is_refused_by_policy(_: &Permit, error: &Error) -> bool {
    matches!(error, Error::Reservation(Refusal::RefundLimit { .. } | Refusal::RefundNotSupported(_)))
}

/// What a return was carried out with, and came to.
pub struct Outcome {
    /// The session.
    pub session_id: Guid,
    /// What was given back, after the fee.
    pub amount: Money,
}

/// Carries out a return of this order. The order as it was answered the first time.
///
/// # Errors
/// [`Refusal::SessionUnknown`] for a session that is not of this request; those of the return.
pub fn carry_out(
    unit: &mut Unit<'_>,
    permit: &Permit,
    policy: &Policy,
    found: &PermittedOrder,
    request: &RefundRequest,
) -> Result<(serde_json::Value, Outcome)> {
    let properties = request.properties.as_ref().ok_or_else(|| required("properties"))?;
    check_scope(properties.scope.as_deref())?;
    let session = properties.session_id.as_deref().ok_or_else(|| required("properties.sessionId"))?;
    let session = Guid::parse(session.trim()).ok_or(Refusal::SessionUnknown)?;
    let (reservation, quantity) = named(found, properties.reservation_to_return.as_ref())?;
    let standing =
        quotes::find::<ReturnQuote, serde_json::Value>(unit, QuoteKind::Refund, &permit.token.tenant_id, &session)?;
    let (quote, earlier) = match standing {
        Standing::Open(quote) => (quote, None),
        Standing::Used(quote, answer) => (quote, Some(answer)),
    };
    if (&quote.order, &quote.reservation, quote.quantity) != (&found.order.id, &reservation, quantity) {
        return Err(Refusal::SessionUnknown.into());
    }
    let outcome = |quote: &ReturnQuote| -> Result<Outcome> {
        let amount = Money { minor: quote.refund.payable(), currency: found.order.currency()? };
        Ok(Outcome { session_id: session.clone(), amount })
    };
    if let Some(answer) = earlier {
        return Ok((answer, outcome(&quote)?));
    }
    let agent = permit.agent(unit, &found.customer)?;
    return_quoted(unit, &agent, policy, found, &session, &quote, properties.return_reason.as_deref())?;
    let answer = serde_json::to_value(shown_order(unit, &found.customer, &found.order.id)?)?;
    quotes::close(unit, &session, &answer)?;
    Ok((answer, outcome(&quote)?))
}
