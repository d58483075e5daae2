//! The error body of Partner Center, and which status and code each case has.

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Error;
use crate::orders::refusal::Refusal;
use crate::reservations;

/// Descriptions are documented to be no longer than this.
const LONGEST_DESCRIPTION: usize = 1024;

/// An error on its way to a Partner Center client.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Fault(#[from] pub Error);

/// The body of an error.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Fault)]
pub struct FaultBody {
    /// The documented error code.
    #[schema(example = 800_002)]
    pub code: u32,
    /// What is wrong, with the field named.
    #[schema(example = "lineItems[0].quantity: must be at least 1")]
    pub description: String,
    /// Further texts; empty.
    pub data: Vec<String>,
    /// The part of the service that speaks.
    #[schema(example = "PartnerFD")]
    pub source: &'static str,
}

/// The body of a 429, which has a form of its own so that clients read `Retry-After`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ThrottledBody {
    status_code: u16,
    message: String,
}

/// The status and the documented code of a case.
pub fn code_of(error: &Error) -> (StatusCode, u32) {
    match error {
        Error::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, 400),
        Error::RoleNotAllowed | Error::ResellerReadsOnly => (StatusCode::FORBIDDEN, 900_150),
        Error::AppOnlyNotSupported => (StatusCode::FORBIDDEN, 900_329),
        Error::InvalidInput { .. } | Error::AmountTooLarge => (StatusCode::BAD_REQUEST, 800_002),
        Error::BodyTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, 800_002),
        Error::NotAcceptable => (StatusCode::NOT_ACCEPTABLE, 800_002),
        Error::ReplayMismatch | Error::DomainTaken(_) | Error::AlreadyThere { .. } => (StatusCode::CONFLICT, 800_002),
        Error::NotFound | Error::TemplateNotFound => (StatusCode::NOT_FOUND, 1000),
        Error::MethodNotAllowed { .. } => (StatusCode::METHOD_NOT_ALLOWED, 1000),
        Error::Throttled { .. } => (StatusCode::TOO_MANY_REQUESTS, 429),
        Error::NotAuthorized { .. } | Error::CustomerMayNotManage => (StatusCode::FORBIDDEN, 900_150),
        Error::AzureSubscriptionNotFound
        | Error::ResourceGroupNotFound(_)
        | Error::TenantNotFound
        | Error::ReservationOrderNotFound
        | Error::ReservationNotFound
        | Error::SupportResourceNotFound(_)
        | Error::AliasNotFound(_) => (StatusCode::NOT_FOUND, 1000),
        Error::AzureSubscriptionDisabled(_) | Error::ResourceGroupMoved { .. } => (StatusCode::CONFLICT, 800_002),
        Error::RoleAssignment(_) => (StatusCode::BAD_REQUEST, 800_002),
        Error::Reservation(reservations::Refusal::State(_) | reservations::Refusal::Expired) => {
            (StatusCode::CONFLICT, 800_002)
        }
        Error::ApiVersion(_) | Error::Reservation(_) => (StatusCode::BAD_REQUEST, 800_002),
        Error::CustomerNotFound => (StatusCode::NOT_FOUND, 60_003),
        Error::UserNotFound => (StatusCode::NOT_FOUND, 60_002),
        Error::RelationshipEnded => (StatusCode::FORBIDDEN, 20_002),
        Error::SandboxCustomerLimit => (StatusCode::BAD_REQUEST, 800_018),
        Error::RegistrationNumberUnsupported => (StatusCode::BAD_REQUEST, 600_002),
        Error::RegistrationNumberMissing => (StatusCode::BAD_REQUEST, 600_049),
        Error::RegistrationNumberMalformed => (StatusCode::BAD_REQUEST, 600_050),
        Error::PhoneNumberMissing => (StatusCode::BAD_REQUEST, 600_051),
        Error::AgreementMissing => (StatusCode::FORBIDDEN, 13_605),
        Error::AgreementExists => (StatusCode::CONFLICT, 600_061),
        Error::ProductNotFound => (StatusCode::NOT_FOUND, 400_013),
        Error::SkuNotFound => (StatusCode::NOT_FOUND, 400_018),
        Error::AvailabilityNotFound => (StatusCode::NOT_FOUND, 400_019),
        Error::SegmentNotAllowed(_) => (StatusCode::FORBIDDEN, 400_030),
        Error::ViewNotAllowed(_) => (StatusCode::FORBIDDEN, 400_036),
        Error::CartNotFound => (StatusCode::NOT_FOUND, 800_008),
        Error::CartSubmitted => (StatusCode::BAD_REQUEST, 800_065),
        Error::CartItems(_) => (StatusCode::BAD_REQUEST, 800_009),
        Error::LineItemNumber => (StatusCode::BAD_REQUEST, 800_071),
        Error::OrderNotFound => (StatusCode::NOT_FOUND, 20_000),
        Error::SubscriptionNotFound => (StatusCode::NOT_FOUND, 20_003),
        Error::EntitlementNotFound => (StatusCode::NOT_FOUND, 800_111),
        Error::CancellationReason(_) => (StatusCode::BAD_REQUEST, 900_307),
        Error::CannotReactivate => (StatusCode::BAD_REQUEST, 900_337),
        Error::TransitionNotAllowed { .. } => (StatusCode::BAD_REQUEST, 800_040),
        Error::PlanInUse => (StatusCode::FORBIDDEN, 900_115),
        Error::QuantityFixed => (StatusCode::BAD_REQUEST, 2002),
        Error::SubscriptionDeleted => (StatusCode::BAD_REQUEST, 2011),
        Error::PolicyNotFound => (StatusCode::NOT_FOUND, 600_039),
        Error::PolicyIdIncorrect => (StatusCode::NOT_FOUND, 600_040),
        Error::PolicyExists => (StatusCode::CONFLICT, 600_041),
        Error::NothingOfAzure => (StatusCode::BAD_REQUEST, 800_011),
        Error::PreconditionFailed => (StatusCode::PRECONDITION_FAILED, 800_036),
        Error::StaleEtag => (StatusCode::BAD_REQUEST, 2055),
        Error::Refused(refusal) | Error::LineRefused { refusal, .. } => code_of_refusal(refusal),
        Error::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, 900_192),
        Error::Database(_) | Error::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, 800_003),
    }
}

fn code_of_refusal(refusal: &Refusal) -> (StatusCode, u32) {
    let bad = StatusCode::BAD_REQUEST;
    match refusal {
        Refusal::CatalogItemMalformed(_) | Refusal::BillingCycleNotSupported(_) => (bad, 800_002),
        Refusal::OfferUnknown(_) => (bad, 800_004),
        Refusal::ProductUnknown => (StatusCode::NOT_FOUND, 400_013),
        Refusal::SkuUnknown => (StatusCode::NOT_FOUND, 400_018),
        Refusal::AvailabilityUnknown => (StatusCode::NOT_FOUND, 400_019),
        Refusal::NotSoldInCountry(_) => (bad, 800_070),
        Refusal::CurrencyNotSupported(..) => (bad, 900_169),
        Refusal::QuantityOutOfRange { .. } => (bad, 800_017),
        Refusal::TermNotOffered(_) => (bad, 800_121),
        Refusal::TermNoLongerSold => (StatusCode::FORBIDDEN, 800_028),
        Refusal::SubscriptionMissing => (bad, 900_317),
        Refusal::NoAzureSubscription => (bad, 900_318),
        Refusal::SubscriptionNotValid => (bad, 800_011),
        Refusal::SubscriptionNotActive => (bad, 800_012),
        Refusal::SubscriptionNotEnabled => (bad, 800_013),
        Refusal::SubscriptionNotRegistered => (bad, 800_030),
        Refusal::ScopeNotSupported(_) => (bad, 900_312),
        Refusal::EntitlementMissing => (bad, 900_313),
        Refusal::EntitlementNotActive => (bad, 900_314),
        Refusal::EntitlementNotEligible => (bad, 900_315),
        Refusal::ResellerUnknown(_) => (StatusCode::NOT_FOUND, 800_015),
        Refusal::ResellerNotSupported(_) | Refusal::ResellerUnrelated(_) => (bad, 800_016),
        Refusal::SandboxReservationLimit | Refusal::SandboxSubscriptionLimit | Refusal::SandboxSeatLimit => {
            (bad, 800_018)
        }
        Refusal::SandboxPlanLimit => (bad, 900_116),
    }
}

/// The name that a refusal has on a cart's line, as the documentation lists them.
pub fn cart_error_of(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::CurrencyNotSupported(..) => "currency_is_not_supported",
        Refusal::CatalogItemMalformed(_)
        | Refusal::OfferUnknown(_)
        | Refusal::ProductUnknown
        | Refusal::SkuUnknown
        | Refusal::AvailabilityUnknown
        | Refusal::NotSoldInCountry(_) => "catalog_item_id_is_not_valid",
        Refusal::ResellerNotSupported(_) => "participants_is_not_supported_for_partner",
        Refusal::TermNoLongerSold => "unable_to_process_cart_line_item",
        Refusal::SubscriptionMissing | Refusal::NoAzureSubscription | Refusal::SubscriptionNotValid => {
            "subscription_is_not_valid"
        }
        Refusal::SubscriptionNotActive
        | Refusal::SubscriptionNotEnabled
        | Refusal::EntitlementNotActive
        | Refusal::EntitlementNotEligible => "subscription_is_not_enabled_for_r_i",
        Refusal::SandboxReservationLimit
        | Refusal::SandboxPlanLimit
        | Refusal::SandboxSeatLimit
        | Refusal::SandboxSubscriptionLimit => "sandbox_limit_exceeded",
        Refusal::SubscriptionNotRegistered => "subscription_not_registered",
        Refusal::BillingCycleNotSupported(_) => "billing_plan_not_supported",
        Refusal::QuantityOutOfRange { .. } => "quota_not_available",
        Refusal::TermNotOffered(_)
        | Refusal::ScopeNotSupported(_)
        | Refusal::EntitlementMissing
        | Refusal::ResellerUnknown(_)
        | Refusal::ResellerUnrelated(_) => "invalid_input",
    }
}

impl ResponseError for Fault {
    fn status_code(&self) -> StatusCode {
        code_of(&self.0).0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, code) = code_of(&self.0);
        match &self.0 {
            Error::Unauthenticated(reason) => tracing::info!(reason, "token refused"),
            Error::Database(error) => tracing::error!(error = ?error, "database error"),
            Error::Internal(reason) => tracing::error!(reason, "internal error"),
            _ => {}
        }
        let mut response = HttpResponse::build(status);
        match &self.0 {
            Error::Unauthenticated(_) => {
                response.insert_header((WWW_AUTHENTICATE, "Bearer error=\"invalid_token\""));
            }
            Error::Throttled { retry_after_seconds } => {
                response.insert_header((RETRY_AFTER, retry_after_seconds.to_string()));
                return response.json(ThrottledBody { status_code: 429, message: self.0.to_string() });
            }
            Error::MethodNotAllowed { allow } => {
                response.insert_header((ALLOW, allow.as_str()));
            }
            Error::Unavailable => {
                response.insert_header((RETRY_AFTER, "1"));
            }
            _ => {}
        }
        // What was sent may stand in the text, however long it was.
        let description = self.0.to_string().chars().take(LONGEST_DESCRIPTION).collect();
        let body = FaultBody { code, description, data: Vec::new(), source: "PartnerFD" };
        response.content_type("application/json; charset=utf-8").json(body)
    }
}
