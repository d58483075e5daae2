//! `POST /generatetoken`: the legacy exchange of an Azure AD token for one of Partner Center.

use actix_web::post;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use url::form_urlencoded;
use utoipa::ToSchema;

use super::issuer::Issuer;
use crate::error::Error;
use crate::http::Reply;
use crate::partner_center::{Answer, Call};
use crate::permissions::GenerateToken;

/// What is asked for.
#[derive(Debug, Deserialize, ToSchema)]
pub struct GenerateTokenRequest {
    /// `jwt_token`.
    #[schema(example = "jwt_token")]
    pub grant_type: String,
}

/// A token for the calls that follow. (The order of the members matters: a widespread script finds
/// the token by the text around it.)
#[derive(Debug, Serialize, ToSchema)]
pub struct GenerateTokenResponse {
    /// The token.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: &'static str,
    /// For how long it is good, in seconds.
    pub expires_in: i64,
}

/// Exchange an Azure AD token.
///
/// Older SDKs and many scripts call it; the token they came with works just as well. Where the
/// server holds no signing key, that token is what comes back.
#[utoipa::path(
    tag = "Authentication",
    request_body(content = GenerateTokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = GenerateTokenResponse))
)]
#[post("/generatetoken")]
pub async fn generate_token(mut call: Call<GenerateToken>, issuer: Option<Data<Issuer>>) -> Answer {
    let form = call.bytes()?.clone();
    let mut fields = form_urlencoded::parse(&form);
    if !fields.any(|(name, value)| name.eq_ignore_ascii_case("grant_type") && value.eq_ignore_ascii_case("jwt_token")) {
        return Err(Error::invalid("grant_type", "must be jwt_token").into());
    }
    let (access_token, expires_in) = match issuer {
        Some(issuer) => issuer.exchange(&call.agent.token).await?,
        None => (call.bearer().to_owned(), call.agent.token.expires_at - chrono::Utc::now().timestamp()),
    };
    Ok(Reply::ok(&GenerateTokenResponse { access_token, token_type: "Bearer", expires_in })?.into())
}
