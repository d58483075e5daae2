//! Why an item cannot be bought. In a cart it stands on the line, at checkout among the errors of
//! its order group, and a direct order is refused with it.

use serde::{Deserialize, Serialize};

/// A reason for which one item is refused. Where two apply, the first in the order of the checks
/// in [`super::lines`] is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// Not of the form `product:sku:availability`, and no legacy offer.
    #[error("catalogItemId: {0} is not a catalogue item id.")]
    CatalogItemMalformed(String),
    /// Unknown legacy offer.
    #[error("catalogItemId: {0} is not an offer of this catalogue.")]
    OfferUnknown(String),
    /// Unknown product.
    #[error("catalogItemId: the product was not found.")]
    ProductUnknown,
    /// Unknown SKU.
    #[error("catalogItemId: the SKU was not found.")]
    SkuUnknown,
    /// Unknown availability, or one that was reissued.
    #[error("catalogItemId: the availability was not found; read the availability again.")]
    AvailabilityUnknown,
    /// Not sold where the customer is.
    #[error("catalogItemId: the item is not sold in {0}.")]
    NotSoldInCountry(String),
    /// Not the partner's currency.
    #[error("currencyCode: {0} is not supported; this partner buys in {1}.")]
    CurrencyNotSupported(String, String),
    /// Outside the SKU's bounds.
    #[error("quantity: must be between {min} and {max}.")]
    QuantityOutOfRange {
        /// The least that may be bought.
        min: i64,
        /// The most that may be bought.
        max: i64,
    },
    /// The SKU has no such billing cycle.
    #[error("billingCycle: {0} is not supported for this item.")]
    BillingCycleNotSupported(String),
    /// The SKU has another term.
    #[error("termDuration: {0} is not offered for this item.")]
    TermNotOffered(String),
    /// The size may no longer be bought for this term.
    #[error("termDuration: this size is no longer sold for this term.")]
    TermNoLongerSold,
    /// A reservation needs a subscription that it belongs to.
    #[error("provisioningContext.subscriptionId: required for a reservation.")]
    SubscriptionMissing,
    /// The customer has no Azure subscription at all.
    #[error("provisioningContext.subscriptionId: the customer has no Azure plan or Azure subscription.")]
    NoAzureSubscription,
    /// Unknown, somebody else's, or not Azure.
    #[error("provisioningContext.subscriptionId: not a valid Azure subscription of this customer.")]
    SubscriptionNotValid,
    /// Suspended, expired or deleted.
    #[error("provisioningContext.subscriptionId: the Azure subscription is not active.")]
    SubscriptionNotActive,
    /// An Azure-plan item for MS-AZR-0145P, or the reverse.
    #[error(
        "provisioningContext.subscriptionId: this item cannot be bought for this kind of Azure subscription; see reservationScope."
    )]
    SubscriptionNotEnabled,
    /// Not registered for reservations.
    #[error("provisioningContext.subscriptionId: the subscription is not registered for reservations.")]
    SubscriptionNotRegistered,
    /// Neither `shared` nor `single`.
    #[error("provisioningContext.scope: {0} is not supported; use shared or single.")]
    ScopeNotSupported(String),
    /// Single scope on an Azure plan names its Azure subscription.
    #[error("provisioningContext.entitlementId: required for single scope on an Azure plan.")]
    EntitlementMissing,
    /// The Azure subscription is not of this plan.
    #[error("provisioningContext.entitlementId: not an Azure subscription of this plan.")]
    EntitlementNotEligible,
    /// The Azure subscription is not active.
    #[error("provisioningContext.entitlementId: the Azure subscription is not active.")]
    EntitlementNotActive,
    /// Only an indirect provider names a reseller.
    #[error("{0}: only an indirect provider names a reseller.")]
    ResellerNotSupported(String),
    /// No partner has this PartnerID.
    #[error("{0}: names no partner.")]
    ResellerUnknown(String),
    /// The partner is no indirect reseller of this provider.
    #[error("{0}: not an indirect reseller of this provider.")]
    ResellerUnrelated(String),
    /// The sandbox account's limit is met.
    #[error("quantity: a sandbox account may hold two reservations a customer.")]
    SandboxReservationLimit,
    /// More seats than a sandbox account may have in a subscription.
    #[error("quantity: a sandbox account may hold 25 seats a subscription.")]
    SandboxSeatLimit,
    /// The sandbox account's limit of Azure plans is met.
    #[error("catalogItemId: a sandbox account may hold ten Azure plans.")]
    SandboxPlanLimit,
    /// The sandbox account's limit of subscriptions is met.
    #[error("catalogItemId: a sandbox account may hold five subscriptions a customer.")]
    SandboxSubscriptionLimit,
}
