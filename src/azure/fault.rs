//! The error body of Azure's resource manager, and which status and code each case has.

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{ApiVersionFault, Error};
use crate::orders::refusal::Refusal as OrderRefusal;
use crate::reservations::Refusal;
use crate::role_assignments::Refusal as RoleRefusal;

/// An error on its way to a client of the Azure side.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AzureFault(#[from] pub Error);

/// The body of an error.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CloudError)]
pub struct AzureFaultBody {
    /// What is wrong.
    pub error: AzureFaultDetails,
}

/// What is wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CloudErrorDetails)]
pub struct AzureFaultDetails {
    /// The documented error code.
    #[schema(example = "ReservationOrderNotFound")]
    pub code: &'static str,
    /// A text, with the member named.
    #[schema(example = "The reservation order was not found.")]
    pub message: String,
}

const BAD: StatusCode = StatusCode::BAD_REQUEST;

/// The status and the documented code of a case. A final refusal is never a 5xx and never carries
/// `Retry-After`, because the official clients would send it again.
pub fn code_of(error: &Error) -> (StatusCode, &'static str) {
    match error {
        Error::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken"),
        Error::NotAuthorized { .. }
        | Error::RoleNotAllowed
        | Error::ResellerReadsOnly
        | Error::AppOnlyNotSupported
        | Error::RelationshipEnded => (StatusCode::FORBIDDEN, "AuthorizationFailed"),
        Error::CustomerMayNotManage => (StatusCode::FORBIDDEN, "Forbidden"),
        Error::ApiVersion(ApiVersionFault::Missing) => (BAD, "MissingApiVersionParameter"),
        Error::ApiVersion(ApiVersionFault::Malformed) => (BAD, "InvalidApiVersionParameter"),
        Error::InvalidInput { field, .. } => (BAD, code_of_field(field)),
        Error::AmountTooLarge | Error::ReplayMismatch | Error::NotAcceptable => (BAD, "InvalidRequestContent"),
        Error::BodyTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge"),
        Error::NotFound => (StatusCode::NOT_FOUND, "InvalidResourceType"),
        Error::MethodNotAllowed { .. } => (StatusCode::METHOD_NOT_ALLOWED, "HttpMethodNotSupported"),
        Error::Throttled { .. } => (StatusCode::TOO_MANY_REQUESTS, "TooManyRequests"),
        Error::AzureSubscriptionNotFound
        | Error::SubscriptionNotFound
        | Error::EntitlementNotFound
        | Error::CustomerNotFound => (StatusCode::NOT_FOUND, "SubscriptionNotFound"),
        Error::TenantNotFound => (StatusCode::NOT_FOUND, "InvalidTenantId"),
        Error::ResourceGroupNotFound(_) => (StatusCode::NOT_FOUND, "ResourceGroupNotFound"),
        Error::ReservationOrderNotFound => (StatusCode::NOT_FOUND, "ReservationOrderNotFound"),
        Error::ReservationNotFound => (StatusCode::NOT_FOUND, "InvalidReservationId"),
        Error::RoleAssignment(refusal) => code_of_role_refusal(refusal),
        Error::AzureSubscriptionDisabled(_) => (StatusCode::CONFLICT, "ReadOnlyDisabledSubscription"),
        Error::ResourceGroupMoved { .. } => (StatusCode::CONFLICT, "InvalidResourceGroupLocation"),
        Error::AliasNotFound(_) => (StatusCode::NOT_FOUND, "AliasNotFound"),
        Error::SupportResourceNotFound(_) => (StatusCode::NOT_FOUND, "ResourceNotFound"),
        Error::AlreadyThere { .. } => (StatusCode::CONFLICT, "Conflict"),
        Error::Reservation(refusal) => code_of_refusal(refusal),
        Error::Refused(refusal) | Error::LineRefused { refusal, .. } => code_of_order_refusal(refusal),
        Error::AgreementMissing => (BAD, "PurchaseError"),
        Error::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "ServerTimeout"),
        Error::Database(_) | Error::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError"),
        // What only Partner Center's surface can be told.
        _ => (BAD, "BadRequest"),
    }
}

/// A malformed part of the path has a code of its own.
fn code_of_field(field: &str) -> &'static str {
    match field {
        "reservationOrderId" => "InvalidReservationOrderId",
        "reservationId" => "InvalidReservationId",
        "subscriptionId" => "InvalidSubscriptionId",
        _ => "InvalidRequestContent",
    }
}

fn code_of_refusal(refusal: &Refusal) -> (StatusCode, &'static str) {
    match refusal {
        Refusal::LocationUnknown(_) => (BAD, "InvalidLocationId"),
        Refusal::SkuUnknown { .. } | Refusal::PlanNotOffered(_) => (BAD, "InvalidFulfillmentRequestParameters"),
        Refusal::TermNotOffered { .. } => (BAD, "UnsupportedReservationTerm"),
        Refusal::ScopeMissing => (BAD, "MissingAppliedScopesForSingle"),
        Refusal::ScopeCount => (BAD, "InvalidSingleAppliedScopesCount"),
        Refusal::ScopeForeign(_) => (BAD, "AppliedScopesNotAssociatedWithCommerceAccount"),
        Refusal::ScopeSame => (BAD, "AppliedScopesSameAsExisting"),
        Refusal::PatchSame => (BAD, "PatchValuesSameAsExisting"),
        Refusal::NotInOrder(_) => (BAD, "ReservationIdNotInReservationOrder"),
        Refusal::RefundQuantity { .. } => (BAD, "InvalidRefundQuantity"),
        Refusal::State(_) | Refusal::Expired => (StatusCode::CONFLICT, "OperationCannotBePerformedInCurrentState"),
        Refusal::RefundLimit { .. } => (BAD, "RefundLimitExceeded"),
        Refusal::RefundNotSupported(_) => (BAD, "SelfServiceRefundNotSupported"),
        Refusal::SessionUnknown => (BAD, "InvalidRequestContent"),
        Refusal::QuoteChanged => (BAD, "OperationFailed"),
        Refusal::CommitmentTooLow { .. } => (BAD, "PurchaseCommitmentTooLow"),
        Refusal::ExchangeNotAllowed(_) => (BAD, "ExchangeNotAllowed"),
        Refusal::OrderIdTaken(_) => (StatusCode::CONFLICT, "ReservationOrderIdAlreadyExists"),
        Refusal::PurchaseNotPermitted | Refusal::RenewalByCustomer => (StatusCode::FORBIDDEN, "Forbidden"),
    }
}

fn code_of_role_refusal(refusal: &RoleRefusal) -> (StatusCode, &'static str) {
    match refusal {
        RoleRefusal::Exists(_) => (StatusCode::CONFLICT, "RoleAssignmentExists"),
        RoleRefusal::UpdateNotPermitted => (StatusCode::CONFLICT, "RoleAssignmentUpdateNotPermitted"),
        RoleRefusal::NotFound(_) => (StatusCode::NOT_FOUND, "RoleAssignmentNotFound"),
        RoleRefusal::RoleUnknown(_) => (StatusCode::NOT_FOUND, "RoleDefinitionDoesNotExist"),
        RoleRefusal::RoleNotGrantable(_) => (BAD, "RoleDefinitionDoesNotExist"),
        RoleRefusal::PrincipalNotFound { .. } => (BAD, "PrincipalNotFound"),
    }
}

fn code_of_order_refusal(refusal: &OrderRefusal) -> (StatusCode, &'static str) {
    match refusal {
        OrderRefusal::NotSoldInCountry(_) => (BAD, "NotSupportedCountry"),
        OrderRefusal::TermNoLongerSold | OrderRefusal::TermNotOffered(_) => (BAD, "UnsupportedReservationTerm"),
        OrderRefusal::BillingCycleNotSupported(_) | OrderRefusal::QuantityOutOfRange { .. } => {
            (BAD, "InvalidFulfillmentRequestParameters")
        }
        OrderRefusal::SubscriptionNotActive
        | OrderRefusal::SubscriptionNotRegistered
        | OrderRefusal::SubscriptionNotEnabled
        | OrderRefusal::EntitlementNotActive => (BAD, "NonsupportedAccountId"),
        _ => (BAD, "PurchaseError"),
    }
}

impl ResponseError for AzureFault {
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
            }
            Error::MethodNotAllowed { allow } => {
                response.insert_header((ALLOW, allow.as_str()));
            }
            Error::Unavailable => {
                response.insert_header((RETRY_AFTER, "1"));
            }
            _ => {}
        }
        let error = AzureFaultDetails { code, message: self.0.to_string() };
        response.content_type("application/json; charset=utf-8").json(AzureFaultBody { error })
    }
}
