//! Changes to reservations: their properties, split and merge, scopes, and putting them away.

use actix_web::{patch, post};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CAPACITY, MOST_ROWS};
use crate::access::{Permit, PermittedOrder};
use crate::audit::{self, OperationType, ResourceType};
use crate::azure::{AzureAnswer, AzureCall, ids};
use crate::db::{Moment, Unit};
use crate::error::{Error, Result};
use crate::http::Reply;
use crate::orders::lines::Trade;
use crate::permissions::azure::*;
use crate::refunds;
use crate::reservations::lifecycle::{self, Change};
use crate::reservations::purchase;
use crate::reservations::renewal::Initiator;
use crate::reservations::request::{self, AppliedScopeProperties, PurchaseRequest};
use crate::reservations::{Refusal, Renewal, Reservation, ReservationResource};

/// What a reservation is to become.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = Patch)]
pub struct PatchRequest {
    /// What is to change; everything else stays.
    pub properties: Option<PatchProperties>,
}

/// What a reservation is to become, in detail.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PatchProperties {
    /// `Shared`, `Single` or `ManagementGroup`.
    pub applied_scope_type: Option<String>,
    /// One subscription or resource group for `Single`.
    pub applied_scopes: Option<Vec<String>>,
    /// The same in parts.
    pub applied_scope_properties: Option<AppliedScopeProperties>,
    /// `On` or `Off`.
    pub instance_flexibility: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Whether it is renewed at its end.
    pub renew: Option<bool>,
    /// What it is renewed as; a copy of itself where nothing is said.
    pub renew_properties: Option<PatchRenewProperties>,
    /// When its owner wants to look at it again.
    pub review_date_time: Option<DateTime<Utc>>,
}

/// What a reservation is to be renewed as.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PatchRenewProperties {
    /// What is to be bought.
    pub purchase_properties: Option<PurchaseRequest>,
}

/// Change a reservation.
///
/// Scope, instance flexibility, name, renewal and review date. Makes a new revision; where nothing
/// would change it is refused.
#[utoipa::path(tag = CAPACITY, request_body = PatchRequest, responses((status = 200, body = ReservationResource)))]
#[patch("/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/reservations/{reservationId}")]
pub async fn update_reservation(mut call: AzureCall<UpdateReservation>) -> AzureAnswer {
    let (order, id) = (call.guid("reservationOrderId")?, call.guid("reservationId")?);
    let (body, trade) = (call.body()?, call.app.trade.clone());
    call.write(move |unit, permit| {
        let found = permit.order(unit, &order)?;
        let old = found.reservation(&id)?;
        let request: PatchRequest = body.read()?;
        let wanted = wanted_change(unit, permit, &found, &trade, request.properties.as_ref())?;
        let new = lifecycle::change(unit, old, &wanted)?;
        record(
            unit,
            permit,
            &found,
            OperationType::UpdateReservation,
            std::slice::from_ref(old),
            std::slice::from_ref(&new),
        )?;
        Reply::ok(&ReservationResource::new(&found.order, &new, unit.now)?)
    })
    .await
}

fn wanted_change(
    unit: &mut Unit<'_>,
    permit: &Permit,
    found: &PermittedOrder,
    trade: &Trade,
    properties: Option<&PatchProperties>,
) -> Result<Change> {
    let properties = properties.ok_or_else(|| Error::invalid("properties", "is required"))?;
    let parts = properties.applied_scope_properties.as_ref();
    let scope =
        request::scope_of(properties.applied_scope_type.as_deref(), properties.applied_scopes.as_deref(), parts)?;
    if let Some(scope) = &scope {
        let tenant = parts.and_then(|parts| parts.tenant_id.as_deref());
        purchase::check_scope(unit, &found.customer, scope, tenant)?;
    }
    let flexibility = properties.instance_flexibility.as_deref();
    let renewal = match properties.renew {
        None => None,
        Some(false) => Some(None),
        Some(true) => {
            let terms = properties.renew_properties.as_ref().and_then(|terms| terms.purchase_properties.clone());
            if let Some(terms) = &terms {
                let wanted = terms.check()?;
                let billed = permit.billed(unit, std::slice::from_ref(found), &wanted.billing_subscription_id)?;
                if (&billed.customer.id, &billed.customer.seller_id) != (&found.customer.id, &found.customer.seller_id)
                {
                    return Err(Error::AzureSubscriptionNotFound);
                }
                let agent = permit.agent(unit, &found.customer)?;
                let currency = agent.partner.currency()?;
                purchase::price(unit, &found.customer, currency, &billed.azure, trade, &wanted)?;
            }
            Some(Some(Renewal { terms, by: Initiator::of(&permit.token) }))
        }
    };
    Ok(Change {
        scope,
        flexible: flexibility.map(|text| request::flexible("properties.instanceFlexibility", text)).transpose()?,
        name: properties.name.as_deref().map(request::name).transpose()?,
        renewal,
        review_at: properties.review_date_time.map(|at| Moment::given("properties.reviewDateTime", at)).transpose()?,
    })
}

/// What a reservation is to be split into.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct SplitRequest {
    /// What is to be split, and how.
    pub properties: Option<SplitRequestProperties>,
}

/// What a reservation is to be split into, in detail.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SplitRequestProperties {
    /// The quantities of the parts; they add up to the reservation's.
    #[schema(example = json!([1, 2]))]
    pub quantities: Option<Vec<i64>>,
    /// The id of the reservation.
    pub reservation_id: Option<String>,
}

/// Split a reservation.
///
/// Into parts of these quantities, with their shares of what was paid. The parts, then what was
/// split; no money moves.
#[utoipa::path(tag = CAPACITY, request_body = SplitRequest, responses((status = 200, body = Vec<ReservationResource>)))]
#[post("/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/split")]
pub async fn split_reservation(mut call: AzureCall<SplitReservation>) -> AzureAnswer {
    let (id, body) = (call.guid("reservationOrderId")?, call.body()?);
    call.write(move |unit, permit| {
        let found = permit.order(unit, &id)?;
        let request: SplitRequest = body.read()?;
        let required = |field: &str| Error::invalid(field, "is required");
        let properties = request.properties.ok_or_else(|| required("properties"))?;
        let named = properties.reservation_id.ok_or_else(|| required("properties.reservationId"))?;
        let source = reservation_in(&found, "properties.reservationId", &named)?.clone();
        let quantities = properties.quantities.ok_or_else(|| required("properties.quantities"))?;
        let all = lifecycle::split(unit, &found.order, &source, &quantities)?;
        let (parts, _) = all.split_at(all.len().saturating_sub(1));
        record(unit, permit, &found, OperationType::SplitReservation, &[source], parts)?;
        shown(unit, &found, &all)
    })
    .await
}

/// The reservation of an order that a full id names.
///
/// # Errors
/// [`Refusal::NotInOrder`] for one of another order; [`Error::ReservationNotFound`].
pub fn reservation_in<'a>(found: &'a PermittedOrder, field: &str, named: &str) -> Result<&'a Reservation> {
    let (order, id) = ids::reservation(field, named)?;
    if order != found.order.id {
        return Err(Refusal::NotInOrder(field.to_owned()).into());
    }
    found.reservation(&id)
}

fn shown(unit: &Unit<'_>, found: &PermittedOrder, all: &[Reservation]) -> Result<Reply> {
    let shown = |one: &Reservation| ReservationResource::new(&found.order, one, unit.now);
    Reply::ok(&all.iter().map(shown).collect::<Result<Vec<_>>>()?)
}

/// What is to be merged.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct MergeRequest {
    /// What is to be merged.
    pub properties: Option<MergeRequestProperties>,
}

/// What is to be merged, in detail.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MergeRequestProperties {
    /// The ids of the reservations.
    pub sources: Option<Vec<String>>,
}

/// Merge reservations.
///
/// Reservations of one order that agree in everything but quantity. The merged ones, then what they
/// were merged into; no money moves.
#[utoipa::path(tag = CAPACITY, request_body = MergeRequest, responses((status = 200, body = Vec<ReservationResource>)))]
#[post("/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/merge")]
pub async fn merge_reservations(mut call: AzureCall<MergeReservations>) -> AzureAnswer {
    let (id, body) = (call.guid("reservationOrderId")?, call.body()?);
    call.write(move |unit, permit| {
        let found = permit.order(unit, &id)?;
        let request: MergeRequest = body.read()?;
        let named = request.properties.and_then(|properties| properties.sources);
        let named = named.ok_or_else(|| Error::invalid("properties.sources", "is required"))?;
        let sources = named.iter().map(|one| reservation_in(&found, "properties.sources", one).cloned());
        let sources = sources.collect::<Result<Vec<_>>>()?;
        let all = lifecycle::merge(unit, &found.order, &sources)?;
        let (_, merged) = all.split_at(all.len().saturating_sub(1));
        record(unit, permit, &found, OperationType::MergeReservations, &sources, merged)?;
        shown(unit, &found, &all)
    })
    .await
}

fn record(
    unit: &mut Unit<'_>,
    permit: &Permit,
    found: &PermittedOrder,
    operation: OperationType,
    old: &[Reservation],
    new: &[Reservation],
) -> Result<()> {
    let described = |all: &[Reservation]| match all {
        [one] => refunds::described(one),
        _ => all.iter().map(refunds::described).collect(),
    };
    let ids = |all: &[Reservation]| all.iter().map(|one| one.id.to_string()).collect::<Vec<_>>().join(",");
    let change = audit::Change {
        resource: ResourceType::Reservation,
        operation,
        old: Some(described(old)),
        new: Some(described(new)),
        details: vec![
            ("ReservationOrderId".to_owned(), found.order.id.to_string()),
            ("ReservationId".to_owned(), ids(old)),
        ],
    };
    let agent = permit.agent(unit, &found.customer)?;
    audit::record(unit, &agent, &found.customer, change)
}

/// Which scopes are asked about.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct AvailableScopeRequest {
    /// The scopes.
    pub properties: Option<AvailableScopeRequestProperties>,
}

/// Which scopes are asked about, in detail.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct AvailableScopeRequestProperties {
    /// Their ids.
    pub scopes: Option<Vec<String>>,
}

/// Which scopes a reservation may have.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AvailableScopes {
    /// The scopes.
    pub properties: AvailableScopesProperties,
}

/// Which scopes a reservation may have, in detail.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AvailableScopesProperties {
    /// Each that was asked about.
    pub scopes: Vec<AvailableScope>,
}

/// Whether a reservation may have a scope.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AvailableScope {
    /// The scope, as it was asked about.
    pub scope: String,
    /// Whether it lies in the billing context.
    pub valid: bool,
}

/// Ask which scopes a reservation may have.
///
/// Valid are the active Azure subscriptions that the same partner has for the same customer, and
/// their resource groups.
#[utoipa::path(tag = CAPACITY, request_body = AvailableScopeRequest, responses((status = 200, body = AvailableScopes)))]
#[post(
    "/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/reservations/{reservationId}/availableScopes"
)]
pub async fn list_available_scopes(mut call: AzureCall<ListAvailableScopes>) -> AzureAnswer {
    let (order, id, body) = (call.guid("reservationOrderId")?, call.guid("reservationId")?, call.body()?);
    call.read(move |unit, permit| {
        let found = permit.order(unit, &order)?;
        found.reservation(&id)?;
        let request: AvailableScopeRequest = body.read()?;
        let asked = request.properties.and_then(|properties| properties.scopes);
        let asked = asked.ok_or_else(|| Error::invalid("properties.scopes", "is required"))?;
        if asked.len() > MOST_ROWS {
            return Err(Error::invalid("properties.scopes", format!("must not hold more than {MOST_ROWS}")));
        }
        let mut scopes = Vec::with_capacity(asked.len());
        for scope in asked {
            let valid = match request::scope_of(None, Some(std::slice::from_ref(&scope)), None) {
                Ok(Some(wanted)) => match purchase::check_scope(unit, &found.customer, &wanted, None) {
                    Ok(()) => true,
                    Err(Error::Reservation(_)) => false,
                    Err(other) => return Err(other),
                },
                _ => false,
            };
            scopes.push(AvailableScope { scope, valid });
        }
        Ok(AvailableScopes { properties: AvailableScopesProperties { scopes } })
    })
    .await
}

/// Put a reservation away.
///
/// One that is cancelled or expired.
#[utoipa::path(tag = CAPACITY, responses((status = 200, description = "It is put away.")))]
#[post("/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/reservations/{reservationId}/archive")]
pub async fn archive_reservation(call: AzureCall<ArchiveReservation>) -> AzureAnswer {
    put_away(call, true).await
}

/// Take a reservation out again.
///
/// One that was put away.
#[utoipa::path(tag = CAPACITY, responses((status = 200, description = "It is no longer put away.")))]
#[post("/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/reservations/{reservationId}/unarchive")]
pub async fn unarchive_reservation(call: AzureCall<UnarchiveReservation>) -> AzureAnswer {
    put_away(call, false).await
}

async fn put_away<O: AzureOperation>(call: AzureCall<O>, archived: bool) -> AzureAnswer {
    let (order, id) = (call.guid("reservationOrderId")?, call.guid("reservationId")?);
    call.write(move |unit, permit| {
        let found = permit.order(unit, &order)?;
        let old = found.reservation(&id)?;
        let new = lifecycle::archive(unit, old, archived)?;
        if new.revision != old.revision {
            record(unit, permit, &found, OperationType::UpdateReservation, std::slice::from_ref(old), &[new])?;
        }
        Ok(Reply { status: 200, body: String::new(), location: None })
    })
    .await
}
