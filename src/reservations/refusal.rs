//! Why something cannot be done with a reservation, or one cannot be bought on the Azure side. The
//! names are those of the documented error codes where one fits.

/// A reason for which an operation on reservations is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing is sold in the region.
    #[error("location: nothing can be reserved in {0}.")]
    LocationUnknown(String),
    /// The size cannot be reserved there.
    #[error("sku.name: {sku} cannot be reserved in {location}.")]
    SkuUnknown {
        /// The size.
        sku: String,
        /// The region.
        location: String,
    },
    /// The term is not offered, or no longer sold, for the size.
    #[error("properties.term: {term} is not offered for {sku}.")]
    TermNotOffered {
        /// The size.
        sku: String,
        /// The term.
        term: String,
    },
    /// Monthly payment is not offered.
    #[error("properties.billingPlan: {0} is not offered for this resource.")]
    PlanNotOffered(String),
    /// A single scope without a target.
    #[error("properties.appliedScopes: a single scope needs a subscription or a resource group.")]
    ScopeMissing,
    /// A single scope with several targets.
    #[error("properties.appliedScopes: a single scope has exactly one element.")]
    ScopeCount,
    /// A scope outside the billing context.
    #[error("properties.appliedScopes: {0} is not in the billing context of this reservation.")]
    ScopeForeign(String),
    /// The scope is what it is already.
    #[error("properties.appliedScopes: the reservation has this scope already.")]
    ScopeSame,
    /// Nothing would change.
    #[error("properties: every value is what it is already.")]
    PatchSame,
    /// A reservation of another order.
    #[error("{0}: not a reservation of this reservation order.")]
    NotInOrder(String),
    /// The quantity to return or exchange.
    #[error("quantity: must be between 1 and {most}.")]
    RefundQuantity {
        /// How many there are.
        most: i64,
    },
    /// Not in this state.
    #[error("The operation cannot be performed: {0}.")]
    State(String),
    /// After its end.
    #[error("The operation cannot be performed: the term of the reservation is over.")]
    Expired,
    /// The yearly limit of refunds.
    #[error("The refund exceeds the limit of USD {limit} in {days} days, of which USD {consumed} are consumed.")]
    RefundLimit {
        /// The limit in USD.
        limit: String,
        /// The length of the window.
        days: u32,
        /// What was consumed before, in USD.
        consumed: String,
    },
    /// Resources whose reservations are not refunded.
    #[error("Reservations of {0} cannot be refunded.")]
    RefundNotSupported(String),
    /// An unknown, expired or foreign session.
    #[error("properties.sessionId: unknown, expired, or not for this request; calculate again.")]
    SessionUnknown,
    /// Prices or states are no longer those of the quote.
    #[error("What was quoted has changed since; calculate again.")]
    QuoteChanged,
    /// The new commitment is below the returned one.
    #[error("The new purchases ({purchases}) are below the remaining commitment of what is returned ({returned}).")]
    CommitmentTooLow {
        /// The lifetime price of the new purchases.
        purchases: String,
        /// The remaining commitment.
        returned: String,
    },
    /// Products that cannot be exchanged for each other, or no longer.
    #[error("{0}")]
    ExchangeNotAllowed(String),
    /// The reservation order id belongs to another purchase.
    #[error("The reservation order id {0} is taken.")]
    OrderIdTaken(String),
    /// Customers whose partner has not switched purchases on.
    #[error("The partner has not allowed this customer to buy reservations.")]
    PurchaseNotPermitted,
    /// A customer's user asks for automatic renewal (rule P7).
    #[error("properties.renew: a reservation that a customer buys is renewed by its partner only.")]
    RenewalByCustomer,
}
