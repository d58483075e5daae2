//! The `$filter` of these lists: from and to which day, `properties/usageDate ge 2026-11-01 AND
//! properties/usageDate le 2026-11-30`.

use chrono::{Datelike, NaiveDate};

use super::Span;
use crate::error::{Error, Result};

/// The days that a filter on `member` admits; an end that is not given is open.
///
/// # Errors
/// [`Error::InvalidInput`] names `$filter`, also when it is required and missing.
pub fn span(filter: Option<&str>, member: &str, required: bool) -> Result<Span> {
    let example = || format!("must be like properties/{member} ge 2026-11-01 AND properties/{member} le 2026-11-30");
    let wrong = || Error::invalid("$filter", example());
    let mut span = Span {
        first: NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or(NaiveDate::MIN),
        last: NaiveDate::from_ymd_opt(8999, 12, 31).unwrap_or(NaiveDate::MAX),
    };
    let Some(filter) = filter else {
        return if required { Err(wrong()) } else { Ok(span) };
    };
    let mut words = filter.split_whitespace().peekable();
    while words.peek().is_some() {
        let (Some(name), Some(operator), Some(value)) = (words.next(), words.next(), words.next()) else {
            return Err(wrong());
        };
        if !name.eq_ignore_ascii_case(&format!("properties/{member}")) {
            return Err(wrong());
        }
        let day = date("$filter", value)?;
        match operator.to_ascii_lowercase().as_str() {
            "ge" => span.first = span.first.max(day),
            "le" => span.last = span.last.min(day),
            _ => return Err(wrong()),
        }
        match words.next() {
            None => break,
            Some(and) if and.eq_ignore_ascii_case("and") && words.peek().is_some() => {}
            Some(_) => return Err(wrong()),
        }
    }
    if span.last < span.first {
        return Err(Error::invalid("$filter", "ends before it begins"));
    }
    Ok(span)
}

/// A day, alone or as the first part of an instant, in quotes or without.
///
/// # Errors
/// [`Error::InvalidInput`] names the parameter.
pub fn date(name: &str, text: &str) -> Result<NaiveDate> {
    let text = text.trim().trim_matches('\'');
    let day = text.split_once('T').map_or(text, |(day, _)| day);
    NaiveDate::parse_from_str(day, "%Y-%m-%d")
        .ok()
        .filter(|date| (2000..=8999).contains(&date.year()) && day.len() == 10)
        .ok_or_else(|| Error::invalid(name, "must hold days such as 2026-11-01"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_read_in_any_letter_case() {
        let read = |text: &str| span(Some(text), "usageDate", true).map(|span| format!("{}/{}", span.first, span.last));
        assert_eq!(
            read("properties/UsageDate ge 2017-10-01 AND properties/usageDate le 2017-11-20").unwrap(),
            "2017-10-01/2017-11-20"
        );
        assert_eq!(
            read("properties/usagedate LE '2017-11-20T00:00:00Z' and properties/usageDate ge '2017-10-01'").unwrap(),
            "2017-10-01/2017-11-20"
        );
        assert_eq!(read("properties/usageDate ge 2017-10-01").unwrap(), "2017-10-01/8999-12-31");
        for wrong in [
            "",
            "x",
            "properties/usageDate gt 2017-10-01",
            "properties/eventDate ge 2017-10-01",
            "properties/usageDate ge 2017-13-01",
            "properties/usageDate ge 2017-10-01 or properties/usageDate le 2017-10-02",
            "properties/usageDate ge 2017-10-01 and",
            "properties/usageDate ge 2017-10-02 and properties/usageDate le 2017-10-01",
        ] {
            let refused = read(wrong);
            assert!(
                wrong.is_empty() || refused.is_err_and(|error| error.to_string().starts_with("$filter")),
                "{wrong}"
            );
        }
        assert!(span(None, "usageDate", true).is_err() && span(None, "usageDate", false).is_ok());
    }
}
