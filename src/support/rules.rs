//! What a support request's texts must be, without database or HTTP.

use crate::error::{Error, Result};

/// The longest title.
pub const LONGEST_TITLE: usize = 250;
/// The longest description and note.
pub const LONGEST_DESCRIPTION: usize = 20_000;
/// The longest of every other text.
pub const LONGEST_TEXT: usize = 256;

/// An agent's locale, such as `en-US`.
///
/// # Errors
/// [`Error::InvalidInput`] names it.
pub fn locale(text: &str) -> Result<String> {
    let mut parts = text.split('-');
    let language = parts.next().unwrap_or_default();
    let is_language = (2..=3).contains(&language.len()) && language.chars().all(|c| c.is_ascii_alphabetic());
    let is_rest = |part: &str| (2..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric());
    if is_language && parts.all(is_rest) {
        Ok(text.to_owned())
    } else {
        Err(Error::invalid("agent-locale", "must be a locale such as en-US"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales() {
        for good in ["en", "en-US", "zh-Hant-TW", "EN-us"] {
            assert_eq!(locale(good).unwrap(), good);
        }
        for bad in ["", "e", "english", "en_US", "en-", "en-U", "1234567890", "supporttopics"] {
            assert!(locale(bad).is_err(), "{bad}");
        }
    }
}
