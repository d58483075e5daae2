//! Who may do what on the Azure side, as data: one row an operation. What an operation needs is
//! looked for on the subscription or reservation order it is about ([`crate::access::Permit`]),
//! because there roles are assigned and not given by the tenant.

use std::borrow::Cow;

use super::Rights;
use crate::config::Role;

/// What an operation needs of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// A token that is trusted; lists show what the caller may read.
    SignIn,
    /// Reader or better on what it is about; any agent of the partner.
    Read,
    /// To see what a partner pays: its agents, for what they may read. Never a customer's user, who
    /// does not learn what its partner pays (rule P6).
    Bill,
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
    /// To act for the partner: an Admin agent.
    Administer,
}

impl Need {
    /// What is needed, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::SignIn => "a token; lists show what the caller may read",
            Self::Read => "any agent of the partner, or Reader or better",
            Self::Bill => "any agent of the partner",
            Self::Buy => {
                "an Admin agent; another agent with Owner or Reservation Purchaser on the billing subscription; a customer's user with Owner on it and the purchase permission"
            }
            Self::Manage => {
                "an Admin agent, or another agent with Owner on the billing subscription, or Owner or Reservations Administrator on the order"
            }
            Self::Contribute => "an Admin agent, or Owner or Contributor",
            Self::Grant => "an Admin agent, or a role that may write role assignments",
            Self::Support => "any agent of the partner, or an application alone with an agent's role",
            Self::Administer => "an Admin agent",
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
            Need::SignIn | Need::Read | Need::Bill | Need::Support => &Role::ALL,
            Need::Buy | Need::Manage | Need::Contribute | Need::Grant | Need::Administer => &[Role::Admin],
        }
    }

    /// Whether a customer's user may: `no`, `own` (with a role on it) or `with permission and Owner`.
    pub const fn customer_user(&self) -> &'static str {
        match self.need {
            Need::SignIn | Need::Read | Need::Contribute | Need::Grant => "own",
            Need::Buy => "with permission and Owner",
            Need::Manage | Need::Bill | Need::Support | Need::Administer => "no",
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
    /// List Azure subscriptions.
    ListAzureSubscriptions: "GET" "/subscriptions" SignIn "Microsoft.Resources/subscriptions/read";
    /// Get an Azure subscription.
    GetAzureSubscription: "GET" "/subscriptions/{subscriptionId}" Read "Microsoft.Resources/subscriptions/read";
    /// List the regions of an Azure subscription.
    ListLocations: "GET" "/subscriptions/{subscriptionId}/locations" Read "Microsoft.Resources/subscriptions/locations/read";
    /// List tenants.
    ListTenants: "GET" "/tenants" SignIn "Microsoft.Resources/tenants/read";
    /// Make a further Azure subscription under a plan.
    CreateSubscriptionAlias: "PUT" "/providers/Microsoft.Subscription/aliases/{aliasName}" Administer "Microsoft.Subscription/aliases/write";
    /// Get the Azure subscription made under a name.
    GetSubscriptionAlias: "GET" "/providers/Microsoft.Subscription/aliases/{aliasName}" Administer "Microsoft.Subscription/aliases/read";
    /// Register the reservation provider.
    RegisterCapacityProvider: "POST" "/subscriptions/{subscriptionId}/providers/Microsoft.Capacity/register" Read "Microsoft.Capacity/register/action";
    /// Whether the reservation provider is registered.
    GetCapacityProvider: "GET" "/subscriptions/{subscriptionId}/providers/Microsoft.Capacity" Read "Microsoft.Resources/subscriptions/providers/read";
    /// List resource groups.
    ListResourceGroups: "GET" "/subscriptions/{subscriptionId}/resourceGroups" Read "Microsoft.Resources/subscriptions/resourceGroups/read";
    /// Get a resource group.
    GetResourceGroup: "GET" "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}" Read "Microsoft.Resources/subscriptions/resourceGroups/read";
    /// Create or change a resource group.
    CreateResourceGroup: "PUT" "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}" Contribute "Microsoft.Resources/subscriptions/resourceGroups/write";
    /// List role assignments.
    ListRoleAssignments: "GET" "/{scope}/providers/Microsoft.Authorization/roleAssignments" Read "Microsoft.Authorization/roleAssignments/read";
    /// Get a role assignment.
    GetRoleAssignment: "GET" "/{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}" Read "Microsoft.Authorization/roleAssignments/read";
    /// Grant a role.
    CreateRoleAssignment: "PUT" "/{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}" Grant "Microsoft.Authorization/roleAssignments/write";
    /// Revoke a role.
    DeleteRoleAssignment: "DELETE" "/{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}" Grant "Microsoft.Authorization/roleAssignments/delete";
    /// List the roles that can be granted at a scope.
    ListRoleDefinitions: "GET" "/{scope}/providers/Microsoft.Authorization/roleDefinitions" Read "Microsoft.Authorization/roleDefinitions/read";
    /// Get a role at a scope.
    GetRoleDefinition: "GET" "/{scope}/providers/Microsoft.Authorization/roleDefinitions/{roleDefinitionId}" Read "Microsoft.Authorization/roleDefinitions/read";
    /// List all roles.
    ListBuiltInRoles: "GET" "/providers/Microsoft.Authorization/roleDefinitions" SignIn "Microsoft.Authorization/roleDefinitions/read";
    /// Get a role by its id.
    GetBuiltInRole: "GET" "/providers/Microsoft.Authorization/roleDefinitions/{roleDefinitionId}" SignIn "Microsoft.Authorization/roleDefinitions/read";
    /// List what the caller may do at a scope.
    ListPermissions: "GET" "/{scope}/providers/Microsoft.Authorization/permissions" SignIn "Microsoft.Authorization/permissions/read";
    /// List the summaries of use of an order.
    ListReservationSummariesOfOrder: "GET" "/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/providers/Microsoft.Consumption/reservationSummaries" Read "Microsoft.Consumption/reservationSummaries/read";
    /// List the details of use of an order.
    ListReservationDetailsOfOrder: "GET" "/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/providers/Microsoft.Consumption/reservationDetails" Read "Microsoft.Consumption/reservationDetails/read";
    /// List the summaries of use of a reservation.
    ListReservationSummaries: "GET" "/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/reservations/{reservationId}/providers/Microsoft.Consumption/reservationSummaries" Read "Microsoft.Consumption/reservationSummaries/read";
    /// List the details of use of a reservation.
    ListReservationDetails: "GET" "/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/reservations/{reservationId}/providers/Microsoft.Consumption/reservationDetails" Read "Microsoft.Consumption/reservationDetails/read";
    /// List the summaries of use of a billing account.
    ListReservationSummariesOfAccount: "GET" "/providers/Microsoft.Billing/billingAccounts/{billingAccountId}/providers/Microsoft.Consumption/reservationSummaries" SignIn "Microsoft.Consumption/reservationSummaries/read";
    /// List the details of use of a billing account.
    ListReservationDetailsOfAccount: "GET" "/providers/Microsoft.Billing/billingAccounts/{billingAccountId}/providers/Microsoft.Consumption/reservationDetails" SignIn "Microsoft.Consumption/reservationDetails/read";
    /// List the summaries of use of a billing profile.
    ListReservationSummariesOfProfile: "GET" "/providers/Microsoft.Billing/billingAccounts/{billingAccountId}/billingProfiles/{billingProfileId}/providers/Microsoft.Consumption/reservationSummaries" SignIn "Microsoft.Consumption/reservationSummaries/read";
    /// List the details of use of a billing profile.
    ListReservationDetailsOfProfile: "GET" "/providers/Microsoft.Billing/billingAccounts/{billingAccountId}/billingProfiles/{billingProfileId}/providers/Microsoft.Consumption/reservationDetails" SignIn "Microsoft.Consumption/reservationDetails/read";
    /// List purchases and refunds of a billing account.
    ListReservationTransactionsOfAccount: "GET" "/providers/Microsoft.Billing/billingAccounts/{billingAccountId}/providers/Microsoft.Consumption/reservationTransactions" Bill "Microsoft.Consumption/reservationTransactions/read";
    /// List purchases and refunds of a billing profile.
    ListReservationTransactionsOfProfile: "GET" "/providers/Microsoft.Billing/billingAccounts/{billingAccountId}/billingProfiles/{billingProfileId}/providers/Microsoft.Consumption/reservationTransactions" Bill "Microsoft.Consumption/reservationTransactions/read";
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

/// Stands at the start of a path for any of [`SCOPES`].
const SCOPE: &str = "/{scope}";

/// What roles are granted at, and what other providers' resources hang on.
const SCOPES: [&str; 5] = [
    "/subscriptions/{subscriptionId}",
    "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}",
    "/providers/Microsoft.Capacity",
    "/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}",
    "/providers/Microsoft.Capacity/reservationOrders/{reservationOrderId}/reservations/{reservationId}",
];

/// The templates that a path stands for: more than one where it starts with a scope.
fn spelled_out(path: &'static str) -> Vec<Cow<'static, str>> {
    match path.strip_prefix(SCOPE) {
        Some(rest) => SCOPES.iter().map(|scope| Cow::Owned(format!("{scope}{rest}"))).collect(),
        None => vec![Cow::Borrowed(path)],
    }
}

/// The methods that a path is known with, for the `Allow` header; empty for an unknown path.
pub fn methods_of(path: &str) -> Vec<&'static str> {
    let known = |rights: &&AzureRights| spelled_out(rights.path).iter().any(|template| super::fits(template, path));
    ALL.iter().filter(known).map(|rights| rights.method).collect()
}

/// The templates of all paths, of both surfaces.
pub fn templates() -> impl Iterator<Item = Cow<'static, str>> {
    let partner_center = super::ALL.iter().map(|rights: &Rights| Cow::Borrowed(rights.path));
    partner_center.chain(ALL.iter().flat_map(|rights| spelled_out(rights.path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_known_at_every_scope() {
        for scope in ["/subscriptions/a", "/subscriptions/a/resourceGroups/b", "/providers/Microsoft.Capacity"] {
            let path = format!("{scope}/providers/Microsoft.Authorization/roleAssignments/c");
            assert_eq!(methods_of(&path), ["GET", "PUT", "DELETE"], "{path}");
        }
        assert_eq!(methods_of("/subscriptions/a/resourceGroups/b"), ["GET", "PUT"]);
        assert!(
            methods_of("/providers/Microsoft.Compute/providers/Microsoft.Authorization/roleAssignments").is_empty()
        );
    }
}
