//! Use of virtual machines, and what reservations cover of it. Use is recorded a day at a time and
//! the benefit of the day is worked out with it, hour by hour, from how the reservations stood in
//! each hour: what is done to a reservation later changes no hour before.

pub mod azure;
pub mod batch;
pub mod benefit;
mod filter;
pub mod import;
pub mod repo;
pub mod rules;
mod transactions;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{Datelike, Days, NaiveDate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::db::{Db, JsonText, Moment, Unit};
use crate::error::{Error, Result};
use crate::http::Number;
use crate::ids::Guid;
use crate::reservations::ReservationOrder;
use crate::text_enum;
use batch::{Batch, Instance, Said};
use benefit::{Cell, Covered, Hour, Hours, Interval, MILLION, NOTHING, Weights};
use repo::UsageDay;
use rules::Figures;

/// A customer as one partner's: what a shared scope reaches (rule P12).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BillingContext {
    /// The partner.
    pub partner_id: Guid,
    /// Its customer.
    pub customer_id: Guid,
}

impl BillingContext {
    /// That of a reservation order.
    pub fn of(order: &ReservationOrder) -> Self {
        Self { partner_id: order.partner_id.clone(), customer_id: order.customer_id.clone() }
    }
}

/// How the reservations of a billing context stood over time.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Each for as long as nothing of it changed; one reservation's in order of time.
    pub intervals: Vec<Interval>,
    /// When anything changed.
    pub changes: Vec<Moment>,
}

impl History {
    /// Whether a day's hours were changed after an instant.
    fn has_changed(&self, day: NaiveDate, since: Moment) -> bool {
        let end = Hour::end_of(day);
        self.changes.iter().any(|change| *change >= since && Hour::of(*change) < end)
    }
}

/// Use of one size in one resource group on one day, as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UsedSize {
    /// Lower case.
    resource_group: String,
    /// As it was written.
    size: String,
    /// Each instance's id, and its use in millionths as runs of equal hours; ordered by id.
    instances: Vec<(String, Vec<(u8, u64)>)>,
}

/// What was used of a reservation on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// The weight of the reserved size when it was worked out, in millionths.
    ratio: u64,
    /// Units in each hour.
    hours: Hours,
}

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many lines are read.
    Read(u64),
    /// Of so many days the first so many are recorded.
    Recorded {
        /// Days done.
        days: usize,
        /// Days there are.
        of: usize,
    },
}

/// What was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// Rows taken.
    pub rows: u64,
    /// Days they spoke of.
    pub days: usize,
}

/// Records what a file says. Nothing of a file with a bad row is kept; then each day is one
/// transaction. What a file says of an instance and an hour replaces what was said before, so a
/// file can be imported again.
///
/// # Errors
/// [`Error::InvalidInput`] names the line and the member at fault; those of the database.
pub fn import(db: &Db, file: impl std::io::BufRead, mut progress: impl FnMut(Progress)) -> Result<Recorded> {
    let batch = std::sync::Arc::new(import::read(file, |lines| progress(Progress::Read(lines)))?);
    let contexts = std::sync::Arc::new(db.read_now(|unit| known_contexts(unit, &batch))?);
    let dates: Vec<NaiveDate> = batch.dates().collect();
    for (date, days) in dates.iter().zip(1..) {
        let (date, batch, contexts) = (*date, batch.clone(), contexts.clone());
        db.write_now("record usage", move |unit| record_day(unit, &batch, date, &contexts))?;
        progress(Progress::Recorded { days, of: dates.len() });
    }
    Ok(Recorded { rows: batch.rows(), days: dates.len() })
}

/// Records what was gathered, in this unit of work.
///
/// # Errors
/// [`Error::InvalidInput`] names the row whose subscription is not known; those of the database.
pub fn record(unit: &mut Unit<'_>, batch: &Batch) -> Result<Recorded> {
    let contexts = known_contexts(unit, batch)?;
    for date in batch.dates() {
        record_day(unit, batch, date, &contexts)?;
    }
    Ok(Recorded { rows: batch.rows(), days: batch.dates().count() })
}

fn known_contexts(unit: &mut Unit<'_>, batch: &Batch) -> Result<HashMap<Guid, BillingContext>> {
    let contexts = repo::contexts(unit.conn, &batch.subscriptions())?;
    batch.check_subscriptions(|subscription| contexts.contains_key(subscription))?;
    Ok(contexts)
}

fn record_day(
    unit: &mut Unit<'_>,
    batch: &Batch,
    date: NaiveDate,
    contexts: &HashMap<Guid, BillingContext>,
) -> Result<()> {
    let mut places = BTreeMap::<(&Guid, &str), Vec<(&Instance, &Said)>>::new();
    for (instance, said) in batch.of_day(date) {
        places.entry((&instance.subscription, &instance.region)).or_default().push((instance, said));
    }
    let mut touched = BTreeSet::new();
    for ((subscription, region), said) in places {
        let context = contexts
            .get(subscription)
            .ok_or_else(|| Error::Internal(format!("usage: the subscription {subscription} was not looked up")))?;
        let known = repo::usage_day(unit.conn, date, subscription, region)?;
        let known: Vec<UsedSize> = known.map(|day| day.used.read()).transpose()?.unwrap_or_default();
        let used = JsonText::of(&merged(known, &said))?;
        let day = UsageDay::new(context, date, subscription, region, used, unit.now);
        repo::keep_usage_day(unit.conn, &day)?;
        touched.insert((context, region));
    }
    for (context, region) in touched {
        let history = repo::history(unit.conn, context)?;
        let day = WorkedDay::new(unit, context, &history, date, region)?;
        repo::replace_benefit(unit.conn, context, date, region, &day.used())?;
    }
    Ok(())
}

/// What is kept of a day when more is said of it.
fn merged(known: Vec<UsedSize>, said: &[(&Instance, &Said)]) -> Vec<UsedSize> {
    type Instances = BTreeMap<String, (String, [u64; 24])>;
    let mut sizes = BTreeMap::<(String, String), (String, Instances)>::new();
    for UsedSize { resource_group, size, instances } in known {
        let instances = instances.into_iter().map(|(id, runs)| (id.to_lowercase(), (id, by_hour(&runs))));
        sizes.insert((resource_group, size.to_lowercase()), (size, instances.collect()));
    }
    for (instance, said) in said {
        let (_, instances) = sizes
            .entry((instance.resource_group.clone(), instance.size.to_lowercase()))
            .or_insert_with(|| (instance.size.clone(), Instances::new()));
        let (_, hours) = instances.entry(instance.id.to_lowercase()).or_insert_with(|| (instance.id.clone(), [0; 24]));
        for (hour, said) in hours.iter_mut().zip(*said) {
            *hour = said.unwrap_or(*hour);
        }
    }
    let kept = sizes.into_iter().map(|((resource_group, _), (size, instances))| UsedSize {
        resource_group,
        size,
        instances: instances
            .into_values()
            .filter(|(_, hours)| *hours != [0; 24])
            .map(|(id, hours)| (id, runs(&hours)))
            .collect(),
    });
    kept.filter(|size| !size.instances.is_empty()).collect()
}

fn runs(hours: &[u64; 24]) -> Vec<(u8, u64)> {
    let mut runs: Vec<(u8, u64)> = Vec::new();
    for hour in hours {
        match runs.last_mut() {
            Some((length, used)) if used == hour => *length = length.saturating_add(1),
            _ => runs.push((1, *hour)),
        }
    }
    runs
}

fn by_hour(runs: &[(u8, u64)]) -> [u64; 24] {
    let mut hours = [0; 24];
    let expanded = runs.iter().flat_map(|(length, used)| std::iter::repeat_n(*used, usize::from(*length)));
    hours.iter_mut().zip(expanded).for_each(|(hour, used)| *hour = used);
    hours
}

/// One day of one region of a billing context, with the reservations applied to it.
struct WorkedDay {
    intervals: Vec<Interval>,
    sizes: Vec<UsedSize>,
    cells: Vec<Cell>,
    weights: Weights,
    covered: Vec<Covered>,
}

impl WorkedDay {
    fn new(
        unit: &mut Unit<'_>,
        context: &BillingContext,
        history: &History,
        date: NaiveDate,
        region: &str,
    ) -> Result<Self> {
        let (first, end) = (Hour::first_of(date), Hour::end_of(date));
        let holds =
            |interval: &&Interval| interval.arm_region_name == region && interval.from < end && interval.to > first;
        let intervals: Vec<Interval> = history.intervals.iter().filter(holds).cloned().collect();
        let (mut sizes, mut cells) = (Vec::new(), Vec::new());
        for day in repo::usage_of_day(unit.conn, context, date, region)? {
            for size in day.used.read::<Vec<UsedSize>>()? {
                cells.push(Cell {
                    subscription: day.subscription_id.clone(),
                    resource_group: size.resource_group.clone(),
                    size: size.size.to_lowercase(),
                    used: size.total(),
                });
                sizes.push(size);
            }
        }
        let names: BTreeSet<&str> = sizes.iter().map(|size| size.size.as_str()).collect();
        let reserved = intervals.iter().map(|interval| interval.arm_sku_name.as_str());
        let names: Vec<String> = names.into_iter().chain(reserved).map(str::to_owned).collect();
        let weights = repo::weights(unit.conn, &names)?;
        let covered = benefit::apply(date, &intervals, &cells, &weights);
        Ok(Self { intervals, sizes, cells, weights, covered })
    }

    /// What was used of each reservation.
    fn used(&self) -> Vec<(Guid, Used)> {
        let mut used = BTreeMap::<&Guid, Used>::new();
        for covered in &self.covered {
            let Some(interval) = self.intervals.get(covered.interval) else { continue };
            let ratio = self.weights.of(&interval.arm_sku_name).ratio;
            let total = used.entry(&interval.reservation_id).or_insert(Used { ratio, hours: NOTHING });
            benefit::add(&mut total.hours, &covered.units);
        }
        used.into_iter().map(|(id, used)| (id.clone(), used)).collect()
    }

    /// What each instance had of each wanted reservation: interval, place of the size and of the
    /// instance in it, units.
    fn shares(&self, wanted: &dyn Fn(&Interval) -> bool) -> Vec<(&Interval, &Cell, &UsedSize, &str, u128)> {
        let mut of_cell = BTreeMap::<usize, Vec<&Covered>>::new();
        for covered in &self.covered {
            of_cell.entry(covered.cell).or_default().push(covered);
        }
        let interval = |covered: &Covered| self.intervals.get(covered.interval);
        let mut shares = Vec::new();
        for (place, covered) in of_cell {
            if !covered.iter().filter_map(|covered| interval(covered)).any(wanted) {
                continue;
            }
            let (Some(cell), Some(size)) = (self.cells.get(place), self.sizes.get(place)) else { continue };
            let hours: Vec<Hours> = size.instances.iter().map(|(_, runs)| by_hour(runs).map(u128::from)).collect();
            for share in benefit::spread(&covered, &hours, self.weights.of(&cell.size).ratio) {
                let interval = covered.get(share.covered).and_then(|covered| interval(covered));
                let instance = size.instances.get(share.instance);
                if let (Some(interval), Some((id, _))) = (interval.filter(|interval| wanted(interval)), instance) {
                    shares.push((interval, cell, size, id.as_str(), share.units));
                }
            }
        }
        shares
    }
}

impl UsedSize {
    fn total(&self) -> Hours {
        let mut total = NOTHING;
        for (_, runs) in &self.instances {
            benefit::add(&mut total, &by_hour(runs).map(u128::from));
        }
        total
    }
}

/// Which reservations are asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    /// All of the billing context.
    All,
    /// Those of one order.
    Order(Guid),
    /// One reservation of one order.
    Reservation(Guid, Guid),
}

impl Of {
    fn is(&self, interval: &Interval) -> bool {
        match self {
            Self::All => true,
            Self::Order(order) => interval.reservation_order_id == *order,
            Self::Reservation(order, id) => interval.reservation_order_id == *order && interval.reservation_id == *id,
        }
    }

    fn reservation(&self) -> Option<&Guid> {
        match self {
            Self::Reservation(_, id) => Some(id),
            Self::All | Self::Order(_) => None,
        }
    }
}

/// A span of days, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first day.
    pub first: NaiveDate,
    /// The last day.
    pub last: NaiveDate,
}

text_enum! {
    /// Over what a summary sums up.
    Grain {
        /// A day.
        Daily = "daily",
        /// A calendar month.
        Monthly = "monthly",
    }
}

/// One reservation on one day.
struct ReservationDay<'a> {
    /// As it stood last.
    interval: &'a Interval,
    date: NaiveDate,
    ratio: u64,
    reserved: Hours,
    used: Hours,
}

/// The days of the wanted reservations on which they were in force: up to today, and later ones
/// that use was already recorded of.
fn days<'a>(
    unit: &mut Unit<'_>,
    context: &BillingContext,
    history: &'a History,
    of: &Of,
    span: Span,
) -> Result<Vec<ReservationDay<'a>>> {
    let mut used = HashMap::<(Guid, NaiveDate), Used>::new();
    for day in repo::benefit(unit.conn, context, of.reservation(), span.first, span.last)? {
        if let Ok(date) = day.usage_date.parse() {
            used.insert((day.reservation_id, date), day.used.read()?);
        }
    }
    let today = unit.now.utc().date_naive();
    let mut last = today;
    for (date, region, recorded_at) in repo::recorded(unit.conn, context, span.first, span.last)? {
        last = last.max(date);
        // Only a day that was recorded before it was over can have been changed since.
        if Hour::of(recorded_at) < Hour::end_of(date) && history.has_changed(date, recorded_at) {
            let in_region: BTreeSet<&Guid> = history
                .intervals
                .iter()
                .filter(|interval| interval.arm_region_name == region)
                .map(|interval| &interval.reservation_id)
                .collect();
            used.retain(|(id, day), _| *day != date || !in_region.contains(id));
            let day = WorkedDay::new(unit, context, history, date, &region)?;
            used.extend(day.used().into_iter().map(|(id, used)| ((id, date), used)));
        }
    }
    let last = last.min(span.last);
    let wanted: Vec<&Interval> = history.intervals.iter().filter(|interval| of.is(interval)).collect();
    let names: BTreeSet<&str> = wanted.iter().map(|interval| interval.arm_sku_name.as_str()).collect();
    let weights = repo::weights(unit.conn, &names.into_iter().map(str::to_owned).collect::<Vec<_>>())?;
    let mut days = Vec::new();
    for stages in wanted.chunk_by(|one, next| one.reservation_id == next.reservation_id) {
        let begin = stages.iter().map(|interval| interval.from).min().unwrap_or(Hour(i64::MAX));
        let end = stages.iter().map(|interval| interval.to).max().unwrap_or(Hour(i64::MIN));
        let in_force = span.first.iter_days().take_while(|date| *date <= last && Hour::first_of(*date) < end);
        for date in in_force.skip_while(|date| Hour::end_of(*date) <= begin) {
            let mut reserved = NOTHING;
            let mut latest = None;
            for interval in stages {
                let ratio = weights.of(&interval.arm_sku_name).ratio;
                let hours = interval.reserved(date, ratio);
                if hours != NOTHING {
                    benefit::add(&mut reserved, &hours);
                    latest = Some((*interval, ratio));
                }
            }
            let Some((interval, ratio)) = latest else { continue };
            let used = used.get(&(interval.reservation_id.clone(), date)).map_or(NOTHING, |used| used.at(ratio));
            days.push(ReservationDay { interval, date, ratio, reserved, used });
        }
    }
    Ok(days)
}

impl Used {
    /// The hours in units of another ratio (the catalogue may have changed).
    fn at(&self, ratio: u64) -> Hours {
        if self.ratio == ratio {
            return self.hours;
        }
        let (new, old) = (u128::from(ratio), u128::from(self.ratio.max(1)));
        self.hours.map(|units| units.saturating_mul(new).checked_div(old).unwrap_or(0))
    }
}

/// What was reserved and used of one reservation in a day or a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The reservation.
    pub reservation_id: Guid,
    /// The order that holds it.
    pub reservation_order_id: Guid,
    /// The reserved size.
    pub sku_name: String,
    /// The day, or the first of the month.
    pub date: NaiveDate,
    /// Instances reserved.
    pub quantity: u64,
    /// Hours reserved, over all instances.
    pub reserved_hours: Number,
    /// Hours used, of the reserved size.
    pub used_hours: Number,
    /// Used of reserved, in percent.
    pub average: Number,
    /// That of the hour which was used least.
    pub least: Number,
    /// That of the hour which was used most.
    pub most: Number,
    /// Instances used on average.
    pub used_quantity: Number,
    /// Instances left unused on average.
    pub remaining_quantity: Number,
}

/// Sums up the wanted reservations day by day or month by month, by reservation and then by date.
/// A month counts only the days within the span.
///
/// # Errors
/// Those of the database.
pub fn summaries(
    unit: &mut Unit<'_>,
    context: &BillingContext,
    of: &Of,
    span: Span,
    grain: Grain,
) -> Result<Vec<Summary>> {
    let history = repo::history(unit.conn, context)?;
    let days = days(unit, context, &history, of, span)?;
    let begin = |date: NaiveDate| match grain {
        Grain::Daily => date,
        Grain::Monthly => date.with_day(1).unwrap_or(date),
    };
    let together = |one: &ReservationDay<'_>, next: &ReservationDay<'_>| {
        one.interval.reservation_id == next.interval.reservation_id && begin(one.date) == begin(next.date)
    };
    let summaries = days.chunk_by(together).filter_map(|days| {
        let last = days.last()?;
        let figures = figures(days.iter());
        let [average, least, most] = figures.percentages();
        Some(Summary {
            reservation_id: last.interval.reservation_id.clone(),
            reservation_order_id: last.interval.reservation_order_id.clone(),
            sku_name: last.interval.arm_sku_name.clone(),
            date: begin(last.date),
            quantity: last.interval.quantity,
            reserved_hours: rules::hours(figures.reserved, last.ratio),
            used_hours: rules::hours(figures.used, last.ratio),
            average,
            least,
            most,
            used_quantity: figures.used_instances(last.ratio),
            remaining_quantity: figures.unused_instances(last.ratio),
        })
    });
    Ok(summaries.collect())
}

fn figures<'a>(days: impl Iterator<Item = &'a ReservationDay<'a>>) -> Figures {
    let mut figures = Figures::default();
    days.for_each(|day| figures.count(&day.reserved, &day.used));
    figures
}

/// What one instance had of one reservation on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// The reservation.
    pub reservation_id: Guid,
    /// The order that holds it.
    pub reservation_order_id: Guid,
    /// The day.
    pub date: NaiveDate,
    /// The size of the instance.
    pub sku_name: String,
    /// The instance, as it was reported; the resource group's id where none was named.
    pub instance_id: String,
    /// Instances reserved.
    pub quantity: u64,
    /// Hours reserved that day, over all instances.
    pub reserved_hours: Number,
    /// Hours of this instance that were covered.
    pub used_hours: Number,
    /// The group of the instance's size; empty where it stands alone.
    pub flexibility_group: String,
    /// The ratio of the instance's size within its group.
    pub flexibility_ratio: String,
}

/// What each instance had of the wanted reservations, day by day.
///
/// # Errors
/// Those of the database.
pub fn details(unit: &mut Unit<'_>, context: &BillingContext, of: &Of, span: Span) -> Result<Vec<Detail>> {
    let history = repo::history(unit.conn, context)?;
    let wanted = |interval: &Interval| of.is(interval);
    let regions: BTreeSet<&str> =
        history.intervals.iter().filter(|one| wanted(one)).map(|one| one.arm_region_name.as_str()).collect();
    let mut details = Vec::new();
    for (date, region, _) in repo::recorded(unit.conn, context, span.first, span.last)? {
        if !regions.contains(region.as_str()) {
            continue;
        }
        let day = WorkedDay::new(unit, context, &history, date, &region)?;
        let mut rows = BTreeMap::new();
        for (interval, cell, size, id, units) in day.shares(&wanted) {
            let key = (&interval.reservation_id, &cell.subscription, &cell.resource_group, &cell.size, id);
            let (_, _, _, total) = rows.entry(key).or_insert((interval, cell, size, 0_u128));
            *total = total.saturating_add(units);
        }
        for ((reservation_id, subscription, group, _, id), (interval, cell, size, units)) in rows {
            let reserved = day.reserved(date, reservation_id);
            let weight = day.weights.of(&cell.size);
            details.push(Detail {
                reservation_id: reservation_id.clone(),
                reservation_order_id: interval.reservation_order_id.clone(),
                date,
                sku_name: size.size.clone(),
                instance_id: match id {
                    "" => format!("/subscriptions/{subscription}/resourceGroups/{group}"),
                    id => id.to_owned(),
                },
                quantity: interval.quantity,
                reserved_hours: rules::hours(reserved, day.weights.of(&interval.arm_sku_name).ratio),
                used_hours: rules::hours(units, weight.ratio),
                flexibility_group: weight.group.clone().unwrap_or_default(),
                flexibility_ratio: ratio_text(weight.ratio),
            });
        }
    }
    Ok(details)
}

impl WorkedDay {
    /// What a reservation reserved on this day, in units.
    fn reserved(&self, date: NaiveDate, reservation_id: &Guid) -> u128 {
        let mut reserved = NOTHING;
        for interval in self.intervals.iter().filter(|interval| interval.reservation_id == *reservation_id) {
            let ratio = self.weights.of(&interval.arm_sku_name).ratio;
            benefit::add(&mut reserved, &interval.reserved(date, ratio));
        }
        benefit::sum(&reserved)
    }
}

fn ratio_text(ratio: u64) -> String {
    (Decimal::from(ratio) / Decimal::from(MILLION)).normalize().to_string()
}

text_enum! {
    /// Where the use of a reservation is going.
    Trend {
        /// More was used on the last day than on average of the last seven.
        Up = "UP",
        /// Less was.
        Down = "DOWN",
        /// As much was.
        Same = "SAME",
    }
}

/// How much of a reservation is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Utilization {
    /// Where it is going.
    pub trend: Trend,
    /// A number of days, and what was used of what was reserved over so many days up to
    /// yesterday, in percent.
    pub aggregates: [(u32, Number); 3],
}

/// How much of each wanted reservation is used, by reservation. Of one that began today, today
/// counts. Those that were not in force in the last 30 days are left out, and all of them where
/// there was no use.
///
/// # Errors
/// Those of the database.
pub fn utilization(unit: &mut Unit<'_>, context: &BillingContext, of: &Of) -> Result<HashMap<Guid, Utilization>> {
    let today = unit.now.utc().date_naive();
    let back = |days: u64| today.checked_sub_days(Days::new(days)).unwrap_or(today);
    let span = Span { first: back(30), last: today };
    if !repo::is_any_recorded(unit.conn, context, span.first, span.last)? {
        return Ok(HashMap::new());
    }
    let history = repo::history(unit.conn, context)?;
    let days = days(unit, context, &history, of, span)?;
    let mut found = HashMap::new();
    for days in days.chunk_by(|one, next| one.interval.reservation_id == next.interval.reservation_id) {
        let Some(first) = days.first() else { continue };
        let over = |length: u64| {
            let counts =
                |day: &&ReservationDay<'_>| first.date == today || (back(length) <= day.date && day.date < today);
            figures(days.iter().filter(counts))
        };
        let (one, seven, thirty) = (over(1), over(7), over(30));
        let trend = match one.share().cmp(&seven.share()) {
            std::cmp::Ordering::Greater => Trend::Up,
            std::cmp::Ordering::Less => Trend::Down,
            std::cmp::Ordering::Equal => Trend::Same,
        };
        let percent = |figures: &Figures| rules::percent(figures.used, figures.reserved);
        let aggregates = [(1, percent(&one)), (7, percent(&seven)), (30, percent(&thirty))];
        found.insert(first.interval.reservation_id.clone(), Utilization { trend, aggregates });
    }
    Ok(found)
}
