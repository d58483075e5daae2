//! Seek paging: a page ends with an opaque token that holds where it ended and what was asked for.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Datelike;
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
        let size = query.number("size")?.map(|size| if size == 0 { DEFAULT_SIZE } else { size.min(LARGEST_SIZE) });
        Ok(Self { size, filter: query.get("filter").map(str::to_owned), after: None })
    }
}

impl Token {
    /// The token as text.
    ///
    /// # Errors
    /// When it has no JSON form.
    pub fn encode(&self) -> Result<String> {
        Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(self)?))
    }

    fn decode(text: &str) -> Result<Self> {
        let wrong = || Error::invalid("MS-ContinuationToken", "is not a token of this service");
        let bytes = URL_SAFE_NO_PAD.decode(text.trim()).map_err(|_| wrong())?;
        let token: Self = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
        // What no database can compare with was not written by us either.
        let (at, id) = &token.after;
        let ours = (1..=LARGEST_SIZE).contains(&token.size)
            && (1..=9999).contains(&at.utc().year())
            && Guid::parse(id).is_some();
        if ours { Ok(token) } else { Err(wrong()) }
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
