//! Use that is to be recorded: rows are checked one by one and gathered by day and instance before
//! anything is written.

use std::collections::{BTreeMap, HashMap};

use chrono::{Datelike, NaiveDate};

use super::rules::millionths;
use crate::error::{Error, Result};
use crate::ids::Guid;

/// The most instances that one row can speak of, in millionths.
const MOST_INSTANCES: u64 = 1_000_000 * super::benefit::MILLION;
/// No name in a row is longer.
const LONGEST_NAME: usize = 1024;
/// The years that use can be of; within them dates sort as text.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=8999;

/// The members of a row, in the order of [`Fields`].
pub const MEMBERS: [&str; 8] =
    ["usageDate", "hour", "subscriptionId", "resourceGroup", "armSkuName", "armRegionName", "quantity", "instanceId"];

/// The texts of a row, in the order of [`MEMBERS`]; empty for what is absent.
pub type Fields<'a> = [&'a str; 8];

/// What use is counted by: one instance, or all of a size in a resource group whose use is
/// reported without naming instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// The Azure subscription.
    pub subscription: Guid,
    /// The region, lower case.
    pub region: String,
    /// The resource group, lower case.
    pub resource_group: String,
    /// The size, as it was written.
    pub size: String,
    /// The instance, as it was written; empty where none was named.
    pub id: String,
    /// The row that named it first.
    row: u64,
}

/// Use in each hour of a day in millionths of an instance; `None` where nothing was said.
pub type Said = [Option<u64>; 24];

/// How rows are named in errors: the place and member of the row with this number.
pub type Naming = fn(u64, &str) -> String;

/// Rows, gathered.
pub struct Batch {
    naming: Naming,
    instances: Vec<Instance>,
    /// Places in `instances`, by the texts of the rows as they were written…
    by_text: HashMap<Box<str>, usize>,
    /// …and by what they mean.
    by_meaning: HashMap<[String; 5], usize>,
    days: BTreeMap<NaiveDate, HashMap<usize, Box<Said>>>,
    rows: u64,
    last_date: Option<(String, NaiveDate)>,
    text: String,
}

impl Batch {
    /// Nothing yet.
    pub fn new(naming: Naming) -> Self {
        Self {
            naming,
            instances: Vec::new(),
            by_text: HashMap::new(),
            by_meaning: HashMap::new(),
            days: BTreeMap::new(),
            rows: 0,
            last_date: None,
            text: String::new(),
        }
    }

    /// Adds a row. Rows of one batch that speak of the same instance and hour add up.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] names the row and the member.
    pub fn add(&mut self, row: u64, fields: &Fields<'_>) -> Result<()> {
        let naming = self.naming;
        self.gather(row, fields).map_err(|(member, reason)| Error::invalid(naming(row, member), reason))
    }

    fn gather(&mut self, row: u64, fields: &Fields<'_>) -> Result<(), Wrong> {
        let [date, hour, subscription, group, size, region, quantity, id] = fields.map(str::trim);
        let date = self.date(date)?;
        let hour: Option<u8> = match hour {
            "" => None,
            hour => Some(hour.parse().ok().filter(|hour| *hour < 24).ok_or(("hour", "must be 0 to 23, or absent"))?),
        };
        if quantity.is_empty() {
            return Err(("quantity", REQUIRED));
        }
        let quantity = millionths(quantity)
            .filter(|quantity| *quantity <= MOST_INSTANCES)
            .ok_or(("quantity", "must be a number from 0 to 1000000 with at most six decimals"))?;
        let instance = self.instance(row, [subscription, group, size, region, id])?;
        let said = self.days.entry(date).or_default().entry(instance).or_insert_with(|| Box::new([None; 24]));
        let one = |said: &mut Option<u64>| {
            *said = Some(said.unwrap_or(0).saturating_add(quantity).min(MOST_INSTANCES));
        };
        match hour {
            None => said.iter_mut().for_each(one),
            Some(hour) => said.iter_mut().skip(usize::from(hour)).take(1).for_each(one),
        }
        self.rows = self.rows.saturating_add(1);
        Ok(())
    }

    fn date(&mut self, text: &str) -> Result<NaiveDate, Wrong> {
        if let Some((last, date)) = &self.last_date
            && last == text
        {
            return Ok(*date);
        }
        if text.is_empty() {
            return Err(("usageDate", REQUIRED));
        }
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()
            .filter(|date| text.len() == 10 && YEARS.contains(&date.year()))
            .ok_or(("usageDate", "must be a date such as 2026-11-21"))?;
        self.last_date = Some((text.to_owned(), date));
        Ok(date)
    }

    /// The place of the instance that these texts name.
    fn instance(&mut self, row: u64, texts: [&str; 5]) -> Result<usize, Wrong> {
        self.text.clear();
        for text in texts {
            self.text.push_str(text);
            self.text.push('\0');
        }
        if let Some(place) = self.by_text.get(self.text.as_str()) {
            return Ok(*place);
        }
        let [subscription, group, size, region, id] = texts;
        let subscription = match subscription {
            "" => return Err(("subscriptionId", REQUIRED)),
            text => Guid::parse(text).ok_or(("subscriptionId", "is not a GUID"))?,
        };
        for (member, text) in [("resourceGroup", group), ("armSkuName", size), ("armRegionName", region)] {
            if text.is_empty() {
                return Err((member, REQUIRED));
            }
            check_name(member, text)?;
        }
        check_name("instanceId", id)?;
        let instance = Instance {
            subscription,
            region: region.to_lowercase(),
            resource_group: group.to_lowercase(),
            size: size.to_owned(),
            id: id.to_owned(),
            row,
        };
        let meaning = [
            instance.subscription.to_string(),
            instance.region.clone(),
            instance.resource_group.clone(),
            size.to_lowercase(),
            id.to_lowercase(),
        ];
        let next = self.instances.len();
        let place = *self.by_meaning.entry(meaning).or_insert(next);
        if place == next {
            self.instances.push(instance);
        }
        self.by_text.insert(self.text.as_str().into(), place);
        Ok(place)
    }

    /// How many rows were added.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The days that rows speak of.
    pub fn dates(&self) -> impl Iterator<Item = NaiveDate> {
        self.days.keys().copied()
    }

    /// What was said of a day, by instance.
    pub fn of_day(&self, date: NaiveDate) -> impl Iterator<Item = (&Instance, &Said)> {
        let day = self.days.get(&date).into_iter().flatten();
        day.filter_map(|(place, said)| Some((self.instances.get(*place)?, &**said)))
    }

    /// The subscriptions that rows speak of.
    pub fn subscriptions(&self) -> Vec<Guid> {
        let mut ids: Vec<Guid> = self.instances.iter().map(|instance| instance.subscription.clone()).collect();
        ids.sort();
        ids.dedup();
        ids
    }

    /// Insists that every subscription is known.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] names the first row with another.
    pub fn check_subscriptions(&self, is_known: impl Fn(&Guid) -> bool) -> Result<()> {
        match self.instances.iter().filter(|instance| !is_known(&instance.subscription)).min_by_key(|one| one.row) {
            Some(stray) => {
                Err(Error::invalid((self.naming)(stray.row, "subscriptionId"), "there is no such Azure subscription"))
            }
            None => Ok(()),
        }
    }
}

/// The member at fault and what is wrong with it.
type Wrong = (&'static str, &'static str);

const REQUIRED: &str = "is required";

fn check_name(member: &'static str, text: &str) -> Result<(), Wrong> {
    if text.len() > LONGEST_NAME {
        return Err((member, "is too long"));
    }
    if text.chars().any(char::is_control) {
        return Err((member, "must not hold control characters"));
    }
    Ok(())
}
