//! ISO 8601 durations of whole components, such as `P30D`, `P1Y2M` or `PT36H`.

use chrono::{DateTime, Months, TimeDelta, Utc};

/// A duration; months are kept apart, because how long they are depends on the date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Duration {
    months: u32,
    seconds: i64,
}

impl Duration {
    /// Reads the text; `None` when it is no such duration.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.trim().strip_prefix('P')?;
        let (date, time) = rest.split_once('T').map_or((rest, None), |(date, time)| (date, Some(time)));
        if date.is_empty() && time.is_none_or(str::is_empty) || time == Some("") {
            return None;
        }
        let mut duration = Self::default();
        duration.add(date, &[('Y', 12, 0), ('M', 1, 0), ('W', 0, 7 * 86_400), ('D', 0, 86_400)])?;
        duration.add(time.unwrap_or_default(), &[('H', 0, 3600), ('M', 0, 60), ('S', 0, 1)])?;
        Some(duration)
    }

    fn add(&mut self, text: &str, units: &[(char, u32, i64)]) -> Option<()> {
        let (mut rest, mut units) = (text, units.iter());
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit())?;
            let (digits, after) = rest.split_at_checked(end)?;
            let letter = after.chars().next()?;
            let (_, months, seconds) = units.find(|(unit, _, _)| *unit == letter)?;
            let count: u32 = digits.parse().ok()?;
            self.months = self.months.checked_add(months.checked_mul(count)?)?;
            self.seconds = self.seconds.checked_add(seconds.checked_mul(i64::from(count))?)?;
            rest = after.get(letter.len_utf8()..)?;
        }
        Some(())
    }

    /// The instant so much later; `None` past the end of the calendar.
    pub fn after(self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        at.checked_add_months(Months::new(self.months))?.checked_add_signed(TimeDelta::try_seconds(self.seconds)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_components_in_their_order() {
        let at: DateTime<Utc> = "2027-01-31T12:00:00Z".parse().unwrap();
        for (text, later) in [
            ("P30D", "2027-03-02T12:00:00Z"),
            ("P1M", "2027-02-28T12:00:00Z"),
            ("P1Y2M3DT4H5M6S", "2028-04-03T16:05:06Z"),
            ("PT36H", "2027-02-02T00:00:00Z"),
            ("P2W", "2027-02-14T12:00:00Z"),
        ] {
            assert_eq!(
                Duration::parse(text).unwrap().after(at).unwrap(),
                later.parse::<DateTime<Utc>>().unwrap(),
                "{text}"
            );
        }
        for bad in ["", "P", "PT", "30D", "P30", "P-1D", "P1D1Y", "P1.5D", "P99999999999D", "PX"] {
            assert_eq!(Duration::parse(bad), None, "{bad}");
        }
        assert_eq!(Duration::parse("P400000000M").unwrap().after(at), None);
    }
}
