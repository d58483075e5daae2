//! `Microsoft.Consumption`: how much of reservations is used, and what they cost.

use std::collections::{BTreeMap, HashMap};

use actix_web::get;
use chrono::{Datelike, Months, NaiveDate};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    BillingContext, Detail, Grain, Of, Span, Summary, Trend, Utilization, details, filter, summaries, transactions,
    utilization,
};
use crate::access::{Permit, PermittedOrder, Side, guid};
use crate::azure::{AzureAnswer, AzureCall, ListOf, Window};
use crate::customers;
use crate::db::{Moment, Unit};
use crate::error::{Error, Result};
use crate::http::{Number, Query};
use crate::ids::Guid;
use crate::permissions::azure::*;

/// Rows of one page at the most.
const PAGE: usize = 1000;

/// How much of a reservation was used in a day or month.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReservationSummary {
    /// The id, without a leading slash.
    pub id: String,
    /// `{order}_{reservation}_{yyyymmdd}`.
    pub name: String,
    /// `Microsoft.Consumption/reservationSummaries`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// None.
    pub tags: BTreeMap<String, String>,
    /// The figures.
    pub properties: ReservationSummaryProperties,
}

/// The figures of a summary.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReservationSummaryProperties {
    /// The reservation order's id.
    pub reservation_order_id: String,
    /// The reservation's id.
    pub reservation_id: String,
    /// The reserved size.
    #[schema(example = "Standard_D2s_v5")]
    pub sku_name: String,
    /// `Reservation`.
    pub kind: &'static str,
    /// Hours reserved, over all instances.
    pub reserved_hours: Number,
    /// Midnight UTC of the day, or of the first of the month.
    #[schema(example = "2026-11-21T00:00:00Z")]
    pub usage_date: String,
    /// Hours used, in hours of the reserved size.
    pub used_hours: Number,
    /// Used of reserved in the hour that was used least, in percent.
    pub min_utilization_percentage: Number,
    /// Used of reserved over all hours, in percent.
    pub avg_utilization_percentage: Number,
    /// Used of reserved in the hour that was used most, in percent.
    pub max_utilization_percentage: Number,
    /// Instances bought.
    pub purchased_quantity: u64,
    /// Instances left unused on average.
    pub remaining_quantity: Number,
    /// Instances reserved.
    pub total_reserved_quantity: u64,
    /// Instances used on average.
    pub used_quantity: Number,
    /// As `avgUtilizationPercentage`.
    pub utilized_percentage: Number,
}

/// What one instance had of a reservation on one day.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReservationDetail {
    /// The id, without a leading slash.
    pub id: String,
    /// `{order}_{reservation}_{yyyymmdd}`.
    pub name: String,
    /// `Microsoft.Consumption/reservationDetails`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// None.
    pub tags: BTreeMap<String, String>,
    /// The figures.
    pub properties: ReservationDetailProperties,
}

/// The figures of a detail.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReservationDetailProperties {
    /// The reservation order's id.
    pub reservation_order_id: String,
    /// The reservation's id.
    pub reservation_id: String,
    /// Midnight UTC of the day.
    #[schema(example = "2026-11-21T00:00:00Z")]
    pub usage_date: String,
    /// The size of the instance.
    #[schema(example = "Standard_D4s_v5")]
    pub sku_name: String,
    /// The instance.
    pub instance_id: String,
    /// Instances reserved.
    pub total_reserved_quantity: u64,
    /// Hours reserved that day, over all instances.
    pub reserved_hours: Number,
    /// Hours of this instance that were covered, in hours of its own size.
    pub used_hours: Number,
    /// The group of the instance's size.
    #[schema(example = "Dsv5 Series")]
    pub instance_flexibility_group: String,
    /// The ratio of the instance's size within its group.
    #[schema(example = "4")]
    pub instance_flexibility_ratio: String,
    /// `Reservation`.
    pub kind: &'static str,
}

/// A purchase, a payment of one, or a refund.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReservationTransaction {
    /// The id, without a leading slash.
    pub id: String,
    /// Unique in the account.
    pub name: String,
    /// `Microsoft.Consumption/reservationTransactions`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// None.
    pub tags: BTreeMap<String, String>,
    /// What happened.
    pub properties: ReservationTransactionProperties,
}

/// What happened.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReservationTransactionProperties {
    /// When it happened.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T10:00:00Z")]
    pub event_date: Moment,
    /// `Purchase` or `Refund`.
    pub event_type: &'static str,
    /// The reservation order's id.
    pub reservation_order_id: String,
    /// The reservation order's name.
    pub reservation_order_name: String,
    /// What was bought.
    pub description: String,
    /// Instances.
    pub quantity: i64,
    /// The amount; negative for refunds.
    pub amount: Number,
    /// ISO 4217 code.
    #[schema(example = "USD")]
    pub currency: String,
    /// For how long, as an ISO 8601 duration.
    #[schema(example = "P1Y")]
    pub term: crate::catalog::Term,
    /// The region.
    pub region: String,
    /// The size.
    pub arm_sku_name: String,
    /// `OneTime` or `Recurring`.
    pub billing_frequency: &'static str,
    /// The Azure subscription that is billed.
    pub purchasing_subscription_guid: String,
    /// Its name.
    pub purchasing_subscription_name: String,
    /// The first of the billing month, as `yyyymmdd`; of a refund that of the purchase.
    #[schema(example = 20261101)]
    pub billing_month: u32,
}

/// How much of a reservation is used.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReservationPropertiesUtilization)]
pub struct UtilizationResource {
    /// Whether more, less or as much was used yesterday as on average of the last seven days.
    pub trend: Trend,
    /// Over one, seven and thirty days up to yesterday.
    pub aggregates: Vec<UtilizationAggregate>,
}

/// How much of a reservation was used over some days.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReservationUtilizationAggregates)]
pub struct UtilizationAggregate {
    /// How many days.
    pub grain: u32,
    /// `days`.
    pub grain_unit: &'static str,
    /// Used of reserved.
    pub value: Number,
    /// `percentage`.
    pub value_unit: &'static str,
}

impl UtilizationResource {
    /// What is known of a reservation's use; nothing known is nothing used.
    pub fn new(known: Option<&Utilization>) -> Self {
        let unused = || [1, 7, 30].map(|days| (days, Number(rust_decimal::Decimal::ZERO)));
        let aggregates = known.map_or_else(unused, |known| known.aggregates);
        Self {
            trend: known.map_or(Trend::Same, |known| known.trend),
            aggregates: aggregates
                .into_iter()
                .map(|(grain, value)| UtilizationAggregate {
                    grain,
                    grain_unit: "days",
                    value,
                    value_unit: "percentage",
                })
                .collect(),
        }
    }
}

/// How much of each reservation of an order is used, by reservation.
///
/// # Errors
/// Those of the database.
pub fn utilization_of(unit: &mut Unit<'_>, found: &PermittedOrder) -> Result<HashMap<Guid, Utilization>> {
    utilization(unit, &BillingContext::of(&found.order), &Of::Order(found.order.id.clone()))
}

/// The parameters of a list of use.
#[derive(Clone, Debug)]
struct Asked {
    span: Span,
    grain: Grain,
    window: Window,
}

impl Asked {
    /// `window` of `$skiptoken` and `$top`; the days of `$filter`, or of `startDate` and `endDate`.
    fn of<O: AzureOperation>(call: &AzureCall<O>, grain: Grain, member: &str, profile: bool) -> Result<Self> {
        let query = &call.query;
        let day = |name: &str| query.get(name).map(|text| filter::date(name, text)).transpose();
        let (start, end) = (day("startDate")?, day("endDate")?);
        let span = match (profile, start, end) {
            (true, Some(first), Some(last)) => Span { first, last },
            (true, None, None) | (false, ..) => filter::span(query.get("$filter"), member, grain == Grain::Daily)?,
            (true, Some(_), None) => return Err(Error::invalid("endDate", "is required with startDate")),
            (true, None, Some(_)) => return Err(Error::invalid("startDate", "is required with endDate")),
        };
        if span.last < span.first {
            return Err(Error::invalid("$filter", "ends before it begins"));
        }
        let span = match grain {
            Grain::Daily => span,
            Grain::Monthly => whole_months(span),
        };
        Ok(Self { span, grain, window: Window::of(query, call.address(), "$skiptoken", "$top", PAGE)? })
    }

    fn summaries<O: AzureOperation>(call: &AzureCall<O>, profile: bool) -> Result<Self> {
        let grain = call.query.required("grain")?;
        let grain = Grain::parse(grain).ok_or_else(|| Error::invalid("grain", "must be daily or monthly"))?;
        Self::of(call, grain, "usageDate", profile)
    }

    fn details<O: AzureOperation>(call: &AzureCall<O>, profile: bool) -> Result<Self> {
        Self::of(call, Grain::Daily, "usageDate", profile)
    }
}

/// The months that a span touches, whole.
fn whole_months(span: Span) -> Span {
    let first_of = |date: NaiveDate| date.with_day(1).unwrap_or(date);
    let end = first_of(span.last).checked_add_months(Months::new(1)).and_then(|next| next.pred_opt());
    Span { first: first_of(span.first), last: end.unwrap_or(span.last) }
}

/// An order that the caller may read, and which of its reservations are asked about.
fn of_path(
    unit: &mut Unit<'_>,
    permit: &Permit,
    order: &Guid,
    reservation: Option<&Guid>,
) -> Result<(BillingContext, Of)> {
    let found = permit.order(unit, order)?;
    let of = match reservation {
        Some(id) => Of::Reservation(order.clone(), found.reservation(id)?.id.clone()),
        None => Of::Order(order.clone()),
    };
    Ok((BillingContext::of(&found.order), of))
}

/// A billing account or profile.
#[derive(Clone, Debug)]
struct Account {
    account: String,
    profile: Option<String>,
    narrowed: Option<Of>,
}

impl Account {
    fn of<O: AzureOperation>(call: &AzureCall<O>) -> Result<Self> {
        let profile = call.segment("billingProfileId");
        Ok(Self {
            account: call.segment("billingAccountId").to_owned(),
            profile: (!profile.is_empty()).then(|| profile.to_owned()),
            narrowed: Self::narrowed(&call.query)?,
        })
    }

    fn narrowed(query: &Query) -> Result<Option<Of>> {
        let id = |name: &str| query.get(name).map(|text| guid(name, text)).transpose();
        match (id("reservationOrderId")?, id("reservationId")?) {
            (None, None) => Ok(None),
            (Some(order), None) => Ok(Some(Of::Order(order))),
            (Some(order), Some(reservation)) => Ok(Some(Of::Reservation(order, reservation))),
            (None, Some(_)) => Err(Error::invalid("reservationOrderId", "is required with reservationId")),
        }
    }

    /// The orders in the account that the caller may read. An account is known by the tenant id of
    /// its partner or customer, a profile by the customer's tenant id or the profile's own.
    fn orders(&self, unit: &mut Unit<'_>, permit: &Permit) -> Result<Vec<PermittedOrder>> {
        let mut orders = permit.orders(unit)?;
        let is = |id: &Guid, text: &str| id.as_str().eq_ignore_ascii_case(text);
        orders.retain(|one| is(&one.order.partner_id, &self.account) || is(&one.order.customer_id, &self.account));
        if orders.is_empty() && !self.is_known(unit, permit)? {
            return Err(Error::NotFound);
        }
        if let Some(profile) = &self.profile {
            let mut kept = Vec::new();
            for one in orders {
                let own = one.customer.billing()?.id;
                if is(&one.order.customer_id, profile) || own.eq_ignore_ascii_case(profile) {
                    kept.push(one);
                }
            }
            orders = kept;
        }
        orders.retain(|one| match &self.narrowed {
            None | Some(Of::All) => true,
            Some(Of::Order(order) | Of::Reservation(order, _)) => one.order.id == *order,
        });
        Ok(orders)
    }

    /// Whether the account is the caller's to see although nothing was bought in it.
    fn is_known(&self, unit: &mut Unit<'_>, permit: &Permit) -> Result<bool> {
        let Some(id) = Guid::parse(&self.account) else { return Ok(false) };
        match &permit.side {
            Side::Customer(own) => Ok(*own == id),
            Side::Agent { on_behalf_of: Some(only), .. } if *only == id => Ok(true),
            Side::Agent { partner, on_behalf_of } => match customers::visible_to(unit, partner, &id) {
                Ok(_) => Ok(on_behalf_of.is_none()),
                Err(Error::CustomerNotFound | Error::RelationshipEnded) => Ok(partner.id == id),
                Err(error) => Err(error),
            },
        }
    }

    /// What `each` finds for the orders of each billing context that the caller may read.
    fn collect<T>(
        &self,
        unit: &mut Unit<'_>,
        permit: &Permit,
        mut each: impl FnMut(&mut Unit<'_>, &BillingContext, &Of) -> Result<Vec<(Guid, T)>>,
    ) -> Result<Vec<T>> {
        let mut contexts = BTreeMap::<BillingContext, Vec<Guid>>::new();
        for order in self.orders(unit, permit)? {
            contexts.entry(BillingContext::of(&order.order)).or_default().push(order.order.id);
        }
        let mut found = Vec::new();
        for (context, orders) in contexts {
            let rows = each(unit, &context, self.narrowed.as_ref().unwrap_or(&Of::All))?;
            found.extend(rows.into_iter().filter(|(order, _)| orders.contains(order)).map(|(_, row)| row));
        }
        Ok(found)
    }
}

/// List how much of an order's reservations was used.
///
/// By day or by month (`grain`). `$filter` is `properties/usageDate ge 2026-11-01 AND
/// properties/usageDate le 2026-11-30`, required for days; months are whole.
#[utoipa::path(
    tag = "Microsoft.Consumption",
    params(("grain" = String, Query, description = "`daily` or `monthly`."), ("$filter" = Option<String>, Query, description = "From and to which day.")),
    responses((status = 200, body = ListOf<ReservationSummary>))
)]
#[get(
    "/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/providers/Microsoft.Consumption/reservationSummaries"
)]
pub async fn list_summaries_of_order(call: AzureCall<ListReservationSummariesOfOrder>) -> AzureAnswer {
    let (order, asked) = (call.guid("reservationOrderId")?, Asked::summaries(&call, false));
    call.read(move |unit, permit| list_of_path(unit, permit, &order, None, &asked, summary_rows)).await
}

/// List how much of a reservation was used.
///
/// As that of its order.
#[utoipa::path(
    tag = "Microsoft.Consumption",
    params(("grain" = String, Query, description = "`daily` or `monthly`."), ("$filter" = Option<String>, Query, description = "From and to which day.")),
    responses((status = 200, body = ListOf<ReservationSummary>))
)]
#[get(
    "/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/reservations/{reservationId}/providers/Microsoft.Consumption/reservationSummaries"
)]
pub async fn list_summaries(call: AzureCall<ListReservationSummaries>) -> AzureAnswer {
    let (order, id) = (call.guid("reservationOrderId")?, call.guid("reservationId")?);
    let asked = Asked::summaries(&call, false);
    call.read(move |unit, permit| list_of_path(unit, permit, &order, Some(&id), &asked, summary_rows)).await
}

/// List what each instance had of an order's reservations.
///
/// Day by day. `$filter` is required: `properties/usageDate ge 2026-11-01 AND properties/usageDate
/// le 2026-11-30`.
#[utoipa::path(
    tag = "Microsoft.Consumption",
    params(("$filter" = String, Query, description = "From and to which day.")),
    responses((status = 200, body = ListOf<ReservationDetail>))
)]
#[get(
    "/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/providers/Microsoft.Consumption/reservationDetails"
)]
pub async fn list_details_of_order(call: AzureCall<ListReservationDetailsOfOrder>) -> AzureAnswer {
    let (order, asked) = (call.guid("reservationOrderId")?, Asked::details(&call, false));
    call.read(move |unit, permit| list_of_path(unit, permit, &order, None, &asked, detail_rows)).await
}

/// List what each instance had of a reservation.
///
/// As that of its order.
#[utoipa::path(
    tag = "Microsoft.Consumption",
    params(("$filter" = String, Query, description = "From and to which day.")),
    responses((status = 200, body = ListOf<ReservationDetail>))
)]
#[get(
    "/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/reservations/{reservationId}/providers/Microsoft.Consumption/reservationDetails"
)]
pub async fn list_details(call: AzureCall<ListReservationDetails>) -> AzureAnswer {
    let (order, id) = (call.guid("reservationOrderId")?, call.guid("reservationId")?);
    let asked = Asked::details(&call, false);
    call.read(move |unit, permit| list_of_path(unit, permit, &order, Some(&id), &asked, detail_rows)).await
}

/// List how much of a billing account's reservations was used.
///
/// The account is named by the tenant id of the partner or of the customer. `reservationOrderId`,
/// alone or with `reservationId`, narrows the list.
#[utoipa::path(
    tag = "Microsoft.Consumption",
    params(("grain" = String, Query, description = "`daily` or `monthly`."), ("$filter" = Option<String>, Query, description = "From and to which day."),
        ("reservationOrderId" = Option<String>, Query, description = "One order alone."), ("reservationId" = Option<String>, Query, description = "One reservation of that order alone.")),
    responses((status = 200, body = ListOf<ReservationSummary>))
)]
#[get(
    "/providers/Microsoft.Billing/billingAccounts/{billingAccountId}/providers/Microsoft.Consumption/reservationSummaries"
)]
pub async fn list_summaries_of_account(call: AzureCall<ListReservationSummariesOfAccount>) -> AzureAnswer {
    let (account, asked) = (Account::of(&call)?, Asked::summaries(&call, false)?);
    call.read(move |unit, permit| list_of_account(unit, permit, &account, &asked, summary_rows)).await
}

/// List how much of a billing profile's reservations was used.
///
/// The profile is named by the tenant id of the customer, or by its own id. The days may be given
/// by `startDate` and `endDate` instead of `$filter`.
#[utoipa::path(
    tag = "Microsoft.Consumption",
    params(("grain" = String, Query, description = "`daily` or `monthly`."), ("$filter" = Option<String>, Query, description = "From and to which day."),
        ("startDate" = Option<String>, Query, description = "The first day."), ("endDate" = Option<String>, Query, description = "The last day."),
        ("reservationOrderId" = Option<String>, Query, description = "One order alone."), ("reservationId" = Option<String>, Query, description = "One reservation of that order alone.")),
    responses((status = 200, body = ListOf<ReservationSummary>))
)]
#[get(
    "/providers/Microsoft.Billing/billingAccounts/{billingAccountId}/billingProfiles/{billingProfileId}/providers/Microsoft.Consumption/reservationSummaries"
)]
pub async fn list_summaries_of_profile(call: AzureCall<ListReservationSummariesOfProfile>) -> AzureAnswer {
    let (account, asked) = (Account::of(&call)?, Asked::summaries(&call, true)?);
    call.read(move |unit, permit| list_of_account(unit, permit, &account, &asked, summary_rows)).await
}

/// List what each instance had of a billing account's reservations.
///
/// The account is named as for the summaries.
#[utoipa::path(
    tag = "Microsoft.Consumption",
    params(("$filter" = String, Query, description = "From and to which day."),
        ("reservationOrderId" = Option<String>, Query, description = "One order alone."), ("reservationId" = Option<String>, Query, description = "One reservation of that order alone.")),
    responses((status = 200, body = ListOf<ReservationDetail>))
)]
#[get(
    "/providers/Microsoft.Billing/billingAccounts/{billingAccountId}/providers/Microsoft.Consumption/reservationDetails"
)]
pub async fn list_details_of_account(call: AzureCall<ListReservationDetailsOfAccount>) -> AzureAnswer {
    let (account, asked) = (Account::of(&call)?, Asked::details(&call, false)?);
    call.read(move |unit, permit| list_of_account(unit, permit, &account, &asked, detail_rows)).await
}

/// List what each instance had of a billing profile's reservations.
///
/// The profile is named, and the days given, as for the summaries.
#[utoipa::path(
    tag = "Microsoft.Consumption",
    params(("$filter" = Option<String>, Query, description = "From and to which day."),
        ("startDate" = Option<String>, Query, description = "The first day."), ("endDate" = Option<String>, Query, description = "The last day."),
        ("reservationOrderId" = Option<String>, Query, description = "One order alone."), ("reservationId" = Option<String>, Query, description = "One reservation of that order alone.")),
    responses((status = 200, body = ListOf<ReservationDetail>))
)]
#[get(
    "/providers/Microsoft.Billing/billingAccounts/{billingAccountId}/billingProfiles/{billingProfileId}/providers/Microsoft.Consumption/reservationDetails"
)]
pub async fn list_details_of_profile(call: AzureCall<ListReservationDetailsOfProfile>) -> AzureAnswer {
    let (account, asked) = (Account::of(&call)?, Asked::details(&call, true)?);
    call.read(move |unit, permit| list_of_account(unit, permit, &account, &asked, detail_rows)).await
}

/// List the purchases and refunds of a billing account.
///
/// A monthly plan shows each payment that was made. `$filter` is optional: `properties/eventDate ge
/// 2026-11-01 AND properties/eventDate le 2026-11-30`.
#[utoipa::path(
    tag = "Microsoft.Consumption",
    params(("$filter" = Option<String>, Query, description = "From and to which day.")),
    responses((status = 200, body = ListOf<ReservationTransaction>))
)]
#[get(
    "/providers/Microsoft.Billing/billingAccounts/{billingAccountId}/providers/Microsoft.Consumption/reservationTransactions"
)]
pub async fn list_transactions_of_account(call: AzureCall<ListReservationTransactionsOfAccount>) -> AzureAnswer {
    let (account, asked) = (Account::of(&call)?, events(&call)?);
    call.read(move |unit, permit| list_transactions(unit, permit, &account, &asked)).await
}

/// List the purchases and refunds of a billing profile.
///
/// As that of its account.
#[utoipa::path(
    tag = "Microsoft.Consumption",
    params(("$filter" = Option<String>, Query, description = "From and to which day.")),
    responses((status = 200, body = ListOf<ReservationTransaction>))
)]
#[get(
    "/providers/Microsoft.Billing/billingAccounts/{billingAccountId}/billingProfiles/{billingProfileId}/providers/Microsoft.Consumption/reservationTransactions"
)]
pub async fn list_transactions_of_profile(call: AzureCall<ListReservationTransactionsOfProfile>) -> AzureAnswer {
    let (account, asked) = (Account::of(&call)?, events(&call)?);
    call.read(move |unit, permit| list_transactions(unit, permit, &account, &asked)).await
}

/// The days and the page of a list of transactions.
fn events<O: AzureOperation>(call: &AzureCall<O>) -> Result<(Span, Window)> {
    let span = filter::span(call.query.get("$filter"), "eventDate", false)?;
    Ok((span, Window::of(&call.query, call.address(), "$skiptoken", "$top", PAGE)?))
}

type Rows<T> = fn(&mut Unit<'_>, &BillingContext, &Of, &Asked) -> Result<Vec<(Guid, T)>>;

/// What the caller may see is looked for before what is wrong with the parameters is told.
fn list_of_path<T>(
    unit: &mut Unit<'_>,
    permit: &Permit,
    order: &Guid,
    reservation: Option<&Guid>,
    asked: &Result<Asked>,
    rows: Rows<T>,
) -> Result<ListOf<T>> {
    let (context, of) = of_path(unit, permit, order, reservation)?;
    let asked = asked.as_ref().map_err(|error| match error {
        Error::InvalidInput { field, reason } => Error::invalid(field.clone(), reason.clone()),
        other => Error::Internal(other.to_string()),
    })?;
    let rows = rows(unit, &context, &of, asked)?;
    Ok(asked.window.page(rows.into_iter().map(|(_, row)| row).collect()))
}

fn list_of_account<T>(
    unit: &mut Unit<'_>,
    permit: &Permit,
    account: &Account,
    asked: &Asked,
    rows: Rows<T>,
) -> Result<ListOf<T>> {
    let found = account.collect(unit, permit, |unit, context, of| rows(unit, context, of, asked))?;
    Ok(asked.window.page(found))
}

fn list_transactions(
    unit: &mut Unit<'_>,
    permit: &Permit,
    account: &Account,
    (span, window): &(Span, Window),
) -> Result<ListOf<ReservationTransaction>> {
    let mut found = Vec::new();
    for order in account.orders(unit, permit)? {
        found.extend(transactions::of_order(unit, &order.order, &order.reservations, *span)?);
    }
    found.sort_by(|one, other| (one.at, &one.key).cmp(&(other.at, &other.key)));
    let scope = match &account.profile {
        Some(profile) => format!("{}/billingProfiles/{profile}", account.account),
        None => account.account.clone(),
    };
    let rows = found.into_iter().map(|one| transaction(one, &scope));
    Ok(window.page(rows.collect()))
}

/// Whose figures they are and of when, as ids and names say it.
fn named(order: &Guid, reservation: &Guid, date: NaiveDate, list: &str) -> (String, String) {
    let day = date.format("%Y%m%d");
    let scope = crate::azure::ids::reservation_id(order, reservation);
    let id = format!("{}/providers/Microsoft.Consumption/{list}/{day}", scope.trim_start_matches('/'));
    (id, format!("{order}_{reservation}_{day}"))
}

fn midnight(date: NaiveDate) -> String {
    format!("{date}T00:00:00Z")
}

fn summary_rows(
    unit: &mut Unit<'_>,
    context: &BillingContext,
    of: &Of,
    asked: &Asked,
) -> Result<Vec<(Guid, ReservationSummary)>> {
    let rows = summaries(unit, context, of, asked.span, asked.grain)?;
    Ok(rows.into_iter().map(|row| (row.reservation_order_id.clone(), summary(row))).collect())
}

fn summary(row: Summary) -> ReservationSummary {
    let (id, name) = named(&row.reservation_order_id, &row.reservation_id, row.date, "reservationSummaries");
    ReservationSummary {
        id,
        name,
        kind: "Microsoft.Consumption/reservationSummaries",
        tags: BTreeMap::new(),
        properties: ReservationSummaryProperties {
            reservation_order_id: row.reservation_order_id.to_string(),
            reservation_id: row.reservation_id.to_string(),
            sku_name: row.sku_name,
            kind: "Reservation",
            reserved_hours: row.reserved_hours,
            usage_date: midnight(row.date),
            used_hours: row.used_hours,
            min_utilization_percentage: row.least,
            avg_utilization_percentage: row.average,
            max_utilization_percentage: row.most,
            purchased_quantity: row.quantity,
            remaining_quantity: row.remaining_quantity,
            total_reserved_quantity: row.quantity,
            used_quantity: row.used_quantity,
            utilized_percentage: row.average,
        },
    }
}

fn detail_rows(
    unit: &mut Unit<'_>,
    context: &BillingContext,
    of: &Of,
    asked: &Asked,
) -> Result<Vec<(Guid, ReservationDetail)>> {
    let rows = details(unit, context, of, asked.span)?;
    Ok(rows.into_iter().map(|row| (row.reservation_order_id.clone(), detail(row))).collect())
}

fn detail(row: Detail) -> ReservationDetail {
    let (id, name) = named(&row.reservation_order_id, &row.reservation_id, row.date, "reservationDetails");
    ReservationDetail {
        id,
        name,
        kind: "Microsoft.Consumption/reservationDetails",
        tags: BTreeMap::new(),
        properties: ReservationDetailProperties {
            reservation_order_id: row.reservation_order_id.to_string(),
            reservation_id: row.reservation_id.to_string(),
            usage_date: midnight(row.date),
            sku_name: row.sku_name,
            instance_id: row.instance_id,
            total_reserved_quantity: row.quantity,
            reserved_hours: row.reserved_hours,
            used_hours: row.used_hours,
            instance_flexibility_group: row.flexibility_group,
            instance_flexibility_ratio: row.flexibility_ratio,
            kind: "Reservation",
        },
    }
}

fn transaction(row: transactions::Transaction, scope: &str) -> ReservationTransaction {
    ReservationTransaction {
        id: format!(
            "providers/Microsoft.Billing/billingAccounts/{scope}/providers/Microsoft.Consumption/reservationTransactions/{}",
            row.key
        ),
        name: row.key,
        kind: "Microsoft.Consumption/reservationTransactions",
        tags: BTreeMap::new(),
        properties: ReservationTransactionProperties {
            event_date: row.at,
            event_type: if row.is_refund { "Refund" } else { "Purchase" },
            reservation_order_id: row.reservation_order_id.to_string(),
            reservation_order_name: row.name,
            description: row.description,
            quantity: row.quantity,
            amount: Number(row.amount.to_decimal()),
            currency: row.amount.currency.code().to_owned(),
            term: row.term,
            region: row.region,
            arm_sku_name: row.arm_sku_name,
            billing_frequency: if row.is_recurring { "Recurring" } else { "OneTime" },
            purchasing_subscription_guid: row.subscription_id.to_string(),
            purchasing_subscription_name: row.subscription_name,
            billing_month: row.billing_month,
        },
    }
}
