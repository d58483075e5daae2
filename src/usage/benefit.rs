//! Which use is covered by which reservation: hour by hour, without database or clock. What a
//! reservation does not cover in an hour is lost; what is left of the use is paid as you go.
//!
//! Everything is counted in integers: use in millionths of an instance, sizes by their ratio in
//! millionths, so that a *unit* is a 10⁻¹² of an instance of ratio 1 for an hour.

use std::collections::HashMap;

use chrono::{Days, NaiveDate};

use crate::db::Moment;
use crate::ids::Guid;

/// Millionths in a whole.
pub const MILLION: u64 = 1_000_000;
/// No size weighs more than this within its group.
const HIGHEST_RATIO: u64 = 10_000;

/// One value for each hour of a UTC day.
pub type Hours = [u128; 24];
/// No hour has anything.
pub const NOTHING: Hours = [0; 24];

/// An hour, counted from 1970-01-01T00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour(pub i64);

impl Hour {
    /// The hour in which something happens. (A change counts from the hour it is made in.)
    pub fn of(at: Moment) -> Self {
        Self(at.utc().timestamp().div_euclid(3600))
    }

    /// The first hour of a day.
    pub fn first_of(day: NaiveDate) -> Self {
        Self(day.signed_duration_since(NaiveDate::default()).num_hours())
    }

    /// The first hour of the next day.
    pub fn end_of(day: NaiveDate) -> Self {
        day.checked_add_days(Days::new(1)).map_or(Self(i64::MAX), Self::first_of)
    }
}

/// What a reservation's discount reaches, narrowest first: the order in which it is used up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// One resource group (lower case) of a subscription.
    ResourceGroup(Guid, String),
    /// One subscription.
    Subscription(Guid),
    /// The subscriptions of a management group. (Groups are not kept: it has all of them.)
    ManagementGroup,
    /// Every subscription that the partner bought for the customer (rule P12).
    Shared,
}

impl Reach {
    const fn rank(&self) -> u8 {
        match self {
            Self::ResourceGroup(..) => 0,
            Self::Subscription(_) => 1,
            Self::ManagementGroup => 2,
            Self::Shared => 3,
        }
    }

    fn includes(&self, cell: &Cell) -> bool {
        match self {
            Self::ResourceGroup(subscription, group) => {
                *subscription == cell.subscription && *group == cell.resource_group
            }
            Self::Subscription(subscription) => *subscription == cell.subscription,
            Self::ManagementGroup | Self::Shared => true,
        }
    }
}

/// A reservation as it stood for some time: nothing of it changes within.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The reservation.
    pub reservation_id: Guid,
    /// The order that holds it.
    pub reservation_order_id: Guid,
    /// The first hour.
    pub from: Hour,
    /// The first hour in which it no longer holds.
    pub to: Hour,
    /// When the reservation was bought: of equals the older one is used first.
    pub since: Moment,
    /// How many instances.
    pub quantity: u64,
    /// The size, as the catalogue spells it.
    pub arm_sku_name: String,
    /// The region, lower case.
    pub arm_region_name: String,
    /// What the discount reaches.
    pub reach: Reach,
    /// Whether it covers other sizes of its group.
    pub flexible: bool,
}

impl Interval {
    /// What is reserved in each hour of a day, in units.
    pub fn reserved(&self, day: NaiveDate, ratio: u64) -> Hours {
        let each = u128::from(self.quantity).saturating_mul(u128::from(MILLION)).saturating_mul(u128::from(ratio));
        let mut hour = Hour::first_of(day).0;
        NOTHING.map(|_| {
            let holds = self.from.0 <= hour && hour < self.to.0;
            hour = hour.saturating_add(1);
            if holds { each } else { 0 }
        })
    }
}

/// Where a size stands among those it shares reservations with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weight {
    /// The instance size flexibility group; none where the size stands alone.
    pub group: Option<String>,
    /// Its ratio within the group, in millionths.
    pub ratio: u64,
}

/// The weight of each size, by its name in lower case.
#[derive(Clone, Debug, Default)]
pub struct Weights(HashMap<String, Weight>);

impl Weights {
    /// Adds a size. One without a usable ratio stands alone.
    pub fn insert(&mut self, arm_sku_name: &str, group: &str, ratio: &str) {
        let ratio = super::rules::millionths(ratio).filter(|ratio| (1..=HIGHEST_RATIO * MILLION).contains(ratio));
        let weight = match ratio {
            Some(ratio) if !group.is_empty() => Weight { group: Some(group.to_owned()), ratio },
            _ => ALONE,
        };
        self.0.insert(arm_sku_name.to_lowercase(), weight);
    }

    /// Whether the size was added.
    pub fn knows(&self, arm_sku_name: &str) -> bool {
        self.0.contains_key(&arm_sku_name.to_lowercase())
    }

    /// The weight of a size; one that is not known stands alone.
    pub fn of(&self, arm_sku_name: &str) -> &Weight {
        self.0.get(&arm_sku_name.to_lowercase()).unwrap_or(&ALONE)
    }
}

const ALONE: Weight = Weight { group: None, ratio: MILLION };

/// Use of one size in one resource group, on one day, in one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The Azure subscription.
    pub subscription: Guid,
    /// The resource group, lower case.
    pub resource_group: String,
    /// The size, lower case.
    pub size: String,
    /// Instances in each hour, in millionths.
    pub used: Hours,
}

/// What one reservation covers of one cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    /// The place of the interval in the list that was given.
    pub interval: usize,
    /// The place of the cell in the list that was given.
    pub cell: usize,
    /// What is covered in each hour, in units.
    pub units: Hours,
}

/// Applies the reservations of one billing context and region to the use of one day.
///
/// Reservations are used up by scope (resource group, subscription, management group, shared);
/// within one scope those for their exact size first, because they can cover nothing else, then
/// the older. Each covers its own size first, then smaller ones, the larger of them first, then
/// larger ones, the smaller of them first: whole instances before parts. The answer is in the
/// order of application.
pub fn apply(day: NaiveDate, intervals: &[Interval], cells: &[Cell], weights: &Weights) -> Vec<Covered> {
    let mut order: Vec<(usize, &Interval)> = intervals.iter().enumerate().collect();
    order.sort_by_key(|(_, one)| (one.reach.rank(), one.flexible, one.since, &one.reservation_id, one.from));
    let weighed: Vec<(&Cell, &Weight)> = cells.iter().map(|cell| (cell, weights.of(&cell.size))).collect();
    let in_units = |(cell, weight): &(&Cell, &Weight)| cell.used.map(|used| used.saturating_mul(weight.ratio.into()));
    let mut open: Vec<Hours> = weighed.iter().map(in_units).collect();
    let mut turns = HashMap::new();
    let mut covered = Vec::new();
    for (place, interval) in order {
        let weight = weights.of(&interval.arm_sku_name);
        let mut left = interval.reserved(day, weight.ratio);
        let turn: &Turn = turns
            .entry(interval.arm_sku_name.to_lowercase())
            .or_insert_with_key(|size| Turn::new(size, weight, &weighed));
        for (at, cell) in turn.cells(interval.flexible, cells) {
            if left == NOTHING {
                break;
            }
            let Some(open) = open.get_mut(at).filter(|open| **open != NOTHING) else { continue };
            if interval.reach.includes(cell) {
                let units = take(&mut left, open);
                if units != NOTHING {
                    covered.push(Covered { interval: place, cell: at, units });
                }
            }
        }
    }
    covered
}

/// In which order a reservation of one size turns to the cells.
struct Turn {
    places: Vec<usize>,
    /// So many of them are of the very size.
    exact: usize,
}

impl Turn {
    fn new(size: &str, weight: &Weight, cells: &[(&Cell, &Weight)]) -> Self {
        let mut ranked = Vec::new();
        let mut exact = 0;
        for (place, (cell, other)) in cells.iter().enumerate() {
            let rank = if cell.size == size {
                exact += 1;
                (0, 0)
            } else if weight.group.is_none() || other.group != weight.group {
                continue;
            } else if other.ratio <= weight.ratio {
                (1, u64::MAX - other.ratio)
            } else {
                (2, other.ratio)
            };
            ranked.push((rank, &cell.size, &cell.subscription, &cell.resource_group, place));
        }
        ranked.sort();
        Self { places: ranked.into_iter().map(|(.., place)| place).collect(), exact }
    }

    fn cells<'a>(&'a self, flexible: bool, cells: &'a [Cell]) -> impl Iterator<Item = (usize, &'a Cell)> {
        let most = if flexible { self.places.len() } else { self.exact };
        self.places.iter().take(most).filter_map(|place| Some((*place, cells.get(*place)?)))
    }
}

/// Moves as much as both have from each.
fn take(left: &mut Hours, open: &mut Hours) -> Hours {
    let mut units = NOTHING;
    for ((left, open), units) in left.iter_mut().zip(open).zip(&mut units) {
        *units = (*left).min(*open);
        *left -= *units;
        *open -= *units;
    }
    units
}

/// What a reservation covers of one instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The place of the covering entry in the list that was given.
    pub covered: usize,
    /// The place of the instance in the list that was given.
    pub instance: usize,
    /// What is covered over the day, in units.
    pub units: u128,
}

/// Divides what is covered of one cell among its instances: hour by hour, the entries in order,
/// each taking up where the one before it stopped. (First come, first served.)
pub fn spread(covered: &[&Covered], instances: &[Hours], ratio: u64) -> Vec<Share> {
    let mut open: Vec<Hours> =
        instances.iter().map(|used| used.map(|used| used.saturating_mul(u128::from(ratio)))).collect();
    let mut shares = Vec::new();
    for (entry, covered) in covered.iter().enumerate() {
        let mut left = covered.units;
        for (instance, open) in open.iter_mut().enumerate() {
            if left == NOTHING {
                break;
            }
            let units = sum(&take(&mut left, open));
            if units > 0 {
                shares.push(Share { covered: entry, instance, units });
            }
        }
    }
    shares
}

/// All hours together.
pub fn sum(hours: &Hours) -> u128 {
    hours.iter().fold(0, |sum, hour| sum.saturating_add(*hour))
}

/// Adds hour by hour.
pub fn add(to: &mut Hours, more: &Hours) {
    for (to, more) in to.iter_mut().zip(more) {
        *to = to.saturating_add(*more);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
    const ONE: u128 = 1_000_000;

    fn dsv2() -> Weights {
        let mut weights = Weights::default();
        for (size, ratio) in [("DS1", "1"), ("DS2", "2"), ("DS3", "4"), ("DS4", "8"), ("DS5", "16")] {
            weights.insert(&format!("Standard_{size}_v2"), "DSv2 Series", ratio);
        }
        weights.insert("Standard_B1ls", "BS Series", "0.25");
        weights.insert("Standard_B1s", "BS Series", "0.5");
        weights.insert("Standard_Odd", "BS Series", "none");
        weights
    }

    fn id(number: u64) -> Guid {
        Guid::derived(&format!("benefit:{number}"))
    }

    fn reserved(number: u64, size: &str, quantity: u64, reach: Reach) -> Interval {
        Interval {
            reservation_id: id(number),
            reservation_order_id: id(0),
            from: Hour(i64::MIN),
            to: Hour(i64::MAX),
            since: Moment::from(chrono::DateTime::<chrono::Utc>::MIN_UTC),
            quantity,
            arm_sku_name: format!("Standard_{size}_v2"),
            arm_region_name: "westeurope".to_owned(),
            reach,
            flexible: true,
        }
    }

    fn used(size: &str, subscription: u64, group: &str, instances: u128) -> Cell {
        Cell {
            subscription: id(1000 + subscription),
            resource_group: group.to_owned(),
            size: format!("standard_{}_v2", size.to_lowercase()),
            used: [instances * ONE; 24],
        }
    }

    /// Instances of each cell that are covered in every hour, in thousandths.
    fn covered(intervals: &[Interval], cells: &[Cell]) -> Vec<u128> {
        let weights = dsv2();
        let mut covered = vec![0; cells.len()];
        for entry in apply(DAY, intervals, cells, &weights) {
            let ratio = u128::from(weights.of(&cells[entry.cell].size).ratio);
            covered[entry.cell] += entry.units[12] * 1000 / ratio / ONE;
        }
        covered
    }

    #[test]
    fn one_ds4_covers_what_the_documentation_says() {
        let ds4 = [reserved(1, "DS4", 1, Reach::Shared)];
        assert_eq!(covered(&ds4, &[used("DS1", 1, "a", 9)]), [8000], "eight DS1_v2");
        assert_eq!(
            covered(&ds4, &[used("DS2", 1, "a", 2), used("DS3", 1, "a", 1), used("DS1", 1, "a", 1)]),
            [2000, 1000, 0]
        );
        assert_eq!(covered(&ds4, &[used("DS5", 1, "a", 1)]), [500], "half a DS5_v2");
    }

    #[test]
    fn without_flexibility_only_the_exact_size_is_covered() {
        let exact = [Interval { flexible: false, ..reserved(1, "DS4", 2, Reach::Shared) }];
        assert_eq!(covered(&exact, &[used("DS5", 1, "a", 1), used("DS4", 1, "a", 1)]), [0, 1000]);
    }

    #[test]
    fn groups_and_unknown_sizes_stand_apart() {
        let mut odd = used("DS1", 1, "a", 1);
        odd.size = "standard_odd".to_owned();
        let mut b1s = odd.clone();
        b1s.size = "standard_b1s".to_owned();
        assert_eq!(covered(&[reserved(1, "DS5", 1, Reach::Shared)], &[odd.clone(), b1s]), [0, 0]);
        let itself = Interval { arm_sku_name: "Standard_Odd".to_owned(), ..reserved(1, "DS5", 1, Reach::Shared) };
        assert_eq!(covered(&[itself], &[odd]), [1000]);
    }

    #[test]
    fn fractions_of_a_ratio_are_exact() {
        let b1s = Interval { arm_sku_name: "Standard_B1s".to_owned(), ..reserved(1, "DS5", 1, Reach::Shared) };
        let mut b1ls = used("DS1", 1, "a", 3);
        b1ls.size = "standard_b1ls".to_owned();
        assert_eq!(covered(&[b1s], &[b1ls]), [2000]);
    }

    #[test]
    fn scopes_are_used_up_from_narrow_to_wide() {
        let narrow = Reach::ResourceGroup(id(1001), "a".to_owned());
        // In the order of the list the wide ones would take what the narrow ones need.
        let intervals = [
            reserved(1, "DS1", 1, Reach::Shared),
            reserved(2, "DS1", 1, Reach::ManagementGroup),
            reserved(3, "DS1", 1, Reach::Subscription(id(1001))),
            reserved(4, "DS1", 1, narrow),
        ];
        let cells = [used("DS1", 1, "a", 1), used("DS1", 1, "b", 1), used("DS1", 2, "a", 2)];
        let order: Vec<(usize, usize)> =
            apply(DAY, &intervals, &cells, &dsv2()).iter().map(|entry| (entry.interval, entry.cell)).collect();
        assert_eq!(order, [(3, 0), (2, 1), (1, 2), (0, 2)]);
    }

    #[test]
    fn an_hour_counts_only_while_the_reservation_is_in_force() {
        let noon = Hour(Hour::first_of(DAY).0 + 12);
        let (before, after) = (
            Interval { to: noon, ..reserved(1, "DS1", 2, Reach::Shared) },
            Interval { from: noon, ..reserved(1, "DS1", 1, Reach::Subscription(id(7))) },
        );
        let entries = apply(DAY, &[before, after], &[used("DS1", 1, "a", 1)], &dsv2());
        assert_eq!(entries.len(), 1);
        assert_eq!(sum(&entries[0].units), 12 * ONE * ONE);
        assert_eq!((entries[0].units[11], entries[0].units[12]), (ONE * ONE, 0));
    }

    #[test]
    fn what_is_covered_goes_to_the_instances_in_order() {
        let one = |units: u128| Covered { interval: 0, cell: 0, units: [units * ONE * ONE; 24] };
        let shares = spread(&[&one(1), &one(2)], &[[ONE; 24], [ONE * 3 / 2; 24], [ONE; 24]], MILLION);
        let seen: Vec<_> =
            shares.iter().map(|share| (share.covered, share.instance, share.units * 2 / ONE / ONE)).collect();
        assert_eq!(seen, [(0, 0, 48), (1, 1, 72), (1, 2, 24)]);
    }

    prop_compose! {
        fn some_reach()(kind in 0..4, subscription in 1..3_u64, group in "[ab]") -> Reach {
            match kind {
                0 => Reach::ResourceGroup(id(1000 + subscription), group),
                1 => Reach::Subscription(id(1000 + subscription)),
                2 => Reach::ManagementGroup,
                _ => Reach::Shared,
            }
        }
    }

    prop_compose! {
        fn some_interval()(
            number in 1..6_u64, size in 1..6, quantity in 0..4_u64, reach in some_reach(), flexible: bool,
            from in 0..24_i64, length in 0..30_i64,
        ) -> Interval {
            let from = Hour(Hour::first_of(DAY).0 - 3 + from);
            Interval { from, to: Hour(from.0 + length), flexible, ..reserved(number, &format!("DS{size}"), quantity, reach) }
        }
    }

    prop_compose! {
        fn some_cell()(size in 1..6, subscription in 1..3_u64, group in "[ab]", hours in prop::array::uniform24(0..5_000_000_u128)) -> Cell {
            Cell { used: hours, ..used(&format!("DS{size}"), subscription, &group, 0) }
        }
    }

    fn units_of(cell: &Cell, hour: usize) -> u128 {
        cell.used[hour] * u128::from(dsv2().of(&cell.size).ratio)
    }

    proptest! {
        #[test]
        fn nothing_is_covered_twice_nor_beyond_what_is_reserved_in_reach(
            intervals in prop::collection::vec(some_interval(), 0..6),
            cells in prop::collection::vec(some_cell(), 0..6),
        ) {
            let weights = dsv2();
            let entries = apply(DAY, &intervals, &cells, &weights);
            for hour in 0..24 {
                let total = |is: &dyn Fn(&Covered) -> bool| entries.iter().filter(|e| is(e)).map(|e| e.units[hour]).sum::<u128>();
                for (place, cell) in cells.iter().enumerate() {
                    prop_assert!(total(&|e| e.cell == place) <= units_of(cell, hour));
                }
                for (place, interval) in intervals.iter().enumerate() {
                    let most = interval.reserved(DAY, weights.of(&interval.arm_sku_name).ratio)[hour];
                    let used = total(&|e| e.interval == place);
                    prop_assert!(used <= most);
                    // Nothing in reach stays open while something is left.
                    let fits = |cell: &Cell| interval.reach.includes(cell)
                        && (interval.flexible || cell.size == interval.arm_sku_name.to_lowercase());
                    let open = cells.iter().enumerate().filter(|(_, cell)| fits(cell))
                        .any(|(at, cell)| total(&|e| e.cell == at) < units_of(cell, hour));
                    prop_assert!(!open || used == most);
                }
            }
            for entry in &entries {
                let (interval, cell) = (&intervals[entry.interval], &cells[entry.cell]);
                prop_assert!(interval.reach.includes(cell));
                prop_assert!(interval.flexible || cell.size == interval.arm_sku_name.to_lowercase());
            }
            let ranks: Vec<u8> = entries.iter().map(|entry| intervals[entry.interval].reach.rank()).collect();
            prop_assert!(ranks.is_sorted(), "narrow scopes first");
        }

        #[test]
        fn the_order_of_the_lists_makes_no_difference(
            intervals in prop::collection::vec(some_interval(), 0..6),
            cells in prop::collection::vec(some_cell(), 0..6),
        ) {
            // Two reservations with one id would be told apart by nothing.
            let intervals: Vec<Interval> = intervals.into_iter().zip(1..).map(|(interval, number)| Interval { reservation_id: id(number), ..interval }).collect();
            let used_of = |intervals: &[Interval]| {
                let mut used: HashMap<Guid, u128> = HashMap::new();
                for entry in apply(DAY, intervals, &cells, &dsv2()) {
                    *used.entry(intervals[entry.interval].reservation_id.clone()).or_default() += sum(&entry.units);
                }
                used
            };
            let reversed: Vec<Interval> = intervals.iter().rev().cloned().collect();
            prop_assert_eq!(used_of(&intervals), used_of(&reversed));
        }

        #[test]
        fn one_more_instance_reserved_never_covers_less(
            intervals in prop::collection::vec(some_interval(), 1..6),
            cells in prop::collection::vec(some_cell(), 1..6),
        ) {
            // With flexible reservations of everything; a narrow one may otherwise take what only a
            // wide one for an exact size could have covered.
            let shared: Vec<Interval> = intervals.into_iter()
                .map(|interval| Interval { reach: Reach::Shared, flexible: true, ..interval }).collect();
            let total = |intervals: &[Interval]| apply(DAY, intervals, &cells, &dsv2()).iter().map(|e| sum(&e.units)).sum::<u128>();
            let mut more = shared.clone();
            more[0].quantity += 1;
            prop_assert!(total(&more) >= total(&shared));
        }

        #[test]
        fn instances_get_exactly_what_is_covered(
            covered in prop::collection::vec(prop::array::uniform24(0..3_000_000_u128), 0..4),
            instances in prop::collection::vec(prop::array::uniform24(0..3_000_000_u128), 0..4),
        ) {
            let entries: Vec<Covered> = covered.into_iter().map(|units| Covered { interval: 0, cell: 0, units }).collect();
            let shares = spread(&entries.iter().collect::<Vec<_>>(), &instances, 1);
            for hour in 0..24 {
                let asked: u128 = entries.iter().map(|entry| entry.units[hour]).sum();
                let there: u128 = instances.iter().map(|used| used[hour]).sum();
                prop_assume!(asked <= there);
            }
            let given: u128 = shares.iter().map(|share| share.units).sum();
            prop_assert_eq!(given, entries.iter().map(|entry| sum(&entry.units)).sum::<u128>());
            for (place, used) in instances.iter().enumerate() {
                prop_assert!(shares.iter().filter(|share| share.instance == place).map(|share| share.units).sum::<u128>() <= sum(used));
            }
        }
    }
}
