//! What can go wrong, once for the whole program. Each surface has its own table from these cases
//! to statuses, codes and bodies; the text of a case is what a caller may read, and anything only
//! the operator may read goes to the log.

use crate::ids::Guid;
use crate::orders::refusal::Refusal;
use crate::reservations;
use crate::role_assignments;

/// The result of everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Every way in which a request can fail.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No bearer token, or one that is not trusted; the reason is for the log alone.
    #[error("Access denied")]
    Unauthenticated(String),
    /// The token's roles do not include one that may do this.
    #[error("The role of the caller does not allow this operation.")]
    RoleNotAllowed,
    /// The operation needs a signed-in user, not an application alone.
    #[error("This resource does not support application-only authentication.")]
    AppOnlyNotSupported,
    /// An indirect reseller reads the customers it shares with its provider and writes nothing.
    #[error("An indirect reseller has read access only.")]
    ResellerReadsOnly,
    /// A value of the request is missing or malformed.
    #[error("{field}: {reason}")]
    InvalidInput {
        /// The member, parameter or header at fault.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The body is larger than the server accepts.
    #[error("The request body is larger than {limit} bytes.")]
    BodyTooLarge {
        /// The limit in force, in bytes.
        limit: usize,
    },
    /// The caller accepts no format that the server writes.
    #[error("Accept: only application/json is available here.")]
    NotAcceptable,
    /// The request id was used before with another body.
    #[error("MS-RequestId: this request id was used before with another body.")]
    ReplayMismatch,
    /// No such resource or path.
    #[error("The resource was not found.")]
    NotFound,
    /// The path exists, but not with this method.
    #[error("The method is not allowed here. Allowed: {allow}.")]
    MethodNotAllowed {
        /// The value of the `Allow` header.
        allow: String,
    },
    /// Too many requests.
    #[error("Rate limit is exceeded. Try again in {retry_after_seconds} seconds.")]
    Throttled {
        /// When a request will be taken again.
        retry_after_seconds: u64,
    },
    /// Unknown customer, or somebody else's.
    #[error("The customer tenant was not found.")]
    CustomerNotFound,
    /// The partner's relationship with the customer has ended.
    #[error("The partner has no commerce relationship with the customer.")]
    RelationshipEnded,
    /// Another customer has the domain.
    #[error("companyProfile.domain: the domain {0} is taken.")]
    DomainTaken(String),
    /// Unknown user, or another customer's.
    #[error("The user was not found.")]
    UserNotFound,
    /// What is wanted is there already.
    #[error("{field}: {reason}")]
    AlreadyThere {
        /// The member at fault.
        field: &'static str,
        /// What is there.
        reason: &'static str,
    },
    /// A sandbox account holds 75 customers at the most.
    #[error("A sandbox account may hold 75 customers.")]
    SandboxCustomerLimit,
    /// The country has no registration numbers.
    #[error("companyProfile.organizationRegistrationNumber: not supported for this country.")]
    RegistrationNumberUnsupported,
    /// The country requires a registration number.
    #[error("companyProfile.organizationRegistrationNumber: required for this country.")]
    RegistrationNumberMissing,
    /// Not of the form of a registration number.
    #[error("companyProfile.organizationRegistrationNumber: malformed.")]
    RegistrationNumberMalformed,
    /// The country requires a phone number.
    #[error("billingProfile.defaultAddress.phoneNumber: required for this country.")]
    PhoneNumberMissing,
    /// No partner-confirmed customer agreement.
    #[error("The Microsoft Customer Agreement has not been confirmed or accepted for this customer.")]
    AgreementMissing,
    /// The same contact has confirmed before.
    #[error("An agreement with the same contact was confirmed before.")]
    AgreementExists,
    /// Unknown agreement template.
    #[error("The agreement template was not found.")]
    TemplateNotFound,
    /// Unknown product.
    #[error("The product was not found.")]
    ProductNotFound,
    /// Unknown SKU.
    #[error("The SKU was not found.")]
    SkuNotFound,
    /// Unknown availability.
    #[error("The availability was not found.")]
    AvailabilityNotFound,
    /// Unknown target segment.
    #[error("targetSegment: {0} is not allowed.")]
    SegmentNotAllowed(String),
    /// Unknown target view.
    #[error("targetView: {0} is not allowed.")]
    ViewNotAllowed(String),
    /// Unknown or expired cart.
    #[error("The cart was not found or has expired.")]
    CartNotFound,
    /// A cart that was checked out cannot be changed.
    #[error("The cart has already been submitted.")]
    CartSubmitted,
    /// No order group of the cart could be ordered.
    #[error("Error in cart item(s): {0}")]
    CartItems(String),
    /// Line numbers are 0 to n-1.
    #[error("lineItems.lineItemNumber: must count from 0 without gaps.")]
    LineItemNumber,
    /// Unknown order.
    #[error("The order was not found.")]
    OrderNotFound,
    /// Unknown subscription.
    #[error("The subscription was not found.")]
    SubscriptionNotFound,
    /// Unknown Azure entitlement.
    #[error("The Azure entitlement was not found.")]
    EntitlementNotFound,
    /// Why Azure refuses to cancel a subscription.
    #[error("cancellationReason: {0} is not accepted.")]
    CancellationReason(String),
    /// An Azure subscription that is active cannot be reactivated.
    #[error("The Azure entitlement cannot be reactivated in its present state.")]
    CannotReactivate,
    /// A subscription cannot go from its state to the wanted one.
    #[error("status: a change from {from} to {to} is not allowed.")]
    TransitionNotAllowed {
        /// The present status.
        from: String,
        /// The wanted status.
        to: String,
    },
    /// A plan cannot be suspended while Azure subscriptions of it are active.
    #[error("An Azure plan with active Azure subscriptions cannot be suspended.")]
    PlanInUse,
    /// Quantities of this kind of subscription cannot be changed.
    #[error("quantity: the quantity of this subscription cannot be changed.")]
    QuantityFixed,
    /// A deleted subscription cannot be changed.
    #[error("A deleted subscription cannot be updated.")]
    SubscriptionDeleted,
    /// Unknown purchase permission, or somebody else's.
    #[error("The self-serve policy was not found.")]
    PolicyNotFound,
    /// The ids of a purchase permission contradict each other.
    #[error("id: is not the id of this self-serve policy.")]
    PolicyIdIncorrect,
    /// The customer has its purchase permission already.
    #[error("A self-serve policy of this customer exists already.")]
    PolicyExists,
    /// Nothing of Azure was bought for the customer.
    #[error("selfServeEntity.tenantID: the customer has no Azure plan or Azure subscription from this partner.")]
    NothingOfAzure,
    /// `If-Match` names another version.
    #[error("If-Match: the resource has changed since this etag was read.")]
    PreconditionFailed,
    /// The etag in the body names another version.
    #[error("attributes.etag: Etag is no longer valid.")]
    StaleEtag,
    /// An item cannot be bought.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// A line of a direct order cannot be bought; the member that names its item is `offerId` there.
    #[error("lineItems[{line}].{}", .refusal.to_string().replacen("catalogItemId", "offerId", 1))]
    LineRefused {
        /// The line's position.
        line: usize,
        /// Why.
        refusal: Refusal,
    },
    /// Unknown Azure subscription, or somebody else's.
    #[error("The subscription could not be found.")]
    AzureSubscriptionNotFound,
    /// Unknown tenant, or none of the caller's.
    #[error("The tenant was not found.")]
    TenantNotFound,
    /// Unknown resource group.
    #[error("Resource group '{0}' could not be found.")]
    ResourceGroupNotFound(String),
    /// Unknown reservation order, or somebody else's.
    #[error("The reservation order was not found.")]
    ReservationOrderNotFound,
    /// No such reservation in this order.
    #[error("The reservation was not found in this reservation order.")]
    ReservationNotFound,
    /// No such ticket, communication, service or problem classification, or somebody else's.
    #[error("The {0} was not found.")]
    SupportResourceNotFound(&'static str),
    /// Roles that do not suffice.
    #[error(
        "The client '{client}' with object id '{object_id}' does not have authorization to perform action '{action}' over scope '{scope}' or the scope is invalid."
    )]
    NotAuthorized {
        /// The user's or application's name.
        client: String,
        /// Its object id.
        object_id: Guid,
        /// Azure's name of the operation.
        action: &'static str,
        /// Where.
        scope: String,
    },
    /// A customer's user manages nothing (rule P7).
    #[error("A reservation based on a partner's subscription is managed by the partner. Ask your partner.")]
    CustomerMayNotManage,
    /// No `api-version`, or none that is a date.
    #[error("{0}")]
    ApiVersion(ApiVersionFault),
    /// Something cannot be done with a reservation.
    #[error("{0}")]
    Reservation(#[from] reservations::Refusal),
    /// A role is not granted, or not there.
    #[error("{0}")]
    RoleAssignment(#[from] role_assignments::Refusal),
    /// A cancelled Azure subscription, or one of a plan that is not active, holds nothing new.
    #[error(
        "The subscription '{0}' is disabled and therefore marked as read only. You cannot perform any write actions on this subscription until it is re-enabled."
    )]
    AzureSubscriptionDisabled(Guid),
    /// A resource group stays where it was made.
    #[error(
        "location: invalid resource group location '{wanted}'. The resource group already exists in location '{present}'."
    )]
    ResourceGroupMoved {
        /// Where it was to be.
        wanted: String,
        /// Where it is.
        present: String,
    },
    /// No Azure subscription was made under this name.
    #[error("The subscription alias '{0}' could not be found.")]
    AliasNotFound(String),
    /// An amount exceeds what can be counted.
    #[error("quantity: the amount is too large.")]
    AmountTooLarge,
    /// The database is away.
    #[error("The service is unavailable. Try again.")]
    Unavailable,
    /// A failed statement.
    #[error("An unexpected error occurred.")]
    Database(diesel::result::Error),
    /// A defect of the program; the reason is for the log alone.
    #[error("An unexpected error occurred.")]
    Internal(String),
}

/// What is wrong with `api-version`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiVersionFault {
    /// It is not there.
    #[error("The api-version query parameter (?api-version=) is required for all requests.")]
    Missing,
    /// It is no date.
    #[error("The api-version query parameter must be a date of the form 2022-11-01.")]
    Malformed,
}

impl Error {
    /// A missing or malformed value: `field` is named to the caller.
    pub fn invalid(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::InvalidInput { field: field.into(), reason: reason.into() }
    }
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error)
    }
}

impl From<serde_json::Error> for Error {
    /// Our own documents always have a JSON form; reading requests has its own errors.
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(format!("json: {error}"))
    }
}
