//! `Microsoft.Capacity`: reservations as Azure's resource manager shows and manages them.

pub mod changes;
pub mod lists;

use actix_web::{get, post, put};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::purchase::{self, Priced};
use super::renewal::{self, Initiator};
use super::repo::{self, PurchaseAnswer};
use super::request::{PurchaseRequest, Wanted};
use super::wire::{CalculatePriceProperties, CalculatePriceResponse, PaymentDetail, RenewProperties};
use super::{BillingPlan, OrderResource, Refusal, Renewal, Reservation, ReservationResource, day, rules};
use crate::access::{Permit, PermittedOrder, guid};
use crate::audit::{self, OperationType, ResourceType};
use crate::azure::{AzureAnswer, AzureCall, ExplanationLine, ListOf, Refused, Window};
use crate::customers::Customer;
use crate::db::{JsonText, Unit};
use crate::error::{Error, Result};
use crate::http::Reply;
use crate::ids::Guid;
use crate::money::Money;
use crate::orders::lines::{Target, Trade};
use crate::orders::{self, BuyerKind};
use crate::permissions::azure::*;
use crate::refunds::rules::in_usd;
use crate::role_assignments;
use crate::subscriptions;
use crate::usage::azure::{UtilizationResource, utilization_of};

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
    let shown = match &priced {
        Some(priced) if permit.is_customer() => Some(Shown::to_customer(unit, &found.customer, priced, &wanted)?),
        priced => priced.as_ref().map(|priced| Shown::to_partner(priced, &wanted)),
    };
    Ok(Some(RenewProperties {
        purchase_properties: renewal.terms.unwrap_or_else(|| wanted.request(&one.resource_type)),
        pricing_currency_total: shown.as_ref().map(|shown| shown.usd.into()),
        billing_currency_total: shown.map(|shown| shown.total.into()),
    }))
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
