//! Who may do what on the Azure side, as data: one row an operation. What an operation needs is
//! looked for on the subscription or reservation order it is about ([`crate::access::Permit`]),
//! because there roles are assigned and not given by the tenant.

use super::Rights;

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
    /// To ask for support: any agent of the partner (rule M7), an application alone too. Never a
    /// customer's user.
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
            Self::Support => "any agent of the partner, or an application alone with an agent's role",
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
    /// List the services that support is asked for.
    ListSupportServices: "GET" "/providers/Microsoft.Support/services" Support "Microsoft.Support/services/read";
    /// Get a service.
    GetSupportService: "GET" "/providers/Microsoft.Support/services/{serviceName}" Support "Microsoft.Support/services/read";
    /// List the problems of a service.
    ListProblemClassifications: "GET" "/providers/Microsoft.Support/services/{serviceName}/problemClassifications" Support "Microsoft.Support/services/problemClassifications/read";
    /// Get a problem classification.
    GetProblemClassification: "GET" "/providers/Microsoft.Support/services/{serviceName}/problemClassifications/{problemClassificationName}" Support "Microsoft.Support/services/problemClassifications/read";
    /// Ask whether a ticket's name is free, without a subscription.
    CheckSupportTicketName: "POST" "/providers/Microsoft.Support/checkNameAvailability" Support "Microsoft.Support/checkNameAvailability/action";
    /// List support tickets without a subscription.
    ListSupportTickets: "GET" "/providers/Microsoft.Support/supportTickets" Support "Microsoft.Support/supportTickets/read";
    /// Create a support ticket without a subscription.
    CreateSupportTicket: "PUT" "/providers/Microsoft.Support/supportTickets/{supportTicketName}" Support "Microsoft.Support/supportTickets/write";
    /// Get a support ticket without a subscription.
    GetSupportTicket: "GET" "/providers/Microsoft.Support/supportTickets/{supportTicketName}" Support "Microsoft.Support/supportTickets/read";
    /// Change a support ticket without a subscription.
    UpdateSupportTicket: "PATCH" "/providers/Microsoft.Support/supportTickets/{supportTicketName}" Support "Microsoft.Support/supportTickets/write";
    /// Ask whether a communication's name is free, on a ticket without a subscription.
    CheckCommunicationName: "POST" "/providers/Microsoft.Support/supportTickets/{supportTicketName}/checkNameAvailability" Support "Microsoft.Support/supportTickets/checkNameAvailability/action";
    /// List what was said on a ticket without a subscription.
    ListCommunications: "GET" "/providers/Microsoft.Support/supportTickets/{supportTicketName}/communications" Support "Microsoft.Support/supportTickets/communications/read";
    /// Say something on a ticket without a subscription.
    CreateCommunication: "PUT" "/providers/Microsoft.Support/supportTickets/{supportTicketName}/communications/{communicationName}" Support "Microsoft.Support/supportTickets/communications/write";
    /// Get something that was said on a ticket without a subscription.
    GetCommunication: "GET" "/providers/Microsoft.Support/supportTickets/{supportTicketName}/communications/{communicationName}" Support "Microsoft.Support/supportTickets/communications/read";
    /// Ask whether a ticket's name is free, of a subscription.
    CheckSubscriptionSupportTicketName: "POST" "/subscriptions/{subscriptionId}/providers/Microsoft.Support/checkNameAvailability" Support "Microsoft.Support/checkNameAvailability/action";
    /// List support tickets of a subscription.
    ListSubscriptionSupportTickets: "GET" "/subscriptions/{subscriptionId}/providers/Microsoft.Support/supportTickets" Support "Microsoft.Support/supportTickets/read";
    /// Create a support ticket of a subscription.
    CreateSubscriptionSupportTicket: "PUT" "/subscriptions/{subscriptionId}/providers/Microsoft.Support/supportTickets/{supportTicketName}" Support "Microsoft.Support/supportTickets/write";
    /// Get a support ticket of a subscription.
    GetSubscriptionSupportTicket: "GET" "/subscriptions/{subscriptionId}/providers/Microsoft.Support/supportTickets/{supportTicketName}" Support "Microsoft.Support/supportTickets/read";
    /// Change a support ticket of a subscription.
    UpdateSubscriptionSupportTicket: "PATCH" "/subscriptions/{subscriptionId}/providers/Microsoft.Support/supportTickets/{supportTicketName}" Support "Microsoft.Support/supportTickets/write";
    /// Ask whether a communication's name is free, on a ticket of a subscription.
    CheckSubscriptionCommunicationName: "POST" "/subscriptions/{subscriptionId}/providers/Microsoft.Support/supportTickets/{supportTicketName}/checkNameAvailability" Support "Microsoft.Support/supportTickets/checkNameAvailability/action";
    /// List what was said on a ticket of a subscription.
    ListSubscriptionCommunications: "GET" "/subscriptions/{subscriptionId}/providers/Microsoft.Support/supportTickets/{supportTicketName}/communications" Support "Microsoft.Support/supportTickets/communications/read";
    /// Say something on a ticket of a subscription.
    CreateSubscriptionCommunication: "PUT" "/subscriptions/{subscriptionId}/providers/Microsoft.Support/supportTickets/{supportTicketName}/communications/{communicationName}" Support "Microsoft.Support/supportTickets/communications/write";
    /// Get something that was said on a ticket of a subscription.
    GetSubscriptionCommunication: "GET" "/subscriptions/{subscriptionId}/providers/Microsoft.Support/supportTickets/{supportTicketName}/communications/{communicationName}" Support "Microsoft.Support/supportTickets/communications/read";
}

/// The methods that a path is known with, for the `Allow` header; empty for an unknown path.
pub fn methods_of(path: &str) -> Vec<&'static str> {
    ALL.iter().filter(|rights| super::fits(rights.path, path)).map(|rights| rights.method).collect()
}

/// The templates of all paths, of both surfaces.
pub fn templates() -> impl Iterator<Item = &'static str> {
    super::ALL.iter().map(|rights: &Rights| rights.path).chain(ALL.iter().map(|rights| rights.path))
}
