//! `Microsoft.Capacity`: reservations as Azure's resource manager shows and manages them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use actix_web::{get, patch, post, put};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::lifecycle::{self, Change};
use super::purchase::{self, Priced};
use super::renewal::{self, Initiator};
use super::repo::{self, PurchaseAnswer};
use super::request::{self, AppliedScopeProperties, PurchaseRequest, Wanted};
use super::wire::{CalculatePriceProperties, CalculatePriceResponse, PaymentDetail, RenewProperties};
use super::{
    BillingPlan, OrderResource, ProvisioningState, Refusal, Renewal, Reservation, ReservationResource, Scope, day,
    rules,
};
use crate::access::{Permit, PermittedOrder, guid, short};
use crate::audit::{self, OperationType, ResourceType};
use crate::azure::{AzureAnswer, AzureCall, Comparison, ExplanationLine, Filter, ListOf, Refused, Window, ids};
use crate::customers::Customer;
use crate::db::{JsonText, Moment, Unit};
use crate::error::{Error, Result};
use crate::http::Reply;
use crate::ids::Guid;
use crate::money::Money;
use crate::orders::lines::{Target, Trade};
use crate::orders::{self, BuyerKind};
use crate::permissions::azure::*;
use crate::refunds;
use crate::refunds::rules::in_usd;
use crate::role_assignments;
use crate::subscriptions;
use crate::usage::azure::{UtilizationResource, utilization_of};
use crate::usage::{self, BillingContext};

/// An operation of the provider.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderOperation {
    /// Azure's name of it.
    #[schema(example = "Microsoft.Capacity/reservationorders/read")]
    pub name: &'static str,
    /// Whether it acts on data rather than on resources.
    pub is_data_action: bool,
    /// For people.
    pub display: OperationDisplay,
}

/// An operation in words.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ProviderOperationDisplay)]
pub struct OperationDisplay {
    /// The provider.
    #[schema(example = "Microsoft Capacity")]
    pub provider: &'static str,
    /// The kind of resource.
    #[schema(example = "Reservations")]
    pub resource: &'static str,
    /// What it does.
    pub operation: &'static str,
    /// The same in a sentence.
    pub description: &'static str,
}

/// List the provider's operations.
///
/// What role definitions name.
#[utoipa::path(tag = "Microsoft.Capacity", responses((status = 200, body = ListOf<ProviderOperation>)))]
#[get("/providers/Microsoft.Capacity/operations")]
pub async fn list_operations(call: AzureCall<ListCapacityOperations>) -> AzureAnswer {
    let all = [
        ("Microsoft.Capacity/reservationorders/read", "Get reservations", "Read all reservations"),
        ("Microsoft.Capacity/reservationorders/write", "Create reservations", "Buy a reservation"),
        ("Microsoft.Capacity/reservationorders/action", "Manage reservations", "Split, merge, return or exchange"),
        ("Microsoft.Capacity/reservationorders/reservations/read", "Get reservations", "Read all reservations"),
        ("Microsoft.Capacity/reservationorders/reservations/write", "Update reservations", "Change a reservation"),
        ("Microsoft.Capacity/reservationorders/reservations/action", "Manage reservations", "Put a reservation away"),
        ("Microsoft.Capacity/reservationorders/reservations/revisions/read", "Get revisions", "Read all revisions"),
        ("Microsoft.Capacity/reservations/read", "Get reservations", "Read all reservations of the tenant"),
        ("Microsoft.Capacity/calculateprice/action", "Calculate a price", "Calculate what a reservation costs"),
        ("Microsoft.Capacity/checkscopes/action", "Check scopes", "Ask which scopes a reservation may have"),
        ("Microsoft.Capacity/catalogs/read", "Get the catalogue", "Read what can be reserved"),
        (
            "Microsoft.Capacity/appliedreservations/read",
            "Get applied reservations",
            "Read what applies to a subscription",
        ),
        ("Microsoft.Capacity/register/action", "Register the provider", "Register the provider for a subscription"),
    ];
    call.read(move |_, _| {
        let value = all.iter().map(|(name, operation, description)| ProviderOperation {
            name,
            is_data_action: false,
            display: OperationDisplay {
                provider: "Microsoft Capacity",
                resource: "Reservations",
                operation,
                description,
            },
        });
        Ok(ListOf::whole(value.collect()))
    })
    .await
}

const CAPACITY: &str = "Microsoft.Capacity";

/// Calculate a price.
///
/// What the request would cost now, with an id that the purchase can use. `explain=true` adds the
/// lines that add up to it.
#[utoipa::path(
    tag = CAPACITY,
    params(("explain" = Option<bool>, Query, description = "Adds `explanation`. (Not in the real service.)")),
    request_body = PurchaseRequest,
    responses((status = 200, body = CalculatePriceResponse))
)]
#[post("/providers/Microsoft.Capacity/calculatePrice")]
pub async fn calculate_price(mut call: AzureCall<CalculatePrice>) -> AzureAnswer {
    let (body, trade) = (call.body()?, call.app.trade.clone());
    let explain = call.query.flag("explain")?;
    call.read(move |unit, permit| {
        let request: PurchaseRequest = body.read()?;
        let found = permit.subscription(unit, &request.billing_subscription()?)?;
        let agent = permit.agent(unit, &found.customer)?;
        let wanted = request.check()?;
        let currency = agent.partner.currency()?;
        let priced = purchase::price(unit, &found.customer, currency, &found.azure, &trade, &wanted)?;
        let shown = match permit.is_customer() {
            true => Shown::to_customer(unit, &found.customer, &priced, &wanted)?,
            false => Shown::to_partner(&priced, &wanted),
        };
        shown.response(unit, &priced, &wanted, explain)
    })
    .await
}

/// A price as the caller may know it: the partner's, or the one that the partner set for its
/// customer, who never learns the public one (rule P6).
struct Shown {
    total: Money,
    usd: Money,
    line: ExplanationLine,
}

impl Shown {
    fn to_partner(priced: &Priced, wanted: &Wanted) -> Self {
        let line = &priced.line;
        let inputs = [
            ("usdUnitPrice", line.row.price.clone()),
            ("quantity", wanted.quantity.to_string()),
            ("usdPerUnit", line.exchange_rate.to_string()),
        ];
        let formula = "round(usdUnitPrice × quantity ÷ usdPerUnit)";
        Self {
            total: line.total,
            usd: priced.usd,
            line: ExplanationLine::new("list price", formula, line.total, inputs),
        }
    }

    fn to_customer(unit: &mut Unit<'_>, customer: &Customer, priced: &Priced, wanted: &Wanted) -> Result<Self> {
        let total = purchase::customer_total(unit, customer, wanted.term, &priced.line)?;
        let usd = in_usd(total, priced.line.exchange_rate)?;
        let inputs = [("quantity", wanted.quantity.to_string())];
        let line = ExplanationLine::new("price set by the partner", "unitPrice × quantity", total, inputs);
        Ok(Self { total, usd, line })
    }

    fn response(
        self,
        unit: &Unit<'_>,
        priced: &Priced,
        wanted: &Wanted,
        explain: bool,
    ) -> Result<CalculatePriceResponse> {
        let monthly = wanted.plan == BillingPlan::Monthly;
        let payment_schedule = monthly.then(|| self.payment_schedule(unit, wanted)).transpose()?;
        Ok(CalculatePriceResponse {
            properties: CalculatePriceProperties {
                billing_currency_total: self.total.into(),
                pricing_currency_total: self.usd.into(),
                net_total: self.total.into(),
                tax_total: Money { minor: 0, ..self.total }.into(),
                grand_total: self.total.into(),
                is_tax_included: false,
                is_billing_partner_managed: true,
                reservation_order_id: Guid::random().to_string(),
                sku_title: priced.line.row.title(),
                sku_description: priced.line.row.arm_sku_name.clone(),
                payment_schedule,
                explanation: explain.then(|| vec![self.line]),
            },
        })
    }

    /// What is paid when. Only the first payment is known in the billing currency, as in the real
    /// service, where later ones float with the rate.
    fn payment_schedule(&self, unit: &Unit<'_>, wanted: &Wanted) -> Result<Vec<PaymentDetail>> {
        let months = wanted.term.months();
        let (usd, billed) = (self.usd.instalments(months), self.total.instalments(months));
        let mut schedule = Vec::with_capacity(usd.len());
        for ((usd, billed), number) in usd.into_iter().zip(billed).zip(1_i32..) {
            schedule.push(PaymentDetail {
                due_date: day(rules::instalment_due(unit.now, number)?),
                payment_date: None,
                pricing_currency_total: usd.into(),
                billing_currency_total: (number == 1).then(|| billed.into()),
                billing_account: None,
                status: None,
            });
        }
        Ok(schedule)
    }
}

/// Buy a reservation.
///
/// The id is the one that `calculatePrice` gave, or any other GUID. The same request under the same
/// id gets the first answer and buys nothing more. One new order stands in the customer's order
/// history, and whoever buys owns the reservation order.
#[utoipa::path(tag = CAPACITY, request_body = PurchaseRequest, responses((status = 200, body = OrderResource)))]
#[put("/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}")]
pub async fn purchase_reservation(mut call: AzureCall<PurchaseReservation>) -> AzureAnswer {
    let (id, body, trade) = (call.guid("reservationOrderId")?, call.body()?, call.app.trade.clone());
    let asked = body.clone();
    let work = move |unit: &mut Unit<'_>, permit: &Permit| {
        let request: PurchaseRequest = body.read()?;
        let found = permit.subscription(unit, &request.billing_subscription()?)?;
        purchase::check_buyer(unit, permit, &found.customer, request.properties.as_ref().and_then(|one| one.renew))?;
        let asked = JsonText::of(&request)?;
        if let Some(earlier) = repo::purchase_answer(unit.conn, &id)?
            && earlier.tenant_id == permit.token.tenant_id
            && earlier.request == asked
        {
            return Ok(Reply { status: 200, body: earlier.answer, location: None });
        }
        if repo::order(unit.conn, id.as_str())?.is_some() {
            return Err(Refusal::OrderIdTaken(id.to_string()).into());
        }
        let agent = permit.agent(unit, &found.customer)?;
        let wanted = request.check()?;
        let currency = agent.partner.currency()?;
        let mut line = purchase::price(unit, &found.customer, currency, &found.azure, &trade, &wanted)?.line;
        if let Target::Reservation { wishes, .. } = &mut line.target {
            wishes.place.order = id.clone();
            wishes.renewal = wanted.renew.then(|| Renewal { terms: None, by: Initiator::of(&permit.token) });
        }
        let buyer = if permit.is_customer() { BuyerKind::Customer } else { BuyerKind::Partner };
        purchase::place(unit, &agent, &found.customer, line, buyer)?;
        role_assignments::grant_owner(unit, permit, &found.customer, &id)?;
        let reply = Reply::ok(&shown_order(unit, &found.customer, &id)?)?;
        let answer = PurchaseAnswer {
            reservation_order_id: id.clone(),
            tenant_id: permit.token.tenant_id.clone(),
            request: asked,
            answer: reply.body.clone(),
        };
        repo::insert_purchase_answer(unit.conn, &answer)?;
        Ok(reply)
    };
    call.write_or_record(work, is_refused_to_customer, move |unit, permit| {
        let request: PurchaseRequest = asked.read()?;
        let found = permit.visible_subscription(unit, &request.billing_subscription()?)?;
        let details = vec![("AzureSubscriptionId".to_owned(), found.azure.id.to_string())];
        let change =
            audit::Change { details, ..audit::Change::attempt(ResourceType::Order, OperationType::CreateOrder) };
        Ok(Refused { who: permit.agent(unit, &found.customer)?, customer: found.customer, change })
    })
    .await
}

/// Whether a customer's user is refused for lack of the permission or of Owner.
fn is_refused_to_customer(permit: &Permit, error: &Error) -> bool {
    permit.is_customer()
        && matches!(error, Error::NotAuthorized { .. } | Error::Reservation(Refusal::PurchaseNotPermitted))
}

/// An order as it stands.
///
/// # Errors
/// Those of the database.
pub fn shown_order(unit: &mut Unit<'_>, customer: &Customer, id: &Guid) -> Result<OrderResource> {
    let order = repo::order(unit.conn, id.as_str())?.ok_or(Error::ReservationOrderNotFound)?;
    let held = repo::of_order(unit.conn, id)?;
    let bought_with = orders::repo::find(unit.conn, customer, &order.order_id)?;
    OrderResource::new(&order, &held, bought_with.as_ref(), None)
}

/// Get a reservation order.
///
/// `$expand=schedule` adds what the partner pays when; not for a customer's user.
#[utoipa::path(
    tag = CAPACITY,
    params(("$expand" = Option<String>, Query, description = "`schedule` adds `planInformation`")),
    responses((status = 200, body = OrderResource))
)]
#[get("/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}")]
pub async fn get_reservation_order(call: AzureCall<GetReservationOrder>) -> AzureAnswer {
    let id = call.guid("reservationOrderId")?;
    let with_schedule = call.query.get("$expand").is_some_and(|text| text.eq_ignore_ascii_case("schedule"));
    call.read(move |unit, permit| {
        let found = permit.order(unit, &id)?;
        // What the partner pays is not for its customer to know (rule P6).
        let with_schedule = with_schedule && !permit.is_customer();
        let payments = if with_schedule { super::payments_of(unit, &id)? } else { Vec::new() };
        let bought_with = orders::repo::find(unit.conn, &found.customer, &found.order.order_id)?;
        let plan = with_schedule.then_some((&found.customer, payments.as_slice()));
        OrderResource::new(&found.order, &found.reservations, bought_with.as_ref(), plan)
    })
    .await
}

/// List reservation orders.
///
/// Every order that the caller may read, oldest first.
#[utoipa::path(tag = CAPACITY, responses((status = 200, body = ListOf<OrderResource>)))]
#[get("/providers/Microsoft.Capacity/reservationOrders")]
pub async fn list_reservation_orders(call: AzureCall<ListReservationOrders>) -> AzureAnswer {
    let window = Window::of(&call.query, call.address(), "$skiptoken", "$top", MOST_ROWS)?;
    call.read(move |unit, permit| {
        let page = window.page(permit.orders(unit)?);
        let ids: Vec<&str> = page.value.iter().map(|one| one.order.order_id.as_str()).collect();
        let bought_with = orders::repo::by_ids(unit.conn, &ids)?;
        let shown = |one: &PermittedOrder| {
            OrderResource::new(&one.order, &one.reservations, bought_with.get(&one.order.order_id), None)
        };
        let value = page.value.iter().map(shown).collect::<Result<Vec<_>>>()?;
        Ok(ListOf { value, next_link: page.next_link })
    })
    .await
}

/// Rows of a page at the most.
const MOST_ROWS: usize = 1000;

/// Where a reservation order is to go.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeDirectoryRequest {
    /// The tenant.
    pub destination_tenant_id: Option<String>,
}

/// Move a reservation order to another tenant.
///
/// Always refused: reservations are never carried over.
#[utoipa::path(tag = CAPACITY, request_body = ChangeDirectoryRequest, responses((status = 200, description = "Never.")))]
#[post("/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/changeDirectory")]
pub async fn change_directory(mut call: AzureCall<ChangeDirectory>) -> AzureAnswer {
    let (id, body) = (call.guid("reservationOrderId")?, call.body()?);
    call.read(move |unit, permit| -> Result<()> {
        let found = permit.order(unit, &id)?;
        let request: ChangeDirectoryRequest = body.read()?;
        let field = "destinationTenantId";
        let tenant = request.destination_tenant_id.ok_or_else(|| Error::invalid(field, "is required"))?;
        let tenant = guid(field, &tenant)?;
        if tenant != found.customer.id && tenant != found.customer.seller_id {
            return Err(Error::TenantNotFound);
        }
        Err(Refusal::State("reservations are never moved to another tenant".to_owned()).into())
    })
    .await
}

/// List the reservations of an order.
///
/// Those that were split, merged, returned or exchanged among them, oldest first.
#[utoipa::path(tag = CAPACITY, responses((status = 200, body = ListOf<ReservationResource>)))]
#[get("/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/reservations")]
pub async fn list_reservations_of_order(call: AzureCall<ListReservationsOfOrder>) -> AzureAnswer {
    let id = call.guid("reservationOrderId")?;
    call.read(move |unit, permit| {
        let found = permit.order(unit, &id)?;
        let used = utilization_of(unit, &found)?;
        let shown = |one: &Reservation| {
            let mut shown = ReservationResource::new(&found.order, one, unit.now)?;
            shown.properties.utilization = Some(UtilizationResource::new(used.get(&one.id)));
            Ok(shown)
        };
        Ok(ListOf::whole(found.reservations.iter().map(shown).collect::<Result<Vec<_>>>()?))
    })
    .await
}

/// Get a reservation.
///
/// `$expand=renewProperties` adds what it is renewed as, and what that would cost now.
#[utoipa::path(
    tag = CAPACITY,
    params(("$expand" = Option<String>, Query, description = "`renewProperties`")),
    responses((status = 200, body = ReservationResource))
)]
#[get("/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/reservations/{reservationId}")]
pub async fn get_reservation(call: AzureCall<GetReservation>) -> AzureAnswer {
    let (order, id) = (call.guid("reservationOrderId")?, call.guid("reservationId")?);
    let with_renewal = call.query.get("$expand").is_some_and(|text| text.eq_ignore_ascii_case("renewProperties"));
    let trade = call.app.trade.clone();
    call.read(move |unit, permit| {
        let found = permit.order(unit, &order)?;
        let one = found.reservation(&id)?;
        let mut shown = ReservationResource::new(&found.order, one, unit.now)?;
        let used = utilization_of(unit, &found)?;
        shown.properties.utilization = Some(UtilizationResource::new(used.get(&one.id)));
        if with_renewal {
            shown.properties.renew_properties = renew_properties(unit, permit, &found, one, &trade)?;
        }
        Ok(shown)
    })
    .await
}

/// What a reservation is renewed as. Its price is left out where it could not be bought now.
fn renew_properties(
    unit: &mut Unit<'_>,
    permit: &Permit,
    found: &PermittedOrder,
    one: &Reservation,
    trade: &Trade,
) -> Result<Option<RenewProperties>> {
    let Some(renewal) = one.renewal.as_ref().map(|text| text.read::<Renewal>()).transpose()? else { return Ok(None) };
    let wanted = renewal::wanted(&found.order, one, &renewal)?;
    let agent = permit.agent(unit, &found.customer)?;
    let azure = subscriptions::repo::azure_by_id(unit.conn, &wanted.billing_subscription_id)?;
    let priced = match azure {
        Some(azure) => purchase::price(unit, &found.customer, agent.partner.currency()?, &azure, trade, &wanted).ok(),
        _ => None,
    };
    Ok(Some(RenewProperties {
        purchase_properties: renewal.terms.unwrap_or_else(|| wanted.request(&one.resource_type)),
        pricing_currency_total: priced.as_ref().map(|priced| priced.usd.into()),
        billing_currency_total: priced.as_ref().map(|priced| priced.line.total.into()),
    }))
}

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
        record(unit, permit, &found, OperationType::UpdateReservation, &[old.clone()], &[new.clone()])?;
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
                let billed = permit.visible_subscription(unit, &wanted.billing_subscription_id)?;
                if billed.customer.id != found.customer.id {
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
        review_at: properties.review_date_time.map(Moment::from),
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
            record(unit, permit, &found, OperationType::UpdateReservation, &[old.clone()], &[new])?;
        }
        Ok(Reply { status: 200, body: String::new(), location: None })
    })
    .await
}

/// List the revisions of a reservation.
///
/// Every state it was in, newest first; `name` is the revision's number.
#[utoipa::path(tag = CAPACITY, responses((status = 200, body = ListOf<ReservationResource>)))]
#[get("/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/reservations/{reservationId}/revisions")]
pub async fn list_reservation_revisions(call: AzureCall<ListReservationRevisions>) -> AzureAnswer {
    let (order, id) = (call.guid("reservationOrderId")?, call.guid("reservationId")?);
    call.read(move |unit, permit| {
        let found = permit.order(unit, &order)?;
        found.reservation(&id)?;
        let revisions = repo::revisions_of(unit.conn, &[&id])?;
        let shown = |one: &Reservation| {
            ReservationResource::new(&found.order, one, unit.now).map(ReservationResource::as_revision)
        };
        Ok(ListOf::whole(revisions.iter().rev().map(shown).collect::<Result<Vec<_>>>()?))
    })
    .await
}

/// A page of reservations, and how many there are in each state.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReservationsPage {
    /// The reservations.
    pub value: Vec<Value>,
    /// How many there are in each state; with `refreshSummary=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<ReservationSummary>,
    /// Where the list goes on; `null` at its end.
    pub next_link: Option<String>,
}

/// How many reservations there are in each state.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReservationSummary {
    /// In use.
    pub succeeded_count: usize,
    /// Failed; never here.
    pub failed_count: usize,
    /// In use, for 30 more days at the most.
    pub expiring_count: usize,
    /// Past their term.
    pub expired_count: usize,
    /// Not yet in use; never here.
    pub pending_count: usize,
    /// Returned, exchanged, split or merged.
    pub cancelled_count: usize,
    /// Being changed; never here.
    pub processing_count: usize,
    /// With a warning; never here.
    pub warning_count: usize,
    /// Without benefit; never here.
    pub no_benefit_count: usize,
}

/// What the list of all reservations can be filtered and ordered by.
const FIELDS: [&str; 15] = [
    "sku/name",
    "properties/appliedScopeType",
    "properties/archived",
    "properties/displayName",
    "properties/displayProvisioningState",
    "properties/effectiveDateTime",
    "properties/expiryDate",
    "properties/expiryDateTime",
    "properties/provisioningState",
    "properties/quantity",
    "properties/renew",
    "properties/reservedResourceType",
    "properties/term",
    "properties/userFriendlyAppliedScopeType",
    "properties/userFriendlyRenewState",
];

/// List all reservations.
///
/// Of every order that the caller may read. `$filter` knows `eq`, `and`, `or` and parentheses.
#[utoipa::path(
    tag = CAPACITY,
    params(("$filter" = Option<String>, Query, description = "Such as `(properties/archived eq false)`"),
        ("$orderby" = Option<String>, Query, description = "Such as `properties/displayName asc`"),
        ("refreshSummary" = Option<String>, Query, description = "`true` adds `summary`"),
        ("$skiptoken" = Option<f64>, Query, description = "How many to skip"),
        ("selectedState" = Option<String>, Query, description = "One provisioning state"),
        ("take" = Option<f64>, Query, description = "How many to give")),
    responses((status = 200, body = ReservationsPage))
)]
#[get("/providers/Microsoft.Capacity/reservations")]
pub async fn list_reservations(call: AzureCall<ListReservations>) -> AzureAnswer {
    let window = Window::of(&call.query, call.address(), "$skiptoken", "take", MOST_ROWS)?;
    let filter =
        call.query.get("$filter").map(|text| Filter::parse(text, &FIELDS, &[Comparison::Equal])).transpose()?;
    let order_by = call.query.get("$orderby").map(ordering).transpose()?.unwrap_or_default();
    let state = call.query.get("selectedState").map(str::to_owned);
    let with_summary = call.query.flag("refreshSummary")?;
    call.read(move |unit, permit| {
        let mut all = Vec::new();
        let mut used = HashMap::new();
        for found in permit.orders(unit)? {
            let used = match used.entry(BillingContext::of(&found.order)) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    let context = new.key().clone();
                    new.insert(usage::utilization(unit, &context, &usage::Of::All)?)
                }
            };
            for one in &found.reservations {
                let mut shown = ReservationResource::new(&found.order, one, unit.now)?;
                shown.properties.utilization = Some(UtilizationResource::new(used.get(&one.id)));
                shown.name = format!("{}/{}", found.order.id, one.id);
                let shown = serde_json::to_value(&shown)?;
                if filter.as_ref().is_none_or(|filter| filter.admits(&|field, _, value| equals(&shown, field, value))) {
                    all.push(shown);
                }
            }
        }
        let summary = with_summary.then(|| summary_of(&all));
        if let Some(state) = &state {
            all.retain(|one| equals(one, "properties/provisioningState", state));
        }
        for (field, descending) in order_by.iter().rev() {
            all.sort_by(|one, other| {
                let order = compare(field_of(one, field), field_of(other, field));
                if *descending { order.reverse() } else { order }
            });
        }
        let page = window.page(all);
        Ok(ReservationsPage { value: page.value, summary, next_link: page.next_link })
    })
    .await
}

/// The fields of `$orderby`, each with whether it descends.
fn ordering(text: &str) -> Result<Vec<(&'static str, bool)>> {
    let part = |part: &str| {
        let mut words = part.split_whitespace();
        let field = words.next().and_then(|name| FIELDS.into_iter().find(|field| field.eq_ignore_ascii_case(name)));
        let descending = match words.next() {
            None => Some(false),
            Some(word) if word.eq_ignore_ascii_case("asc") => Some(false),
            Some(word) if word.eq_ignore_ascii_case("desc") => Some(true),
            Some(_) => None,
        };
        match (field, descending, words.next()) {
            (Some(field), Some(descending), None) => Ok((field, descending)),
            _ => Err(Error::invalid("$orderby", format!("{} cannot be ordered by", short(part)))),
        }
    };
    text.split(',').map(part).collect()
}

fn field_of<'a>(shown: &'a Value, field: &str) -> Option<&'a Value> {
    shown.pointer(&format!("/{field}"))
}

fn equals(shown: &Value, field: &str, wanted: &str) -> bool {
    match field_of(shown, field) {
        Some(Value::String(text)) => text.eq_ignore_ascii_case(wanted),
        Some(Value::Bool(flag)) => flag.to_string().eq_ignore_ascii_case(wanted),
        Some(Value::Number(number)) => number.to_string() == wanted,
        _ => wanted.eq_ignore_ascii_case("null"),
    }
}

fn compare(one: Option<&Value>, other: Option<&Value>) -> std::cmp::Ordering {
    match (one, other) {
        (Some(Value::Number(one)), Some(Value::Number(other))) => one.as_i64().cmp(&other.as_i64()),
        (Some(Value::String(one)), Some(Value::String(other))) => one.to_lowercase().cmp(&other.to_lowercase()),
        (Some(Value::Bool(one)), Some(Value::Bool(other))) => one.cmp(other),
        (one, other) => one.is_some().cmp(&other.is_some()),
    }
}

fn summary_of(all: &[Value]) -> ReservationSummary {
    let of = |state: &str| all.iter().filter(|one| equals(one, "properties/displayProvisioningState", state)).count();
    ReservationSummary {
        succeeded_count: of("Succeeded"),
        expiring_count: of("Expiring"),
        expired_count: of("Expired"),
        cancelled_count: of("Cancelled"),
        ..ReservationSummary::default()
    }
}

/// Which reservation orders apply to a subscription.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AppliedReservations {
    /// Its id.
    pub id: String,
    /// Always `default`.
    pub name: &'static str,
    /// Always the same.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The orders.
    pub properties: AppliedReservationsProperties,
}

/// Which reservation orders apply to a subscription, in detail.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppliedReservationsProperties {
    /// Their ids.
    pub reservation_order_ids: ListOf<String>,
}

/// List the reservation orders that apply to a subscription.
///
/// Those with a reservation in use whose scope covers it.
#[utoipa::path(tag = CAPACITY, responses((status = 200, body = AppliedReservations)))]
#[get("/subscriptions/{subscriptionId}/providers/Microsoft.Capacity/appliedReservations")]
pub async fn list_applied_reservations(call: AzureCall<ListAppliedReservations>) -> AzureAnswer {
    let id = call.guid("subscriptionId")?;
    call.read(move |unit, permit| {
        let found = permit.subscription(unit, &id)?;
        let covers = |one: &Reservation| {
            one.state == ProvisioningState::Succeeded
                && match one.scope() {
                    Scope::Shared | Scope::ManagementGroup(_) => true,
                    Scope::Single(scope) | Scope::ResourceGroup(scope, _) => scope == id,
                }
        };
        let mut orders: Vec<_> = repo::of_customer(unit.conn, &found.customer)?
            .into_values()
            .filter(|(_, held)| held.iter().any(covers))
            .map(|(order, _)| order)
            .collect();
        orders.sort_by(|one, other| (one.purchased_at, &one.id).cmp(&(other.purchased_at, &other.id)));
        Ok(AppliedReservations {
            id: format!("{}/providers/Microsoft.Capacity/AppliedReservations/default", ids::subscription_id(&id)),
            name: "default",
            kind: "Microsoft.Capacity/AppliedReservations",
            properties: AppliedReservationsProperties {
                reservation_order_ids: ListOf::whole(orders.iter().map(|order| ids::order_id(&order.id)).collect()),
            },
        })
    })
    .await
}
