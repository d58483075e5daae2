//! Optimistic concurrency: who changes something may say which version was read.

use crate::error::{Error, Result};

/// Compares the version a caller read with the present one: the header first, then the body;
/// neither given, the last writer wins.
///
/// # Errors
/// [`Error::PreconditionFailed`] or [`Error::StaleEtag`].
pub fn check(present: &str, if_match: Option<&str>, body_etag: Option<&str>) -> Result<()> {
    let present = present.trim_matches('"');
    match (if_match, body_etag.filter(|etag| !etag.is_empty())) {
        (Some(etag), _) if etag == "*" || etag == present => Ok(()),
        (Some(_), _) => Err(Error::PreconditionFailed),
        (None, Some(etag)) if etag.trim_matches('"') != present => Err(Error::StaleEtag),
        (None, _) => Ok(()),
    }
}
