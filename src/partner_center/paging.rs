//! Seek paging: a page ends with an opaque token that holds where it ended and what was asked for.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Datelike;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::db::Moment;
use crate::error::{Error, Result};
use crate::http::Query;
use crate::ids::Guid;

/// The page size when none, or 0, is given.
const DEFAULT_SIZE: usize = 100;
/// Larger sizes are cut to this.
const LARGEST_SIZE: usize = 500;

/// Where a page ended, and the request it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The page size.
    pub size: usize,
    /// The filter, as it was sent.
    pub filter: Option<String>,
    /// The last item's sort key.
    pub after: (Moment, String),
}

/// Which page is asked for.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// The page size; `None` for the whole list.
    pub size: Option<usize>,
    /// The filter, as it was sent.
    pub filter: Option<String>,
    /// Where the page before ended.
    pub after: Option<(Moment, String)>,
}

impl PageRequest {
    /// Reads `size`, `filter` and the continuation token, which alone restores the other two.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] names the parameter or header.
    pub fn of(query: &Query, continuation: Option<&str>) -> Result<Self> {
        if let Some(text) = continuation {
            let token = Token::decode(text)?;
            return Ok(Self { size: Some(token.size), filter: token.filter, after: Some(token.after) });
        }
        let size = page_size(query)?;
        Ok(Self { size, filter: query.get("filter").map(str::to_owned), after: None })
    }
}

/// The parameter `size`: 0 means the default, and large ones are cut. `None` where it is not given.
///
/// # Errors
/// [`Error::InvalidInput`] names it.
pub fn page_size(query: &Query) -> Result<Option<usize>> {
    Ok(query.number("size")?.map(|size| if size == 0 { DEFAULT_SIZE } else { size.min(LARGEST_SIZE) }))
}

/// A continuation token that holds `value`.
///
/// # Errors
/// When it has no JSON form.
pub fn encode_token<T: Serialize>(value: &T) -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(value)?))
}

/// What a continuation token holds.
///
/// # Errors
/// [`Error::InvalidInput`] names the header.
pub fn decode_token<T: DeserializeOwned>(text: &str) -> Result<T> {
    let bytes = URL_SAFE_NO_PAD.decode(text.trim()).map_err(|_| foreign_token())?;
    serde_json::from_slice(&bytes).map_err(|_| foreign_token())
}

/// The refusal of a continuation token that this service did not make.
pub fn foreign_token() -> Error {
    Error::invalid("MS-ContinuationToken", "is not a token of this service")
}

impl Token {
    /// The token as text.
    ///
    /// # Errors
    /// When it has no JSON form.
    pub fn encode(&self) -> Result<String> {
        encode_token(self)
    }

    fn decode(text: &str) -> Result<Self> {
        let token: Self = decode_token(text)?;
        // What no database can compare with was not written by us either.
        let (at, id) = &token.after;
        let ours = (1..=LARGEST_SIZE).contains(&token.size)
            && (1..=9999).contains(&at.utc().year())
            && Guid::parse(id).is_some();
        if ours { Ok(token) } else { Err(foreign_token()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_restores_size_and_filter() {
        let at: Moment = chrono::DateTime::UNIX_EPOCH.into();
        let token = Token { size: 7, filter: Some("x".to_owned()), after: (at, Guid::random().to_string()) };
        let page = PageRequest::of(&Query::default(), Some(&token.encode().unwrap())).unwrap();
        assert_eq!((page.size, page.filter.as_deref()), (Some(7), Some("x")));
        for bad in ["", "!", "AAAA", "eyJzaXplIjo1fQ"] {
            assert!(PageRequest::of(&Query::default(), Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_have_a_default_and_a_ceiling() {
        let size = |text: &str| PageRequest::of(&Query::parse(text), None).unwrap().size;
        assert_eq!(
            (size(""), size("size=0"), size("size=5"), size("size=9999")),
            (None, Some(100), Some(5), Some(500))
        );
        assert!(PageRequest::of(&Query::parse("size=-1"), None).is_err());
    }
}
