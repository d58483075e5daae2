//! What a handler answers with, in a form that can be kept for a replay.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, LOCATION};
use serde::Serialize;

use crate::error::Result;

/// A successful answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status, 2xx.
    pub status: u16,
    /// The JSON text; empty for none.
    pub body: String,
    /// The `Location` header.
    pub location: Option<String>,
}

impl Reply {
    /// 200 with `value`.
    ///
    /// # Errors
    /// When the value has no JSON form.
    pub fn ok(value: &impl Serialize) -> Result<Self> {
        Ok(Self { status: 200, body: serde_json::to_string(value)?, location: None })
    }

    /// 201 with `value`.
    ///
    /// # Errors
    /// When the value has no JSON form.
    pub fn created(value: &impl Serialize) -> Result<Self> {
        Ok(Self { status: 201, ..Self::ok(value)? })
    }

    /// 204.
    pub const fn no_content() -> Self {
        Self { status: 204, body: String::new(), location: None }
    }

    /// 202 without a body; what goes on can be followed at `location`.
    pub fn accepted(location: Option<String>) -> Self {
        Self { status: 202, body: String::new(), location }
    }
}

impl From<Reply> for HttpResponse {
    fn from(reply: Reply) -> Self {
        let mut response = Self::build(StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK));
        if let Some(location) = reply.location {
            response.insert_header((LOCATION, location));
        }
        if reply.body.is_empty() {
            return response.finish();
        }
        response.insert_header((CONTENT_TYPE, "application/json; charset=utf-8")).body(reply.body)
    }
}

/// An exact decimal that is written as a JSON number (`20.72`, never `"20.72"` and never a float).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Number(#[serde(with = "rust_decimal::serde::arbitrary_precision")] pub rust_decimal::Decimal);

impl utoipa::PartialSchema for Number {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new().schema_type(utoipa::openapi::schema::Type::Number).into()
    }
}

impl utoipa::ToSchema for Number {}

impl From<crate::money::Money> for Number {
    fn from(money: crate::money::Money) -> Self {
        Self(money.to_decimal())
    }
}
