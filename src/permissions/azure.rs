//! Who may do what on the Azure side, as data: one row an operation. What an operation needs is
//! looked for on the subscription or reservation order it is about ([`crate::access::Permit`]),
//! because there roles are assigned and not given by the tenant.

use super::Rights;
use crate::config::Role;

/// What an operation needs of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// A token that is trusted; lists show what the caller may read.
    SignIn,
    /// Reader or better on what it is about; any agent of the partner.
    Read,
    /// To buy: an Admin agent; another agent with Owner or Reservation Purchaser on the billing
    /// subscription; a customer's user with Owner on it and the purchase permission (rule P4).
    Buy,
    /// To manage reservations: an Admin agent; another agent with Owner on the billing
    /// subscription, or Owner or Reservations Administrator on the order (rule O7). Never a
    /// customer's user (rule P7).
    Manage,
    /// To make subscriptions and resource groups: an Admin agent, or Owner or Contributor.
    Contribute,
    /// To grant and revoke: an Admin agent, or a role that may write role assignments (rule M2).
    Grant,
    /// To ask for support: any agent of the partner (rule M7).
    Support,
}

impl Need {
    /// What is needed, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::SignIn => "a token; lists show what the caller may read",
            Self::Read => "any agent of the partner, or Reader or better",
            Self::Buy => {
                "an Admin agent; another agent with Owner or Reservation Purchaser on the billing subscription; a customer's user with Owner on it and the purchase permission"
            }
            Self::Manage => {
                "an Admin agent, or another agent with Owner on the billing subscription, or Owner or Reservations Administrator on the order"
            }
            Self::Contribute => "an Admin agent, or Owner or Contributor",
            Self::Grant => "an Admin agent, or a role that may write role assignments",
            Self::Support => "any agent of the partner",
        }
    }
}

/// One operation of the Azure side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AzureRights {
    /// The operation's name, as in the OpenAPI document.
    pub id: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The path template.
    pub path: &'static str,
    /// What it needs.
    pub need: Need,
    /// Azure's name for it, as it stands in refusals.
    pub action: &'static str,
}

impl AzureRights {
    /// The agent roles that suffice without an assignment.
    pub const fn roles(&self) -> &'static [Role] {
        match self.need {
            Need::SignIn | Need::Read | Need::Support => &Role::ALL,
            Need::Buy | Need::Manage | Need::Contribute | Need::Grant => &[Role::Admin],
        }
    }

    /// Whether a customer's user may: `no`, `own` (with a role on it) or `with permission and Owner`.
    pub const fn customer_user(&self) -> &'static str {
        match self.need {
            Need::SignIn | Need::Read | Need::Contribute | Need::Grant => "own",
            Need::Buy => "with permission and Owner",
            Need::Manage | Need::Support => "no",
        }
    }
}

/// An operation as a type.
pub trait AzureOperation: 'static {
    /// Who may call it.
    const RIGHTS: AzureRights;
}

macro_rules! azure_operations {
    ($($(#[$meta:meta])* $name:ident: $method:literal $path:literal $need:ident $action:literal;)+) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl AzureOperation for $name {
                const RIGHTS: AzureRights = AzureRights {
                    id: stringify!($name),
                    method: $method,
                    path: $path,
                    need: Need::$need,
                    action: $action,
                };
            }
        )+

        /// Every operation of the Azure side.
        pub const ALL: &[AzureRights] = &[$($name::RIGHTS),+];
    };
}

// Columns: operation, method, path, what it needs, Azure's name for it.
azure_operations! {
    /// List the operations of the provider.
    ListCapacityOperations: "GET" "/providers/Microsoft.Capacity/operations" SignIn "Microsoft.Capacity/operations/read";
    /// Calculate a price.
    CalculatePrice: "POST" "/providers/Microsoft.Capacity/calculatePrice" Read "Microsoft.Capacity/calculateprice/action";
    /// Buy a reservation.
    PurchaseReservation: "PUT" "/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}" Buy "Microsoft.Capacity/reservationorders/write";
    /// List reservation orders.
    ListReservationOrders: "GET" "/providers/Microsoft.Capacity/reservationOrders" SignIn "Microsoft.Capacity/reservationorders/read";
    /// Get a reservation order.
    GetReservationOrder: "GET" "/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}" Read "Microsoft.Capacity/reservationorders/read";
    /// Move a reservation order to another tenant.
    ChangeDirectory: "POST" "/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/changeDirectory" Manage "Microsoft.Capacity/reservationorders/action";
    /// List the reservations of an order.
    ListReservationsOfOrder: "GET" "/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/reservations" Read "Microsoft.Capacity/reservationorders/reservations/read";
    /// Get a reservation.
    GetReservation: "GET" "/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/reservations/{reservationId}" Read "Microsoft.Capacity/reservationorders/reservations/read";
    /// Change a reservation.
    UpdateReservation: "PATCH" "/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/reservations/{reservationId}" Manage "Microsoft.Capacity/reservationorders/reservations/write";
    /// Split a reservation.
    SplitReservation: "POST" "/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/split" Manage "Microsoft.Capacity/reservationorders/action";
    /// Merge reservations.
    MergeReservations: "POST" "/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/merge" Manage "Microsoft.Capacity/reservationorders/action";
    /// Ask which scopes a reservation may have.
    ListAvailableScopes: "POST" "/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/reservations/{reservationId}/availableScopes" Read "Microsoft.Capacity/checkscopes/action";
    /// Put a reservation away.
    ArchiveReservation: "POST" "/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/reservations/{reservationId}/archive" Manage "Microsoft.Capacity/reservationorders/reservations/action";
    /// Take a reservation out again.
    UnarchiveReservation: "POST" "/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/reservations/{reservationId}/unarchive" Manage "Microsoft.Capacity/reservationorders/reservations/action";
    /// List the revisions of a reservation.
    ListReservationRevisions: "GET" "/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/reservations/{reservationId}/revisions" Read "Microsoft.Capacity/reservationorders/reservations/revisions/read";
    /// List all reservations.
    ListReservations: "GET" "/providers/Microsoft.Capacity/reservations" SignIn "Microsoft.Capacity/reservations/read";
    /// Calculate a refund.
    CalculateRefund: "POST" "/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/calculateRefund" Manage "Microsoft.Capacity/reservationorders/action";
    /// Return a reservation.
    ReturnReservation: "POST" "/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/return" Manage "Microsoft.Capacity/reservationorders/action";
    /// Calculate an exchange.
    CalculateExchange: "POST" "/providers/Microsoft.Capacity/calculateExchange" Manage "Microsoft.Capacity/reservationorders/action";
    /// Exchange reservations.
    ExchangeReservations: "POST" "/providers/Microsoft.Capacity/exchange" Manage "Microsoft.Capacity/reservationorders/action";
    /// List what can be reserved.
    ListCatalog: "GET" "/subscriptions/{subscriptionId}/providers/Microsoft.Capacity/catalogs" Read "Microsoft.Capacity/catalogs/read";
    /// List the reservation orders that apply to a subscription.
    ListAppliedReservations: "GET" "/subscriptions/{subscriptionId}/providers/Microsoft.Capacity/appliedReservations" Read "Microsoft.Capacity/appliedreservations/read";
}

/// The methods that a path is known with, for the `Allow` header; empty for an unknown path.
pub fn methods_of(path: &str) -> Vec<&'static str> {
    ALL.iter().filter(|rights| super::fits(rights.path, path)).map(|rights| rights.method).collect()
}

/// The templates of all paths, of both surfaces.
pub fn templates() -> impl Iterator<Item = &'static str> {
    super::ALL.iter().map(|rights: &Rights| rights.path).chain(ALL.iter().map(|rights| rights.path))
}
