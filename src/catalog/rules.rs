//! Rules of the catalogue, without database or clock.

use aws_lc_rs::digest;
use chrono::NaiveDate;
use rust_decimal::{Decimal, RoundingStrategy};

use super::{ItemKind, PriceRow, PublishedIds, ReservationScope, Segment, Size, Term};
use crate::db::Moment;
use crate::error::{Error, Result};
use crate::money::{Currency, Money};

/// Since this day some older series may no longer be bought (existing reservations run on).
const RETIREMENT: NaiveDate = match NaiveDate::from_ymd_opt(2026, 7, 1) {
    Some(day) => day,
    None => NaiveDate::MIN,
};
/// No longer sold for one year. A trailing `*` stands for any further letters.
const RETIRED_FOR_ONE_YEAR: [&str; 14] =
    ["av2", "amv2", "b*", "d", "ds", "dv2", "dsv2", "f", "fs", "fsv2", "g", "gs", "ls", "lsv2"];
/// No longer sold at all.
const RETIRED_FOR_EVERY_TERM: [&str; 4] = ["dv3", "dsv3", "ev3", "esv3"];

/// Whether a size may be bought for a term on a day (policy "legacy VM reservations after
/// July 1, 2026").
pub fn is_sold(arm_sku_name: &str, term: Term, at: Moment) -> bool {
    if at.utc().date_naive() < RETIREMENT {
        return true;
    }
    let Some(series) = series(arm_sku_name) else {
        return true;
    };
    let matches = |pattern: &&str| match pattern.strip_suffix('*') {
        Some(start) => series.starts_with(start) && !series.contains('v'),
        None => series == *pattern,
    };
    let retired = RETIRED_FOR_EVERY_TERM.iter().any(&matches)
        || (term == Term::OneYear && RETIRED_FOR_ONE_YEAR.iter().any(&matches));
    !retired
}

/// The series of a size, lower case: `Standard_D2s_v3` is of `dsv3`, `Standard_DS1_v2` of `dsv2`.
fn series(arm_sku_name: &str) -> Option<String> {
    let mut parts = arm_sku_name.strip_prefix("Standard_")?.split('_');
    let size = parts.next()?;
    let version = parts.find(|part| {
        part.strip_prefix('v').is_some_and(|digits| !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()))
    });
    let letters = size.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase());
    Some(letters.chain(version.unwrap_or("").chars()).collect())
}

/// The number of cores that a size's name says: the first number in it.
pub fn cores_by_name(arm_sku_name: &str) -> String {
    let size = arm_sku_name.strip_prefix("Standard_").unwrap_or(arm_sku_name);
    size.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect()
}

/// What is assumed of a size of which nothing but its price is known: as many cores as its name
/// says, flexible within its series, by cores.
pub fn assumed_size(row: &PriceRow) -> Size {
    let cores = cores_by_name(&row.arm_sku_name);
    let group = row.product_name.strip_prefix("Virtual Machines ").unwrap_or(&row.product_name).to_owned();
    Size {
        arm_sku_name: row.arm_sku_name.clone(),
        resource_type: row.resource_type(),
        title: format!("{group}, {}", row.sku_name),
        flexibility_ratio: if cores.is_empty() { "1".to_owned() } else { cores.clone() },
        flexibility_group: group,
        cores,
        ram: String::new(),
        category: String::new(),
    }
}

/// The type of Azure resource that reservations of a service cover.
pub fn resource_type(service_name: &str) -> String {
    match service_name {
        "Virtual Machines" => "VirtualMachines".to_owned(),
        "SQL Database" | "SQL Managed Instance" => "SqlDatabases".to_owned(),
        "Azure Cosmos DB" => "CosmosDb".to_owned(),
        "Azure App Service" => "AppService".to_owned(),
        "Redis Cache" | "Azure Cache for Redis" => "RedisCache".to_owned(),
        "Azure Database for MySQL" => "MySql".to_owned(),
        "Azure Database for PostgreSQL" => "PostgreSql".to_owned(),
        other => other.chars().filter(char::is_ascii_alphanumeric).collect(),
    }
}

/// The id of an availability: a published one, or one derived from the price row, so that it
/// stays until the row changes and differs by reservation scope and segment. (The public
/// documentation shows its ids without a scope, so `Any` stands in lists for the legacy offer.)
pub fn availability_id(row: &PriceRow, published: &PublishedIds, scope: ReservationScope, segment: Segment) -> String {
    let scoped = row.kind == ItemKind::Reservation;
    let any = published.get(ANY).filter(|_| !scoped || scope == ReservationScope::AzureLegacy);
    if segment == Segment::Commercial
        && let Some(id) = published.get(scope.as_str()).or(any)
    {
        return id.clone();
    }
    let scope = if scoped { scope.as_str() } else { ANY };
    let cause = [&row.product_id, &row.sku_id, scope, segment.as_str(), &row.price, &row.effective_start.to_string()]
        .join("\n");
    let hash = digest::digest(&digest::SHA256, cause.as_bytes());
    let letter = |byte: &u8| LETTERS.get(usize::from(byte % 32)).map_or('0', |letter| char::from(*letter));
    "DZH318".chars().chain(hash.as_ref().iter().take(6).map(letter)).collect()
}

/// The key of [`PublishedIds`] that is good for every scope.
const ANY: &str = "Any";
/// The letters of derived availability ids.
const LETTERS: &[u8; 32] = b"0123456789BCDFGHJKLMNPQRSTVWXYZA";

/// Which kinds of Azure subscription an availability id of this row can be bought for; `None`
/// when the row has no such id. An id that is published without a scope is good for both, so that
/// requests copied from the public documentation work.
pub fn scopes_of_availability(row: &PriceRow, published: &PublishedIds, id: &str) -> Option<Vec<ReservationScope>> {
    if published.get(ANY).is_some_and(|any| any.eq_ignore_ascii_case(id)) {
        return Some(ReservationScope::ALL.to_vec());
    }
    let named = |scope: &ReservationScope| {
        Segment::ALL.iter().any(|segment| availability_id(row, published, *scope, *segment).eq_ignore_ascii_case(id))
    };
    let scopes: Vec<ReservationScope> = ReservationScope::ALL.iter().copied().filter(named).collect();
    (!scopes.is_empty()).then_some(scopes)
}

/// What an item costs beside what the same use costs by the hour (rule O5: the saving is visible).
#[derive(Clone, Debug, PartialEq)]
pub struct Saving {
    /// One instance for the whole term.
    pub term_price: Money,
    /// The term price by the hour, four decimals.
    pub hourly_equivalent: Decimal,
    /// The pay-as-you-go price of an hour, where one is known; four decimals.
    pub pay_as_you_go_hourly: Option<Decimal>,
    /// How much less the reservation costs, in percent with one decimal.
    pub saving_percent: Option<Decimal>,
}

/// The hours that a year is counted with.
const HOURS_A_YEAR: i64 = 8760;

/// The saving of a reservation: prices in USD, the answer in `currency` at `usd_per_unit`.
///
/// # Errors
/// When an amount cannot be counted.
pub fn saving(
    usd_term_price: Decimal,
    usd_hourly: Option<Decimal>,
    term: Term,
    currency: Currency,
    usd_per_unit: Decimal,
) -> Result<Saving> {
    let hours = Decimal::from(HOURS_A_YEAR * i64::from(term.months() / 12).max(1));
    let divided = |amount: Decimal, by: Decimal| amount.checked_div(by).ok_or(Error::AmountTooLarge);
    let four = |amount: Decimal| amount.round_dp_with_strategy(4, RoundingStrategy::MidpointNearestEven);
    let per_hour = divided(usd_term_price, hours)?;
    let percent = |price: Decimal| {
        let share =
            Decimal::ONE_HUNDRED.checked_sub(divided(per_hour.checked_mul(Decimal::ONE_HUNDRED)?, price).ok()?)?;
        Some(share.round_dp_with_strategy(1, RoundingStrategy::MidpointNearestEven))
    };
    let usd_hourly = usd_hourly.filter(|price| !price.is_zero());
    Ok(Saving {
        term_price: Money::round(divided(usd_term_price, usd_per_unit)?, currency)?,
        hourly_equivalent: four(divided(per_hour, usd_per_unit)?),
        pay_as_you_go_hourly: usd_hourly.map(|price| divided(price, usd_per_unit).map(four)).transpose()?,
        saving_percent: usd_hourly.and_then(percent),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: &str) -> Moment {
        format!("{day}T00:00:00Z").parse::<chrono::DateTime<chrono::Utc>>().unwrap().into()
    }

    #[test]
    fn retired_series_by_term_and_day() {
        for (size, term, sold) in [
            ("Standard_D2s_v3", Term::ThreeYears, false),
            ("Standard_D2s_v3", Term::OneYear, false),
            ("Standard_DS1_v2", Term::OneYear, false),
            ("Standard_DS1_v2", Term::ThreeYears, true),
            ("Standard_D1", Term::OneYear, false),
            ("Standard_F2s_v2", Term::OneYear, false),
            ("Standard_B1ls", Term::OneYear, false),
            ("Standard_B2s_v2", Term::OneYear, true),
            ("Standard_A2m_v2", Term::OneYear, false),
            ("Standard_D2as_v4", Term::OneYear, true),
            ("Standard_D8_v4", Term::OneYear, true),
            ("Standard_NV12", Term::OneYear, true),
        ] {
            assert_eq!(is_sold(size, term, at("2026-07-01")), sold, "{size} {term}");
            assert!(is_sold(size, term, at("2026-06-30")), "{size} before the day");
        }
    }

    #[test]
    fn documented_savings_of_d8_v4_in_west_europe() {
        let hourly = Some("0.46".parse().unwrap());
        let one = saving(Decimal::from(2377), hourly, Term::OneYear, Currency::USD, Decimal::ONE).unwrap();
        let three = saving(Decimal::from(4594), hourly, Term::ThreeYears, Currency::USD, Decimal::ONE).unwrap();
        assert_eq!(
            (one.hourly_equivalent.to_string(), one.saving_percent.unwrap().to_string()),
            ("0.2713".into(), "41.0".into())
        );
        assert_eq!(
            (three.hourly_equivalent.to_string(), three.saving_percent.unwrap().to_string()),
            ("0.1748".into(), "62.0".into())
        );
    }

    #[test]
    fn without_a_pay_as_you_go_price_there_is_no_saving_to_show() {
        let saving = saving(Decimal::from(7740), None, Term::OneYear, Currency::USD, Decimal::ONE).unwrap();
        assert_eq!((saving.pay_as_you_go_hourly, saving.saving_percent), (None, None));
    }
}
