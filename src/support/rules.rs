//! What a support request's texts must be, without database or HTTP.

use super::Severity;
use crate::error::{Error, Result};

/// The longest title.
pub const LONGEST_TITLE: usize = 250;
/// The longest description and note.
pub const LONGEST_DESCRIPTION: usize = 20_000;
/// The longest of every other text.
pub const LONGEST_TEXT: usize = 256;

/// A locale, such as `en-US`.
///
/// # Errors
/// [`Error::InvalidInput`] names it.
pub fn locale(field: &str, text: &str) -> Result<String> {
    let mut parts = text.split('-');
    let language = parts.next().unwrap_or_default();
    let is_language = (2..=3).contains(&language.len()) && language.chars().all(|c| c.is_ascii_alphabetic());
    let is_rest = |part: &str| (2..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric());
    if is_language && parts.all(is_rest) {
        Ok(text.to_owned())
    } else {
        Err(Error::invalid(field, "must be a locale such as en-US"))
    }
}

/// An optional text, trimmed; an empty one is `None`.
///
/// # Errors
/// [`Error::InvalidInput`] names the member when it is too long.
pub fn optional(field: &str, text: Option<&String>, longest: usize) -> Result<Option<String>> {
    let Some(text) = text.map(|text| text.trim()).filter(|text| !text.is_empty()) else { return Ok(None) };
    if text.chars().count() > longest {
        return Err(Error::invalid(field, format!("must not be longer than {longest} characters")));
    }
    Ok(Some(text.to_owned()))
}

/// The longest name of a ticket or communication.
const LONGEST_NAME: usize = 128;

/// A name that a client gives on Azure.
///
/// # Errors
/// [`Error::InvalidInput`] names it.
pub fn name(field: &str, text: &str) -> Result<String> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if !text.is_empty() && text.len() <= LONGEST_NAME && text.chars().all(is_plain) {
        return Ok(text.to_owned());
    }
    let reason = format!("must be 1 to {LONGEST_NAME} letters, digits, hyphens, underscores and full stops");
    Err(Error::invalid(field, reason))
}

/// A country by its three-letter code, as it was written.
///
/// # Errors
/// [`Error::InvalidInput`] names the member.
pub fn country(field: &str, text: String) -> Result<String> {
    if text.len() == 3 && text.chars().all(|letter| letter.is_ascii_alphabetic()) {
        return Ok(text);
    }
    Err(Error::invalid(field, "must be a country code of three letters, such as usa"))
}

/// Within how many minutes the support is to answer: the times of Azure's Standard plan.
pub const fn answer_minutes(severity: Severity) -> i64 {
    match severity {
        Severity::Minimal => 480,
        Severity::Moderate => 240,
        Severity::Critical | Severity::HighestCriticalImpact => 60,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for good in ["a", "Ticket-1_b.c", &"x".repeat(128)] {
            assert_eq!(name("supportTicketName", good).unwrap(), good);
        }
        for bad in ["", "a b", "a/b", "a%20b", "ä", &"x".repeat(129)] {
            assert!(name("supportTicketName", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn countries_have_three_letters() {
        assert_eq!(country("country", "usa".to_owned()).unwrap(), "usa");
        for bad in ["US", "USAA", "u5a", "üa"] {
            assert!(country("country", bad.to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn locales() {
        for good in ["en", "en-US", "zh-Hant-TW", "EN-us"] {
            assert_eq!(locale("agent-locale", good).unwrap(), good);
        }
        for bad in ["", "e", "english", "en_US", "en-", "en-U", "1234567890", "supporttopics"] {
            assert!(locale("agent-locale", bad).is_err(), "{bad}");
        }
    }
}
