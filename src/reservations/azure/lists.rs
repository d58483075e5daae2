//! The list of all reservations, and which orders apply to a subscription.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use actix_web::get;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{CAPACITY, MOST_ROWS};
use crate::access::short;
use crate::azure::{AzureAnswer, AzureCall, Comparison, Filter, ListOf, Window, ids};
use crate::db::Unit;
use crate::error::{Error, Result};
use crate::ids::Guid;
use crate::permissions::azure::*;
use crate::reservations::repo;
use crate::reservations::{ProvisioningState, Reservation, ReservationResource, Scope};
use crate::usage::azure::UtilizationResource;
use crate::usage::{self, BillingContext};

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
        for found in permit.orders(unit)? {
            let context = BillingContext::of(&found.order);
            for one in &found.reservations {
                let mut shown = ReservationResource::new(&found.order, one, unit.now)?;
                shown.name = format!("{}/{}", found.order.id, one.id);
                let shown = serde_json::to_value(&shown)?;
                if filter.as_ref().is_none_or(|filter| filter.admits(&|field, _, value| equals(&shown, field, value))) {
                    all.push(Listed { shown, id: one.id.clone(), context: context.clone() });
                }
            }
        }
        let summary = with_summary.then(|| summary_of(&all));
        if let Some(state) = &state {
            all.retain(|one| equals(&one.shown, "properties/provisioningState", state));
        }
        for (field, descending) in order_by.iter().rev() {
            all.sort_by(|one, other| {
                let order = compare(field_of(&one.shown, field), field_of(&other.shown, field));
                if *descending { order.reverse() } else { order }
            });
        }
        let page = window.page(all);
        let value = with_utilization(unit, page.value)?;
        Ok(ReservationsPage { value, summary, next_link: page.next_link })
    })
    .await
}

/// A reservation in the list of all.
struct Listed {
    shown: Value,
    id: Guid,
    context: BillingContext,
}

/// How much of each reservation was used. It is worked out for what is shown only: it is dear.
fn with_utilization(unit: &mut Unit<'_>, page: Vec<Listed>) -> Result<Vec<Value>> {
    let mut known = HashMap::new();
    let mut all = Vec::with_capacity(page.len());
    for Listed { mut shown, id, context } in page {
        let used = match known.entry(context) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let context = new.key().clone();
                new.insert(usage::utilization(unit, &context, &usage::Of::All)?)
            }
        };
        if let Some(properties) = shown.get_mut("properties").and_then(Value::as_object_mut) {
            let used = UtilizationResource::new(used.get(&id));
            properties.insert("utilization".to_owned(), serde_json::to_value(used)?);
        }
        all.push(shown);
    }
    Ok(all)
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

fn summary_of(all: &[Listed]) -> ReservationSummary {
    let of =
        |state: &str| all.iter().filter(|one| equals(&one.shown, "properties/displayProvisioningState", state)).count();
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
