//! Which reservations can be exchanged for which, and how often (rule M6), without database.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use crate::reservations::Refusal;

/// Types that are exchanged among each other; every other type only for its own kind.
const TOGETHER: [&[&str]; 2] =
    [&["VirtualMachines", "DedicatedHost", "AVS"], &["SqlDatabases", "SqlManagedInstances", "SqlElasticPools"]];
/// Types that savings plans cover, whose exchange ends with the cutoff.
const COVERED_BY_SAVINGS_PLANS: [&str; 9] = [
    "VirtualMachines",
    "DedicatedHost",
    "AppService",
    "SqlDatabases",
    "SqlManagedInstances",
    "CosmosDb",
    "MySql",
    "MariaDb",
    "PostgreSql",
];

fn group(resource_type: &str) -> String {
    let within = |types: &&&[&str]| types.iter().any(|kind| kind.eq_ignore_ascii_case(resource_type));
    let first = TOGETHER.iter().find(within).and_then(|types| types.first().copied());
    first.unwrap_or(resource_type).to_lowercase()
}

/// Insists that everything returned and bought is of one type group.
///
/// # Errors
/// [`Refusal::ExchangeNotAllowed`] names the two types that do not go together.
pub fn check_types<'a>(types: impl IntoIterator<Item = &'a str>) -> Result<(), Refusal> {
    let mut types = types.into_iter();
    let Some(first) = types.next() else { return Ok(()) };
    match types.find(|other| group(other) != group(first)) {
        None => Ok(()),
        Some(other) => Err(Refusal::ExchangeNotAllowed(format!(
            "A reservation of {first} cannot be exchanged for one of {other}."
        ))),
    }
}

/// A reservation that is to be exchanged, as far as the dated policy asks.
#[derive(Clone, Copy, Debug)]
pub struct Exchanged<'a> {
    /// Its type.
    pub resource_type: &'a str,
    /// When it was bought.
    pub purchased_at: DateTime<Utc>,
    /// How often it can still be exchanged, where an earlier exchange left a limit.
    pub exchanges_left: Option<i32>,
}

/// The dated policy: what was bought from `cutoff` (00:00 UTC) on cannot be exchanged; what was
/// bought before can be until then freely, and afterwards `after_cutoff` times more. How often
/// what is bought in exchange can be exchanged again; `None` for no limit but this same policy.
///
/// # Errors
/// [`Refusal::ExchangeNotAllowed`].
pub fn check_cutoff(
    one: &Exchanged<'_>,
    now: DateTime<Utc>,
    cutoff: NaiveDate,
    after_cutoff: u32,
) -> Result<Option<i32>, Refusal> {
    let covered = COVERED_BY_SAVINGS_PLANS.iter().any(|kind| kind.eq_ignore_ascii_case(one.resource_type));
    let cutoff = cutoff.and_time(NaiveTime::MIN).and_utc();
    if !covered || now < cutoff {
        return Ok(None);
    }
    let by_date = if one.purchased_at < cutoff { i32::try_from(after_cutoff).unwrap_or(i32::MAX) } else { 0 };
    let left = one.exchanges_left.unwrap_or(by_date);
    if left < 1 {
        let day = cutoff.date_naive();
        return Err(Refusal::ExchangeNotAllowed(format!(
            "Reservations of {} bought or exchanged since {day} can no longer be exchanged.",
            one.resource_type
        )));
    }
    Ok(Some(left - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn types_of_one_group_go_together_and_others_do_not() {
        assert!(check_types(["VirtualMachines", "virtualmachines", "DedicatedHost", "AVS"]).is_ok());
        assert!(check_types(["CosmosDb", "CosmosDb"]).is_ok());
        for pair in [["VirtualMachines", "SqlDatabases"], ["AppService", "VirtualMachines"], ["CosmosDb", "RedisCache"]]
        {
            assert!(check_types(pair).is_err(), "{pair:?}");
        }
    }

    #[test]
    fn the_cutoff_decides_by_purchase_instant() {
        let cutoff: NaiveDate = "2027-02-01".parse().unwrap();
        let check = |kind, bought: &str, left, now: &str| {
            check_cutoff(
                &Exchanged { resource_type: kind, purchased_at: at(bought), exchanges_left: left },
                at(now),
                cutoff,
                1,
            )
        };
        let vm = "VirtualMachines";
        assert_eq!(check(vm, "2026-12-01T00:00:00Z", None, "2027-01-31T23:59:59Z"), Ok(None), "freely before it");
        assert_eq!(check(vm, "2027-01-31T23:59:59Z", None, "2027-03-01T00:00:00Z"), Ok(Some(0)), "once after it");
        assert!(check(vm, "2027-02-01T00:00:00Z", None, "2027-02-01T00:00:00Z").is_err(), "bought at it");
        assert!(check(vm, "2027-03-01T00:00:00Z", Some(0), "2027-04-01T00:00:00Z").is_err(), "got in that exchange");
        assert_eq!(check("AVS", "2027-03-01T00:00:00Z", None, "2027-04-01T00:00:00Z"), Ok(None), "no savings plan");
    }
}
