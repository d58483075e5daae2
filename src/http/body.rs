//! Receiving a request: its body within the limit, and its bearer token.

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{Bytes, BytesMut};
use futures_util::StreamExt;

use crate::error::{Error, Result};

/// After so many bytes beyond the limit the rest of a body is no longer read.
const DRAIN_LIMIT: usize = 64 << 20;

/// The whole body up to the limit. What exceeds it is read and dropped, so that the client gets to
/// see the answer.
///
/// # Errors
/// [`Error::BodyTooLarge`]; [`Error::InvalidInput`] where the body breaks off.
pub async fn received(payload: &mut Payload, limit: usize) -> Result<Bytes> {
    let mut body = BytesMut::new();
    let (mut total, mut too_large) = (0_usize, false);
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| Error::invalid("body", error.to_string()))?;
        total = total.saturating_add(chunk.len());
        too_large |= total > limit;
        if too_large {
            body.clear();
            if total > DRAIN_LIMIT {
                break;
            }
        } else {
            body.extend_from_slice(&chunk);
        }
    }
    if too_large { Err(Error::BodyTooLarge { limit }) } else { Ok(body.freeze()) }
}

/// The credentials of `Authorization: Bearer`.
///
/// # Errors
/// [`Error::Unauthenticated`] where there are none.
pub fn bearer(request: &HttpRequest) -> Result<&str> {
    let header = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .ok_or_else(|| Error::Unauthenticated("no bearer token".to_owned()))?;
    header
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| Error::Unauthenticated("not a bearer token".to_owned()))
}
