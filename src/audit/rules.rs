//! What part of the activity log is asked for, without database or clock.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use crate::db::Moment;
use crate::error::{Error, Result};

/// How far back Partner Center looks at the most, and when nothing else is said, in days.
const LONGEST: TimeDelta = TimeDelta::days(90);
const USUAL: TimeDelta = TimeDelta::days(30);
/// From when, and until before when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The first instant; `None` for the beginning.
    pub from: Option<Moment>,
    /// The first instant that is too late; `None` for no end.
    pub until: Option<Moment>,
}

/// The window between two dates. With `limited` as Partner Center has it: the last 30 days when
/// nothing is said, never more than 90 days back.
///
/// # Errors
/// [`Error::InvalidInput`] names the date.
pub fn window(start: Option<&str>, end: Option<&str>, now: Moment, limited: bool) -> Result<Window> {
    let until = end.map(|text| Ok::<_, Error>(date("endDate", text)?.end())).transpose()?;
    let mut from = start.map(|text| Ok::<_, Error>(date("startDate", text)?.begin())).transpose()?;
    if limited {
        let now = now.utc().naive_utc();
        let earliest = now.checked_sub_signed(LONGEST).unwrap_or(NaiveDateTime::MIN).date();
        if from.is_some_and(|from| from.date() < earliest) {
            return Err(Error::invalid("startDate", "must not be more than 90 days back"));
        }
        let latest = until.map_or(now, |until| until.min(now));
        let usual = latest.checked_sub_signed(USUAL).unwrap_or(NaiveDateTime::MIN);
        from = from.or_else(|| Some(usual.max(earliest.and_time(NaiveTime::MIN))));
    }
    if from.zip(until).is_some_and(|(from, until)| until <= from) {
        let reason =
            if start.is_some() { "must not be before startDate" } else { "must not be more than 90 days back" };
        return Err(Error::invalid("endDate", reason));
    }
    let moment = |at: NaiveDateTime| Moment::from(at.and_utc());
    Ok(Window { from: from.map(moment), until: until.map(moment) })
}

/// A day, or an instant.
enum Date {
    Day(NaiveDate),
    Instant(NaiveDateTime),
}

impl Date {
    fn begin(&self) -> NaiveDateTime {
        match self {
            Self::Day(day) => day.and_time(NaiveTime::MIN),
            Self::Instant(at) => *at,
        }
    }

    /// The first instant after it: a day is meant whole.
    fn end(&self) -> NaiveDateTime {
        let (last, step) = match self {
            Self::Day(day) => (day.and_time(NaiveTime::MIN), TimeDelta::days(1)),
            Self::Instant(at) => (*at, TimeDelta::microseconds(1)),
        };
        last.checked_add_signed(step).unwrap_or(last)
    }
}

/// A date as clients write it: ISO 8601, or what .NET makes of one (`11/01/2026 00:00:00`,
/// `11/1/2026 12:00:00 AM`). Without an offset it is UTC.
fn date(field: &str, text: &str) -> Result<Date> {
    const INSTANTS: [&str; 4] =
        ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p"];
    const DAYS: [&str; 2] = ["%Y-%m-%d", "%m/%d/%Y"];
    let text = text.trim();
    let with_offset = DateTime::parse_from_rfc3339(text).ok().map(|at| at.naive_utc());
    let instant = || INSTANTS.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let day = || DAYS.iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok());
    let found = with_offset.or_else(instant).map(Date::Instant).or_else(|| day().map(Date::Day));
    found
        .filter(|date| (1..=9998).contains(&date.begin().year()))
        .ok_or_else(|| Error::invalid(field, "is no date such as 2026-11-01 or 11/01/2026 00:00:00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        text.parse::<DateTime<chrono::Utc>>().unwrap().into()
    }

    #[test]
    fn dates_in_every_form_that_clients_send() {
        let now = at("2026-11-21T12:00:00Z");
        for (text, from) in [
            ("2026-11-01", "2026-11-01T00:00:00Z"),
            ("2026-11-01T06:30:00Z", "2026-11-01T06:30:00Z"),
            ("2026-11-01T06:30:00.5+01:00", "2026-11-01T05:30:00.5Z"),
            ("2026-11-01T06:30:00", "2026-11-01T06:30:00Z"),
            ("11/01/2026 00:00:00", "2026-11-01T00:00:00Z"),
            ("11/01/2026 18:05:09", "2026-11-01T18:05:09Z"),
            ("11/1/2026 12:00:00 AM", "2026-11-01T00:00:00Z"),
            ("11/1/2026 6:05:09 PM", "2026-11-01T18:05:09Z"),
            ("11/01/2026", "2026-11-01T00:00:00Z"),
        ] {
            assert_eq!(window(Some(text), None, now, true).unwrap().from, Some(at(from)), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2026-13-01",
            "13/01/2026 00:00:00",
            "2026-11-01T",
            "9999999999",
            "10000-01-01",
            "0000-01-01",
        ] {
            for limited in [true, false] {
                let told = window(Some(text), None, now, limited).unwrap_err().to_string();
                assert!(told.starts_with("startDate"), "{text}: {told}");
                assert!(
                    window(None, Some(text), now, limited).unwrap_err().to_string().starts_with("endDate"),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn thirty_days_when_nothing_is_said_and_never_more_than_ninety() {
        let now = at("2026-11-21T12:00:00Z");
        let of = |start, end| window(start, end, now, true);
        assert_eq!(of(None, None).unwrap(), Window { from: Some(at("2026-10-22T12:00:00Z")), until: None });
        assert_eq!(of(Some("2026-08-23"), None).unwrap().from, Some(at("2026-08-23T00:00:00Z")));
        assert!(of(Some("2026-08-22"), None).unwrap_err().to_string().starts_with("startDate"));
        assert!(of(None, Some("2026-08-22")).unwrap_err().to_string().starts_with("endDate"));
        assert!(of(Some("2026-11-02"), Some("2026-11-01")).unwrap_err().to_string().starts_with("endDate"));
        let day = of(Some("2026-11-01"), Some("2026-11-01")).unwrap();
        assert_eq!(day.until, Some(at("2026-11-02T00:00:00Z")), "the last day is meant whole");
        assert_eq!(window(None, None, now, false).unwrap(), Window::default());
        assert!(window(Some("2020-01-01"), None, now, false).is_ok());
    }
}
