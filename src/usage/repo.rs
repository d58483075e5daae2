//! Queries on use and on what was covered of it. Everything is found by billing context, so that
//! nothing of another customer or another partner ever is.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use super::benefit::{Hour, Interval, Reach, Weights};
use super::{BillingContext, History};
use crate::catalog::{PriceRow, Size, rules::assumed_size};
use crate::db::schema::{
    azure_subscriptions, benefit_days, price_rows, reservation_orders, reservations as reservation_rows, sizes,
    usage_days,
};
use crate::db::{Conn, JsonText, Moment};
use crate::error::Result;
use crate::ids::Guid;
use crate::reservations::{self, ProvisioningState, Reservation, ReservationOrder, Scope};

/// The use of one day, subscription and region.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = usage_days)]
pub struct UsageDay {
    /// `YYYY-MM-DD`.
    pub usage_date: String,
    /// The Azure subscription.
    pub subscription_id: Guid,
    /// The region, lower case.
    pub arm_region_name: String,
    /// The partner of the subscription.
    pub partner_id: Guid,
    /// The customer of the subscription.
    pub customer_id: Guid,
    /// [`super::UsedSizes`].
    pub used: JsonText,
    /// When it was recorded, and the benefit of the day with it.
    pub recorded_at: Moment,
}

/// What was used of one reservation on one day.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = benefit_days)]
pub struct BenefitDay {
    /// The reservation.
    pub reservation_id: Guid,
    /// `YYYY-MM-DD`.
    pub usage_date: String,
    /// The partner that sold it.
    pub partner_id: Guid,
    /// The customer that has it.
    pub customer_id: Guid,
    /// The region, lower case.
    pub arm_region_name: String,
    /// [`super::Used`].
    pub used: JsonText,
}

/// So many ids are asked about in one query.
const AT_ONCE: usize = 500;

/// A day as it is kept: text that sorts.
fn text(date: NaiveDate) -> String {
    date.format("%Y-%m-%d").to_string()
}

/// The billing context of each of these Azure subscriptions; unknown ones are left out.
///
/// # Errors
/// Those of the database.
pub fn contexts(conn: &mut Conn, subscriptions: &[Guid]) -> Result<HashMap<Guid, BillingContext>> {
    let mut found = HashMap::with_capacity(subscriptions.len());
    for id in subscriptions {
        let row: Option<(Guid, Guid)> = azure_subscriptions::table
            .find(id)
            .select((azure_subscriptions::partner_id, azure_subscriptions::customer_id))
            .first(conn)
            .optional()?;
        if let Some((partner_id, customer_id)) = row {
            found.insert(id.clone(), BillingContext { partner_id, customer_id });
        }
    }
    Ok(found)
}

/// The use of one day, subscription and region.
///
/// # Errors
/// Those of the database.
pub fn usage_day(conn: &mut Conn, date: NaiveDate, subscription: &Guid, region: &str) -> Result<Option<UsageDay>> {
    Ok(usage_days::table
        .find((text(date), subscription, region))
        .select(UsageDay::as_select())
        .first(conn)
        .optional()?)
}

/// Keeps the use of a day, replacing what was there.
///
/// # Errors
/// Those of the database.
pub fn keep_usage_day(conn: &mut Conn, day: &UsageDay) -> Result<()> {
    let known = usage_days::table.find((&day.usage_date, &day.subscription_id, &day.arm_region_name));
    if diesel::update(known)
        .set((usage_days::used.eq(&day.used), usage_days::recorded_at.eq(day.recorded_at)))
        .execute(conn)?
        == 0
    {
        diesel::insert_into(usage_days::table).values(day).execute(conn)?;
    }
    Ok(())
}

impl UsageDay {
    /// A day that is not kept yet.
    pub fn new(
        context: &BillingContext,
        date: NaiveDate,
        subscription: &Guid,
        region: &str,
        used: JsonText,
        now: Moment,
    ) -> Self {
        Self {
            usage_date: text(date),
            subscription_id: subscription.clone(),
            arm_region_name: region.to_owned(),
            partner_id: context.partner_id.clone(),
            customer_id: context.customer_id.clone(),
            used,
            recorded_at: now,
        }
    }
}

/// The use of one day and region in the whole billing context, by subscription.
///
/// # Errors
/// Those of the database.
pub fn usage_of_day(conn: &mut Conn, context: &BillingContext, date: NaiveDate, region: &str) -> Result<Vec<UsageDay>> {
    Ok(usage_days::table
        .filter(usage_days::customer_id.eq(&context.customer_id).and(usage_days::partner_id.eq(&context.partner_id)))
        .filter(usage_days::usage_date.eq(text(date)).and(usage_days::arm_region_name.eq(region)))
        .order(usage_days::subscription_id)
        .select(UsageDay::as_select())
        .load(conn)?)
}

/// The days and regions of which there is use, each with the instant at which the last of it was
/// recorded; in order.
///
/// # Errors
/// Those of the database.
pub fn recorded(
    conn: &mut Conn,
    context: &BillingContext,
    first: NaiveDate,
    last: NaiveDate,
) -> Result<Vec<(NaiveDate, String, Moment)>> {
    let rows: Vec<(String, String, Moment)> = usage_days::table
        .filter(usage_days::customer_id.eq(&context.customer_id).and(usage_days::partner_id.eq(&context.partner_id)))
        .filter(usage_days::usage_date.between(text(first), text(last)))
        .order((usage_days::usage_date, usage_days::arm_region_name, usage_days::recorded_at.desc()))
        .select((usage_days::usage_date, usage_days::arm_region_name, usage_days::recorded_at))
        .load(conn)?;
    let mut days: Vec<(NaiveDate, String, Moment)> =
        rows.into_iter().filter_map(|(date, region, at)| Some((date.parse().ok()?, region, at))).collect();
    days.dedup_by(|next, last| (next.0, &next.1) == (last.0, &last.1));
    Ok(days)
}

/// Whether there is any use in these days.
///
/// # Errors
/// Those of the database.
pub fn is_any_recorded(conn: &mut Conn, context: &BillingContext, first: NaiveDate, last: NaiveDate) -> Result<bool> {
    let found: Option<String> = usage_days::table
        .filter(usage_days::customer_id.eq(&context.customer_id).and(usage_days::partner_id.eq(&context.partner_id)))
        .filter(usage_days::usage_date.between(text(first), text(last)))
        .select(usage_days::usage_date)
        .first(conn)
        .optional()?;
    Ok(found.is_some())
}

/// What was used of the context's reservations, by reservation and day; of one alone where that is
/// asked for.
///
/// # Errors
/// Those of the database.
pub fn benefit(
    conn: &mut Conn,
    context: &BillingContext,
    reservation: Option<&Guid>,
    first: NaiveDate,
    last: NaiveDate,
) -> Result<Vec<BenefitDay>> {
    let mut query = benefit_days::table
        .filter(
            benefit_days::customer_id.eq(&context.customer_id).and(benefit_days::partner_id.eq(&context.partner_id)),
        )
        .filter(benefit_days::usage_date.between(text(first), text(last)))
        .select(BenefitDay::as_select())
        .into_boxed();
    if let Some(id) = reservation {
        query = query.filter(benefit_days::reservation_id.eq(id));
    }
    Ok(query.load(conn)?)
}

/// Replaces what was used of the context's reservations of a region on a day.
///
/// # Errors
/// Those of the database.
pub fn replace_benefit(
    conn: &mut Conn,
    context: &BillingContext,
    date: NaiveDate,
    region: &str,
    used: &[(Guid, super::Used)],
) -> Result<()> {
    diesel::delete(
        benefit_days::table
            .filter(benefit_days::customer_id.eq(&context.customer_id))
            .filter(benefit_days::partner_id.eq(&context.partner_id))
            .filter(benefit_days::usage_date.eq(text(date)).and(benefit_days::arm_region_name.eq(region))),
    )
    .execute(conn)?;
    for (reservation_id, used) in used {
        let row = BenefitDay {
            reservation_id: reservation_id.clone(),
            usage_date: text(date),
            partner_id: context.partner_id.clone(),
            customer_id: context.customer_id.clone(),
            arm_region_name: region.to_owned(),
            used: JsonText::of(used)?,
        };
        diesel::insert_into(benefit_days::table).values(&row).execute(conn)?;
    }
    Ok(())
}

/// The weights of all sizes that the catalogue describes, and of those among `names` that it only
/// has a price of.
///
/// # Errors
/// Those of the database.
pub fn weights(conn: &mut Conn, names: &[String]) -> Result<Weights> {
    let mut weights = Weights::default();
    let known: Vec<Size> = sizes::table.select(Size::as_select()).load(conn)?;
    for size in &known {
        weights.insert(&size.arm_sku_name, &size.flexibility_group, &size.flexibility_ratio);
    }
    for name in names.iter().filter(|name| !weights.knows(name)).cloned().collect::<Vec<_>>() {
        let priced: Option<PriceRow> = price_rows::table
            .filter(price_rows::arm_sku_name.eq(&name))
            .order((price_rows::effective_start.desc(), price_rows::id))
            .select(PriceRow::as_select())
            .first(conn)
            .optional()?;
        if let Some(size) = priced.as_ref().map(assumed_size) {
            weights.insert(&size.arm_sku_name, &size.flexibility_group, &size.flexibility_ratio);
        }
    }
    Ok(weights)
}

/// How the context's reservations stood over time.
///
/// # Errors
/// Those of the database.
pub fn history(conn: &mut Conn, context: &BillingContext) -> Result<History> {
    let rows: Vec<(ReservationOrder, Reservation)> = reservation_orders::table
        .inner_join(reservation_rows::table.on(reservation_rows::reservation_order_id.eq(reservation_orders::id)))
        .filter(reservation_orders::customer_id.eq(&context.customer_id))
        .filter(reservation_orders::partner_id.eq(&context.partner_id))
        .order(reservation_rows::id)
        .select((ReservationOrder::as_select(), Reservation::as_select()))
        .load(conn)?;
    let ids: Vec<&Guid> = rows.iter().map(|(_, reservation)| &reservation.id).collect();
    let mut revisions = HashMap::<Guid, Vec<Reservation>>::new();
    for ids in ids.chunks(AT_ONCE) {
        for revision in reservations::repo::revisions_of(conn, ids)? {
            revisions.entry(revision.id.clone()).or_default().push(revision);
        }
    }
    let mut history = History::default();
    for (order, reservation) in rows {
        let stages = revisions.remove(&reservation.id).unwrap_or_else(|| vec![reservation]);
        let mut stages = stages.into_iter().peekable();
        while let Some(stage) = stages.next() {
            history.changes.push(stage.effective_at);
            let until = stages.peek().map_or(order.expires_at, |next| next.effective_at.min(order.expires_at));
            let (from, to) = (Hour::of(stage.effective_at), Hour::of(until));
            if stage.state == ProvisioningState::Succeeded && from < to {
                history.intervals.push(Interval {
                    from,
                    to,
                    since: order.purchased_at,
                    quantity: u64::try_from(stage.quantity).unwrap_or(0),
                    arm_region_name: stage.arm_region_name.to_lowercase(),
                    reach: reach(stage.scope()),
                    flexible: stage.flexible,
                    reservation_id: stage.id,
                    reservation_order_id: order.id.clone(),
                    arm_sku_name: stage.arm_sku_name,
                });
            }
        }
    }
    Ok(history)
}

/// Management groups are not kept: one stands for all the subscriptions of the context.
fn reach(scope: Scope) -> Reach {
    match scope {
        Scope::ResourceGroup(subscription, group) => Reach::ResourceGroup(subscription, group.to_lowercase()),
        Scope::Single(subscription) => Reach::Subscription(subscription),
        Scope::ManagementGroup(_) => Reach::ManagementGroup,
        Scope::Shared => Reach::Shared,
    }
}
